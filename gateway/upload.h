/* upload: a multipart body's files on their way to the core, piece by piece, by the methods that the contract's option
 * `subida` names; then the route's own method makes all of them count. One piece of a request is under way at a time,
 * and the bodies being forwarded have a bound together, so neither memory nor disk grows with what clients send. */
#ifndef GATEWAY_UPLOAD_H
#define GATEWAY_UPLOAD_H

#include "gateway/call.h"

/* Cuts the call's body into files. False: the body is no multipart/form-data (415). What is wrong with its parts goes
 * into call->refusal, which then has PD_REASON_MEDIA_TYPE where that is a file's type. */
bool gw_upload_read(gw_call *call);

/* Moves the files, sends `request` (the route's own, bound to path and query) and answers the call. */
void gw_upload_send(gw_call *call, gw_slice query, ProtobufCMessage *request);

#endif
