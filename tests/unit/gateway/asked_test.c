/* What a request's headers ask of the gateway, over real sockets: conditions, strictness, CORS. */
#include "tests/unit/gateway/front.h"

#define ETAG "30313233343536373839616263646566"

START_TEST(test_etag) {
    answer *a = ASK(.path = AVERIA, .token = "etiqueta", .http2 = _i);
    HEADER(a, "etag: \"" ETAG "\"");
    a = ASK(.path = AVERIA, .token = "etiqueta", .tls = true, .http2 = _i);
    HEADER(a, "etag: \"" ETAG "-sobre\"");
    NO_HEADER(ASK(.path = AVERIA, .token = "ok", .http2 = _i), "etag");
    static const struct {
        const char *verb, *first, *second;
        int status;
    } asked[] = {
        {"GET", "If-None-Match: \"" ETAG "\"", NULL, 304},
        {"HEAD", "If-None-Match: \"" ETAG "\"", NULL, 304},
        {"GET", "If-None-Match: W/\"" ETAG "\"", NULL, 304},
        {"GET", "If-None-Match: *", NULL, 304},
        {"GET", "If-None-Match: \"a\"", "If-None-Match: \"" ETAG "\"", 304},
        {"GET", "If-None-Match: \"" ETAG "-sobre\"", NULL, 200},
        {"GET", "If-None-Match: \"a\"", NULL, 200},
        {"GET", "If-None-Match: " ETAG, NULL, 200},
        {"PUT", "If-None-Match: \"" ETAG "\"", NULL, 200},
    };
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        a = ASK(.verb = asked[i].verb, .path = AVERIA, .token = "etiqueta", .http2 = _i,
                .headers = {asked[i].first, asked[i].second});
        ck_assert_msg(a->status == asked[i].status, "%s %s: %ld", asked[i].verb, asked[i].first, a->status);
        HEADER(a, "etag: \"" ETAG "\"");
        if (a->status != 304)
            continue;
        ck_assert_uint_eq(a->len, 0);
        HEADER(a, "cache-control: no-store");
        HEADER(a, "vary: Authorization, Accept");
        ck_assert_ptr_nonnull(strcasestr(a->headers, "x-request-id: "));
        NO_HEADER(a, "content-length");
        NO_HEADER(a, "transfer-encoding");
    }
}
END_TEST

/* Behind a 304, which says no length, the connection goes on. */
START_TEST(test_not_modified_is_pipelined) {
    const char *out = raw("GET " AVERIA " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer h.etiqueta.s\r\n"
                          "If-None-Match: *\r\n\r\n"
                          "GET /nada HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const char *second = strstr(out, "HTTP/1.1 404");
    ck_assert_msg(strncmp(out, "HTTP/1.1 304", 12) == 0 && second, "%s", out);
    ck_assert_msg(strncmp(second - 4, "\r\n\r\n", 4) == 0, "%s", out);
}
END_TEST

START_TEST(test_if_match_is_read) {
    answer *a = ASK(.verb = "PUT", .path = AVERIA, .token = "ok", .type = "application/json",
                    .body = "{\"descripcionFalla\":5}", .headers = {"If-Match: mal"});
    ck_assert_int_eq(a->status, 400);
    HAS(a, "\"field\":\"If-Match\"");
    HAS(a, "\"field\":\"descripcionFalla\"");
    ck_assert_int_eq(ASK(.path = AVERIA, .token = "ok", .headers = {"If-Match: mal"})->status, 200);
}
END_TEST

START_TEST(test_strict) {
    answer *a =
        ASK(.path = AVERIA "?otro=1", .token = "ok", .headers = {"Prefer: respond-async", "Prefer: handling=strict"});
    ck_assert_int_eq(a->status, 400);
    HAS(a, "\"field\":\"otro\"");
    HEADER(a, "preference-applied: handling=strict");
    a = ASK(.path = AVERIA, .token = "ok", .headers = {"Prefer: handling=strict"});
    ck_assert_int_eq(a->status, 200);
    HEADER(a, "preference-applied: handling=strict");
    a = ASK(.path = AVERIA "?otro=1", .token = "ok", .headers = {"Prefer: handling=lenient"});
    ck_assert_int_eq(a->status, 200);
    NO_HEADER(a, "preference-applied");
}
END_TEST

START_TEST(test_options) {
    static const struct {
        const char *path, *allow;
        int status;
    } asked[] = {
        {AVERIA, "allow: GET, HEAD, PUT, OPTIONS", 200},
        {"/auth", "allow: POST, OPTIONS", 200},
        {"/openapi.json", "allow: GET, HEAD, OPTIONS", 200},
        {"/nada", NULL, 404},
    };
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        answer *a = ASK(.verb = "OPTIONS", .path = asked[i].path, .http2 = i & 1,
                        .headers = {"Origin: https://panel.example", "Access-Control-Request-Method: PUT"});
        ck_assert_int_eq(a->status, asked[i].status);
        if (asked[i].allow) {
            HEADER(a, asked[i].allow);
            HEADER(a, "content-length: 0");
        }
        NO_HEADER(a, "access-control"); /* no origin is configured here */
        NO_HEADER(a, "vary: Origin");
    }
}
END_TEST

START_TEST(test_cors) {
    answer *a = ASK(.verb = "OPTIONS", .path = AVERIA, .tls = true, .http2 = _i,
                    .headers = {"Origin: https://panel.example", "Access-Control-Request-Method: PUT",
                                "Access-Control-Request-Headers: authorization,if-match"});
    ck_assert_int_eq(a->status, 200);
    HEADER(a, "access-control-allow-origin: https://panel.example");
    HEADER(a, "access-control-allow-methods: GET, HEAD, PUT, OPTIONS");
    ck_assert_ptr_nonnull(strstr(a->headers, "Authorization, Content-Type,"));
    HEADER(a, "access-control-max-age: 7200");
    NO_HEADER(a, "access-control-allow-credentials");
    static const struct {
        const char *path, *token;
        int status;
    } asked[] = {{AVERIA, "ok", 200}, {AVERIA, NULL, 401}, {AVERIA, "prohibido", 403}, {"/nada", "ok", 404}};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        a = ASK(.path = asked[i].path, .token = asked[i].token, .tls = true, .http2 = _i,
                .headers = {"Origin: https://otro.example"});
        ck_assert_int_eq(a->status, asked[i].status);
        HEADER(a, "access-control-allow-origin: https://otro.example");
        ck_assert_ptr_nonnull(strcasestr(a->headers, "access-control-expose-headers: "));
        HEADER(a, "vary: Origin");
        a = ASK(.path = asked[i].path, .token = asked[i].token, .tls = true, .http2 = _i,
                .headers = {"Origin: https://ajeno.example"});
        ck_assert_int_eq(a->status, asked[i].status);
        NO_HEADER(a, "access-control");
        HEADER(a, "vary: Origin");
    }
    a = ASK(.verb = "OPTIONS", .path = AVERIA, .tls = true,
            .headers = {"Origin: https://ajeno.example", "Access-Control-Request-Method: PUT"});
    ck_assert_int_eq(a->status, 200);
    NO_HEADER(a, "access-control");
}
END_TEST

/* --- the gateway's own pages --- */

static const char *const pages[] = {"/openapi.json", "/v3/api-docs", "/docs", "/swagger-ui.html"};

static const char *value_of(const answer *a, const char *name) {
    static char value[1024];
    const char *at = strcasestr(a->headers, name);
    ck_assert_msg(at != NULL, "no %s in\n%s", name, a->headers);
    at += strlen(name);
    snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r\n"), at);
    return value;
}

START_TEST(test_pages_have_tags) {
    const char *path = pages[_i], *verbs[] = {"GET", "HEAD"};
    char held[128], tag[64];
    snprintf(tag, sizeof tag, "%s", value_of(ASK(.path = path), "\netag: "));
    ck_assert_uint_eq(strlen(tag), 34);
    ck_assert_str_eq(value_of(ASK(.path = pages[_i ^ 1], .tls = true), "\netag: "), tag);
    ck_assert_str_ne(value_of(ASK(.path = pages[_i ^ 2]), "\netag: "), tag);
    snprintf(held, sizeof held, "If-None-Match: \"x\", W/%s", tag);
    for (size_t i = 0; i < 2; i++) {
        answer *a = ASK(.verb = verbs[i], .path = path, .http2 = i, .headers = {held});
        ck_assert_int_eq(a->status, 304);
        ck_assert_uint_eq(a->len, 0);
        ck_assert_str_eq(value_of(a, "\netag: "), tag);
        NO_HEADER(a, "content-length: 0");
        a = ASK(.verb = verbs[i], .path = path, .http2 = i, .headers = {"If-None-Match: \"x\""});
        ck_assert_int_eq(a->status, 200);
        ck_assert_int_gt(atoi(value_of(a, "\ncontent-length: ")), 1000);
        HEADER(a, "cache-control: no-cache");
        HEADER(a, "x-content-type-options: nosniff");
    }
}
END_TEST

START_TEST(test_pages_are_read_only) {
    static const char *const verbs[] = {"POST", "PUT", "DELETE", "PATCH", "OTRO"};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        answer *a = ASK(.verb = verbs[i], .path = pages[_i], .http2 = i & 1);
        ck_assert_int_eq(a->status, 405);
        HEADER(a, "allow: GET, HEAD, OPTIONS");
    }
    answer *a = ASK(.verb = "OPTIONS", .path = pages[_i]);
    ck_assert_int_eq(a->status, 200);
    HEADER(a, "allow: GET, HEAD, OPTIONS");
}
END_TEST

/* How a policy admits one element of the page: by the hash of what it holds. Returns how many there are. */
static int expect_admitted(const char *page, const char *policy, const char *element) {
    char open[16], close[16], source[128];
    int n = 0;
    snprintf(open, sizeof open, "<%s>", element);
    snprintf(close, sizeof close, "</%s>", element);
    for (const char *at = strstr(page, open); at; at = strstr(at, open), n++) {
        const char *end = strstr(at += strlen(open), close);
        unsigned char digest[32], text[48];
        ck_assert_ptr_nonnull(end);
        ck_assert_int_eq(EVP_Digest(at, (size_t)(end - at), digest, NULL, EVP_sha256(), NULL), 1);
        EVP_EncodeBlock(text, digest, sizeof digest);
        snprintf(source, sizeof source, "'sha256-%s'", (char *)text);
        ck_assert_msg(strstr(policy, source) != NULL, "%s is not in %s", source, policy);
    }
    return n;
}

/* It brings all that it needs, and its policy admits that and nothing else. */
START_TEST(test_docs) {
    answer *a = ASK(.path = _i ? "/swagger-ui.html/" : "/docs");
    ck_assert_int_eq(a->status, 200);
    HEADER(a, "content-type: text/html; charset=utf-8");
    const char *policy = value_of(a, "\ncontent-security-policy: ");
    static const char *const has[] = {"default-src 'none'; ", "connect-src 'self'; ", "frame-ancestors 'none'"};
    for (size_t i = 0; i < sizeof has / sizeof *has; i++)
        ck_assert_msg(strstr(policy, has[i]) != NULL, "%s", policy);
    ck_assert_ptr_null(strstr(policy, "unsafe"));
    ck_assert_int_eq(expect_admitted(a->body, policy, "script"), 3);
    ck_assert_int_eq(expect_admitted(a->body, policy, "style"), 1);
    static const char *const never[] = {"http://", "https://", " src=", "<link rel=\"stylesheet",
                                        " style=", "innerHTML"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        ck_assert_msg(strstr(a->body, never[i]) == NULL, "%s is in the page", never[i]);
    NO_HEADER(ASK(.path = "/openapi.json"), "content-security-policy");
}
END_TEST

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--core") == 0)
        return core_main(argv[2]);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    Suite *suite = suite_create("gateway/asked");
    TCase *tests = tcase_create("asked");
    tcase_set_timeout(tests, 60);
    tcase_add_unchecked_fixture(tests, start_all, stop_all);
    tcase_add_loop_test(tests, test_etag, 0, 2);
    tcase_add_test(tests, test_not_modified_is_pipelined);
    tcase_add_test(tests, test_if_match_is_read);
    tcase_add_test(tests, test_strict);
    tcase_add_test(tests, test_options);
    tcase_add_loop_test(tests, test_cors, 0, 2);
    tcase_add_loop_test(tests, test_pages_have_tags, 0, 4);
    tcase_add_loop_test(tests, test_pages_are_read_only, 0, 4);
    tcase_add_loop_test(tests, test_docs, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
