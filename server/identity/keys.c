#include "server/identity/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEYS_MAX = 64, KID_MAX = 64, FILE_MAX = 4096, LIST_MAX = 65536, RSA_MIN = 2048, HALF = 32, WORDS_MAX = 5 };

static const char HS256[] = "HS256", RS256[] = "RS256", ES256[] = "ES256";

struct id_keys {
    id_key current;
    size_t n;
    id_key all[KEYS_MAX]; /* of the list */
};

static bool refuse(const char **error, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool refuse(const char **error, const char *format, ...) {
    static char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    *error = line;
    return false;
}

/* The whole file, less than `size` bytes of it, with a NUL behind. */
static bool read_file(const char *path, char *out, size_t size, size_t *len, const char **error) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, out, size);
    int failed = errno;
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return refuse(error, "%s: %s", path, strerror(failed));
    if ((size_t)n == size)
        return refuse(error, "%s: has %zu bytes or more", path, size);
    out[n] = 0;
    *len = (size_t)n;
    return true;
}

static bool read_secret(const char *path, id_key *key, const char **error) {
    char bytes[FILE_MAX];
    size_t n = 0;
    if (!read_file(path, bytes, sizeof bytes, &n, error))
        return false;
    bool public = strncmp(bytes, "-----BEGIN", 10) == 0;
    if (n > 0 && bytes[n - 1] == '\n')
        n--;
    if (!public && n >= ID_KEY_MIN) {
        key->secret = malloc(n);
        if (!key->secret)
            abort();
        memcpy(key->secret, bytes, n);
        key->secret_len = n;
    }
    OPENSSL_cleanse(bytes, sizeof bytes);
    if (public)
        return refuse(error, "%s: a PEM is no HS256 key: everybody may know it", path);
    return key->secret || refuse(error, "%s: a token key has %d to %d bytes", path, ID_KEY_MIN, FILE_MAX - 1);
}

static bool is_p256(EVP_PKEY *key) {
    char curve[40] = "";
    return EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof curve, NULL) == 1 &&
           strcmp(curve, "prime256v1") == 0;
}

static bool read_public(const char *path, id_key *key, const char **error) {
    char bytes[FILE_MAX];
    size_t n = 0;
    if (!read_file(path, bytes, sizeof bytes, &n, error))
        return false;
    BIO *bio = BIO_new_mem_buf(bytes, (int)n);
    key->public = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    OPENSSL_cleanse(bytes, sizeof bytes); /* somebody may have put a private one there */
    if (!key->public)
        return refuse(error, "%s: holds no public key in PEM («BEGIN PUBLIC KEY»)", path);
    if (key->alg == ES256)
        return is_p256(key->public) || refuse(error, "%s: ES256 needs a key of the curve P-256", path);
    if (!EVP_PKEY_is_a(key->public, "RSA"))
        return refuse(error, "%s: RS256 needs an RSA key", path);
    return EVP_PKEY_get_bits(key->public) >= RSA_MIN ||
           refuse(error, "%s: an RSA key has %d bits or more", path, RSA_MIN);
}

static bool kid_good(const char *kid) {
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t n = strlen(kid);
    return n <= KID_MAX && strspn(kid, allowed) == n;
}

static char *copy(const char *text) {
    char *out = strdup(text);
    if (!out)
        abort();
    return out;
}

/* `words` of the line at `where`: kid, algorithm, file and perhaps issuer. */
static bool take_line(id_keys *keys, char *const *words, size_t n, const char *list, const char *where,
                      const char *issuer, const char **error) {
    char path[FILE_MAX];
    const char *slash = words[2][0] == '/' ? NULL : strrchr(list, '/');
    if (!kid_good(words[0]))
        return refuse(error, "%s: a kid has up to %d letters, digits, «-», «_» and «.»", where, KID_MAX);
    if (id_keys_find(keys, words[0]))
        return refuse(error, "%s: the kid %s stands there twice", where, words[0]);
    if (keys->n == KEYS_MAX)
        return refuse(error, "%s: more than %d keys", where, KEYS_MAX);
    const char *const algs[] = {HS256, RS256, ES256};
    id_key *key = &keys->all[keys->n];
    for (size_t i = 0; i < sizeof algs / sizeof *algs; i++)
        if (strcmp(words[1], algs[i]) == 0)
            key->alg = algs[i];
    if (!key->alg)
        return refuse(error, "%s: %s is none of HS256, RS256 and ES256", where, words[1]);
    if (n < 4 && key->alg != HS256)
        return refuse(error, "%s: %s needs an issuer", where, key->alg);
    keys->n++; /* it is freed with the others from here on */
    key->kid = copy(words[0]);
    key->issuer = copy(n < 4 ? issuer : words[3]);
    snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash - list) + 1 : 0, list, words[2]);
    return key->alg == HS256 ? read_secret(path, key, error) : read_public(path, key, error);
}

static bool read_list(id_keys *keys, const char *list, const char *issuer, const char **error) {
    char *text = malloc(LIST_MAX), *rest = text, *line;
    size_t len = 0;
    if (!text)
        abort();
    bool good = read_file(list, text, LIST_MAX, &len, error);
    for (int number = 1; good && (line = strsep(&rest, "\n")); number++) {
        char *words[WORDS_MAX] = {NULL}, *more = NULL, where[FILE_MAX];
        size_t n = 0;
        for (char *word = strtok_r(line, " \t\r", &more); word && n < WORDS_MAX; word = strtok_r(NULL, " \t\r", &more))
            words[n++] = word;
        snprintf(where, sizeof where, "%s:%d", list, number);
        if (n == 0 || words[0][0] == '#')
            continue;
        if (n == 3 || n == 4)
            good = take_line(keys, words, n, list, where, issuer, error);
        else
            good = refuse(error, "%s: not «kid algorithm file [issuer]»", where);
    }
    free(text);
    return good;
}

static void name_current(id_keys *keys) {
    for (size_t i = 0; i < keys->n; i++) {
        const id_key *key = &keys->all[i];
        if (key->secret_len == keys->current.secret_len && strcmp(key->issuer, keys->current.issuer) == 0 &&
            CRYPTO_memcmp(key->secret, keys->current.secret, key->secret_len) == 0)
            keys->current.kid = key->kid;
    }
}

id_keys *id_keys_load(const char *current, const char *list, const char *issuer, const char **error) {
    id_keys *keys = calloc(1, sizeof *keys);
    if (!keys)
        abort();
    keys->current = (id_key){.alg = HS256, .issuer = issuer};
    if (!read_secret(current, &keys->current, error) || (list && !read_list(keys, list, issuer, error))) {
        id_keys_free(keys);
        return NULL;
    }
    name_current(keys);
    return keys;
}

static void free_secret(id_key *key) {
    if (key->secret)
        OPENSSL_cleanse(key->secret, key->secret_len);
    free(key->secret);
}

void id_keys_free(id_keys *keys) {
    if (!keys)
        return;
    free_secret(&keys->current);
    for (size_t i = 0; i < keys->n; i++) {
        id_key *key = &keys->all[i];
        free_secret(key);
        EVP_PKEY_free(key->public);
        free((char *)key->kid);
        free((char *)key->issuer);
    }
    free(keys);
}

const id_key *id_keys_current(const id_keys *keys) {
    return &keys->current;
}

const id_key *id_keys_find(const id_keys *keys, const char *kid) {
    for (size_t i = 0; i < keys->n; i++)
        if (strcmp(keys->all[i].kid, kid) == 0)
            return &keys->all[i];
    return NULL;
}

size_t id_keys_count(const id_keys *keys) {
    return keys->n;
}

static bool mac_good(const id_key *key, const char *text, size_t len, const unsigned char *given, size_t n) {
    unsigned char right[EVP_MAX_MD_SIZE];
    unsigned right_len = 0;
    return HMAC(EVP_sha256(), key->secret, (int)key->secret_len, (const unsigned char *)text, len, right, &right_len) &&
           right_len == n && CRYPTO_memcmp(given, right, n) == 0;
}

static bool public_good(const id_key *key, const char *text, size_t len, const unsigned char *given, size_t n) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key->public) == 1 &&
                EVP_DigestVerify(ctx, given, n, (const unsigned char *)text, len) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

/* A JWS carries the two numbers side by side (RFC 7518, 3.4), OpenSSL takes them in DER. */
static bool pair_good(const id_key *key, const char *text, size_t len, const unsigned char *given, size_t n) {
    if (n != (size_t)2 * HALF)
        return false;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(given, HALF, NULL), *s = BN_bin2bn(given + HALF, HALF, NULL);
    unsigned char *der = NULL;
    if (!pair || !r || !s || ECDSA_SIG_set0(pair, r, s) != 1)
        abort();
    int der_len = i2d_ECDSA_SIG(pair, &der);
    bool good = der_len > 0 && public_good(key, text, len, der, (size_t)der_len);
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    return good;
}

bool id_key_verify(const id_key *key, const char *text, size_t len, const unsigned char *signature,
                   size_t signature_len) {
    return key->alg == HS256   ? mac_good(key, text, len, signature, signature_len)
           : key->alg == ES256 ? pair_good(key, text, len, signature, signature_len)
                               : public_good(key, text, len, signature, signature_len);
}
