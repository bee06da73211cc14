/* errors: what PostgreSQL refuses, as a status. A constraint's name gives status, field and message by one table
 * (sql/interno/restricciones.txt: data, so that a new constraint needs no C); anything else goes by its SQLSTATE. No
 * SQL and no value of PostgreSQL's message reaches the client. */
#ifndef SERVER_PG_ERRORS_H
#define SERVER_PG_ERRORS_H

#include "pendientes/status.h"

#include <libpq-fe.h>

typedef struct pg_errors pg_errors;

/* NULL and *error (arena) naming file and line when the table cannot be read. Everything lives in the arena. */
pg_errors *pg_errors_load(const char *path, pd_arena *arena, const char **error);
/* Sets `status` from a failed result. True when the refusal is a constraint's of the table: a rule of the contract, not
 * a fault. */
bool pg_errors_status(const pg_errors *errors, const PGresult *result, pd_arena *arena, pd_status *status);
/* The names in the table, for `check`: the i-th, NULL past the end. */
const char *pg_errors_name(const pg_errors *errors, size_t i);

#endif
