#include "server/import/live.h"

#include "server/import/stage.h"

#include <string.h>

enum { MAX_COLUMNS = 1600 };

static bool begin(im_target *t, PGconn *source, const char *zone) {
    static const char *const settings[] = {"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                                           "SET LOCAL DateStyle = 'ISO'", "SET LOCAL statement_timeout = 0"};
    for (size_t i = 0; i < sizeof settings / sizeof *settings && !t->error; i++) {
        PGresult *result = PQexec(source, settings[i]);
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            im_fail_result(t, source, result, "source");
        PQclear(result);
    }
    PGresult *result = PQexecParams(source, "SELECT set_config('TimeZone', $1, true)", 1, NULL, &zone, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        im_fail_result(t, source, result, "source");
    PQclear(result);
    return !t->error;
}

static bool start_copy(im_target *t, PGconn *source, const char *schema, const char *table, const char *const *columns,
                       size_t n) {
    const char *list = "";
    char *q = NULL;
    for (size_t i = 0; i < n; i++, PQfreemem(q))
        list = pd_arena_printf(t->arena, "%s%s%s", list, i ? ", " : "",
                               q = PQescapeIdentifier(source, columns[i], strlen(columns[i])));
    char *s = PQescapeIdentifier(source, schema, strlen(schema)), *r = PQescapeIdentifier(source, table, strlen(table));
    PGresult *result = PQexec(source, pd_arena_printf(t->arena, "COPY %s.%s (%s) TO STDOUT", s, r, list));
    PQfreemem(s);
    PQfreemem(r);
    if (PQresultStatus(result) != PGRES_COPY_OUT)
        im_fail_result(t, source, result, "source");
    PQclear(result);
    return !t->error;
}

static bool copy_rows(im_target *t, PGconn *source, im_stage *stage) {
    char *row = NULL;
    int len;
    while (!t->error && (len = PQgetCopyData(source, &row, 0)) > 0) {
        im_stage_row(stage, row, (size_t)len);
        PQfreemem(row);
    }
    if (t->error)
        return false;
    if (len == -2)
        return im_fail(t, "source: %.*s", (int)strcspn(PQerrorMessage(source), "\n"), PQerrorMessage(source));
    for (PGresult *result; (result = PQgetResult(source)); PQclear(result))
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            im_fail_result(t, source, result, "source");
    return !t->error;
}

static bool read_table(im_target *t, PGconn *source, const char *schema, const char *table, const char *const *columns,
                       size_t n) {
    im_stage stage;
    return im_stage_open(&stage, t, table, columns, n) && start_copy(t, source, schema, table, columns, n) &&
           copy_rows(t, source, &stage) && im_stage_close(&stage);
}

static bool read_tables(im_target *t, PGconn *source, const char *schema) {
    PGresult *found = PQexecParams(source,
                                   "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = "
                                   "c.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE c.relnamespace = (SELECT oid "
                                   "FROM pg_namespace WHERE nspname = $1) AND c.relkind IN ('r', 'p') AND NOT "
                                   "c.relispartition ORDER BY c.relname, a.attnum",
                                   1, NULL, &schema, NULL, NULL, 0);
    int n = PQntuples(found);
    if (PQresultStatus(found) != PGRES_TUPLES_OK)
        im_fail_result(t, source, found, "source");
    else if (n == 0)
        im_fail(t, "source: there are no tables in the schema %s", schema);
    const char *columns[MAX_COLUMNS];
    for (int row = 0; row < n && !t->error;) {
        const char *table = PQgetvalue(found, row, 0);
        size_t count = 0;
        for (; row < n && strcmp(PQgetvalue(found, row, 0), table) == 0; row++)
            if (count < MAX_COLUMNS)
                columns[count++] = PQgetvalue(found, row, 1);
        read_table(t, source, schema, table, columns, count);
    }
    PQclear(found);
    return !t->error;
}

bool im_live_read(im_target *target, const char *url, const char *zone, const char *schema) {
    im_doing(target, "connecting to the source");
    const char *keys[] = {"dbname", "client_encoding", "fallback_application_name", NULL},
               *values[] = {url, "UTF8", "pendientes-import", NULL};
    PGconn *source = PQconnectdbParams(keys, values, 1);
    if (PQstatus(source) != CONNECTION_OK)
        im_fail(target, "source: %.*s", (int)strcspn(PQerrorMessage(source), "\n"), PQerrorMessage(source));
    bool good = !target->error && begin(target, source, zone) && read_tables(target, source, schema);
    PQfinish(source);
    return good;
}
