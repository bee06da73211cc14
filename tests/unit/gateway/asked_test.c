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
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
