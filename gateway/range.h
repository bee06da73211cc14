/* range: what a Range header asks of a body of known length (RFC 9110, 14). Not in the design's plan of rooms: pure,
 * and so tested alone. */
#ifndef GATEWAY_RANGE_H
#define GATEWAY_RANGE_H

#include "gateway/text.h"

#include <stdint.h>

typedef enum gw_range {
    GW_RANGE_WHOLE,  /* none, malformed, another unit, or several: the whole is answered */
    GW_RANGE_PART,   /* *first to *last, both within the body */
    GW_RANGE_BEYOND, /* not satisfiable: 416 */
} gw_range;

gw_range gw_range_of(gw_slice header, int64_t total, int64_t *first, int64_t *last);

#endif
