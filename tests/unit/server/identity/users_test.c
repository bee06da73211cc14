#include "server/identity/users.h"
#include "tests/unit/server/identity/rows.h"

#include <check.h>
#include <stdio.h>

START_TEST(users_are_found_by_id_and_by_dni) {
    static const char *const rows[][ROW_COLUMNS] = {
        {"7", "Ana", "40000001", "ana@x.pe", "$2b$1", "70", "ADMIN", "Administrador", "16383"},
        {"9223372036854775807", "Beto", "40000002", "b@x.pe", "$2b$2", NULL, "NADA", "Nada", "0"}};
    PGresult *result = rows_new(2, rows);
    id_users *users = id_users_new(result);
    PQclear(result); /* nothing of it is kept */
    const id_user *ana = id_users_find(users, 7), *beto = id_users_by_dni(users, "40000002");
    ck_assert_ptr_nonnull(ana);
    ck_assert_int_eq(ana->caller.user_id, 7);
    ck_assert_int_eq(ana->caller.employee_id, 70);
    ck_assert_uint_eq(ana->caller.bits, 16383);
    ck_assert_str_eq(ana->name, "Ana");
    ck_assert_str_eq(ana->dni, "40000001");
    ck_assert_str_eq(ana->email, "ana@x.pe");
    ck_assert_str_eq(ana->hash, "$2b$1");
    ck_assert_str_eq(ana->role, "ADMIN");
    ck_assert_str_eq(ana->role_name, "Administrador");
    ck_assert_ptr_nonnull(beto);
    ck_assert_int_eq(beto->caller.user_id, 9223372036854775807);
    ck_assert_int_eq(beto->caller.employee_id, 0);
    ck_assert_uint_eq(beto->caller.bits, 0);
    ck_assert_ptr_null(id_users_find(users, 8));
    ck_assert_ptr_null(id_users_find(users, 0));
    ck_assert_ptr_null(id_users_by_dni(users, "4000000"));
    ck_assert_ptr_null(id_users_by_dni(users, ""));
    id_users_free(users);
}
END_TEST

START_TEST(an_empty_table_has_nobody) {
    PGresult *result = rows_new(0, NULL);
    id_users *users = id_users_new(result);
    ck_assert_ptr_nonnull(users);
    ck_assert_ptr_null(id_users_find(users, 1));
    ck_assert_ptr_null(id_users_by_dni(users, "1"));
    id_users_free(users);
    PQclear(result);
}
END_TEST

START_TEST(many_users_keep_apart) {
    enum { MANY = 3000 };
    static char ids[MANY][16], dnis[MANY][16];
    static const char *rows[MANY][ROW_COLUMNS];
    for (int i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof ids[i], "%d", i * 4096 + 1);
        snprintf(dnis[i], sizeof dnis[i], "%08d", i);
        const char *row[ROW_COLUMNS] = {ids[i], dnis[i], dnis[i], "e", "h", NULL, "R", "r", "1"};
        memcpy(rows[i], row, sizeof row);
    }
    PGresult *result = rows_new(MANY, rows);
    id_users *users = id_users_new(result);
    for (int i = 0; i < MANY; i++) {
        ck_assert_str_eq(id_users_find(users, i * 4096 + 1)->dni, dnis[i]);
        ck_assert_int_eq(id_users_by_dni(users, dnis[i])->caller.user_id, i * 4096 + 1);
        ck_assert_ptr_null(id_users_find(users, i * 4096 + 2));
    }
    id_users_free(users);
    PQclear(result);
}
END_TEST

START_TEST(rows_of_something_else_are_refused) {
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    ck_assert_ptr_null(id_users_new(result));
    PQclear(result);
    id_users_free(NULL);
}
END_TEST

int main(void) {
    Suite *s = suite_create("users");
    TCase *c = tcase_create("users");
    tcase_add_test(c, users_are_found_by_id_and_by_dni);
    tcase_add_test(c, an_empty_table_has_nobody);
    tcase_add_test(c, many_users_keep_apart);
    tcase_add_test(c, rows_of_something_else_are_refused);
    suite_add_tcase(s, c);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
