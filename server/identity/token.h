/* token: JSON Web Tokens (RFC 7519, RFC 7515). Issued with libjwt. Verified with OpenSSL (keys.h) and jansson instead:
 * libjwt 1.10 takes the algorithm from the token, accepts unsigned ones without a key, checks no claim, and lets
 * duplicate members pass. A token names its key by `kid`, without one it is of the current key; algorithm and issuer
 * are that key's. Verified tokens are remembered, found by hash and compared whole. */
#ifndef SERVER_IDENTITY_TOKEN_H
#define SERVER_IDENTITY_TOKEN_H

#include "pendientes/arena.h"
#include "server/identity/keys.h"

#include <stdbool.h>
#include <stdint.h>

enum { ID_TOKEN_MAX = 8192, ID_LEEWAY_S = 30 };

typedef struct id_tokens id_tokens;

/* What counts of a token that is good. */
typedef struct id_claims {
    int64_t user_id;
    int64_t issued; /* iat, its fraction cut off; 0 without it */
} id_claims;

/* `keys` are freed with it. The audience outlives it. */
id_tokens *id_tokens_new(id_keys *keys, const char *audience, int64_t ttl_s);
void id_tokens_free(id_tokens *tokens);
/* True when the token is good at Unix time `now`. */
bool id_token_verify(id_tokens *tokens, const char *token, size_t len, int64_t now, id_claims *claims);
/* A new token of that second, memory from the arena; NULL when the system has no randomness. */
char *id_token_issue(const id_tokens *tokens, int64_t user_id, const char *role, int64_t issued, pd_arena *arena);

#endif
