/* Events while they happen: every kind of change has its own, in order; each reader sees what is his, as his rights and
 * the orders' technicians change. Processes that die: eventos_chaos_it. */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/reader.h"
#include "tests/integration/token.h"
#include "tests/integration/up.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOON = 5000, SECOND = 1000 };

static const char HEADER[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";

/* --- readers with a place up to which they are checked --- */

typedef struct listener {
    reader *r;
    size_t at;
} listener;

static bool all_numbered(void *arg) {
    (void)arg;
    return db_number("SELECT count(*) FROM eventos WHERE numero IS NULL") == 0;
}

/* From behind all that is committed: a gateway may be about to show some of it. */
static listener listen_as(const char *token, const char *query) {
    bool up;
    ck_assert(up_wait(SOON, all_numbered, NULL));
    int64_t last = db_number("SELECT ultimo FROM eventos_contador");
    listener l = {reader_resume(reader_sse, token, query, last, &up), 0};
    ck_assert_msg(up, "no stream: %d", reader_status(l.r));
    return l;
}

static listener listen_to(const char *role, const char *order) {
    return listen_as(http_token(role), http_f("?pendienteId=%s", order));
}

/* The next event holds all these pieces of JSON. */
static const char *next_is(listener *l, ...) __attribute__((sentinel));
static const char *next_is(listener *l, ...) {
    va_list pieces;
    va_start(pieces, l);
    const char *first = va_arg(pieces, const char *);
    ck_assert_msg(reader_awaits(l->r, l->at, SOON), "no event %s", first);
    const char *json = reader_json(l->r, l->at++);
    for (const char *piece = first; piece; piece = va_arg(pieces, const char *))
        ck_assert_msg(strstr(json, piece), "%s is not in %s", piece, json);
    va_end(pieces);
    return json;
}

static void done(listener *l) {
    ck_assert_msg(reader_count(l->r) == l->at, "another event: %s", reader_json(l->r, l->at));
    reader_free(l->r);
}

static void call(long status, const char *role, const char *verb, const char *target, const char *body) {
    http_answer a = http_json(verb, target, http_token(role), body);
    ck_assert_msg(a.status == status, "%s %s %s: %ld %s", role, verb, target, a.status, a.body);
    http_free(&a);
}

/* The id of what was made. */
static const char *make(const char *role, const char *target, const char *body) {
    http_answer a = http_json("POST", target, http_token(role), body);
    ck_assert_msg(a.status == 200, "%s: %ld %s", target, a.status, a.body);
    const char *id = http_f("%lld", (long long)json_integer_value(json_object_get(a.json, "id")));
    http_free(&a);
    return id;
}

static char *kept(const char *text) {
    return strdup(text);
}

/* --- every kind of change --- */

#define TYPE(name) "\"tipo\":\"" name "\""

/* Each refused or idle call stands before one that has an event: an event of it would come first. */
static void details(listener *l, const char *o) {
    call(400, "CORD", "PUT", http_f("/api/pendientes/%s/asignar?idAsignado=6", o), NULL);
    call(200, "CORD", "POST", "/api/pendientes/averia",
         http_f("{\"pendienteId\":%s,\"descripcionFalla\":\"un texto privado\"}", o));
    next_is(l, TYPE("DETALLE_CAMBIADO"), "\"accion\":\"CREADO\"", "\"estado\":null", NULL);
    call(409, "CORD", "POST", "/api/pendientes/averia", http_f("{\"pendienteId\":%s,\"descripcionFalla\":\"x\"}", o));
    call(200, "CORD", "PUT", http_f("/api/pendientes/%s/averia", o), "{\"descripcionFalla\":\"un texto privado\"}");
    call(200, "CORD", "PUT", http_f("/api/pendientes/%s/averia", o), "{}");
    call(200, "CORD", "PUT", http_f("/api/pendientes/%s/averia", o), "{\"descripcionFalla\":\"otro texto privado\"}");
    next_is(l, TYPE("DETALLE_CAMBIADO"), "\"accion\":\"EDITADO\"", NULL);
}

static void states(listener *l, const char *o) {
    char state[80], technical[80];
    snprintf(state, sizeof state, "/api/pendientes/%s/estado", o);
    snprintf(technical, sizeof technical, "/api/pendientes/%s/estado-tecnico", o);
    call(200, "CORD", "PUT", http_f("/api/pendientes/%s", o), "{\"direccion\":\"Jr. privado 1\"}");
    next_is(l, TYPE("PENDIENTE_EDITADO"), "\"estado\":\"REGISTRADO\"", NULL);
    call(200, "CORD", "PUT", http_f("/api/pendientes/%s", o), "{\"direccion\":\"Jr. privado 1\"}");
    call(400, "CORD", "PUT", http_f("%s?nuevoEstado=FINALIZADO", state), NULL);
    call(200, "CORD", "PUT", http_f("/api/pendientes/%s/asignar?idAsignado=6", o), NULL);
    next_is(l, TYPE("PENDIENTE_ASIGNADO"), "\"estado\":\"ASIGNADO\",", "\"idEmpleadoAsignado\":6", NULL);
    call(200, "CORD", "PUT", http_f("/api/pendientes/%s/asignar?idAsignado=6", o), NULL);
    call(403, "TECN2", "PUT", http_f("%s?nuevoEstado=EN_PROGRESO", state), NULL);
    call(200, "TECN", "PUT", http_f("%s?nuevoEstado=EN_PROGRESO", state), NULL);
    next_is(l, TYPE("ESTADO_CAMBIADO"), "\"estado\":\"EN_PROGRESO\"", NULL);
    call(200, "TECN", "PUT", http_f("%s?nuevoEstado=EN_PROGRESO", state), NULL);
    call(200, "TECN", "PUT", http_f("%s?nuevoEstado=PENDIENTE_PPPoE", technical), NULL);
    next_is(l, TYPE("ESTADO_TECNICO_CAMBIADO"), "\"estadoTecnico\":\"PENDIENTE_PPPoE\"", NULL);
    call(200, "TECN", "PUT", http_f("%s?nuevoEstado=PENDIENTE_PPPoE", technical), NULL);
}

/* Both come with one call: the details, and the half that is no longer pending. */
static void ppoe(listener *l, const char *o) {
    call(200, "ADMIN", "PUT", http_f("/api/pendientes/%s/averia/ppoe", o),
         "{\"ppoeUser\":\"quien\",\"ppoePassword\":\"muy secreta 77\"}");
    const char *pair[2] = {next_is(l, "\"tipo\":", NULL), next_is(l, "\"tipo\":", NULL)};
    bool order = strstr(pair[0], "DETALLE_CAMBIADO") != NULL;
    ck_assert_ptr_nonnull(strstr(pair[!order], TYPE("DETALLE_CAMBIADO")));
    ck_assert_ptr_nonnull(strstr(pair[order], TYPE("ESTADO_TECNICO_CAMBIADO")));
    call(200, "ADMIN", "PUT", http_f("/api/pendientes/%s/averia/vlan?vlan=77", o), NULL);
    next_is(l, TYPE("DETALLE_CAMBIADO"), "\"accion\":\"EDITADO\"", NULL);
}

static void parts(listener *l, const char *o) {
    char *note = kept(make("TECN", "/api/notas",
                           http_f("{\"pendienteId\":%s,\"nota\":\"un texto privado\","
                                  "\"estadoPendiente\":\"EN_PROGRESO\"}",
                                  o)));
    next_is(l, TYPE("NOTA"), "\"accion\":\"CREADO\"", http_f("\"notaId\":%s", note), NULL);
    call(400, "TECN", "POST", "/api/notas", http_f("{\"pendienteId\":%s,\"nota\":\" \"}", o));
    call(200, "TECN", "PUT", http_f("/api/notas/%s", note), "{\"nota\":\"un texto privado\"}");
    call(200, "TECN", "PUT", http_f("/api/notas/%s", note), "{\"nota\":\"otro texto privado\"}");
    next_is(l, TYPE("NOTA"), "\"accion\":\"EDITADO\"", NULL);
    call(200, "TECN", "DELETE", http_f("/api/notas/%s", note), NULL);
    next_is(l, TYPE("NOTA"), "\"accion\":\"ELIMINADO\"", http_f("\"notaId\":%s", note), NULL);
    free(note);
    char *pay = kept(make("CONT", "/api/pagos",
                          http_f("{\"pendienteId\":%s,\"clienteId\":1,\"monto\":50,\"fechaPago\":"
                                 "\"2026-07-10\",\"metodoPago\":\"BCP\"}",
                                 o)));
    next_is(l, TYPE("PAGO"), "\"accion\":\"CREADO\"", http_f("\"pagoId\":%s", pay), NULL);
    call(200, "CONT", "PUT", http_f("/api/pagos/%s", pay), "{\"monto\":50.00}");
    call(200, "CONT", "PUT", http_f("/api/pagos/%s", pay), "{\"monto\":51}");
    next_is(l, TYPE("PAGO"), "\"accion\":\"EDITADO\"", NULL);
    call(200, "CONT", "DELETE", http_f("/api/pagos/%s", pay), NULL);
    next_is(l, TYPE("PAGO"), "\"accion\":\"ELIMINADO\"", NULL);
    free(pay);
}

/* Postponed twice, once without a date; edited meanwhile; an entry by hand is no change of the order. */
static void postponements(listener *l, const char *o) {
    char target[80];
    snprintf(target, sizeof target, "/api/pendientes/%s/postergar", o);
    call(200, "CORD", "PUT", target, "{\"nuevaFecha\":\"2090-01-01T10:00:00\",\"motivo\":\"un texto privado\"}");
    next_is(l, TYPE("PENDIENTE_POSTERGADO"), "\"estado\":\"POSTERGADO\"", NULL);
    call(400, "CORD", "PUT", target, "{\"nuevaFecha\":\"2080-01-01T10:00:00\"}");
    call(200, "CORD", "PUT", target, "{}");
    next_is(l, TYPE("PENDIENTE_POSTERGADO"), NULL);
    call(200, "CORD", "POST", "/api/historiales",
         http_f("{\"pendienteId\":%s,\"estado\":\"POSTERGADO\",\"detalles\":\"a mano\"}", o));
    call(200, "ADMIN", "PUT", http_f("/api/pendientes/%s", o), "{\"fechaPendiente\":\"2091-01-01T10:00:00\"}");
    next_is(l, TYPE("PENDIENTE_EDITADO"), "\"estado\":\"POSTERGADO\"", NULL);
    call(200, "CORD", "DELETE", http_f("/api/pendientes/%s", o), NULL);
    next_is(l, TYPE("PENDIENTE_ELIMINADO"), NULL);
    call(404, "CORD", "DELETE", http_f("/api/pendientes/%s", o), NULL);
}

START_TEST(every_change_has_its_event) {
    listener all = listen_as(http_token("ADMIN"), "?tipo=PENDIENTE_CREADO");
    call(400, "CORD", "POST", "/api/pendientes", "{\"clienteId\":1}");
    char *o = kept(make("CORD", "/api/pendientes",
                        "{\"clienteId\":1,\"tipo\":\"AVERIA\",\"lugar\":\"PUNO\",\"prioridad\":\"MEDIA\"}"));
    next_is(&all, TYPE("PENDIENTE_CREADO"), http_f("\"pendienteId\":%s", o), "\"estado\":\"REGISTRADO\"",
            "\"idEmpleadoAsignado\":null", NULL);
    done(&all);
    listener l = listen_to("ADMIN", o);
    details(&l, o);
    states(&l, o);
    ppoe(&l, o);
    parts(&l, o);
    postponements(&l, o);
    for (size_t i = 0; i < l.at; i++) {
        ck_assert_ptr_null(strstr(reader_json(l.r, i), "privado"));
        ck_assert_ptr_null(strstr(reader_json(l.r, i), "secreta"));
        ck_assert(i == 0 || reader_number(l.r, i) > reader_number(l.r, i - 1));
    }
    done(&l);
    ck_assert_str_eq(db_value("SELECT count(*) FROM eventos e WHERE to_jsonb(e)::text ~ 'privado|secreta'"), "0");
    free(o);
}
END_TEST

/* --- who sees what --- */

START_TEST(reassigning_moves_the_stream) {
    char *o = kept(db_value("SELECT prueba.orden('AVERIA', detalle => true)"));
    listener cord = listen_to("CORD", o), first = listen_to("TECN", o), second = listen_to("TECN2", o);
    char state[80], assign[80];
    snprintf(state, sizeof state, "/api/pendientes/%s/estado?nuevoEstado=REGISTRADO", o);
    snprintf(assign, sizeof assign, "/api/pendientes/%s/asignar?idAsignado=", o);
    call(200, "CORD", "PUT", http_f("/api/pendientes/%s", o), "{\"direccion\":\"uno\"}");
    call(200, "CORD", "PUT", http_f("%s6", assign), NULL);
    call(200, "CORD", "PUT", http_f("/api/pendientes/%s", o), "{\"direccion\":\"dos\"}");
    call(200, "CORD", "PUT", state, NULL);
    call(200, "CORD", "PUT", http_f("/api/pendientes/%s", o), "{\"direccion\":\"tres\"}");
    call(200, "CORD", "PUT", http_f("%s7", assign), NULL);
    call(200, "CORD", "PUT", http_f("/api/pendientes/%s", o), "{\"direccion\":\"cuatro\"}");
    next_is(&first, TYPE("PENDIENTE_ASIGNADO"), NULL);
    next_is(&first, TYPE("PENDIENTE_EDITADO"), NULL);
    next_is(&first, TYPE("ESTADO_CAMBIADO"), "\"idEmpleadoAsignado\":null", NULL);
    next_is(&second, TYPE("PENDIENTE_ASIGNADO"), "\"idEmpleadoAsignado\":7", NULL);
    next_is(&second, TYPE("PENDIENTE_EDITADO"), NULL);
    for (int i = 0; i < 7; i++)
        next_is(&cord, "\"tipo\":", NULL);
    done(&cord);
    done(&first);
    done(&second);
    free(o);
}
END_TEST

/* Payments: bit 4096 and the assigned technician. Notifications: whose they are, and 16. */
START_TEST(payments_and_notifications) {
    char *o =
        kept(db_value("SELECT prueba.orden('AVERIA', detalle => true, estado => 'ASIGNADO', asignado => 'TECN')"));
    static const char *const roles[] = {"ADMIN", "CORD", "ATAC", "CONT", "ASES", "TECN", "TECN2", "NADA"};
    enum { ROLES = sizeof roles / sizeof *roles };
    static const bool pays[ROLES] = {true, false, false, true, false, true, false, false};
    static const bool hears[ROLES] = {true, true, false, false, false, true, false, false};
    listener l[ROLES];
    for (int i = 0; i < ROLES; i++)
        l[i] = listen_as(http_token(roles[i]), "?tipo=PAGO&tipo=NOTIFICACION");
    listener last = listen_as(http_token("ADMIN"), "");
    make("CONT", "/api/pagos",
         http_f("{\"pendienteId\":%s,\"clienteId\":1,\"monto\":50,\"fechaPago\":\"2026-07-10\","
                "\"metodoPago\":\"BCP\"}",
                o));
    make("TECN", "/api/notificaciones",
         "{\"titulo\":\"Hola\",\"mensaje\":\"para mí\",\"tipo\":\"INFO\",\"usuarioId\":6}");
    next_is(&last, TYPE("PAGO"), NULL);
    next_is(&last, TYPE("NOTIFICACION"), NULL);
    for (int i = 0; i < ROLES; i++) {
        if (pays[i])
            next_is(&l[i], TYPE("PAGO"), http_f("\"pendienteId\":%s", o), NULL);
        if (hears[i])
            next_is(&l[i], TYPE("NOTIFICACION"), "\"titulo\":\"Hola\"", "\"usuarioId\":6", "\"pendienteId\":null",
                    NULL);
        done(&l[i]);
    }
    reader_free(last.r);
    free(o);
}
END_TEST

/* Those that the system makes are told like any other. */
START_TEST(notifications_of_the_system) {
    char *o = kept(db_value("SELECT prueba.orden('AVERIA', detalle => true)"));
    listener own = listen_as(http_token("TECN"), "?tipo=NOTIFICACION");
    call(200, "CORD", "PUT", http_f("/api/pendientes/%s/asignar?idAsignado=6", o), NULL);
    next_is(&own, "\"notificacion\":{", "\"usuarioId\":6", "\"estado\":\"NO_LEIDO\"", NULL);
    call(200, "CORD", "PUT", http_f("/api/pendientes/%s/postergar", o), "{}");
    const char *json = next_is(&own, "\"tipo\":\"WARNING\"", NULL);
    char *id = kept(strstr(json, "\"notificacion\":{\"id\":") + strlen("\"notificacion\":{\"id\":"));
    id[strcspn(id, ",")] = '\0';
    call(200, "TECN", "PUT", http_f("/api/notificaciones/%s", id), "{\"estado\":\"LEIDO\"}");
    next_is(&own, "\"accion\":\"EDITADO\"", "\"estado\":\"LEIDO\"", NULL);
    call(200, "TECN", "PUT", http_f("/api/notificaciones/%s", id), "{\"estado\":\"LEIDO\"}");
    call(200, "TECN", "DELETE", http_f("/api/notificaciones/%s", id), NULL);
    next_is(&own, "\"accion\":\"ELIMINADO\"", http_f("\"notificacion\":{\"id\":%s", id), NULL);
    done(&own);
    free(id);
    free(o);
}
END_TEST

/* --- rights that change under an open stream --- */

static bool is_refused(void *arg) {
    return reader_status(arg) == 401;
}

START_TEST(rights_change_under_an_open_stream) {
    char *role = kept(db_value("SELECT prueba.rol(4)")),
         *user = kept(db_value("SELECT prueba.nuevo_usuario('%s')", role));
    char *o = kept(db_value("SELECT prueba.orden()"));
    char *token = kept(token_forge(HEADER, token_claims(user, 600), NULL));
    listener l = listen_as(token, "");
    int connections = reader_connections(l.r);
    db_value("UPDATE pendientes SET direccion = 'no se ve' WHERE id = %s", o);
    call(200, "ADMIN", "PUT", http_f("/api/usuarios/roles/%s", role), "{\"permisos\":8}");
    long long start = up_now();
    for (int n = 0; reader_count(l.r) == 0; n++) { /* from some change on all are seen, none before it */
        ck_assert_msg(up_now() - start < 2 * SECOND, "the new right does not count");
        db_value("UPDATE pendientes SET direccion = 'vez %d' WHERE id = %s", n, o);
        reader_awaits(l.r, 0, 20);
    }
    fprintf(stderr, "a right reached an open stream after %lld ms\n", up_now() - start);
    ck_assert_int_lt(up_now() - start, SECOND);
    call(200, "ADMIN", "PUT", http_f("/api/usuarios/roles/%s", role), "{\"permisos\":4}");
    up_wait(SECOND, is_refused, l.r); /* it is not: only the right is gone */
    size_t before = reader_count(l.r);
    listener all = listen_to("ADMIN", o);
    db_value("UPDATE pendientes SET direccion = 'tampoco' WHERE id = %s", o);
    next_is(&all, TYPE("PENDIENTE_EDITADO"), NULL);
    ck_assert_uint_eq(reader_count(l.r), before);
    ck_assert_int_eq(reader_connections(l.r), connections);
    call(200, "ADMIN", "PUT", http_f("/api/usuarios/%s", user), "{\"activo\":false}");
    ck_assert_msg(up_wait(SECOND, is_refused, l.r), "the stream of a deactivated user is still open");
    reader_free(l.r);
    reader_free(all.r);
    free(role);
    free(user);
    free(token);
    free(o);
}
END_TEST

/* --- going on from a place --- */

static void check_all(reader *r, const char *order, int64_t since) {
    size_t n = (size_t)db_number("SELECT count(*) FROM eventos WHERE pendiente_id = %s AND numero > %lld", order,
                                 (long long)since);
    ck_assert(n > 0 && reader_awaits(r, n - 1, SOON));
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(
            reader_number(r, i),
            db_number("SELECT numero FROM eventos WHERE pendiente_id = %s AND numero > %lld ORDER BY numero "
                      "OFFSET %zu LIMIT 1",
                      order, (long long)since, i));
    ck_assert_uint_eq(reader_count(r), n);
}

START_TEST(resumes) {
    bool up;
    char *o = kept(db_value("SELECT prueba.orden('AVERIA', detalle => true)"));
    listener l = listen_to("ADMIN", o);
    for (int i = 0; i < 20; i++)
        db_value("UPDATE pendientes SET direccion = 'paso %d' WHERE id = %s", i, o);
    ck_assert(reader_awaits(l.r, 19, SOON));
    int64_t middle = reader_number(l.r, 9);
    reader *header = reader_resume(reader_sse, http_token("CORD"), http_f("?pendienteId=%s", o), middle, &up);
    ck_assert(up);
    check_all(header, o, middle);
    reader *query =
        reader_start(reader_sse, http_token("CORD"), http_f("?pendienteId=%s&desde=%lld", o, (long long)middle), &up);
    ck_assert(up);
    check_all(query, o, middle);
    reader *beginning = reader_resume(reader_sse, http_token("CORD"), http_f("?pendienteId=%s", o), 0, &up);
    ck_assert(up);
    check_all(beginning, o, 0);
    reader_free(header);
    reader_free(query);
    reader_free(beginning);
    reader_free(l.r);
    free(o);
}
END_TEST

/* Many who come at once from far behind. */
START_TEST(many_resume_at_once) {
    enum { READERS = 40, EVENTS = 6000 };
    reader *r[READERS];
    bool up;
    char *o = kept(db_value("SELECT prueba.orden()"));
    int64_t since = db_number("SELECT ultimo FROM eventos_contador");
    db_value(
        "SELECT count(*) FROM (SELECT prueba.forzar(format('UPDATE pendientes SET direccion = %%L WHERE id = %s', g)) "
        "FROM generate_series(1, %d) g) x",
        o, EVENTS);
    for (int i = 0; i < READERS; i++) {
        r[i] =
            reader_resume(reader_sse, http_token(i % 2 ? "ADMIN" : "CORD"), http_f("?pendienteId=%s", o), since, &up);
        ck_assert(up);
    }
    size_t n =
        (size_t)db_number("SELECT count(*) FROM eventos WHERE pendiente_id = %s AND tipo = 'PENDIENTE_EDITADO'", o);
    ck_assert_uint_eq(n, EVENTS);
    for (int i = 0; i < READERS; i++) {
        ck_assert_msg(reader_awaits(r[i], n, 20000), "%zu of %zu", reader_count(r[i]), n + 1);
        for (size_t k = 1; k < reader_count(r[i]); k++)
            ck_assert_int_gt(reader_number(r[i], k), reader_number(r[i], k - 1));
        ck_assert_uint_eq(reader_count(r[i]), n + 1);
        reader_free(r[i]);
    }
    free(o);
}
END_TEST

int main(void) {
    up_use();
    db_support();
    Suite *suite = suite_create("events");
    TCase *tests = tcase_create("events");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, every_change_has_its_event);
    tcase_add_test(tests, reassigning_moves_the_stream);
    tcase_add_test(tests, payments_and_notifications);
    tcase_add_test(tests, notifications_of_the_system);
    tcase_add_test(tests, rights_change_under_an_open_stream);
    tcase_add_test(tests, resumes);
    tcase_add_test(tests, many_resume_at_once);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
