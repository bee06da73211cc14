#include "gateway/hub.h"

#include "pendientes/json.h"
#include "pendientes/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TICKS = 1000 / GW_TICK_MS, /* to a second */
    WAIT_MS = 2000,            /* of the waiting call: so long does a core that hangs hold up the streams */
    ASK_MS = 5000,
    RECHECK_MS = 60000, /* a token may have expired, or its key be gone, while nobody's rights changed */
    PAGE = 500,
    PAGE_MISSED = 100, /* each reader holds one of its own */
    TOKEN_MAX = 8192,
    TEXTS = 4096, /* events whose JSON is remembered */
};

typedef struct text {
    int64_t number;
    const char *at;
    size_t len;
} text;

struct gw_hub {
    gw_gateway *gateway;
    char *token;
    size_t token_len;
    const pd_method *wait, *who;
    pd_events *events; /* NULL until the first answer */
    int64_t identities;
    text texts[TEXTS];
    gw_listener *first;
    pd_call *waiting;
    bool failed; /* the last waiting call did: again at the next tick */
    int ticks;
    pd_arena *scratch;
};

bool gw_hub_works(const gw_hub *hub) {
    return hub->token != NULL;
}

int64_t gw_hub_user(const gw_listener *listener) {
    return listener->viewer.user_id;
}

static const pd_method *method(const char *name) {
    const ProtobufCServiceDescriptor *service = &pendientes__v1__eventos__descriptor;
    for (unsigned i = 0; i < service->n_methods; i++)
        if (strcmp(service->methods[i].name, name) == 0)
            return pd_method_of(service, i);
    return NULL;
}

/* --- leaving --- */

static void forget_page(gw_listener *l) {
    if (l->page_arena)
        pd_arena_free(l->page_arena);
    l->page_arena = NULL;
    l->page = NULL;
}

void gw_hub_leave(gw_listener *l) {
    gw_hub *hub = l->hub;
    if (!hub)
        return;
    if (l->asking)
        pd_call_cancel(l->asking);
    if (l->reading)
        pd_call_cancel(l->reading);
    forget_page(l);
    *(l->prev ? &l->prev->next : &hub->first) = l->next;
    if (l->next)
        l->next->prev = l->prev;
    l->hub = NULL;
}

static void end(gw_listener *l, const pd_status *why) {
    gw_hub_leave(l);
    l->ended(l, why);
}

void gw_hub_drain(gw_hub *hub) {
    while (hub->first)
        end(hub->first, NULL);
}

/* --- who it is --- */

/* What will not be otherwise by asking again. */
static bool is_final(pd_code code) {
    return code == PD_UNAUTHENTICATED || code == PD_PERMISSION_DENIED || code == PD_INVALID_ARGUMENT;
}

static ProtobufCMessage *unpack(const pd_method *of, const pd_reply *reply, pd_arena *arena) {
    return protobuf_c_message_unpack(of->reply->type, pd_arena_protobuf(arena), reply->len, reply->bytes);
}

static void told(void *arg, const pd_reply *reply) {
    gw_listener *l = arg;
    gw_hub *hub = l->hub;
    l->asking = NULL;
    if (is_final(reply->status->code)) {
        end(l, reply->status);
        return;
    }
    const Pendientes__V1__QuienResp *who =
        reply->status->code == PD_OK ? (const void *)unpack(hub->who, reply, hub->scratch) : NULL;
    if (who) {
        l->viewer = (pd_viewer){who->usuario_id, who->empleado_id, (uint64_t)who->permisos};
        l->identities = who->identidades;
    }
    pd_arena_reset(hub->scratch);
    if (l->identities == hub->identities)
        l->wake(l); /* else one core knows more than the other: the next tick asks again */
}

static void ask(gw_listener *l) {
    const pd_meta meta = {
        .token = l->token, .token_len = l->token_len, .request_id = l->request_id, .deadline_ms = ASK_MS};
    if (l->asking)
        return;
    l->asked_ms = gw_now_ms();
    l->asking = pd_client_call(l->hub->gateway->client, l->hub->who, NULL, 0, &meta, told, l);
}

static bool is_known(const gw_listener *l) {
    return l->identities != 0 && l->identities == l->hub->identities;
}

/* --- what it missed --- */

static void missed(void *arg, const pd_reply *reply) {
    gw_listener *l = arg;
    l->reading = NULL;
    if (is_final(reply->status->code)) {
        end(l, reply->status);
        return;
    }
    if (reply->status->code == PD_OK) {
        l->page = (void *)unpack(l->hub->wait, reply, l->page_arena);
        l->page_at = 0;
    }
    l->again = !l->page;
    if (l->again) {
        forget_page(l);
        return;
    }
    l->looked_up = true;
    l->trimmed |= l->page->has_recortado && l->page->recortado;
    if (l->page->hasta < l->since) { /* was never given: the database is not the one it comes from */
        l->since = l->page->hasta;
        l->restarted = true;
    }
    l->wake(l);
}

static void read_missed(gw_listener *l) {
    if (l->again)
        return;
    Pendientes__V1__EsperarEventosReq request = PENDIENTES__V1__ESPERAR_EVENTOS_REQ__INIT;
    request.has_desde = request.has_maximo = request.has_identidades = 1;
    request.desde = l->since;
    request.maximo = PAGE_MISSED;
    if (l->filter) {
        request.n_tipo = l->filter->n_tipo;
        request.tipo = l->filter->tipo;
        request.has_pendiente_id = l->filter->has_pendiente_id;
        request.pendiente_id = l->filter->pendiente_id;
    }
    request.identidades = 0; /* no version: it is answered at once */
    const pd_meta meta = {
        .token = l->token, .token_len = l->token_len, .request_id = l->request_id, .deadline_ms = ASK_MS};
    l->page_arena = pd_arena_new();
    l->reading = pd_client_call_message(l->hub->gateway->client, l->hub->wait, &request.base, &meta, missed, l);
}

/* --- showing --- */

static const char *json_of(const pd_method *wait, const Pendientes__V1__EventoVisible *event, pd_arena *arena,
                           size_t *len) {
    int list = pd_field_by_name(wait->reply, "eventos", strlen("eventos"));
    const pd_message *visible = wait->reply->fields[list].message;
    int inner = pd_field_by_name(visible, "evento", strlen("evento"));
    pd_text out = {.arena = arena};
    pd_json_write(visible->fields[inner].message, &event->evento->base, &out);
    *len = out.len;
    return out.at;
}

/* One text for all who see it. */
static void show(gw_hub *hub, int64_t number, const Pendientes__V1__EventoVisible *visible, gw_event *event) {
    text *kept = &hub->texts[number % TEXTS];
    if (kept->number != number) {
        kept->at = json_of(hub->wait, visible, pd_events_arena(hub->events, number), &kept->len);
        kept->number = number;
    }
    *event = (gw_event){visible, kept->at, kept->len};
}

static bool next_of_page(gw_listener *l, gw_event *event) {
    while (l->page_at < l->page->n_eventos) {
        const Pendientes__V1__EventoVisible *visible = l->page->eventos[l->page_at++];
        if (!visible->evento || visible->evento->id <= l->since)
            continue;
        l->since = visible->evento->id;
        if (l->wants && !l->wants(l, visible))
            continue;
        event->visible = visible;
        event->json = json_of(l->hub->wait, visible, l->page_arena, &event->len);
        return true;
    }
    if (l->page->hasta > l->since)
        l->since = l->page->hasta;
    forget_page(l);
    return false;
}

/* What it waits for is not held here: it is older, or so new that another gateway showed it first. */
static bool is_elsewhere(const gw_listener *l) {
    int64_t head = pd_events_head(l->hub->events);
    if (l->since > head)
        return !l->looked_up;
    return l->since < head && l->since + 1 < pd_events_first(l->hub->events);
}

bool gw_hub_next(gw_listener *l, gw_event *event) {
    gw_hub *hub = l->hub;
    if (!hub || !hub->events || !is_known(l) || l->reading) /* what is being read is told of where it stands now */
        return false;
    if (l->since < 0)
        l->since = pd_events_head(hub->events);
    if (l->page && next_of_page(l, event))
        return true;
    if (is_elsewhere(l)) {
        read_missed(l);
        return false;
    }
    while (l->since < pd_events_head(hub->events)) {
        int64_t number = ++l->since;
        const Pendientes__V1__EventoVisible *visible = pd_events_at(hub->events, number);
        if (!visible || !pd_event_visible(visible, &l->viewer) || (l->wants && !l->wants(l, visible)))
            continue;
        show(hub, number, visible, event);
        return true;
    }
    return false;
}

void gw_hub_join(gw_hub *hub, gw_listener *l) {
    l->hub = hub;
    l->identities = 0;
    l->trimmed = l->restarted = l->looked_up = l->again = false;
    l->asking = l->reading = NULL;
    l->page_arena = NULL;
    l->page = NULL;
    l->prev = NULL;
    l->next = hub->first;
    if (l->next)
        l->next->prev = l;
    hub->first = l;
    ask(l);
}

/* A listener may leave while it is woken; others do not. */
static void each(gw_hub *hub, void (*fn)(gw_listener *l)) {
    for (gw_listener *l = hub->first, *next; l; l = next) {
        next = l->next;
        fn(l);
    }
}

static void wake(gw_listener *l) {
    if (is_known(l))
        l->wake(l);
    else
        ask(l);
}

/* --- the waiting call --- */

static void wait(gw_hub *hub);

static void doubt(gw_listener *l) {
    l->looked_up = false;
}

/* An empty ring: the first, or because the core says that what this one holds was never given. */
static void begin(gw_hub *hub, int64_t head) {
    pd_events_free(hub->events);
    hub->events = pd_events_new(head);
    memset(hub->texts, 0, sizeof hub->texts);
    each(hub, doubt);
}

/* Events are copied into the ring one by one: their memory goes with it. */
static void keep(gw_hub *hub, const Pendientes__V1__EventosResp *reply, pd_arena *scratch) {
    if (!hub->events || reply->hasta < pd_events_head(hub->events))
        begin(hub, reply->hasta);
    for (size_t i = 0; i < reply->n_eventos; i++) {
        const Pendientes__V1__EventoVisible *event = reply->eventos[i];
        pd_arena *arena = event->evento ? pd_events_extend(hub->events, event->evento->id) : NULL;
        if (!arena)
            continue;
        size_t len = pendientes__v1__evento_visible__get_packed_size(event);
        uint8_t *bytes = pd_arena_alloc(scratch, len + 1);
        pendientes__v1__evento_visible__pack(event, bytes);
        pd_events_put(hub->events, pendientes__v1__evento_visible__unpack(pd_arena_protobuf(arena), len, bytes));
    }
    pd_events_extend(hub->events, reply->hasta);
}

static void came(void *arg, const pd_reply *reply) {
    gw_hub *hub = arg;
    hub->waiting = NULL;
    const Pendientes__V1__EventosResp *events =
        reply->status->code == PD_OK ? (const void *)unpack(hub->wait, reply, hub->scratch) : NULL;
    if (!events) {
        if (!hub->failed)
            PD_LOG(PD_LOG_WARN, "waiting for events failed", PD_S("code", pd_code_name(reply->status->code)));
        hub->failed = true;
        return;
    }
    int64_t head = hub->events ? pd_events_head(hub->events) : -1;
    keep(hub, events, hub->scratch);
    bool news = pd_events_head(hub->events) != head || events->identidades != hub->identities;
    hub->identities = events->identidades;
    hub->failed = false;
    pd_arena_reset(hub->scratch);
    wait(hub);
    if (news)
        each(hub, wake);
}

static void wait(gw_hub *hub) {
    Pendientes__V1__EsperarEventosReq request = PENDIENTES__V1__ESPERAR_EVENTOS_REQ__INIT;
    const pd_meta meta = {.token = hub->token, .token_len = hub->token_len, .deadline_ms = WAIT_MS};
    request.has_desde = hub->events != NULL;
    request.desde = hub->events ? pd_events_head(hub->events) : 0;
    request.has_maximo = request.has_identidades = 1;
    request.maximo = PAGE;
    request.identidades = hub->identities;
    hub->waiting = pd_client_call_message(hub->gateway->client, hub->wait, &request.base, &meta, came, hub);
}

/* Whatever could not be done before. While no core answers, there is nothing to be known either. */
static void try_again(gw_listener *l) {
    if (!is_known(l) && !l->hub->failed) {
        ask(l);
    } else if (l->again) {
        l->again = false;
        wake(l);
    }
}

static void tick_listener(gw_listener *l) {
    if (gw_now_ms() - l->asked_ms >= RECHECK_MS)
        ask(l);
    l->tick(l);
}

void gw_hub_tick(gw_hub *hub) {
    if (!gw_hub_works(hub))
        return;
    if (!hub->waiting)
        wait(hub);
    each(hub, try_again);
    if (++hub->ticks % TICKS == 0)
        each(hub, tick_listener);
}

/* --- life --- */

static bool read_token(gw_hub *hub, const char *path, const char **error) {
    static char reason[512];
    FILE *file = fopen(path, "re");
    char bytes[TOKEN_MAX + 1];
    size_t n = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file)
        fclose(file);
    while (n > 0 && (bytes[n - 1] == '\n' || bytes[n - 1] == '\r'))
        n--;
    if (n == 0 || n > TOKEN_MAX) {
        snprintf(reason, sizeof reason, "events-token-file %s: %s", path, file ? "holds no token" : strerror(errno));
        *error = reason;
        return false;
    }
    hub->token = malloc(n);
    if (!hub->token)
        abort();
    memcpy(hub->token, bytes, n);
    hub->token_len = n;
    return true;
}

gw_hub *gw_hub_new(gw_gateway *gateway, const char **error) {
    gw_hub *hub = calloc(1, sizeof *hub);
    if (!hub)
        abort();
    hub->gateway = gateway;
    hub->wait = method("Esperar");
    hub->who = method("Quien");
    hub->scratch = pd_arena_new();
    const char *path = gateway->settings->events_token_file;
    if (!path)
        return hub;
    if (!read_token(hub, path, error)) {
        gw_hub_free(hub);
        return NULL;
    }
    wait(hub);
    return hub;
}

void gw_hub_free(gw_hub *hub) {
    if (!hub)
        return;
    gw_hub_drain(hub);
    if (hub->waiting)
        pd_call_cancel(hub->waiting);
    pd_arena_free(hub->scratch);
    pd_events_free(hub->events);
    free(hub->token);
    free(hub);
}
