/* Origins are compared whole: nothing that only resembles a configured one is admitted. */
#include "gateway/cors.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const char configured[] = "https://panel.example, http://localhost:5173";

static const struct {
    const char *origin;
    bool allowed;
} origins[] = {
    {"https://panel.example", true},
    {"http://localhost:5173", true},
    {"https://panel.example/", false},
    {"https://panel.example:443", false},
    {"http://panel.example", false},
    {"https://panel.example.evil", false},
    {"https://Panel.example", false},
    {"https://sub.panel.example", false},
    {"https://panel.example, http://localhost:5173", false},
    {"null", false},
    {"*", false},
    {"", false},
};

START_TEST(test_origin) {
    gw_slice origin = {origins[_i].origin, strlen(origins[_i].origin)};
    ck_assert_msg(gw_cors_allows(configured, origin) == origins[_i].allowed, "«%s»", origins[_i].origin);
    ck_assert(!gw_cors_allows(NULL, origin));
    ck_assert(!gw_cors_allows("", origin));
    ck_assert(!gw_cors_allows(",", origin));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("gateway/cors");
    TCase *tests = tcase_create("cors");
    tcase_add_loop_test(tests, test_origin, 0, sizeof origins / sizeof *origins);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
