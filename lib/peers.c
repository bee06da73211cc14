#include "lib/peers.h"
#include "lib/sockets.h"

#include <nng/protocol/reqrep0/req.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINES_AT_FIRST = 3, /* two frames of reads, and one whose pipe nng has surely given back */
    LINES_MAX = 128,
    RENEW_MS = 5000, /* a core not connected for so long gets new sockets: see sockets.h */
    CLOSE_MS = 500,
    LINES_KEPT = 8, /* for reads, when other frames stay out for long; as many again for writes */
    TRIES = 4,      /* lines tried for one frame */
    DEAF_MAX_MS = 20,
    TICK_BUSY_MS = 40, /* while frames are out; a lost connection is noticed that late */
    TICK_IDLE_MS = 500,
    PROBE_IDLE_MS = 1000, /* to a core that had nothing to say */
    PROBE_BAD_MS = 100,   /* to one that is set aside or not connected */
    NEW_MS = 5,           /* to one that lost or never had its connections, for the first second: it is starting */
    NEW_FOR_MS = 1000,
    PROBE_LOST_MS = 2000, /* then another line is tried */
    ORPHAN_MS = 5000,     /* a frame whose calls have all ended is waited for so long */
    READY_MS = 3000,
    PD_WAIT_LINES = 512, /* more are found by the tick */
};

/* --- lines --- */

static void push_idle(pd_line *line) {
    line->next_idle = line->peer->idle;
    line->peer->idle = line;
}

/* New and reset lines are not connected yet: the others are tried first. */
static void push_idle_last(pd_line *line) {
    pd_line **at = &line->peer->idle;
    while (*at)
        at = &(*at)->next_idle;
    line->next_idle = NULL;
    *at = line;
}

static void drop_idle(pd_line *line) {
    for (pd_line **at = &line->peer->idle; *at; at = &(*at)->next_idle)
        if (*at == line) {
            *at = line->next_idle;
            return;
        }
}

static int line_connect(pd_line *line) {
    int rv = nng_req0_open(&line->socket);
    if (rv != 0)
        return rv;
    /* By default nng sends a request again, to any server: at least once instead of at most once. */
    if ((rv = nng_socket_set_ms(line->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE)) == 0 &&
        (rv = nng_socket_set_size(line->socket, NNG_OPT_RECVMAXSZ, PD_FRAME_ANSWER_BYTES + 64)) == 0 &&
        (rv = nng_socket_set_ms(line->socket, NNG_OPT_RECONNMINT, 10)) == 0 &&
        (rv = nng_socket_set_ms(line->socket, NNG_OPT_RECONNMAXT, 100)) == 0 &&
        (rv = nng_socket_get_int(line->socket, NNG_OPT_RECVFD, &line->fd)) == 0)
        rv = nng_dial(line->socket, line->peer->url, NULL, NNG_FLAG_NONBLOCK);
    const pd_client_options *options = line->peer->peers->options;
    if (rv == 0 && options->watch && !(line->watch = options->watch(options->ctx, line->fd, pd_line_ready, line)))
        rv = NNG_ENOMEM;
    if (rv != 0)
        pd_socket_close(line->socket, 0);
    return rv;
}

static void line_disconnect(pd_line *line, int wait_ms) {
    const pd_client_options *options = line->peer->peers->options;
    if (line->watch && options->unwatch)
        options->unwatch(options->ctx, line->watch);
    line->watch = NULL;
    pd_socket_close(line->socket, wait_ms);
}

static int line_open(pd_peer *peer) {
    pd_line *line = calloc(1, sizeof *line);
    if (!line)
        return NNG_ENOMEM;
    line->peer = peer;
    int rv = nng_aio_alloc(&line->aio, NULL, NULL);
    if (rv == 0 && (rv = line_connect(line)) != 0)
        nng_aio_free(line->aio);
    if (rv != 0) {
        free(line);
        return rv;
    }
    line->next = peer->lines;
    peer->lines = line;
    peer->n_lines++;
    push_idle_last(line);
    return 0;
}

static void line_free(pd_line *line) {
    if (!line->broken)
        line_disconnect(line, CLOSE_MS);
    nng_aio_free(line->aio);
    free(line);
}

/* A socket in a state that only closing ends. When no new one can be had now, the tick tries again. */
static void line_renew(pd_line *line) {
    if (!line->broken)
        line_disconnect(line, 0);
    drop_idle(line);
    line->broken = line_connect(line) != 0;
    if (!line->broken)
        push_idle_last(line);
}

static void count_out(pd_line *line) {
    pd_frame *frame = &line->frame;
    if (frame->late || frame->probe)
        return;
    line->peer->frames[frame->class]--;
    line->peer->calls -= frame->n;
}

static void line_release(pd_line *line) {
    count_out(line);
    if (line->peer->probe == line)
        line->peer->probe = NULL;
    line->busy = false;
    line->peer->n_busy--;
}

/* 0 and the answer, NNG_ETIMEDOUT when there is none yet, or what happened to the connection. */
static int line_receive(pd_line *line, nng_msg **msg) {
    nng_aio_set_timeout(line->aio, NNG_DURATION_ZERO);
    nng_recv_aio(line->socket, line->aio);
    nng_aio_wait(line->aio);
    int rv = nng_aio_result(line->aio);
    *msg = rv == 0 ? nng_aio_get_msg(line->aio) : NULL;
    nng_aio_set_msg(line->aio, NULL);
    return rv;
}

void pd_line_ready(void *arg) {
    pd_line *line = arg;
    pd_peer *peer = line->peer;
    if (line->entered) /* a callback turns the loop again */
        return;
    if (!line->busy) {
        /* nng dropped an answer it had announced, because the connection went before it was fetched: the fd stays
         * readable for good. */
        line_renew(line);
        return;
    }
    nng_msg *msg;
    int rv = line_receive(line, &msg);
    if (rv == NNG_ETIMEDOUT)
        return;
    if (rv == 0) {
        peer->heard_ms = pd_clock_ms();
        peer->silent = false;
        line->entered = true;
        peer->peers->events.answered(peer->peers->owner, line, msg);
        line->entered = false;
        nng_msg_free(msg);
        line_release(line);
        push_idle(line);
        return;
    }
    line->entered = true;
    peer->peers->events.lost(peer->peers->owner, line);
    line->entered = false;
    line_release(line);
    if (rv == NNG_ECONNRESET)
        push_idle_last(line); /* nng connects it again */
    else
        line_renew(line);
}

/* --- sending --- */

/* A send that may not wait tells whether a connection is there and free. It can fail for the microseconds in which nng
 * has the answer but has not given back the pipe that sent the request: another line is tried then. */
static bool line_send(pd_line *line, nng_msg *msg) {
    nng_aio_set_msg(line->aio, msg);
    nng_aio_set_timeout(line->aio, NNG_DURATION_ZERO);
    nng_send_aio(line->socket, line->aio);
    nng_aio_wait(line->aio);
    bool sent = nng_aio_result(line->aio) == 0;
    nng_aio_set_msg(line->aio, NULL);
    return sent;
}

static pd_line *any_line(pd_peer *peer, nng_msg *msg) {
    int tries = 0;
    for (pd_line **at = &peer->idle; *at && tries < TRIES; at = &(*at)->next_idle, tries++) {
        pd_line *line = *at;
        if (!line_send(line, msg))
            continue;
        *at = line->next_idle;
        line->busy = true;
        peer->n_busy++;
        return line;
    }
    return NULL;
}

/* A frame that will not end must not take the last line of those that will. */
static bool has_line(const pd_peer *peer, pd_class class) {
    static const unsigned most[PD_N_CLASSES] = {[PD_CLASS_READ] = LINES_MAX,
                                                [PD_CLASS_WRITE] = LINES_MAX - LINES_KEPT,
                                                [PD_CLASS_BYTES] = LINES_MAX - 2 * LINES_KEPT,
                                                [PD_CLASS_SINGLE] = LINES_MAX - 2 * LINES_KEPT};
    return peer->n_busy < most[class];
}

pd_line *pd_peer_send(pd_peer *peer, pd_class class, size_t calls, nng_msg *msg, uint64_t now) {
    pd_line *line = any_line(peer, msg);
    if (!peer->idle && peer->n_lines < LINES_MAX)
        line_open(
            peer); /* connected by the time the next frame wants it; if it cannot be had, the next turn tries again */
    if (!line) {
        if (peer->deaf_ms == 0)
            peer->deaf_since = now;
        peer->deaf_ms = peer->deaf_ms == 0 ? 1 : peer->deaf_ms * 2 < DEAF_MAX_MS ? peer->deaf_ms * 2 : DEAF_MAX_MS;
        peer->deaf_until = now + peer->deaf_ms;
        return NULL;
    }
    peer->deaf_ms = 0;
    pd_frame *frame = &line->frame;
    frame->class = class;
    frame->probe = frame->late = false;
    frame->n = frame->live = (uint16_t)calls;
    frame->sent_ms = now;
    peer->frames[class]++;
    peer->calls += frame->n;
    if (peer->peers->tick_ms > now + TICK_BUSY_MS)
        peer->peers->tick_ms = now + TICK_BUSY_MS;
    return line;
}

pd_peer *pd_peers_choose(pd_peers *peers, pd_class class, uint64_t now, bool *down) {
    pd_peer *best = NULL;
    *down = true;
    for (size_t i = 0; i < peers->n; i++) {
        pd_peer *peer = &peers->at[(peers->next + i) % peers->n];
        if (peer->silent || peer->deaf_until > now)
            continue;
        *down = false;
        if (peer->frames[class] >= pd_classes[class].frames || !has_line(peer, class))
            continue;
        if (!best || (best->refusing && !peer->refusing) ||
            (best->refusing == peer->refusing && peer->calls < best->calls))
            best = peer;
    }
    if (best)
        peers->next = (size_t)(best - peers->at + 1) % peers->n;
    return best;
}

bool pd_peers_other(const pd_peers *peers, const pd_peer *than) {
    for (size_t i = 0; i < peers->n; i++)
        if (&peers->at[i] != than && !peers->at[i].silent && !peers->at[i].refusing)
            return true;
    return false;
}

/* --- looking after --- */

static void probe(pd_peer *peer, uint64_t now) {
    pd_wire_call call = PENDIENTES__RPC__LLAMADA__INIT, *calls[] = {&call};
    call.has_id = call.has_sondeo = call.sondeo = call.has_plazo_ms = true;
    call.plazo_ms = 1000;
    peer->probed_ms = now;
    nng_msg *msg = pd_frame_pack(calls, 1);
    pd_line *line = msg ? any_line(peer, msg) : NULL;
    if (!line) {
        if (msg)
            nng_msg_free(msg);
        if (!peer->idle && peer->n_lines < LINES_MAX)
            line_open(peer);
        if (peer->deaf_ms == 0) {
            peer->deaf_ms = 1;
            peer->deaf_since = now;
        }
        return;
    }
    peer->deaf_ms = peer->deaf_until = 0;
    line->frame.class = PD_CLASS_READ;
    line->frame.probe = true;
    line->frame.late = false;
    line->frame.n = 1;
    line->frame.live = 0;
    line->frame.sent_ms = now;
    peer->probe = line;
}

void pd_peer_probed(pd_peer *peer, bool refuses) {
    peer->refusing = refuses;
}

static void set_aside(pd_peer *peer) {
    peer->silent = true;
    peer->probed_ms = 0; /* asked at once */
}

static void look_at_line(pd_line *line, uint64_t now) {
    pd_peer *peer = line->peer;
    pd_frame *frame = &line->frame;
    uint64_t age = pd_clock_passed(frame->sent_ms, now);
    uint32_t patience = peer->peers->read_frame_ms;
    if (frame->probe) {
        if (age >= patience / 2)
            peer->silent = true;
        if (age >= PROBE_LOST_MS) {
            line_release(line);
            line_renew(line);
        }
        return;
    }
    uint32_t late_ms = pd_classes[frame->class].late_ms;
    if (!frame->late && age >= (late_ms ? late_ms : patience)) {
        count_out(line);
        frame->late = true;
        if (frame->class == PD_CLASS_READ)
            set_aside(peer);
        peer->peers->events.late(peer->peers->owner, line);
    }
    if (age >= patience && peer->heard_ms < frame->sent_ms && !peer->probe &&
        pd_clock_passed(peer->probed_ms, now) >= PROBE_BAD_MS)
        probe(peer, now);
    if (frame->live == 0 && age >= ORPHAN_MS) {
        line_release(line);
        line_renew(line);
    }
}

static void renew_all(pd_peer *peer, uint64_t now) {
    peer->deaf_since = now;
    for (pd_line *line = peer->lines; line; line = line->next)
        if (!line->busy)
            line_renew(line);
}

static bool is_new(const pd_peer *peer, uint64_t now) {
    return peer->deaf_ms > 0 && pd_clock_passed(peer->deaf_since, now) < NEW_FOR_MS;
}

static bool look_at_peer(pd_peer *peer, uint64_t now) {
    bool busy = false;
    if (peer->deaf_ms > 0 && pd_clock_passed(peer->deaf_since, now) >= RENEW_MS)
        renew_all(peer, now);
    for (pd_line *line = peer->lines; line; line = line->next) {
        if (line->broken)
            line_renew(line);
        if (!line->busy || line->entered)
            continue;
        busy = true;
        /* nng raises no fd when a connection is lost while nobody waits in a receive: ask. */
        if (pd_clock_passed(line->frame.sent_ms, now) >= TICK_BUSY_MS)
            pd_line_ready(line);
        if (line->busy)
            look_at_line(line, now);
    }
    bool bad = peer->silent || peer->refusing || peer->deaf_ms > 0 || peer->heard_ms == 0;
    uint64_t pause = is_new(peer, now) ? NEW_MS : bad ? PROBE_BAD_MS : PROBE_IDLE_MS;
    if (!peer->probe && pd_clock_passed(peer->probed_ms, now) >= pause &&
        (bad || pd_clock_passed(peer->heard_ms, now) >= PROBE_IDLE_MS))
        probe(peer, now);
    return busy || bad || peer->probe;
}

void pd_peers_tick(pd_peers *peers, uint64_t now) {
    bool busy = false, starting = false;
    for (size_t i = 0; i < peers->n; i++) {
        busy = look_at_peer(&peers->at[i], now) || busy;
        starting |= is_new(&peers->at[i], now);
    }
    peers->tick_ms = now + (starting ? NEW_MS : busy ? TICK_BUSY_MS : TICK_IDLE_MS);
}

bool pd_peers_ready(const pd_peers *peers, uint64_t now) {
    for (size_t i = 0; i < peers->n; i++) {
        const pd_peer *peer = &peers->at[i];
        if (!peer->silent && !peer->refusing && peer->heard_ms != 0 && pd_clock_passed(peer->heard_ms, now) < READY_MS)
            return true;
    }
    return false;
}

void pd_peers_wait(pd_peers *peers, int timeout_ms) {
    struct pollfd fds[PD_WAIT_LINES];
    pd_line *lines[PD_WAIT_LINES];
    nfds_t n = 0;
    for (size_t i = 0; i < peers->n; i++)
        for (pd_line *line = peers->at[i].lines; line && n < PD_WAIT_LINES; line = line->next)
            if (line->busy && !line->entered) {
                fds[n] = (struct pollfd){.fd = line->fd, .events = POLLIN};
                lines[n++] = line;
            }
    if (poll(fds, n, timeout_ms) <= 0)
        return;
    for (nfds_t i = 0; i < n; i++)
        if (fds[i].revents)
            pd_line_ready(lines[i]);
}

pd_call *pd_peers_call(const pd_peers *peers) {
    for (size_t i = 0; i < peers->n; i++)
        for (pd_line *line = peers->at[i].lines; line; line = line->next)
            for (size_t k = 0; line->busy && line->frame.live > 0 && k < line->frame.n; k++)
                if (line->frame.calls[k])
                    return line->frame.calls[k];
    return NULL;
}

/* --- opening and closing --- */

static bool peer_open(pd_peer *peer, const char **error) {
    static char text[512];
    for (int i = 0; i < LINES_AT_FIRST; i++) {
        int rv = line_open(peer);
        if (rv != 0) {
            snprintf(text, sizeof text, "%s: %s", peer->url, nng_strerror(rv));
            *error = text;
            return false;
        }
    }
    return true;
}

bool pd_peers_open(pd_peers *peers, const pd_client_options *options, const pd_peers_events *events, void *owner,
                   const char **error) {
    *peers = (pd_peers){.options = options,
                        .read_frame_ms = options->read_frame_ms ? options->read_frame_ms : 1000,
                        .events = *events,
                        .owner = owner};
    *error = "no core is named";
    char *copy = strdup(options->cores ? options->cores : ""), *rest;
    size_t most = 1;
    for (const char *at = copy; at && *at; at++)
        most += *at == ',';
    peers->at = calloc(most, sizeof *peers->at);
    if (!copy || !peers->at)
        abort();
    bool good = true;
    for (char *url = strtok_r(copy, ", ", &rest); url && good; url = strtok_r(NULL, ", ", &rest)) {
        pd_peer *peer = &peers->at[peers->n++];
        peer->peers = peers;
        if (!(peer->url = strdup(url)))
            abort();
        good = peer_open(peer, error);
    }
    free(copy);
    if (good && peers->n > 0)
        return true;
    pd_peers_close(peers);
    return false;
}

void pd_peers_close(pd_peers *peers) {
    for (size_t i = 0; i < peers->n; i++) {
        pd_peer *peer = &peers->at[i];
        while (peer->lines) {
            pd_line *line = peer->lines;
            peer->lines = line->next;
            line_free(line);
        }
        free(peer->url);
    }
    free(peers->at);
    *peers = (pd_peers){0};
}
