#include "pendientes/check.h"

#include "tests/unit/lib/sample.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static pd_arena *arena;
static pd_status status;

static void setup(void) {
    arena = pd_arena_new();
}

static void teardown(void) {
    pd_arena_free(arena);
}

static bool check_bytes(const void *bytes, size_t len) {
    status = (pd_status){0};
    uint8_t *copy = malloc(len ? len : 1);
    memcpy(copy, bytes, len);
    bool good = pd_wire_check(&sample_message, copy, len, arena, &status);
    /* Whatever passes must unpack. */
    ProtobufCMessage *unpacked = protobuf_c_message_unpack(&sample_type, pd_arena_protobuf(arena), len, copy);
    if (good)
        ck_assert_ptr_nonnull(unpacked);
    free(copy);
    ck_assert(good == (status.code == PD_OK));
    return good;
}

#define ACCEPTED(bytes) ck_assert_msg(check_bytes(bytes, sizeof bytes - 1), "%s", pd_status_message(&status, arena))
#define REFUSED(bytes, message)                                                                                        \
    do {                                                                                                               \
        ck_assert(!check_bytes(bytes, sizeof bytes - 1));                                                              \
        ck_assert_int_eq(status.code, PD_INVALID_ARGUMENT);                                                            \
        ck_assert_str_eq(pd_status_message(&status, arena), message);                                                  \
    } while (0)
#define BROKEN "El mensaje binario no es válido: "

START_TEST(what_protobuf_c_packs_is_accepted) {
    part piece = {PROTOBUF_C_MESSAGE_INIT(&part_type), (char *)"u", 1, -1};
    sample value;
    sample_init(&value.base);
    value = (sample){.base = value.base,
                     .has_id = 1,
                     .id = -1,
                     .text = (char *)"ñ",
                     .free_text = (char *)"",
                     .has_color = 1,
                     .color = 5,
                     .has_active = 1,
                     .has_vlan = 1,
                     .vlan = INT32_MIN,
                     .n_ids = 3,
                     .ids = (int64_t[]){INT64_MIN, 0, INT64_MAX},
                     .n_parts = 2,
                     .parts = (part *[]){&piece, &piece},
                     .part = &piece,
                     .n_colors = 2,
                     .colors = (int[]){0, 5},
                     .has_count = 1,
                     .count = UINT32_MAX,
                     .n_texts = 1,
                     .texts = (char *[]){(char *)""},
                     .has_big = 1,
                     .big = UINT64_MAX};
    size_t len = protobuf_c_message_get_packed_size(&value.base);
    uint8_t *bytes = pd_arena_alloc(arena, len);
    protobuf_c_message_pack(&value.base, bytes);
    ck_assert_msg(check_bytes(bytes, len), "%s", pd_status_message(&status, arena));
    /* Cut anywhere, or with any bit turned, it is judged without harm, and what passes unpacks. */
    for (size_t i = 0; i < len; i++)
        check_bytes(bytes, i);
    for (size_t bit = 0; bit < len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        check_bytes(bytes, len);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert(check_bytes("", 0));
}
END_TEST

START_TEST(texts) {
    ACCEPTED("\x12\x02ñ");
    REFUSED("\x12\x02\xc3(", "texto: no es UTF-8 válido");
    REFUSED("\x12\x03"
            "a\0b",
            "texto: contiene el carácter NUL");
    REFUSED("\x5a\x03\xed\xa0\x80", "clave: no es UTF-8 válido");
    REFUSED("\x8a\x01\x01"
            "a\x8a\x01\x01\xff",
            "textos[1]: no es UTF-8 válido");
    REFUSED("\xa2\x06\x01\xff", "limpiar[0]: no es UTF-8 válido");
}
END_TEST

START_TEST(numbers) {
    ACCEPTED("\x20\x05");
    REFUSED("\x20\x02", "color: debe ser uno de: ROJO, VERDE, AZUL");
    REFUSED("\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "color: debe ser uno de: ROJO, VERDE, AZUL");
    REFUSED("\x20\x85\x80\x80\x80\x10", "color: debe ser uno de: ROJO, VERDE, AZUL"); /* 2^32 + 5 */
    ACCEPTED("\x7a\x02\x00\x05");
    REFUSED("\x7a\x02\x00\x02", "colores[1]: debe ser uno de: ROJO, VERDE, AZUL");
    REFUSED("\x78\x00\x78\x03", "colores[1]: debe ser uno de: ROJO, VERDE, AZUL");
    ACCEPTED("\x50\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    REFUSED("\x50\x80\x80\x80\x80\x08", "vlan: debe ser un número entero entre 1 y 4094");
    ACCEPTED("\x80\x01\xff\xff\xff\xff\x0f");
    REFUSED("\x80\x01\x80\x80\x80\x80\x10", "cuenta: debe ser un número entero mayor o igual que 2");
    ACCEPTED("\x48\x02");
}
END_TEST

START_TEST(wire_types) {
    REFUSED("\x0a\x01\x01", "elId: debe ser un número entero dentro de su rango");
    REFUSED("\x10\x01", "texto: debe ser un texto");
    REFUSED("\x09\x01\x02\x03\x04\x05\x06\x07\x08", "elId: debe ser un número entero dentro de su rango");
    REFUSED("\x70\x01", "parte: debe ser un objeto");
    REFUSED("\x68\x01", "partes: debe ser un objeto");
    REFUSED("\x0b\x0c", "elId: debe ser un número entero dentro de su rango"); /* a group */
}
END_TEST

START_TEST(broken_bytes) {
    REFUSED("\x08", BROKEN "un número está incompleto");
    REFUSED("\x08\x80", BROKEN "un número está incompleto");
    REFUSED("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", BROKEN "un número está incompleto");
    REFUSED("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", BROKEN "un número está incompleto");
    REFUSED("\x12", BROKEN "un texto está incompleto");
    REFUSED("\x12\x05"
            "abc",
            BROKEN "un texto está incompleto");
    REFUSED("\x12\xff\xff\xff\xff\x0f", BROKEN "un texto está incompleto");
    REFUSED("\x12\xff\xff\xff\xff\xff\x01", BROKEN "un texto está incompleto");
    REFUSED("\x62\x05\x01", BROKEN "una lista está incompleta");
    REFUSED("\x62\x02\x01\x80", BROKEN "un número está incompleto");
    REFUSED("\x72\x03\x0a\x01", BROKEN "una parte está incompleta");
    REFUSED("\x72\x02\x0a\x01", BROKEN "un texto está incompleto"); /* the part ends, the message could go on */
    REFUSED("\x00\x01", BROKEN "un campo no tiene número");
    REFUSED("\x80", BROKEN "un campo no tiene número");
    REFUSED("\xff\xff\xff\xff\x7f", BROKEN "un campo no tiene número");
    REFUSED("\x80\x80\x80\x80\x80\x01", BROKEN "un campo no tiene número");
}
END_TEST

START_TEST(unknown_fields_are_skipped) {
    ACCEPTED("\x98\x06\x01\x99\x06........\x9a\x06\x01.\x9d\x06....");
    REFUSED("\x98\x06\x80", BROKEN "un campo desconocido está incompleto");
    REFUSED("\x99\x06.......", BROKEN "un campo desconocido está incompleto");
    REFUSED("\x9a\x06\x02.", BROKEN "un campo desconocido está incompleto");
    REFUSED("\x9d\x06...", BROKEN "un campo desconocido está incompleto");
    REFUSED("\x9b\x06\x9c\x06", BROKEN "un campo desconocido está incompleto");
    REFUSED("\x9e\x06", BROKEN "un campo desconocido está incompleto");
}
END_TEST

START_TEST(lists_are_bounded) {
    ACCEPTED("\x60\x01\x62\x02\x02\x03");
    REFUSED("\x60\x01\x62\x03\x02\x03\x04", "ids: debe tener como máximo 3 elementos");
    REFUSED("\x60\x01\x60\x01\x60\x01\x60\x01", "ids: debe tener como máximo 3 elementos");
    uint8_t *many = pd_arena_alloc(arena, 2 * 100001);
    for (size_t i = 0; i < 1001; i++)
        memcpy(many + 2 * i, "\x6a", 2);
    ck_assert(check_bytes(many, 2000));
    ck_assert(!check_bytes(many, 2002));
    ck_assert_str_eq(pd_status_message(&status, arena), "partes: debe tener como máximo 1000 elementos");
    for (size_t i = 0; i < 100001; i++)
        memcpy(many + 2 * i, "\x08\x01", 2);
    ck_assert(check_bytes(many, 2 * 100000));
    ck_assert(!check_bytes(many, 2 * 100001));
    ck_assert_str_eq(pd_status_message(&status, arena), BROKEN "tiene demasiados campos");
}
END_TEST

START_TEST(parts_are_walked) {
    ACCEPTED("\x6a\x03\x0a\x01u\x72\x02\x10\x01");
    REFUSED("\x6a\x03\x0a\x01u\x6a\x03\x0a\x01\xff", "partes[1].url: no es UTF-8 válido");
    REFUSED("\x72\x02\x08\x01", "parte.url: debe ser un texto");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("wire");
    TCase *tests = tcase_create("wire");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, what_protobuf_c_packs_is_accepted);
    tcase_add_test(tests, texts);
    tcase_add_test(tests, numbers);
    tcase_add_test(tests, wire_types);
    tcase_add_test(tests, broken_bytes);
    tcase_add_test(tests, unknown_fields_are_skipped);
    tcase_add_test(tests, lists_are_bounded);
    tcase_add_test(tests, parts_are_walked);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
