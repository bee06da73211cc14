/* target: the database that is imported into: one connection and one transaction, the first failure as one line, and
 * what tells somebody who waits what is being done. Blocking; for the subcommand, one thread. The room is not in the
 * design's plan: the core alone has the keys that seal and the history's hash, so the data of a predecessor comes in
 * here. */
#ifndef SERVER_IMPORT_TARGET_H
#define SERVER_IMPORT_TARGET_H

#include "pendientes/arena.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct im_target {
    PGconn *conn;
    pd_arena *arena;   /* its owner's; only for what is bounded: names, texts of statements, the error */
    const char *error; /* the first failure; never a value of a row but what PostgreSQL's own message quotes */
    const char *doing;
    uint64_t since_ms, told_ms, rows;
} im_target;

/* Notes the failure unless there is one already. Always false. */
bool im_fail(im_target *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The step that begins now; whatever takes longer than two seconds is told on stdout from then on. */
void im_doing(im_target *t, const char *what);
/* Told as part of the step: `rows` more were read. */
void im_tick(im_target *t, uint64_t rows);
/* Runs one or several statements, ticking while it waits. */
bool im_exec(im_target *t, const char *sql);
/* The result of one query, for PQclear; NULL after a failure. */
PGresult *im_query(im_target *t, const char *sql);
/* Notes why a result of `conn` is a failure; `where` stands in front ("source"; NULL: nothing). Always false. */
bool im_fail_result(im_target *t, PGconn *conn, const PGresult *result, const char *where);

#endif
