/* SQLSTATEs and constraint names as PostgreSQL really sends them. */
#include "server/pg/errors.h"

#include "tests/support/pg.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static PGconn *conn;
static pd_arena *arena;
static pg_errors *errors;
static char path[] = "/tmp/errors_test.XXXXXX";

static void write_table(const char *text) {
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

static void setup(void) {
    conn = ts_pg_connect();
    ts_pg_exec(conn, "CREATE TEMP TABLE t (n int, CONSTRAINT t_unico UNIQUE (n), CONSTRAINT t_positivo CHECK (n > 0),"
                     " CONSTRAINT t_otro CHECK (n <> 5)); INSERT INTO t VALUES (1)");
    arena = pd_arena_new();
    write_table("# what it means\n"
                "t_unico | ALREADY_EXISTS | numero | Ya existe (numero)\n\n"
                "t_positivo | ABORTED | | Vuelva a intentarlo\n");
    const char *error = NULL;
    errors = pg_errors_load(path, arena, &error);
    ck_assert_ptr_nonnull(errors);
}

static void teardown(void) {
    pd_arena_free(arena);
    PQfinish(conn);
}

static pd_status refused(const char *sql, bool rule) {
    pd_status status = {0};
    PGresult *result = PQexec(conn, sql);
    ck_assert_int_eq(pg_errors_status(errors, result, arena, &status), rule);
    PQclear(result);
    return status;
}

START_TEST(constraints_have_code_field_and_message) {
    pd_status unique = refused("INSERT INTO t VALUES (1)", true);
    ck_assert_int_eq(unique.code, PD_ALREADY_EXISTS);
    ck_assert_int_eq(unique.n_errors, 1);
    ck_assert_str_eq(unique.errors[0].field, "numero");
    ck_assert_str_eq(unique.message, "Ya existe (numero)");
    pd_status check = refused("INSERT INTO t VALUES (-1)", true);
    ck_assert_int_eq(check.code, PD_ABORTED);
    ck_assert_int_eq(check.n_errors, 0);
    ck_assert_int_gt(check.retry_ms, 0);
}
END_TEST

START_TEST(others_go_by_their_state) {
    ck_assert_int_eq(refused("INSERT INTO t VALUES (5)", false).code, PD_INVALID_ARGUMENT);
    ck_assert_int_eq(refused("SELECT 1/0", false).code, PD_INVALID_ARGUMENT);
    ck_assert_int_eq(refused("SET statement_timeout = 20; SELECT pg_sleep(5)", false).code, PD_DEADLINE_EXCEEDED);
    ts_pg_exec(conn, "RESET statement_timeout");
    ck_assert_int_eq(refused("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$", false).code,
                     PD_ABORTED);
    ck_assert_int_eq(refused("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '53100'; END $$", false).code,
                     PD_UNAVAILABLE);
    ck_assert_int_eq(refused("SELECT secreto FROM no_existe", false).code, PD_INTERNAL);
}
END_TEST

START_TEST(sql_does_not_leak) {
    pd_status status = refused("SELECT secreto FROM no_existe", false);
    ck_assert_ptr_null(strstr(status.message, "no_existe"));
    ck_assert_ptr_null(strstr(refused("SELECT 'abc'::int", false).message, "abc"));
}
END_TEST

START_TEST(bad_tables_name_the_line) {
    const char *bad[] = {"a | ALREADY_EXISTS | f\n", "a | NO_SUCH | f | m\n", "# c\na | OK | f | m\n",
                         "a | ABORTED | | m | x\n",  "| ABORTED | | m\n",     "a | ABORTED | |\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *error = NULL;
        write_table(bad[i]);
        ck_assert_ptr_null(pg_errors_load(path, arena, &error));
        ck_assert_ptr_nonnull(strstr(error, i == 2 ? ":2:" : ":1:"));
    }
    const char *error = NULL;
    ck_assert_ptr_null(pg_errors_load("/no/such", arena, &error));
    ck_assert_ptr_nonnull(strstr(error, "/no/such"));
}
END_TEST

int main(void) {
    close(mkstemp(path));
    ts_pg_start();
    Suite *suite = suite_create("errors");
    TCase *tcase = tcase_create("postgresql");
    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, constraints_have_code_field_and_message);
    tcase_add_test(tcase, others_go_by_their_state);
    tcase_add_test(tcase, sql_does_not_leak);
    tcase_add_test(tcase, bad_tables_name_the_line);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    unlink(path);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
