/* statements: every method's statement and the core's own texts, loaded once at start and never changed. Methods
 * without a file (but the handwritten ones), files without a method, handwritten methods with a file, and every misfit
 * refuse to start. */
#ifndef SERVER_ENGINE_STATEMENTS_H
#define SERVER_ENGINE_STATEMENTS_H

#include "server/engine/statement.h"
#include "server/pg/lanes.h"

typedef struct en_statements en_statements;

/* Reads `dir`. `by_hand` says which methods have a handler instead. NULL and *error (arena) on the first misfit. */
en_statements *en_statements_load(const char *dir, bool (*by_hand)(const pd_method *method), pd_arena *arena,
                                  const char **error);
/* Has `conn` type and check every one; blocking. */
bool en_statements_describe(en_statements *set, PGconn *conn, pd_arena *arena, const char **error);

/* NULL for a handwritten method. */
const en_statement *en_statements_of(const en_statements *set, const pd_method *method);
size_t en_statements_count(const en_statements *set);
/* On which lane a method's statement runs, by its header alone. */
pg_lane_id en_statements_lane(const en_statement *statement);
/* What the connections of a lane prepare: the statements that run there and, on the decided lane, those of its trips.
 * `n` receives how many; memory from the arena. */
const pg_prepare *en_statements_prepares(const en_statements *set, pg_lane_id lane, pd_arena *arena, size_t *n);

/* The whole text of a file, NULL and *error when it cannot be read. */
char *en_file_read(const char *path, pd_arena *arena, const char **error);

#endif
