#include "tests/integration/rpc.h"

#include "pendientes/json.h"
#include "tests/integration/up.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

pd_client *rpc_client(void) {
    static pd_client *client;
    if (!client) {
        const char *error = NULL;
        client = pd_client_new(&(pd_client_options){.cores = up_env("PENDIENTES_RPC")}, &error);
        if (!client) {
            fprintf(stderr, "rpc: %s\n", error);
            exit(2);
        }
    }
    return client;
}

static size_t decode(const char *from, size_t len, bool plus, char *to) {
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned byte;
        if (from[i] == '%' && i + 2 < len + 0 && sscanf(from + i + 1, "%2x", &byte) == 1) {
            to[n++] = (char)byte;
            i += 2;
        } else
            to[n++] = plus && from[i] == '+' ? ' ' : from[i];
    }
    to[n] = 0;
    return n;
}

/* The route whose literals fit best, and its variables' texts. */
static const pd_route *route_of(const char *verb, const char *path, size_t len, char vars[8][256]) {
    static const char *verbs[] = {"GET", "POST", "PUT", "DELETE", "PATCH"};
    char parts[16][256];
    size_t n = 0;
    for (size_t at = 1; at <= len && n < 16;) {
        size_t end = at;
        while (end < len && path[end] != '/')
            end++;
        if (end > at && end - at < 200)
            decode(path + at, end - at, false, parts[n++]);
        at = end + 1;
    }
    const pd_route *best = NULL;
    size_t best_literals = 0;
    for (size_t r = 0; r < pd_n_routes; r++) {
        const pd_route *route = &pd_routes[r];
        if (strcmp(verbs[route->verb], verb) != 0 || route->n_segments != n)
            continue;
        size_t literals = 1, i = 0;
        for (; i < n; i++) {
            if (!route->segments[i].literal)
                continue;
            if (strcmp(route->segments[i].literal, parts[i]) != 0)
                break;
            literals++;
        }
        if (i == n && literals > best_literals) {
            best = route;
            best_literals = literals;
        }
    }
    for (size_t i = 0; best && i < n; i++)
        snprintf(vars[i % 8], sizeof vars[0], "%s", parts[i]);
    return best;
}

static bool bind_query(const pd_message *message, const char *query, ProtobufCMessage *value, pd_arena *arena,
                       pd_status *status) {
    while (query && *query) {
        size_t len = strcspn(query, "&"), key = strcspn(query, "=&");
        char name[256], text[4096];
        if (key >= sizeof name || len >= sizeof text)
            return false;
        decode(query, key, true, name);
        size_t n = key < len ? decode(query + key + 1, len - key - 1, true, text) : 0;
        int field = pd_field_by_json(message, name, strlen(name));
        if (field >= 0 && !pd_json_set_text(message, field, text, n, value, arena, status))
            return false;
        query += len + (query[len] == '&');
    }
    return true;
}

/* Bytes have no form in the contract's JSON: here they are texts, taken out of the request before it is read … */
static char *take_bytes(const pd_message *message, const char *body, ProtobufCMessage *value, pd_arena *arena) {
    json_t *json = json_loads(body ? body : "{}", 0, NULL);
    for (unsigned i = 0; json && i < message->type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->type->fields[i];
        json_t *text = json_object_get(json, message->fields[i].json);
        if (field->type != PROTOBUF_C_TYPE_BYTES || !text)
            continue;
        ProtobufCBinaryData *bytes = (ProtobufCBinaryData *)((char *)value + field->offset);
        bytes->len = json_string_length(text);
        bytes->data = (uint8_t *)pd_arena_memdup(arena, json_string_value(text), bytes->len);
        *(protobuf_c_boolean *)((char *)value + field->quantifier_offset) = 1;
        json_object_del(json, message->fields[i].json);
    }
    char *rest = json_dumps(json, 0);
    json_decref(json);
    return rest;
}

/* … and put into the answer after it was written. */
static void put_bytes(const pd_message *message, const ProtobufCMessage *value, json_t *json) {
    for (unsigned i = 0; json_is_object(json) && i < message->type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->type->fields[i];
        const ProtobufCBinaryData *bytes = (const ProtobufCBinaryData *)((const char *)value + field->offset);
        if (field->type == PROTOBUF_C_TYPE_BYTES)
            json_object_set_new(json, message->fields[i].json,
                                json_stringn(bytes->len ? (const char *)bytes->data : "", bytes->len));
    }
}

typedef struct waiting {
    const pd_method *method;
    rpc_answer answer;
    bool done;
} waiting;

static void arrived(void *arg, const pd_reply *reply) {
    waiting *w = arg;
    pd_arena *arena = pd_arena_new();
    w->answer.code = reply->status->code;
    w->answer.reason = reply->status->reason;
    w->answer.message = strdup(pd_status_message(reply->status, arena));
    w->answer.replayed = reply->replayed;
    if (reply->status->code == PD_OK && w->method) {
        ProtobufCMessage *message =
            protobuf_c_message_unpack(w->method->reply->type, pd_arena_protobuf(arena), reply->len, reply->bytes);
        pd_text text = {.arena = arena};
        if (message)
            pd_json_write_body(w->method, message, &text);
        w->answer.json = json_loadb(text.at ? text.at : "", text.len, JSON_DECODE_ANY, NULL);
        if (message)
            put_bytes(w->method->reply, message, w->answer.json);
    } else if (reply->status->code != PD_OK) {
        json_t *errors = json_array();
        for (size_t i = 0; i < reply->status->n_errors; i++)
            json_array_append_new(errors, json_pack("{s:s,s:s}", "field", reply->status->errors[i].field, "detail",
                                                    reply->status->errors[i].detail));
        w->answer.json = json_pack("{s:s,s:s,s:o}", "code", pd_code_name(w->answer.code), "detail", w->answer.message,
                                   "errors", errors);
    }
    pd_arena_free(arena);
    w->done = true;
}

static rpc_answer finish(waiting *w) {
    if (!pd_client_wait(rpc_client(), &w->done, 30000)) {
        fprintf(stderr, "rpc: no answer, not even its deadline\n");
        exit(2);
    }
    w->answer.carried = true;
    return w->answer;
}

/* The bytes of a quoted tag; false when it is none of ours, which no core would match. */
static bool read_tag(const char *quoted, uint8_t tag[PD_TAG_LEN]) {
    for (int i = 0; i < PD_TAG_LEN; i++)
        if (sscanf(quoted + 1 + 2 * i, "%2hhx", &tag[i]) != 1)
            return false;
    return true;
}

static rpc_answer send_message(const pd_method *method, const ProtobufCMessage *value, const char *token,
                               const char *key, const char *if_match) {
    waiting w = {.method = method};
    pd_meta meta = {.token = token, .token_len = token ? strlen(token) : 0, .key = key};
    uint8_t tag[PD_TAG_LEN];
    meta.if_exists = if_match && strcmp(if_match, "*") == 0;
    meta.if_match = if_match && !meta.if_exists ? tag : NULL;
    meta.n_if_match = meta.if_match && read_tag(if_match, tag);
    pd_client_call_message(rpc_client(), method, value, &meta, arrived, &w);
    return finish(&w);
}

static rpc_answer call_method(const pd_method *method, const char *token, const char *body, const char *key) {
    pd_arena *arena = pd_arena_new();
    pd_status status = {0};
    ProtobufCMessage *value = pd_arena_zalloc(arena, method->request->type->sizeof_message);
    method->request->type->message_init(value);
    char *rest = take_bytes(method->request, body, value, arena);
    rpc_answer answer = {0};
    if (rest && pd_json_read(method->request, rest, strlen(rest), false, value, NULL, arena, &status))
        answer = send_message(method, value, token, key, NULL);
    free(rest);
    pd_arena_free(arena);
    return answer;
}

rpc_answer rpc_call(const char *verb, const char *target, const char *token, const char *body, const char *key) {
    return rpc_call_if(verb, target, token, body, key, NULL);
}

rpc_answer rpc_call_if(const char *verb, const char *target, const char *token, const char *body, const char *key,
                       const char *if_match) {
    char vars[8][256];
    if (strcmp(verb, "RPC") == 0)
        return call_method(pd_method_find(target, strlen(target)), token, body, key);
    size_t path = strcspn(target, "?");
    const pd_route *route = route_of(verb, target, path, vars);
    if (!route)
        return (rpc_answer){0};
    pd_arena *arena = pd_arena_new();
    pd_status status = {0};
    const pd_message *message = route->method->request;
    ProtobufCMessage *value = pd_arena_zalloc(arena, message->type->sizeof_message);
    message->type->message_init(value);
    bool fits = true;
    if (body && *body && route->has_body && route->body_index >= 0)
        fits = pd_json_read_list(message, route->body_index, body, strlen(body), false, value, arena, &status);
    else if (body && *body && route->has_body)
        fits = pd_json_read(message, body, strlen(body), false, value, NULL, arena, &status);
    for (size_t i = 0; fits && i < route->n_segments; i++) {
        const pd_segment *segment = &route->segments[i];
        const ProtobufCFieldDescriptor *field = segment->literal ? NULL : &message->type->fields[segment->field];
        if (!field)
            continue;
        if (field->quantifier_offset)
            *(protobuf_c_boolean *)((char *)value + field->quantifier_offset) = 0;
        fits = pd_json_set_text(message, segment->field, vars[i % 8], strlen(vars[i % 8]), value, arena, &status);
    }
    if (fits && target[path])
        fits = bind_query(message, target + path + 1, value, arena, &status);
    rpc_answer answer = {0};
    if (fits)
        answer = send_message(route->method, value, token, key, if_match);
    pd_arena_free(arena);
    return answer;
}

rpc_answer rpc_bytes(const char *method, const uint8_t *bytes, size_t len, const char *token) {
    waiting w = {.method = pd_method_find(method, strlen(method))};
    pd_meta meta = {.token = token, .token_len = token ? strlen(token) : 0};
    pd_client_call(rpc_client(), w.method, bytes, len, &meta, arrived, &w);
    return finish(&w);
}

void rpc_free(rpc_answer *answer) {
    free(answer->message);
    json_decref(answer->json);
    memset(answer, 0, sizeof *answer);
}
