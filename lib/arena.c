#include "pendientes/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#endif

/* Under AddressSanitizer each piece is followed by poisoned bytes: otherwise the arena would hide every overrun. */
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
enum { ARENA_GUARD = 16 };
#define arena_poison(at, size) ASAN_POISON_MEMORY_REGION(at, size)
#define arena_unpoison(at, size) ASAN_UNPOISON_MEMORY_REGION(at, size)
#else
enum { ARENA_GUARD = 0 };
#define arena_poison(at, size) ((void)(at), (void)(size))
#define arena_unpoison(at, size) ((void)(at), (void)(size))
#endif

enum { ARENA_ALIGN = _Alignof(max_align_t), ARENA_BLOCK = 4096, ARENA_BLOCK_MAX = 256 * 1024 };

typedef struct arena_block {
    struct arena_block *next; /* the one before it in time */
    size_t size;              /* of `bytes` */
    _Alignas(max_align_t) char bytes[];
} arena_block;

struct pd_arena {
    arena_block *blocks; /* newest first */
    char *at, *end;      /* what is free in the newest */
    size_t total, next_size;
    ProtobufCAllocator protobuf;
};

static void *system_alloc(size_t size) {
    void *memory = malloc(size);
    if (!memory) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return memory;
}

static void enter(pd_arena *arena, arena_block *block) {
    arena->at = block->bytes;
    arena->end = block->bytes + block->size;
    arena_poison(block->bytes, block->size);
}

static void add_block(pd_arena *arena, size_t size) {
    arena_block *block = system_alloc(sizeof *block + size);
    block->size = size;
    block->next = arena->blocks;
    arena->blocks = block;
    arena->total += sizeof *block + size;
    enter(arena, block);
}

static void drop_block(pd_arena *arena, arena_block *block) {
    arena->total -= sizeof *block + block->size;
    arena_unpoison(block->bytes, block->size);
    free(block);
}

static void *protobuf_alloc(void *arena, size_t size) {
    return pd_arena_alloc(arena, size);
}

static void protobuf_free(void *arena, void *pointer) {
    (void)arena;
    (void)pointer;
}

pd_arena *pd_arena_new(void) {
    pd_arena *arena = system_alloc(sizeof *arena);
    *arena = (pd_arena){.total = sizeof *arena, .next_size = 2 * (size_t)ARENA_BLOCK};
    arena->protobuf = (ProtobufCAllocator){protobuf_alloc, protobuf_free, arena};
    add_block(arena, ARENA_BLOCK - sizeof(arena_block));
    return arena;
}

void pd_arena_reset(pd_arena *arena) {
    while (arena->blocks->next) {
        arena_block *block = arena->blocks;
        arena->blocks = block->next;
        drop_block(arena, block);
    }
    arena->next_size = 2 * (size_t)ARENA_BLOCK;
    enter(arena, arena->blocks);
}

void pd_arena_free(pd_arena *arena) {
    if (!arena)
        return;
    for (arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        drop_block(arena, block);
    }
    free(arena);
}

/* Out of line: a new block. A piece too large for one gets a block of its own size, so that nothing is copied twice. */
static __attribute__((noinline)) void *alloc_in_new_block(pd_arena *arena, size_t size) {
    size_t block = arena->next_size - sizeof(arena_block);
    if (size > block)
        block = size;
    else if (arena->next_size < ARENA_BLOCK_MAX)
        arena->next_size *= 2;
    add_block(arena, block);
    void *piece = arena->at;
    arena->at += size;
    return piece;
}

void *pd_arena_alloc(pd_arena *arena, size_t size) {
    if (size > SIZE_MAX / 2) {
        fputs("impossible allocation\n", stderr);
        abort();
    }
    size_t wanted = size ? size : 1;
    size_t step = (wanted + ARENA_GUARD + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    void *piece;
    if (step <= (size_t)(arena->end - arena->at)) {
        piece = arena->at;
        arena->at += step;
    } else {
        piece = alloc_in_new_block(arena, step);
    }
    arena_unpoison(piece, wanted);
    return piece;
}

void *pd_arena_zalloc(pd_arena *arena, size_t size) {
    return memset(pd_arena_alloc(arena, size), 0, size);
}

char *pd_arena_memdup(pd_arena *arena, const void *bytes, size_t size) {
    char *copy = pd_arena_alloc(arena, size + 1);
    if (size)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

char *pd_arena_strdup(pd_arena *arena, const char *text) {
    return pd_arena_memdup(arena, text, strlen(text));
}

char *pd_arena_printf(pd_arena *arena, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = pd_arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

char *pd_arena_vprintf(pd_arena *arena, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    if (len < 0)
        abort(); /* a broken format string: an invariant of the program */
    char *text = pd_arena_alloc(arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}

ProtobufCAllocator *pd_arena_protobuf(pd_arena *arena) {
    return &arena->protobuf;
}

size_t pd_arena_size(const pd_arena *arena) {
    return arena->total;
}
