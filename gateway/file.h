/* file: a file's bytes, read from the core piece by piece by a method with the option `archivo` and sent as fast as the
 * client takes them, one piece in memory at a time; with ETag, conditions and ranges. Design's "image". */
#ifndef GATEWAY_FILE_H
#define GATEWAY_FILE_H

#include "gateway/call.h"

/* Answers the call; `request` is the route's own, bound to the path. */
void gw_file_send(gw_call *call, ProtobufCMessage *request);

#endif
