#include "pendientes/arena.h"

#include <check.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

START_TEST(pieces_are_aligned_apart_and_kept) {
    pd_arena *arena = pd_arena_new();
    unsigned char *pieces[2000];
    for (size_t i = 0; i < 2000; i++) {
        size_t size = i % 97 + (i % 250 == 0 ? 5000 : 0);
        pieces[i] = pd_arena_alloc(arena, size);
        ck_assert_uint_eq((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        memset(pieces[i], (int)(i & 0xff), size);
    }
    for (size_t i = 0; i < 2000; i++)
        for (size_t j = 0; j < i % 97; j++)
            ck_assert_uint_eq(pieces[i][j], i & 0xff);
    pd_arena_free(arena);
}
END_TEST

START_TEST(reset_keeps_one_block_and_starts_over) {
    pd_arena *arena = pd_arena_new();
    size_t first = pd_arena_size(arena);
    void *piece = pd_arena_alloc(arena, 16);
    for (int i = 0; i < 100; i++)
        pd_arena_alloc(arena, 10000);
    ck_assert_uint_gt(pd_arena_size(arena), first + 900000);
    pd_arena_reset(arena);
    ck_assert_uint_eq(pd_arena_size(arena), first);
    ck_assert_ptr_eq(pd_arena_alloc(arena, 16), piece);
    pd_arena_free(arena);
    pd_arena_free(NULL);
}
END_TEST

START_TEST(copies_and_texts) {
    pd_arena *arena = pd_arena_new();
    char *dirty = pd_arena_alloc(arena, 64);
    memset(dirty, 0xff, 64);
    pd_arena_reset(arena);
    char *zero = pd_arena_zalloc(arena, 64);
    for (int i = 0; i < 64; i++)
        ck_assert_int_eq(zero[i], 0);
    ck_assert_str_eq(pd_arena_memdup(arena, "abcdef", 3), "abc");
    ck_assert_str_eq(pd_arena_memdup(arena, NULL, 0), "");
    ck_assert_str_eq(pd_arena_strdup(arena, "á"), "á");
    char *text = pd_arena_printf(arena, "%05d-%s", 42, "x");
    ck_assert_str_eq(text, "00042-x");
    char *longer = pd_arena_printf(arena, "%9000d", 7);
    ck_assert_uint_eq(strlen(longer), 9000);
    pd_arena_free(arena);
}
END_TEST

START_TEST(serves_protobuf_c) {
    pd_arena *arena = pd_arena_new();
    ProtobufCAllocator *allocator = pd_arena_protobuf(arena);
    char *piece = allocator->alloc(allocator->allocator_data, 10);
    memset(piece, 1, 10);
    allocator->free(allocator->allocator_data, piece);
    ck_assert_int_eq(piece[9], 1);
    pd_arena_free(arena);
}
END_TEST

START_TEST(impossible_sizes_abort) {
    pd_arena_alloc(pd_arena_new(), SIZE_MAX);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("arena");
    TCase *tests = tcase_create("arena");
    tcase_add_test(tests, pieces_are_aligned_apart_and_kept);
    tcase_add_test(tests, reset_keeps_one_block_and_starts_over);
    tcase_add_test(tests, copies_and_texts);
    tcase_add_test(tests, serves_protobuf_c);
    tcase_add_test_raise_signal(tests, impossible_sizes_abort, SIGABRT);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
