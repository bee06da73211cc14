/* service: the answering side of the RPC: frames in, calls out to a handler, answers collected, frames back. One nng
 * rep socket with a bounded pool of contexts, its pollable fd in the owner's loop; single-threaded, no nng callback
 * runs our code.
 */
#ifndef PENDIENTES_SERVICE_H
#define PENDIENTES_SERVICE_H

#include "pendientes/contract.h"
#include "pendientes/loop.h"
#include "pendientes/status.h"

typedef struct pd_service pd_service;
typedef struct pd_incoming pd_incoming;

/* One call of a frame. Its strings and bytes live until it is answered. */
struct pd_incoming {
    const pd_method *method; /* NULL only for a probe that names none */
    const uint8_t *bytes;    /* packed request */
    size_t len;
    const char *token;
    size_t token_len;
    const char *request_id;    /* never NULL */
    const char *traceparent;   /* NULL: none */
    const char *key;           /* NULL: none, or the method ignores keys */
    const uint8_t *key_digest; /* 32 bytes or NULL */
    const char *peer;          /* NULL: unknown */
    const uint8_t *if_match;   /* tags of PD_TAG_LEN bytes, of which one must be the row's; NULL: no condition */
    size_t n_if_match;
    bool if_exists; /* the row must exist */
    bool probe;
    uint64_t due_ms; /* on pd_loop_now's clock */
    uint64_t started_us;
    void *user; /* the handler's */
    /* What is wrong with the key, its digest or the tags, NULL when nothing is: a refusal like those of the request's
     * own form, so only for those whose token is good. */
    const pd_status *wrong;
};

typedef void (*pd_incoming_fn)(void *arg, pd_incoming *call);

typedef struct pd_service_options {
    const char *listen;   /* comma-separated nng URLs */
    size_t max_frames;    /* contexts; 0: 256. Opened as they are needed */
    size_t max_bytes;     /* of a frame; 0: 8 MiB */
    pd_incoming_fn call;  /* called once per call; must answer each exactly once, now or later */
    pd_incoming_fn frame; /* after the last call of a frame was handed over (arg, NULL); may be NULL */
    void *arg;
} pd_service_options;

/* NULL and one line in *error (static, for start-up) when it cannot listen. */
pd_service *pd_service_listen(pd_loop *loop, const pd_service_options *options, const char **error);
/* Takes no more frames; answers under way are still sent. */
void pd_service_drain(pd_service *service);
/* Calls taken and not answered yet. */
size_t pd_service_pending(const pd_service *service);
void pd_service_close(pd_service *service);

/* The answer's ETag, PD_TAG_LEN bytes, copied; before the answer. */
void pd_incoming_tag(pd_incoming *call, const uint8_t *tag);
/* Answers. `bytes` (packed reply, NULL unless OK) and the status are copied. The frame leaves when its last call is
 * answered; `call` is gone afterwards. */
void pd_incoming_answer(pd_incoming *call, const pd_status *status, const uint8_t *bytes, size_t len, bool replayed);

#endif
