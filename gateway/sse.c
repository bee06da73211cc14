#include "gateway/sse.h"

#include "gateway/answer.h"
#include "gateway/hub.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    CHUNK = 16 << 10, /* what is handed to h2o at once; a longer event goes alone */
    BEAT_MS = 15000,
    STUCK_MS = 60000,
};

static const char STOPPING[] = "El servidor se está deteniendo";

typedef Pendientes__V1__EsperarEventosReq ev_filter;

/* Belongs to the request, whose pool disposes of it. */
typedef struct stream {
    h2o_generator_t super; /* first */
    gw_listener listener;
    gw_call *call;
    const ev_filter *filter;
    bool started, told, sending, closing; /* told: where the stream begins */
    char *chunk;                          /* with h2o while sending */
    size_t len, size;
    uint64_t sent_ms;
    uint64_t end_ms; /* 0: never */
} stream;

static stream *stream_of(gw_listener *listener) {
    return H2O_STRUCT_FROM_MEMBER(stream, listener, listener);
}

static void put(stream *s, const char *text, size_t len) {
    if (s->len + len > s->size) {
        s->size = 2 * (s->len + len);
        s->chunk = realloc(s->chunk, s->size);
        if (!s->chunk)
            abort();
    }
    memcpy(s->chunk + s->len, text, len);
    s->len += len;
}

static void put_event(stream *s, const gw_event *event) {
    char head[48];
    int n = snprintf(head, sizeof head, "id: %" PRId64 "\ndata: ", event->visible->evento->id);
    put(s, head, (size_t)n);
    put(s, event->json, event->len);
    put(s, "\n\n", 2);
}

/* Where to go on from, without an event (9.2.6: an empty data buffer sets the last event ID all the same). */
static void put_id(stream *s) {
    char line[32];
    int n = snprintf(line, sizeof line, "id: %" PRId64 "\n\n", s->listener.since);
    put(s, line, (size_t)n);
}

static void put_trimmed(stream *s) {
    static const char TRIMMED[] = "event: recortado\ndata: {}\n\n";
    s->listener.trimmed = false;
    put(s, TRIMMED, sizeof TRIMMED - 1);
}

static void send_chunk(stream *s, h2o_send_state_t state) {
    h2o_iovec_t bytes = {s->chunk, s->len};
    s->sending = true;
    s->sent_ms = gw_now_ms();
    h2o_send(s->call->req, &bytes, s->len ? 1 : 0, state);
}

static void pump(stream *s) {
    gw_event event;
    if (!s->started || s->sending)
        return;
    while (s->len < CHUNK && gw_hub_next(&s->listener, &event)) {
        if (s->listener.trimmed)
            put_trimmed(s);
        put_event(s, &event);
    }
    if (s->listener.trimmed)
        put_trimmed(s);
    if (!s->told && s->listener.since >= 0) {
        s->told = true;
        put_id(s);
    }
    if (s->closing)
        send_chunk(s, H2O_SEND_STATE_FINAL);
    else if (s->len)
        send_chunk(s, H2O_SEND_STATE_IN_PROGRESS);
}

static void proceed(h2o_generator_t *generator, h2o_req_t *req) {
    (void)req;
    stream *s = (stream *)(void *)generator;
    s->sending = false;
    free(s->chunk);
    s->chunk = NULL;
    s->len = s->size = 0;
    pump(s);
}

static void stop(h2o_generator_t *generator, h2o_req_t *req) {
    (void)req;
    gw_hub_leave(&((stream *)(void *)generator)->listener);
}

/* The user is known: the answer begins. */
static void start(stream *s) {
    static const char RETRY[] = "retry: 1000\n";
    s->started = true;
    gw_answer_stream(s->call, "text/event-stream", &s->super);
    if (s->call->head) {
        gw_hub_leave(&s->listener);
        send_chunk(s, H2O_SEND_STATE_FINAL);
    } else {
        put(s, RETRY, sizeof RETRY - 1);
    }
}

static void woken(gw_listener *listener) {
    stream *s = stream_of(listener);
    if (!s->started)
        start(s);
    pump(s);
}

static void finish(stream *s) {
    gw_hub_leave(&s->listener);
    s->closing = true;
    pump(s);
}

static void cut(stream *s) {
    shutdown(h2o_socket_get_fd(s->call->conn->socket), SHUT_RDWR);
}

/* h2o reads no HTTP/1 connection whose answer is under way, and would learn at the second write from now. */
static bool is_gone(const stream *s) {
    char byte;
    return s->call->req->version < 0x200 &&
           recv(h2o_socket_get_fd(s->call->conn->socket), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void beat(stream *s) {
    put(s, ":\n", 2);
    put_id(s);
    pump(s);
}

static void tick(gw_listener *listener) {
    stream *s = stream_of(listener);
    uint64_t now = gw_now_ms();
    if (!s->started) {
        if (now - s->sent_ms >= s->call->deadline_ms) {
            gw_hub_leave(listener);
            gw_refuse(s->call, 503, PD_UNAVAILABLE, "Los eventos no están disponibles en este momento");
        }
    } else if (s->sending) {
        if (now - s->sent_ms > STUCK_MS)
            cut(s);
    } else if (s->end_ms && now >= s->end_ms) {
        finish(s);
    } else if (is_gone(s)) {
        cut(s);
        beat(s); /* which fails, and ends it */
    } else if (now - s->sent_ms >= BEAT_MS) {
        beat(s);
    }
}

/* The client comes again, and to another gateway when this one stops. */
static void ended(gw_listener *listener, const pd_status *why) {
    stream *s = stream_of(listener);
    bool busy = s->sending;
    if (s->started) {
        s->closing = true;
        pump(s);
        if (why && busy) /* nobody would look after it any more */
            cut(s);
    } else if (why) {
        gw_answer_status(s->call, gw_http_of(why), why);
    } else {
        gw_refuse(s->call, 503, PD_UNAVAILABLE, STOPPING);
    }
}

static bool wants(gw_listener *listener, const Pendientes__V1__EventoVisible *visible) {
    const ev_filter *filter = stream_of(listener)->filter;
    const Pendientes__V1__EventoResp *event = visible->evento;
    bool of_type = filter->n_tipo == 0;
    for (size_t i = 0; i < filter->n_tipo && !of_type; i++)
        of_type = filter->tipo[i] == event->tipo;
    return of_type &&
           (!filter->has_pendiente_id || (event->has_pendiente_id && event->pendiente_id == filter->pendiente_id));
}

static void on_dispose(void *held) {
    stream *s = held;
    gw_hub_leave(&s->listener);
    free(s->chunk);
}

/* Last-Event-ID beats the query, which a reconnecting client repeats as it was. */
static int64_t since_of(const gw_call *call, const ev_filter *filter) {
    gw_slice last = call->headers.last_event_id;
    char *end = NULL;
    if (last.at && last.len > 0 && last.len < 19) {
        const char *text = pd_arena_memdup(call->arena, last.at, last.len);
        long long number = strtoll(text, &end, 10);
        if (*end == '\0' && number >= 0)
            return number;
    }
    return filter->has_desde ? filter->desde : -1;
}

void gw_sse_start(gw_call *call, const ProtobufCMessage *request) {
    gw_gateway *gateway = call->gateway;
    if (!gw_hub_works(gateway->hub)) {
        gw_refuse(call, 501, PD_UNIMPLEMENTED, "Este servidor no da eventos (events-token-file)");
        return;
    }
    if (gateway->drain_since_ms) {
        gw_refuse(call, 503, PD_UNAVAILABLE, STOPPING);
        return;
    }
    stream *s = h2o_mem_alloc_shared(&call->req->pool, sizeof *s, on_dispose);
    *s = (stream){.super = {proceed, stop}, .call = call, .filter = (const void *)request, .sent_ms = gw_now_ms()};
    if (call->headers.timeout.at)
        s->end_ms = s->sent_ms + call->deadline_ms;
    s->listener = (gw_listener){.token = call->token.at,
                                .token_len = call->token.len,
                                .request_id = call->request_id,
                                .since = since_of(call, s->filter),
                                .filter = s->filter,
                                .wants = wants,
                                .wake = woken,
                                .tick = tick,
                                .ended = ended};
    gw_hub_join(gateway->hub, &s->listener);
}
