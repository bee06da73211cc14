/* protect: sealed fields (design, "Protected fields"). A sealed value is: version byte 1, length of the key's id, the
 * id, 12 bytes of nonce, ciphertext, 16 bytes of tag; AES-256-GCM, with "<column>:<pendiente_id>" as additional data,
 * so that a value copied to another order or column does not open. The nonce is made of key, place and text
 * (HMAC-SHA256 under a key of its own, as RFC 5297 makes its initialization vector), never of chance: the same text at
 * the same place seals to the same bytes, and a statement sees that nothing changes. Who reads the table learns no more
 * than that. Any thread. */
#ifndef SERVER_ENGINE_PROTECT_H
#define SERVER_ENGINE_PROTECT_H

#include "server/engine/statement.h"

/* Seals `text` with the first key; memory from the arena. False: `status` is INTERNAL (no keys, or OpenSSL failed). */
bool en_seal(const en_keys *keys, const char *column, int64_t order, const char *text, pd_arena *arena,
             uint8_t **sealed, size_t *len, pd_status *status);
/* The text; NULL: `status` is DATA_LOSS (unknown key, altered, or of another order or column) and tells nothing of the
 * value. */
char *en_open(const en_keys *keys, const char *column, int64_t order, const uint8_t *sealed, size_t len,
              pd_arena *arena, pd_status *status);

#endif
