#include "server/import/seal.h"

#include "server/engine/protect.h"

#include <stdlib.h>
#include <string.h>

/* One row for COPY: table, order, \\x and hex digits. */
static const char *sealed_row(im_target *t, const en_keys *keys, const PGresult *rows, int i, pd_arena *arena) {
    pd_status status = {0};
    uint8_t *sealed;
    size_t len;
    int64_t order = strtoll(PQgetvalue(rows, i, 2), NULL, 10);
    if (!en_seal(keys, PQgetvalue(rows, i, 1), order, PQgetvalue(rows, i, 3), arena, &sealed, &len, &status)) {
        im_fail(t, "%s", status.message);
        return NULL;
    }
    char *hex = pd_arena_alloc(arena, 2 * len + 1);
    for (size_t b = 0; b < len; b++) {
        hex[2 * b] = "0123456789abcdef"[sealed[b] >> 4];
        hex[2 * b + 1] = "0123456789abcdef"[sealed[b] & 15];
    }
    hex[2 * len] = 0;
    return pd_arena_printf(arena, "%s\t%lld\t\\\\x%s\n", PQgetvalue(rows, i, 0), (long long)order, hex);
}

static bool store(im_target *t, const en_keys *keys, const PGresult *rows) {
    PGresult *copy = PQexec(t->conn, "COPY sellados FROM STDIN");
    bool good = PQresultStatus(copy) == PGRES_COPY_IN;
    if (!good)
        im_fail_result(t, t->conn, copy, NULL);
    PQclear(copy);
    if (!good)
        return false;
    pd_arena *arena = pd_arena_new();
    for (int i = 0; i < PQntuples(rows) && !t->error; i++, pd_arena_reset(arena)) {
        const char *row = sealed_row(t, keys, rows, i, arena);
        if (row && PQputCopyData(t->conn, row, (int)strlen(row)) != 1)
            im_fail(t, "database: the connection was lost");
    }
    pd_arena_free(arena);
    PQputCopyEnd(t->conn, t->error ? "aborted" : NULL);
    for (PGresult *result; (result = PQgetResult(t->conn)); PQclear(result))
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            im_fail_result(t, t->conn, result, NULL);
    return !t->error;
}

bool im_seal(im_target *target, const en_keys *keys) {
    im_doing(target, "sealing the PPPoE passwords");
    bool more =
        im_exec(target, "DECLARE sellar NO SCROLL CURSOR FOR SELECT tabla, campo, pendiente_id, texto FROM por_sellar");
    while (more) {
        PGresult *rows = im_query(target, "FETCH 5000 FROM sellar");
        more = rows && PQntuples(rows) > 0 && store(target, keys, rows);
        if (more)
            im_tick(target, (uint64_t)PQntuples(rows));
        PQclear(rows);
    }
    return !target->error && im_exec(target, "CLOSE sellar; ANALYZE sellados");
}
