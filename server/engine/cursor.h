/* cursor: the place of a row in an order, as a text that only the core can make. It holds the row's key and id, and a
 * MAC over them, the method and the order: another list's, another order's or a made-up one does not open. It is not
 * bound to the filter, the size or the caller, because the rows behind a place are well defined for any of them. Not in
 * the design's plan of rooms: pages need a room for what travels. */
#ifndef SERVER_ENGINE_CURSOR_H
#define SERVER_ENGINE_CURSOR_H

#include "pendientes/arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct en_order {
    const char *method, *sort; /* full name; as the request names it */
    bool desc;
} en_order;

/* `key` NULL: the row's key is NULL. The text is base64url, at most 4/3 of key and 25 bytes. */
const char *en_cursor_seal(const uint8_t secret[32], const en_order *order, const char *key, int64_t id,
                           pd_arena *arena);
/* False: not one of ours for this order. */
bool en_cursor_open(const uint8_t secret[32], const en_order *order, const char *text, pd_arena *arena,
                    const char **key, int64_t *id);

#endif
