/* text: pieces of text that belong to somebody else, and percent-decoding. Not in the design's plan of rooms: router,
 * bind and headers cut the same request into pieces. */
#ifndef GATEWAY_TEXT_H
#define GATEWAY_TEXT_H

#include "pendientes/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* Not NUL-terminated. `at` NULL: there is none. */
typedef struct gw_slice {
    const char *at;
    size_t len;
} gw_slice;

#define GW_SLICE(literal_) ((gw_slice){(literal_), sizeof(literal_) - 1})

bool gw_slice_is(gw_slice slice, const char *text);
/* ASCII letters' case ignored. */
bool gw_slice_is_nocase(gw_slice slice, const char *text);
/* Without blanks and tabs around it. */
gw_slice gw_slice_trim(gw_slice slice);
/* Cuts `rest` at the first `separator`: what stood before it; `rest` keeps what stands behind, or gets NULL. */
gw_slice gw_slice_cut(gw_slice *rest, char separator);

/* Percent-decoded, in the arena with a NUL behind it, or `text` itself when there is nothing to decode and no `plus`
 * (which makes a space of each '+'). NULL when a '%' is not followed by two hexadecimal digits. */
gw_slice gw_percent_decode(gw_slice text, bool plus, pd_arena *arena);

#endif
