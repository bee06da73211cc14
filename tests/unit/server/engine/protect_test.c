#include "server/engine/protect.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "ff0102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f"

static pd_arena *arena;
static char path[64];

static void setup(void) {
    arena = pd_arena_new();
    strcpy(path, "/tmp/protect_test.XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void teardown(void) {
    unlink(path);
    pd_arena_free(arena);
}

static en_keys *load(const char *text, const char **error) {
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    return en_keys_load(path, error);
}

static en_keys *good(const char *text) {
    const char *error = NULL;
    en_keys *keys = load(text, &error);
    ck_assert_msg(keys != NULL, "%s", error);
    ck_assert_ptr_null(error);
    return keys;
}

static uint8_t *seal(const en_keys *keys, const char *text, size_t *len) {
    uint8_t *sealed = NULL;
    pd_status status = {0};
    ck_assert(en_seal(keys, "ppoe_password", 67, text, arena, &sealed, len, &status));
    return sealed;
}

static void check_closed(const en_keys *keys, const char *column, int64_t order, const uint8_t *sealed, size_t len) {
    pd_status status = {0};
    ck_assert_ptr_null(en_open(keys, column, order, sealed, len, arena, &status));
    ck_assert_int_eq(status.code, PD_DATA_LOSS);
    ck_assert_ptr_null(strstr(status.message, "secreto"));
}

START_TEST(what_is_sealed_opens) {
    en_keys *keys = good("k1 " KEY_A "\n");
    static const char *const texts[] = {"secreto", "", "contraseña con espacios"};
    for (size_t i = 0; i < 3; i++) {
        size_t len = 0;
        pd_status status = {0};
        uint8_t *sealed = seal(keys, texts[i], &len);
        ck_assert_uint_eq(len, 2 + 2 + 12 + strlen(texts[i]) + 16);
        ck_assert_uint_eq(sealed[0], 1);
        ck_assert_uint_eq(sealed[1], 2);
        ck_assert_mem_eq(sealed + 2, "k1", 2);
        ck_assert_str_eq(en_open(keys, "ppoe_password", 67, sealed, len, arena, &status), texts[i]);
    }
    en_keys_free(keys);
}
END_TEST

/* The nonce stands behind two bytes and the key's id. */
static bool same_nonce(const uint8_t *one, const uint8_t *two) {
    return memcmp(one + 4, two + 4, 12) == 0;
}

START_TEST(the_same_seals_alike_and_nothing_else_does) {
    en_keys *keys = good("k1 " KEY_A "\n"), *other = good("k1 " KEY_B "\n");
    static const struct {
        const char *column;
        int64_t order;
        const char *text;
    } others[] = {{"ppoe_password", 68, "secreto"},
                  {"ppoe_passwor", 67, "secreto"},
                  {"ppoe_password", 67, "secretO"},
                  {"ppoe_password", 67, ""},
                  {"ppoe_password", 6, "7secreto"}};
    size_t len = 0, n = 0;
    pd_status status = {0};
    uint8_t *one = seal(keys, "secreto", &len), *two = seal(keys, "secreto", &len), *sealed = NULL;
    ck_assert_mem_eq(one, two, len);
    ck_assert_ptr_null(memmem(one, len, "secreto", 7));
    ck_assert(!same_nonce(one, seal(other, "secreto", &len)));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ck_assert(en_seal(keys, others[i].column, others[i].order, others[i].text, arena, &sealed, &n, &status));
        ck_assert_msg(!same_nonce(one, sealed), "number %zu", i);
    }
    en_keys_free(keys);
    en_keys_free(other);
}
END_TEST

START_TEST(no_altered_bit_opens) {
    en_keys *keys = good("k1 " KEY_A "\n");
    size_t len = 0;
    uint8_t *sealed = seal(keys, "secreto", &len);
    for (size_t i = 0; i < len; i++) {
        sealed[i] ^= 1;
        check_closed(keys, "ppoe_password", 67, sealed, len);
        sealed[i] ^= 1;
    }
    for (size_t n = 0; n < len; n++) {
        check_closed(keys, "ppoe_password", 67, sealed, n);
    }
    en_keys_free(keys);
}
END_TEST

START_TEST(a_value_belongs_to_its_order_and_column) {
    en_keys *keys = good("k1 " KEY_A "\n"), *other = good("k1 " KEY_B "\n");
    size_t len = 0;
    uint8_t *sealed = seal(keys, "secreto", &len);
    check_closed(keys, "ppoe_password", 68, sealed, len);
    check_closed(keys, "otra", 67, sealed, len);
    check_closed(other, "ppoe_password", 67, sealed, len);
    check_closed(NULL, "ppoe_password", 67, sealed, len);
    en_keys_free(keys);
    en_keys_free(other);
}
END_TEST

START_TEST(the_first_key_seals_and_all_open) {
    en_keys *old = good("viejo " KEY_A "\n"), *both = good("# rotación\n\nnuevo " KEY_B "\nviejo\t" KEY_A);
    size_t len = 0;
    pd_status status = {0};
    uint8_t *sealed = seal(old, "secreto", &len);
    ck_assert_str_eq(en_open(both, "ppoe_password", 67, sealed, len, arena, &status), "secreto");
    sealed = seal(both, "secreto", &len);
    ck_assert_mem_eq(sealed + 2, "nuevo", 5);
    check_closed(old, "ppoe_password", 67, sealed, len);
    en_keys_free(old);
    en_keys_free(both);
}
END_TEST

START_TEST(sealing_without_keys_is_an_error) {
    uint8_t *sealed = NULL;
    size_t len = 0;
    pd_status status = {0};
    ck_assert(!en_seal(NULL, "ppoe_password", 67, "secreto", arena, &sealed, &len, &status));
    ck_assert_int_eq(status.code, PD_INTERNAL);
    ck_assert_ptr_null(strstr(status.message, "secreto"));
}
END_TEST

START_TEST(a_wrong_key_file_is_refused_without_showing_it) {
    static const char *const files[] = {
        "",
        "# nada\n",
        "k1\n",
        "k1 " KEY_A "00\n",
        "k1 00\n",
        "k1 g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
        "k1 " KEY_A " más\n",
        "k1 " KEY_A "\nk1 " KEY_B "\n",
        "un_identificador_de_mas_de_32_bytes " KEY_A "\n",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *error = NULL;
        ck_assert_msg(load(files[i], &error) == NULL, "accepted: %s", files[i]);
        ck_assert_ptr_nonnull(strstr(error, path));
        ck_assert_ptr_null(strstr(error, "0102030405"));
    }
    const char *error = NULL;
    ck_assert_ptr_null(en_keys_load("/nonexistent/keys", &error));
    ck_assert_ptr_nonnull(strstr(error, "/nonexistent/keys"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("protect");
    TCase *tests = tcase_create("protect");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, what_is_sealed_opens);
    tcase_add_test(tests, the_same_seals_alike_and_nothing_else_does);
    tcase_add_test(tests, no_altered_bit_opens);
    tcase_add_test(tests, a_value_belongs_to_its_order_and_column);
    tcase_add_test(tests, the_first_key_seals_and_all_open);
    tcase_add_test(tests, sealing_without_keys_is_an_error);
    tcase_add_test(tests, a_wrong_key_file_is_refused_without_showing_it);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
