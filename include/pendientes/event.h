/* event: the contract's events in memory: the last of them, by number, and who may see one. For the core, which answers
 * callers, and for whoever shares one call among many (the gateway's streams). */
#ifndef PENDIENTES_EVENT_H
#define PENDIENTES_EVENT_H

#include "pendientes/arena.h"
#include "pendientes/v1/eventos.pb-c.h"

#include <stdbool.h>
#include <stdint.h>

/* Who looks, as Eventos/Quien answers it. */
typedef struct pd_viewer {
    int64_t user_id;
    int64_t employee_id; /* 0: none */
    uint64_t bits;
} pd_viewer;

/* Whoever may call the event's read on its row sees it; so does the technician who had the order assigned until then.
 * An event whose read is unknown is nobody's. Any thread. */
bool pd_event_visible(const Pendientes__V1__EventoVisible *event, const pd_viewer *viewer);

/* The last 4,096 numbers, or 255 fewer: memory goes in pieces. One thread owns a ring. */
typedef struct pd_events pd_events;

/* Empty behind `head`. */
pd_events *pd_events_new(int64_t head);
/* NULL is allowed. */
void pd_events_free(pd_events *events);
/* The number of the last, and of the first that is held; head + 1 when none is. */
int64_t pd_events_head(const pd_events *events);
int64_t pd_events_first(const pd_events *events);
/* Makes room for `number`, which becomes the head, and returns the arena for it; numbers between are left out. NULL
 * when it is not past the head. */
pd_arena *pd_events_extend(pd_events *events, int64_t number);
/* The head itself; memory from the arena that pd_events_extend returned. */
void pd_events_put(pd_events *events, Pendientes__V1__EventoVisible *event);
/* NULL for a number that is not held or was left out. Valid until 3,840 others have come. */
const Pendientes__V1__EventoVisible *pd_events_at(const pd_events *events, int64_t number);
/* For texts that belong to an event that is held: goes with it. */
pd_arena *pd_events_arena(pd_events *events, int64_t number);

#endif
