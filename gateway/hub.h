/* hub: the events as this gateway has them. One call to a core waits for all streams (with the gateway's own token,
 * setting `events-token-file`); what comes is kept in memory and shown to each stream as far as its user may see it.
 * Who that is, the core says, again whenever anybody's rights change; until then a stream is shown nothing. A stream
 * that begins in the past reads what it missed with its own token. Loop thread. */
#ifndef GATEWAY_HUB_H
#define GATEWAY_HUB_H

#include "gateway/gateway.h"
#include "pendientes/event.h"
#include "pendientes/status.h"

typedef struct gw_hub gw_hub;
typedef struct gw_listener gw_listener;

/* What a stream and the hub share. It is the stream's memory; the first part is set before gw_hub_join. */
struct gw_listener {
    const char *token; /* lives as long as the listener */
    size_t token_len;
    const char *request_id;
    int64_t since; /* the last event that needs not be shown; -1: from now on */
    bool trimmed;  /* set by the hub: some events behind `since` are no longer kept; the stream says so and resets it */
    bool restarted; /* set by the hub with it: numbers above `since`, which it took back, are given anew */
    /* Its filter, NULL: everything that the user may see. `filter` is what of it the core knows, and reads by when the
     * stream has missed much; it lives as long as the listener. */
    const Pendientes__V1__EsperarEventosReq *filter;
    bool (*wants)(gw_listener *listener, const Pendientes__V1__EventoVisible *event);
    void (*wake)(gw_listener *listener); /* there may be something: gw_hub_next. The first: its user is known */
    void (*tick)(gw_listener *listener); /* once a second */
    /* It has left the hub: the status tells why, NULL because the gateway stops. */
    void (*ended)(gw_listener *listener, const pd_status *why);
    /* Below: the hub's. */
    gw_hub *hub;
    gw_listener *prev, *next;
    pd_viewer viewer;
    int64_t identities; /* the version that `viewer` is of; 0: none yet */
    uint64_t asked_ms;
    bool looked_up; /* a core has said that `since` exists, though this gateway has not seen it yet */
    bool again;     /* reading what it missed failed */
    pd_call *asking, *reading;
    pd_arena *page_arena; /* of what it missed, while it reads that */
    Pendientes__V1__EventosResp *page;
    size_t page_at;
};

/* An event to show; valid until the next call of anything here. */
typedef struct gw_event {
    const Pendientes__V1__EventoVisible *visible;
    const char *json;
    size_t len;
} gw_event;

/* NULL and *error (one line, static) when the token cannot be read. Without the setting it does nothing, and
 * gw_hub_works is false. */
gw_hub *gw_hub_new(gw_gateway *gateway, const char **error);
void gw_hub_free(gw_hub *hub);
bool gw_hub_works(const gw_hub *hub);
/* From the loop, every GW_TICK_MS. */
void gw_hub_tick(gw_hub *hub);
/* Ends all listeners. */
void gw_hub_drain(gw_hub *hub);

void gw_hub_join(gw_hub *hub, gw_listener *listener);
/* Nothing of it is called any more. Allowed when it has left already. */
void gw_hub_leave(gw_listener *listener);
/* The next event for the listener, whose `since` moves on; false when there is none now: `wake` comes. */
bool gw_hub_next(gw_listener *listener, gw_event *event);
/* Who the listener's user is; known from the first `wake`. */
int64_t gw_hub_user(const gw_listener *listener);

#endif
