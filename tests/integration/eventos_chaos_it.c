/* Cores and gateways killed at random under a write load, with readers that resume: each ends with every event that it
 * may see, once, in order, by Server-Sent Events and by STOMP. For EVENTS_CHAOS_SECONDS (default 10). */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/reader.h"
#include "tests/integration/up.h"

#include <check.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WRITERS = 3, KILL_MS = 900, CATCH_UP_MS = 30000 };

/* What each role may see, said once more, in SQL. Employees 6 and 7 are the technicians. */
static const struct {
    const char *role, *user, *sees;
} roles[] = {
    {"ADMIN", "1", "true"},
    {"CORD", "2", "tipo <> 'PAGO'"},
    {"ATAC", "3", "tipo NOT IN ('PAGO', 'NOTIFICACION') OR usuario_id = 3"},
    {"TECN", "6", "asignado_a = 6 OR (tipo <> 'PAGO' AND 6 IN (registrado_por, antes)) OR usuario_id = 6"},
    {"TECN2", "8", "asignado_a = 7 OR (tipo <> 'PAGO' AND 7 IN (registrado_por, antes)) OR usuario_id = 8"},
};
enum { ROLES = sizeof roles / sizeof *roles };

/* How many of each kind of reader. A topic has the new notifications of its user alone. */
static const struct {
    reader_session session;
    int n;
    bool of_topic;
} kinds[] = {{reader_sse, 50, false}, {reader_stomp, 20, true}};

enum { KINDS = sizeof kinds / sizeof *kinds, MOST = 200 };

static reader *readers[MOST];
static int n_readers;

/* --- the load --- */

static atomic_bool stop;
static atomic_long acked, failed;

static long ask(const char *role, const char *verb, const char *target, const char *body) {
    http_answer a = http_json(verb, target, http_token(role), body);
    long status = a.status;
    http_free(&a);
    atomic_fetch_add(status == 200 ? &acked : &failed, 1);
    return status;
}

/* An order's life, as far as it comes. */
static void *write_orders(void *arg) {
    for (unsigned n = (unsigned)(size_t)arg; !stop; n++) {
        http_answer a = http_json("POST", "/api/pendientes", http_token("CORD"),
                                  "{\"clienteId\":1,\"tipo\":\"AVERIA\",\"lugar\":\"PUNO\",\"prioridad\":\"BAJA\"}");
        long long o = json_integer_value(json_object_get(a.json, "id"));
        atomic_fetch_add(a.status == 200 ? &acked : &failed, 1);
        http_free(&a);
        if (o == 0)
            continue;
        const char *technician = n % 2 ? "TECN" : "TECN2";
        char state[80], body[200];
        snprintf(state, sizeof state, "/api/pendientes/%lld/estado?nuevoEstado=", o);
        snprintf(body, sizeof body, "{\"pendienteId\":%lld,\"descripcionFalla\":\"x\"}", o);
        ask("CORD", "POST", "/api/pendientes/averia", body);
        ask("CORD", "PUT", http_f("/api/pendientes/%lld/asignar?idAsignado=%d", o, n % 2 ? 6 : 7), NULL);
        ask(technician, "PUT", http_f("%sEN_PROGRESO", state), NULL);
        snprintf(
            body, sizeof body,
            "{\"pendienteId\":%lld,\"clienteId\":1,\"monto\":5,\"fechaPago\":\"2026-07-10\",\"metodoPago\":\"BCP\"}",
            o);
        ask("CONT", "POST", "/api/pagos", body);
        ask("CORD", "PUT", http_f("%sREGISTRADO", state), NULL);
        ask("CORD", "PUT", http_f("/api/pendientes/%lld/asignar?idAsignado=%d", o, n % 2 ? 7 : 6), NULL);
        ask("CORD", "PUT", http_f("/api/pendientes/%lld/postergar", o), "{}");
    }
    return NULL;
}

/* --- the kills --- */

/* Mostly without a word; sometimes as an operator stops a process. */
static int kill_at_random(unsigned *seed) {
    static const char *const names[] = {"server-1", "server-2", "gateway-1", "gateway-2"};
    const char *name = names[rand_r(seed) % 4];
    pid_t pid = up_pid(name);
    return pid && kill(pid, rand_r(seed) % 4 ? SIGKILL : SIGTERM) == 0;
}

static bool all_ready(void *arg) {
    (void)arg;
    http_answer a = http_json("GET", "/auth/validar-token", http_token("ADMIN"), NULL);
    bool ready = a.status == 200;
    http_free(&a);
    return ready && up_pid("server-1") && up_pid("server-2") && up_pid("gateway-1") && up_pid("gateway-2");
}

static bool all_numbered(void *arg) {
    (void)arg;
    return db_number("SELECT count(*) FROM eventos WHERE numero IS NULL") == 0;
}

/* --- what they must have seen --- */

static void start_readers(int64_t since) {
    for (int k = 0; k < KINDS; k++)
        for (int i = 0; i < kinds[k].n; i++) {
            bool up;
            readers[n_readers++] = reader_resume(kinds[k].session, http_token(roles[i % ROLES].role),
                                                 kinds[k].of_topic ? roles[i % ROLES].user : "", since, &up);
            ck_assert_msg(up, "reader %d does not connect", n_readers);
        }
}

static void check_reader(reader *r, const PGresult *want, const char *who) {
    int n = PQntuples(want);
    if (n > 0)
        reader_awaits(r, (size_t)n - 1, CATCH_UP_MS);
    size_t seen = reader_count(r);
    for (int i = 0; i < n && (size_t)i < seen; i++)
        ck_assert_msg(reader_number(r, (size_t)i) == strtoll(PQgetvalue(want, i, 0), NULL, 10),
                      "%s: event %lld where %s was due", who, (long long)reader_number(r, (size_t)i),
                      PQgetvalue(want, i, 0));
    ck_assert_msg(seen == (size_t)n, "%s has seen %zu of %d events", who, seen, n);
}

static int check_readers(int64_t since) {
    PGconn *conn = PQconnectdb(up_env("PENDIENTES_DATABASE"));
    int connections = 0;
    PGresult *want[2][ROLES];
    for (int i = 0; i < ROLES; i++) {
        want[0][i] = PQexec(conn, http_f("SELECT numero FROM eventos WHERE numero > %lld AND (%s) ORDER BY numero",
                                         (long long)since, roles[i].sees));
        want[1][i] = PQexec(conn, http_f("SELECT numero FROM eventos WHERE numero > %lld AND tipo = 'NOTIFICACION' AND "
                                         "accion = 'CREADO' AND usuario_id = %s ORDER BY numero",
                                         (long long)since, roles[i].user));
        ck_assert_int_gt(PQntuples(want[0][i]), 0);
        ck_assert_int_eq(PQresultStatus(want[1][i]), PGRES_TUPLES_OK);
    }
    ck_assert_int_gt(PQntuples(want[1][0]), 0);
    for (int k = 0, at = 0; k < KINDS; k++)
        for (int i = 0; i < kinds[k].n; i++, at++) {
            check_reader(readers[at], want[kinds[k].of_topic][i % ROLES], roles[i % ROLES].role);
            connections += reader_connections(readers[at]);
            reader_free(readers[at]);
        }
    for (int i = 0; i < 2 * ROLES; i++)
        PQclear(want[i / ROLES][i % ROLES]);
    PQfinish(conn);
    return connections;
}

START_TEST(everything_once_in_order) {
    const char *wanted = getenv("EVENTS_CHAOS_SECONDS");
    long long seconds = wanted ? strtoll(wanted, NULL, 10) : 10;
    unsigned seed = (unsigned)time(NULL);
    pthread_t threads[WRITERS];
    int kills = 0;
    n_readers = 0;
    stop = false;
    acked = failed = 0;
    ck_assert(up_wait(CATCH_UP_MS, all_numbered, NULL));
    int64_t since = db_number("SELECT ultimo FROM eventos_contador");
    start_readers(since);
    for (size_t i = 0; i < WRITERS; i++)
        pthread_create(&threads[i], NULL, write_orders, (void *)i);
    for (long long end = up_now() + seconds * 1000; up_now() < end;) {
        long pause = KILL_MS / 2 + rand_r(&seed) % KILL_MS;
        nanosleep(&(struct timespec){.tv_sec = pause / 1000, .tv_nsec = pause % 1000 * 1000000}, NULL);
        kills += kill_at_random(&seed);
    }
    stop = true;
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    ck_assert(up_wait(CATCH_UP_MS, all_ready, NULL));
    ck_assert(up_wait(CATCH_UP_MS, all_numbered, NULL));
    int connections = check_readers(since);
    fprintf(stderr, "%lld s, %d kills, %ld calls done, %ld not, %lld events, %d readers connected %d times\n", seconds,
            kills, acked, failed, db_number("SELECT ultimo FROM eventos_contador") - since, n_readers, connections);
    ck_assert_int_ge(kills, (int)(seconds / 3));
    ck_assert_int_gt(acked, 10 * seconds);
}
END_TEST

/* Gateways that are stopped one after the other, as in an upgrade: each stream ends properly, and goes on elsewhere. */
START_TEST(upgrades_lose_nothing) {
    pthread_t writer;
    n_readers = 0;
    stop = false;
    ck_assert(up_wait(CATCH_UP_MS, all_numbered, NULL));
    int64_t since = db_number("SELECT ultimo FROM eventos_contador");
    start_readers(since);
    pthread_create(&writer, NULL, write_orders, NULL);
    for (int i = 0; i < 2; i++) {
        const char *name = i ? "gateway-2" : "gateway-1";
        long before = acked + 30;
        kill(up_pid(name), SIGTERM);
        for (long long end = up_now() + CATCH_UP_MS; acked < before && up_now() < end;)
            nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        ck_assert_int_ge(acked, before);
        ck_assert(up_wait(CATCH_UP_MS, all_ready, NULL));
    }
    stop = true;
    pthread_join(writer, NULL);
    ck_assert(up_wait(CATCH_UP_MS, all_numbered, NULL));
    check_readers(since);
}
END_TEST

int main(void) {
    up_start("--servers 2 --gateways 2");
    db_support();
    http_fresh = true;
    for (int i = 0; i < ROLES; i++)
        http_token(roles[i].role);
    http_token("CONT");
    Suite *suite = suite_create("events and chaos");
    TCase *tests = tcase_create("chaos");
    const char *wanted = getenv("EVENTS_CHAOS_SECONDS");
    tcase_set_timeout(tests, 300 + (wanted ? strtod(wanted, NULL) : 0));
    tcase_add_test(tests, upgrades_lose_nothing);
    tcase_add_test(tests, everything_once_in_order);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    up_stop();
    return failures ? 1 : 0;
}
