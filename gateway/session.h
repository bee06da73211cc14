/* session: STOMP 1.1 and 1.2 over a WebSocket (contract, section 10): notifications of the user whose token stands in
 * CONNECT, as they are created. A session is a listener of the hub. What a client missed it gets by saying in
 * SUBSCRIBE, as `desde`, the last `evento-id` that it has seen (a MESSAGE with the header `recortado:true` and `{}`
 * says that some of that is no longer kept); so nothing waits here for a slow or absent reader, and acknowledgements,
 * which would promise that, are refused with everything else that is not served. Loop thread. */
#ifndef GATEWAY_SESSION_H
#define GATEWAY_SESSION_H

#include "gateway/call.h"

typedef struct gw_sessions gw_sessions;

gw_sessions *gw_sessions_new(gw_gateway *gateway);
/* NULL is allowed. Before the hub. */
void gw_sessions_free(gw_sessions *sessions);
/* From the loop, every GW_TICK_MS. */
void gw_sessions_tick(gw_sessions *sessions);
/* Says goodbye to all: they come again, and to another gateway. */
void gw_sessions_drain(gw_sessions *sessions);
/* Takes the call. `query` may hold the token, as `access_token`. Any Origin is admitted: there is no cookie, so a page
 * has no more than the token that it shows. */
void gw_session_start(gw_call *call, gw_slice query);

#endif
