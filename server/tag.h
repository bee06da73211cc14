/* tag: what an ETag is made of: the first 128 bits of an HMAC-SHA-256 over contract hash and packed reply, so that it
 * changes whenever the answered bytes would, is the same on every core, and tells nothing of what is hidden from others
 * (a plain hash of a few short fields could be guessed at). Not in the design's plan of rooms: calls are tagged where
 * they end, versions where they are compared. One thread. */
#ifndef SERVER_TAG_H
#define SERVER_TAG_H

#include "pendientes/contract.h"

typedef struct sv_tagger sv_tagger;

/* `secret` has 32 bytes. Aborts when OpenSSL has no HMAC. */
sv_tagger *sv_tagger_new(const uint8_t *secret);
void sv_tagger_free(sv_tagger *tagger);
void sv_tag(sv_tagger *tagger, const uint8_t *bytes, size_t len, uint8_t out[PD_TAG_LEN]);

#endif
