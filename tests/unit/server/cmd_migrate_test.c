#include "server/commands.h"
#include "server/migrations.h"
#include "tests/support/pg.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64], database[512], out[16 * 1024], err[16 * 1024];
static PGconn *conn;
static pd_arena *arena;

static void put(const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static void setup(void) {
    arena = pd_arena_new();
    strcpy(dir, "/tmp/migrate_test_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(database, sizeof database, "%s", ts_pg_start());
    conn = ts_pg_connect();
    ts_pg_exec(conn, "SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    for (const char *name = "PENDIENTES_DATABASE\0PENDIENTES_MIGRATIONS_DIR\0PENDIENTES_CONFIG\0"; *name;
         name += strlen(name) + 1)
        unsetenv(name);
}

static void teardown(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", dir);
    ck_assert_int_eq(system(command), 0);
    PQfinish(conn);
    pd_arena_free(arena);
}

static void collect(FILE *from, int fd, int saved, char *text) {
    fflush(NULL);
    dup2(saved, fd);
    close(saved);
    ssize_t len = pread(fileno(from), text, sizeof out - 1, 0);
    text[len > 0 ? len : 0] = 0;
    fclose(from);
}

/* The subcommand's exit code; what it said in `out` and `err`. */
static int migrate(const char *flag) {
    char *words[] = {(char *)"--database", database, (char *)"--migrations-dir", dir, (char *)flag};
    fflush(NULL);
    FILE *to_out = tmpfile(), *to_err = tmpfile();
    int saved_out = dup(STDOUT_FILENO), saved_err = dup(STDERR_FILENO);
    dup2(fileno(to_out), STDOUT_FILENO);
    dup2(fileno(to_err), STDERR_FILENO);
    int code = sv_migrate(flag ? 5 : 4, words);
    collect(to_out, STDOUT_FILENO, saved_out, out);
    collect(to_err, STDERR_FILENO, saved_err, err);
    return code;
}

static const char *value(const char *sql) {
    PGresult *result = PQexec(conn, sql);
    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQerrorMessage(conn));
    const char *text = pd_arena_strdup(arena, PQntuples(result) ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return text;
}

static void refused(const char *naming) {
    ck_assert_int_eq(migrate(NULL), 1);
    ck_assert_msg(strstr(err, naming), "%s is not in: %s", naming, err);
    ck_assert_ptr_eq(strchr(err, '\n'), err + strlen(err) - 1);
}

static bool current(void) {
    const char *error = NULL;
    bool good = sv_migrations_current(conn, dir, arena, &error);
    ck_assert_int_eq(good, !error);
    return good;
}

START_TEST(forward_once_and_then_nothing) {
    put("0001_uno.sql", "CREATE TABLE a (x int); INSERT INTO a VALUES (1);\n");
    put("0002_dos.sql", "-- ñ\nINSERT INTO a VALUES (2);\n");
    ck_assert(!current());
    ck_assert_int_eq(migrate(NULL), 0);
    ck_assert_ptr_nonnull(strstr(out, "0001_uno.sql … applied"));
    ck_assert_ptr_nonnull(strstr(out, "0002_dos.sql … applied"));
    ck_assert_str_eq(value("SELECT sum(x) FROM a"), "3");
    ck_assert_str_eq(value("SELECT string_agg(numero || nombre, ' ' ORDER BY numero) FROM migraciones"),
                     "10001_uno.sql 20002_dos.sql");
    ck_assert_str_eq(value("SELECT bool_and(aplicada BETWEEN now() - interval '1 min' AND now()) FROM migraciones"),
                     "t");
    ck_assert_str_eq(
        value("SELECT sha256 = encode(sha256('CREATE TABLE a (x int); INSERT INTO a VALUES (1);\n'), 'hex')"
              " FROM migraciones WHERE numero = 1"),
        "t");
    ck_assert(current());
    ck_assert_int_eq(migrate(NULL), 0);
    ck_assert_ptr_nonnull(strstr(out, "nothing to do"));
    ck_assert_str_eq(value("SELECT sum(x) FROM a"), "3");
    put("0003_tres.sql", "INSERT INTO a VALUES (4);");
    ck_assert(!current());
    ck_assert_int_eq(migrate(NULL), 0);
    ck_assert_ptr_null(strstr(out, "0002"));
    ck_assert_str_eq(value("SELECT sum(x) FROM a"), "7");
}
END_TEST

START_TEST(a_dry_run_changes_nothing) {
    put("0001_uno.sql", "CREATE TABLE a (x int);");
    ck_assert_int_eq(migrate("--dry-run"), 0);
    ck_assert_ptr_nonnull(strstr(out, "0001_uno.sql would be applied"));
    ck_assert_str_eq(value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
}
END_TEST

START_TEST(a_file_that_fails_leaves_nothing_of_itself) {
    put("0001_uno.sql", "CREATE TABLE a (x int);");
    put("0002_dos.sql", "INSERT INTO a VALUES (1);\n-- ññ\nINSERT INTO b VALUES (1);\n");
    put("0003_tres.sql", "INSERT INTO a VALUES (3);");
    refused("0002_dos.sql:3: relation \"b\" does not exist");
    ck_assert_str_eq(value("SELECT count(*) FROM a"), "0");
    ck_assert_str_eq(value("SELECT max(numero) FROM migraciones"), "1");
    /* mended, it goes on from there */
    put("0002_dos.sql", "INSERT INTO a VALUES (1);");
    ck_assert_int_eq(migrate(NULL), 0);
    ck_assert_str_eq(value("SELECT count(*) FROM a"), "2");
    put("0004_cuatro.sql", "INSERT INTO a VALUES (1/0);");
    refused("0004_cuatro.sql: division by zero");
    put("0004_cuatro.sql", "INSERT INTO a VALUES (4); COMMIT;");
    refused("0004_cuatro.sql ends its transaction");
}
END_TEST

START_TEST(what_was_applied_never_changes) {
    put("0001_uno.sql", "CREATE TABLE a (x int);");
    ck_assert_int_eq(migrate(NULL), 0);
    put("0001_uno.sql", "CREATE TABLE a (x int); ");
    put("0002_dos.sql", "CREATE TABLE b (x int);");
    refused("0001_uno.sql");
    ck_assert(!current());
    ck_assert_str_eq(value("SELECT to_regclass('b') IS NULL"), "t");
}
END_TEST

START_TEST(numbers_have_no_gap) {
    refused(dir);
    put("0002_dos.sql", "SELECT 1");
    refused("0002_dos.sql");
    put("0001_uno.sql", "SELECT 1");
    put("0002_otro.sql", "SELECT 1");
    refused("0002_otro.sql");
    char path[128];
    snprintf(path, sizeof path, "%s/0002_otro.sql", dir);
    unlink(path);
    put("tres.sql", "SELECT 1");
    refused("tres.sql");
    snprintf(path, sizeof path, "%s/tres.sql", dir);
    unlink(path);
    ck_assert_int_eq(migrate(NULL), 0);
    ts_pg_exec(conn, "DELETE FROM migraciones WHERE numero = 1");
    refused("0002_dos.sql");
}
END_TEST

START_TEST(a_database_of_a_newer_version_is_left_alone) {
    put("0001_uno.sql", "SELECT 1");
    ck_assert_int_eq(migrate(NULL), 0);
    ts_pg_exec(conn, "INSERT INTO migraciones VALUES (2, '0002_futuro.sql', 'x')");
    refused("0002_futuro.sql");
    ck_assert(!current());
}
END_TEST

START_TEST(a_table_that_stays_locked_is_not_waited_for_long) {
    put("0001_uno.sql", "CREATE TABLE a (x int);");
    ck_assert_int_eq(migrate(NULL), 0);
    /* the file's own word counts over the command's, which would take ten seconds here */
    put("0002_dos.sql", "SET LOCAL lock_timeout = '50ms'; ALTER TABLE a ADD y int;");
    ts_pg_exec(conn, "BEGIN; LOCK a");
    refused("0002_dos.sql: canceling statement due to lock timeout");
    ts_pg_exec(conn, "COMMIT");
    put("0002_dos.sql", "CREATE TABLE b AS SELECT current_setting('lock_timeout') AS t");
    ck_assert_int_eq(migrate(NULL), 0);
    ck_assert_str_eq(value("SELECT t FROM b"), "10s");
}
END_TEST

static void *let_go_when_somebody_waits(void *arg) {
    PGconn *watcher = ts_pg_connect();
    for (bool waiting = false; !waiting;) {
        PGresult *result = PQexec(watcher, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
        waiting = PQntuples(result) > 0;
        PQclear(result);
    }
    PQfinish(arg);
    PQfinish(watcher);
    return NULL;
}

START_TEST(a_second_one_waits_and_says_so) {
    put("0001_uno.sql", "CREATE TABLE a (x int);");
    PGconn *first = ts_pg_connect();
    ts_pg_exec(first, "SELECT pg_advisory_lock(7264001982346)");
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, let_go_when_somebody_waits, first), 0);
    ck_assert_int_eq(migrate(NULL), 0);
    pthread_join(thread, NULL);
    ck_assert_ptr_nonnull(strstr(out, "waiting"));
    ck_assert_ptr_nonnull(strstr(out, "0001_uno.sql … applied"));
}
END_TEST

START_TEST(what_cannot_be_reached_is_one_line) {
    put("0001_uno.sql", "SELECT 1");
    strcpy(database, "host=/no/hay/tal user=postgres password=oculta");
    refused("/no/hay/tal");
    ck_assert_ptr_null(strstr(err, "oculta"));
    char *words[] = {(char *)"--migrations-dir", dir};
    FILE *to_err = tmpfile();
    int saved = dup(STDERR_FILENO);
    dup2(fileno(to_err), STDERR_FILENO);
    int code = sv_migrate(2, words);
    collect(to_err, STDERR_FILENO, saved, err);
    ck_assert_int_eq(code, 2);
    ck_assert_ptr_nonnull(strstr(err, "--database"));
}
END_TEST

int main(void) {
    ts_pg_start();
    Suite *s = suite_create("cmd_migrate");
    TCase *c = tcase_create("cmd_migrate");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, forward_once_and_then_nothing);
    tcase_add_test(c, a_dry_run_changes_nothing);
    tcase_add_test(c, a_file_that_fails_leaves_nothing_of_itself);
    tcase_add_test(c, what_was_applied_never_changes);
    tcase_add_test(c, numbers_have_no_gap);
    tcase_add_test(c, a_database_of_a_newer_version_is_left_alone);
    tcase_add_test(c, a_table_that_stays_locked_is_not_waited_for_long);
    tcase_add_test(c, a_second_one_waits_and_says_so);
    tcase_add_test(c, what_cannot_be_reached_is_one_line);
    suite_add_tcase(s, c);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
