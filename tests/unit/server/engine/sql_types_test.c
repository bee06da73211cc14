#include "server/engine/statement_impl.h"
#include "tests/support/pg.h"
#include "tests/support/sample.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Columns for every field of Parte and of Respuesta. */
#define PART "1::bigint AS id, 'n' AS nombre, now() AS cuando"
#define BARE                                                                                                           \
    "1::bigint AS id, 2 AS numero, true AS activo, 'x' AS texto, 'ROJO' AS color, now() AS cuando,"                    \
    " current_date AS dia, 1.5::numeric AS monto, '[]'::json AS partes, '[]'::jsonb AS textos, ''::bytea AS crudo,"    \
    " 67::bigint AS pendiente_id, 1.5::float8 AS peso"
#define FULL BARE ", 3::bigint AS \"parte.id\", 'n' AS \"parte.nombre\", now() AS \"parte.cuando\""
#define PEOPLE ", 1::bigint AS _asignado_a, 2::bigint AS _registrado_por"
#define VERDICT ", NULL::text AS _codigo, NULL::text AS _campo, NULL::text AS _mensaje"

/* A coalesced read of the contract's own, as far as its people. */
#define AVERIA                                                                                                         \
    "-- read coalesce=pendiente_id\nSELECT pendiente_id AS id, pendiente_id, texto AS descripcion_falla, numero AS "   \
    "vlan,"                                                                                                            \
    " texto AS ppoe, ''::bytea AS ppoe_password"

static pd_arena *arena;
static PGconn *conn;

static void setup(void) {
    arena = pd_arena_new();
    conn = ts_pg_connect();
}

static void teardown(void) {
    PQfinish(conn);
    pd_arena_free(arena);
}

static const pd_method *read_averia(void) {
    return pd_method_find("pendientes.v1.Averias/Obtener", strlen("pendientes.v1.Averias/Obtener"));
}

static bool describe(const pd_method *method, const char *text, const char **error) {
    en_statement *statement = en_statement_parse(method, "Muestras/Prueba.sql", text, arena, error);
    ck_assert_msg(statement != NULL, "not parsed: %s", *error);
    return en_statement_describe(statement, conn, arena, error);
}

static const struct good {
    const pd_method *(*method)(void);
    const char *text;
} goods[] = {
    {ts_sample_part, "-- read\nSELECT " PART},
    {ts_sample_part,
     "-- read\nSELECT " PART " FROM muestras WHERE pendiente_id = :id AND texto = :texto AND color = :color"},
    {ts_sample_part, "-- read\nSELECT " PART " FROM muestras WHERE color = ANY(:colores) AND texto = ANY(:textos) AND "
                     "pendiente_id = ANY(:ids) AND dia = :dia AND cuando < :desde.fin AND monto > :monto"},
    /* without a given type the first use would make it an int4 */
    {ts_sample_part,
     "-- read\nSELECT " PART " FROM muestras WHERE CASE WHEN :id = 1 THEN true ELSE pendiente_id = :id END"},
    {ts_sample_part, "-- read\nSELECT " PART " WHERE :texto = 'x' OR :texto IS NULL"},
    {ts_sample_read,
     "-- read coalesce=pendiente_id\nSELECT " FULL PEOPLE " FROM muestras WHERE pendiente_id = ANY(:pendiente_id)"},
    {ts_sample_read, "-- read\nSELECT " FULL PEOPLE " FROM muestras m WHERE :acceso(m)"},
    {ts_sample_read, "-- read\nSELECT " FULL PEOPLE ", ''::bytea AS clave"},
    {ts_sample_read, "-- read\nSELECT " BARE ", '{}'::json AS parte" PEOPLE},
    {ts_sample_part,
     "-- read coalesce=pendiente_id\nSELECT " PART ", pendiente_id AS _pendiente_id FROM muestras WHERE "
     "pendiente_id = ANY(:pendiente_id)"},
    {ts_sample_page, "-- read\n-- sort n=nombre\n\nSELECT f.id AS \"content.id\", f.nombre AS \"content.nombre\", "
                     "now() AS \"content.cuando\""
                     " FROM :pagina(SELECT 1::bigint AS id, 'n' AS nombre) f"},
    {ts_sample_write,
     "-- write\n-- lock SELECT 1 FROM muestras WHERE pendiente_id = :pendiente_id FOR UPDATE\nSELECT " FULL VERDICT
     " FROM notas n WHERE :acceso(n)"},
    {ts_sample_note, "-- write batch\nSELECT " PART VERDICT},
    {ts_sample_write, "-- write\nSELECT " FULL VERDICT " WHERE :quien.permisos & 16 = 16"},
    {read_averia, AVERIA ", 1::bigint AS _asignado_a, 2::bigint AS _registrado_por FROM muestras WHERE pendiente_id = "
                         "ANY(:pendiente_id)"},
};

START_TEST(a_right_file_is_accepted) {
    const char *error = NULL;
    bool fits = describe(goods[_i].method(), goods[_i].text, &error);
    ck_assert_msg(fits, "%s\n%s", error, goods[_i].text);
}
END_TEST

static const struct wrong {
    const pd_method *(*method)(void);
    const char *text, *reason, *reason2;
} wrongs[] = {
    /* wrong types of parameters */
    {ts_sample_part, "-- read\nSELECT " PART " FROM muestras WHERE pendiente_id = :texto", "«:texto»", "bigint"},
    {ts_sample_part, "-- read\nSELECT " PART " FROM muestras WHERE numero = :color", "es enum", "integer"},
    {ts_sample_part, "-- read\nSELECT " PART " FROM muestras WHERE numero = ANY(:textos)", "una lista de string",
     "integer[]"},
    {ts_sample_part, "-- read\nSELECT " PART " FROM muestras WHERE texto = :textos", "una lista de string", "text"},
    {ts_sample_part, "-- read\nSELECT " PART " FROM muestras WHERE texto = :id", "operator does not exist", "cerca de"},
    {ts_sample_part, "-- read\nSELECT " PART " FROM muestras WHERE cuando = :activo", "operator does not exist",
     "boolean"},
    {ts_sample_part, "-- read\nSELECT " PART " WHERE :texto IS NULL", "determine data type", "$1 es «:texto»"},
    {ts_sample_part, "-- read\nSELECT " PART "; SELECT 1", "multiple commands", ""},
    {ts_sample_part, "-- read\nSELEC 1", "syntax error", ""},
    {ts_sample_note, "-- write\n-- lock SELECT 1 FROM ninguna\nSELECT " PART VERDICT, "lock: ", "ninguna"},
    /* columns */
    {ts_sample_part, "-- read\nSELECT " PART ", 1 AS nada", "columna desconocida «nada»", "muestra.Parte"},
    {ts_sample_part, "-- read\nSELECT " PART ", 1 AS _nada", "columna desconocida «_nada»", ""},
    {ts_sample_part, "-- read\nSELECT " PART ", 1 AS \"nombre.x\"", "«nombre» no es un mensaje", ""},
    {ts_sample_part, "-- read\nSELECT 1::bigint AS id, 'n' AS nombre", "falta la columna «cuando»", "muestra.Parte"},
    {ts_sample_part, "-- read\nSELECT " PART ", 2::bigint AS id", "dos columnas se llaman «id»", ""},
    {ts_sample_read, "-- read\nSELECT " BARE PEOPLE, "falta la columna «parte.id»", ""},
    {ts_sample_read, "-- read\nSELECT " BARE PEOPLE ", 1::bigint AS \"parte.id\"", "falta la columna «parte.nombre»",
     ""},
    {ts_sample_part, "-- read\nSELECT 1::numeric AS id, 'n' AS nombre, now() AS cuando", "columna «id»: es numeric",
     "bigint"},
    {ts_sample_part, "-- read\nSELECT 1 AS id, 'n' AS nombre, now()::timestamp AS cuando", "columna «cuando»",
     "with time zone"},
    {ts_sample_part, "-- read\nSELECT 1 AS id, 'n'::bytea AS nombre, now() AS cuando", "columna «nombre»: es bytea",
     "text"},
    {ts_sample_part, "-- read\nSELECT 1 AS id, ARRAY['n'] AS nombre, now() AS cuando", "columna «nombre»: es text[]",
     "text"},
    {ts_sample_part, "-- read\nSELECT 1 AS id, true AS nombre, now() AS cuando", "columna «nombre»: es boolean",
     "text"},
    {ts_sample_part, "-- read\nSELECT 1 AS id, now() AS nombre, now() AS cuando", "columna «nombre»", ""},
    {ts_sample_read, "-- read\nSELECT 1::bigint AS numero", "columna «numero»: es bigint", "integer"},
    {ts_sample_read, "-- read\nSELECT 1 AS activo", "columna «activo»: es integer", "boolean"},
    {ts_sample_read, "-- read\nSELECT 1 AS color", "columna «color»: es integer", "enum"},
    {ts_sample_read, "-- read\nSELECT now() AS dia", "columna «dia»", "date"},
    {ts_sample_read, "-- read\nSELECT 1.5::float8 AS monto", "columna «monto»: es double precision", "numeric"},
    {ts_sample_read, "-- read\nSELECT 'x' AS crudo", "columna «crudo»: es text", "bytea"},
    {ts_sample_read, "-- read\nSELECT 1 AS peso", "columna «peso»: es integer", "double precision"},
    {ts_sample_read, "-- read\nSELECT ARRAY['x'] AS textos", "columna «textos»: es text[]", "json"},
    {ts_sample_read, "-- read\nSELECT 'x' AS parte", "columna «parte»: es text", "json"},
    {ts_sample_read, "-- read\nSELECT 'x' AS clave", "columna «clave»: es text", "bytea"},
    {ts_sample_page,
     "-- read\n-- sort n=nombre\n\nSELECT f.id AS \"content.id\" FROM :pagina(SELECT 1::bigint AS id, 'n' AS nombre) f",
     "falta la columna «content.nombre»", ""},
    /* verdicts, keys, relations */
    {ts_sample_note, "-- write\nSELECT " PART, "falta la columna «_codigo»", ""},
    {ts_sample_note, "-- write\nSELECT " PART ", NULL::text AS _codigo, NULL::text AS _mensaje",
     "falta la columna «_campo»", ""},
    {ts_sample_note, "-- write\nSELECT " PART ", 'X' AS _codigo, 'x' AS _campo", "falta la columna «_mensaje»", ""},
    {ts_sample_note, "-- write\nSELECT " PART ", 1 AS _codigo, 'x' AS _campo, 'x' AS _mensaje", "columna «_codigo»",
     "text"},
    {ts_sample_part,
     "-- read coalesce=pendiente_id\nSELECT " PART " FROM muestras WHERE pendiente_id = ANY(:pendiente_id)",
     "«pendiente_id»", "coalesce"},
    {ts_sample_read,
     "-- read coalesce=pendiente_id\nSELECT " FULL ", 1::bigint AS _asignado_a WHERE 1 = ANY(:pendiente_id)",
     "falta la columna «_registrado_por»", "regla del método"},
    {ts_sample_read, "-- read\nSELECT " FULL, "falta la columna «_asignado_a»", "regla del método"},
    {ts_sample_read, "-- read\nSELECT " FULL " WHERE :quien.permisos > 0", "falta la columna «_asignado_a»",
     "regla del método"},
    {ts_sample_read, "-- read\nSELECT " FULL ", ''::bytea AS clave FROM muestras m WHERE :acceso(m)",
     "falta la columna «_asignado_a»", "«ver» de «clave»"},
    {ts_sample_read, "-- read\nSELECT " FULL ", 'yo' AS _asignado_a", "columna «_asignado_a»", "bigint"},
    {ts_sample_write, "-- write\nSELECT " FULL VERDICT, ":acceso(alias)", ""},
    {read_averia, AVERIA ", 1::bigint AS _asignado_a FROM muestras WHERE pendiente_id = ANY(:pendiente_id)",
     "falta la columna «_registrado_por»", "regla del método"},
    {read_averia, AVERIA ", 2::bigint AS _registrado_por FROM muestras WHERE pendiente_id = ANY(:pendiente_id)",
     "falta la columna «_asignado_a»", "«ver» de «ppoe_password»"},
};

START_TEST(a_wrong_file_is_refused) {
    const struct wrong *wrong = &wrongs[_i];
    const char *error = NULL;
    ck_assert_msg(!describe(wrong->method(), wrong->text, &error), "accepted: %s", wrong->text);
    ck_assert_msg(strncmp(error, "Muestras/Prueba.sql: ", 21) == 0, "no file in: %s", error);
    ck_assert_msg(strstr(error, wrong->reason) != NULL, "«%s» is not in: %s", wrong->reason, error);
    ck_assert_msg(strstr(error, wrong->reason2) != NULL, "«%s» is not in: %s", wrong->reason2, error);
}
END_TEST

START_TEST(a_part_s_secrets_are_not_taken_from_just_anywhere) {
    pd_method method = *ts_sample_read();
    pd_message reply = *method.reply, part = *ts_sample_part()->reply;
    pd_field fields[32], part_fields[8];
    memcpy(fields, reply.fields, reply.type->n_fields * sizeof *fields);
    memcpy(part_fields, part.fields, part.type->n_fields * sizeof *part_fields);
    int index = pd_field_by_name(&reply, "parte", 5);
    ck_assert_int_ge(index, 0);
    fields[index].message = &part;
    part_fields[1].protection = PD_SEALED; /* nombre */
    reply.fields = fields;
    part.fields = part_fields;
    method.reply = &reply;
    const char *error = NULL;
    ck_assert(!describe(&method, "-- read\nSELECT '{}'::json AS parte", &error));
    ck_assert_msg(strstr(error, "json no puede llevar") != NULL, "%s", error);
    ts_pg_exec(conn, "DEALLOCATE ALL");
    ck_assert(!describe(&method, "-- read\nSELECT ''::bytea AS \"parte.nombre\"", &error));
    ck_assert_msg(strstr(error, "«pendiente_id» a su lado") != NULL, "%s", error);
}
END_TEST

START_TEST(the_session_must_write_iso_dates) {
    const char *error = NULL;
    ts_pg_exec(conn, "SET DateStyle = 'German'");
    ck_assert(!describe(ts_sample_part(), "-- read\nSELECT " PART, &error));
    ck_assert_ptr_nonnull(strstr(error, "DateStyle"));
}
END_TEST

int main(void) {
    PGconn *owner = ts_pg_connect();
    ts_pg_exec(owner,
               "CREATE TYPE color AS ENUM ('ROJO', 'VERDE');"
               "CREATE TABLE muestras (pendiente_id bigint PRIMARY KEY, texto varchar(50), numero int, color color,"
               " cuando timestamptz, dia date, monto numeric(12,2), asignado_a bigint, registrado_por bigint);"
               "CREATE TABLE notas (id bigint, empleado_id bigint, usuario_id bigint)");
    PQfinish(owner);
    Suite *suite = suite_create("sql_types");
    TCase *tests = tcase_create("sql_types");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_right_file_is_accepted, 0, sizeof goods / sizeof *goods);
    tcase_add_loop_test(tests, a_wrong_file_is_refused, 0, sizeof wrongs / sizeof *wrongs);
    tcase_add_test(tests, a_part_s_secrets_are_not_taken_from_just_anywhere);
    tcase_add_test(tests, the_session_must_write_iso_dates);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
