/* Calls that wait for events, against a whole core and PostgreSQL. */
#include "server/events/wait.h"
#include "tests/unit/server/events/reader.h"

#include <malloc.h>

static void edit(int order, const char *address) {
    char sql[200];
    snprintf(sql, sizeof sql, "UPDATE pendientes SET direccion = '%s' WHERE id = %d", address, order);
    ts_pg_exec(h_db, sql);
}

START_TEST(wakes_whom_it_concerns) {
    r_settle();
    reader all = {.user = H_CORD, .since = R_NOW}, own = {.user = H_TECN, .since = R_NOW};
    r_send(&all);
    r_send(&own);
    r_waiting(2);
    edit(4, "una");
    h_turn_until(&all.done);
    ck_assert_uint_eq(all.n, 1);
    ck_assert_int_eq(all.orders[0], 4);
    ck_assert_int_eq(all.types[0], R_TYPE(PENDIENTE_EDITADO));
    ck_assert(!own.done);
    edit(3, "una");
    h_turn_until(&own.done);
    ck_assert_uint_eq(own.n, 1);
    ck_assert_int_eq(own.orders[0], 3);
    ck_assert_int_eq(own.ids[0], all.ids[0] + 1);
    ck_assert_int_eq(own.until, own.ids[0]);
    r_waiting(0);
}
END_TEST

START_TEST(filters) {
    r_settle();
    reader of_order = {.user = H_ADMIN, .since = R_NOW, .order = 8};
    reader of_type = {.user = H_ADMIN, .since = R_NOW, .type = R_TYPE(DETALLE_CAMBIADO)};
    r_send(&of_order);
    r_send(&of_type);
    r_waiting(2);
    edit(7, "dos");
    ts_pg_exec(h_db, "UPDATE pendientes_averias SET descripcion_falla = 'otra' WHERE pendiente_id = 7");
    h_turn_until(&of_type.done);
    ck_assert_int_eq(of_type.orders[0], 7);
    edit(8, "dos");
    h_turn_until(&of_order.done);
    ck_assert_uint_eq(of_order.n, 1);
}
END_TEST

START_TEST(empty_before_the_deadline) {
    int64_t last = r_settle();
    reader r = {.user = H_TECN, .since = R_NOW, .deadline_ms = 600};
    uint64_t start = pd_loop_now(h_core.loop);
    r_wait(&r);
    ck_assert_int_eq(r.code, PD_OK);
    ck_assert_uint_eq(r.n, 0);
    ck_assert_int_eq(r.until, last);
    ck_assert_uint_ge(pd_loop_now(h_core.loop) - start, 300);
}
END_TEST

/* All from the first, page by page: from the table and from memory, without a gap or a repetition. */
START_TEST(from_the_beginning) {
    int64_t last = r_settle(), seen = 0;
    static const int32_t sizes[] = {1, 7, 1000};
    while (seen < last) {
        reader r = {.user = H_ADMIN, .since = seen, .most = sizes[_i] == 1 && last - seen > 40 ? 100 : sizes[_i]};
        r_wait(&r);
        ck_assert_int_eq(r.code, PD_OK);
        ck_assert_uint_gt(r.n, 0);
        for (size_t i = 0; i < r.n; i++)
            ck_assert_int_eq(r.ids[i], ++seen);
        ck_assert_int_eq(r.until, seen);
    }
}
END_TEST

/* Another gateway's reader may know a number before this core does. */
START_TEST(ahead_of_this_core) {
    for (int i = 0; i < 20; i++) {
        r_settle();
        edit(9, i % 2 ? "tres" : "cuatro");
        ts_pg_exec(h_db, "SELECT eventos_numerar()");
        reader r = {.user = H_ADMIN, .since = h_number("SELECT ultimo FROM eventos_contador")};
        r_send(&r);
        r_settle();
        edit(10, i % 2 ? "tres" : "cuatro");
        h_turn_until(&r.done);
        ck_assert_uint_eq(r.n, 1);
        ck_assert_int_eq(r.ids[0], r.since + 1);
        ck_assert_int_eq(r.orders[0], 10);
    }
}
END_TEST

/* A number that was never given is of a database before it was restored: said at once. */
START_TEST(never_given) {
    int64_t last = r_settle();
    reader r = {.user = H_ADMIN, .since = last + 1000};
    r_wait(&r);
    ck_assert_uint_eq(r.n, 0);
    ck_assert(r.trimmed);
    ck_assert_int_eq(r.until, last);
}
END_TEST

START_TEST(no_longer_kept) {
    r_settle();
    ts_pg_exec(h_db, "DELETE FROM eventos WHERE numero <= 20");
    reader r = {.user = H_ADMIN, .since = 5};
    r_wait(&r);
    ck_assert(r.trimmed);
    ck_assert_int_eq(r.ids[0], 21);
    r.since = 20;
    r_wait(&r);
    ck_assert(!r.trimmed);
}
END_TEST

/* Who is told to hurry by rights that changed, and who knows them already. */
START_TEST(rights_change) {
    r_settle();
    reader first = {.user = H_TECN, .since = R_NOW, .known = 1};
    r_wait(&first); /* not the version */
    ck_assert_uint_eq(first.n, 0);
    reader r = {.user = H_TECN, .since = R_NOW, .known = first.version};
    r_send(&r);
    r_waiting(1);
    ts_pg_exec(h_db, "UPDATE roles SET permisos = permisos | 8 WHERE id = 'TECN'");
    h_turn_until(&r.done);
    ck_assert_int_eq(r.code, PD_OK);
    ck_assert_int_ne(r.version, first.version);
    ts_pg_exec(h_db, "UPDATE roles SET permisos = 1924 WHERE id = 'TECN'");
    uint64_t start = pd_loop_now(h_core.loop);
    while (id_version(h_core.identity) != first.version && pd_loop_now(h_core.loop) - start < H_LIMIT_MS)
        pd_loop_turn(h_core.loop, 10);
    ck_assert_int_eq(id_version(h_core.identity), first.version); /* the same people, the same version */
}
END_TEST

/* A core that may be wrong about rights lets go of whoever waits: another may know better. */
START_TEST(stale_rights_refuse) {
    r_settle();
    reader r = {.user = H_ADMIN, .since = R_NOW};
    r_send(&r);
    r_waiting(1);
    ts_pg_exec(h_db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                     " AND query LIKE '%password_cambiado%'");
    uint64_t start = pd_loop_now(h_core.loop);
    h_turn_until(&r.done);
    ck_assert_int_eq(r.code, PD_UNAVAILABLE);
    ck_assert_uint_lt(pd_loop_now(h_core.loop) - start, 2000);
    while (!sv_core_ready(&h_core) && pd_loop_now(h_core.loop) - start < H_LIMIT_MS)
        pd_loop_turn(h_core.loop, 10);
    ck_assert(sv_core_ready(&h_core));
}
END_TEST

/* Much that is not for him lies before a reader: each call brings him further. */
START_TEST(a_long_way) {
    int64_t since = r_settle();
    ts_pg_exec(
        h_db, "INSERT INTO eventos (tipo, pendiente_id) SELECT 'PENDIENTE_EDITADO', 50 FROM generate_series(1, 30000)");
    int64_t last = r_settle();
    int calls = 0;
    while (since < last) {
        reader r = {.user = H_TECN, .since = since, .deadline_ms = 450, .known = 1};
        r_wait(&r);
        ck_assert_int_eq(r.code, PD_OK);
        ck_assert_uint_eq(r.n, 0);
        ck_assert_int_gt(r.until, since);
        since = r.until;
        ck_assert_int_lt(++calls, 40);
    }
    edit(3, "lejos");
    reader r = {.user = H_TECN, .since = since};
    r_wait(&r);
    ck_assert_int_eq(r.orders[0], 3);
}
END_TEST

/* What passes a waiting call by costs it no memory. */
START_TEST(looks_cost_nothing) {
    r_settle();
    reader r = {.user = H_TECN, .since = R_NOW, .most = 1000, .deadline_ms = 30000};
    r_send(&r);
    r_waiting(1);
    for (int i = 0; i < 20; i++) {
        edit(11, i % 2 ? "a" : "b");
        r_settle();
    }
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 60; i++) {
        edit(11, i % 2 ? "a" : "b");
        r_settle();
    }
    ck_assert_uint_lt(mallinfo2().uordblks, before + 200000);
    edit(3, "al fin");
    h_turn_until(&r.done);
}
END_TEST

START_TEST(who_is_who) {
    h_outcome out = h_call(H_TECN, "Eventos/Quien", "{}");
    h_expect(&out, PD_OK);
    ck_assert_ptr_nonnull(strstr(out.json, "\"empleadoId\":6,\"permisos\":1924"));
}
END_TEST

/* The last: the core stops. */
START_TEST(drains) {
    reader r = {.user = H_ADMIN, .since = R_NOW, .deadline_ms = 20000};
    r_send(&r);
    uint64_t start = pd_loop_now(h_core.loop);
    while (ev_waiters_count(h_core.waiters) == 0 && pd_loop_now(h_core.loop) - start < H_LIMIT_MS)
        pd_loop_turn(h_core.loop, 10);
    ev_waiters_drain(h_core.waiters);
    h_turn_until(&r.done);
    ck_assert_int_eq(r.code, PD_OK);
}
END_TEST

static void add(TCase *tests) {
    tcase_add_loop_test(tests, from_the_beginning, 0, 3);
    tcase_add_test(tests, wakes_whom_it_concerns);
    tcase_add_test(tests, filters);
    tcase_add_test(tests, empty_before_the_deadline);
    tcase_add_test(tests, ahead_of_this_core);
    tcase_add_test(tests, never_given);
    tcase_add_test(tests, rights_change);
    tcase_add_test(tests, stale_rights_refuse);
    tcase_add_test(tests, who_is_who);
    tcase_add_test(tests, no_longer_kept);
    tcase_add_test(tests, a_long_way);
    tcase_add_test(tests, looks_cost_nothing);
    tcase_add_test(tests, drains);
}

int main(void) {
    return h_run("server/events/wait", add);
}
