#include "server/identity/users.h"

#include "pendientes/arena.h"

#include <stdlib.h>
#include <string.h>

struct id_users {
    pd_arena *arena;
    size_t mask;
    uint64_t version;
    const id_user **by_id, **by_dni; /* open addressing */
};

static size_t mix(uint64_t value) {
    value *= 0x9e3779b97f4a7c15u;
    return (size_t)(value ^ value >> 29);
}

static size_t hash_text(const char *text) {
    uint64_t h = 14695981039346656037u;
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211u;
    return mix(h);
}

static void place(const id_user **slots, size_t mask, size_t at, const id_user *user) {
    for (at &= mask; slots[at]; at = (at + 1) & mask)
        ;
    slots[at] = user;
}

enum { ID, NAME, DNI, EMAIL, HASH, EMPLOYEE, ROLE, ROLE_NAME, BITS, CHANGED, N_COLUMNS };

static bool find_columns(const PGresult *rows, int columns[N_COLUMNS]) {
    static const char *const names[N_COLUMNS] = {"id",       "nombre",           "dni",    "email",
                                                 "password", "empleado_id",      "rol_id", "rol_nombre",
                                                 "permisos", "password_cambiado"};
    for (int i = 0; i < N_COLUMNS; i++)
        if ((columns[i] = PQfnumber(rows, names[i])) < 0)
            return false;
    return true;
}

id_users *id_users_new(const PGresult *rows) {
    int columns[N_COLUMNS], n = PQntuples(rows);
    if (!find_columns(rows, columns))
        return NULL;
    pd_arena *arena = pd_arena_new();
    id_users *users = pd_arena_alloc(arena, sizeof *users);
    size_t size = 16;
    while (size < (size_t)n * 2)
        size *= 2;
    *users = (id_users){.arena = arena,
                        .mask = size - 1,
                        .by_id = pd_arena_zalloc(arena, size * sizeof *users->by_id),
                        .by_dni = pd_arena_zalloc(arena, size * sizeof *users->by_dni)};
    for (int row = 0; row < n; row++) {
        const char *text[N_COLUMNS];
        for (int i = 0; i < N_COLUMNS; i++)
            text[i] = pd_arena_strdup(arena, PQgetvalue(rows, row, columns[i]));
        for (int i = 0; i < N_COLUMNS; i++)
            users->version = mix(users->version + hash_text(text[i]));
        id_user *user = pd_arena_alloc(arena, sizeof *user);
        *user =
            (id_user){{strtoll(text[ID], NULL, 10), strtoll(text[EMPLOYEE], NULL, 10), strtoull(text[BITS], NULL, 10)},
                      text[NAME],
                      text[DNI],
                      text[EMAIL],
                      text[HASH],
                      text[ROLE],
                      text[ROLE_NAME],
                      *text[CHANGED] ? strtoll(text[CHANGED], NULL, 10) : INT64_MIN};
        place(users->by_id, users->mask, mix((uint64_t)user->caller.user_id), user);
        place(users->by_dni, users->mask, hash_text(user->dni), user);
    }
    return users;
}

int64_t id_users_version(const id_users *users) {
    return (int64_t)(users->version & INT64_MAX);
}

void id_users_free(id_users *users) {
    if (users)
        pd_arena_free(users->arena);
}

const id_user *id_users_find(const id_users *users, int64_t id) {
    for (size_t at = mix((uint64_t)id) & users->mask; users->by_id[at]; at = (at + 1) & users->mask)
        if (users->by_id[at]->caller.user_id == id)
            return users->by_id[at];
    return NULL;
}

const id_user *id_users_by_dni(const id_users *users, const char *dni) {
    for (size_t at = hash_text(dni) & users->mask; users->by_dni[at]; at = (at + 1) & users->mask)
        if (strcmp(users->by_dni[at]->dni, dni) == 0)
            return users->by_dni[at];
    return NULL;
}
