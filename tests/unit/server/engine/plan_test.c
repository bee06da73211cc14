/* Writes, batches and decided transactions, by what is stored afterwards. */
#include "tests/unit/server/harness.h"

#define ORDER "{\"clienteId\":1,\"tipo\":\"AVERIA\",\"lugar\":\"PUNO\",\"prioridad\":\"MEDIA\",\"direccion\":\"%s\"}"
enum { MANY = 100, RACERS = 16 };

static long long orders(const char *address) {
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM pendientes WHERE direccion = '%s'", address);
    return h_number(sql);
}

static const char *order(char *json, size_t size, const char *address) {
    snprintf(json, size, ORDER, address);
    return json;
}

START_TEST(refusal_writes_nothing) {
    h_outcome foreign = h_call(H_TECN, "Averias/Editar", "{\"pendienteId\":9,\"descripcionFalla\":\"otra\"}");
    h_expect(&foreign, PD_PERMISSION_DENIED);
    ck_assert_int_eq(h_number("SELECT count(*) FROM pendientes_averias WHERE descripcion_falla = 'otra'"), 0);
    h_outcome own = h_call(H_TECN, "Averias/Editar", "{\"pendienteId\":3,\"descripcionFalla\":\"otra\"}");
    h_expect(&own, PD_OK);
    ck_assert_int_eq(h_number("SELECT pendiente_id FROM pendientes_averias WHERE descripcion_falla = 'otra'"), 3);
}
END_TEST

START_TEST(constraint_names_the_field) {
    h_outcome first, second;
    h_send(&first, H_ADMIN, "Averias/Crear", "{\"pendienteId\":60,\"descripcionFalla\":\"a\"}", (h_with){0});
    h_send(&second, H_ADMIN, "Averias/Crear", "{\"pendienteId\":60,\"descripcionFalla\":\"b\"}", (h_with){0});
    h_turn_until(&first.done);
    h_turn_until(&second.done);
    h_outcome *lost = first.code == PD_OK ? &second : &first;
    ck_assert_int_eq((first.code == PD_OK) + (second.code == PD_OK), 1);
    h_expect(lost, PD_ALREADY_EXISTS);
    ck_assert_str_eq(lost->field, "pendienteId");
}
END_TEST

/* One poisoned insert: it alone is refused, the others are stored once each. */
START_TEST(failed_batch_runs_again_alone) {
    static h_outcome out[MANY];
    char json[300];
    ts_pg_exec(h_db, "ALTER TABLE pendientes ADD CONSTRAINT veneno CHECK (direccion <> 'veneno')");
    for (int i = 0; i < MANY; i++)
        h_send(&out[i], H_CORD, "Pendientes/Crear", order(json, sizeof json, i == 37 ? "veneno" : "lote"), (h_with){0});
    for (int i = 0; i < MANY; i++) {
        h_turn_until(&out[i].done);
        h_expect(&out[i], i == 37 ? PD_INVALID_ARGUMENT : PD_OK);
    }
    ts_pg_exec(h_db, "ALTER TABLE pendientes DROP CONSTRAINT veneno");
    ck_assert_int_eq(orders("lote"), MANY - 1);
    ck_assert_int_eq(h_number("SELECT count(*) FROM historiales h JOIN pendientes p ON p.id = h.pendiente_id"
                              " WHERE p.direccion = 'lote'"),
                     MANY - 1);
}
END_TEST

START_TEST(same_key_has_one_effect) {
    static h_outcome out[RACERS];
    char json[300];
    order(json, sizeof json, "carrera");
    for (int i = 0; i < RACERS; i++)
        h_send(&out[i], H_CORD, "Pendientes/Crear", json, (h_with){.key = "carrera"});
    const char *answer = NULL;
    for (int i = 0; i < RACERS; i++) {
        h_turn_until(&out[i].done);
        ck_assert(out[i].code == PD_OK || out[i].code == PD_ABORTED);
        if (out[i].code != PD_OK)
            continue;
        ck_assert(!answer || strcmp(answer, out[i].json) == 0);
        answer = out[i].json;
    }
    ck_assert_ptr_nonnull(answer);
    ck_assert_int_eq(orders("carrera"), 1);
    h_outcome late = h_call_with(H_CORD, "Pendientes/Crear", json, (h_with){.key = "carrera"});
    h_expect(&late, PD_OK);
    ck_assert(late.replayed);
    ck_assert_str_eq(late.json, answer);
    ck_assert_int_eq(orders("carrera"), 1);
}
END_TEST

START_TEST(key_with_another_body) {
    char one[300], two[300];
    h_outcome first =
        h_call_with(H_CORD, "Pendientes/Crear", order(one, sizeof one, "cuerpo1"), (h_with){.key = "cuerpo"});
    h_expect(&first, PD_OK);
    ck_assert(!first.replayed);
    h_outcome second =
        h_call_with(H_CORD, "Pendientes/Crear", order(two, sizeof two, "cuerpo2"), (h_with){.key = "cuerpo"});
    h_expect(&second, PD_INVALID_ARGUMENT);
    ck_assert_int_eq(second.reason, PD_REASON_OTHER_BODY);
    ck_assert_int_eq(orders("cuerpo2"), 0);
    /* Another user's key of the same name is another key. */
    h_outcome other =
        h_call_with(H_ATAC, "Pendientes/Crear", order(two, sizeof two, "cuerpo2"), (h_with){.key = "cuerpo"});
    h_expect(&other, PD_OK);
    ck_assert_int_eq(orders("cuerpo2"), 1);
}
END_TEST

START_TEST(failure_leaves_the_key_free) {
    static const char detail[] = "{\"pendienteId\":70,\"descripcionFalla\":\"con clave\"}";
    ts_pg_exec(h_db, "UPDATE pendientes SET estado = 'CANCELADO' WHERE id = 70");
    h_outcome refused = h_call_with(H_ADMIN, "Averias/Crear", detail, (h_with){.key = "libre"});
    h_expect(&refused, PD_FAILED_PRECONDITION);
    ts_pg_exec(h_db, "UPDATE pendientes SET estado = 'REGISTRADO' WHERE id = 70");
    h_outcome done = h_call_with(H_ADMIN, "Averias/Crear", detail, (h_with){.key = "libre"});
    h_expect(&done, PD_OK);
    ck_assert(!done.replayed);
    /* It would be ALREADY_EXISTS by now, and its order cannot be found any more: the replay comes first. */
    ts_pg_exec(h_db, "UPDATE pendientes SET vigente = false WHERE id = 70");
    h_outcome again = h_call_with(H_ADMIN, "Averias/Crear", detail, (h_with){.key = "libre"});
    h_expect(&again, PD_OK);
    ck_assert(again.replayed);
}
END_TEST

START_TEST(permission_precedes_the_replay) {
    static const char detail[] = "{\"pendienteId\":71,\"descripcionFalla\":\"propia\"}";
    ts_pg_exec(h_db, "UPDATE pendientes SET registrado_por = 5 WHERE id = 71");
    h_outcome mine = h_call_with(H_ASES, "Averias/Crear", detail, (h_with){.key = "propia"});
    h_expect(&mine, PD_OK);
    ts_pg_exec(h_db, "UPDATE pendientes SET registrado_por = 2 WHERE id = 71");
    h_outcome foreign = h_call_with(H_ASES, "Averias/Crear", detail, (h_with){.key = "propia"});
    h_expect(&foreign, PD_PERMISSION_DENIED);
}
END_TEST

START_TEST(old_keys_count_no_more) {
    char json[300];
    order(json, sizeof json, "viejo");
    h_outcome first = h_call_with(H_CORD, "Pendientes/Crear", json, (h_with){.key = "vieja"});
    h_expect(&first, PD_OK);
    ts_pg_exec(h_db, "UPDATE claves_idempotencia SET creada = creada - interval '25 hours'");
    h_outcome second = h_call_with(H_CORD, "Pendientes/Crear", json, (h_with){.key = "vieja"});
    h_expect(&second, PD_OK);
    ck_assert(!second.replayed);
    ck_assert_int_eq(orders("viejo"), 2);
    h_outcome third = h_call_with(H_CORD, "Pendientes/Crear", json, (h_with){.key = "vieja"});
    ck_assert(third.replayed);
    ck_assert_str_eq(third.json, second.json);
}
END_TEST

START_TEST(nothing_of_a_key_is_readable) {
    char json[300];
    h_outcome out =
        h_call_with(H_CORD, "Pendientes/Crear", order(json, sizeof json, "huella"), (h_with){.key = "legible"});
    h_expect(&out, PD_OK);
    ck_assert_int_eq(h_number("SELECT count(*) FROM claves_idempotencia c WHERE c::text LIKE '%legible%'"), 0);
    ck_assert_int_eq(h_number("SELECT count(*) FROM claves_idempotencia WHERE octet_length(clave_hash) <> 32"), 0);
}
END_TEST

/* Cut in the middle of many: each acknowledged order is there once, each key has at most one. */
START_TEST(cuts_lose_and_double_nothing) {
    static h_outcome out[MANY];
    char json[300], key[20];
    order(json, sizeof json, "cortes");
    static const char keys[] = "SELECT count(*) FROM claves_idempotencia";
    long long before = h_number(keys);
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "corte%d", i);
        h_send(&out[i], H_CORD, "Pendientes/Crear", json, (h_with){.key = key});
    }
    static const char cut[] =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pendientes decided'";
    for (int i = 0; i < 8; i++) {
        pd_loop_turn(h_core.loop, 5);
        ts_pg_exec(h_db, cut);
    }
    long long good = 0;
    for (int i = 0; i < MANY; i++) {
        h_turn_until(&out[i].done);
        good += out[i].code == PD_OK;
        ck_assert(out[i].code == PD_OK || out[i].code == PD_UNAVAILABLE || out[i].code == PD_ABORTED);
    }
    ck_assert_int_ge(orders("cortes"), good);
    ck_assert_int_eq(orders("cortes"), h_number(keys) - before);
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "corte%d", i);
        h_outcome again = h_call_with(H_CORD, "Pendientes/Crear", json, (h_with){.key = key});
        h_expect(&again, PD_OK);
    }
    ck_assert_int_eq(orders("cortes"), MANY);
}
END_TEST

/* The server crashes under keyed creates: COMMITs of unknown outcome are settled by their keys. */
START_TEST(crash_is_settled_by_keys) {
    static h_outcome out[MANY];
    char json[300], key[20];
    order(json, sizeof json, "caida");
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "caida%d", i);
        h_send(&out[i], H_CORD, "Pendientes/Crear", json, (h_with){.key = key});
    }
    for (int i = 0; i < 3; i++)
        pd_loop_turn(h_core.loop, 5);
    ts_pg_stop();
    ts_pg_start();
    PQreset(h_db);
    for (int i = 0; i < MANY; i++) {
        h_turn_until(&out[i].done);
        ck_assert(out[i].code == PD_OK || out[i].code == PD_UNAVAILABLE);
    }
    while (!sv_core_ready(&h_core))
        pd_loop_turn(h_core.loop, 10);
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "caida%d", i);
        h_outcome again = h_call_with(H_CORD, "Pendientes/Crear", json, (h_with){.key = key});
        h_expect(&again, PD_OK);
        ck_assert(again.replayed || out[i].code != PD_OK);
    }
    ck_assert_int_eq(orders("caida"), MANY);
}
END_TEST

/* The server crashes during a COMMIT and does not come back in time: nobody may be told that nothing was done. */
START_TEST(lost_commit_is_not_called_undone) {
    char json[300];
    order(json, sizeof json, "perdida");
    ts_pg_exec(h_db, "CREATE FUNCTION demora() RETURNS trigger LANGUAGE plpgsql AS"
                     " $$BEGIN PERFORM pg_sleep(30); RETURN NULL; END$$;"
                     "CREATE CONSTRAINT TRIGGER demora AFTER INSERT ON claves_idempotencia"
                     " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION demora()");
    static h_outcome out;
    h_send(&out, H_CORD, "Pendientes/Crear", json, (h_with){.key = "perdida", .deadline_ms = 2500});
    while (!out.done && !h_number("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))
        pd_loop_turn(h_core.loop, 10);
    ck_assert(!out.done);
    ts_pg_stop();
    pd_client *client = h_client;
    h_client = NULL; /* without turns its own clock stands still: what the core says is heard */
    h_turn_until(&out.done);
    h_client = client;
    ts_pg_start();
    PQreset(h_db);
    ts_pg_exec(h_db, "SET client_min_messages = error; DROP FUNCTION demora CASCADE");
    ck_assert_msg(out.code == PD_DEADLINE_EXCEEDED || out.code == PD_UNKNOWN, "%s", pd_code_name(out.code));
    while (!sv_core_ready(&h_core))
        pd_loop_turn(h_core.loop, 10);
}
END_TEST

/* Without a key nothing settles it. */
START_TEST(lost_commit_under_a_condition_is_unknown) {
    static h_outcome out;
    ts_pg_exec(h_db, "CREATE FUNCTION demora() RETURNS trigger LANGUAGE plpgsql AS"
                     " $$BEGIN PERFORM pg_sleep(30); RETURN NULL; END$$;"
                     "CREATE CONSTRAINT TRIGGER demora AFTER UPDATE ON pendientes"
                     " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION demora()");
    h_send(&out, H_ADMIN, "Pendientes/Editar", "{\"id\":1,\"direccion\":\"perdida\"}", (h_with){.if_exists = true});
    while (!out.done && !h_number("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))
        pd_loop_turn(h_core.loop, 10);
    ck_assert(!out.done);
    ts_pg_stop();
    h_turn_until(&out.done);
    ts_pg_start();
    PQreset(h_db);
    ts_pg_exec(h_db, "SET client_min_messages = error; DROP FUNCTION demora CASCADE");
    h_expect(&out, PD_UNKNOWN);
    while (!sv_core_ready(&h_core))
        pd_loop_turn(h_core.loop, 10);
}
END_TEST

static void add(TCase *tcase) {
    tcase_add_test(tcase, refusal_writes_nothing);
    tcase_add_test(tcase, constraint_names_the_field);
    tcase_add_test(tcase, failed_batch_runs_again_alone);
    tcase_add_test(tcase, same_key_has_one_effect);
    tcase_add_test(tcase, key_with_another_body);
    tcase_add_test(tcase, failure_leaves_the_key_free);
    tcase_add_test(tcase, permission_precedes_the_replay);
    tcase_add_test(tcase, old_keys_count_no_more);
    tcase_add_test(tcase, nothing_of_a_key_is_readable);
    tcase_add_test(tcase, cuts_lose_and_double_nothing);
    tcase_add_test(tcase, crash_is_settled_by_keys);
    tcase_add_test(tcase, lost_commit_is_not_called_undone);
    tcase_add_test(tcase, lost_commit_under_a_condition_is_unknown);
}

int main(void) {
    return h_run("plan", add);
}
