#include "gateway/call.h"

#include "gateway/h2guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    KEEP_CALLS = 1024,
    KEEP_BYTES = 64 << 10, /* an arena that has grown past this is not kept */
    CLIENT_GONE = 499,
};

/* What h2o's pool disposes of; the call itself is reused. */
typedef struct holder {
    gw_call *call;
} holder;

static void give_back(gw_call *call) {
    gw_gateway *gateway = call->gateway;
    if (gateway->n_free_calls >= KEEP_CALLS || pd_arena_size(call->arena) > KEEP_BYTES) {
        pd_arena_free(call->arena);
        free(call);
        return;
    }
    pd_arena_reset(call->arena);
    call->next = gateway->free_calls;
    gateway->free_calls = call;
    gateway->n_free_calls++;
}

/* The request is still whole: h2o clears its pool last. */
static void on_dispose(void *held) {
    gw_call *call = ((holder *)held)->call;
    h2o_req_t *req = call->req;
    if (call->rpc)
        pd_call_cancel(call->rpc);
    if (!call->answered)
        gw_call_record(call, CLIENT_GONE);
    bool left = call->answered && (call->head || req->bytes_sent >= call->body_len);
    if (!left && req->version >= 0x200)
        gw_h2_early_end(call->conn);
    gw_meter_calls(call->gateway->meter, --call->gateway->n_calls);
    give_back(call);
}

static gw_call *take(gw_gateway *gateway) {
    gw_call *call = gateway->free_calls;
    if (call) {
        gateway->free_calls = call->next;
        gateway->n_free_calls--;
        return call;
    }
    call = malloc(sizeof *call);
    if (!call)
        abort();
    call->arena = pd_arena_new();
    return call;
}

gw_call *gw_call_new(gw_gateway *gateway, h2o_req_t *req) {
    gw_call *call = take(gateway);
    call->gateway = gateway;
    call->req = req;
    call->conn = gw_conn_of(req);
    call->client = call->conn->proxied
                       ? gw_proxies_client(gateway->proxies, call->conn->peer, &req->headers, call->arena)
                       : call->conn->peer;
    call->token = call->key = (gw_slice){NULL, 0};
    call->match.route = NULL;
    call->traceparent = call->page = NULL;
    call->refusal = (pd_status){.code = PD_OK};
    call->refusal_http = 0;
    call->rpc = NULL;
    call->upload = NULL;
    call->download = NULL;
    call->if_match = (gw_if_match){.tags = NULL};
    call->head = call->options = call->strict = call->cors = call->answered = false;
    call->body_len = 0;
    call->started_us = gw_now_us();
    holder *held = h2o_mem_alloc_shared(&req->pool, sizeof *held, on_dispose);
    held->call = call;
    gw_meter_calls(gateway->meter, ++gateway->n_calls);
    return call;
}

typedef struct continuation {
    gw_call *call;
    void (*fn)(gw_call *call, const pd_reply *reply);
} continuation;

static void on_reply(void *arg, const pd_reply *reply) {
    continuation *then = arg;
    then->call->rpc = NULL;
    then->fn(then->call, reply);
}

static pd_meta meta_of(const gw_call *call) {
    return (pd_meta){.token = call->token.at,
                     .token_len = call->token.len,
                     .request_id = call->request_id,
                     .traceparent = call->traceparent,
                     .peer = call->client[0] ? call->client : NULL,
                     .deadline_ms = call->deadline_ms};
}

static void send_call(gw_call *call, const pd_method *method, const ProtobufCMessage *request, const pd_meta *meta,
                      void (*fn)(gw_call *call, const pd_reply *reply)) {
    continuation *then = pd_arena_alloc(call->arena, sizeof *then);
    *then = (continuation){call, fn};
    call->rpc = request ? pd_client_call_message(call->gateway->client, method, request, meta, on_reply, then)
                        : pd_client_call(call->gateway->client, method, NULL, 0, meta, on_reply, then);
}

void gw_call_send(gw_call *call, const ProtobufCMessage *request, void (*fn)(gw_call *call, const pd_reply *reply)) {
    pd_meta meta = meta_of(call);
    meta.probe = !request;
    if (request && call->key.at) {
        meta.key = pd_arena_memdup(call->arena, call->key.at, call->key.len);
        meta.key_digest = call->key_digest;
    }
    if (request) {
        meta.if_match = call->if_match.tags;
        meta.n_if_match = call->if_match.n;
        meta.if_exists = call->if_match.exists;
    }
    send_call(call, call->match.route->method, request, &meta, fn);
}

void gw_call_send_to(gw_call *call, const pd_method *method, const ProtobufCMessage *request,
                     void (*fn)(gw_call *call, const pd_reply *reply)) {
    pd_meta meta = meta_of(call);
    send_call(call, method, request, &meta, fn);
}

bool gw_call_abandoned(const gw_call *call) {
    char byte;
    if (call->req->version >= 0x200)
        return false;
    ssize_t got = recv(h2o_socket_get_fd(call->conn->socket), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

void gw_call_record(gw_call *call, int http) {
    const pd_route *route = call->match.route;
    uint64_t micros = gw_now_us() - call->started_us;
    gw_meter_request(call->gateway->meter, route, http, micros);
    pd_lines *lines = call->gateway->lines;
    if (!pd_lines_begin(lines, PD_LOG_INFO, "request"))
        return;
    pd_lines_text(lines, "method", call->head ? "HEAD" : call->options ? "OPTIONS" : gw_verb_name(call->verb));
    pd_lines_text(lines, "route", route ? route->path : call->page ? call->page : "");
    pd_lines_number(lines, "status", (uint64_t)http);
    pd_lines_millis(lines, "ms", micros);
    pd_lines_number(lines, "bytes", call->body_len);
    pd_lines_text(lines, "request_id", call->request_id);
    pd_lines_text(lines, "traceparent", call->traceparent);
    pd_lines_text(lines, "peer", call->client);
    pd_lines_end(lines);
}

void gw_calls_free(gw_gateway *gateway) {
    for (gw_call *call = gateway->free_calls, *next; call; call = next) {
        next = call->next;
        pd_arena_free(call->arena);
        free(call);
    }
    gateway->free_calls = NULL;
    gateway->n_free_calls = 0;
}
