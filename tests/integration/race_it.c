/* What must hold when several clients do the same thing at once. Each racer is a thread with a connection of its own; a
 * barrier lets them go together. */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/up.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RACERS = 16 };

typedef struct racer {
    pthread_barrier_t *start;
    const char *verb, *target, *role, *body, *header;
    long status;
    char body_out[2048];
    bool replayed;
} racer;

static void *race_one(void *arg) {
    racer *r = arg;
    const char *headers[] = {r->header, NULL};
    http_answer warm = http_json("GET", "/auth/validar-token", http_token(r->role), NULL);
    http_free(&warm);
    pthread_barrier_wait(r->start);
    http_answer a = http_call(r->verb, r->target, http_token(r->role), NULL, r->body, r->body ? strlen(r->body) : 0,
                              r->header ? headers : NULL);
    r->status = a.status;
    r->replayed = http_header(&a, "Idempotency-Replayed") != NULL;
    snprintf(r->body_out, sizeof r->body_out, "%s", a.body);
    http_free(&a);
    return NULL;
}

static int count(const racer *racers, int n, long status) {
    int found = 0;
    for (int i = 0; i < n; i++)
        found += racers[i].status == status;
    return found;
}

static void race(racer *racers, int n) {
    pthread_barrier_t start;
    pthread_t threads[MAX_RACERS];
    pthread_barrier_init(&start, NULL, (unsigned)n);
    for (int i = 0; i < n; i++) {
        http_token(racers[i].role);
        racers[i].start = &start;
        pthread_create(&threads[i], NULL, race_one, &racers[i]);
    }
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&start);
}

START_TEST(details_twice_at_once) {
    static const char *const types[][3] = {
        {"AVERIA", "averia", "\"descripcionFalla\":\"x\""},
        {"TRASLADO", "traslado", "\"lugarDestino\":\"PUNO\",\"direccionDestino\":\"x\",\"tipoServicio\":\"OTRO\""},
        {"INSTALACION_INTERNET", "instalacion-internet", "\"costoFijo\":1"},
        {"INSTALACION_CAMARAS", "instalacion-camaras", "\"cantidadCamaras\":1"},
        {"RECOJO_DISPOSITIVOS", "recojo-dispositivo", "\"dispositivo\":\"DECO\""},
    };
    const char *const *type = types[_i % 5];
    const char *order = db_value("SELECT prueba.orden('%s')", type[0]);
    char target[128], body[512];
    snprintf(target, sizeof target, "/api/pendientes/%s", type[1]);
    snprintf(body, sizeof body, "{\"pendienteId\":%s,%s}", order, type[2]);
    racer racers[2] = {{.verb = "POST", .target = target, .role = "ADMIN", .body = body},
                       {.verb = "POST", .target = target, .role = "CORD", .body = body}};
    race(racers, 2);
    ck_assert_msg(count(racers, 2, 200) == 1 && count(racers, 2, 409) == 1, "%ld %s / %ld %s", racers[0].status,
                  racers[0].body_out, racers[1].status, racers[1].body_out);
}
END_TEST

START_TEST(two_technicians_at_once) {
    const char *order = db_value("SELECT prueba.orden('AVERIA', detalle => true)");
    char targets[2][128];
    snprintf(targets[0], sizeof targets[0], "/api/pendientes/%s/asignar?idAsignado=%s", order,
             db_value("SELECT prueba.empleado('TECN')"));
    snprintf(targets[1], sizeof targets[1], "/api/pendientes/%s/asignar?idAsignado=%s", order,
             db_value("SELECT prueba.empleado('TECN2')"));
    racer racers[2] = {{.verb = "PUT", .target = targets[0], .role = "ADMIN"},
                       {.verb = "PUT", .target = targets[1], .role = "CORD"}};
    race(racers, 2);
    ck_assert_msg(count(racers, 2, 200) == 1 && count(racers, 2, 400) == 1, "%ld / %ld", racers[0].status,
                  racers[1].status);
    ck_assert_int_eq(
        db_number("SELECT count(*) FROM historiales WHERE pendiente_id = %s AND estado = 'ASIGNADO'", order), 1);
}
END_TEST

START_TEST(one_key_from_sixteen_clients) {
    const char *client = db_value("SELECT prueba.cliente()");
    char body[256], header[128];
    snprintf(body, sizeof body, "{\"clienteId\":%s,\"tipo\":\"AVERIA\",\"lugar\":\"PUNO\",\"prioridad\":\"BAJA\"}",
             client);
    snprintf(header, sizeof header, "Idempotency-Key: carrera-%s", client);
    racer racers[MAX_RACERS];
    for (int i = 0; i < MAX_RACERS; i++)
        racers[i] =
            (racer){.verb = "POST", .target = "/api/pendientes", .role = "CORD", .body = body, .header = header};
    race(racers, MAX_RACERS);
    ck_assert_int_eq(count(racers, MAX_RACERS, 200) + count(racers, MAX_RACERS, 409), MAX_RACERS);
    ck_assert_int_ge(count(racers, MAX_RACERS, 200), 1);
    int first = 0;
    for (int i = 0; i < MAX_RACERS; i++)
        first += racers[i].status == 200 && !racers[i].replayed;
    ck_assert_int_eq(first, 1);
    ck_assert_int_eq(db_number("SELECT count(*) FROM pendientes WHERE cliente_id = %s", client), 1);
}
END_TEST

/* Whoever refers to a row and whoever deletes it: one of them is refused, whichever comes first. */
static void race_for_a_row(racer racers[2]) {
    race(racers, 2);
    ck_assert_msg(count(racers, 2, 200) == 1 && count(racers, 2, 409) + count(racers, 2, 404) == 1, "%ld %s / %ld %s",
                  racers[0].status, racers[0].body_out, racers[1].status, racers[1].body_out);
}

START_TEST(a_client_deleted_while_ordered) {
    const char *client = db_value("SELECT prueba.cliente()");
    char target[128], body[256];
    snprintf(target, sizeof target, "/api/clientes/%s", client);
    snprintf(body, sizeof body, "{\"clienteId\":%s,\"tipo\":\"AVERIA\",\"lugar\":\"PUNO\",\"prioridad\":\"BAJA\"}",
             client);
    racer racers[2] = {{.verb = "DELETE", .target = target, .role = "ADMIN"},
                       {.verb = "POST", .target = "/api/pendientes", .role = "CORD", .body = body}};
    race_for_a_row(racers);
    ck_assert_int_eq(db_number("SELECT count(*) FROM pendientes o JOIN clientes k ON k.id = o.cliente_id"
                               " WHERE k.id = %s AND NOT k.vigente",
                               client),
                     0);
}
END_TEST

START_TEST(an_employee_deleted_while_assigned) {
    const char *order = db_value("SELECT prueba.orden('AVERIA', detalle => true)");
    const char *employee = db_value("SELECT prueba.nuevo_empleado()");
    char target[128], assign[128];
    snprintf(target, sizeof target, "/api/empleados/%s", employee);
    snprintf(assign, sizeof assign, "/api/pendientes/%s/asignar?idAsignado=%s", order, employee);
    racer racers[2] = {{.verb = "DELETE", .target = target, .role = "ADMIN"},
                       {.verb = "PUT", .target = assign, .role = "CORD"}};
    race_for_a_row(racers);
    ck_assert_int_eq(db_number("SELECT count(*) FROM pendientes o JOIN empleados e ON e.id = o.asignado_a"
                               " WHERE o.id = %s AND NOT e.vigente",
                               order),
                     0);
}
END_TEST

START_TEST(a_product_deleted_while_used) {
    const char *order = db_value("SELECT prueba.orden()"), *product = db_value("SELECT prueba.producto()");
    char target[128], body[256];
    snprintf(target, sizeof target, "/api/productos/%s", product);
    snprintf(body, sizeof body, "{\"pendienteId\":%s,\"productoId\":%s,\"cantidad\":1}", order, product);
    racer racers[2] = {{.verb = "DELETE", .target = target, .role = "ADMIN"},
                       {.verb = "POST", .target = "/api/productos/pendientes/items", .role = "CORD", .body = body}};
    race_for_a_row(racers);
    ck_assert_int_eq(db_number("SELECT count(*) FROM pendientes_items i JOIN productos p ON p.id = i.producto_id"
                               " WHERE p.id = %s AND NOT p.vigente",
                               product),
                     0);
}
END_TEST

/* Each clears its own half of what is pending, and keeps what the other set. */
START_TEST(ppoe_and_vlan_at_once) {
    static const char *const types[][2] = {
        {"AVERIA", "averia"}, {"TRASLADO", "traslado"}, {"INSTALACION_INTERNET", "instalacion-internet"}};
    const char *order = db_value("SELECT prueba.orden('%s', detalle => true, estado => 'ASIGNADO', asignado => 'TECN',"
                                 " tecnico => 'PENDIENTE_PPPoE_Y_VLAN')",
                                 types[_i % 3][0]);
    char details[96], ppoe[160], vlan[128];
    snprintf(details, sizeof details, "/api/pendientes/%s/%s", order, types[_i % 3][1]);
    snprintf(ppoe, sizeof ppoe, "%s/ppoe?ppoeUser=u&ppoePassword=p", details);
    snprintf(vlan, sizeof vlan, "%s/vlan?vlan=7", details);
    racer racers[2] = {{.verb = "PUT", .target = ppoe, .role = "TECN"},
                       {.verb = "PUT", .target = vlan, .role = "CORD"}};
    race(racers, 2);
    ck_assert_msg(count(racers, 2, 200) == 2, "%ld %s / %ld %s", racers[0].status, racers[0].body_out, racers[1].status,
                  racers[1].body_out);
    ck_assert_str_eq(db_value("SELECT estado_tecnico FROM pendientes WHERE id = %s", order), "OK");
    http_answer a = http_json("GET", details, http_token("CORD"), NULL);
    ck_assert_str_eq(json_string_value(json_object_get(a.json, "ppoe")), "u");
    ck_assert_str_eq(json_string_value(json_object_get(a.json, "ppoePassword")), "p");
    ck_assert_str_eq(json_string_value(json_object_get(a.json, "vlan")), "7");
    http_free(&a);
}
END_TEST

START_TEST(a_payment_while_the_client_changes) {
    const char *order = db_value("SELECT prueba.orden()"), *other = db_value("SELECT prueba.cliente()");
    char target[128], pay[256], change[128];
    snprintf(target, sizeof target, "/api/pendientes/%s", order);
    snprintf(change, sizeof change, "{\"clienteId\":%s}", other);
    snprintf(pay, sizeof pay,
             "{\"clienteId\":%s,\"pendienteId\":%s,\"monto\":1,\"fechaPago\":\"2026-07-10\",\"metodoPago\":\"BCP\"}",
             db_value("SELECT cliente_id FROM pendientes WHERE id = %s", order), order);
    racer racers[2] = {{.verb = "PUT", .target = target, .role = "CORD", .body = change},
                       {.verb = "POST", .target = "/api/pagos", .role = "CONT", .body = pay}};
    race(racers, 2);
    ck_assert_msg(count(racers, 2, 200) == 1 && count(racers, 2, 400) == 1, "%ld %s / %ld %s", racers[0].status,
                  racers[0].body_out, racers[1].status, racers[1].body_out);
    ck_assert_int_eq(db_number("SELECT count(*) FROM pagos g JOIN pendientes o ON o.id = g.pendiente_id"
                               " WHERE o.id = %s AND g.vigente AND g.cliente_id <> o.cliente_id",
                               order),
                     0);
}
END_TEST

/* Whatever else is made of an order while it is deleted: nothing is left behind under it, and its history is whole. */
START_TEST(an_order_deleted_while_it_grows) {
    static const struct {
        const char *verb, *target, *body; /* %s: the order */
    } made[] = {
        {"DELETE", "/api/pendientes/%s", NULL},
        {"POST", "/api/pendientes/tiempos", "{\"pendienteId\":%s}"},
        {"POST", "/api/notas", "{\"pendienteId\":%s,\"nota\":\"x\",\"estadoPendiente\":\"REGISTRADO\"}"},
        {"POST", "/api/pendientes/averia", "{\"pendienteId\":%s,\"descripcionFalla\":\"x\"}"},
        {"POST", "/api/historiales", "{\"pendienteId\":%s,\"estado\":\"REGISTRADO\",\"detalles\":\"x\"}"},
        {"PUT", "/api/pendientes/%s/postergar", "{\"motivo\":\"%s\"}"},
        {"PUT", "/api/pendientes/%s/asignar?idAsignado=6", NULL},
        {"PUT", "/api/pendientes/%s/estado?nuevoEstado=CANCELADO", NULL},
        {"PUT", "/api/pendientes/%s/estado-tecnico?nuevoEstado=PENDIENTE_VLAN", NULL},
    };
    enum { N = sizeof made / sizeof *made };
    const char *order = db_value("SELECT prueba.orden()");
    char targets[N][128], bodies[N][256];
    racer racers[N];
    for (int i = 0; i < N; i++) {
        bool with_body = made[i].body != NULL;
        snprintf(targets[i], sizeof targets[i], made[i].target, order);
        snprintf(bodies[i], sizeof bodies[i], with_body ? made[i].body : "", order);
        racers[i] =
            (racer){.verb = made[i].verb, .target = targets[i], .role = "ADMIN", .body = with_body ? bodies[i] : NULL};
    }
    race(racers, N);
    ck_assert_int_eq(racers[0].status, 200);
    /* 400: another had moved the state before */
    ck_assert_int_eq(count(racers, N, 200) + count(racers, N, 404) + count(racers, N, 400), N);
    ck_assert_int_eq(db_number("SELECT prueba.vivos(%s)", order), 0);
    ck_assert_str_eq(db_value("SELECT p.historial_n = count(*) AND count(*) = max(h.numero) AND bool_or(h.hash = "
                              "p.historial_hash AND h.numero = p.historial_n) FROM pendientes p "
                              "JOIN historiales h ON h.pendiente_id = p.id WHERE p.id = %s GROUP BY p.id",
                              order),
                     "t");
}
END_TEST

/* Racing changes of state: every 200 is a step of one legal path, and the chains are whole, recomputed by a program
 * that shares no code with the core. */
enum { ORDERS = 20, RACERS = 8 };
static char orders[ORDERS][32];
static atomic_long oks, refusals, others;
static long changes_each;

static void *change_states(void *arg) {
    static const char *const targets[] = {"EN_PROGRESO", "PAUSADO", "REVISION", "POR_VALIDAR", "OBSERVADO"};
    unsigned seed = (unsigned)(size_t)arg;
    for (long i = 0; i < changes_each; i++) {
        const char *order = orders[rand_r(&seed) % ORDERS], *to = targets[rand_r(&seed) % 5];
        http_answer a =
            http_json("PUT", http_f("/api/pendientes/%s/estado?nuevoEstado=%s", order, to), http_token("ADMIN"), NULL);
        atomic_fetch_add(a.status == 200 ? &oks : a.status == 400 ? &refusals : &others, 1);
        http_free(&a);
    }
    return NULL;
}

START_TEST(racing_states_leave_whole_chains) {
    const char *wanted = getenv("RACE_CHANGES");
    long total = wanted ? atol(wanted) : 50000;
    changes_each = total / RACERS;
    http_token("ADMIN");
    for (int i = 0; i < ORDERS; i++)
        snprintf(
            orders[i], sizeof orders[i], "%s",
            db_value("SELECT prueba.orden('AVERIA', detalle => true, estado => 'EN_PROGRESO', asignado => 'TECN')"));
    long long before = db_number("SELECT count(*) FROM historiales");
    pthread_t threads[RACERS];
    for (size_t i = 0; i < RACERS; i++)
        pthread_create(&threads[i], NULL, change_states, (void *)(i + 1));
    for (int i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(others, 0);
    ck_assert_int_gt(oks, total / 10);
    /* the same state again is 200 and leaves no entry */
    ck_assert_int_le(db_number("SELECT count(*) FROM historiales") - before, oks);
    const char *illegal = db_value("SELECT count(*) FROM (SELECT estado AS hacia, lag(estado) OVER (PARTITION BY "
                                   "pendiente_id ORDER BY numero) AS desde,"
                                   " numero - lag(numero) OVER (PARTITION BY pendiente_id ORDER BY numero) AS salto "
                                   "FROM historiales WHERE pendiente_id >= %s) h"
                                   " LEFT JOIN transiciones t ON t.desde = h.desde AND t.hacia = h.hacia"
                                   " WHERE h.desde IS NOT NULL AND (t.hacia IS NULL OR h.salto <> 1)",
                                   orders[0]);
    ck_assert_str_eq(illegal, "0");
    ck_assert_str_eq(
        db_value(
            "SELECT count(*) FROM pendientes p JOIN historiales h ON h.pendiente_id = p.id AND h.numero = p.historial_n"
            " WHERE p.id >= %s AND (h.estado <> p.estado OR h.hash <> p.historial_hash)",
            orders[0]),
        "0");
    char command[1024];
    snprintf(command, sizeof command, "/usr/bin/python3 %s/tests/integration/verificar_historial.py '%s'", SOURCE_DIR,
             up_env("PENDIENTES_DATABASE"));
    ck_assert_int_eq(system(command), 0);
}
END_TEST

typedef struct write_call {
    const char *target, *token;
    long status;
} write_call;

static void *write_it(void *arg) {
    static const char body[] = "{\"direccion\":\"Jr. Espera 5\"}";
    static const char *const headers[] = {"Grpc-Timeout: 12S", NULL};
    write_call *call = arg;
    http_answer a = http_call("PUT", call->target, call->token, NULL, body, strlen(body), headers);
    call->status = a.status;
    http_free(&a);
    return NULL;
}

static bool waits_long(void *arg) {
    (void)arg;
    return db_number(
               "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
               "application_name LIKE 'pendientes %%' AND clock_timestamp() - query_start > interval '10.5 seconds'") >
           0;
}

/* The database waits as long as the caller does, beyond the default too. */
START_TEST(a_write_has_its_callers_patience) {
    pthread_t thread;
    const char *order = db_value("SELECT prueba.orden()");
    write_call call = {.target = http_f("/api/pendientes/%s", order), .token = http_token("ADMIN")};
    ck_assert(db_try("BEGIN") && db_try("SELECT FROM pendientes WHERE id = %s FOR UPDATE", order));
    ck_assert_int_eq(pthread_create(&thread, NULL, write_it, &call), 0);
    bool waited = up_wait(12000, waits_long, NULL);
    ck_assert(db_try("ROLLBACK"));
    pthread_join(thread, NULL);
    ck_assert_int_eq(call.status, 200);
    ck_assert(waited);
}
END_TEST

int main(void) {
    up_use();
    db_support();
    Suite *suite = suite_create("race");
    TCase *tcase = tcase_create("race");
    tcase_set_timeout(tcase, 600);
    tcase_add_loop_test(tcase, details_twice_at_once, 0, 25);
    tcase_add_loop_test(tcase, two_technicians_at_once, 0, 20);
    tcase_add_loop_test(tcase, one_key_from_sixteen_clients, 0, 5);
    tcase_add_loop_test(tcase, a_client_deleted_while_ordered, 0, 25);
    tcase_add_loop_test(tcase, an_employee_deleted_while_assigned, 0, 25);
    tcase_add_loop_test(tcase, a_product_deleted_while_used, 0, 25);
    tcase_add_loop_test(tcase, ppoe_and_vlan_at_once, 0, 30);
    tcase_add_loop_test(tcase, a_payment_while_the_client_changes, 0, 25);
    tcase_add_loop_test(tcase, an_order_deleted_while_it_grows, 0, 50);
    tcase_add_test(tcase, racing_states_leave_whole_chains);
    tcase_add_test(tcase, a_write_has_its_callers_patience);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
