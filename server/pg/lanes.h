/* lanes: connections by class, each class with a queue, a number of connections and a statement timeout of its own, so
 * that what is slow in one waits for nobody in another. A lane hands the head of its queue to the connection with the
 * fewest units in flight, at the end of the loop turn. */
#ifndef SERVER_PG_LANES_H
#define SERVER_PG_LANES_H

#include "server/pg/conn.h"

typedef enum pg_lane_id {
    PG_LANE_READ,    /* coalesced reads: one connection, deep pipeline, generic plans, short timeout */
    PG_LANE_SLOW,    /* the same statements for a method that timed out there, one at a time */
    PG_LANE_SEARCH,  /* every other read: custom plans */
    PG_LANE_WRITE,   /* writes, one transaction a connection */
    PG_LANE_BATCH,   /* inserts that share a Sync */
    PG_LANE_DECIDED, /* transactions of two trips */
    PG_LANE_OWN,   /* the core's own statements (engine/own.h): neither a flood of logins nor a sweep holds a call up */
    PG_LANE_BYTES, /* pieces of files, in and out */
    PG_N_LANES
} pg_lane_id;

typedef struct pg_lane_options {
    pg_class class;
    size_t connections;
    size_t depth; /* units in flight per connection */
    size_t max_queue;
} pg_lane_options;

typedef struct pg_lanes pg_lanes;

/* `options` has PG_N_LANES entries and outlives the lanes. Registers itself at the end of the loop's turn. Each lane
 * opens one connection, and the others when every lane has one that is ready. */
pg_lanes *pg_lanes_new(pd_loop *loop, const pg_lane_options *options);
/* Queued units end with PG_UNSENT, those in flight with PG_LOST. */
void pg_lanes_free(pg_lanes *lanes);

/* Queues a unit. False: the queue is full, `fn` will not be called. */
bool pg_lanes_add(pg_lanes *lanes, pg_lane_id lane, pg_unit *unit);
/* The next trip of a transaction: on the connection of `before`, from within its `fn`, ahead of everything. False: that
 * connection is gone, and the transaction with it; `fn` of `unit` will not be called. */
bool pg_lanes_follow(pg_unit *before, pg_unit *unit);
/* Takes a unit off the queue. False: it is sent already, `fn` will be called. */
bool pg_lanes_cancel(pg_lanes *lanes, pg_lane_id lane, pg_unit *unit);

/* True when some connection of the lane is ready. */
bool pg_lanes_up(const pg_lanes *lanes, pg_lane_id lane);
/* True when every lane has a ready connection. */
bool pg_lanes_all_up(const pg_lanes *lanes);

typedef struct pg_lane_gauge {
    const char *name;
    size_t ready, connections, in_flight, queued;
} pg_lane_gauge;
pg_lane_gauge pg_lanes_gauge(const pg_lanes *lanes, pg_lane_id lane);

#endif
