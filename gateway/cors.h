/* cors: which pages of other sites may use the API (the Fetch standard's CORS protocol). Origins are exact and
 * configured, never `*`; credentials in the protocol's sense (cookies) do not exist here, so none are allowed. Not in
 * the design's plan of rooms: edge decides by it and answer writes it. */
#ifndef GATEWAY_CORS_H
#define GATEWAY_CORS_H

#include "gateway/text.h"

/* True when `origin` is one of the comma-separated `origins` (NULL: none). */
bool gw_cors_allows(const char *origins, gw_slice origin);

/* What a page may send, what it may read, and for how many seconds a browser may remember it. */
#define GW_CORS_SENDS                                                                                                  \
    "Accept, Authorization, Content-Type, Grpc-Timeout, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, "     \
    "Prefer, Range, X-Request-Id, traceparent"
#define GW_CORS_READS                                                                                                  \
    "Accept-Ranges, Allow, Content-Disposition, Content-Range, Deprecation, ETag, Idempotency-Replayed, Link, "        \
    "Next-Cursor, Preference-Applied, Retry-After, Sunset, Total-Estimated, WWW-Authenticate, X-Request-Id"
#define GW_CORS_SECONDS "7200"

#endif
