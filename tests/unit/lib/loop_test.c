#include "pendientes/loop.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static pd_loop *loop;
static int order[64], n_order;

static void setup(void) {
    loop = pd_loop_new();
    ck_assert_ptr_nonnull(loop);
    n_order = 0;
}

static void teardown(void) {
    pd_loop_free(loop);
}

static uint64_t now_ms(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void note(void *arg) {
    order[n_order++] = (int)(intptr_t)arg;
}

static void stop(void *arg) {
    (void)arg;
    pd_loop_stop(loop);
}

START_TEST(timers_fire_in_order) {
    pd_timer timers[4] = {0}, last = {0};
    uint64_t start = now_ms();
    pd_timer_start(loop, &timers[0], 30, note, (void *)3);
    pd_timer_start(loop, &timers[1], 10, note, (void *)1);
    pd_timer_start(loop, &timers[2], 20, note, (void *)2);
    pd_timer_start(loop, &timers[3], 15, note, (void *)9);
    pd_timer_stop(loop, &timers[3]);
    pd_timer_start(loop, &last, 40, stop, NULL);
    pd_loop_run(loop);
    ck_assert_uint_ge(now_ms() - start, 39);
    ck_assert_int_eq(n_order, 3);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(order[i], i + 1);
    ck_assert_uint_eq(timers[0].slot, 0);
}
END_TEST

START_TEST(a_timer_started_again_moves) {
    pd_timer timer = {0}, last = {0};
    pd_timer_start(loop, &timer, 5, note, (void *)1);
    pd_timer_start(loop, &timer, 100000, note, (void *)2);
    pd_timer_start(loop, &last, 20, stop, NULL);
    pd_loop_run(loop);
    ck_assert_int_eq(n_order, 0);
    pd_timer_stop(loop, &timer);
}
END_TEST

START_TEST(many_timers_keep_the_heap) {
    enum { N = 500 };
    static pd_timer timers[N];
    srand(7);
    for (int i = 0; i < N; i++)
        pd_timer_start(loop, &timers[i], (uint64_t)(1000 + rand() % 1000), note, NULL);
    for (int i = 0; i < N; i += 2)
        pd_timer_stop(loop, &timers[i]);
    for (int i = 1; i < N; i += 2) {
        ck_assert_uint_ne(timers[i].slot, 0);
        ck_assert_uint_le(timers[i].slot, N / 2);
    }
    for (int i = 1; i < N; i += 2)
        for (int k = 1; k < N; k += 2) /* nobody is due before its parent */
            if (timers[k].slot == timers[i].slot / 2)
                ck_assert_uint_le(timers[k].due_ms, timers[i].due_ms);
    for (int i = 1; i < N; i += 2)
        pd_timer_stop(loop, &timers[i]);
    ck_assert_int_eq(n_order, 0);
}
END_TEST

static pd_timer eager;
static void again(void *arg) {
    note(arg);
    pd_timer_start(loop, &eager, 0, again, arg);
}

START_TEST(an_eager_timer_does_not_hold_the_loop) {
    eager = (pd_timer){0};
    pd_timer_start(loop, &eager, 0, again, NULL);
    for (int i = 0; i < 5; i++)
        pd_loop_turn(loop, 0);
    ck_assert_int_eq(n_order, 5);
    pd_timer_stop(loop, &eager);
}
END_TEST

static int fds[2][2];
static pd_watch *watches[2];
static int calls[2];

static void free_other(void *arg, unsigned events) {
    int me = (int)(intptr_t)arg;
    ck_assert_uint_eq(events & PD_LOOP_READ, PD_LOOP_READ);
    calls[me]++;
    pd_watch_free(watches[0]);
    pd_watch_free(watches[1]);
    watches[0] = watches[1] = NULL;
}

START_TEST(a_freed_watch_is_not_called) {
    calls[0] = calls[1] = 0;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pipe(fds[i]), 0);
        ck_assert_int_eq(write(fds[i][1], "x", 1), 1);
        watches[i] = pd_loop_watch(loop, fds[i][0], PD_LOOP_READ, free_other, (void *)(intptr_t)i);
    }
    pd_loop_turn(loop, 100);
    pd_loop_turn(loop, 0);
    ck_assert_int_eq(calls[0] + calls[1], 1);
    for (int i = 0; i < 2; i++) {
        close(fds[i][0]);
        close(fds[i][1]);
    }
}
END_TEST

static void count_events(void *arg, unsigned events) {
    *(unsigned *)arg = events;
}

START_TEST(watching_can_pause) {
    unsigned seen = 0;
    ck_assert_int_eq(pipe(fds[0]), 0);
    pd_watch *watch = pd_loop_watch(loop, fds[0][0], 0, count_events, &seen);
    ck_assert_int_eq(write(fds[0][1], "x", 1), 1);
    pd_loop_turn(loop, 0);
    ck_assert_uint_eq(seen, 0);
    pd_watch_set(watch, PD_LOOP_READ);
    pd_loop_turn(loop, 100);
    ck_assert_uint_eq(seen, PD_LOOP_READ);
    close(fds[0][1]);
    pd_loop_turn(loop, 100);
    ck_assert_uint_eq(seen, PD_LOOP_READ | PD_LOOP_WRITE);
    pd_watch_free(watch);
    close(fds[0][0]);
}
END_TEST

START_TEST(bad_fds_are_refused) {
    ck_assert_ptr_null(pd_loop_watch(loop, -1, PD_LOOP_READ, count_events, NULL));
}
END_TEST

static void *wake(void *arg) {
    pd_loop_wake(arg);
    return NULL;
}

START_TEST(another_thread_wakes) {
    pd_loop_each_turn(loop, note, (void *)1);
    pd_loop_each_turn(loop, note, (void *)2);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, wake, loop), 0);
    pd_loop_turn(loop, -1);
    pthread_join(thread, NULL);
    ck_assert_int_eq(n_order, 2);
    ck_assert_int_eq(order[0], 1);
    ck_assert_int_eq(order[1], 2);
    uint64_t start = now_ms();
    pd_loop_turn(loop, 20); /* the wake was consumed */
    ck_assert_uint_ge(now_ms() - start, 19);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("loop");
    TCase *tc = tcase_create("loop");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, timers_fire_in_order);
    tcase_add_test(tc, a_timer_started_again_moves);
    tcase_add_test(tc, many_timers_keep_the_heap);
    tcase_add_test(tc, an_eager_timer_does_not_hold_the_loop);
    tcase_add_test(tc, a_freed_watch_is_not_called);
    tcase_add_test(tc, watching_can_pause);
    tcase_add_test(tc, bad_fds_are_refused);
    tcase_add_test(tc, another_thread_wakes);
    suite_add_tcase(suite, tc);
    SRunner *sr = srunner_create(suite);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
