#include "server/events/log.h"

#include "pendientes/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PAGE = 1000, /* as eventos_leer.sql and eventos_numerar have it */
    LOOK_EACH_MS = 1000,
    PACE_MS = 10, /* between looks: under load one of them carries many events */
    ANSWER_WITHIN_MS = 5000,
};

struct ev_log {
    pd_loop *loop;
    ev_log_options options;
    pg_class class;
    pg_prepare prepares[2];
    pg_conn *conn;
    pd_timer timer; /* the next look, or the limit of the one under way */
    pg_unit unit;
    pg_query queries[2];
    PGresult *results[2];
    char last[24];
    const char *values[1];
    uint64_t looked_ms;
    bool looking, again;
    pd_events *events; /* NULL: none known yet */
};

const pd_events *ev_log_events(const ev_log *log) {
    return log->events;
}

/* True when there may be more. */
static bool take(ev_log *log, const PGresult *rows) {
    int n = PQntuples(rows), number = PQfnumber(rows, "numero");
    int64_t last = ev_read_head(rows);
    bool back = log->events && last < pd_events_head(log->events);
    if (back) /* another database: one that was restored, or a standby that had not heard of the last */
        PD_LOG(PD_LOG_WARN, "the events went back", PD_I("from", pd_events_head(log->events)), PD_I("to", last));
    if (back || !log->events) { /* what came before is read from the table by whoever asks */
        pd_events_free(log->events);
        log->events = pd_events_new(last);
        return false;
    }
    int64_t before = pd_events_head(log->events);
    for (int row = 0; row < n; row++) {
        if (PQgetisnull(rows, row, number))
            continue;
        pd_arena *arena = pd_events_extend(log->events, strtoll(PQgetvalue(rows, row, number), NULL, 10));
        if (arena)
            pd_events_put(log->events, ev_read_row(rows, row, arena));
    }
    if (pd_events_head(log->events) > before)
        log->options.grown(log->options.arg);
    return n == PAGE;
}

static void look(void *arg);

static void look_in(ev_log *log, uint64_t ms) {
    pd_timer_start(log->loop, &log->timer, ms, look, log);
}

static void silent(void *arg) {
    ev_log *log = arg;
    pg_conn_drop(log->conn, "no answer to a look at the events");
}

static void looked(pg_unit *unit, pg_end end) {
    ev_log *log = unit->arg;
    log->looking = false;
    pd_timer_stop(log->loop, &log->timer);
    if (end == PG_LOST)
        return;
    if (end != PG_DONE) {
        PD_LOG(PD_LOG_WARN, "the events could not be read", PD_S("sqlstate", pg_sqlstate(unit->error)));
        look_in(log, LOOK_EACH_MS);
        return;
    }
    bool more = take(log, unit->results[1]) || strtoll(PQgetvalue(unit->results[0], 0, 0), NULL, 10) == PAGE;
    look_in(log, more ? 0 : log->again ? PACE_MS : LOOK_EACH_MS);
}

static void look(void *arg) {
    ev_log *log = arg;
    if (pg_conn_state(log->conn) != PG_READY)
        return;
    log->looking = true;
    log->again = false;
    if (log->events)
        snprintf(log->last, sizeof log->last, "%" PRId64, pd_events_head(log->events));
    log->values[0] = log->events ? log->last : NULL;
    log->unit = (pg_unit){.queries = log->queries, .n = 2, .results = log->results, .fn = looked, .arg = log};
    log->looked_ms = pd_loop_now(log->loop);
    pd_timer_start(log->loop, &log->timer, ANSWER_WITHIN_MS, silent, log);
    pg_conn_send(log->conn, &log->unit);
    pg_conn_flush(log->conn);
}

void ev_log_wake(ev_log *log) {
    uint64_t passed = pd_loop_now(log->loop) - log->looked_ms;
    if (log->looking || log->again) {
        log->again = true;
    } else if (log->events) {
        log->again = true;
        look_in(log, passed < PACE_MS ? PACE_MS - passed : 0);
    }
}

static void notified(void *arg) {
    ev_log_wake(arg);
}

static void ready(void *arg, pg_conn *conn) {
    ev_log *log = arg;
    log->conn = conn;
    look(log);
}

/* What is held stays true; the next look goes on behind it. */
static void lost(void *arg, pg_conn *conn) {
    (void)conn;
    ev_log *log = arg;
    log->looking = false;
    pd_timer_stop(log->loop, &log->timer);
}

ev_log *ev_log_new(pd_loop *loop, const ev_log_options *options) {
    ev_log *log = calloc(1, sizeof *log);
    if (!log)
        abort();
    log->loop = loop;
    log->options = *options;
    log->prepares[0] = options->number;
    log->prepares[1] = options->read;
    log->queries[0] = (pg_query){.name = options->number.name};
    log->queries[1] = (pg_query){.name = options->read.name, .n = options->read.n, .values = log->values};
    log->class = (pg_class){.name = "events",
                            .url = options->url,
                            .zone = options->zone,
                            .plan_cache_mode = "force_custom_plan", /* one made for an empty table is bad soon */
                            .listen = "pendientes_eventos",
                            .statement_timeout_ms = 5000,
                            .prepares = log->prepares,
                            .n_prepares = 2};
    const pg_conn_events events = {.ready = ready, .lost = lost, .notify = notified, .arg = log};
    log->conn = pg_conn_new(loop, &log->class, &events);
    return log;
}

void ev_log_free(ev_log *log) {
    if (!log)
        return;
    pd_timer_stop(log->loop, &log->timer);
    pg_conn_free(log->conn);
    pd_events_free(log->events);
    free(log);
}
