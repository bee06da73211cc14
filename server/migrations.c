#include "server/migrations.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void digest(const char *text, char out[65]) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (!EVP_Digest(text, strlen(text), bytes, &n, EVP_sha256(), NULL))
        abort();
    for (unsigned i = 0; i < 32; i++)
        sprintf(out + 2 * i, "%02x", bytes[i]);
}

static const char *read_file(const char *path, pd_arena *arena, const char **error) {
    FILE *f = fopen(path, "re");
    struct stat about;
    char *text = NULL;
    if (f && fstat(fileno(f), &about) == 0) {
        text = pd_arena_alloc(arena, (size_t)about.st_size + 1);
        text[fread(text, 1, (size_t)about.st_size, f)] = 0;
    }
    if (!text || ferror(f))
        *error = pd_arena_printf(arena, "%s: %s", path, strerror(errno));
    else if (strlen(text) != (size_t)about.st_size)
        *error = pd_arena_printf(arena, "%s holds a NUL", path);
    if (f)
        fclose(f);
    return *error ? NULL : text;
}

static int is_sql(const struct dirent *entry) {
    size_t n = strlen(entry->d_name);
    return n > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 4, ".sql") == 0;
}

static bool is_numbered(const char *name) {
    return strspn(name, "0123456789") == 4 && name[4] == '_' && strlen(name) > 9;
}

bool sv_migrations_read(const char *dir, pd_arena *arena, sv_migrations *out, const char **error) {
    struct dirent **entries;
    int n = scandir(dir, &entries, is_sql, alphasort);
    *error = NULL;
    *out = (sv_migrations){0};
    if (n <= 0) {
        *error = pd_arena_printf(arena, "%s: %s", dir, n < 0 ? strerror(errno) : "no migrations there");
        return false;
    }
    out->at = pd_arena_zalloc(arena, (size_t)n * sizeof *out->at);
    for (int i = 0; i < n; i++) {
        sv_migration *m = &out->at[out->n++];
        m->name = pd_arena_strdup(arena, entries[i]->d_name);
        m->number = atoi(m->name);
        if (!*error && !is_numbered(m->name))
            *error = pd_arena_printf(arena, "%s/%s: a migration is named NNNN_name.sql", dir, m->name);
        if (!*error && m->number != i + 1)
            *error = pd_arena_printf(arena, "%s/%s: number %d was expected", dir, m->name, i + 1);
        if (!*error)
            m->text = read_file(pd_arena_printf(arena, "%s/%s", dir, m->name), arena, error);
        if (m->text)
            digest(m->text, m->digest);
        free(entries[i]);
    }
    free(entries);
    return !*error;
}

bool sv_migrations_done(const sv_migrations *migrations, PGconn *conn, pd_arena *arena, size_t *done,
                        const char **error) {
    *done = 0;
    *error = NULL;
    PGresult *exists = PQexec(conn, "SELECT to_regclass('migraciones') IS NOT NULL");
    bool there = PQresultStatus(exists) == PGRES_TUPLES_OK && PQgetvalue(exists, 0, 0)[0] == 't';
    bool failed = PQresultStatus(exists) != PGRES_TUPLES_OK;
    PQclear(exists);
    if (!there) {
        if (failed)
            *error = pd_arena_strdup(arena, PQerrorMessage(conn));
        return !failed;
    }
    PGresult *rows = PQexec(conn, "SELECT numero, nombre, sha256 FROM migraciones ORDER BY numero");
    if (PQresultStatus(rows) != PGRES_TUPLES_OK)
        *error = pd_arena_strdup(arena, PQerrorMessage(conn));
    for (int i = 0; !*error && i < PQntuples(rows); i++) {
        const char *name = PQgetvalue(rows, i, 1);
        if (atoi(PQgetvalue(rows, i, 0)) != i + 1)
            *error = pd_arena_printf(arena, "the database has %s without the one before it", name);
        else if ((size_t)i >= migrations->n)
            *error = pd_arena_printf(arena, "the database has %s, which this version does not know", name);
        else if (strcmp(PQgetvalue(rows, i, 2), migrations->at[i].digest) != 0)
            *error = pd_arena_printf(
                arena, "%s was applied with another content; migrations are never changed, add one instead", name);
        else
            ++*done;
    }
    PQclear(rows);
    return !*error;
}

bool sv_migrations_current(PGconn *conn, const char *dir, pd_arena *arena, const char **error) {
    sv_migrations migrations;
    size_t done;
    pd_arena *own = pd_arena_new(); /* for the texts */
    if (sv_migrations_read(dir, own, &migrations, error) && sv_migrations_done(&migrations, conn, own, &done, error) &&
        done < migrations.n)
        *error = pd_arena_printf(own, "the database lacks %zu migrations, from %s on: run `pendientes-server migrate`",
                                 migrations.n - done, migrations.at[done].name);
    if (*error)
        *error = pd_arena_strdup(arena, *error);
    pd_arena_free(own);
    return !*error;
}
