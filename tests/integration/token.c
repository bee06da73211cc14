#include "tests/integration/token.h"

#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/up.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TEXT = 4096 };

#define HS256 "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define FOREIGN "another key, another key, another key, another key"

static char *next_text(void) {
    static __thread char texts[16][TEXT];
    static __thread int next;
    return texts[next++ % 16];
}

/* Base64url without padding; appends at `at`, returns the end. */
static char *encode(char *at, const void *bytes, size_t len) {
    int n = EVP_EncodeBlock((unsigned char *)at, bytes, (int)len);
    while (n && at[n - 1] == '=')
        n--;
    at[n] = 0;
    for (char *c = at; *c; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    return at + n;
}

static const char *system_key(void) {
    static char key[1024];
    if (*key)
        return key;
    FILE *f = fopen(up_env("PENDIENTES_TOKEN_KEY_FILE"), "r");
    size_t n = f ? fread(key, 1, sizeof key - 1, f) : 0;
    if (n && key[n - 1] == '\n')
        key[n - 1] = 0;
    if (f)
        fclose(f);
    if (!*key) {
        fprintf(stderr, "token: the key file cannot be read\n");
        exit(2);
    }
    return key;
}

const char *token_forge(const char *header, const char *claims, const char *key) {
    char *text = next_text(), *at = encode(text, header, strlen(header));
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    key = key ? key : system_key();
    *at++ = '.';
    at = encode(at, claims, strlen(claims));
    HMAC(EVP_sha256(), key, (int)strlen(key), (unsigned char *)text, (size_t)(at - text), mac, &n);
    *at++ = '.';
    encode(at, mac, n);
    return text;
}

/* DER's two numbers as a JWS carries them: 32 bytes each. */
static size_t side_by_side(unsigned char *signature, size_t n) {
    const unsigned char *der = signature;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)n);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32);
    ECDSA_SIG_free(pair);
    return 64;
}

const char *token_sign(const char *header, const char *claims, EVP_PKEY *key, bool der) {
    char *text = next_text(), *at = encode(text, header, strlen(header));
    unsigned char signature[512];
    size_t n = sizeof signature;
    *at++ = '.';
    at = encode(at, claims, strlen(claims));
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(ctx, signature, &n, (unsigned char *)text, (size_t)(at - text)) != 1)
        exit(2);
    EVP_MD_CTX_free(ctx);
    if (!der && EVP_PKEY_is_a(key, "EC"))
        n = side_by_side(signature, n);
    *at++ = '.';
    encode(at, signature, n);
    return text;
}

const char *token_claims(const char *sub, long expires_in) {
    char *text = next_text();
    long now = (long)time(NULL);
    snprintf(text, TEXT,
             "{\"sub\":\"%s\",\"rol\":1,\"iat\":%ld,\"exp\":%ld,\"iss\":\"pendientes\",\"aud\":\"pendientes-api\","
             "\"jti\":\"prueba-%ld\"}",
             sub, now, now + expires_in, random());
    return text;
}

static const char *user_of(const char *role) {
    return db_value("SELECT id FROM usuarios WHERE dni = '%s' AND vigente", up_dni(role));
}

const char *token_good(const char *role) {
    return token_forge(HS256, token_claims(user_of(role), 600), NULL);
}

/* The claims of ADMIN with one text replaced. */
static const char *changed(const char *from, const char *to) {
    const char *claims = token_claims(user_of("ADMIN"), 600);
    const char *at = strstr(claims, from);
    char *text = next_text();
    if (!at) {
        fprintf(stderr, "token: no %s in the claims\n", from);
        exit(2);
    }
    snprintf(text, TEXT, "%.*s%s%s", (int)(at - claims), claims, to, at + strlen(from));
    return text;
}

static const char *signed_with(const char *header) {
    return token_forge(header, token_claims(user_of("ADMIN"), 600), NULL);
}

static const char *altered(size_t part) {
    char *text = next_text();
    snprintf(text, TEXT, "%s", token_good("ADMIN"));
    char *at = text;
    for (size_t i = 0; i < part; i++)
        at = strchr(at, '.') + 1;
    at[5] = at[5] == 'A' ? 'B' : 'A';
    return text;
}

static const char *without_signature(const char *header, const char *signature) {
    char *text = next_text();
    snprintf(text, TEXT, "%s", token_forge(header, token_claims(user_of("ADMIN"), 600), NULL));
    sprintf(strrchr(text, '.') + 1, "%s", signature);
    return text;
}

static const char *padded(void) {
    char *text = next_text();
    snprintf(text, TEXT, "%s=", token_good("ADMIN")); /* 43 characters of signature */
    return text;
}

static const char *with_payload_of_another(void) {
    char *text = next_text();
    const char *mine = token_good("TECN"), *other = token_good("ADMIN");
    const char *from = strchr(other, '.'), *to = strrchr(other, '.');
    snprintf(text, TEXT, "%.*s%.*s%s", (int)(strchr(mine, '.') - mine), mine, (int)(to - from), from,
             strrchr(mine, '.'));
    return text;
}

const char *token_bad(size_t number, const char **what) {
    const char *ignored;
    what = what ? what : &ignored;
    switch (number) {
    case 0:
        *what = "an altered header";
        return altered(0);
    case 1:
        *what = "altered claims";
        return altered(1);
    case 2:
        *what = "an altered signature";
        return altered(2);
    case 3:
        *what = "another's claims";
        return with_payload_of_another();
    case 4:
        *what = "alg none without signature";
        return without_signature("{\"alg\":\"none\"}", "");
    case 5:
        *what = "alg none with a signature";
        return signed_with("{\"alg\":\"none\"}");
    case 6:
        *what = "alg None";
        return without_signature("{\"alg\":\"None\",\"typ\":\"JWT\"}", "AAAA");
    case 7:
        *what = "alg HS512";
        return signed_with("{\"alg\":\"HS512\",\"typ\":\"JWT\"}");
    case 8:
        *what = "alg RS256";
        return signed_with("{\"alg\":\"RS256\",\"typ\":\"JWT\"}");
    case 9:
        *what = "no alg";
        return signed_with("{\"typ\":\"JWT\"}");
    case 10:
        *what = "crit";
        return signed_with("{\"alg\":\"HS256\",\"crit\":[\"exp\"]}");
    case 11:
        *what = "an unknown kid";
        return signed_with("{\"alg\":\"HS256\",\"kid\":\"otra\"}");
    case 12:
        *what = "a foreign key";
        return token_forge(HS256, token_claims(user_of("ADMIN"), 600), FOREIGN);
    case 13:
        *what = "expired";
        return token_forge(HS256, token_claims(user_of("ADMIN"), -3600), NULL);
    case 14:
        *what = "no exp";
        return token_forge(HS256, changed("\"exp\"", "\"exq\""), NULL);
    case 15:
        *what = "exp as a text";
        return token_forge(HS256, changed("\"exp\":", "\"exp\":\"9999999999\",\"x\":"), NULL);
    case 16:
        *what = "nbf ahead";
        return token_forge(HS256, changed("\"rol\":1", "\"nbf\":9999999999"), NULL);
    case 17:
        *what = "nbf as a text";
        return token_forge(HS256, changed("\"rol\":1", "\"nbf\":\"0\""), NULL);
    case 18:
        *what = "another issuer";
        return token_forge(HS256, changed("\"pendientes\"", "\"otro\""), NULL);
    case 19:
        *what = "no issuer";
        return token_forge(HS256, changed("\"iss\"", "\"isx\""), NULL);
    case 20:
        *what = "another audience";
        return token_forge(HS256, changed("pendientes-api", "otra-api"), NULL);
    case 21:
        *what = "no sub";
        return token_forge(HS256, changed("\"sub\"", "\"sux\""), NULL);
    case 22:
        *what = "a sub that is no number";
        return token_forge(HS256, token_claims("admin", 600), NULL);
    case 23:
        *what = "an unknown user";
        return token_forge(HS256, token_claims("999999999", 600), NULL);
    case 24:
        *what = "sub twice";
        return token_forge(HS256, changed("\"rol\":1", "\"sub\":\"1\""), NULL);
    case 25:
        *what = "claims that are no object";
        return token_forge(HS256, "[1]", NULL);
    case 26:
        *what = "no JWT";
        return "esto-no-es-un-token";
    case 27:
        *what = "two parts";
        return "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0";
    case 28:
        *what = "four parts";
        return "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.AAAA.AAAA";
    case 29:
        *what = "a kid that is no string";
        return signed_with("{\"alg\":\"HS256\",\"kid\":1}");
    case 30:
        *what = "the kid twice";
        return signed_with("{\"alg\":\"HS256\",\"kid\":\"1\",\"kid\":\"1\"}");
    case 31:
        *what = "a header that is no object";
        return signed_with("[{\"alg\":\"HS256\"}]");
    case 32:
        *what = "another kind of token";
        return signed_with("{\"alg\":\"HS256\",\"typ\":\"logout+jwt\"}");
    case 33:
        *what = "a token in a token";
        return token_forge("{\"alg\":\"HS256\",\"cty\":\"JWT\"}", token_good("ADMIN"), NULL);
    case 34:
        *what = "padding";
        return padded();
    default:
        return NULL;
    }
}

size_t token_n_bad(void) {
    size_t n = 0;
    while (token_bad(n, NULL))
        n++;
    return n;
}
