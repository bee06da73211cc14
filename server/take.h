/* take: the road of a call through the core, in the contract's order of refusals: token, form, the role's right, then
 * its plan or handler. Not in the design's plan of rooms: it knows every other room, and call.c, which they all know,
 * none of them. */
#ifndef SERVER_TAKE_H
#define SERVER_TAKE_H

#include "server/call.h"

/* service.h's handler; `core` is its arg. */
void sv_take(void *core, pd_incoming *in);

#endif
