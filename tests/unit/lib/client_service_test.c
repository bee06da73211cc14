/* protoc-c's generated functions through the client. The fake core echoes: pendiente_id of the request is id of the
 * reply. */
#include "fake_core.h"
#include "pendientes/v1/averias.pb-c.h"

static pd_loop *loop;
static fake_core core;
static pd_client *client;
static ProtobufCService *averias;
static char *dir, url[256];

static void setup(void) {
    const char *error = "?";
    dir = dir_new();
    snprintf(url, sizeof url, "ipc://%s/core.sock", dir);
    loop = pd_loop_new();
    fake_open(&core, loop, url, 0);
    client = pd_client_new(&(pd_client_options){.cores = url}, &error);
    ck_assert_msg(client != NULL, "%s", error);
    averias =
        pd_service_new(client, &pendientes__v1__averias__descriptor,
                       &(pd_meta){.token = "a.b.c", .token_len = 5, .request_id = "pedido-1", .deadline_ms = 4000});
}

static void teardown(void) {
    if (averias)
        protobuf_c_service_destroy(averias);
    pd_client_free(client);
    pd_service_close(core.service);
    pd_loop_free(loop);
    dir_drop(dir);
}

typedef struct got {
    int times;
    bool reply;
    int64_t id;
    pd_code code;
} got;

static void on_averia(const Pendientes__V1__AveriaResp *reply, void *data) {
    got *g = data;
    g->times++;
    g->reply = reply != NULL;
    g->id = reply ? reply->id : 0;
    g->code = pd_service_status(averias)->code;
}

static void finish(got *g) {
    bool never = false;
    for (int i = 0; i < 2000 && g->times == 0; i++) {
        pd_client_wait(client, &never, 2);
        pd_loop_turn(loop, 2);
    }
    ck_assert_int_eq(g->times, 1);
}

START_TEST(generated_functions_call_the_core) {
    Pendientes__V1__ObtenerAveriaReq req = PENDIENTES__V1__OBTENER_AVERIA_REQ__INIT;
    got g[3] = {0};
    for (int i = 0; i < 3; i++) {
        req.has_pendiente_id = true;
        req.pendiente_id = 1000 + i;
        pendientes__v1__averias__obtener(averias, &req, on_averia, &g[i]);
        ck_assert_int_eq(g[i].times, 0);
    }
    for (int i = 0; i < 3; i++) {
        finish(&g[i]);
        ck_assert(g[i].reply);
        ck_assert_int_eq(g[i].id, 1000 + i);
        ck_assert_int_eq(g[i].code, PD_OK);
    }
    ck_assert_str_eq(core.last.method->full_name, "pendientes.v1.Averias/Obtener");
    ck_assert_str_eq(core.last_request_id, "pedido-1");
    ck_assert_uint_eq(core.last.token_len, 5);
}
END_TEST

START_TEST(meta_can_change) {
    Pendientes__V1__CrearAveriaReq req = PENDIENTES__V1__CREAR_AVERIA_REQ__INIT;
    got g = {0};
    req.has_pendiente_id = true;
    req.pendiente_id = 7;
    char key[] = "clave-9";
    pd_service_meta(averias, &(pd_meta){.key = key, .peer = "10.0.0.1"});
    memset(key, 'x', sizeof key - 1); /* it was copied */
    pendientes__v1__averias__crear(averias, &req, on_averia, &g);
    finish(&g);
    ck_assert_str_eq(core.last_key, "clave-9");
    ck_assert_str_eq(core.last_peer, "10.0.0.1");
    ck_assert_uint_eq(core.last.token_len, 0);
}
END_TEST

START_TEST(a_refusal_is_no_reply_and_a_status) {
    Pendientes__V1__CrearAveriaReq req = PENDIENTES__V1__CREAR_AVERIA_REQ__INIT;
    got g = {0};
    /* Nobody was ever there: whether a core that has just gone still got the frame would depend on who is quicker. */
    const char *error = "?";
    char nowhere[300];
    snprintf(nowhere, sizeof nowhere, "ipc://%s/nobody.sock", dir);
    protobuf_c_service_destroy(averias);
    pd_client_free(client);
    client = pd_client_new(&(pd_client_options){.cores = nowhere}, &error);
    averias = pd_service_new(client, &pendientes__v1__averias__descriptor, &(pd_meta){.deadline_ms = 1000});
    pendientes__v1__averias__crear(averias, &req, on_averia, &g);
    finish(&g);
    ck_assert(!g.reply);
    ck_assert_int_eq(g.code, PD_UNAVAILABLE);
    ck_assert_int_eq(pd_service_status(averias)->code, PD_OK); /* only during the closure */
}
END_TEST

START_TEST(a_reply_that_is_none_is_internal) {
    Pendientes__V1__CrearAveriaReq req = PENDIENTES__V1__CREAR_AVERIA_REQ__INIT;
    got g = {0};
    /* Echoed, the unknown field is the reply's text 3, which says one byte and has none. */
    req.base.n_unknown_fields = 1;
    ProtobufCMessageUnknownField bad = {
        .tag = 3, .wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, .len = 1, .data = (uint8_t *)"\x01"};
    req.base.unknown_fields = &bad;
    pendientes__v1__averias__crear(averias, &req, on_averia, &g);
    finish(&g);
    ck_assert(!g.reply);
    ck_assert_int_eq(g.code, PD_INTERNAL);
}
END_TEST

START_TEST(destroyed_with_calls_under_way) {
    Pendientes__V1__ObtenerAveriaReq req = PENDIENTES__V1__OBTENER_AVERIA_REQ__INIT;
    got a = {0}, b = {0};
    pendientes__v1__averias__obtener(averias, &req, on_averia, &a);
    pendientes__v1__averias__obtener(averias, &req, on_averia, &b);
    protobuf_c_service_destroy(averias);
    averias = NULL;
    ck_assert_int_eq(a.times + b.times, 2);
    ck_assert(!a.reply);
    ck_assert_int_eq(a.code, PD_CANCELLED);
}
END_TEST

static void on_outer(const Pendientes__V1__AveriaResp *reply, void *data) {
    Pendientes__V1__ObtenerAveriaReq req = PENDIENTES__V1__OBTENER_AVERIA_REQ__INIT;
    got inner = {0};
    int64_t id = reply->id;
    req.has_pendiente_id = true;
    req.pendiente_id = id + 1;
    pendientes__v1__averias__obtener(averias, &req, on_averia, &inner);
    finish(&inner);
    ck_assert_int_eq(inner.id, id + 1);
    ck_assert_int_eq(reply->id, id); /* still there */
    on_averia(reply, data);
}

START_TEST(a_closure_may_call_and_wait) {
    Pendientes__V1__ObtenerAveriaReq req = PENDIENTES__V1__OBTENER_AVERIA_REQ__INIT;
    got g = {0};
    req.has_pendiente_id = true;
    req.pendiente_id = 50;
    pendientes__v1__averias__obtener(averias, &req, on_outer, &g);
    finish(&g);
    ck_assert_int_eq(g.id, 50);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("client_service");
    TCase *tc = tcase_create("client_service");
    tcase_set_timeout(tc, 20);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, generated_functions_call_the_core);
    tcase_add_test(tc, meta_can_change);
    tcase_add_test(tc, a_refusal_is_no_reply_and_a_status);
    tcase_add_test(tc, a_reply_that_is_none_is_internal);
    tcase_add_test(tc, destroyed_with_calls_under_way);
    tcase_add_test(tc, a_closure_may_call_and_wait);
    suite_add_tcase(suite, tc);
    SRunner *sr = srunner_create(suite);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
