/* ws: a WebSocket connection (RFC 6455) over HTTP/1.1: handshake, whole messages both ways, pings, the closing
 * handshake. Frames are libwslay's, the socket is h2o's, which lets go of it when the handshake has left. While
 * something waits to be written nothing is read, so that what a peer causes cannot pile up. Loop thread. */
#ifndef GATEWAY_WS_H
#define GATEWAY_WS_H

#include "gateway/call.h"

typedef struct gw_ws gw_ws;

/* Codes of RFC 6455, 7.4.1. */
typedef enum gw_ws_code {
    GW_WS_NORMAL = 1000,
    GW_WS_GOING_AWAY = 1001,
    GW_WS_PROTOCOL = 1002,
    GW_WS_POLICY = 1008,
    GW_WS_TRY_LATER = 1013,
} gw_ws_code;

/* What the owner is told. Only `closed` ends the gw_ws; in any of them it may be written to and closed. */
typedef struct gw_ws_owner {
    void (*message)(void *arg, const char *bytes, size_t len); /* text or binary */
    void (*drained)(void *arg);                                /* what was given has left */
    void (*closed)(void *arg);                                 /* it is gone: the last call */
} gw_ws_owner;

/* Whether the request is a handshake that can be answered. If not it has been refused: 505 over HTTP/2, else 426. */
bool gw_ws_admits(gw_call *call);
/* Answers 101, with the first of `protocols` (NULL-terminated, best first) that the client offers; the call ends when
 * that has left. Messages up to `message_max` bytes are read, a longer one ends the connection (1009). Before it
 * returns nobody is told anything. */
gw_ws *gw_ws_accept(gw_call *call, const char *const *protocols, size_t message_max, const gw_ws_owner *owner,
                    void *arg);
/* A text message; copied. Nothing is sent once it is closing. */
void gw_ws_send(gw_ws *ws, const char *text, size_t len);
/* Bytes that have not left. */
size_t gw_ws_waiting(const gw_ws *ws);
/* Says goodbye, behind what was sent; `closed` comes when the peer has answered, or not in time. */
void gw_ws_close(gw_ws *ws, gw_ws_code code);
/* Now and then: asks a silent peer for a sign of life, and cuts off one that gives none or takes nothing. */
void gw_ws_tick(gw_ws *ws);
/* Ends it without a word, at the end of the process: `closed` is not called. */
void gw_ws_free(gw_ws *ws);

#endif
