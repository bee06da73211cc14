#include "lib/outbox.h"
#include "lib/sockets.h"

/* Two frames of reads in flight measured best, three and four worse; with frames of 256 the second is filled while
 * PostgreSQL answers the first. Writes: more frames mean fewer calls to share a Sync. */
const pd_class_limits pd_classes[PD_N_CLASSES] = {
    [PD_CLASS_READ] = {.calls = PD_FRAME_CALLS, .frames = 2, .late_ms = 0},
    [PD_CLASS_WRITE] = {.calls = 64, .frames = 4, .late_ms = 250},
    [PD_CLASS_BYTES] = {.calls = 1, .frames = 4, .late_ms = 5000},
    [PD_CLASS_SINGLE] = {.calls = 1, .frames = 64, .late_ms = 1000},
};

void pd_queue_push(pd_queue *queue, pd_call *call) {
    call->queue = queue;
    call->next = NULL;
    call->prev = queue->last;
    if (queue->last)
        queue->last->next = call;
    else
        queue->first = call;
    queue->last = call;
    queue->n++;
}

void pd_queue_push_front(pd_queue *queue, pd_call *call) {
    call->queue = queue;
    call->prev = NULL;
    call->next = queue->first;
    if (queue->first)
        queue->first->prev = call;
    else
        queue->last = call;
    queue->first = call;
    queue->n++;
}

void pd_queue_remove(pd_call *call) {
    pd_queue *queue = call->queue;
    if (!queue)
        return;
    if (call->prev)
        call->prev->next = call->next;
    else
        queue->first = call->next;
    if (call->next)
        call->next->prev = call->prev;
    else
        queue->last = call->prev;
    call->queue = NULL;
    call->next = call->prev = NULL;
    queue->n--;
}

pd_call *pd_queue_take(pd_queue *queue) {
    pd_call *call = queue->first;
    if (call)
        pd_queue_remove(call);
    return call;
}

pd_class pd_class_of(const pd_method *method, bool probe, bool decided) {
    if (probe || method->at_once)
        return PD_CLASS_READ;
    if (method->carries_bytes)
        return PD_CLASS_BYTES;
    if (method->by_hand || decided)
        return PD_CLASS_SINGLE;
    if (method->effect != PD_READS)
        return PD_CLASS_WRITE;
    bool one_resource = !method->reply->is_page && method->response_index < 0;
    return one_resource ? PD_CLASS_READ : PD_CLASS_SINGLE;
}

size_t pd_outbox_take(pd_queue *queue, pd_class class, pd_call *calls[PD_FRAME_CALLS]) {
    size_t n = 0, bytes = 0;
    while (queue->first && n < pd_classes[class].calls) {
        pd_call *call = queue->first;
        if (n > 0 && bytes + call->size > PD_SOCKET_WHOLE)
            break;
        bytes += call->size;
        pd_queue_remove(call);
        calls[n++] = call;
    }
    return n;
}
