#include "gateway/listen.h"

#include "gateway/gateway.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_LISTENERS = 16, BACKLOG = 1024, ACCEPTS_A_TURN = 64, ERROR_MAX = 512 };

/* What the kernel may hold of one connection. h2o reads a socket until it is empty, and a flood of uploads must not
 * take the loop for as long as their megabytes do. */
enum { RECEIVE_BYTES = 64 << 10 };

typedef struct listener {
    gw_gateway *gateway;
    h2o_accept_ctx_t accept;
    h2o_socket_t *socket; /* NULL: closed */
    size_t max_connections;
    bool public;
} listener;

struct gw_listeners {
    listener all[MAX_LISTENERS];
    size_t n;
    SSL_CTX *tls;
};

static bool fail(const char **error, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(const char **error, const char *format, ...) {
    static char line[ERROR_MAX]; /* the process ends with it */
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    *error = line;
    return false;
}

/* --- connections --- */

gw_conn *gw_conn_of(h2o_req_t *req) {
    return req->conn->callbacks->get_socket(req->conn)->on_close.data;
}

static void conn_closed(void *data) {
    gw_conn *conn = data;
    conn->gateway->n_connections--;
    gw_meter_connections(conn->gateway->meter, conn->gateway->n_connections);
    free(conn);
}

static void note_peer(gw_conn *conn) {
    struct sockaddr_storage address;
    socklen_t len = h2o_socket_getpeername(conn->socket, (struct sockaddr *)&address);
    char text[NI_MAXHOST];
    if (len == 0 || h2o_socket_getnumerichost((struct sockaddr *)&address, len, text) == SIZE_MAX)
        return;
    const char *shown = strncmp(text, "::ffff:", 7) == 0 ? text + 7 : text;
    snprintf(conn->peer, sizeof conn->peer, "%.*s", (int)sizeof conn->peer - 1, shown);
    conn->proxied = gw_proxies_trusts(conn->gateway->proxies, conn->peer);
}

static bool accept_one(listener *l) {
    h2o_socket_t *socket = h2o_evloop_socket_accept(l->socket);
    if (!socket)
        return false;
    gw_gateway *gateway = l->gateway;
    if (l->public && gateway->n_connections >= l->max_connections) {
        h2o_socket_close(socket);
        return true;
    }
    gw_conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        abort();
    conn->gateway = gateway;
    conn->socket = socket;
    note_peer(conn);
    socket->on_close.cb = conn_closed;
    socket->on_close.data = conn;
    gateway->n_connections++;
    gw_meter_connections(gateway->meter, gateway->n_connections);
    h2o_accept(&l->accept, socket);
    return true;
}

static void on_accept(h2o_socket_t *socket, const char *error) {
    listener *l = socket->data;
    for (int i = 0; !error && i < ACCEPTS_A_TURN && accept_one(l); i++)
        ;
}

/* --- sockets --- */

/* "127.0.0.1:8080", "[::1]:8080", ":8080" in `text`, which is cut. */
static bool resolve(char *text, struct addrinfo **list, const char **error) {
    char whole[ERROR_MAX / 2];
    snprintf(whole, sizeof whole, "%s", text);
    char *colon = strrchr(text, ':'), *host = text;
    if (!colon)
        return fail(error, "«%s» is not ADDRESS:PORT", whole);
    *colon = '\0';
    if (*host == '[' && colon > host && colon[-1] == ']') {
        host++;
        colon[-1] = '\0';
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    int failed = getaddrinfo(*host ? host : NULL, colon + 1, &hints, list);
    if (failed)
        return fail(error, "cannot listen on %s: %s", whole, gai_strerror(failed));
    return true;
}

static int open_socket(const struct addrinfo *address) {
    int on = 1, fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int receive = RECEIVE_BYTES; /* connections inherit it */
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on); /* one gateway per processor core */
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int failed = errno;
    close(fd);
    errno = failed;
    return -1;
}

static bool listen_on(gw_listeners *all, gw_gateway *gateway, const char *address, bool public, size_t max,
                      const char **error) {
    char text[ERROR_MAX / 2];
    struct addrinfo *list = NULL;
    if (all->n == MAX_LISTENERS)
        return fail(error, "more than %d addresses to listen on", MAX_LISTENERS - 1);
    snprintf(text, sizeof text, "%s", address);
    if (!resolve(text, &list, error) || !list)
        return false;
    int fd = open_socket(list);
    freeaddrinfo(list);
    if (fd < 0)
        return fail(error, "cannot listen on %s: %s", address, strerror(errno));
    listener *l = &all->all[all->n++];
    *l = (listener){.gateway = gateway, .max_connections = max, .public = public};
    l->accept.ctx = &gateway->context;
    l->accept.hosts = public ? gateway->public_hosts : gateway->admin_hosts;
    l->accept.ssl_ctx = public ? all->tls : NULL;
    l->socket = h2o_evloop_socket_create(gateway->context.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    l->socket->data = l;
    h2o_socket_read_start(l->socket, on_accept);
    return true;
}

/* --- TLS --- */

static const char *openssl_reason(void) {
    const char *reason = ERR_reason_error_string(ERR_get_error());
    return reason ? reason : "cannot be read";
}

static bool open_tls(gw_listeners *all, const gw_settings *settings, const char **error) {
    static const h2o_iovec_t protocols[] = {{H2O_STRLIT("h2")}, {H2O_STRLIT("http/1.1")}, {NULL, 0}};
    if (!settings->tls_cert && !settings->tls_key)
        return true;
    if (!settings->tls_cert || !settings->tls_key)
        return fail(error, "--tls-cert and --tls-key go together");
    all->tls = SSL_CTX_new(TLS_server_method());
    if (!all->tls)
        return fail(error, "TLS: %s", openssl_reason());
    SSL_CTX_set_min_proto_version(all->tls, TLS1_2_VERSION);
    SSL_CTX_set_options(all->tls, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    if (SSL_CTX_use_certificate_chain_file(all->tls, settings->tls_cert) != 1)
        return fail(error, "--tls-cert %s: %s", settings->tls_cert, openssl_reason());
    if (SSL_CTX_use_PrivateKey_file(all->tls, settings->tls_key, SSL_FILETYPE_PEM) != 1)
        return fail(error, "--tls-key %s: %s", settings->tls_key, openssl_reason());
    h2o_ssl_register_alpn_protocols(all->tls, protocols);
    return true;
}

/* --- life --- */

gw_listeners *gw_listen(gw_gateway *gateway, size_t max_connections, const char **error) {
    gw_listeners *all = calloc(1, sizeof *all);
    if (!all)
        abort();
    bool ok = open_tls(all, gateway->settings, error);
    char *list = strdup(gateway->settings->listen), *rest = list, *address;
    while (ok && (address = strsep(&rest, ",")))
        ok = listen_on(all, gateway, address, true, max_connections, error);
    free(list);
    ok = ok && listen_on(all, gateway, gateway->settings->admin, false, max_connections, error);
    if (ok)
        return all;
    gw_listeners_free(all);
    return NULL;
}

static void close_listener(listener *l) {
    if (l->socket)
        h2o_socket_close(l->socket);
    l->socket = NULL;
}

void gw_listeners_close(gw_listeners *listeners) {
    for (size_t i = 0; i < listeners->n; i++) {
        listener *l = &listeners->all[i];
        if (!l->public || !l->socket)
            continue;
        while (accept_one(l))
            ;
        close_listener(l);
    }
}

void gw_listeners_free(gw_listeners *listeners) {
    if (!listeners)
        return;
    for (size_t i = 0; i < listeners->n; i++)
        close_listener(&listeners->all[i]);
    SSL_CTX_free(listeners->tls);
    free(listeners);
}
