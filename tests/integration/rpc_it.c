/* The RPC without the gateway's help: what the core alone refuses of packed bytes, tokens, metadata and frames, and
 * that a refusal changes nothing; the generated functions; deadlines; keys; and many calls at once, each with its own
 * answer. */
#include "pendientes/v1/averias.pb-c.h"
#include "rpc/frame.pb-c.h"
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/rpc.h"
#include "tests/integration/token.h"
#include "tests/integration/up.h"

#include <check.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 30000, AT_ONCE = 1000, ORDERS = 40, MANY = 2000 };

/* --- packed bytes by hand --- */

typedef struct packed {
    uint8_t at[128 << 10];
    size_t len;
} packed;

static void put_varint(packed *p, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        p->at[p->len++] = (uint8_t)(value | 0x80);
    p->at[p->len++] = (uint8_t)value;
}

static void put_number(packed *p, unsigned field, uint64_t value) {
    put_varint(p, (uint64_t)field << 3);
    put_varint(p, value);
}

static void put_bytes(packed *p, unsigned field, const void *bytes, size_t len) {
    put_varint(p, (uint64_t)field << 3 | 2);
    put_varint(p, len);
    memcpy(p->at + p->len, bytes, len);
    p->len += len;
}

static void put_text(packed *p, unsigned field, const char *text) {
    put_bytes(p, field, text, strlen(text));
}

/* The number of a request's field on the wire. */
static unsigned number_of(const char *method, const char *json) {
    const pd_message *request = pd_method_find(method, strlen(method))->request;
    int field = pd_field_by_json(request, json, strlen(json));
    if (field < 0)
        field = pd_field_by_name(request, json, strlen(json));
    ck_assert_msg(field >= 0, "%s has no %s", method, json);
    return request->type->fields[field].id;
}

#define AVERIAS "pendientes.v1.Averias/"
#define PENDIENTES "pendientes.v1.Pendientes/"
#define TRASLADOS "pendientes.v1.Traslados/"
#define INTERNET "pendientes.v1.InstalacionesInternet/"

static const char *new_order(const char *type, bool details) {
    return db_value("SELECT prueba.orden('%s', detalle => %s)", type, details ? "true" : "false");
}

/* Sends it as ADMIN and expects INVALID_ARGUMENT that names the field, in `errors` and in the message; nothing changes.
 */
static void expect_invalid(const char *what, const char *method, const packed *p, const char *field) {
    char before[128];
    snprintf(before, sizeof before, "%s", db_fingerprint());
    rpc_answer a = rpc_bytes(method, p->at, p->len, http_token("ADMIN"));
    ck_assert_msg(a.code == PD_INVALID_ARGUMENT, "%s %s: %s %s", method, what, pd_code_name(a.code), a.message);
    if (field)
        ck_assert_msg(http_names(a.json, field) && strstr(a.message, field), "%s %s: does not name %s: %s", method,
                      what, field, a.message);
    ck_assert_msg(strcmp(before, db_fingerprint()) == 0, "%s %s: something changed", method, what);
    rpc_free(&a);
}

/* --- what stands in the bytes --- */

static const struct {
    const char *what, *bytes;
    size_t len;
} bad_texts[] = {
    {"NUL", "antes\0despues", 13},
    {"only NUL", "\0", 1},
    {"0xff", "a\xff", 2},
    {"a lone continuation", "\x80z", 2},
    {"an overlong slash", "\xc0\xaf", 2},
    {"an overlong NUL", "\xc0\x80", 2},
    {"a surrogate", "\xed\xa0\x80", 3},
    {"past U+10FFFF", "\xf4\x90\x80\x80", 4},
    {"a cut sequence", "a\xe2\x82", 3},
    {"Latin-1",
     "aver\xed"
     "a",
     6},
    {"blank", "   \n\t", 5},
};

START_TEST(texts_are_utf8_without_nul) {
    packed p = {.len = 0};
    put_number(&p, number_of(AVERIAS "Crear", "pendienteId"), (uint64_t)atoll(new_order("AVERIA", false)));
    put_bytes(&p, number_of(AVERIAS "Crear", "descripcionFalla"), bad_texts[_i].bytes, bad_texts[_i].len);
    expect_invalid(bad_texts[_i].what, AVERIAS "Crear", &p, "descripcionFalla");
}
END_TEST

START_TEST(texts_have_a_length) {
    packed p = {.len = 0};
    static char text[20002];
    for (size_t i = 0; i < 10001; i++)
        memcpy(text + 2 * i, "é", 2); /* lengths count code points */
    put_number(&p, number_of(AVERIAS "Crear", "pendienteId"), (uint64_t)atoll(new_order("AVERIA", false)));
    size_t before = p.len;
    put_bytes(&p, number_of(AVERIAS "Crear", "descripcionFalla"), text, 20002);
    expect_invalid("10,001 code points", AVERIAS "Crear", &p, "descripcionFalla");
    p.len = before;
    put_bytes(&p, number_of(AVERIAS "Crear", "descripcionFalla"), text, 20000);
    rpc_answer a = rpc_bytes(AVERIAS "Crear", p.at, p.len, http_token("ADMIN"));
    ck_assert_msg(a.code == PD_OK, "10,000 code points: %s", a.message);
    rpc_free(&a);
}
END_TEST

static const struct {
    const char *method, *field;
    int64_t value;
} bad_numbers[] = {
    {PENDIENTES "Crear", "tipo", 99},           {PENDIENTES "Crear", "tipo", -1},
    {PENDIENTES "Crear", "tipo", 1LL << 40},    {PENDIENTES "Crear", "lugar", 1000},
    {PENDIENTES "Crear", "prioridad", 77},      {PENDIENTES "Crear", "estadoTecnico", 77},
    {PENDIENTES "Crear", "empresa", 77},        {PENDIENTES "CambiarEstado", "nuevoEstado", 500},
    {PENDIENTES "Filtrar", "estados", 500},     {PENDIENTES "Filtrar", "page", -1},
    {PENDIENTES "Filtrar", "size", 0},          {PENDIENTES "Filtrar", "size", 1001},
    {TRASLADOS "Crear", "lugarDestino", 500},   {TRASLADOS "Crear", "tipoServicio", 500},
    {INTERNET "Crear", "tipoInstalacion", 500}, {AVERIAS "AsignarVlan", "vlan", 0},
    {AVERIAS "AsignarVlan", "vlan", 4095},      {AVERIAS "AsignarVlan", "vlan", -5},
};

START_TEST(numbers_are_known_and_in_range) {
    packed p = {.len = 0};
    put_number(&p, number_of(bad_numbers[_i].method, bad_numbers[_i].field), (uint64_t)bad_numbers[_i].value);
    bool element = strcmp(bad_numbers[_i].field, "estados") == 0;
    expect_invalid(bad_numbers[_i].field, bad_numbers[_i].method, &p, element ? "estados[0]" : bad_numbers[_i].field);
}
END_TEST

static const struct {
    const char *method, *field, *text;
} bad_formats[] = {
    {INTERNET "Crear", "costoFijo", "1e400"},
    {INTERNET "Crear", "costoFijo", "50.001"},
    {INTERNET "Crear", "costoFijo", "abc"},
    {INTERNET "Crear", "costoFijo", "5,0"},
    {INTERNET "Crear", "costoFijo", " 5"},
    {INTERNET "Crear", "costoFijo", ""},
    {INTERNET "Crear", "costoFijo", "-1"},
    {INTERNET "Crear", "costoFijo", "NaN"},
    {INTERNET "Crear", "costoFijo", "10000000000.00"},
    {PENDIENTES "Crear", "fechaPendiente", "2026-02-30T10:00:00"},
    {PENDIENTES "Crear", "fechaPendiente", "2026-02-20T24:00:00"},
    {PENDIENTES "Crear", "fechaPendiente", "mañana"},
    {PENDIENTES "Crear", "fechaPendiente", "1800-01-01T00:00:00"},
    {PENDIENTES "Filtrar", "desde", "2026-13-01"},
    {PENDIENTES "Filtrar", "titulo", "ab"},
    {PENDIENTES "Filtrar", "sort", "clave,asc"},
    {AVERIAS "AsignarPpoe", "ppoeUser", "con\ttab"},
    {AVERIAS "AsignarPpoe", "ppoePassword", ""},
    {TRASLADOS "Editar", "limpiar", "lugar_destino"},
    {TRASLADOS "Editar", "limpiar", "no_existe"},
    {AVERIAS "Editar", "limpiar", "pendiente_id"},
};

START_TEST(formats_are_checked) {
    packed p = {.len = 0};
    const char *field = bad_formats[_i].field;
    bool clears = strcmp(field, "limpiar") == 0;
    const char *named = strcmp(bad_formats[_i].text, "lugar_destino") == 0  ? "lugarDestino"
                        : strcmp(bad_formats[_i].text, "pendiente_id") == 0 ? "pendienteId"
                                                                            : field;
    if (clears)
        put_number(&p, number_of(bad_formats[_i].method, "pendienteId"), 67);
    put_text(&p, number_of(bad_formats[_i].method, field), bad_formats[_i].text);
    expect_invalid(bad_formats[_i].text, bad_formats[_i].method, &p, named);
}
END_TEST

START_TEST(missing_fields_are_named_together) {
    packed p = {.len = 0};
    char before[128];
    snprintf(before, sizeof before, "%s", db_fingerprint());
    rpc_answer a = rpc_bytes(TRASLADOS "Crear", p.at, 0, http_token("ADMIN"));
    ck_assert_int_eq(a.code, PD_INVALID_ARGUMENT);
    static const char *const wanted[] = {"pendienteId", "lugarDestino", "direccionDestino", "tipoServicio"};
    for (size_t i = 0; i < 4; i++)
        ck_assert_msg(http_names(a.json, wanted[i]) && strstr(a.message, wanted[i]), "%s: %s", wanted[i], a.message);
    rpc_free(&a);
    ck_assert_str_eq(before, db_fingerprint());
}
END_TEST

START_TEST(no_method_runs_without_its_fields) {
    for (size_t i = 0; i < pd_n_methods; i++) {
        const pd_message *request = pd_methods[i].request;
        size_t wanted = 0;
        for (unsigned f = 0; f < request->type->n_fields; f++)
            wanted += request->fields[f].required;
        if (!wanted)
            continue;
        rpc_answer a = rpc_bytes(pd_methods[i].full_name, NULL, 0, http_token("ADMIN"));
        ck_assert_msg(a.code == PD_INVALID_ARGUMENT, "%s: %s", pd_methods[i].full_name, pd_code_name(a.code));
        ck_assert_uint_eq(json_array_size(json_object_get(a.json, "errors")), wanted);
        rpc_free(&a);
    }
}
END_TEST

START_TEST(repeats_are_bounded) {
    static packed p;
    p.len = 0;
    put_number(&p, number_of(TRASLADOS "Editar", "pendienteId"), 42);
    for (int i = 0; i < MANY; i++)
        put_text(&p, number_of(TRASLADOS "Editar", "limpiar"), "vlan");
    expect_invalid("limpiar 2000 times", TRASLADOS "Editar", &p, "limpiar");
    p.len = 0;
    for (int i = 0; i < MANY; i++)
        put_number(&p, number_of(PENDIENTES "Filtrar", "estados"), 1);
    expect_invalid("estados 2000 times", PENDIENTES "Filtrar", &p, "estados");
    p.len = 0;
    static uint8_t ones[60000];
    memset(ones, 1, sizeof ones);
    put_bytes(&p, number_of(PENDIENTES "Filtrar", "estados"), ones, sizeof ones);
    expect_invalid("estados packed", PENDIENTES "Filtrar", &p, "estados");
}
END_TEST

START_TEST(broken_bytes_are_refused) {
    packed p = {.len = 0};
    put_number(&p, number_of(AVERIAS "Crear", "pendienteId"), 1ULL << 40);
    size_t number_ends = p.len;
    put_text(&p, number_of(AVERIAS "Crear", "descripcionFalla"), "Sin servicio en toda la cuadra");
    size_t whole = p.len;
    for (size_t len = 1; len < whole; len++) {
        p.len = len;
        expect_invalid("cut off", AVERIAS "Crear", &p, len == number_ends ? "descripcionFalla" : NULL);
    }
    static const struct {
        const char *what, *bytes;
        size_t len;
    } broken[] = {
        {"field number 0", "\x00\x01", 2},
        {"wire type 7", "\x0f\x01", 2},
        {"a text where a number belongs", "\x0a\x01x", 3},
        {"a number where a text belongs", "\x10\x05", 2},
        {"a length past the end", "\x12\xff\xff\xff\xff\x0f", 6},
        {"an endless varint", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13},
        {"a group that never ends", "\x1b", 1},
        {"an end of no group", "\x1c", 1},
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        memcpy(p.at, broken[i].bytes, broken[i].len);
        p.len = broken[i].len;
        expect_invalid(broken[i].what, AVERIAS "Crear", &p, NULL);
    }
}
END_TEST

/* --- tokens --- */

static packed read_of(const char *order) {
    packed p = {.len = 0};
    put_number(&p, 1, (uint64_t)atoll(order));
    return p;
}

START_TEST(a_forged_good_token_works) {
    packed p = read_of(new_order("AVERIA", true));
    rpc_answer a = rpc_bytes(AVERIAS "Obtener", p.at, p.len, token_good("ADMIN"));
    ck_assert_msg(a.code == PD_OK, "%s %s", pd_code_name(a.code), a.message);
    rpc_free(&a);
}
END_TEST

START_TEST(bad_tokens_are_refused) {
    const char *what = "", *token = token_bad((size_t)_i, &what);
    packed p = {.len = 0}; /* bad form too: without a good token nobody learns of it */
    if (_i % 2)
        p = read_of(new_order("AVERIA", true));
    char before[128];
    snprintf(before, sizeof before, "%s", db_fingerprint());
    rpc_answer a = rpc_bytes(_i % 2 ? AVERIAS "Obtener" : AVERIAS "Crear", p.at, p.len, token);
    ck_assert_msg(a.code == PD_UNAUTHENTICATED, "%s: %s %s", what, pd_code_name(a.code), a.message);
    ck_assert_uint_eq(json_array_size(json_object_get(a.json, "errors")), 0);
    rpc_free(&a);
    ck_assert_str_eq(before, db_fingerprint());
}
END_TEST

START_TEST(no_token_is_refused_by_every_method) {
    for (size_t i = 0; i < pd_n_methods; i++) {
        rpc_answer a = rpc_bytes(pd_methods[i].full_name, NULL, 0, NULL);
        ck_assert_msg((a.code == PD_UNAUTHENTICATED) != pd_methods[i].rule->is_public, "%s: %s",
                      pd_methods[i].full_name, pd_code_name(a.code));
        rpc_free(&a);
    }
}
END_TEST

/* --- frames, by a client of our own --- */

static nng_socket open_req(void) {
    nng_socket socket;
    char url[256];
    snprintf(url, sizeof url, "%.*s", (int)strcspn(up_env("PENDIENTES_RPC"), ","), up_env("PENDIENTES_RPC"));
    ck_assert_int_eq(nng_req0_open(&socket), 0);
    nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, 10000);
    nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, 10000);
    ck_assert_int_eq(nng_dial(socket, url, NULL, 0), 0);
    return socket;
}

/* The core's answer; NULL when it gave none. Free with pendientes__rpc__respuesta__free_unpacked. */
static Pendientes__Rpc__Respuesta *ask(const void *bytes, size_t len) {
    nng_socket socket = open_req();
    void *reply = NULL;
    size_t n = 0;
    Pendientes__Rpc__Respuesta *answer = NULL;
    ck_assert_int_eq(nng_send(socket, (void *)(uintptr_t)bytes, len, 0), 0);
    if (nng_recv(socket, &reply, &n, NNG_FLAG_ALLOC) == 0) {
        answer = pendientes__rpc__respuesta__unpack(NULL, n, reply);
        ck_assert_msg(answer != NULL, "an answer that is no Respuesta");
        nng_free(reply, n);
    }
    nng_close(socket);
    return answer;
}

static Pendientes__Rpc__Respuesta *ask_calls(Pendientes__Rpc__Llamada **calls, size_t n) {
    Pendientes__Rpc__Peticion frame = PENDIENTES__RPC__PETICION__INIT;
    frame.n_llamadas = n;
    frame.llamadas = calls;
    size_t len = pendientes__rpc__peticion__get_packed_size(&frame);
    uint8_t *bytes = malloc(len);
    pendientes__rpc__peticion__pack(&frame, bytes);
    Pendientes__Rpc__Respuesta *answer = ask(bytes, len);
    free(bytes);
    return answer;
}

static Pendientes__Rpc__Llamada call_of(uint32_t id, const char *method, const packed *p, const char *token) {
    Pendientes__Rpc__Llamada call = PENDIENTES__RPC__LLAMADA__INIT;
    call.has_id = true;
    call.id = id;
    call.metodo = (char *)(uintptr_t)method;
    call.has_token = token != NULL;
    call.token = (ProtobufCBinaryData){token ? strlen(token) : 0, (uint8_t *)(uintptr_t)token};
    call.has_datos = p != NULL;
    if (p)
        call.datos = (ProtobufCBinaryData){p->len, (uint8_t *)(uintptr_t)p->at};
    return call;
}

static const Pendientes__Rpc__Resultado *result_of(const Pendientes__Rpc__Respuesta *answer, uint32_t id) {
    for (size_t i = 0; i < answer->n_resultados; i++)
        if (answer->resultados[i]->id == id)
            return answer->resultados[i];
    ck_abort_msg("no result %u", id);
    return NULL;
}

START_TEST(calls_of_a_frame_fail_alone) {
    packed good = read_of(new_order("AVERIA", true)), empty = {.len = 0}, absent = read_of("999999999");
    const char *token = token_good("ADMIN");
    Pendientes__Rpc__Llamada calls[] = {
        call_of(7, AVERIAS "Obtener", &good, token),
        call_of(1, AVERIAS "Nada", &good, token),
        call_of(2, AVERIAS "Obtener", &empty, token),
        call_of(3, AVERIAS "Obtener", &good, token_bad(2, NULL)),
        call_of(4, NULL, &good, token),
        call_of(5, AVERIAS "Obtener", &absent, token),
        call_of(6, AVERIAS "Obtener", NULL, token),
        call_of(8, "", &good, token),
        call_of(9, AVERIAS "Obtener", &good, token),
    };
    static const uint32_t wanted[] = {
        PD_OK,        PD_UNIMPLEMENTED,    PD_INVALID_ARGUMENT, PD_UNAUTHENTICATED,  PD_INVALID_ARGUMENT,
        PD_NOT_FOUND, PD_INVALID_ARGUMENT, PD_UNIMPLEMENTED,    PD_DEADLINE_EXCEEDED};
    enum { N = sizeof calls / sizeof *calls };
    Pendientes__Rpc__Llamada *list[N];
    calls[N - 1].has_plazo_ms = true; /* no time left */
    calls[N - 1].plazo_ms = 0;
    for (size_t i = 0; i < N; i++)
        list[i] = &calls[i];
    Pendientes__Rpc__Respuesta *answer = ask_calls(list, N);
    ck_assert_msg(answer != NULL, "no answer");
    ck_assert_uint_eq(answer->n_resultados, N);
    for (size_t i = 0; i < N; i++) {
        const Pendientes__Rpc__Resultado *result = result_of(answer, calls[i].id);
        ck_assert_msg(result->codigo == wanted[i], "call %zu: %s instead of %s: %s", i,
                      pd_code_name((pd_code)result->codigo), pd_code_name((pd_code)wanted[i]),
                      result->mensaje ? result->mensaje : "-");
    }
    pendientes__rpc__respuesta__free_unpacked(answer, NULL);
}
END_TEST

START_TEST(bad_metadata_is_named) {
    packed good = read_of(new_order("AVERIA", true));
    static char long_key[300];
    memset(long_key, 'k', sizeof long_key - 1);
    const char *token = token_good("ADMIN");
    Pendientes__Rpc__Llamada calls[] = {
        call_of(1, PENDIENTES "Crear", &good, token), call_of(2, PENDIENTES "Crear", &good, token),
        call_of(3, PENDIENTES "Crear", &good, token), call_of(4, AVERIAS "Obtener", &good, token),
        call_of(5, PENDIENTES "Crear", &good, "no.es.uno")};
    calls[0].clave = long_key;
    calls[1].clave = (char *)(uintptr_t) "con blanco";
    calls[2].has_clave_huella = true;
    calls[2].clave_huella = (ProtobufCBinaryData){5, (uint8_t *)(uintptr_t) "corta"};
    calls[3].peticion_id = (char *)(uintptr_t) "id con blancos\n"; /* replaced, not refused */
    calls[4].clave = long_key;                                     /* who has no good token does not learn of it */
    static const char *const fields[] = {"Idempotency-Key", "Idempotency-Key", "clave_huella", NULL};
    Pendientes__Rpc__Llamada *list[] = {&calls[0], &calls[1], &calls[2], &calls[3], &calls[4]};
    Pendientes__Rpc__Respuesta *answer = ask_calls(list, 5);
    ck_assert_msg(answer != NULL, "no answer");
    ck_assert_uint_eq(result_of(answer, 5)->codigo, PD_UNAUTHENTICATED);
    for (uint32_t i = 0; i < 4; i++) {
        const Pendientes__Rpc__Resultado *result = result_of(answer, i + 1);
        ck_assert_uint_eq(result->codigo, fields[i] ? PD_INVALID_ARGUMENT : PD_OK);
        if (fields[i]) {
            ck_assert_uint_ge(result->n_errores, 1);
            ck_assert_str_eq(result->errores[0]->campo, fields[i]);
        }
    }
    pendientes__rpc__respuesta__free_unpacked(answer, NULL);
}
END_TEST

/* A method's name comes back in the message only when it is one: the message is always UTF-8. */
START_TEST(unknown_methods_are_unimplemented) {
    static char long_name[4000];
    memset(long_name, 'n', sizeof long_name - 1);
    const char *const names[] = {"pendientes.v1.Averias/Borrar",  "Averias/Obtener", "\xff\xfe", long_name, "",
                                 "pendientes.v1.Averias/Obtener "};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Pendientes__Rpc__Llamada call = call_of(1, names[i], NULL, NULL), *list[] = {&call};
        Pendientes__Rpc__Respuesta *answer = ask_calls(list, 1);
        ck_assert_msg(answer && answer->n_resultados == 1, "%zu: no answer", i);
        const Pendientes__Rpc__Resultado *result = answer->resultados[0];
        ck_assert_msg(result->codigo == PD_UNIMPLEMENTED, "%zu: %s", i, pd_code_name((pd_code)result->codigo));
        json_t *message = json_string(result->mensaje); /* NULL when it is not UTF-8 */
        ck_assert_msg(message && strstr(result->mensaje, "Método desconocido"), "%zu: %s", i, result->mensaje);
        ck_assert_uint_lt(strlen(result->mensaje), 200);
        json_decref(message);
        pendientes__rpc__respuesta__free_unpacked(answer, NULL);
    }
}
END_TEST

/* After each the core must still answer: refused is a frame's worst fate. */
START_TEST(broken_frames_end_nothing) {
    static uint8_t junk[4096], many[257 * 40];
    srandom(7);
    for (size_t i = 0; i < sizeof junk; i++)
        junk[i] = (uint8_t)random();
    size_t n = 0;
    for (int i = 0; i < 257; i++) /* one call more than a frame may hold */
        memcpy(many + n, "\x0a\x02\x08\x01", 4), n += 4;
    const struct {
        const void *bytes;
        size_t len;
    } frames[] = {{"", 0}, {junk, sizeof junk}, {many, n}, {"\x0a\xff\x01", 3}};
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        Pendientes__Rpc__Respuesta *answer = ask(frames[i].bytes, frames[i].len);
        ck_assert_msg(answer && answer->n_resultados >= 1, "frame %zu: no answer", i);
        ck_assert_msg(answer->resultados[0]->codigo == PD_INVALID_ARGUMENT, "frame %zu: %u", i,
                      answer->resultados[0]->codigo);
        pendientes__rpc__respuesta__free_unpacked(answer, NULL);
    }
    packed good = read_of(new_order("AVERIA", true));
    rpc_answer a = rpc_bytes(AVERIAS "Obtener", good.at, good.len, http_token("ADMIN"));
    ck_assert_int_eq(a.code, PD_OK);
    rpc_free(&a);
}
END_TEST

/* --- generated functions --- */

typedef struct outcome {
    const ProtobufCService *service;
    bool done, there;
    pd_code code;
    int64_t id;
    char text[128];
} outcome;

static void arrived(const Pendientes__V1__AveriaResp *averia, void *arg) {
    outcome *o = arg;
    const pd_status *status = pd_service_status(o->service);
    o->code = status->code;
    o->there = averia != NULL;
    if (averia) {
        o->id = averia->id;
        snprintf(o->text, sizeof o->text, "%s", averia->descripcion_falla);
    } else
        snprintf(o->text, sizeof o->text, "%s", status->message ? status->message : "");
    o->done = true;
}

static outcome obtain(ProtobufCService *service, int64_t order) {
    Pendientes__V1__ObtenerAveriaReq request = PENDIENTES__V1__OBTENER_AVERIA_REQ__INIT;
    request.has_pendiente_id = true;
    request.pendiente_id = order;
    outcome o = {.service = service};
    pendientes__v1__averias__obtener(service, &request, arrived, &o);
    ck_assert_msg(!o.done, "answered from within the call");
    ck_assert_msg(pd_client_wait(rpc_client(), &o.done, WAIT_MS), "no answer");
    return o;
}

START_TEST(generated_functions_call) {
    const char *token = http_token("ADMIN"), *stranger = http_token("NADA");
    int64_t order = atoll(new_order("AVERIA", true));
    pd_meta meta = {.token = token, .token_len = strlen(token)};
    ProtobufCService *service = pd_service_new(rpc_client(), &pendientes__v1__averias__descriptor, &meta);
    outcome o = obtain(service, order);
    ck_assert_msg(o.code == PD_OK && o.there && o.id == order, "%s %s", pd_code_name(o.code), o.text);
    ck_assert_str_eq(o.text, "Sin servicio");
    o = obtain(service, 999999999);
    ck_assert_msg(o.code == PD_NOT_FOUND && !o.there && strstr(o.text, "999999999"), "%s %s", pd_code_name(o.code),
                  o.text);
    pd_service_meta(service, &(pd_meta){.token = stranger, .token_len = strlen(stranger)});
    o = obtain(service, order);
    ck_assert_msg(o.code == PD_PERMISSION_DENIED && !o.there, "%s %s", pd_code_name(o.code), o.text);
    pd_service_meta(service, &(pd_meta){.token = NULL});
    o = obtain(service, order);
    ck_assert_msg(o.code == PD_UNAUTHENTICATED && !o.there, "%s %s", pd_code_name(o.code), o.text);
    service->destroy(service);
}
END_TEST

/* --- deadlines, keys --- */

START_TEST(a_deadline_ends_a_call) {
    const char *token = http_token("ADMIN");
    int64_t order = atoll(new_order("AVERIA", true));
    pd_meta meta = {.token = token, .token_len = strlen(token), .deadline_ms = 300};
    ProtobufCService *service = pd_service_new(rpc_client(), &pendientes__v1__averias__descriptor, &meta);
    ck_assert(db_try("BEGIN"));
    ck_assert(db_try("LOCK TABLE pendientes_averias IN ACCESS EXCLUSIVE MODE"));
    long long start = up_now();
    outcome o = obtain(service, order);
    long long took = up_now() - start;
    ck_assert(db_try("ROLLBACK"));
    fprintf(stderr, "a deadline of 300 ms took %lld ms\n", took);
    ck_assert_msg(o.code == PD_DEADLINE_EXCEEDED, "%s %s", pd_code_name(o.code), o.text);
    ck_assert_msg(took >= 290 && took < 2000, "%lld ms", took);
    pd_service_meta(service, &(pd_meta){.token = token, .token_len = strlen(token)});
    o = obtain(service, order);
    ck_assert_msg(o.code == PD_OK, "afterwards: %s %s", pd_code_name(o.code), o.text);
    service->destroy(service);
}
END_TEST

START_TEST(a_key_counts_by_rpc_too) {
    const char *client = db_value("SELECT prueba.cliente()");
    char key[64], body[256];
    snprintf(key, sizeof key, "rpc-%s", client);
    snprintf(body, sizeof body, "{\"clienteId\":%s,\"tipo\":\"AVERIA\",\"lugar\":\"PUNO\",\"prioridad\":\"BAJA\"}",
             client);
    rpc_answer first = rpc_call("POST", "/api/pendientes", http_token("CORD"), body, key);
    rpc_answer second = rpc_call("POST", "/api/pendientes", http_token("CORD"), body, key);
    ck_assert_msg(first.code == PD_OK && !first.replayed, "%s", first.message);
    ck_assert_msg(second.code == PD_OK && second.replayed, "%s", second.message);
    ck_assert(json_equal(first.json, second.json));
    rpc_free(&first);
    rpc_free(&second);
    snprintf(strstr(body, "BAJA"), 16, "URGENTE\"}");
    rpc_answer other = rpc_call("POST", "/api/pendientes", http_token("CORD"), body, key);
    ck_assert_msg(other.reason == PD_REASON_OTHER_BODY, "%s %s", pd_code_name(other.code), other.message);
    rpc_free(&other);
    rpc_answer mine = rpc_call("POST", "/api/pendientes", http_token("ADMIN"), body, key);
    ck_assert_msg(mine.code == PD_OK && !mine.replayed, "another user's key is another key: %s", mine.message);
    rpc_free(&mine);
    ck_assert_int_eq(db_number("SELECT count(*) FROM pendientes WHERE cliente_id = %s", client), 2);
}
END_TEST

/* --- many at once --- */

typedef struct crowd {
    int64_t orders[ORDERS];
    size_t left, wrong;
    bool done;
    char first_wrong[256];
} crowd;

typedef struct one {
    crowd *all;
    int64_t order; /* 0: none has that id */
} one;

static void one_arrived(void *arg, const pd_reply *reply) {
    one *o = arg;
    bool right = reply->status->code == (o->order ? PD_OK : PD_NOT_FOUND);
    if (right && o->order) {
        Pendientes__V1__AveriaResp *a = pendientes__v1__averia_resp__unpack(NULL, reply->len, reply->bytes);
        char text[64];
        snprintf(text, sizeof text, "falla %lld", (long long)o->order);
        right = a && a->id == o->order && a->pendiente_id == o->order && strcmp(a->descripcion_falla, text) == 0;
        pendientes__v1__averia_resp__free_unpacked(a, NULL);
    }
    if (!right && !o->all->wrong++)
        snprintf(o->all->first_wrong, sizeof o->all->first_wrong, "order %lld: %s %s", (long long)o->order,
                 pd_code_name(reply->status->code), reply->status->message ? reply->status->message : "");
    o->all->done = --o->all->left == 0;
}

START_TEST(a_thousand_calls_at_once) {
    static one ones[AT_ONCE];
    crowd all = {.left = AT_ONCE};
    for (int i = 0; i < ORDERS; i++) {
        all.orders[i] = atoll(new_order("AVERIA", true));
        db_value("UPDATE pendientes_averias SET descripcion_falla = 'falla ' || pendiente_id WHERE pendiente_id = %lld",
                 (long long)all.orders[i]);
    }
    const char *token = http_token("ADMIN");
    pd_meta meta = {.token = token, .token_len = strlen(token)};
    const pd_method *method = pd_method_find(AVERIAS "Obtener", strlen(AVERIAS "Obtener"));
    long long start = up_now();
    for (int i = 0; i < AT_ONCE; i++) {
        Pendientes__V1__ObtenerAveriaReq request = PENDIENTES__V1__OBTENER_AVERIA_REQ__INIT;
        ones[i] = (one){&all, i % 11 == 3 ? 0 : all.orders[random() % ORDERS]};
        request.has_pendiente_id = true;
        request.pendiente_id = ones[i].order ? ones[i].order : 900000000 + i;
        pd_client_call_message(rpc_client(), method, &request.base, &meta, one_arrived, &ones[i]);
    }
    ck_assert_msg(pd_client_wait(rpc_client(), &all.done, WAIT_MS), "%zu calls without an answer", all.left);
    fprintf(stderr, "%d calls at once took %lld ms\n", AT_ONCE, up_now() - start);
    ck_assert_msg(all.wrong == 0, "%zu wrong answers, first %s", all.wrong, all.first_wrong);
}
END_TEST

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

int main(void) {
    up_use();
    db_support();
    Suite *suite = suite_create("rpc");
    TCase *tcase = tcase_create("rpc");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, texts_are_utf8_without_nul, 0, COUNT(bad_texts));
    tcase_add_test(tcase, texts_have_a_length);
    tcase_add_loop_test(tcase, numbers_are_known_and_in_range, 0, COUNT(bad_numbers));
    tcase_add_loop_test(tcase, formats_are_checked, 0, COUNT(bad_formats));
    tcase_add_test(tcase, missing_fields_are_named_together);
    tcase_add_test(tcase, no_method_runs_without_its_fields);
    tcase_add_test(tcase, repeats_are_bounded);
    tcase_add_test(tcase, broken_bytes_are_refused);
    tcase_add_test(tcase, a_forged_good_token_works);
    tcase_add_loop_test(tcase, bad_tokens_are_refused, 0, (int)token_n_bad());
    tcase_add_test(tcase, no_token_is_refused_by_every_method);
    tcase_add_test(tcase, calls_of_a_frame_fail_alone);
    tcase_add_test(tcase, bad_metadata_is_named);
    tcase_add_test(tcase, unknown_methods_are_unimplemented);
    tcase_add_test(tcase, broken_frames_end_nothing);
    tcase_add_test(tcase, generated_functions_call);
    tcase_add_test(tcase, a_deadline_ends_a_call);
    tcase_add_test(tcase, a_key_counts_by_rpc_too);
    tcase_add_test(tcase, a_thousand_calls_at_once);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
