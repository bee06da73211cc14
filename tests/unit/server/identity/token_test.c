#include "server/identity/token.h"

#include <check.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char KEY[] = "una clave de treinta y dos bytes", OTHER[] = "otra clave de treinta y dos byte";
static const int64_t NOW = 1800000000;
static const char HEADER[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
static const char CLAIMS[] = "{\"sub\":\"42\",\"exp\":1800000100,\"iss\":\"pendientes\",\"aud\":\"api\"}";

static pd_arena *arena;
static id_tokens *tokens;

static void setup(void) {
    arena = pd_arena_new();
    tokens = id_tokens_new(KEY, sizeof KEY - 1, "pendientes", "api", 3600);
}

static void teardown(void) {
    id_tokens_free(tokens);
    pd_arena_free(arena);
}

static const char *base64url(const void *bytes, size_t len) {
    char *text = pd_arena_alloc(arena, len * 4 / 3 + 8);
    EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
    for (char *p = text; *p; p++)
        *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
    text[strcspn(text, "=")] = 0;
    return text;
}

static const char *sign(const char *key, const char *text) {
    unsigned char mac[32];
    unsigned len;
    HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)text, strlen(text), mac, &len);
    return pd_arena_printf(arena, "%s.%s", text, base64url(mac, len));
}

static const char *parts(const char *header, const char *claims) {
    return pd_arena_printf(arena, "%s.%s", base64url(header, strlen(header)), base64url(claims, strlen(claims)));
}

/* A token of these two, signed with the right key, as HS256 signs. */
static const char *token_of(const char *header, const char *claims) {
    return sign(KEY, parts(header, claims));
}

static int64_t verified(const char *token) {
    id_claims claims;
    return id_token_verify(tokens, token, strlen(token), NOW, &claims) ? claims.user_id : 0;
}

static void good(const char *token) {
    ck_assert_msg(verified(token) == 42, "refused: %s", token);
    ck_assert_msg(verified(token) == 42, "refused from the cache: %s", token);
}

static void bad(const char *token) {
    ck_assert_msg(verified(token) == 0, "taken: %s", token);
}

static const char *with_claims(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *with_claims(const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *claims = pd_arena_vprintf(arena, format, args);
    va_end(args);
    return token_of(HEADER, claims);
}

#define REST "\"iss\":\"pendientes\",\"aud\":\"api\""

START_TEST(a_good_token_names_its_user) {
    good(token_of(HEADER, CLAIMS));
    good(token_of("{\"alg\":\"HS256\"}", CLAIMS));
    id_claims claims;
    const char *most = with_claims("{\"sub\":\"999999999999999999\",\"exp\":1800000100," REST "}");
    ck_assert(id_token_verify(tokens, most, strlen(most), NOW, &claims));
    ck_assert_int_eq(claims.user_id, 999999999999999999);
}
END_TEST

START_TEST(the_algorithm_is_never_the_tokens) {
    bad(token_of("{\"alg\":\"none\"}", CLAIMS));
    bad(pd_arena_printf(arena, "%s.", parts("{\"alg\":\"none\"}", CLAIMS)));
    bad(pd_arena_printf(arena, "%s.", parts("{\"alg\":\"None\"}", CLAIMS)));
    bad(pd_arena_printf(arena, "%s.", parts(HEADER, CLAIMS)));
    bad(parts("{\"alg\":\"none\"}", CLAIMS));
    bad(token_of("{\"alg\":\"hs256\"}", CLAIMS));
    bad(token_of("{\"alg\":\"HS384\"}", CLAIMS));
    bad(token_of("{\"alg\":\"RS256\"}", CLAIMS));
    bad(token_of("{\"alg\":[\"HS256\"]}", CLAIMS));
    bad(token_of("{\"typ\":\"JWT\"}", CLAIMS));
    bad(sign(OTHER, parts(HEADER, CLAIMS)));
    bad(sign("", parts(HEADER, CLAIMS)));
}
END_TEST

START_TEST(a_real_rs256_token_is_refused) {
    EVP_PKEY *key = EVP_RSA_gen(2048);
    const char *text = parts("{\"alg\":\"RS256\"}", CLAIMS);
    unsigned char signature[256];
    size_t len = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    ck_assert_int_eq(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    ck_assert_int_eq(EVP_DigestSign(ctx, signature, &len, (const unsigned char *)text, strlen(text)), 1);
    bad(pd_arena_printf(arena, "%s.%s", text, base64url(signature, len)));
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
}
END_TEST

START_TEST(critical_extensions_and_unknown_keys_are_refused) {
    bad(token_of("{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", CLAIMS));
    bad(token_of("{\"alg\":\"HS256\",\"crit\":[]}", CLAIMS));
    bad(token_of("{\"alg\":\"HS256\",\"crit\":null}", CLAIMS));
    bad(token_of("{\"alg\":\"HS256\",\"kid\":\"2\"}", CLAIMS));
}
END_TEST

START_TEST(exp_is_required_and_a_number) {
    bad(with_claims("{\"sub\":\"42\"," REST "}"));
    bad(with_claims("{\"sub\":\"42\",\"exp\":null," REST "}"));
    bad(with_claims("{\"sub\":\"42\",\"exp\":\"1800000100\"," REST "}"));
    bad(with_claims("{\"sub\":\"42\",\"exp\":1e400," REST "}"));
    bad(with_claims("{\"sub\":\"42\",\"exp\":true," REST "}"));
    good(with_claims("{\"sub\":\"42\",\"exp\":1800000100.5," REST "}"));
}
END_TEST

START_TEST(dates_have_thirty_seconds_of_leeway) {
    good(with_claims("{\"sub\":\"42\",\"exp\":%ld," REST "}", (long)NOW - 29));
    bad(with_claims("{\"sub\":\"42\",\"exp\":%ld," REST "}", (long)NOW - 30));
    bad(with_claims("{\"sub\":\"42\",\"exp\":-1," REST "}"));
    good(with_claims("{\"sub\":\"42\",\"exp\":1800000100,\"nbf\":%ld," REST "}", (long)NOW + 30));
    bad(with_claims("{\"sub\":\"42\",\"exp\":1800000100,\"nbf\":%ld," REST "}", (long)NOW + 31));
    bad(with_claims("{\"sub\":\"42\",\"exp\":1800000100,\"nbf\":\"1\"," REST "}"));
    bad(with_claims("{\"sub\":\"42\",\"exp\":1800000100,\"nbf\":null," REST "}"));
    bad(with_claims("{\"sub\":\"42\",\"exp\":1800000100,\"iat\":\"1\"," REST "}"));
    good(with_claims("{\"sub\":\"42\",\"exp\":1800000100,\"iat\":1," REST "}"));
}
END_TEST

START_TEST(issuer_and_audience_are_asked) {
    bad(with_claims("{\"sub\":\"42\",\"exp\":1800000100,\"aud\":\"api\"}"));
    bad(with_claims("{\"sub\":\"42\",\"exp\":1800000100,\"iss\":\"otro\",\"aud\":\"api\"}"));
    bad(with_claims("{\"sub\":\"42\",\"exp\":1800000100,\"iss\":[\"pendientes\"],\"aud\":\"api\"}"));
    bad(with_claims("{\"sub\":\"42\",\"exp\":1800000100,\"iss\":\"pendientes\"}"));
    bad(with_claims("{\"sub\":\"42\",\"exp\":1800000100,\"iss\":\"pendientes\",\"aud\":\"otra\"}"));
    bad(with_claims("{\"sub\":\"42\",\"exp\":1800000100,\"iss\":\"pendientes\",\"aud\":[]}"));
    bad(with_claims("{\"sub\":\"42\",\"exp\":1800000100,\"iss\":\"pendientes\",\"aud\":[\"otra\",1]}"));
    good(with_claims("{\"sub\":\"42\",\"exp\":1800000100,\"iss\":\"pendientes\",\"aud\":[\"otra\",\"api\"]}"));
}
END_TEST

START_TEST(sub_is_a_decimal_string) {
    static const char *const subs[] = {
        "42",       "\"\"",          "\"042\"", "\"-42\"", "\"+42\"",  "\" 42\"", "\"42 \"",
        "\"0x2a\"", "\"42\\u0000\"", "\"0\"",   "null",    "[\"42\"]", "\"4.2\"", "\"99999999999999999999\""};
    for (size_t i = 0; i < sizeof subs / sizeof *subs; i++)
        bad(with_claims("{\"sub\":%s,\"exp\":1800000100," REST "}", subs[i]));
    bad(with_claims("{\"exp\":1800000100," REST "}"));
}
END_TEST

START_TEST(altered_tokens_are_refused) {
    char *token = pd_arena_strdup(arena, token_of(HEADER, CLAIMS));
    for (size_t i = 0; token[i]; i++) {
        char was = token[i];
        for (const char *to = "Ab_9.= \n+"; *to; to++)
            if (*to != was) {
                token[i] = *to;
                bad(token);
            }
        token[i] = was;
    }
    good(token);
    token[strlen(token) - 1] = 0;
    bad(token);
}
END_TEST

START_TEST(base64url_is_strict) {
    const char *token = token_of(HEADER, CLAIMS);
    bad(pd_arena_printf(arena, "%s=", token));
    bad(pd_arena_printf(arena, "%s.", token));
    bad(pd_arena_printf(arena, ".%s", token));
    bad(pd_arena_printf(arena, " %s", token));
    bad(pd_arena_printf(arena, "%s\n", token));
    bad(pd_arena_printf(arena, "%s.x", token));
    /* padding that is part of what is signed */
    char *header = pd_arena_printf(arena, "%s", base64url("{\"alg\":\"HS256\"}", 15));
    bad(sign(KEY, pd_arena_printf(arena, "%s=.%s", header, base64url(CLAIMS, strlen(CLAIMS)))));
    /* the last character of the signature has two bits to spare: another one decodes to the same bytes */
    char *spare = pd_arena_strdup(arena, token);
    spare[strlen(spare) - 1]++;
    bad(spare);
    /* the standard alphabet */
    const char *claims = "{\"sub\":\"42\",\"exp\":1800000100,\"x\":\"~~~~\"," REST "}";
    char *standard = pd_arena_strdup(arena, parts(HEADER, claims));
    ck_assert(strpbrk(standard, "-_"));
    good(sign(KEY, standard));
    for (char *p = standard; *p; p++)
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
    bad(sign(KEY, standard));
}
END_TEST

START_TEST(json_is_strict) {
    bad(token_of("{\"alg\":\"none\",\"alg\":\"HS256\"}", CLAIMS));
    bad(with_claims("{\"sub\":\"1\",\"sub\":\"42\",\"exp\":1800000100," REST "}"));
    bad(with_claims("{\"sub\":\"42\",\"exp\":1,\"exp\":1800000100," REST "}"));
    bad(with_claims("%s x", CLAIMS));
    bad(with_claims("[%s]", CLAIMS));
    bad(with_claims("{\"sub\":\"42\""));
    bad(with_claims("%s", ""));
    bad(token_of("\"HS256\"", CLAIMS));
    bad(with_claims("{\"sub\":\"42\",\"x\":\"\xff\",\"exp\":1800000100," REST "}"));
}
END_TEST

START_TEST(size_and_shape_are_bounded) {
    char *long_text = pd_arena_alloc(arena, 20000);
    memset(long_text, 'a', 19999);
    long_text[19999] = 0;
    bad(long_text);
    bad(with_claims("{\"sub\":\"42\",\"x\":\"%s\",\"exp\":1800000100," REST "}", long_text));
    long_text[5000] = 0;
    good(with_claims("{\"sub\":\"42\",\"x\":\"%s\",\"exp\":1800000100," REST "}", long_text));
    memset(long_text, '[', 5000);
    bad(with_claims("{\"sub\":\"42\",\"x\":%s,\"exp\":1800000100," REST "}", long_text));
    memset(long_text, '.', 5000);
    bad(long_text);
    bad("");
    bad(".");
    bad("..");
    bad("a.b");
    id_claims claims;
    ck_assert(!id_token_verify(tokens, NULL, 0, NOW, &claims));
}
END_TEST

START_TEST(the_cache_compares_all_bytes) {
    const char *token = token_of(HEADER, CLAIMS);
    good(token);
    /* the same length and the same end, which is what the slot is found by; and before that another user */
    const char *claims = "{\"sub\":\"43\",\"exp\":1800000100,\"iss\":\"pendientes\",\"aud\":\"api\"}";
    const char *forged = pd_arena_printf(arena, "%s%s", parts(HEADER, claims), strrchr(token, '.'));
    ck_assert_uint_eq(strlen(forged), strlen(token));
    bad(forged);
    bad(pd_arena_printf(arena, "A%s", token));
    good(token);
}
END_TEST

START_TEST(a_cached_token_expires) {
    const char *token = token_of(HEADER, CLAIMS);
    id_claims claims;
    good(token);
    ck_assert(id_token_verify(tokens, token, strlen(token), NOW + 129, &claims));
    ck_assert(!id_token_verify(tokens, token, strlen(token), NOW + 130, &claims));
}
END_TEST

START_TEST(more_tokens_than_the_cache_holds_stay_right) {
    for (int64_t round = 0; round < 2; round++)
        for (int64_t id = 1; id <= 20000; id++) {
            char claims[128];
            snprintf(claims, sizeof claims, "{\"sub\":\"%ld\",\"exp\":1800000100," REST "}", (long)id);
            const char *token = token_of(HEADER, claims);
            ck_assert_int_eq(verified(token), id);
            pd_arena_reset(arena);
        }
}
END_TEST

START_TEST(issued_tokens_are_good_and_each_its_own) {
    char *one = id_token_issue(tokens, 42, "ADMIN", NOW, arena), *two = id_token_issue(tokens, 42, "ADMIN", NOW, arena);
    ck_assert_ptr_nonnull(one);
    ck_assert_str_ne(one, two);
    good(one);
    good(two);
    id_claims claims;
    ck_assert(id_token_verify(tokens, one, strlen(one), NOW + 3600 + 29, &claims));
    ck_assert(!id_token_verify(tokens, one, strlen(one), NOW + 3600 + 30, &claims));
    /* another key, issuer or audience does not take it */
    static const char *const others[][3] = {
        {OTHER, "pendientes", "api"}, {KEY, "otro", "api"}, {KEY, "pendientes", "otra"}};
    for (int i = 0; i < 3; i++) {
        id_tokens *strangers = id_tokens_new(others[i][0], 32, others[i][1], others[i][2], 3600);
        ck_assert(!id_token_verify(strangers, one, strlen(one), NOW, &claims));
        id_tokens_free(strangers);
    }
}
END_TEST

START_TEST(issued_claims_are_the_contracts) {
    char *token = id_token_issue(tokens, 42, "ADMIN", NOW, arena), *payload = strchr(token, '.') + 1;
    unsigned char text[1024];
    size_t n = strcspn(payload, ".");
    char *padded = pd_arena_printf(arena, "%.*s%s", (int)n, payload, &"==="[n % 4 ? n % 4 - 1 : 3]);
    for (char *p = padded; *p; p++)
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
    int len = EVP_DecodeBlock(text, (unsigned char *)padded, (int)strlen(padded));
    ck_assert_int_gt(len, 0);
    text[len] = 0;
    static const char *const claims[] = {"\"sub\":\"42\"",     "\"rol\":\"ADMIN\"",      "\"iat\":1800000000",
                                         "\"exp\":1800003600", "\"iss\":\"pendientes\"", "\"aud\":\"api\"",
                                         "\"jti\":\""};
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
        ck_assert_msg(strstr((char *)text, claims[i]), "%s is not in %s", claims[i], text);
}
END_TEST

int main(void) {
    Suite *s = suite_create("token");
    TCase *c = tcase_create("token");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 30);
    tcase_add_test(c, a_good_token_names_its_user);
    tcase_add_test(c, the_algorithm_is_never_the_tokens);
    tcase_add_test(c, a_real_rs256_token_is_refused);
    tcase_add_test(c, critical_extensions_and_unknown_keys_are_refused);
    tcase_add_test(c, exp_is_required_and_a_number);
    tcase_add_test(c, dates_have_thirty_seconds_of_leeway);
    tcase_add_test(c, issuer_and_audience_are_asked);
    tcase_add_test(c, sub_is_a_decimal_string);
    tcase_add_test(c, altered_tokens_are_refused);
    tcase_add_test(c, base64url_is_strict);
    tcase_add_test(c, json_is_strict);
    tcase_add_test(c, size_and_shape_are_bounded);
    tcase_add_test(c, the_cache_compares_all_bytes);
    tcase_add_test(c, a_cached_token_expires);
    tcase_add_test(c, more_tokens_than_the_cache_holds_stay_right);
    tcase_add_test(c, issued_tokens_are_good_and_each_its_own);
    tcase_add_test(c, issued_claims_are_the_contracts);
    suite_add_tcase(s, c);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
