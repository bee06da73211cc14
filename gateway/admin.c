#include "gateway/admin.h"

#include "pendientes/metrics.h"

#include <string.h>

typedef struct admin_handler {
    h2o_handler_t super;
    gw_gateway *gateway;
} admin_handler;

static int answer(h2o_req_t *req, int http, const char *reason, const char *type, const char *body, size_t len) {
    static h2o_generator_t generator;
    bool head = h2o_memis(req->method.base, req->method.len, H2O_STRLIT("HEAD"));
    h2o_iovec_t bytes = h2o_strdup(&req->pool, body, len);
    req->res.status = http;
    req->res.reason = reason;
    req->res.content_length = len;
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, type, strlen(type));
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CACHE_CONTROL, NULL, H2O_STRLIT("no-store"));
    h2o_start_response(req, &generator);
    h2o_send(req, &bytes, head ? 0 : 1, H2O_SEND_STATE_FINAL);
    return 0;
}

static int answer_text(h2o_req_t *req, int http, const char *reason, const char *text) {
    return answer(req, http, reason, "text/plain;charset=UTF-8", text, strlen(text));
}

static int answer_metrics(h2o_req_t *req) {
    pd_text text = {.arena = pd_arena_new()};
    pd_metrics_print(&text);
    answer(req, 200, "OK", "text/plain; version=0.0.4; charset=utf-8", text.at, text.len);
    pd_arena_free(text.arena);
    return 0;
}

static int on_request(h2o_handler_t *self, h2o_req_t *req) {
    const gw_gateway *gateway = ((admin_handler *)self)->gateway;
    h2o_iovec_t path = req->path_normalized;
    if (!h2o_memis(req->method.base, req->method.len, H2O_STRLIT("GET")) &&
        !h2o_memis(req->method.base, req->method.len, H2O_STRLIT("HEAD"))) {
        h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_ALLOW, NULL, H2O_STRLIT("GET, HEAD"));
        return answer_text(req, 405, "Method Not Allowed", "only GET and HEAD\n");
    }
    if (h2o_memis(path.base, path.len, H2O_STRLIT("/live")))
        return answer_text(req, 200, "OK", "live\n");
    if (h2o_memis(path.base, path.len, H2O_STRLIT("/ready")))
        return gw_gateway_ready(gateway) ? answer_text(req, 200, "OK", "ready\n")
                                         : answer_text(req, 503, "Service Unavailable", "not ready\n");
    if (h2o_memis(path.base, path.len, H2O_STRLIT("/metrics")))
        return answer_metrics(req);
    return answer_text(req, 404, "Not Found", "/live, /ready and /metrics are here\n");
}

void gw_admin_register(gw_gateway *gateway, h2o_hostconf_t *host) {
    h2o_pathconf_t *everything = h2o_config_register_path(host, "/", 0);
    admin_handler *handler = (admin_handler *)h2o_create_handler(everything, sizeof *handler);
    handler->super.on_req = on_request;
    handler->gateway = gateway;
}
