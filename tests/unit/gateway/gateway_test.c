/* The real pendientes-gateway before a core that does what the middle part of the token says (this program again, with
 * --core), over real sockets: HTTP/1.1 and HTTP/2, clear and TLS. */
#include "pendientes/loop.h"
#include "pendientes/service.h"
#include "pendientes/v1/autenticacion.pb-c.h"
#include "pendientes/v1/averias.pb-c.h"

#include <arpa/inet.h>
#include <check.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { PATIENCE_MS = 10000 };

/* --- the core --- */

static bool says(const pd_incoming *call, const char *word) {
    const char *dot = call->token ? memchr(call->token, '.', call->token_len) : NULL;
    return dot && strncmp(dot + 1, word, strlen(word)) == 0 && dot[1 + strlen(word)] == '.';
}

/* What the gateway handed over, as the reply's text. */
static void answer_echo(pd_incoming *call, bool replayed) {
    pd_arena *arena = pd_arena_new();
    const ProtobufCMessageDescriptor *type = call->method->reply->type;
    uint8_t *bytes = pd_arena_alloc(arena, 4096);
    size_t len = 0;
    char *seen = pd_arena_printf(arena, "%s|%s|%s|%s|%s|%d", call->method->name, call->request_id,
                                 call->peer ? call->peer : "", call->key ? call->key : "",
                                 call->traceparent ? call->traceparent : "", call->key_digest != NULL);
    if (type == &pendientes__v1__averia_resp__descriptor) {
        Pendientes__V1__AveriaResp reply = PENDIENTES__V1__AVERIA_RESP__INIT;
        reply.has_id = true;
        reply.id = 42;
        reply.descripcion_falla = seen;
        len = pendientes__v1__averia_resp__pack(&reply, bytes);
    } else if (type == &pendientes__v1__validar_token_resp__descriptor) {
        Pendientes__V1__ValidarTokenResp reply = PENDIENTES__V1__VALIDAR_TOKEN_RESP__INIT;
        reply.texto = (char *)"Token válido y usuario activo";
        len = pendientes__v1__validar_token_resp__pack(&reply, bytes);
    }
    pd_incoming_answer(call, NULL, bytes, len, replayed);
    pd_arena_free(arena);
}

static void on_call(void *arg, pd_incoming *call) {
    (void)arg;
    static const struct {
        const char *word;
        pd_status status;
    } refusals[] = {
        {"malo", {.code = PD_UNAUTHENTICATED, .message = "Token inválido"}},
        {"prohibido", {.code = PD_PERMISSION_DENIED, .message = "No tienes permisos"}},
        {"falta", {.code = PD_NOT_FOUND, .message = "Avería no encontrada"}},
        {"muchos", {.code = PD_RESOURCE_EXHAUSTED, .message = "Demasiados intentos", .retry_ms = 30500}},
        {"enVuelo", {.code = PD_ABORTED, .message = "En curso", .retry_ms = 1500}},
        {"otroCuerpo", {.code = PD_INVALID_ARGUMENT, .message = "Otro cuerpo", .reason = PD_REASON_OTHER_BODY}},
        {"desconocido", {.code = PD_UNKNOWN, .message = "Resultado desconocido"}},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (says(call, refusals[i].word) && (!call->probe || refusals[i].status.code == PD_UNAUTHENTICATED)) {
            pd_incoming_answer(call, &refusals[i].status, NULL, 0, false);
            return;
        }
    if (call->probe)
        pd_incoming_answer(call, NULL, NULL, 0, false);
    else if (says(call, "basura"))
        pd_incoming_answer(call, NULL, (const uint8_t *)"\xff\xff\xff", 3, false);
    else if (!says(call, "espera")) /* who waits is never answered */
        answer_echo(call, says(call, "repetida"));
}

static int core_main(const char *url) {
    const char *error = NULL;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pd_loop *loop = pd_loop_new();
    pd_service_options options = {.listen = url, .call = on_call};
    if (!pd_service_listen(loop, &options, &error)) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    pd_loop_run(loop);
    return 0;
}

/* --- processes --- */

static char dir[] = "/tmp/gateway_test_XXXXXX";
static char gateway_path[4096], self_path[4096];
static pid_t core, clear, tls;
static int clear_port, clear_admin, tls_port, tls_admin;

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    getsockname(fd, (struct sockaddr *)&address, &len);
    close(fd);
    return ntohs(address.sin_port);
}

static pid_t spawn(const char *const *argv, const char *log) {
    pid_t pid;
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    if (log)
        posix_spawn_file_actions_addopen(&files, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ck_assert_int_eq(posix_spawn(&pid, argv[0], &files, NULL, (char *const *)argv, environ), 0);
    posix_spawn_file_actions_destroy(&files);
    return pid;
}

static void in_dir(char out[256], const char *name) {
    snprintf(out, 256, "%s/%s", dir, name);
}

static pid_t start_gateway(int *port, int *admin, const char *const *more) {
    char url[256], listen_at[64], admin_at[64], log[256];
    /* Whatever becomes of the test, its gateways do not stay. */
    const char *argv[24] = {"/usr/bin/setpriv", "--pdeathsig", "KILL",    gateway_path, "--cores", url,
                            "--listen",         listen_at,     "--admin", admin_at};
    size_t n = 10;
    *port = free_port();
    *admin = free_port();
    snprintf(url, sizeof url, "ipc://%s/core.ipc", dir);
    snprintf(listen_at, sizeof listen_at, "127.0.0.1:%d", *port);
    snprintf(admin_at, sizeof admin_at, "127.0.0.1:%d", *admin);
    in_dir(log, "log");
    while (more && *more)
        argv[n++] = *more++;
    return spawn(argv, log);
}

static void make_certificate(const char *cert_path, const char *key_path) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1,
                               -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509_sign(cert, key, EVP_sha256());
    FILE *out = fopen(cert_path, "w");
    PEM_write_X509(out, cert);
    fclose(out);
    out = fopen(key_path, "w");
    PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
    fclose(out);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* --- requests --- */

typedef struct answer {
    long status, version; /* CURL_HTTP_VERSION_… */
    CURLcode code;
    char body[256 << 10], headers[16 << 10];
    size_t len, headers_len;
} answer;

typedef struct request {
    const char *verb, *path, *token, *type, *body;
    const char *headers[8];
    bool http2, tls, admin;
    size_t body_len; /* 0: strlen */
    long timeout_ms;
} request;

static size_t append(char *to, size_t *len, size_t room, const char *bytes, size_t n) {
    size_t take = *len + n < room ? n : room - 1 - *len;
    memcpy(to + *len, bytes, take);
    *len += take;
    to[*len] = '\0';
    return n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *to) {
    answer *a = to;
    return append(a->body, &a->len, sizeof a->body, bytes, size * n);
}

static size_t on_header(char *bytes, size_t size, size_t n, void *to) {
    answer *a = to;
    return append(a->headers, &a->headers_len, sizeof a->headers, bytes, size * n);
}

static struct curl_slist *header_list(const request *r) {
    char line[512];
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    if (r->token) {
        snprintf(line, sizeof line, "Authorization: Bearer h.%s.s", r->token);
        list = curl_slist_append(list, line);
    }
    snprintf(line, sizeof line, r->type ? "Content-Type: %s" : "Content-Type:", r->type);
    list = curl_slist_append(list, line);
    for (size_t i = 0; i < 8 && r->headers[i]; i++)
        list = curl_slist_append(list, r->headers[i]);
    return list;
}

static answer *ask(const request *r) {
    static answer a;
    char url[8192];
    CURL *curl = curl_easy_init();
    struct curl_slist *list = header_list(r);
    memset(&a, 0, sizeof a);
    int port = r->admin ? (r->tls ? tls_admin : clear_admin) : r->tls ? tls_port : clear_port;
    snprintf(url, sizeof url, "%s://127.0.0.1:%d%s", r->tls && !r->admin ? "https" : "http", port, r->path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->verb ? r->verb : "GET");
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, r->timeout_ms ? r->timeout_ms : PATIENCE_MS);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
                     !r->http2 ? CURL_HTTP_VERSION_1_1
                     : r->tls  ? CURL_HTTP_VERSION_2TLS
                               : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
    if (r->verb && strcmp(r->verb, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (r->body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)(r->body_len ? r->body_len : strlen(r->body)));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r->body);
    }
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &a);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &a);
    a.code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &a.status);
    curl_easy_getinfo(curl, CURLINFO_HTTP_VERSION, &a.version);
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    return &a;
}

#define ASK(...) ask(&(request){__VA_ARGS__})
#define HAS(answer_, text_)                                                                                            \
    ck_assert_msg(strstr((answer_)->body, (text_)) != NULL, "%s is not in %s", (text_), (answer_)->body)

/* A header line "name: value", the name in any case. */
static bool has_header(const answer *a, const char *line) {
    for (const char *at = a->headers; *at;) {
        size_t len = strcspn(at, "\r\n");
        if (strncasecmp(at, line, len > strlen(line) ? len : strlen(line)) == 0)
            return true;
        at += len + strspn(at + len, "\r\n");
    }
    return false;
}

#define HEADER(answer_, line_) ck_assert_msg(has_header(answer_, line_), "no %s in\n%s", (line_), (answer_)->headers)
#define NO_HEADER(answer_, name_)                                                                                      \
    ck_assert_msg(!strcasestr((answer_)->headers, name_), "%s in\n%s", (name_), (answer_)->headers)

static long metric(const char *line) {
    answer *a = ASK(.path = "/metrics", .admin = true);
    const char *at = strstr(a->body, line);
    return at ? strtol(at + strlen(line), NULL, 10) : 0;
}

static bool becomes(const char *line, long value) {
    for (uint64_t until = now_ms() + PATIENCE_MS; now_ms() < until; usleep(2000))
        if (metric(line) == value)
            return true;
    return false;
}

static void await_ready(bool of_tls) {
    for (uint64_t until = now_ms() + PATIENCE_MS; now_ms() < until; usleep(5000))
        if (ASK(.path = "/ready", .admin = true, .tls = of_tls)->status == 200)
            return;
    ck_abort_msg("not ready");
}

/* Bytes as they are; all that comes back until the connection closes or falls silent. */
static size_t ask_raw(const void *bytes, size_t len, char *out, size_t room, int silence_ms) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)clear_port)};
    struct timeval silence = {silence_ms / 1000, silence_ms % 1000 * 1000};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t n = 0;
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
    for (size_t sent = 0; sent < len;) {
        ssize_t once = send(fd, (const char *)bytes + sent, len - sent, MSG_NOSIGNAL);
        if (once <= 0)
            break;
        sent += (size_t)once;
    }
    for (ssize_t got; n + 1 < room && (got = recv(fd, out + n, room - 1 - n, 0)) > 0;)
        n += (size_t)got;
    out[n] = '\0';
    close(fd);
    return n;
}

static const char *raw(const char *text) {
    static char out[64 << 10];
    ask_raw(text, strlen(text), out, sizeof out, PATIENCE_MS);
    return out;
}

/* --- fixture --- */

static void start_all(void) {
    char url[256], cert[256], key[256];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ssize_t len = readlink("/proc/self/exe", self_path, sizeof self_path - 1);
    ck_assert_int_gt(len, 0);
    snprintf(gateway_path, sizeof gateway_path, "%.*s/../gateway/pendientes-gateway",
             (int)(strrchr(self_path, '/') - self_path), self_path);
    in_dir(cert, "cert.pem");
    in_dir(key, "key.pem");
    make_certificate(cert, key);
    snprintf(url, sizeof url, "ipc://%s/core.ipc", dir);
    core = spawn((const char *const[]){self_path, "--core", url, NULL}, NULL);
    clear = start_gateway(&clear_port, &clear_admin, (const char *const[]){"--drain", "3s", NULL});
    tls = start_gateway(&tls_port, &tls_admin,
                        (const char *const[]){"--tls-cert", cert, "--tls-key", key, "--envelope", NULL});
    await_ready(false);
    await_ready(true);
}

static int end(pid_t pid, int how) {
    int status = 0;
    kill(pid, how);
    waitpid(pid, &status, 0);
    return status;
}

static void stop_all(void) {
    static const char *const files[] = {"core.ipc", "cert.pem", "key.pem", "log"};
    int first = end(clear, SIGTERM), second = end(tls, SIGTERM);
    end(core, SIGKILL);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[256];
        in_dir(path, files[i]);
        unlink(path);
    }
    rmdir(dir);
    ck_assert_int_eq(first, 0);
    ck_assert_int_eq(second, 0);
}

/* --- answers --- */

#define AVERIA "/api/pendientes/42/averia"

START_TEST(test_read) {
    answer *a = ASK(.path = AVERIA, .token = "ok", .http2 = _i, .headers = {"X-Request-Id: abc.1"});
    ck_assert_int_eq(a->status, 200);
    ck_assert_int_eq(a->version, _i ? CURL_HTTP_VERSION_2_0 : CURL_HTTP_VERSION_1_1);
    ck_assert_str_eq(a->body, "{\"id\":42,\"pendienteId\":null,\"descripcionFalla\":\"Obtener|abc.1|127.0.0.1|||0\","
                              "\"vlan\":null,\"ppoe\":null,\"ppoePassword\":null}");
    HEADER(a, "content-type: application/json");
    HEADER(a, "x-request-id: abc.1");
    HEADER(a, "x-content-type-options: nosniff");
    HEADER(a, "cache-control: no-store");
    HEADER(a, "vary: Authorization, Accept");
    NO_HEADER(a, "transfer-encoding");
    NO_HEADER(a, "\nserver:");
}
END_TEST

START_TEST(test_request_id_and_trace) {
    answer *a = ASK(.path = AVERIA, .token = "ok",
                    .headers = {"X-Request-Id: not valid", "X-Forwarded-For: 9.9.9.9",
                                "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"});
    ck_assert_int_eq(a->status, 200);
    HAS(a, "|127.0.0.1||00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01|0");
    const char *id = strcasestr(a->headers, "x-request-id: ");
    ck_assert_ptr_nonnull(id);
    ck_assert_uint_eq(strcspn(id + 14, "\r"), 22);
}
END_TEST

START_TEST(test_head) {
    answer *a = ASK(.verb = "HEAD", .path = AVERIA, .token = "ok", .http2 = _i);
    ck_assert_int_eq(a->status, 200);
    ck_assert_uint_eq(a->len, 0);
    const char *length = strcasestr(a->headers, "content-length: ");
    ck_assert_ptr_nonnull(length);
    ck_assert_int_gt(atoi(length + 16), 50);
    a = ASK(.verb = "HEAD", .path = "/nada", .http2 = _i);
    ck_assert_int_eq(a->status, 404);
    ck_assert_uint_eq(a->len, 0);
}
END_TEST

START_TEST(test_text) {
    answer *a = ASK(.path = "/auth/validar-token", .token = "ok");
    ck_assert_int_eq(a->status, 200);
    HEADER(a, "content-type: text/plain;charset=UTF-8");
    ck_assert_str_eq(a->body, "Token válido y usuario activo");
    ck_assert_int_eq(ASK(.path = "/auth/validar-token", .token = "ok", .headers = {"Accept: text/plain"})->status, 200);
    a = ASK(.path = "/auth/validar-token", .token = "ok", .tls = true);
    ck_assert_str_eq(a->body, "Token válido y usuario activo");
}
END_TEST

START_TEST(test_cacheable_read) {
    answer *a = ASK(.path = "/api/pendientes/42", .token = "ok");
    ck_assert_int_eq(a->status, 200);
    HEADER(a, "cache-control: private, no-cache");
}
END_TEST

START_TEST(test_key) {
    answer *a = ASK(.verb = "POST", .path = "/api/pendientes/averia", .token = "repetida", .type = "application/json",
                    .body = "{\"pendienteId\":42,\"descripcionFalla\":\"x\"}", .headers = {"Idempotency-Key: \"k-1\""});
    ck_assert_int_eq(a->status, 200);
    HEADER(a, "idempotency-replayed: true");
    HAS(a, "|k-1||1");
    a = ASK(.verb = "PUT", .path = AVERIA, .token = "ok", .headers = {"Idempotency-Key: k-1"});
    ck_assert_int_eq(a->status, 200);
    HAS(a, "||0\"");
    NO_HEADER(a, "idempotency-replayed");
}
END_TEST

static const char openapi_start[] = "{";

START_TEST(test_pages) {
    static const char *const paths[] = {"/openapi.json", "/openapi.json/", "/v3/api-docs", "/v3/api-docs?x=1"};
    for (size_t i = 0; i < 4; i++) {
        answer *a = ASK(.path = paths[i], .tls = i & 1);
        ck_assert_int_eq(a->status, 200);
        HEADER(a, "content-type: application/json");
        ck_assert_uint_eq(a->len, pd_openapi_len);
        ck_assert_mem_eq(a->body, openapi_start, 1);
    }
    answer *a = ASK(.verb = "DELETE", .path = "/openapi.json");
    ck_assert_int_eq(a->status, 405);
    HEADER(a, "allow: GET, HEAD");
}
END_TEST

/* --- refusals --- */

static char big[8 << 20];

#define POST_AVERIA .verb = "POST", .path = "/api/pendientes/averia", .type = "application/json"

/* Each deserves its status and, where it stands beside an earlier one, not the later. */
static const struct {
    request request;
    int status;
    const char *code, *text;
} refusals[] = {
    {{.path = "/nada"}, 404, "NOT_FOUND", "La ruta no existe"},
    {{.path = "/api/pendientes/../auth", .token = "ok"}, 404, "NOT_FOUND", "ruta"},
    {{.verb = "DELETE", .path = "/api/pendientes/traslado/"}, 405, "UNIMPLEMENTED", "método"},
    {{.verb = "DELETE", .path = AVERIA, .body = big, .body_len = 2 << 20}, 405, "UNIMPLEMENTED", "método"},
    {{POST_AVERIA, .body = big, .body_len = 2 << 20}, 413, "INVALID_ARGUMENT", "demasiado grande"},
    {{.path = AVERIA}, 401, "UNAUTHENTICATED", "Falta el token"},
    {{.path = AVERIA, .headers = {"Authorization: Bearer x"}}, 401, "UNAUTHENTICATED", "forma"},
    {{.path = AVERIA, .headers = {"Authorization: Bearer a.ok.c", "Authorization: Bearer a.ok.c"}},
     401,
     "UNAUTHENTICATED",
     "forma"},
    {{.path = AVERIA, .token = "malo"}, 401, "UNAUTHENTICATED", "Token inválido"},
    {{POST_AVERIA, .token = "malo", .body = "{"}, 401, "UNAUTHENTICATED", "Token inválido"},
    {{.verb = "POST", .path = "/api/pendientes/averia", .token = "malo", .type = "text/plain", .body = "x"},
     401,
     "UNAUTHENTICATED",
     "Token inválido"},
    {{.verb = "POST", .path = "/api/pendientes/averia", .token = "ok", .type = "text/plain", .body = "{"},
     415,
     "INVALID_ARGUMENT",
     "application/json"},
    {{.verb = "POST", .path = "/api/pendientes/averia", .token = "prohibido", .body = "{}"},
     415,
     "INVALID_ARGUMENT",
     "application/json"},
    {{.verb = "POST",
      .path = "/api/pendientes/averia",
      .token = "ok",
      .type = "application/x-www-form-urlencoded",
      .body = "a=1"},
     415,
     "INVALID_ARGUMENT",
     "application/json"},
    {{.path = "/api/pendientes/x/averia", .token = "ok", .headers = {"Accept: text/html"}},
     406,
     "INVALID_ARGUMENT",
     "application/json"},
    {{POST_AVERIA, .token = "prohibido", .body = "{}"}, 400, "INVALID_ARGUMENT", "\"field\":\"descripcionFalla\""},
    {{POST_AVERIA, .token = "ok", .body = "{\"pendienteId\":1,\"descripcionFalla\":"},
     400,
     "INVALID_ARGUMENT",
     "descripcionFalla"},
    {{POST_AVERIA, .token = "ok", .body = "\xEF\xBB\xBF{}"}, 400, "INVALID_ARGUMENT", "\"errors\":["},
    {{POST_AVERIA, .token = "ok"}, 400, "INVALID_ARGUMENT", "\"field\":\"pendienteId\""},
    {{.path = "/api/pendientes/abc/averia", .token = "ok"}, 400, "INVALID_ARGUMENT", "\"field\":\"pendienteId\""},
    {{.path = AVERIA, .token = "ok", .headers = {"Grpc-Timeout: pronto"}}, 400, "INVALID_ARGUMENT", "Grpc-Timeout"},
    {{POST_AVERIA, .token = "ok", .body = "{\"pendienteId\":1,\"descripcionFalla\":\"x\"}",
      .headers = {"Idempotency-Key: a b"}},
     400,
     "INVALID_ARGUMENT",
     "Idempotency-Key"},
    {{.verb = "PUT", .path = AVERIA "/vlan?vlan=1&vlan=2", .token = "ok"}, 400, "INVALID_ARGUMENT", "repetido"},
    {{.path = AVERIA, .token = "prohibido"}, 403, "PERMISSION_DENIED", "No tienes permisos"},
    {{.path = AVERIA, .token = "falta"}, 404, "NOT_FOUND", "Avería no encontrada"},
    {{.path = AVERIA, .token = "otroCuerpo"}, 422, "INVALID_ARGUMENT", "Otro cuerpo"},
    {{.path = AVERIA, .token = "desconocido"}, 500, "UNKNOWN", "desconocido"},
    {{.path = AVERIA, .token = "basura"}, 500, "INTERNAL", "no se entiende"},
    {{.path = AVERIA, .token = "espera", .headers = {"Grpc-Timeout: 50m"}}, 504, "DEADLINE_EXCEEDED", "plazo"},
    {{.verb = "POST", .path = "/auth", .type = "application/json", .body = "{\"dni\":1}"},
     400,
     "INVALID_ARGUMENT",
     "\"field\":\"password\""},
};

static void check_refusal(const request *sent, int status, const char *code, const char *text) {
    char coded[64];
    answer *a = ask(sent);
    ck_assert_msg(a->status == status, "%s: %ld, not %d: %s", sent->path, a->status, status, a->body);
    HEADER(a, "content-type: application/problem+json");
    snprintf(coded, sizeof coded, "\"code\":\"%s\"", code);
    HAS(a, coded);
    HAS(a, text);
    HAS(a, "\"type\":\"about:blank\"");
    if (status == 401)
        HEADER(a, "www-authenticate: Bearer");
}

START_TEST(test_refusals) {
    request sent = refusals[_i].request;
    check_refusal(&sent, refusals[_i].status, refusals[_i].code, refusals[_i].text);
    sent.http2 = true;
    check_refusal(&sent, refusals[_i].status, refusals[_i].code, refusals[_i].text);
}
END_TEST

START_TEST(test_all_field_errors_together) {
    answer *a = ASK(POST_AVERIA, .token = "ok", .body = "{\"pendienteId\":\"x\",\"descripcionFalla\":5}",
                    .headers = {"Grpc-Timeout: x", "Idempotency-Key: "});
    ck_assert_int_eq(a->status, 400);
    HAS(a, "\"field\":\"pendienteId\"");
    HAS(a, "\"field\":\"descripcionFalla\"");
    HAS(a, "\"field\":\"Grpc-Timeout\"");
}
END_TEST

START_TEST(test_allow_and_retry_after) {
    HEADER(ASK(.verb = "DELETE", .path = "/api/pendientes/traslado"), "allow: POST, PUT");
    HEADER(ASK(.path = AVERIA, .token = "muchos"), "retry-after: 31");
    HEADER(ASK(.path = AVERIA, .token = "enVuelo"), "retry-after: 2");
}
END_TEST

START_TEST(test_aliases_and_slashes) {
    static const char *const paths[] = {
        "/api/pendientes/42/averia/vlan?vlan=7",          "/api/pendientes/42/averia/vlan/?vlan=7",
        "/api/pendientes/42/averia%C2%BF/vlan?vlan=7",    "/api/pendientes/42/averia%c2%bf/vlan?vlan=7",
        "/api/pendientes/42/averia\xC2\xBF/vlan?vlan=7",  "/api/pendientes/%34%32/averia/vlan?vlan=%37",
        "/api/pendientes/42/averia\xC2\xBF/vlan/?vlan=7",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        answer *a = ASK(.verb = "PUT", .path = paths[i], .token = "ok", .http2 = i & 1);
        ck_assert_msg(a->status == 200, "%s: %ld %s", paths[i], a->status, a->body);
        HAS(a, "AsignarVlan|");
    }
}
END_TEST

START_TEST(test_form_body) {
    answer *a = ASK(.verb = "PUT", .path = AVERIA "/ppoe", .token = "ok", .type = "application/x-www-form-urlencoded",
                    .body = "ppoeUser=u&ppoePassword=p%40+1");
    ck_assert_int_eq(a->status, 200);
    HAS(a, "AsignarPpoe|");
}
END_TEST

/* --- the envelope --- */

START_TEST(test_envelope) {
    answer *a = ASK(.path = AVERIA, .token = "ok", .headers = {"Accept: application/json; profile=\"envelope\""});
    ck_assert_int_eq(a->status, 200);
    HEADER(a, "content-type: application/json");
    ck_assert_msg(strncmp(a->body, "{\"success\":true,\"code\":200,\"message\":\"", 37) == 0, "%s", a->body);
    HAS(a, ",\"data\":{\"id\":42,");
    a = ASK(.path = "/nada", .headers = {"Accept: application/json; profile=envelope"});
    ck_assert_int_eq(a->status, 404);
    HEADER(a, "content-type: application/json");
    ck_assert_str_eq(a->body, "{\"success\":false,\"code\":404,\"message\":\"La ruta no existe\",\"data\":null}");
}
END_TEST

/* The TLS gateway has envelope = on. */
START_TEST(test_envelope_by_default) {
    answer *a = ASK(.path = AVERIA, .token = "falta", .tls = true, .http2 = true);
    ck_assert_int_eq(a->version, CURL_HTTP_VERSION_2_0);
    ck_assert_str_eq(a->body, "{\"success\":false,\"code\":404,\"message\":\"Avería no encontrada\",\"data\":null}");
    a = ASK(.path = AVERIA, .token = "ok", .tls = true);
    ck_assert_int_eq(a->version, CURL_HTTP_VERSION_1_1);
    HAS(a, "{\"success\":true,");
    a = ASK(.path = AVERIA, .token = "ok", .tls = true, .headers = {"Accept: application/json; profile=\"bare\""});
    HAS(a, "{\"id\":42,");
    a = ASK(.path = AVERIA, .token = "falta", .tls = true, .headers = {"Accept: application/json; profile=\"bare\""});
    HEADER(a, "content-type: application/problem+json");
}
END_TEST

/* --- what libcurl does not send --- */

static const struct {
    const char *request, *status;
} oddities[] = {
    {"GET /openapi.json HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1 400"},
    {"GET /openapi.json HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", "HTTP/1.1 400"},
    {"GET openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 400"},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 400"},
    {"GET http://a/nada HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 404"},
    {"HEAD http://a/openapi.json?x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 200"},
    {"GET http://a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 400"},
    {"BREW /auth HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 405"},
    {"GET /api/pendientes/42%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 404"},
    {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 400"},
    {"nonsense\r\n\r\n", "HTTP/1.1 400"},
};

START_TEST(test_oddities) {
    const char *got = raw(oddities[_i].request);
    ck_assert_msg(strncmp(got, oddities[_i].status, strlen(oddities[_i].status)) == 0, "%s gives %s",
                  oddities[_i].request, got);
}
END_TEST

START_TEST(test_large_headers) {
    static char text[64 << 10];
    int n = sprintf(text, "GET /auth HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Filler: ");
    memset(text + n, 'x', 40 << 10);
    strcpy(text + n + (40 << 10), "\r\n\r\n");
    const char *got = raw(text);
    ck_assert_msg(strncmp(got, "HTTP/1.1 431", 12) == 0, "%.200s", got);
    ck_assert_ptr_nonnull(strstr(got, "\"code\":\"INVALID_ARGUMENT\""));
}
END_TEST

/* Past what h2o reads at all. */
START_TEST(test_huge_body) {
    char head[256], out[4096];
    int n = snprintf(head, sizeof head,
                     "POST /auth HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
                     100 << 20);
    ask_raw(head, (size_t)n, out, sizeof out, PATIENCE_MS);
    ck_assert_msg(strncmp(out, "HTTP/1.1 413", 12) == 0, "%s", out);
}
END_TEST

START_TEST(test_pipelined) {
    const char *got =
        raw("GET /nada HTTP/1.1\r\nHost: a\r\n\r\nGET /auth HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const char *first = strstr(got, "HTTP/1.1 404"), *second = strstr(got, "HTTP/1.1 405");
    ck_assert(first && second && first < second);
}
END_TEST

/* --- clients that go away --- */

#define GONE                                                                                                           \
    "pendientes_http_requests_total{method=\"GET\",route=\"/api/pendientes/{pendiente_id}/averia\",status=\"499\"} "
#define IN_FLIGHT "\npendientes_http_requests_in_flight "

START_TEST(test_client_gone_http2) {
    long before = metric(GONE);
    answer *a = ASK(.path = AVERIA, .token = "espera", .http2 = true, .timeout_ms = 100);
    ck_assert_int_eq(a->code, CURLE_OPERATION_TIMEDOUT);
    ck_assert(becomes(GONE, before + 1));
    ck_assert(becomes(IN_FLIGHT, 0));
    ck_assert_int_eq(ASK(.path = AVERIA, .token = "ok")->status, 200);
}
END_TEST

/* h2o hears of it only when it writes the answer: the deadline's. */
START_TEST(test_client_gone_http1) {
    answer *a = ASK(.path = AVERIA, .token = "espera", .timeout_ms = 50, .headers = {"Grpc-Timeout: 200m"});
    ck_assert_int_eq(a->code, CURLE_OPERATION_TIMEDOUT);
    ck_assert(becomes(IN_FLIGHT, 0));
    ck_assert_int_eq(ASK(.path = AVERIA, .token = "ok")->status, 200);
}
END_TEST

static size_t put_frame(uint8_t *to, uint8_t type, uint8_t flags, uint32_t stream, const void *payload, size_t len) {
    const uint8_t head[9] = {
        (uint8_t)(len >> 16),    (uint8_t)(len >> 8),     (uint8_t)len,           type,           flags,
        (uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream};
    memcpy(to, head, 9);
    memcpy(to + 9, payload, len);
    return 9 + len;
}

/* GET with path, authority and a token, in HPACK without Huffman or index. */
static size_t put_headers(uint8_t *to, const char *path, const char *token) {
    size_t n = 0;
    to[n++] = 0x82; /* :method GET */
    to[n++] = 0x86; /* :scheme http */
    to[n++] = 0x04; /* :path */
    to[n++] = (uint8_t)strlen(path);
    memcpy(to + n, path, strlen(path));
    n += strlen(path);
    memcpy(to + n,
           "\x01\x01"
           "a",
           3); /* :authority */
    n += 3;
    memcpy(to + n, "\x0f\x08", 2); /* authorization */
    n += 2;
    to[n++] = (uint8_t)strlen(token);
    memcpy(to + n, token, strlen(token));
    return n + strlen(token);
}

static char frames[4 << 20], frames_back[1 << 20];

static size_t put_preface(uint8_t *to) {
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    memcpy(to, preface, sizeof preface - 1);
    return sizeof preface - 1 + put_frame(to + sizeof preface - 1, 4, 0, 0, "", 0);
}

START_TEST(test_rapid_reset) {
    uint8_t block[256], *at = (uint8_t *)frames;
    long before = metric("\npendientes_http_connections_cut_total ");
    size_t len = put_headers(block, AVERIA, "Bearer h.espera.s"), n = put_preface(at);
    for (uint32_t i = 0; i < 20000; i++) {
        n += put_frame(at + n, 1, 0x5, 2 * i + 1, block, len);
        n += put_frame(at + n, 3, 0, 2 * i + 1, "\0\0\0\x8", 4);
    }
    uint64_t since = now_ms();
    ask_raw(frames, n, frames_back, sizeof frames_back, PATIENCE_MS);
    ck_assert_uint_lt(now_ms() - since, PATIENCE_MS); /* it was closed, not silent */
    ck_assert_int_eq(metric("\npendientes_http_connections_cut_total "), before + 1);
    ck_assert(becomes(IN_FLIGHT, 0));
    ck_assert_int_lt(metric(GONE), 10000);
    ck_assert_int_eq(ASK(.path = AVERIA, .token = "ok")->status, 200);
}
END_TEST

START_TEST(test_empty_path) {
    uint8_t block[256], *at = (uint8_t *)frames;
    size_t n = put_preface(at), len = put_headers(block, "", "Bearer h.ok.s");
    n += put_frame(at + n, 1, 0x5, 1, block, len);
    size_t got = ask_raw(frames, n, frames_back, sizeof frames_back, 500);
    bool reset = false;
    for (size_t i = 0; i + 9 <= got;) {
        const uint8_t *head = (const uint8_t *)frames_back + i;
        if (head[3] == 3 && head[8] == 1)
            reset = true;
        i += 9 + ((size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2]);
    }
    ck_assert_msg(reset, "no RST_STREAM in %zu bytes", got);
}
END_TEST

/* --- the process --- */

START_TEST(test_admin) {
    ck_assert_int_eq(ASK(.path = "/live", .admin = true)->status, 200);
    ck_assert_int_eq(ASK(.path = "/ready", .admin = true)->status, 200);
    ck_assert_int_eq(ASK(.path = AVERIA, .admin = true, .token = "ok")->status, 404);
    ck_assert_int_eq(ASK(.verb = "POST", .path = "/live", .admin = true, .body = "x")->status, 405);
    ck_assert_int_eq(ASK(.path = "/metrics")->status, 404);
    ASK(.path = AVERIA, .token = "ok");
    answer *a = ASK(.path = "/metrics", .admin = true);
    HAS(a, "pendientes_http_requests_total{method=\"GET\",route=\"/api/pendientes/{pendiente_id}/"
           "averia\",status=\"200\"}");
    HAS(a,
        "pendientes_http_request_seconds_bucket{method=\"GET\",route=\"/api/pendientes/{pendiente_id}/averia\",le=\"");
    HAS(a, "process_cpu_seconds_total");
}
END_TEST

/* No query, no value, no token; the template instead of the path. */
START_TEST(test_access_log) {
    char path[256], line[4096];
    bool found = false;
    ASK(.verb = "PUT", .path = "/api/pendientes/4242/averia/ppoe?ppoeUser=quien&ppoePassword=secreta99", .token = "ok",
        .headers = {"X-Request-Id: log-1"});
    in_dir(path, "log");
    for (uint64_t until = now_ms() + PATIENCE_MS; !found && now_ms() < until; usleep(2000)) {
        FILE *log = fopen(path, "r");
        ck_assert_ptr_nonnull(log);
        while (fgets(line, sizeof line, log)) {
            ck_assert_ptr_null(strstr(line, "secreta99"));
            ck_assert_ptr_null(strstr(line, "4242"));
            ck_assert_ptr_null(strstr(line, "h.ok.s"));
            if (!strstr(line, "\"request_id\":\"log-1\""))
                continue;
            found = true;
            ck_assert_ptr_nonnull(strstr(line,
                                         "\"method\":\"PUT\",\"route\":\"/api/pendientes/{pendiente_id}/averia/ppoe\","
                                         "\"status\":200,\"ms\":"));
        }
        fclose(log);
    }
    ck_assert(found);
}
END_TEST

/* SIGTERM: what is under way is answered, nobody new gets in, and it ends by itself. */
START_TEST(test_drain) {
    int port, admin, status;
    pid_t pid = start_gateway(&port, &admin, (const char *const[]){"--drain", "5s", NULL});
    int kept_port = clear_port, kept_admin = clear_admin;
    clear_port = port;
    clear_admin = admin;
    await_ready(false);
    pid_t asker = fork();
    if (asker == 0) {
        answer *a = ASK(.path = AVERIA, .token = "espera", .headers = {"Grpc-Timeout: 700m"});
        _exit(a->status == 504 && has_header(a, "connection: keep-alive") ? 0 : 1);
    }
    ck_assert(becomes(IN_FLIGHT, 1));
    kill(pid, SIGTERM);
    waitpid(asker, &status, 0);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(ASK(.path = "/openapi.json")->code, CURLE_COULDNT_CONNECT);
    waitpid(pid, &status, 0);
    ck_assert_int_eq(status, 0);
    clear_port = kept_port;
    clear_admin = kept_admin;
}
END_TEST

START_TEST(test_taken_port_is_one_line) {
    char log[256], listen_at[64], text[1024] = "", url[256];
    int status, port = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    ck_assert_int_eq(bind(port, (struct sockaddr *)&address, len), 0);
    listen(port, 1);
    getsockname(port, (struct sockaddr *)&address, &len);
    in_dir(log, "taken");
    snprintf(url, sizeof url, "ipc://%s/core.ipc", dir);
    snprintf(listen_at, sizeof listen_at, "127.0.0.1:%d", ntohs(address.sin_port));
    pid_t pid = spawn((const char *const[]){gateway_path, "--cores", url, "--listen", listen_at, NULL}, log);
    waitpid(pid, &status, 0);
    FILE *in = fopen(log, "r");
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    unlink(log);
    close(port);
    ck_assert_int_ne(status, 0);
    ck_assert_ptr_nonnull(strstr(text, listen_at));
    ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}
END_TEST

static Suite *all_tests(void) {
    Suite *suite = suite_create("gateway/gateway");
    TCase *tests = tcase_create("gateway");
    tcase_set_timeout(tests, 60);
    tcase_add_unchecked_fixture(tests, start_all, stop_all);
    tcase_add_loop_test(tests, test_read, 0, 2);
    tcase_add_test(tests, test_request_id_and_trace);
    tcase_add_loop_test(tests, test_head, 0, 2);
    tcase_add_test(tests, test_text);
    tcase_add_test(tests, test_cacheable_read);
    tcase_add_test(tests, test_key);
    tcase_add_test(tests, test_pages);
    tcase_add_loop_test(tests, test_refusals, 0, sizeof refusals / sizeof *refusals);
    tcase_add_test(tests, test_all_field_errors_together);
    tcase_add_test(tests, test_allow_and_retry_after);
    tcase_add_test(tests, test_aliases_and_slashes);
    tcase_add_test(tests, test_form_body);
    tcase_add_test(tests, test_envelope);
    tcase_add_test(tests, test_envelope_by_default);
    tcase_add_loop_test(tests, test_oddities, 0, sizeof oddities / sizeof *oddities);
    tcase_add_test(tests, test_large_headers);
    tcase_add_test(tests, test_huge_body);
    tcase_add_test(tests, test_pipelined);
    tcase_add_test(tests, test_client_gone_http2);
    tcase_add_test(tests, test_client_gone_http1);
    tcase_add_test(tests, test_rapid_reset);
    tcase_add_test(tests, test_empty_path);
    tcase_add_test(tests, test_admin);
    tcase_add_test(tests, test_access_log);
    tcase_add_test(tests, test_drain);
    tcase_add_test(tests, test_taken_port_is_one_line);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--core") == 0)
        return core_main(argv[2]);
    memset(big, 'x', sizeof big);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    SRunner *runner = srunner_create(all_tests());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
