#include "gateway/file.h"

#include "gateway/answer.h"
#include "gateway/fields.h"
#include "gateway/range.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_DIGITS = 32 };

/* A file on its way. The generator is first: h2o hands that back. */
typedef struct download {
    h2o_generator_t generator;
    gw_call *call;
    ProtobufCMessage *request;
    int64_t at, end; /* of the bytes that are to be sent */
    int http;
    bool started; /* the head is out: what goes wrong now cuts the answer */
    char *piece;  /* what h2o is sending */
    int64_t most; /* bytes of a piece */
} download;

static const pd_method *method_of(const download *d) {
    return d->call->match.route->method;
}

/* --- headers --- */

/* For clients that know no better: the same name with what is not plain replaced. */
static const char *plain_name(const char *name, pd_arena *arena) {
    char *plain = pd_arena_strdup(arena, name);
    for (char *c = plain; *c; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (!letter && !strchr(" ._-()", *c))
            *c = '_';
    }
    return plain;
}

/* RFC 8187. */
static const char *encoded_name(const char *name, pd_arena *arena) {
    static const char hex[] = "0123456789ABCDEF", kept[] = "!#$&+-.^_`|~";
    char *out = pd_arena_alloc(arena, strlen(name) * 3 + 1), *at = out;
    for (const char *c = name; *c; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (letter || strchr(kept, *c)) {
            *at++ = *c;
            continue;
        }
        *at++ = '%';
        *at++ = hex[(uint8_t)*c >> 4];
        *at++ = hex[*c & 15];
    }
    *at = '\0';
    return out;
}

static void add_headers(download *d, const ProtobufCMessage *value, int64_t total) {
    gw_call *call = d->call;
    const pd_message *message = method_of(d)->reply;
    const char *type = gw_get_text(message, value, "tipo"), *name = gw_get_text(message, value, "nombre_original");
    gw_answer_header(call, "content-type", type ? type : "application/octet-stream");
    gw_answer_header(call, "accept-ranges", "bytes");
    if (name)
        gw_answer_header(call, "content-disposition",
                         pd_arena_printf(call->arena, "inline; filename=\"%s\"; filename*=UTF-8''%s",
                                         plain_name(name, call->arena), encoded_name(name, call->arena)));
    else
        gw_answer_header(call, "content-disposition", "inline");
    if (d->http == 206)
        gw_answer_header(
            call, "content-range",
            pd_arena_printf(call->arena, "bytes %" PRId64 "-%" PRId64 "/%" PRId64, d->at, d->end - 1, total));
}

static gw_slice header_of(const gw_call *call, const h2o_token_t *name) {
    ssize_t i = h2o_find_header(&call->req->headers, name, -1);
    if (i < 0)
        return (gw_slice){NULL, 0};
    h2o_iovec_t value = call->req->headers.entries[i].value;
    return (gw_slice){value.base, value.len};
}

/* --- pieces --- */

static void on_piece(gw_call *call, const pd_reply *reply);

static void ask_for(download *d, int64_t len) {
    const pd_message *message = method_of(d)->request;
    gw_set_int(message, d->request, "desde", d->at);
    gw_set_int(message, d->request, "largo", len);
}

static void ask_next(download *d) {
    int64_t left = d->end - d->at;
    ask_for(d, left < d->most ? left : d->most);
    gw_call_send(d->call, d->request, on_piece);
}

static void on_proceed(h2o_generator_t *generator, h2o_req_t *req) {
    (void)req;
    ask_next((download *)generator);
}

/* The client went: nobody wants the piece under way. */
static void on_stop(h2o_generator_t *generator, h2o_req_t *req) {
    (void)req;
    gw_call *call = ((download *)generator)->call;
    if (call->rpc)
        pd_call_cancel(call->rpc);
    call->rpc = NULL;
}

static void start(download *d) {
    gw_call *call = d->call;
    call->req->res.content_length = (size_t)(d->end - d->at);
    d->started = true;
    d->generator = (h2o_generator_t){.proceed = on_proceed, .stop = on_stop};
    gw_answer_start(call, d->http, (size_t)(d->end - d->at), &d->generator);
}

static void cut(download *d) {
    h2o_send(d->call->req, NULL, 0, H2O_SEND_STATE_ERROR);
}

/* Sends a piece; false when it is not what was asked for. */
static bool send_piece(download *d, ProtobufCBinaryData bytes) {
    int64_t left = d->end - d->at;
    if ((int64_t)bytes.len != (left < d->most ? left : d->most))
        return false;
    memcpy(d->piece, bytes.data, bytes.len);
    if (!d->started)
        start(d);
    d->at += (int64_t)bytes.len;
    h2o_iovec_t piece = {d->piece, bytes.len};
    h2o_send(d->call->req, &piece, 1, d->at == d->end ? H2O_SEND_STATE_FINAL : H2O_SEND_STATE_IN_PROGRESS);
    return true;
}

static void misunderstood(download *d) {
    if (d->started)
        cut(d);
    else
        gw_refuse(d->call, 500, PD_INTERNAL, "El servicio respondió algo que no se entiende");
}

static void on_piece(gw_call *call, const pd_reply *reply) {
    download *d = call->download;
    if (reply->status->code != PD_OK) {
        if (d->started)
            cut(d);
        else
            gw_answer_reply(call, reply);
        return;
    }
    const pd_message *message = method_of(d)->reply;
    pd_arena *arena = pd_arena_new(); /* not the call's: that would keep every piece */
    ProtobufCMessage *value =
        protobuf_c_message_unpack(message->type, pd_arena_protobuf(arena), reply->len, reply->bytes);
    if (!value || !send_piece(d, gw_get_bytes(message, value, "datos")))
        misunderstood(d);
    pd_arena_free(arena);
}

/* --- the beginning --- */

/* If-Range (RFC 9110, 13.1.5): a range of another version is of no use; dates are not known here. */
static bool range_counts(const gw_call *call, gw_slice etag) {
    gw_slice condition = header_of(call, H2O_TOKEN_IF_RANGE);
    if (!condition.at)
        return true;
    condition = gw_slice_trim(condition);
    return condition.len == etag.len && memcmp(condition.at, etag.at, etag.len) == 0;
}

static void refuse_range(gw_call *call, int64_t total) {
    gw_answer_header(call, "content-range", pd_arena_printf(call->arena, "bytes */%" PRId64, total));
    pd_status status = {.code = PD_OUT_OF_RANGE};
    pd_status_field(&status, call->arena, "Range", "está fuera del archivo, de %" PRId64 " bytes", total);
    gw_answer_status(call, 416, &status);
}

/* Which bytes are asked for; false: the call is answered. */
static bool choose_bytes(download *d, gw_slice etag, int64_t total) {
    gw_call *call = d->call;
    gw_range range = GW_RANGE_WHOLE;
    int64_t first = 0, last = 0;
    if (!call->head && range_counts(call, etag))
        range = gw_range_of(header_of(call, H2O_TOKEN_RANGE), total, &first, &last);
    if (range == GW_RANGE_BEYOND) {
        refuse_range(call, total);
        return false;
    }
    d->http = range == GW_RANGE_PART ? 206 : 200;
    d->at = range == GW_RANGE_PART ? first : 0;
    d->end = range == GW_RANGE_PART ? last + 1 : total;
    return true;
}

static void begin(download *d, const ProtobufCMessage *value) {
    gw_call *call = d->call;
    const pd_message *message = method_of(d)->reply;
    const char *hash = gw_get_text(message, value, "huella");
    int64_t total = gw_get_int(message, value, "total");
    gw_slice etag = {"\"\"", 2};
    if (hash && strlen(hash) >= TAG_DIGITS)
        etag = (gw_slice){pd_arena_printf(call->arena, "\"%.*s\"", TAG_DIGITS, hash), TAG_DIGITS + 2};
    bool has = gw_client_has(call, etag);
    if (!has && !choose_bytes(d, etag, total))
        return;
    gw_answer_caching(call);
    gw_answer_header(call, "etag", pd_arena_memdup(call->arena, etag.at, etag.len));
    if (has) {
        gw_answer_not_modified(call);
        return;
    }
    add_headers(d, value, total);
    if (call->head || total == 0) {
        start(d);
        h2o_send(call->req, NULL, 0, H2O_SEND_STATE_FINAL);
    } else {
        ask_next(d);
    }
}

static void on_found(gw_call *call, const pd_reply *reply) {
    download *d = call->download;
    if (reply->status->code != PD_OK) {
        gw_answer_reply(call, reply);
        return;
    }
    const pd_message *message = method_of(d)->reply;
    ProtobufCMessage *value =
        protobuf_c_message_unpack(message->type, pd_arena_protobuf(call->arena), reply->len, reply->bytes);
    if (value)
        begin(d, value);
    else
        misunderstood(d);
}

static void on_dispose(void *memory) {
    free(((download *)memory)->piece);
}

/* What is known of the file is asked first, without its bytes: whether any are wanted depends on it. */
void gw_file_send(gw_call *call, ProtobufCMessage *request) {
    download *d = call->download = h2o_mem_alloc_shared(&call->req->pool, sizeof *d, on_dispose);
    *d = (download){.call = call, .request = request, .http = 200};
    d->most = gw_field(method_of(d)->request, "largo")->max;
    d->piece = malloc((size_t)d->most);
    if (!d->piece)
        abort();
    ask_for(d, 0);
    gw_call_send(call, request, on_found);
}
