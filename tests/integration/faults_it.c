/* Processes that die, stop and hang. Each test has a system of its own: two cores, two gateways. What was acknowledged
 * must be there once, the others must carry on, and everything must come back by itself. */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/up.h"

#include <check.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- a write load whose every answer is written down */

enum { WRITERS = 8, MAX_ACKS = 20000 };
static atomic_bool stop;
static atomic_long acked, unknown;
static long acks[MAX_ACKS];
static char client[32];

/* Each order has a mark of its own in `direccion`. With `keyed`, an unknown outcome is asked again with the same key.
 */
static bool keyed;
static atomic_long marks;

static void *writer(void *arg) {
    (void)arg;
    while (!stop) {
        long mark = atomic_fetch_add(&marks, 1);
        char body[256], header[64];
        snprintf(body, sizeof body,
                 "{\"clienteId\":%s,\"tipo\":\"AVERIA\",\"lugar\":\"PUNO\",\"prioridad\":\"BAJA\",\"direccion\":"
                 "\"marca %ld\"}",
                 client, mark);
        snprintf(header, sizeof header, "Idempotency-Key: %s-%ld", client, mark);
        const char *headers[] = {header, NULL};
        long status = 0;
        for (int tries = 0; tries < (keyed ? 400 : 1) && !(status == 200); tries++) {
            if (tries)
                nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
            http_answer a = http_call("POST", "/api/pendientes", http_token("CORD"), NULL, body, strlen(body),
                                      keyed ? headers : NULL);
            status = a.status;
            http_free(&a);
        }
        if (status == 200) {
            long n = atomic_fetch_add(&acked, 1);
            if (n < MAX_ACKS)
                acks[n] = mark;
        } else
            atomic_fetch_add(&unknown, 1);
    }
    return NULL;
}

static bool acked_more(void *arg) {
    return acked >= *(long *)arg;
}

static bool lives_anew(void *arg) {
    const char *name = *(const char **)arg;
    pid_t old = *(pid_t *)((const char **)arg + 1), now = up_pid(name);
    return now && now != old;
}

static bool answers(void *arg) {
    http_answer a = http_json("GET", "/auth/validar-token", arg, NULL);
    bool ok = a.status == 200;
    http_free(&a);
    return ok;
}

static void load_while_killing(const char *victim) {
    pthread_t threads[WRITERS];
    stop = false;
    long before = acked = unknown = 0;
    marks = 0;
    snprintf(client, sizeof client, "%s", db_value("SELECT prueba.cliente()"));
    for (int i = 0; i < WRITERS; i++)
        pthread_create(&threads[i], NULL, writer, NULL);
    for (int kill_n = 0; kill_n < 3; kill_n++) {
        before = acked + 50;
        ck_assert_msg(up_wait(20000, acked_more, &before), "no writes are answered after %d kills of %s", kill_n,
                      victim);
        struct {
            const char *name;
            pid_t old;
        } dead = {victim, up_pid(victim)};
        ck_assert_int_gt(dead.old, 0);
        long long killed = up_now();
        kill(dead.old, SIGKILL);
        ck_assert_msg(up_wait(5000, lives_anew, &dead), "%s is not started again", victim);
        fprintf(stderr, "%s lives again after %lld ms\n", victim, up_now() - killed);
    }
    before = acked + 50;
    ck_assert_msg(up_wait(20000, acked_more, &before), "no writes are answered after the last kill of %s", victim);
    stop = true;
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    long n = acked < MAX_ACKS ? acked : MAX_ACKS;
    for (long i = 0; i < n; i++)
        ck_assert_msg(db_number("SELECT count(*) FROM pendientes WHERE cliente_id = %s AND direccion = 'marca %ld'",
                                client, acks[i]) == 1,
                      "order 'marca %ld' was acknowledged and stands there not once", acks[i]);
    ck_assert_str_eq(db_value("SELECT count(*) FROM (SELECT direccion FROM pendientes WHERE cliente_id = %s GROUP BY 1 "
                              "HAVING count(*) > 1) x",
                              client),
                     "0");
    if (keyed)
        ck_assert_int_eq(unknown, 0);
    ck_assert_str_eq(db_value("SELECT count(*) FROM pendientes p WHERE cliente_id = %s AND NOT EXISTS (SELECT FROM "
                              "historiales h WHERE h.pendiente_id = p.id)",
                              client),
                     "0");
}

static const char *const victims[] = {"server-1", "server-2", "gateway-1", "gateway-2", "postgres"};

START_TEST(killed_under_a_write_load) {
    keyed = false;
    load_while_killing(victims[_i]);
}
END_TEST

START_TEST(killed_under_a_keyed_load) {
    keyed = true;
    load_while_killing(victims[_i]);
}
END_TEST

/* --- a core that is stopped, a connection that is cut, a table that is locked */

START_TEST(a_stopped_core_is_left_aside) {
    const char *order = db_value("SELECT prueba.orden('AVERIA', detalle => true)");
    const char *target = http_f("/api/pendientes/%s/averia", order), *token = http_token("ADMIN");
    ck_assert(up_wait(5000, answers, (void *)token));
    pid_t core = up_pid("server-1");
    kill(core, SIGSTOP);
    long long worst = 0;
    for (int i = 0; i < 60; i++) {
        long long start = up_now();
        http_answer a = http_json("GET", target, token, NULL);
        long long took = up_now() - start;
        worst = took > worst ? took : worst;
        if (a.status != 200 || took > 1500)
            kill(core, SIGCONT);
        ck_assert_msg(a.status == 200, "read %d answered %ld %s", i, a.status, a.body);
        ck_assert_msg(took <= 1500, "read %d took %lld ms", i, took);
        http_free(&a);
    }
    kill(core, SIGCONT);
    fprintf(stderr, "the slowest read with a stopped core took %lld ms\n", worst);
    ck_assert(up_wait(5000, answers, (void *)token));
}
END_TEST

static bool refused(void *arg) {
    http_answer a = http_json("GET", arg, http_token("ATAC"), NULL);
    bool yes = a.status == 403 || a.status == 503;
    http_free(&a);
    return yes;
}

START_TEST(a_role_reduced_while_listen_is_cut) {
    const char *order = db_value("SELECT prueba.orden('AVERIA', detalle => true)");
    char target[128];
    snprintf(target, sizeof target, "/api/pendientes/%s/averia", order);
    http_answer a = http_json("GET", target, http_token("ATAC"), NULL);
    ck_assert_int_eq(a.status, 200);
    http_free(&a);
    long long cut = db_number(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE '%%listen%%'");
    ck_assert_msg(cut >= 1, "no LISTEN connection was found");
    db_value("UPDATE roles SET permisos = 1 WHERE id = 'ATAC'");
    long long start = up_now();
    bool in_time = up_wait(1000, refused, target);
    db_value("UPDATE roles SET permisos = 13 WHERE id = 'ATAC'");
    ck_assert_msg(in_time, "the reduced role still reads after %lld ms", up_now() - start);
    ck_assert(up_wait(5000, answers, (void *)http_token("ATAC")));
}
END_TEST

START_TEST(a_deactivated_user_is_out_within_a_second) {
    const char *token = http_token("ASES");
    ck_assert(up_wait(5000, answers, (void *)token));
    db_value("UPDATE usuarios SET vigente = false WHERE dni = '%s'", up_dni("ASES"));
    long long start = up_now();
    bool out = false;
    while (!out && up_now() - start < 1000) {
        http_answer a = http_json("GET", "/auth/validar-token", token, NULL);
        out = a.status == 401;
        http_free(&a);
    }
    db_value("UPDATE usuarios SET vigente = true WHERE dni = '%s'", up_dni("ASES"));
    ck_assert_msg(out, "a deactivated user's token is still good after a second");
    ck_assert(up_wait(5000, answers, (void *)token));
}
END_TEST

static const char *locked_target;
static void *read_locked(void *arg) {
    long *out = arg;
    const char *headers[] = {"Grpc-Timeout: 2S", NULL};
    long long start = up_now();
    http_answer a = http_call("GET", locked_target, http_token("ADMIN"), NULL, NULL, 0, headers);
    out[0] = a.status;
    out[1] = up_now() - start;
    http_free(&a);
    return NULL;
}

START_TEST(a_locked_table_stalls_nobody_else) {
    const char *averia = db_value("SELECT prueba.orden('AVERIA', detalle => true)");
    const char *traslado = db_value("SELECT prueba.orden('TRASLADO', detalle => true)");
    char target[128], other[128];
    snprintf(target, sizeof target, "/api/pendientes/%s/averia", averia);
    snprintf(other, sizeof other, "/api/pendientes/%s/traslado", traslado);
    locked_target = target;
    PGconn *conn = PQconnectdb(up_env("PENDIENTES_DATABASE"));
    PQclear(PQexec(conn, "BEGIN; LOCK TABLE pendientes_averias IN ACCESS EXCLUSIVE MODE"));
    long out[4][2];
    pthread_t threads[4];
    http_token("ADMIN");
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, read_locked, out[i]);
    long long end = up_now() + 2500, worst = 0;
    int reads = 0;
    while (up_now() < end) {
        long long start = up_now();
        http_answer a = http_json("GET", other, http_token("ADMIN"), NULL);
        long long took = up_now() - start;
        worst = took > worst ? took : worst;
        ck_assert_msg(a.status == 200, "another table's read answered %ld %s", a.status, a.body);
        http_free(&a);
        reads++;
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_msg(out[i][0] == 504 || out[i][0] == 503, "a read of the locked table answered %ld", out[i][0]);
        ck_assert_msg(out[i][1] < 3000, "a read of the locked table took %ld ms with a deadline of 2 s", out[i][1]);
    }
    PQclear(PQexec(conn, "ROLLBACK"));
    PQfinish(conn);
    fprintf(stderr, "%d reads of another table meanwhile, the slowest %lld ms\n", reads, worst);
    ck_assert_int_ge(reads, 100);
    http_answer a = http_json("GET", target, http_token("ADMIN"), NULL);
    ck_assert_int_eq(a.status, 200);
    http_free(&a);
}
END_TEST

int main(void) {
    up_start("--servers 2 --gateways 2");
    db_support();
    http_fresh = true;
    for (const char *const *role = (const char *const[]){"ADMIN", "CORD", "ATAC", "ASES", NULL}; *role; role++)
        http_token(*role);
    Suite *suite = suite_create("faults");
    TCase *tcase = tcase_create("faults");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_stopped_core_is_left_aside);
    tcase_add_test(tcase, a_role_reduced_while_listen_is_cut);
    tcase_add_test(tcase, a_deactivated_user_is_out_within_a_second);
    tcase_add_test(tcase, a_locked_table_stalls_nobody_else);
    tcase_add_loop_test(tcase, killed_under_a_write_load, 0, 5);
    tcase_add_loop_test(tcase, killed_under_a_keyed_load, 0, 5);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    up_stop();
    return failed ? 1 : 0;
}
