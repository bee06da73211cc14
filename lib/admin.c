#include "pendientes/admin.h"

#include "pendientes/metrics.h"

#include <nng/nng.h>
#include <nng/supplemental/http/http.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Held by its owner and by each of nng's handlers: one may still be answering when the owner lets go. */
struct pd_admin {
    nng_http_server *server;
    atomic_bool ready;
    atomic_int holders;
};

static void let_go(void *arg) {
    pd_admin *admin = arg;
    if (atomic_fetch_sub(&admin->holders, 1) == 1)
        free(admin);
}

static void answer(nng_aio *aio, uint16_t status, const char *type, const void *body, size_t len) {
    nng_http_res *res;
    int rc = nng_http_res_alloc(&res);
    if (rc == 0) {
        nng_http_res_set_status(res, status);
        nng_http_res_set_header(res, "Content-Type", type);
        rc = nng_http_res_copy_data(res, body, len);
        nng_aio_set_output(aio, 0, res);
    }
    nng_aio_finish(aio, rc);
}

static void live(nng_aio *aio) {
    answer(aio, 200, "text/plain", "live\n", 5);
}

static void ready(nng_aio *aio) {
    pd_admin *admin = nng_http_handler_get_data(nng_aio_get_input(aio, 1));
    if (atomic_load_explicit(&admin->ready, memory_order_relaxed))
        answer(aio, 200, "text/plain", "ready\n", 6);
    else
        answer(aio, 503, "text/plain", "not ready\n", 10);
}

static void metrics(nng_aio *aio) {
    pd_arena *arena = pd_arena_new();
    pd_text text = {.arena = arena};
    pd_metrics_print(&text);
    answer(aio, 200, "text/plain; version=0.0.4; charset=utf-8", text.at, text.len);
    pd_arena_free(arena);
}

static int add(pd_admin *admin, const char *path, void (*handle)(nng_aio *)) {
    nng_http_handler *handler;
    int rc = nng_http_handler_alloc(&handler, path, handle);
    if (rc)
        return rc;
    atomic_fetch_add(&admin->holders, 1);
    nng_http_handler_set_data(handler, admin, let_go);
    rc = nng_http_server_add_handler(admin->server, handler);
    if (rc)
        nng_http_handler_free(handler);
    return rc;
}

static int start(pd_admin *admin, const char *address) {
    nng_url *url;
    int rc = nng_url_parse(&url, address);
    if (rc)
        return rc;
    rc = nng_http_server_hold(&admin->server, url);
    nng_url_free(url);
    if (!rc)
        rc = add(admin, "/live", live);
    if (!rc)
        rc = add(admin, "/ready", ready);
    if (!rc)
        rc = add(admin, "/metrics", metrics);
    return rc ? rc : nng_http_server_start(admin->server);
}

pd_admin *pd_admin_new(const char *url, const char **error) {
    pd_admin *admin = calloc(1, sizeof *admin);
    if (!admin)
        abort();
    admin->holders = 1;
    int rc = start(admin, url);
    if (rc) {
        char *text;
        *error = asprintf(&text, "cannot listen on %s: %s", url, nng_strerror(rc)) < 0
                     ? "cannot listen on the admin port"
                     : text;
        pd_admin_free(admin);
        return NULL;
    }
    return admin;
}

void pd_admin_ready(pd_admin *admin, bool is_ready) {
    atomic_store_explicit(&admin->ready, is_ready, memory_order_relaxed);
}

void pd_admin_free(pd_admin *admin) {
    if (!admin)
        return;
    if (admin->server) {
        nng_http_server_stop(admin->server);
        nng_http_server_release(admin->server);
    }
    let_go(admin);
}
