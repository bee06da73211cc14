#include "lib/outbox.h"
#include "lib/sockets.h"

#include <check.h>
#include <stdlib.h>

static const pd_message plain = {.clear_index = -1}, page = {.is_page = true, .clear_index = -1};

static pd_class class_of(pd_method method, bool keyed) {
    if (!method.reply)
        method.reply = &plain;
    return pd_class_of(&method, false, keyed);
}

START_TEST(classes_come_from_the_contract) {
    ck_assert_int_eq(class_of((pd_method){.effect = PD_READS, .response_index = -1}, false), PD_CLASS_READ);
    ck_assert_int_eq(class_of((pd_method){.effect = PD_READS, .response_index = 0}, false), PD_CLASS_SINGLE);
    ck_assert_int_eq(class_of((pd_method){.effect = PD_READS, .response_index = -1, .reply = &page}, false),
                     PD_CLASS_SINGLE);
    ck_assert_int_eq(class_of((pd_method){.effect = PD_READS, .response_index = -1, .by_hand = true}, false),
                     PD_CLASS_SINGLE);
    ck_assert_int_eq(class_of((pd_method){.effect = PD_WRITES, .response_index = -1}, false), PD_CLASS_WRITE);
    ck_assert_int_eq(class_of((pd_method){.effect = PD_IDEMPOTENT, .response_index = -1}, false), PD_CLASS_WRITE);
    ck_assert_int_eq(class_of((pd_method){.effect = PD_WRITES, .response_index = -1}, true), PD_CLASS_SINGLE);
    ck_assert_int_eq(class_of((pd_method){.effect = PD_WRITES, .response_index = -1, .by_hand = true}, false),
                     PD_CLASS_SINGLE);
    ck_assert_int_eq(pd_class_of(NULL, true, false), PD_CLASS_READ);
}
END_TEST

START_TEST(queues_keep_order) {
    pd_queue queue = {0};
    pd_call calls[4] = {0};
    pd_queue_push(&queue, &calls[1]);
    pd_queue_push(&queue, &calls[2]);
    pd_queue_push(&queue, &calls[3]);
    pd_queue_push_front(&queue, &calls[0]);
    pd_queue_remove(&calls[2]);
    pd_queue_remove(&calls[2]); /* in none: allowed */
    ck_assert_uint_eq(queue.n, 3);
    pd_call *taken[PD_FRAME_CALLS];
    ck_assert_uint_eq(pd_outbox_take(&queue, PD_CLASS_READ, taken), 3);
    ck_assert_ptr_eq(taken[0], &calls[0]);
    ck_assert_ptr_eq(taken[1], &calls[1]);
    ck_assert_ptr_eq(taken[2], &calls[3]);
    ck_assert_ptr_null(queue.first);
    ck_assert_ptr_null(queue.last);
    ck_assert_uint_eq(pd_outbox_take(&queue, PD_CLASS_READ, taken), 0);
}
END_TEST

START_TEST(frames_are_bounded) {
    static pd_call calls[300];
    pd_queue queue = {0};
    pd_call *taken[PD_FRAME_CALLS];
    for (int i = 0; i < 300; i++) {
        calls[i] = (pd_call){.size = 100};
        pd_queue_push(&queue, &calls[i]);
    }
    ck_assert_uint_eq(pd_outbox_take(&queue, PD_CLASS_SINGLE, taken), 1);
    ck_assert_uint_eq(pd_outbox_take(&queue, PD_CLASS_READ, taken), 256);
    ck_assert_uint_eq(queue.n, 43);
    for (int i = 257; i < 300; i++)
        calls[i].size = PD_SOCKET_WHOLE / 2;
    ck_assert_uint_eq(pd_outbox_take(&queue, PD_CLASS_READ, taken), 2);
    calls[259].size = PD_FRAME_BYTES;
    ck_assert_uint_eq(pd_outbox_take(&queue, PD_CLASS_READ, taken), 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("outbox");
    TCase *tc = tcase_create("outbox");
    tcase_add_test(tc, classes_come_from_the_contract);
    tcase_add_test(tc, queues_keep_order);
    tcase_add_test(tc, frames_are_bounded);
    suite_add_tcase(suite, tc);
    SRunner *sr = srunner_create(suite);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
