/* sse: a stream of Server-Sent Events (HTML Standard, 9.2) of a method with the option `flujo`. Each event is one
 * `data:` line of JSON under its number as `id:`; a client that comes again says the last one in Last-Event-ID, or as
 * `desde` in the query. The stream begins with an `id:` alone, and a comment every fifteen seconds, which shows that
 * the stream lives, has one too: so nothing is missed, or read twice, by a client that has seen no event of its own for
 * long. An event `recortado` says that some are no longer kept. What a slow reader has not taken waits in the log, not
 * here; one that takes nothing for a minute is cut off. */
#ifndef GATEWAY_SSE_H
#define GATEWAY_SSE_H

#include "gateway/call.h"

/* Takes the call, whose form is good: `request` is of the method and in the call's arena. */
void gw_sse_start(gw_call *call, const ProtobufCMessage *request);

#endif
