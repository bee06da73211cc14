/* Conditional requests: every tag is what a client may rely on, and a write under If-Match happens upon what the client
 * has read, or not at all. */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/token.h"
#include "tests/integration/up.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENVELOPE "Accept: application/json; profile=\"envelope\""

typedef struct tag {
    char text[64];
} tag;

static http_answer ask(const char *verb, const char *target, const char *role, const char *body, const char *first,
                       const char *second) {
    const char *headers[] = {first ? first : second, first ? second : NULL, NULL};
    return http_call(verb, target, role ? http_token(role) : NULL, NULL, body, body ? strlen(body) : 0, headers);
}

static tag tag_of(const http_answer *a) {
    tag t;
    const char *etag = http_header(a, "ETag");
    snprintf(t.text, sizeof t.text, "%s", etag ? etag : "");
    return t;
}

static tag get_as(const char *target, const char *role, const char *header) {
    http_answer a = ask("GET", target, role, NULL, header, NULL);
    ck_assert_msg(a.status == 200, "GET %s: %ld %s", target, a.status, a.body);
    tag t = tag_of(&a);
    ck_assert_msg(t.text[0] == '"', "GET %s has no ETag", target);
    http_free(&a);
    return t;
}

static tag get(const char *target) {
    return get_as(target, "ADMIN", NULL);
}

static long status_of(http_answer a) {
    long status = a.status;
    http_free(&a);
    return status;
}

static const char *if_match(tag t) {
    return http_f("If-Match: %s", t.text);
}

static const char *path(const char *format, const char *id) {
    static char out[16][160];
    static int turn;
    char *at = out[turn = (turn + 1) % 16];
    const char *hole = strchr(format, '$');
    snprintf(at, sizeof out[0], "%.*s%s%s", (int)(hole - format), format, id, hole + 1);
    return at;
}

/* Those with PPPoE and VLAN first. */
enum { WITH_LINE = 3, DETAILS = 5 };

static const char *const details[DETAILS][3] = {
    {"AVERIA", "averia", "{\"descripcionFalla\":\"otra\"}"},
    {"TRASLADO", "traslado", "{\"direccionDestino\":\"otra\"}"},
    {"INSTALACION_INTERNET", "instalacion-internet", "{\"costoFijo\":7}"},
    {"INSTALACION_CAMARAS", "instalacion-camaras", "{\"cantidadCamaras\":7}"},
    {"RECOJO_DISPOSITIVOS", "recojo-dispositivo", "{\"motivo\":\"otro\"}"},
};

/* A resource and a way to change it. */
static const char *read_of(size_t i, char target[160], const char **body) {
    const char *detail = i < DETAILS ? details[i][1] : NULL;
    static const char *const plain[][3] = {
        {"SELECT prueba.orden()", "/api/pendientes/%s", "{\"direccion\":\"otra\"}"},
        {"SELECT prueba.cliente()", "/api/clientes/%s", "{\"direccion\":\"otra\"}"},
        {"SELECT prueba.producto()", "/api/productos/%s", "{\"descripcion\":\"otra\"}"},
        {"SELECT prueba.nota(prueba.orden())", "/api/notas/%s", "{\"nota\":\"otra\"}"},
        {"SELECT prueba.nuevo_usuario()", "/api/usuarios/%s", "{\"activo\":false}"},
        {"SELECT prueba.nuevo_empleado()", "/api/empleados/%s", "{\"telefono\":\"951000999\"}"},
        {"SELECT prueba.modulo()", "/api/usuarios/modulos/%s", "{\"descripcion\":\"otra\"}"},
    };
    if (detail) {
        snprintf(target, 160, "/api/pendientes/%s/%s",
                 db_value("SELECT prueba.orden('%s', detalle => true)", details[i][0]), detail);
        *body = details[i][2];
    } else {
        const char *id = db_value("%s", plain[i - DETAILS][0]);
        const char *hole = strstr(plain[i - DETAILS][1], "%s");
        snprintf(target, 160, "%.*s%s", (int)(hole - plain[i - DETAILS][1]), plain[i - DETAILS][1], id);
        *body = plain[i - DETAILS][2];
    }
    return target;
}

enum { RESOURCES = 12 };

START_TEST(tags_follow_what_is_read) {
    char target[160];
    const char *body;
    read_of((size_t)_i, target, &body);
    tag before = get(target);
    ck_assert_str_eq(get(target).text, before.text);
    http_answer head = ask("HEAD", target, "ADMIN", NULL, NULL, NULL);
    ck_assert_str_eq(tag_of(&head).text, before.text);
    http_free(&head);
    tag envelope = get_as(target, "ADMIN", ENVELOPE);
    ck_assert_str_ne(envelope.text, before.text);
    const char *mine = http_f("If-None-Match: \"x\", %s", before.text);
    ck_assert_int_eq(status_of(ask("GET", target, "ADMIN", NULL, mine, NULL)), 304);
    ck_assert_int_eq(status_of(ask("HEAD", target, "ADMIN", NULL, mine, NULL)), 304);
    ck_assert_int_eq(status_of(ask("GET", target, "ADMIN", NULL, mine, ENVELOPE)), 200);
    ck_assert_int_eq(status_of(ask("GET", target, "ADMIN", NULL, http_f("If-None-Match: %s", envelope.text), ENVELOPE)),
                     304);
    ck_assert_int_eq(status_of(ask("GET", target, NULL, NULL, mine, NULL)), 401);

    http_answer put = ask("PUT", target, "ADMIN", "{}", if_match(before), NULL);
    ck_assert_msg(put.status == 200, "%s", put.body);
    ck_assert_str_eq(tag_of(&put).text, before.text);
    http_free(&put);
    put = ask("PUT", target, "ADMIN", body, if_match(before), NULL);
    ck_assert_msg(put.status == 200, "%s", put.body);
    tag after = tag_of(&put);
    http_free(&put);
    ck_assert_str_ne(after.text, before.text);
    ck_assert_str_eq(get(target).text, after.text);
    ck_assert_int_eq(status_of(ask("GET", target, "ADMIN", NULL, mine, NULL)), 200);
}
END_TEST

START_TEST(stale_is_refused) {
    char target[160];
    const char *body;
    read_of((size_t)_i, target, &body);
    tag now = get(target), envelope = get_as(target, "ADMIN", ENVELOPE);
    char before[128];
    snprintf(before, sizeof before, "%s", db_fingerprint());
    const char *const stale[] = {
        "If-Match: \"00000000000000000000000000000000\"",
        "If-Match: \"\"",
        "If-Match: \"otra,cosa\", \"x\"",
        http_f("If-Match: W/%s", now.text),
    };
    for (size_t i = 0; i < sizeof stale / sizeof *stale; i++) {
        http_answer a = ask("PUT", target, "ADMIN", body, stale[i], NULL);
        ck_assert_msg(a.status == 412, "%s: %ld %s", stale[i], a.status, a.body);
        ck_assert_str_eq(json_string_value(json_object_get(a.json, "code")), "FAILED_PRECONDITION");
        http_free(&a);
    }
    const char *const malformed[] = {"If-Match: x", "If-Match: *, \"x\"", "If-Match: \"x", "If-Match: \"x\" \"y\""};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        http_answer a = ask("PUT", target, "ADMIN", body, malformed[i], NULL);
        ck_assert_msg(a.status == 400 && http_names(a.json, "If-Match"), "%s: %ld %s", malformed[i], a.status, a.body);
        http_free(&a);
    }
    ck_assert_str_eq(before, db_fingerprint());
    /* and what is not */
    ck_assert_int_eq(status_of(ask("PUT", target, "ADMIN", "{}", "If-Match: *", NULL)), 200);
    ck_assert_int_eq(status_of(ask("PUT", target, "ADMIN", "{}", if_match(envelope), NULL)), 200);
    ck_assert_int_eq(status_of(ask("PUT", target, "ADMIN", "{}", "If-Match: \"x\", W/\"y\"", if_match(now))), 200);
    ck_assert_int_eq(status_of(ask("PUT", target, "ADMIN", body, if_match(now), ENVELOPE)), 200);
    ck_assert_int_eq(status_of(ask("PUT", target, "ADMIN", body, if_match(now), NULL)), 412);
}
END_TEST

/* What changes the state of an order or its details answers what their GET does. */
START_TEST(actions_compare_with_their_resource) {
    char order[32], target[80], detail[160];
    snprintf(order, sizeof order, "%s", db_value("SELECT prueba.orden('AVERIA', detalle => true)"));
    snprintf(target, sizeof target, "/api/pendientes/%s", order);
    snprintf(detail, sizeof detail, "%s/averia", target);
    const char *const actions[][3] = {
        {target, "/asignar?idAsignado=", NULL},
        {target, "/estado?nuevoEstado=EN_PROGRESO", NULL},
        {target, "/estado-tecnico?nuevoEstado=PENDIENTE_VLAN", NULL},
        {target, "/postergar", "{\"motivo\":\"lluvia\"}"},
        {detail, "/ppoe?ppoeUser=u&ppoePassword=p", NULL},
        {detail, "/vlan?vlan=7", NULL},
    };
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        char action[320];
        snprintf(action, sizeof action, "%s%s%s", actions[i][0], actions[i][1],
                 i == 0 ? db_value("SELECT prueba.empleado('TECN')") : "");
        tag before = get(actions[i][0]);
        http_answer a = ask("PUT", action, "ADMIN", actions[i][2], if_match(before), NULL);
        ck_assert_msg(a.status == 200, "%s: %ld %s", action, a.status, a.body);
        tag after = tag_of(&a);
        http_free(&a);
        ck_assert_str_ne(after.text, before.text);
        ck_assert_msg(strcmp(get(actions[i][0]).text, after.text) == 0, "%s does not answer its GET's ETag", action);
        ck_assert_msg(status_of(ask("PUT", action, "ADMIN", actions[i][2], if_match(before), NULL)) == 412, "%s",
                      action);
    }
}
END_TEST

/* Every other way to write details compares with their GET too. */
START_TEST(every_way_to_details_compares) {
    char order[32], target[80], edited[128], way[160];
    const char *const *detail = details[_i];
    snprintf(order, sizeof order, "%s", db_value("SELECT prueba.orden('%s', detalle => true)", detail[0]));
    snprintf(target, sizeof target, "/api/pendientes/%s/%s", order, detail[1]);
    snprintf(edited, sizeof edited, "{\"pendienteId\":%s,%s", order, detail[2] + 1);
    static const char *const set[] = {"/ppoe?ppoeUser=u&ppoePassword=p", "/vlan?vlan=7", "%C2%BF/vlan?vlan=8"};
    int ways = _i == 2 ? 3 : _i < 2 ? 4 : 1; /* only two have the alias */
    for (int i = 0; i < ways; i++) {
        tag before = get(target);
        snprintf(way, sizeof way, "%s%s", i ? target : "/api/pendientes/", i ? set[i - 1] : detail[1]);
        const char *body = i ? NULL : edited;
        http_answer a = ask("PUT", way, "ADMIN", body, if_match(before), NULL);
        ck_assert_msg(a.status == 200, "%s: %ld %s", way, a.status, a.body);
        tag after = tag_of(&a);
        http_free(&a);
        ck_assert_str_ne(after.text, before.text);
        ck_assert_str_eq(after.text, get(target).text);
        ck_assert_msg(status_of(ask("PUT", way, "ADMIN", body, if_match(before), NULL)) == 412, "%s", way);
        ck_assert_str_eq(after.text, get(target).text);
    }
}
END_TEST

/* All but details, which go with their order. */
START_TEST(deletes_too) {
    char target[160];
    const char *body;
    read_of((size_t)_i, target, &body);
    tag first = get(target);
    ck_assert_int_eq(status_of(ask("PUT", target, "ADMIN", body, NULL, NULL)), 200);
    tag second = get(target);
    char before[128];
    snprintf(before, sizeof before, "%s", db_fingerprint());
    ck_assert_int_eq(status_of(ask("DELETE", target, "ADMIN", NULL, if_match(first), NULL)), 412);
    ck_assert_int_eq(status_of(ask("DELETE", target, "ADMIN", NULL, http_f("If-Match: W/%s", second.text), NULL)), 412);
    ck_assert_int_eq(status_of(ask("DELETE", target, "ADMIN", NULL, "If-Match: x", NULL)), 400);
    ck_assert_str_eq(before, db_fingerprint());
    http_answer gone = ask("DELETE", target, "ADMIN", NULL, if_match(second), NULL);
    ck_assert_msg(gone.status == 200 && strcmp(gone.body, "{}") == 0, "%s: %ld %s", target, gone.status, gone.body);
    ck_assert_ptr_null(http_header(&gone, "ETag"));
    http_free(&gone);
    ck_assert_int_eq(status_of(ask("DELETE", target, "ADMIN", NULL, "If-Match: *", NULL)), 404);
    ck_assert_int_eq(status_of(ask("GET", target, "ADMIN", NULL, "If-None-Match: *", NULL)), 404);
}
END_TEST

/* The other reads of one resource, which no write stands beside. */
START_TEST(single_reads_have_tags) {
    const char *order = db_value("SELECT prueba.orden()");
    db_value("INSERT INTO app_version (version_code, plataforma, obligatoria, fecha_publicacion)"
             " VALUES ('1', 'ANDROID', false, now()) RETURNING id");
    const char *const targets[] = {"/api/usuarios/usuario", "/app/app-version/ultima",
                                   path("/api/pendientes/$/estado-tecnico", order),
                                   path("/api/historiales/pendiente/$/verificar", order)};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        const char *mine = http_f("If-None-Match: %s", get(targets[i]).text);
        ck_assert_int_eq(status_of(ask("GET", targets[i], "ADMIN", NULL, mine, NULL)), 304);
        ck_assert_int_eq(status_of(ask("GET", targets[i], "ADMIN", NULL, "If-None-Match: \"x\"", NULL)), 200);
    }
    ck_assert_str_eq(get(targets[2]).text, get(path("/api/pendientes/$", order)).text);
}
END_TEST

/* The order of refusals: whatever deserves two gets the earlier. */
START_TEST(stale_in_the_order_of_refusals) {
    static const char stale[] = "If-Match: \"00000000000000000000000000000000\"";
    const char *own = db_value("SELECT prueba.orden('AVERIA', detalle => true)");
    const char *done = db_value("SELECT prueba.orden('AVERIA', detalle => true, estado => 'FINALIZADO')");
    const char *code =
        db_value("SELECT codigo_cliente FROM clientes WHERE id = %s", db_value("SELECT prueba.cliente()"));
    const char *client = db_value("SELECT prueba.cliente()");
    const struct {
        const char *verb, *target, *role, *body, *header;
        long status;
        const char *field;
    } pairs[] = {
        {"PUT", "/api/pendientes/1/nada", NULL, NULL, "If-Match: x", 404, NULL},
        {"PATCH", path("/api/pendientes/$", own), NULL, NULL, "If-Match: x", 405, NULL},
        {"PUT", path("/api/pendientes/$", own), NULL, "{}", "If-Match: x", 401, NULL},
        {"PUT", path("/api/pendientes/$", own), "NADA", "{}", "If-Match: x", 400, "If-Match"},
        {"PUT", path("/api/pendientes/$", own), "ADMIN", "{\"lugar\":5}", stale, 400, "lugar"},
        {"PUT", path("/api/pendientes/$", own), "NADA", "{}", stale, 403, NULL},
        {"PUT", "/api/pendientes/999999999", "ADMIN", "{}", stale, 404, NULL},
        {"PUT", path("/api/pendientes/$", own), "TECN2", "{}", stale, 403, NULL},
        {"PUT", path("/api/pendientes/$", own), "ADMIN", "{\"clienteId\":999999999}", stale, 404, "clienteId"},
        {"PUT", path("/api/pendientes/$/asignar?idAsignado=999999999", own), "ADMIN", NULL, stale, 404, "idAsignado"},
        {"PUT", path("/api/pendientes/$/estado?nuevoEstado=FINALIZADO", own), "ADMIN", NULL, stale, 412, NULL},
        {"PUT", path("/api/pendientes/$/averia", done), "ADMIN", "{\"descripcionFalla\":\"x\"}", stale, 412, NULL},
        {"PUT", path("/api/pendientes/$/averia", done), "ADMIN", "{\"descripcionFalla\":\"x\"}", "If-Match: *", 400,
         NULL},
        {"PUT", path("/api/clientes/$", client), "ADMIN", http_f("{\"codigoCliente\":\"%s\"}", code), stale, 412, NULL},
        {"PUT", path("/api/clientes/$", client), "ADMIN", http_f("{\"codigoCliente\":\"%s\"}", code), "If-Match: *",
         409, "codigoCliente"},
    };
    char before[128];
    snprintf(before, sizeof before, "%s", db_fingerprint());
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        http_answer a = ask(pairs[i].verb, pairs[i].target, pairs[i].role, pairs[i].body, pairs[i].header, NULL);
        ck_assert_msg(a.status == pairs[i].status && (!pairs[i].field || http_names(a.json, pairs[i].field)),
                      "%s %s %s: %ld instead of %ld: %s", pairs[i].verb, pairs[i].target, pairs[i].header, a.status,
                      pairs[i].status, a.body);
        http_free(&a);
    }
    ck_assert_str_eq(before, db_fingerprint());
}
END_TEST

/* On a PUT the key is ignored: the second is no replay, and its tag is stale. On a POST the condition is. */
START_TEST(beside_a_key) {
    const char *target = path("/api/pendientes/$", db_value("SELECT prueba.orden()"));
    tag before = get(target);
    const char *key = http_f("Idempotency-Key: condicional-%s", target);
    static const char body[] = "{\"direccion\":\"con clave\"}";
    ck_assert_int_eq(status_of(ask("PUT", target, "ADMIN", body, if_match(before), key)), 200);
    http_answer again = ask("PUT", target, "ADMIN", body, if_match(before), key);
    ck_assert_int_eq(again.status, 412);
    ck_assert_ptr_null(http_header(&again, "Idempotency-Replayed"));
    http_free(&again);
    const char *create = http_f("{\"clienteId\":%s,\"tipo\":\"AVERIA\",\"lugar\":\"PUNO\",\"prioridad\":\"BAJA\"}",
                                db_value("SELECT prueba.cliente()"));
    ck_assert_int_eq(status_of(ask("POST", "/api/pendientes", "ADMIN", create, "If-Match: mal", key)), 200);
    http_answer replay = ask("POST", "/api/pendientes", "ADMIN", create, "If-Match: \"x\"", key);
    ck_assert_ptr_nonnull(http_header(&replay, "Idempotency-Replayed"));
    http_free(&replay);
}
END_TEST

/* Who sees the password and who does not have different answers, so different tags, and each his own. */
START_TEST(tags_are_of_the_caller) {
    const char *order =
        db_value("SELECT prueba.orden('AVERIA', detalle => true, estado => 'ASIGNADO', asignado => 'TECN')");
    const char *target = path("/api/pendientes/$/averia", order);
    ck_assert_str_eq(get(target).text, get_as(target, "ATAC", NULL).text);
    ck_assert_int_eq(
        status_of(ask("PUT", http_f("%s/ppoe?ppoeUser=u&ppoePassword=p", target), "ADMIN", NULL, NULL, NULL)), 200);
    tag sees = get(target), technician = get_as(target, "TECN", NULL), not = get_as(target, "ATAC", NULL);
    ck_assert_str_eq(sees.text, technician.text);
    ck_assert_str_ne(sees.text, not .text);
    ck_assert_int_eq(status_of(ask("GET", target, "ATAC", NULL, http_f("If-None-Match: %s", sees.text), NULL)), 200);
    ck_assert_int_eq(status_of(ask("PUT", target, "ADMIN", "{}", if_match(not ), NULL)), 412);
    ck_assert_int_eq(status_of(ask("PUT", target, "TECN", "{}", if_match(sees), NULL)), 200);
    /* the same password again changes nothing */
    ck_assert_int_eq(
        status_of(ask("PUT", http_f("%s/ppoe?ppoeUser=u&ppoePassword=p", target), "ADMIN", NULL, NULL, NULL)), 200);
    ck_assert_str_eq(get(target).text, sees.text);
    ck_assert_str_eq(get_as(target, "ATAC", NULL).text, not .text);
}
END_TEST

/* What a write answers is what its caller's GET would: whoever may edit and set the VLAN, but not see the password. */
START_TEST(answers_are_of_the_caller) {
    char *user = strdup(db_value("SELECT prueba.nuevo_usuario(prueba.rol(2 + 8 + 64))"));
    char *token = strdup(token_forge("{\"alg\":\"HS256\"}", token_claims(user, 600), NULL));
    char target[80], way[128];
    snprintf(target, sizeof target, "/api/pendientes/%s/%s",
             db_value("SELECT prueba.orden('%s', detalle => true)", details[_i][0]), details[_i][1]);
    ck_assert_int_eq(
        status_of(ask("PUT", http_f("%s/ppoe?ppoeUser=u&ppoePassword=p", target), "ADMIN", NULL, NULL, NULL)), 200);
    const char *const ways[][2] = {{"", details[_i][2]}, {"", "{}"}, {"/vlan?vlan=7", NULL}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        snprintf(way, sizeof way, "%s%s", target, ways[i][0]);
        http_answer put = http_json("PUT", way, token, ways[i][1]), read = http_json("GET", target, token, NULL);
        ck_assert_msg(put.status == 200 && strcmp(put.body, read.body) == 0, "%s: %s, and GET %s", way, put.body,
                      read.body);
        ck_assert_str_eq(tag_of(&put).text, tag_of(&read).text);
        ck_assert_msg(json_is_null(json_object_get(read.json, "ppoePassword")), "%s", read.body);
        ck_assert_str_eq(json_string_value(json_object_get(read.json, "ppoe")), "u");
        http_free(&put);
        http_free(&read);
    }
    free(user);
    free(token);
}
END_TEST

/* An order shows its client's name: that changes too. */
START_TEST(names_of_others_count) {
    char client[32];
    snprintf(client, sizeof client, "%s", db_value("SELECT prueba.cliente()"));
    const char *target = path("/api/pendientes/$", db_value("SELECT prueba.de_cliente(prueba.orden(), %s)", client));
    tag before = get(target);
    ck_assert_int_eq(
        status_of(ask("PUT", path("/api/clientes/$", client), "ADMIN", "{\"nombre\":\"Otro nombre\"}", NULL, NULL)),
        200);
    ck_assert_str_ne(get(target).text, before.text);
    ck_assert_int_eq(status_of(ask("PUT", target, "ADMIN", "{}", if_match(before), NULL)), 412);
}
END_TEST

static const char PREFER[] = "Prefer: handling=strict";

/* Sends an answer back as it came, strictly: taken, answered again, and nothing of it recorded as a change. */
static void send_back(const char *target, const json_t *read) {
    char *body = json_dumps(read, 0), before[128];
    snprintf(before, sizeof before, "%s", db_fingerprint());
    http_answer a = ask("PUT", target, "ADMIN", body, PREFER, NULL);
    ck_assert_msg(a.status == 200 && json_equal(a.json, read), "%s %s: %ld %s", target, body, a.status, a.body);
    http_free(&a);
    a = ask("PUT", target, "ADMIN", "{}", PREFER, NULL);
    ck_assert_msg(a.status == 200 && json_equal(a.json, read), "%s {}: %ld %s", target, a.status, a.body);
    http_free(&a);
    a = ask("PUT", target, "ADMIN", "{\"otra\":1}", PREFER, NULL);
    ck_assert_msg(a.status == 400 && http_names(a.json, "otra"), "%s: %ld %s", target, a.status, a.body);
    http_free(&a);
    ck_assert_msg(strcmp(before, db_fingerprint()) == 0, "%s: something changed", target);
    free(body);
}

/* With whatever a resource may have: a technician, a line, images, an employee, a parent. */
START_TEST(what_was_read_can_be_sent_back) {
    char target[160];
    const char *body, *id;
    read_of((size_t)_i, target, &body);
    id = strrchr(target, '/') + 1;
    if (_i < WITH_LINE) {
        ck_assert_int_eq(
            status_of(ask("PUT", http_f("%s/ppoe?ppoeUser=u&ppoePassword=p", target), "ADMIN", NULL, NULL, NULL)), 200);
        ck_assert_int_eq(status_of(ask("PUT", http_f("%s/vlan?vlan=7", target), "ADMIN", NULL, NULL, NULL)), 200);
    } else if (strstr(target, "notas"))
        db_value("SELECT prueba.archivo(%s)", id);
    else if (strstr(target, "/usuarios/modulos/"))
        db_value("UPDATE modulos SET modulo_padre_id = prueba.modulo() WHERE id = %s RETURNING id", id);
    else if (strstr(target, "/usuarios/"))
        db_value("UPDATE usuarios SET empleado_id = prueba.nuevo_empleado() WHERE id = %s RETURNING id", id);
    http_answer a = ask("GET", target, "ADMIN", NULL, NULL, NULL);
    send_back(target, a.json);
    http_free(&a);
}
END_TEST

/* What only lists show: the list, where one of it is edited, and the id of a new one; `$` in the list is the second. */
static const char *const listed[][4] = {
    {"/api/pendientes/$/tiempos", "/api/pendientes/tiempos/$", "SELECT prueba.tiempo(%s)", "SELECT prueba.orden()"},
    {"/api/productos/pendientes/$/items", "/api/productos/pendientes/items/$",
     "SELECT prueba.item(%s, prueba.producto())", "SELECT prueba.orden()"},
    {"/api/pagos/pendiente/$", "/api/pagos/$", "SELECT prueba.pago(%s)", "SELECT prueba.orden()"},
    {"/api/catalogos/$/productos", "/api/catalogos/productos/$", "SELECT prueba.enlace(%s, prueba.producto())",
     "SELECT prueba.catalogo()"},
    {"/api/notificaciones/usuario/$", "/api/notificaciones/$", "SELECT prueba.notificacion('ASES') -- %s",
     "SELECT prueba.usuario('ASES')"},
    {"/api/catalogos?$", "/api/catalogos/$", "SELECT prueba.catalogo() -- %s", "SELECT 1"},
    {"/api/usuarios/roles?$", "/api/usuarios/roles/$", "SELECT prueba.rol() -- %s", "SELECT 1"},
    {"/api/empleados/cargos?$", "/api/empleados/cargo/$", "SELECT prueba.cargo() -- %s", "SELECT 1"},
};

START_TEST(what_a_list_showed_can_be_sent_back) {
    char above[32], id[64], sql[160];
    snprintf(above, sizeof above, "%s", db_value("%s", listed[_i][3]));
    const char *hole = strstr(listed[_i][2], "%s");
    snprintf(sql, sizeof sql, "%.*s%s%s", (int)(hole - listed[_i][2]), listed[_i][2], above, hole + 2);
    snprintf(id, sizeof id, "%s", db_value("%s", sql));
    http_answer a = ask("GET", path(listed[_i][0], above), "ADMIN", NULL, NULL, NULL);
    const json_t *rows = json_is_array(a.json) ? a.json : json_object_get(a.json, "content"), *row, *found = NULL;
    size_t i;
    json_array_foreach(rows, i, row) {
        const json_t *of = json_object_get(row, "id");
        if (json_is_string(of) ? strcmp(json_string_value(of), id) == 0 : json_integer_value(of) == atoll(id))
            found = row;
    }
    ck_assert_msg(found != NULL, "%s does not show %s: %s", listed[_i][0], id, a.body);
    send_back(path(listed[_i][1], id), found);
    http_free(&a);
}
END_TEST

START_TEST(strict) {
    const char *target = path("/api/pendientes/$", db_value("SELECT prueba.orden()"));
    http_answer a = ask("PUT", target, "ADMIN", "{}", PREFER, NULL);
    ck_assert_msg(a.status == 200, "%s", a.body);
    ck_assert_str_eq(http_header(&a, "Preference-Applied"), "handling=strict");
    http_free(&a);
    a = ask("PUT", target, "ADMIN", "{\"direccion\":\"x\",\"otra\":1}", PREFER, NULL);
    ck_assert_msg(a.status == 400 && http_names(a.json, "otra"), "%s", a.body);
    http_free(&a);
    const char *create =
        http_f("{\"clienteId\":%s,\"tipo\":\"AVERIA\",\"lugar\":\"PUNO\",\"prioridad\":\"BAJA\",\"estado\":\"PAUSADO\","
               "\"asignadoAId\":1}",
               db_value("SELECT prueba.cliente()"));
    a = ask("POST", "/api/pendientes", "ADMIN", create, PREFER, NULL);
    ck_assert_msg(a.status == 400 && http_names(a.json, "estado") && http_names(a.json, "asignadoAId"), "%s", a.body);
    http_free(&a);
    a = ask("POST", "/api/pendientes", "ADMIN", create, NULL, NULL);
    ck_assert_msg(a.status == 200 && !http_header(&a, "Preference-Applied"), "%s", a.body);
    ck_assert_str_eq(json_string_value(json_object_get(a.json, "estado")), "REGISTRADO");
    http_free(&a);
    ck_assert_int_eq(status_of(ask("GET", "/api/pendientes?otro=1", "ADMIN", NULL, PREFER, NULL)), 400);
    ck_assert_int_eq(status_of(ask("GET", "/api/pendientes?otro=1", NULL, NULL, PREFER, NULL)), 401);
}
END_TEST

/* N clients read a number, add one and write it under If-Match, while somebody adds without asking: every addition that
 * was answered 200 is there in the end. */
enum { CLIENTS = 8, ROUNDS = 60, PLAIN = 60 };
static char counter[160];
static atomic_long added, stale, strange;

static void *add_under_condition(void *arg) {
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        http_answer a = http_json("GET", counter, http_token("ADMIN"), NULL);
        tag t = tag_of(&a);
        long n = atol(json_string_value(json_object_get(a.json, "direccion")));
        http_free(&a);
        long status =
            status_of(ask("PUT", counter, "ADMIN", http_f("{\"direccion\":\"%ld\"}", n + 1), if_match(t), NULL));
        atomic_fetch_add(status == 200 ? &added : status == 412 ? &stale : &strange, 1);
    }
    return NULL;
}

START_TEST(no_update_is_lost) {
    char order[32];
    pthread_t threads[CLIENTS];
    snprintf(order, sizeof order, "%s", db_value("SELECT prueba.orden()"));
    snprintf(counter, sizeof counter, "/api/pendientes/%s", order);
    ck_assert_int_eq(status_of(ask("PUT", counter, "ADMIN", "{\"direccion\":\"0\"}", NULL, NULL)), 200);
    for (int i = 0; i < CLIENTS; i++)
        pthread_create(&threads[i], NULL, add_under_condition, NULL);
    for (int i = 0; i < PLAIN; i++)
        ck_assert(db_try("UPDATE pendientes SET direccion = (direccion::int + 1)::text WHERE id = %s", order));
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(strange, 0);
    ck_assert_int_eq(added + stale, CLIENTS * ROUNDS);
    ck_assert_int_gt(added, 0);
    ck_assert_int_gt(stale, 0);
    ck_assert_int_eq(db_number("SELECT direccion FROM pendientes WHERE id = %s", order), added + PLAIN);
}
END_TEST

int main(void) {
    up_use();
    db_support();
    Suite *suite = suite_create("condicional");
    TCase *tcase = tcase_create("condicional");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, tags_follow_what_is_read, 0, RESOURCES);
    tcase_add_loop_test(tcase, stale_is_refused, 0, RESOURCES);
    tcase_add_test(tcase, actions_compare_with_their_resource);
    tcase_add_loop_test(tcase, every_way_to_details_compares, 0, DETAILS);
    tcase_add_loop_test(tcase, deletes_too, DETAILS, RESOURCES);
    tcase_add_test(tcase, single_reads_have_tags);
    tcase_add_test(tcase, stale_in_the_order_of_refusals);
    tcase_add_test(tcase, beside_a_key);
    tcase_add_test(tcase, tags_are_of_the_caller);
    tcase_add_loop_test(tcase, answers_are_of_the_caller, 0, WITH_LINE);
    tcase_add_test(tcase, names_of_others_count);
    tcase_add_loop_test(tcase, what_was_read_can_be_sent_back, 0, RESOURCES);
    tcase_add_loop_test(tcase, what_a_list_showed_can_be_sent_back, 0, sizeof listed / sizeof *listed);
    tcase_add_test(tcase, strict);
    tcase_add_test(tcase, no_update_is_lost);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
