#include "gateway/key.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static void add(EVP_MD_CTX *sha, gw_slice text) {
    uint64_t len = text.len;
    uint8_t prefix[8];
    for (int i = 0; i < 8; i++)
        prefix[i] = (uint8_t)(len >> (8 * (7 - i)));
    if (EVP_DigestUpdate(sha, prefix, sizeof prefix) != 1 || EVP_DigestUpdate(sha, text.at, text.len) != 1)
        abort();
}

void gw_key_digest(const gw_match *match, gw_slice query, gw_slice body, uint8_t out[GW_DIGEST_LEN]) {
    const pd_route *route = match->route;
    EVP_MD_CTX *sha = EVP_MD_CTX_new();
    if (!sha || EVP_DigestInit_ex(sha, EVP_sha256(), NULL) != 1)
        abort();
    add(sha, (gw_slice){route->method->full_name, strlen(route->method->full_name)});
    for (size_t i = 0; i < route->n_segments; i++)
        if (!route->segments[i].literal)
            add(sha, match->segments[i]);
    add(sha, query);
    add(sha, body);
    if (EVP_DigestFinal_ex(sha, out, NULL) != 1)
        abort();
    EVP_MD_CTX_free(sha);
}
