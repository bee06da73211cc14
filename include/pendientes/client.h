/* client: calls to one or several cores. Calls collected during a loop turn leave together in frames, by class (fast
 * reads, everything else), at most two frames of fast reads in flight per core; the least loaded core is chosen, a dead
 * or silent one set aside. Only calls declared free of side effects, or carrying an idempotency key, are ever sent
 * again. One thread owns a client. nng is used without callbacks: its pollable fds are watched by the owner's loop. */
#ifndef PENDIENTES_CLIENT_H
#define PENDIENTES_CLIENT_H

#include "pendientes/contract.h"
#include "pendientes/status.h"

typedef struct pd_client pd_client;
typedef struct pd_call pd_call; /* one call under way */

/* What travels beside the request. All pointers need to live only during the call that takes it. */
typedef struct pd_meta {
    const char *token;
    size_t token_len;
    const char *request_id;    /* NULL: made by the core */
    const char *traceparent;   /* NULL: none */
    const char *key;           /* Idempotency-Key, NULL: none */
    const uint8_t *key_digest; /* 32 bytes, NULL: the core hashes the packed request */
    const uint8_t *if_match;   /* If-Match: tags of PD_TAG_LEN bytes, one behind the other; NULL: no condition */
    size_t n_if_match;         /* how many; 0: none will do */
    bool if_exists;            /* If-Match: * */
    const char *peer;          /* client address, NULL: none */
    uint32_t deadline_ms;      /* 0: 10 s */
    bool probe;                /* identity probe */
} pd_meta;

/* The outcome; valid only during the callback. */
typedef struct pd_reply {
    const pd_status *status;
    const uint8_t *bytes; /* packed reply when OK */
    size_t len;
    const uint8_t *tag; /* PD_TAG_LEN bytes: the answer's ETag; NULL: it has none */
    bool replayed;
} pd_reply;
typedef void (*pd_reply_fn)(void *arg, const pd_reply *reply);

/* How the client is told of readiness: the owner watches `fd` for reading and calls ready(arg). NULL `watch`: the
 * client uses poll(2) itself in pd_client_wait. */
typedef struct pd_client_options {
    const char *cores; /* comma-separated nng URLs */
    void *(*watch)(void *ctx, int fd, void (*ready)(void *arg), void *arg);
    void (*unwatch)(void *ctx, void *watch);
    void *ctx;
    uint32_t read_frame_ms; /* a fast-read frame unanswered for so long sets its core aside; 0: 1000 */
} pd_client_options;

/* NULL and one line in *error (static or leaked, for start-up) when an URL is wrong. Does not wait for a core to be
 * there. */
pd_client *pd_client_new(const pd_client_options *options, const char **error);
/* Pending calls end with CANCELLED. */
void pd_client_free(pd_client *client);

/* Queues a call; `fn` is called exactly once, later, from pd_client_turn or a readiness callback, never from here. The
 * packed bytes are copied. */
pd_call *pd_client_call(pd_client *client, const pd_method *method, const uint8_t *bytes, size_t len,
                        const pd_meta *meta, pd_reply_fn fn, void *arg);
/* The same from an unpacked message. */
pd_call *pd_client_call_message(pd_client *client, const pd_method *method, const ProtobufCMessage *request,
                                const pd_meta *meta, pd_reply_fn fn, void *arg);
/* The answer, if one comes, is dropped and `fn` not called. */
void pd_call_cancel(pd_call *call);

/* Once at the end of each loop turn: sends what was queued, ends calls past their deadline, retries. Returns the
 * milliseconds until it wants to be called again (-1: no need). */
int pd_client_turn(pd_client *client);
/* True when at least one core answered lately (or none was asked yet and one is connected). */
bool pd_client_ready(const pd_client *client);

/* For programs without a loop: turns until `*done` or `timeout_ms`. */
bool pd_client_wait(pd_client *client, const bool *done, int timeout_ms);

/* A ProtobufCService over the client: protoc-c's generated functions (pendientes__v1__averias__obtener(service, …))
 * call through it. The closure gets the reply, or NULL; then pd_service_status tells why (valid during the closure, as
 * the reply is). `meta` is copied and used for every call until pd_service_meta changes it. Free with its ->destroy. */
ProtobufCService *pd_service_new(pd_client *client, const ProtobufCServiceDescriptor *descriptor, const pd_meta *meta);
void pd_service_meta(ProtobufCService *service, const pd_meta *meta);
const pd_status *pd_service_status(const ProtobufCService *service);

#endif
