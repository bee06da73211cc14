#include "lib/frame.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static pd_arena *arena;

static void setup(void) {
    arena = pd_arena_new();
}

static void teardown(void) {
    pd_arena_free(arena);
}

static pd_wire_call sample(uint32_t id, const char *data) {
    pd_wire_call call = PENDIENTES__RPC__LLAMADA__INIT;
    call.has_id = call.has_plazo_ms = call.has_datos = true;
    call.id = id;
    call.plazo_ms = 5000;
    call.metodo = (char *)"pendientes.v1.Averias/Obtener";
    call.datos.data = (uint8_t *)(uintptr_t)data;
    call.datos.len = strlen(data);
    return call;
}

START_TEST(calls_go_through) {
    pd_wire_call a = sample(0, "uno"), b = sample(7, "");
    pd_wire_call *calls[] = {&a, &b};
    nng_msg *msg = pd_frame_pack(calls, 2);
    ck_assert_ptr_nonnull(msg);
    ck_assert_uint_le(nng_msg_len(msg), pd_frame_size(&a) + pd_frame_size(&b));
    uint8_t nul[PD_FRAME_CALLS];
    size_t n;
    ck_assert(pd_frame_check(nng_msg_body(msg), nng_msg_len(msg), nul, &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(nul[0] | nul[1], 0);
    Pendientes__Rpc__Peticion *frame = pd_frame_unpack(arena, nng_msg_body(msg), nng_msg_len(msg));
    ck_assert_uint_eq(frame->n_llamadas, 2);
    ck_assert_uint_eq(frame->llamadas[1]->id, 7);
    ck_assert_mem_eq(frame->llamadas[0]->datos.data, "uno", 3);
    ck_assert_ptr_null(frame->llamadas[0]->clave);
    nng_msg_free(msg);
}
END_TEST

START_TEST(sizes_hold_for_any_id_and_deadline) {
    pd_wire_call call = sample(0, "x");
    call.plazo_ms = 1;
    size_t size = pd_frame_size(&call);
    call.id = UINT32_MAX;
    call.plazo_ms = UINT32_MAX;
    pd_wire_call *calls[] = {&call};
    nng_msg *msg = pd_frame_pack(calls, 1);
    ck_assert_uint_le(nng_msg_len(msg), size);
    nng_msg_free(msg);
}
END_TEST

static bool check(const void *bytes, size_t len, size_t *n, uint8_t *nul) {
    return pd_frame_check(bytes, len, nul, n);
}

START_TEST(broken_frames_are_refused) {
    uint8_t nul[PD_FRAME_CALLS];
    size_t n;
    ck_assert(!check("", 0, &n, nul));
    ck_assert(!check("\x0a\x05xx", 4, &n, nul));       /* shorter than it says */
    ck_assert(!check("\x08\x01", 2, &n, nul));         /* a number where calls belong */
    ck_assert(!check("\x12\x00", 2, &n, nul));         /* another field */
    ck_assert(!check("\x0a\x02\x0b\x0c", 4, &n, nul)); /* a group */
    ck_assert(!check("\x0a\x02\x00\x00", 4, &n, nul)); /* field 0 */
    ck_assert(!check("\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12, &n, nul)); /* endless varint */
    ck_assert(!check("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, &n, nul));     /* 2^64 - 1 bytes */
    ck_assert(check("\x0a\x00", 2, &n, nul));
    ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(at_most_256_calls_and_64_fields) {
    uint8_t nul[PD_FRAME_CALLS], bytes[2 * 257];
    size_t n;
    for (size_t i = 0; i < sizeof bytes; i += 2)
        memcpy(bytes + i, "\x0a\x00", 2);
    ck_assert(check(bytes, 512, &n, nul));
    ck_assert_uint_eq(n, 256);
    ck_assert(!check(bytes, 514, &n, nul));
    uint8_t call[3 + 130] = {0x0a, 0x80, 0x01};
    for (size_t i = 0; i < 65; i++)
        memcpy(call + 3 + 2 * i, "\x78\x01", 2); /* unknown field 15 */
    ck_assert(check(call, 3 + 128, &n, nul));
    call[1] = 0x82;
    ck_assert(!check(call, 3 + 130, &n, nul));
}
END_TEST

START_TEST(nul_in_texts_is_found) {
    uint8_t nul[PD_FRAME_CALLS];
    size_t n;
    ck_assert(check("\x0a\x00\x0a\x05\x42\x03"
                    "a\0b",
                    9, &n, nul));
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(nul[0], 0);
    ck_assert_uint_eq(nul[1], 8);
    ck_assert(check("\x0a\x05\x2a\x03"
                    "a\0b",
                    7, &n, nul)); /* datos are bytes */
    ck_assert_uint_eq(nul[0], 0);
}
END_TEST

START_TEST(statuses_go_through) {
    pd_status in = {0}, out;
    pd_status_field(&in, arena, "lugarDestino", "no puede estar vacío");
    pd_status_field(&in, arena, "cliente.nombre", "es obligatorio");
    in.retry_ms = 1500;
    in.reason = PD_REASON_STALE;
    pd_wire_result result = PENDIENTES__RPC__RESULTADO__INIT;
    pd_frame_result(&in, arena, &result);
    pd_wire_result *results[] = {&result};
    nng_msg *msg = pd_frame_pack_answer(results, 1);
    Pendientes__Rpc__Respuesta *frame = pd_frame_unpack_answer(arena, nng_msg_body(msg), nng_msg_len(msg));
    pd_frame_status(frame->resultados[0], arena, &out);
    ck_assert_int_eq(out.code, PD_INVALID_ARGUMENT);
    ck_assert_int_eq(out.reason, PD_REASON_STALE);
    ck_assert_uint_eq(out.retry_ms, 1500);
    ck_assert_uint_eq(out.n_errors, 2);
    ck_assert_str_eq(out.errors[1].field, "cliente.nombre");
    ck_assert_str_eq(out.errors[0].detail, "no puede estar vacío");
    ck_assert_ptr_nonnull(strstr(out.message, "lugarDestino"));
    nng_msg_free(msg);
}
END_TEST

START_TEST(ok_is_the_absence_of_a_code) {
    pd_status out = {.code = PD_INTERNAL};
    pd_wire_result result = PENDIENTES__RPC__RESULTADO__INIT;
    pd_frame_result(NULL, arena, &result);
    ck_assert(!result.has_codigo);
    pd_frame_status(&result, arena, &out);
    ck_assert_int_eq(out.code, PD_OK);
    result.has_codigo = true;
    result.codigo = 17;
    pd_frame_status(&result, arena, &out);
    ck_assert_int_eq(out.code, PD_UNKNOWN);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("frame");
    TCase *tc = tcase_create("frame");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, calls_go_through);
    tcase_add_test(tc, sizes_hold_for_any_id_and_deadline);
    tcase_add_test(tc, broken_frames_are_refused);
    tcase_add_test(tc, at_most_256_calls_and_64_fields);
    tcase_add_test(tc, nul_in_texts_is_found);
    tcase_add_test(tc, statuses_go_through);
    tcase_add_test(tc, ok_is_the_absence_of_a_code);
    suite_add_tcase(suite, tc);
    SRunner *sr = srunner_create(suite);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
