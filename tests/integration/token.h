/* token: JWTs that no login issues: forged with OpenSSL alone, from the key file that up.env names, so that the tests
 * share no code with what they test. */
#ifndef TESTS_TOKEN_H
#define TESTS_TOKEN_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

/* A token of that header and those claims (JSON), HS256 with the system's key, or with `key` when it is not NULL. In a
 * rotating static buffer of this thread. */
const char *token_forge(const char *header, const char *claims, const char *key);
/* The same, signed with a private key, RS256 or ES256. `der`: a curve's signature as OpenSSL makes it, which is no JWS.
 */
const char *token_sign(const char *header, const char *claims, EVP_PKEY *key, bool der);
/* Claims that the core accepts for that user id ("1"); `expires_in` seconds from now. Rotating static buffer. */
const char *token_claims(const char *sub, long expires_in);
/* A token for the demo role, forged with the right key: it must be accepted, or the refusals prove nothing. */
const char *token_good(const char *role);

/* Everything that must be refused with UNAUTHENTICATED, by number; NULL past the last. `*what` says what is wrong. */
const char *token_bad(size_t number, const char **what);
/* How many there are. */
size_t token_n_bad(void);

#endif
