#include "server/call.h"

#include "server/meter.h"

#include "pendientes/lines.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct call_list {
    sv_call *first;
    size_t n;
} call_list;

struct sv_calls {
    sv_core *core;
    pd_loop *loop;
    sv_meter *meter;
    sv_tagger *tagger;
    sv_abandon_fn abandon;
    pd_lines *lines; /* a log line per call */
    call_list lists[SV_N_STATES];
    bool wrote;
};

sv_calls *sv_calls_new(sv_core *core, pd_loop *loop, sv_meter *meter, sv_tagger *tagger, sv_abandon_fn abandon) {
    sv_calls *calls = calloc(1, sizeof *calls);
    if (!calls)
        abort();
    calls->core = core;
    calls->loop = loop;
    calls->meter = meter;
    calls->tagger = tagger;
    calls->abandon = abandon;
    calls->lines = pd_lines_new("server");
    return calls;
}

void sv_calls_free(sv_calls *calls) {
    if (!calls)
        return;
    for (int state = 0; state < SV_N_STATES; state++)
        for (sv_call *call = calls->lists[state].first, *next; call; call = next) {
            next = call->next;
            pd_arena_free(call->arena);
            free(call);
        }
    pd_lines_free(calls->lines);
    free(calls);
}

bool sv_calls_wrote(sv_calls *calls) {
    bool wrote = calls->wrote;
    calls->wrote = false;
    return wrote;
}

void sv_calls_turn(void *calls) {
    pd_lines_flush(((sv_calls *)calls)->lines);
}

size_t sv_calls_count(const sv_calls *calls, sv_state state) {
    return calls->lists[state].n;
}

static void enlist(sv_call *call, sv_state state) {
    call_list *list = &call->calls->lists[state];
    call->state = state;
    call->prev = NULL;
    call->next = list->first;
    if (list->first)
        list->first->prev = call;
    list->first = call;
    list->n++;
}

static void delist(sv_call *call) {
    call_list *list = &call->calls->lists[call->state];
    *(call->prev ? &call->prev->next : &list->first) = call->next;
    if (call->next)
        call->next->prev = call->prev;
    list->n--;
}

/* The only place where a call's state changes. */
void sv_call_move(sv_call *call, sv_state state) {
    if (call->state == state || (call->dead && state != SV_FREE))
        return;
    delist(call);
    enlist(call, state);
}

sv_call *sv_call_new(sv_calls *calls, pd_incoming *in) {
    sv_call *call = calls->lists[SV_FREE].first;
    if (call) {
        delist(call);
    } else {
        call = calloc(1, sizeof *call);
        if (!call)
            abort();
        call->calls = calls;
        call->core = calls->core;
        call->arena = pd_arena_new();
    }
    enlist(call, SV_CHECKING);
    call->in = in;
    call->method = in->method;
    call->request = NULL;
    call->caller = (id_caller){0};
    call->status = (pd_status){0};
    call->tag = NULL;
    call->dead = call->brief = false;
    call->plan = NULL;
    call->due_ms = in->due_ms;
    call->started_us = in->started_us;
    return call;
}

static void recycle(sv_call *call) {
    pd_arena_reset(call->arena);
    sv_call_move(call, SV_FREE);
}

static uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* Faults are warnings. Refusals are the caller's business, and why all calls are UNAVAILABLE is logged once, where it
 * happens. */
static bool is_fault(pd_code code) {
    return code == PD_INTERNAL || code == PD_UNKNOWN || code == PD_DATA_LOSS || code == PD_DEADLINE_EXCEEDED;
}

static void log_call(const sv_call *call, uint64_t micros) {
    if (!call->method) /* a client's probe, each second */
        return;
    pd_lines *lines = call->calls->lines;
    if (!pd_lines_begin(lines, is_fault(call->status.code) ? PD_LOG_WARN : PD_LOG_INFO, "call"))
        return;
    pd_lines_text(lines, "method", call->method->full_name);
    pd_lines_text(lines, "code", pd_code_name(call->status.code));
    pd_lines_millis(lines, "ms", micros);
    pd_lines_text(lines, "request_id", call->in->request_id);
    pd_lines_text(lines, "traceparent", call->in->traceparent);
    pd_lines_number(lines, "user", (uint64_t)call->caller.user_id);
    pd_lines_end(lines);
}

/* Of a good answer of one resource, `bytes` being what this caller may see of it. */
static void tag(sv_call *call, const uint8_t *bytes, size_t len) {
    uint8_t made[PD_TAG_LEN];
    if (!call->tag)
        sv_tag(call->calls->tagger, bytes, len, made);
    pd_incoming_tag(call->in, call->tag ? call->tag : made);
}

/* The one answer of a call. */
static void answer(sv_call *call, const uint8_t *bytes, size_t len, bool replayed) {
    uint64_t micros = now_us() - call->started_us;
    sv_meter_call(call->calls->meter, call->in->probe ? NULL : call->method, call->status.code, micros);
    log_call(call, micros);
    pd_timer_stop(call->calls->loop, &call->timer);
    call->calls->wrote |= call->status.code == PD_OK && call->method && call->method->effect != PD_READS;
    if (call->status.code != PD_OK)
        pd_status_message(&call->status, call->arena);
    else if (call->method && call->method->tagged && !call->in->probe && !replayed)
        tag(call, bytes, len);
    pd_incoming_answer(call->in, &call->status, call->status.code == PD_OK ? bytes : NULL,
                       call->status.code == PD_OK ? len : 0, replayed);
    call->in = NULL;
}

void sv_call_end_packed(sv_call *call, const uint8_t *bytes, size_t len, bool replayed) {
    if (!call->dead)
        answer(call, bytes, len, replayed);
    recycle(call);
}

void sv_call_end(sv_call *call, const ProtobufCMessage *reply) {
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (!call->dead && call->status.code == PD_OK && !reply)
        pd_status_set(&call->status, call->arena, PD_INTERNAL, "Error interno");
    if (!call->dead && call->status.code == PD_OK) {
        bytes = pd_arena_alloc(call->arena, protobuf_c_message_get_packed_size(reply) + 1);
        len = protobuf_c_message_pack(reply, bytes);
    }
    sv_call_end_packed(call, bytes, len, false);
}

/* The deadline: answered now, whoever holds it. */
static void late(void *arg) {
    sv_call *call = arg;
    bool free_now = call->state != SV_HANDLER && call->calls->abandon(call);
    if (call->status.code == PD_OK && call->brief) {
        pd_status_set(&call->status, call->arena, PD_UNAVAILABLE, "La lectura tarda demasiado; vuelva a intentarlo");
        call->status.retry_ms = 200;
    } else if (call->status.code == PD_OK) {
        pd_status_set(&call->status, call->arena, PD_DEADLINE_EXCEEDED, "Se agotó el plazo de la petición");
    }
    answer(call, NULL, 0, false);
    if (free_now) {
        recycle(call);
    } else {
        sv_call_move(call, SV_ABANDONED);
        call->dead = true;
    }
}

void sv_call_watch(sv_call *call) {
    uint64_t now = pd_loop_now(call->calls->loop);
    pd_timer_start(call->calls->loop, &call->timer, call->due_ms > now ? call->due_ms - now : 0, late, call);
}

void sv_call_limit(sv_call *call, uint64_t ms) {
    uint64_t due = pd_loop_now(call->calls->loop) + ms;
    if (due >= call->due_ms)
        return;
    call->due_ms = due;
    call->brief = true;
    sv_call_watch(call);
}
