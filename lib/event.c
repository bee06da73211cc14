#include "pendientes/event.h"

#include "pendientes/contract.h"

#include <stdlib.h>
#include <string.h>

static bool is(protobuf_c_boolean known, int64_t id, int64_t viewer) {
    return known && viewer != 0 && id == viewer;
}

bool pd_event_visible(const Pendientes__V1__EventoVisible *event, const pd_viewer *viewer) {
    const pd_method *read = event->lectura ? pd_method_find(event->lectura, strlen(event->lectura)) : NULL;
    if (!read)
        return false;
    const bool held[] = {
        [PD_REL_ANY] = true,
        [PD_REL_ASSIGNED] = is(event->has_asignado_a, event->asignado_a, viewer->employee_id) ||
                            is(event->has_antes, event->antes, viewer->employee_id),
        [PD_REL_REGISTERED] = is(event->has_registrado_por, event->registrado_por, viewer->employee_id),
        [PD_REL_USER] = is(event->has_usuario_id, event->usuario_id, viewer->user_id),
    };
    for (size_t relation = 0; relation < sizeof held / sizeof *held; relation++)
        if (held[relation] && pd_rule_worth(read->rule, viewer->bits, (pd_relation)relation))
            return true;
    return false;
}

/* --- the last of them --- */

enum { SEGMENT = 256, SEGMENTS = 16 };

/* What is freed together. */
typedef struct segment {
    pd_arena *arena;
    Pendientes__V1__EventoVisible *events[SEGMENT];
} segment;

struct pd_events {
    int64_t head, first;
    segment segments[SEGMENTS];
};

static segment *segment_of(pd_events *events, int64_t number) {
    return &events->segments[number / SEGMENT % SEGMENTS];
}

pd_events *pd_events_new(int64_t head) {
    pd_events *events = calloc(1, sizeof *events);
    if (!events)
        abort();
    events->head = head;
    events->first = head + 1;
    for (int i = 0; i < SEGMENTS; i++)
        events->segments[i].arena = pd_arena_new();
    return events;
}

void pd_events_free(pd_events *events) {
    for (int i = 0; events && i < SEGMENTS; i++)
        pd_arena_free(events->segments[i].arena);
    free(events);
}

int64_t pd_events_head(const pd_events *events) {
    return events->head;
}

int64_t pd_events_first(const pd_events *events) {
    return events->first;
}

static void clear(segment *s) {
    pd_arena_reset(s->arena);
    memset(s->events, 0, sizeof s->events);
}

pd_arena *pd_events_extend(pd_events *events, int64_t number) {
    if (number <= events->head)
        return NULL;
    int64_t from = events->head / SEGMENT, to = number / SEGMENT;
    if (to - from > SEGMENTS)
        from = to - SEGMENTS;
    for (int64_t i = from + 1; i <= to; i++)
        clear(&events->segments[i % SEGMENTS]);
    events->head = number;
    int64_t oldest = (to - SEGMENTS + 1) * SEGMENT;
    if (events->first < oldest)
        events->first = oldest;
    return segment_of(events, number)->arena;
}

void pd_events_put(pd_events *events, Pendientes__V1__EventoVisible *event) {
    segment_of(events, events->head)->events[events->head % SEGMENT] = event;
}

const Pendientes__V1__EventoVisible *pd_events_at(const pd_events *events, int64_t number) {
    if (number < events->first || number > events->head)
        return NULL;
    return events->segments[number / SEGMENT % SEGMENTS].events[number % SEGMENT];
}

pd_arena *pd_events_arena(pd_events *events, int64_t number) {
    return segment_of(events, number)->arena;
}
