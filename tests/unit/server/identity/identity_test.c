#include "pendientes/v1/autenticacion.pb-c.h"
#include "server/identity/identity.h"
#include "server/identity/token.h"
#include "tests/unit/server/identity/rows.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char KEY[] = "una clave de treinta y dos bytes";
/* perl's crypt, cost 4: clave-b */
#define HASH "$2b$04$abcdefghijklmnopqrstuOuaIKTBLGFFT3dj62PRS/iUcouTFWt6m"

static char key_path[64];
static pd_loop *loop;
static id_identity *identity;
static pd_arena *arena;
static id_tokens *issuer; /* of the same key, for tokens of anybody */

static const char *key_file(const char *bytes, size_t len) {
    strcpy(key_path, "/tmp/identity_test_XXXXXX");
    int fd = mkstemp(key_path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
    close(fd);
    return key_path;
}

static id_tokens *tokens_of(const char *secret) {
    const char *error = NULL;
    id_keys *keys = id_keys_load(key_file(secret, strlen(secret)), NULL, "pendientes", &error);
    ck_assert_msg(keys != NULL, "%s", error);
    unlink(key_path);
    return id_tokens_new(keys, "api", 3600);
}

static id_identity *identity_with(const char *path, const char **error) {
    return id_identity_new(
        &(id_options){.key_file = path, .issuer = "pendientes", .audience = "api", .ttl_ms = 3600 * 1000}, error);
}

static const char *const ANA[][ROW_COLUMNS] = {
    {"7", "Ana", "40000001", "ana@x.pe", HASH, "70", "ADMIN", "Administrador", "16383"},
    {"8", "Beto", "40000002", "b@x.pe", HASH, NULL, "NADA", "Nada", "0"}};

/* The database, caught here: what it answers to an attempt and to an admission, at once. */

static const char *attempt, *wait_s, *issued; /* issued NULL: now, "": no row */
static pg_end outcome;
static bool lane_up, lane_room;
static int n_asked;
static const char *asked[5]; /* of the last */
static int n_recorded, n_admitted;
static char lanes_stub;

bool pg_lanes_up(const pg_lanes *lanes, pg_lane_id lane) {
    (void)lanes;
    ck_assert_int_eq(lane, PG_LANE_OWN);
    return lane_up;
}

const PGresult *en_own_rows(const pg_unit *unit) {
    return unit->results[0];
}

static PGresult *one_row(const char *first, const char *second) {
    PGresAttDesc columns[2];
    memset(columns, 0, sizeof columns);
    columns[0].name = columns[1].name = (char *)"c";
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    ck_assert(PQsetResultAttrs(result, 2, columns));
    if (!first || *first) {
        ck_assert(PQsetvalue(result, 0, 0, (char *)first, first ? (int)strlen(first) : -1));
        ck_assert(PQsetvalue(result, 0, 1, (char *)second, second ? (int)strlen(second) : -1));
    }
    return result;
}

bool en_own_start(const en_own *own, pg_lanes *lanes, en_own_id id, const char *const *values, en_own_run *run) {
    (void)own;
    (void)lanes;
    if (!lane_room)
        return false;
    char now[24];
    snprintf(now, sizeof now, "%lld", (long long)time(NULL));
    n_asked++;
    memcpy(asked, values, (id == EN_OWN_ATTEMPT ? 3 : 5) * sizeof *asked);
    n_recorded += id == EN_OWN_ATTEMPT && strcmp(values[2], "true") == 0;
    n_admitted += id == EN_OWN_ADMIT;
    run->results[0] = id == EN_OWN_ATTEMPT ? one_row(attempt, wait_s) : one_row(issued ? issued : now, NULL);
    run->unit.results = run->results;
    PGresult *result = run->results[0];
    run->unit.fn(&run->unit, outcome);
    PQclear(result);
    return true;
}

static bool reload(int n, const char *const rows[][ROW_COLUMNS]) {
    PGresult *result = rows_new(n, rows);
    bool taken = id_identity_reload(identity, result);
    PQclear(result);
    return taken;
}

static void setup(void) {
    const char *error = NULL;
    arena = pd_arena_new();
    loop = pd_loop_new();
    identity = identity_with(key_file(KEY, sizeof KEY - 1), &error);
    ck_assert_msg(identity && id_identity_start(identity, loop, &error), "%s", error);
    id_identity_connect(identity,
                        &(id_database){.loop = loop, .lanes = (pg_lanes *)&lanes_stub, .secret = (const uint8_t *)KEY});
    attempt = "1";
    wait_s = issued = NULL;
    outcome = PG_DONE;
    lane_up = lane_room = true;
    n_asked = n_recorded = n_admitted = 0;
    unlink(key_path);
    issuer = tokens_of(KEY);
}

static void teardown(void) {
    id_identity_free(identity);
    id_tokens_free(issuer);
    pd_loop_free(loop);
    pd_arena_free(arena);
}

static const char *token_of(int64_t user) {
    return id_token_issue(issuer, user, "ADMIN", time(NULL), arena);
}

static pd_code check(const char *token, id_caller *caller) {
    pd_status status = {0};
    bool good = id_check(identity, token, token ? strlen(token) : 0, caller, arena, &status);
    ck_assert_int_eq(good, status.code == PD_OK);
    ck_assert(good || *pd_status_message(&status, arena));
    ck_assert(status.code != PD_UNAVAILABLE || status.retry_ms);
    return status.code;
}

START_TEST(a_caller_is_what_the_table_says_now) {
    id_caller caller;
    ck_assert(reload(2, ANA));
    const char *token = token_of(7), *beto = token_of(8);
    ck_assert_int_eq(check(token, &caller), PD_OK);
    ck_assert_int_eq(caller.user_id, 7);
    ck_assert_int_eq(caller.employee_id, 70);
    ck_assert_uint_eq(caller.bits, 16383);
    ck_assert_int_eq(check(beto, &caller), PD_OK);
    ck_assert_int_eq(caller.employee_id, 0);
    /* a role is reduced, a user deactivated: the token, known and cached, does not help */
    static const char *const less[][ROW_COLUMNS] = {{"7", "Ana", "40000001", "a", HASH, "71", "NADA", "Nada", "4"}};
    ck_assert(reload(1, less));
    ck_assert_int_eq(check(token, &caller), PD_OK);
    ck_assert_uint_eq(caller.bits, 4);
    ck_assert_int_eq(caller.employee_id, 71);
    ck_assert_int_eq(check(beto, &caller), PD_UNAUTHENTICATED);
}
END_TEST

START_TEST(without_a_good_token_there_is_no_caller) {
    id_caller caller;
    ck_assert(reload(2, ANA));
    ck_assert_int_eq(check(NULL, &caller), PD_UNAUTHENTICATED);
    ck_assert_int_eq(check("", &caller), PD_UNAUTHENTICATED);
    ck_assert_int_eq(check("a.b.c", &caller), PD_UNAUTHENTICATED);
    ck_assert_int_eq(check(token_of(9), &caller), PD_UNAUTHENTICATED);
    id_tokens *stranger = tokens_of("otra clave de treinta y dos byte");
    ck_assert_int_eq(check(id_token_issue(stranger, 7, "ADMIN", time(NULL), arena), &caller), PD_UNAUTHENTICATED);
    id_tokens_free(stranger);
}
END_TEST

START_TEST(while_the_table_may_be_stale_nobody_is_admitted) {
    id_caller caller;
    const char *token = token_of(7);
    ck_assert_int_eq(check(token, &caller), PD_UNAVAILABLE);
    ck_assert(reload(2, ANA));
    ck_assert_int_eq(check(token, &caller), PD_OK);
    id_identity_lost(identity);
    ck_assert_int_eq(check(token, &caller), PD_UNAVAILABLE);
    ck_assert(reload(2, ANA));
    ck_assert_int_eq(check(token, &caller), PD_OK);
    /* rows that are not users leave the old ones */
    PGresult *odd = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    ck_assert(!id_identity_reload(identity, odd));
    PQclear(odd);
    ck_assert_int_eq(check(token, &caller), PD_OK);
}
END_TEST

START_TEST(a_key_file_must_hold_a_key) {
    const char *error = NULL;
    id_identity *other = identity_with("/no/hay/tal", &error);
    ck_assert_ptr_null(other);
    ck_assert_ptr_nonnull(strstr(error, "/no/hay/tal"));
    static const char short_key[] = "treinta y un bytes no alcanzan.\n";
    ck_assert_uint_eq(sizeof short_key - 1, 32);
    ck_assert_ptr_null(identity_with(key_file(short_key, 32), &error));
    ck_assert_ptr_nonnull(strstr(error, key_path));
    ck_assert_ptr_null(strstr(error, "treinta y un"));
    unlink(key_path);
    /* one newline at the end is not of the key; any other byte is */
    char with_newline[40];
    int n = snprintf(with_newline, sizeof with_newline, "%s\n", KEY);
    ck_assert_ptr_nonnull(other = identity_with(key_file(with_newline, (size_t)n), &error));
    unlink(key_path);
    PGresult *rows = rows_new(2, ANA);
    ck_assert(id_identity_reload(other, rows));
    PQclear(rows);
    id_caller caller;
    pd_status status = {0};
    const char *token = token_of(7);
    ck_assert(id_check(other, token, strlen(token), &caller, arena, &status));
    id_identity_free(other);
}
END_TEST

/* Login, with the call's end caught here instead of in the core. */

static int ended;
static pd_code code;
static char message[256], answered_token[2048], answered[512];

id_identity *sv_core_identity(sv_core *core) {
    (void)core;
    return identity;
}

void sv_call_end(sv_call *call, const ProtobufCMessage *reply) {
    ended++;
    code = call->status.code;
    snprintf(message, sizeof message, "%s", code ? pd_status_message(&call->status, call->arena) : "");
    ck_assert_int_eq(reply != NULL, code == PD_OK && !call->dead);
    if (!reply)
        return;
    if (reply->descriptor == &pendientes__v1__validar_token_resp__descriptor) {
        snprintf(answered, sizeof answered, "%s", ((const Pendientes__V1__ValidarTokenResp *)reply)->texto);
        return;
    }
    const Pendientes__V1__EntrarResp *r = (const Pendientes__V1__EntrarResp *)reply;
    snprintf(answered_token, sizeof answered_token, "%s", r->token);
    snprintf(answered, sizeof answered, "%s %s %s %s / %ld %s %s %s %d / %s %s %ld", r->nombre, r->email, r->rol,
             r->rol_nombre, (long)r->usuario->id, r->usuario->nombre, r->usuario->dni, r->usuario->email,
             r->usuario->vigente, r->usuario->rol->id, r->usuario->rol->nombre, (long)r->usuario->rol->permisos);
}

static Pendientes__V1__EntrarReq request;
static sv_call call;
static pd_incoming incoming;

static void begin(const char *dni, const char *password) {
    request = (Pendientes__V1__EntrarReq)PENDIENTES__V1__ENTRAR_REQ__INIT;
    request.dni = (char *)dni;
    request.password = (char *)password;
    incoming = (pd_incoming){.peer = "192.0.2.7"};
    call = (sv_call){.arena = arena, .request = &request.base, .in = &incoming, .due_ms = UINT64_MAX};
    ended = 0;
    id_login(&call);
}

static void finish(void) {
    while (!ended)
        pd_loop_turn(loop, 1000);
    ck_assert_int_eq(ended, 1);
}

START_TEST(login_answers_who_it_is_and_a_token) {
    ck_assert(reload(2, ANA));
    begin("40000001", "clave-b");
    ck_assert_int_eq(ended, 0);
    finish();
    ck_assert_int_eq(code, PD_OK);
    ck_assert_str_eq(answered,
                     "Ana ana@x.pe ADMIN Administrador / 7 Ana 40000001 ana@x.pe 1 / ADMIN Administrador 16383");
    id_caller caller;
    ck_assert_int_eq(check(answered_token, &caller), PD_OK);
    ck_assert_int_eq(caller.user_id, 7);
}
END_TEST

START_TEST(every_failure_says_the_same) {
    char over[100];
    memset(over, 'x', sizeof over - 1);
    over[sizeof over - 1] = 0;
    const char *tries[][2] = {{"40000001", "clave"}, {"49999999", "clave-b"}, {"40000001", over}, {"", "clave-b"}};
    ck_assert(reload(2, ANA));
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        begin(tries[i][0], tries[i][1]);
        finish();
        ck_assert_int_eq(code, PD_UNAUTHENTICATED);
        ck_assert_str_eq(message, "DNI o contraseña incorrectos");
    }
}
END_TEST

START_TEST(who_is_deactivated_while_the_hash_runs_is_not_admitted) {
    ck_assert(reload(2, ANA));
    begin("40000001", "clave-b");
    ck_assert(reload(1, &ANA[1]));
    finish();
    ck_assert_int_eq(code, PD_UNAUTHENTICATED);
    ck_assert(reload(2, ANA));
    begin("40000001", "clave-b");
    id_identity_lost(identity);
    finish();
    ck_assert_int_eq(code, PD_UNAVAILABLE);
    begin("40000001", "clave-b");
    ck_assert_int_eq(ended, 1);
    ck_assert_int_eq(code, PD_UNAVAILABLE);
}
END_TEST

START_TEST(a_call_that_was_answered_meanwhile_is_only_released) {
    ck_assert(reload(2, ANA));
    begin("40000001", "clave-b");
    call.dead = true;
    finish();
}
END_TEST

START_TEST(too_many_logins_at_once_are_told_to_come_back) {
    static sv_call calls[400];
    ck_assert(reload(2, ANA));
    ended = 0;
    request = (Pendientes__V1__EntrarReq)PENDIENTES__V1__ENTRAR_REQ__INIT;
    request.dni = (char *)"nadie";
    request.password = (char *)"clave-b";
    int refused = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        calls[i] = (sv_call){.arena = arena, .request = &request.base, .due_ms = UINT64_MAX};
        id_login(&calls[i]);
        if (calls[i].status.code) {
            refused++;
            ck_assert_int_eq(calls[i].status.code, PD_RESOURCE_EXHAUSTED);
            ck_assert_uint_gt(calls[i].status.retry_ms, 0);
        }
    }
    ck_assert_int_ge(refused, 200);
    ck_assert_int_eq(ended, refused);
    ck_assert_int_eq(n_recorded, 2); /* who waits or is turned away has not tried */
}
END_TEST

START_TEST(right_passwords_that_come_together_do_not_count_each_other) {
    enum { TOGETHER = 12 };
    static sv_call calls[TOGETHER];
    ck_assert(reload(2, ANA));
    ended = 0;
    request = (Pendientes__V1__EntrarReq)PENDIENTES__V1__ENTRAR_REQ__INIT;
    request.dni = (char *)"40000001";
    request.password = (char *)"clave-b";
    incoming = (pd_incoming){.peer = "192.0.2.7"};
    for (size_t i = 0; i < TOGETHER; i++) {
        calls[i] = (sv_call){.arena = arena, .request = &request.base, .in = &incoming, .due_ms = UINT64_MAX};
        id_login(&calls[i]);
        ck_assert_int_eq(n_recorded, i < 2 ? i + 1 : 2);
    }
    calls[5].dead = true; /* its deadline came while it waited: it is released in its turn, and has not tried */
    while (ended < TOGETHER) {
        pd_loop_turn(loop, 1000);
        ck_assert_int_le(n_recorded - n_admitted, 2);
    }
    ck_assert_int_eq(n_admitted, TOGETHER - 1);
    for (size_t i = 0; i < TOGETHER; i++)
        ck_assert_int_eq(calls[i].status.code, PD_OK);
}
END_TEST

START_TEST(who_waits_is_told_when_the_core_ends) {
    static sv_call calls[6];
    ck_assert(reload(2, ANA));
    ended = 0;
    request = (Pendientes__V1__EntrarReq)PENDIENTES__V1__ENTRAR_REQ__INIT;
    request.dni = request.password = (char *)"nadie";
    for (size_t i = 0; i < 6; i++) {
        calls[i] = (sv_call){.arena = arena, .request = &request.base, .due_ms = UINT64_MAX};
        id_login(&calls[i]);
    }
    id_identity_disconnect(identity);
    while (ended < 6)
        pd_loop_turn(loop, 1000);
    for (size_t i = 0; i < 6; i++)
        ck_assert_int_eq(calls[i].status.code, i < 2 ? PD_UNAUTHENTICATED : PD_UNAVAILABLE);
    id_identity_disconnect(NULL);
}
END_TEST

START_TEST(an_attempt_is_recorded_before_the_password_is_looked_at) {
    ck_assert(reload(2, ANA));
    begin("40000001", "clave-b");
    ck_assert_int_eq(n_asked, 1);
    ck_assert_str_eq(asked[0], "192.0.2.7");
    ck_assert_uint_eq(strlen(asked[1]), 2 + 64);
    ck_assert_ptr_null(strstr(asked[1], "40000001"));
    char hash[80];
    snprintf(hash, sizeof hash, "%s", asked[1]);
    finish();
    ck_assert_int_eq(n_asked, 2);
    ck_assert_str_eq(asked[1], hash);
    ck_assert_str_eq(asked[2], "1");
    ck_assert_str_eq(asked[3], "7");
    ck_assert_str_eq(asked[4], HASH);
    begin("40000001", "otra");
    finish();
    ck_assert_int_eq(n_asked, 3); /* nothing is taken back */
    begin("49999999", "clave-b");
    ck_assert_str_ne(asked[1], hash);
    finish();
}
END_TEST

START_TEST(a_client_is_an_address_or_a_network) {
    static const char *const peers[][2] = {{NULL, ""},
                                           {"", ""},
                                           {"no es", ""},
                                           {"192.0.2.7", "192.0.2.7"},
                                           {"::ffff:192.0.2.7", "192.0.2.7"},
                                           {"::1", "::/64"},
                                           {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
                                           {"2001:DB8:1:2::9", "2001:db8:1:2::/64"}};
    ck_assert(reload(2, ANA));
    attempt = NULL;
    wait_s = "1";
    for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
        incoming = (pd_incoming){.peer = peers[i][0]};
        request = (Pendientes__V1__EntrarReq)PENDIENTES__V1__ENTRAR_REQ__INIT;
        request.dni = request.password = (char *)"x";
        call = (sv_call){.arena = arena, .request = &request.base, .in = &incoming, .due_ms = UINT64_MAX};
        id_login(&call);
        ck_assert_str_eq(asked[0], peers[i][1]);
    }
}
END_TEST

START_TEST(too_many_failures_are_refused_without_hashing) {
    ck_assert(reload(2, ANA));
    attempt = NULL;
    wait_s = "37";
    begin("40000001", "clave-b");
    ck_assert_int_eq(ended, 1); /* at once */
    ck_assert_int_eq(code, PD_RESOURCE_EXHAUSTED);
    ck_assert_uint_eq(call.status.retry_ms, 37000);
    ck_assert_ptr_nonnull(strstr(message, "37"));
}
END_TEST

START_TEST(without_the_database_nobody_gets_in) {
    ck_assert(reload(2, ANA));
    lane_up = false;
    begin("40000001", "clave-b");
    ck_assert_int_eq(code, PD_UNAVAILABLE);
    lane_up = true;
    for (pg_end end = PG_FAILED; end <= PG_UNSENT; end++) {
        outcome = end;
        begin("40000001", "clave-b");
        ck_assert_int_eq(ended, 1);
        ck_assert_int_eq(code, PD_UNAVAILABLE);
    }
    outcome = PG_DONE; /* and when it goes while the hash runs */
    begin("40000001", "clave-b");
    outcome = PG_LOST;
    finish();
    ck_assert_int_eq(code, PD_UNAVAILABLE);
    outcome = PG_DONE;
    lane_room = false;
    begin("40000001", "clave-b");
    ck_assert_int_eq(code, PD_RESOURCE_EXHAUSTED);
}
END_TEST

START_TEST(the_database_has_the_last_word) {
    ck_assert(reload(2, ANA));
    issued = ""; /* the password was changed while the hash ran */
    begin("40000001", "clave-b");
    finish();
    ck_assert_int_eq(code, PD_UNAUTHENTICATED);
    ck_assert_str_eq(message, "DNI o contraseña incorrectos");
}
END_TEST

START_TEST(a_changed_password_ends_what_was_issued_before) {
    id_caller caller;
    int64_t now = time(NULL);
    char changed[24], next[24];
    snprintf(changed, sizeof changed, "%lld", (long long)now);
    snprintf(next, sizeof next, "%lld", (long long)now + 1);
    const char *before = id_token_issue(issuer, 7, "ADMIN", now, arena);
    ck_assert(reload(2, ANA));
    ck_assert_int_eq(check(before, &caller), PD_OK); /* now the verified tokens hold it */
    const char *const rows[][ROW_COLUMNS] = {
        {"7", "Ana", "40000001", "a", HASH, "70", "ADMIN", "Administrador", "16383", changed}};
    ck_assert(reload(1, rows));
    ck_assert_int_eq(check(before, &caller), PD_UNAUTHENTICATED);
    issued = next; /* a login in the second of the change */
    begin("40000001", "clave-b");
    finish();
    ck_assert_int_eq(code, PD_OK);
    ck_assert_int_eq(check(answered_token, &caller), PD_OK);
}
END_TEST

START_TEST(a_token_that_counts_is_told_so) {
    call = (sv_call){.arena = arena};
    ended = 0;
    id_validate(&call);
    ck_assert_int_eq(code, PD_OK);
    ck_assert_str_eq(answered, "Token válido y usuario activo");
}
END_TEST

int main(void) {
    Suite *s = suite_create("identity");
    TCase *c = tcase_create("identity");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_caller_is_what_the_table_says_now);
    tcase_add_test(c, without_a_good_token_there_is_no_caller);
    tcase_add_test(c, while_the_table_may_be_stale_nobody_is_admitted);
    tcase_add_test(c, a_key_file_must_hold_a_key);
    tcase_add_test(c, login_answers_who_it_is_and_a_token);
    tcase_add_test(c, every_failure_says_the_same);
    tcase_add_test(c, who_is_deactivated_while_the_hash_runs_is_not_admitted);
    tcase_add_test(c, a_call_that_was_answered_meanwhile_is_only_released);
    tcase_add_test(c, too_many_logins_at_once_are_told_to_come_back);
    tcase_add_test(c, right_passwords_that_come_together_do_not_count_each_other);
    tcase_add_test(c, who_waits_is_told_when_the_core_ends);
    tcase_add_test(c, an_attempt_is_recorded_before_the_password_is_looked_at);
    tcase_add_test(c, a_client_is_an_address_or_a_network);
    tcase_add_test(c, too_many_failures_are_refused_without_hashing);
    tcase_add_test(c, without_the_database_nobody_gets_in);
    tcase_add_test(c, the_database_has_the_last_word);
    tcase_add_test(c, a_changed_password_ends_what_was_issued_before);
    tcase_add_test(c, a_token_that_counts_is_told_so);
    suite_add_tcase(s, c);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
