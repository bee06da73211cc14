#include "gateway/upload.h"

#include "gateway/answer.h"
#include "gateway/fields.h"
#include "gateway/key.h"
#include "gateway/multipart.h"
#include "pendientes/check.h"
#include "pendientes/scalar.h"

#include <string.h>

enum {
    NAME_MAX_POINTS = 255,
    PIECES_MAX = 16, /* copied out of their files at once: enough for the cores, little for memory */
};

typedef struct file {
    gw_slice bytes;
    const char *name; /* NULL: none that can be kept */
} file;

typedef struct gw_upload {
    gw_gateway *gateway;
    gw_call *call;
    gw_slice body;
    size_t reserved; /* of the gateway's bound */
    file *files;
    size_t n, at;      /* files; the one under way */
    size_t moved;      /* bytes of it */
    char **names;      /* by which the core knows them */
    gw_key_hash *hash; /* NULL: no key */
    size_t hashed;     /* bytes of the body */
    ProtobufCMessage *request;
    bool moving, waiting; /* a piece is under way, or wants to be */
    struct gw_upload *next, *prev;
} gw_upload;

static const pd_upload *way(const gw_upload *u) {
    return u->call->match.route->method->upload;
}

/* --- what is sent --- */

static bool is_file_part(const pd_upload *how, gw_slice name) {
    for (size_t i = 0; i < how->n_parts; i++)
        if (gw_slice_is(name, how->parts[i]))
            return true;
    return false;
}

/* The client's name for a file, if it is a text that a column holds. */
static const char *kept_name(gw_slice name, pd_arena *arena) {
    size_t points;
    if (!name.at || name.len == 0 || memchr(name.at, 0, name.len) || !pd_utf8_check(name.at, name.len, &points) ||
        points > NAME_MAX_POINTS)
        return NULL;
    return pd_arena_memdup(arena, name.at, name.len);
}

/* The request that begins a file. `request` NULL: the path's variables are not known yet. */
static ProtobufCMessage *start_message(const gw_upload *u, const file *f, const ProtobufCMessage *request) {
    const pd_route *route = u->call->match.route;
    const pd_message *message = way(u)->start->request;
    ProtobufCMessage *value = gw_message_new(message, u->call->arena);
    size_t piece = gw_field(message, "datos")->max_bytes;
    for (size_t i = 0; request && i < route->n_segments; i++)
        if (!route->segments[i].literal)
            gw_copy_field(route->method->request, request, message, value,
                          route->method->request->type->fields[route->segments[i].field].name);
    gw_set_int(message, value, "tamano", (int64_t)f->bytes.len);
    if (f->name)
        gw_set_text(message, value, "nombre_original", f->name);
    gw_set_bytes(message, value, "datos", f->bytes.at, f->bytes.len < piece ? f->bytes.len : piece);
    return value;
}

/* Whether the core will take the file for what it is: the same check as there. */
static void check_file(gw_upload *u, const file *f) {
    gw_call *call = u->call;
    const pd_message *message = way(u)->start->request;
    pd_status status = {0};
    pd_check(message, start_message(u, f, NULL), call->arena, &status);
    for (size_t i = 0; i < status.n_errors; i++) {
        if (strcmp(status.errors[i].field, gw_field(message, "datos")->json) != 0)
            continue; /* the path's variables are bound later */
        call->refusal.reason = status.reason;
        pd_status_field(&call->refusal, call->arena, way(u)->parts[0], "%s%s%s%s", f->name ? "«" : "",
                        f->name ? f->name : "", f->name ? "» " : "", status.errors[i].detail);
    }
}

static void take_parts(gw_upload *u, const gw_parts *parts) {
    gw_call *call = u->call;
    const char *field = way(u)->parts[0];
    u->files = pd_arena_alloc(call->arena, (parts->n + 1) * sizeof *u->files);
    for (size_t i = 0; i < parts->n; i++) {
        const gw_part *part = &parts->at[i];
        if (!is_file_part(way(u), part->name)) {
            pd_status_field(&call->refusal, call->arena, field, "es el nombre que deben tener todas las partes");
            return;
        }
        if (part->body.len > 0)
            u->files[u->n++] = (file){part->body, kept_name(part->filename, call->arena)};
    }
    if (u->n == 0)
        pd_status_field(&call->refusal, call->arena, field, "falta: ninguna parte trae un archivo");
    for (size_t i = 0; i < u->n; i++)
        check_file(u, &u->files[i]);
}

/* --- sending --- */

static void next_piece(gw_upload *u);
static void send_piece(gw_upload *u);

static void wait_for_turn(gw_upload *u) {
    gw_upload_gate *gate = &u->gateway->uploads;
    u->waiting = true;
    u->next = NULL;
    u->prev = gate->last;
    *(gate->last ? &gate->last->next : &gate->first) = u;
    gate->last = u;
}

static void wait_no_more(gw_upload *u) {
    gw_upload_gate *gate = &u->gateway->uploads;
    u->waiting = false;
    *(u->prev ? &u->prev->next : &gate->first) = u->next;
    *(u->next ? &u->next->prev : &gate->last) = u->prev;
}

/* The piece is no longer under way: the upload that has waited longest sends one. */
static void leave(gw_upload *u) {
    gw_upload_gate *gate = &u->gateway->uploads;
    u->moving = false;
    gate->pieces--;
    gw_upload *first = gate->first;
    if (!first)
        return;
    wait_no_more(first);
    send_piece(first);
}

static void on_dispose(void *memory) {
    gw_upload *u = memory;
    u->gateway->uploads.bytes -= u->reserved;
    gw_key_drop(u->hash);
    if (u->waiting)
        wait_no_more(u);
    if (u->moving)
        leave(u);
}

/* The client's body counts for its key; hashed as far as it was sent, so that no turn of the loop takes long. */
static void hash_until(gw_upload *u, const char *end) {
    size_t until = (size_t)(end - u->body.at);
    if (!u->hash || until <= u->hashed)
        return;
    gw_key_add(u->hash, (gw_slice){u->body.at + u->hashed, until - u->hashed});
    u->hashed = until;
}

/* True when the piece was taken; else the call is answered. Whatever became of a piece, nothing counts yet: what would
 * be unknown of a write is plainly not done. */
static bool taken(gw_upload *u, const pd_reply *reply) {
    if (reply->status->code == PD_OK)
        return true;
    pd_status status = *reply->status;
    if (status.code == PD_UNKNOWN)
        status = (pd_status){.code = PD_UNAVAILABLE, .message = "Servicio no disponible", .retry_ms = 1000};
    gw_answer_status(u->call, gw_http_of(&status), &status);
    return false;
}

static void piece_moved(gw_upload *u, size_t len) {
    const file *f = &u->files[u->at];
    u->moved += len;
    hash_until(u, f->bytes.at + u->moved);
    if (u->moved >= f->bytes.len) {
        u->at++;
        u->moved = 0;
    }
    next_piece(u);
}

static size_t piece_len(const gw_upload *u) {
    size_t left = u->files[u->at].bytes.len - u->moved, most = gw_field(way(u)->append->request, "datos")->max_bytes;
    return left < most ? left : most;
}

static void on_started(gw_call *call, const pd_reply *reply) {
    gw_upload *u = call->upload;
    leave(u);
    if (!taken(u, reply))
        return;
    const pd_message *message = way(u)->start->reply;
    ProtobufCMessage *value =
        protobuf_c_message_unpack(message->type, pd_arena_protobuf(call->arena), reply->len, reply->bytes);
    const char *name = value ? gw_get_text(message, value, "nombre") : NULL;
    if (!name) {
        gw_refuse(call, 500, PD_INTERNAL, "El servicio respondió algo que no se entiende");
        return;
    }
    u->names[u->at] = (char *)name;
    piece_moved(u, piece_len(u));
}

static void on_appended(gw_call *call, const pd_reply *reply) {
    gw_upload *u = call->upload;
    leave(u);
    if (taken(u, reply))
        piece_moved(u, piece_len(u));
}

static void finish(gw_upload *u) {
    gw_call *call = u->call;
    if (u->hash) {
        hash_until(u, u->body.at + u->body.len);
        gw_key_finish(u->hash, call->key_digest);
        u->hash = NULL;
    }
    gw_set_texts(call->match.route->method->request, u->request, "archivos", u->names, u->n);
    gw_call_send(call, u->request, gw_answer_reply);
}

static void next_piece(gw_upload *u) {
    if (gw_call_abandoned(u->call)) /* what it sent was for an answer that nobody will read */
        gw_refuse(u->call, 499, PD_CANCELLED, "El cliente se fue");
    else if (u->at == u->n)
        finish(u);
    else if (u->gateway->uploads.pieces == PIECES_MAX)
        wait_for_turn(u);
    else
        send_piece(u);
}

static void send_piece(gw_upload *u) {
    gw_call *call = u->call;
    u->moving = true;
    u->gateway->uploads.pieces++;
    const file *f = &u->files[u->at];
    if (u->moved == 0) {
        gw_call_send_to(call, way(u)->start, start_message(u, f, u->request), on_started);
        return;
    }
    const pd_message *message = way(u)->append->request;
    ProtobufCMessage *value = gw_message_new(message, call->arena);
    gw_set_text(message, value, "nombre", u->names[u->at]);
    gw_set_int(message, value, "desde", (int64_t)u->moved);
    gw_set_bytes(message, value, "datos", f->bytes.at + u->moved, piece_len(u));
    gw_call_send_to(call, way(u)->append, value, on_appended);
}

/* --- from and to the edge --- */

bool gw_upload_read(gw_call *call) {
    h2o_req_t *req = call->req;
    gw_slice boundary, coding = call->headers.content_encoding;
    if ((coding.at && !gw_slice_is_nocase(gw_slice_trim(coding), "identity")) || call->headers.content_type_twice ||
        !gw_multipart_boundary(call->headers.content_type, &boundary, call->arena))
        return false;
    gw_upload *u = call->upload = h2o_mem_alloc_shared(&req->pool, sizeof *u, on_dispose);
    *u = (gw_upload){.gateway = call->gateway, .call = call, .body = {req->entity.base, req->entity.len}};
    gw_parts parts;
    size_t most = gw_field(call->match.route->method->request, "archivos")->max_items;
    const char *wrong = gw_multipart_parse(u->body, boundary, most, call->arena, &parts);
    if (wrong)
        pd_status_field(&call->refusal, call->arena, way(u)->parts[0], "el cuerpo multipart %s", wrong);
    else
        take_parts(u, &parts);
    return true;
}

void gw_upload_send(gw_call *call, gw_slice query, ProtobufCMessage *request) {
    gw_upload *u = call->upload;
    gw_gateway *gateway = u->gateway;
    if (gateway->uploads.bytes + u->body.len > (size_t)gateway->settings->upload_total) {
        gw_refuse(call, 503, PD_UNAVAILABLE, "Se están recibiendo demasiados archivos; vuelva a intentarlo");
        return;
    }
    gateway->uploads.bytes += u->reserved = u->body.len;
    u->names = pd_arena_alloc(call->arena, u->n * sizeof *u->names);
    u->request = request;
    if (call->key.at)
        u->hash = gw_key_begin(&call->match, query, u->body.len);
    next_piece(u);
}
