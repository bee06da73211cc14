/* call: what a request needs from its arrival to its last byte. It belongs to the request: h2o disposes of that
 * whenever the client goes away, and the call with it, which then drops the RPC under way (its answer has nobody to go
 * to). So nothing outlives anything, and no reference is counted. */
#ifndef GATEWAY_CALL_H
#define GATEWAY_CALL_H

#include "gateway/conditional.h"
#include "gateway/gateway.h"
#include "gateway/headers.h"
#include "pendientes/status.h"
#include "pendientes/trace.h"

struct gw_upload;
struct download;

struct gw_call {
    gw_gateway *gateway;
    h2o_req_t *req;
    gw_conn *conn;
    const char *client; /* its address, "" when unknown: the connection's peer or whom that forwards for */
    pd_arena *arena;    /* of the message, the answer and its headers */
    gw_headers headers;
    gw_accept accept;
    gw_match match;
    gw_slice token, key;
    char request_id[PD_REQUEST_ID_MAX + 1];
    const char *traceparent; /* NULL: none */
    const char *page;        /* its path; NULL: none of the gateway's own */
    uint32_t deadline_ms;
    uint8_t key_digest[32];
    gw_if_match if_match;
    pd_status refusal; /* of the gateway's own, held back while the caller's identity is asked */
    int refusal_http;
    pd_call *rpc;              /* NULL: none under way */
    struct gw_upload *upload;  /* NULL: the body is no multipart one */
    struct download *download; /* NULL: the answer is no file */
    pd_verb verb;
    bool head, options; /* the method is HEAD (`verb` is GET) or OPTIONS */
    bool strict;        /* Prefer: handling=strict */
    bool cors;          /* the request's Origin is one of the configured */
    bool answered;
    size_t body_len; /* of the answer */
    uint64_t started_us;
    gw_call *next; /* among the free */
};

/* A new call for the request; gone when the request is disposed of. */
gw_call *gw_call_new(gw_gateway *gateway, h2o_req_t *req);

/* Sends the call, or with `request` NULL the identity probe of it, to the core. `fn` gets the gw_call and the outcome,
 * unless the client goes away first. */
void gw_call_send(gw_call *call, const ProtobufCMessage *request, void (*fn)(gw_call *call, const pd_reply *reply));

/* Sends a request of another method that the route's needs; it has no part in keys and conditions. */
void gw_call_send_to(gw_call *call, const pd_method *method, const ProtobufCMessage *request,
                     void (*fn)(gw_call *call, const pd_reply *reply));

/* Whether the client has closed an HTTP/1 connection, of which h2o hears only when it writes; for what takes long. */
bool gw_call_abandoned(const gw_call *call);

/* Counts and logs the outcome: the answer's status, or 499 when the client went away before. */
void gw_call_record(gw_call *call, int http);

/* The calls kept for reuse. */
void gw_calls_free(gw_gateway *gateway);

#endif
