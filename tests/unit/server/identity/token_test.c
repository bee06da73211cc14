#include "server/identity/token.h"
#include "tests/unit/server/identity/pem.h"

#include <openssl/hmac.h>

static const char KEY[] = "una clave de treinta y dos bytes", OTHER[] = "otra clave de treinta y dos byte";
static const int64_t NOW = 1800000000;
static const char HEADER[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
static const char CLAIMS[] = "{\"sub\":\"42\",\"exp\":1800000100,\"iss\":\"pendientes\",\"aud\":\"api\"}";

static pd_arena *arena;
static id_tokens *tokens;

static EVP_PKEY *rsa, *curve, *other_curve; /* made once */

/* A verifier whose current key is that, with a list or NULL. */
static id_tokens *tokens_of(const char *secret, const char *list, const char *issuer, const char *audience) {
    const char *error = NULL;
    id_keys *keys = id_keys_load(pem_text("token.key", secret), list ? pem_text("keys", list) : NULL, issuer, &error);
    ck_assert_msg(keys != NULL, "%s", error);
    return id_tokens_new(keys, audience, 3600);
}

static void setup(void) {
    arena = pd_arena_new();
    pem_open();
    pem_text("old.key", OTHER);
    pem_public("erp.pem", rsa);
    pem_public("app.pem", curve);
    tokens = tokens_of(KEY, "2025 HS256 old.key\nerp RS256 erp.pem https://erp.example\napp ES256 app.pem app\n",
                       "pendientes", "api");
}

static void teardown(void) {
    id_tokens_free(tokens);
    pem_close();
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

/* Of another issuer: signed with the private key, as the algorithm says. */
static const char *token_by(EVP_PKEY *key, const char *header, const char *claims) {
    const char *text = parts(header, claims);
    unsigned char signature[300];
    size_t len = 64;
    if (EVP_PKEY_is_a(key, "RSA"))
        len = pem_sign(key, text, signature, sizeof signature);
    else
        pem_sign_raw(key, text, false, signature);
    return pd_arena_printf(arena, "%s.%s", text, base64url(signature, len));
}

#define ERP "{\"sub\":\"42\",\"exp\":1800000100,\"iss\":\"https://erp.example\",\"aud\":\"api\"}"
#define APP "{\"sub\":\"42\",\"exp\":1800000100,\"iss\":\"app\",\"aud\":\"api\"}"
#define BY_ERP "{\"alg\":\"RS256\",\"kid\":\"erp\"}"
#define BY_APP "{\"alg\":\"ES256\",\"kid\":\"app\"}"

START_TEST(other_issuers_sign_with_their_own_keys) {
    good(token_by(rsa, BY_ERP, ERP));
    good(token_by(curve, BY_APP, APP));
    good(token_by(curve, "{\"alg\":\"ES256\",\"kid\":\"app\",\"typ\":\"at+JWT\"}", APP));
    bad(token_by(other_curve, BY_APP, APP));
    /* without kid it is of the current key */
    bad(token_by(rsa, "{\"alg\":\"RS256\"}", ERP));
    bad(token_by(curve, "{\"alg\":\"ES256\"}", APP));
    /* each key its algorithm */
    bad(token_by(rsa, "{\"alg\":\"ES256\",\"kid\":\"erp\"}", ERP));
    bad(token_by(rsa, "{\"alg\":\"RS384\",\"kid\":\"erp\"}", ERP));
    bad(token_by(rsa, "{\"alg\":\"PS256\",\"kid\":\"erp\"}", ERP));
    bad(token_by(rsa, "{\"kid\":\"erp\"}", ERP));
    bad(token_by(curve, "{\"alg\":\"RS256\",\"kid\":\"app\"}", APP));
    /* each key its issuer: none speaks for another, nor for us */
    bad(token_by(rsa, BY_ERP, CLAIMS));
    bad(token_by(rsa, BY_ERP, APP));
    bad(token_by(curve, BY_APP, ERP));
    bad(token_of(HEADER, ERP));
    bad(token_by(rsa, BY_ERP, "{\"sub\":\"42\",\"exp\":1800000100,\"aud\":\"api\"}"));
    bad(token_by(rsa, BY_ERP, "{\"sub\":\"42\",\"exp\":1800000100,\"iss\":\"https://erp.example\",\"aud\":\"otra\"}"));
}
END_TEST

START_TEST(a_public_key_is_no_secret) {
    static const char *const names[] = {"erp", "app"};
    for (int i = 0; i < 2; i++) {
        char text[2000];
        FILE *file = fopen(pem_path(i ? "app.pem" : "erp.pem"), "r");
        text[fread(text, 1, sizeof text - 1, file)] = 0;
        fclose(file);
        for (int trimmed = 0; trimmed < 2; trimmed++) {
            bad(sign(text,
                     parts(pd_arena_printf(arena, "{\"alg\":\"HS256\",\"kid\":\"%s\"}", names[i]), i ? APP : ERP)));
            bad(sign(text, parts(HEADER, CLAIMS)));
            text[strlen(text) - 1] = 0;
        }
    }
    const char *jwk =
        "{\"alg\":\"HS256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"b3RyYSBjbGF2ZSBkZSB0cmVpbnRhIHkgZG9zIGJ5dGU\"}}";
    bad(sign(OTHER, parts(jwk, CLAIMS)));
    good(token_of(jwk, CLAIMS)); /* what it says of itself is not even looked at */
}
END_TEST

START_TEST(a_kid_is_a_known_string) {
    good(sign(OTHER, parts("{\"alg\":\"HS256\",\"kid\":\"2025\"}", CLAIMS)));
    bad(sign(OTHER, parts(HEADER, CLAIMS)));
    bad(sign(KEY, parts("{\"alg\":\"HS256\",\"kid\":\"2025\"}", CLAIMS)));
    static const char *const kids[] = {
        "2025",          "null",         "true",        "[\"2025\"]",       "{\"kid\":\"2025\"}",
        "\"\"",          "\"2026\"",     "\"2025 \"",   "\"2025\\u0000\"",  "\"../token.key\"",
        "\"/dev/null\"", "\"2025' OR\"", "\"erp\\\"\"", "\"20\\u00325\\n\""};
    for (size_t i = 0; i < sizeof kids / sizeof *kids; i++) {
        const char *header = pd_arena_printf(arena, "{\"alg\":\"HS256\",\"kid\":%s}", kids[i]);
        bad(sign(OTHER, parts(header, CLAIMS)));
        bad(sign(KEY, parts(header, CLAIMS)));
        bad(sign("", parts(header, CLAIMS)));
    }
    bad(sign(OTHER, parts("{\"alg\":\"HS256\",\"kid\":\"2025\",\"kid\":\"2025\"}", CLAIMS)));
}
END_TEST

START_TEST(headers_mean_what_they_say) {
    static const char *const headers[] = {
        "",
        "{",
        "{}",
        "null",
        "\"\"",
        "[{\"alg\":\"HS256\"}]",
        "{\"alg\":\"HS256\"}{}",
        "{\"alg\":\"HS256\"} x",
        "{\"alg\":\"HS256\",}",
        "{'alg':'HS256'}",
        "{\"ALG\":\"HS256\"}",
        "{\"alg \":\"HS256\"}",
        "{\"alg\":\"HS256 \"}",
        "{\"alg\":\" HS256\"}",
        "{\"alg\":\"HS256\\u0000\"}",
        "{\"alg\\u0000\":\"HS256\"}",
        "{\"alg\":\"\"}",
        "{\"alg\":null}",
        "{\"alg\":256}",
        "{\"alg\":{\"alg\":\"HS256\"}}",
        "{\"alg\":\"nOnE\"}",
        "{\"alg\":\"NONE\"}",
        "{\"alg\":\"HS256\",\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"x\":{\"a\":1,\"a\":2}}",
        "{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}",
        "{\"alg\":\"HS256\",\"crit\":{}}",
        "{\"alg\":\"HS256\",\"crit\":\"\"}",
        "{\"alg\":\"HS256\",\"typ\":\"logout+jwt\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWE\"}",
        "{\"alg\":\"HS256\",\"typ\":\"\"}",
        "{\"alg\":\"HS256\",\"typ\":null}",
        "{\"alg\":\"HS256\",\"typ\":[\"JWT\"]}",
        "{\"alg\":\"HS256\",\"x\":\"\xc0\x80\"}",
        "{\"alg\":\"HS256\",\"x\":\"\\ud800\"}",
        "\xef\xbb\xbf{\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"x\":1e999}",
        "{\"alg\":\"HS256\",\"x\":NaN}",
        "{\"alg\":\"HS256\" /* */}",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        bad(token_of(headers[i], CLAIMS));
    good(token_of("{\"typ\":\"jwt\",\"alg\":\"HS256\"}", CLAIMS));
    good(token_of(" {\"\\u0061lg\" : \"HS\\u003256\",\"x\":[\"\\\"crit\\\"\"]}\n", CLAIMS)); /* it is JSON */
}
END_TEST

START_TEST(signatures_are_whole_and_of_their_form) {
    const char *text = parts(BY_APP, APP), *rsa_text = parts(BY_ERP, ERP);
    unsigned char raw[300], der[300];
    for (int high = 0; high < 2; high++) { /* a JWS does not ask for the low one (RFC 7518) */
        pem_sign_raw(curve, text, high, raw);
        good(pd_arena_printf(arena, "%s.%s", text, base64url(raw, 64)));
    }
    for (size_t n = 0; n < 64; n++)
        bad(pd_arena_printf(arena, "%s.%s", text, base64url(raw, n)));
    memset(raw + 64, 0, 64);
    bad(pd_arena_printf(arena, "%s.%s", text, base64url(raw, 65)));
    bad(pd_arena_printf(arena, "%s.%s", text, base64url(raw, 128)));
    size_t n = pem_sign(curve, text, der, sizeof der);
    bad(pd_arena_printf(arena, "%s.%s", text, base64url(der, n)));
    memset(raw, 0, 64);
    bad(pd_arena_printf(arena, "%s.%s", text, base64url(raw, 64)));
    n = pem_sign(rsa, rsa_text, der, sizeof der);
    good(pd_arena_printf(arena, "%s.%s", rsa_text, base64url(der, n)));
    bad(pd_arena_printf(arena, "%s.%s", rsa_text, base64url(der, n - 1)));
    der[n] = 0;
    bad(pd_arena_printf(arena, "%s.%s", rsa_text, base64url(der, n + 1)));
    memmove(der + 1, der, n);
    der[0] = 0;
    bad(pd_arena_printf(arena, "%s.%s", rsa_text, base64url(der, n + 1)));
    bad(pd_arena_printf(arena, "%s.", rsa_text));
    bad(pd_arena_printf(arena, "%s.%s", text, base64url(der, n)));
    /* one part of one token under the signature of another */
    const char *other = token_by(rsa, BY_ERP, "{\"sub\":\"43\",\"exp\":1800000100}");
    bad(pd_arena_printf(arena, "%s%s", rsa_text, strrchr(other, '.')));
}
END_TEST

START_TEST(other_serialisations_are_no_token) {
    const char *token = token_of(HEADER, CLAIMS), *first = strchr(token, '.'), *second = strrchr(token, '.');
    const char *header = base64url(HEADER, strlen(HEADER)), *claims = base64url(CLAIMS, strlen(CLAIMS));
    bad(pd_arena_printf(arena, "{\"payload\":\"%s\",\"protected\":\"%s\",\"signature\":\"%s\"}", claims, header,
                        second + 1));
    bad(pd_arena_printf(arena, "{\"payload\":\"%s\",\"signatures\":[{\"protected\":\"%s\",\"signature\":\"%s\"}]}",
                        claims, header, second + 1));
    bad(token_of(HEADER, token)); /* nested, as a text and as what `cty` announces */
    bad(token_of("{\"alg\":\"HS256\",\"cty\":\"JWT\"}", token));
    bad(pd_arena_printf(arena, "%.*s..%s", (int)(first - token), token, second + 1)); /* detached */
    bad(pd_arena_printf(arena, "%s.%s.%s", header, header, header));
    bad(pd_arena_printf(arena, "%.*s.A.A.A.A", (int)(first - token), token)); /* five parts, as a JWE */
    bad(pd_arena_printf(arena, "\"%s\"", token));
    bad(pd_arena_printf(arena, "Bearer %s", token));
    bad(pd_arena_printf(arena, "%s%%00", token));
    bad(pd_arena_printf(arena, "%s\t", token));
    bad(pd_arena_printf(arena, "%.*s\r\n%s", (int)(first - token) + 1, token, first + 1));
    /* a NUL within, which ends no text here */
    size_t len = strlen(token);
    char *cut = pd_arena_alloc(arena, len + 3);
    id_claims out;
    memcpy(cut, token, len + 1);
    cut[len + 1] = 'x';
    ck_assert(!id_token_verify(tokens, cut, len + 1, NOW, &out));
    ck_assert(!id_token_verify(tokens, cut, len + 2, NOW, &out));
    cut[len - 1] = 0;
    ck_assert(!id_token_verify(tokens, cut, len, NOW, &out));
}
END_TEST

START_TEST(when_it_was_issued_is_told) {
    static const struct {
        const char *iat;
        int64_t issued;
    } some[] = {{"1799999999", 1799999999}, {"1799999999.9", 1799999999}, {"0", 0}, {"-5", 0}, {"1.8e9", 1800000000}};
    id_claims claims;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        const char *token = with_claims("{\"sub\":\"42\",\"exp\":1800000100,\"iat\":%s," REST "}", some[i].iat);
        for (int cached = 0; cached < 2; cached++) {
            ck_assert(id_token_verify(tokens, token, strlen(token), NOW, &claims));
            ck_assert_int_eq(claims.issued, some[i].issued);
        }
    }
    const char *without = token_of(HEADER, CLAIMS);
    ck_assert(id_token_verify(tokens, without, strlen(without), NOW, &claims));
    ck_assert_int_eq(claims.issued, 0);
    static const char *const wrong[] = {"\"1\"", "null", "true", "[1]", "1e17", "-1e17", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        bad(with_claims("{\"sub\":\"42\",\"exp\":1800000100,\"iat\":%s," REST "}", wrong[i]));
}
END_TEST

START_TEST(a_rotation_goes_in_steps) {
    static const char LIST[] = "1 HS256 one.key\n2 HS256 two.key\n";
    pem_text("one.key", KEY);
    pem_text("two.key", OTHER);
    id_claims claims;
    id_tokens *alone = tokens_of(KEY, NULL, "pendientes", "api");
    id_tokens *first = tokens_of(KEY, LIST, "pendientes", "api");
    id_tokens *second = tokens_of(OTHER, LIST, "pendientes", "api");
    id_tokens *last = tokens_of(OTHER, "2 HS256 two.key\n", "pendientes", "api");
    const char *nameless = id_token_issue(alone, 42, "R", NOW, arena),
               *one = id_token_issue(first, 42, "R", NOW, arena), *two = id_token_issue(second, 42, "R", NOW, arena);
    const struct {
        id_tokens *at;
        const char *token;
        bool good;
    } steps[] = {{alone, nameless, true},   {first, nameless, true}, {first, one, true},  {first, two, true},
                 {second, nameless, false}, {second, one, true},     {second, two, true}, {last, nameless, false},
                 {last, one, false},        {last, two, true},       {alone, two, false}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        ck_assert_msg(id_token_verify(steps[i].at, steps[i].token, strlen(steps[i].token), NOW, &claims) ==
                          steps[i].good,
                      "step %zu", i);
    id_tokens_free(alone);
    id_tokens_free(first);
    id_tokens_free(second);
    id_tokens_free(last);
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
        id_tokens *strangers = tokens_of(others[i][0], NULL, others[i][1], others[i][2]);
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
    rsa = EVP_RSA_gen(2048);
    curve = EVP_EC_gen("P-256");
    other_curve = EVP_EC_gen("P-256");
    Suite *s = suite_create("token");
    TCase *c = tcase_create("token");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 30);
    tcase_add_test(c, a_good_token_names_its_user);
    tcase_add_test(c, the_algorithm_is_never_the_tokens);
    tcase_add_test(c, other_issuers_sign_with_their_own_keys);
    tcase_add_test(c, a_public_key_is_no_secret);
    tcase_add_test(c, a_kid_is_a_known_string);
    tcase_add_test(c, headers_mean_what_they_say);
    tcase_add_test(c, signatures_are_whole_and_of_their_form);
    tcase_add_test(c, other_serialisations_are_no_token);
    tcase_add_test(c, when_it_was_issued_is_told);
    tcase_add_test(c, a_rotation_goes_in_steps);
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
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(curve);
    EVP_PKEY_free(other_curve);
    return failed ? 1 : 0;
}
