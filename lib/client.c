/* client: calls from the owner into frames and answers back to the owner (include/pendientes/client.h). A call is
 * queued in the outbox, leaves with a frame of its class, and ends exactly once: by its answer, by its deadline on this
 * process's clock, or by the loss of the core. Nothing here waits. */
#include "pendientes/client.h"
#include "lib/peers.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATIENCE_MS = 1500, /* calls wait so long for a core that is not there: a restart takes a second */
    ATTEMPTS = 3,
    BUDGET_CALL = 1, /* what a call adds to the budget of retries, and what one takes: a tenth of the calls */
    BUDGET_RETRY = 10,
    BUDGET_MAX = 512 * BUDGET_RETRY,
    KEEP_BUFFER = 64 << 10, /* larger buffers are not kept for the next call */
    FREE_CALLS_MAX = 4096,
    SUSPECT_MS = 5000,
    SUSPECT_AFTER_MS = 200, /* a call that timed out sooner was given little time by its caller */
};

struct pd_client {
    pd_client_options options;
    pd_peers peers;
    pd_queue queues[PD_N_CLASSES];
    pd_queue refused; /* to be ended at the next turn */
    pd_timers timers; /* deadlines */
    pd_call *free_calls;
    unsigned n_free;
    unsigned budget;
    uint64_t blocked_since; /* no core took a frame since then; 0: one did */
    uint64_t again_ms;      /* when to try again */
    pd_arena *arena;        /* of the answer being handed out */
    bool arena_busy;
    uint64_t *suspects; /* by method: until when its reads travel alone */
};

/* --- ends --- */

static void release(pd_call *call) {
    pd_client *client = call->client;
    if (call->buffer_size > KEEP_BUFFER) {
        free(call->buffer);
        call->buffer = NULL;
        call->buffer_size = 0;
    }
    if (client->n_free == FREE_CALLS_MAX) {
        free(call->buffer);
        free(call);
        return;
    }
    client->n_free++;
    call->next = client->free_calls;
    client->free_calls = call;
}

static void detach(pd_call *call) {
    pd_timers_stop(&call->client->timers, &call->due);
    pd_queue_remove(call);
    if (call->frame) {
        call->frame->calls[call->slot] = NULL;
        call->frame->live--;
        call->frame = NULL;
    }
}

static void end(pd_call *call, const pd_reply *reply) {
    detach(call);
    call->fn(call->arg, reply);
    release(call);
}

static void end_code(pd_call *call, pd_code code, const char *message) {
    pd_status status = {.code = code, .message = message};
    if (code == PD_UNAVAILABLE)
        status.retry_ms = 1000;
    end(call, &(pd_reply){.status = &status});
}

/* Of a call that no core answers. What was sent and may have had an effect is unknown; the rest was not done. */
static void end_undone(pd_call *call) {
    if (call->attempts > 0 && !call->reads)
        end_code(call, PD_UNKNOWN, "Se perdió el servicio durante la operación: resultado desconocido");
    else
        end_code(call, PD_UNAVAILABLE, "Servicio no disponible");
}

static void on_due(void *arg) {
    pd_call *call = arg;
    bool never_left = call->queue && call->attempts == 0;
    if (never_left && call->client->blocked_since)
        end_undone(call);
    else
        end_code(call, PD_DEADLINE_EXCEEDED, "La operación excedió su plazo");
}

/* Back to the front of its queue, if it may and can be sent again. */
static bool retry(pd_call *call) {
    pd_client *client = call->client;
    if (!call->safe || call->attempts >= ATTEMPTS || client->budget < BUDGET_RETRY)
        return false;
    client->budget -= BUDGET_RETRY;
    if (call->frame) {
        call->frame->calls[call->slot] = NULL;
        call->frame->live--;
        call->frame = NULL;
    }
    pd_queue_push_front(&client->queues[call->class], call);
    return true;
}

/* --- suspects --- */

/* A frame of reads is answered when its last call is, so one method whose table is locked would stop all others. The
 * methods of a frame that came late, or of a call that timed out, travel one call a frame until one of them is answered
 * in time. */
static bool suspect(const pd_client *client, const pd_method *method, uint64_t now) {
    return method && client->suspects[method->index] > now;
}

static void set_suspect(pd_client *client, const pd_call *call) {
    if (!call->method || !call->reads)
        return;
    client->suspects[call->method->index] = pd_clock_ms() + SUSPECT_MS;
    for (pd_call *other = client->queues[PD_CLASS_READ].first, *next; other; other = next) {
        next = other->next;
        if (other->method != call->method)
            continue;
        pd_queue_remove(other);
        other->class = PD_CLASS_SINGLE;
        pd_queue_push(&client->queues[PD_CLASS_SINGLE], other);
    }
}

static void judge(pd_client *client, const pd_call *call, const pd_frame *frame, pd_code code) {
    if (!call->method || !call->reads)
        return;
    if (code == PD_DEADLINE_EXCEEDED && pd_clock_ms() - frame->sent_ms >= SUSPECT_AFTER_MS)
        set_suspect(client, call);
    else if (!frame->late && client->suspects[call->method->index])
        client->suspects[call->method->index] = 0;
}

/* The calls of a frame that is late go again, each alone. */
static void retry_late(pd_frame *frame) {
    for (size_t i = frame->n; i-- > 0;) {
        pd_call *call = frame->calls[i];
        if (!call)
            continue;
        pd_class class = call->class;
        call->class = PD_CLASS_SINGLE;
        if (!retry(call))
            call->class = class;
    }
}

/* --- events of the lines --- */

static void hand_out(pd_client *client, pd_peer *peer, pd_frame *frame, const pd_wire_result *result, pd_arena *arena) {
    pd_call *call = result->has_id && result->id < frame->n ? frame->calls[result->id] : NULL;
    if (!call) /* ended before: deadline, cancelled, retried */
        return;
    if (result->codigo == PD_UNAVAILABLE && pd_peers_other(&client->peers, peer)) {
        peer->refusing = true;
        if (retry(call))
            return;
    }
    judge(client, call, frame, (pd_code)result->codigo);
    bool undone = result->codigo == PD_UNAVAILABLE || result->codigo == PD_RESOURCE_EXHAUSTED;
    if (undone && call->lost && !call->reads) { /* by this core */
        end_undone(call);
        return;
    }
    pd_status status;
    pd_frame_status(result, arena, &status);
    pd_reply reply = {.status = &status, .replayed = result->repetida};
    if (status.code == PD_OK) {
        reply.bytes = result->datos.data;
        reply.len = result->datos.len;
        if (result->has_etag && result->etag.len == PD_TAG_LEN)
            reply.tag = result->etag.data;
    }
    end(call, &reply);
}

static void on_lost(void *owner, pd_line *line) {
    (void)owner;
    pd_frame *frame = &line->frame;
    /* From the last, so that those that go back to the front of the queue stay in order. */
    for (size_t i = frame->n; i-- > 0 && !frame->probe;) {
        pd_call *call = frame->calls[i];
        if (!call)
            continue;
        call->lost = true;
        if (!retry(call))
            end_undone(call);
    }
}

static void on_answered(void *owner, pd_line *line, nng_msg *msg) {
    pd_client *client = owner;
    pd_frame *frame = &line->frame;
    bool mine = !client->arena_busy; /* not when a callback turns the loop again */
    pd_arena *arena = mine ? client->arena : pd_arena_new();
    client->arena_busy = true;
    const Pendientes__Rpc__Respuesta *answer = pd_frame_unpack_answer(arena, nng_msg_body(msg), nng_msg_len(msg));
    size_t n = answer ? answer->n_resultados : 0;
    if (frame->probe) {
        pd_peer_probed(line->peer, n == 1 && answer->resultados[0]->codigo == PD_UNAVAILABLE);
        for (pd_line *other = line->peer->lines; other; other = other->next)
            if (other->busy && other->frame.late && other->frame.class == PD_CLASS_READ)
                retry_late(&other->frame); /* the core is there: the frame waits for one of its calls */
    } else {
        for (size_t i = 0; i < n; i++)
            hand_out(client, line->peer, frame, answer->resultados[i], arena);
        for (size_t i = 0; i < frame->n; i++) /* a core that answers a frame answers all its calls */
            if (frame->calls[i])
                end_undone(frame->calls[i]);
    }
    client->blocked_since = 0;
    if (mine) {
        pd_arena_reset(arena);
        client->arena_busy = false;
    } else {
        pd_arena_free(arena);
    }
}

static void on_late(void *owner, pd_line *line) {
    pd_client *client = owner;
    pd_frame *frame = &line->frame;
    for (size_t i = 0; i < frame->n; i++)
        if (frame->calls[i])
            set_suspect(client, frame->calls[i]);
    /* Without another core the frame's own answer is the best hope, until a probe is answered. */
    if (frame->class == PD_CLASS_READ && pd_peers_other(&client->peers, line->peer))
        retry_late(frame);
}

/* --- calls in --- */

static void watch_deadline(pd_call *call, uint32_t deadline_ms, uint64_t now) {
    if (deadline_ms == 0)
        deadline_ms = PD_DEADLINE_MS;
    if (deadline_ms > PD_DEADLINE_MAX_MS)
        deadline_ms = PD_DEADLINE_MAX_MS;
    pd_timers_start(&call->client->timers, &call->due, now + deadline_ms, on_due, call);
}

static pd_call *take_call(pd_client *client, size_t buffer_size) {
    pd_call *call = client->free_calls;
    if (call) {
        client->free_calls = call->next;
        client->n_free--;
    } else if (!(call = calloc(1, sizeof *call))) {
        abort();
    }
    if (call->buffer_size < buffer_size) {
        free(call->buffer);
        call->buffer_size = buffer_size < 1024 ? 1024 : buffer_size;
        if (!(call->buffer = malloc(call->buffer_size)))
            abort();
    }
    call->client = client;
    call->next = call->prev = NULL;
    call->attempts = 0;
    call->lost = false;
    pendientes__rpc__llamada__init(&call->wire);
    return call;
}

static char *put(char **at, const void *bytes, size_t len) {
    char *to = *at;
    if (len)
        memcpy(to, bytes, len);
    to[len] = '\0';
    *at += len + 1;
    return to;
}

static char *put_text(char **at, const char *text) {
    return text ? put(at, text, strlen(text)) : NULL;
}

static size_t room(const char *text) {
    return text ? strlen(text) + 1 : 0;
}

/* Everything but `datos`; returns where that goes. */
static char *fill_wire(pd_call *call, const pd_meta *meta) {
    pd_wire_call *wire = &call->wire;
    char *at = call->buffer;
    wire->has_id = wire->has_plazo_ms = true;
    wire->metodo = call->method ? (char *)call->method->full_name : NULL;
    if (meta->token) {
        wire->has_token = true;
        wire->token.len = meta->token_len;
        wire->token.data = (uint8_t *)put(&at, meta->token, meta->token_len);
    }
    wire->peticion_id = put_text(&at, meta->request_id);
    wire->traceparent = put_text(&at, meta->traceparent);
    wire->clave = put_text(&at, meta->key);
    wire->cliente = put_text(&at, meta->peer);
    if (meta->key_digest) {
        wire->has_clave_huella = true;
        wire->clave_huella.len = 32;
        wire->clave_huella.data = (uint8_t *)put(&at, meta->key_digest, 32);
    }
    if (meta->if_match) {
        wire->has_si_coincide = true;
        wire->si_coincide.len = meta->n_if_match * PD_TAG_LEN;
        wire->si_coincide.data = (uint8_t *)put(&at, meta->if_match, wire->si_coincide.len);
    }
    if (meta->if_exists)
        wire->has_si_existe = wire->si_existe = true;
    if (meta->probe)
        wire->has_sondeo = wire->sondeo = true;
    return at;
}

static pd_call *begin(pd_client *client, const pd_method *method, size_t len, const pd_meta *meta, pd_reply_fn fn,
                      void *arg, char **data) {
    size_t size = len + 1 + (meta->token ? meta->token_len + 1 : 0) + room(meta->request_id) + room(meta->traceparent) +
                  room(meta->key) + room(meta->peer) + (meta->key_digest ? 33 : 0) +
                  (meta->if_match ? meta->n_if_match * PD_TAG_LEN + 1 : 0);
    pd_call *call = take_call(client, size);
    call->method = method;
    call->fn = fn;
    call->arg = arg;
    bool keyed = meta->key && method && method->is_post && !method->no_key;
    call->reads = meta->probe || (method && method->effect == PD_READS);
    call->safe = call->reads || keyed;
    uint64_t now = pd_clock_ms();
    bool conditional = method && method->version && (meta->if_match || meta->if_exists);
    call->class = pd_class_of(method, meta->probe, keyed || conditional);
    if (call->class == PD_CLASS_READ && suspect(client, method, now))
        call->class = PD_CLASS_SINGLE;
    *data = fill_wire(call, meta);
    call->wire.has_datos = len > 0;
    call->wire.datos.len = len;
    call->wire.datos.data = (uint8_t *)*data;
    watch_deadline(call, meta->deadline_ms, now);
    return call;
}

static pd_call *enqueue(pd_call *call) {
    pd_client *client = call->client;
    call->size = pd_frame_size(&call->wire);
    if (client->budget < BUDGET_MAX)
        client->budget += BUDGET_CALL;
    if (call->size > PD_FRAME_BYTES) {
        call->refusal = PD_INVALID_ARGUMENT;
        pd_queue_push(&client->refused, call);
    } else {
        pd_queue_push(&client->queues[call->class], call);
    }
    return call;
}

pd_call *pd_client_call(pd_client *client, const pd_method *method, const uint8_t *bytes, size_t len,
                        const pd_meta *meta, pd_reply_fn fn, void *arg) {
    char *data;
    pd_call *call = begin(client, method, len, meta, fn, arg, &data);
    if (len)
        memcpy(data, bytes, len);
    return enqueue(call);
}

pd_call *pd_client_call_message(pd_client *client, const pd_method *method, const ProtobufCMessage *request,
                                const pd_meta *meta, pd_reply_fn fn, void *arg) {
    char *data;
    size_t len = protobuf_c_message_get_packed_size(request);
    pd_call *call = begin(client, method, len, meta, fn, arg, &data);
    protobuf_c_message_pack(request, (uint8_t *)data);
    return enqueue(call);
}

void pd_call_cancel(pd_call *call) {
    detach(call);
    release(call);
}

/* --- frames out --- */

static nng_msg *pack(pd_call **calls, size_t n, uint64_t now) {
    pd_wire_call *wire[PD_FRAME_CALLS];
    for (size_t i = 0; i < n; i++) {
        pd_call *call = calls[i];
        call->wire.id = (uint32_t)i;
        call->wire.plazo_ms = call->due.due_ms > now ? (uint32_t)(call->due.due_ms - now) : 1;
        wire[i] = &call->wire;
    }
    return pd_frame_pack(wire, n);
}

static void attach(pd_line *line, pd_call **calls, size_t n) {
    for (size_t i = 0; i < n; i++) {
        calls[i]->attempts++;
        calls[i]->frame = &line->frame;
        calls[i]->slot = (uint16_t)i;
        line->frame.calls[i] = calls[i];
    }
}

/* One frame of the class; false when no core takes one now. */
static bool send_frame(pd_client *client, pd_class class, uint64_t now) {
    bool down;
    pd_peer *peer = pd_peers_choose(&client->peers, class, now, &down);
    pd_line *line = NULL;
    if (peer) {
        pd_call *calls[PD_FRAME_CALLS];
        size_t n = pd_outbox_take(&client->queues[class], class, calls);
        nng_msg *msg = pack(calls, n, now);
        while (msg && peer && !(line = pd_peer_send(peer, class, n, msg, now)))
            peer = pd_peers_choose(&client->peers, class, now, &down);
        if (line) {
            attach(line, calls, n);
            client->blocked_since = 0;
            return true;
        }
        if (msg)
            nng_msg_free(msg);
        for (size_t i = n; i-- > 0;)
            pd_queue_push_front(&client->queues[class], calls[i]);
    }
    if (down && !client->blocked_since)
        client->blocked_since = now;
    return false;
}

static void give_up(pd_client *client) {
    for (int class = 0; class < PD_N_CLASSES; class ++)
        for (size_t n = client->queues[class].n; n > 0 && client->queues[class].first; n--)
            end_undone(pd_queue_take(&client->queues[class]));
}

static void dispatch(pd_client *client, uint64_t now) {
    bool stuck = false;
    for (int class = 0; class < PD_N_CLASSES; class ++)
        while (client->queues[class].first && !stuck)
            if (!send_frame(client, (pd_class) class, now)) {
                stuck = client->blocked_since != 0; /* else only this class is at its limit */
                break;
            }
    client->again_ms = stuck ? now + 1 : UINT64_MAX;
    if (stuck && now - client->blocked_since >= PATIENCE_MS)
        give_up(client);
}

static void end_refused(pd_client *client) {
    for (pd_call *call; (call = pd_queue_take(&client->refused));)
        end_code(call, call->refusal, "La petición es demasiado grande");
}

int pd_client_turn(pd_client *client) {
    uint64_t now = pd_clock_ms();
    end_refused(client);
    pd_timers_run(&client->timers, now);
    if (now >= client->peers.tick_ms)
        pd_peers_tick(&client->peers, now);
    dispatch(client, now);
    uint64_t next = pd_timers_next(&client->timers);
    if (client->peers.tick_ms < next)
        next = client->peers.tick_ms;
    if (client->again_ms < next)
        next = client->again_ms;
    if (client->refused.first)
        next = now;
    return next > now ? (int)(next - now) : 0;
}

bool pd_client_ready(const pd_client *client) {
    return pd_peers_ready(&client->peers, pd_clock_ms());
}

bool pd_client_wait(pd_client *client, const bool *done, int timeout_ms) {
    uint64_t until = pd_clock_ms() + (uint64_t)(timeout_ms < 0 ? 0 : timeout_ms);
    for (;;) {
        int wait = pd_client_turn(client);
        uint64_t now = pd_clock_ms();
        if (*done || (timeout_ms >= 0 && now >= until))
            return *done;
        if (timeout_ms >= 0 && until - now < (uint64_t)wait)
            wait = (int)(until - now);
        pd_peers_wait(&client->peers, wait);
        if (*done)
            return true;
    }
}

/* --- life --- */

pd_client *pd_client_new(const pd_client_options *options, const char **error) {
    static const pd_peers_events events = {.answered = on_answered, .lost = on_lost, .late = on_late};
    pd_client *client = calloc(1, sizeof *client);
    if (!client)
        abort();
    client->options = *options;
    client->budget = BUDGET_MAX;
    client->suspects = calloc(pd_n_methods, sizeof *client->suspects);
    if (!client->suspects)
        abort();
    if (!pd_peers_open(&client->peers, &client->options, &events, client, error)) {
        free(client->suspects);
        free(client);
        return NULL;
    }
    client->options.cores = NULL; /* the caller's; not needed any more */
    client->arena = pd_arena_new();
    return client;
}

static void cancel_all(pd_queue *queue) {
    for (pd_call *call; (call = pd_queue_take(queue));)
        end_code(call, PD_CANCELLED, "Operación cancelada");
}

void pd_client_free(pd_client *client) {
    if (!client)
        return;
    for (pd_call *call; (call = pd_peers_call(&client->peers));)
        end_code(call, PD_CANCELLED, "Operación cancelada");
    for (int class = 0; class < PD_N_CLASSES; class ++)
        cancel_all(&client->queues[class]);
    cancel_all(&client->refused);
    pd_peers_close(&client->peers);
    pd_timers_free(&client->timers);
    pd_arena_free(client->arena);
    free(client->suspects);
    while (client->free_calls) {
        pd_call *call = client->free_calls;
        client->free_calls = call->next;
        free(call->buffer);
        free(call);
    }
    free(client);
}
