/* bcrypt: password hashes (libcrypt's $2b$, $2a$ verifies too) on threads of their own, never on an event loop: one at
 * cost 12 takes a fifth of a second. */
#ifndef SERVER_IDENTITY_BCRYPT_H
#define SERVER_IDENTITY_BCRYPT_H

#include "pendientes/loop.h"

#include <stdbool.h>

typedef struct id_bcrypt id_bcrypt;
typedef void (*id_bcrypt_fn)(void *arg, bool matches);
/* `hash` is valid during the call; NULL: the library failed. */
typedef void (*id_bcrypt_hashed_fn)(void *arg, const char *hash);

/* Longest password that bcrypt looks at whole. */
enum { ID_PASSWORD_MAX = 72 };

/* `workers` threads; NULL when they cannot be started. Completions run on the loop's thread at the end of a turn. */
id_bcrypt *id_bcrypt_new(pd_loop *loop, int workers);
/* Waits for hashes under way; their completions do not run. NULL is allowed. */
void id_bcrypt_free(id_bcrypt *bcrypt);
/* True when a further one would have to be refused. */
bool id_bcrypt_full(id_bcrypt *bcrypt);
/* Compares, in the time that a hash of the cost of new ones takes: an older, cheaper one is followed by idle hashing. A
 * NULL hash is compared with nobody's, in the same time, and never matches; nor does a password over 72 bytes. Both
 * texts are copied. False: too many are waiting, and `fn` is not called. */
bool id_bcrypt_check(id_bcrypt *bcrypt, const char *password, const char *hash, id_bcrypt_fn fn, void *arg);
/* Hashes with a salt of its own: $2b$, cost 12. A password over 72 bytes fails. The text is copied. False: too many are
 * waiting, and `fn` is not called. */
bool id_bcrypt_hash(id_bcrypt *bcrypt, const char *password, id_bcrypt_hashed_fn fn, void *arg);

#endif
