#include "server/import/dump.h"
#include "tests/support/pg.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define END "--\n-- PostgreSQL database dump complete\n--\n"

static PGconn *conn;
static im_target target;

static void setup(void) {
    conn = ts_pg_connect();
    ts_pg_exec(conn, "SET client_min_messages = warning; BEGIN;"
                     "CREATE TEMP TABLE leidas (tabla text PRIMARY KEY, columnas text[], filas bigint);"
                     "CREATE TEMP TABLE origen_cosas (id bigint, nombre text)");
    target = (im_target){.conn = conn, .arena = pd_arena_new()};
}

static void teardown(void) {
    pd_arena_free(target.arena);
    PQfinish(conn);
}

static bool read_bytes(const char *text, size_t len) {
    FILE *in = fmemopen((void *)(uintptr_t)text, len, "r");
    ck_assert_ptr_nonnull(in);
    bool good = im_dump_read(&target, in, "public");
    fclose(in);
    return good;
}

static void reads(const char *text) {
    ck_assert_msg(read_bytes(text, strlen(text)), "%s", target.error);
}

static void refuses(const char *text, const char *naming) {
    ck_assert(!read_bytes(text, strlen(text)));
    ck_assert_msg(strstr(target.error, naming) != NULL, "%s is not in: %s", naming, target.error);
}

static void holds(const char *sql, const char *expected) {
    PGresult *result = PQexec(conn, sql);
    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQerrorMessage(conn));
    ck_assert_str_eq(PQgetvalue(result, 0, 0), expected);
    PQclear(result);
}

START_TEST(rows_arrive_as_they_are) {
    reads(
        "SET client_encoding = 'UTF8';\nCOPY public.cosas (id, nombre) FROM stdin;\n1\tuna\\nlínea\n2\t\\N\n\\.\n" END);
    holds("SELECT string_agg(coalesce(nombre, 'nada'), ',' ORDER BY id) FROM origen_cosas", "una\nlínea,nada");
    holds("SELECT tabla || columnas::text || filas FROM leidas", "cosas{id,nombre}2");
}
END_TEST

START_TEST(line_ends_of_windows_and_a_byte_order_mark) {
    reads("\xef\xbb\xbf"
          "COPY public.cosas (id, nombre) FROM stdin;\r\n1\tuna\r\n\\.\r\n" END);
    holds("SELECT nombre FROM origen_cosas", "una");
}
END_TEST

START_TEST(text_in_another_encoding) {
    reads("SET client_encoding = 'LATIN1';\nCOPY public.cosas (id, nombre) FROM stdin;\n1\t\xf1\n\\.\n" END);
    holds("SELECT nombre FROM origen_cosas", "ñ");
}
END_TEST

START_TEST(an_unknown_column_is_added) {
    reads("COPY public.cosas (\"Un \"\"nombre\", id) FROM stdin;\nvalor\t1\n\\.\n" END);
    holds("SELECT \"Un \"\"nombre\" FROM origen_cosas WHERE id = 1", "valor");
}
END_TEST

START_TEST(an_unknown_table_is_counted) {
    reads("COPY public.otras (id) FROM stdin;\n1\n2\n\\.\n" END);
    holds("SELECT tabla || filas FROM leidas", "otras2");
}
END_TEST

START_TEST(another_schema_is_passed_over) {
    reads("COPY ajeno.cosas (id) FROM stdin;\nno es un número\n\\.\n" END);
    holds("SELECT count(*) FROM leidas", "0");
}
END_TEST

START_TEST(nothing_in_a_dump_is_run) {
    reads("DROP TABLE origen_cosas;\n\\! false\n" END);
    holds("SELECT count(*) FROM origen_cosas", "0");
}
END_TEST

START_TEST(refusals) {
    static const struct {
        const char *text, *naming;
    } cases[] = {
        {"", "cut off"},
        {"COPY public.cosas (id) FROM stdin;\n1\n", "cut off within cosas"},
        {"COPY public.cosas (id) FROM stdin;\n1\n\\.\n", "cut off"},
        {"COPY ajeno.cosas (id) FROM stdin;\n1\n", "cut off"},
        {"COPY public.cosas FROM stdin;\n", "cannot be read"},
        {"COPY public.cosas (id) FROM stdin;\n\\.\nCOPY public.cosas (id) FROM stdin;\n\\.\n" END, "twice"},
        {"INSERT INTO public.cosas VALUES (1);\n", "--inserts"},
        {"PGDMP\x01\x0e", "pg_restore"},
        {"\xff\xfe-", "UTF-16"},
        {"SET client_encoding = 'KLINGON';\n", "encoding"},
        {"COPY public.cosas (id) FROM stdin;\nuno\n\\.\n" END, "in COPY origen_cosas, line 1, column id"},
    };
    const char *text = cases[_i].text;
    refuses(*text ? text : "\n", cases[_i].naming);
}
END_TEST

int main(void) {
    ts_pg_start();
    Suite *suite = suite_create("server/import/dump");
    TCase *tests = tcase_create("dump");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, rows_arrive_as_they_are);
    tcase_add_test(tests, line_ends_of_windows_and_a_byte_order_mark);
    tcase_add_test(tests, text_in_another_encoding);
    tcase_add_test(tests, an_unknown_column_is_added);
    tcase_add_test(tests, an_unknown_table_is_counted);
    tcase_add_test(tests, another_schema_is_passed_over);
    tcase_add_test(tests, nothing_in_a_dump_is_run);
    tcase_add_loop_test(tests, refusals, 0, 11);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
