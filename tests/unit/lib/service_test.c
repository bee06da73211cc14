/* The service against a bare REQ socket, as a stranger would use it. */
#include "fake_core.h"
#include "lib/frame.h"
#include "lib/sockets.h"

#include <nng/protocol/reqrep0/req.h>

static pd_loop *loop;
static fake_core core;
static char *dir, url[256];
static nng_socket client;
static nng_aio *aio;
static pd_arena *arena;

static void setup(void) {
    dir = dir_new();
    arena = pd_arena_new();
    snprintf(url, sizeof url, "ipc://%s/core.sock", dir);
    loop = pd_loop_new();
    fake_open(&core, loop, url, 2);
    ck_assert_int_eq(nng_req0_open(&client), 0);
    ck_assert_int_eq(nng_socket_set_ms(client, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE), 0);
    ck_assert_int_eq(nng_dial(client, url, NULL, 0), 0);
    ck_assert_int_eq(nng_aio_alloc(&aio, NULL, NULL), 0);
    nng_aio_set_timeout(aio, 5000);
}

static void teardown(void) {
    fake_release(&core);
    nng_aio_free(aio);
    pd_socket_close(client, 1000);
    pd_service_close(core.service);
    pd_loop_free(loop);
    pd_arena_free(arena);
    dir_drop(dir);
}

static void send_bytes(nng_socket socket, const void *bytes, size_t len) {
    nng_msg *msg;
    ck_assert_int_eq(nng_msg_alloc(&msg, 0), 0);
    nng_msg_append(msg, bytes, len);
    ck_assert_int_eq(nng_sendmsg(socket, msg, 0), 0);
}

/* Turns the loop until the answer is there. */
static Pendientes__Rpc__Respuesta *receive(nng_socket socket) {
    nng_msg *msg = NULL;
    for (int i = 0; i < 2000 && nng_recvmsg(socket, &msg, NNG_FLAG_NONBLOCK) == NNG_EAGAIN; i++)
        pd_loop_turn(loop, 2);
    ck_assert_ptr_nonnull(msg);
    Pendientes__Rpc__Respuesta *answer = pd_frame_unpack_answer(arena, nng_msg_body(msg), nng_msg_len(msg));
    ck_assert_ptr_nonnull(answer);
    nng_msg_free(msg);
    return answer;
}

static pd_wire_call wire(uint32_t id, const char *method, const char *data) {
    pd_wire_call call = PENDIENTES__RPC__LLAMADA__INIT;
    call.has_id = call.has_datos = true;
    call.id = id;
    call.metodo = (char *)(uintptr_t)method;
    call.datos.data = (uint8_t *)(uintptr_t)data;
    call.datos.len = strlen(data);
    return call;
}

#define OBTENER "pendientes.v1.Averias/Obtener"
#define CREAR "pendientes.v1.Averias/Crear"

static Pendientes__Rpc__Respuesta *ask(pd_wire_call **calls, size_t n) {
    nng_msg *msg = pd_frame_pack(calls, n);
    ck_assert_int_eq(nng_sendmsg(client, msg, 0), 0);
    return receive(client);
}

static const pd_wire_result *ask_one(pd_wire_call call) {
    pd_wire_call *calls[] = {&call};
    Pendientes__Rpc__Respuesta *answer = ask(calls, 1);
    ck_assert_uint_eq(answer->n_resultados, 1);
    ck_assert_uint_eq(answer->resultados[0]->id, call.id);
    return answer->resultados[0];
}

static void refused(pd_wire_call call, pd_code code, const char *field) {
    size_t before = core.calls;
    const pd_wire_result *result = ask_one(call);
    ck_assert_int_eq(result->codigo, code);
    ck_assert_ptr_nonnull(result->mensaje);
    ck_assert(!result->has_datos);
    ck_assert_uint_eq(result->n_errores, field ? 1 : 0);
    if (field) {
        ck_assert_str_eq(result->errores[0]->campo, field);
        ck_assert_ptr_nonnull(strstr(result->mensaje, field));
    }
    ck_assert_uint_eq(core.calls, before); /* never handed over */
}

START_TEST(a_frame_is_answered_call_by_call) {
    pd_wire_call a = wire(9, OBTENER, "echo uno"), b = wire(4, "no.hay/Tal", ""), c = wire(5, CREAR, "status"),
                 d = wire(6, OBTENER, "");
    pd_wire_call *calls[] = {&a, &b, &c, &d};
    Pendientes__Rpc__Respuesta *answer = ask(calls, 4);
    ck_assert_uint_eq(answer->n_resultados, 4);
    ck_assert_uint_eq(core.frames, 1);
    ck_assert_uint_eq(core.calls, 3);
    for (size_t i = 0; i < 4; i++) {
        const pd_wire_result *r = answer->resultados[i];
        if (r->id == 9) {
            ck_assert(!r->has_codigo);
            ck_assert_mem_eq(r->datos.data, "echo uno", 8);
        } else if (r->id == 4) {
            ck_assert_int_eq(r->codigo, PD_UNIMPLEMENTED);
            ck_assert_ptr_nonnull(strstr(r->mensaje, "no.hay/Tal"));
        } else if (r->id == 5) {
            ck_assert_int_eq(r->codigo, PD_ABORTED);
            ck_assert_uint_eq(r->n_errores, 2);
            ck_assert_uint_eq(r->reintentar_ms, 250);
            ck_assert_int_eq(r->motivo, PENDIENTES__RPC__RESULTADO__MOTIVO__OTRO_CUERPO);
            ck_assert(r->repetida);
        } else {
            ck_assert_uint_eq(r->id, 6);
            ck_assert_uint_eq(r->datos.len, 0);
        }
    }
}
END_TEST

START_TEST(defaults_are_filled_in) {
    pd_wire_call call = wire(1, CREAR, "hold");
    call.peticion_id = (char *)"no vale";
    call.traceparent = (char *)"tampoco";
    call.cliente = (char *)"un cliente";
    call.clave = (char *)"\"k-1\"";
    pd_wire_call *calls[] = {&call};
    ck_assert_int_eq(nng_sendmsg(client, pd_frame_pack(calls, 1), 0), 0);
    while (core.n_held == 0)
        pd_loop_turn(loop, 5);
    const pd_incoming *in = core.held[0];
    ck_assert_uint_eq(strlen(in->request_id), 22);
    ck_assert_ptr_null(in->traceparent);
    ck_assert_ptr_null(in->peer);
    ck_assert_str_eq(in->key, "k-1");
    ck_assert_ptr_null(in->key_digest);
    ck_assert_uint_ge(in->due_ms, test_ms() + 9000);
    ck_assert_uint_le(in->due_ms, test_ms() + 10000);
    ck_assert_uint_eq(pd_service_pending(core.service), 1);
    fake_release(&core);
    ck_assert_uint_eq(receive(client)->n_resultados, 1);
    ck_assert_uint_eq(pd_service_pending(core.service), 0);
}
END_TEST

START_TEST(what_travels_arrives) {
    pd_wire_call call = wire(1, OBTENER, "echo");
    call.peticion_id = (char *)"pedido-7";
    call.traceparent = (char *)"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    call.cliente = (char *)"10.0.0.7";
    call.has_token = true;
    call.token.data = (uint8_t *)"a.b.c";
    call.token.len = 5;
    call.has_plazo_ms = true;
    call.plazo_ms = 600000;
    ck_assert_int_eq(ask_one(call)->codigo, PD_OK);
    ck_assert_str_eq(core.last_request_id, "pedido-7");
    ck_assert_str_eq(core.last_peer, "10.0.0.7");
    ck_assert(core.last_traced);
    ck_assert_uint_eq(core.last.token_len, 5);
    ck_assert_uint_le(core.last.due_ms, test_ms() + 60000);
    ck_assert_uint_ge(core.last.due_ms, test_ms() + 59000);
}
END_TEST

START_TEST(bad_calls_are_refused) {
    char key[202];
    memset(key, 'k', 201);
    key[201] = '\0';
    pd_wire_call call = wire(1, CREAR, "echo");
    call.clave = key;
    refused(call, PD_INVALID_ARGUMENT, "Idempotency-Key");
    key[200] = '\0';
    ck_assert_int_eq(ask_one(call)->codigo, PD_OK);
    call.clave = (char *)"";
    refused(call, PD_INVALID_ARGUMENT, "Idempotency-Key");
    call.clave = (char *)"con espacio";
    refused(call, PD_INVALID_ARGUMENT, "Idempotency-Key");
    call.clave = (char *)"ñ";
    refused(call, PD_INVALID_ARGUMENT, "Idempotency-Key");
    call.metodo = (char *)OBTENER; /* ignored there */
    ck_assert_int_eq(ask_one(call)->codigo, PD_OK);
    call.metodo = (char *)CREAR;
    call.clave = NULL;
    call.has_clave_huella = true;
    call.clave_huella.data = (uint8_t *)"corta";
    call.clave_huella.len = 5;
    refused(call, PD_INVALID_ARGUMENT, "clave_huella");
    call.has_clave_huella = false;
    call.has_si_coincide = true;
    call.si_coincide.data = (uint8_t *)"no son 16 bytes..";
    call.si_coincide.len = 17;
    ck_assert_int_eq(ask_one(call)->codigo, PD_OK); /* ignored there */
    call.metodo = (char *)"pendientes.v1.Averias/Editar";
    refused(call, PD_INVALID_ARGUMENT, "si_coincide");
    call.metodo = (char *)CREAR;
    call.has_si_coincide = false;
    call.has_plazo_ms = true; /* of 0 */
    refused(call, PD_DEADLINE_EXCEEDED, NULL);
    call = wire(1, OBTENER, "echo");
    call.metodo = NULL;
    refused(call, PD_INVALID_ARGUMENT, "metodo");
    call.has_sondeo = call.sondeo = true;
    ck_assert_int_eq(ask_one(call)->codigo, PD_OK);
    ck_assert_uint_eq(core.probes, 1);
}
END_TEST

START_TEST(nul_in_the_key_is_refused) {
    /* id 1, metodo, clave "a\0b" */
    static const char frame[] = "\x0a\x24\x08\x01\x12\x1b" CREAR "\x42\x03"
                                "a\0b";
    send_bytes(client, frame, sizeof frame - 1);
    Pendientes__Rpc__Respuesta *answer = receive(client);
    ck_assert_uint_eq(answer->n_resultados, 1);
    ck_assert_int_eq(answer->resultados[0]->codigo, PD_INVALID_ARGUMENT);
    ck_assert_str_eq(answer->resultados[0]->errores[0]->campo, "Idempotency-Key");
    ck_assert_uint_eq(core.calls, 0);
}
END_TEST

static void broken(const void *bytes, size_t len) {
    send_bytes(client, bytes, len);
    const Pendientes__Rpc__Respuesta *answer = receive(client);
    ck_assert_uint_eq(answer->n_resultados, 1);
    ck_assert(!answer->resultados[0]->has_id);
    ck_assert_int_eq(answer->resultados[0]->codigo, PD_INVALID_ARGUMENT);
}

START_TEST(broken_frames_are_told_so) {
    broken("basura", 6);
    broken("", 0);
    uint8_t many[2 * 257];
    for (size_t i = 0; i < sizeof many; i += 2)
        memcpy(many + i, "\x0a\x00", 2);
    broken(many, sizeof many);
    ck_assert_int_eq(ask_one(wire(3, OBTENER, "echo"))->codigo, PD_OK); /* and goes on */
}
END_TEST

START_TEST(oversized_frames_close_the_connection) {
    char other[300], bytes[20000] = {0};
    const char *error = NULL;
    snprintf(other, sizeof other, "%s-small", url);
    pd_service_options options = {.listen = other, .max_bytes = 4096, .call = fake_call, .arg = &core};
    pd_service *small = pd_service_listen(loop, &options, &error);
    nng_socket sender;
    ck_assert_ptr_nonnull(small);
    ck_assert_int_eq(nng_req0_open(&sender), 0);
    ck_assert_int_eq(nng_socket_set_ms(sender, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE), 0);
    ck_assert_int_eq(nng_dial(sender, other, NULL, 0), 0);
    send_bytes(sender, bytes, sizeof bytes);
    nng_msg *msg;
    int rv = NNG_EAGAIN;
    for (int i = 0; i < 1000 && rv == NNG_EAGAIN; i++) {
        pd_loop_turn(loop, 5);
        rv = nng_recvmsg(sender, &msg, NNG_FLAG_NONBLOCK);
    }
    ck_assert_int_eq(rv, NNG_ECONNRESET);
    pd_socket_close(sender, 1000);
    pd_service_close(small);
}
END_TEST

START_TEST(more_frames_than_slots_wait) {
    enum { N = 5 };
    nng_socket sockets[N];
    pd_wire_call call = wire(1, OBTENER, "hold");
    pd_wire_call *calls[] = {&call};
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(nng_req0_open(&sockets[i]), 0);
        ck_assert_int_eq(nng_dial(sockets[i], url, NULL, 0), 0);
        ck_assert_int_eq(nng_sendmsg(sockets[i], pd_frame_pack(calls, 1), 0), 0);
    }
    for (int i = 0; i < 50; i++)
        pd_loop_turn(loop, 2);
    ck_assert_uint_eq(core.calls, 2); /* as many as slots */
    for (size_t answered = 0; answered < N;) {
        answered += core.n_held;
        fake_release(&core);
        pd_loop_turn(loop, 5);
    }
    for (int i = 0; i < N; i++) {
        ck_assert_uint_eq(receive(sockets[i])->n_resultados, 1);
        nng_close(sockets[i]);
    }
}
END_TEST

START_TEST(a_client_that_went_does_no_harm) {
    nng_socket gone;
    pd_wire_call call = wire(1, OBTENER, "hold");
    pd_wire_call *calls[] = {&call};
    ck_assert_int_eq(nng_req0_open(&gone), 0);
    ck_assert_int_eq(nng_dial(gone, url, NULL, 0), 0);
    ck_assert_int_eq(nng_sendmsg(gone, pd_frame_pack(calls, 1), 0), 0);
    while (core.n_held == 0)
        pd_loop_turn(loop, 5);
    nng_close(gone);
    fake_release(&core);
    ck_assert_int_eq(ask_one(wire(2, OBTENER, "echo"))->codigo, PD_OK);
}
END_TEST

START_TEST(draining_refuses_what_is_new) {
    nng_socket other;
    pd_wire_call call = wire(1, OBTENER, "hold");
    pd_wire_call *calls[] = {&call};
    ck_assert_int_eq(nng_req0_open(&other), 0);
    ck_assert_int_eq(nng_dial(other, url, NULL, 0), 0);
    ck_assert_int_eq(nng_sendmsg(other, pd_frame_pack(calls, 1), 0), 0);
    while (core.n_held == 0)
        pd_loop_turn(loop, 5);
    pd_service_drain(core.service);
    const pd_wire_result *late = ask_one(wire(2, OBTENER, "echo"));
    ck_assert_int_eq(late->codigo, PD_UNAVAILABLE);
    ck_assert_uint_gt(late->reintentar_ms, 0);
    ck_assert_uint_eq(core.calls, 1);
    fake_release(&core);
    ck_assert_int_eq(receive(other)->resultados[0]->codigo, PD_OK);
    nng_close(other);
}
END_TEST

START_TEST(answers_are_bounded) {
    pd_wire_call call = wire(0, OBTENER, "hold");
    pd_wire_call *one[] = {&call};
    ck_assert_int_eq(nng_sendmsg(client, pd_frame_pack(one, 1), 0), 0);
    while (core.n_held == 0)
        pd_loop_turn(loop, 5);
    core.n_held = 0;
    pd_incoming *in = core.held[0];
    uint8_t *huge = calloc(1, PD_FRAME_ANSWER_BYTES);
    pd_incoming_answer(in, NULL, huge, PD_FRAME_ANSWER_BYTES, false);
    free(huge);
    const pd_wire_result *result = receive(client)->resultados[0];
    ck_assert_int_eq(result->codigo, PD_INTERNAL);
}
END_TEST

START_TEST(wrong_addresses_are_named) {
    const char *error = NULL;
    pd_service_options options = {.listen = "ipc:///no/hay/tal/core.sock", .call = fake_call};
    ck_assert_ptr_null(pd_service_listen(loop, &options, &error));
    ck_assert_ptr_nonnull(strstr(error, "ipc:///no/hay/tal/core.sock"));
    options.listen = "";
    ck_assert_ptr_null(pd_service_listen(loop, &options, &error));
    ck_assert_ptr_nonnull(error);
    options.listen = url; /* taken */
    ck_assert_ptr_null(pd_service_listen(loop, &options, &error));
    ck_assert_ptr_nonnull(strstr(error, url));
}
END_TEST

START_TEST(a_dead_service_s_socket_is_taken_over) {
    char other[300];
    snprintf(other, sizeof other, "%s-2", url);
    pid_t pid = fake_spawn(other);
    nng_socket probe;
    ck_assert_int_eq(nng_req0_open(&probe), 0);
    for (int i = 0; i < 500 && nng_dial(probe, other, NULL, 0) != 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    fake_kill(pid);
    nng_close(probe);
    fake_core second;
    fake_open(&second, loop, other, 0);
    pd_service_close(second.service);
}
END_TEST

int main(int argc, char **argv) {
    if (argc == 3)
        return fake_main(argv[2]);
    Suite *suite = suite_create("service");
    TCase *tc = tcase_create("service");
    tcase_set_timeout(tc, 30);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_frame_is_answered_call_by_call);
    tcase_add_test(tc, defaults_are_filled_in);
    tcase_add_test(tc, what_travels_arrives);
    tcase_add_test(tc, bad_calls_are_refused);
    tcase_add_test(tc, nul_in_the_key_is_refused);
    tcase_add_test(tc, broken_frames_are_told_so);
    tcase_add_test(tc, oversized_frames_close_the_connection);
    tcase_add_test(tc, more_frames_than_slots_wait);
    tcase_add_test(tc, a_client_that_went_does_no_harm);
    tcase_add_test(tc, draining_refuses_what_is_new);
    tcase_add_test(tc, answers_are_bounded);
    tcase_add_test(tc, wrong_addresses_are_named);
    tcase_add_test(tc, a_dead_service_s_socket_is_taken_over);
    suite_add_tcase(suite, tc);
    SRunner *sr = srunner_create(suite);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
