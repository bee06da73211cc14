/* The bodies of answers, and which status they have. */
#include "gateway/answer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static pd_arena *arena;
static pd_text out;

static void setup(void) {
    arena = pd_arena_new();
    out = (pd_text){.arena = arena};
}

static void teardown(void) {
    pd_arena_free(arena);
}

static const char *text(void) {
    return pd_arena_memdup(arena, out.at, out.len);
}

static const pd_method *method(const char *name) {
    const pd_method *found = pd_method_find(name, strlen(name));
    ck_assert_ptr_nonnull(found);
    return found;
}

START_TEST(test_problem) {
    pd_status status = {0};
    pd_status_set(&status, arena, PD_NOT_FOUND, "Avería no encontrada con pendienteId: %d", 42);
    gw_write_problem(&out, 404, &status, "req-1");
    ck_assert_str_eq(text(), "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                             "\"detail\":\"Avería no encontrada con pendienteId: 42\",\"instance\":\"req-1\","
                             "\"code\":\"NOT_FOUND\",\"errors\":[]}");
}
END_TEST

START_TEST(test_problem_with_fields) {
    pd_status status = {0};
    pd_status_field(&status, arena, "lugarDestino", "es \"obligatorio\"");
    pd_status_field(&status, arena, "vlan", "debe estar entre 1 y 4094");
    gw_write_problem(&out, 400, &status, "r");
    const char *body = text();
    ck_assert_ptr_nonnull(strstr(body, "\"code\":\"INVALID_ARGUMENT\",\"errors\":[{\"field\":\"lugarDestino\","
                                       "\"detail\":\"es \\\"obligatorio\\\"\"},{\"field\":\"vlan\","
                                       "\"detail\":\"debe estar entre 1 y 4094\"}]}"));
    ck_assert_ptr_nonnull(strstr(body, "\"detail\":\"lugarDestino: es"));
    ck_assert_ptr_nonnull(strstr(body, "\"title\":\"Bad Request\",\"status\":400"));
}
END_TEST

/* Where the contract fixes another code than the core's. */
START_TEST(test_code_of_status) {
    pd_status body = {.code = PD_ABORTED, .reason = PD_REASON_OTHER_BODY, .message = "m"};
    pd_status stale = {.code = PD_ABORTED, .reason = PD_REASON_STALE, .message = "m"};
    ck_assert_int_eq(gw_http_of(&body), 422);
    ck_assert_int_eq(gw_http_of(&stale), 412);
    gw_write_problem(&out, 422, &body, "r");
    ck_assert_ptr_nonnull(strstr(text(), "\"code\":\"INVALID_ARGUMENT\""));
    out.len = 0;
    gw_write_problem(&out, 412, &stale, "r");
    ck_assert_ptr_nonnull(strstr(text(), "\"code\":\"FAILED_PRECONDITION\""));
}
END_TEST

static const struct {
    pd_code code;
    int http;
} map[] = {
    {PD_INVALID_ARGUMENT, 400},   {PD_FAILED_PRECONDITION, 400}, {PD_OUT_OF_RANGE, 400},   {PD_UNAUTHENTICATED, 401},
    {PD_PERMISSION_DENIED, 403},  {PD_NOT_FOUND, 404},           {PD_ALREADY_EXISTS, 409}, {PD_ABORTED, 409},
    {PD_RESOURCE_EXHAUSTED, 429}, {PD_CANCELLED, 499},           {PD_INTERNAL, 500},       {PD_UNKNOWN, 500},
    {PD_DATA_LOSS, 500},          {PD_UNIMPLEMENTED, 501},       {PD_UNAVAILABLE, 503},    {PD_DEADLINE_EXCEEDED, 504},
};

START_TEST(test_status_map) {
    pd_status status = {.code = map[_i].code};
    ck_assert_int_eq(gw_http_of(&status), map[_i].http);
    ck_assert_str_ne(gw_reason(map[_i].http), "Error");
}
END_TEST

START_TEST(test_refused_envelope) {
    pd_status status = {.code = PD_PERMISSION_DENIED, .message = "No tienes permisos"};
    gw_write_refused_envelope(&out, 403, &status);
    ck_assert_str_eq(text(), "{\"success\":false,\"code\":403,\"message\":\"No tienes permisos\",\"data\":null}");
}
END_TEST

START_TEST(test_success) {
    const pd_method *get = method("pendientes.v1.Averias/Obtener");
    ProtobufCMessage *value = pd_arena_zalloc(arena, get->reply->type->sizeof_message);
    protobuf_c_message_init(get->reply->type, value);
    gw_write_success(&out, get, value, NULL);
    const char *bare = text();
    ck_assert_ptr_nonnull(strstr(bare, "\"descripcionFalla\":null"));
    out.len = 0;
    gw_write_success(&out, get, value, "Leído");
    ck_assert_str_eq(text(),
                     pd_arena_printf(arena, "{\"success\":true,\"code\":200,\"message\":\"Leído\",\"data\":%s}", bare));
}
END_TEST

/* A reply without fields. */
START_TEST(test_empty_success) {
    static const ProtobufCMessageDescriptor type = {.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
                                                    .sizeof_message = sizeof(ProtobufCMessage)};
    static const pd_message message = {.type = &type, .clear_index = -1};
    const pd_method deletes = {.reply = &message, .text_index = -1, .response_index = -1};
    ProtobufCMessage value = {.descriptor = &type};
    gw_write_success(&out, &deletes, &value, NULL);
    ck_assert_str_eq(text(), "{}");
    out.len = 0;
    gw_write_success(&out, &deletes, &value, "Eliminado");
    ck_assert_str_eq(text(), "{\"success\":true,\"code\":200,\"message\":\"Eliminado\",\"data\":null}");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("gateway/answer");
    TCase *tests = tcase_create("answer");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, test_problem);
    tcase_add_test(tests, test_problem_with_fields);
    tcase_add_test(tests, test_code_of_status);
    tcase_add_loop_test(tests, test_status_map, 0, sizeof map / sizeof *map);
    tcase_add_test(tests, test_refused_envelope);
    tcase_add_test(tests, test_success);
    tcase_add_test(tests, test_empty_success);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
