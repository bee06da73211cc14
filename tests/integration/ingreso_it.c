/* Logging in: guesses are counted by DNI and address and by address, on every core alike, and a changed password ends
 * the tokens issued before it. A system of its own, with two cores. */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/up.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAIR_MAX = 10, ADDRESS_MAX = 99, GUESSES = 40, WITHIN_MS = 1000 };

/* Cost 4; perl's crypt made them: clave-a, clave-b. */
static const char *const hashes[] = {"$2a$04$abcdefghijklmnopqrstuOkw1IWld5BTlyrzYK6UARYWHpxP98gXK",
                                     "$2b$04$abcdefghijklmnopqrstuOuaIKTBLGFFT3dj62PRS/iUcouTFWt6m"};
static const char *const passwords[] = {"clave-a", "clave-b"};

/* Every test has an address of its own, so that none sees another's failures. */
static const char *address(void) {
    static char text[8][20];
    static int n;
    char *at = text[n++ % 8];
    snprintf(at, sizeof text[0], "127.0.1.%d", n);
    return at;
}

static http_answer login(const char *dni, const char *password) {
    return http_json("POST", "/auth", NULL, http_f("{\"dni\":\"%s\",\"password\":\"%s\"}", dni, password));
}

static long status_of(const char *dni, const char *password) {
    http_answer a = login(dni, password);
    long status = a.status;
    http_free(&a);
    return status;
}

static void guess_wrong(const char *dni, int times) {
    for (int i = 0; i < times; i++)
        ck_assert_int_eq(status_of(dni, "equivocada"), 401);
}

static int expect_refused(const char *dni, const char *password) {
    http_answer a = login(dni, password);
    ck_assert_msg(a.status == 429, "%ld: %s", a.status, a.body);
    ck_assert_str_eq(json_string_value(json_object_get(a.json, "code")), "RESOURCE_EXHAUSTED");
    const char *after = http_header(&a, "Retry-After");
    ck_assert_ptr_nonnull(after);
    int seconds = atoi(after);
    ck_assert_msg(seconds >= 1 && seconds <= 60, "Retry-After: %s", after);
    http_free(&a);
    return seconds;
}

static void good(const char *role) {
    ck_assert_int_eq(status_of(up_dni(role), up_env("PENDIENTES_PASSWORD")), 200);
}

START_TEST(a_pair_has_ten_failures) {
    const char *here = http_from = address(), *there = address();
    const char *const dnis[] = {up_dni("NADA"), "99999990"}; /* of somebody, of nobody */
    for (int i = 0; i < 2; i++) {
        guess_wrong(dnis[i], PAIR_MAX);
        expect_refused(dnis[i], "equivocada");
        expect_refused(dnis[i], up_env("PENDIENTES_PASSWORD")); /* the right one too */
    }
    good("TECN"); /* others from here */
    http_from = there;
    good("NADA"); /* and this one from elsewhere, which does not help here */
    http_from = here;
    expect_refused(up_dni("NADA"), up_env("PENDIENTES_PASSWORD"));
}
END_TEST

START_TEST(a_success_clears_the_pair) {
    http_from = address();
    for (int i = 0; i < 2; i++) {
        guess_wrong(up_dni("NADA"), PAIR_MAX - 1);
        guess_wrong(up_dni("TECN"), 1);
        good("NADA");
    }
    guess_wrong(up_dni("TECN"), PAIR_MAX - 2); /* another pair's success clears nothing */
    expect_refused(up_dni("TECN"), "equivocada");
}
END_TEST

START_TEST(an_address_has_ninety_nine) {
    const char *here = http_from = address(), *there = address();
    guess_wrong("99999991", 1);
    db_try("INSERT INTO intentos_ingreso (direccion, dni_hash)"
           " SELECT '%s', decode(md5(i::text), 'hex') FROM generate_series(1, %d) i",
           here, ADDRESS_MAX - 2);
    good("NADA"); /* clears its pair, and no failure of the address */
    guess_wrong("99999992", 1);
    expect_refused("99999993", "equivocada");
    expect_refused(up_dni("NADA"), up_env("PENDIENTES_PASSWORD"));
    ck_assert_int_eq(db_number("SELECT count(*) FROM intentos_ingreso WHERE direccion = '%s'", here), ADDRESS_MAX);
    http_from = there;
    good("NADA");
}
END_TEST

START_TEST(failures_are_old_after_five_minutes) {
    const char *here = http_from = address();
    guess_wrong("99999994", PAIR_MAX);
    ck_assert(db_try(
        "UPDATE intentos_ingreso SET creado = creado - interval '4 minutes 40 seconds' WHERE direccion = '%s'", here));
    ck_assert_int_le(expect_refused("99999994", "equivocada"), 20);
    ck_assert(
        db_try("UPDATE intentos_ingreso SET creado = creado - interval '20 seconds' WHERE direccion = '%s'", here));
    guess_wrong("99999994", 1);
}
END_TEST

static pthread_barrier_t all_at_once;
static atomic_int failed, refused, other;
static const char *guessing_from;

static void *guess(void *arg) {
    http_from = guessing_from;
    pthread_barrier_wait(&all_at_once);
    long status = status_of(arg, "equivocada");
    atomic_fetch_add(status == 401 ? &failed : status == 429 ? &refused : &other, 1);
    return NULL;
}

START_TEST(guesses_in_parallel_count_each_other) {
    static char dni[] = "99999995";
    guessing_from = address();
    pthread_t threads[GUESSES];
    pthread_barrier_init(&all_at_once, NULL, GUESSES);
    for (int i = 0; i < GUESSES; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, guess, dni), 0);
    for (int i = 0; i < GUESSES; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(failed, PAIR_MAX);
    ck_assert_int_eq(refused, GUESSES - PAIR_MAX);
    ck_assert_int_eq(other, 0);
}
END_TEST

START_TEST(nothing_tells_whose_attempts_they_were) {
    http_from = address();
    guess_wrong("99999996", 1);
    ck_assert_int_eq(db_number("SELECT count(*) FROM intentos_ingreso i WHERE i::text LIKE '%%99999996%%'"), 0);
    ck_assert_int_eq(db_number("SELECT count(*) FROM intentos_ingreso WHERE octet_length(dni_hash) NOT IN (16, 32)"),
                     0);
    ck_assert_int_eq(db_number("SELECT count(*) FROM intentos_ingreso WHERE direccion = '%s'", http_from), 1);
}
END_TEST

START_TEST(without_the_count_nobody_gets_in) {
    http_from = address();
    ck_assert(db_try("ALTER TABLE intentos_ingreso RENAME TO apartada"));
    http_answer a = login(up_dni("NADA"), up_env("PENDIENTES_PASSWORD"));
    ck_assert(db_try("ALTER TABLE apartada RENAME TO intentos_ingreso"));
    ck_assert_int_eq(a.status, 503);
    ck_assert_ptr_nonnull(http_header(&a, "Retry-After"));
    http_free(&a);
    good("NADA");
}
END_TEST

/* --- a changed password */

static const char *const VALID = "/auth/validar-token";
static const char *const USER = "50000001";

static long valid(const char *token) {
    http_answer a = http_json("GET", VALID, token, NULL);
    long status = a.status;
    http_free(&a);
    return status;
}

static bool is_refused(void *token) {
    return valid(token) == 401;
}

typedef struct entry {
    const char *password;
    char token[2048];
} entry;

static bool gets_in(void *arg) {
    entry *e = arg;
    http_answer a = login(USER, e->password);
    const char *token = json_string_value(json_object_get(a.json, "token"));
    snprintf(e->token, sizeof e->token, "%s", token ? token : "");
    http_free(&a);
    return *e->token;
}

/* Both cores answer, by turns or not: enough requests for either to have been asked. */
static void expect_everywhere(const char *token, long status) {
    for (int i = 0; i < 40; i++)
        ck_assert_int_eq(valid(token), status);
}

/* Several changes in one second: each ends all that was issued before, and none what is issued after it. */
START_TEST(a_changed_password_ends_the_tokens_before_it) {
    static entry entries[6];
    http_from = address();
    ck_assert(db_try("INSERT INTO usuarios (nombre, dni, email, password, rol_id)"
                     " SELECT 'Cambia', '%s', 'cambia@prueba.pe', '%s', rol_id FROM usuarios WHERE dni = '%s'",
                     USER, hashes[0], up_dni("NADA")));
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        entries[i].password = passwords[i % 2];
        ck_assert(up_wait(2 * WITHIN_MS, gets_in, &entries[i]));
        expect_everywhere(entries[i].token, 200);
        for (size_t before = 0; before < i; before++)
            ck_assert_int_eq(valid(entries[before].token), 401);
        ck_assert(db_try("UPDATE usuarios SET password = '%s' WHERE dni = '%s'", hashes[(i + 1) % 2], USER));
        ck_assert_int_eq(status_of(USER, entries[i].password), 401);
        ck_assert(up_wait(WITHIN_MS, is_refused, entries[i].token));
    }
    expect_everywhere(entries[5].token, 401);
    /* what is no change ends nothing */
    entry *last = &entries[0];
    ck_assert(up_wait(2 * WITHIN_MS, gets_in, last));
    ck_assert(db_try("UPDATE usuarios SET password = password, nombre = 'No cambia' WHERE dni = '%s'", USER));
    expect_everywhere(last->token, 200);
}
END_TEST

int main(void) {
    http_fresh = true;
    up_start("--servers 2");
    Suite *suite = suite_create("ingreso");
    TCase *tcase = tcase_create("ingreso");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_pair_has_ten_failures);
    tcase_add_test(tcase, a_success_clears_the_pair);
    tcase_add_test(tcase, an_address_has_ninety_nine);
    tcase_add_test(tcase, failures_are_old_after_five_minutes);
    tcase_add_test(tcase, guesses_in_parallel_count_each_other);
    tcase_add_test(tcase, nothing_tells_whose_attempts_they_were);
    tcase_add_test(tcase, without_the_count_nobody_gets_in);
    tcase_add_test(tcase, a_changed_password_ends_the_tokens_before_it);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
