#include "server/pg/kept.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    uint64_t hash, used;
    char *sql;
    char name[PG_KEPT_NAME];
} entry;

struct pg_kept {
    entry entries[PG_KEPT_MAX];
    size_t n;
    uint64_t uses, names;
};

pg_kept *pg_kept_new(void) {
    pg_kept *kept = calloc(1, sizeof *kept);
    if (!kept)
        abort();
    return kept;
}

void pg_kept_clear(pg_kept *kept) {
    while (kept->n)
        free(kept->entries[--kept->n].sql);
}

void pg_kept_free(pg_kept *kept) {
    if (!kept)
        return;
    pg_kept_clear(kept);
    free(kept);
}

static uint64_t hash_of(const char *text) { /* FNV-1a: it only spares comparisons */
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return hash;
}

/* A free entry, or the one that was not used for longest. */
static entry *make_room(pg_kept *kept, char old[PG_KEPT_NAME]) {
    if (kept->n < PG_KEPT_MAX)
        return &kept->entries[kept->n++];
    entry *oldest = kept->entries;
    for (size_t i = 1; i < kept->n; i++)
        if (kept->entries[i].used < oldest->used)
            oldest = &kept->entries[i];
    memcpy(old, oldest->name, PG_KEPT_NAME);
    free(oldest->sql);
    return oldest;
}

bool pg_kept_use(pg_kept *kept, const char *sql, char name[PG_KEPT_NAME], char old[PG_KEPT_NAME]) {
    uint64_t hash = hash_of(sql);
    old[0] = '\0';
    for (size_t i = 0; i < kept->n; i++) {
        entry *e = &kept->entries[i];
        if (e->hash == hash && strcmp(e->sql, sql) == 0) {
            e->used = ++kept->uses;
            memcpy(name, e->name, PG_KEPT_NAME);
            return true;
        }
    }
    entry *e = make_room(kept, old);
    *e = (entry){.hash = hash, .used = ++kept->uses, .sql = strdup(sql)};
    if (!e->sql)
        abort();
    snprintf(e->name, sizeof e->name, "k%llu", (unsigned long long)++kept->names);
    memcpy(name, e->name, PG_KEPT_NAME);
    return false;
}
