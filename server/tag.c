#include "server/tag.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_LEN = 32, MAC_LEN = 32 };

/* The context keeps the key: starting again from it takes a quarter of what HMAC() does. */
struct sv_tagger {
    EVP_MAC *mac;
    EVP_MAC_CTX *ctx;
};

sv_tagger *sv_tagger_new(const uint8_t *secret) {
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    sv_tagger *tagger = calloc(1, sizeof *tagger);
    if (!tagger || !(tagger->mac = EVP_MAC_fetch(NULL, "HMAC", NULL)) ||
        !(tagger->ctx = EVP_MAC_CTX_new(tagger->mac)) || EVP_MAC_init(tagger->ctx, secret, KEY_LEN, params) != 1)
        abort();
    return tagger;
}

void sv_tagger_free(sv_tagger *tagger) {
    if (!tagger)
        return;
    EVP_MAC_CTX_free(tagger->ctx);
    EVP_MAC_free(tagger->mac);
    free(tagger);
}

void sv_tag(sv_tagger *tagger, const uint8_t *bytes, size_t len, uint8_t out[PD_TAG_LEN]) {
    uint8_t mac[MAC_LEN];
    size_t n = 0;
    if (EVP_MAC_init(tagger->ctx, NULL, 0, NULL) != 1 ||
        EVP_MAC_update(tagger->ctx, pd_contract_hash, sizeof pd_contract_hash) != 1 ||
        EVP_MAC_update(tagger->ctx, bytes, len) != 1 || EVP_MAC_final(tagger->ctx, mac, &n, sizeof mac) != 1)
        abort();
    memcpy(out, mac, PD_TAG_LEN);
}
