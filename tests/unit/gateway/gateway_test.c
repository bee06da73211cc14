/* The gateway as its clients see it, over real sockets: HTTP/1.1 and HTTP/2, clear and TLS. */
#include "tests/unit/gateway/front.h"

/* --- answers --- */

START_TEST(test_read) {
    answer *a = ASK(.path = AVERIA, .token = "ok", .http2 = _i, .headers = {"X-Request-Id: abc.1"});
    ck_assert_int_eq(a->status, 200);
    ck_assert_int_eq(a->version, _i ? CURL_HTTP_VERSION_2_0 : CURL_HTTP_VERSION_1_1);
    ck_assert_str_eq(a->body, "{\"id\":42,\"pendienteId\":null,\"descripcionFalla\":\"Obtener|abc.1|127.0.0.1|||0\","
                              "\"vlan\":null,\"ppoe\":null,\"ppoePassword\":null}");
    HEADER(a, "content-type: application/json");
    HEADER(a, "x-request-id: abc.1");
    HEADER(a, "x-content-type-options: nosniff");
    HEADER(a, "cache-control: no-store");
    HEADER(a, "vary: Authorization, Accept");
    NO_HEADER(a, "transfer-encoding");
    NO_HEADER(a, "\nserver:");
}
END_TEST

START_TEST(test_request_id_and_trace) {
    answer *a = ASK(.path = AVERIA, .token = "ok",
                    .headers = {"X-Request-Id: not valid", "X-Forwarded-For: 9.9.9.9",
                                "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"});
    ck_assert_int_eq(a->status, 200);
    HAS(a, "|127.0.0.1||00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01|0");
    const char *id = strcasestr(a->headers, "x-request-id: ");
    ck_assert_ptr_nonnull(id);
    ck_assert_uint_eq(strcspn(id + 14, "\r"), 22);
}
END_TEST

START_TEST(test_forwarded) {
    answer *a = ASK(.path = AVERIA, .token = "ok", .tls = true, .http2 = _i);
    HAS(a, "|127.0.0.1|");
    a = ASK(.path = AVERIA, .token = "ok", .tls = true, .http2 = _i,
            .headers = {"X-Forwarded-For: 1.1.1.1, 9.9.9.9", "X-Forwarded-For: 10.0.0.1"});
    HAS(a, "|9.9.9.9|");
}
END_TEST

START_TEST(test_head) {
    answer *a = ASK(.verb = "HEAD", .path = AVERIA, .token = "ok", .http2 = _i);
    ck_assert_int_eq(a->status, 200);
    ck_assert_uint_eq(a->len, 0);
    const char *length = strcasestr(a->headers, "content-length: ");
    ck_assert_ptr_nonnull(length);
    ck_assert_int_gt(atoi(length + 16), 50);
    a = ASK(.verb = "HEAD", .path = "/nada", .http2 = _i);
    ck_assert_int_eq(a->status, 404);
    ck_assert_uint_eq(a->len, 0);
}
END_TEST

START_TEST(test_text) {
    answer *a = ASK(.path = "/auth/validar-token", .token = "ok");
    ck_assert_int_eq(a->status, 200);
    HEADER(a, "content-type: text/plain;charset=UTF-8");
    ck_assert_str_eq(a->body, "Token válido y usuario activo");
    ck_assert_int_eq(ASK(.path = "/auth/validar-token", .token = "ok", .headers = {"Accept: text/plain"})->status, 200);
    a = ASK(.path = "/auth/validar-token", .token = "ok", .tls = true);
    ck_assert_str_eq(a->body, "Token válido y usuario activo");
}
END_TEST

START_TEST(test_cacheable_read) {
    answer *a = ASK(.path = "/api/pendientes/42", .token = "ok");
    ck_assert_int_eq(a->status, 200);
    HEADER(a, "cache-control: private, no-cache");
}
END_TEST

START_TEST(test_key) {
    answer *a = ASK(.verb = "POST", .path = "/api/pendientes/averia", .token = "repetida", .type = "application/json",
                    .body = "{\"pendienteId\":42,\"descripcionFalla\":\"x\"}", .headers = {"Idempotency-Key: \"k-1\""});
    ck_assert_int_eq(a->status, 200);
    HEADER(a, "idempotency-replayed: true");
    HAS(a, "|k-1||1");
    a = ASK(.verb = "PUT", .path = AVERIA, .token = "ok", .headers = {"Idempotency-Key: k-1"});
    ck_assert_int_eq(a->status, 200);
    HAS(a, "||0\"");
    NO_HEADER(a, "idempotency-replayed");
}
END_TEST

#define TECHNICAL "/api/pendientes/42/estado-tecnico"

/* A GET that writes takes the read's place where its parameter is; HEAD never does. */
START_TEST(test_deprecated_get) {
    answer *a = ASK(.path = TECHNICAL, .token = "ok");
    ck_assert_int_eq(a->status, 200);
    HAS(a, "\"Obtener|");
    HEADER(a, "cache-control: private, no-cache");
    NO_HEADER(a, "deprecation:");
    a = ASK(.path = TECHNICAL "?nuevoEstado=OK", .token = "ok", .http2 = _i);
    ck_assert_int_eq(a->status, 200);
    HAS(a, "\"CambiarEstadoTecnico|");
    HEADER(a, "cache-control: no-store");
    HEADER(a, "deprecation: @1793491200");
    a = ASK(.path = TECHNICAL "?nuevoEstado=OK", .token = "ok", .headers = {"If-None-Match: *"});
    ck_assert_int_eq(a->status, 200);
    a = ASK(.path = TECHNICAL "?x=1&nuevo%45stado=OK", .token = "ok");
    HAS(a, "\"CambiarEstadoTecnico|");
    a = ASK(.path = TECHNICAL "?nuevoEstado", .token = "ok");
    ck_assert_int_eq(a->status, 400);
    HAS(a, "\"field\":\"nuevoEstado\"");
    HEADER(a, "deprecation: @1793491200");
    a = ASK(.path = TECHNICAL "?nuevoEstado=OK", .token = "malo");
    ck_assert_int_eq(a->status, 401);
    a = ASK(.verb = "HEAD", .path = TECHNICAL "?nuevoEstado=OK", .token = "ok");
    ck_assert_int_eq(a->status, 200);
    HEADER(a, "cache-control: private, no-cache");
    NO_HEADER(a, "deprecation:");
}
END_TEST

/* The TLS gateway has deprecated-gets = off. */
START_TEST(test_deprecated_get_off) {
    answer *a = ASK(.path = TECHNICAL "?nuevoEstado=OK", .token = "ok", .tls = true);
    ck_assert_int_eq(a->status, 400);
    HAS(a, "nuevoEstado: ya no se acepta por GET");
    a = ASK(.path = TECHNICAL "?nuevoEstado=OK", .token = "malo", .tls = true);
    ck_assert_int_eq(a->status, 401);
    ck_assert_int_eq(ASK(.path = TECHNICAL, .token = "ok", .tls = true)->status, 200);
    a = ASK(.verb = "PUT", .path = TECHNICAL "?nuevoEstado=OK", .token = "ok", .tls = true);
    ck_assert_int_eq(a->status, 200);
    NO_HEADER(a, "deprecation:");
}
END_TEST

static const char openapi_start[] = "{";

START_TEST(test_pages) {
    static const char *const paths[] = {"/openapi.json", "/openapi.json/", "/v3/api-docs", "/v3/api-docs?x=1"};
    for (size_t i = 0; i < 4; i++) {
        answer *a = ASK(.path = paths[i], .tls = i & 1);
        ck_assert_int_eq(a->status, 200);
        HEADER(a, "content-type: application/json");
        ck_assert_uint_eq(a->len, pd_openapi_len);
        ck_assert_mem_eq(a->body, openapi_start, 1);
    }
    answer *a = ASK(.verb = "DELETE", .path = "/openapi.json");
    ck_assert_int_eq(a->status, 405);
    HEADER(a, "allow: GET, HEAD, OPTIONS");
}
END_TEST

/* --- refusals --- */

static char big[8 << 20];

#define POST_AVERIA .verb = "POST", .path = "/api/pendientes/averia", .type = "application/json"

/* Each deserves its status and, where it stands beside an earlier one, not the later. */
static const struct {
    request request;
    int status;
    const char *code, *text;
} refusals[] = {
    {{.path = "/nada"}, 404, "NOT_FOUND", "La ruta no existe"},
    {{.path = "/api/pendientes/../auth", .token = "ok"}, 404, "NOT_FOUND", "ruta"},
    {{.verb = "DELETE", .path = "/api/pendientes/traslado/"}, 405, "UNIMPLEMENTED", "método"},
    {{.verb = "DELETE", .path = AVERIA, .body = big, .body_len = 2 << 20}, 405, "UNIMPLEMENTED", "método"},
    {{POST_AVERIA, .body = big, .body_len = 2 << 20}, 413, "INVALID_ARGUMENT", "demasiado grande"},
    {{.path = AVERIA}, 401, "UNAUTHENTICATED", "Falta el token"},
    {{.path = AVERIA, .headers = {"Authorization: Bearer x"}}, 401, "UNAUTHENTICATED", "forma"},
    {{.path = AVERIA, .headers = {"Authorization: Bearer a.ok.c", "Authorization: Bearer a.ok.c"}},
     401,
     "UNAUTHENTICATED",
     "forma"},
    {{.path = AVERIA, .token = "malo"}, 401, "UNAUTHENTICATED", "Token inválido"},
    {{POST_AVERIA, .token = "malo", .body = "{"}, 401, "UNAUTHENTICATED", "Token inválido"},
    {{.verb = "POST", .path = "/api/pendientes/averia", .token = "malo", .type = "text/plain", .body = "x"},
     401,
     "UNAUTHENTICATED",
     "Token inválido"},
    {{.verb = "POST", .path = "/api/pendientes/averia", .token = "ok", .type = "text/plain", .body = "{"},
     415,
     "INVALID_ARGUMENT",
     "application/json"},
    {{.verb = "POST", .path = "/api/pendientes/averia", .token = "prohibido", .body = "{}"},
     415,
     "INVALID_ARGUMENT",
     "application/json"},
    {{.verb = "POST",
      .path = "/api/pendientes/averia",
      .token = "ok",
      .type = "application/x-www-form-urlencoded",
      .body = "a=1"},
     415,
     "INVALID_ARGUMENT",
     "application/json"},
    {{.path = "/api/pendientes/x/averia", .token = "ok", .headers = {"Accept: text/html"}},
     406,
     "INVALID_ARGUMENT",
     "application/json"},
    {{POST_AVERIA, .token = "prohibido", .body = "{}"}, 400, "INVALID_ARGUMENT", "\"field\":\"descripcionFalla\""},
    {{POST_AVERIA, .token = "ok", .body = "{\"pendienteId\":1,\"descripcionFalla\":"},
     400,
     "INVALID_ARGUMENT",
     "descripcionFalla"},
    {{POST_AVERIA, .token = "ok", .body = "\xEF\xBB\xBF{}"}, 400, "INVALID_ARGUMENT", "\"errors\":["},
    {{POST_AVERIA, .token = "ok"}, 400, "INVALID_ARGUMENT", "\"field\":\"pendienteId\""},
    {{.path = "/api/pendientes/abc/averia", .token = "ok"}, 400, "INVALID_ARGUMENT", "\"field\":\"pendienteId\""},
    {{.path = AVERIA, .token = "ok", .headers = {"Grpc-Timeout: pronto"}}, 400, "INVALID_ARGUMENT", "Grpc-Timeout"},
    {{POST_AVERIA, .token = "ok", .body = "{\"pendienteId\":1,\"descripcionFalla\":\"x\"}",
      .headers = {"Idempotency-Key: a b"}},
     400,
     "INVALID_ARGUMENT",
     "Idempotency-Key"},
    {{.verb = "PUT", .path = AVERIA "/vlan?vlan=1&vlan=2", .token = "ok"}, 400, "INVALID_ARGUMENT", "repetido"},
    {{.path = AVERIA, .token = "prohibido"}, 403, "PERMISSION_DENIED", "No tienes permisos"},
    {{.path = AVERIA, .token = "falta"}, 404, "NOT_FOUND", "Avería no encontrada"},
    {{.path = AVERIA, .token = "otroCuerpo"}, 422, "INVALID_ARGUMENT", "Otro cuerpo"},
    {{.path = AVERIA, .token = "desconocido"}, 500, "UNKNOWN", "desconocido"},
    {{.path = AVERIA, .token = "basura"}, 500, "INTERNAL", "no se entiende"},
    {{.path = AVERIA, .token = "espera", .headers = {"Grpc-Timeout: 50m"}}, 504, "DEADLINE_EXCEEDED", "plazo"},
    {{.verb = "POST", .path = "/auth", .type = "application/json", .body = "{\"dni\":1}"},
     400,
     "INVALID_ARGUMENT",
     "\"field\":\"password\""},
};

static void check_refusal(const request *sent, int status, const char *code, const char *text) {
    char coded[64];
    answer *a = ask(sent);
    ck_assert_msg(a->status == status, "%s: %ld, not %d: %s", sent->path, a->status, status, a->body);
    HEADER(a, "content-type: application/problem+json");
    snprintf(coded, sizeof coded, "\"code\":\"%s\"", code);
    HAS(a, coded);
    HAS(a, text);
    HAS(a, "\"type\":\"about:blank\"");
    if (status == 401)
        HEADER(a, "www-authenticate: Bearer");
}

START_TEST(test_refusals) {
    request sent = refusals[_i].request;
    check_refusal(&sent, refusals[_i].status, refusals[_i].code, refusals[_i].text);
    sent.http2 = true;
    check_refusal(&sent, refusals[_i].status, refusals[_i].code, refusals[_i].text);
}
END_TEST

/* Without Grpc-Timeout: the default. */
START_TEST(test_default_deadline) {
    uint64_t since = now_ms();
    ck_assert_int_eq(ASK(.path = AVERIA, .token = "espera", .timeout_ms = 20000)->status, 504);
    uint64_t took = now_ms() - since;
    ck_assert_msg(took >= 9900 && took < 12000, "%lu ms", (unsigned long)took);
}
END_TEST

START_TEST(test_all_field_errors_together) {
    answer *a = ASK(POST_AVERIA, .token = "ok", .body = "{\"pendienteId\":\"x\",\"descripcionFalla\":5}",
                    .headers = {"Grpc-Timeout: x", "Idempotency-Key: "});
    ck_assert_int_eq(a->status, 400);
    HAS(a, "\"field\":\"pendienteId\"");
    HAS(a, "\"field\":\"descripcionFalla\"");
    HAS(a, "\"field\":\"Grpc-Timeout\"");
}
END_TEST

START_TEST(test_allow_and_retry_after) {
    HEADER(ASK(.verb = "DELETE", .path = "/api/pendientes/traslado"), "allow: POST, PUT, OPTIONS");
    HEADER(ASK(.path = AVERIA, .token = "muchos"), "retry-after: 31");
    HEADER(ASK(.path = AVERIA, .token = "enVuelo"), "retry-after: 2");
}
END_TEST

START_TEST(test_aliases_and_slashes) {
    static const char *const paths[] = {
        "/api/pendientes/42/averia/vlan?vlan=7",          "/api/pendientes/42/averia/vlan/?vlan=7",
        "/api/pendientes/42/averia%C2%BF/vlan?vlan=7",    "/api/pendientes/42/averia%c2%bf/vlan?vlan=7",
        "/api/pendientes/42/averia\xC2\xBF/vlan?vlan=7",  "/api/pendientes/%34%32/averia/vlan?vlan=%37",
        "/api/pendientes/42/averia\xC2\xBF/vlan/?vlan=7",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        answer *a = ASK(.verb = "PUT", .path = paths[i], .token = "ok", .http2 = i & 1);
        ck_assert_msg(a->status == 200, "%s: %ld %s", paths[i], a->status, a->body);
        HAS(a, "AsignarVlan|");
    }
}
END_TEST

START_TEST(test_form_body) {
    answer *a = ASK(.verb = "PUT", .path = AVERIA "/ppoe", .token = "ok", .type = "application/x-www-form-urlencoded",
                    .body = "ppoeUser=u&ppoePassword=p%40+1");
    ck_assert_int_eq(a->status, 200);
    HAS(a, "AsignarPpoe|");
}
END_TEST

/* --- the envelope --- */

START_TEST(test_envelope) {
    answer *a = ASK(.path = AVERIA, .token = "ok", .headers = {"Accept: application/json; profile=\"envelope\""});
    ck_assert_int_eq(a->status, 200);
    HEADER(a, "content-type: application/json");
    ck_assert_msg(strncmp(a->body, "{\"success\":true,\"code\":200,\"message\":\"", 37) == 0, "%s", a->body);
    HAS(a, ",\"data\":{\"id\":42,");
    a = ASK(.path = "/nada", .headers = {"Accept: application/json; profile=envelope"});
    ck_assert_int_eq(a->status, 404);
    HEADER(a, "content-type: application/json");
    ck_assert_str_eq(a->body, "{\"success\":false,\"code\":404,\"message\":\"La ruta no existe\",\"data\":null}");
}
END_TEST

/* The TLS gateway has envelope = on. */
START_TEST(test_envelope_by_default) {
    answer *a = ASK(.path = AVERIA, .token = "falta", .tls = true, .http2 = true);
    ck_assert_int_eq(a->version, CURL_HTTP_VERSION_2_0);
    ck_assert_str_eq(a->body, "{\"success\":false,\"code\":404,\"message\":\"Avería no encontrada\",\"data\":null}");
    a = ASK(.path = AVERIA, .token = "ok", .tls = true);
    ck_assert_int_eq(a->version, CURL_HTTP_VERSION_1_1);
    HAS(a, "{\"success\":true,");
    a = ASK(.path = AVERIA, .token = "ok", .tls = true, .headers = {"Accept: application/json; profile=\"bare\""});
    HAS(a, "{\"id\":42,");
    a = ASK(.path = AVERIA, .token = "falta", .tls = true, .headers = {"Accept: application/json; profile=\"bare\""});
    HEADER(a, "content-type: application/problem+json");
}
END_TEST

/* --- what libcurl does not send --- */

static const struct {
    const char *request, *status;
} oddities[] = {
    {"GET /openapi.json HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1 400"},
    {"GET /openapi.json HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", "HTTP/1.1 400"},
    {"GET openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 400"},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 400"},
    {"GET http://a/nada HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 404"},
    {"HEAD http://a/openapi.json?x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 200"},
    {"GET http://a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 400"},
    {"GET http://a?b=/openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 400"},
    {"BREW /auth HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 405"},
    {"GET /api/pendientes/42%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 404"},
    {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 400"},
    {"nonsense\r\n\r\n", "HTTP/1.1 400"},
};

START_TEST(test_oddities) {
    const char *got = raw(oddities[_i].request);
    ck_assert_msg(strncmp(got, oddities[_i].status, strlen(oddities[_i].status)) == 0, "%s gives %s",
                  oddities[_i].request, got);
}
END_TEST

START_TEST(test_large_headers) {
    static char text[64 << 10];
    int n = sprintf(text, "GET /auth HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Filler: ");
    memset(text + n, 'x', 40 << 10);
    strcpy(text + n + (40 << 10), "\r\n\r\n");
    const char *got = raw(text);
    ck_assert_msg(strncmp(got, "HTTP/1.1 431", 12) == 0, "%.200s", got);
    ck_assert_ptr_nonnull(strstr(got, "\"code\":\"INVALID_ARGUMENT\""));
}
END_TEST

/* Past what h2o reads at all. */
START_TEST(test_huge_body) {
    char head[256], out[4096];
    int n = snprintf(head, sizeof head,
                     "POST /auth HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
                     100 << 20);
    ask_raw(head, (size_t)n, out, sizeof out, PATIENCE_MS);
    ck_assert_msg(strncmp(out, "HTTP/1.1 413", 12) == 0, "%s", out);
}
END_TEST

START_TEST(test_pipelined) {
    const char *got =
        raw("GET /nada HTTP/1.1\r\nHost: a\r\n\r\nGET /auth HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const char *first = strstr(got, "HTTP/1.1 404"), *second = strstr(got, "HTTP/1.1 405");
    ck_assert(first && second && first < second);
}
END_TEST

/* --- clients that go away --- */

#define GONE                                                                                                           \
    "pendientes_http_requests_total{method=\"GET\",route=\"/api/pendientes/{pendiente_id}/averia\",status=\"499\"} "
#define IN_FLIGHT "\npendientes_http_requests_in_flight "

START_TEST(test_client_gone_http2) {
    long before = metric(GONE);
    answer *a = ASK(.path = AVERIA, .token = "espera", .http2 = true, .timeout_ms = 100);
    ck_assert_int_eq(a->code, CURLE_OPERATION_TIMEDOUT);
    ck_assert(becomes(GONE, before + 1));
    ck_assert(becomes(IN_FLIGHT, 0));
    ck_assert_int_eq(ASK(.path = AVERIA, .token = "ok")->status, 200);
}
END_TEST

/* h2o hears of it only when it writes the answer: the deadline's. */
START_TEST(test_client_gone_http1) {
    answer *a = ASK(.path = AVERIA, .token = "espera", .timeout_ms = 50, .headers = {"Grpc-Timeout: 200m"});
    ck_assert_int_eq(a->code, CURLE_OPERATION_TIMEDOUT);
    ck_assert(becomes(IN_FLIGHT, 0));
    ck_assert_int_eq(ASK(.path = AVERIA, .token = "ok")->status, 200);
}
END_TEST

static size_t put_frame(uint8_t *to, uint8_t type, uint8_t flags, uint32_t stream, const void *payload, size_t len) {
    const uint8_t head[9] = {
        (uint8_t)(len >> 16),    (uint8_t)(len >> 8),     (uint8_t)len,           type,           flags,
        (uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream};
    memcpy(to, head, 9);
    memcpy(to + 9, payload, len);
    return 9 + len;
}

/* GET with path, authority and a token, in HPACK without Huffman or index. */
static size_t put_headers(uint8_t *to, const char *path, const char *token) {
    size_t n = 0;
    to[n++] = 0x82; /* :method GET */
    to[n++] = 0x86; /* :scheme http */
    to[n++] = 0x04; /* :path */
    to[n++] = (uint8_t)strlen(path);
    memcpy(to + n, path, strlen(path));
    n += strlen(path);
    memcpy(to + n,
           "\x01\x01"
           "a",
           3); /* :authority */
    n += 3;
    memcpy(to + n, "\x0f\x08", 2); /* authorization */
    n += 2;
    to[n++] = (uint8_t)strlen(token);
    memcpy(to + n, token, strlen(token));
    return n + strlen(token);
}

static char frames[4 << 20], frames_back[1 << 20];

static size_t put_preface(uint8_t *to) {
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    memcpy(to, preface, sizeof preface - 1);
    return sizeof preface - 1 + put_frame(to + sizeof preface - 1, 4, 0, 0, "", 0);
}

START_TEST(test_rapid_reset) {
    uint8_t block[256], *at = (uint8_t *)frames;
    long before = metric("\npendientes_http_connections_cut_total ");
    size_t len = put_headers(block, AVERIA, "Bearer h.espera.s"), n = put_preface(at);
    for (uint32_t i = 0; i < 20000; i++) {
        n += put_frame(at + n, 1, 0x5, 2 * i + 1, block, len);
        n += put_frame(at + n, 3, 0, 2 * i + 1, "\0\0\0\x8", 4);
    }
    uint64_t since = now_ms();
    ask_raw(frames, n, frames_back, sizeof frames_back, PATIENCE_MS);
    ck_assert_uint_lt(now_ms() - since, PATIENCE_MS); /* it was closed, not silent */
    ck_assert_int_eq(metric("\npendientes_http_connections_cut_total "), before + 1);
    ck_assert(becomes(IN_FLIGHT, 0));
    ck_assert_int_lt(metric(GONE), 10000);
    ck_assert_int_eq(ASK(.path = AVERIA, .token = "ok")->status, 200);
}
END_TEST

START_TEST(test_empty_path) {
    uint8_t block[256], *at = (uint8_t *)frames;
    size_t n = put_preface(at), len = put_headers(block, "", "Bearer h.ok.s");
    n += put_frame(at + n, 1, 0x5, 1, block, len);
    size_t got = ask_raw(frames, n, frames_back, sizeof frames_back, 500);
    bool reset = false;
    for (size_t i = 0; i + 9 <= got;) {
        const uint8_t *head = (const uint8_t *)frames_back + i;
        if (head[3] == 3 && head[8] == 1)
            reset = true;
        i += 9 + ((size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2]);
    }
    ck_assert_msg(reset, "no RST_STREAM in %zu bytes", got);
}
END_TEST

/* --- the process --- */

START_TEST(test_admin) {
    ck_assert_int_eq(ASK(.path = "/live", .admin = true)->status, 200);
    ck_assert_int_eq(ASK(.path = "/ready", .admin = true)->status, 200);
    ck_assert_int_eq(ASK(.path = AVERIA, .admin = true, .token = "ok")->status, 404);
    ck_assert_int_eq(ASK(.verb = "POST", .path = "/live", .admin = true, .body = "x")->status, 405);
    ck_assert_int_eq(ASK(.path = "/metrics")->status, 404);
    ASK(.path = AVERIA, .token = "ok");
    answer *a = ASK(.path = "/metrics", .admin = true);
    HAS(a, "pendientes_http_requests_total{method=\"GET\",route=\"/api/pendientes/{pendiente_id}/"
           "averia\",status=\"200\"}");
    HAS(a,
        "pendientes_http_request_seconds_bucket{method=\"GET\",route=\"/api/pendientes/{pendiente_id}/averia\",le=\"");
    HAS(a, "process_cpu_seconds_total");
}
END_TEST

/* No query, no value, no token; the template instead of the path. */
START_TEST(test_access_log) {
    char path[256], line[4096];
    bool found = false;
    ASK(.verb = "PUT", .path = "/api/pendientes/987654321987/averia/ppoe?ppoeUser=quien&ppoePassword=secreta99",
        .token = "ok", .headers = {"X-Request-Id: log-1"});
    in_dir(path, "log");
    for (uint64_t until = now_ms() + PATIENCE_MS; !found && now_ms() < until; usleep(2000)) {
        FILE *log = fopen(path, "r");
        ck_assert_ptr_nonnull(log);
        while (fgets(line, sizeof line, log)) {
            ck_assert_ptr_null(strstr(line, "secreta99"));
            ck_assert_ptr_null(strstr(line, "987654321987"));
            ck_assert_ptr_null(strstr(line, "h.ok.s"));
            if (!strstr(line, "\"request_id\":\"log-1\""))
                continue;
            found = true;
            ck_assert_ptr_nonnull(strstr(line,
                                         "\"method\":\"PUT\",\"route\":\"/api/pendientes/{pendiente_id}/averia/ppoe\","
                                         "\"status\":200,\"ms\":"));
        }
        fclose(log);
    }
    ck_assert(found);
}
END_TEST

/* SIGTERM: what is under way is answered, nobody new gets in, and it ends by itself. */
START_TEST(test_drain) {
    int port, admin, status;
    pid_t pid = start_gateway(&port, &admin, (const char *const[]){"--drain", "5s", NULL});
    int kept_port = clear_port, kept_admin = clear_admin;
    clear_port = port;
    clear_admin = admin;
    await_ready(false);
    pid_t asker = fork();
    if (asker == 0) {
        answer *a = ASK(.path = AVERIA, .token = "espera", .headers = {"Grpc-Timeout: 700m"});
        _exit(a->status == 504 && has_header(a, "connection: keep-alive") ? 0 : 1);
    }
    ck_assert(becomes(IN_FLIGHT, 1));
    kill(pid, SIGTERM);
    waitpid(asker, &status, 0);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(ASK(.path = "/openapi.json")->code, CURLE_COULDNT_CONNECT);
    waitpid(pid, &status, 0);
    ck_assert_int_eq(status, 0);
    clear_port = kept_port;
    clear_admin = kept_admin;
}
END_TEST

START_TEST(test_taken_port_is_one_line) {
    char log[256], listen_at[64], text[1024] = "", url[256];
    int status, port = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    ck_assert_int_eq(bind(port, (struct sockaddr *)&address, len), 0);
    listen(port, 1);
    getsockname(port, (struct sockaddr *)&address, &len);
    in_dir(log, "taken");
    snprintf(url, sizeof url, "ipc://%s/core.ipc", dir);
    snprintf(listen_at, sizeof listen_at, "127.0.0.1:%d", ntohs(address.sin_port));
    pid_t pid = spawn((const char *const[]){gateway_path, "--cores", url, "--listen", listen_at, NULL}, log);
    waitpid(pid, &status, 0);
    FILE *in = fopen(log, "r");
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    unlink(log);
    close(port);
    ck_assert_int_ne(status, 0);
    ck_assert_ptr_nonnull(strstr(text, listen_at));
    ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}
END_TEST

static Suite *all_tests(void) {
    Suite *suite = suite_create("gateway/gateway");
    TCase *tests = tcase_create("gateway");
    tcase_set_timeout(tests, 60);
    tcase_add_unchecked_fixture(tests, start_all, stop_all);
    tcase_add_loop_test(tests, test_read, 0, 2);
    tcase_add_test(tests, test_request_id_and_trace);
    tcase_add_loop_test(tests, test_forwarded, 0, 2);
    tcase_add_loop_test(tests, test_head, 0, 2);
    tcase_add_test(tests, test_text);
    tcase_add_test(tests, test_cacheable_read);
    tcase_add_test(tests, test_key);
    tcase_add_loop_test(tests, test_deprecated_get, 0, 2);
    tcase_add_test(tests, test_deprecated_get_off);
    tcase_add_test(tests, test_pages);
    tcase_add_loop_test(tests, test_refusals, 0, sizeof refusals / sizeof *refusals);
    tcase_add_test(tests, test_default_deadline);
    tcase_add_test(tests, test_all_field_errors_together);
    tcase_add_test(tests, test_allow_and_retry_after);
    tcase_add_test(tests, test_aliases_and_slashes);
    tcase_add_test(tests, test_form_body);
    tcase_add_test(tests, test_envelope);
    tcase_add_test(tests, test_envelope_by_default);
    tcase_add_loop_test(tests, test_oddities, 0, sizeof oddities / sizeof *oddities);
    tcase_add_test(tests, test_large_headers);
    tcase_add_test(tests, test_huge_body);
    tcase_add_test(tests, test_pipelined);
    tcase_add_test(tests, test_client_gone_http2);
    tcase_add_test(tests, test_client_gone_http1);
    tcase_add_test(tests, test_rapid_reset);
    tcase_add_test(tests, test_empty_path);
    tcase_add_test(tests, test_admin);
    tcase_add_test(tests, test_access_log);
    tcase_add_test(tests, test_drain);
    tcase_add_test(tests, test_taken_port_is_one_line);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--core") == 0)
        return core_main(argv[2]);
    memset(big, 'x', sizeof big);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    SRunner *runner = srunner_create(all_tests());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
