/* answer: replies and refusals as the contract words them (section 1): the resource bare or in the envelope,
 * problem+json (RFC 9457), and the headers that go with them. */
#ifndef GATEWAY_ANSWER_H
#define GATEWAY_ANSWER_H

#include "gateway/call.h"
#include "gateway/pages.h"
#include "pendientes/json.h"

/* The HTTP status of an outcome, its reason told apart (422, 412). */
int gw_http_of(const pd_status *status);
/* "Not Found": of the status line, and a problem's title. */
const char *gw_reason(int http);

/* The bodies alone. */
void gw_write_problem(pd_text *out, int http, const pd_status *status, const char *instance);
void gw_write_refused_envelope(pd_text *out, int http, const pd_status *status);
/* `value` is of the method's reply; `message` of success is for the envelope, NULL: bare. A reply without fields
 * (deletes) is {} bare, and null in the envelope. */
void gw_write_success(pd_text *out, const pd_method *method, const ProtobufCMessage *value, const char *message);

/* Each of these answers the call, once. */
void gw_answer_reply(gw_call *call, const pd_reply *reply);
void gw_answer_status(gw_call *call, int http, const pd_status *status);
/* What may be asked for at the path, and, to a configured origin that asks first, what its pages may send. */
void gw_answer_options(gw_call *call);
/* Begins an answer of unknown length; `generator` lives as long as the request and sends. */
void gw_answer_stream(gw_call *call, const char *type, h2o_generator_t *generator);
/* A refusal of the gateway's own, without fields. */
void gw_refuse(gw_call *call, int http, pd_code code, const char *detail);
/* For who has a body of its own: a header; what is said of caching under a token; whether the client has the answer of
 * this tag already; and then the head, with what every answer has. `generator` NULL: nothing but h2o_send follows. */
void gw_answer_header(gw_call *call, const char *name, const char *value);
void gw_answer_caching(gw_call *call);
bool gw_client_has(const gw_call *call, gw_slice etag);
void gw_answer_start(gw_call *call, int http, size_t body_len, h2o_generator_t *generator);
/* 304, the whole answer. */
void gw_answer_not_modified(gw_call *call);
void gw_answer_page(gw_call *call, const gw_page *page);

#endif
