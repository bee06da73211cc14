/* meter: the core's own metrics: calls by method and code, their latency, and gauges of lanes and lists. Not in the
 * design's plan of rooms: call.c counts, cmd_serve shows, and neither should know the names. */
#ifndef SERVER_METER_H
#define SERVER_METER_H

#include "server/call.h"
#include "server/pg/lanes.h"

sv_meter *sv_meter_new(void);
void sv_meter_free(sv_meter *meter);
/* NULL method: an identity probe. */
void sv_meter_call(sv_meter *meter, const pd_method *method, pd_code code, uint64_t micros);
/* Refreshes the gauges; loop thread. */
void sv_meter_gauges(sv_meter *meter, const pg_lanes *lanes, const sv_calls *calls, bool ready);

#endif
