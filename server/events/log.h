/* log: the events as this core has them. The table `eventos` is the log; here are its last thousands, in memory, read
 * by a connection that listens. It looks when another core has numbered something, when this core has written
 * something, and once a second by itself; each look numbers what is committed and reads what is new, under one Sync. So
 * thousands of waiters cost no statement each. Loop thread. */
#ifndef SERVER_EVENTS_LOG_H
#define SERVER_EVENTS_LOG_H

#include "pendientes/event.h"
#include "pendientes/loop.h"
#include "server/pg/conn.h"

typedef struct ev_log ev_log;

typedef struct ev_log_options {
    const char *url, *zone;
    pg_prepare number, read;  /* sql/interno/eventos_numerar.sql, eventos_leer.sql */
    void (*grown)(void *arg); /* new events are here */
    void *arg;
} ev_log_options;

ev_log *ev_log_new(pd_loop *loop, const ev_log_options *options);
/* NULL is allowed. */
void ev_log_free(ev_log *log);
/* Something was written here: look soon. At the end of a loop turn. */
void ev_log_wake(ev_log *log);

/* NULL until the first look has answered. */
const pd_events *ev_log_events(const ev_log *log);

/* The event in a row of eventos_leer, in the arena; NULL when the row has none (its number is NULL) or is not
 * understood. */
Pendientes__V1__EventoVisible *ev_read_row(const PGresult *rows, int row, pd_arena *arena);
/* `ultimo` and `primero` of the rows; 0: none. */
int64_t ev_read_head(const PGresult *rows);
int64_t ev_read_first(const PGresult *rows);

#endif
