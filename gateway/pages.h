/* pages: what the gateway serves by itself, without a core and to anybody: the OpenAPI document, and the page that
 * shows it and tries its operations (gateway/pages/, made one string by its inline.py); and where a WebSocket begins.
 */
#ifndef GATEWAY_PAGES_H
#define GATEWAY_PAGES_H

#include "gateway/text.h"

typedef struct gw_page {
    const char *path;
    const char *type;
    const char *policy; /* Content-Security-Policy; NULL: none */
    gw_slice bytes;     /* `at` NULL: no page but a WebSocket */
    gw_slice etag;      /* as the header has it; of the bytes, so equal in every gateway of one build */
} gw_page;

/* One trailing slash is ignored. NULL: no page. The result lives as long as the process. For one thread. */
const gw_page *gw_page_find(gw_slice path);

/* Of the build. */
extern const char gw_docs[];
extern const size_t gw_docs_len;
extern const char gw_docs_policy[];

#endif
