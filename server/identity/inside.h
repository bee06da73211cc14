/* inside: what identity.c and login.c share; nobody else includes it. */
#ifndef SERVER_IDENTITY_INSIDE_H
#define SERVER_IDENTITY_INSIDE_H

#include "server/identity/bcrypt.h"
#include "server/identity/identity.h"
#include "server/identity/token.h"
#include "server/identity/users.h"

enum {
    ID_RETRY_MS = 1000,
    ID_WORKERS = 2, /* that hash */
};

typedef struct id_attempt id_attempt; /* login.c's */

struct id_identity {
    id_options options;
    id_tokens *tokens;
    id_users *users; /* NULL until the first reload */
    bool fresh;
    id_bcrypt *bcrypt;
    id_database database;
    size_t under_way, waiting; /* logins */
    id_attempt *waiting_first, *waiting_last;
};

/* Whether the users in memory count; UNAVAILABLE otherwise. */
bool id_known(const id_identity *identity, pd_arena *arena, pd_status *status);

#endif
