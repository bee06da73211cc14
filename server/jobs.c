#include "server/jobs.h"

#include "pendientes/log.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    FIRST_MS = 60 * 1000,
    AGAIN_MS = 200,
    N_SWEEPS = 4,
};

static const struct {
    en_own_id id;
    uint64_t each_ms;
    int rows; /* taken at once, as the statement limits them: when it took so many, more are waiting */
    const char *what;
} table[N_SWEEPS] = {
    {EN_OWN_SWEEP_KEYS, 3600 * 1000, 5000, "idempotency keys"},
    {EN_OWN_SWEEP_ATTEMPTS, 300 * 1000, 5000, "attempts to log in"},
    {EN_OWN_SWEEP_FILES, 300 * 1000, 10, "unfinished uploads"},
    {EN_OWN_SWEEP_EVENTS, 600 * 1000, 5000, "events"},
};

typedef struct sweep {
    sv_jobs *jobs;
    size_t at; /* in the table */
    pd_timer timer;
    en_own_run run;
} sweep;

struct sv_jobs {
    pd_loop *loop;
    pg_lanes *lanes;
    const en_own *own;
    char keep[24];
    const char *values[1]; /* of whichever takes one: how long is kept, in seconds */
    sweep sweeps[N_SWEEPS];
};

static void begin(void *arg);

static void swept(pg_unit *unit, pg_end end) {
    sweep *s = unit->arg;
    int rows = end == PG_DONE ? atoi(PQcmdTuples(unit->results[0])) : 0;
    if (end == PG_FAILED)
        PD_LOG(PD_LOG_WARN, "a sweep failed", PD_S("of", table[s->at].what),
               PD_S("sqlstate", pg_sqlstate(unit->error)));
    pd_timer_start(s->jobs->loop, &s->timer, rows >= table[s->at].rows ? AGAIN_MS : table[s->at].each_ms, begin, s);
}

static void begin(void *arg) {
    sweep *s = arg;
    sv_jobs *jobs = s->jobs;
    s->run.unit = (pg_unit){.due_ms = pd_loop_now(jobs->loop) + table[s->at].each_ms, .fn = swept, .arg = s};
    if (!en_own_start(jobs->own, jobs->lanes, table[s->at].id, jobs->values, &s->run))
        pd_timer_start(jobs->loop, &s->timer, FIRST_MS, begin, s);
}

sv_jobs *sv_jobs_new(pd_loop *loop, pg_lanes *lanes, const en_own *own, int64_t events_keep_s) {
    sv_jobs *jobs = calloc(1, sizeof *jobs);
    if (!jobs)
        abort();
    *jobs = (sv_jobs){.loop = loop, .lanes = lanes, .own = own};
    snprintf(jobs->keep, sizeof jobs->keep, "%lld", (long long)events_keep_s);
    jobs->values[0] = jobs->keep;
    for (size_t i = 0; i < N_SWEEPS; i++) {
        jobs->sweeps[i].jobs = jobs;
        jobs->sweeps[i].at = i;
        pd_timer_start(loop, &jobs->sweeps[i].timer, FIRST_MS, begin, &jobs->sweeps[i]);
    }
    return jobs;
}

void sv_jobs_free(sv_jobs *jobs) {
    if (!jobs)
        return;
    for (size_t i = 0; i < N_SWEEPS; i++)
        pd_timer_stop(jobs->loop, &jobs->sweeps[i].timer);
    free(jobs);
}
