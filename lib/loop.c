/* loop: an epoll loop with timers and an end-of-turn list (include/pendientes/loop.h). */
#include "pendientes/loop.h"
#include "lib/timers.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { EVENTS_PER_TURN = 128 };

struct pd_watch {
    pd_loop *loop;
    int fd;
    unsigned events;
    pd_watch_fn fn; /* NULL: freed during this turn, kept until its end because epoll may have reported it already */
    void *arg;
    pd_watch *next_dead;
};

typedef struct turn_entry {
    pd_timer_fn fn;
    void *arg;
} turn_entry;

struct pd_loop {
    int epoll, wake;
    uint64_t now;
    _Atomic bool stopped;
    pd_timers timers;
    turn_entry *turn;
    size_t n_turn, max_turn;
    pd_watch *dead;
};

pd_loop *pd_loop_new(void) {
    pd_loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return NULL;
    loop->wake = -1;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll >= 0)
        loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (loop->wake < 0 || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &event) < 0) {
        int saved = errno;
        pd_loop_free(loop);
        errno = saved;
        return NULL;
    }
    loop->now = pd_clock_ms();
    return loop;
}

static void bury(pd_loop *loop) {
    while (loop->dead) {
        pd_watch *watch = loop->dead;
        loop->dead = watch->next_dead;
        free(watch);
    }
}

void pd_loop_free(pd_loop *loop) {
    if (!loop)
        return;
    bury(loop);
    if (loop->wake >= 0)
        close(loop->wake);
    if (loop->epoll >= 0)
        close(loop->epoll);
    pd_timers_free(&loop->timers);
    free(loop->turn);
    free(loop);
}

static uint32_t epoll_events(unsigned events) {
    return (events & PD_LOOP_READ ? (uint32_t)EPOLLIN : 0) | (events & PD_LOOP_WRITE ? (uint32_t)EPOLLOUT : 0);
}

pd_watch *pd_loop_watch(pd_loop *loop, int fd, unsigned events, pd_watch_fn fn, void *arg) {
    pd_watch *watch = malloc(sizeof *watch);
    if (!watch)
        return NULL;
    *watch = (pd_watch){.loop = loop, .fd = fd, .events = events, .fn = fn, .arg = arg};
    struct epoll_event event = {.events = epoll_events(events), .data.ptr = watch};
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        int saved = errno;
        free(watch);
        errno = saved;
        return NULL;
    }
    return watch;
}

void pd_watch_set(pd_watch *watch, unsigned events) {
    if (watch->events == events)
        return;
    watch->events = events;
    struct epoll_event event = {.events = epoll_events(events), .data.ptr = watch};
    epoll_ctl(watch->loop->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

void pd_watch_free(pd_watch *watch) {
    if (!watch || !watch->fn)
        return;
    epoll_ctl(watch->loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->fn = NULL;
    watch->next_dead = watch->loop->dead;
    watch->loop->dead = watch;
}

void pd_timer_start(pd_loop *loop, pd_timer *timer, uint64_t delay_ms, pd_timer_fn fn, void *arg) {
    uint64_t due = delay_ms > UINT64_MAX - loop->now ? UINT64_MAX : loop->now + delay_ms;
    pd_timers_start(&loop->timers, timer, due, fn, arg);
}

void pd_timer_stop(pd_loop *loop, pd_timer *timer) {
    pd_timers_stop(&loop->timers, timer);
}

void pd_loop_each_turn(pd_loop *loop, pd_timer_fn fn, void *arg) {
    if (loop->n_turn == loop->max_turn) {
        size_t max = loop->max_turn ? loop->max_turn * 2 : 8;
        turn_entry *turn = realloc(loop->turn, max * sizeof *turn);
        if (!turn)
            abort();
        loop->turn = turn;
        loop->max_turn = max;
    }
    loop->turn[loop->n_turn++] = (turn_entry){fn, arg};
}

uint64_t pd_loop_now(const pd_loop *loop) {
    return loop->now;
}

static int wait_ms(pd_loop *loop, int max_ms) {
    uint64_t due = pd_timers_next(&loop->timers);
    if (due == UINT64_MAX)
        return max_ms;
    uint64_t now = pd_clock_ms(), wait = due > now ? due - now : 0;
    if (wait > INT_MAX)
        wait = INT_MAX;
    return max_ms >= 0 && (uint64_t)max_ms < wait ? max_ms : (int)wait;
}

static void forget_wakes(pd_loop *loop) {
    uint64_t count;
    while (read(loop->wake, &count, sizeof count) < 0 && errno == EINTR)
        ;
}

void pd_loop_turn(pd_loop *loop, int max_ms) {
    struct epoll_event events[EVENTS_PER_TURN];
    int n = epoll_wait(loop->epoll, events, EVENTS_PER_TURN, wait_ms(loop, max_ms));
    loop->now = pd_clock_ms();
    for (int i = 0; i < n; i++) {
        pd_watch *watch = events[i].data.ptr;
        if (!watch) {
            forget_wakes(loop);
            continue;
        }
        if (!watch->fn) /* freed by a callback before it in this turn */
            continue;
        uint32_t got = events[i].events;
        unsigned what = (got & EPOLLIN ? PD_LOOP_READ : 0u) | (got & EPOLLOUT ? PD_LOOP_WRITE : 0u);
        if (got & (EPOLLERR | EPOLLHUP))
            what = PD_LOOP_READ | PD_LOOP_WRITE;
        watch->fn(watch->arg, what);
    }
    pd_timers_run(&loop->timers, loop->now);
    for (size_t i = 0; i < loop->n_turn; i++)
        loop->turn[i].fn(loop->turn[i].arg);
    bury(loop);
}

void pd_loop_run(pd_loop *loop) {
    while (!atomic_load_explicit(&loop->stopped, memory_order_relaxed))
        pd_loop_turn(loop, -1);
    atomic_store_explicit(&loop->stopped, false, memory_order_relaxed);
}

void pd_loop_stop(pd_loop *loop) {
    atomic_store_explicit(&loop->stopped, true, memory_order_relaxed);
    pd_loop_wake(loop);
}

void pd_loop_wake(pd_loop *loop) {
    int saved = errno; /* a signal handler may be calling */
    uint64_t one = 1;
    while (write(loop->wake, &one, sizeof one) < 0 && errno == EINTR)
        ;
    errno = saved;
}
