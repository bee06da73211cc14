/* pages: what the gateway serves by itself, without a core: the OpenAPI document. */
#ifndef GATEWAY_PAGES_H
#define GATEWAY_PAGES_H

#include "gateway/text.h"

typedef struct gw_page {
    const char *path;
    const char *type;
    const char *bytes;
    size_t len;
} gw_page;

/* One trailing slash is ignored. NULL: no page. The result is valid until the next call. */
const gw_page *gw_page_find(gw_slice path);

#endif
