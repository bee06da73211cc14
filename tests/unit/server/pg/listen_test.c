/* The listener against a real PostgreSQL: reads after listening, at each notification, and tells at once when it may be
 * stale. */
#include "server/pg/listen.h"

#include "tests/support/pg.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_MS = 10000 };

static pd_loop *loop;
static pg_listen *listener;
static PGconn *admin;
static int reads, losses;
static int value;

static bool users(void *arg, const PGresult *rows) {
    (void)arg;
    reads++;
    value = atoi(PQgetvalue(rows, 0, 0));
    return value >= 0;
}

static void lost(void *arg) {
    (void)arg;
    losses++;
}

static void turn_until(bool (*done)(void)) {
    uint64_t start = pd_loop_now(loop);
    while (!done() && pd_loop_now(loop) - start < LIMIT_MS)
        pd_loop_turn(loop, 20);
    ck_assert(done());
}

static bool fresh(void) {
    return pg_listen_fresh(listener);
}

static bool is_lost(void) {
    return losses > 0;
}

static bool sees_eight(void) {
    return value == 8;
}

static void setup(void) {
    admin = ts_pg_connect();
    ts_pg_exec(admin, "DROP TABLE IF EXISTS u; CREATE TABLE u (n int); INSERT INTO u VALUES (7)");
    reads = losses = value = 0;
    loop = pd_loop_new();
    listener = pg_listen_new(loop, &(pg_listen_options){.url = ts_pg_start(),
                                                        .zone = "UTC",
                                                        .channel = "prueba",
                                                        .sql = "SELECT n FROM u",
                                                        .users = users,
                                                        .lost = lost});
    turn_until(fresh);
}

static void teardown(void) {
    pg_listen_free(listener);
    pd_loop_free(loop);
    PQfinish(admin);
}

START_TEST(notification_reads_at_once) {
    ck_assert_int_eq(value, 7);
    uint64_t start = pd_loop_now(loop);
    ts_pg_exec(admin, "UPDATE u SET n = 8; NOTIFY prueba");
    turn_until(sees_eight);
    ck_assert_uint_lt(pd_loop_now(loop) - start, 400); /* sooner than it would look by itself */
}
END_TEST

START_TEST(looks_without_notification) {
    ts_pg_exec(admin, "UPDATE u SET n = 8");
    turn_until(sees_eight);
    ck_assert_int_eq(losses, 0);
}
END_TEST

START_TEST(cut_is_told_and_mended) {
    ts_pg_exec(admin,
               "UPDATE u SET n = 8;"
               "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pendientes listen'");
    turn_until(is_lost);
    turn_until(fresh);
    ck_assert_int_eq(value, 8);
}
END_TEST

/* A backend that does not answer, its connection standing. */
START_TEST(silence_counts_as_loss) {
    PGresult *result = PQexec(admin, "SELECT pid FROM pg_stat_activity WHERE application_name = 'pendientes listen'");
    pid_t backend = (pid_t)atoi(PQgetvalue(result, 0, 0));
    PQclear(result);
    ck_assert_int_eq(kill(backend, SIGSTOP), 0);
    uint64_t start = pd_loop_now(loop);
    turn_until(is_lost);
    ck_assert_uint_lt(pd_loop_now(loop) - start, 1800);
    kill(backend, SIGCONT);
    turn_until(fresh);
}
END_TEST

START_TEST(rows_that_are_refused_count_as_loss) {
    ts_pg_exec(admin, "UPDATE u SET n = -1; NOTIFY prueba");
    turn_until(is_lost);
    ck_assert(!fresh());
    ts_pg_exec(admin, "UPDATE u SET n = 8");
    turn_until(fresh);
}
END_TEST

int main(void) {
    ts_pg_start();
    Suite *suite = suite_create("listen");
    TCase *tcase = tcase_create("postgresql");
    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, notification_reads_at_once);
    tcase_add_test(tcase, looks_without_notification);
    tcase_add_test(tcase, cut_is_told_and_mended);
    tcase_add_test(tcase, silence_counts_as_loss);
    tcase_add_test(tcase, rows_that_are_refused_count_as_loss);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
