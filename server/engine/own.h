/* own: the core's own statements, which belong to no method: one file each in sql/interno, prepared on the lane
 * PG_LANE_OWN like the methods' on theirs, and run from handlers and jobs.
 *
 * A file is one statement. Its parameters are $1, $2 …, each cast in the text (`$1::bytea`) and given as text. Its
 * first line may be `-- lock <one SELECT>`: that runs before it under the same Sync, so that the statement's snapshot
 * is younger than the lock; it takes the first of the same parameters. */
#ifndef SERVER_ENGINE_OWN_H
#define SERVER_ENGINE_OWN_H

#include "pendientes/arena.h"
#include "server/pg/lanes.h"

typedef enum en_own_id {
    EN_OWN_ATTEMPT,        /* records and judges an attempt to log in */
    EN_OWN_ADMIT,          /* takes it back: the password was right */
    EN_OWN_SWEEP_ATTEMPTS, /* those that no longer count */
    EN_OWN_SWEEP_KEYS,     /* idempotency keys that no longer count */
    EN_OWN_SWEEP_FILES,    /* uploads that were never finished */
    EN_OWN_NUMBER_EVENTS,  /* gives numbers to the events that are committed */
    EN_OWN_READ_EVENTS,    /* those behind a number */
    EN_OWN_SWEEP_EVENTS,   /* those that are kept no longer */
    EN_N_OWN
} en_own_id;

typedef struct en_own en_own; /* owned by the start-up arena, immutable */

/* Reads `dir`/interno. NULL and *error (arena, names the file) when a file is missing or misshapen. */
en_own *en_own_load(const char *dir, pd_arena *arena, const char **error);
/* Has `conn` type every one; blocking, start-up only. */
bool en_own_describe(const en_own *own, PGconn *conn, pd_arena *arena, const char **error);
/* What the connections of PG_LANE_OWN prepare. */
const pg_prepare *en_own_prepares(const en_own *own, size_t *n);
/* One that has no lock, for a connection outside the lanes. */
pg_prepare en_own_prepare(const en_own *own, en_own_id id);

/* One run. Memory of the caller, like what `unit` points at, until its fn was called. */
typedef struct en_own_run {
    pg_unit unit; /* due_ms, fn and arg are the caller's, the rest is filled in */
    pg_query queries[2];
    PGresult *results[2];
} en_own_run;

/* Queues it; `values` are as many as the statement has parameters. False: the queue is full, fn will not be called. */
bool en_own_start(const en_own *own, pg_lanes *lanes, en_own_id id, const char *const *values, en_own_run *run);
/* The rows of the statement itself, from within fn; only after PG_DONE. */
const PGresult *en_own_rows(const pg_unit *unit);

#endif
