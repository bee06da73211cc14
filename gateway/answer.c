#include "gateway/answer.h"

#include "gateway/cors.h"
#include "pendientes/check.h"

#include <string.h>

#define TYPE_JSON "application/json"
#define TYPE_PROBLEM "application/problem+json"
#define TYPE_TEXT "text/plain;charset=UTF-8"

int gw_http_of(const pd_status *status) {
    if (status->reason == PD_REASON_OTHER_BODY)
        return 422;
    if (status->reason == PD_REASON_STALE)
        return 412;
    if (status->reason == PD_REASON_MEDIA_TYPE)
        return 415;
    return pd_code_http(status->code);
}

const char *gw_reason(int http) {
    static const struct {
        int http;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {206, "Partial Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {409, "Conflict"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {499, "Client Closed Request"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].http == http)
            return reasons[i].reason;
    return "Error";
}

/* Where the HTTP status says more than the code, the contract fixes the code that it carries. */
static const char *code_name(int http, const pd_status *status) {
    return pd_code_name(http == 422 ? PD_INVALID_ARGUMENT : http == 412 ? PD_FAILED_PRECONDITION : status->code);
}

/* --- bodies --- */

static void put_quoted(pd_text *out, const char *text) {
    pd_text_quoted(out, text, strlen(text));
}

static void put_number(pd_text *out, int number) {
    pd_text_str(out, pd_arena_printf(out->arena, "%d", number));
}

void gw_write_problem(pd_text *out, int http, const pd_status *status, const char *instance) {
    pd_text_str(out, "{\"type\":\"about:blank\",\"title\":");
    put_quoted(out, gw_reason(http));
    pd_text_str(out, ",\"status\":");
    put_number(out, http);
    pd_text_str(out, ",\"detail\":");
    put_quoted(out, pd_status_message(status, out->arena));
    pd_text_str(out, ",\"instance\":");
    put_quoted(out, instance);
    pd_text_str(out, ",\"code\":");
    put_quoted(out, code_name(http, status));
    pd_text_str(out, ",\"errors\":[");
    for (size_t i = 0; i < status->n_errors; i++) {
        pd_text_str(out, i ? ",{\"field\":" : "{\"field\":");
        put_quoted(out, status->errors[i].field);
        pd_text_str(out, ",\"detail\":");
        put_quoted(out, status->errors[i].detail);
        pd_text_str(out, "}");
    }
    pd_text_str(out, "]}");
}

void gw_write_refused_envelope(pd_text *out, int http, const pd_status *status) {
    pd_text_str(out, "{\"success\":false,\"code\":");
    put_number(out, http);
    pd_text_str(out, ",\"message\":");
    put_quoted(out, pd_status_message(status, out->arena));
    pd_text_str(out, ",\"data\":null}");
}

void gw_write_success(pd_text *out, const pd_method *method, const ProtobufCMessage *value, const char *message) {
    if (!message) {
        pd_json_write_body(method, value, out);
        return;
    }
    pd_text_str(out, "{\"success\":true,\"code\":200,\"message\":");
    put_quoted(out, message);
    pd_text_str(out, ",\"data\":");
    if (method->reply->type->n_fields == 0)
        pd_text_str(out, "null");
    else
        pd_json_write_body(method, value, out);
    pd_text_str(out, "}");
}

/* --- sending --- */

static bool wants_envelope(const gw_call *call) {
    if (call->accept.profile != GW_PROFILE_NONE)
        return call->accept.profile == GW_PROFILE_ENVELOPE;
    return call->gateway->settings->envelope;
}

static void add(gw_call *call, const h2o_token_t *name, const char *value, size_t len) {
    h2o_add_header(&call->req->pool, &call->req->res.headers, name, NULL, value, len);
}

void gw_answer_header(gw_call *call, const char *name, const char *value) {
    h2o_add_header_by_str(&call->req->pool, &call->req->res.headers, name, strlen(name), 0, NULL, value, strlen(value));
}

/* Whatever the answer is. Once origins are configured, a cache must tell them apart. */
static void add_cors(gw_call *call) {
    if (!call->gateway->settings->cors_origins)
        return;
    add(call, H2O_TOKEN_VARY, H2O_STRLIT("Origin"));
    if (!call->cors)
        return;
    add(call, H2O_TOKEN_ACCESS_CONTROL_ALLOW_ORIGIN, call->headers.origin.at, call->headers.origin.len);
    gw_answer_header(call, "access-control-expose-headers", GW_CORS_READS);
}

void gw_answer_start(gw_call *call, int http, size_t body_len, h2o_generator_t *generator) {
    h2o_req_t *req = call->req;
    static h2o_generator_t none;
    gw_answer_header(call, "x-request-id", call->request_id);
    gw_answer_header(call, "x-content-type-options", "nosniff");
    if (call->strict && call->match.route)
        gw_answer_header(call, "preference-applied", "handling=strict");
    add_cors(call);
    if (call->match.route && call->match.route->takes_over)
        gw_answer_header(call, "deprecation",
                         pd_arena_printf(call->arena, "@%lld", (long long)call->match.route->deprecated_since));
    req->res.status = http;
    req->res.reason = gw_reason(http);
    call->answered = true;
    call->body_len = body_len;
    gw_call_record(call, http);
    h2o_start_response(req, generator ? generator : &none);
}

static void send_body(gw_call *call, int http, const char *type, const char *body, size_t len) {
    h2o_iovec_t bytes = {(char *)body, len};
    add(call, H2O_TOKEN_CONTENT_TYPE, type, strlen(type));
    call->req->res.content_length = len;
    gw_answer_start(call, http, len, NULL);
    h2o_send(call->req, &bytes, call->head || len == 0 ? 0 : 1, H2O_SEND_STATE_FINAL);
}

/* No body, and no length of one: 304 has none, and a length would be that of the answer it stands for. */
void gw_answer_not_modified(gw_call *call) {
    call->req->res.content_length = SIZE_MAX;
    gw_answer_start(call, 304, 0, NULL);
    h2o_send(call->req, NULL, 0, H2O_SEND_STATE_FINAL);
}

void gw_answer_caching(gw_call *call) {
    const pd_route *route = call->match.route;
    if (route && (route->method->no_store || route->takes_over))
        add(call, H2O_TOKEN_CACHE_CONTROL, H2O_STRLIT("no-store"));
    else
        add(call, H2O_TOKEN_CACHE_CONTROL, H2O_STRLIT("private, no-cache"));
    add(call, H2O_TOKEN_VARY, H2O_STRLIT("Authorization, Accept"));
}

/* When to come again: 429 and 503 always say it, a call in flight with the same key too. */
static void add_retry(gw_call *call, int http, const pd_status *status) {
    if (http != 429 && http != 503 && !(status->code == PD_ABORTED && status->retry_ms))
        return;
    uint32_t seconds = status->retry_ms ? (status->retry_ms + 999) / 1000 : 1;
    const char *text = pd_arena_printf(call->arena, "%u", seconds);
    add(call, H2O_TOKEN_RETRY_AFTER, text, strlen(text));
}

static const char *add_allow(gw_call *call) {
    const char *allow = gw_allow(call->match.allowed, call->arena);
    add(call, H2O_TOKEN_ALLOW, allow, strlen(allow));
    return allow;
}

void gw_answer_options(gw_call *call) {
    const char *allow = add_allow(call);
    if (call->cors && call->headers.preflight_method.at) {
        gw_answer_header(call, "access-control-allow-methods", allow);
        gw_answer_header(call, "access-control-allow-headers", GW_CORS_SENDS);
        gw_answer_header(call, "access-control-max-age", GW_CORS_SECONDS);
    }
    call->req->res.content_length = 0;
    gw_answer_start(call, 200, 0, NULL);
    h2o_send(call->req, NULL, 0, H2O_SEND_STATE_FINAL);
}

void gw_answer_status(gw_call *call, int http, const pd_status *status) {
    pd_text body = {.arena = call->arena};
    gw_answer_caching(call);
    add_retry(call, http, status);
    if (http == 401)
        add(call, H2O_TOKEN_WWW_AUTHENTICATE, H2O_STRLIT("Bearer"));
    if (http == 405)
        add_allow(call);
    bool envelope = wants_envelope(call);
    if (envelope)
        gw_write_refused_envelope(&body, http, status);
    else
        gw_write_problem(&body, http, status, call->request_id);
    send_body(call, http, envelope ? TYPE_JSON : TYPE_PROBLEM, body.at, body.len);
}

void gw_refuse(gw_call *call, int http, pd_code code, const char *detail) {
    pd_status status = {.code = code, .message = detail};
    gw_answer_status(call, http, &status);
}

/* The fields that are answered as headers: texts, and bools that are true. */
static void add_reply_headers(gw_call *call, const pd_message *message, const ProtobufCMessage *value) {
    for (unsigned i = 0; i < message->type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->type->fields[i];
        if (!message->fields[i].header || !pd_present(value, field))
            continue;
        const void *at = (const char *)value + field->offset;
        if (field->type == PROTOBUF_C_TYPE_STRING)
            gw_answer_header(call, message->fields[i].header, *(char *const *)at);
        else if (*(const protobuf_c_boolean *)at)
            gw_answer_header(call, message->fields[i].header, "true");
    }
}

static void answer_value(gw_call *call, const ProtobufCMessage *value) {
    const pd_method *method = call->match.route->method;
    if (method->text_index >= 0) {
        const ProtobufCFieldDescriptor *field = &method->reply->type->fields[method->text_index];
        const char *text = *(char *const *)((const char *)value + field->offset);
        send_body(call, 200, TYPE_TEXT, text ? text : "", text ? strlen(text) : 0);
        return;
    }
    pd_text body = {.arena = call->arena};
    gw_write_success(&body, method, value, wants_envelope(call) && !method->bare ? call->match.route->message : NULL);
    send_body(call, 200, TYPE_JSON, body.at, body.len);
}

/* Whether the client says that it has the answer of this tag. */
bool gw_client_has(const gw_call *call, gw_slice etag) {
    const pd_route *route = call->match.route;
    return etag.at && call->verb == PD_GET && !(route && route->takes_over) && call->headers.if_none_match.at &&
           gw_none_match(gw_header_list(&call->req->headers, "if-none-match", call->arena), etag);
}

void gw_answer_reply(gw_call *call, const pd_reply *reply) {
    if (reply->status->code != PD_OK) {
        gw_answer_status(call, gw_http_of(reply->status), reply->status);
        return;
    }
    const pd_method *method = call->match.route->method;
    gw_slice etag = {NULL, 0};
    if (reply->tag)
        etag = gw_etag(reply->tag, wants_envelope(call) && !method->bare, call->arena);
    bool modified = !gw_client_has(call, etag);
    ProtobufCMessage *value = NULL;
    if (modified && !(value = protobuf_c_message_unpack(method->reply->type, pd_arena_protobuf(call->arena), reply->len,
                                                        reply->bytes))) {
        gw_refuse(call, 500, PD_INTERNAL, "El servicio respondió algo que no se entiende");
        return;
    }
    gw_answer_caching(call);
    if (etag.at)
        add(call, H2O_TOKEN_ETAG, etag.at, etag.len);
    if (!modified) {
        gw_answer_not_modified(call);
        return;
    }
    add_reply_headers(call, call->match.route->method->reply, value);
    if (reply->replayed)
        gw_answer_header(call, "idempotency-replayed", "true");
    answer_value(call, value);
}

void gw_answer_stream(gw_call *call, const char *type, h2o_generator_t *generator) {
    add(call, H2O_TOKEN_CONTENT_TYPE, type, strlen(type));
    gw_answer_caching(call);
    gw_answer_start(call, 200, 0, generator);
}

void gw_answer_page(gw_call *call, const gw_page *page) {
    add(call, H2O_TOKEN_CACHE_CONTROL, H2O_STRLIT("no-cache"));
    add(call, H2O_TOKEN_ETAG, page->etag.at, page->etag.len);
    if (page->policy)
        gw_answer_header(call, "content-security-policy", page->policy);
    if (gw_client_has(call, page->etag))
        gw_answer_not_modified(call);
    else
        send_body(call, 200, page->type, page->bytes.at, page->bytes.len);
}
