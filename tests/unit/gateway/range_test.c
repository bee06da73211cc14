#include "gateway/range.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct asked {
    const char *header;
    int64_t total;
    gw_range range;
    int64_t first, last;
} all[] = {
    {NULL, 10, GW_RANGE_WHOLE, 0, 0},
    {"bytes=0-0", 10, GW_RANGE_PART, 0, 0},
    {"bytes=2-", 10, GW_RANGE_PART, 2, 9},
    {"bytes=2-99", 10, GW_RANGE_PART, 2, 9},
    {"bytes=9-9", 10, GW_RANGE_PART, 9, 9},
    {"bytes=-3", 10, GW_RANGE_PART, 7, 9},
    {"bytes=-10", 10, GW_RANGE_PART, 0, 9},
    {"bytes=-11", 10, GW_RANGE_PART, 0, 9},
    {" Bytes = 1 - 2 ", 10, GW_RANGE_PART, 1, 2},
    {"bytes=10-", 10, GW_RANGE_BEYOND, 0, 0},
    {"bytes=10-11", 10, GW_RANGE_BEYOND, 0, 0},
    {"bytes=-0", 10, GW_RANGE_BEYOND, 0, 0},
    {"bytes=0-", 0, GW_RANGE_BEYOND, 0, 0},
    {"bytes=-1", 0, GW_RANGE_BEYOND, 0, 0},
    {"bytes=2-1", 10, GW_RANGE_WHOLE, 0, 0},
    {"bytes=0-1,3-4", 10, GW_RANGE_WHOLE, 0, 0},
    {"bytes=", 10, GW_RANGE_WHOLE, 0, 0},
    {"bytes=-", 10, GW_RANGE_WHOLE, 0, 0},
    {"bytes=1", 10, GW_RANGE_WHOLE, 0, 0},
    {"bytes", 10, GW_RANGE_WHOLE, 0, 0},
    {"", 10, GW_RANGE_WHOLE, 0, 0},
    {"bytes=a-b", 10, GW_RANGE_WHOLE, 0, 0},
    {"bytes=+1-2", 10, GW_RANGE_WHOLE, 0, 0},
    {"bytes=1-2-3", 10, GW_RANGE_WHOLE, 0, 0},
    {"bytes=9999999999999999999-", 10, GW_RANGE_WHOLE, 0, 0},
    {"items=0-1", 10, GW_RANGE_WHOLE, 0, 0},
};

START_TEST(what_a_range_asks_for) {
    const struct asked *a = &all[_i];
    int64_t first = -1, last = -1;
    gw_slice header = {a->header, a->header ? strlen(a->header) : 0};
    ck_assert_int_eq(gw_range_of(header, a->total, &first, &last), a->range);
    if (a->range == GW_RANGE_PART)
        ck_assert(first == a->first && last == a->last);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("range");
    TCase *tcase = tcase_create("range");
    tcase_add_loop_test(tcase, what_a_range_asks_for, 0, sizeof all / sizeof *all);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
