#include "server/pg/kept.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pg_kept *kept;
static char name[PG_KEPT_NAME], old[PG_KEPT_NAME];

static void setup(void) {
    kept = pg_kept_new();
}

static void teardown(void) {
    pg_kept_free(kept);
}

static bool use(int number) {
    char sql[32];
    snprintf(sql, sizeof sql, "SELECT %d", number);
    return pg_kept_use(kept, sql, name, old);
}

START_TEST(a_text_is_new_once) {
    char first[PG_KEPT_NAME];
    ck_assert(!use(1));
    strcpy(first, name);
    ck_assert(!use(2));
    ck_assert_str_ne(name, first);
    ck_assert(use(1));
    ck_assert_str_eq(name, first);
    ck_assert_str_eq(old, "");
}
END_TEST

START_TEST(the_least_recently_used_makes_room) {
    char second[PG_KEPT_NAME] = "";
    for (int i = 0; i < PG_KEPT_MAX; i++) {
        ck_assert(!use(i));
        ck_assert_str_eq(old, "");
        if (i == 1)
            strcpy(second, name);
    }
    ck_assert(use(0));
    ck_assert(!use(PG_KEPT_MAX));
    ck_assert_str_eq(old, second);
    ck_assert(use(0));
    ck_assert(!use(1));
}
END_TEST

START_TEST(names_are_never_given_twice) {
    char first[PG_KEPT_NAME];
    use(1);
    strcpy(first, name);
    pg_kept_clear(kept);
    ck_assert(!use(1));
    ck_assert_str_ne(name, first);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("kept");
    TCase *tcase = tcase_create("kept");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_text_is_new_once);
    tcase_add_test(tcase, the_least_recently_used_makes_room);
    tcase_add_test(tcase, names_are_never_given_twice);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
