#include "gateway/key.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

void gw_key_add(gw_key_hash *hash, gw_slice bytes) {
    if (EVP_DigestUpdate(hash, bytes.at, bytes.len) != 1)
        abort();
}

static void add_len(gw_key_hash *hash, uint64_t len) {
    char prefix[8];
    for (int i = 0; i < 8; i++)
        prefix[i] = (char)(len >> (8 * (7 - i)));
    gw_key_add(hash, (gw_slice){prefix, sizeof prefix});
}

static void add(gw_key_hash *hash, gw_slice text) {
    add_len(hash, text.len);
    gw_key_add(hash, text);
}

gw_key_hash *gw_key_begin(const gw_match *match, gw_slice query, size_t body_len) {
    const pd_route *route = match->route;
    gw_key_hash *hash = EVP_MD_CTX_new();
    if (!hash || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1)
        abort();
    add(hash, (gw_slice){route->method->full_name, strlen(route->method->full_name)});
    for (size_t i = 0; i < route->n_segments; i++)
        if (!route->segments[i].literal)
            add(hash, match->segments[i]);
    add(hash, query);
    add_len(hash, body_len);
    return hash;
}

void gw_key_finish(gw_key_hash *hash, uint8_t out[GW_DIGEST_LEN]) {
    if (EVP_DigestFinal_ex(hash, out, NULL) != 1)
        abort();
    gw_key_drop(hash);
}

void gw_key_drop(gw_key_hash *hash) {
    EVP_MD_CTX_free(hash);
}

void gw_key_digest(const gw_match *match, gw_slice query, gw_slice body, uint8_t out[GW_DIGEST_LEN]) {
    gw_key_hash *hash = gw_key_begin(match, query, body.len);
    gw_key_add(hash, body);
    gw_key_finish(hash, out);
}
