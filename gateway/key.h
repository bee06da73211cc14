/* key: what is compared when an Idempotency-Key comes again. The gateway alone sees the bytes that were sent; the core
 * keeps only a keyed hash of this digest. */
#ifndef GATEWAY_KEY_H
#define GATEWAY_KEY_H

#include "gateway/router.h"

#include <stdint.h>

enum { GW_DIGEST_LEN = 32 };

/* SHA-256 over the method's name, the path's variables, the query and the body, each with its length before it. The
 * variables count because the core's scope is user and method: the same key on another path must not be a replay. */
void gw_key_digest(const gw_match *match, gw_slice query, gw_slice body, uint8_t out[GW_DIGEST_LEN]);

/* The same for a body that is hashed as it goes: begin with its length, add its bytes in order, then finish, or drop
 * what was begun (NULL is allowed). */
typedef struct evp_md_ctx_st gw_key_hash;
gw_key_hash *gw_key_begin(const gw_match *match, gw_slice query, size_t body_len);
void gw_key_add(gw_key_hash *hash, gw_slice bytes);
void gw_key_finish(gw_key_hash *hash, uint8_t out[GW_DIGEST_LEN]);
void gw_key_drop(gw_key_hash *hash);

#endif
