/* loop: an epoll loop with timers and an end-of-turn list, for the core and for internal C clients (the gateway lives
 * in h2o's own loop and does not use it). One thread owns a loop; only pd_loop_wake may be called from another. Not in
 * the design's plan of rooms: the core's sockets, PostgreSQL connections and the RPC client need one home for "when".
 */
#ifndef PENDIENTES_LOOP_H
#define PENDIENTES_LOOP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct pd_loop pd_loop;
typedef struct pd_watch pd_watch;

enum { PD_LOOP_READ = 1, PD_LOOP_WRITE = 2 };

/* `events`: what happened, PD_LOOP_READ | PD_LOOP_WRITE (an error or hang-up is reported as both). */
typedef void (*pd_watch_fn)(void *arg, unsigned events);
typedef void (*pd_timer_fn)(void *arg);

/* NULL and errno on failure. */
pd_loop *pd_loop_new(void);
void pd_loop_free(pd_loop *loop);
/* Level-triggered. The fd stays the caller's. NULL and errno on failure. */
pd_watch *pd_loop_watch(pd_loop *loop, int fd, unsigned events, pd_watch_fn fn, void *arg);
void pd_watch_set(pd_watch *watch, unsigned events);
/* Safe inside any callback of the loop; its callback is not called again. NULL is allowed. */
void pd_watch_free(pd_watch *watch);

/* A timer embedded in its owner; {0} is idle. Started again it moves. */
typedef struct pd_timer {
    uint64_t due_ms;
    uint32_t slot; /* position in the loop's heap, 0 when idle */
    pd_timer_fn fn;
    void *arg;
} pd_timer;
void pd_timer_start(pd_loop *loop, pd_timer *timer, uint64_t delay_ms, pd_timer_fn fn, void *arg);
void pd_timer_stop(pd_loop *loop, pd_timer *timer);

/* Called once at the end of every turn, in order of registration: "queue now, flush once per turn". */
void pd_loop_each_turn(pd_loop *loop, pd_timer_fn fn, void *arg);

/* Milliseconds of CLOCK_MONOTONIC as of this turn's start. */
uint64_t pd_loop_now(const pd_loop *loop);
/* One turn: waits at most `max_ms` (-1: until something happens), runs what is ready, due timers, the end-of-turn list.
 */
void pd_loop_turn(pd_loop *loop, int max_ms);
/* Turns until pd_loop_stop. */
void pd_loop_run(pd_loop *loop);
void pd_loop_stop(pd_loop *loop);
/* From any thread or a signal handler: ends the wait. */
void pd_loop_wake(pd_loop *loop);

#endif
