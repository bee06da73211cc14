/* gateway: the process's state and its one loop: h2o's events, then the client's turn, then the log. Not in the
 * design's plan of rooms: every room here needs the loop, the client or the settings, and main should only wire. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "gateway/listen.h"
#include "gateway/meter.h"
#include "gateway/proxies.h"
#include "gateway/router.h"
#include "gateway/settings.h"
#include "pendientes/client.h"
#include "pendientes/lines.h"

#include <h2o.h>

typedef struct gw_call gw_call;
typedef struct gw_hub gw_hub;
typedef struct gw_sessions gw_sessions;

/* What all uploads have together (gateway/upload.c). */
typedef struct gw_upload_gate {
    size_t bytes;                   /* of the bodies whose files are being forwarded */
    unsigned pieces;                /* on their way to a core */
    struct gw_upload *first, *last; /* waiting to send one */
} gw_upload_gate;

/* One per process, used by its one thread. */
typedef struct gw_gateway {
    const gw_settings *settings;
    h2o_globalconf_t config;
    h2o_context_t context;
    h2o_hostconf_t *public_hosts[2], *admin_hosts[2]; /* NULL-terminated, as h2o wants them */
    gw_router *router;
    gw_proxies *proxies;
    pd_client *client;
    gw_hub *hub;
    gw_sessions *sessions;
    gw_meter *meter;
    pd_lines *lines; /* a log line per request */
    gw_listeners *listeners;
    gw_call *free_calls;
    unsigned n_free_calls;
    size_t n_calls;       /* requests being served, until their answer has left */
    size_t n_connections; /* of both ports */
    gw_upload_gate uploads;
    h2o_socket_t *signals;
    uint64_t tick_ms;        /* when the next one is due */
    uint64_t drain_since_ms; /* 0: serving */
} gw_gateway;

/* Builds everything and listens. False and *error (one line) when it cannot. */
bool gw_gateway_open(gw_gateway *gateway, const gw_settings *settings, const char **error);
/* Until SIGTERM or SIGINT, and then until what is under way has been answered or the drain time is over. */
void gw_gateway_run(gw_gateway *gateway);
/* Ends the calls under way and the connections to the cores. h2o's memory is left to the end of the process. */
void gw_gateway_close(gw_gateway *gateway);

bool gw_gateway_ready(const gw_gateway *gateway);
/* Milliseconds of CLOCK_MONOTONIC. The clock of h2o's loop, and of its timers, is the wall's, which may be set back:
 * what must happen in time hangs on gw_gateway_run's tick. */
enum { GW_TICK_MS = 250 };
uint64_t gw_now_ms(void);
uint64_t gw_now_us(void);

#endif
