#include "gateway/session.h"

#include "gateway/answer.h"
#include "gateway/bind.h"
#include "gateway/hub.h"
#include "gateway/stomp.h"
#include "gateway/ws.h"
#include "pendientes/scalar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_MS = 10000, /* for CONNECT to come, and for its token to be judged */
    SILENT_BEATS = 3,   /* a client is gone that has missed so many: their timers may come one beat late */
    BEAT_MIN_MS = 2000, /* what is offered and asked for */
    MESSAGE_MAX = 64 << 10,
    WAITING_MAX = 16 << 10, /* past so much no event is taken from the hub until it has left */
    SUBSCRIPTIONS_MAX = 16,
    ID_MAX = 255,
};

typedef struct subscription {
    char *id;
    int64_t since; /* the last event that it needs not be shown */
} subscription;

typedef enum state { WAITING, JOINING, OPEN, ENDED } state;

/* Lives until its connection is closed. */
typedef struct session {
    gw_listener listener;
    gw_sessions *all;
    struct session *prev, *next;
    gw_ws *ws;
    gw_stomp_reader *reader;
    state state;
    int version;                    /* 11 or 12 */
    uint64_t since_ms;              /* that it waits, or joins */
    uint64_t heard_ms, said_ms;     /* the last bytes */
    uint64_t hears_each, says_each; /* heart-beats; 0: none agreed */
    char *token;                    /* of the handshake, then of CONNECT; NULL: none yet */
    int64_t seen;                   /* the highest event that went by: the listener may have gone back */
    subscription subscriptions[SUBSCRIPTIONS_MAX];
    size_t n_subscriptions;
    char request_id[PD_REQUEST_ID_MAX + 1];
} session;

struct gw_sessions {
    gw_gateway *gateway;
    session *first;
    size_t n;
    const pd_message *notification;
    pd_arena *scratch; /* of one frame */
};

static session *session_of(gw_listener *listener) {
    return H2O_STRUCT_FROM_MEMBER(session, listener, listener);
}

/* --- what is said --- */

static gw_stomp_frame frame_of(const char *command) {
    gw_stomp_frame frame = {.command = {command, strlen(command)}};
    return frame;
}

static const char *number(const session *s, int64_t n) {
    return pd_arena_printf(s->all->scratch, "%" PRId64, n);
}

/* And forgets what the frame was made of. */
static void say(session *s, const gw_stomp_frame *frame) {
    pd_text text = {.arena = s->all->scratch};
    gw_stomp_write(&text, s->version, frame);
    gw_ws_send(s->ws, text.at, text.len);
    s->said_ms = gw_now_ms();
    pd_arena_reset(s->all->scratch);
}

static void end(session *s, gw_ws_code code) {
    s->state = ENDED;
    gw_hub_leave(&s->listener);
    gw_ws_close(s->ws, code);
}

static void add_text(session *s, gw_stomp_frame *frame, const char *name, gw_slice value) {
    if (value.at)
        gw_stomp_add(frame, name, pd_arena_memdup(s->all->scratch, value.at, value.len));
}

/* The specification's ERROR, after which the connection ends. `cause` NULL: no frame of the client's. */
static void fail(session *s, const gw_stomp_frame *cause, gw_ws_code code, pd_code status, const char *detail) {
    gw_stomp_frame frame = frame_of("ERROR");
    gw_stomp_add(&frame, "message", detail);
    gw_stomp_add(&frame, "code", pd_code_name(status));
    if (cause)
        add_text(s, &frame, "receipt-id", gw_stomp_header_of(cause, "receipt"));
    say(s, &frame);
    end(s, code);
}

static void refuse(session *s, const gw_stomp_frame *cause, const char *detail) {
    fail(s, cause, GW_WS_PROTOCOL, PD_INVALID_ARGUMENT, detail);
}

static void receipt(session *s, const gw_stomp_frame *cause) {
    gw_slice id = gw_stomp_header_of(cause, "receipt");
    gw_stomp_frame frame = frame_of("RECEIPT");
    if (!id.at)
        return;
    add_text(s, &frame, "receipt-id", id);
    say(s, &frame);
}

/* --- events --- */

static const char *destination(const session *s) {
    return pd_arena_printf(s->all->scratch, "/topic/usuario/%" PRId64, gw_hub_user(&s->listener));
}

static bool wants(gw_listener *listener, const Pendientes__V1__EventoVisible *visible) {
    const Pendientes__V1__EventoResp *event = visible->evento;
    return session_of(listener)->n_subscriptions > 0 && event->notificacion &&
           event->accion == PENDIENTES__V1__ACCION_EVENTO__VALOR__CREADO &&
           event->notificacion->usuario_id == gw_hub_user(listener);
}

static gw_stomp_frame message_to(session *s, const subscription *to, const char *id) {
    gw_stomp_frame frame = frame_of("MESSAGE");
    gw_stomp_add(&frame, "destination", destination(s));
    gw_stomp_add(&frame, "subscription", to->id);
    gw_stomp_add(&frame, "message-id", id);
    gw_stomp_add(&frame, "content-type", "application/json");
    return frame;
}

static void tell(session *s, const subscription *to, const Pendientes__V1__EventoResp *event) {
    gw_stomp_frame frame = message_to(s, to, number(s, event->id));
    pd_text body = {.arena = s->all->scratch};
    gw_stomp_add(&frame, "evento-id", number(s, event->id));
    pd_json_write(s->all->notification, &event->notificacion->base, &body);
    frame.body = (gw_slice){body.at, body.len};
    say(s, &frame);
}

static void tell_trimmed(session *s, const subscription *to) {
    gw_stomp_frame frame = message_to(s, to, pd_arena_printf(s->all->scratch, "recortado-%" PRId64, to->since));
    gw_stomp_add(&frame, "recortado", "true");
    frame.body = (gw_slice){"{}", 2};
    say(s, &frame);
}

/* To whom the listener reads what was missed: the others have seen more already. */
static void trimmed(session *s) {
    int64_t since = s->listener.since;
    if (s->listener.restarted && s->seen > since)
        s->seen = since;
    for (size_t i = 0; i < s->n_subscriptions; i++) {
        subscription *to = &s->subscriptions[i];
        if (s->listener.restarted && to->since > since)
            to->since = since;
        if (to->since <= since)
            tell_trimmed(s, to);
    }
    s->listener.trimmed = s->listener.restarted = false;
}

static void pump(session *s) {
    gw_event event;
    if (s->state == OPEN && s->listener.trimmed)
        trimmed(s);
    while (s->state == OPEN && gw_ws_waiting(s->ws) < WAITING_MAX && gw_hub_next(&s->listener, &event))
        for (size_t i = 0; i < s->n_subscriptions; i++) {
            subscription *to = &s->subscriptions[i];
            if (event.visible->evento->id > to->since) {
                to->since = event.visible->evento->id;
                tell(s, to, event.visible->evento);
            }
        }
    if (s->listener.since > s->seen)
        s->seen = s->listener.since;
}

/* --- CONNECT --- */

/* The highest of 1.1 and 1.2 in a list; 0: neither. */
static int choose_version(gw_slice list) {
    int best = 0;
    while (list.at) {
        gw_slice one = gw_slice_trim(gw_slice_cut(&list, ','));
        int version = gw_slice_is(one, "1.2") ? 12 : gw_slice_is(one, "1.1") ? 11 : 0;
        best = version > best ? version : best;
    }
    return best;
}

static bool read_number(gw_slice text, int64_t *n) {
    char digits[20];
    if (!text.at || text.len == 0 || text.len >= sizeof digits || text.at[0] == '-')
        return false;
    return pd_int_parse(text.at, text.len, n);
}

static uint64_t agreed(int64_t ms) {
    return ms == 0 ? 0 : ms < BEAT_MIN_MS ? BEAT_MIN_MS : (uint64_t)ms;
}

/* "what it sends,what it wants"; absent is 0,0. */
static bool agree_beats(session *s, gw_slice beats) {
    int64_t sends, asks;
    if (!beats.at)
        return true;
    gw_slice first = gw_slice_cut(&beats, ',');
    if (first.len > 9 || beats.len > 9 || !read_number(first, &sends) || !read_number(beats, &asks))
        return false;
    s->hears_each = agreed(sends);
    s->says_each = agreed(asks);
    return true;
}

static char *copy(gw_slice text) {
    char *made = malloc(text.len + 1);
    if (!made)
        abort();
    memcpy(made, text.at, text.len);
    made[text.len] = '\0';
    return made;
}

/* That of CONNECT, else the handshake's. */
static bool take_token(session *s, const gw_stomp_frame *frame) {
    gw_slice authorization = gw_stomp_header_of(frame, "Authorization"), token;
    if (!authorization.at)
        authorization = gw_stomp_header_of(frame, "authorization");
    if (!authorization.at)
        return s->token != NULL;
    if (!gw_bearer(authorization, &token))
        return false;
    free(s->token);
    s->token = copy(token);
    return true;
}

static void refuse_version(session *s) {
    gw_stomp_frame frame = frame_of("ERROR");
    gw_stomp_add(&frame, "version", "1.1,1.2");
    gw_stomp_add(&frame, "message", "Se atienden STOMP 1.1 y 1.2 (accept-version)");
    gw_stomp_add(&frame, "code", pd_code_name(PD_INVALID_ARGUMENT));
    say(s, &frame);
    end(s, GW_WS_PROTOCOL);
}

/* `host` is not asked for: there is one, and clients of the documented system send none. */
static void connect_it(session *s, const gw_stomp_frame *frame) {
    int version = choose_version(gw_stomp_header_of(frame, "accept-version"));
    if (!version) {
        refuse_version(s);
    } else if (!agree_beats(s, gw_stomp_header_of(frame, "heart-beat"))) {
        refuse(s, NULL, "heart-beat: deben ser dos números de milisegundos, con una coma");
    } else if (!take_token(s, frame)) {
        fail(s, NULL, GW_WS_POLICY, PD_UNAUTHENTICATED,
             "Authorization: falta el token de acceso, o no tiene la forma de uno");
    } else {
        s->version = version;
        gw_stomp_reader_version(s->reader, version);
        s->state = JOINING;
        s->since_ms = gw_now_ms();
        s->listener.token = s->token;
        s->listener.token_len = strlen(s->token);
        gw_hub_join(s->all->gateway->hub, &s->listener);
    }
}

/* The user is known. */
static void connected(session *s) {
    gw_stomp_frame frame = frame_of("CONNECTED");
    s->state = OPEN;
    pump(s); /* nothing to tell yet: it learns where it stands */
    gw_stomp_add(&frame, "version", s->version == 12 ? "1.2" : "1.1");
    gw_stomp_add(&frame, "session", s->request_id);
    gw_stomp_add(&frame, "user-name", number(s, gw_hub_user(&s->listener)));
    gw_stomp_add(&frame, "heart-beat", pd_arena_printf(s->all->scratch, "%d,%d", BEAT_MIN_MS, BEAT_MIN_MS));
    gw_stomp_add(&frame, "evento-id", number(s, s->seen));
    say(s, &frame);
}

/* --- the other frames --- */

static subscription *find(session *s, gw_slice id) {
    for (size_t i = 0; i < s->n_subscriptions; i++)
        if (gw_slice_is(id, s->subscriptions[i].id))
            return &s->subscriptions[i];
    return NULL;
}

/* What has gone by was shown to whoever had subscribed; then the listener starts anew from elsewhere. */
static void go_to(session *s, int64_t since) {
    for (size_t i = 0; i < s->n_subscriptions; i++)
        if (s->subscriptions[i].since < s->listener.since)
            s->subscriptions[i].since = s->listener.since;
    gw_hub_leave(&s->listener);
    s->listener.since = since;
    gw_hub_join(s->all->gateway->hub, &s->listener);
}

static void add_subscription(session *s, gw_slice id, int64_t since) {
    /* A later one may never have been given: the hub finds out, unless others would miss what is between. */
    if (since < s->listener.since || (since > s->listener.since && s->n_subscriptions == 0))
        go_to(s, since);
    s->subscriptions[s->n_subscriptions++] = (subscription){copy(id), since};
}

static void subscribe(session *s, const gw_stomp_frame *frame) {
    gw_slice id = gw_stomp_header_of(frame, "id"), ack = gw_stomp_header_of(frame, "ack");
    gw_slice last = gw_stomp_header_of(frame, "desde");
    int64_t since = s->seen;
    if (!last.at)
        last = gw_stomp_header_of(frame, "last-event-id");
    if (id.len == 0 || id.len > ID_MAX)
        refuse(s, frame, "id: debe tener de 1 a 255 bytes");
    else if (find(s, id))
        refuse(s, frame, "id: ya hay una suscripción con este id");
    else if (!gw_slice_is(gw_stomp_header_of(frame, "destination"), destination(s)))
        fail(s, frame, GW_WS_POLICY, PD_PERMISSION_DENIED,
             pd_arena_printf(s->all->scratch, "destination: solo se puede suscribir a %s", destination(s)));
    else if (ack.at && !gw_slice_is(ack, "auto"))
        refuse(s, frame, "ack: debe ser auto; lo perdido se pide de nuevo con desde");
    else if (last.at && !read_number(last, &since))
        refuse(s, frame, "desde: debe ser el evento-id de un mensaje");
    else if (s->n_subscriptions == SUBSCRIPTIONS_MAX)
        fail(s, frame, GW_WS_POLICY, PD_RESOURCE_EXHAUSTED, "Hay demasiadas suscripciones en esta sesión");
    else
        add_subscription(s, id, since);
}

static void unsubscribe(session *s, const gw_stomp_frame *frame) {
    subscription *gone = find(s, gw_stomp_header_of(frame, "id"));
    if (!gone) {
        refuse(s, frame, "id: no hay una suscripción con este id");
        return;
    }
    free(gone->id);
    *gone = s->subscriptions[--s->n_subscriptions];
}

static void disconnect(session *s, const gw_stomp_frame *frame) {
    receipt(s, frame);
    end(s, GW_WS_NORMAL);
}

static void not_served(session *s, const gw_stomp_frame *frame) {
    fail(s, frame, GW_WS_POLICY, PD_UNIMPLEMENTED,
         pd_arena_printf(s->all->scratch, "%.*s no se atiende: aquí solo se leen notificaciones",
                         (int)frame->command.len, frame->command.at));
}

static void connect_again(session *s, const gw_stomp_frame *frame) {
    refuse(s, frame, "La sesión ya está conectada");
}

static void serve(session *s, const gw_stomp_frame *frame) {
    static const struct {
        const char *command;
        void (*serve)(session *s, const gw_stomp_frame *frame);
    } commands[] = {
        {"SUBSCRIBE", subscribe}, {"UNSUBSCRIBE", unsubscribe}, {"DISCONNECT", disconnect}, {"SEND", not_served},
        {"ACK", not_served},      {"NACK", not_served},         {"BEGIN", not_served},      {"COMMIT", not_served},
        {"ABORT", not_served},    {"CONNECT", connect_again},   {"STOMP", connect_again},
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (gw_slice_is(frame->command, commands[i].command)) {
            commands[i].serve(s, frame);
            if (s->state == OPEN)
                receipt(s, frame);
            return;
        }
    refuse(s, frame, "El comando no existe en STOMP");
}

static void take(session *s, const gw_stomp_frame *frame) {
    bool connects = gw_slice_is(frame->command, "CONNECT") || gw_slice_is(frame->command, "STOMP");
    if (frame->body.len > 0 && !gw_slice_is(frame->command, "SEND"))
        refuse(s, frame, "Solo SEND puede tener cuerpo");
    else if (s->state == OPEN)
        serve(s, frame);
    else if (s->state == WAITING && connects)
        connect_it(s, frame);
    else
        refuse(s, frame, "Primero se envía CONNECT y se espera CONNECTED");
    pd_arena_reset(s->all->scratch);
}

/* --- the connection --- */

static void on_message(void *arg, const char *bytes, size_t len) {
    session *s = arg;
    gw_stomp_frame frame;
    const char *problem;
    gw_stomp_read read = GW_STOMP_FRAME;
    s->heard_ms = gw_now_ms();
    while (read == GW_STOMP_FRAME && s->state != ENDED) {
        size_t used;
        read = gw_stomp_reader_feed(s->reader, bytes, len, &used, &frame, &problem);
        bytes += used;
        len -= used;
        if (read == GW_STOMP_FRAME)
            take(s, &frame);
    }
    if (read == GW_STOMP_BAD)
        refuse(s, NULL, problem);
    pump(s);
}

static void on_drained(void *arg) {
    pump(arg);
}

static void dispose(session *s) {
    gw_sessions *all = s->all;
    gw_hub_leave(&s->listener);
    *(s->prev ? &s->prev->next : &all->first) = s->next;
    if (s->next)
        s->next->prev = s->prev;
    gw_meter_sessions(all->gateway->meter, --all->n);
    for (size_t i = 0; i < s->n_subscriptions; i++)
        free(s->subscriptions[i].id);
    gw_stomp_reader_free(s->reader);
    free(s->token);
    free(s);
}

static void on_closed(void *arg) {
    dispose(arg);
}

/* --- what the hub tells --- */

static void on_wake(gw_listener *listener) {
    session *s = session_of(listener);
    if (s->state == JOINING)
        connected(s);
    pump(s);
}

static void on_hub_tick(gw_listener *listener) {
    (void)listener; /* sessions that have not joined need one too: gw_sessions_tick */
}

static void on_ended(gw_listener *listener, const pd_status *why) {
    session *s = session_of(listener);
    if (why)
        fail(s, NULL, GW_WS_POLICY, why->code, pd_status_message(why, s->all->scratch));
    else
        end(s, GW_WS_GOING_AWAY);
}

/* --- time --- */

static void watch(session *s, uint64_t now) {
    if (s->state == WAITING && now - s->since_ms > CONNECT_MS) {
        fail(s, NULL, GW_WS_POLICY, PD_DEADLINE_EXCEEDED, "CONNECT no llegó a tiempo");
    } else if (s->state == JOINING && now - s->since_ms > CONNECT_MS) {
        fail(s, NULL, GW_WS_TRY_LATER, PD_UNAVAILABLE, "El servicio no responde");
    } else if (s->state == OPEN && s->hears_each && now - s->heard_ms > SILENT_BEATS * s->hears_each) {
        fail(s, NULL, GW_WS_POLICY, PD_DEADLINE_EXCEEDED, "heart-beat: el cliente calla más de lo acordado");
    } else if (s->state == OPEN && s->says_each && now - s->said_ms + 2 * GW_TICK_MS >= s->says_each) {
        gw_ws_send(s->ws, "\n", 1);
        s->said_ms = now;
    }
    gw_ws_tick(s->ws);
}

void gw_sessions_tick(gw_sessions *all) {
    uint64_t now = gw_now_ms();
    for (session *s = all->first; s; s = s->next)
        watch(s, now);
}

/* --- life --- */

static char *handshake_token(gw_call *call, gw_slice query) {
    gw_slice value = gw_query_value(query, "access_token", call->arena), token;
    if (call->headers.authorization.at) {
        bool good = !call->headers.authorization_twice && gw_bearer(call->headers.authorization, &token);
        return good ? copy(token) : NULL;
    }
    if (!value.at)
        return NULL;
    const char *bearer = pd_arena_printf(call->arena, "Bearer %.*s", (int)value.len, value.at);
    return gw_bearer((gw_slice){bearer, strlen(bearer)}, &token) ? copy(token) : NULL;
}

void gw_session_start(gw_call *call, gw_slice query) {
    static const char *const protocols[] = {"v12.stomp", "v11.stomp", NULL};
    static const gw_ws_owner owner = {on_message, on_drained, on_closed};
    gw_gateway *gateway = call->gateway;
    gw_sessions *all = gateway->sessions;
    if (!gw_ws_admits(call))
        return;
    if (!gw_hub_works(gateway->hub)) {
        gw_refuse(call, 501, PD_UNIMPLEMENTED, "Este servidor no da eventos (events-token-file)");
        return;
    }
    if (gateway->drain_since_ms) {
        gw_refuse(call, 503, PD_UNAVAILABLE, "El servidor se está deteniendo");
        return;
    }
    session *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    memcpy(s->request_id, call->request_id, sizeof s->request_id);
    s->listener = (gw_listener){.request_id = s->request_id,
                                .since = -1,
                                .wants = wants,
                                .wake = on_wake,
                                .tick = on_hub_tick,
                                .ended = on_ended};
    s->all = all;
    s->version = 12;
    s->reader = gw_stomp_reader_new();
    s->token = handshake_token(call, query);
    s->since_ms = s->heard_ms = s->said_ms = gw_now_ms();
    s->next = all->first;
    if (s->next)
        s->next->prev = s;
    all->first = s;
    gw_meter_sessions(gateway->meter, ++all->n);
    s->ws = gw_ws_accept(call, protocols, MESSAGE_MAX, &owner, s);
}

static const pd_message *notification(void) {
    for (size_t i = 0; i < pd_n_methods; i++)
        if (pd_methods[i].reply->type == &pendientes__v1__notificacion_resp__descriptor)
            return pd_methods[i].reply;
    return NULL;
}

gw_sessions *gw_sessions_new(gw_gateway *gateway) {
    gw_sessions *all = calloc(1, sizeof *all);
    if (!all)
        abort();
    all->gateway = gateway;
    all->notification = notification();
    all->scratch = pd_arena_new();
    return all;
}

void gw_sessions_drain(gw_sessions *all) {
    for (session *s = all->first; s; s = s->next)
        if (s->state != ENDED)
            end(s, GW_WS_GOING_AWAY);
}

void gw_sessions_free(gw_sessions *all) {
    if (!all)
        return;
    for (session *s = all->first, *next; s; s = next) {
        next = s->next;
        gw_ws_free(s->ws);
        dispose(s);
    }
    pd_arena_free(all->scratch);
    free(all);
}
