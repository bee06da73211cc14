/* metrics: counters, gauges and histograms in Prometheus' text format (version 0.0.4). Registered at start,
 * single-writer updates, read by pd_metrics_print from the same or another thread (relaxed atomics). */
#ifndef PENDIENTES_METRICS_H
#define PENDIENTES_METRICS_H

#include "pendientes/json.h"

#include <stdint.h>

typedef struct pd_metric pd_metric;

/* `labels`: "" or `method="…",code="…"`, already escaped. The same name with other labels is one family; help and kind
 * are those of the first. All strings are copied. Never NULL. */
pd_metric *pd_counter(const char *name, const char *labels, const char *help);
pd_metric *pd_gauge(const char *name, const char *labels, const char *help);
/* Seconds, with fixed buckets from 100 us to 10 s. */
pd_metric *pd_histogram(const char *name, const char *labels, const char *help);
void pd_metric_add(pd_metric *metric, int64_t by);
void pd_metric_set(pd_metric *metric, int64_t value);
void pd_metric_observe(pd_metric *metric, uint64_t micros);
int64_t pd_metric_value(const pd_metric *metric);
/* Appends every family, and process_* (CPU seconds, resident bytes, open fds, start time). */
void pd_metrics_print(pd_text *out);

#endif
