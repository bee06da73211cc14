#include "gateway/edge.h"

#include "gateway/answer.h"
#include "gateway/bind.h"
#include "gateway/cors.h"
#include "gateway/file.h"
#include "gateway/h2guard.h"
#include "gateway/key.h"
#include "gateway/session.h"
#include "gateway/sse.h"
#include "gateway/upload.h"

#include <string.h>

enum { HEADER_BYTES = 32 << 10 }; /* names, values and the path */

typedef struct edge_handler {
    h2o_handler_t super;
    gw_gateway *gateway;
} edge_handler;

/* --- what the request is --- */

static void name_request(gw_call *call) {
    gw_slice id = call->headers.request_id, trace = call->headers.traceparent;
    if (id.at && pd_request_id_valid(id.at, id.len)) {
        memcpy(call->request_id, id.at, id.len);
        call->request_id[id.len] = '\0';
    } else {
        pd_request_id_new(call->request_id);
    }
    if (trace.at && pd_traceparent_valid(trace.at, trace.len))
        call->traceparent = pd_arena_memdup(call->arena, trace.at, trace.len);
}

/* Path and query of the target; an absolute one (RFC 9112, 3.2.2) loses scheme and authority. */
static gw_slice target_path(const h2o_req_t *req, gw_slice *query) {
    gw_slice rest = {req->input.path.base, req->input.path.len};
    for (int i = 0; i < 2; i++) {
        const char *scheme = i ? "https://" : "http://";
        size_t len = strlen(scheme);
        if (rest.len <= len || strncasecmp(rest.at, scheme, len) != 0)
            continue;
        while (len < rest.len && rest.at[len] != '/' && rest.at[len] != '?')
            len++;
        rest = len < rest.len ? (gw_slice){rest.at + len, rest.len - len} : (gw_slice){NULL, 0};
        break;
    }
    gw_slice path = gw_slice_cut(&rest, '?');
    *query = rest;
    return path;
}

/* h2o puts its own name where a request has no Host. */
static bool has_host(const h2o_req_t *req) {
    return req->input.authority.len > 0 && req->input.authority.base != req->conn->hosts[0]->authority.hostport.base;
}

/* --- form --- */

static void refuse_later(gw_call *call, int http, const char *detail) {
    call->refusal_http = http;
    call->refusal = (pd_status){.code = PD_INVALID_ARGUMENT, .message = detail};
}

static void read_timeout(gw_call *call) {
    call->deadline_ms = (uint32_t)call->gateway->settings->deadline_ms;
    if (!call->headers.timeout.at)
        return;
    if (call->headers.timeout_twice || !gw_timeout(call->headers.timeout, &call->deadline_ms))
        pd_status_field(&call->refusal, call->arena, "Grpc-Timeout", "debe ser de 1 a 8 dígitos y H, M, S, m, u o n");
}

static void read_key(gw_call *call, gw_slice query, gw_slice body) {
    const pd_method *method = call->match.route->method;
    if (!call->headers.key.at || method->no_key || !method->is_post || call->match.route->verb != PD_POST)
        return;
    if (call->headers.key_twice || !gw_key(call->headers.key, &call->key)) {
        pd_status_field(&call->refusal, call->arena, "Idempotency-Key",
                        "debe tener de 1 a 200 caracteres ASCII visibles");
        return;
    }
    if (!call->upload) /* the files' bytes are hashed as they go */
        gw_key_digest(&call->match, query, body, call->key_digest);
}

static void read_match(gw_call *call) {
    if (!call->headers.if_match.at || !call->match.route->method->version)
        return;
    gw_slice list = gw_header_list(&call->req->headers, "if-match", call->arena);
    if (!gw_if_match_parse(list, call->arena, &call->if_match))
        pd_status_field(&call->refusal, call->arena, "If-Match", "debe ser * o etiquetas entre comillas, con comas");
}

/* What the body is; false when it is none that the route takes. */
static bool read_kind(gw_call *call, gw_slice body, gw_body_kind *kind) {
    const pd_route *route = call->match.route;
    *kind = GW_BODY_NONE;
    if (route->method->upload) {
        if (gw_upload_read(call))
            return true;
        refuse_later(call, 415, "El cuerpo debe ser multipart/form-data");
        return false;
    }
    if (!route->has_body || body.len == 0)
        return true;
    *kind = gw_body_kind_of(&call->headers);
    if (*kind == GW_BODY_JSON || (*kind == GW_BODY_FORM && route->method->form))
        return true;
    refuse_later(call, 415, "El cuerpo debe ser application/json en UTF-8");
    return false;
}

static bool is_acceptable(const gw_call *call) {
    const pd_method *method = call->match.route->method;
    return call->accept.json || (call->accept.text && method->text_index >= 0) || method->is_file || method->is_stream;
}

/* The message, or NULL with the refusal set. */
static ProtobufCMessage *read_form(gw_call *call, gw_slice query) {
    const pd_route *route = call->match.route;
    gw_slice body = {call->req->entity.base, call->req->entity.len};
    gw_form form = {.match = &call->match, .query = query, .body = body, .strict = call->strict};
    if (!read_kind(call, body, &form.kind))
        return NULL;
    if (!is_acceptable(call)) {
        refuse_later(call, 406, "La respuesta solo existe como application/json");
        return NULL;
    }
    if (route->method->is_file)
        form.query = (gw_slice){NULL, 0}; /* which bytes are wanted, Range says */
    read_timeout(call);
    read_key(call, query, body);
    read_match(call);
    if (route->takes_over && !call->gateway->settings->deprecated_gets)
        pd_status_field(&call->refusal, call->arena, route->takes_over, "ya no se acepta por GET");
    ProtobufCMessage *message = gw_bind(&form, call->arena, &call->refusal);
    if (call->refusal.code == PD_OK)
        return message;
    call->refusal_http = call->refusal.reason == PD_REASON_MEDIA_TYPE ? 415 : 400;
    return NULL;
}

/* --- the order --- */

static void on_probed(gw_call *call, const pd_reply *reply) {
    if (reply->status->code != PD_OK)
        gw_answer_reply(call, reply);
    else
        gw_answer_status(call, call->refusal_http, &call->refusal);
}

static void serve(gw_call *call, gw_slice query) {
    bool is_public = call->match.route->method->rule->is_public;
    if (!is_public && (call->headers.authorization_twice || !gw_bearer(call->headers.authorization, &call->token))) {
        gw_refuse(call, 401, PD_UNAUTHENTICATED, "Falta el token de acceso, o no tiene la forma de uno");
        return;
    }
    ProtobufCMessage *message = read_form(call, query);
    if (message && call->match.route->method->is_stream)
        gw_sse_start(call, message);
    else if (message && call->upload)
        gw_upload_send(call, query, message);
    else if (message && call->match.route->method->is_file)
        gw_file_send(call, message);
    else if (message)
        gw_call_send(call, message, gw_answer_reply);
    else if (is_public)
        gw_answer_status(call, call->refusal_http, &call->refusal);
    else
        gw_call_send(call, NULL, on_probed);
}

static void serve_page(gw_call *call, const gw_page *page, gw_slice query) {
    call->page = page->path;
    call->match.allowed = 1u << PD_GET;
    if (call->options)
        gw_answer_options(call);
    else if (call->verb == PD_GET && !page->bytes.at)
        gw_session_start(call, query);
    else if (call->verb == PD_GET)
        gw_answer_page(call, page);
    else
        gw_refuse(call, 405, PD_UNIMPLEMENTED, "El método no está permitido en esta ruta");
}

/* A deprecated GET that writes. HEAD stays with the read: it never writes. */
static void let_take_over(gw_call *call, gw_slice query) {
    const pd_route *other = call->match.takes_over;
    if (other && !call->head && gw_query_has(query, other->takes_over, call->arena))
        call->match.route = other;
}

static size_t body_limit(const gw_call *call) {
    const gw_settings *settings = call->gateway->settings;
    return (size_t)(call->match.route->method->upload ? settings->upload_limit : settings->body_limit);
}

static void route(gw_call *call, gw_slice path, gw_slice query) {
    const gw_page *page = gw_page_find(path);
    if (page) {
        serve_page(call, page, query);
        return;
    }
    gw_route(call->gateway->router, call->verb, path, call->arena, &call->match);
    let_take_over(call, query);
    if (!call->match.allowed)
        gw_refuse(call, 404, PD_NOT_FOUND, "La ruta no existe");
    else if (call->options)
        gw_answer_options(call);
    else if (!call->match.route)
        gw_refuse(call, 405, PD_UNIMPLEMENTED, "El método no está permitido en esta ruta");
    else if (call->req->entity.len > body_limit(call))
        gw_refuse(call, 413, PD_INVALID_ARGUMENT, "El cuerpo de la petición es demasiado grande");
    else
        serve(call, query);
}

static int on_request(h2o_handler_t *handler, h2o_req_t *req) {
    if (gw_h2_empty_path(req))
        return 0;
    gw_call *call = gw_call_new(((edge_handler *)handler)->gateway, req);
    gw_slice method = {req->input.method.base, req->input.method.len}, query;
    gw_headers_collect(&req->headers, &call->headers);
    call->accept = gw_accept_of(&req->headers);
    call->verb = gw_verb_of(method);
    call->head = gw_slice_is(method, "HEAD");
    call->options = gw_slice_is(method, "OPTIONS");
    if (call->headers.prefer.at)
        call->strict = gw_prefers_strict(gw_header_list(&req->headers, "prefer", call->arena));
    if (call->headers.origin.at)
        call->cors = gw_cors_allows(call->gateway->settings->cors_origins, call->headers.origin);
    name_request(call);
    gw_slice path = target_path(req, &query);
    if (call->headers.bytes + req->input.path.len > HEADER_BYTES)
        gw_refuse(call, 431, PD_INVALID_ARGUMENT, "La cabecera de la petición es demasiado grande");
    else if (!has_host(req))
        gw_refuse(call, 400, PD_INVALID_ARGUMENT, "La petición no tiene Host");
    else if (!path.at || path.len == 0 || path.at[0] != '/')
        gw_refuse(call, 400, PD_INVALID_ARGUMENT, "La petición no tiene ruta");
    else
        route(call, path, query);
    return 0;
}

void gw_edge_register(gw_gateway *gateway, h2o_hostconf_t *host) {
    h2o_pathconf_t *everything = h2o_config_register_path(host, "/", 0);
    edge_handler *handler = (edge_handler *)h2o_create_handler(everything, sizeof *handler);
    handler->super.on_req = on_request;
    handler->gateway = gateway;
}
