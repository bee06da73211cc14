#include "server/engine/statements.h"

#include "server/engine/decided.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MAX_FILE = 256 * 1024 };

struct en_statements {
    size_t n;
    en_statement **by_method; /* pd_n_methods, NULL for handwritten ones */
};

char *en_file_read(const char *path, pd_arena *arena, const char **error) {
    FILE *file = fopen(path, "re");
    if (!file) {
        *error = pd_arena_printf(arena, "%s: %s", path, strerror(errno));
        return NULL;
    }
    char *text = pd_arena_alloc(arena, MAX_FILE + 1);
    size_t len = fread(text, 1, MAX_FILE + 1, file);
    bool bad = ferror(file) || len > MAX_FILE || memchr(text, 0, len);
    fclose(file);
    if (bad) {
        *error = pd_arena_printf(arena, "%s: cannot be read, is too long or holds a NUL", path);
        return NULL;
    }
    text[len] = 0;
    return text;
}

static bool load_method(en_statements *set, const pd_method *method, const char *dir, bool by_hand, pd_arena *arena,
                        const char **error) {
    const char *path = pd_arena_printf(arena, "%s/%s/%s.sql", dir, method->service, method->name);
    FILE *file = fopen(path, "re");
    if (by_hand != method->by_hand) {
        *error = pd_arena_printf(arena, "%s: the contract and the server disagree on whether it is handwritten",
                                 method->full_name);
    } else if (!file) {
        if (by_hand && errno == ENOENT)
            return true;
        *error =
            pd_arena_printf(arena, "%s: method without statement (%s: %s)", method->full_name, path, strerror(errno));
    } else if (by_hand) {
        *error = pd_arena_printf(arena, "%s: a file for a handwritten method", path);
    }
    if (file)
        fclose(file);
    if (*error)
        return false;
    const char *text = en_file_read(path, arena, error);
    set->by_method[method->index] = text ? en_statement_parse(method, path, text, arena, error) : NULL;
    set->n += set->by_method[method->index] != NULL;
    return set->by_method[method->index] != NULL;
}

/* True when service and method (NULL: any) exist in the contract. */
static bool known(const char *service, const char *name) {
    for (size_t i = 0; i < pd_n_methods; i++)
        if (strcmp(pd_methods[i].service, service) == 0 && (!name || strcmp(pd_methods[i].name, name) == 0))
            return true;
    return false;
}

static bool check_service(const char *dir, const char *service, pd_arena *arena, const char **error) {
    const char *path = pd_arena_printf(arena, "%s/%s", dir, service);
    DIR *files = opendir(path);
    if (!files) {
        *error = pd_arena_printf(arena, "%s: %s", path, strerror(errno));
        return false;
    }
    for (struct dirent *entry; !*error && (entry = readdir(files));) {
        size_t len = strlen(entry->d_name);
        if (entry->d_name[0] == '.')
            continue;
        const char *name = len > 4 ? pd_arena_memdup(arena, entry->d_name, len - 4) : "";
        if (len <= 4 || strcmp(entry->d_name + len - 4, ".sql") != 0 || !known(service, name))
            *error = pd_arena_printf(arena, "%s/%s: file without a method", path, entry->d_name);
    }
    closedir(files);
    return !*error;
}

/* The handwritten methods' texts, and the rules of the import: nobody's methods. */
static bool is_own(const char *dir) {
    return strcmp(dir, "interno") == 0 || strcmp(dir, "importar") == 0;
}

static bool check_strays(const char *dir, pd_arena *arena, const char **error) {
    DIR *services = opendir(dir);
    if (!services) {
        *error = pd_arena_printf(arena, "%s: %s", dir, strerror(errno));
        return false;
    }
    for (struct dirent *entry; !*error && (entry = readdir(services));) {
        if (entry->d_name[0] == '.' || is_own(entry->d_name))
            continue;
        if (!known(entry->d_name, NULL))
            *error = pd_arena_printf(arena, "%s/%s: no service of that name", dir, entry->d_name);
        else
            check_service(dir, entry->d_name, arena, error);
    }
    closedir(services);
    return !*error;
}

/* A write's If-Match is worth what the lock holds still, and only the read knows what that is. */
static bool check_versions(const en_statements *set, pd_arena *arena, const char **error) {
    for (size_t i = 0; i < pd_n_methods; i++) {
        const pd_method *read = pd_methods[i].version;
        if (!read || en_statement_header(set->by_method[read->index])->has_lock)
            continue;
        *error =
            pd_arena_printf(arena, "%s: its statement needs a «-- lock», because it is the version of %s (If-Match)",
                            read->full_name, pd_methods[i].full_name);
        return false;
    }
    return true;
}

en_statements *en_statements_load(const char *dir, bool (*by_hand)(const pd_method *method), pd_arena *arena,
                                  const char **error) {
    *error = NULL;
    if (!check_strays(dir, arena, error))
        return NULL;
    en_statements *set = pd_arena_zalloc(arena, sizeof *set);
    set->by_method = pd_arena_zalloc(arena, pd_n_methods * sizeof *set->by_method);
    for (size_t i = 0; i < pd_n_methods; i++)
        if (!load_method(set, &pd_methods[i], dir, by_hand(&pd_methods[i]), arena, error))
            return NULL;
    return check_versions(set, arena, error) ? set : NULL;
}

bool en_statements_describe(en_statements *set, PGconn *conn, pd_arena *arena, const char **error) {
    for (size_t i = 0; i < pd_n_methods; i++)
        if (set->by_method[i] && !en_statement_describe(set->by_method[i], conn, arena, error))
            return false;
    return true;
}

const en_statement *en_statements_of(const en_statements *set, const pd_method *method) {
    return set->by_method[method->index];
}

size_t en_statements_count(const en_statements *set) {
    return set->n;
}

pg_lane_id en_statements_lane(const en_statement *statement) {
    const en_header *header = en_statement_header(statement);
    if (en_statement_method(statement)->carries_bytes)
        return PG_LANE_BYTES;
    if (header->write)
        return header->batch ? PG_LANE_BATCH : PG_LANE_WRITE;
    return header->coalesce >= 0 ? PG_LANE_READ : PG_LANE_SEARCH;
}

static bool runs_on(const en_statement *statement, pg_lane_id lane) {
    pg_lane_id own = en_statements_lane(statement);
    if (lane == PG_LANE_DECIDED)
        return en_decidable(en_statement_method(statement));
    return own == lane || (own == PG_LANE_READ && lane == PG_LANE_SLOW);
}

static pg_prepare prepare(const en_statement *statement, en_part part) {
    pg_prepare out = {.name = en_statement_name(statement, part), .sql = en_statement_sql(statement, part)};
    out.n = en_statement_types(statement, part, &out.types);
    return out;
}

const pg_prepare *en_statements_prepares(const en_statements *set, pg_lane_id lane, pd_arena *arena, size_t *n) {
    pg_prepare *list = pd_arena_alloc(arena, (2 * set->n + EN_N_TRIPS) * sizeof *list);
    *n = 0;
    for (size_t i = 0; i < pd_n_methods; i++) {
        const en_statement *statement = set->by_method[i];
        if (!statement || en_statement_paged(statement) || !runs_on(statement, lane))
            continue;
        const en_header *header = en_statement_header(statement);
        if (header->has_lock && (header->write || lane == PG_LANE_DECIDED))
            list[(*n)++] = prepare(statement, EN_LOCK);
        list[(*n)++] = prepare(statement, EN_MAIN);
    }
    if (lane == PG_LANE_DECIDED)
        for (size_t i = 0; i < EN_N_TRIPS; i++)
            list[(*n)++] = en_trips[i];
    return list;
}
