#include "server/pg/lanes.h"

#include <stdlib.h>

typedef struct lane {
    pg_lanes *lanes;
    const pg_lane_options *options;
    pg_conn **conns; /* options->connections of them, the last ones NULL until the first is ready */
    pg_unit *first, *last;
    size_t queued;
} lane;

struct pg_lanes {
    pd_loop *loop;
    lane lane[PG_N_LANES];
};

static void open_conn(lane *l, size_t i);

static void put(lane *l, pg_unit *unit, bool front) {
    unit->queued = true;
    unit->next = unit->prev = NULL;
    pg_unit **near = front ? &l->first : &l->last;
    if (!*near) {
        l->first = l->last = unit;
    } else if (front) {
        unit->next = l->first;
        l->first->prev = unit;
        l->first = unit;
    } else {
        unit->prev = l->last;
        l->last->next = unit;
        l->last = unit;
    }
    l->queued++;
}

static void take(lane *l, pg_unit *unit) {
    *(unit->prev ? &unit->prev->next : &l->first) = unit->next;
    *(unit->next ? &unit->next->prev : &l->last) = unit->prev;
    unit->next = unit->prev = NULL;
    unit->queued = false;
    l->queued--;
}

/* Every lane's first connection comes before anybody's second: the core is ready then, and a log-in costs milliseconds.
 */
static void conn_ready(void *arg, pg_conn *conn) {
    (void)conn;
    pg_lanes *lanes = ((lane *)arg)->lanes;
    for (size_t id = 0; id < PG_N_LANES && pg_lanes_all_up(lanes); id++)
        for (size_t i = 0; i < lanes->lane[id].options->connections; i++)
            if (!lanes->lane[id].conns[i])
                open_conn(&lanes->lane[id], i);
}

static void conn_back(void *arg, pg_unit *unit) {
    put(arg, unit, true);
}

static void open_conn(lane *l, size_t i) {
    const pg_conn_events events = {.ready = conn_ready, .back = conn_back, .arg = l};
    l->conns[i] = pg_conn_new(l->lanes->loop, &l->options->class, &events);
}

/* The ready connection with the fewest units in flight, NULL when all are full. */
static pg_conn *choose(const lane *l) {
    pg_conn *best = NULL;
    for (size_t i = 0; i < l->options->connections; i++) {
        pg_conn *conn = l->conns[i];
        if (conn && pg_conn_state(conn) == PG_READY && pg_conn_busy(conn) < l->options->depth &&
            (!best || pg_conn_busy(conn) < pg_conn_busy(best)))
            best = conn;
    }
    return best;
}

static void pump(lane *l) {
    uint64_t now = pd_loop_now(l->lanes->loop);
    while (l->first) {
        pg_unit *unit = l->first;
        if (unit->due_ms && unit->due_ms <= now) {
            take(l, unit);
            unit->fn(unit, PG_UNSENT);
            continue;
        }
        pg_conn *conn = choose(l);
        if (!conn)
            break;
        take(l, unit);
        pg_conn_send(conn, unit);
    }
    for (size_t i = 0; i < l->options->connections; i++)
        if (l->conns[i])
            pg_conn_flush(l->conns[i]);
}

static void turn(void *arg) {
    pg_lanes *lanes = arg;
    for (size_t i = 0; i < PG_N_LANES; i++)
        pump(&lanes->lane[i]);
}

pg_lanes *pg_lanes_new(pd_loop *loop, const pg_lane_options *options) {
    pg_lanes *lanes = calloc(1, sizeof *lanes);
    if (!lanes)
        abort();
    lanes->loop = loop;
    for (size_t i = 0; i < PG_N_LANES; i++) {
        lane *l = &lanes->lane[i];
        *l = (lane){.lanes = lanes, .options = &options[i]};
        l->conns = calloc(options[i].connections, sizeof(pg_conn *));
        if (!l->conns)
            abort();
        open_conn(l, 0);
    }
    pd_loop_each_turn(loop, turn, lanes);
    return lanes;
}

void pg_lanes_free(pg_lanes *lanes) {
    if (!lanes)
        return;
    for (size_t i = 0; i < PG_N_LANES; i++) {
        lane *l = &lanes->lane[i];
        for (size_t k = 0; k < l->options->connections; k++)
            pg_conn_free(l->conns[k]);
        while (l->first) {
            pg_unit *unit = l->first;
            take(l, unit);
            unit->fn(unit, PG_UNSENT);
        }
        free(l->conns);
    }
    free(lanes);
}

bool pg_lanes_add(pg_lanes *lanes, pg_lane_id id, pg_unit *unit) {
    lane *l = &lanes->lane[id];
    if (l->queued >= l->options->max_queue)
        return false;
    put(l, unit, false);
    return true;
}

bool pg_lanes_follow(pg_unit *before, pg_unit *unit) {
    if (!before->conn || pg_conn_state(before->conn) != PG_READY)
        return false;
    pg_conn_send(before->conn, unit);
    return true;
}

bool pg_lanes_cancel(pg_lanes *lanes, pg_lane_id id, pg_unit *unit) {
    if (!unit->queued)
        return false;
    take(&lanes->lane[id], unit);
    return true;
}

bool pg_lanes_up(const pg_lanes *lanes, pg_lane_id id) {
    return pg_lanes_gauge(lanes, id).ready > 0;
}

bool pg_lanes_all_up(const pg_lanes *lanes) {
    for (size_t i = 0; i < PG_N_LANES; i++)
        if (!pg_lanes_up(lanes, (pg_lane_id)i))
            return false;
    return true;
}

pg_lane_gauge pg_lanes_gauge(const pg_lanes *lanes, pg_lane_id id) {
    const lane *l = &lanes->lane[id];
    pg_lane_gauge gauge = {.name = l->options->class.name, .connections = l->options->connections, .queued = l->queued};
    for (size_t i = 0; i < l->options->connections; i++) {
        if (!l->conns[i])
            continue;
        gauge.ready += pg_conn_state(l->conns[i]) == PG_READY;
        gauge.in_flight += pg_conn_busy(l->conns[i]);
    }
    return gauge;
}
