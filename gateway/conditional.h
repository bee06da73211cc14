/* conditional: entity tags as HTTP writes them, and the conditions that name them (RFC 9110, 8.8.3 and 13.1). The tag
 * itself is the core's: PD_TAG_LEN bytes, here in hexadecimal digits; the same answer in the envelope has the tag with
 * a mark behind it. */
#ifndef GATEWAY_CONDITIONAL_H
#define GATEWAY_CONDITIONAL_H

#include "gateway/text.h"
#include "pendientes/contract.h"

/* What If-Match asks for. Weak tags and tags that are none of ours match nothing, but are a condition. */
typedef struct gw_if_match {
    uint8_t *tags; /* PD_TAG_LEN bytes each, in the arena; NULL: no condition on tags */
    size_t n;
    bool exists; /* `*` */
} gw_if_match;

/* The header's value, quotes included, in the arena. */
gw_slice gw_etag(const uint8_t tag[PD_TAG_LEN], bool envelope, pd_arena *arena);

/* `list` is the whole header. False when it is malformed. A tag counts in both forms, bare and in the envelope: what
 * must not have changed is what they show. */
bool gw_if_match_parse(gw_slice list, pd_arena *arena, gw_if_match *out);

/* If-None-Match, compared weakly: true when `etag` or `*` stands in the list, so the client has this answer already.
 * What is malformed ends the list: then the answer is sent again, which does no harm. */
bool gw_none_match(gw_slice list, gw_slice etag);

#endif
