/* The order of a call's refusals, deadlines, and that every call comes home. */
#include "tests/unit/server/harness.h"

#include "server/identity/identity.h"

static size_t held(void) {
    size_t n = 0;
    for (int state = 0; state < SV_FREE; state++)
        n += sv_calls_count(h_core.calls, (sv_state)state);
    return n;
}

/* Turns until no call is held by anybody. */
static void settle(void) {
    bool done = false;
    uint64_t start = pd_loop_now(h_core.loop);
    while (!done && pd_loop_now(h_core.loop) - start < H_LIMIT_MS) {
        pd_loop_turn(h_core.loop, 10);
        done = held() == 0;
    }
    ck_assert(done);
}

START_TEST(token_precedes_form) {
    h_outcome out = h_call_with(0, "Averias/Obtener", "{}", (h_with){.token = "no es un token"});
    h_expect(&out, PD_UNAUTHENTICATED);
    h_outcome gone = h_call(77, "Averias/Obtener", "{\"pendienteId\":1}"); /* no such user */
    h_expect(&gone, PD_UNAUTHENTICATED);
}
END_TEST

START_TEST(form_precedes_right) {
    h_outcome out = h_call(H_NADA, "Averias/Obtener", "{}");
    h_expect(&out, PD_INVALID_ARGUMENT);
    ck_assert_str_eq(out.field, "pendienteId");
    h_outcome right = h_call(H_NADA, "Averias/Obtener", "{\"pendienteId\":999}");
    h_expect(&right, PD_PERMISSION_DENIED); /* before the database: whether the row is there is none of theirs */
}
END_TEST

START_TEST(probe_asks_for_the_token_alone) {
    h_outcome good = h_call_with(H_NADA, "Averias/Obtener", "{}", (h_with){.probe = true});
    h_expect(&good, PD_OK);
    h_outcome bad = h_call_with(0, "Averias/Obtener", "{}", (h_with){.probe = true, .token = "x"});
    h_expect(&bad, PD_UNAUTHENTICATED);
}
END_TEST

START_TEST(public_method_needs_no_token) {
    h_outcome out = h_call_with(0, "Autenticacion/Entrar", "{\"dni\":\"nadie\",\"password\":\"equivocada\"}",
                                (h_with){.token = "x"});
    h_expect(&out, PD_UNAUTHENTICATED);
    ck_assert_str_ne(out.message, "");
    h_outcome valid = h_call(H_NADA, "Autenticacion/ValidarToken", "{}");
    h_expect(&valid, PD_OK);
}
END_TEST

/* A write waits for a lock: it ends by its deadline, and so does the statement. */
START_TEST(deadline_is_kept) {
    PGconn *other = ts_pg_connect();
    ts_pg_exec(other, "BEGIN; SELECT FROM pendientes WHERE id = 20 FOR UPDATE");
    h_outcome out = h_call_with(H_ADMIN, "Averias/Editar", "{\"pendienteId\":20,\"descripcionFalla\":\"tarde\"}",
                                (h_with){.deadline_ms = 400});
    h_expect(&out, PD_DEADLINE_EXCEEDED);
    ck_assert_uint_lt(out.ended_ms - out.sent_ms, 1000);
    settle(); /* while the row is still locked */
    ts_pg_exec(other, "ROLLBACK");
    PQfinish(other);
    ck_assert_int_eq(h_number("SELECT count(*) FROM pendientes_averias WHERE descripcion_falla = 'tarde'"), 0);
}
END_TEST

/* More waiting writes than connections: those that never left are taken off the queue. */
START_TEST(queued_calls_end_too) {
    PGconn *other = ts_pg_connect();
    ts_pg_exec(other, "BEGIN; SELECT FROM pendientes WHERE id = 21 FOR UPDATE");
    static h_outcome out[30];
    for (int i = 0; i < 30; i++)
        h_send(&out[i], H_ADMIN, "Averias/Editar", "{\"pendienteId\":21,\"descripcionFalla\":\"cola\"}",
               (h_with){.deadline_ms = 500});
    for (int i = 0; i < 30; i++) {
        h_turn_until(&out[i].done);
        h_expect(&out[i], PD_DEADLINE_EXCEEDED);
        ck_assert_uint_lt(out[i].ended_ms - out[i].sent_ms, 1500);
    }
    ts_pg_exec(other, "ROLLBACK");
    PQfinish(other);
    h_outcome next = h_call(H_ADMIN, "Averias/Editar", "{\"pendienteId\":21,\"descripcionFalla\":\"ya\"}");
    h_expect(&next, PD_OK);
    settle();
}
END_TEST

START_TEST(rights_follow_the_role) {
    h_outcome before = h_call(H_ATAC, "Averias/Obtener", "{\"pendienteId\":1}");
    h_expect(&before, PD_OK);
    ts_pg_exec(h_db,
               "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pendientes listen';"
               "UPDATE roles SET permisos = 0 WHERE id = 'ATAC'");
    uint64_t start = pd_loop_now(h_core.loop);
    pd_code code;
    do {
        code = h_call(H_ATAC, "Averias/Obtener", "{\"pendienteId\":1}").code;
    } while (code != PD_PERMISSION_DENIED && pd_loop_now(h_core.loop) - start < 1000);
    ck_assert_int_eq(code, PD_PERMISSION_DENIED);
    ts_pg_exec(h_db, "UPDATE roles SET permisos = 13 WHERE id = 'ATAC'");
    while (h_call(H_ATAC, "Averias/Obtener", "{\"pendienteId\":1}").code != PD_OK)
        continue;
}
END_TEST

START_TEST(stale_users_serve_nobody) {
    id_identity_lost(h_core.identity);
    h_outcome out = h_call_with(H_ADMIN, "Averias/Crear", "{\"pendienteId\":61,\"descripcionFalla\":\"x\"}",
                                (h_with){.deadline_ms = 100});
    h_expect(&out, PD_UNAVAILABLE);
    ck_assert_int_eq(h_number("SELECT count(*) FROM pendientes_averias WHERE pendiente_id = 61"), 0);
}
END_TEST

static void add(TCase *tcase) {
    tcase_add_test(tcase, token_precedes_form);
    tcase_add_test(tcase, form_precedes_right);
    tcase_add_test(tcase, probe_asks_for_the_token_alone);
    tcase_add_test(tcase, public_method_needs_no_token);
    tcase_add_test(tcase, deadline_is_kept);
    tcase_add_test(tcase, queued_calls_end_too);
    tcase_add_test(tcase, rights_follow_the_role);
    tcase_add_test(tcase, stale_users_serve_nobody);
}

int main(void) {
    return h_run("call", add);
}
