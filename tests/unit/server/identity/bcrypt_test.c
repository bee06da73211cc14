#include "server/identity/bcrypt.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* perl's crypt made them. Whatever its cost, one takes the time of a new one. */
static const char HASH_2A[] = "$2a$04$abcdefghijklmnopqrstuOkw1IWld5BTlyrzYK6UARYWHpxP98gXK", /* clave-a */
    HASH_2B[] = "$2b$04$abcdefghijklmnopqrstuOuaIKTBLGFFT3dj62PRS/iUcouTFWt6m",               /* clave-b */
    HASH_72[] = "$2b$04$abcdefghijklmnopqrstuOimWHTbDXoN4bgLP.DY6j9.IWtcwBKwa",               /* 72 times a */
    HASH_UTF8[] = "$2b$04$abcdefghijklmnopqrstuO3RkcVGCrNaWfxP.p5DsIEjCyPIRf7Ju";             /* ñandú 😀 */

static pd_loop *loop;
static id_bcrypt *hashes;
static int done, matching;

static void setup(void) {
    loop = pd_loop_new();
    hashes = id_bcrypt_new(loop, 2);
    ck_assert_ptr_nonnull(hashes);
    done = matching = 0;
}

static void teardown(void) {
    id_bcrypt_free(hashes);
    pd_loop_free(loop);
}

static void count(void *arg, bool matches) {
    (void)arg;
    done++;
    matching += matches;
}

static bool matches(const char *password, const char *hash) {
    done = matching = 0;
    ck_assert(id_bcrypt_check(hashes, password, hash, count, NULL));
    ck_assert_int_eq(done, 0);
    while (!done)
        pd_loop_turn(loop, 1000);
    ck_assert_int_eq(done, 1);
    return matching == 1;
}

START_TEST(both_old_and_new_hashes_verify) {
    ck_assert(matches("clave-a", HASH_2A));
    ck_assert(!matches("clave-b", HASH_2A));
    ck_assert(matches("clave-b", HASH_2B));
    ck_assert(!matches("clave-a", HASH_2B));
    ck_assert(!matches("", HASH_2B));
    ck_assert(matches("ñandú 😀", HASH_UTF8));
    ck_assert(!matches("nandú 😀", HASH_UTF8));
}
END_TEST

START_TEST(a_password_beyond_what_counts_never_matches) {
    char password[1001];
    memset(password, 'a', 1000);
    password[1000] = 0;
    ck_assert(!matches(password, HASH_72));
    password[73] = 0;
    ck_assert(!matches(password, HASH_72));
    password[72] = 0;
    ck_assert(matches(password, HASH_72));
    password[71] = 0;
    ck_assert(!matches(password, HASH_72));
}
END_TEST

static char made[128];

static void keep(void *arg, const char *hash) {
    (void)arg;
    done++;
    snprintf(made, sizeof made, "%s", hash ? hash : "none");
}

static const char *hashed(const char *password) {
    done = 0;
    ck_assert(id_bcrypt_hash(hashes, password, keep, NULL));
    while (!done)
        pd_loop_turn(loop, 1000);
    ck_assert_int_eq(done, 1);
    return made;
}

START_TEST(what_was_hashed_verifies) {
    char first[128], password[74];
    snprintf(first, sizeof first, "%s", hashed("ñandú 😀"));
    ck_assert_msg(strncmp(first, "$2b$12$", 7) == 0 && strlen(first) == 60, "%s", first);
    ck_assert(matches("ñandú 😀", first));
    ck_assert(!matches("nandú 😀", first));
    ck_assert_str_ne(hashed("ñandú 😀"), first); /* another salt */
    memset(password, 'a', 73);
    password[73] = 0;
    ck_assert_str_eq(hashed(password), "none"); /* not cut */
}
END_TEST

static double seconds(const char *password, const char *hash) {
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    ck_assert(!matches(password, hash));
    clock_gettime(CLOCK_MONOTONIC, &to);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

START_TEST(nobody_and_nonsense_take_the_time_of_a_real_hash) {
    static const char real[] = "$2b$12$abcdefghijklmnopqrstuOrrg2oA/7sAqTyu0nC.I8f4qxIoxVaTq",
                      *const odd[] = {NULL,
                                      "",
                                      "*0",
                                      "$2b$12$",
                                      "clave",
                                      "$6$rounds=1000$salt$hash",
                                      "$1$salt$qJH7.N4xYta3aEG/dfqo/0"};
    double right = seconds("otra", real);
    for (int i = 0; i < 2; i++) { /* the least: a machine that stands still only lengthens */
        double again = seconds("otra", real);
        right = again < right ? again : right;
    }
    char over[200];
    memset(over, 'x', sizeof over - 1);
    over[sizeof over - 1] = 0;
    ck_assert_double_gt(seconds(over, real), right / 3);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        ck_assert_msg(seconds("clave", odd[i]) > right / 3, "%s", odd[i] ? odd[i] : "no user");
}
END_TEST

static void count_refused(void *arg, const char *hash) {
    (void)arg;
    done++;
    matching += hash == NULL;
}

START_TEST(the_queue_is_bounded_and_recovers) {
    char password[74];
    memset(password, 'a', 73); /* cannot be hashed, so what waits behind those that keep the workers costs nothing */
    password[73] = 0;
    int taken = 0;
    for (; taken < 12; taken++) /* more than a second, even if this thread is held up */
        ck_assert(id_bcrypt_check(hashes, "clave-b", HASH_2B, count, NULL));
    bool full = false;
    for (int i = 0; i < 100 && !full; i++) { /* a worker may take one out before it is asked */
        while (taken < 1000 && id_bcrypt_hash(hashes, password, count_refused, NULL))
            taken++;
        full = id_bcrypt_full(hashes);
    }
    /* whatever the two workers had taken out meanwhile came on top */
    ck_assert_int_ge(taken, 128);
    ck_assert_int_lt(taken, 1000);
    ck_assert(full);
    while (done < taken)
        pd_loop_turn(loop, 1000);
    ck_assert_int_eq(matching, taken);
    ck_assert(!id_bcrypt_full(hashes));
    ck_assert(matches("clave-a", HASH_2A));
}
END_TEST

START_TEST(it_ends_with_work_left) {
    for (int i = 0; i < 20; i++)
        ck_assert(i % 2 ? id_bcrypt_hash(hashes, "clave-b", keep, NULL)
                        : id_bcrypt_check(hashes, "clave-b", HASH_2B, count, NULL));
    id_bcrypt_free(hashes);
    hashes = NULL;
    ck_assert_int_eq(done, 0);
}
END_TEST

int main(void) {
    Suite *s = suite_create("bcrypt");
    TCase *c = tcase_create("bcrypt");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, both_old_and_new_hashes_verify);
    tcase_add_test(c, a_password_beyond_what_counts_never_matches);
    tcase_add_test(c, what_was_hashed_verifies);
    tcase_add_test(c, nobody_and_nonsense_take_the_time_of_a_real_hash);
    tcase_add_test(c, the_queue_is_bounded_and_recovers);
    tcase_add_test(c, it_ends_with_work_left);
    suite_add_tcase(s, c);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
