/* Files and methods belong together one by one; anything else refuses to start and is named. */
#include "server/engine/statements.h"

#include "server/by_hand.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pd_arena *arena;
static char dir[] = "/tmp/statements_test.XXXXXX";

static void run(const char *command) {
    ck_assert_int_eq(system(command), 0);
}

static void setup(void) {
    arena = pd_arena_new();
    ck_assert_ptr_nonnull(mkdtemp(strcpy(dir, "/tmp/statements_test.XXXXXX")));
    run(pd_arena_printf(arena, "cp -r " SOURCE_DIR "/server/sql/. %s", dir));
}

static void teardown(void) {
    run(pd_arena_printf(arena, "rm -r %s", dir));
    pd_arena_free(arena);
}

static void refuses(const char *change, const char *named) {
    const char *error = NULL;
    run(pd_arena_printf(arena, "cd %s && %s", dir, change));
    ck_assert_ptr_null(en_statements_load(dir, sv_is_by_hand, arena, &error));
    ck_assert_msg(strstr(error, named) != NULL, "%s does not name %s", error, named);
}

START_TEST(the_shipped_ones_load) {
    const char *error = NULL;
    en_statements *set = en_statements_load(dir, sv_is_by_hand, arena, &error);
    ck_assert_msg(set != NULL, "%s", error);
    size_t by_hand = 0;
    for (size_t i = 0; i < pd_n_methods; i++) {
        by_hand += pd_methods[i].by_hand;
        ck_assert_int_eq(en_statements_of(set, &pd_methods[i]) == NULL, pd_methods[i].by_hand);
        ck_assert_int_eq(sv_by_hand(&pd_methods[i]) != NULL, pd_methods[i].by_hand);
    }
    ck_assert_uint_eq(en_statements_count(set) + by_hand, pd_n_methods);
}
END_TEST

START_TEST(lanes_follow_from_headers) {
    const char *error = NULL;
    en_statements *set = en_statements_load(dir, sv_is_by_hand, arena, &error);
    size_t n[PG_N_LANES];
    for (int lane = 0; lane < PG_N_LANES; lane++)
        en_statements_prepares(set, (pg_lane_id)lane, arena, &n[lane]);
    ck_assert_uint_eq(n[PG_LANE_READ], n[PG_LANE_SLOW]);
    ck_assert_uint_gt(n[PG_LANE_READ], 0);
    ck_assert_uint_gt(n[PG_LANE_WRITE], n[PG_LANE_BATCH]);
    ck_assert_uint_gt(n[PG_LANE_BYTES], 0);
    for (size_t i = 0; i < pd_n_methods; i++) {
        const en_statement *statement = en_statements_of(set, &pd_methods[i]);
        if (!statement)
            continue;
        const en_header *header = en_statement_header(statement);
        pg_lane_id lane = en_statements_lane(statement);
        ck_assert_int_eq(lane == PG_LANE_BYTES, pd_methods[i].carries_bytes);
        if (lane == PG_LANE_BYTES)
            continue;
        ck_assert_int_eq(lane == PG_LANE_READ, !header->write && header->coalesce >= 0);
        ck_assert_int_eq(lane == PG_LANE_WRITE || lane == PG_LANE_BATCH, header->write);
    }
}
END_TEST

START_TEST(method_without_file) {
    refuses("rm Averias/Crear.sql", "pendientes.v1.Averias/Crear: method without statement");
}
END_TEST

START_TEST(version_without_a_lock) {
    refuses("sed -i '/^-- lock/d' Averias/Obtener.sql",
            "pendientes.v1.Averias/Obtener: its statement needs a «-- lock»");
}
END_TEST

START_TEST(file_without_method) {
    refuses("cp Averias/Crear.sql Averias/Inventar.sql", "Averias/Inventar.sql: file without a method");
}
END_TEST

START_TEST(service_without_methods) {
    refuses("mkdir Inventos", "Inventos: no service of that name");
}
END_TEST

START_TEST(file_for_a_handwritten_method) {
    refuses("mkdir -p Autenticacion && echo '-- read' > Autenticacion/Entrar.sql",
            "Autenticacion/Entrar.sql: a file for");
}
END_TEST

START_TEST(stray_file) {
    refuses("touch Averias/notas.txt", "Averias/notas.txt: file without a method");
}
END_TEST

START_TEST(unreadable_text) {
    refuses("printf '\\0' >> Averias/Crear.sql", "Averias/Crear.sql");
    const char *error = NULL;
    ck_assert_ptr_null(en_statements_load("/no/such/dir", sv_is_by_hand, arena, &error));
    ck_assert_ptr_nonnull(strstr(error, "/no/such/dir"));
}
END_TEST

static bool nobody(const pd_method *method) {
    (void)method;
    return false;
}

START_TEST(contract_and_server_disagree) {
    const char *error = NULL;
    ck_assert_ptr_null(en_statements_load(dir, nobody, arena, &error));
    ck_assert_ptr_nonnull(strstr(error, "disagree"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("statements");
    TCase *tcase = tcase_create("files");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_shipped_ones_load);
    tcase_add_test(tcase, lanes_follow_from_headers);
    tcase_add_test(tcase, method_without_file);
    tcase_add_test(tcase, version_without_a_lock);
    tcase_add_test(tcase, file_without_method);
    tcase_add_test(tcase, service_without_methods);
    tcase_add_test(tcase, file_for_a_handwritten_method);
    tcase_add_test(tcase, stray_file);
    tcase_add_test(tcase, unreadable_text);
    tcase_add_test(tcase, contract_and_server_disagree);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
