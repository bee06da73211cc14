/* outbox: calls waiting for a frame, by class. The class is derived from the contract, never from a name: the client
 * cannot see the statements, so what the core would answer with one `= ANY` (a read of one resource) is told by the
 * shape of the method. Calls of different classes never share a frame, because a frame is answered when its last call
 * is. */
#ifndef LIB_OUTBOX_H
#define LIB_OUTBOX_H

#include "lib/frame.h"
#include "lib/timers.h"
#include "pendientes/client.h"

typedef enum pd_class {
    PD_CLASS_READ,   /* fast reads and identity probes: few large frames in flight, the next is collected meanwhile */
    PD_CLASS_WRITE,  /* writes without a key: those of a turn share a frame, so that the core can share a Sync */
    PD_CLASS_BYTES,  /* pieces of files: few at a time, so that neither process holds many */
    PD_CLASS_SINGLE, /* lists, decided transactions, handwritten methods: of unknown cost, so each in its own frame */
    PD_N_CLASSES,
} pd_class;

typedef struct pd_class_limits {
    uint16_t calls;   /* in a frame */
    uint16_t frames;  /* in flight to one core; late ones do not count, or a few stuck calls would stop their class */
    uint16_t late_ms; /* 0: the client's read_frame_ms */
} pd_class_limits;

extern const pd_class_limits pd_classes[PD_N_CLASSES];

typedef struct pd_queue pd_queue;
typedef struct pd_frame pd_frame;

/* One call. Owned by its client; it is in a queue, or in a frame, never in both; once its callback was called it is
 * back on the client's free list, and the buffer stays with it. */
struct pd_call {
    pd_client *client;
    const pd_method *method; /* NULL: a probe that names none */
    pd_reply_fn fn;
    void *arg;
    pd_class class;
    bool safe;        /* may be sent again: free of side effects, or with a key */
    bool reads;       /* free of side effects */
    bool lost;        /* a core had it and went: what that one did is not known */
    uint8_t attempts; /* times it was sent */
    pd_queue *queue;  /* NULL: none */
    pd_call *next, *prev;
    pd_frame *frame; /* NULL: none */
    uint16_t slot;   /* there */
    pd_timer due;
    pd_code refusal; /* of a call that cannot be sent at all */
    pd_wire_call wire;
    size_t size;  /* in a frame */
    char *buffer; /* what `wire` points to */
    size_t buffer_size;
};

struct pd_queue {
    pd_call *first, *last;
    size_t n;
};

void pd_queue_push(pd_queue *queue, pd_call *call);
void pd_queue_push_front(pd_queue *queue, pd_call *call);
/* From whichever queue it is in; none is allowed. */
void pd_queue_remove(pd_call *call);
/* Removes the first; NULL: the queue is empty. */
pd_call *pd_queue_take(pd_queue *queue);

/* `decided`: it carries a key or a condition that the method does not ignore. */
pd_class pd_class_of(const pd_method *method, bool probe, bool decided);
/* Removes from the front what belongs in a frame; 0 when the queue is empty. Several calls together stay below
 * PD_SOCKET_WHOLE bytes. */
size_t pd_outbox_take(pd_queue *queue, pd_class class, pd_call *calls[PD_FRAME_CALLS]);

#endif
