#include "server/jobs.h"

#include "pendientes/log.h"
#include "server/engine/decided.h"

#include <stdlib.h>

enum {
    FIRST_MS = 60 * 1000,
    EACH_MS = 3600 * 1000,
    AGAIN_MS = 200, /* a sweep takes a bounded number of rows; more are waiting */
    SWEEP_ROWS = 5000,
};

struct sv_jobs {
    pd_loop *loop;
    pg_lanes *lanes;
    pd_timer timer;
    pg_unit unit;
    pg_query query;
    PGresult *results[1];
};

static void sweep(void *arg);

static void swept(pg_unit *unit, pg_end end) {
    sv_jobs *jobs = unit->arg;
    int rows = end == PG_DONE ? atoi(PQcmdTuples(unit->results[0])) : 0;
    if (end == PG_FAILED)
        PD_LOG(PD_LOG_WARN, "sweeping idempotency keys failed", PD_S("sqlstate", pg_sqlstate(unit->error)));
    pd_timer_start(jobs->loop, &jobs->timer, rows >= SWEEP_ROWS ? AGAIN_MS : EACH_MS, sweep, jobs);
}

static void sweep(void *arg) {
    sv_jobs *jobs = arg;
    jobs->query = (pg_query){.name = en_trips[EN_SWEEP].name};
    jobs->unit = (pg_unit){.queries = &jobs->query,
                           .n = 1,
                           .results = jobs->results,
                           .due_ms = pd_loop_now(jobs->loop) + EACH_MS,
                           .fn = swept,
                           .arg = jobs};
    if (!pg_lanes_add(jobs->lanes, PG_LANE_DECIDED, &jobs->unit))
        pd_timer_start(jobs->loop, &jobs->timer, FIRST_MS, sweep, jobs);
}

sv_jobs *sv_jobs_new(pd_loop *loop, pg_lanes *lanes) {
    sv_jobs *jobs = calloc(1, sizeof *jobs);
    if (!jobs)
        abort();
    jobs->loop = loop;
    jobs->lanes = lanes;
    pd_timer_start(loop, &jobs->timer, FIRST_MS, sweep, jobs);
    return jobs;
}

void sv_jobs_free(sv_jobs *jobs) {
    if (!jobs)
        return;
    pd_timer_stop(jobs->loop, &jobs->timer);
    free(jobs);
}
