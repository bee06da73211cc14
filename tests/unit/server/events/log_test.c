/* The events as a core has them: numbering, looking, what survives the loss of a connection or of the database's last
 * minutes, and what is kept. */
#include "server/events/log.h"
#include "tests/unit/server/events/reader.h"

static pd_arena *texts;

/* The statement that the core runs, with its one parameter. */
static const char *statement(const char *name, const char *value) {
    const char *error = NULL;
    char *sql = en_file_read(h_source(pd_arena_printf(texts, "server/sql/interno/%s.sql", name)), texts, &error);
    ck_assert_msg(sql != NULL, "%s", error);
    return pd_arena_printf(texts, "PREPARE s AS %s; EXECUTE s(%s); DEALLOCATE s", sql, value);
}

static PGconn *other;

static void check_numbers(void) {
    ck_assert_int_eq(h_number("SELECT count(*) FROM eventos WHERE numero IS NULL"), 0);
    ck_assert_int_eq(h_number("SELECT count(DISTINCT numero) - count(*) FROM eventos"), 0);
    ck_assert_int_eq(h_number("SELECT max(numero) - min(numero) + 1 - count(*) FROM eventos"), 0);
    ck_assert_int_eq(h_number("SELECT (SELECT ultimo FROM eventos_contador) - max(numero) FROM eventos"), 0);
}

START_TEST(numbers_without_gaps) {
    ts_pg_exec(h_db, "UPDATE pendientes SET direccion = 'una'");
    r_settle();
    check_numbers();
}
END_TEST

/* What commits later has a higher number, though its id is lower; what is not committed has none, and holds up nobody.
 */
START_TEST(in_the_order_of_commits) {
    other = ts_pg_connect();
    int64_t last = r_settle();
    ts_pg_exec(other, "BEGIN; UPDATE pendientes SET direccion = 'lenta' WHERE id = 20");
    ts_pg_exec(h_db, "UPDATE pendientes SET direccion = 'veloz' WHERE id = 21");
    ck_assert_int_eq(r_settle(), last + 1);
    ts_pg_exec(other, "COMMIT");
    ck_assert_int_eq(r_settle(), last + 2);
    ck_assert_int_eq(h_number("SELECT pendiente_id FROM eventos ORDER BY numero DESC LIMIT 1"), 20);
    ts_pg_exec(other, "BEGIN; UPDATE pendientes SET direccion = 'nunca' WHERE id = 20; ROLLBACK");
    ck_assert_int_eq(r_settle(), last + 2);
    check_numbers();
    PQfinish(other);
}
END_TEST

/* Many numbering at once, as many cores do. */
START_TEST(many_number_at_once) {
    PGconn *conns[6];
    for (int i = 0; i < 6; i++)
        conns[i] = ts_pg_connect();
    for (int round = 0; round < 30; round++) {
        for (int i = 0; i < 6; i++)
            PQsendQuery(conns[i],
                        i % 2 ? "SELECT eventos_numerar()"
                              : "UPDATE pendientes SET direccion = clock_timestamp()::text WHERE id % 3 = 0 AND "
                                "id < 20; SELECT eventos_numerar()");
        for (int i = 0; i < 6; i++)
            for (PGresult *result; (result = PQgetResult(conns[i])); PQclear(result))
                ck_assert_int_eq(PQresultStatus(result) == PGRES_FATAL_ERROR, 0);
        pd_loop_turn(h_core.loop, 0);
    }
    for (int i = 0; i < 6; i++)
        PQfinish(conns[i]);
    r_settle();
    check_numbers();
}
END_TEST

START_TEST(looks_by_itself) {
    int64_t last = r_settle();
    ts_pg_exec(h_db, "UPDATE pendientes SET direccion = 'sola' WHERE id = 22"); /* nobody tells the core */
    uint64_t start = pd_loop_now(h_core.loop);
    while (pd_events_head(ev_log_events(h_core.events)) == last && pd_loop_now(h_core.loop) - start < H_LIMIT_MS)
        pd_loop_turn(h_core.loop, 10);
    ck_assert_uint_lt(pd_loop_now(h_core.loop) - start, 1500);
}
END_TEST

START_TEST(survives_a_lost_connection) {
    reader r = {.user = H_ADMIN, .since = r_settle(), .deadline_ms = 12000};
    r_send(&r);
    r_waiting(1);
    ts_pg_exec(h_db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                     " AND query LIKE '%eventos%'");
    ts_pg_exec(h_db, "UPDATE pendientes SET direccion = 'perdida' WHERE id = 23");
    h_turn_until(&r.done);
    ck_assert_int_eq(r.code, PD_OK);
    ck_assert_int_eq(r.orders[0], 23);
}
END_TEST

/* A database that was restored, or a standby that took over without the last seconds. */
START_TEST(goes_back_with_the_database) {
    int64_t last = r_settle();
    ts_pg_exec(h_db, "BEGIN; DELETE FROM eventos WHERE numero > 100; UPDATE eventos_contador SET ultimo = 100; COMMIT");
    uint64_t start = pd_loop_now(h_core.loop);
    while (pd_events_head(ev_log_events(h_core.events)) != 100 && pd_loop_now(h_core.loop) - start < H_LIMIT_MS)
        pd_loop_turn(h_core.loop, 10);
    ck_assert_int_eq(pd_events_head(ev_log_events(h_core.events)), 100);
    reader r = {.user = H_ADMIN, .since = last, .deadline_ms = 5000};
    r_wait(&r);
    ck_assert(r.trimmed);
    ck_assert_int_eq(r.until, 100);
    r.since = r.until;
    r_send(&r);
    ts_pg_exec(h_db, "UPDATE pendientes SET direccion = 'de nuevo' WHERE id = 24");
    h_turn_until(&r.done);
    ck_assert_int_eq(r.ids[0], 101);
    ck_assert_int_eq(r.orders[0], 24);
}
END_TEST

/* A look at a core that was away for long: more than one page, more than the ring holds. */
START_TEST(many_at_once) {
    int64_t last = r_settle();
    ts_pg_exec(h_db,
               "INSERT INTO eventos (tipo, pendiente_id) SELECT 'PENDIENTE_EDITADO', 50 FROM generate_series(1, 9500)");
    ck_assert_int_eq(r_settle(), last + 9500);
    check_numbers();
}
END_TEST

START_TEST(keeps_what_it_shall) {
    int64_t last = r_settle();
    ts_pg_exec(h_db, "UPDATE eventos SET creado = creado - interval '2 days' WHERE numero % 2 = 0 OR numero < 7000");
    for (int i = 0; i < 4; i++)
        ts_pg_exec(h_db, statement("eventos_barrer", "86400"));
    int64_t first = h_number("SELECT min(numero) FROM eventos");
    ck_assert_int_ge(first, 7000); /* the fresh ones all stay, and what lies between them may */
    ck_assert_int_eq(h_number("SELECT count(*) FROM eventos WHERE numero % 2 = 1 AND numero >= 7000"),
                     (last - 7000 + 1) / 2);
    ts_pg_exec(h_db, "UPDATE eventos SET creado = creado - interval '5 days'");
    for (int i = 0; i < 4; i++)
        ts_pg_exec(h_db, statement("eventos_barrer", "86400"));
    ck_assert_int_eq(h_number("SELECT count(*) FROM eventos"), 1);
    ck_assert_int_eq(h_number("SELECT max(numero) FROM eventos"), last);
}
END_TEST

/* A sweep that finds nothing looks at few rows, however many are kept. */
START_TEST(sweeps_for_nothing) {
    ts_pg_exec(
        h_db, "INSERT INTO eventos (tipo, pendiente_id) SELECT 'PENDIENTE_EDITADO', 50 FROM generate_series(1, 60000)");
    r_settle();
    ts_pg_exec(h_db, "ANALYZE eventos");
    ts_pg_exec(h_db, "SELECT pg_stat_force_next_flush()");
    int64_t before = h_number("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'eventos'");
    ts_pg_exec(h_db, statement("eventos_barrer", "86400"));
    ts_pg_exec(h_db, "SELECT pg_stat_force_next_flush()");
    int64_t after = h_number("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'eventos'");
    ck_assert_msg(after - before < 20000, "%lld rows", (long long)(after - before));
}
END_TEST

static void setup(void) {
    texts = pd_arena_new();
}

static void teardown(void) {
    pd_arena_free(texts);
}

static void add(TCase *tests) {
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, numbers_without_gaps);
    tcase_add_test(tests, in_the_order_of_commits);
    tcase_add_test(tests, many_number_at_once);
    tcase_add_test(tests, looks_by_itself);
    tcase_add_test(tests, survives_a_lost_connection);
    tcase_add_test(tests, many_at_once);
    tcase_add_test(tests, keeps_what_it_shall);
    tcase_add_test(tests, sweeps_for_nothing);
    tcase_add_test(tests, goes_back_with_the_database);
}

int main(void) {
    return h_run("server/events/log", add);
}
