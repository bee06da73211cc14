#include "server/import/target.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { QUIET_MS = 2000 };

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool im_fail(im_target *t, const char *format, ...) {
    if (!t->error) {
        va_list args;
        va_start(args, format);
        t->error = pd_arena_vprintf(t->arena, format, args);
        va_end(args);
    }
    return false;
}

void im_doing(im_target *t, const char *what) {
    t->doing = what;
    t->rows = 0;
    t->since_ms = t->told_ms = now_ms();
}

void im_tick(im_target *t, uint64_t rows) {
    uint64_t now = now_ms();
    t->rows += rows;
    if (now - t->told_ms < QUIET_MS)
        return;
    t->told_ms = now;
    printf("  %s … %llu s", t->doing, (unsigned long long)(now - t->since_ms) / 1000);
    if (t->rows)
        printf(", %llu rows", (unsigned long long)t->rows);
    putchar('\n');
    fflush(stdout);
}

/* The context tells table, line and column, and then quotes the value. */
bool im_fail_result(im_target *t, PGconn *conn, const PGresult *result, const char *where) {
    const char *what = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
               *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
    if (!what)
        what = PQerrorMessage(conn);
    bool copying = context && strncmp(context, "COPY ", 5) == 0;
    const char *end = copying ? strstr(context, ": \"") : NULL;
    return im_fail(t, "%s%s%.*s%s%.*s", where ? where : "", where ? ": " : "", (int)strcspn(what, "\n"), what,
                   copying ? " in " : "", copying ? (int)(end ? (size_t)(end - context) : strcspn(context, "\n")) : 0,
                   copying ? context : "");
}

static void wait_for(im_target *t) {
    struct pollfd ready = {.fd = PQsocket(t->conn), .events = POLLIN};
    while (PQisBusy(t->conn)) {
        if (poll(&ready, 1, QUIET_MS / 4) > 0 && !PQconsumeInput(t->conn))
            return;
        im_tick(t, 0);
    }
}

static bool failed(const PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
}

/* The last result of the statements. */
static PGresult *run(im_target *t, const char *sql) {
    PGresult *last = NULL;
    if (!PQsendQuery(t->conn, sql)) {
        im_fail(t, "database: %.*s", (int)strcspn(PQerrorMessage(t->conn), "\n"), PQerrorMessage(t->conn));
        return NULL;
    }
    for (;;) {
        wait_for(t);
        PGresult *result = PQgetResult(t->conn);
        if (!result)
            break;
        if (failed(result))
            im_fail_result(t, t->conn, result, NULL);
        PQclear(last);
        last = result;
    }
    if (t->error) {
        PQclear(last);
        last = NULL;
    }
    return last;
}

bool im_exec(im_target *t, const char *sql) {
    PGresult *result = run(t, sql);
    PQclear(result);
    return !t->error;
}

PGresult *im_query(im_target *t, const char *sql) {
    return run(t, sql);
}
