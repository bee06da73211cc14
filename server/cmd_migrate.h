/* cmd_migrate: the schema's way forward: files NNNN_name.sql, from 1 and without gaps, each run in a transaction of its own
 * together with its row in the table `migraciones` (number, name, SHA-256, time). A file that was applied never changes.
 * The subcommand itself, sv_migrate, is declared in commands.h. */
#ifndef SERVER_CMD_MIGRATE_H
#define SERVER_CMD_MIGRATE_H

#include "pendientes/arena.h"
#include "server/settings.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* Is the database at least as far as the files of settings->migrations_dir (NULL: as installed), by the same bytes?
 * Blocking. False: *error (arena) says what is missing or differs. A database that is further is admitted: another
 * core's newer program went before. */
bool sv_migrations_current(PGconn *conn, const sv_settings *settings, pd_arena *arena, const char **error);

#endif
