#include "server/pg/listen.h"

#include <stdlib.h>

enum { LOOK_EACH_MS = 500, ANSWER_WITHIN_MS = 1000 };

struct pg_listen {
    pd_loop *loop;
    pg_listen_options options;
    pg_class class;
    pg_prepare prepare;
    pg_conn *conn;
    pd_timer timer; /* the next look, or the limit of the one under way */
    pg_unit unit;
    pg_query query;
    PGresult *results[1];
    bool looking; /* the unit is in flight */
    bool again;   /* notified meanwhile: what is being read may be older than that */
    bool fresh;
};

static void look(void *arg);

bool pg_listen_fresh(const pg_listen *listen) {
    return listen->fresh;
}

static void stale(pg_listen *listen) {
    if (!listen->fresh)
        return;
    listen->fresh = false;
    listen->options.lost(listen->options.arg);
}

static void silent(void *arg) {
    pg_listen *listen = arg;
    stale(listen);
    pg_conn_drop(listen->conn, "no answer to the heartbeat");
}

static void looked(pg_unit *unit, pg_end end) {
    pg_listen *listen = unit->arg;
    listen->looking = false;
    pd_timer_stop(listen->loop, &listen->timer);
    if (end == PG_LOST)
        return;
    if (end != PG_DONE || !listen->options.users(listen->options.arg, unit->results[0])) {
        stale(listen);
        pg_conn_drop(listen->conn, "the users could not be read");
        return;
    }
    listen->fresh = true;
    if (listen->again)
        look(listen);
    else
        pd_timer_start(listen->loop, &listen->timer, LOOK_EACH_MS, look, listen);
}

static void look(void *arg) {
    pg_listen *listen = arg;
    if (pg_conn_state(listen->conn) != PG_READY)
        return;
    if (listen->looking) {
        listen->again = true;
        return;
    }
    listen->again = false;
    listen->looking = true;
    listen->unit =
        (pg_unit){.queries = &listen->query, .n = 1, .results = listen->results, .fn = looked, .arg = listen};
    pd_timer_start(listen->loop, &listen->timer, ANSWER_WITHIN_MS, silent, listen);
    pg_conn_send(listen->conn, &listen->unit);
    pg_conn_flush(listen->conn);
}

static void ready(void *arg, pg_conn *conn) {
    pg_listen *listen = arg;
    listen->conn = conn;
    look(listen);
}

static void lost(void *arg, pg_conn *conn) {
    (void)conn;
    pg_listen *listen = arg;
    pd_timer_stop(listen->loop, &listen->timer);
    stale(listen);
}

pg_listen *pg_listen_new(pd_loop *loop, const pg_listen_options *options) {
    pg_listen *listen = calloc(1, sizeof *listen);
    if (!listen)
        abort();
    listen->loop = loop;
    listen->options = *options;
    listen->prepare = (pg_prepare){.name = "usuarios", .sql = options->sql};
    listen->query = (pg_query){.name = "usuarios"};
    listen->class = (pg_class){.name = "listen",
                               .url = options->url,
                               .zone = options->zone,
                               .plan_cache_mode = "auto",
                               .listen = options->channel,
                               .statement_timeout_ms = 5000,
                               .prepares = &listen->prepare,
                               .n_prepares = 1};
    const pg_conn_events events = {.ready = ready, .lost = lost, .notify = look, .arg = listen};
    listen->conn = pg_conn_new(loop, &listen->class, &events);
    return listen;
}

void pg_listen_free(pg_listen *listen) {
    if (!listen)
        return;
    pd_timer_stop(listen->loop, &listen->timer);
    pg_conn_free(listen->conn);
    free(listen);
}
