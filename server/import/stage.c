#include "server/import/stage.h"

#include <string.h>

static const char *quoted(im_target *t, const char *name, bool literal) {
    char *text =
        literal ? PQescapeLiteral(t->conn, name, strlen(name)) : PQescapeIdentifier(t->conn, name, strlen(name));
    const char *copy = text ? pd_arena_strdup(t->arena, text) : NULL;
    PQfreemem(text);
    if (!copy)
        im_fail(t, "the source has a name that cannot be read");
    return copy;
}

static const char *joined(im_target *t, const char *const *names, size_t n, bool literal) {
    const char *list = "";
    for (size_t i = 0; i < n && !t->error; i++)
        list = pd_arena_printf(t->arena, "%s%s%s", list, i ? ", " : "", quoted(t, names[i], literal));
    return list;
}

/* What the staging table lacks of them becomes text. */
static bool add_columns(im_stage *s, const char *staging, const char *const *columns, size_t n) {
    im_target *t = s->target;
    const char *add = "";
    for (size_t i = 0; i < n && !t->error; i++)
        add = pd_arena_printf(t->arena, "%s%sADD COLUMN IF NOT EXISTS %s text", add, i ? ", " : "",
                              quoted(t, columns[i], false));
    return !t->error && im_exec(t, pd_arena_printf(t->arena, "ALTER TABLE %s %s", staging, add));
}

static bool begin_copy(im_stage *s, const char *staging, const char *const *columns, size_t n) {
    im_target *t = s->target;
    PGresult *result =
        PQexec(t->conn, pd_arena_printf(t->arena, "COPY %s (%s) FROM STDIN", staging, joined(t, columns, n, false)));
    if (PQresultStatus(result) != PGRES_COPY_IN)
        im_fail_result(t, t->conn, result, NULL);
    PQclear(result);
    return !t->error;
}

bool im_stage_open(im_stage *s, im_target *target, const char *table, const char *const *columns, size_t n) {
    im_target *t = target;
    *s = (im_stage){.target = t, .table = pd_arena_strdup(t->arena, table)};
    const char *staging = pd_arena_printf(t->arena, "origen_%s", table);
    s->columns = pd_arena_printf(t->arena, "ARRAY[%s]::text[]", joined(t, columns, n, true));
    im_doing(t, pd_arena_printf(t->arena, "reading %s", table));
    const char *name = quoted(t, table, true), *relation = quoted(t, staging, false);
    if (t->error)
        return false;
    PGresult *seen = im_query(t, pd_arena_printf(t->arena,
                                                 "SELECT EXISTS (SELECT FROM leidas WHERE tabla = %s),"
                                                 " to_regclass('pg_temp.' || quote_ident('origen_' || %s)) IS NOT NULL",
                                                 name, name));
    if (!seen)
        return false;
    bool twice = *PQgetvalue(seen, 0, 0) == 't';
    s->known = *PQgetvalue(seen, 0, 1) == 't';
    PQclear(seen);
    if (twice)
        return im_fail(t, "the source has the table %s twice", table);
    if (!s->known || n == 0)
        return true;
    relation = pd_arena_printf(t->arena, "pg_temp.%s", relation);
    return add_columns(s, relation, columns, n) && begin_copy(s, relation, columns, n);
}

/* After a failed send the server's own reason, if it gave one, is in the result. */
static bool end_copy(im_stage *s, const char *reason) {
    im_target *t = s->target;
    PQputCopyEnd(t->conn, reason);
    for (PGresult *result; (result = PQgetResult(t->conn)); PQclear(result))
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            im_fail_result(t, t->conn, result, NULL);
    return !t->error;
}

bool im_stage_row(im_stage *s, const char *line, size_t len) {
    s->rows++;
    im_tick(s->target, 1);
    if (!s->known || PQputCopyData(s->target->conn, line, (int)len) == 1)
        return true;
    end_copy(s, "aborted");
    return im_fail(s->target, "database: the connection was lost");
}

bool im_stage_close(im_stage *s) {
    im_target *t = s->target;
    if (s->known && !end_copy(s, NULL))
        return false;
    return im_exec(t, pd_arena_printf(t->arena, "INSERT INTO leidas VALUES (%s, %s, %llu)", quoted(t, s->table, true),
                                      s->columns, (unsigned long long)s->rows));
}
