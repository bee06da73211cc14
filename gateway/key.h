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

#endif
