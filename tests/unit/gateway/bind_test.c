/* Path, query and body into a message of the contract, and every way in which they may be wrong. */
#include "gateway/bind.h"
#include "gateway/key.h"

#include "pendientes/json.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static gw_router *router;
static pd_arena *arena;

static void setup(void) {
    const char *error = NULL;
    arena = pd_arena_new();
    router = gw_router_new(pd_routes, pd_n_routes, &error);
}

static void teardown(void) {
    gw_router_free(router);
    pd_arena_free(arena);
}

/* "PUT /api/pendientes/7/averia/vlan?vlan=12", a body, and what comes of it: the message as JSON, or the names of the
 * refused fields, in order, each behind a '!'. */
static const struct {
    const char *request;
    gw_body_kind kind;
    const char *body, *result;
    bool strict;
} cases[] = {
    {"GET /api/pendientes/42/averia", GW_BODY_NONE, "", "{\"pendienteId\":42}"},
    {"GET /api/pendientes/42/averia?otro=1&&x", GW_BODY_NONE, "", "{\"pendienteId\":42}"},
    {"GET /api/pendientes/abc/averia", GW_BODY_NONE, "", "!pendienteId"},
    {"GET /api/pendientes/4.5/averia", GW_BODY_NONE, "", "!pendienteId"},
    {"GET /api/pendientes/1e3/averia", GW_BODY_NONE, "", "!pendienteId"},
    {"GET /api/pendientes/99999999999999999999/averia", GW_BODY_NONE, "", "!pendienteId"},
    {"GET /api/pendientes/4%zz/averia", GW_BODY_NONE, "", "!pendienteId"},
    {"GET /api/pendientes/%FF/averia", GW_BODY_NONE, "", "!pendienteId"},
    {"GET /api/pendientes/42/averia?pendienteId=42", GW_BODY_NONE, "", "!pendienteId"},
    {"PUT /api/pendientes/7/averia/vlan?vlan=1042", GW_BODY_NONE, "", "{\"pendienteId\":7,\"vlan\":1042}"},
    {"PUT /api/pendientes/7/averia/vlan", GW_BODY_JSON, "{\"vlan\":1042}", "{\"pendienteId\":7,\"vlan\":1042}"},
    {"PUT /api/pendientes/7/averia/vlan", GW_BODY_JSON, "{\"vlan\":1042,\"pendienteId\":7}",
     "{\"pendienteId\":7,\"vlan\":1042}"},
    {"PUT /api/pendientes/7/averia/vlan", GW_BODY_JSON, "{\"vlan\":1042,\"pendienteId\":\"007\"}",
     "{\"pendienteId\":7,\"vlan\":1042}"},
    {"PUT /api/pendientes/7/averia/vlan", GW_BODY_JSON, "{\"vlan\":1042,\"pendienteId\":8}", "!pendienteId"},
    {"PUT /api/pendientes/7/averia/vlan", GW_BODY_JSON, "{\"vlan\":1042,\"pendienteId\":null}", "!pendienteId"},
    {"PUT /api/pendientes/7/averia/vlan?vlan=9", GW_BODY_JSON, "{\"vlan\":null}", "{\"pendienteId\":7,\"vlan\":9}"},
    {"PUT /api/pendientes/7/averia?descripcionFalla=x", GW_BODY_JSON, "{\"descripcionFalla\":null}",
     "!descripcionFalla"},
    {"PUT /api/pendientes/7?direccion=x", GW_BODY_JSON, "{\"direccion\":null}", "!direccion"},
    {"POST /api/pendientes/filtrar?size=9", GW_BODY_JSON, "{\"size\":8}", "!size"},
    {"PUT /api/pendientes/7/averia/vlan", GW_BODY_FORM, "vlan=1042", "{\"pendienteId\":7,\"vlan\":1042}"},
    {"PUT /api/pendientes/7/averia/vlan?vlan=1", GW_BODY_JSON, "{\"vlan\":1}", "!vlan"},
    {"PUT /api/pendientes/7/averia/vlan?vlan=1", GW_BODY_FORM, "vlan=1", "!vlan"},
    {"PUT /api/pendientes/7/averia/vlan?vlan=1&vlan=1", GW_BODY_NONE, "", "!vlan"},
    {"PUT /api/pendientes/7/averia/vlan", GW_BODY_FORM, "vlan=1&vlan=2", "!vlan"},
    {"PUT /api/pendientes/7/averia/vlan?vlan=0", GW_BODY_NONE, "", "!vlan"},
    {"PUT /api/pendientes/7/averia/vlan?vlan=", GW_BODY_NONE, "", "!vlan"},
    {"PUT /api/pendientes/7/averia/vlan?vlan=%31%3", GW_BODY_NONE, "", "!vlan"},
    {"PUT /api/pendientes/7/averia/vlan?%zz=1&vlan=5", GW_BODY_NONE, "", "!consulta"},
    {"PUT /api/pendientes/7/averia/vlan?mal=%zz&vlan=5", GW_BODY_NONE, "", "!mal"},
    {"PUT /api/pendientes/7/averia/vlan?%ff=%zz&vlan=5", GW_BODY_NONE, "", "!consulta"},
    {"PUT /api/pendientes/7/averia/vlan", GW_BODY_NONE, "", "!vlan"},
    {"PUT /api/pendientes/x/averia/vlan", GW_BODY_JSON, "{\"vlan\":\"abc\"}", "!vlan!pendienteId"},
    {"PUT /api/pendientes/7/averia/vlan", GW_BODY_JSON, "{\"vlan\":1042,\"vlan\":1042}", "!vlan"},
    {"PUT /api/pendientes/7/averia/vlan", GW_BODY_JSON, "{\"vlan\":", "!vlan"},
    {"PUT /api/pendientes/7/averia/ppoe?ppoeUser=a+b%20c&ppoePassword=p%40ss%2B", GW_BODY_NONE, "",
     "{\"pendienteId\":7,\"ppoeUser\":\"a b c\",\"ppoePassword\":\"p@ss+\"}"},
    {"PUT /api/pendientes/7/averia/ppoe", GW_BODY_FORM, "ppoeUser=a+b%20c&ppoePassword=p%40ss%2B",
     "{\"pendienteId\":7,\"ppoeUser\":\"a b c\",\"ppoePassword\":\"p@ss+\"}"},
    {"PUT /api/pendientes/7/averia/ppoe?ppoeUser=u", GW_BODY_JSON, "{\"ppoePassword\":\"p\"}",
     "{\"pendienteId\":7,\"ppoeUser\":\"u\",\"ppoePassword\":\"p\"}"},
    {"PUT /api/pendientes/7/averia/ppoe?ppoeUser=u&ppoePassword=%00", GW_BODY_NONE, "", "!ppoePassword"},
    {"PUT /api/pendientes/7/averia/ppoe?ppoeUser=%ff&ppoePassword=x", GW_BODY_NONE, "", "!ppoeUser"},
    {"PUT /api/pendientes/averia", GW_BODY_JSON, "{\"pendienteId\":7,\"descripcionFalla\":\"x\"}",
     "{\"pendienteId\":7,\"descripcionFalla\":\"x\"}"},
    {"PUT /api/pendientes/averia", GW_BODY_JSON, "{}", "!pendienteId"},
    {"GET /api/pendientes?estados=ASIGNADO&estados=PAUSADO&page=0&limpiar=x", GW_BODY_NONE, "",
     "{\"page\":0,\"estados\":[\"ASIGNADO\",\"PAUSADO\"]}"},
    {"GET /api/pendientes?estados=NADA", GW_BODY_NONE, "", "!estados"},
    {"GET /api/pendientes?size=1001", GW_BODY_NONE, "", "!size"},
    {"POST /api/pendientes/filtrar?size=5", GW_BODY_JSON, "{\"tipo\":\"AVERIA\"}", "{\"size\":5,\"tipo\":\"AVERIA\"}"},
    {"POST /api/pendientes/filtrar", GW_BODY_NONE, "", "{}"},
    {"GET /api/pendientes/42/averia?otro=1&&x", GW_BODY_NONE, "", "!otro!x", true},
    {"GET /api/pendientes?limpiar=x", GW_BODY_NONE, "", "!limpiar", true},
    {"PUT /api/pendientes/7/averia/vlan", GW_BODY_FORM, "vlan=1&otro=2", "!otro", true},
    {"POST /api/pendientes/averia", GW_BODY_JSON, "{\"pendienteId\":7,\"descripcionFalla\":\"x\",\"vlan\":\"5\"}",
     "!vlan", true},
    {"PUT /api/pendientes/7/averia", GW_BODY_JSON, "{\"id\":7,\"descripcionFalla\":\"x\",\"vlan\":\"5\"}",
     "{\"pendienteId\":7,\"descripcionFalla\":\"x\"}", true},
    {"PUT /api/pendientes/7/averia?vlan=5", GW_BODY_JSON, "{\"descripcionFalla\":\"x\",\"otro\":1}", "!otro!vlan",
     true},
};

static gw_match match_of(const char *request, gw_slice *query) {
    gw_slice rest = {request, strlen(request)};
    gw_slice verb = gw_slice_cut(&rest, ' ');
    gw_slice path = gw_slice_cut(&rest, '?');
    gw_match match;
    *query = rest;
    gw_route(router, gw_verb_of(verb), path, arena, &match);
    return match;
}

/* The message without its nulls and empty lists, which would drown the cases. */
static const char *shown(const pd_message *message, const ProtobufCMessage *value) {
    pd_text text = {.arena = arena};
    pd_json_write(message, value, &text);
    const char *json = pd_arena_memdup(arena, text.at, text.len), *out = "";
    for (unsigned i = 0; i < message->type->n_fields; i++) {
        const char *key = pd_arena_printf(arena, "\"%s\":", message->fields[i].json);
        const char *at = message->fields[i].hidden ? NULL : strstr(json, key);
        if (!at || strncmp(at + strlen(key), "null", 4) == 0 || strncmp(at + strlen(key), "[]", 2) == 0)
            continue;
        const char *end = at + strlen(key) + strcspn(at + strlen(key), at[strlen(key)] == '[' ? "]" : ",}");
        out = pd_arena_printf(arena, "%s%s%.*s", out, *out ? "," : "", (int)(end - at) + (*end == ']'), at);
    }
    return pd_arena_printf(arena, "{%s}", out);
}

START_TEST(test_bind) {
    gw_slice query;
    pd_status status = {0};
    gw_match match = match_of(cases[_i].request, &query);
    ck_assert_ptr_nonnull(match.route);
    gw_form form = {.match = &match,
                    .query = query,
                    .body = {cases[_i].body, strlen(cases[_i].body)},
                    .kind = cases[_i].kind,
                    .strict = cases[_i].strict};
    ProtobufCMessage *value = gw_bind(&form, arena, &status);
    const char *result = "";
    for (size_t i = 0; i < status.n_errors; i++)
        result = pd_arena_printf(arena, "%s!%s", result, status.errors[i].field);
    if (status.code == PD_OK)
        result = shown(match.route->method->request, value);
    else
        ck_assert_int_eq(status.code, PD_INVALID_ARGUMENT);
    ck_assert_msg(strcmp(result, cases[_i].result) == 0, "%s %s\n gives %s (%s)", cases[_i].request, cases[_i].body,
                  result, pd_status_message(&status, arena));
}
END_TEST

/* Nothing that a secret field holds is said again. */
/* A null in a body whose fields cannot be cleared leaves the field to the query. */
START_TEST(test_null_is_no_place) {
    const char *body = "{\"size\":null,\"clienteId\":3}";
    gw_match match;
    pd_status status = {0};
    gw_route(router, PD_POST, GW_SLICE("/api/pendientes/filtrar"), arena, &match);
    gw_form form = {&match, GW_SLICE("size=9"), {body, strlen(body)}, GW_BODY_JSON};
    const ProtobufCMessage *value = gw_bind(&form, arena, &status);
    pd_text text = {.arena = arena};
    pd_json_write(match.route->method->request, value, &text);
    ck_assert_int_eq(status.code, PD_OK);
    ck_assert_ptr_nonnull(memmem(text.at, text.len, "\"size\":9", 8));
}
END_TEST

START_TEST(test_secret_is_not_echoed) {
    gw_slice query;
    pd_status status = {0};
    gw_match match = match_of("PUT /api/pendientes/7/averia/ppoe?ppoeUser=u&ppoePassword=hunter2%09", &query);
    gw_bind(&(gw_form){.match = &match, .query = query, .kind = GW_BODY_NONE}, arena, &status);
    ck_assert_uint_eq(status.n_errors, 1);
    ck_assert_ptr_null(strstr(pd_status_message(&status, arena), "hunter2"));
}
END_TEST

static void digest(const char *request, const char *body, uint8_t out[GW_DIGEST_LEN]) {
    gw_slice query;
    gw_match match = match_of(request, &query);
    gw_key_digest(&match, query, (gw_slice){body, strlen(body)}, out);
}

START_TEST(test_digest) {
    static const char *const requests[][2] = {{"POST /api/pendientes/averia", "{}"},
                                              {"POST /api/pendientes/averia", "{ }"},
                                              {"POST /api/pendientes/averia?x", "{}"},
                                              {"POST /api/pendientes/averia?x{}", ""},
                                              {"POST /api/pendientes/traslado", "{}"},
                                              {"GET /api/pendientes/1", ""},
                                              {"GET /api/pendientes/2", ""}};
    enum { N = sizeof requests / sizeof *requests };
    uint8_t digests[N][GW_DIGEST_LEN], again[GW_DIGEST_LEN];
    for (size_t i = 0; i < N; i++)
        digest(requests[i][0], requests[i][1], digests[i]);
    for (size_t i = 0; i < N; i++) {
        digest(requests[i][0], requests[i][1], again);
        for (size_t j = 0; j < N; j++)
            ck_assert_msg((memcmp(again, digests[j], GW_DIGEST_LEN) == 0) == (i == j), "%zu and %zu", i, j);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("gateway/bind");
    TCase *tests = tcase_create("bind");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, test_bind, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, test_null_is_no_place);
    tcase_add_test(tests, test_secret_is_not_echoed);
    tcase_add_test(tests, test_digest);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
