/* peers: the cores that a client talks to, and the REQ sockets ("lines") to each of them, one per frame in flight.
 * Chooses the least loaded core, sets aside one that went silent, asks it with probes and takes it back.
 *
 * What nng 1.5.2 does not do by itself stands in peers.c: it tells of a lost connection only who asks, and of a
 * connection that is there only who sends. */
#ifndef LIB_PEERS_H
#define LIB_PEERS_H

#include "lib/outbox.h"

typedef struct pd_peer pd_peer;
typedef struct pd_line pd_line;

/* What a busy line carries. Calls that ended early leave NULL in their slot; `live` counts the others. */
struct pd_frame {
    pd_class class;
    bool probe; /* ours, to hear whether the core is there */
    bool late;  /* counts no longer as in flight */
    uint16_t n, live;
    uint64_t sent_ms;
    pd_call *calls[PD_FRAME_CALLS];
};

/* A REQ socket. It is on its peer's idle list, or busy with a frame, or broken; it lives as long as its peer. */
struct pd_line {
    pd_peer *peer;
    bool busy;
    bool broken;  /* no socket could be had */
    bool entered; /* its events are being handled */
    nng_socket socket;
    nng_aio *aio; /* without callback; every operation on it is finished when its function returns */
    int fd;
    void *watch;
    pd_line *next, *next_idle;
    pd_frame frame;
};

/* One core. */
struct pd_peer {
    struct pd_peers *peers;
    char *url;
    pd_line *lines, *idle;
    unsigned n_lines, n_busy;
    uint16_t frames[PD_N_CLASSES]; /* in flight, late ones not counted */
    unsigned calls;                /* in them */
    bool silent;                   /* set aside: does not answer */
    bool refusing;                 /* answers UNAVAILABLE: used when there is no other */
    uint64_t deaf_until, deaf_ms;  /* no line of it is connected (or free yet): not before then, with backoff */
    uint64_t deaf_since;
    uint64_t heard_ms;  /* last answer of any kind; 0: none */
    uint64_t probed_ms; /* last probe */
    pd_line *probe;     /* the line that carries it */
};

/* What happens on lines; the line is idle again when `answered` or `lost` returns. */
typedef struct pd_peers_events {
    void (*answered)(void *owner, pd_line *line, nng_msg *msg); /* msg stays ours */
    void (*lost)(void *owner, pd_line *line); /* the connection went; the core may have done the calls */
    void (*late)(void *owner, pd_line *line); /* unanswered for its class's time; it stays out */
} pd_peers_events;

typedef struct pd_peers {
    pd_peer *at;
    size_t n, next;
    const pd_client_options *options;
    uint32_t read_frame_ms;
    pd_peers_events events;
    void *owner;
    uint64_t tick_ms; /* when pd_peers_tick wants to be called */
} pd_peers;

/* False and *error when an URL is wrong. `options` must outlive the peers. */
bool pd_peers_open(pd_peers *peers, const pd_client_options *options, const pd_peers_events *events, void *owner,
                   const char **error);
void pd_peers_close(pd_peers *peers);

/* The least loaded core that can take a frame of that class; NULL when none can: *down then tells whether none is there
 * at all (otherwise all are busy). */
pd_peer *pd_peers_choose(pd_peers *peers, pd_class class, uint64_t now, bool *down);
/* Sends; the line is busy and its frame empty, to be filled in. NULL when no line of the core takes it now: surely not
 * sent, and msg stays the caller's. */
pd_line *pd_peer_send(pd_peer *peer, pd_class class, size_t calls, nng_msg *msg, uint64_t now);
/* After the answer to one of our probes. */
void pd_peer_probed(pd_peer *peer, bool refuses);
/* Some other core could take this one's work. */
bool pd_peers_other(const pd_peers *peers, const pd_peer *than);

/* A line's fd is readable. */
void pd_line_ready(void *line);
/* Looks after losses, late frames, silent cores; due at tick_ms. */
void pd_peers_tick(pd_peers *peers, uint64_t now);
/* poll(2) on all busy lines, for programs without a loop. */
void pd_peers_wait(pd_peers *peers, int timeout_ms);
/* Any call under way, NULL when there is none. */
pd_call *pd_peers_call(const pd_peers *peers);
/* A core answered lately, and does not refuse. */
bool pd_peers_ready(const pd_peers *peers, uint64_t now);

#endif
