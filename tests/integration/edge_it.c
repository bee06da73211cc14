/* The HTTP edge as clients meet it that are slow, rude, old or hostile: request lines, headers, paths, connections; and
 * what every answer's head must say. */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/raw.h"
#include "tests/integration/up.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_MS = 15000, CONNECTIONS = 200, RUDE = 150, PIPELINED = 30 };

static raw_answer answer; /* of the test at hand: large */

static const char *new_order(bool details) {
    return db_value("SELECT prueba.orden('AVERIA', detalle => %s)", details ? "true" : "false");
}

static http_answer get(const char *target, const char *const *headers) {
    return http_call("GET", target, http_token("ADMIN"), NULL, NULL, 0, headers);
}

static void expect_alive(void) {
    http_answer a = get("/api/pendientes?size=1", NULL);
    ck_assert_msg(a.status == 200, "the gateway does not answer any more: %ld", a.status);
    http_free(&a);
}

/* --- request lines and heads --- */

static const struct {
    const char *what, *bytes;
    bool problem; /* the gateway's own refusal, with a body; else the library's bare one, or a closed connection */
} malformed[] = {
    {"no Host", "GET /api/pendientes HTTP/1.1\r\n\r\n", true},
    {"no Host, HTTP/1.0", "GET /api/pendientes HTTP/1.0\r\n\r\n", true},
    {"no path", "GET api/pendientes HTTP/1.1\r\nHost: x\r\n\r\n", true},
    {"an asterisk", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", true},
    {"no request line", "\r\n\r\n\r\nHost: x\r\n\r\n", false},
    {"a word", "HOLA\r\n\r\n", false},
    {"no version", "GET /\r\nHost: x\r\n\r\n", false},
    {"an unknown version", "GET / HTTP/9.9\r\nHost: x\r\n\r\n", false},
    {"TLS on a clear port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 \r\n\r\n", false},
    {"a header without a colon", "GET /api/pendientes HTTP/1.1\r\nHost: x\r\nnada\r\n\r\n", false},
    {"a header name with a blank", "GET /api/pendientes HTTP/1.1\r\nHost: x\r\nX Y: 1\r\n\r\n", false},
    {"a Content-Length that is no number", "POST /auth HTTP/1.1\r\nHost: x\r\nContent-Length: hola\r\n\r\n", false},
    {"an unknown coding", "POST /auth HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: nada\r\n\r\n", false},
    {"a broken chunk", "POST /auth HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", false},
};

START_TEST(a_malformed_request) {
    const char *what = malformed[_i].what;
    int fd = raw_open();
    raw_text(fd, "%s", malformed[_i].bytes);
    shutdown(fd, SHUT_WR);
    raw_read(fd, &answer, false, ANSWER_MS);
    close(fd);
    ck_assert_msg(!answer.timed_out, "%s: no answer, and not closed", what);
    ck_assert_msg(answer.status == 0 || answer.status / 100 == 4 || (!malformed[_i].problem && answer.status == 501),
                  "%s: %d", what, answer.status);
    if (malformed[_i].problem) {
        ck_assert_msg(answer.status == 400 || answer.status == 404, "%s: %d", what, answer.status);
        ck_assert_msg(strstr(answer.text, "application/problem+json") && strstr(answer.body, "\"errors\":[]"), "%s: %s",
                      what, answer.text);
    }
    expect_alive();
}
END_TEST

START_TEST(heads_are_bounded) {
    static char head[64 << 10];
    const char *const starts[] = {"GET /api/pendientes HTTP/1.1\r\nHost: x\r\nX-Largo: ",
                                  "GET /api/pendientes?titulo="};
    for (int i = 0; i < 3; i++) {
        size_t n = (size_t)sprintf(head, "%s", starts[i % 2]);
        if (i < 2) {
            memset(head + n, 'a', 40 << 10);
            n += 40 << 10;
            n += (size_t)sprintf(head + n, "%s\r\n\r\n", i ? " HTTP/1.1\r\nHost: x" : "");
        } else {
            n = (size_t)sprintf(head, "GET /api/pendientes HTTP/1.1\r\nHost: x\r\n");
            for (int k = 0; k < 500; k++)
                n += (size_t)sprintf(head + n, "X-%d: y\r\n", k);
            n += (size_t)sprintf(head + n, "\r\n");
        }
        raw_ask(&answer, head, n);
        ck_assert_msg(answer.status == 431 || answer.status == 400 || (answer.status == 0 && answer.closed),
                      "%d: %d %d", i, answer.status, answer.timed_out);
        expect_alive();
    }
}
END_TEST

/* They have --request-time to arrive; that they are closed then, tests/unit/gateway/upload_test.c shows. */
START_TEST(slow_requests_hinder_nobody) {
    int fds[20];
    for (int i = 0; i < 20; i++) {
        fds[i] = raw_open();
        raw_text(fds[i], i % 2 ? "GET /api/pendientes HTTP/1.1\r\nHost: x\r\nX-L"
                               : "POST /auth HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{");
    }
    expect_alive();
    for (int i = 0; i < 20; i++)
        close(fds[i]);
    expect_alive();
}
END_TEST

/* --- paths --- */

/* `$` stands for the id of an order with details. */
static const struct {
    const char *target;
    long status, other; /* either */
} paths[] = {
    {"/api/pendientes/$/averia", 200, 200},
    {"/api/pendientes/$/averia/", 200, 200},
    {"/api/pendientes/$/averia/?x=1", 200, 200},
    {"/api/pendientes/$/%61veria", 200, 200},
    {"/api/pendientes/$/averia//", 404, 400},
    {"/api//pendientes/$/averia", 404, 400},
    {"//api/pendientes/$/averia", 404, 400},
    {"/api/./pendientes/$/averia", 404, 400},
    {"/api/x/../pendientes/$/averia", 404, 400},
    {"/api/%2e/pendientes/$/averia", 404, 400},
    {"/api/x/%2E%2e/pendientes/$/averia", 404, 400},
    {"/api/pendientes%2F$/averia", 404, 400},
    {"/api/pendientes/$%2faveria", 404, 400},
    {"/api/pendientes/$%00/averia", 404, 400},
    {"/api/pendientes/$/averia%00", 404, 400},
    {"/api/pendientes/%zz/averia", 400, 404},
    {"/api/pendientes/$%/averia", 400, 404},
    {"/api/pendientes/x/averia", 400, 400},
    {"/api/pendientes/1.0/averia", 400, 400},
    {"/api/pendientes/+$/averia", 400, 400},
    {"/api/pendientes/99999999999999999999/averia", 400, 400},
    {"/API/pendientes/$/averia", 404, 404},
    {"/api/pendientes/$/Averia", 404, 404},
    {"/api/pendientes/$/nada", 404, 404},
    {"/", 404, 404},
    {"/api", 404, 404},
    {"/%ff%fe", 404, 400},
    {"/../../etc/passwd", 404, 400},
};

START_TEST(a_path) {
    const char *form = paths[_i].target, *at = strchr(form, '$');
    const char *target = at ? http_f("%.*s%s%s", (int)(at - form), form, new_order(true), at + 1) : form;
    http_answer a = get(target, NULL);
    ck_assert_msg(a.status == paths[_i].status || a.status == paths[_i].other, "%s: %ld %.200s", target, a.status,
                  a.body);
    if (a.status != 200)
        ck_assert_msg(json_is_array(json_object_get(a.json, "errors")), "%s: %s", target, a.body);
    http_free(&a);
}
END_TEST

START_TEST(an_absolute_target) {
    const char *order = new_order(true);
    int fd = raw_open();
    raw_text(fd,
             "GET http://otra.example/api/pendientes/%s/averia HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
             order, http_token("ADMIN"));
    raw_read(fd, &answer, false, ANSWER_MS);
    close(fd);
    ck_assert_msg(answer.status == 200 && strstr(answer.body, order), "%d %s", answer.status, answer.text);
}
END_TEST

START_TEST(wrong_methods_are_told_the_right_ones) {
    const char *order = new_order(true);
    const struct {
        const char *verb, *target, *allow[3];
    } wrong[] = {
        {"DELETE", "/api/pendientes/traslado", {"POST", "PUT"}},
        {"GET", "/api/pendientes/averia", {"POST", "PUT"}},
        {"PATCH", http_f("/api/pendientes/%s/averia", order), {"GET", "HEAD", "PUT"}},
        {"DELETE", http_f("/api/pendientes/%s/averia/vlan", order), {"PUT"}},
        {"INVENTADO", "/api/pendientes", {"GET", "HEAD", "POST"}},
        {"get", "/api/pendientes", {"GET"}},
        {"GET", "/auth", {"POST"}},
        {"POST", "/openapi.json", {"GET"}},
        {"PUT", "/docs", {"GET", "HEAD"}},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        http_answer a = http_json(wrong[i].verb, wrong[i].target, NULL, NULL); /* before 401 */
        ck_assert_msg(a.status == 405, "%s %s: %ld", wrong[i].verb, wrong[i].target, a.status);
        const char *allow = http_header(&a, "Allow"), *code = json_string_value(json_object_get(a.json, "code"));
        ck_assert_msg(code && strcmp(code, "UNIMPLEMENTED") == 0, "%s", a.body);
        for (int k = 0; k < 3 && wrong[i].allow[k]; k++)
            ck_assert_msg(allow && strstr(allow, wrong[i].allow[k]), "%s %s: Allow: %s", wrong[i].verb, wrong[i].target,
                          allow ? allow : "-");
        http_free(&a);
    }
}
END_TEST

/* --- what every answer says --- */

static void expect_header(const char *what, const http_answer *a, const char *name, const char *value) {
    const char *found = http_header(a, name);
    ck_assert_msg(found && strcasecmp(found, value) == 0, "%s: %s: %s instead of %s", what, name, found ? found : "-",
                  value);
}

START_TEST(headers_of_answers) {
    const char *order = new_order(true);
    const struct {
        const char *verb, *target, *body, *cache;
        bool token;
        long status;
    } calls[] = {
        {"GET", http_f("/api/pendientes/%s", order), NULL, "private, no-cache", true, 200},
        {"GET", http_f("/api/pendientes/%s/averia", order), NULL, "no-store", true, 200},
        {"GET", "/api/pendientes", NULL, "private, no-cache", true, 200},
        {"GET", "/api/pendientes/999999999", NULL, "private, no-cache", true, 404},
        {"GET", "/api/pendientes/999999999/averia", NULL, "no-store", true, 404},
        {"POST", "/api/pendientes", "{}", "private, no-cache", true, 400},
        {"GET", "/api/pendientes/1", NULL, "private, no-cache", false, 401},
        {"POST", "/auth", "{\"dni\":\"00000000\",\"password\":\"clave-equivocada\"}", "no-store", false, 401},
        {"GET", "/nada", NULL, NULL, false, 404},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        const char *what = http_f("%s %s", calls[i].verb, calls[i].target);
        http_answer a =
            http_json(calls[i].verb, calls[i].target, calls[i].token ? http_token("ADMIN") : NULL, calls[i].body);
        ck_assert_msg(a.status == calls[i].status, "%s: %ld %s", what, a.status, a.body);
        expect_header(what, &a, "X-Content-Type-Options", "nosniff");
        if (calls[i].cache) {
            expect_header(what, &a, "Cache-Control", calls[i].cache);
            expect_header(what, &a, "Vary", "Authorization, Accept");
        }
        ck_assert_msg(http_header(&a, "Content-Length") != NULL, "%s: chunked", what);
        ck_assert_msg(http_header(&a, "X-Request-Id") != NULL, "%s: no id", what);
        http_free(&a);
    }
}
END_TEST

START_TEST(request_ids) {
    static const char *const good[] = {"abc", "A-b_c.9",
                                       "0123456789012345678901234567890123456789012345678901234567890123"};
    static const char *const bad[] = {
        "01234567890123456789012345678901234567890123456789012345678901234", "con blanco", "a\"b", "ñ", "a/b", "{}"};
    for (size_t i = 0; i < 9; i++) {
        const char *id = i < 3 ? good[i] : bad[i - 3], *headers[] = {http_f("X-Request-Id: %s", id), NULL};
        http_answer a = get("/api/pendientes/999999999", headers);
        const char *echoed = http_header(&a, "X-Request-Id");
        ck_assert_msg(echoed && (strcmp(echoed, id) == 0) == (i < 3), "%s came back as %s", id, echoed ? echoed : "-");
        ck_assert_msg(strspn(echoed, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
                          strlen(echoed),
                      "%s", echoed);
        ck_assert_str_eq(json_string_value(json_object_get(a.json, "instance")), echoed);
        http_free(&a);
    }
}
END_TEST

START_TEST(head_is_get_without_the_body) {
    const char *order = new_order(true);
    const char *const targets[] = {http_f("/api/pendientes/%s/averia", order),
                                   "/api/pendientes/999999999",
                                   "/api/pendientes",
                                   "/api/empleados",
                                   "/auth/validar-token",
                                   "/openapi.json",
                                   "/docs"};
    static const char *const same[] = {"Content-Length", "Content-Type", "Cache-Control",
                                       "Vary",           "ETag",         "X-Content-Type-Options"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        http_answer a = get(targets[i], NULL), h = http_json("HEAD", targets[i], http_token("ADMIN"), NULL);
        ck_assert_msg(a.status == h.status && h.len == 0, "%s: %ld, HEAD %ld with %zu bytes", targets[i], a.status,
                      h.status, h.len);
        for (size_t k = 0; k < sizeof same / sizeof *same; k++) {
            const char *of_get = http_header(&a, same[k]);
            char value[512];
            snprintf(value, sizeof value, "%s", of_get ? of_get : "-");
            const char *of_head = http_header(&h, same[k]);
            ck_assert_msg(strcmp(value, of_head ? of_head : "-") == 0, "%s: %s: %s, HEAD %s", targets[i], same[k],
                          value, of_head ? of_head : "-");
        }
        http_free(&a);
        http_free(&h);
    }
}
END_TEST

/* --- Accept, the envelope, Grpc-Timeout --- */

START_TEST(accepted_types) {
    static const struct {
        const char *accept;
        long status;
    } cases[] = {
        {"Accept: text/html", 406},
        {"Accept: image/*, text/html;q=0.9", 406},
        {"Accept: application/json;q=0", 406},
        {"Accept: */*;q=0", 406},
        {"Accept: application/json;q=0, */*", 406},
        {"Accept: application/json", 200},
        {"Accept: application/*", 200},
        {"Accept: text/html, */*;q=0.1", 200},
        {"Accept: application/json; profile=\"desconocido\"", 200},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *headers[] = {cases[i].accept, NULL};
        http_answer a = get("/api/pendientes", headers);
        ck_assert_msg(a.status == cases[i].status, "%s: %ld %s", cases[i].accept, a.status, a.body);
        if (a.status != 200)
            expect_header(cases[i].accept, &a, "Content-Type", "application/problem+json");
        http_free(&a);
    }
    const char *order = new_order(true), *headers[] = {"Accept: text/html", NULL};
    http_answer a = http_call("PUT", http_f("/api/pendientes/%s/averia/vlan?vlan=7", order), http_token("ADMIN"), NULL,
                              NULL, 0, headers);
    ck_assert_int_eq(a.status, 406);
    http_free(&a);
    ck_assert_str_eq(
        db_value("SELECT coalesce(vlan::text, 'none') FROM pendientes_averias WHERE pendiente_id = %s", order), "none");
    a = get("/api/pendientes/999999999", headers); /* form before rows */
    ck_assert_int_eq(a.status, 406);
    http_free(&a);
}
END_TEST

START_TEST(the_envelope) {
    const char *order = new_order(true), *target = http_f("/api/pendientes/%s/averia", order);
    const char *headers[] = {"Accept: application/json; profile=\"envelope\"", NULL};
    http_answer bare = get(target, NULL), a = get(target, headers);
    ck_assert_int_eq(a.status, 200);
    expect_header("envelope", &a, "Content-Type", "application/json");
    ck_assert(json_is_true(json_object_get(a.json, "success")));
    ck_assert_int_eq(json_integer_value(json_object_get(a.json, "code")), 200);
    ck_assert_str_eq(json_string_value(json_object_get(a.json, "message")), "Avería obtenida correctamente");
    ck_assert(json_equal(json_object_get(a.json, "data"), bare.json));
    ck_assert_uint_eq(json_object_size(a.json), 4);
    http_free(&a);
    http_free(&bare);
    a = get("/api/pendientes/999999999/averia", headers);
    ck_assert_int_eq(a.status, 404);
    expect_header("envelope", &a, "Content-Type", "application/json");
    ck_assert(json_is_false(json_object_get(a.json, "success")));
    ck_assert_int_eq(json_integer_value(json_object_get(a.json, "code")), 404);
    ck_assert(json_is_null(json_object_get(a.json, "data")));
    ck_assert(strstr(json_string_value(json_object_get(a.json, "message")), "999999999") != NULL);
    ck_assert_uint_eq(json_object_size(a.json), 4);
    http_free(&a);
    a = http_call("GET", target, NULL, NULL, NULL, 0, headers);
    ck_assert_msg(a.status == 401 && json_is_false(json_object_get(a.json, "success")), "%ld %s", a.status, a.body);
    http_free(&a);
}
END_TEST

/* What the body wears changes nothing of the head but its type, its length and the tag. */
START_TEST(the_envelope_keeps_the_head) {
    static const char *const names[] = {"Cache-Control",    "Vary",        "Allow",
                                        "WWW-Authenticate", "Deprecation", "X-Content-Type-Options"};
    const char *headers[] = {"Accept: application/json; profile=\"envelope\"", NULL}, *order = new_order(true);
    const struct {
        const char *verb, *target;
        bool token;
        long status;
    } calls[] = {
        {"GET", "/api/clientes?size=1", true, 200},
        {"GET", "/api/clientes", false, 401},
        {"PATCH", "/api/clientes", true, 405},
        {"GET", http_f("/api/pendientes/%s/averia", order), true, 200},
        {"GET", http_f("/api/pendientes/%s/estado-tecnico?nuevoEstado=OK", order), true, 200},
        {"DELETE", "/api/clientes/999999999", true, 404},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        const char *token = calls[i].token ? http_token("ADMIN") : NULL;
        http_answer bare = http_call(calls[i].verb, calls[i].target, token, NULL, NULL, 0, NULL);
        http_answer a = http_call(calls[i].verb, calls[i].target, token, NULL, NULL, 0, headers);
        ck_assert_msg(a.status == calls[i].status && bare.status == a.status, "%s: %ld", calls[i].target, a.status);
        expect_header(calls[i].target, &a, "Content-Type", "application/json");
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            char value[256];
            const char *of_bare = http_header(&bare, names[k]);
            snprintf(value, sizeof value, "%s", of_bare ? of_bare : "-");
            const char *of_this = http_header(&a, names[k]);
            ck_assert_msg(strcmp(value, of_this ? of_this : "-") == 0, "%s %s: %s, in the envelope %s", calls[i].target,
                          names[k], value, of_this ? of_this : "-");
        }
        ck_assert((http_header(&bare, "Next-Cursor") != NULL) == (i == 0));
        ck_assert((http_header(&a, "Next-Cursor") != NULL) == (i == 0));
        http_free(&a);
        http_free(&bare);
    }
}
END_TEST

START_TEST(timeouts) {
    static const char *const bad[] = {"5",  "S",   "-1S", "1.5S", "123456789S",
                                      "5s", "5 S", "5X",  "0S",   "99999999999999H"};
    static const char *const good[] = {"5S", "500m", "99999999H", "1M", "99999999u"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *headers[] = {http_f("Grpc-Timeout: %s", bad[i]), NULL};
        http_answer a = get("/api/pendientes", headers);
        ck_assert_msg(a.status == 400 && http_names(a.json, "Grpc-Timeout"), "%s: %ld %s", bad[i], a.status, a.body);
        http_free(&a);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *headers[] = {http_f("Grpc-Timeout: %s", good[i]), NULL};
        http_answer a = get("/api/pendientes?size=1", headers);
        ck_assert_msg(a.status == 200, "%s: %ld %s", good[i], a.status, a.body);
        http_free(&a);
    }
    const char *order = new_order(true), *headers[] = {"Grpc-Timeout: 300m", NULL};
    ck_assert(db_try("BEGIN") && db_try("LOCK TABLE pendientes_averias IN ACCESS EXCLUSIVE MODE"));
    long long began = up_now();
    http_answer a = get(http_f("/api/pendientes/%s/averia", order), headers);
    long long took = up_now() - began;
    ck_assert(db_try("ROLLBACK"));
    fprintf(stderr, "a timeout of 300 ms took %lld ms\n", took);
    ck_assert_msg(a.status == 504 && took >= 290 && took < 2000, "%ld after %lld ms", a.status, took);
    http_free(&a);
}
END_TEST

/* --- connections --- */

START_TEST(a_connection_is_kept) {
    const char *token = http_token("ADMIN");
    int fd = raw_open();
    for (int i = 0; i < 5; i++) {
        raw_text(fd, "GET /api/pendientes/999999999 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
                 i % 2 ? token : "no");
        raw_read(fd, &answer, false, ANSWER_MS);
        ck_assert_msg(answer.status == (i % 2 ? 404 : 401), "%d: %s", answer.status, answer.text);
    }
    raw_text(fd, "HEAD /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n");
    raw_read(fd, &answer, true, ANSWER_MS);
    ck_assert_int_eq(answer.status, 200);
    raw_text(fd, "GET /nada HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    raw_read(fd, &answer, false, ANSWER_MS);
    ck_assert_int_eq(answer.status, 404);
    ck_assert_msg(raw_closes(fd, 5000), "asked to close, and kept");
    close(fd);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order) {
    static char requests[PIPELINED * 2048];
    char orders[PIPELINED][32];
    size_t n = 0;
    for (int i = 0; i < PIPELINED; i++) {
        snprintf(orders[i], sizeof orders[i], "%s", i % 3 == 2 ? "999999999" : new_order(true));
        n += (size_t)snprintf(requests + n, sizeof requests - n,
                              "GET /api/pendientes/%s/averia HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
                              orders[i], http_token("ADMIN"));
    }
    int fd = raw_open();
    raw_send(fd, requests, n);
    for (int i = 0; i < PIPELINED; i++) {
        raw_read(fd, &answer, false, ANSWER_MS);
        ck_assert_msg(answer.status == (i % 3 == 2 ? 404 : 200) && strstr(answer.body, orders[i]), "%d: %d %s", i,
                      answer.status, answer.body);
    }
    close(fd);
}
END_TEST

/* Reset at once, with requests under way whose rows are locked and whose answers nobody takes. */
START_TEST(clients_that_go_away) {
    const char *token = http_token("ADMIN"), *order = new_order(true);
    int fds[RUDE];
    ck_assert(db_try("BEGIN") && db_try("LOCK TABLE pendientes_averias IN ACCESS EXCLUSIVE MODE"));
    for (int i = 0; i < RUDE; i++) {
        fds[i] = raw_open();
        if (i % 3)
            raw_text(fds[i], "GET /api/pendientes/%s/averia HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
                     order, token);
        else
            raw_text(fds[i],
                     "PUT /api/pendientes/%s/averia/vlan?vlan=9 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                     "%s\r\nGrpc-Timeout: 2S\r\n\r\n",
                     order, token);
    }
    for (int i = 0; i < RUDE; i++) {
        setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
        close(fds[i]);
    }
    ck_assert(db_try("ROLLBACK"));
    http_answer a = get(http_f("/api/pendientes/%s/averia", order), NULL);
    ck_assert_msg(a.status == 200, "%ld %s", a.status, a.body);
    http_free(&a);
    expect_alive();
}
END_TEST

START_TEST(two_hundred_connections_at_once) {
    char orders[CONNECTIONS][24];
    int fds[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++) {
        snprintf(orders[i], sizeof orders[i], "%s", new_order(true));
        fds[i] = raw_open();
    }
    long long began = up_now();
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < CONNECTIONS; i++)
            ck_assert(raw_text(fds[i],
                               "GET /api/pendientes/%s/averia HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
                               orders[i], http_token("ADMIN")));
        for (int i = CONNECTIONS - 1; i >= 0; i--) {
            raw_read(fds[i], &answer, false, ANSWER_MS);
            ck_assert_msg(answer.status == 200 && strstr(answer.body, orders[i]), "%d: %d %s", i, answer.status,
                          answer.body);
        }
    }
    fprintf(stderr, "3 requests on each of %d connections took %lld ms\n", CONNECTIONS, up_now() - began);
    for (int i = 0; i < CONNECTIONS; i++)
        close(fds[i]);
}
END_TEST

/* --- secrets --- */

/* Of the processes; what deploy/up itself said, the demo's password too, is for whoever started it. */
static bool in_logs(const char *directory, const char *secret) {
    char command[4096];
    snprintf(command, sizeof command, "grep -rqF --exclude=start.log -e '%s' '%s'", secret, directory);
    int rc = system(command);
    ck_assert_msg(WIFEXITED(rc) && WEXITSTATUS(rc) < 2, "grep in %s: %d", directory, rc);
    return WEXITSTATUS(rc) == 0;
}

typedef struct sought {
    const char *directory;
    char text[96];
} sought;

static bool logged(void *arg) {
    const sought *s = arg;
    return in_logs(s->directory, s->text);
}

START_TEST(no_secret_reaches_a_log) {
    char logs[512], marker[64];
    snprintf(logs, sizeof logs, "%s", up_env("PENDIENTES_TOKEN_KEY_FILE"));
    *strstr(logs, "/keys/") = 0;
    strcat(logs, "/log");
    snprintf(marker, sizeof marker, "Secreto%lld", up_now());
    const char *order = new_order(true), *ppoe = http_f("/api/pendientes/%s/averia/ppoe", order);
    const char *json = http_f("{\"ppoeUser\":\"usuario-%s\",\"ppoePassword\":\"%s\"}", marker, marker);
    const char *form = http_f("ppoeUser=usuario-%s&ppoePassword=%s", marker, marker);
    http_answer a[] = {
        http_call("PUT", http_f("%s?%s", ppoe, form), http_token("ADMIN"), NULL, NULL, 0, NULL),
        http_json("PUT", ppoe, http_token("ADMIN"), json),
        http_call("PUT", ppoe, http_token("ADMIN"), "application/x-www-form-urlencoded", form, strlen(form), NULL),
        http_json("PUT", http_f("%s?%s%055d", ppoe, form, 1), http_token("ADMIN"), NULL), /* too long */
        http_json("PUT", http_f("%s?%s", ppoe, form), http_token("NADA"), NULL),          /* 403 */
        http_json("PATCH", http_f("%s?%s", ppoe, form), http_token("ADMIN"), NULL),       /* 405 */
        http_json("PUT", http_f("/nada?%s", form), http_token("ADMIN"), NULL),            /* 404 */
        http_json("PUT", http_f("/api/pendientes/999999999/averia/ppoe?%s", form), http_token("ADMIN"), NULL),
        http_json("POST", "/auth", NULL, http_f("{\"dni\":\"40000001\",\"password\":\"%s\"}", marker)),
        http_json("GET", http_f("/auth/validar-token?token=%s", marker), http_f("%s.%s.%s", marker, marker, marker),
                  NULL),
    };
    static const long wanted[] = {200, 200, 200, 400, 403, 405, 404, 404, 401, 401};
    for (size_t i = 0; i < sizeof a / sizeof *a; i++) {
        ck_assert_msg(a[i].status == wanted[i], "call %zu: %ld %s", i, a[i].status, a[i].body);
        ck_assert_msg(i < 3 || !strstr(a[i].body, marker), "call %zu sends it back: %s", i, a[i].body);
        http_free(&a[i]);
    }
    /* what was logged of them is there when a later line is */
    sought control = {.directory = logs};
    snprintf(control.text, sizeof control.text, "control-%s", marker + 7);
    const char *headers[] = {http_f("X-Request-Id: %s", control.text), NULL};
    http_answer last = get("/api/pendientes?size=1", headers);
    http_free(&last);
    ck_assert_msg(up_wait(10000, logged, &control), "%s does not reach the logs in %s", control.text, logs);
    ck_assert_msg(!in_logs(logs, marker), "the secret %s is in %s", marker, logs);
    const char *token = http_token("ADMIN");
    ck_assert_msg(!in_logs(logs, strrchr(token, '.') + 1), "a token is in %s", logs);
    ck_assert_msg(!in_logs(logs, up_env("PENDIENTES_PASSWORD")), "the password is in %s", logs);
    ck_assert_int_eq(db_number("SELECT count(*) FROM historiales WHERE detalles LIKE '%%%s%%'", marker), 0);
    ck_assert_int_eq(
        db_number("SELECT count(*) FROM pendientes_averias WHERE position('%s' IN encode(ppoe_password, 'escape')) > 0",
                  marker),
        0);
}
END_TEST

/* One request through both processes: what fails is logged by both, under the ids that the client sent. */
START_TEST(a_request_is_found_in_both_logs) {
    char logs[512], name[64];
    snprintf(logs, sizeof logs, "%s", up_env("PENDIENTES_TOKEN_KEY_FILE"));
    *strstr(logs, "/keys/") = 0;
    snprintf(name, sizeof name, "rastro-%lld", up_now());
    const char *order = new_order(true);
    const char *headers[] = {
        "Grpc-Timeout: 200m", http_f("X-Request-Id: %s", name),
        http_f("traceparent: 00-%032llx-00f067aa0ba902b7-01", 0xabcdef0000000000ULL + (unsigned long long)up_now()),
        NULL};
    ck_assert(db_try("BEGIN") && db_try("LOCK TABLE pendientes_averias IN ACCESS EXCLUSIVE MODE"));
    http_answer a = get(http_f("/api/pendientes/%s/averia", order), headers);
    ck_assert_int_eq(a.status, 504);
    http_free(&a);
    sought wanted[4];
    static const char *const processes[] = {"gateway", "server"};
    for (int i = 0; i < 4; i++) {
        static char files[4][600];
        snprintf(files[i], sizeof files[i], "%s/log/%s-1.log", logs, processes[i / 2]);
        wanted[i].directory = files[i];
        snprintf(wanted[i].text, sizeof wanted[i].text, "%.60s", i % 2 ? strchr(headers[2], '-') + 1 : name);
        wanted[i].text[i % 2 ? 32 : 60] = 0; /* of the traceparent: the trace */
    }
    bool found[4];
    for (int i = 0; i < 4; i++)
        found[i] = up_wait(10000, logged, &wanted[i]);
    ck_assert(db_try("ROLLBACK"));
    for (int i = 0; i < 4; i++)
        ck_assert_msg(found[i], "%s is not in %s", wanted[i].text, wanted[i].directory);
}
END_TEST

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

int main(void) {
    struct rlimit files = {4096, 4096};
    setrlimit(RLIMIT_NOFILE, &files);
    up_use();
    db_support();
    Suite *suite = suite_create("edge");
    TCase *tcase = tcase_create("edge");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, a_malformed_request, 0, COUNT(malformed));
    tcase_add_test(tcase, heads_are_bounded);
    tcase_add_test(tcase, slow_requests_hinder_nobody);
    tcase_add_loop_test(tcase, a_path, 0, COUNT(paths));
    tcase_add_test(tcase, an_absolute_target);
    tcase_add_test(tcase, wrong_methods_are_told_the_right_ones);
    tcase_add_test(tcase, headers_of_answers);
    tcase_add_test(tcase, request_ids);
    tcase_add_test(tcase, head_is_get_without_the_body);
    tcase_add_test(tcase, accepted_types);
    tcase_add_test(tcase, the_envelope);
    tcase_add_test(tcase, the_envelope_keeps_the_head);
    tcase_add_test(tcase, timeouts);
    tcase_add_test(tcase, a_connection_is_kept);
    tcase_add_test(tcase, pipelined_requests_are_answered_in_order);
    tcase_add_test(tcase, clients_that_go_away);
    tcase_add_test(tcase, two_hundred_connections_at_once);
    tcase_add_test(tcase, no_secret_reaches_a_log);
    tcase_add_test(tcase, a_request_is_found_in_both_logs);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
