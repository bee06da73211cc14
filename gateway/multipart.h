/* multipart: bodies of multipart/form-data (RFC 7578 over RFC 2046) cut into their parts, where they lie. Strict:
 * whatever is not well-formed is refused as a whole. Not in the design's plan of rooms: hostile bytes deserve a parser
 * that can be tested and fuzzed alone. */
#ifndef GATEWAY_MULTIPART_H
#define GATEWAY_MULTIPART_H

#include "gateway/text.h"

typedef struct gw_part {
    gw_slice name;     /* of the form's field; unescaped, in the arena or the body */
    gw_slice filename; /* without the folders that some browsers put before it; `at` NULL: none */
    gw_slice body;     /* in the body */
} gw_part;

typedef struct gw_parts {
    gw_part *at; /* in the arena */
    size_t n;
} gw_parts;

/* The boundary of a Content-Type; false when that is not multipart/form-data with a valid one. */
bool gw_multipart_boundary(gw_slice content_type, gw_slice *boundary, pd_arena *arena);

/* NULL when `body` was cut into at most `max` parts; else what is wrong, in Spanish. */
const char *gw_multipart_parse(gw_slice body, gw_slice boundary, size_t max, pd_arena *arena, gw_parts *parts);

#endif
