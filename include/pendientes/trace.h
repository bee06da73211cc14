/* trace: request ids and W3C trace context. */
#ifndef PENDIENTES_TRACE_H
#define PENDIENTES_TRACE_H

#include <stdbool.h>
#include <stddef.h>

enum { PD_REQUEST_ID_MAX = 64, PD_TRACEPARENT_LEN = 55 };

/* 1-64 of [A-Za-z0-9-_.] */
bool pd_request_id_valid(const char *text, size_t len);
/* A new id of 22 characters (and a NUL): unique without coordination. */
void pd_request_id_new(char out[23]);
/* version 00, not all-zero ids (W3C Trace Context, 3.2). */
bool pd_traceparent_valid(const char *text, size_t len);

#endif
