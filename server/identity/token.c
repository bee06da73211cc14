#include "server/identity/token.h"

#include <jansson.h>
#include <jwt.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CACHE_SIZE = 4096, WAYS = 2, SIGNATURE_TEXT = 40 };
static const double SECONDS_MAX = 9007199254740992.0; /* what a JSON number holds exactly */

typedef struct verified {
    uint64_t hash;
    char *token;
    size_t len;
    id_claims claims;
    double expires;
} verified;

struct id_tokens {
    id_keys *keys;
    const char *audience;
    int64_t ttl_s;
    uint64_t seed;
    unsigned turn; /* which way is given up next */
    verified cache[CACHE_SIZE][WAYS];
};

id_tokens *id_tokens_new(id_keys *keys, const char *audience, int64_t ttl_s) {
    id_tokens *tokens = calloc(1, sizeof *tokens);
    if (!tokens || RAND_bytes((unsigned char *)&tokens->seed, sizeof tokens->seed) != 1)
        abort();
    tokens->keys = keys;
    tokens->audience = audience;
    tokens->ttl_s = ttl_s;
    return tokens;
}

void id_tokens_free(id_tokens *tokens) {
    if (!tokens)
        return;
    for (size_t i = 0; i < CACHE_SIZE; i++)
        for (size_t w = 0; w < WAYS; w++)
            free(tokens->cache[i][w].token);
    id_keys_free(tokens->keys);
    free(tokens);
}

/* Only to find the slot: the token is compared whole. The signature at its end is random enough; eight bytes a step. */
static uint64_t hash(uint64_t seed, const char *text, size_t len) {
    uint64_t h = seed ^ len, word;
    if (len > SIGNATURE_TEXT) {
        text += len - SIGNATURE_TEXT;
        len = SIGNATURE_TEXT;
    }
    for (; len >= 8; text += 8, len -= 8) {
        memcpy(&word, text, 8);
        h = (h ^ word) * 0x9e3779b97f4a7c15u;
        h ^= h >> 32;
    }
    word = 0;
    memcpy(&word, text, len);
    h = (h ^ word) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

/* Base64url without padding (RFC 7515, section 2), strict: no other characters, no stray bits. SIZE_MAX when malformed.
 */
static size_t decode(const char *text, size_t len, unsigned char *out) {
    size_t n = 0;
    uint32_t bits = 0;
    int held = 0;
    if (len % 4 == 1)
        return SIZE_MAX;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        int value = c >= 'A' && c <= 'Z'   ? c - 'A'
                    : c >= 'a' && c <= 'z' ? c - 'a' + 26
                    : c >= '0' && c <= '9' ? c - '0' + 52
                    : c == '-'             ? 62
                    : c == '_'             ? 63
                                           : -1;
        if (value < 0)
            return SIZE_MAX;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[n++] = (unsigned char)(bits >> held);
            bits &= (1u << held) - 1;
        }
    }
    return bits ? SIZE_MAX : n;
}

/* A part of the token as a JSON object, or NULL. */
static json_t *object(const char *text, size_t len) {
    unsigned char bytes[ID_TOKEN_MAX];
    size_t n = decode(text, len, bytes);
    json_t *json = n == SIZE_MAX ? NULL : json_loadb((const char *)bytes, n, JSON_REJECT_DUPLICATES, NULL);
    if (json && !json_is_object(json)) {
        json_decref(json);
        return NULL;
    }
    return json;
}

/* Tokens of a kind of their own (`logout+jwt`, `secevent+jwt`) are signed with the same keys and are no access tokens
 * (RFC 8725, 3.11). */
static bool type_good(const json_t *typ) {
    static const char *const ours[] = {"JWT", "at+jwt", "application/at+jwt"};
    const char *text = json_string_value(typ);
    for (size_t i = 0; text && i < sizeof ours / sizeof *ours; i++)
        if (strcasecmp(text, ours[i]) == 0)
            return true;
    return !typ;
}

/* The key that the header may be of, or NULL. */
static const id_key *key_of(const id_tokens *tokens, const json_t *header) {
    const json_t *kid = json_object_get(header, "kid");
    const char *alg = json_string_value(json_object_get(header, "alg"));
    const id_key *key = !kid                  ? id_keys_current(tokens->keys)
                        : json_is_string(kid) ? id_keys_find(tokens->keys, json_string_value(kid))
                                              : NULL;
    bool good = key && alg && strcmp(alg, key->alg) == 0 && !json_object_get(header, "crit") &&
                type_good(json_object_get(header, "typ"));
    return good ? key : NULL;
}

static bool audience_good(const json_t *audience, const char *wanted) {
    if (json_is_string(audience))
        return strcmp(json_string_value(audience), wanted) == 0;
    for (size_t i = 0; i < json_array_size(audience); i++) {
        const char *one = json_string_value(json_array_get(audience, i));
        if (one && strcmp(one, wanted) == 0)
            return true;
    }
    return false;
}

/* Decimal digits of a positive int64 without leading zeros. */
static bool subject(const json_t *sub, int64_t *user_id) {
    const char *text = json_string_value(sub);
    size_t n = text ? strlen(text) : 0;
    if (n == 0 || n > 18 || n != json_string_length(sub) || text[0] == '0' || strspn(text, "0123456789") != n)
        return false;
    *user_id = strtoll(text, NULL, 10);
    return true;
}

/* 0 without it. False: it is no number, or none of seconds. */
static bool issued_at(const json_t *iat, int64_t *issued) {
    double seconds = json_number_value(iat);
    if (iat && (!json_is_number(iat) || seconds > SECONDS_MAX || seconds < -SECONDS_MAX))
        return false;
    *issued = seconds > 0 ? (int64_t)seconds : 0;
    return true;
}

static bool claims_good(const id_tokens *tokens, const id_key *key, const json_t *claims, int64_t now, id_claims *out,
                        double *expires) {
    const json_t *exp = json_object_get(claims, "exp"), *nbf = json_object_get(claims, "nbf");
    const char *issuer = json_string_value(json_object_get(claims, "iss"));
    if (!json_is_number(exp) || (nbf && !json_is_number(nbf)) ||
        !issued_at(json_object_get(claims, "iat"), &out->issued))
        return false;
    *expires = json_number_value(exp) + ID_LEEWAY_S;
    return (double)now < *expires && (!nbf || json_number_value(nbf) <= (double)(now + ID_LEEWAY_S)) && issuer &&
           strcmp(issuer, key->issuer) == 0 && audience_good(json_object_get(claims, "aud"), tokens->audience) &&
           subject(json_object_get(claims, "sub"), &out->user_id);
}

static bool signature_good(const id_key *key, const char *token, const char *last_dot, const char *end) {
    unsigned char signature[ID_TOKEN_MAX];
    size_t n = decode(last_dot + 1, (size_t)(end - last_dot - 1), signature);
    return n != SIZE_MAX && id_key_verify(key, token, (size_t)(last_dot - token), signature, n);
}

static bool verify(const id_tokens *tokens, const char *token, size_t len, int64_t now, id_claims *out,
                   double *expires) {
    const char *end = token + len, *first = memchr(token, '.', len);
    const char *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
    if (!second || memchr(second + 1, '.', (size_t)(end - second - 1)))
        return false;
    json_t *header = object(token, (size_t)(first - token)), *claims = NULL;
    const id_key *key = header ? key_of(tokens, header) : NULL;
    bool good = key && signature_good(key, token, second, end) &&
                (claims = object(first + 1, (size_t)(second - first - 1))) != NULL &&
                claims_good(tokens, key, claims, now, out, expires);
    json_decref(header);
    json_decref(claims);
    return good;
}

bool id_token_verify(id_tokens *tokens, const char *token, size_t len, int64_t now, id_claims *claims) {
    if (!token || !len || len > ID_TOKEN_MAX)
        return false;
    uint64_t h = hash(tokens->seed, token, len);
    verified *slot = tokens->cache[h % CACHE_SIZE];
    for (size_t w = 0; w < WAYS; w++)
        if (slot[w].hash == h && slot[w].len == len && memcmp(slot[w].token, token, len) == 0) {
            *claims = slot[w].claims;
            return (double)now < slot[w].expires;
        }
    double expires;
    if (!verify(tokens, token, len, now, claims, &expires))
        return false;
    verified *free_way = !slot[0].token ? &slot[0] : !slot[1].token ? &slot[1] : &slot[tokens->turn++ % WAYS];
    char *copy = malloc(len);
    if (copy) {
        free(free_way->token);
        *free_way = (verified){h, memcpy(copy, token, len), len, *claims, expires};
    }
    return true;
}

char *id_token_issue(const id_tokens *tokens, int64_t user_id, const char *role, int64_t issued, pd_arena *arena) {
    unsigned char random[16];
    char id[33], sub[24], *out = NULL;
    const id_key *key = id_keys_current(tokens->keys);
    jwt_t *jwt = NULL;
    if (RAND_bytes(random, sizeof random) != 1 || jwt_new(&jwt))
        return NULL;
    for (size_t i = 0; i < sizeof random; i++)
        sprintf(id + 2 * i, "%02x", random[i]);
    snprintf(sub, sizeof sub, "%lld", (long long)user_id);
    if (!jwt_set_alg(jwt, JWT_ALG_HS256, key->secret, (int)key->secret_len) &&
        (!key->kid || !jwt_add_header(jwt, "kid", key->kid)) && !jwt_add_grant(jwt, "sub", sub) &&
        !jwt_add_grant(jwt, "rol", role) && !jwt_add_grant_int(jwt, "iat", issued) &&
        !jwt_add_grant_int(jwt, "exp", issued + tokens->ttl_s) && !jwt_add_grant(jwt, "iss", key->issuer) &&
        !jwt_add_grant(jwt, "aud", tokens->audience) && !jwt_add_grant(jwt, "jti", id)) {
        char *text = jwt_encode_str(jwt);
        out = text ? pd_arena_strdup(arena, text) : NULL;
        free(text);
    }
    jwt_free(jwt);
    return out;
}
