/* Coalesced reads: every call is judged and answered by itself, whatever leaves in one statement. */
#include "tests/unit/server/harness.h"

enum { MANY = 300 };

START_TEST(each_gets_its_own) {
    static h_outcome out[MANY];
    static const int users[] = {H_ADMIN, H_CORD, H_ATAC, H_ASES, H_TECN, H_NADA};
    char json[40], wanted[60];
    for (int i = 0; i < MANY; i++) {
        snprintf(json, sizeof json, "{\"pendienteId\":%d}", i % 60);
        h_send(&out[i], users[i % 6], "Averias/Obtener", json, (h_with){0});
    }
    for (int i = 0; i < MANY; i++) {
        int id = i % 60, user = users[i % 6];
        h_turn_until(&out[i].done);
        if (user == H_NADA) {
            h_expect(&out[i], PD_PERMISSION_DENIED);
        } else if (id < 1 || id > 49) {
            h_expect(&out[i], PD_NOT_FOUND);
            snprintf(wanted, sizeof wanted, "Avería no encontrada con pendienteId: %d", id);
            ck_assert_str_eq(out[i].message, wanted);
        } else if (user == H_ASES || (user == H_TECN && id != 3)) { /* 4 or none, and not their own */
            h_expect(&out[i], PD_PERMISSION_DENIED);
        } else {
            h_expect(&out[i], PD_OK);
            snprintf(wanted, sizeof wanted, "\"id\":%d,\"pendienteId\":%d,\"descripcionFalla\":\"falla %d\"", id, id,
                     id);
            ck_assert_ptr_nonnull(strstr(out[i].json, wanted));
        }
    }
}
END_TEST

START_TEST(secrets_are_blanked_per_caller) {
    h_outcome set = h_call(H_ADMIN, "Averias/AsignarPpoe",
                           "{\"pendienteId\":3,\"ppoeUser\":\"u3\",\"ppoePassword\":\"muy secreta\"}");
    h_expect(&set, PD_OK);
    h_outcome admin, atac, tecn;
    h_send(&admin, H_ADMIN, "Averias/Obtener", "{\"pendienteId\":3}", (h_with){0});
    h_send(&atac, H_ATAC, "Averias/Obtener", "{\"pendienteId\":3}", (h_with){0});
    h_send(&tecn, H_TECN, "Averias/Obtener", "{\"pendienteId\":3}", (h_with){0});
    h_turn_until(&admin.done);
    h_turn_until(&atac.done);
    h_turn_until(&tecn.done);
    ck_assert_ptr_nonnull(strstr(admin.json, "\"ppoePassword\":\"muy secreta\""));
    ck_assert_ptr_nonnull(strstr(atac.json, "\"ppoePassword\":null"));
    h_expect(&tecn, PD_OK); /* assigned: may see the order's details and the secret */
    ck_assert_ptr_nonnull(strstr(tecn.json, "\"ppoePassword\":\"muy secreta\""));
    ck_assert_int_eq(h_number("SELECT count(*) FROM pendientes_averias WHERE ppoe_password::text LIKE '%secreta%'"), 0);
}
END_TEST

START_TEST(shared_rows) {
    static h_outcome out[60];
    for (int i = 0; i < 60; i++)
        h_send(&out[i], i % 2 ? H_ADMIN : H_ATAC, "Pendientes/Obtener", i % 3 ? "{\"id\":7}" : "{\"id\":8}",
               (h_with){0});
    for (int i = 0; i < 60; i++) {
        h_turn_until(&out[i].done);
        h_expect(&out[i], PD_OK);
        ck_assert_ptr_nonnull(strstr(out[i].json, i % 3 ? "{\"id\":7," : "{\"id\":8,"));
        ck_assert_str_eq(out[i].json, out[i % 3 ? 1 : 0].json);
    }
}
END_TEST

/* One table is locked: its reads end UNAVAILABLE (nothing was done), those of others go on, and it comes back. */
START_TEST(locked_table_stops_only_its_reads) {
    PGconn *other = ts_pg_connect();
    ts_pg_exec(other, "BEGIN; LOCK pendientes_averias");
    static h_outcome stuck[10];
    for (int i = 0; i < 10; i++)
        h_send(&stuck[i], H_ADMIN, "Averias/Obtener", "{\"pendienteId\":4}", (h_with){.deadline_ms = 1200});
    for (int i = 0; i < 10; i++) {
        h_turn_until(&stuck[i].done);
        ck_assert(stuck[i].code == PD_UNAVAILABLE || stuck[i].code == PD_DEADLINE_EXCEEDED);
        ck_assert_uint_lt(stuck[i].ended_ms - stuck[i].sent_ms, 1500);
    }
    h_outcome free = h_call(H_ADMIN, "Pendientes/Obtener", "{\"id\":4}");
    h_expect(&free, PD_OK);
    ck_assert_uint_lt(free.ended_ms - free.sent_ms, 400);
    ts_pg_exec(other, "ROLLBACK");
    PQfinish(other);
    for (pd_code code = PD_UNAVAILABLE; code == PD_UNAVAILABLE;)
        code = h_call(H_ADMIN, "Averias/Obtener", "{\"pendienteId\":4}").code;
    h_outcome again = h_call(H_ADMIN, "Averias/Obtener", "{\"pendienteId\":4}");
    h_expect(&again, PD_OK);
}
END_TEST

START_TEST(cut_connection_runs_again) {
    static h_outcome out[50];
    for (int i = 0; i < 50; i++)
        h_send(&out[i], H_ADMIN, "Averias/Obtener", "{\"pendienteId\":5}", (h_with){0});
    ts_pg_exec(h_db,
               "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pendientes read'");
    for (int i = 0; i < 50; i++) {
        h_turn_until(&out[i].done);
        h_expect(&out[i], PD_OK);
    }
}
END_TEST

static void add(TCase *tcase) {
    tcase_add_test(tcase, each_gets_its_own);
    tcase_add_test(tcase, secrets_are_blanked_per_caller);
    tcase_add_test(tcase, shared_rows);
    tcase_add_test(tcase, locked_table_stops_only_its_reads);
    tcase_add_test(tcase, cut_connection_runs_again);
}

int main(void) {
    return h_run("coalesce", add);
}
