#include "pendientes/trace.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static bool id(const char *text) {
    return pd_request_id_valid(text, strlen(text));
}

static bool parent(const char *text) {
    return pd_traceparent_valid(text, strlen(text));
}

START_TEST(request_ids) {
    ck_assert(id("a"));
    ck_assert(id("A-z_0.9"));
    ck_assert(!id(""));
    ck_assert(!id("a b"));
    ck_assert(!id("ñ"));
    ck_assert(!id("a/b"));
    ck_assert(!pd_request_id_valid("a\0b", 3));
    char text[66];
    memset(text, 'x', 65);
    ck_assert(pd_request_id_valid(text, 64));
    ck_assert(!pd_request_id_valid(text, 65));
}
END_TEST

START_TEST(new_ids_are_valid_and_differ) {
    enum { N = 2000 };
    static char ids[N][23];
    for (int i = 0; i < N; i++) {
        pd_request_id_new(ids[i]);
        ck_assert_uint_eq(strlen(ids[i]), 22);
        ck_assert(id(ids[i]));
    }
    qsort(ids, N, sizeof ids[0], (int (*)(const void *, const void *))strcmp);
    for (int i = 1; i < N; i++)
        ck_assert_str_ne(ids[i - 1], ids[i]);
}
END_TEST

START_TEST(traceparents) {
    ck_assert(parent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    ck_assert(!parent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    ck_assert(!parent("00-00000000000000000000000000000000-00f067aa0ba902b7-01"));
    ck_assert(!parent("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"));
    ck_assert(!parent("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"));
    ck_assert(!parent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0"));
    ck_assert(!parent("00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01"));
    ck_assert(!parent(""));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("trace");
    TCase *tc = tcase_create("trace");
    tcase_add_test(tc, request_ids);
    tcase_add_test(tc, new_ids_are_valid_and_differ);
    tcase_add_test(tc, traceparents);
    suite_add_tcase(suite, tc);
    SRunner *sr = srunner_create(suite);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
