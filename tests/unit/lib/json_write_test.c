#include "pendientes/json.h"

#include "tests/unit/lib/sample.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static pd_arena *arena;
static sample value;

static void setup(void) {
    arena = pd_arena_new();
    sample_init(&value.base);
}

static void teardown(void) {
    pd_arena_free(arena);
}

static const char *text_of(pd_text *text) {
    return pd_arena_memdup(arena, text->at, text->len);
}

static const char *written(void) {
    pd_text out = {.arena = arena};
    pd_json_write(&sample_message, &value.base, &out);
    return text_of(&out);
}

static const char empty[] =
    "{\"elId\":null,\"texto\":null,\"libre\":null,\"color\":null,\"monto\":null,\"fecha\":null,"
    "\"hora\":null,\"cuando\":null,\"activo\":null,\"vlan\":null,\"clave\":null,\"ids\":[],"
    "\"partes\":[],\"parte\":null,\"colores\":[],\"cuenta\":null,\"textos\":[],\"grande\":null}";

START_TEST(absent_is_null_and_limpiar_hidden) {
    ck_assert_str_eq(written(), empty);
    value.n_clear = 1;
    value.clear = (char *[]){(char *)"libre"};
    ck_assert_str_eq(written(), empty);
}
END_TEST

START_TEST(every_kind_of_field) {
    part first = {PROTOBUF_C_MESSAGE_INIT(&part_type), (char *)"a", 0, 0};
    part second = {PROTOBUF_C_MESSAGE_INIT(&part_type), NULL, 1, -2};
    value = (sample){.base = value.base,
                     .has_id = 1,
                     .id = INT64_MIN,
                     .text = (char *)"",
                     .has_color = 1,
                     .color = 5,
                     .amount = (char *)"50",
                     .date = (char *)"2026-07-10",
                     .has_active = 1,
                     .active = 1,
                     .has_vlan = 1,
                     .vlan = INT32_MIN,
                     .n_ids = 2,
                     .ids = (int64_t[]){INT64_MAX, 0},
                     .n_parts = 2,
                     .parts = (part *[]){&first, &second},
                     .part = &first,
                     .n_colors = 2,
                     .colors = (int[]){0, 7},
                     .has_count = 1,
                     .count = UINT32_MAX,
                     .n_texts = 2,
                     .texts = (char *[]){(char *)"", (char *)"x"},
                     .has_big = 1,
                     .big = UINT64_MAX};
    ck_assert_str_eq(written(),
                     "{\"elId\":-9223372036854775808,\"texto\":\"\",\"libre\":null,\"color\":\"AZUL\",\"monto\":50.00,"
                     "\"fecha\":\"2026-07-10\",\"hora\":null,\"cuando\":null,\"activo\":true,\"vlan\":-2147483648,"
                     "\"clave\":null,\"ids\":[9223372036854775807,0],"
                     "\"partes\":[{\"url\":\"a\",\"n\":null},{\"url\":null,\"n\":-2}],"
                     "\"parte\":{\"url\":\"a\",\"n\":null},\"colores\":[\"ROJO\",null],\"cuenta\":4294967295,"
                     "\"textos\":[\"\",\"x\"],\"grande\":18446744073709551615}");
    /* has_ decides, not the value */
    value.has_color = 0;
    value.has_active = 1;
    value.active = 0;
    ck_assert_ptr_nonnull(strstr(written(), "\"color\":null"));
    ck_assert_ptr_nonnull(strstr(written(), "\"activo\":false"));
}
END_TEST

START_TEST(strings_are_escaped) {
    pd_text out = {.arena = arena};
    static const char all[] = "\"\\/\b\f\n\r\t\x01\x1f\x7fñ\xf0\x9f\x98\x80</script>";
    pd_text_quoted(&out, all, sizeof all - 1);
    ck_assert_str_eq(text_of(&out), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7fñ\xf0\x9f\x98\x80</script>\"");
    out.len = 0;
    pd_text_quoted(&out, "a\0b", 3);
    ck_assert_str_eq(text_of(&out), "\"a\\u0000b\"");
    out.len = 0;
    pd_text_quoted(&out, "", 0);
    ck_assert_str_eq(text_of(&out), "\"\"");
}
END_TEST

START_TEST(escapes_at_every_place_of_a_word) {
    for (size_t len = 1; len < 40; len++)
        for (size_t at = 0; at < len; at++)
            for (const char *special = "\"\\\n\x1f"; *special; special++) {
                char text[40], *want = pd_arena_alloc(arena, 64), *end = want;
                memset(text, at % 2 ? ' ' : '!', len);
                text[at] = *special;
                *end++ = '"';
                memset(end, at % 2 ? ' ' : '!', at);
                end += at;
                end = stpcpy(end, *special == '"'    ? "\\\""
                                  : *special == '\\' ? "\\\\"
                                  : *special == '\n' ? "\\n"
                                                     : "\\u001f");
                memset(end, at % 2 ? ' ' : '!', len - at - 1);
                end += len - at - 1;
                strcpy(end, "\"");
                pd_text out = {.arena = arena};
                pd_text_quoted(&out, text, len);
                ck_assert_str_eq(text_of(&out), want);
            }
}
END_TEST

START_TEST(texts_grow) {
    pd_text out = {.arena = arena};
    char piece[1000];
    memset(piece, 'x', sizeof piece);
    for (int i = 0; i < 300; i++) {
        pd_text_add(&out, piece, sizeof piece);
        pd_text_str(&out, "|");
    }
    ck_assert_uint_eq(out.len, 300300);
    for (size_t i = 0; i < out.len; i++)
        ck_assert_int_eq(out.at[i], i % 1001 == 1000 ? '|' : 'x');
    pd_text_add(&out, NULL, 0);
    char *controls = pd_arena_alloc(arena, 100000);
    memset(controls, 1, 100000);
    out.len = 0;
    pd_text_quoted(&out, controls, 100000);
    ck_assert_uint_eq(out.len, 600002);
}
END_TEST

START_TEST(what_is_written_reads_back) {
    static const char json[] =
        "{\"elId\":7,\"texto\":\"a\\\"\\u0001ñ\",\"libre\":null,\"color\":\"VERDE\",\"monto\":0.07,"
        "\"fecha\":\"2026-07-10\",\"hora\":null,\"cuando\":null,\"activo\":true,\"vlan\":4094,"
        "\"clave\":null,\"ids\":[1,2],\"partes\":[{\"url\":\"u\",\"n\":null}],\"parte\":null,"
        "\"colores\":[\"AZUL\"],\"cuenta\":9,\"textos\":[\"\"],\"grande\":null}";
    pd_status status = {0};
    ck_assert_msg(pd_json_read(&sample_message, json, sizeof json - 1, true, &value.base, NULL, arena, &status), "%s",
                  pd_status_message(&status, arena));
    ck_assert_str_eq(written(), json);
}
END_TEST

START_TEST(the_body_is_the_reply_or_one_field) {
    pd_method method = {.reply = &sample_message, .response_index = -1};
    pd_text out = {.arena = arena};
    pd_json_write_body(&method, &value.base, &out);
    ck_assert_str_eq(text_of(&out), empty);
    value.n_ids = 2;
    value.ids = (int64_t[]){1, 2};
    method.response_index = 11;
    out.len = 0;
    pd_json_write_body(&method, &value.base, &out);
    ck_assert_str_eq(text_of(&out), "[1,2]");
    method.response_index = 12;
    out.len = 0;
    pd_json_write_body(&method, &value.base, &out);
    ck_assert_str_eq(text_of(&out), "[]");
    method.response_index = 13;
    out.len = 0;
    pd_json_write_body(&method, &value.base, &out);
    ck_assert_str_eq(text_of(&out), "null");
}
END_TEST

START_TEST(a_message_without_fields) {
    static const ProtobufCMessageDescriptor type = {.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC};
    static const pd_message message = {.type = &type, .clear_index = -1};
    ProtobufCMessage nothing = PROTOBUF_C_MESSAGE_INIT(&type);
    pd_text out = {.arena = arena};
    pd_json_write(&message, &nothing, &out);
    ck_assert_str_eq(text_of(&out), "{}");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("json_write");
    TCase *tests = tcase_create("json_write");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, absent_is_null_and_limpiar_hidden);
    tcase_add_test(tests, every_kind_of_field);
    tcase_add_test(tests, strings_are_escaped);
    tcase_add_test(tests, escapes_at_every_place_of_a_word);
    tcase_add_test(tests, texts_grow);
    tcase_add_test(tests, what_is_written_reads_back);
    tcase_add_test(tests, the_body_is_the_reply_or_one_field);
    tcase_add_test(tests, a_message_without_fields);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
