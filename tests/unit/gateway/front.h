/* front: the real pendientes-gateway before a core that does what the middle part of the token says (the test's program
 * again, with --core), and requests to it: through libcurl, and byte by byte. */
#ifndef TESTS_GATEWAY_FRONT_H
#define TESTS_GATEWAY_FRONT_H

#include "pendientes/loop.h"
#include "pendientes/service.h"
#include "pendientes/v1/autenticacion.pb-c.h"
#include "pendientes/v1/averias.pb-c.h"
#include "pendientes/v1/pendientes.pb-c.h"

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

static inline bool says(const pd_incoming *call, const char *word) {
    const char *dot = call->token ? memchr(call->token, '.', call->token_len) : NULL;
    return dot && strncmp(dot + 1, word, strlen(word)) == 0 && dot[1 + strlen(word)] == '.';
}

/* What the gateway handed over, as the reply's text. */
static inline void answer_echo(pd_incoming *call, bool replayed) {
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
    } else if (type == &pendientes__v1__pendiente_resp__descriptor) {
        Pendientes__V1__PendienteResp reply = PENDIENTES__V1__PENDIENTE_RESP__INIT;
        reply.direccion = seen;
        len = pendientes__v1__pendiente_resp__pack(&reply, bytes);
    } else if (type == &pendientes__v1__validar_token_resp__descriptor) {
        Pendientes__V1__ValidarTokenResp reply = PENDIENTES__V1__VALIDAR_TOKEN_RESP__INIT;
        reply.texto = (char *)"Token válido y usuario activo";
        len = pendientes__v1__validar_token_resp__pack(&reply, bytes);
    }
    if (says(call, "etiqueta"))
        pd_incoming_tag(call, (const uint8_t *)"0123456789abcdef");
    pd_incoming_answer(call, NULL, bytes, len, replayed);
    pd_arena_free(arena);
}

static inline void on_call(void *arg, pd_incoming *call) {
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

static inline int core_main(const char *url) {
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

static inline uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static inline int free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    getsockname(fd, (struct sockaddr *)&address, &len);
    close(fd);
    return ntohs(address.sin_port);
}

static inline pid_t spawn(const char *const *argv, const char *log) {
    pid_t pid;
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    if (log)
        posix_spawn_file_actions_addopen(&files, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ck_assert_int_eq(posix_spawn(&pid, argv[0], &files, NULL, (char *const *)argv, environ), 0);
    posix_spawn_file_actions_destroy(&files);
    return pid;
}

static inline void in_dir(char out[256], const char *name) {
    snprintf(out, 256, "%s/%s", dir, name);
}

static inline pid_t start_gateway(int *port, int *admin, const char *const *more) {
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

static inline void make_certificate(const char *cert_path, const char *key_path) {
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
    char body[1 << 20], headers[16 << 10];
    size_t len, headers_len;
} answer;

typedef struct request {
    const char *verb, *path, *token, *type, *body;
    const char *headers[8];
    bool http2, tls, admin;
    size_t body_len; /* 0: strlen */
    long timeout_ms;
} request;

static inline size_t append(char *to, size_t *len, size_t room, const char *bytes, size_t n) {
    size_t take = *len + n < room ? n : room - 1 - *len;
    memcpy(to + *len, bytes, take);
    *len += take;
    to[*len] = '\0';
    return n;
}

static inline size_t on_body(char *bytes, size_t size, size_t n, void *to) {
    answer *a = to;
    return append(a->body, &a->len, sizeof a->body, bytes, size * n);
}

static inline size_t on_header(char *bytes, size_t size, size_t n, void *to) {
    answer *a = to;
    return append(a->headers, &a->headers_len, sizeof a->headers, bytes, size * n);
}

static inline struct curl_slist *header_list(const request *r) {
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

static inline answer *ask(const request *r) {
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
#define AVERIA "/api/pendientes/42/averia"
#define HAS(answer_, text_)                                                                                            \
    ck_assert_msg(strstr((answer_)->body, (text_)) != NULL, "%s is not in %s", (text_), (answer_)->body)

/* A header line "name: value", the name in any case. */
static inline bool has_header(const answer *a, const char *line) {
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

static inline long metric(const char *line) {
    answer *a = ASK(.path = "/metrics", .admin = true);
    const char *at = strstr(a->body, line);
    return at ? strtol(at + strlen(line), NULL, 10) : 0;
}

static inline bool becomes(const char *line, long value) {
    for (uint64_t until = now_ms() + PATIENCE_MS; now_ms() < until; usleep(2000))
        if (metric(line) == value)
            return true;
    return false;
}

static inline void await_ready(bool of_tls) {
    for (uint64_t until = now_ms() + PATIENCE_MS; now_ms() < until; usleep(5000))
        if (ASK(.path = "/ready", .admin = true, .tls = of_tls)->status == 200)
            return;
    ck_abort_msg("not ready");
}

/* Bytes as they are; all that comes back until the connection closes or falls silent. */
static inline size_t ask_raw(const void *bytes, size_t len, char *out, size_t room, int silence_ms) {
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

static inline const char *raw(const char *text) {
    static char out[64 << 10];
    ask_raw(text, strlen(text), out, sizeof out, PATIENCE_MS);
    return out;
}

/* --- fixture --- */

static inline void start_all(void) {
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
                        (const char *const[]){"--tls-cert", cert, "--tls-key", key, "--envelope",
                                              "--deprecated-gets=off", "--trusted-proxies", "127.0.0.1,10.0.0.0/8",
                                              "--cors-origins", "https://panel.example,https://otro.example", NULL});
    await_ready(false);
    await_ready(true);
}

static inline int end(pid_t pid, int how) {
    int status = 0;
    kill(pid, how);
    waitpid(pid, &status, 0);
    return status;
}

static inline void stop_all(void) {
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

#endif
