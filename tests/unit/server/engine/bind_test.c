#include "pendientes//scalar.h"
#include "pendientes/v1/averias.pb-c.h"
#include "server/engine/protect.h"
#include "server/engine/statement_impl.h"
#include "tests/support/pg.h"
#include "tests/support/sample.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pd_arena *arena;
static PGconn *conn;
static Muestra__Peticion request;
static const id_caller caller = {.user_id = 7, .employee_id = 70, .bits = 4};

static void setup(void) {
    arena = pd_arena_new();
    conn = ts_pg_connect();
    muestra__peticion__init(&request);
    en_zone_ignore(false);
    ck_assert(pd_zone_set("America/Lima"));
}

static void teardown(void) {
    PQfinish(conn);
    pd_arena_free(arena);
}

static const en_statement *parse(const pd_method *method, const char *text) {
    const char *error = NULL;
    const en_statement *statement = en_statement_parse(method, "Muestras/Prueba.sql", text, arena, &error);
    ck_assert_msg(statement != NULL, "%s", error);
    return statement;
}

static en_params bind_as(const en_statement *s, const id_caller *who, const en_keys *keys) {
    en_params params;
    pd_status status = {0};
    ck_assert_msg(en_bind(s, EN_MAIN, &request.base, who, keys, arena, &params, &status), "%s",
                  pd_status_message(&status, arena));
    return params;
}

/* The first parameter of a read with that expression, as it is bound. */
static const char *bound(const char *expression) {
    return bind_as(parse(ts_sample_part(), pd_arena_printf(arena, "-- read\nSELECT %s", expression)), &caller, NULL)
        .values[0];
}

/* What PostgreSQL makes of the bound parameters: the first column of the first row; NULL for NULL. */
static const char *answer(const en_statement *s, const en_params *params) {
    const Oid *types = NULL;
    int n = en_statement_types(s, EN_MAIN, &types);
    PGresult *result =
        PQexecParams(conn, en_statement_sql(s, EN_MAIN), n, types, params->values, params->lengths, params->formats, 0);
    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQresultErrorMessage(result));
    const char *text = PQgetisnull(result, 0, 0) ? NULL : pd_arena_strdup(arena, PQgetvalue(result, 0, 0));
    PQclear(result);
    return text;
}

static const char *selected(const char *expression) {
    const en_statement *s = parse(ts_sample_part(), pd_arena_printf(arena, "-- read\nSELECT %s", expression));
    en_params params = bind_as(s, &caller, NULL);
    return answer(s, &params);
}

START_TEST(what_is_absent_is_null) {
    static const char *const params[] = {
        ":id",        ":numero", ":activo", ":texto",    ":color", ":colores", ":textos", ":ids",  ":cuando", ":desde",
        ":desde.fin", ":dia",    ":monto",  ":parte.id", ":crudo", ":clave",   ":peso",   ":page", ":size"};
    for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
        ck_assert_msg(bound(params[i]) == NULL, "%s", params[i]);
    }
}
END_TEST

START_TEST(a_list_of_messages_gives_what_each_has) {
    Muestra__Parte one = MUESTRA__PARTE__INIT, two = MUESTRA__PARTE__INIT, *parts[] = {&one, &two};
    ck_assert_ptr_null(bound(":partes.nombre"));
    request.partes = parts;
    request.n_partes = 2;
    one.nombre = (char *)"a, \"b\"";
    two.has_id = 1;
    two.id = 7;
    ck_assert_str_eq(selected(":partes.nombre::text[]"), "{\"a, \\\"b\\\"\",NULL}");
    ck_assert_str_eq(selected(":partes.id"), "{NULL,7}");
}
END_TEST

START_TEST(scalars_are_text) {
    request.has_id = request.has_numero = request.has_activo = request.has_color = request.has_peso = 1;
    request.id = INT64_MIN;
    request.numero = -5;
    request.activo = 1;
    request.color = MUESTRA__COLOR__VALOR__VERDE;
    request.peso = 0.1;
    request.texto = (char *)"ñandú 'x' \\";
    request.monto = (char *)"12.5";
    request.dia = (char *)"2026-07-10";
    ck_assert_str_eq(bound(":id"), "-9223372036854775808");
    ck_assert_str_eq(bound(":numero"), "-5");
    ck_assert_str_eq(bound(":activo"), "t");
    ck_assert_str_eq(bound(":color"), "VERDE");
    ck_assert_str_eq(bound(":texto"), request.texto);
    ck_assert_str_eq(bound(":monto"), "12.5");
    ck_assert_str_eq(bound(":dia"), "2026-07-10");
    ck_assert_str_eq(selected(":id"), "-9223372036854775808");
    ck_assert_str_eq(selected(":monto::numeric(12,2)"), "12.50");
    ck_assert_str_eq(selected(":peso = 0.1::float8"), "t");
    ck_assert_str_eq(selected(":texto::text"), request.texto);
    request.activo = 0;
    ck_assert_str_eq(bound(":activo"), "f");
}
END_TEST

START_TEST(instants_are_utc) {
    request.cuando = (char *)"2026-07-10T09:00:00.5";
    ck_assert_str_eq(bound(":cuando"), "2026-07-10 14:00:00.500000+00");
    request.cuando = (char *)"2026-07-10T09:00:00Z";
    ck_assert_str_eq(bound(":cuando"), "2026-07-10 09:00:00.000000+00");
    en_zone_ignore(true);
    ck_assert_str_eq(bound(":cuando"), "2026-07-10 14:00:00.000000+00");
    request.desde = (char *)"2026-07-10";
    ck_assert_str_eq(bound(":desde"), "2026-07-10 05:00:00.000000+00");
    ck_assert_str_eq(bound(":desde.fin"), "2026-07-11 05:00:00.000000+00");
    request.desde = (char *)"2026-07-10T09:00:00";
    ck_assert_str_eq(bound(":desde"), "2026-07-10 14:00:00.000000+00");
    ck_assert_str_eq(bound(":desde.fin"), "2026-07-10 14:00:00.000001+00");
    ck_assert_str_eq(selected(":desde"), "2026-07-10 09:00:00-05");
}
END_TEST

START_TEST(a_value_that_does_not_convert_names_its_field) {
    en_params params;
    pd_status status = {0};
    request.cuando = (char *)"ayer";
    ck_assert(!en_bind(parse(ts_sample_part(), "-- read\nSELECT :cuando"), EN_MAIN, &request.base, &caller, NULL, arena,
                       &params, &status));
    ck_assert_int_eq(status.code, PD_INVALID_ARGUMENT);
    ck_assert_uint_eq(status.n_errors, 1);
    ck_assert_str_eq(status.errors[0].field, "cuando");
    status = (pd_status){0};
    request.has_color = 1;
    request.color = (Muestra__Color__Valor)99;
    ck_assert(!en_bind(parse(ts_sample_part(), "-- read\nSELECT :color"), EN_MAIN, &request.base, &caller, NULL, arena,
                       &params, &status));
    ck_assert_str_eq(status.errors[0].field, "color");
}
END_TEST

START_TEST(arrays_survive_any_text) {
    char *texts[] = {(char *)"plano", (char *)"", (char *)"NULL", (char *)"a,b {c} \"d\" \\e\\ 'f'", (char *)"ñ\n\t"};
    request.textos = texts;
    request.n_textos = 5;
    for (int i = 0; i < 5; i++) {
        ck_assert_str_eq(selected(pd_arena_printf(arena, "(:textos::text[])[%d]", i + 1)), texts[i]);
    }
    ck_assert_str_eq(selected("cardinality(:textos::text[])"), "5");
    int64_t ids[] = {1, -2, INT64_MAX};
    request.ids = ids;
    request.n_ids = 3;
    ck_assert_str_eq(selected(":ids"), "{1,-2,9223372036854775807}");
    Muestra__Color__Valor colours[] = {MUESTRA__COLOR__VALOR__VERDE, MUESTRA__COLOR__VALOR__ROJO};
    request.colores = colours;
    request.n_colores = 2;
    ck_assert_str_eq(selected(":colores::text[]"), "{VERDE,ROJO}");
}
END_TEST

START_TEST(bytes_are_binary) {
    uint8_t bytes[] = {0, 1, 0xff, '\\', '\''};
    request.has_crudo = 1;
    request.crudo = (ProtobufCBinaryData){sizeof bytes, bytes};
    ck_assert_str_eq(selected(":crudo"), "\\x0001ff5c27");
    request.crudo = (ProtobufCBinaryData){0, NULL};
    ck_assert_str_eq(selected(":crudo"), "\\x");
}
END_TEST

START_TEST(presence_counts_what_is_cleared) {
    ck_assert_str_eq(bound(":texto?"), "f");
    request.texto = (char *)"";
    ck_assert_str_eq(bound(":texto?"), "t");
    request.texto = NULL;
    char *cleared[] = {(char *)"texto"};
    request.limpiar = cleared;
    request.n_limpiar = 1;
    ck_assert_str_eq(bound(":texto?"), "t");
    ck_assert_ptr_null(bound(":texto"));
    ck_assert_str_eq(bound(":id?"), "f");
    ck_assert_str_eq(bound(":textos?"), "f");
    request.textos = cleared;
    request.n_textos = 1;
    ck_assert_str_eq(bound(":textos?"), "t");
}
END_TEST

START_TEST(parts_are_reached_or_null) {
    ck_assert_str_eq(bound(":parte?"), "f");
    ck_assert_str_eq(bound(":parte.id?"), "f");
    Muestra__Parte part = MUESTRA__PARTE__INIT;
    part.has_id = 1;
    part.id = 3;
    request.parte = &part;
    ck_assert_str_eq(bound(":parte.id"), "3");
    ck_assert_str_eq(bound(":parte.id?"), "t");
    ck_assert_str_eq(bound(":parte?"), "t");
    ck_assert_ptr_null(bound(":parte.nombre"));
}
END_TEST

START_TEST(the_caller_is_bound) {
    ck_assert_str_eq(bound(":quien.usuario_id"), "7");
    ck_assert_str_eq(bound(":quien.empleado_id"), "70");
    ck_assert_str_eq(bound(":quien.permisos"), "4");
    const en_statement *s = parse(ts_sample_part(), "-- read\nSELECT :quien.empleado_id, :quien.usuario_id");
    const id_caller nobody = {0};
    en_params params = bind_as(s, &nobody, NULL);
    ck_assert_ptr_null(params.values[0]);
    ck_assert_ptr_null(params.values[1]);
}
END_TEST

/* :acceso(o) over a row assigned to 70, registered by 71, for callers of several bits. */
START_TEST(access_is_judged_by_postgresql) {
    static const struct {
        id_caller caller;
        const char *may;
    } cases[] = {{{7, 70, 4}, "t"}, {{7, 71, 4}, "t"}, {{7, 72, 4}, "f"}, {{7, 72, 8}, "t"},
                 {{7, 0, 8}, "t"},  {{7, 70, 1}, "f"}, {{7, 0, 4}, "f"},  {{7, 72, 12}, "t"}};
    const en_statement *s = parse(
        ts_sample_read(),
        "-- read\nSELECT :acceso(o) IS TRUE FROM (VALUES (70::bigint, 71::bigint)) AS o (asignado_a, registrado_por)");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        en_params params = bind_as(s, &cases[i].caller, NULL);
        ck_assert_msg(strcmp(answer(s, &params), cases[i].may) == 0, "case %zu", i);
    }
    s = parse(ts_sample_write(), "-- write\nSELECT :acceso(n) IS TRUE FROM (VALUES (70::bigint, 7::bigint)) AS n "
                                 "(empleado_id, usuario_id)");
    static const struct {
        id_caller caller;
        const char *may;
    } notes[] = {{{8, 70, 2}, "t"}, {{8, 70, 0}, "f"}, {{7, 71, 0}, "t"}, {{8, 71, 2}, "f"}, {{8, 71, 16}, "t"}};
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        en_params params = bind_as(s, &notes[i].caller, NULL);
        ck_assert_msg(strcmp(answer(s, &params), notes[i].may) == 0, "note %zu", i);
    }
}
END_TEST

START_TEST(many_reads_become_one_array) {
    const en_statement *s = parse(ts_sample_part(), "-- read coalesce=id\nSELECT :id::text");
    const int64_t ids[] = {67, 67, -1, INT64_MAX};
    en_params params;
    en_bind_many(s, ids, 4, arena, &params);
    ck_assert_str_eq(answer(s, &params), "{67,67,-1,9223372036854775807}");
    en_bind_many(s, ids, 0, arena, &params);
    ck_assert_str_eq(answer(s, &params), "{}");
    request.has_id = 1;
    request.id = 5;
    params = bind_as(s, &caller, NULL);
    ck_assert_str_eq(answer(s, &params), "{5}");
}
END_TEST

START_TEST(a_sealed_field_is_sealed_for_its_order) {
    char path[] = "/tmp/bind_test.XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(dprintf(fd, "k1 %064d\n", 5), 68);
    close(fd);
    const char *error = NULL;
    en_keys *keys = en_keys_load(path, &error);
    unlink(path);
    ck_assert_msg(keys != NULL, "%s", error);
    request.has_pendiente_id = 1;
    request.pendiente_id = 67;
    request.clave = (char *)"secreto";
    const en_statement *s = parse(ts_sample_part(), "-- read\nSELECT :clave");
    en_params params = bind_as(s, &caller, keys);
    ck_assert_int_eq(params.formats[0], 1);
    ck_assert_ptr_null(memmem(params.values[0], (size_t)params.lengths[0], "secreto", 7));
    pd_status status = {0};
    const uint8_t *sealed = (const uint8_t *)params.values[0];
    ck_assert_str_eq(en_open(keys, "clave", 67, sealed, (size_t)params.lengths[0], arena, &status), "secreto");
    ck_assert(!en_bind(s, EN_MAIN, &request.base, &caller, NULL, arena, &params, &status));
    ck_assert_int_eq(status.code, PD_INTERNAL);
    en_keys_free(keys);
}
END_TEST

/* The read takes many ids at once, its lock one. */
START_TEST(the_lock_of_a_coalesced_read_binds_one) {
    static const char name[] = "pendientes.v1.Averias/Obtener";
    const en_statement *s = parse(pd_method_find(name, strlen(name)),
                                  "-- read coalesce=pendiente_id\n-- lock SELECT :pendiente_id\nSELECT :pendiente_id");
    Pendientes__V1__ObtenerAveriaReq one = PENDIENTES__V1__OBTENER_AVERIA_REQ__INIT;
    one.has_pendiente_id = 1;
    one.pendiente_id = 5;
    en_params params;
    pd_status status = {0};
    const Oid *types = NULL;
    ck_assert(en_bind(s, EN_LOCK, &one.base, &caller, NULL, arena, &params, &status));
    ck_assert_str_eq(params.values[0], "5");
    ck_assert_int_eq(en_statement_types(s, EN_LOCK, &types), 1);
    ck_assert_int_eq(types[0], 20);
    ck_assert(en_bind(s, EN_MAIN, &one.base, &caller, NULL, arena, &params, &status));
    ck_assert_int_eq(params.formats[0], 1);
    ck_assert_int_eq(en_statement_types(s, EN_MAIN, &types), 1);
    ck_assert_int_eq(types[0], 1016);
}
END_TEST

START_TEST(the_lock_binds_its_own_parameters) {
    const en_statement *s = parse(ts_sample_note(), "-- write\n-- lock SELECT :texto, :id\nSELECT :id");
    request.has_id = 1;
    request.id = 5;
    request.texto = (char *)"x";
    en_params params;
    pd_status status = {0};
    ck_assert(en_bind(s, EN_LOCK, &request.base, &caller, NULL, arena, &params, &status));
    ck_assert_int_eq(params.n, 2);
    ck_assert_str_eq(params.values[0], "x");
    ck_assert_str_eq(params.values[1], "5");
}
END_TEST

int main(void) {
    ts_pg_start();
    Suite *suite = suite_create("bind");
    TCase *tests = tcase_create("bind");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, what_is_absent_is_null);
    tcase_add_test(tests, a_list_of_messages_gives_what_each_has);
    tcase_add_test(tests, scalars_are_text);
    tcase_add_test(tests, instants_are_utc);
    tcase_add_test(tests, a_value_that_does_not_convert_names_its_field);
    tcase_add_test(tests, arrays_survive_any_text);
    tcase_add_test(tests, bytes_are_binary);
    tcase_add_test(tests, presence_counts_what_is_cleared);
    tcase_add_test(tests, parts_are_reached_or_null);
    tcase_add_test(tests, the_caller_is_bound);
    tcase_add_test(tests, access_is_judged_by_postgresql);
    tcase_add_test(tests, many_reads_become_one_array);
    tcase_add_test(tests, a_sealed_field_is_sealed_for_its_order);
    tcase_add_test(tests, the_lock_binds_its_own_parameters);
    tcase_add_test(tests, the_lock_of_a_coalesced_read_binds_one);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
