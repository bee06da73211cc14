/* Logging in: guesses are counted by DNI and address and by address, on every core alike, and a changed password ends
 * the tokens issued before it. Keys come and go without a restart. A system of its own, with two cores. */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/token.h"
#include "tests/integration/up.h"

#include <check.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { PAIR_MAX = 10, ADDRESS_MAX = 99, GUESSES = 24, WITHIN_MS = 1000 };

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
    static const char *const patient[] = {"Grpc-Timeout: 1M", NULL}; /* a busy machine is slow to hash */
    const char *body = http_f("{\"dni\":\"%s\",\"password\":\"%s\"}", dni, password);
    return http_call("POST", "/auth", NULL, NULL, body, strlen(body), patient);
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

/* One guess, and of the others what they would leave: each costs a hash. */
static void failures_of(const char *dni, int times) {
    guess_wrong(dni, 1);
    ck_assert(db_try("INSERT INTO intentos_ingreso (direccion, dni_hash) SELECT direccion, dni_hash FROM "
                     "(SELECT * FROM intentos_ingreso WHERE direccion = '%s' ORDER BY id DESC LIMIT 1) i,"
                     " generate_series(2, %d)",
                     http_from, times));
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
        failures_of(up_dni("NADA"), PAIR_MAX - 1);
        guess_wrong(up_dni("TECN"), 1);
        good("NADA");
    }
    failures_of(up_dni("TECN"), PAIR_MAX - 2); /* another pair's success clears nothing */
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
    failures_of("99999994", PAIR_MAX);
    ck_assert(db_try(
        "UPDATE intentos_ingreso SET creado = creado - interval '4 minutes 40 seconds' WHERE direccion = '%s'", here));
    ck_assert_int_le(expect_refused("99999994", "equivocada"), 20);
    ck_assert(
        db_try("UPDATE intentos_ingreso SET creado = creado - interval '20 seconds' WHERE direccion = '%s'", here));
    guess_wrong("99999994", 1);
}
END_TEST

static pthread_barrier_t all_at_once;
static atomic_int admitted, failed, refused, other;
static const char *guessing_from, *guessed_dni, *guessed_password;

static void *guess(void *arg) {
    (void)arg;
    http_from = guessing_from;
    pthread_barrier_wait(&all_at_once);
    long status = status_of(guessed_dni, guessed_password);
    atomic_fetch_add(status == 200 ? &admitted : status == 401 ? &failed : status == 429 ? &refused : &other, 1);
    return NULL;
}

static void guess_together(const char *dni, const char *password) {
    pthread_t threads[GUESSES];
    admitted = failed = refused = other = 0;
    guessing_from = address();
    guessed_dni = dni;
    guessed_password = password;
    pthread_barrier_init(&all_at_once, NULL, GUESSES);
    for (int i = 0; i < GUESSES; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, guess, NULL), 0);
    for (int i = 0; i < GUESSES; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&all_at_once);
}

START_TEST(guesses_in_parallel_count_each_other) {
    guess_together("99999995", "equivocada");
    ck_assert_int_eq(failed, PAIR_MAX);
    ck_assert_int_eq(refused, GUESSES - PAIR_MAX);
}
END_TEST

START_TEST(right_passwords_in_parallel_do_not) {
    guess_together(up_dni("NADA"), up_env("PENDIENTES_PASSWORD"));
    ck_assert_int_eq(admitted, GUESSES);
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

static bool is_valid(void *token) {
    return valid(token) == 200;
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
    static entry entries[4];
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
    expect_everywhere(entries[3].token, 401);
    /* what is no change ends nothing */
    entry *last = &entries[0];
    ck_assert(up_wait(2 * WITHIN_MS, gets_in, last));
    ck_assert(db_try("UPDATE usuarios SET password = password, nombre = 'No cambia' WHERE dni = '%s'", USER));
    expect_everywhere(last->token, 200);
}
END_TEST

/* --- keys */

static const char *key_path(const char *name) {
    static char paths[8][400];
    static int n;
    char *path = paths[n++ % 8];
    const char *current = up_env("PENDIENTES_TOKEN_KEY_FILE");
    snprintf(path, sizeof paths[0], "%.*s/%s", (int)(strrchr(current, '/') - current), current, name);
    return path;
}

/* Into the file that is there: its owner and mode stay. */
static void write_key(const char *name, const char *text) {
    FILE *file = fopen(key_path(name), "w");
    ck_assert_msg(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s", name);
}

static void write_public(const char *name, EVP_PKEY *key) {
    FILE *file = fopen(key_path(name), "w");
    ck_assert(file && PEM_write_PUBKEY(file, key) == 1 && fclose(file) == 0);
}

static const char *read_key(const char *name) {
    static char texts[4][2048];
    static int n;
    char *text = texts[n++ % 4];
    FILE *file = fopen(key_path(name), "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof texts[0] - 1, file)] = 0;
    fclose(file);
    return text;
}

/* How often the cores have said that. */
static long said(const char *what) {
    long n = 0;
    for (int i = 1; i <= 2; i++) {
        static char line[65536];
        snprintf(line, sizeof line, "%s/log/server-%d.log", up_dir(), i);
        FILE *file = fopen(line, "r");
        ck_assert_ptr_nonnull(file);
        while (fgets(line, sizeof line, file))
            n += strstr(line, what) != NULL;
        fclose(file);
    }
    return n;
}

typedef struct saying {
    const char *what;
    long before;
} saying;

static bool both_said(void *arg) {
    const saying *s = arg;
    return said(s->what) == s->before + 2;
}

/* Both cores read the keys anew, and say so. */
static void reread(const char *outcome) {
    saying s = {outcome, said(outcome)};
    ck_assert_int_eq(kill(up_pid("server-1"), SIGHUP), 0);
    ck_assert_int_eq(kill(up_pid("server-2"), SIGHUP), 0);
    ck_assert(up_wait(2000, both_said, &s));
}

#define KEPT "token keys not read, the old ones stay"
#define READ "\"token keys read\""

static const char *claims_of(const char *user, const char *issuer, bool iat) {
    static char texts[4][300];
    static int n;
    char *text = texts[n++ % 4], issued[40] = "";
    long now = (long)time(NULL);
    if (iat)
        snprintf(issued, sizeof issued, ",\"iat\":%ld", now);
    snprintf(text, sizeof texts[0], "{\"sub\":\"%s\",\"exp\":%ld,\"iss\":\"%s\",\"aud\":\"pendientes-api\"%s}", user,
             now + 600, issuer, issued);
    return text;
}

#define ERP_URL "https://erp.example"

START_TEST(other_issuers_sign_with_keys_of_their_own) {
    EVP_PKEY *rsa = EVP_RSA_gen(2048), *curve = EVP_EC_gen("P-256");
    const char *before = read_key("token.keys"),
               *admin = db_value("SELECT id FROM usuarios WHERE dni = '%s'", up_dni("ADMIN"));
    write_public("erp.pem", rsa);
    write_public("app.pem", curve);
    static const char by_erp[] = "{\"alg\":\"RS256\",\"kid\":\"erp\"}",
                      by_app[] = "{\"alg\":\"ES256\",\"kid\":\"app\"}";
    const char *erp = token_sign(by_erp, claims_of(admin, ERP_URL, false), rsa, false),
               *app = token_sign(by_app, claims_of(admin, "app", false), curve, false);
    expect_everywhere(erp, 401);
    expect_everywhere(app, 401);
    write_key("token.keys", http_f("%serp RS256 erp.pem %s\napp ES256 app.pem app\n", before, ERP_URL));
    reread(READ);
    expect_everywhere(erp, 200);
    expect_everywhere(app, 200);
    const char *const bad[] = {
        token_sign("{\"alg\":\"RS256\"}", claims_of(admin, ERP_URL, false), rsa, false),
        token_sign("{\"alg\":\"RS256\",\"kid\":\"app\"}", claims_of(admin, ERP_URL, false), rsa, false),
        token_sign("{\"alg\":\"PS256\",\"kid\":\"erp\"}", claims_of(admin, ERP_URL, false), rsa, false),
        token_sign(by_erp, claims_of(admin, "pendientes", false), rsa, false),
        token_sign(by_erp, claims_of(admin, "app", false), rsa, false),
        token_sign(by_app, claims_of(admin, "app", false), curve, true),
        token_sign(by_app, claims_of(admin, ERP_URL, false), curve, false),
        token_forge("{\"alg\":\"HS256\",\"kid\":\"erp\"}", claims_of(admin, ERP_URL, false), read_key("erp.pem")),
        token_forge("{\"alg\":\"HS256\",\"kid\":\"app\"}", claims_of(admin, "app", false), read_key("app.pem")),
        token_forge("{\"alg\":\"HS256\"}", claims_of(admin, ERP_URL, false), NULL),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(valid(bad[i]) == 401, "number %zu", i);
    /* without iat they end with the first change of the password */
    const char *user = db_value("SELECT id FROM usuarios WHERE dni = '%s' AND vigente", up_dni("ASES"));
    const char *timeless = token_sign(by_erp, claims_of(user, ERP_URL, false), rsa, false);
    expect_everywhere(timeless, 200);
    ck_assert(db_try("UPDATE usuarios SET password = '%s' WHERE id = %s", hashes[0], user));
    ck_assert(up_wait(WITHIN_MS, is_refused, (void *)(uintptr_t)timeless));
    ck_assert(
        db_try("UPDATE usuarios SET password_cambiado = password_cambiado - interval '1 minute' WHERE id = %s", user));
    const char *dated = token_sign(by_erp, claims_of(user, ERP_URL, true), rsa, false);
    ck_assert(up_wait(WITHIN_MS, is_valid, (void *)(uintptr_t)dated));
    ck_assert_int_eq(valid(timeless), 401);
    /* a key that is taken away, remembered tokens with it */
    write_key("token.keys", before);
    reread(READ);
    expect_everywhere(erp, 401);
    expect_everywhere(app, 401);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(curve);
}
END_TEST

/* The steps of the README. */
START_TEST(keys_rotate_without_a_restart) {
    static entry first, second;
    char old[100];
    pid_t core = up_pid("server-1");
    http_from = address();
    entry *const entries[] = {&first, &second};
    ck_assert(db_try("UPDATE usuarios SET password = '%s' WHERE dni = '%s'", hashes[0], USER));
    first.password = second.password = passwords[0];
    ck_assert(up_wait(2 * WITHIN_MS, gets_in, &first));
    snprintf(old, sizeof old, "%s", read_key("token.key"));
    const char *nameless = token_good("ADMIN");
    /* the new one is known everywhere before anybody signs with it; the old one has a file of its own */
    write_key("1.key", old);
    write_key("2.key", "la clave nueva, la clave nueva, la clave nueva");
    write_key("token.keys", "1 HS256 1.key\n2 HS256 2.key\n");
    reread(READ);
    expect_everywhere(first.token, 200);
    write_key("token.key", read_key("2.key"));
    reread(READ);
    ck_assert(up_wait(2 * WITHIN_MS, gets_in, &second));
    ck_assert_ptr_nonnull(strstr(second.token, "."));
    for (int i = 0; i < 2; i++)
        expect_everywhere(entries[i]->token, 200);
    expect_everywhere(nameless, 401);
    /* what cannot be used changes nothing */
    write_key("token.keys", "1 HS256 1.key\n2 HS256\n");
    reread(KEPT);
    for (int i = 0; i < 2; i++)
        expect_everywhere(entries[i]->token, 200);
    /* and the old one goes */
    write_key("token.keys", "2 HS256 2.key\n");
    reread(READ);
    expect_everywhere(first.token, 401);
    expect_everywhere(second.token, 200);
    ck_assert_int_eq(up_pid("server-1"), core);
}
END_TEST

/* What the command prints, stderr behind it, and its exit status. */
static int token_command(const char *arguments, char said_[4096]) {
    FILE *p = popen(http_f("%s/server/pendientes-server token %s --config %s/run/server.conf 2>&1",
                           up_env("PENDIENTES_BUILD_DIR"), arguments, up_dir()),
                    "r");
    ck_assert_ptr_nonnull(p);
    said_[fread(said_, 1, 4095, p)] = '\0';
    int status = pclose(p);
    ck_assert(WIFEXITED(status));
    said_[strcspn(said_, "\n")] = '\0';
    return WEXITSTATUS(status);
}

START_TEST(the_command_makes_a_service_its_token) {
    char token[4096], text[4096];
    const char *admin = db_value("SELECT id FROM usuarios WHERE dni = '%s'", up_dni("ADMIN"));
    ck_assert_int_eq(token_command(admin, token), 0);
    expect_everywhere(token, 200);
    ck_assert_int_eq(token_command("999999999", token), 0); /* who it is, is asked when it is used */
    expect_everywhere(token, 401);
    ck_assert_int_eq(token_command("", text), 2);
    ck_assert_ptr_nonnull(strstr(text, "user's id is missing"));
    static const char *const bad[] = {
        "0", "-1", "1x", "uno", "99999999999999999999", "1 2", "1 --token-ttl nada", "1 --token-key-file /nada"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(token_command(bad[i], text) != 0, "%s: %s", bad[i], text);
        ck_assert_msg(strncmp(text, "pendientes-server token: ", 25) == 0, "%s: %s", bad[i], text);
    }
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
    tcase_add_test(tcase, right_passwords_in_parallel_do_not);
    tcase_add_test(tcase, nothing_tells_whose_attempts_they_were);
    tcase_add_test(tcase, without_the_count_nobody_gets_in);
    tcase_add_test(tcase, a_changed_password_ends_the_tokens_before_it);
    tcase_add_test(tcase, other_issuers_sign_with_keys_of_their_own);
    tcase_add_test(tcase, keys_rotate_without_a_restart);
    tcase_add_test(tcase, the_command_makes_a_service_its_token);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
