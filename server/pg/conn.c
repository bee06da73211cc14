#include "server/pg/conn.h"

#include "server/pg/kept.h"

#include "pendientes/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_MS = 5000, /* a connection attempt, set-up included */
    STEADY_MS = 1000,  /* ready for so long: the next loss is retried at once again */
    RETRY_MAX_MS = 2000,
    QUICK_FAILURES = 2, /* so many pauses stay short */
};

/* A primary that became a standby: another host of the URL may be the primary now. */
static const char READ_ONLY[] = "25006";

struct pg_conn {
    pd_loop *loop;
    const pg_class *class;
    pg_conn_events events;
    pg_state state;
    PGconn *pq;
    pd_watch *watch;
    bool want_write, unflushed;
    bool in_callback; /* results are being handed out: a drop waits until that is over */
    const char *drop_reason;
    pd_timer timer; /* PG_DOWN: the next try; before PG_READY: the limit */
    unsigned failures;
    uint64_t ready_ms;
    pg_unit *first, *last; /* in flight, in the order sent */
    size_t busy;
    bool setup_failed;
    pg_kept *kept;
};

static void readable(void *arg, unsigned events);
static void try_connect(void *arg);
static void connect_poll(void *arg, unsigned events);

const char *pg_sqlstate(const PGresult *result) {
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    return state ? state : "";
}

pg_state pg_conn_state(const pg_conn *conn) {
    return conn->state;
}

size_t pg_conn_busy(const pg_conn *conn) {
    return conn->busy;
}

/* The only place where the state changes. */
static void set_state(pg_conn *conn, pg_state state) {
    conn->state = state;
    if (state == PG_READY) {
        pd_timer_stop(conn->loop, &conn->timer);
        conn->ready_ms = pd_loop_now(conn->loop);
    }
}

static void unlink_first(pg_conn *conn) {
    pg_unit *unit = conn->first;
    conn->first = unit->next;
    if (conn->first)
        conn->first->prev = NULL;
    else
        conn->last = NULL;
    unit->next = unit->prev = NULL;
    conn->busy--;
}

static void clear_results(pg_unit *unit) {
    for (size_t i = 0; i < unit->n; i++) {
        if (unit->results[i] != unit->error)
            PQclear(unit->results[i]);
        unit->results[i] = NULL;
    }
    PQclear(unit->error);
    unit->error = NULL;
}

/* Ends the first unit in flight. Its owner may free it, so the results are taken off first. */
static void finish(pg_conn *conn, pg_end end) {
    pg_unit *unit = conn->first;
    unlink_first(conn);
    PGresult *kept[unit->n + 1];
    size_t n = 0;
    for (size_t i = 0; i < unit->n; i++)
        if (unit->results[i] && unit->results[i] != unit->error)
            kept[n++] = unit->results[i];
    if (unit->error)
        kept[n++] = unit->error;
    unit->fn(unit, end);
    while (n)
        PQclear(kept[--n]);
}

static uint64_t pause_ms(const pg_conn *conn) {
    if (conn->failures <= 1)
        return 0;
    uint64_t pause = 50u << (conn->failures < 8 ? conn->failures - 2 : 6);
    if (pause > RETRY_MAX_MS)
        pause = RETRY_MAX_MS;
    return pause / 2 + (uint64_t)random() % (pause / 2 + 1);
}

static void log_loss(const pg_conn *conn, const char *reason) {
    char buffer[300];
    snprintf(buffer, sizeof buffer, "%s", reason);
    for (char *at = buffer; *at; at++)
        if (*at == '\n')
            *at = ' ';
    const char *line = buffer;
    PD_LOG(conn->failures < 4 ? PD_LOG_WARN : PD_LOG_DEBUG, "postgresql connection lost",
           PD_S("lane", conn->class->name), PD_S("reason", line), PD_I("in_flight", (int64_t)conn->busy));
}

void pg_conn_drop(pg_conn *conn, const char *reason) {
    if (conn->state == PG_DOWN)
        return;
    if (conn->in_callback) { /* whoever hands out results is still reading from the connection */
        if (!conn->drop_reason)
            conn->drop_reason = reason;
        return;
    }
    bool was_ready = conn->state == PG_READY;
    /* A server that takes connections is not spared by long pauses. */
    if (was_ready && pd_loop_now(conn->loop) - conn->ready_ms >= STEADY_MS)
        conn->failures = 0;
    else if (was_ready && conn->failures > QUICK_FAILURES)
        conn->failures = QUICK_FAILURES;
    conn->failures++;
    log_loss(conn, reason);
    pd_watch_free(conn->watch);
    conn->watch = NULL;
    PQfinish(conn->pq);
    conn->pq = NULL;
    pg_kept_clear(conn->kept);
    conn->unflushed = conn->want_write = false;
    set_state(conn, PG_DOWN);
    pd_timer_start(conn->loop, &conn->timer, pause_ms(conn), try_connect, conn);
    if (was_ready && conn->events.lost)
        conn->events.lost(conn->events.arg, conn);
    /* From the last to the first, so that units put back to the head of a queue stand in their old order. */
    pg_unit *back = NULL;
    while (conn->first) {
        pg_unit *unit = conn->first;
        if (!unit->rerun) {
            /* A statement that failed took its transaction with it: that outcome is known. */
            finish(conn, unit->refused ? PG_FAILED : PG_LOST);
            continue;
        }
        unlink_first(conn);
        clear_results(unit);
        unit->next = back;
        back = unit;
    }
    while (back) {
        pg_unit *unit = back;
        back = unit->next;
        unit->next = NULL;
        unit->conn = NULL;
        unit->at = 0;
        unit->before = 0;
        conn->events.back(conn->events.arg, unit);
    }
}

static void drop_pq(pg_conn *conn) {
    pg_conn_drop(conn, conn->pq ? PQerrorMessage(conn->pq) : "no connection");
}

static void connect_late(void *arg) {
    pg_conn_drop(arg, "connecting took too long");
}

static bool watch_socket(pg_conn *conn, unsigned events, pd_watch_fn fn) {
    pd_watch_free(conn->watch);
    conn->watch = pd_loop_watch(conn->loop, PQsocket(conn->pq), events, fn, conn);
    return conn->watch != NULL;
}

static void notice(void *arg, const char *message) {
    (void)arg;
    PD_LOG(PD_LOG_DEBUG, "postgresql notice", PD_S("notice", message));
}

static void try_connect(void *arg) {
    pg_conn *conn = arg;
    char application[64];
    snprintf(application, sizeof application, "pendientes %s", conn->class->name);
    const char *const keys[] = {"dbname",
                                "application_name",
                                "client_encoding",
                                "keepalives_idle",
                                "keepalives_interval",
                                "keepalives_count",
                                "tcp_user_timeout",
                                NULL};
    const char *const values[] = {conn->class->url, application, "UTF8", "5", "2", "3", "6000", NULL};
    set_state(conn, PG_CONNECTING);
    pd_timer_start(conn->loop, &conn->timer, CONNECT_MS, connect_late, conn);
    conn->pq = PQconnectStartParams(keys, values, 1);
    if (conn->pq)
        PQsetNoticeProcessor(conn->pq, notice, NULL);
    if (!conn->pq || PQstatus(conn->pq) == CONNECTION_BAD || !watch_socket(conn, PD_LOOP_WRITE, connect_poll))
        drop_pq(conn);
}

/* Sent as one pipeline; each statement of it must succeed. Settings go by set_config, which takes parameters and leaves
 * the URL's own options alone. */
static bool send_setup(pg_conn *conn) {
    static const char settings[] =
        "SELECT set_config('TimeZone', $1, false), set_config('DateStyle', 'ISO, YMD', false),"
        " set_config('IntervalStyle', 'iso_8601', false), set_config('statement_timeout', $2, false),"
        " set_config('plan_cache_mode', $3, false), set_config('client_min_messages', 'error', false),"
        " set_config('idle_in_transaction_session_timeout', '5s', false), set_config('idle_session_timeout', '0', "
        "false),"
        " set_config('default_transaction_isolation', 'read committed', false), set_config('jit', 'off', false),"
        " set_config('bytea_output', 'hex', false), set_config('extra_float_digits', '1', false),"
        " set_config('standard_conforming_strings', 'on', false)";
    char timeout[16];
    snprintf(timeout, sizeof timeout, "%u", conn->class->statement_timeout_ms);
    const char *values[] = {conn->class->zone, timeout, conn->class->plan_cache_mode};
    if (!PQsendQueryParams(conn->pq, settings, 3, NULL, values, NULL, NULL, 0))
        return false;
    if (conn->class->listen) {
        char listen[80];
        snprintf(listen, sizeof listen, "LISTEN %s", conn->class->listen);
        if (!PQsendQueryParams(conn->pq, listen, 0, NULL, NULL, NULL, NULL, 0))
            return false;
    }
    for (size_t i = 0; i < conn->class->n_prepares; i++) {
        const pg_prepare *prepare = &conn->class->prepares[i];
        if (!PQsendPrepare(conn->pq, prepare->name, prepare->sql, prepare->n, prepare->types))
            return false;
    }
    return PQpipelineSync(conn->pq) == 1;
}

static void flush(pg_conn *conn) {
    int left = PQflush(conn->pq);
    if (left < 0) {
        drop_pq(conn);
        return;
    }
    conn->unflushed = false;
    if ((left == 1) != conn->want_write) {
        conn->want_write = left == 1;
        pd_watch_set(conn->watch, PD_LOOP_READ | (conn->want_write ? PD_LOOP_WRITE : 0));
    }
}

static void connected(pg_conn *conn) {
    if (PQsetnonblocking(conn->pq, 1) != 0 || !PQenterPipelineMode(conn->pq) ||
        !watch_socket(conn, PD_LOOP_READ, readable) || !send_setup(conn)) {
        drop_pq(conn);
        return;
    }
    set_state(conn, PG_SETTING_UP);
    conn->setup_failed = false;
    flush(conn);
}

static void connect_poll(void *arg, unsigned events) {
    (void)events;
    pg_conn *conn = arg;
    PostgresPollingStatusType next = PQconnectPoll(conn->pq);
    if (next == PGRES_POLLING_OK) {
        connected(conn);
        return;
    }
    /* The socket may be another one now (several hosts, several addresses), so it is watched anew each time. */
    if ((next != PGRES_POLLING_READING && next != PGRES_POLLING_WRITING) ||
        !watch_socket(conn, next == PGRES_POLLING_READING ? PD_LOOP_READ : PD_LOOP_WRITE, connect_poll))
        drop_pq(conn);
}

/* One result of the set-up. */
static void setup_result(pg_conn *conn, PGresult *result) {
    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_PIPELINE_ABORTED:
        break;
    case PGRES_PIPELINE_SYNC:
        if (!conn->setup_failed) {
            set_state(conn, PG_READY);
            conn->events.ready(conn->events.arg, conn);
        } else {
            pg_conn_drop(conn, "a statement could not be prepared");
        }
        break;
    default:
        conn->setup_failed = true;
        PD_LOG(PD_LOG_ERROR, "setting up a postgresql session failed", PD_S("lane", conn->class->name),
               PD_S("sqlstate", pg_sqlstate(result)), PD_S("error", PQresultErrorMessage(result)));
    }
    PQclear(result);
}

/* One result (or the NULL that ends a statement's) of the first unit in flight. */
static void unit_result(pg_conn *conn, PGresult *result) {
    pg_unit *unit = conn->first;
    if (!result) {
        if (unit->before > 0) {
            unit->before--;
            return;
        }
        /* A NULL behind an error that came at the Sync ends no statement. */
        if (unit->at < unit->n)
            unit->at++;
        return;
    }
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC) {
        PQclear(result);
        finish(conn, unit->error ? PG_FAILED : PG_DONE);
        PGTransactionStatusType left = conn->first ? PQTRANS_IDLE : PQtransactionStatus(conn->pq);
        if (left == PQTRANS_INTRANS || left == PQTRANS_INERROR)
            pg_conn_drop(conn, "a transaction was left open");
        return;
    }
    bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
    if (!good && status != PGRES_PIPELINE_ABORTED && !unit->error) {
        unit->error = result;
        unit->refused = unit->at < unit->n;
        if (unit->before > 0)
            pg_kept_clear(conn->kept); /* what was to be prepared may not be */
        if (strcmp(pg_sqlstate(result), READ_ONLY) == 0)
            pg_conn_drop(conn, "the server became read-only");
        return;
    }
    if (good && unit->before == 0 && unit->at < unit->n && !unit->results[unit->at]) {
        unit->results[unit->at] = result;
        return;
    }
    PQclear(result);
}

static void take_results(pg_conn *conn) {
    unsigned nulls = 0;
    conn->in_callback = true;
    while (!conn->drop_reason && (conn->state == PG_SETTING_UP || conn->first) && nulls < 3 && !PQisBusy(conn->pq)) {
        PGresult *result = PQgetResult(conn->pq);
        nulls = result ? 0 : nulls + 1;
        if (result && PQstatus(conn->pq) == CONNECTION_BAD && !*pg_sqlstate(result) &&
            PQresultStatus(result) == PGRES_FATAL_ERROR) { /* libpq's own: no answer, but the end of the connection */
            PQclear(result);
            break;
        }
        if (conn->state == PG_SETTING_UP) {
            if (result)
                setup_result(conn, result);
        } else {
            unit_result(conn, result);
        }
    }
    conn->in_callback = false;
    const char *reason = conn->drop_reason;
    conn->drop_reason = NULL;
    if (reason)
        pg_conn_drop(conn, reason);
}

static void take_notifications(pg_conn *conn) {
    bool any = false;
    for (PGnotify *note; (note = PQnotifies(conn->pq)); PQfreemem(note))
        any = true;
    if (any && conn->events.notify && conn->state == PG_READY)
        conn->events.notify(conn->events.arg);
}

static void readable(void *arg, unsigned events) {
    pg_conn *conn = arg;
    if ((events & PD_LOOP_READ) && !PQconsumeInput(conn->pq)) {
        /* What came before the end may still hold whole answers. */
        take_results(conn);
        if (conn->state != PG_DOWN)
            drop_pq(conn);
        return;
    }
    take_results(conn);
    if (conn->state == PG_DOWN)
        return;
    if (conn->class->listen)
        take_notifications(conn);
    if (conn->state == PG_DOWN)
        return;
    if (PQstatus(conn->pq) == CONNECTION_BAD)
        drop_pq(conn);
    else if (conn->want_write || conn->unflushed)
        flush(conn);
}

/* Text of the milliseconds a unit may still take, when the timeout of its class is not good enough for it: a fifth too
 * much is, which spares the calls with the default deadline a statement. */
static bool limited(const pg_conn *conn, const pg_unit *unit, char *text, size_t size) {
    uint64_t now = pd_loop_now(conn->loop), usual = conn->class->statement_timeout_ms;
    uint64_t left = unit->due_ms > now ? unit->due_ms - now : 1;
    if (left > conn->class->longest_ms)
        left = conn->class->longest_ms;
    if (!conn->class->longest_ms || !unit->due_ms || (left <= usual && left >= usual - usual / 5))
        return false;
    snprintf(text, size, "%llu", (unsigned long long)left);
    return true;
}

/* Has the query's text prepared, if this connection does not know it; `name` receives its name. */
static bool send_kept(pg_conn *conn, pg_unit *unit, const pg_query *query, char name[PG_KEPT_NAME]) {
    char old[PG_KEPT_NAME], drop[PG_KEPT_NAME + 16];
    if (pg_kept_use(conn->kept, query->sql, name, old))
        return true;
    if (*old) {
        unit->before++;
        snprintf(drop, sizeof drop, "DEALLOCATE %s", old);
        if (!PQsendQueryParams(conn->pq, drop, 0, NULL, NULL, NULL, NULL, 0))
            return false;
    }
    unit->before++;
    return PQsendPrepare(conn->pq, name, query->sql, query->n, query->types) == 1;
}

/* `name`: of a kept text. */
static bool send_query(pg_conn *conn, const pg_query *query, const char *name) {
    if (!query->name && !query->keep)
        return PQsendQueryParams(conn->pq, query->sql, query->n, query->types, query->values, query->lengths,
                                 query->formats, query->binary) == 1;
    return PQsendQueryPrepared(conn->pq, query->keep ? name : query->name, query->n, query->values, query->lengths,
                               query->formats, query->binary) == 1;
}

void pg_conn_send(pg_conn *conn, pg_unit *unit) {
    unit->conn = conn;
    unit->at = 0;
    unit->error = NULL;
    unit->refused = false;
    for (size_t i = 0; i < unit->n; i++)
        unit->results[i] = NULL;
    unit->next = NULL;
    unit->prev = conn->last;
    if (conn->last)
        conn->last->next = unit;
    else
        conn->first = unit;
    conn->last = unit;
    conn->busy++;
    conn->unflushed = true;
    char text[24];
    const char *values[] = {text};
    unit->before = limited(conn, unit, text, sizeof text);
    bool sent = !unit->before || PQsendQueryParams(conn->pq, "SELECT set_config('statement_timeout', $1, true)", 1,
                                                   NULL, values, NULL, NULL, 0);
    char names[unit->n + 1][PG_KEPT_NAME];
    for (size_t i = 0; sent && i < unit->n; i++)
        sent = !unit->queries[i].keep || send_kept(conn, unit, &unit->queries[i], names[i]);
    for (size_t i = 0; sent && i < unit->n; i++)
        sent = send_query(conn, &unit->queries[i], names[i]);
    if (!sent || !PQpipelineSync(conn->pq))
        pg_conn_drop(conn, "sending failed");
}

void pg_conn_flush(pg_conn *conn) {
    if (conn->unflushed && conn->pq)
        flush(conn);
}

pg_conn *pg_conn_new(pd_loop *loop, const pg_class *class, const pg_conn_events *events) {
    pg_conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        abort();
    conn->loop = loop;
    conn->class = class;
    conn->events = *events;
    conn->kept = pg_kept_new();
    try_connect(conn);
    return conn;
}

void pg_conn_free(pg_conn *conn) {
    if (!conn)
        return;
    pd_timer_stop(conn->loop, &conn->timer);
    pd_watch_free(conn->watch);
    PQfinish(conn->pq);
    conn->pq = NULL;
    set_state(conn, PG_DOWN);
    while (conn->first)
        finish(conn, PG_LOST);
    pg_kept_free(conn->kept);
    free(conn);
}
