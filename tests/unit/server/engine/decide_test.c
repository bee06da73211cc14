/* The order of refusals, pair by pair: whatever deserves two gets the earlier. */
#include "server/engine/decide.h"

#include <check.h>
#include <stdlib.h>

static pd_field_error named = {.field = "clienteId", .detail = "no existe"};

static const pd_status good = {.code = PD_OK};
static const pd_status forbidden = {.code = PD_PERMISSION_DENIED};
static const pd_status missing = {.code = PD_NOT_FOUND};
static const pd_status missing_in_body = {.code = PD_NOT_FOUND, .n_errors = 1, .errors = &named};
static const pd_status conflict = {.code = PD_ALREADY_EXISTS};

static en_decision decide(const pd_status *verdict, bool locked, bool found, bool same, bool fault) {
    const en_facts facts = {
        .locked = locked, .key_found = found, .same_body = same, .verdict = verdict, .fault = fault};
    return en_decide(&facts);
}

START_TEST(permission_and_path_precede_the_key) {
    const pd_status *early[] = {&forbidden, &missing};
    for (int i = 0; i < 2; i++)
        for (int bits = 0; bits < 8; bits++)
            ck_assert_int_eq(decide(early[i], bits & 1, bits & 2, bits & 4, false), EN_REFUSE);
}
END_TEST

START_TEST(key_precedes_the_rest) {
    const pd_status *rest[] = {&good, &missing_in_body, &conflict};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(decide(rest[i], false, false, false, false), EN_IN_FLIGHT);
        ck_assert_int_eq(decide(rest[i], false, true, true, false), EN_IN_FLIGHT);
        ck_assert_int_eq(decide(rest[i], true, true, false, false), EN_OTHER_BODY);
        ck_assert_int_eq(decide(rest[i], true, true, true, false), EN_REPLAY);
    }
}
END_TEST

START_TEST(without_key_the_verdict_decides) {
    ck_assert_int_eq(decide(&good, true, false, false, false), EN_ACCEPT);
    ck_assert_int_eq(decide(&missing_in_body, true, false, false, false), EN_REFUSE);
    ck_assert_int_eq(decide(&conflict, true, false, false, false), EN_REFUSE);
}
END_TEST

START_TEST(fault_says_nothing_about_the_caller) {
    const pd_status *all[] = {&good, &conflict, &missing_in_body};
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(decide(all[i], true, true, true, true), EN_REFUSE);
}
END_TEST

static en_decision decide_stale(const pd_status *verdict, bool locked, bool found, bool same, bool fault) {
    const en_facts facts = {
        .locked = locked, .key_found = found, .same_body = same, .stale = true, .verdict = verdict, .fault = fault};
    return en_decide(&facts);
}

START_TEST(stale_comes_behind_the_body_and_before_the_rules) {
    static const pd_status rule = {.code = PD_FAILED_PRECONDITION};
    const pd_status *before[] = {&forbidden, &missing, &missing_in_body}, *behind[] = {&good, &conflict, &rule};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(decide_stale(before[i], true, false, false, false), EN_REFUSE);
        ck_assert_int_eq(decide_stale(behind[i], true, false, false, false), EN_STALE);
        ck_assert_int_eq(decide_stale(behind[i], true, false, false, true), EN_REFUSE);
        ck_assert_int_eq(decide_stale(behind[i], false, false, false, false), EN_IN_FLIGHT);
        ck_assert_int_eq(decide_stale(behind[i], true, true, false, false), EN_OTHER_BODY);
        ck_assert_int_eq(decide_stale(behind[i], true, true, true, false), EN_REPLAY);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("decide");
    TCase *tcase = tcase_create("order");
    tcase_add_test(tcase, permission_and_path_precede_the_key);
    tcase_add_test(tcase, key_precedes_the_rest);
    tcase_add_test(tcase, without_key_the_verdict_decides);
    tcase_add_test(tcase, fault_says_nothing_about_the_caller);
    tcase_add_test(tcase, stale_comes_behind_the_body_and_before_the_rules);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
