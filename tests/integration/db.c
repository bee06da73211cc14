#include "tests/integration/db.h"

#include "tests/integration/up.h"

#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static PGconn *conn;

static bool connected(void *arg) {
    (void)arg;
    if (conn && PQstatus(conn) == CONNECTION_OK)
        return true;
    PQfinish(conn);
    conn = PQconnectdb(up_env("PENDIENTES_DATABASE"));
    PQclear(PQexec(conn, "SET client_min_messages = warning"));
    return PQstatus(conn) == CONNECTION_OK;
}

/* A connection that was cut (some tests kill PostgreSQL) is made again, and what it was asked is asked again once. */
static PGresult *run(const char *format, va_list args) {
    char text[8192];
    vsnprintf(text, sizeof text, format, args);
    for (int tries = 0;; tries++) {
        up_wait(20000, connected, NULL);
        PGresult *result = PQexec(conn, text);
        if (PQstatus(conn) == CONNECTION_OK || tries)
            return result;
        PQclear(result);
    }
}

static bool good(const PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

const char *db_value(const char *format, ...) {
    static char values[8][4096];
    static int next;
    va_list args;
    va_start(args, format);
    PGresult *result = run(format, args);
    va_end(args);
    if (!good(result)) {
        fprintf(stderr, "db: %s: %s\n", format, PQerrorMessage(conn));
        exit(2);
    }
    char *value = values[next++ % 8];
    snprintf(value, sizeof values[0], "%s", PQntuples(result) && PQnfields(result) ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return value;
}

long long db_number(const char *format, ...) {
    char text[8192];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return atoll(db_value("%s", text));
}

bool db_try(const char *format, ...) {
    va_list args;
    va_start(args, format);
    PGresult *result = run(format, args);
    va_end(args);
    bool ok = good(result);
    PQclear(result);
    return ok;
}

void db_support(void) {
    FILE *f = fopen(SOURCE_DIR "/tests/cases/apoyo.sql", "r");
    char *text = calloc(1, 1 << 16);
    if (!f || !fread(text, 1, (1 << 16) - 1, f)) {
        fprintf(stderr, "db: no apoyo.sql\n");
        exit(2);
    }
    fclose(f);
    if (!conn)
        db_value("SELECT 1");
    PGresult *result = PQexec(conn, text);
    if (!good(result)) {
        fprintf(stderr, "db: apoyo.sql: %s\n", PQerrorMessage(conn));
        exit(2);
    }
    PQclear(result);
    free(text);
}

const char *db_fingerprint(void) {
    return db_value("SELECT prueba.huella()");
}
