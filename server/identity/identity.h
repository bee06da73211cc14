/* identity: who makes a call, and may that person still. Tokens are verified here and nowhere else, users and roles
 * stand in memory (kept right by pg/listen), and the two methods that answer from that memory, login (login.c) and
 * token check, are handlers here. Loop thread, but for bcrypt, which has threads of its own inside.
 *
 * A login is recorded as an attempt in the database before its password is looked at, so that guesses in parallel, on
 * any core, count each other; the right password takes the attempt back. Only as many as are hashed at once are under
 * way, the others wait, so that right passwords that come together do not count each other. */
#ifndef SERVER_IDENTITY_IDENTITY_H
#define SERVER_IDENTITY_IDENTITY_H

#include "pendientes/loop.h"
#include "pendientes/status.h"
#include "server/call.h"
#include "server/engine/own.h"
#include "server/identity/bcrypt.h"
#include "server/identity/caller.h"

#include <libpq-fe.h>

typedef struct id_identity id_identity;

typedef struct id_options {
    const char *key_file, *keys_file; /* keys.h; the second may be NULL */
    const char *issuer, *audience;
    int64_t ttl_ms;
} id_options; /* the texts outlive the identity */

/* Reads the keys. NULL and *error (one line, good until the next failure) when one cannot be used. Calls are
 * UNAVAILABLE until the first reload. */
id_identity *id_identity_new(const id_options *options, const char **error);
/* Reads the keys anew: tokens of a key that is gone count no more. False and *error: the old ones stay. */
bool id_identity_rekey(id_identity *identity, const char **error);
/* Starts the threads that hash; `loop` outlives the identity. */
bool id_identity_start(id_identity *identity, pd_loop *loop, const char **error);
/* The threads, once started, for whoever else has something to hash. */
id_bcrypt *id_identity_bcrypt(id_identity *identity);
/* What login needs of the database; all of it outlives the identity. */
typedef struct id_database {
    pd_loop *loop;
    const en_own *own;
    pg_lanes *lanes;
    const uint8_t *secret; /* 32 bytes: attempts to log in are stored under keyed hashes */
} id_database;
void id_identity_connect(id_identity *identity, const id_database *database);
/* The lanes are about to go: logins end UNAVAILABLE. NULL is allowed. */
void id_identity_disconnect(id_identity *identity);
/* NULL is allowed. Ends the threads. */
void id_identity_free(id_identity *identity);

/* Takes the rows of sql/interno/usuarios.sql as all users there are. False: a row was not understood, and the old ones
 * stay. */
bool id_identity_reload(id_identity *identity, const PGresult *rows);
/* A token of that user; `role` is for information. Needs no users. NULL when the system has no randomness. */
char *id_issue(const id_identity *identity, int64_t user_id, const char *role, int64_t now, pd_arena *arena);
/* id_users_version of what is known; 0 before the first reload. */
int64_t id_version(const id_identity *identity);
/* What is known may be stale: every call is UNAVAILABLE until the next reload. */
void id_identity_lost(id_identity *identity);

/* The caller of a token: UNAUTHENTICATED for whatever is wrong with it or its user. */
bool id_check(id_identity *identity, const char *token, size_t len, id_caller *out, pd_arena *arena, pd_status *status);

/* Autenticacion/Entrar and Autenticacion/ValidarToken (server/by_hand.c). */
void id_login(sv_call *call);
void id_validate(sv_call *call);

/* The room's way to its core; core.c's. */
id_identity *sv_core_identity(sv_core *core);

#endif
