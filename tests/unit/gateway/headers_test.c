/* What request headers ask for, and what of them is refused. */
#include "gateway/headers.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static h2o_mem_pool_t pool;
static h2o_headers_t headers;

static void setup(void) {
    h2o_mem_init_pool(&pool);
    memset(&headers, 0, sizeof headers);
}

static void teardown(void) {
    h2o_mem_clear_pool(&pool);
}

static gw_slice slice(const char *text) {
    return (gw_slice){text, strlen(text)};
}

static void add(const char *name, const char *value) {
    h2o_add_header_by_str(&pool, &headers, name, strlen(name), 1, NULL, value, strlen(value));
}

START_TEST(test_collect) {
    gw_headers got;
    add("authorization", "Bearer a.b.c");
    add("x-request-id", "abc");
    add("x-request-id", "other");
    add("idempotency-key", "k1");
    add("idempotency-key", "k2");
    add("grpc-timeout", "5S");
    add("traceparent", "00-");
    add("accept", "*/*");
    gw_headers_collect(&headers, &got);
    ck_assert(gw_slice_is(got.authorization, "Bearer a.b.c"));
    ck_assert(gw_slice_is(got.request_id, "abc"));
    ck_assert(got.key_twice && !got.timeout_twice && !got.authorization_twice);
    ck_assert(gw_slice_is(got.timeout, "5S"));
    ck_assert_ptr_null(got.content_type.at);
    ck_assert_uint_gt(got.bytes, 80);
}
END_TEST

static const struct {
    const char *value;
    bool good;
} bearers[] = {
    {"Bearer a.b.c", true},
    {"bearer  eyJ_.A-9.x ", true},
    {"BEARER a.b.c", true},
    {"Bearer a.b.", false},
    {"Bearer .b.c", false},
    {"Bearer a..c", false},
    {"Bearer a.b", false},
    {"Bearer a.b.c.d", false},
    {"Bearer", false},
    {"Bearer ", false},
    {"", false},
    {"a.b.c", false},
    {"Basic a.b.c", false},
    {"Bearer a.b.c d", false},
    {"Bearera.b.c", false},
    {"Bearer a.b.c,", false},
    {"Bearer a.b.c\xC3", false},
};

START_TEST(test_bearer) {
    gw_slice token;
    ck_assert_msg(gw_bearer(slice(bearers[_i].value), &token) == bearers[_i].good, "«%s»", bearers[_i].value);
}
END_TEST

START_TEST(test_bearer_token) {
    gw_slice token;
    ck_assert(gw_bearer(slice(" bearer \t ab.cd.ef "), &token));
    ck_assert(gw_slice_is(token, "ab.cd.ef"));
    ck_assert(!gw_bearer((gw_slice){NULL, 0}, &token));
}
END_TEST

static const struct {
    const char *value;
    uint32_t ms; /* 0: refused */
} timeouts[] = {
    {"500m", 500},     {"5S", 5000}, {"60S", 60000},  {"61S", 60000}, {"1M", 60000},        {"1H", 60000},
    {"1u", 1},         {"1500u", 1}, {"2500000n", 2}, {"1n", 1},      {"99999999H", 60000}, {"0S", 0},
    {"", 0},           {"S", 0},     {"5", 0},        {"5s", 0},      {"-5S", 0},           {"5 S", 0},
    {"999999999S", 0}, {"1.5S", 0},  {"+5S", 0},      {" 5S", 0},
};

START_TEST(test_timeout) {
    uint32_t ms = 0;
    bool good = gw_timeout(slice(timeouts[_i].value), &ms);
    ck_assert_msg(good == (timeouts[_i].ms > 0), "«%s»", timeouts[_i].value);
    if (good)
        ck_assert_uint_eq(ms, timeouts[_i].ms);
}
END_TEST

START_TEST(test_key) {
    char longest[202];
    gw_slice key;
    memset(longest, 'k', sizeof longest);
    ck_assert(gw_key(slice("abc-1"), &key) && gw_slice_is(key, "abc-1"));
    ck_assert(gw_key(slice("\"abc\""), &key) && gw_slice_is(key, "abc"));
    ck_assert(gw_key(slice(" abc "), &key) && gw_slice_is(key, "abc"));
    ck_assert(gw_key((gw_slice){longest, 200}, &key));
    ck_assert(!gw_key((gw_slice){longest, 201}, &key));
    ck_assert(!gw_key(slice(""), &key));
    ck_assert(!gw_key(slice("\"\""), &key));
    ck_assert(!gw_key(slice("a b"), &key));
    ck_assert(!gw_key(slice("a\x7f"), &key));
    ck_assert(!gw_key(slice("\xC3\xB1"), &key));
}
END_TEST

static const struct {
    const char *type;
    gw_body_kind kind;
} types[] = {
    {"application/json", GW_BODY_JSON},
    {"Application/JSON ; charset=UTF-8", GW_BODY_JSON},
    {"application/json;charset=\"utf-8\"", GW_BODY_JSON},
    {"application/json; v=1; charset=utf-8", GW_BODY_JSON},
    {"application/json; charset=latin1", GW_BODY_OTHER},
    {"application/json; v=\";charset=latin1\"", GW_BODY_JSON},
    {"application/jsonp", GW_BODY_OTHER},
    {"application/problem+json", GW_BODY_OTHER},
    {"text/plain", GW_BODY_OTHER},
    {"", GW_BODY_OTHER},
    {"application/x-www-form-urlencoded", GW_BODY_FORM},
    {"application/x-www-form-urlencoded; charset=UTF-8", GW_BODY_FORM},
    {"multipart/form-data; boundary=x", GW_BODY_OTHER},
};

START_TEST(test_body_kind) {
    gw_headers got;
    add("content-type", types[_i].type);
    gw_headers_collect(&headers, &got);
    ck_assert_msg(gw_body_kind_of(&got) == types[_i].kind, "«%s»", types[_i].type);
}
END_TEST

START_TEST(test_body_kind_refused) {
    gw_headers got;
    gw_headers_collect(&headers, &got);
    ck_assert_int_eq(gw_body_kind_of(&got), GW_BODY_OTHER);
    add("content-type", "application/json");
    add("content-encoding", "gzip");
    gw_headers_collect(&headers, &got);
    ck_assert_int_eq(gw_body_kind_of(&got), GW_BODY_OTHER);
    teardown();
    setup();
    add("content-type", "application/json");
    add("content-type", "text/plain");
    gw_headers_collect(&headers, &got);
    ck_assert_int_eq(gw_body_kind_of(&got), GW_BODY_OTHER);
}
END_TEST

static const struct {
    const char *prefer;
    bool strict;
} prefers[] = {
    {"handling=strict", true},
    {"Handling = \"strict\"", true},
    {"respond-async, wait=10, handling=strict; x=1", true},
    {"handling=lenient, handling=strict", false},
    {"handling=strict, handling=lenient", true},
    {"handling", false},
    {"handling=", false},
    {"handling=strictly", false},
    {"return=handling=strict", false},
    {",,", false},
    {"", false},
};

START_TEST(test_prefer) {
    ck_assert_msg(gw_prefers_strict(slice(prefers[_i].prefer)) == prefers[_i].strict, "«%s»", prefers[_i].prefer);
}
END_TEST

START_TEST(test_list_of_several_headers) {
    pd_arena *arena = pd_arena_new();
    add("if-match", "\"a\"");
    ck_assert_ptr_null(gw_header_list(&headers, "prefer", arena).at);
    ck_assert(gw_slice_is(gw_header_list(&headers, "if-match", arena), "\"a\""));
    add("accept", "*/*");
    add("if-match", "\"b\"");
    add("if-match", "\"c\"");
    ck_assert(gw_slice_is(gw_header_list(&headers, "if-match", arena), "\"a\",\"b\",\"c\""));
    pd_arena_free(arena);
}
END_TEST

static const struct {
    const char *accept;
    bool json, text;
    gw_profile profile;
} accepts[] = {
    {"*/*", true, true, GW_PROFILE_NONE},
    {"", true, true, GW_PROFILE_NONE},
    {"application/json", true, false, GW_PROFILE_NONE},
    {"application/*", true, false, GW_PROFILE_NONE},
    {"text/html, application/xhtml+xml;q=0.9, */*;q=0.8", true, true, GW_PROFILE_NONE},
    {"text/html", false, false, GW_PROFILE_NONE},
    {"text/*;q=0.1", false, true, GW_PROFILE_NONE},
    {"application/json;q=0", false, false, GW_PROFILE_NONE},
    {"application/json;q=0, */*", false, true, GW_PROFILE_NONE},
    {"*/*;q=0", false, false, GW_PROFILE_NONE},
    {"application/xml, APPLICATION/JSON;q=0.001", true, false, GW_PROFILE_NONE},
    {"application/json; profile=\"envelope\"", true, false, GW_PROFILE_ENVELOPE},
    {"application/json;profile=envelope", true, false, GW_PROFILE_ENVELOPE},
    {"application/json; profile=\"bare\", */*", true, true, GW_PROFILE_BARE},
    {"application/json; profile=\"otro\"", true, false, GW_PROFILE_NONE},
    {"application/json; profile=\"bare\";q=0.5, application/json; profile=\"envelope\"", true, false,
     GW_PROFILE_ENVELOPE},
    {"text/plain; profile=\"envelope\", application/json", true, true, GW_PROFILE_NONE},
    {"text/plain; x=\"a, application/json\"", false, true, GW_PROFILE_NONE},
};

START_TEST(test_accept) {
    add("accept", accepts[_i].accept);
    gw_accept got = gw_accept_of(&headers);
    ck_assert_msg(got.json == accepts[_i].json && got.text == accepts[_i].text && got.profile == accepts[_i].profile,
                  "«%s»: %d %d %d", accepts[_i].accept, got.json, got.text, got.profile);
}
END_TEST

START_TEST(test_accept_of_several_headers) {
    add("accept", "text/html");
    ck_assert(!gw_accept_of(&headers).json);
    add("accept", "application/json");
    ck_assert(gw_accept_of(&headers).json);
    teardown();
    setup();
    ck_assert(gw_accept_of(&headers).json);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("gateway/headers");
    TCase *tests = tcase_create("headers");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, test_collect);
    tcase_add_loop_test(tests, test_bearer, 0, sizeof bearers / sizeof *bearers);
    tcase_add_test(tests, test_bearer_token);
    tcase_add_loop_test(tests, test_timeout, 0, sizeof timeouts / sizeof *timeouts);
    tcase_add_test(tests, test_key);
    tcase_add_loop_test(tests, test_body_kind, 0, sizeof types / sizeof *types);
    tcase_add_test(tests, test_body_kind_refused);
    tcase_add_loop_test(tests, test_prefer, 0, sizeof prefers / sizeof *prefers);
    tcase_add_test(tests, test_list_of_several_headers);
    tcase_add_loop_test(tests, test_accept, 0, sizeof accepts / sizeof *accepts);
    tcase_add_test(tests, test_accept_of_several_headers);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
