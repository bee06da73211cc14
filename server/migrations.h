/* migrations: the files NNNN_name.sql of a directory, forward only, each in a transaction of its own with its row in
 * the table `migraciones` (number, name, SHA-256, when). Blocking libpq: for the subcommands and for the start. */
#ifndef SERVER_MIGRATIONS_H
#define SERVER_MIGRATIONS_H

#include "pendientes/arena.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sv_migration {
    int number;
    const char *name; /* file name */
    const char *text;
    char digest[65]; /* SHA-256 in hex */
} sv_migration;

typedef struct sv_migrations {
    size_t n;
    sv_migration *at; /* numbered 1, 2, 3 … without a gap */
} sv_migrations;

/* Reads the directory. False: *error (arena) names the file and the reason. */
bool sv_migrations_read(const char *dir, pd_arena *arena, sv_migrations *out, const char **error);
/* How many of them the database has, in *done. False: *error says what does not fit: a changed file, an unknown number.
 */
bool sv_migrations_done(const sv_migrations *migrations, PGconn *conn, pd_arena *arena, size_t *done,
                        const char **error);
/* False unless all of them are applied: the database of another version is not served. */
bool sv_migrations_current(PGconn *conn, const char *dir, pd_arena *arena, const char **error);

#endif
