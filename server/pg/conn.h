/* conn: one libpq connection in pipeline mode on the core's loop: connects, sets its session up, prepares its class's
 * statements, runs units, and connects again when it is lost (the first time at once, then with growing pauses).
 *
 * A unit is one or more statements under one Sync, so one transaction unless they say BEGIN themselves. It is answered
 * at its Sync, never at a result: the commit is there, and results before a failing statement look good and are rolled
 * back. */
#ifndef SERVER_PG_CONN_H
#define SERVER_PG_CONN_H

#include "pendientes/loop.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pg_conn pg_conn;
typedef struct pg_unit pg_unit;

typedef struct pg_query {
    const char *name; /* as prepared on the connection's class; NULL: `sql`, parsed for this once */
    int n;
    const char *const *values;
    const int *lengths, *formats; /* NULL: all text */
    bool binary;                  /* results in binary */
    const char *sql;
    const Oid *types; /* with sql: 0 where PostgreSQL decides */
    bool keep;        /* `sql` is prepared when the connection first meets it, and kept while it is among the recent */
} pg_query;

typedef enum pg_end {
    PG_DONE,   /* the Sync came, no statement failed: what was written is stored */
    PG_FAILED, /* a statement or the Sync failed: nothing is stored; unit->error tells */
    PG_LOST,   /* sent, and the connection went before the Sync: the outcome is unknown */
    PG_UNSENT, /* never sent, never will be: nothing is stored */
} pg_end;

typedef void (*pg_unit_fn)(pg_unit *unit, pg_end end);

/* Memory of the unit, its queries and its `results` array is its owner's and stays valid until `fn`, which is called
 * exactly once. The results are cleared after `fn` returns. */
struct pg_unit {
    const pg_query *queries;
    size_t n;
    PGresult **results; /* room for n */
    PGresult *error;    /* the first failed result */
    bool rerun;         /* has no effect when cut off: run again on a new connection instead of PG_LOST */
    uint64_t due_ms;    /* not sent past it */
    pg_unit_fn fn;
    void *arg;
    /* Below: the lane's and the connection's. */
    pg_unit *next, *prev;
    pg_conn *conn; /* where it is, or was; set while `fn` runs */
    size_t at;     /* the statement whose results are coming */
    size_t before; /* statements of the connection's own in front of it whose results are still to come */
    bool queued;
    bool refused; /* `error` came from a statement: its transaction is certainly gone */
};

typedef struct pg_prepare {
    const char *name, *sql;
    int n;
    const Oid *types;
} pg_prepare;

/* What connections of one kind have in common. Lives as long as they. */
typedef struct pg_class {
    const char *name; /* "read": in application_name, logs, metrics */
    const char *url;
    const char *zone;
    const char *plan_cache_mode; /* auto, force_generic_plan, force_custom_plan */
    const char *listen;          /* channel; NULL: none */
    uint32_t statement_timeout_ms;
    uint32_t
        longest_ms; /* up to so much a unit's due time takes the timeout's place, by set_config; 0: it never does */
    const pg_prepare *prepares;
    size_t n_prepares;
} pg_class;

typedef struct pg_conn_events {
    void (*ready)(void *arg, pg_conn *conn);
    void (*lost)(void *arg, pg_conn *conn); /* it was ready; NULL: not wanted */
    void (*back)(void *arg,
                 pg_unit *unit); /* a unit that may run again, handed back at a loss; NULL: none has `rerun` */
    void (*notify)(void *arg);   /* some notification came; NULL: not wanted */
    void *arg;
} pg_conn_events;

typedef enum pg_state {
    PG_DOWN,       /* no libpq connection; a timer will try again */
    PG_CONNECTING, /* PQconnectPoll wants the socket */
    PG_SETTING_UP, /* session settings and prepared statements are on their way */
    PG_READY,      /* takes units */
    PG_N_STATES
} pg_state;

/* Starts connecting. Aborts only when memory is exhausted. */
pg_conn *pg_conn_new(pd_loop *loop, const pg_class *class, const pg_conn_events *events);
/* Units in flight end with PG_LOST (or go back). */
void pg_conn_free(pg_conn *conn);
pg_state pg_conn_state(const pg_conn *conn);
/* Units sent and not finished. */
size_t pg_conn_busy(const pg_conn *conn);
/* Only when ready; leaves with the next flush at the latest. A failure to send counts as a loss. */
void pg_conn_send(pg_conn *conn, pg_unit *unit);
/* Once per loop turn. */
void pg_conn_flush(pg_conn *conn);
/* The one teardown: whatever the reason, the connection is closed and tried again. */
void pg_conn_drop(pg_conn *conn, const char *reason);
/* SQLSTATE of a result, "" when it has none. */
const char *pg_sqlstate(const PGresult *result);

#endif
