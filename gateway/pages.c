#include "gateway/pages.h"

#include "pendientes/contract.h"

const gw_page *gw_page_find(gw_slice path) {
    static gw_page pages[] = {
        {.path = "/openapi.json", .type = "application/json", .bytes = pd_openapi},
        {.path = "/v3/api-docs", .type = "application/json", .bytes = pd_openapi},
    };
    if (path.len > 1 && path.at[path.len - 1] == '/')
        path.len--;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (gw_slice_is(path, pages[i].path)) {
            pages[i].len = pd_openapi_len;
            return &pages[i];
        }
    return NULL;
}
