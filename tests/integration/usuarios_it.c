/* Users and their rights while others change them: what reaches tokens already issued within a second, and what stays
 * true when two changes meet. Each racer is a thread with a connection of its own. */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/token.h"
#include "tests/integration/up.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 16, SECOND = 1000 };

static const char HEADER[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}", PASSWORD[] = "clave de prueba";

/* A user's token, to be freed. */
static char *token_of(const char *user) {
    return strdup(token_forge(HEADER, token_claims(user, 600), NULL));
}

static char *made(const char *expression) {
    return strdup(db_value("SELECT %s", expression));
}

static long call(const char *verb, const char *target, const char *token, const char *body) {
    http_answer a = http_json(verb, target, token, body);
    long status = a.status;
    http_free(&a);
    return status;
}

static void must(const char *verb, const char *target, const char *body) {
    http_answer a = http_json(verb, target, http_token("ADMIN"), body);
    ck_assert_msg(a.status == 200, "%s %s: %ld %s", verb, target, a.status, a.body);
    http_free(&a);
}

/* --- within a second --- */

typedef struct wanted {
    const char *target, *token;
    long status;
} wanted;

static bool answers(void *arg) {
    const wanted *w = arg;
    return call("GET", w->target, w->token, NULL) == w->status;
}

static void soon(const char *what, wanted w) {
    ck_assert_msg(up_wait(SECOND, answers, &w), "%s: %s is not %ld after a second", what, w.target, w.status);
}

START_TEST(changes_reach_issued_tokens) {
    char *role = made("prueba.rol(13)"), *user = made(http_f("prueba.nuevo_usuario('%s')", role)),
         *token = token_of(user);
    char self[64];
    snprintf(self, sizeof self, "/api/usuarios/%s", user);
    wanted in = {"/api/clientes", token, 200}, out = {"/api/clientes", token, 401},
           less = {"/api/clientes", token, 403};
    soon("created", in);
    must("PUT", self, "{\"activo\":false}");
    soon("deactivated", out);
    must("PUT", self, "{\"activo\":true}");
    soon("active again", in);
    must("PUT", self, "{\"idRol\":\"NADA\"}");
    soon("another role", less);
    must("PUT", self, http_f("{\"idRol\":\"%s\"}", role));
    soon("the first role", in);
    must("PUT", http_f("/api/usuarios/roles/%s", role), "{\"permisos\":0}");
    soon("the role's permissions", less);
    must("PUT", http_f("/api/usuarios/roles/%s", role), "{\"permisos\":1}");
    soon("the role's permissions again", in);
    must("DELETE", self, NULL);
    soon("deleted", out);
    free(role);
    free(user);
    free(token);
}
END_TEST

typedef struct credentials {
    const char *dni, *password;
    long status;
} credentials;

static bool logs_in(void *arg) {
    const credentials *c = arg;
    return call("POST", "/auth", NULL, http_f("{\"dni\":\"%s\",\"password\":\"%s\"}", c->dni, c->password)) ==
           c->status;
}

static char *user_body(const char *name) {
    return strdup(http_f("{\"nombre\":\"%s\",\"dni\":\"%s\",\"email\":\"%s\",\"password\":\"%s\",\"idRol\":\"TECN\"}",
                         name, name, name, PASSWORD));
}

static const char *id_of(const char *name) {
    return db_value("SELECT id FROM usuarios WHERE nombre = '%s' AND vigente", name);
}

START_TEST(passwords_open_the_door) {
    char *name = made("'entra' || nextval(pg_get_serial_sequence('usuarios', 'id'))"), *body = user_body(name);
    must("POST", "/api/usuarios", body);
    ck_assert(up_wait(SECOND, logs_in, &(credentials){name, PASSWORD, 200}));
    must("PUT", http_f("/api/usuarios/%s", id_of(name)), "{\"password\":\"otra clave de prueba\"}");
    ck_assert(up_wait(SECOND, logs_in, &(credentials){name, PASSWORD, 401}));
    ck_assert(up_wait(SECOND, logs_in, &(credentials){name, "otra clave de prueba", 200}));
    must("PUT", http_f("/api/usuarios/%s", id_of(name)), "{\"activo\":false}");
    ck_assert(up_wait(SECOND, logs_in, &(credentials){name, "otra clave de prueba", 401}));
    free(name);
    free(body);
}
END_TEST

/* Why somebody does not get in, to be freed. */
static char *refusal(const char *dni, const char *password) {
    http_answer a = http_json("POST", "/auth", NULL, http_f("{\"dni\":\"%s\",\"password\":\"%s\"}", dni, password));
    ck_assert_msg(a.status == 401, "%s: %ld %s", dni, a.status, a.body);
    ck_assert_str_eq(http_header(&a, "WWW-Authenticate"), "Bearer");
    char *detail = strdup(json_string_value(json_object_get(a.json, "detail")));
    http_free(&a);
    return detail;
}

START_TEST(whoever_is_refused_learns_nothing) {
    char *name = made("'fuera' || nextval(pg_get_serial_sequence('usuarios', 'id'))"), *body = user_body(name);
    must("POST", "/api/usuarios", body);
    ck_assert(up_wait(SECOND, logs_in, &(credentials){name, PASSWORD, 200}));
    char *why[4] = {refusal("nadie-se-llama-asi", PASSWORD), refusal(name, "otra clave de prueba")};
    char *user = strdup(id_of(name));
    must("PUT", http_f("/api/usuarios/%s", user), "{\"activo\":false}");
    ck_assert(up_wait(SECOND, logs_in, &(credentials){name, PASSWORD, 401}));
    why[2] = refusal(name, PASSWORD);
    must("PUT", http_f("/api/usuarios/%s", user), "{\"activo\":true}");
    ck_assert(up_wait(SECOND, logs_in, &(credentials){name, PASSWORD, 200}));
    must("DELETE", http_f("/api/usuarios/%s", user), NULL);
    ck_assert(up_wait(SECOND, logs_in, &(credentials){name, PASSWORD, 401}));
    why[3] = refusal(name, PASSWORD);
    for (int i = 0; i < 4; i++) {
        ck_assert_str_eq(why[i], why[0]);
        ck_assert_ptr_null(strstr(why[i], name));
    }
    for (int i = 3; i >= 0; i--)
        free(why[i]);
    free(user);
    free(name);
    free(body);
}
END_TEST

/* Late while its password is hashed: answered once, nothing stored, and the name is free. */
START_TEST(late_while_hashing) {
    char *name = made("'tarde' || nextval(pg_get_serial_sequence('usuarios', 'id'))"), *body = user_body(name);
    const char *headers[] = {"Grpc-Timeout: 30m", NULL};
    http_answer a = http_call("POST", "/api/usuarios", http_token("ADMIN"), NULL, body, strlen(body), headers);
    ck_assert_msg(a.status == 504, "%ld %s", a.status, a.body);
    http_free(&a);
    must("POST", "/api/usuarios", body);
    ck_assert_int_eq(db_number("SELECT count(*) FROM usuarios WHERE nombre = '%s'", name), 1);
    free(name);
    free(body);
}
END_TEST

/* --- no employee --- */

/* What records an author; the rows that it is of are added to each. */
static const struct {
    const char *target, *body, *author;
} authored[] = {
    {"/api/pendientes", "\"tipo\":\"AVERIA\",\"lugar\":\"PUNO\",\"prioridad\":\"BAJA\"", "registradoPorId"},
    {"/api/pendientes/tiempos", "\"descripcion\":\"x\"", "empleadoId"},
    {"/api/notas", "\"nota\":\"x\",\"estadoPendiente\":\"REGISTRADO\"", "empleadoId"},
    {"/api/productos/pendientes/items", "\"cantidad\":1", "empleadoId"},
    {"/api/pagos", "\"monto\":1,\"fechaPago\":\"2026-07-10\",\"metodoPago\":\"BCP\"", "empleadoId"},
};

/* Who owns no order: what records an author asks for the author's id, history does without. */
START_TEST(a_user_without_an_employee) {
    char *user = made("prueba.nuevo_usuario(prueba.rol(16383))"), *token = token_of(user);
    char *order = made("prueba.orden()"), *product = made("prueba.producto()");
    char *client = made(http_f("cliente_id FROM pendientes WHERE id = %s", order));
    soon("created", (wanted){"/api/usuarios/roles", token, 200});
    char *author = made("prueba.empleado('TECN')");
    for (size_t i = 0; i < sizeof authored / sizeof *authored; i++) {
        const char *target = authored[i].target;
        char body[256];
        snprintf(body, sizeof body, "{%s,\"pendienteId\":%s,\"clienteId\":%s,\"productoId\":%s", authored[i].body,
                 order, client, product);
        http_answer a = http_json("POST", target, token, http_f("%s}", body));
        ck_assert_msg(a.status == 400 && strstr(a.body, "\"FAILED_PRECONDITION\"") &&
                          strstr(a.body, "El usuario no tiene un empleado"),
                      "%s: %ld %s", target, a.status, a.body);
        http_free(&a);
        a = http_json("POST", target, token, http_f("%s,\"%s\":%s}", body, authored[i].author, author));
        ck_assert_msg(a.status == 200, "%s: %ld %s", target, a.status, a.body);
        http_free(&a);
    }
    ck_assert_int_eq(call("PUT", http_f("/api/pendientes/%s/estado?nuevoEstado=CANCELADO", order), token, NULL), 200);
    http_answer a = http_json("GET", http_f("/api/historiales/pendiente/%s", order), token, NULL);
    const json_t *last = json_array_get(a.json, 0);
    ck_assert_str_eq(json_string_value(json_object_get(last, "estado")), "CANCELADO");
    ck_assert_msg(json_is_null(json_object_get(last, "empleadoId")), "%s", a.body);
    http_free(&a);
    ck_assert_int_eq(db_number("SELECT count(*) FROM historiales WHERE pendiente_id = %s AND usuario_id = %s AND "
                               "empleado_id IS NULL",
                               order, user),
                     1);
    char *const all[] = {user, token, order, product, client, author};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}
END_TEST

/* --- two at once --- */

typedef struct racer {
    pthread_barrier_t *start;
    char verb[8], target[128], *token, *body; /* token and body are freed by the race */
    long status;
    char answer[512];
} racer;

static racer racer_of(const char *verb, char *token, const char *body, const char *target) {
    racer r = {.token = token, .body = body ? strdup(body) : NULL};
    snprintf(r.verb, sizeof r.verb, "%s", verb);
    snprintf(r.target, sizeof r.target, "%s", target);
    return r;
}

static void *run(void *arg) {
    racer *r = arg;
    call("GET", "/auth/validar-token", r->token, NULL);
    pthread_barrier_wait(r->start);
    http_answer a = http_json(r->verb, r->target, r->token, r->body);
    r->status = a.status;
    snprintf(r->answer, sizeof r->answer, "%s", a.body);
    http_free(&a);
    return NULL;
}

static void race(racer r[2]) {
    pthread_barrier_t start;
    pthread_t threads[2];
    pthread_barrier_init(&start, NULL, 2);
    for (int i = 0; i < 2; i++) {
        r[i].start = &start;
        pthread_create(&threads[i], NULL, run, &r[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        free(r[i].token);
        free(r[i].body);
    }
    pthread_barrier_destroy(&start);
}

static char *admin(void) {
    return strdup(http_token("ADMIN"));
}

/* The two outcomes that either order of the two has. */
static void expect(const racer r[2], long first, long second, long other_first, long other_second) {
    bool one = r[0].status == first && r[1].status == second;
    bool other = r[0].status == other_first && r[1].status == other_second;
    ck_assert_msg(one || other, "%s %s: %ld %s / %s %s: %ld %s", r[0].verb, r[0].target, r[0].status, r[0].answer,
                  r[1].verb, r[1].target, r[1].status, r[1].answer);
}

/* One way in which an administrator takes the right from another. */
static racer attack(int how, const char *by, const char *user, const char *role) {
    char *token = token_of(by);
    switch (how) {
    case 0:
        return racer_of("DELETE", token, NULL, http_f("/api/usuarios/%s", user));
    case 1:
        return racer_of("PUT", token, "{\"activo\":false}", http_f("/api/usuarios/%s", user));
    case 2:
        return racer_of("PUT", token, "{\"idRol\":\"NADA\"}", http_f("/api/usuarios/%s", user));
    default:
        return racer_of("PUT", token, "{\"permisos\":16382}", http_f("/api/usuarios/roles/%s", role));
    }
}

/* The last two administrators, each at the other: whoever comes second is refused, or has no right any more. */
START_TEST(two_administrators_at_each_other) {
    int refused = 0;
    for (int how = 0; how < ROUNDS; how++) {
        db_value("SELECT prueba.unico_administrador()");
        char *roles[2], *users[2];
        for (int i = 0; i < 2; i++) {
            roles[i] = made("prueba.rol(16383)");
            users[i] = made(http_f("prueba.nuevo_usuario('%s')", roles[i]));
        }
        for (int i = 0; i < 2; i++) {
            char *token = token_of(users[i]);
            soon("made", (wanted){"/api/usuarios/roles", token, 200});
            free(token);
        }
        db_value("UPDATE usuarios SET activo = false WHERE dni = '%s' RETURNING id", up_dni("ADMIN"));
        racer r[2] = {attack(how % 4, users[0], users[1], roles[1]), attack(how / 4 % 4, users[1], users[0], roles[0])};
        race(r);
        long long left = db_number("SELECT count(*) FROM administradores");
        db_value("UPDATE usuarios SET activo = true WHERE dni = '%s' RETURNING id", up_dni("ADMIN"));
        db_value("SELECT prueba.devolver_administradores()");
        db_value("UPDATE usuarios SET activo = false WHERE id IN (%s, %s) RETURNING id", users[0], users[1]);
        const racer *second = r[0].status == 200 ? &r[1] : &r[0];
        ck_assert_int_eq((r[0].status == 200) + (r[1].status == 200), 1);
        ck_assert_msg(second->status == 409 || second->status == 401 || second->status == 403, "%s", second->answer);
        refused += second->status == 409;
        ck_assert_int_eq(left, 1);
        for (int i = 0; i < 2; i++) {
            free(roles[i]);
            free(users[i]);
        }
    }
    fprintf(stderr, "administrators: %d of %d met\n", refused, ROUNDS);
    wanted back = {"/api/usuarios/roles", http_token("ADMIN"), 200};
    soon("given back", back);
}
END_TEST

START_TEST(two_modules_under_each_other) {
    for (int i = 0; i < ROUNDS; i++) {
        char *a = made("prueba.modulo()"), *b = made("prueba.modulo()");
        racer r[2] = {
            racer_of("PUT", admin(), http_f("{\"moduloPadreId\":%s}", b), http_f("/api/usuarios/modulos/%s", a)),
            racer_of("PUT", admin(), http_f("{\"moduloPadreId\":%s}", a), http_f("/api/usuarios/modulos/%s", b))};
        race(r);
        expect(r, 200, 400, 400, 200);
        free(a);
        free(b);
    }
}
END_TEST

START_TEST(a_role_deleted_while_given) {
    for (int i = 0; i < ROUNDS; i++) {
        char *role = made("prueba.rol()"), *user = made("prueba.nuevo_usuario()");
        racer r[2] = {racer_of("PUT", admin(), http_f("{\"idRol\":\"%s\"}", role), http_f("/api/usuarios/%s", user)),
                      racer_of("DELETE", admin(), NULL, http_f("/api/usuarios/roles/%s", role))};
        race(r);
        expect(r, 200, 409, 404, 200);
        free(role);
        free(user);
    }
}
END_TEST

/* Each of what may refer to an employee. */
START_TEST(an_employee_deleted_while_named) {
    for (int i = 0; i < ROUNDS; i++) {
        char *employee = made("prueba.nuevo_empleado()"), *row;
        racer r[2];
        if (_i == 0) {
            row = made("prueba.nuevo_usuario()");
            r[0] = racer_of("PUT", admin(), http_f("{\"empleadoId\":%s}", employee), http_f("/api/usuarios/%s", row));
        } else if (_i == 1) {
            row = made("prueba.orden('AVERIA', detalle => true)");
            r[0] = racer_of("PUT", admin(), NULL, http_f("/api/pendientes/%s/asignar?idAsignado=%s", row, employee));
        } else {
            row = made("prueba.cliente()");
            r[0] = racer_of("POST", admin(),
                            http_f("{\"clienteId\":%s,\"registradoPorId\":%s,\"tipo\":\"AVERIA\",\"lugar\":\"PUNO\","
                                   "\"prioridad\":\"BAJA\"}",
                                   row, employee),
                            "/api/pendientes");
        }
        r[1] = racer_of("DELETE", admin(), NULL, http_f("/api/empleados/%s", employee));
        race(r);
        expect(r, 200, 409, 404, 200);
        free(employee);
        free(row);
    }
}
END_TEST

START_TEST(one_name_twice_at_once) {
    char *name = made("'doble' || nextval(pg_get_serial_sequence('usuarios', 'id'))"), *body = user_body(name);
    racer r[2] = {racer_of("POST", admin(), body, "/api/usuarios"), racer_of("POST", admin(), body, "/api/usuarios")};
    race(r);
    expect(r, 200, 409, 409, 200);
    ck_assert_int_eq(db_number("SELECT count(*) FROM usuarios WHERE nombre = '%s'", name), 1);
    free(name);
    free(body);
}
END_TEST

int main(void) {
    up_use();
    db_support();
    Suite *suite = suite_create("usuarios");
    TCase *tcase = tcase_create("usuarios");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, changes_reach_issued_tokens);
    tcase_add_test(tcase, passwords_open_the_door);
    tcase_add_test(tcase, whoever_is_refused_learns_nothing);
    tcase_add_test(tcase, late_while_hashing);
    tcase_add_test(tcase, a_user_without_an_employee);
    tcase_add_test(tcase, two_administrators_at_each_other);
    tcase_add_test(tcase, two_modules_under_each_other);
    tcase_add_test(tcase, a_role_deleted_while_given);
    tcase_add_loop_test(tcase, an_employee_deleted_while_named, 0, 3);
    tcase_add_test(tcase, one_name_twice_at_once);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
