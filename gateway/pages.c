#include "gateway/pages.h"

#include "gateway/conditional.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define JSON "application/json"
#define HTML "text/html; charset=utf-8"

enum { N_PAGES = 6 };

static gw_slice tag_of(gw_slice bytes, pd_arena *arena) {
    uint8_t digest[EVP_MAX_MD_SIZE];
    if (!EVP_Digest(bytes.at, bytes.len, digest, NULL, EVP_sha256(), NULL))
        abort(); /* no memory */
    return gw_etag(digest, false, arena);
}

static const gw_page *all(void) {
    static gw_page pages[N_PAGES];
    static pd_arena *arena; /* lives as long as the process */
    if (pages[0].path)
        return pages;
    arena = pd_arena_new();
    gw_slice document = {pd_openapi, pd_openapi_len}, docs = {gw_docs, gw_docs_len};
    gw_slice document_tag = tag_of(document, arena), docs_tag = tag_of(docs, arena);
    pages[0] = (gw_page){"/openapi.json", JSON, NULL, document, document_tag};
    pages[1] = (gw_page){"/v3/api-docs", JSON, NULL, document, document_tag};
    pages[2] = (gw_page){"/docs", HTML, gw_docs_policy, docs, docs_tag};
    pages[3] = (gw_page){"/swagger-ui.html", HTML, gw_docs_policy, docs, docs_tag};
    pages[4].path = "/ws";
    pages[5].path = "/ws/websocket";
    return pages;
}

const gw_page *gw_page_find(gw_slice path) {
    const gw_page *pages = all();
    if (path.len > 1 && path.at[path.len - 1] == '/')
        path.len--;
    for (size_t i = 0; i < N_PAGES; i++)
        if (gw_slice_is(path, pages[i].path))
            return &pages[i];
    return NULL;
}
