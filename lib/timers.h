/* timers: the one clock, and a heap of pd_timer (pendientes/loop.h) that others build on: the loop, and the client,
 * which lives in loops of other libraries too. Not thread-safe. */
#ifndef LIB_TIMERS_H
#define LIB_TIMERS_H

#include "pendientes/loop.h"

/* {0} is empty. The timers stay their owners'. */
typedef struct pd_timers {
    pd_timer **heap; /* 1-based, so that slot 0 can mean idle; least due_ms first */
    uint32_t n, max;
} pd_timers;

/* Milliseconds and microseconds of CLOCK_MONOTONIC. */
uint64_t pd_clock_ms(void);
uint64_t pd_clock_us(void);
/* From `since` to `now`; 0 when `since` is the later one, having been taken while `now` was already in use. */
static inline uint64_t pd_clock_passed(uint64_t since, uint64_t now) {
    return now > since ? now - since : 0;
}

/* Started again, a timer moves. */
void pd_timers_start(pd_timers *timers, pd_timer *timer, uint64_t due_ms, pd_timer_fn fn, void *arg);
/* An idle timer is allowed. */
void pd_timers_stop(pd_timers *timers, pd_timer *timer);
/* Calls what is due by `now`; a timer started meanwhile that is due already may wait for the next run. */
void pd_timers_run(pd_timers *timers, uint64_t now);
/* When the first is due; UINT64_MAX without any. */
uint64_t pd_timers_next(const pd_timers *timers);
void pd_timers_free(pd_timers *timers);

#endif
