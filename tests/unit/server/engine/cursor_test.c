#include "server/engine/cursor.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t secret[32] = "0123456789abcdef0123456789abcde", other_secret[32] = {1};
static const en_order order = {"a.B/C", "lugar", true};
static pd_arena *arena;

static void setup(void) {
    arena = pd_arena_new();
}

static void teardown(void) {
    pd_arena_free(arena);
}

START_TEST(a_place_comes_back) {
    static const char *const keys[] = {NULL, "", "PUNO", "Ñandú 100%", "2026-07-10 09:00:00.123456-05"};
    static const int64_t ids[] = {0, 1, -1, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *text = en_cursor_seal(secret, &order, keys[i], ids[i], arena), *key = "x";
        int64_t id = 7;
        ck_assert_uint_eq(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                          strlen(text));
        ck_assert(en_cursor_open(secret, &order, text, arena, &key, &id));
        ck_assert_int_eq(id, ids[i]);
        ck_assert(keys[i] ? strcmp(key, keys[i]) == 0 : key == NULL);
    }
}
END_TEST

START_TEST(only_its_own_order_opens_it) {
    const en_order others[] = {{"a.B/C", "lugar", false}, {"a.B/C", "tipo", true}, {"a.B/D", "lugar", true}};
    const char *text = en_cursor_seal(secret, &order, "PUNO", 42, arena), *key = NULL;
    int64_t id = 0;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert(!en_cursor_open(secret, &others[i], text, arena, &key, &id));
    ck_assert(!en_cursor_open(other_secret, &order, text, arena, &key, &id));
}
END_TEST

START_TEST(what_was_changed_does_not_open) {
    char *text = pd_arena_strdup(arena, en_cursor_seal(secret, &order, "PUNO", 42, arena));
    const char *key = NULL;
    int64_t id = 0;
    size_t len = strlen(text);
    for (size_t i = 0; i < len - 1; i++) { /* the last holds bits that are not read */
        char was = text[i];
        text[i] = was == 'A' ? 'B' : 'A';
        ck_assert(!en_cursor_open(secret, &order, text, arena, &key, &id));
        text[i] = was;
    }
    for (; len > 0; len--) {
        text[len - 1] = '\0';
        ck_assert(!en_cursor_open(secret, &order, text, arena, &key, &id));
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cursor");
    TCase *tcase = tcase_create("cursor");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_place_comes_back);
    tcase_add_test(tcase, only_its_own_order_opens_it);
    tcase_add_test(tcase, what_was_changed_does_not_open);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
