/* Entity tags and the lists of them: what RFC 9110 allows, what is malformed, and what matches. */
#include "gateway/conditional.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define OURS "00112233445566778899aabbccddeeff"
#define OTHER "ffffffffffffffffffffffffffffffff"

static const uint8_t tag[PD_TAG_LEN] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                        0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
static pd_arena *arena;

static void setup(void) {
    arena = pd_arena_new();
}

static void teardown(void) {
    pd_arena_free(arena);
}

static gw_slice slice(const char *text) {
    return (gw_slice){text, strlen(text)};
}

START_TEST(test_etag) {
    ck_assert(gw_slice_is(gw_etag(tag, false, arena), "\"" OURS "\""));
    ck_assert(gw_slice_is(gw_etag(tag, true, arena), "\"" OURS "-sobre\""));
}
END_TEST

/* n: how many tags that could match; -1: malformed. */
static const struct {
    const char *list;
    int n;
} matches[] = {
    {"\"" OURS "\"", 1},
    {"  \"" OURS "\"\t", 1},
    {"\"" OURS "-sobre\"", 1},
    {"\"" OTHER "\", \"" OURS "\"", 2},
    {"\"" OTHER "\",\"" OURS "\"", 2},
    {", ,\"" OURS "\", ,", 1},
    {"W/\"" OURS "\"", 0},
    {"\"" OTHER "\", W/\"" OURS "\"", 1},
    {"\"\"", 0},
    {"\"abc\"", 0},
    {"\"a,b\", \"" OURS "\"", 1},
    {"\"00112233445566778899AABBCCDDEEFF\"", 0},
    {"\"" OURS "-otro\"", 0},
    {"\"" OURS "0\"", 0},
    {"\"g0112233445566778899aabbccddeeff\"", 0},
    {"\"\xc3\xa9\"", 0},
    {"", -1},
    {",", -1},
    {OURS, -1},
    {"\"" OURS, -1},
    {"\"", -1},
    {"w/\"" OURS "\"", -1},
    {"W/ \"" OURS "\"", -1},
    {"W/", -1},
    {"\"" OURS "\" \"" OURS "\"", -1},
    {"\"" OURS "\";", -1},
    {"\"a b\"", -1},
    {"*, \"" OURS "\"", -1},
    {"\"" OURS "\", *", -1},
};

START_TEST(test_if_match) {
    gw_if_match got;
    bool good = gw_if_match_parse(slice(matches[_i].list), arena, &got);
    ck_assert_msg(good == (matches[_i].n >= 0), "«%s»", matches[_i].list);
    if (!good)
        return;
    ck_assert_msg(got.tags && !got.exists && got.n == (size_t)matches[_i].n, "«%s»: %zu", matches[_i].list, got.n);
    if (got.n > 0 && !strstr(matches[_i].list, "W/\"" OURS))
        ck_assert_mem_eq(got.tags + (got.n - 1) * PD_TAG_LEN, tag, PD_TAG_LEN);
}
END_TEST

START_TEST(test_if_match_anything) {
    gw_if_match got;
    ck_assert(gw_if_match_parse(slice(" * "), arena, &got));
    ck_assert(got.exists && !got.tags);
}
END_TEST

static const struct {
    const char *list;
    bool bare, envelope;
} none_matches[] = {
    {"*", true, true},
    {"\"" OURS "\"", true, false},
    {"W/\"" OURS "\"", true, false},
    {"\"" OURS "-sobre\"", false, true},
    {"\"x\", W/\"y\", \"" OURS "\"", true, false},
    {"\"" OURS "\", \"" OURS "-sobre\"", true, true},
    {"\"" OTHER "\"", false, false},
    {"", false, false},
    {OURS, false, false},
    {"mal, \"" OURS "\"", false, false},
    {"\"" OURS "\", mal", true, false},
};

START_TEST(test_none_match) {
    bool bare = gw_none_match(slice(none_matches[_i].list), gw_etag(tag, false, arena));
    bool envelope = gw_none_match(slice(none_matches[_i].list), gw_etag(tag, true, arena));
    ck_assert_msg(bare == none_matches[_i].bare && envelope == none_matches[_i].envelope, "«%s»: %d %d",
                  none_matches[_i].list, bare, envelope);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("gateway/conditional");
    TCase *tests = tcase_create("conditional");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, test_etag);
    tcase_add_loop_test(tests, test_if_match, 0, sizeof matches / sizeof *matches);
    tcase_add_test(tests, test_if_match_anything);
    tcase_add_loop_test(tests, test_none_match, 0, sizeof none_matches / sizeof *none_matches);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
