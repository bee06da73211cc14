/* Connections and lanes against a real PostgreSQL: when a unit is answered, what a loss means, who waits for whom. */
#include "server/pg/lanes.h"

#include "tests/support/pg.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_MS = 10000 };

static const pg_prepare prepares[] = {
    {.name = "uno", .sql = "SELECT 1"},
    {.name = "dormir", .sql = "SELECT pg_sleep(0.2)"},
    {.name = "mucho", .sql = "SELECT pg_sleep(30)"},
    {.name = "poner", .sql = "INSERT INTO t (n) VALUES (7)"},
    {.name = "fallar", .sql = "SELECT 1 / (SELECT count(*) - count(*) FROM t)"},
    {.name = "diferir", .sql = "INSERT INTO d (n) VALUES (99)"},
    {.name = "abrir", .sql = "BEGIN"},
    {.name = "cerrar", .sql = "COMMIT"},
    {.name = "limite", .sql = "SELECT current_setting('statement_timeout')"},
    {.name = "zona", .sql = "SELECT current_setting('TimeZone') || ' ' || current_setting('plan_cache_mode')"},
};

typedef struct seen {
    pg_unit unit;
    pg_query queries[4];
    PGresult *results[4];
    int ended;
    pg_end end;
    char value[64], state[8];
    pg_unit *follow; /* sent from within fn */
    pg_lanes *lanes;
} seen;

static pd_loop *loop;
static pg_lanes *lanes;
static pg_lane_options options[PG_N_LANES];
static PGconn *admin;
static seen units[10]; /* of one test */
static size_t n_units;

static void ended(pg_unit *unit, pg_end end) {
    seen *s = unit->arg;
    s->ended++;
    s->end = end;
    snprintf(s->state, sizeof s->state, "%s", pg_sqlstate(unit->error));
    PGresult *last = unit->results[unit->n - 1];
    if (end == PG_DONE && PQntuples(last) == 1)
        snprintf(s->value, sizeof s->value, "%s", PQgetvalue(last, 0, 0));
    if (s->follow)
        ck_assert(pg_lanes_follow(unit, s->follow));
}

static seen *make(const char *first, const char *second, bool rerun) {
    ck_assert_uint_lt(n_units, sizeof units / sizeof units[0]);
    seen *s = &units[n_units++];
    memset(s, 0, sizeof *s);
    s->queries[0].name = first;
    s->queries[1].name = second;
    s->unit = (pg_unit){
        .queries = s->queries, .n = second ? 2 : 1, .results = s->results, .rerun = rerun, .fn = ended, .arg = s};
    return s;
}

static seen *add(pg_lane_id lane, const char *first, const char *second, bool rerun) {
    seen *s = make(first, second, rerun);
    ck_assert(pg_lanes_add(lanes, lane, &s->unit));
    return s;
}

static void turn_until(const int *count, int wanted) {
    uint64_t start = pd_loop_now(loop);
    while (*count < wanted && pd_loop_now(loop) - start < LIMIT_MS)
        pd_loop_turn(loop, 20);
    ck_assert_int_eq(*count, wanted);
}

static void expect(seen *s, pg_end end) {
    turn_until(&s->ended, 1);
    ck_assert_int_eq(s->end, end);
}

static void setup(void) {
    n_units = 0;
    admin = ts_pg_connect();
    ts_pg_exec(admin, "DROP TABLE IF EXISTS t, d, e; CREATE TABLE t (n int); CREATE TABLE e (n int PRIMARY KEY);"
                      "CREATE TABLE d (n int REFERENCES e DEFERRABLE INITIALLY DEFERRED)");
    for (int i = 0; i < PG_N_LANES; i++)
        options[i] = (pg_lane_options){.class = {.name = "prueba",
                                                 .url = ts_pg_start(),
                                                 .zone = "America/Lima",
                                                 .plan_cache_mode = "force_generic_plan",
                                                 .statement_timeout_ms = 5000,
                                                 .longest_ms = i == PG_LANE_WRITE ? 8000 : 0,
                                                 .prepares = prepares,
                                                 .n_prepares = sizeof prepares / sizeof prepares[0]},
                                       .connections = 1,
                                       .depth = i == PG_LANE_READ ? 8 : 1,
                                       .max_queue = 4};
    loop = pd_loop_new();
    lanes = pg_lanes_new(loop, options);
}

static void teardown(void) {
    pg_lanes_free(lanes);
    pd_loop_free(loop);
    PQfinish(admin);
}

static int rows(const char *table) {
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    PGresult *result = PQexec(admin, sql);
    int n = atoi(PQgetvalue(result, 0, 0));
    PQclear(result);
    return n;
}

/* Ends every backend but the test's own. */
static void cut(void) {
    ts_pg_exec(admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                      " AND application_name LIKE 'pendientes %'");
}

START_TEST(session_is_set_up) {
    seen *s = add(PG_LANE_READ, "zona", NULL, true);
    expect(s, PG_DONE);
    ck_assert_str_eq(s->value, "America/Lima force_generic_plan");
}
END_TEST

START_TEST(failure_takes_what_came_before) {
    seen *s = add(PG_LANE_WRITE, "poner", "fallar", false);
    expect(s, PG_FAILED);
    ck_assert_str_eq(s->state, "22012");
    ck_assert_int_eq(rows("t"), 0);
    expect(add(PG_LANE_WRITE, "poner", NULL, false), PG_DONE);
    ck_assert_int_eq(rows("t"), 1);
}
END_TEST

START_TEST(failure_at_the_sync) {
    seen *s = add(PG_LANE_WRITE, "diferir", NULL, false);
    expect(s, PG_FAILED);
    ck_assert_str_eq(s->state, "23503");
    expect(add(PG_LANE_WRITE, "uno", NULL, false), PG_DONE);
}
END_TEST

START_TEST(failures_stay_in_their_unit) {
    seen *bad = add(PG_LANE_READ, "fallar", NULL, true), *good = add(PG_LANE_READ, "uno", NULL, true);
    expect(good, PG_DONE);
    expect(bad, PG_FAILED);
}
END_TEST

/* Immediate shutdown: the connection ends without an answer. */
START_TEST(cut_write_is_unknown_and_reads_run_again) {
    seen *write = add(PG_LANE_WRITE, "mucho", NULL, false), *read = add(PG_LANE_READ, "dormir", "uno", true);
    while (pg_lanes_gauge(lanes, PG_LANE_WRITE).in_flight == 0 || pg_lanes_gauge(lanes, PG_LANE_READ).in_flight == 0)
        pd_loop_turn(loop, 20);
    ts_pg_stop();
    expect(write, PG_LOST);
    ck_assert_int_eq(read->ended, 0);
    ts_pg_start();
    expect(read, PG_DONE);
    PQreset(admin);
}
END_TEST

/* Terminated by an administrator: the statement's error says that nothing was done. */
START_TEST(terminated_write_is_known) {
    seen *write = add(PG_LANE_WRITE, "mucho", NULL, false);
    while (pg_lanes_gauge(lanes, PG_LANE_WRITE).in_flight == 0)
        pd_loop_turn(loop, 20);
    cut();
    expect(write, PG_FAILED);
    ck_assert_str_eq(write->state, "57P01");
    expect(add(PG_LANE_WRITE, "uno", NULL, false), PG_DONE);
}
END_TEST

START_TEST(idle_connections_come_back) {
    expect(add(PG_LANE_READ, "uno", NULL, true), PG_DONE);
    cut();
    for (int i = 0; i < 3; i++)
        expect(add(PG_LANE_READ, "uno", NULL, true), PG_DONE);
}
END_TEST

START_TEST(queue_is_bounded_and_can_be_left) {
    seen *five[5];
    for (int i = 0; i < 4; i++)
        five[i] = add(PG_LANE_WRITE, "uno", NULL, false);
    five[4] = make("uno", NULL, false);
    ck_assert(!pg_lanes_add(lanes, PG_LANE_WRITE, &five[4]->unit));
    ck_assert(pg_lanes_cancel(lanes, PG_LANE_WRITE, &five[2]->unit));
    ck_assert(pg_lanes_add(lanes, PG_LANE_WRITE, &five[4]->unit));
    expect(five[4], PG_DONE);
    ck_assert_int_eq(five[0]->ended + five[1]->ended + five[3]->ended, 3);
    ck_assert_int_eq(five[2]->ended, 0);
    ck_assert(!pg_lanes_cancel(lanes, PG_LANE_WRITE, &five[4]->unit));
}
END_TEST

START_TEST(past_due_is_not_sent) {
    seen *s = make("poner", NULL, false);
    s->unit.due_ms = pd_loop_now(loop);
    ck_assert(pg_lanes_add(lanes, PG_LANE_WRITE, &s->unit));
    expect(s, PG_UNSENT);
    ck_assert_int_eq(rows("t"), 0);
}
END_TEST

START_TEST(timeout_follows_the_deadline) {
    expect(add(PG_LANE_WRITE, "uno", NULL, false), PG_DONE);
    seen *s = make("limite", NULL, false), *late = make("mucho", NULL, false);
    s->unit.due_ms = pd_loop_now(loop) + 700;
    ck_assert(pg_lanes_add(lanes, PG_LANE_WRITE, &s->unit));
    expect(s, PG_DONE);
    ck_assert_int_le(atoi(s->value), 700);
    late->unit.due_ms = pd_loop_now(loop) + 300;
    ck_assert(pg_lanes_add(lanes, PG_LANE_WRITE, &late->unit));
    expect(late, PG_FAILED);
    ck_assert_str_eq(late->state, "57014");
    /* near enough, longer than usual, and longer than any may */
    static const struct {
        uint64_t due_ms;
        int most;
    } others[] = {{0, 5000}, {4500, 5000}, {7000, 7000}, {60000, 8000}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        seen *next = make("limite", NULL, false);
        next->unit.due_ms = others[i].due_ms ? pd_loop_now(loop) + others[i].due_ms : 0;
        ck_assert(pg_lanes_add(lanes, PG_LANE_WRITE, &next->unit));
        expect(next, PG_DONE);
        int limit = atoi(next->value) * (strstr(next->value, "ms") ? 1 : 1000);
        ck_assert_msg(limit <= others[i].most && limit > others[i].most - 500, "%s", next->value);
    }
}
END_TEST

START_TEST(second_trip_goes_first) {
    seen *first = make("abrir", "poner", true), *second = make("poner", "cerrar", false);
    first->follow = &second->unit;
    ck_assert(pg_lanes_add(lanes, PG_LANE_DECIDED, &first->unit));
    seen *other = add(PG_LANE_DECIDED, "uno", NULL, true);
    expect(other, PG_DONE);
    ck_assert_int_eq(second->ended, 1);
    ck_assert_int_eq(second->end, PG_DONE);
    ck_assert_int_eq(rows("t"), 2);
}
END_TEST

START_TEST(open_transaction_costs_its_connection) {
    expect(add(PG_LANE_DECIDED, "abrir", "poner", true), PG_DONE);
    expect(add(PG_LANE_DECIDED, "uno", NULL, true), PG_DONE);
    ck_assert_int_eq(rows("t"), 0);
}
END_TEST

int main(void) {
    ts_pg_start();
    Suite *suite = suite_create("lanes");
    TCase *tcase = tcase_create("postgresql");
    tcase_set_timeout(tcase, 40);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, session_is_set_up);
    tcase_add_test(tcase, failure_takes_what_came_before);
    tcase_add_test(tcase, failure_at_the_sync);
    tcase_add_test(tcase, failures_stay_in_their_unit);
    tcase_add_test(tcase, terminated_write_is_known);
    tcase_add_test(tcase, idle_connections_come_back);
    tcase_add_test(tcase, queue_is_bounded_and_can_be_left);
    tcase_add_test(tcase, past_due_is_not_sent);
    tcase_add_test(tcase, timeout_follows_the_deadline);
    tcase_add_test(tcase, second_trip_goes_first);
    tcase_add_test(tcase, open_transaction_costs_its_connection);
    suite_add_tcase(suite, tcase);
    /* In this process: a forked test may not stop the server. */
    TCase *crash = tcase_create("crash");
    tcase_set_timeout(crash, 40);
    tcase_add_checked_fixture(crash, setup, teardown);
    tcase_add_test(crash, cut_write_is_unknown_and_reads_run_again);
    suite_add_tcase(suite, crash);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
