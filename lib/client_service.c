/* client_service: the client as a ProtobufCService, so that protoc-c's generated functions call through it
 * (include/pendientes/client.h, at its end). */
#include "pendientes/client.h"

#include <stdlib.h>
#include <string.h>

typedef struct adapter adapter;

/* A call under way. */
typedef struct pending {
    adapter *adapter;
    const ProtobufCMessageDescriptor *reply;
    ProtobufCClosure closure;
    void *closure_data;
    pd_call *call;
    struct pending *next, *prev;
} pending;

struct adapter {
    ProtobufCService service; /* first: what the generated functions hold is this */
    pd_client *client;
    pd_meta meta;            /* its strings are ours */
    const pd_status *status; /* during a closure */
    pending *pendings;
};

static const pd_status no_status = {0};

static void *must(void *memory) {
    if (!memory)
        abort();
    return memory;
}

static const char *copy_text(const char *text) {
    return text ? must(strdup(text)) : NULL;
}

static const void *copy_bytes(const void *bytes, size_t len) {
    return bytes ? memcpy(must(malloc(len + 1)), bytes, len) : NULL;
}

static void drop_meta(pd_meta *meta) {
    const void *ours[] = {meta->token,      meta->request_id, meta->traceparent, meta->key,
                          meta->key_digest, meta->if_match,   meta->peer};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        free((void *)(uintptr_t)ours[i]);
    *meta = (pd_meta){0};
}

void pd_service_meta(ProtobufCService *service, const pd_meta *meta) {
    adapter *self = (adapter *)service;
    pd_meta copy = *meta;
    copy.token = copy_bytes(meta->token, meta->token_len);
    copy.request_id = copy_text(meta->request_id);
    copy.traceparent = copy_text(meta->traceparent);
    copy.key = copy_text(meta->key);
    copy.key_digest = copy_bytes(meta->key_digest, 32);
    copy.if_match = copy_bytes(meta->if_match, meta->n_if_match * PD_TAG_LEN);
    copy.peer = copy_text(meta->peer);
    drop_meta(&self->meta);
    self->meta = copy;
}

const pd_status *pd_service_status(const ProtobufCService *service) {
    const adapter *self = (const adapter *)service;
    return self->status ? self->status : &no_status;
}

static void unlink_pending(pending *p) {
    if (p->prev)
        p->prev->next = p->next;
    else
        p->adapter->pendings = p->next;
    if (p->next)
        p->next->prev = p->prev;
}

/* A closure may make further calls and wait for them: the status in force is put back afterwards. */
static void close_call(adapter *self, ProtobufCClosure closure, void *data, const ProtobufCMessage *message,
                       const pd_status *status) {
    const pd_status *outer = self->status;
    self->status = status;
    closure(message, data);
    self->status = outer;
}

static void on_reply(void *arg, const pd_reply *reply) {
    pending *p = arg;
    adapter *self = p->adapter;
    unlink_pending(p);
    pd_arena *arena = NULL;
    const ProtobufCMessage *message = NULL;
    pd_status broken = {.code = PD_INTERNAL, .message = "La respuesta no se puede leer"};
    const pd_status *status = reply->status;
    if (status->code == PD_OK) {
        arena = pd_arena_new();
        message = protobuf_c_message_unpack(p->reply, pd_arena_protobuf(arena), reply->len, reply->bytes);
        if (!message)
            status = &broken;
    }
    close_call(self, p->closure, p->closure_data, message, status);
    pd_arena_free(arena);
    free(p);
}

static void invoke(ProtobufCService *service, unsigned index, const ProtobufCMessage *input, ProtobufCClosure closure,
                   void *closure_data) {
    adapter *self = (adapter *)service;
    const pd_method *method = pd_method_of(service->descriptor, index);
    if (!method) {
        pd_status status = {.code = PD_UNIMPLEMENTED, .message = "Método desconocido"};
        close_call(self, closure, closure_data, NULL, &status);
        return;
    }
    pending *p = must(malloc(sizeof *p));
    *p = (pending){.adapter = self,
                   .reply = service->descriptor->methods[index].output,
                   .closure = closure,
                   .closure_data = closure_data,
                   .next = self->pendings};
    if (p->next)
        p->next->prev = p;
    self->pendings = p;
    p->call = pd_client_call_message(self->client, method, input, &self->meta, on_reply, p);
}

static void destroy(ProtobufCService *service) {
    adapter *self = (adapter *)service;
    pd_status status = {.code = PD_CANCELLED, .message = "Operación cancelada"};
    while (self->pendings) {
        pending *p = self->pendings; /* the analyzer does not see that unlink_pending moves it on */
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
        pd_call_cancel(p->call);
        unlink_pending(p);
        close_call(self, p->closure, p->closure_data, NULL, &status);
        free(p);
    }
    drop_meta(&self->meta);
    free(self);
}

ProtobufCService *pd_service_new(pd_client *client, const ProtobufCServiceDescriptor *descriptor, const pd_meta *meta) {
    adapter *self = must(calloc(1, sizeof *self));
    self->service = (ProtobufCService){.descriptor = descriptor, .invoke = invoke, .destroy = destroy};
    self->client = client;
    if (meta)
        pd_service_meta(&self->service, meta);
    return &self->service;
}
