#include "gateway/gateway.h"

#include "gateway/admin.h"
#include "gateway/call.h"
#include "gateway/edge.h"
#include "gateway/hub.h"
#include "gateway/session.h"
#include "pendientes/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum {
    BODY_SLACK = 3 << 20, /* bodies past the limit by so much are read and get a proper 413; h2o refuses larger ones */
    LINGER_MS = 1500,     /* from SIGTERM, for clients to hear of it: h2o says GOAWAY twice, a second apart */
    FDS_BESIDES = 64,
    BODY_IN_MEMORY = 1 << 20, /* larger ones lie in files without a name */
};

uint64_t gw_now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t gw_now_ms(void) {
    return gw_now_us() / 1000;
}

/* --- the client's fds in h2o's loop --- */

typedef struct fd_watch {
    h2o_socket_t *socket;
    void (*ready)(void *arg);
    void *arg;
} fd_watch;

static void on_ready(h2o_socket_t *socket, const char *error) {
    (void)error;
    fd_watch *watch = socket->data;
    watch->ready(watch->arg);
}

static void *watch_fd(void *ctx, int fd, void (*ready)(void *arg), void *arg) {
    gw_gateway *gateway = ctx;
    fd_watch *watch = malloc(sizeof *watch);
    if (!watch)
        abort();
    watch->socket = h2o_evloop_socket_create(gateway->context.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    watch->socket->data = watch;
    watch->ready = ready;
    watch->arg = arg;
    h2o_socket_read_start(watch->socket, on_ready);
    return watch;
}

/* The fd is nng's: h2o lets go of it without closing. */
static void unwatch_fd(void *ctx, void *handle) {
    (void)ctx;
    fd_watch *watch = handle;
    h2o_socket_export_t exported;
    h2o_socket_read_stop(watch->socket);
    if (h2o_socket_export(watch->socket, &exported) == 0)
        h2o_buffer_dispose(&exported.input);
    free(watch);
}

/* --- signals --- */

static void begin_drain(gw_gateway *gateway) {
    if (gateway->drain_since_ms)
        return;
    gateway->drain_since_ms = gw_now_ms();
    PD_LOG(PD_LOG_INFO, "draining", PD_I("requests", (int64_t)gateway->n_calls),
           PD_I("connections", (int64_t)gateway->n_connections));
    gw_listeners_close(gateway->listeners);
    gw_sessions_drain(gateway->sessions);
    gw_hub_drain(gateway->hub);
    h2o_context_request_shutdown(&gateway->context);
}

static void on_signal(h2o_socket_t *socket, const char *error) {
    (void)error;
    struct signalfd_siginfo info;
    while (read(h2o_socket_get_fd(socket), &info, sizeof info) == (ssize_t)sizeof info)
        begin_drain(socket->data);
}

static bool watch_signals(gw_gateway *gateway, const char **error) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    /* Before the client: its threads inherit the mask, and none of them takes the signal instead of the fd. */
    sigprocmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    int fd = signalfd(-1, &ends, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) {
        *error = strerror(errno);
        return false;
    }
    gateway->signals = h2o_evloop_socket_create(gateway->context.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    gateway->signals->data = gateway;
    h2o_socket_read_start(gateway->signals, on_signal);
    return true;
}

/* --- life --- */

static int64_t raise_fd_limit(int64_t wanted) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return wanted;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    int64_t room = limit.rlim_cur == RLIM_INFINITY ? wanted : (int64_t)limit.rlim_cur - FDS_BESIDES;
    return room < wanted ? room : wanted;
}

static h2o_hostconf_t *add_host(gw_gateway *gateway, const char *name) {
    return h2o_config_register_host(&gateway->config, h2o_iovec_init(name, strlen(name)), 65535);
}

static void configure(gw_gateway *gateway) {
    h2o_globalconf_t *config = &gateway->config;
    h2o_config_init(config);
    config->server_name = h2o_iovec_init("", 0);
    const gw_settings *settings = gateway->settings;
    int64_t largest = settings->body_limit > settings->upload_limit ? settings->body_limit : settings->upload_limit;
    config->max_request_entity_size = (size_t)largest + BODY_SLACK;
    config->http1.req_timeout = (uint64_t)settings->request_ms;
    config->http2.graceful_shutdown_timeout = (uint64_t)gateway->settings->drain_ms;
    gateway->public_hosts[0] = add_host(gateway, "public");
    gateway->admin_hosts[0] = add_host(gateway, "admin");
    gw_edge_register(gateway, gateway->public_hosts[0]);
    gw_admin_register(gateway, gateway->admin_hosts[0]);
    h2o_context_init(&gateway->context, h2o_evloop_create(), config);
}

/* h2o makes the files when a body has outgrown memory: what it could not make then is better known now. */
static bool spool(const gw_settings *settings, const char **error) {
    static char line[FILENAME_MAX + 64];
    h2o_buffer_mmap_settings_t *files = &h2o_socket_buffer_mmap_settings;
    int n = snprintf(files->fn_template, sizeof files->fn_template, "%s/pendientes.XXXXXX", settings->spool_dir);
    files->threshold = BODY_IN_MEMORY;
    if (n < (int)sizeof files->fn_template && access(settings->spool_dir, W_OK | X_OK) == 0)
        return true;
    snprintf(line, sizeof line, "--spool-dir %s: %s", settings->spool_dir, strerror(errno));
    *error = line;
    return false;
}

bool gw_gateway_open(gw_gateway *gateway, const gw_settings *settings, const char **error) {
    *gateway = (gw_gateway){.settings = settings};
    gateway->router = gw_router_new(pd_routes, pd_n_routes, error);
    if (!gateway->router)
        return false;
    if (!spool(settings, error))
        return false;
    gateway->proxies = gw_proxies_new(settings->trusted_proxies, error);
    if (!gateway->proxies)
        return false;
    gateway->meter = gw_meter_new();
    gateway->lines = pd_lines_new("gateway");
    configure(gateway);
    if (!watch_signals(gateway, error))
        return false;
    gateway->client = pd_client_new(
        &(pd_client_options){.cores = settings->cores, .watch = watch_fd, .unwatch = unwatch_fd, .ctx = gateway},
        error);
    if (!gateway->client)
        return false;
    gateway->hub = gw_hub_new(gateway, error);
    if (!gateway->hub)
        return false;
    gateway->sessions = gw_sessions_new(gateway);
    gateway->listeners = gw_listen(gateway, (size_t)raise_fd_limit(settings->max_connections), error);
    return gateway->listeners != NULL;
}

bool gw_gateway_ready(const gw_gateway *gateway) {
    return !gateway->drain_since_ms && pd_client_ready(gateway->client);
}

static bool drained(const gw_gateway *gateway) {
    if (!gateway->drain_since_ms)
        return false;
    uint64_t passed = gw_now_ms() - gateway->drain_since_ms;
    return gateway->n_connections == 0 || passed >= (uint64_t)gateway->settings->drain_ms ||
           (passed >= LINGER_MS && gateway->n_calls == 0);
}

/* The milliseconds to the next. */
static int tick(gw_gateway *gateway) {
    uint64_t now = gw_now_ms();
    if (now >= gateway->tick_ms) {
        gateway->tick_ms = now + GW_TICK_MS;
        gw_hub_tick(gateway->hub);
        gw_sessions_tick(gateway->sessions);
    }
    return (int)(gateway->tick_ms - now);
}

static int lesser(int a, int b) {
    return a < b ? a : b;
}

void gw_gateway_run(gw_gateway *gateway) {
    enum { DRAIN_LOOK_MS = 50 };
    int wait = 0;
    while (!drained(gateway)) {
        if (h2o_evloop_run(gateway->context.loop, wait) != 0 && errno != EINTR)
            abort(); /* epoll itself failed */
        int next_tick = tick(gateway);
        wait = pd_client_turn(gateway->client);
        pd_lines_flush(gateway->lines);
        wait = wait < 0 ? next_tick : lesser(wait, next_tick);
        if (gateway->drain_since_ms)
            wait = lesser(wait, DRAIN_LOOK_MS);
    }
    PD_LOG(PD_LOG_INFO, "stopped", PD_I("requests", (int64_t)gateway->n_calls));
}

void gw_gateway_close(gw_gateway *gateway) {
    gw_listeners_free(gateway->listeners);
    gw_sessions_free(gateway->sessions);
    gw_hub_free(gateway->hub);
    pd_client_free(gateway->client);
    gw_calls_free(gateway);
    pd_lines_free(gateway->lines);
    gw_meter_free(gateway->meter);
    gw_proxies_free(gateway->proxies);
    gw_router_free(gateway->router);
}
