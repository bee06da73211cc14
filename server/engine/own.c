#include "server/engine/own.h"

#include "server/engine/statements.h"

#include <stdlib.h>
#include <string.h>

static const char LOCK[] = "-- lock ";

static const char *const names[EN_N_OWN] = {
    [EN_OWN_ATTEMPT] = "ingreso_anotar",        [EN_OWN_ADMIT] = "ingreso_admitir",
    [EN_OWN_SWEEP_ATTEMPTS] = "ingreso_barrer", [EN_OWN_SWEEP_KEYS] = "claves_barrer",
    [EN_OWN_SWEEP_FILES] = "archivos_barrer",   [EN_OWN_NUMBER_EVENTS] = "eventos_numerar",
    [EN_OWN_READ_EVENTS] = "eventos_leer",      [EN_OWN_SWEEP_EVENTS] = "eventos_barrer",
};

/* Indices into `prepares`; lock -1: none. */
typedef struct own_statement {
    int lock, main;
} own_statement;

struct en_own {
    own_statement statements[EN_N_OWN];
    pg_prepare prepares[2 * EN_N_OWN];
    size_t n;
};

/* The highest $n of the text. */
static int count_parameters(const char *sql) {
    int most = 0;
    for (const char *at = sql; (at = strchr(at, '$')); at++) {
        int n = atoi(at + 1);
        if (n > most)
            most = n;
    }
    return most;
}

static int add(en_own *own, const char *name, const char *sql) {
    own->prepares[own->n] = (pg_prepare){.name = name, .sql = sql, .n = count_parameters(sql)};
    return (int)own->n++;
}

static bool load_one(en_own *own, en_own_id id, const char *dir, pd_arena *arena, const char **error) {
    const char *path = pd_arena_printf(arena, "%s/interno/%s.sql", dir, names[id]);
    char *text = en_file_read(path, arena, error);
    if (!text)
        return false;
    own->statements[id].lock = -1;
    if (strncmp(text, LOCK, sizeof LOCK - 1) == 0) {
        char *end = strchr(text, '\n');
        if (!end) {
            *error = pd_arena_printf(arena, "%s: a lock without a statement", path);
            return false;
        }
        *end = 0;
        own->statements[id].lock =
            add(own, pd_arena_printf(arena, "interno/%s/lock", names[id]), text + sizeof LOCK - 1);
        text = end + 1;
    }
    own->statements[id].main = add(own, pd_arena_printf(arena, "interno/%s", names[id]), text);
    return true;
}

en_own *en_own_load(const char *dir, pd_arena *arena, const char **error) {
    en_own *own = pd_arena_zalloc(arena, sizeof *own);
    for (int id = 0; id < EN_N_OWN; id++)
        if (!load_one(own, (en_own_id)id, dir, arena, error))
            return NULL;
    return own;
}

bool en_own_describe(const en_own *own, PGconn *conn, pd_arena *arena, const char **error) {
    for (size_t i = 0; i < own->n && !*error; i++) {
        const pg_prepare *p = &own->prepares[i];
        PGresult *prepared = PQprepare(conn, p->name, p->sql, 0, NULL), *described = PQdescribePrepared(conn, p->name);
        if (PQresultStatus(prepared) != PGRES_COMMAND_OK)
            *error = pd_arena_printf(arena, "%s: %s", p->name, PQresultErrorMessage(prepared));
        else if (PQnparams(described) != p->n)
            *error = pd_arena_printf(arena, "%s: parameters are not numbered through", p->name);
        PQclear(prepared);
        PQclear(described);
    }
    return !*error;
}

const pg_prepare *en_own_prepares(const en_own *own, size_t *n) {
    *n = own->n;
    return own->prepares;
}

pg_prepare en_own_prepare(const en_own *own, en_own_id id) {
    return own->prepares[own->statements[id].main];
}

static pg_query query(const en_own *own, int index, const char *const *values) {
    const pg_prepare *p = &own->prepares[index];
    return (pg_query){.name = p->name, .n = p->n, .values = values};
}

bool en_own_start(const en_own *own, pg_lanes *lanes, en_own_id id, const char *const *values, en_own_run *run) {
    const own_statement *statement = &own->statements[id];
    size_t n = 0;
    if (statement->lock >= 0)
        run->queries[n++] = query(own, statement->lock, values);
    run->queries[n++] = query(own, statement->main, values);
    run->unit = (pg_unit){.queries = run->queries,
                          .n = n,
                          .results = run->results,
                          .due_ms = run->unit.due_ms,
                          .fn = run->unit.fn,
                          .arg = run->unit.arg};
    return pg_lanes_add(lanes, PG_LANE_OWN, &run->unit);
}

const PGresult *en_own_rows(const pg_unit *unit) {
    return unit->results[unit->n - 1];
}
