/* migrate: brings the schema forward, says what it did, and lets only one at a time do so. */
#include "server/commands.h"
#include "server/migrations.h"
#include "server/settings.h"

#include "pendientes/config.h"

#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PROGRESS_S = 10 };

typedef struct migrate_settings {
    const char *database, *migrations_dir;
    bool dry_run;
} migrate_settings;

static const pd_setting table[] = {
    {.name = "database",
     .kind = PD_SETTING_TEXT,
     .offset = offsetof(migrate_settings, database),
     .required = true,
     .secret = true,
     .help = "PostgreSQL URL or conninfo"},
    {.name = "migrations-dir",
     .kind = PD_SETTING_TEXT,
     .offset = offsetof(migrate_settings, migrations_dir),
     .help = "directory of NNNN_name.sql (default: beside the installed program)"},
    {.name = "dry-run",
     .kind = PD_SETTING_BOOL,
     .offset = offsetof(migrate_settings, dry_run),
     .fallback = "off",
     .help = "only say what would be done"},
    {0},
};

static bool run(PGconn *conn, const char *sql, const char **error, pd_arena *arena) {
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!ok)
        *error = pd_arena_strdup(arena, PQerrorMessage(conn));
    PQclear(result);
    return ok;
}

static bool lock(PGconn *conn, const char **error, pd_arena *arena) {
    static const char key[] = "7264001982346";
    PGresult *result = PQexec(conn, pd_arena_printf(arena, "SELECT pg_try_advisory_lock(%s)", key));
    bool mine = PQresultStatus(result) == PGRES_TUPLES_OK && PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    if (mine)
        return true;
    printf("another migration is under way; waiting for it\n");
    fflush(stdout);
    return run(conn, pd_arena_printf(arena, "SELECT pg_advisory_lock(%s)", key), error, arena);
}

/* Tells now and then that it is still at work. */
static void wait_for(PGconn *conn) {
    struct pollfd ready = {.fd = PQsocket(conn), .events = POLLIN};
    for (int seconds = 0; PQisBusy(conn);) {
        int rc = poll(&ready, 1, PROGRESS_S * 1000);
        if (rc == 0) {
            printf("%d s … ", seconds += PROGRESS_S);
            fflush(stdout);
        } else if (rc > 0 && !PQconsumeInput(conn))
            return;
    }
}

/* Where in the file, if PostgreSQL tells: it counts characters. */
static int line_of(const char *text, const char *position) {
    int line = 1;
    for (long left = position ? atol(position) - 1 : 0; left > 0 && *text; text++) {
        line += *text == '\n';
        left -= (text[1] & 0xc0) != 0x80;
    }
    return position ? line : 0;
}

static bool run_file(PGconn *conn, const sv_migration *m, const char **error, pd_arena *arena) {
    if (!PQsendQuery(conn, m->text)) {
        *error = pd_arena_strdup(arena, PQerrorMessage(conn));
        return false;
    }
    wait_for(conn);
    for (PGresult *result; (result = PQgetResult(conn)); PQclear(result)) {
        if (*error || PQresultStatus(result) != PGRES_FATAL_ERROR)
            continue;
        int line = line_of(m->text, PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION));
        const char *what = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        *error = pd_arena_printf(arena, "%s: %s", line ? pd_arena_printf(arena, "%s:%d", m->name, line) : m->name,
                                 what ? what : PQresultErrorMessage(result));
    }
    if (!*error && PQtransactionStatus(conn) != PQTRANS_INTRANS)
        *error = pd_arena_printf(arena, "%s ends its transaction itself; undo by hand what it did", m->name);
    return !*error;
}

static bool record(PGconn *conn, const sv_migration *m, const char **error, pd_arena *arena) {
    const char *values[] = {pd_arena_printf(arena, "%d", m->number), m->name, m->digest};
    PGresult *result = PQexecParams(conn, "INSERT INTO migraciones (numero, nombre, sha256) VALUES ($1, $2, $3)", 3,
                                    NULL, values, NULL, NULL, 0);
    bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (!ok)
        *error = pd_arena_strdup(arena, PQerrorMessage(conn));
    PQclear(result);
    return ok;
}

static bool apply(PGconn *conn, const sv_migration *m, const char **error, pd_arena *arena) {
    struct timespec start, end;
    printf("%s … ", m->name);
    fflush(stdout);
    clock_gettime(CLOCK_MONOTONIC, &start);
    bool ok = run(conn, "BEGIN", error, arena) && run(conn, "SET LOCAL lock_timeout = '10s'", error, arena) &&
              run_file(conn, m, error, arena) && record(conn, m, error, arena) && run(conn, "COMMIT", error, arena);
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (ok)
        printf("applied in %.0f ms\n",
               (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) / 1e6);
    else
        printf("failed\n");
    fflush(stdout);
    return ok;
}

static bool migrate(const migrate_settings *settings, PGconn *conn, pd_arena *arena, const char **error) {
    sv_migrations migrations;
    size_t done;
    const char *dir = settings->migrations_dir ? settings->migrations_dir : sv_share_dir("migrations");
    if (!dir) {
        *error = "--migrations-dir is missing";
        return false;
    }
    if (!sv_migrations_read(dir, arena, &migrations, error))
        return false;
    if (PQstatus(conn) != CONNECTION_OK) {
        *error = pd_arena_strdup(arena, PQerrorMessage(conn));
        return false;
    }
    if (!run(conn, "SET client_min_messages = warning", error, arena))
        return false;
    if (!settings->dry_run &&
        (!lock(conn, error, arena) || !run(conn,
                                           "CREATE TABLE IF NOT EXISTS migraciones (numero int PRIMARY KEY, nombre "
                                           "text NOT NULL, sha256 text NOT NULL,"
                                           " aplicada timestamptz NOT NULL DEFAULT clock_timestamp())",
                                           error, arena)))
        return false;
    if (!sv_migrations_done(&migrations, conn, arena, &done, error))
        return false;
    if (done == migrations.n)
        printf("nothing to do: all %zu migrations are applied\n", done);
    for (size_t i = done; i < migrations.n; i++) {
        if (settings->dry_run)
            printf("%s would be applied\n", migrations.at[i].name);
        else if (!apply(conn, &migrations.at[i], error, arena))
            return false;
    }
    return true;
}

static const char USAGE[] = "usage: pendientes-server migrate [--setting value ...]\n\n"
                            "Brings the database's schema forward; safe to run again.";

int sv_migrate(int argc, char **argv) {
    migrate_settings settings = {0};
    pd_config_end config = pd_config_read("pendientes-server migrate", USAGE, table, &settings, argc, argv);
    if (config != PD_CONFIG_GO)
        return (int)config;
    pd_arena *arena = pd_arena_new();
    const char *error = NULL;
    PGconn *conn = PQconnectdb(settings.database);
    bool ok = migrate(&settings, conn, arena, &error);
    if (!ok)
        fprintf(stderr, "pendientes-server migrate: %.*s\n", (int)strcspn(error, "\n"), error);
    PQfinish(conn);
    pd_arena_free(arena);
    return ok ? 0 : 1;
}
