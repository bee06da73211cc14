/* The core refuses to start on whatever does not fit, one thing at a time: it ends within a deadline, not with 0, and
 * says in one line which file or setting it is and why. The database is the running system's; the statements are a
 * spoiled copy. */
#include "tests/integration/up.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEADLINE_MS = 20000, MAX_ARGS = 32, MAX_FILE = 1 << 16 };

static char dir[256];

static const char *in_dir(const char *name) {
    static char paths[256][512];
    static int next;
    char *path = paths[next++ % 256];
    snprintf(path, 512, "%s/%s", dir, name);
    return path;
}

static void shell(const char *format, const char *a, const char *b) {
    char command[2048];
    snprintf(command, sizeof command, format, a, b);
    ck_assert_msg(system(command) == 0, "%s", command);
}

static void write_file(const char *name, const char *bytes, size_t len) {
    FILE *f = fopen(in_dir(name), "w");
    ck_assert_msg(f != NULL, "%s: %s", name, strerror(errno));
    ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

static void write_text(const char *name, const char *text) {
    write_file(name, text, strlen(text));
}

/* --- the core as a child --- */

typedef struct core {
    pid_t pid;
    int out; /* its stdout and stderr */
    char said[1 << 16];
    size_t len;
} core;

static void start(core *c, const char *const *args) {
    const char *build = getenv("PENDIENTES_BUILD_DIR");
    char program[512];
    snprintf(program, sizeof program, "%s/server/pendientes-server", build ? build : SOURCE_DIR "/build");
    int pipes[2];
    ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
    *c = (core){.pid = fork(), .out = pipes[0]};
    if (c->pid == 0) {
        char *argv[MAX_ARGS + 1] = {program};
        for (int i = 0; i + 1 < MAX_ARGS && args[i]; i++)
            argv[i + 1] = (char *)(uintptr_t)args[i];
        dup2(pipes[1], 1);
        dup2(pipes[1], 2);
        /* nothing of the running system's settings, only what a sanitized build is told */
        static const char *const kept[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS"};
        char environment[2][512], *envp[3] = {NULL};
        for (int i = 0, n = 0; i < 2; i++)
            if (getenv(kept[i]) && snprintf(environment[i], 512, "%s=%s", kept[i], getenv(kept[i])) < 512)
                envp[n++] = environment[i];
        execve(program, argv, envp);
        _exit(127);
    }
    close(pipes[1]);
}

/* Reads until it says `word` (NULL: until it ends) or `ms` have passed; false when they have. */
static bool hear(core *c, const char *word, int ms) {
    long long end = up_now() + ms;
    while (!word || !strstr(c->said, word)) {
        struct pollfd poller = {.fd = c->out, .events = POLLIN};
        long long left = end - up_now();
        if (left <= 0 || poll(&poller, 1, (int)left) <= 0)
            return false;
        ssize_t n = read(c->out, c->said + c->len, sizeof c->said - 1 - c->len);
        if (n <= 0)
            return !word;
        c->len += (size_t)n;
    }
    return true;
}

static int finish(core *c) {
    int status = 0;
    waitpid(c->pid, &status, 0);
    close(c->out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* The line that is no log, when there is exactly one. */
static const char *only_line(core *c) {
    static char line[4096];
    int found = 0;
    for (char *save = NULL, *at = strtok_r(c->said, "\n", &save); at; at = strtok_r(NULL, "\n", &save))
        if (*at != '{') {
            snprintf(line, sizeof line, "%s", at);
            found++;
        }
    ck_assert_msg(found == 1, "%d lines, the last: %s", found, found ? line : "-");
    return line;
}

/* `serve` with the good settings and then `more`, of which the later ones count. */
static void serve(core *c, const char *const *more) {
    const char *args[MAX_ARGS] = {"serve",
                                  "--database",
                                  up_env("PENDIENTES_DATABASE"),
                                  "--token-key-file",
                                  in_dir("token.key"),
                                  "--seal-key-file",
                                  in_dir("seal.keys"),
                                  "--sql-dir",
                                  in_dir("sql"),
                                  "--migrations-dir",
                                  in_dir("migrations"),
                                  "--listen",
                                  NULL,
                                  "--admin",
                                  "http://127.0.0.1:0"};
    static char listen[512];
    snprintf(listen, sizeof listen, "ipc://%s", in_dir("core.ipc"));
    args[12] = listen;
    int n = 15;
    for (; more && *more; more++)
        args[n++] = *more;
    start(c, args);
}

/* It must end by itself, with one line that holds both words. */
static void expect_refusal(const char *const *more, const char *what, const char *where, const char *why) {
    core *c = malloc(sizeof *c);
    serve(c, more);
    long long began = up_now();
    bool ended = hear(c, NULL, DEADLINE_MS);
    if (!ended)
        kill(c->pid, SIGKILL);
    int code = finish(c);
    ck_assert_msg(ended, "%s: still runs after %lld ms: %.300s", what, up_now() - began, c->said);
    ck_assert_msg(code > 0 && code < 126, "%s: ended with %d: %.300s", what, code, c->said);
    const char *line = only_line(c);
    ck_assert_msg(strstr(line, where) && strstr(line, why), "%s: does not name %s and %s: %s", what, where, why, line);
    free(c);
}

/* --- statements --- */

static void fresh_copies(void) {
    shell("rm -rf '%s/sql' '%s/migrations'", dir, dir);
    shell("cp -R '%s/server/sql' '%s/sql'", SOURCE_DIR, dir);
    shell("cp -R '%s/migrations' '%s/migrations'", SOURCE_DIR, dir);
}

/* Replaces the first `from` of a statement by `to`. */
static void spoil(const char *file, const char *from, const char *to) {
    static char text[MAX_FILE], out[MAX_FILE * 2];
    char name[256];
    snprintf(name, sizeof name, "sql/%s", file);
    FILE *f = fopen(in_dir(name), "r");
    ck_assert_msg(f != NULL, "%s: %s", file, strerror(errno));
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    char *at = strstr(text, from);
    ck_assert_msg(at != NULL, "%s does not hold %s", file, from);
    snprintf(out, sizeof out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    write_text(name, out);
}

#define OBTENER "Averias/Obtener.sql"
#define CREAR "Averias/Crear.sql"

static const struct {
    const char *what, *file, *from, *to, *why;
} spoiled[] = {
    {"unknown parameter", CREAR, ":descripcion_falla FROM", ":descripcion_fala FROM", "descripcion_fala"},
    {"unknown parameter of the caller", CREAR, ":descripcion_falla FROM", ":quien.clave FROM", "quien.clave"},
    {"unknown relation", CREAR, ":acceso(o) IS NOT TRUE", ":puede.nadie IS NOT TRUE", "puede.nadie"},
    {"positional parameter", CREAR, ":descripcion_falla FROM", "$1 FROM", "$1"},
    {"parameter of a wrong type", CREAR, ":descripcion_falla FROM", "(:descripcion_falla + 1)::text FROM",
     "descripcion_falla"},
    {"column of a wrong type", OBTENER, "d.vlan::text AS vlan", "clock_timestamp() AS vlan", "vlan"},
    {"a column twice", OBTENER, "d.ppoe, ", "d.ppoe, d.vlan::bigint AS id, ", "id"},
    {"id of a wrong type", OBTENER, "d.pendiente_id AS id", "d.descripcion_falla AS id", "id"},
    {"missing relation column", OBTENER, "p.asignado_a AS _asignado_a, ", "", "_asignado_a"},
    {"missing reply column", OBTENER, "d.ppoe, ", "", "ppoe"},
    {"column that no field takes", OBTENER, "d.ppoe, ", "d.ppoe, 1 AS sobra, ", "sobra"},
    {"unknown own column", OBTENER, "d.ppoe, ", "d.ppoe, 1 AS _sobra, ", "_sobra"},
    {"unknown column of a table", OBTENER, "d.ppoe, ", "d.no_hay AS ppoe, ", "no_hay"},
    {"unknown table", OBTENER, "pendientes_averias", "pendientes_averiadas", "pendientes_averiadas"},
    {"broken SQL", OBTENER, "FROM pendientes", "FORM pendientes", "syntax"},
    {"open quote", CREAR, "'AVERIA'", "'AVERIA", "comilla"},
    {"no header", OBTENER, "-- read coalesce=pendiente_id", "", "cabecera"},
    {"unknown word in the header", OBTENER, "-- read coalesce=pendiente_id", "-- read rapido", "rapido"},
    {"coalesce by no field", OBTENER, "coalesce=pendiente_id", "coalesce=pendiente", "pendiente"},
    {"a write that reads", CREAR, "-- write", "-- read", "read"},
    {"a read that writes", OBTENER, "-- read coalesce=pendiente_id", "-- write", "write"},
    {"a write without verdict", CREAR, "c.v[1] AS _codigo, ", "", "_codigo"},
    {"a write that does not ask for access", CREAR, ":acceso(o) IS NOT TRUE", "false", "acceso"},
    {"a name longer than PostgreSQL's", OBTENER, "d.ppoe, ",
     "d.ppoe AS un_nombre_que_es_mas_largo_de_lo_que_postgresql_guarda_de_un_nombre_cualquiera, ", "63"},
    {"an unknown constraint in the table of refusals", "interno/restricciones.txt", "pendientes_averias",
     "pendientes_averiadas", "pendientes_averiadas"},
};

START_TEST(a_spoiled_statement) {
    fresh_copies();
    spoil(spoiled[_i].file, spoiled[_i].from, spoiled[_i].to);
    expect_refusal(NULL, spoiled[_i].what, spoiled[_i].file, spoiled[_i].why);
}
END_TEST

START_TEST(files_and_methods_that_do_not_match) {
    fresh_copies();
    shell("cp '%s/sql/Averias/Obtener.sql' '%s/sql/Averias/Nada.sql'", dir, dir);
    expect_refusal(NULL, "a file without a method", "Averias/Nada.sql", "without a method");
    fresh_copies();
    shell("cp -R '%s/sql/Averias' '%s/sql/Nadas'", dir, dir);
    expect_refusal(NULL, "a folder without a service", "Nadas", "service");
    fresh_copies();
    shell("rm '%s/sql/Averias/Editar.sql'%s", dir, "");
    expect_refusal(NULL, "a method without a file", "Averias/Editar", "without statement");
    fresh_copies();
    write_text("sql/Averias/Obtener.sql", "");
    expect_refusal(NULL, "an empty file", "Averias/Obtener.sql", "cabecera");
    fresh_copies();
    write_file("sql/Averias/Obtener.sql", "-- read\nSELECT 1 \0 AS id", 24);
    expect_refusal(NULL, "a NUL in a file", "Averias/Obtener.sql", "NUL");
    shell("rm -rf '%s/sql'%s", dir, "");
    expect_refusal(NULL, "no statements at all", "sql", "No such file");
}
END_TEST

/* --- settings --- */

START_TEST(bad_settings) {
    fresh_copies();
    write_text("bad.conf", "# settings\nnada = 1\n");
    write_text("short.key", "corta");
    write_text("bad.keys", "k1 no-es-hex\n");
    write_text("bad.list", "1 HS256 token.key\n2 HS512 token.key\n");
    const struct {
        const char *more[3], *where, *why;
    } bad[] = {
        {{"--nada", "1"}, "--nada", ""},
        {{"--config", in_dir("bad.conf")}, "nada", "bad.conf"},
        {{"--config", in_dir("none.conf")}, "none.conf", "No such file"},
        {{"--write-connections", "muchas"}, "write-connections", "muchas"},
        {{"--write-connections", "0"}, "write-connections", "1"},
        {{"--zona-z", "quizas"}, "zona-z", "convertir"},
        {{"--token-ttl", "5 lunas"}, "token-ttl", "5 lunas"},
        {{"--log-level", "loud"}, "log-level", "loud"},
        {{"--drain"}, "drain", ""},
        {{"--zone", "America/Nada"}, "zone", "America/Nada"},
        {{"--token-key-file", in_dir("short.key")}, "short.key", "32"},
        {{"--token-key-file", in_dir("none.key")}, "none.key", "No such file"},
        {{"--token-keys-file", in_dir("none.keys")}, "none.keys", "No such file"},
        {{"--token-keys-file", in_dir("bad.list")}, "bad.list:2", "HS512"},
        {{"--seal-key-file", in_dir("bad.keys")}, "bad.keys", ""},
        {{"--listen", "udp://127.0.0.1:1"}, "udp://127.0.0.1:1", ""},
        {{"--database", "postgresql://nadie:nada@127.0.0.1:1/nada"}, "127.0.0.1", "1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_refusal(bad[i].more, bad[i].more[0], bad[i].where, bad[i].why);
}
END_TEST

START_TEST(a_database_that_is_behind) {
    fresh_copies();
    write_text("migrations/9998_aun_no.sql", "SELECT 1;\n");
    expect_refusal(NULL, "a database behind by one", "9998", "migrat");
    fresh_copies();
    char url[1024];
    const char *good = up_env("PENDIENTES_DATABASE");
    snprintf(url, sizeof url, "%s%coptions=-csearch_path%%3Dvacio", good, strchr(good, '?') ? '&' : '?');
    expect_refusal((const char *[]){"--database", url, NULL}, "an empty database", "0001", "migrat");
}
END_TEST

START_TEST(taken_ports) {
    fresh_copies();
    char rpc[256];
    snprintf(rpc, sizeof rpc, "%.*s", (int)strcspn(up_env("PENDIENTES_RPC"), ","), up_env("PENDIENTES_RPC"));
    expect_refusal((const char *[]){"--listen", rpc, NULL}, "a taken RPC port", rpc, "in use");
    expect_refusal((const char *[]){"--admin", up_env("PENDIENTES_ADMIN"), NULL}, "a taken admin port",
                   up_env("PENDIENTES_ADMIN"), "in use");
}
END_TEST

/* --- and otherwise it starts --- */

static int free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    getsockname(fd, (struct sockaddr *)&address, &len);
    close(fd);
    return ntohs(address.sin_port);
}

START_TEST(the_unspoiled_copy_starts_and_stops) {
    fresh_copies();
    core *c = malloc(sizeof *c);
    char admin[64];
    snprintf(admin, sizeof admin, "http://127.0.0.1:%d", free_port());
    long long began = up_now();
    serve(c, (const char *[]){"--admin", admin, NULL});
    bool ready = hear(c, "\"msg\":\"ready\"", DEADLINE_MS);
    long long took = up_now() - began;
    kill(c->pid, ready ? SIGTERM : SIGKILL);
    hear(c, NULL, DEADLINE_MS);
    int code = finish(c);
    ck_assert_msg(ready, "not ready: %.500s", c->said);
    ck_assert_msg(code == 0, "SIGTERM ended it with %d: %.500s", code, c->said);
    fprintf(stderr, "a core is ready after %lld ms\n", took);
    free(c);
}
END_TEST

int main(void) {
    up_use();
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/pendientes-startup-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(dir))
        return 2;
    FILE *keys[2] = {fopen(in_dir("token.key"), "w"), fopen(in_dir("seal.keys"), "w")};
    fprintf(keys[0], "clave de prueba, de prueba, de prueba\n");
    fprintf(keys[1], "k1 %064d\n", 7);
    fclose(keys[0]);
    fclose(keys[1]);
    Suite *suite = suite_create("startup");
    TCase *tcase = tcase_create("startup");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, the_unspoiled_copy_starts_and_stops);
    tcase_add_loop_test(tcase, a_spoiled_statement, 0, (int)(sizeof spoiled / sizeof *spoiled));
    tcase_add_test(tcase, files_and_methods_that_do_not_match);
    tcase_add_test(tcase, bad_settings);
    tcase_add_test(tcase, a_database_that_is_behind);
    tcase_add_test(tcase, taken_ports);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    char command[320]; /* (no assertion of Check's may follow its run) */
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return failed || system(command) != 0 ? 1 : 0;
}
