/* keys: what tokens are signed and verified with. Each key has its algorithm and its issuer from configuration, never
 * from a token. Read once into a set that never changes; a rotation reads a new set.
 *
 * The current key is a file whose bytes, less one trailing newline, are an HS256 secret. Further keys stand in a list,
 * a line each:
 *
 *   <kid> HS256|RS256|ES256 <file> [<issuer>]
 *
 * where `#` begins a line of comment, and files are relative to the list's directory. HS256 files hold a secret as
 * above; their issuer is ours when left out. The others hold a public key in PEM (RSA of 2048 bits or more, P-256) and
 * need an issuer. The line whose secret is the current key's gives that key its kid. */
#ifndef SERVER_IDENTITY_KEYS_H
#define SERVER_IDENTITY_KEYS_H

#include <stdbool.h>
#include <stddef.h>

enum { ID_KEY_MIN = 32 };

typedef struct id_keys id_keys;

typedef struct id_key {
    const char *kid; /* NULL: the current key, when no line names it */
    const char *alg; /* "HS256" */
    const char *issuer;
    unsigned char *secret; /* of HS256 */
    size_t secret_len;
    struct evp_pkey_st *public; /* of the others */
} id_key;

/* `list` may be NULL. `issuer` is ours and outlives the keys. NULL and *error (one line that names file and reason,
 * good until the next failure) when anything cannot be used; no key's bytes are ever in it. */
id_keys *id_keys_load(const char *current, const char *list, const char *issuer, const char **error);
void id_keys_free(id_keys *keys);
/* The one that signs, and verifies tokens without kid. */
const id_key *id_keys_current(const id_keys *keys);
/* NULL when no line has that kid. */
const id_key *id_keys_find(const id_keys *keys, const char *kid);
size_t id_keys_count(const id_keys *keys);
/* Whether `signature`, as a JWS carries it (RFC 7518), is the key's over `text`. */
bool id_key_verify(const id_key *key, const char *text, size_t len, const unsigned char *signature,
                   size_t signature_len);

#endif
