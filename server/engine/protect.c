/* protect: sealed fields, and the keys that seal them. */
#include "server/engine/protect.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1, KEY_LEN = 32, NONCE_LEN = 12, TAG_LEN = 16, MAX_ID = 32, MAX_KEYS = 16 };

struct en_keys {
    size_t n;
    struct en_key {
        char id[MAX_ID + 1];
        uint8_t bytes[KEY_LEN];
    } keys[MAX_KEYS];
};

/* ---- the file ---- */

static bool read_key(struct en_key *key, char *line) {
    char *rest = NULL;
    const char *id = strtok_r(line, " \t\r\n", &rest), *hex = strtok_r(NULL, " \t\r\n", &rest);
    if (hex == NULL || strtok_r(NULL, " \t\r\n", &rest) != NULL || strlen(id) > MAX_ID || strlen(hex) != 2 * KEY_LEN) {
        return false;
    }
    strcpy(key->id, id);
    for (int i = 0; i < KEY_LEN; i++) {
        int high = OPENSSL_hexchar2int((unsigned char)hex[2 * i]),
            low = OPENSSL_hexchar2int((unsigned char)hex[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        key->bytes[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

static const struct en_key *find_key(const en_keys *keys, const char *id, size_t len) {
    for (size_t i = 0; i < keys->n; i++) {
        if (strlen(keys->keys[i].id) == len && memcmp(keys->keys[i].id, id, len) == 0) {
            return &keys->keys[i];
        }
    }
    return NULL;
}

/* NULL, or what is wrong; never the line itself, which holds a key. */
static const char *read_keys(en_keys *keys, FILE *file) {
    char line[256];
    const char *wrong = NULL;
    while (wrong == NULL && fgets(line, sizeof line, file) != NULL) {
        if (line[strspn(line, " \t\r\n")] == '\0' || *line == '#') {
            continue;
        }
        struct en_key *key = &keys->keys[keys->n];
        if (keys->n == MAX_KEYS) {
            wrong = "más de 16 claves";
        } else if (!read_key(key, line)) {
            wrong = "una línea no es «<id> <64 dígitos hexadecimales>»";
        } else if (find_key(keys, key->id, strlen(key->id)) != NULL) {
            wrong = "dos claves con el mismo id";
        } else {
            keys->n++;
        }
    }
    OPENSSL_cleanse(line, sizeof line);
    return wrong != NULL ? wrong : ferror(file) ? "no se pudo leer" : keys->n == 0 ? "no tiene ninguna clave" : NULL;
}

en_keys *en_keys_load(const char *path, const char **error) {
    static char reason[512];
    *error = reason;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        snprintf(reason, sizeof reason, "archivo de claves %s: %s", path, strerror(errno));
        return NULL;
    }
    setvbuf(file, NULL, _IONBF, 0); /* no copy of the keys stays in a buffer */
    en_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL) {
        abort();
    }
    const char *wrong = read_keys(keys, file);
    fclose(file);
    if (wrong == NULL) {
        *error = NULL;
        return keys;
    }
    snprintf(reason, sizeof reason, "archivo de claves %s: %s", path, wrong);
    en_keys_free(keys);
    return NULL;
}

void en_keys_free(en_keys *keys) {
    if (keys != NULL) {
        OPENSSL_cleanse(keys, sizeof *keys);
        free(keys);
    }
}

/* ---- sealing ---- */

/* Runs the cipher over `in`; `tag` is written when sealing, compared when opening. */
static bool cipher(bool seal, const uint8_t *key, const uint8_t *nonce, const char *extra, const uint8_t *in,
                   size_t len, uint8_t *out, uint8_t *tag) {
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return false;
    }
    int n = 0;
    bool done = EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce, seal) == 1 &&
                EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)extra, (int)strlen(extra)) == 1 &&
                EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1 &&
                (seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_LEN, tag) == 1) &&
                EVP_CipherFinal_ex(ctx, out + n, &n) == 1 &&
                (!seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_LEN, tag) == 1);
    EVP_CIPHER_CTX_free(ctx);
    return done;
}

static const char *extra_data(const char *column, int64_t order, pd_arena *arena) {
    return pd_arena_printf(arena, "%s:%lld", column, (long long)order);
}

/* HMAC-SHA256 under a key of KEY_LEN bytes, which is what it makes. False: OpenSSL failed. */
static bool authenticate(const uint8_t *key, const char *text, uint8_t out[EVP_MAX_MD_SIZE]) {
    return HMAC(EVP_sha256(), key, KEY_LEN, (const uint8_t *)text, strlen(text), out, NULL) != NULL;
}

/* A key for nonces from the key that seals, one for the place from that, and under it the text. */
static bool make_nonce(const struct en_key *key, const char *place, const char *text, uint8_t *nonce) {
    uint8_t own[EVP_MAX_MD_SIZE], of_place[EVP_MAX_MD_SIZE], digest[EVP_MAX_MD_SIZE];
    bool done = authenticate(key->bytes, "pendientes nonce", own) && authenticate(own, place, of_place) &&
                authenticate(of_place, text, digest);
    if (done) {
        memcpy(nonce, digest, NONCE_LEN);
    }
    OPENSSL_cleanse(own, sizeof own);
    OPENSSL_cleanse(of_place, sizeof of_place);
    return done;
}

bool en_seal(const en_keys *keys, const char *column, int64_t order, const char *text, pd_arena *arena,
             uint8_t **sealed, size_t *len, pd_status *status) {
    size_t n = strlen(text);
    if (keys == NULL) {
        pd_status_set(status, arena, PD_INTERNAL, "No hay claves para cifrar el campo %s", column);
        return false;
    }
    const struct en_key *key = &keys->keys[0];
    size_t id_len = strlen(key->id);
    *len = 2 + id_len + NONCE_LEN + n + TAG_LEN;
    uint8_t *out = *sealed = pd_arena_alloc(arena, *len);
    *out++ = VERSION;
    *out++ = (uint8_t)id_len;
    memcpy(out, key->id, id_len);
    out += id_len;
    uint8_t *nonce = out, *body = out + NONCE_LEN;
    const char *extra = extra_data(column, order, arena);
    if (!make_nonce(key, extra, text, nonce) ||
        !cipher(true, key->bytes, nonce, extra, (const uint8_t *)text, n, body, body + n)) {
        pd_status_set(status, arena, PD_INTERNAL, "No se pudo cifrar el campo %s", column);
        return false;
    }
    return true;
}

char *en_open(const en_keys *keys, const char *column, int64_t order, const uint8_t *sealed, size_t len,
              pd_arena *arena, pd_status *status) {
    size_t id_len = len >= 2 ? sealed[1] : 0, head = 2 + id_len + NONCE_LEN;
    if (keys != NULL && len >= head + TAG_LEN && sealed[0] == VERSION) {
        const struct en_key *key = find_key(keys, (const char *)sealed + 2, id_len);
        size_t n = len - head - TAG_LEN;
        char *text = pd_arena_alloc(arena, n + 1);
        uint8_t tag[TAG_LEN];
        memcpy(tag, sealed + len - TAG_LEN, TAG_LEN);
        if (key != NULL && cipher(false, key->bytes, sealed + head - NONCE_LEN, extra_data(column, order, arena),
                                  sealed + head, n, (uint8_t *)text, tag)) {
            text[n] = '\0';
            return text;
        }
        OPENSSL_cleanse(text, n + 1); /* GCM writes before it knows that the tag is wrong */
    }
    pd_status_set(status, arena, PD_DATA_LOSS, "No se pudo descifrar el campo %s de %lld", column, (long long)order);
    return NULL;
}
