#include "pendientes/scalar.h"
#include "server/engine/page.h"
#include "tests/support/pg.h"
#include "tests/support/sample.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PEOPLE ", 70::bigint AS _asignado_a, 71::bigint AS _registrado_por"

static pd_arena *arena;
static PGconn *conn;
static PGresult *result;
static Muestra__Peticion request;
static pd_status status;
static const id_caller assigned = {.user_id = 7, .employee_id = 70, .bits = 4};

static void setup(void) {
    arena = pd_arena_new();
    conn = ts_pg_connect();
    result = NULL;
    status = (pd_status){0};
    muestra__peticion__init(&request);
    ck_assert(pd_zone_set("America/Lima"));
}

static void teardown(void) {
    PQclear(result);
    PQfinish(conn);
    pd_arena_free(arena);
}

/* Room for another statement under the same name. */
static void forget(void) {
    PQclear(result);
    result = NULL;
    ts_pg_exec(conn, "DEALLOCATE ALL");
}

/* Parses, describes and runs; the rows are in `result`. */
static const en_statement *run(const pd_method *method, const char *text) {
    const char *error = NULL;
    en_statement *s = en_statement_parse(method, "Muestras/Prueba.sql", text, arena, &error);
    ck_assert_msg(s != NULL, "%s", error);
    ck_assert_msg(en_statement_describe(s, conn, arena, &error), "%s", error);
    en_params params;
    ck_assert(en_bind(s, EN_MAIN, &request.base, &assigned, NULL, arena, &params, &status));
    result =
        PQexecPrepared(conn, en_statement_name(s, EN_MAIN), params.n, params.values, params.lengths, params.formats, 0);
    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQresultErrorMessage(result));
    return s;
}

static ProtobufCMessage *reply_to(const en_statement *s, const id_caller *who, const en_keys *keys) {
    return en_reply(s, result, 0, PQntuples(result), who, keys, arena, &status);
}

/* A read of Respuesta in which the columns of `given` stand and all others are NULL. */
static const Muestra__Respuesta *read_row(const char *given) {
    static const struct {
        const char *name, *null;
    } columns[] = {{"id", "bigint"},          {"numero", "int"},        {"activo", "bool"},
                   {"texto", "text"},         {"color", "text"},        {"dia", "date"},
                   {"cuando", "timestamptz"}, {"monto", "numeric"},     {"partes", "json"},
                   {"textos", "json"},        {"crudo", "bytea"},       {"pendiente_id", "bigint"},
                   {"parte.id", "bigint"},    {"parte.nombre", "text"}, {"parte.cuando", "timestamptz"},
                   {"peso", "float8"}};
    const char *sql = pd_arena_printf(arena, "-- read\nSELECT %s" PEOPLE, given);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        const char *quoted = pd_arena_printf(arena, "AS \"%s\"", columns[i].name);
        if (strstr(given, quoted) == NULL) {
            sql = pd_arena_printf(arena, "%s, NULL::%s %s", sql, columns[i].null, quoted);
        }
    }
    const en_statement *s = run(ts_sample_read(), sql);
    return (const Muestra__Respuesta *)reply_to(s, &assigned, NULL);
}

START_TEST(null_columns_leave_fields_absent) {
    const Muestra__Respuesta *r = read_row("1::bigint AS \"id\"");
    ck_assert(r->has_id && !r->has_numero && !r->has_activo && !r->has_color && !r->has_peso && !r->has_crudo);
    ck_assert_ptr_null(r->texto);
    ck_assert_ptr_null(r->cuando);
    ck_assert_ptr_null(r->parte);
    ck_assert_uint_eq(r->n_partes, 0);
    ck_assert_uint_eq(r->n_textos, 0);
}
END_TEST

START_TEST(every_kind_of_field_is_filled) {
    const Muestra__Respuesta *r = read_row(
        "(-9223372036854775808)::bigint AS \"id\", (-5)::int2 AS \"numero\", true AS \"activo\", 'ñ' AS \"texto\","
        " 'VERDE' AS \"color\", '2026-07-10'::date AS \"dia\", 1234.50::numeric(12,2) AS \"monto\","
        " '\\x00ff10'::bytea AS \"crudo\", 0.1::float8 AS \"peso\"");
    ck_assert_ptr_nonnull(r);
    ck_assert_int_eq(r->id, INT64_MIN);
    ck_assert_int_eq(r->numero, -5);
    ck_assert(r->has_activo && r->activo);
    ck_assert_str_eq(r->texto, "ñ");
    ck_assert_int_eq(r->color, MUESTRA__COLOR__VALOR__VERDE);
    ck_assert_str_eq(r->dia, "2026-07-10");
    ck_assert_str_eq(r->monto, "1234.50");
    ck_assert_uint_eq(r->crudo.len, 3);
    ck_assert_mem_eq(r->crudo.data, "\x00\xff\x10", 3);
    ck_assert_double_eq(r->peso, 0.1);
}
END_TEST

START_TEST(instants_are_local_without_offset) {
    static const struct {
        const char *sql, *text;
    } cases[] = {{"2026-07-10 14:00:00Z", "2026-07-10T09:00:00"},
                 {"2026-07-10 14:00:00.5Z", "2026-07-10T09:00:00.5"},
                 {"2026-07-10 14:00:00.120000Z", "2026-07-10T09:00:00.12"},
                 {"2026-07-10 14:00:00.000001Z", "2026-07-10T09:00:00.000001"},
                 {"1900-01-02 12:00:00Z", "1900-01-02T06:51:24"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        forget();
        const Muestra__Respuesta *r = read_row(pd_arena_printf(arena, "timestamptz '%s' AS \"cuando\"", cases[i].sql));
        ck_assert_str_eq(r->cuando, cases[i].text);
    }
}
END_TEST

START_TEST(decimals_have_two_places) {
    static const struct {
        const char *sql, *text;
    } cases[] = {
        {"0", "0.00"}, {"12", "12.00"}, {"-1.5", "-1.50"}, {"9999999999.99", "9999999999.99"}, {"0.50", "0.50"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        forget();
        const Muestra__Respuesta *r = read_row(pd_arena_printf(arena, "%s::numeric AS \"monto\"", cases[i].sql));
        ck_assert_str_eq(r->monto, cases[i].text);
    }
}
END_TEST

START_TEST(a_value_no_field_admits_names_its_column) {
    static const char *const columns[] = {
        "'AZUL' AS \"color\"",       "timestamptz 'infinity' AS \"cuando\"",
        "1.505 AS \"monto\"",        "'{\"id\": \"x y\"}'::json AS \"parte\"",
        "'[1]'::json AS \"partes\"", "'[{\"cuando\": \"ayer\"}]'::json AS \"partes\""};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        forget();
        status = (pd_status){0};
        const char *name = strrchr(columns[i], ' ') + 2;
        const char *given = columns[i];
        if (strncmp(name, "parte\"", 6) == 0) {
            given = pd_arena_printf(arena, "%s /* AS \"parte.id\" AS \"parte.nombre\" AS \"parte.cuando\" */", given);
        }
        ck_assert_msg(read_row(given) == NULL, "accepted: %s", columns[i]);
        ck_assert_int_eq(status.code, PD_INTERNAL);
        ck_assert_msg(strncmp(strstr(status.message, "«") + 2, name, strcspn(name, "\"")) == 0, "%s", status.message);
    }
}
END_TEST

START_TEST(a_part_is_there_when_one_of_its_columns_is) {
    const Muestra__Respuesta *r = read_row("3::bigint AS \"parte.id\"");
    ck_assert_ptr_nonnull(r->parte);
    ck_assert_int_eq(r->parte->id, 3);
    ck_assert_ptr_null(r->parte->nombre);
}
END_TEST

START_TEST(json_fills_parts_and_lists) {
    const Muestra__Respuesta *r =
        read_row("json_build_array(json_build_object('id', 1, 'cuando', timestamptz '2026-07-10 14:00:00.5Z'),"
                 " json_build_object('id', 2, 'nombre', 'b', 'cuando', NULL)) AS \"partes\", '[\"x\", \"y\"]'::jsonb "
                 "AS \"textos\"");
    ck_assert_msg(r != NULL, "%s", pd_status_message(&status, arena));
    ck_assert_uint_eq(r->n_partes, 2);
    ck_assert_int_eq(r->partes[0]->id, 1);
    ck_assert_str_eq(r->partes[0]->cuando, "2026-07-10T09:00:00.5");
    ck_assert_str_eq(r->partes[1]->nombre, "b");
    ck_assert_ptr_null(r->partes[1]->cuando);
    ck_assert_uint_eq(r->n_textos, 2);
    ck_assert_str_eq(r->textos[1], "y");
    forget();
    r = read_row("'{\"id\": 9, \"nombre\": \"n\"}'::json AS \"parte\" /* AS \"parte.id\" AS \"parte.nombre\" AS "
                 "\"parte.cuando\" */");
    ck_assert_msg(r != NULL, "%s", pd_status_message(&status, arena));
    ck_assert_int_eq(r->parte->id, 9);
}
END_TEST

#define PAGE_COLUMNS "f.id AS \"content.id\", f.nombre AS \"content.nombre\", NULL::timestamptz AS \"content.cuando\""

/* The rows, in one of these orders, as a page of which that is known. */
static const Muestra__Pagina *read_page(const char *sorts, const char *rows, en_extent extent) {
    const char *error = NULL;
    en_statement *s = en_statement_parse(
        ts_sample_page(), "Muestras/Prueba.sql",
        pd_arena_printf(arena, "-- read\n-- sort %s\n\nSELECT " PAGE_COLUMNS " FROM :pagina(%s) f", sorts, rows), arena,
        &error);
    ck_assert_msg(s != NULL, "%s", error);
    ck_assert_msg(en_statement_describe(s, conn, arena, &error), "%s", error);
    const en_page_ask ask = {.sort = &s->page->sorts[0], .size = 10};
    pg_query query;
    ck_assert(en_page_query(s, EN_PAGE_ROWS, &ask, &request.base, &assigned, arena, &query, &status));
    result = PQexec(conn, query.sql);
    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQresultErrorMessage(result));
    Muestra__Pagina *page = (Muestra__Pagina *)reply_to(s, &assigned, NULL);
    ck_assert_ptr_nonnull(page);
    en_page_fill(s, &page->base, &request.base, extent, arena);
    return page;
}

START_TEST(a_page_has_one_element_a_row) {
    request.has_page = request.has_size = 1;
    request.page = 1;
    request.size = 3;
    const Muestra__Pagina *page =
        read_page("nombre id", "SELECT g::bigint AS id, 'n' || g AS nombre FROM generate_series(4, 6) g",
                  (en_extent){.total = 7});
    ck_assert_uint_eq(page->n_content, 3);
    ck_assert_int_eq(page->content[0]->id, 4);
    ck_assert_str_eq(page->content[2]->nombre, "n6");
    ck_assert(page->has_last && !page->last && page->has_first && !page->first && page->has_empty && !page->empty);
    ck_assert_int_eq(page->total_elements, 7);
    ck_assert_int_eq(page->total_pages, 3);
    ck_assert_int_eq(page->size, 3);
    ck_assert_int_eq(page->number, 1);
    ck_assert_int_eq(page->number_of_elements, 3);
    ck_assert_int_eq(page->pageable->page_number, 1);
    ck_assert_int_eq(page->pageable->page_size, 3);
    ck_assert_int_eq(page->pageable->offset, 3);
    ck_assert(page->pageable->paged && page->pageable->has_unpaged && !page->pageable->unpaged);
    ck_assert(page->sort->sorted && !page->sort->unsorted && page->sort->has_empty && !page->sort->empty);
    ck_assert(page->pageable->sort->sorted);
}
END_TEST

START_TEST(a_page_without_rows_is_empty) {
    const Muestra__Pagina *page =
        read_page("id", "SELECT 1::bigint AS id, 'x' AS nombre WHERE false", (en_extent){.last = true});
    ck_assert_uint_eq(page->n_content, 0);
    ck_assert(page->empty && page->first && page->last);
    ck_assert_int_eq(page->total_pages, 0);
    ck_assert(page->has_total_elements && page->total_elements == 0);
    ck_assert_int_eq(page->size, 10);
    ck_assert(page->sort->unsorted && page->sort->empty && page->sort->has_sorted && !page->sort->sorted);
    forget();
    request.has_page = 1;
    request.page = 5;
    page = read_page("id", "SELECT 1::bigint AS id, 'x' AS nombre WHERE false", (en_extent){.total = 7, .last = true});
    ck_assert(page->last && page->empty && !page->first);
    ck_assert_int_eq(page->total_elements, 7);
}
END_TEST

#define VERDICT(code, field, message)                                                                                  \
    ", " code "::text AS _codigo, " field "::text AS _campo, " message "::text AS _mensaje"
#define NOTE "-- write\nSELECT 1::bigint AS id, 'n' AS nombre, now() AS cuando"

START_TEST(a_null_code_is_success) {
    const en_statement *s = run(ts_sample_note(), NOTE VERDICT("NULL", "NULL", "NULL"));
    ck_assert(en_verdict(s, result, arena, &status));
    ck_assert_int_eq(status.code, PD_OK);
    ck_assert_int_eq(((const Muestra__Parte *)reply_to(s, &assigned, NULL))->id, 1);
}
END_TEST

START_TEST(a_refusal_names_the_field_as_json_does) {
    static const struct {
        const char *field, *json;
    } cases[] = {{"pendiente_id", "pendienteId"},
                 {"pendienteId", "pendienteId"},
                 {"parte.nombre", "parte.nombre"},
                 {"otra", "otra"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        forget();
        status = (pd_status){0};
        const en_statement *s =
            run(ts_sample_note(),
                pd_arena_printf(arena, NOTE VERDICT("'FAILED_PRECONDITION'", "'%s'", "'No se puede (por eso)'"),
                                cases[i].field));
        ck_assert(!en_verdict(s, result, arena, &status));
        ck_assert_int_eq(status.code, PD_FAILED_PRECONDITION);
        ck_assert_str_eq(status.message, "No se puede (por eso)");
        ck_assert_uint_eq(status.n_errors, 1);
        ck_assert_str_eq(status.errors[0].field, cases[i].json);
    }
}
END_TEST

START_TEST(a_refusal_without_field_has_none) {
    const en_statement *s = run(ts_sample_note(), NOTE VERDICT("'NOT_FOUND'", "NULL", "'No hay 100% de eso'"));
    ck_assert(!en_verdict(s, result, arena, &status));
    ck_assert_int_eq(status.code, PD_NOT_FOUND);
    ck_assert_str_eq(status.message, "No hay 100% de eso");
    ck_assert_uint_eq(status.n_errors, 0);
}
END_TEST

START_TEST(a_verdict_that_is_none_is_internal) {
    const en_statement *s = run(ts_sample_note(), NOTE VERDICT("'MAL'", "NULL", "'x'"));
    ck_assert(!en_verdict(s, result, arena, &status));
    ck_assert_int_eq(status.code, PD_INTERNAL);
    forget();
    status = (pd_status){0};
    s = run(ts_sample_note(), NOTE VERDICT("NULL", "NULL", "NULL") " WHERE false");
    ck_assert(!en_verdict(s, result, arena, &status));
    ck_assert_int_eq(status.code, PD_INTERNAL);
}
END_TEST

START_TEST(a_read_without_rows_is_no_refusal) {
    const en_statement *s =
        run(ts_sample_part(), "-- read\nSELECT 1 AS id, 'n' AS nombre, now() AS cuando WHERE false");
    ck_assert(en_verdict(s, result, arena, &status));
    request.has_id = 1;
    request.id = 67;
    request.texto = (char *)"x";
    en_not_found(s, &request.base, arena, &status);
    ck_assert_int_eq(status.code, PD_NOT_FOUND);
    ck_assert_str_eq(status.message, "No hay muestra con id: 67 ni texto x");
}
END_TEST

#define ROW                                                                                                            \
    "1::bigint AS id, 2 AS numero, true AS activo, 'x' AS texto, 'ROJO' AS color, now() AS cuando, current_date AS "   \
    "dia,"                                                                                                             \
    " 1.5::numeric AS monto, '{}'::json AS parte, '[]'::json AS partes, '[]'::json AS textos, ''::bytea AS crudo, "    \
    "1::float8 AS peso"

START_TEST(rows_of_a_coalesced_read_are_judged_alone) {
    const en_statement *s =
        run(ts_sample_read(), "-- read coalesce=pendiente_id\nSELECT " ROW
                              ", v.* FROM (VALUES (67::bigint, 70::bigint, 71::bigint), (68, NULL, 70), (69, "
                              "NULL, NULL)) AS v (pendiente_id, _asignado_a, _registrado_por)"
                              " WHERE :pendiente_id IS NULL OR true");
    static const id_caller own = {7, 70, 4}, other = {7, 72, 4}, all = {7, 72, 8}, nobody = {7, 0, 4};
    ck_assert_int_eq(en_row_key(s, result, 0), 67);
    ck_assert_int_eq(en_row_key(s, result, 2), 69);
    ck_assert(en_row_allowed(s, result, 0, &own) && en_row_allowed(s, result, 1, &own) &&
              !en_row_allowed(s, result, 2, &own));
    for (int row = 0; row < 3; row++) {
        ck_assert(!en_row_allowed(s, result, row, &other));
        ck_assert(!en_row_allowed(s, result, row, &nobody));
        ck_assert(en_row_allowed(s, result, row, &all));
    }
    const Muestra__Respuesta *r = (const Muestra__Respuesta *)en_reply(s, result, 1, 1, &own, NULL, arena, &status);
    ck_assert_int_eq(r->pendiente_id, 68);
}
END_TEST

static en_keys *make_keys(int digit) {
    char path[] = "/tmp/rows_test.XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_gt(dprintf(fd, "k1 %064d\n", digit), 0);
    close(fd);
    const char *error = NULL;
    en_keys *keys = en_keys_load(path, &error);
    unlink(path);
    ck_assert_msg(keys != NULL, "%s", error);
    return keys;
}

START_TEST(a_caller_without_employee_is_nobody_s) {
    const en_statement *s = run(ts_sample_read(), "-- read\nSELECT " ROW ", 67::bigint AS pendiente_id, 0::bigint AS "
                                                  "_asignado_a, 0::bigint AS _registrado_por");
    static const id_caller nobody = {7, 0, 4};
    ck_assert(!en_row_allowed(s, result, 0, &nobody));
}
END_TEST

START_TEST(a_sealed_field_opens_for_whom_its_rule_admits) {
    en_keys *keys = make_keys(1), *others = make_keys(2);
    request.has_pendiente_id = 1;
    request.pendiente_id = 67;
    request.clave = (char *)"secreto";
    en_params params;
    const char *error = NULL;
    en_statement *s = en_statement_parse(ts_sample_read(), "Muestras/Prueba.sql",
                                         "-- read\nSELECT :clave AS clave, " ROW ", 67::bigint AS pendiente_id" PEOPLE,
                                         arena, &error);
    ck_assert_msg(s != NULL && en_statement_describe(s, conn, arena, &error), "%s", error);
    ck_assert(en_bind(s, EN_MAIN, &request.base, &assigned, keys, arena, &params, &status));
    result =
        PQexecPrepared(conn, en_statement_name(s, EN_MAIN), params.n, params.values, params.lengths, params.formats, 0);
    ck_assert_int_eq(PQresultStatus(result), PGRES_TUPLES_OK);
    static const id_caller holder = {7, 0, 32}, registered = {7, 71, 4}, every = {7, 0, 16383 & ~32};
    ck_assert_str_eq(((const Muestra__Respuesta *)reply_to(s, &assigned, keys))->clave, "secreto");
    ck_assert_str_eq(((const Muestra__Respuesta *)reply_to(s, &holder, keys))->clave, "secreto");
    ck_assert_ptr_null(((const Muestra__Respuesta *)reply_to(s, &registered, keys))->clave);
    ck_assert_ptr_null(((const Muestra__Respuesta *)reply_to(s, &every, keys))->clave);
    ck_assert_int_eq(status.code, PD_OK);
    ck_assert_ptr_null(reply_to(s, &assigned, others));
    ck_assert_int_eq(status.code, PD_DATA_LOSS);
    ck_assert_ptr_null(strstr(status.message, "secreto"));
    en_keys_free(keys);
    en_keys_free(others);
}
END_TEST

int main(void) {
    ts_pg_start();
    Suite *suite = suite_create("rows");
    TCase *tests = tcase_create("rows");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, null_columns_leave_fields_absent);
    tcase_add_test(tests, every_kind_of_field_is_filled);
    tcase_add_test(tests, instants_are_local_without_offset);
    tcase_add_test(tests, decimals_have_two_places);
    tcase_add_test(tests, a_value_no_field_admits_names_its_column);
    tcase_add_test(tests, a_part_is_there_when_one_of_its_columns_is);
    tcase_add_test(tests, json_fills_parts_and_lists);
    tcase_add_test(tests, a_page_has_one_element_a_row);
    tcase_add_test(tests, a_page_without_rows_is_empty);
    tcase_add_test(tests, a_null_code_is_success);
    tcase_add_test(tests, a_refusal_names_the_field_as_json_does);
    tcase_add_test(tests, a_refusal_without_field_has_none);
    tcase_add_test(tests, a_verdict_that_is_none_is_internal);
    tcase_add_test(tests, a_read_without_rows_is_no_refusal);
    tcase_add_test(tests, rows_of_a_coalesced_read_are_judged_alone);
    tcase_add_test(tests, a_caller_without_employee_is_nobody_s);
    tcase_add_test(tests, a_sealed_field_opens_for_whom_its_rule_admits);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
