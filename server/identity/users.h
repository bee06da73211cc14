/* users: everyone who may hold a token, by id and by DNI, as one immutable table that is replaced whole. */
#ifndef SERVER_IDENTITY_USERS_H
#define SERVER_IDENTITY_USERS_H

#include "server/identity/caller.h"

#include <libpq-fe.h>

typedef struct id_user {
    id_caller caller;
    const char *name, *dni, *email, *hash, *role, *role_name;
    int64_t password_changed; /* Unix second: tokens issued in it or before count no more; INT64_MIN: never */
} id_user;

typedef struct id_users id_users;

/* From the rows of sql/interno/usuarios.sql; NULL when a column is missing. */
id_users *id_users_new(const PGresult *rows);
void id_users_free(id_users *users);
/* A number that is another when anything about anybody is: the same in every core that read the same rows. */
int64_t id_users_version(const id_users *users);
/* NULL when there is none. Valid as long as the table. */
const id_user *id_users_find(const id_users *users, int64_t id);
const id_user *id_users_by_dni(const id_users *users, const char *dni);

#endif
