/* meter: the gateway's own metrics: requests by route, method and status, their latency, what is under way. Not in the
 * design's plan of rooms: edge, call and listen count, and should not know the names. */
#ifndef GATEWAY_METER_H
#define GATEWAY_METER_H

#include "pendientes/contract.h"

typedef struct gw_meter gw_meter;

gw_meter *gw_meter_new(void);
void gw_meter_free(gw_meter *meter);
/* `route` NULL: none was found, or a page of the gateway's own. */
void gw_meter_request(gw_meter *meter, const pd_route *route, int http, uint64_t micros);
void gw_meter_calls(gw_meter *meter, size_t under_way);
void gw_meter_connections(gw_meter *meter, size_t open);
void gw_meter_sessions(gw_meter *meter, size_t open);
/* A connection cut by h2guard. */
void gw_meter_cut(gw_meter *meter);

#endif
