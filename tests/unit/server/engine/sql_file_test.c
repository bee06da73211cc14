#include "server/engine/statement_impl.h"
#include "tests/support/sample.h"

#include <check.h>
#include <stdlib.h>

static pd_arena *arena;

static void setup(void) {
    arena = pd_arena_new();
}

static void teardown(void) {
    pd_arena_free(arena);
}

static const en_statement *parse(const pd_method *method, const char *text) {
    const char *error = NULL;
    const en_statement *statement = en_statement_parse(method, "Muestras/Prueba.sql", text, arena, &error);
    ck_assert_msg(statement != NULL, "%s", error);
    return statement;
}

/* Parses a read and compares what becomes of its body. */
static void check_sql(const char *body, const char *expected) {
    const en_statement *s = parse(ts_sample_part(), pd_arena_printf(arena, "-- read\n%s", body));
    ck_assert_str_eq(en_statement_sql(s, EN_MAIN), expected);
}

START_TEST(a_parameter_becomes_one_number) {
    check_sql("SELECT :id, :texto, :id", "SELECT $1, $2, $1");
    check_sql("SELECT :parte.id, :parte.id?, :parte?", "SELECT $1, $2, $3");
}
END_TEST

START_TEST(what_is_no_parameter_is_left_alone) {
    static const char *const bodies[] = {
        "SELECT ':id', 'it''s :id'",      "SELECT E'\\':id', e'\\\\', 1", "SELECT $$:id$$, $t1$ :id $$ :id $t1$",
        "SELECT 1 AS \":id\"\"x\"",       "SELECT 1 -- :id\n, 2",         "SELECT /* :id /* :id */ :id */ 1",
        "SELECT a::text, b[1:2], c := 3", "SELECT x$1, 'a'::text",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        check_sql(bodies[i], bodies[i]);
    }
    check_sql("SELECT CAST('x' AS text)||:texto::text, name'x'", "SELECT CAST('x' AS text)||$1::text, name'x'");
}
END_TEST

START_TEST(types_come_from_the_message) {
    const en_statement *s = parse(
        ts_sample_part(), "-- read\nSELECT :id, :numero, :activo, :texto, :color, :colores, :textos, :ids, :cuando, "
                          ":desde, :desde.fin, :dia, :monto, :crudo, :clave, :texto?, :quien.usuario_id, "
                          ":quien.empleado_id, :quien.permisos, :peso, :limpiar");
    static const Oid expected[] = {20,   23,   16, 0,  0,  0,  0,  1016, 1184, 1184, 1184,
                                   1082, 1700, 17, 17, 16, 20, 20, 20,   701,  0};
    const Oid *types = NULL;
    ck_assert_int_eq(en_statement_types(s, EN_MAIN, &types), sizeof expected / sizeof *expected);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        ck_assert_msg(types[i] == expected[i], "$%zu: %u, not %u", i + 1, types[i], expected[i]);
    }
}
END_TEST

START_TEST(access_compares_only_the_rule_s_relations) {
    const en_statement *s = parse(ts_sample_part(), "-- read\nSELECT :acceso(o)");
    ck_assert_str_eq(en_statement_sql(s, EN_MAIN), "SELECT ($1)");
    s = parse(ts_sample_read(), "-- read\nSELECT :id WHERE :acceso(o) AND :acceso(p2)");
    ck_assert_str_eq(en_statement_sql(s, EN_MAIN),
                     "SELECT $1 WHERE ($2 OR ($3 AND o.asignado_a = $4) OR ($5 AND o.registrado_por = $4)) AND ($2 OR "
                     "($3 AND p2.asignado_a = $4) OR ($5 AND p2.registrado_por = $4))");
    s = parse(ts_sample_write(), "-- write\nSELECT :acceso(n) IS NOT TRUE");
    ck_assert_str_eq(en_statement_sql(s, EN_MAIN),
                     "SELECT ($1 OR ($2 AND n.empleado_id = $3) OR ($4 AND n.usuario_id = $5)) IS NOT TRUE");
}
END_TEST

START_TEST(headers_say_how_a_statement_runs) {
    const en_header *h = en_statement_header(parse(ts_sample_part(), "-- read coalesce=id\nSELECT :id"));
    ck_assert(!h->write && !h->batch && !h->has_lock);
    ck_assert_int_eq(h->coalesce, 0);
    h = en_statement_header(parse(ts_sample_note(), "-- write batch\n\n-- una nota\nSELECT 1"));
    ck_assert(h->write && h->batch && !h->has_lock);
    ck_assert_int_eq(h->coalesce, -1);
    const en_statement *s =
        parse(ts_sample_note(), "-- write\n-- lock SELECT 1 FROM t\n-- lock WHERE id = :id FOR UPDATE\n"
                                "SELECT :texto, :id");
    ck_assert(en_statement_header(s)->has_lock);
    ck_assert_str_eq(en_statement_sql(s, EN_LOCK), " SELECT 1 FROM t\n WHERE id = $1 FOR UPDATE\n");
    ck_assert_str_eq(en_statement_sql(s, EN_MAIN), "SELECT $1, $2");
    ck_assert_str_eq(en_statement_name(s, EN_MAIN), "Muestras/Anotar");
    ck_assert_str_eq(en_statement_name(s, EN_LOCK), "Muestras/Anotar/lock");
}
END_TEST

START_TEST(a_coalesced_parameter_is_an_array) {
    const Oid *types = NULL;
    const en_statement *s = parse(ts_sample_part(), "-- read coalesce=id\nSELECT 1 WHERE id = ANY(:id)");
    ck_assert_int_eq(en_statement_types(s, EN_MAIN, &types), 1);
    ck_assert_uint_eq(types[0], 1016);
    s = parse(ts_sample_part(), "-- read\nSELECT :partes.id"); /* what each of a list has */
    ck_assert_int_eq(en_statement_types(s, EN_MAIN, &types), 1);
    ck_assert_uint_eq(types[0], 1016);
}
END_TEST

/* Every wrong file, and a word of the reason. */
static const struct wrong {
    const pd_method *(*method)(void);
    const char *text, *reason;
} wrongs[] = {
    {ts_sample_part, "-- read\nSELECT :nada", "parámetro desconocido «:nada»"},
    {ts_sample_part, "-- read\nSELECT :parte.nada", "no tiene el campo «nada»"},
    {ts_sample_part, "-- read\nSELECT :quien.nombre", "parámetro desconocido «:quien.nombre»"},
    {ts_sample_part, "-- read\nSELECT :puede.todo", "parámetro desconocido «:puede.todo»"},
    {ts_sample_part, "-- read\nSELECT :texto.id", "«texto» no es un mensaje"},
    {ts_sample_part, "-- read\nSELECT :cuando.fin", "«.fin» solo vale"},
    {ts_sample_part, "-- read\nSELECT :desde.fin?", "parámetro desconocido"},
    {ts_sample_part, "-- read\nSELECT :parte::text", "un mensaje no se puede pasar"},
    {ts_sample_part, "-- read\nSELECT :partes.id?", "lista de mensajes"},
    {ts_sample_part, "-- read\nSELECT :partes.cuando.fin", "lista de mensajes"},
    {ts_sample_part, "-- read\nSELECT :crudo.tipo", "«.tipo» solo vale"},
    {ts_sample_part, "-- read\nSELECT $1", "por nombre"},
    {ts_sample_part, "-- read\nSELECT :acceso(a.b)", "alias"},
    {ts_sample_part, "-- read\nSELECT :acceso()", "alias"},
    {ts_sample_part, "-- read\nSELECT 'abierto", "sin cerrar"},
    {ts_sample_part, "-- read\nSELECT E'abierto\\'", "sin cerrar"},
    {ts_sample_part, "-- read\nSELECT $x$abierto$y$", "sin cerrar"},
    {ts_sample_part, "-- read\nSELECT /* /* */", "sin cerrar"},
    {ts_sample_part, "-- read\nSELECT 1 AS a23456789_123456789_123456789_123456789_123456789_123456789_1234",
     "más de 63"},
    {ts_sample_part, "-- read\nSELECT 1 AS \"a23456789_123456789_123456789_123456789_123456789_123456789_1234\"",
     "más de 63"},
    {ts_sample_part, "SELECT 1", "exactamente un"},
    {ts_sample_part, "-- read\n-- read\nSELECT 1", "exactamente un"},
    {ts_sample_part, "-- read\n-- lee algo\nSELECT 1", "palabra desconocida «lee»"},
    {ts_sample_part, "-- read batch\nSELECT 1", "«batch» no vale tras «read»"},
    {ts_sample_note, "-- write coalesce=id\nSELECT 1", "no vale tras «write»"},
    {ts_sample_part, "-- read coalesce=texto\nSELECT :texto", "no es un int64"},
    {ts_sample_part, "-- read coalesce=ids\nSELECT :ids", "no es un int64"},
    {ts_sample_part, "-- read coalesce=nada\nSELECT 1", "no tiene el campo «nada»"},
    {ts_sample_part, "-- read coalesce=id\nSELECT :id, :texto", "único parámetro"},
    {ts_sample_part, "-- read coalesce=id\nSELECT :id, :quien.empleado_id", "único parámetro"},
    {ts_sample_part, "-- read coalesce=id\nSELECT 1", "único parámetro"},
    {ts_sample_note, "-- write\n-- plan kept\nSELECT 1", "«plan» es de una página"},
    {ts_sample_page, "-- read\n-- sort id\n-- plan custom\nSELECT 1", "solo admite «kept»"},
    {ts_sample_page, "-- read\nSELECT 1", "faltan «-- sort» y «:pagina(...)»"},
    {ts_sample_part, "-- read\n-- sort id\nSELECT 1 FROM :pagina(SELECT 1) q", "página"},
    {ts_sample_part, "-- read\n-- lock SELECT 1\nSELECT 1", "«lock» solo vale con «write»"},
    {ts_sample_note, "-- write batch\n-- lock SELECT 1\nSELECT 1", "«batch»"},
    {ts_sample_note, "-- write\n-- lock SELECT :nada\nSELECT 1", "parámetro desconocido «:nada»"},
    {ts_sample_part, "-- write\nSELECT 1", "NO_SIDE_EFFECTS"},
    {ts_sample_note, "-- read\nSELECT 1", "NO_SIDE_EFFECTS"},
};

START_TEST(a_wrong_file_is_refused) {
    const struct wrong *wrong = &wrongs[_i];
    const char *error = NULL;
    ck_assert_ptr_null(en_statement_parse(wrong->method(), "Muestras/Mala.sql", wrong->text, arena, &error));
    ck_assert_ptr_nonnull(error);
    ck_assert_msg(strncmp(error, "Muestras/Mala.sql: ", 19) == 0, "no file in: %s", error);
    ck_assert_msg(strstr(error, wrong->reason) != NULL, "«%s» is not in: %s", wrong->reason, error);
}
END_TEST

START_TEST(a_sealed_parameter_needs_its_order) {
    /* Parte has no pendiente_id: a method whose request is one with a sealed field cannot seal it. */
    pd_field fields[3] = {{.json = "id"}, {.json = "nombre", .protection = PD_SEALED}, {.json = "cuando"}};
    pd_message request = {.type = &muestra__parte__descriptor, .fields = fields, .clear_index = -1};
    pd_method method = *ts_sample_part();
    method.request = &request;
    const char *error = NULL;
    ck_assert_ptr_null(en_statement_parse(&method, "x.sql", "-- read\nSELECT :nombre", arena, &error));
    ck_assert_msg(strstr(error, "pendiente_id") != NULL, "%s", error);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sql_file");
    TCase *tests = tcase_create("sql_file");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_parameter_becomes_one_number);
    tcase_add_test(tests, what_is_no_parameter_is_left_alone);
    tcase_add_test(tests, types_come_from_the_message);
    tcase_add_test(tests, access_compares_only_the_rule_s_relations);
    tcase_add_test(tests, headers_say_how_a_statement_runs);
    tcase_add_test(tests, a_coalesced_parameter_is_an_array);
    tcase_add_loop_test(tests, a_wrong_file_is_refused, 0, sizeof wrongs / sizeof *wrongs);
    tcase_add_test(tests, a_sealed_parameter_needs_its_order);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
