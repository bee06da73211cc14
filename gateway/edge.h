/* edge: the order of refusals. What precedes identity (route, method, size, a token's shape) is refused here at once;
 * for any later refusal of the gateway's own the core is first asked whether the caller is somebody. */
#ifndef GATEWAY_EDGE_H
#define GATEWAY_EDGE_H

#include "gateway/gateway.h"

/* The handler of every public path. */
void gw_edge_register(gw_gateway *gateway, h2o_hostconf_t *host);

#endif
