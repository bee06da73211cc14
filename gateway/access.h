/* access: a JSON line per request on stderr, in the form of pendientes/log.h. Not in the design's plan of rooms, and
 * not through pd_log: lines of one loop turn leave in one write, and none is made by printf. No query string, no header
 * but the request id and traceparent, never a value. */
#ifndef GATEWAY_ACCESS_H
#define GATEWAY_ACCESS_H

#include "pendientes/contract.h"

typedef struct gw_access gw_access;

typedef struct gw_access_line {
    const char *method;      /* as the router knows it */
    const char *route;       /* the template; NULL: none */
    const char *request_id;  /* of [A-Za-z0-9-_.] */
    const char *traceparent; /* NULL: none */
    const char *peer;
    int http;
    uint64_t micros;
    size_t bytes; /* of the body */
} gw_access_line;

/* `proc` as in pd_log_init; lives as long as the process. */
gw_access *gw_access_new(const char *proc);
void gw_access_free(gw_access *access);
/* Nothing below log level info. */
void gw_access_add(gw_access *access, const gw_access_line *line);
/* Once a turn. */
void gw_access_flush(gw_access *access);

#endif
