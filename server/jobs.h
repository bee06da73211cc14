/* jobs: what the core does by itself, on its loop: sweeping rows that no longer count. Every core does it; a sweep that
 * finds nothing costs one index look. */
#ifndef SERVER_JOBS_H
#define SERVER_JOBS_H

#include "server/core.h"

sv_jobs *sv_jobs_new(pd_loop *loop, pg_lanes *lanes, const en_own *own, int64_t events_keep_s);
void sv_jobs_free(sv_jobs *jobs);

#endif
