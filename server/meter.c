#include "server/meter.h"

#include "pendientes/metrics.h"

#include <stdio.h>
#include <stdlib.h>

enum { N_CODES = PD_UNAUTHENTICATED + 1 };

typedef struct method_meter {
    pd_metric *codes[N_CODES];
    pd_metric *latency;
} method_meter;

typedef struct lane_meter {
    pd_metric *ready, *in_flight, *queued;
} lane_meter;

struct sv_meter {
    method_meter *methods; /* pd_n_methods, and one for probes */
    lane_meter lanes[PG_N_LANES];
    pd_metric *states[SV_N_STATES];
    pd_metric *ready;
};

static const char *const state_names[SV_N_STATES] = {
    [SV_CHECKING] = "checking", [SV_HANDLER] = "handler",     [SV_HASHING] = "hashing", [SV_GATHERED] = "gathered",
    [SV_PLANNED] = "planned",   [SV_ABANDONED] = "abandoned", [SV_FREE] = "pooled",
};

sv_meter *sv_meter_new(void) {
    sv_meter *meter = calloc(1, sizeof *meter);
    if (!meter || !(meter->methods = calloc(pd_n_methods + 1, sizeof *meter->methods)))
        abort();
    char labels[64];
    for (int i = 0; i < SV_N_STATES; i++) {
        snprintf(labels, sizeof labels, "state=\"%s\"", state_names[i]);
        meter->states[i] = pd_gauge("pendientes_calls", labels, "Calls by where they are");
    }
    meter->ready = pd_gauge("pendientes_ready", "", "1 when calls can be served");
    return meter;
}

void sv_meter_free(sv_meter *meter) {
    if (!meter)
        return;
    free(meter->methods);
    free(meter);
}

void sv_meter_call(sv_meter *meter, const pd_method *method, pd_code code, uint64_t micros) {
    method_meter *m = &meter->methods[method ? method->index : pd_n_methods];
    const char *name = method ? method->full_name : "probe";
    char labels[256];
    if (!m->codes[code]) { /* a series exists from its first call on */
        snprintf(labels, sizeof labels, "method=\"%s\",code=\"%s\"", name, pd_code_name(code));
        m->codes[code] = pd_counter("pendientes_calls_total", labels, "Calls answered");
    }
    if (!m->latency) {
        snprintf(labels, sizeof labels, "method=\"%s\"", name);
        m->latency = pd_histogram("pendientes_call_seconds", labels, "From a call's arrival to its answer");
    }
    pd_metric_add(m->codes[code], 1);
    pd_metric_observe(m->latency, micros);
}

static void lane_gauges(lane_meter *meter, pg_lane_gauge gauge) {
    if (!meter->ready) {
        char labels[64];
        snprintf(labels, sizeof labels, "lane=\"%s\"", gauge.name);
        meter->ready = pd_gauge("pendientes_pg_connections_ready", labels, "Connections that take statements");
        meter->in_flight = pd_gauge("pendientes_pg_in_flight", labels, "Transactions sent and not finished");
        meter->queued = pd_gauge("pendientes_pg_queued", labels, "Transactions waiting for a connection");
    }
    pd_metric_set(meter->ready, (int64_t)gauge.ready);
    pd_metric_set(meter->in_flight, (int64_t)gauge.in_flight);
    pd_metric_set(meter->queued, (int64_t)gauge.queued);
}

void sv_meter_gauges(sv_meter *meter, const pg_lanes *lanes, const sv_calls *calls, bool ready) {
    for (int i = 0; i < PG_N_LANES; i++)
        lane_gauges(&meter->lanes[i], pg_lanes_gauge(lanes, (pg_lane_id)i));
    for (int i = 0; i < SV_N_STATES; i++)
        pd_metric_set(meter->states[i], (int64_t)sv_calls_count(calls, (sv_state)i));
    pd_metric_set(meter->ready, ready);
}
