/* What a body, a query, a media type or a token may not be, by REST: each refusal clear, and nothing stored. */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/raw.h"
#include "tests/integration/token.h"
#include "tests/integration/up.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MIB = 1 << 20, DEEP = 10000 };

static char fingerprint[128];

static void remember(void) {
    snprintf(fingerprint, sizeof fingerprint, "%s", db_fingerprint());
}

static void expect_unchanged(const char *what) {
    ck_assert_msg(strcmp(fingerprint, db_fingerprint()) == 0, "%s: something changed", what);
}

static void expect_problem(const char *what, const http_answer *a, long status, const char *field) {
    ck_assert_msg(a->status == status, "%s: %ld instead of %ld: %.300s", what, a->status, status, a->body);
    const char *type = http_header(a, "Content-Type");
    ck_assert_msg(type && strcmp(type, "application/problem+json") == 0, "%s: type %s", what, type ? type : "-");
    ck_assert_msg(json_integer_value(json_object_get(a->json, "status")) == status, "%s: %s", what, a->body);
    ck_assert_msg(json_is_array(json_object_get(a->json, "errors")), "%s: no errors: %s", what, a->body);
    const char *detail = json_string_value(json_object_get(a->json, "detail"));
    ck_assert_msg(detail && *detail, "%s: no detail", what);
    if (field)
        ck_assert_msg(http_names(a->json, field) && strstr(detail, field), "%s: does not name %s: %s", what, field,
                      a->body);
}

static const char *new_order(const char *type, bool details) {
    return db_value("SELECT prueba.orden('%s', detalle => %s)", type, details ? "true" : "false");
}

/* --- bodies --- */

/* `%s` is the id of an order that could take the details. */
static const struct {
    const char *what, *body;
    size_t len; /* 0: up to the NUL */
    const char *field;
} bodies[] = {
    {"no JSON", "hola", 0, NULL},
    {"cut off", "{\"pendienteId\": %s, \"descripcionFalla\": \"x\"", 0, NULL},
    {"cut off within a value", "{\"pendienteId\": %s, \"descripcionFalla\": \"x", 0, "descripcionFalla"},
    {"a comma at the end", "{\"pendienteId\": %s, \"descripcionFalla\": \"x\",}", 0, NULL},
    {"two values", "{\"pendienteId\": %s, \"descripcionFalla\": \"x\"} {}", 0, NULL},
    {"single quotes", "{'pendienteId': %s, 'descripcionFalla': 'x'}", 0, NULL},
    {"a comment", "{\"pendienteId\": %s, /* no */ \"descripcionFalla\": \"x\"}", 0, NULL},
    {"an array", "[{\"pendienteId\": %s, \"descripcionFalla\": \"x\"}]", 0, NULL},
    {"a text", "\"pendienteId\"", 0, NULL},
    {"null", "null", 0, NULL},
    {"a byte-order mark", "\xef\xbb\xbf{\"pendienteId\": %s, \"descripcionFalla\": \"x\"}", 0, NULL},
    {"UTF-16", "\xff\xfe{\0}\0", 6, NULL},
    {"a form feed as a blank", "{\"pendienteId\": %s,\f\"descripcionFalla\": \"x\"}", 0, NULL},
    {"a key twice", "{\"pendienteId\": %s, \"descripcionFalla\": \"x\", \"descripcionFalla\": \"y\"}", 0,
     "descripcionFalla"},
    {"a key twice, escaped", "{\"pendienteId\": %s, \"descripcionFalla\": \"x\", \"descripcionF\\u0061lla\": \"y\"}", 0,
     "descripcionFalla"},
    {"an escaped NUL", "{\"pendienteId\": %s, \"descripcionFalla\": \"a\\u0000b\"}", 0, "descripcionFalla"},
    {"an unpaired surrogate", "{\"pendienteId\": %s, \"descripcionFalla\": \"a\\ud800b\"}", 0, "descripcionFalla"},
    {"surrogates the wrong way round", "{\"pendienteId\": %s, \"descripcionFalla\": \"\\udc00\\ud800\"}", 0,
     "descripcionFalla"},
    {"invalid UTF-8", "{\"pendienteId\": %s, \"descripcionFalla\": \"a\xff\"}", 0, "descripcionFalla"},
    {"an overlong slash", "{\"pendienteId\": %s, \"descripcionFalla\": \"\xc0\xaf\"}", 0, "descripcionFalla"},
    {"a raw control character", "{\"pendienteId\": %s, \"descripcionFalla\": \"a\x01\"}", 0, "descripcionFalla"},
    {"a number for a text", "{\"pendienteId\": %s, \"descripcionFalla\": 5}", 0, "descripcionFalla"},
    {"a boolean for a text", "{\"pendienteId\": %s, \"descripcionFalla\": true}", 0, "descripcionFalla"},
    {"an object for a text", "{\"pendienteId\": %s, \"descripcionFalla\": {}}", 0, "descripcionFalla"},
    {"null for a required text", "{\"pendienteId\": %s, \"descripcionFalla\": null}", 0, "descripcionFalla"},
    {"a blank text", "{\"pendienteId\": %s, \"descripcionFalla\": \" \\u00a0\\t\"}", 0, "descripcionFalla"},
    {"a fraction for an id", "{\"pendienteId\": %s.0, \"descripcionFalla\": \"x\"}", 0, "pendienteId"},
    {"an exponent for an id", "{\"pendienteId\": 1e3, \"descripcionFalla\": \"x\"}", 0, "pendienteId"},
    {"an id out of range", "{\"pendienteId\": 9223372036854775808, \"descripcionFalla\": \"x\"}", 0, "pendienteId"},
    {"an id that is no number", "{\"pendienteId\": \"uno\", \"descripcionFalla\": \"x\"}", 0, "pendienteId"},
    {"an empty id", "{\"pendienteId\": \"\", \"descripcionFalla\": \"x\"}", 0, "pendienteId"},
    {"NaN", "{\"pendienteId\": NaN, \"descripcionFalla\": \"x\"}", 0, NULL},
    {"a leading zero", "{\"pendienteId\": 0%s, \"descripcionFalla\": \"x\"}", 0, NULL},
    {"no keys", "{}", 0, "descripcionFalla"},
};

START_TEST(a_bad_body) {
    char body[1024];
    const char *order = new_order("AVERIA", false);
    size_t len = bodies[_i].len;
    if (len)
        memcpy(body, bodies[_i].body, len);
    else {
        const char *at = strstr(bodies[_i].body, "%s");
        len = at ? (size_t)sprintf(body, "%.*s%s%s", (int)(at - bodies[_i].body), bodies[_i].body, order, at + 2)
                 : (size_t)sprintf(body, "%s", bodies[_i].body);
    }
    remember();
    http_answer a = http_call("POST", "/api/pendientes/averia", http_token("ADMIN"), NULL, body, len, NULL);
    expect_problem(bodies[_i].what, &a, 400, bodies[_i].field);
    expect_unchanged(bodies[_i].what);
    http_free(&a);
}
END_TEST

START_TEST(a_nul_within_the_body) {
    const char *order = new_order("AVERIA", false);
    char body[256];
    int len = snprintf(body, sizeof body, "{\"pendienteId\": %s, \"descripcionFalla\": \"a#b\"}", order);
    *strchr(body, '#') = 0;
    remember();
    http_answer a = http_call("POST", "/api/pendientes/averia", http_token("ADMIN"), NULL, body, (size_t)len, NULL);
    expect_problem("a raw NUL", &a, 400, "descripcionFalla");
    expect_unchanged("a raw NUL");
    http_free(&a);
}
END_TEST

START_TEST(every_wrong_field_is_named_at_once) {
    remember();
    http_answer a = http_json("POST", "/api/pendientes", http_token("ADMIN"),
                              "{\"clienteId\": \"x\", \"tipo\": \"NADA\", \"lugar\": 3, \"fechaPendiente\": \"ayer\"}");
    static const char *const fields[] = {"clienteId", "tipo", "lugar", "fechaPendiente", "prioridad"};
    for (size_t i = 0; i < 5; i++)
        expect_problem("many errors", &a, 400, fields[i]);
    expect_unchanged("many errors");
    http_free(&a);
}
END_TEST

START_TEST(nesting) {
    static char body[2 * DEEP + 64];
    for (int object = 0; object < 2; object++) {
        size_t n = (size_t)sprintf(body, "{\"pendienteId\": ");
        for (int i = 0; i < DEEP && n + 8 < sizeof body; i++)
            n += (size_t)sprintf(body + n, "%s", object ? (i < DEEP / 4 ? "{\"a\":" : "") : "[");
        remember();
        http_answer a = http_call("POST", "/api/pendientes/averia", http_token("ADMIN"), NULL, body, n, NULL);
        expect_problem("10,000 deep", &a, 400, NULL);
        http_free(&a);
        expect_unchanged("10,000 deep");
    }
    /* within a key that nobody knows: ignored, but not as deep as one likes */
    const char *order = new_order("AVERIA", false);
    for (int depth = 20; depth <= 40; depth += 20) {
        size_t n = (size_t)sprintf(body, "{\"pendienteId\": %s, \"descripcionFalla\": \"x\", \"otra\": ", order);
        for (int i = 0; i < depth; i++)
            body[n++] = '[';
        for (int i = 0; i < depth; i++)
            body[n++] = ']';
        body[n++] = '}';
        http_answer a = http_call("POST", "/api/pendientes/averia", http_token("ADMIN"), NULL, body, n, NULL);
        ck_assert_msg(a.status == (depth == 20 ? 200 : 400), "%d deep: %ld %s", depth, a.status, a.body);
        http_free(&a);
    }
}
END_TEST

/* --- enums --- */

#define ORDER "{\"clienteId\":1,\"tipo\":\"AVERIA\",\"lugar\":\"PUNO\",\"prioridad\":\"BAJA\""
#define CLIENT "{\"nombre\":\"x\",\"numeroDocumento\":\"12345678901\""

/* The contract's section 9, written down here a second time. In a body `$` is the id of a new order of that type, `@`
 * the value as JSON. */
static const struct {
    const char *field, *target, *order, *body, *values;
} enums[] = {
    {"estadoPendiente", "/api/notas", "AVERIA", "{\"pendienteId\":$,\"nota\":\"x\",\"estadoPendiente\":@}",
     "REGISTRADO, ASIGNADO, EN_PROGRESO, PAUSADO, REVISION, POR_VALIDAR, OBSERVADO, FINALIZADO, POSTERGADO, CANCELADO"},
    {"estado", "/api/historiales", "AVERIA", "{\"pendienteId\":$,\"detalles\":\"x\",\"estado\":@}",
     "REGISTRADO, ASIGNADO, EN_PROGRESO, PAUSADO, REVISION, POR_VALIDAR, OBSERVADO, FINALIZADO, POSTERGADO, CANCELADO"},
    {"estadoTecnico", "/api/pendientes", NULL, ORDER ",\"estadoTecnico\":@}",
     "OK, PENDIENTE_PPPoE, PENDIENTE_VLAN, PENDIENTE_PPPoE_Y_VLAN"},
    {"tipo", "/api/pendientes", NULL, "{\"clienteId\":1,\"tipo\":@,\"lugar\":\"PUNO\",\"prioridad\":\"BAJA\"}",
     "AVERIA, INSTALACION_INTERNET, INSTALACION_CAMARAS, RECOJO_DISPOSITIVOS, TRASLADO"},
    {"lugar", "/api/pendientes", NULL, "{\"clienteId\":1,\"tipo\":\"AVERIA\",\"lugar\":@,\"prioridad\":\"BAJA\"}",
     "ZONA_RURAL, JULIACA, PUNO, CHUCUITO, PLATERIA, ACORA, ILAVE, JULI, POMATA, CHACACHACA, YONGUYO, ZEPITA, "
     "DESAGUADERO"},
    {"prioridad", "/api/pendientes", NULL, "{\"clienteId\":1,\"tipo\":\"AVERIA\",\"lugar\":\"PUNO\",\"prioridad\":@}",
     "BAJA, MEDIA, URGENTE, MUY_URGENTE"},
    {"empresa", "/api/pendientes", NULL, ORDER ",\"empresa\":@}", "SIMAX, WINEX, OTRO"},
    {"tipoInstalacion", "/api/pendientes/instalacion-internet", "INSTALACION_INTERNET",
     "{\"pendienteId\":$,\"tipoInstalacion\":@}", "MIGRACION_FIBRA, MIGRACION_INALAMBRICO, FIBRA, INALAMBRICO, OTRO"},
    {"tipoServicio", "/api/pendientes/traslado", "TRASLADO",
     "{\"pendienteId\":$,\"lugarDestino\":\"PUNO\",\"direccionDestino\":\"x\",\"tipoServicio\":@}",
     "INTERNET_FIBRA, INTERNET_INALAMBRICO, CAMARAS, DECOS, OTRO"},
    {"lugarDestino", "/api/pendientes/traslado", "TRASLADO",
     "{\"pendienteId\":$,\"lugarDestino\":@,\"direccionDestino\":\"x\",\"tipoServicio\":\"OTRO\"}",
     "ZONA_RURAL, JULIACA, PUNO, CHUCUITO, PLATERIA, ACORA, ILAVE, JULI, POMATA, CHACACHACA, YONGUYO, ZEPITA, "
     "DESAGUADERO"},
    {"dispositivo", "/api/pendientes/recojo-dispositivo", "RECOJO_DISPOSITIVOS",
     "{\"pendienteId\":$,\"dispositivo\":@}", "ROUTER, DECO, ANTENA, OTRO"},
    {"tipoCliente", "/api/clientes", NULL, CLIENT ",\"tipoDocumento\":\"RUC\",\"tipoCliente\":@}",
     "PERSONA, EMPRESA, OTRO"},
    {"tipoDocumento", "/api/clientes", NULL, CLIENT ",\"tipoCliente\":\"OTRO\",\"tipoDocumento\":@}",
     "RUC, DNI, CE, OTRO"},
    {"tipo", "/api/catalogos", NULL, "{\"nombre\":\"x\",\"tipo\":@}", "INTERNET, CAMARAS, KIT, SERVICIO"},
    {"metodoPago", "/api/pagos", "AVERIA",
     "{\"pendienteId\":$,\"clienteId\":1,\"monto\":1,\"fechaPago\":\"2026-07-10\",\"metodoPago\":@}",
     "BCP, EFECTIVO, LOS_ANDES, OTRO"},
    {"tipo", "/api/notificaciones", NULL, "{\"titulo\":\"x\",\"mensaje\":\"x\",\"usuarioId\":1,\"tipo\":@}",
     "INFO, SUCCESS, WARNING, ERROR"},
    {"estado", "/api/notificaciones", NULL,
     "{\"titulo\":\"x\",\"mensaje\":\"x\",\"usuarioId\":1,\"tipo\":\"INFO\",\"estado\":@}", "NO_LEIDO, LEIDO"},
};

static http_answer send_enum(int i, const char *order, const char *value) {
    char body[512];
    size_t n = 0;
    for (const char *at = enums[i].body; *at; at++)
        n += (size_t)snprintf(body + n, sizeof body - n, "%.*s", *at == '$' || *at == '@' ? 64 : 1,
                              *at == '$'   ? order
                              : *at == '@' ? value
                                           : at);
    return http_json("POST", enums[i].target, http_token("ADMIN"), body);
}

START_TEST(an_enum) {
    const char *field = enums[_i].field, *values = enums[_i].values;
    char detail[512], first[64];
    snprintf(detail, sizeof detail, "%s: debe ser uno de: %s", field, values);
    snprintf(first, sizeof first, "%.*s", (int)strcspn(values, ","), values);
    const char *lower = db_value("SELECT '\"' || lower('%s') || '\"'", first);
    const char *const bad[] = {"\"NADA\"", "\"\"", "0", "true", "[]", lower, http_f("\"%s \"", first)};
    const char *order = enums[_i].order ? new_order(enums[_i].order, false) : "";
    remember();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        http_answer a = send_enum(_i, order, bad[i]);
        expect_problem(bad[i], &a, 400, field);
        ck_assert_str_eq(json_string_value(json_object_get(a.json, "detail")), detail);
        http_free(&a);
    }
    expect_unchanged(field);
    for (const char *at = values; *at; at += strspn(at, ", ")) {
        int len = (int)strcspn(at, ",");
        http_answer a =
            send_enum(_i, enums[_i].order ? new_order(enums[_i].order, false) : "", http_f("\"%.*s\"", len, at));
        const char *answered = json_string_value(json_object_get(a.json, field));
        /* (a document's number has the form of its kind) */
        ck_assert_msg(a.status == 400
                          ? http_names(a.json, "numeroDocumento") && !http_names(a.json, field)
                          : answered && strlen(answered) == (size_t)len && memcmp(answered, at, (size_t)len) == 0,
                      "%s %.*s: %ld %s", field, len, at, a.status, a.body);
        http_free(&a);
        at += len;
    }
}
END_TEST

/* 413, and the connection may be closed without the rest being read. */
START_TEST(two_megabytes) {
    static char body[2 * MIB];
    memset(body, 'x', sizeof body);
    memcpy(body, "{\"descripcionFalla\":\"", 21);
    remember();
    http_answer a = http_call("POST", "/api/pendientes/averia", http_token("ADMIN"), NULL, body, sizeof body, NULL);
    ck_assert_msg(a.status == 413 || a.status == 0, "%ld", a.status);
    http_free(&a);
    a = http_call("POST", "/api/pendientes/averia", NULL, NULL, body, MIB + 1, NULL);
    expect_problem("a byte too many, without a token", &a, 413, NULL);
    http_free(&a);
    a = http_call("POST", "/api/pendientes/averia", http_token("ADMIN"), NULL, body, MIB, NULL);
    ck_assert_msg(a.status == 400, "exactly 1 MiB is read: %ld", a.status);
    http_free(&a);
    int fd = raw_open();
    raw_answer *answer = malloc(sizeof *answer);
    raw_text(fd,
             "POST /api/pendientes/averia HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: "
             "application/json\r\n"
             "Transfer-Encoding: chunked\r\n\r\n",
             http_token("ADMIN"));
    bool taken = true;
    for (int i = 0; i < 32 && taken; i++)
        taken = raw_text(fd, "10000\r\n") && raw_send(fd, body, 65536) && raw_text(fd, "\r\n");
    if (taken)
        raw_text(fd, "0\r\n\r\n");
    raw_read(fd, answer, false, 10000);
    ck_assert_msg(answer->status == 413 || answer->closed, "chunked: %d", answer->status);
    close(fd);
    free(answer);
    expect_unchanged("2 MB");
}
END_TEST

START_TEST(a_body_that_never_ends_changes_nothing) {
    const char *order = new_order("AVERIA", false);
    remember();
    int fd = raw_open();
    raw_text(fd,
             "POST /api/pendientes/averia HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: "
             "application/json\r\n"
             "Content-Length: 500\r\n\r\n{\"pendienteId\": %s, \"descripcionFalla\": \"x\"}",
             http_token("ADMIN"), order);
    close(fd);
    http_answer a = http_json("GET", http_f("/api/pendientes/%s/averia", order), http_token("ADMIN"), NULL);
    ck_assert_int_eq(a.status, 404);
    http_free(&a);
    expect_unchanged("half a body");
}
END_TEST

/* --- media types --- */

static const struct {
    const char *type; /* NULL: no header */
    long status;
} types[] = {
    {"application/json", 200},
    {"application/json;charset=utf-8", 200},
    {"Application/JSON; Charset=\"UTF-8\"", 200},
    {"application/json; charset=latin-1", 415},
    {"application/json; charset=iso-8859-1", 415},
    {"text/plain", 415},
    {"text/json", 415},
    {"application/xml", 415},
    {"application/x-www-form-urlencoded", 415},
    {"multipart/form-data; boundary=x", 415},
    {"application/jsonx", 415},
    {"", 415},
};

START_TEST(a_type_of_body) {
    const char *order = new_order("AVERIA", false),
               *body = http_f("{\"pendienteId\": %s, \"descripcionFalla\": \"x\"}", order);
    remember();
    http_answer a =
        http_call("POST", "/api/pendientes/averia", http_token("ADMIN"), types[_i].type, body, strlen(body), NULL);
    if (types[_i].status == 200)
        ck_assert_msg(a.status == 200, "%s: %ld %s", types[_i].type, a.status, a.body);
    else {
        expect_problem(types[_i].type, &a, types[_i].status, NULL);
        expect_unchanged(types[_i].type);
    }
    http_free(&a);
}
END_TEST

static const struct {
    const char *type, *word;
} with_forms[] = {{"AVERIA", "averia"}, {"TRASLADO", "traslado"}, {"INSTALACION_INTERNET", "instalacion-internet"}};

START_TEST(forms_where_they_are_allowed) {
    static const char type[] = "application/x-www-form-urlencoded";
    char details[96];
    snprintf(details, sizeof details, "/api/pendientes/%s/%s", new_order(with_forms[_i].type, true),
             with_forms[_i].word);
    const struct {
        const char *target, *form, *field; /* field: that is refused with 400; NULL: 200 */
    } calls[] = {
        {"/ppoe", "ppoeUser=cli+uno&ppoePassword=cl%40ve+1", NULL},
        {"/ppoe?ppoeUser=cli+uno", "ppoePassword=cl%40ve+1", NULL},
        {"/vlan", "vlan=12", NULL},
        {"/vlan", "vlan=12&vlan=13", "vlan"},
        {"/vlan?vlan=14", "vlan=14", "vlan"},
        {"/vlan", "vlan=4095", "vlan"},
        {"/ppoe", "ppoeUser=u", "ppoePassword"},
        {"/ppoe?ppoeUser=u", "ppoeUser=u&ppoePassword=p", "ppoeUser"},
        {"/ppoe", "ppoeUser=u&ppoePassword=p&ppoePassword=p", "ppoePassword"},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        const char *target = http_f("%s%s", details, calls[i].target);
        remember();
        http_answer a = http_call("PUT", target, http_token("ADMIN"), type, calls[i].form, strlen(calls[i].form), NULL);
        if (calls[i].field) {
            expect_problem(target, &a, 400, calls[i].field);
            expect_unchanged(target);
        } else
            ck_assert_msg(a.status == 200, "%s %s: %ld %s", target, calls[i].form, a.status, a.body);
        http_free(&a);
    }
    http_answer a = http_json("GET", details, http_token("ADMIN"), NULL);
    ck_assert_str_eq(json_string_value(json_object_get(a.json, "ppoe")), "cli uno");
    ck_assert_str_eq(json_string_value(json_object_get(a.json, "ppoePassword")), "cl@ve 1");
    ck_assert_str_eq(json_string_value(json_object_get(a.json, "vlan")), "12");
    http_free(&a);
    remember();
    a = http_call("PUT", details, http_token("ADMIN"), type, "descripcionFalla=x", 18, NULL);
    expect_problem("a form on a route without", &a, 415, NULL);
    http_free(&a);
    expect_unchanged("a form on a route without");
}
END_TEST

/* --- logins --- */

/* A password that is too long to be anybody's is a wrong one, and one that is too long for a text has no form. */
START_TEST(long_logins) {
    static const struct {
        int dni, password;
        long status;
        const char *field;
    } sizes[] = {{8, 72, 401, NULL},  {8, 73, 401, NULL},   {8, 10000, 401, NULL},   {8, 10001, 400, "password"},
                 {150, 8, 401, NULL}, {151, 8, 400, "dni"}, {8, 0, 400, "password"}, {0, 8, 400, "dni"}};
    static char xs[10002], body[10400];
    memset(xs, 'x', sizeof xs - 1);
    http_from = "127.0.2.1"; /* whose failures nobody else has */
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        snprintf(body, sizeof body, "{\"dni\":\"%.*s\",\"password\":\"%.*s\"}", sizes[i].dni, xs, sizes[i].password,
                 xs);
        http_answer a = http_json("POST", "/auth", NULL, body);
        expect_problem(http_f("%d %d", sizes[i].dni, sizes[i].password), &a, sizes[i].status, sizes[i].field);
        http_free(&a);
    }
    http_from = NULL;
}
END_TEST

/* --- queries --- */

START_TEST(queries) {
    const char *order = new_order("AVERIA", true);
    static const struct {
        const char *target, *field;
    } bad[] = {
        {"/api/pendientes?page=0&page=1", "page"},
        {"/api/pendientes?size=x", "size"},
        {"/api/pendientes?size=", "size"},
        {"/api/pendientes?size=0", "size"},
        {"/api/pendientes?size=1001", "size"},
        {"/api/pendientes?titulo=%zz", "titulo"},
        {"/api/pendientes?titulo=abc%", "titulo"},
        {"/api/pendientes?titulo=%ff%ff%ff", "titulo"},
        {"/api/pendientes?titulo=ab%00c", "titulo"},
        {"/api/pendientes?desde=2026-02-30", "desde"},
        {"/api/pendientes?tipo=averia", "tipo"},
        {"/api/pendientes?tipo=1", "tipo"},
        {"/api/pendientes?sort=clave,asc", "sort"},
        {"/api/pendientes?page=9999999999999", "page"},
        {"/api/pendientes?clienteId=1.5", "clienteId"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        http_answer a = http_json("GET", bad[i].target, http_token("ADMIN"), NULL);
        expect_problem(bad[i].target, &a, 400, bad[i].field);
        http_free(&a);
    }
    static const char *const good[] = {
        "/api/pendientes?desconocido=1&desconocido=2", "/api/pendientes?estados=ASIGNADO&estados=PAUSADO",
        "/api/pendientes?size=1000&page=0", "/api/pendientes?titulo=a+b+c", "/api/pendientes?"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        http_answer a = http_json("GET", good[i], http_token("ADMIN"), NULL);
        ck_assert_msg(a.status == 200, "%s: %ld %s", good[i], a.status, a.body);
        http_free(&a);
    }
    /* a secret is never sent back */
    http_answer a =
        http_json("PUT", http_f("/api/pendientes/%s/averia/ppoe?ppoeUser=u&ppoePassword=S3cr3toLargo%060d", order, 7),
                  http_token("ADMIN"), NULL);
    expect_problem("a long secret", &a, 400, "ppoePassword");
    ck_assert(!strstr(a.body, "S3cr3toLargo"));
    http_free(&a);
}
END_TEST

/* --- tokens --- */

START_TEST(a_good_forged_token) {
    http_answer a = http_json("GET", "/auth/validar-token", token_good("TECN"), NULL);
    ck_assert_msg(a.status == 200 && strcmp(a.body, "Token válido y usuario activo") == 0, "%ld %s", a.status, a.body);
    http_free(&a);
}
END_TEST

/* Rights are read from the database: what the token says of them is not looked at. */
START_TEST(a_role_in_a_token_gives_nothing) {
    static const char *const roles[] = {"\"ADMIN\"", "16383", "null", "[\"ADMIN\"]"};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        const char *user = db_value("SELECT id FROM usuarios WHERE dni = '%s' AND vigente", up_dni("NADA"));
        const char *claims = token_claims(user, 600), *rest = strstr(claims, "1,\"iat\"");
        const char *token = token_forge("{\"alg\":\"HS256\"}",
                                        http_f("%.*s%s%s", (int)(rest - claims), claims, roles[i], rest + 1), NULL);
        http_answer a = http_json("GET", "/api/usuarios", token, NULL);
        expect_problem(roles[i], &a, 403, NULL);
        http_free(&a);
        a = http_json("GET", "/auth/validar-token", token, NULL);
        ck_assert_msg(a.status == 200, "%s: %ld", roles[i], a.status);
        http_free(&a);
    }
}
END_TEST

/* Documented clients never renew theirs. */
START_TEST(tokens_live_thirty_days) {
    char claims[1024];
    const char *token = http_token("TECN"), *payload = strchr(token, '.') + 1;
    int len = (int)strcspn(payload, ".");
    snprintf(claims, sizeof claims, "%s",
             db_value("SELECT convert_from(decode(rpad(translate('%.*s', '-_', '+/'), %d, '='), 'base64'), 'UTF8')",
                      len, payload, (len + 3) / 4 * 4));
    json_t *json = json_loads(claims, 0, NULL);
    ck_assert_msg(json != NULL, "%s", claims);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "exp")) -
                         json_integer_value(json_object_get(json, "iat")),
                     30L * 24 * 3600);
    ck_assert_str_eq(json_string_value(json_object_get(json, "rol")), "TECN");
    json_decref(json);
}
END_TEST

START_TEST(a_bad_token) {
    const char *what = "", *token = token_bad((size_t)_i, &what);
    const char *order = new_order("AVERIA", false),
               *body = http_f("{\"pendienteId\": %s, \"descripcionFalla\": \"x\"}", order);
    remember();
    for (int good_form = 0; good_form < 2; good_form++) {
        http_answer a = http_json("POST", "/api/pendientes/averia", token, good_form ? body : "{");
        expect_problem(what, &a, 401, NULL);
        const char *challenge = http_header(&a, "WWW-Authenticate");
        ck_assert_msg(challenge && strcmp(challenge, "Bearer") == 0, "%s: challenge %s", what,
                      challenge ? challenge : "-");
        ck_assert_uint_eq(json_array_size(json_object_get(a.json, "errors")), 0);
        ck_assert_msg(!strstr(a.body, token), "%s: the token is sent back", what);
        http_free(&a);
    }
    expect_unchanged(what);
}
END_TEST

START_TEST(how_a_token_is_sent) {
    const char *token = http_token("ADMIN");
    const struct {
        const char *headers[3];
        long status;
    } ways[] = {
        {{http_f("Authorization: Bearer %s", token)}, 200},
        {{http_f("authorization: bearer %s", token)}, 200},
        {{http_f("Authorization: Token %s", token)}, 401},
        {{http_f("Authorization: %s", token)}, 401},
        {{"Authorization: Basic YWRtaW46YWRtaW4="}, 401},
        {{"Authorization: Bearer"}, 401},
        {{"Authorization;"}, 401},
        {{http_f("Cookie: token=%s", token)}, 401},
        {{http_f("Authorization: Bearer %s", token), "Authorization: Bearer x.y.z"}, 401},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        http_answer a = http_call("GET", "/auth/validar-token", NULL, NULL, NULL, 0, ways[i].headers);
        ck_assert_msg(a.status == ways[i].status, "way %zu: %ld %s", i, a.status, a.body);
        http_free(&a);
    }
    http_answer a = http_json("GET", http_f("/auth/validar-token?access_token=%s&token=%s", token, token), NULL, NULL);
    ck_assert_int_eq(a.status, 401);
    http_free(&a);
}
END_TEST

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

int main(void) {
    up_use();
    db_support();
    Suite *suite = suite_create("limits");
    TCase *tcase = tcase_create("limits");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, a_bad_body, 0, COUNT(bodies));
    tcase_add_test(tcase, a_nul_within_the_body);
    tcase_add_test(tcase, every_wrong_field_is_named_at_once);
    tcase_add_test(tcase, nesting);
    tcase_add_loop_test(tcase, an_enum, 0, COUNT(enums));
    tcase_add_test(tcase, two_megabytes);
    tcase_add_test(tcase, a_body_that_never_ends_changes_nothing);
    tcase_add_loop_test(tcase, a_type_of_body, 0, COUNT(types));
    tcase_add_loop_test(tcase, forms_where_they_are_allowed, 0, COUNT(with_forms));
    tcase_add_test(tcase, long_logins);
    tcase_add_test(tcase, queries);
    tcase_add_test(tcase, a_good_forged_token);
    tcase_add_test(tcase, a_role_in_a_token_gives_nothing);
    tcase_add_test(tcase, tokens_live_thirty_days);
    tcase_add_loop_test(tcase, a_bad_token, 0, (int)token_n_bad());
    tcase_add_test(tcase, how_a_token_is_sent);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
