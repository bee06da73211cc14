#include "server/engine/cursor.h"

#include <endian.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>

/* MAC, whether there is a key, id, key. */
enum { MAC = 16, FLAG = MAC, ID = FLAG + 1, KEY = ID + 8 };

static void authenticate(const uint8_t *secret, const en_order *order, const uint8_t *bytes, size_t len,
                         pd_arena *arena, uint8_t *mac) {
    const char *head = pd_arena_printf(arena, "cursor %s %s %c ", order->method, order->sort, order->desc ? 'd' : 'a');
    size_t head_len = strlen(head);
    uint8_t *text = pd_arena_alloc(arena, head_len + len), whole[SHA256_DIGEST_LENGTH];
    memcpy(text, head, head_len);
    memcpy(text + head_len, bytes, len);
    HMAC(EVP_sha256(), secret, 32, text, head_len + len, whole, NULL);
    memcpy(mac, whole, MAC);
}

const char *en_cursor_seal(const uint8_t secret[32], const en_order *order, const char *key, int64_t id,
                           pd_arena *arena) {
    size_t key_len = key ? strlen(key) : 0, len = KEY + key_len;
    uint8_t *bytes = pd_arena_zalloc(arena, len);
    const uint64_t big = htobe64((uint64_t)id);
    bytes[FLAG] = key != NULL;
    memcpy(bytes + ID, &big, sizeof big);
    if (key_len)
        memcpy(bytes + KEY, key, key_len);
    authenticate(secret, order, bytes + MAC, len - MAC, arena, bytes);
    char *text = pd_arena_alloc(arena, (len + 2) / 3 * 4 + 1);
    int n = EVP_EncodeBlock((uint8_t *)text, bytes, (int)len);
    while (n > 0 && text[n - 1] == '=')
        n--;
    text[n] = '\0';
    for (char *at = text; *at; at++)
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    return text;
}

/* base64url without padding; 0: it is none. */
static size_t decode(const char *text, pd_arena *arena, uint8_t **bytes) {
    size_t len = strlen(text), padded = (len + 3) / 4 * 4;
    char *plain = pd_arena_alloc(arena, padded + 1);
    memset(plain, '=', padded);
    for (size_t i = 0; i < len; i++)
        plain[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    *bytes = pd_arena_alloc(arena, padded / 4 * 3 + 1);
    int n = len % 4 == 1 ? -1 : EVP_DecodeBlock(*bytes, (const uint8_t *)plain, (int)padded);
    return n < 0 ? 0 : (size_t)n - (padded - len);
}

bool en_cursor_open(const uint8_t secret[32], const en_order *order, const char *text, pd_arena *arena,
                    const char **key, int64_t *id) {
    uint8_t *bytes, mac[MAC];
    size_t len = decode(text, arena, &bytes);
    if (len < KEY)
        return false;
    authenticate(secret, order, bytes + MAC, len - MAC, arena, mac);
    if (CRYPTO_memcmp(mac, bytes, MAC) != 0)
        return false;
    uint64_t big;
    memcpy(&big, bytes + ID, sizeof big);
    *id = (int64_t)be64toh(big);
    *key = bytes[FLAG] ? pd_arena_memdup(arena, bytes + KEY, len - KEY) : NULL;
    return true;
}
