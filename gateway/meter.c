#include "gateway/meter.h"

#include "gateway/router.h"
#include "pendientes/metrics.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_HTTP = 600 };

typedef struct route_meter {
    pd_metric **by_status; /* MAX_HTTP of them; NULL until the first request */
    pd_metric *seconds;
} route_meter;

struct gw_meter {
    route_meter *routes; /* pd_n_routes, and one for what has no route */
    pd_metric *calls, *connections, *cut, *sessions;
};

gw_meter *gw_meter_new(void) {
    gw_meter *meter = calloc(1, sizeof *meter);
    if (!meter || !(meter->routes = calloc(pd_n_routes + 1, sizeof *meter->routes)))
        abort();
    meter->calls = pd_gauge("pendientes_http_requests_in_flight", "", "Requests being served");
    meter->connections = pd_gauge("pendientes_http_connections", "", "Open connections of both ports");
    meter->cut = pd_counter("pendientes_http_connections_cut_total", "", "Connections cut for resetting their streams");
    meter->sessions = pd_gauge("pendientes_stomp_sessions", "", "Open WebSocket connections");
    return meter;
}

void gw_meter_free(gw_meter *meter) {
    if (!meter)
        return;
    for (size_t i = 0; i <= pd_n_routes; i++)
        free(meter->routes[i].by_status);
    free(meter->routes);
    free(meter);
}

/* The table's and the registry's entries exist from the first request on. */
static void name_route(route_meter *m, const pd_route *route, char *labels, size_t size) {
    snprintf(labels, size, "method=\"%s\",route=\"%s\"", route ? gw_verb_name(route->verb) : "",
             route ? route->path : "");
    if (m->by_status)
        return;
    m->by_status = calloc(MAX_HTTP, sizeof *m->by_status);
    if (!m->by_status)
        abort();
    m->seconds = pd_histogram("pendientes_http_request_seconds", labels, "From a request's arrival to its answer");
}

void gw_meter_request(gw_meter *meter, const pd_route *route, int http, uint64_t micros) {
    route_meter *m = &meter->routes[route ? (size_t)(route - pd_routes) : pd_n_routes];
    if (!m->by_status || !m->by_status[http]) {
        char labels[320], with_status[352];
        name_route(m, route, labels, sizeof labels);
        snprintf(with_status, sizeof with_status, "%s,status=\"%d\"", labels, http);
        m->by_status[http] = pd_counter("pendientes_http_requests_total", with_status, "Requests answered");
    }
    pd_metric_add(m->by_status[http], 1);
    pd_metric_observe(m->seconds, micros);
}

void gw_meter_calls(gw_meter *meter, size_t under_way) {
    pd_metric_set(meter->calls, (int64_t)under_way);
}

void gw_meter_connections(gw_meter *meter, size_t open) {
    pd_metric_set(meter->connections, (int64_t)open);
}

void gw_meter_cut(gw_meter *meter) {
    pd_metric_add(meter->cut, 1);
}

void gw_meter_sessions(gw_meter *meter, size_t open) {
    pd_metric_set(meter->sessions, (int64_t)open);
}
