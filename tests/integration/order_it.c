/* The contract's order of refusals (section 1), pairwise: of two refusals that one request deserves, the earlier is
 * answered. A request without defects is accepted, each defect alone gets its own refusal, and every two that can meet
 * in one request get the earlier's: so the controls and the pairs are made by the same functions. */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/token.h"
#include "tests/integration/up.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOO_LONG = (1 << 20) + 1 };

/* What a defect spoils: two that spoil the same cannot meet. */
typedef enum part {
    PART_PATH = 1,
    PART_VERB = 2,
    PART_LENGTH = 4,
    PART_CALLER = 8,
    PART_TYPE = 16,
    PART_ACCEPT = 32,
    PART_FORM = 64,
    PART_QUERY = 128,
    PART_TIMEOUT = 256,
    PART_ORDER = 512,
    PART_NAMED = 1024,
    PART_KEY = 2048,
} part;

typedef struct request {
    const char *verb, *suffix, *query, *type, *accept, *timeout, *key, *token;
    char order[32], named[32]; /* the row in the path or body, the row that the body or query names */
    bool bad_text, padded;
} request;

typedef struct defect {
    const char *what;
    int rank; /* its place in the contract's order */
    unsigned parts;
    long status;
    const char *code, *field; /* field: that `errors` names; "" none; NULL whatever */
    const char *says;         /* part of the detail, where status and code are another's too */
    void (*spoil)(request *r);
} defect;

/* --- defects --- */

static void set_order(request *r, const char *expression) {
    snprintf(r->order, sizeof r->order, "%s", db_value("SELECT %s", expression));
}

static void no_route(request *r) {
    r->suffix = "/nada";
}
static void other_verb(request *r) {
    r->verb = "PATCH";
}
static void too_long(request *r) {
    r->padded = true;
}
static void no_token(request *r) {
    r->token = NULL;
}
static void bad_token(request *r) {
    r->token = token_bad(12, NULL);
}
static void text_plain(request *r) {
    r->type = "text/plain";
}
static void html_wanted(request *r) {
    r->accept = "Accept: text/html";
}
static void wrong_text(request *r) {
    r->bad_text = true;
}
static void path_no_number(request *r) {
    snprintf(r->order, sizeof r->order, "x");
}
static void named_no_number(request *r) {
    snprintf(r->named, sizeof r->named, "x");
}
static void bad_query(request *r) {
    r->query = "otra=%zz";
}
static void bad_timeout(request *r) {
    r->timeout = "Grpc-Timeout: pronto";
}
static void bad_key(request *r) {
    r->key = "Idempotency-Key: con blanco";
}
static void unknown_order(request *r) {
    snprintf(r->order, sizeof r->order, "999999999");
}
static void unknown_named(request *r) {
    snprintf(r->named, sizeof r->named, "999999999");
}
static void technician(request *r) {
    r->token = http_token("TECN");
}
static void other_technician(request *r) {
    r->token = http_token("TECN2");
}
static void seller(request *r) {
    r->token = http_token("ASES");
}
static void finished(request *r) {
    set_order(r, "prueba.orden('AVERIA', detalle => true, estado => 'FINALIZADO', asignado => 'TECN')");
}
static void without_details(request *r) {
    set_order(r, "prueba.orden('AVERIA')");
}
static void with_details(request *r) {
    set_order(r, "prueba.orden('AVERIA', detalle => true)");
}
static void other_type(request *r) {
    set_order(r, "prueba.orden('TRASLADO')");
}

/* A key that this caller used for another body. */
static void used_key(request *r) {
    const char *order = db_value("SELECT prueba.orden('AVERIA')");
    const char *headers[] = {http_f("Idempotency-Key: orden-%s", order), NULL};
    const char *body = http_f("{\"pendienteId\":%s,\"descripcionFalla\":\"x\"}", order);
    http_answer a = http_call("POST", "/api/pendientes/averia", http_token("CORD"), NULL, body, strlen(body), headers);
    ck_assert_msg(a.status == 200, "%ld %s", a.status, a.body);
    http_free(&a);
    r->key = headers[0];
}

#define EDGE                                                                                                           \
    {"no such route", 0, PART_PATH, 404, "NOT_FOUND", "", "ruta", no_route},                                           \
        {"no such verb", 1, PART_VERB, 405, "UNIMPLEMENTED", "", NULL, other_verb},                                    \
        {"no token", 3, PART_CALLER, 401, "UNAUTHENTICATED", "", NULL, no_token},                                      \
        {"a foreign token", 3, PART_CALLER, 401, "UNAUTHENTICATED", "", NULL, bad_token},                              \
        {"HTML wanted", 4, PART_ACCEPT, 406, "INVALID_ARGUMENT", "", NULL, html_wanted},                               \
        {"a malformed query", 5, PART_QUERY, 400, "INVALID_ARGUMENT", NULL, NULL, bad_query}, {                        \
        "a malformed timeout", 5, PART_TIMEOUT, 400, "INVALID_ARGUMENT", "Grpc-Timeout", NULL, bad_timeout             \
    }

#define BODY                                                                                                           \
    {"too long", 2, PART_LENGTH, 413, "INVALID_ARGUMENT", "", NULL, too_long},                                         \
        {"plain text", 4, PART_TYPE, 415, "INVALID_ARGUMENT", "", NULL, text_plain}, {                                 \
        "a number for a text", 5, PART_FORM, 400, "INVALID_ARGUMENT", "descripcionFalla", NULL, wrong_text             \
    }

static const defect of_edit[] = {
    EDGE,
    BODY,
    {"no number in the path", 5, PART_ORDER, 400, "INVALID_ARGUMENT", "pendienteId", NULL, path_no_number},
    {"an unknown order", 7, PART_ORDER, 404, "NOT_FOUND", NULL, "999999999", unknown_order},
    {"another's order", 8, PART_CALLER, 403, "PERMISSION_DENIED", NULL, NULL, other_technician},
    {"a finished order", 12, PART_ORDER, 400, "FAILED_PRECONDITION", NULL, NULL, finished},
};

static const defect of_assign[] = {
    EDGE,
    {"no number in the path", 5, PART_ORDER, 400, "INVALID_ARGUMENT", "id", NULL, path_no_number},
    {"no number for the technician", 5, PART_NAMED, 400, "INVALID_ARGUMENT", "idAsignado", NULL, named_no_number},
    {"a role without the bit", 6, PART_CALLER, 403, "PERMISSION_DENIED", "", NULL, technician},
    {"an unknown order", 7, PART_ORDER, 404, "NOT_FOUND", NULL, "999999999", unknown_order},
    {"an unknown technician", 10, PART_NAMED, 404, "NOT_FOUND", "idAsignado", NULL, unknown_named},
    {"an order without details", 12, PART_ORDER, 400, "FAILED_PRECONDITION", NULL, NULL, without_details},
    {"a finished order", 12, PART_ORDER, 400, "FAILED_PRECONDITION", NULL, NULL, finished},
};

static const defect of_create[] = {
    EDGE,
    BODY,
    {"a malformed key", 5, PART_KEY, 400, "INVALID_ARGUMENT", "Idempotency-Key", NULL, bad_key},
    {"no number for the order", 5, PART_ORDER, 400, "INVALID_ARGUMENT", "pendienteId", NULL, path_no_number},
    /* a key belongs to its user, so whose rights are missing cannot have used it */
    {"a role without the bits", 6, PART_CALLER | PART_KEY, 403, "PERMISSION_DENIED", "", NULL, technician},
    /* whose an order is can be asked only of one that there is */
    {"another's order", 8, PART_CALLER | PART_KEY | PART_NAMED, 403, "PERMISSION_DENIED", NULL, NULL, seller},
    {"a key of another body", 9, PART_KEY, 422, "INVALID_ARGUMENT", NULL, NULL, used_key},
    {"an unknown order", 10, PART_ORDER | PART_NAMED, 404, "NOT_FOUND", "pendienteId", "999999999", unknown_order},
    {"an order of another type", 12, PART_ORDER, 400, "FAILED_PRECONDITION", "pendienteId", NULL, other_type},
    {"details are there", 12, PART_ORDER, 409, "ALREADY_EXISTS", "pendienteId", NULL, with_details},
};

/* --- requests --- */

static request new_request(const char *verb, const char *order) {
    request r = {.verb = verb, .token = http_token("CORD")};
    set_order(&r, order);
    snprintf(r.named, sizeof r.named, "%s", db_value("SELECT prueba.empleado('TECN')"));
    return r;
}

static http_answer ask(const request *r, const char *target, const char *body) {
    static char padded[TOO_LONG];
    const char *headers[4], **at = headers;
    size_t len = body ? strlen(body) : 0;
    if (r->accept)
        *at++ = r->accept;
    if (r->timeout)
        *at++ = r->timeout;
    if (r->key)
        *at++ = r->key;
    *at = NULL;
    if (r->padded && body) {
        memset(padded, ' ', sizeof padded);
        memcpy(padded, body, len);
        body = padded;
        len = sizeof padded;
    }
    return http_call(r->verb, http_f("%s%s", target, r->query ? r->query : ""), r->token, r->type, body, len, headers);
}

static const char *suffix(const request *r) {
    return r->suffix ? r->suffix : "";
}

static http_answer edit(const request *r) {
    char target[128];
    snprintf(target, sizeof target, "/api/pendientes/%s/averia%s?", r->order, suffix(r));
    return ask(r, target, r->bad_text ? "{\"descripcionFalla\":5}" : "{\"descripcionFalla\":\"otra\"}");
}

static http_answer assign(const request *r) {
    char target[128];
    snprintf(target, sizeof target, "/api/pendientes/%s/asignar%s?idAsignado=%s&", r->order, suffix(r), r->named);
    return ask(r, target, NULL);
}

static http_answer create(const request *r) {
    char target[128], body[128];
    /* the literal routes have no further segment that a variable could take */
    snprintf(target, sizeof target, "/api/pendientes/averia%s?", r->suffix ? "/nada/nada" : "");
    snprintf(body, sizeof body, "{\"pendienteId\":\"%s\",\"descripcionFalla\":%s}", r->order,
             r->bad_text ? "5" : "\"otra\"");
    return ask(r, target, body);
}

static const struct base {
    const char *what, *verb, *order;
    http_answer (*send)(const request *r);
    const defect *defects;
    int n;
} bases[] = {
#define DEFECTS(list) list, (int)(sizeof(list) / sizeof *(list))
    {"PUT averia", "PUT", "prueba.orden('AVERIA', detalle => true)", edit, DEFECTS(of_edit)},
    {"PUT asignar", "PUT", "prueba.orden('AVERIA', detalle => true)", assign, DEFECTS(of_assign)},
    {"POST averia", "POST", "prueba.orden('AVERIA')", create, DEFECTS(of_create)},
};

static void expect(const char *what, const http_answer *a, const defect *d) {
    const char *code = json_string_value(json_object_get(a->json, "code"));
    const char *detail = json_string_value(json_object_get(a->json, "detail"));
    ck_assert_msg(a->status == d->status, "%s: %ld instead of %ld: %.300s", what, a->status, d->status, a->body);
    ck_assert_msg(code && strcmp(code, d->code) == 0, "%s: code %s: %.300s", what, code ? code : "-", a->body);
    if (d->field && *d->field)
        ck_assert_msg(http_names(a->json, d->field), "%s: does not name %s: %.300s", what, d->field, a->body);
    if (d->field && !*d->field)
        ck_assert_msg(json_array_size(json_object_get(a->json, "errors")) == 0, "%s: tells of fields: %.300s", what,
                      a->body);
    if (d->says)
        ck_assert_msg(detail && strstr(detail, d->says), "%s: does not say %s: %.300s", what, d->says, a->body);
}

START_TEST(without_defect) {
    const struct base *base = &bases[_i];
    request r = new_request(base->verb, base->order);
    http_answer a = base->send(&r);
    ck_assert_msg(a.status == 200, "%s: %ld %s", base->what, a.status, a.body);
    http_free(&a);
}
END_TEST

START_TEST(one_defect) {
    const struct base *base = &bases[_i];
    for (int i = 0; i < base->n; i++) {
        const defect *d = &base->defects[i];
        request r = new_request(base->verb, base->order);
        d->spoil(&r);
        char before[128], what[256];
        snprintf(before, sizeof before, "%s", db_fingerprint());
        snprintf(what, sizeof what, "%s, %s", base->what, d->what);
        http_answer a = base->send(&r);
        expect(what, &a, d);
        http_free(&a);
        ck_assert_msg(strcmp(before, db_fingerprint()) == 0, "%s: something changed", what);
    }
}
END_TEST

START_TEST(two_defects) {
    const struct base *base = &bases[_i];
    int pairs = 0;
    for (int i = 0; i < base->n; i++)
        for (int k = 0; k < base->n; k++) {
            const defect *first = &base->defects[i], *second = &base->defects[k];
            if (first->rank >= second->rank || (first->parts & second->parts))
                continue;
            request r = new_request(base->verb, base->order);
            first->spoil(&r);
            second->spoil(&r);
            char before[128], what[256];
            snprintf(before, sizeof before, "%s", db_fingerprint());
            snprintf(what, sizeof what, "%s, %s before %s", base->what, first->what, second->what);
            http_answer a = base->send(&r);
            expect(what, &a, first);
            http_free(&a);
            ck_assert_msg(strcmp(before, db_fingerprint()) == 0, "%s: something changed", what);
            pairs++;
        }
    fprintf(stderr, "%s: %d pairs\n", base->what, pairs);
    ck_assert_int_ge(pairs, base->n);
}
END_TEST

/* --- what the pairs cannot make --- */

static http_answer with_key(const char *role, const char *order, const char *text, const char *key) {
    const char *headers[] = {http_f("Idempotency-Key: %s", key), NULL};
    const char *body = http_f("{\"pendienteId\":%s,\"descripcionFalla\":\"%s\"}", order, text);
    return http_call("POST", "/api/pendientes/averia", http_token(role), NULL, body, strlen(body), headers);
}

static void expect_key(const char *what, http_answer a, long status, const char *code, bool replayed) {
    const char *found = json_string_value(json_object_get(a.json, "code"));
    ck_assert_msg(a.status == status && (!code || (found && strcmp(found, code) == 0)), "%s: %ld %s", what, a.status,
                  a.body);
    ck_assert_msg((http_header(&a, "Idempotency-Replayed") != NULL) == replayed, "%s: replayed?", what);
    http_free(&a);
}

/* A right that was lost since comes before the key, replays included; the order that is gone since comes after it. */
START_TEST(rights_before_keys_before_rows) {
    char order[32], key[64];
    snprintf(order, sizeof order, "%s", db_value("SELECT prueba.orden('AVERIA', registrado => 'ASES')"));
    snprintf(key, sizeof key, "clave-%s", order);
    expect_key("first", with_key("ASES", order, "x", key), 200, NULL, false);
    expect_key("again", with_key("ASES", order, "x", key), 200, NULL, true);
    expect_key("another body", with_key("ASES", order, "y", key), 422, "INVALID_ARGUMENT", false);
    db_value("UPDATE pendientes SET registrado_por = prueba.empleado('CORD') WHERE id = %s", order);
    expect_key("another body, no longer one's own", with_key("ASES", order, "y", key), 403, "PERMISSION_DENIED", false);
    expect_key("a replay, no longer one's own", with_key("ASES", order, "x", key), 403, "PERMISSION_DENIED", false);
    db_value("UPDATE pendientes SET registrado_por = prueba.empleado('ASES'), vigente = false WHERE id = %s", order);
    expect_key("another body, the order is gone", with_key("ASES", order, "y", key), 422, "INVALID_ARGUMENT", false);
}
END_TEST

/* Every field's error together, and none of them without a good token. */
START_TEST(form_errors_come_together) {
    const char *target = "/api/pendientes/x/averia?otra=%zz", *body = "{\"descripcionFalla\":5}";
    http_answer a = http_json("PUT", target, http_token("CORD"), body);
    ck_assert_msg(a.status == 400 && http_names(a.json, "pendienteId") && http_names(a.json, "descripcionFalla"), "%s",
                  a.body);
    ck_assert_uint_ge(json_array_size(json_object_get(a.json, "errors")), 3);
    http_free(&a);
    a = http_json("PUT", target, token_bad(13, NULL), body);
    ck_assert_msg(a.status == 401 && json_array_size(json_object_get(a.json, "errors")) == 0, "%s", a.body);
    http_free(&a);
}
END_TEST

int main(void) {
    up_use();
    db_support();
    Suite *suite = suite_create("order");
    TCase *tcase = tcase_create("order");
    int n = (int)(sizeof bases / sizeof *bases);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, without_defect, 0, n);
    tcase_add_loop_test(tcase, one_defect, 0, n);
    tcase_add_loop_test(tcase, two_defects, 0, n);
    tcase_add_test(tcase, rights_before_keys_before_rows);
    tcase_add_test(tcase, form_errors_come_together);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
