/* headers: what a request's headers ask for. Collected in one pass without looking into them; the values are parsed by
 * functions of their own, which refuse what is malformed. */
#ifndef GATEWAY_HEADERS_H
#define GATEWAY_HEADERS_H

#include "gateway/text.h"

#include <h2o.h>
#include <stdint.h>

/* The first of each name; `twice` where a second one is a refusal. */
typedef struct gw_headers {
    gw_slice authorization, content_type, content_encoding, request_id, traceparent, timeout, key, last_event_id;
    gw_slice origin, preflight_method;
    gw_slice if_match, if_none_match, prefer; /* lists: there may be more of each (gw_header_list) */
    bool authorization_twice, content_type_twice, timeout_twice, key_twice;
    size_t bytes; /* all names and values */
} gw_headers;

void gw_headers_collect(const h2o_headers_t *headers, gw_headers *out);

/* The whole of a list that may stand in several headers: their values with commas between. `name` is lower-case. */
gw_slice gw_header_list(const h2o_headers_t *headers, const char *name, pd_arena *arena);

/* Prefer: handling=strict (RFC 7240); the first `handling` counts. */
bool gw_prefers_strict(gw_slice list);

/* "Bearer" and three parts of base64url between dots: the shape alone, never the meaning. */
bool gw_bearer(gw_slice authorization, gw_slice *token);

/* Grpc-Timeout: 1 to 8 digits and one of H M S m u n, more than zero; above 60 s it is 60 s, below 1 ms it is 1 ms. */
bool gw_timeout(gw_slice value, uint32_t *ms);

/* Idempotency-Key: 1 to 200 visible ASCII characters; quotes around them are ignored. */
bool gw_key(gw_slice value, gw_slice *key);

typedef enum gw_body_kind { GW_BODY_NONE, GW_BODY_JSON, GW_BODY_FORM, GW_BODY_OTHER } gw_body_kind;
/* Of a body that is there. OTHER: no type, another type, a charset that is not UTF-8, or a coding. */
gw_body_kind gw_body_kind_of(const gw_headers *headers);

typedef enum gw_profile { GW_PROFILE_NONE, GW_PROFILE_BARE, GW_PROFILE_ENVELOPE } gw_profile;

typedef struct gw_accept {
    bool json, text;    /* application/json and text/plain are admitted */
    gw_profile profile; /* the best liked known one */
} gw_accept;
/* All Accept headers of a request together; without one everything is admitted. */
gw_accept gw_accept_of(const h2o_headers_t *headers);

#endif
