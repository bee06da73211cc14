#include "pendientes/status.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static pd_arena *arena;

static void setup(void) {
    arena = pd_arena_new();
}

static void teardown(void) {
    pd_arena_free(arena);
}

START_TEST(codes_have_names_and_http) {
    /* The contract's status map. */
    static const struct {
        const char *name;
        int http;
    } map[] = {{"OK", 200},
               {"CANCELLED", 499},
               {"UNKNOWN", 500},
               {"INVALID_ARGUMENT", 400},
               {"DEADLINE_EXCEEDED", 504},
               {"NOT_FOUND", 404},
               {"ALREADY_EXISTS", 409},
               {"PERMISSION_DENIED", 403},
               {"RESOURCE_EXHAUSTED", 429},
               {"FAILED_PRECONDITION", 400},
               {"ABORTED", 409},
               {"OUT_OF_RANGE", 400},
               {"UNIMPLEMENTED", 501},
               {"INTERNAL", 500},
               {"UNAVAILABLE", 503},
               {"DATA_LOSS", 500},
               {"UNAUTHENTICATED", 401}};
    for (int i = 0; i < 17; i++) {
        pd_code code;
        ck_assert_str_eq(pd_code_name((pd_code)i), map[i].name);
        ck_assert_int_eq(pd_code_http((pd_code)i), map[i].http);
        ck_assert(pd_code_parse(map[i].name, &code));
        ck_assert_int_eq((int)code, i);
    }
    pd_code code = PD_OK;
    ck_assert(!pd_code_parse("not_found", &code));
    ck_assert_str_eq(pd_code_name((pd_code)17), "UNKNOWN");
    ck_assert_str_eq(pd_code_name((pd_code)-1), "UNKNOWN");
    ck_assert_int_eq(pd_code_http((pd_code)4711), 500);
}
END_TEST

START_TEST(message_is_composed_of_field_errors) {
    pd_status status = {0};
    char field[] = "lugar";
    pd_status_field(&status, arena, field, "debe ser %s", "uno");
    memset(field, 'x', 5); /* the status keeps its own copy */
    pd_status_field(&status, arena, "imagenes[0].url", "es obligatorio");
    ck_assert_int_eq(status.code, PD_INVALID_ARGUMENT);
    ck_assert_str_eq(pd_status_message(&status, arena), "lugar: debe ser uno; imagenes[0].url: es obligatorio");
    pd_status_set(&status, arena, PD_NOT_FOUND, "No existe %d", 7);
    ck_assert_int_eq(status.code, PD_NOT_FOUND);
    ck_assert_uint_eq(status.n_errors, 2);
    /* a text of its own gets the names in front that it leaves out */
    ck_assert_str_eq(pd_status_message(&status, arena), "lugar: imagenes[0].url: No existe 7");
    pd_status_set(&status, arena, PD_NOT_FOUND, "lugar y imagenes[0].url no van juntos");
    ck_assert_str_eq(pd_status_message(&status, arena), "lugar y imagenes[0].url no van juntos");
}
END_TEST

START_TEST(a_field_error_keeps_another_code) {
    pd_status status = {.code = PD_ALREADY_EXISTS};
    pd_status_field(&status, arena, "codigoCliente", "ya existe");
    ck_assert_int_eq(status.code, PD_ALREADY_EXISTS);
}
END_TEST

START_TEST(every_code_has_a_message) {
    for (int i = 1; i < 20; i++) {
        pd_status status = {.code = (pd_code)i};
        ck_assert_str_ne(pd_status_message(&status, arena), "");
    }
    pd_status ok = {0};
    ck_assert_str_eq(pd_status_message(&ok, arena), "");
}
END_TEST

START_TEST(at_most_a_hundred_errors) {
    pd_status status = {0};
    for (int i = 0; i < 1000; i++)
        pd_status_field(&status, arena, "x", "%d", i);
    ck_assert_uint_eq(status.n_errors, 100);
    ck_assert_str_eq(status.errors[99].detail, "99");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("status");
    TCase *tests = tcase_create("status");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, codes_have_names_and_http);
    tcase_add_test(tests, message_is_composed_of_field_errors);
    tcase_add_test(tests, a_field_error_keeps_another_code);
    tcase_add_test(tests, every_code_has_a_message);
    tcase_add_test(tests, at_most_a_hundred_errors);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
