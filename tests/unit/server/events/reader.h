/* reader: calls of Eventos/Esperar to the harness's core, and what they brought. */
#ifndef TESTS_UNIT_SERVER_EVENTS_READER_H
#define TESTS_UNIT_SERVER_EVENTS_READER_H

#include "pendientes/v1/eventos.pb-c.h"
#include "server/events/wait.h"
#include "tests/unit/server/harness.h"

enum { R_EVENTS = 1000, R_NOW = -1 };

#define R_TYPE(name_) ((int)PENDIENTES__V1__TIPO_EVENTO__VALOR__##name_ + 1)

/* What is asked, and the outcome. */
typedef struct reader {
    int user;
    int64_t since; /* R_NOW: from now on */
    int64_t known; /* identidades; 0: not said */
    int32_t most;
    int64_t order;        /* 0: any */
    int type;             /* 0: any; else R_TYPE */
    uint32_t deadline_ms; /* 0: the client's default */
    bool done, trimmed;
    pd_code code;
    int64_t until, version;
    size_t n;
    int64_t ids[R_EVENTS], orders[R_EVENTS];
    int types[R_EVENTS];
} reader;

static inline void r_answered(void *arg, const pd_reply *reply) {
    reader *r = arg;
    r->done = true;
    r->code = reply->status->code;
    if (r->code != PD_OK)
        return;
    pd_arena *arena = pd_arena_new();
    const Pendientes__V1__EventosResp *page =
        pendientes__v1__eventos_resp__unpack(pd_arena_protobuf(arena), reply->len, reply->bytes);
    ck_assert_ptr_nonnull(page);
    r->until = page->hasta;
    r->version = page->identidades;
    r->trimmed = page->has_recortado && page->recortado;
    r->n = page->n_eventos;
    for (size_t i = 0; i < r->n; i++) {
        const Pendientes__V1__EventoResp *event = page->eventos[i]->evento;
        r->ids[i] = event->id;
        r->orders[i] = event->has_pendiente_id ? event->pendiente_id : 0;
        r->types[i] = (int)event->tipo + 1;
    }
    pd_arena_free(arena);
}

static inline pd_call *r_send(reader *r) {
    static const char NAME[] = "pendientes.v1.Eventos/Esperar";
    pd_arena *arena = pd_arena_new();
    Pendientes__V1__EsperarEventosReq request = PENDIENTES__V1__ESPERAR_EVENTOS_REQ__INIT;
    Pendientes__V1__TipoEvento__Valor type = (Pendientes__V1__TipoEvento__Valor)(r->type - 1);
    request.has_desde = r->since != R_NOW;
    request.desde = r->since;
    request.has_maximo = r->most != 0;
    request.maximo = r->most;
    request.has_identidades = r->known != 0;
    request.identidades = r->known;
    request.has_pendiente_id = r->order != 0;
    request.pendiente_id = r->order;
    request.n_tipo = r->type != 0;
    request.tipo = &type;
    const char *token = id_token_issue(h_tokens, r->user, "R", time(NULL), arena);
    const pd_meta meta = {.token = token, .token_len = strlen(token), .deadline_ms = r->deadline_ms};
    r->done = false;
    pd_call *call =
        pd_client_call_message(h_client, pd_method_find(NAME, sizeof NAME - 1), &request.base, &meta, r_answered, r);
    pd_arena_free(arena);
    return call;
}

static inline void r_wait(reader *r) {
    r_send(r);
    h_turn_until(&r->done);
}

/* Until the core holds `n` waiting calls. */
static inline void r_waiting(size_t n) {
    uint64_t start = pd_loop_now(h_core.loop);
    while (ev_waiters_count(h_core.waiters) != n && pd_loop_now(h_core.loop) - start < H_LIMIT_MS)
        pd_loop_turn(h_core.loop, 10);
    ck_assert_uint_eq(ev_waiters_count(h_core.waiters), n);
}

/* Until the core has seen all that is committed now; the number of the last. */
static inline int64_t r_settle(void) {
    uint64_t start = pd_loop_now(h_core.loop);
    ts_pg_exec(h_db, "DO $$ BEGIN WHILE eventos_numerar() > 0 LOOP END LOOP; END $$");
    int64_t last = h_number("SELECT ultimo FROM eventos_contador");
    while ((!ev_log_events(h_core.events) || pd_events_head(ev_log_events(h_core.events)) != last) &&
           pd_loop_now(h_core.loop) - start < H_LIMIT_MS)
        pd_loop_turn(h_core.loop, 10);
    ck_assert_int_eq(pd_events_head(ev_log_events(h_core.events)), last);
    return last;
}

#endif
