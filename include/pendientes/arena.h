/* arena: memory that lives and dies together. A call (in either process) owns one arena; whatever belongs to the call
 * is taken from it and freed with it at once. Not thread-safe: an arena belongs to one thread at a time. */
#ifndef PENDIENTES_ARENA_H
#define PENDIENTES_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stdarg.h>
#include <stddef.h>

typedef struct pd_arena pd_arena;

/* A new arena; aborts when memory is exhausted, as every function here does: none of them returns NULL. */
pd_arena *pd_arena_new(void);
/* Forgets everything taken; keeps the first block. */
void pd_arena_reset(pd_arena *arena);
/* NULL is allowed. */
void pd_arena_free(pd_arena *arena);
/* `size` bytes aligned for any type, uninitialised. */
void *pd_arena_alloc(pd_arena *arena, size_t size);
/* The same, zeroed. */
void *pd_arena_zalloc(pd_arena *arena, size_t size);
/* A copy of `size` bytes with a NUL behind them. */
char *pd_arena_memdup(pd_arena *arena, const void *bytes, size_t size);
char *pd_arena_strdup(pd_arena *arena, const char *text);
char *pd_arena_printf(pd_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *pd_arena_vprintf(pd_arena *arena, const char *format, va_list args);
/* The arena as protobuf-c's allocator: its free does nothing. Valid as long as the arena. */
ProtobufCAllocator *pd_arena_protobuf(pd_arena *arena);
/* Bytes taken from the system, for metrics and limits. */
size_t pd_arena_size(const pd_arena *arena);

#endif
