/* admin: /live, /ready and /metrics on a port of their own. The handlers only read counters. */
#ifndef GATEWAY_ADMIN_H
#define GATEWAY_ADMIN_H

#include "gateway/gateway.h"

void gw_admin_register(gw_gateway *gateway, h2o_hostconf_t *host);

#endif
