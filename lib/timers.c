#include "lib/timers.h"

#include <stdlib.h>
#include <time.h>

uint64_t pd_clock_us(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t pd_clock_ms(void) {
    return pd_clock_us() / 1000;
}

static void place(pd_timers *timers, uint32_t slot, pd_timer *timer) {
    timers->heap[slot] = timer;
    timer->slot = slot;
}

static void sift_up(pd_timers *timers, uint32_t slot, pd_timer *timer) {
    while (slot > 1 && timers->heap[slot / 2]->due_ms > timer->due_ms) {
        place(timers, slot, timers->heap[slot / 2]);
        slot /= 2;
    }
    place(timers, slot, timer);
}

static void sift_down(pd_timers *timers, uint32_t slot, pd_timer *timer) {
    for (;;) {
        uint32_t child = slot * 2;
        if (child > timers->n)
            break;
        if (child < timers->n && timers->heap[child + 1]->due_ms < timers->heap[child]->due_ms)
            child++;
        if (timers->heap[child]->due_ms >= timer->due_ms)
            break;
        place(timers, slot, timers->heap[child]);
        slot = child;
    }
    place(timers, slot, timer);
}

void pd_timers_stop(pd_timers *timers, pd_timer *timer) {
    uint32_t slot = timer->slot;
    if (slot == 0)
        return;
    timer->slot = 0;
    pd_timer *last = timers->heap[timers->n--];
    if (last == timer)
        return;
    if (slot > 1 && timers->heap[slot / 2]->due_ms > last->due_ms)
        sift_up(timers, slot, last);
    else
        sift_down(timers, slot, last);
}

void pd_timers_start(pd_timers *timers, pd_timer *timer, uint64_t due_ms, pd_timer_fn fn, void *arg) {
    pd_timers_stop(timers, timer);
    if (timers->n + 1 >= timers->max) {
        uint32_t max = timers->max ? timers->max * 2 : 64;
        pd_timer **heap = realloc(timers->heap, max * sizeof(pd_timer *));
        if (!heap)
            abort();
        timers->heap = heap;
        timers->max = max;
    }
    timer->due_ms = due_ms;
    timer->fn = fn;
    timer->arg = arg;
    sift_up(timers, ++timers->n, timer);
}

void pd_timers_run(pd_timers *timers, uint64_t now) {
    /* At most as many as there were: one that starts itself anew without delay must not hold the loop. */
    for (uint32_t budget = timers->n; budget > 0 && timers->n > 0; budget--) {
        pd_timer *timer = timers->heap[1];
        if (timer->due_ms > now)
            return;
        pd_timers_stop(timers, timer);
        timer->fn(timer->arg);
    }
}

uint64_t pd_timers_next(const pd_timers *timers) {
    return timers->n ? timers->heap[1]->due_ms : UINT64_MAX;
}

void pd_timers_free(pd_timers *timers) {
    free(timers->heap);
    *timers = (pd_timers){0};
}
