/* A bare h2o handler that answers a constant of an avería's size: what the HTTP library alone costs on this machine. */
#include <h2o.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>

static const char body[] =
    "{\"id\":1000000,\"pendienteId\":1000000,\"descripcionFalla\":\"Cliente sin servicio de internet desde las 08:00. "
    "Posible corte en la NAP.\",\"vlan\":\"1042\",\"ppoe\":\"cli_900001\",\"ppoePassword\":null}";
static h2o_globalconf_t config;
static h2o_context_t context;
static h2o_accept_ctx_t accepting;

static int answer(h2o_handler_t *self, h2o_req_t *req) {
    (void)self;
    static h2o_generator_t generator;
    h2o_iovec_t text = {(char *)body, sizeof body - 1};
    req->res.status = 200;
    req->res.reason = "OK";
    req->res.content_length = text.len;
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, H2O_STRLIT("application/json"));
    h2o_start_response(req, &generator);
    h2o_send(req, &text, 1, H2O_SEND_STATE_FINAL);
    return 0;
}

static void accepted(h2o_socket_t *listener, const char *error) {
    for (int i = 0; !error && i < 64; i++) {
        h2o_socket_t *socket = h2o_evloop_socket_accept(listener);
        if (!socket)
            return;
        h2o_accept(&accepting, socket);
    }
}

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 8099))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1024)) {
        perror("raw_h2o");
        return 1;
    }
    h2o_config_init(&config);
    h2o_hostconf_t *host = h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_handler_t *handler = h2o_create_handler(h2o_config_register_path(host, "/", 0), sizeof *handler);
    handler->on_req = answer;
    h2o_context_init(&context, h2o_evloop_create(), &config);
    accepting.ctx = &context;
    accepting.hosts = config.hosts;
    h2o_socket_t *listener = h2o_evloop_socket_create(context.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    h2o_socket_read_start(listener, accepted);
    while (h2o_evloop_run(context.loop, INT32_MAX) == 0)
        ;
    return 0;
}
