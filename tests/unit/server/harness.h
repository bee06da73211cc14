/* harness: a whole core in the test's own process, over a private PostgreSQL with the real schema and statements, and a
 * client beside it on the same loop. Included by the test programs that need it; each runs one core. */
#ifndef TESTS_UNIT_SERVER_HARNESS_H
#define TESTS_UNIT_SERVER_HARNESS_H

#include "pendientes/client.h"
#include "pendientes/json.h"
#include "server/core.h"
#include "server/identity/token.h"
#include "server/migrations.h"
#include "tests/support/pg.h"

#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { H_LIMIT_MS = 15000, H_ADMIN = 1, H_CORD = 2, H_ATAC = 3, H_ASES = 5, H_TECN = 6, H_NADA = 8 };

static const char h_key[] = "una clave de prueba de treinta y dos bytes o mas";
static char h_dir[] = "/tmp/harness.XXXXXX";
static sv_core h_core;
static sv_settings h_settings;
static pd_client *h_client;
static pd_arena *h_arena;
static id_tokens *h_tokens;
static PGconn *h_db;

/* One call's outcome. */
typedef struct h_outcome {
    bool done, replayed;
    pd_code code;
    pd_reason reason;
    char message[300], field[60];
    char json[4000]; /* of the reply */
    uint64_t sent_ms, ended_ms;
    const pd_method *method;
} h_outcome;

typedef struct h_watch {
    void (*ready)(void *arg);
    void *arg;
    pd_watch *watch;
} h_watch;

static inline void h_ready(void *arg, unsigned events) {
    (void)events;
    h_watch *w = arg;
    w->ready(w->arg);
}

static inline void *h_watch_fd(void *ctx, int fd, void (*ready)(void *arg), void *arg) {
    h_watch *w = calloc(1, sizeof *w);
    *w = (h_watch){.ready = ready, .arg = arg};
    w->watch = pd_loop_watch(ctx, fd, PD_LOOP_READ, h_ready, w);
    return w;
}

static inline void h_unwatch_fd(void *ctx, void *watch) {
    (void)ctx;
    pd_watch_free(((h_watch *)watch)->watch);
    free(watch);
}

/* The file of the source tree. */
static inline char *h_source(const char *path) {
    return pd_arena_printf(h_arena, SOURCE_DIR "/%s", path);
}

static inline char *h_file(const char *name, const char *text) {
    char *path = pd_arena_printf(h_arena, "%s/%s", h_dir, name);
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
    return path;
}

static const char h_people[] =
    "INSERT INTO empleados (id, nombre, apellido_paterno, apellido_materno, cargo_id, fecha_ingreso)"
    " SELECT i, 'E' || i, 'P', 'M', 1, '2020-01-01' FROM generate_series(1, 7) i;"
    "INSERT INTO roles (id, nombre, permisos) VALUES ('ADMIN', 'a', 16383), ('CORD', 'b', 10367), ('ATAC', 'c', 13),"
    " ('ASES', 'd', 5), ('TECN', 'e', 1924), ('NADA', 'f', 0);"
    "INSERT INTO usuarios (id, nombre, dni, email, password, rol_id, empleado_id)"
    " SELECT i, 'u' || i, 'd' || i, 'm' || i, '-', rol, e FROM (VALUES (1, 'ADMIN', 1), (2, 'CORD', 2), (3, 'ATAC', 3),"
    " (5, 'ASES', 5), (6, 'TECN', 6), (8, 'NADA', NULL)) v (i, rol, e);"
    "INSERT INTO clientes (id, tipo_cliente, nombre, tipo_documento) VALUES (1, 'OTRO', 'Cliente', 'OTRO');"
    "INSERT INTO pendientes (id, registrado_por, asignado_a, cliente_id, estado, tipo, lugar, prioridad)"
    " SELECT i, 2, CASE WHEN i = 3 THEN 6 END, 1, CASE WHEN i = 3 THEN 'ASIGNADO' ELSE 'REGISTRADO' END, 'AVERIA', "
    "'PUNO', 'BAJA'"
    " FROM generate_series(1, 99) i;"
    "INSERT INTO pendientes_averias (pendiente_id, descripcion_falla, ppoe)"
    " SELECT i, 'falla ' || i, 'u' || i FROM generate_series(1, 49) i";

static inline void h_database(void) {
    h_db = ts_pg_connect();
    const char *error = NULL;
    sv_migrations migrations;
    ts_pg_exec(h_db, "SET client_min_messages = error; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    ck_assert_msg(sv_migrations_read(h_source("migrations"), h_arena, &migrations, &error), "%s", error);
    for (size_t i = 0; i < migrations.n; i++)
        ts_pg_exec(h_db, migrations.at[i].text);
    ts_pg_exec(h_db, h_people);
}

static inline void h_turn_until(const bool *done) {
    uint64_t start = pd_loop_now(h_core.loop);
    while (!*done && pd_loop_now(h_core.loop) - start < H_LIMIT_MS)
        pd_loop_turn(h_core.loop, 10);
    ck_assert(*done);
}

static inline void h_client_turn(void *arg) {
    (void)arg;
    if (h_client)
        pd_client_turn(h_client);
}

/* Everything up; the core is ready. */
static inline void h_start(void) {
    static int number;
    char url[40];
    snprintf(url, sizeof url, "inproc://harness%d", number++);
    h_arena = pd_arena_new();
    ck_assert_ptr_nonnull(mkdtemp(strcpy(h_dir, "/tmp/harness.XXXXXX")));
    h_database();
    h_settings = (sv_settings){
        .listen = pd_arena_strdup(h_arena, url),
        .database = ts_pg_start(),
        .token_key_file = h_file("token", h_key),
        .seal_key_file = h_file("seal", "k1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"),
        .token_issuer = "pendientes",
        .token_audience = "pendientes-api",
        .token_ttl_ms = 3600000,
        .sql_dir = h_source("server/sql"),
        .migrations_dir = h_source("migrations"),
        .zone = "America/Lima",
        .zona_z = "convertir",
        .bytes_connections = 1,
        .write_connections = 4,
        .search_connections = 2,
        .batch_connections = 2,
        .decided_connections = 4,
    };
    memset(&h_core, 0, sizeof h_core);
    const char *error = NULL;
    h_tokens =
        id_tokens_new(id_keys_load(h_settings.token_key_file, NULL, "pendientes", &error), "pendientes-api", 3600);
    ck_assert_msg(sv_core_load(&h_core, &h_settings, &error), "%s", error);
    PGconn *conn = ts_pg_connect();
    ck_assert_msg(en_statements_describe(h_core.statements, conn, h_core.arena, &error), "%s", error);
    PQfinish(conn);
    h_core.loop = pd_loop_new();
    ck_assert_msg(sv_core_start(&h_core, &error), "%s", error);
    pd_loop_each_turn(h_core.loop, h_client_turn, NULL);
    h_client = pd_client_new(
        &(pd_client_options){.cores = url, .watch = h_watch_fd, .unwatch = h_unwatch_fd, .ctx = h_core.loop}, &error);
    ck_assert_msg(h_client != NULL, "%s", error);
    uint64_t start = pd_loop_now(h_core.loop);
    while (!sv_core_ready(&h_core) && pd_loop_now(h_core.loop) - start < H_LIMIT_MS)
        pd_loop_turn(h_core.loop, 10);
    ck_assert(sv_core_ready(&h_core));
}

static inline void h_stop(void) {
    pd_client_free(h_client);
    h_client = NULL;
    sv_core_stop(&h_core);
    id_tokens_free(h_tokens);
    PQfinish(h_db);
    pd_arena_free(h_arena);
    char command[PATH_MAX];
    snprintf(command, sizeof command, "rm -r %s", h_dir);
    ck_assert_int_eq(system(command), 0);
}

static inline void h_answered(void *arg, const pd_reply *reply) {
    h_outcome *out = arg;
    out->done = true;
    out->replayed = reply->replayed;
    out->code = reply->status->code;
    out->reason = reply->status->reason;
    out->ended_ms = pd_loop_now(h_core.loop);
    snprintf(out->message, sizeof out->message, "%s", reply->status->message ? reply->status->message : "");
    if (reply->status->n_errors)
        snprintf(out->field, sizeof out->field, "%s", reply->status->errors[0].field);
    if (out->code != PD_OK)
        return;
    pd_arena *arena = pd_arena_new();
    ProtobufCMessage *value =
        protobuf_c_message_unpack(out->method->reply->type, pd_arena_protobuf(arena), reply->len, reply->bytes);
    pd_text text = {.arena = arena};
    pd_json_write(out->method->reply, value, &text);
    snprintf(out->json, sizeof out->json, "%.*s", (int)text.len, text.at);
    pd_arena_free(arena);
}

typedef struct h_with {
    const char *key;
    uint32_t deadline_ms;
    bool probe, if_exists;
    const char *token; /* instead of the user's */
} h_with;

/* Sends; `out` is filled during later turns. */
static inline void h_send(h_outcome *out, int user, const char *name, const char *json, h_with with) {
    char full[100];
    snprintf(full, sizeof full, "pendientes.v1.%s", name);
    memset(out, 0, sizeof *out);
    out->method = pd_method_find(full, strlen(full));
    ck_assert_ptr_nonnull(out->method);
    pd_arena *arena = pd_arena_new();
    const pd_message *message = out->method->request;
    ProtobufCMessage *request = pd_arena_zalloc(arena, message->type->sizeof_message);
    protobuf_c_message_init(message->type, request);
    pd_status status = {0};
    pd_json_read(message, json, strlen(json), false, request, NULL, arena, &status);
    const char *token = with.token ? with.token : id_token_issue(h_tokens, user, "R", time(NULL), arena);
    pd_meta meta = {.token = token,
                    .token_len = strlen(token),
                    .key = with.key,
                    .deadline_ms = with.deadline_ms,
                    .if_exists = with.if_exists,
                    .probe = with.probe};
    out->sent_ms = pd_loop_now(h_core.loop);
    pd_client_call_message(h_client, out->method, request, &meta, h_answered, out);
    pd_arena_free(arena);
}

/* Sends and waits. */
static inline h_outcome h_call_with(int user, const char *name, const char *json, h_with with) {
    h_outcome *out = calloc(1, sizeof *out);
    h_send(out, user, name, json, with);
    h_turn_until(&out->done);
    h_outcome copy = *out;
    free(out);
    return copy;
}

static inline h_outcome h_call(int user, const char *name, const char *json) {
    return h_call_with(user, name, json, (h_with){0});
}

static inline long long h_number(const char *sql) {
    PGresult *result = PQexec(h_db, sql);
    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQerrorMessage(h_db));
    long long n = atoll(PQgetvalue(result, 0, 0));
    PQclear(result);
    return n;
}

static inline void h_expect(const h_outcome *out, pd_code code) {
    ck_assert_msg(out->code == code, "%s instead of %s: %s", pd_code_name(out->code), pd_code_name(code), out->message);
}

/* Runs the tests in this process: the server and the core are its children and threads. */
static inline int h_run(const char *name, void (*add)(TCase *tcase)) {
    ts_pg_start();
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create("core");
    tcase_set_timeout(tcase, 60);
    tcase_add_unchecked_fixture(tcase, h_start, h_stop);
    add(tcase);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
