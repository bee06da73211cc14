#include "server/events/wait.h"

#include "pendientes/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PAGE = 100,
    MARGIN_MS = 200, /* an empty answer leaves so long before the deadline, for the way back */
    RETRY_MS = 1000,
};

typedef Pendientes__V1__EsperarEventosReq ev_wish;

/* A call that waits, or reads from the table. Lives in the call's arena. */
typedef struct waiter {
    ev_waiters *waiters;
    sv_call *call;
    const ev_wish *wish;
    int64_t since;    /* what it has been shown up to */
    int64_t versions; /* of the identities when it began */
    bool looked_up;   /* the table has been asked whether `since` was ever given */
    size_t most;
    Pendientes__V1__EventoVisible **list; /* room for so many; NULL before the first is shown */
    pd_timer timer;
    struct waiter *prev, *next;
    en_own_run run;
    const char *values[1];
} waiter;

struct ev_waiters {
    ev_waiters_options options;
    waiter *first;
    size_t n;
};

ev_waiters *ev_waiters_new(const ev_waiters_options *options) {
    ev_waiters *waiters = calloc(1, sizeof *waiters);
    if (!waiters)
        abort();
    waiters->options = *options;
    return waiters;
}

void ev_waiters_free(ev_waiters *waiters) {
    if (!waiters)
        return;
    for (waiter *w = waiters->first; w; w = w->next)
        pd_timer_stop(waiters->options.loop, &w->timer);
    free(waiters);
}

size_t ev_waiters_count(const ev_waiters *waiters) {
    return waiters->n;
}

/* --- what is shown --- */

typedef Pendientes__V1__EventosResp page;

static bool wanted(const waiter *w, const Pendientes__V1__EventoVisible *event) {
    const ev_wish *wish = w->wish;
    bool of_type = wish->n_tipo == 0;
    for (size_t i = 0; i < wish->n_tipo && !of_type; i++)
        of_type = wish->tipo[i] == event->evento->tipo;
    return of_type && (!wish->has_pendiente_id ||
                       (event->evento->has_pendiente_id && event->evento->pendiente_id == wish->pendiente_id));
}

/* False when the page is full: the event belongs to the next. */
static bool show(waiter *w, page *p, const Pendientes__V1__EventoVisible *event, int64_t number) {
    const id_caller *caller = &w->call->caller;
    const pd_viewer viewer = {caller->user_id, caller->employee_id, caller->bits};
    if (event && wanted(w, event) && pd_event_visible(event, &viewer)) {
        if (p->n_eventos == w->most)
            return false;
        if (!w->list)
            w->list = pd_arena_alloc(w->call->arena, w->most * sizeof *w->list);
        p->eventos = w->list;
        p->eventos[p->n_eventos++] = (Pendientes__V1__EventoVisible *)event;
    }
    p->hasta = number;
    return true;
}

static page new_page(const waiter *w) {
    page p = PENDIENTES__V1__EVENTOS_RESP__INIT;
    p.has_hasta = p.has_identidades = 1;
    p.hasta = w->since;
    p.identidades = id_version(w->waiters->options.identity);
    return p;
}

static void end(waiter *w, const page *p) {
    sv_call_end(w->call, &p->base);
}

static void unavailable(sv_call *call) {
    pd_status_set(&call->status, call->arena, PD_UNAVAILABLE, "Los eventos no están disponibles en este momento");
    call->status.retry_ms = RETRY_MS;
    sv_call_end(call, NULL);
}

/* --- waiting --- */

static void enlist(waiter *w) {
    ev_waiters *waiters = w->waiters;
    w->prev = NULL;
    w->next = waiters->first;
    if (w->next)
        w->next->prev = w;
    waiters->first = w;
    waiters->n++;
}

static void delist(waiter *w) {
    *(w->prev ? &w->prev->next : &w->waiters->first) = w->next;
    if (w->next)
        w->next->prev = w->prev;
    w->waiters->n--;
    pd_timer_stop(w->waiters->options.loop, &w->timer);
}

static void in_time(void *arg) {
    waiter *w = arg;
    page p = new_page(w);
    delist(w);
    end(w, &p);
}

static void park(waiter *w) {
    ev_waiters *waiters = w->waiters;
    sv_call *call = w->call;
    if (waiters->n >= waiters->options.max) {
        pd_status_set(&call->status, call->arena, PD_RESOURCE_EXHAUSTED, "Demasiadas llamadas esperan eventos");
        call->status.retry_ms = RETRY_MS;
        sv_call_end(call, NULL);
        return;
    }
    uint64_t now = pd_loop_now(waiters->options.loop), left = call->due_ms > now ? call->due_ms - now : 0;
    enlist(w);
    pd_timer_start(waiters->options.loop, &w->timer, left > 2 * MARGIN_MS ? left - MARGIN_MS : left / 2, in_time, w);
}

/* Looks through what the log holds behind `since`. True: the call is answered. */
static bool answer_from_log(waiter *w) {
    const pd_events *events = ev_log_events(w->waiters->options.log);
    page p = new_page(w);
    for (int64_t number = w->since + 1; number <= pd_events_head(events); number++)
        if (!show(w, &p, pd_events_at(events, number), number))
            break;
    w->since = p.hasta;
    if (p.n_eventos == 0 && w->versions == p.identidades)
        return false;
    end(w, &p);
    return true;
}

void ev_waiters_look(ev_waiters *waiters) {
    for (waiter *w = waiters->first, *next; w; w = next) {
        next = w->next;
        delist(w);
        if (w->call->dead)
            sv_call_end(w->call, NULL);
        else if (!answer_from_log(w))
            park(w);
    }
}

void ev_waiters_drain(ev_waiters *waiters) {
    while (waiters->first)
        in_time(waiters->first);
}

void ev_waiters_refuse(ev_waiters *waiters) {
    for (waiter *w; (w = waiters->first);) {
        delist(w);
        unavailable(w->call);
    }
}

/* --- older than the log --- */

static void go_on(waiter *w);

static void show_rows(waiter *w, page *p, const PGresult *rows) {
    int64_t first = ev_read_first(rows), last = ev_read_head(rows);
    /* A number that was never given is of another database, from before this one was restored. */
    p->recortado = p->has_recortado = w->since > last || first > w->since + 1;
    if (w->since > last)
        p->hasta = last;
    for (int row = 0; row < PQntuples(rows); row++) {
        const Pendientes__V1__EventoVisible *event = ev_read_row(rows, row, w->call->arena);
        if (event && !show(w, p, event, event->evento->id))
            break;
    }
}

static void read_done(pg_unit *unit, pg_end how) {
    waiter *w = unit->arg;
    sv_call *call = w->call;
    if (call->dead || how != PG_DONE) {
        if (!call->dead)
            unavailable(call);
        else
            sv_call_end(call, NULL);
        return;
    }
    page p = new_page(w);
    show_rows(w, &p, en_own_rows(unit));
    w->looked_up = true;
    /* Whoever has too much before him that is not for him learns how far he came, and goes on from there. */
    bool near = pd_loop_now(w->waiters->options.loop) + 2 * MARGIN_MS >= call->due_ms;
    if (p.n_eventos > 0 || p.recortado || (near && p.hasta > w->since)) {
        end(w, &p);
        return;
    }
    bool further = p.hasta > w->since;
    w->since = p.hasta;
    if (further)
        go_on(w);
    else if (!answer_from_log(w))
        park(w);
}

static void read_table(waiter *w) {
    const ev_waiters_options *o = &w->waiters->options;
    w->values[0] = pd_arena_printf(w->call->arena, "%" PRId64, w->since);
    w->run.unit = (pg_unit){.due_ms = w->call->due_ms, .fn = read_done, .arg = w};
    if (!en_own_start(o->own, o->lanes, EN_OWN_READ_EVENTS, w->values, &w->run))
        unavailable(w->call);
}

static void go_on(waiter *w) {
    const pd_events *events = ev_log_events(w->waiters->options.log);
    bool older = w->since + 1 < pd_events_first(events) && w->since < pd_events_head(events);
    if (older || (w->since > pd_events_head(events) && !w->looked_up))
        read_table(w);
    else if (!answer_from_log(w))
        park(w);
}

/* --- handlers --- */

void ev_wait(sv_call *call) {
    ev_waiters *waiters = sv_core_waiters(call->core);
    const ev_wish *wish = (const void *)call->request;
    const pd_events *events = ev_log_events(waiters->options.log);
    if (!events) {
        unavailable(call);
        return;
    }
    waiter *w = pd_arena_zalloc(call->arena, sizeof *w);
    w->waiters = waiters;
    w->call = call;
    w->wish = wish;
    w->versions = wish->has_identidades ? wish->identidades : id_version(waiters->options.identity);
    w->most = wish->has_maximo ? (size_t)wish->maximo : PAGE;
    /* It may be ahead of what this core has seen: another core numbers too. */
    w->since = wish->has_desde ? wish->desde : pd_events_head(events);
    go_on(w);
}

void ev_who(sv_call *call) {
    Pendientes__V1__QuienResp reply = PENDIENTES__V1__QUIEN_RESP__INIT;
    reply.has_usuario_id = reply.has_permisos = reply.has_identidades = 1;
    reply.usuario_id = call->caller.user_id;
    reply.has_empleado_id = call->caller.employee_id != 0;
    reply.empleado_id = call->caller.employee_id;
    reply.permisos = (int64_t)call->caller.bits;
    reply.identidades = id_version(sv_core_waiters(call->core)->options.identity);
    sv_call_end(call, &reply.base);
}
