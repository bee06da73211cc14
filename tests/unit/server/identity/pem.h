/* pem: keys in files, as an operator lays them down, and what their owners would sign. */
#ifndef TESTS_UNIT_SERVER_IDENTITY_PEM_H
#define TESTS_UNIT_SERVER_IDENTITY_PEM_H

#include <check.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char pem_dir[] = "/tmp/identity_keys_XXXXXX";

static inline void pem_open(void) {
    strcpy(pem_dir, "/tmp/identity_keys_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(pem_dir));
}

static inline void pem_close(void) {
    char command[80];
    snprintf(command, sizeof command, "rm -r %s", pem_dir);
    ck_assert_int_eq(system(command), 0);
}

/* The path of a file of the directory, in a rotating static buffer. */
static inline const char *pem_path(const char *name) {
    static char paths[8][80];
    static int n;
    char *path = paths[n++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", pem_dir, name);
    return path;
}

static inline const char *pem_bytes(const char *name, const void *bytes, size_t len) {
    FILE *file = fopen(pem_path(name), "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
    fclose(file);
    return pem_path(name);
}

static inline const char *pem_text(const char *name, const char *text) {
    return pem_bytes(name, text, strlen(text));
}

static inline const char *pem_public(const char *name, EVP_PKEY *key) {
    FILE *file = fopen(pem_path(name), "w");
    ck_assert_int_eq(PEM_write_PUBKEY(file, key), 1);
    fclose(file);
    return pem_path(name);
}

/* SHA-256 with the key: RSA's bytes, or DER for a curve. */
static inline size_t pem_sign(EVP_PKEY *key, const char *text, unsigned char *out, size_t size) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    ck_assert_int_eq(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    ck_assert_int_eq(EVP_DigestSign(ctx, out, &size, (const unsigned char *)text, strlen(text)), 1);
    EVP_MD_CTX_free(ctx);
    return size;
}

/* The same as a JWS carries it: r and s of 32 bytes each. With `high` the other s that is good too. */
static inline void pem_sign_raw(EVP_PKEY *key, const char *text, bool high, unsigned char out[64]) {
    static const char order[] = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    unsigned char der[100];
    const unsigned char *at = der;
    size_t n = pem_sign(key, text, der, sizeof der);
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)n);
    BIGNUM *q = NULL, *s = BN_dup(ECDSA_SIG_get0_s(pair)), *half = BN_new();
    ck_assert_int_gt(BN_hex2bn(&q, order), 0);
    BN_rshift1(half, q);
    if ((BN_cmp(s, half) > 0) != high)
        BN_sub(s, q, s);
    ck_assert_int_eq(BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32), 32);
    ck_assert_int_eq(BN_bn2binpad(s, out + 32, 32), 32);
    BN_free(q);
    BN_free(s);
    BN_free(half);
    ECDSA_SIG_free(pair);
}

#endif
