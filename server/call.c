#include "server/call.h"

#include "server/by_hand.h"
#include "server/core.h"
#include "server/meter.h"

#include "pendientes/check.h"
#include "pendientes/log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct call_list {
    sv_call *first;
    size_t n;
} call_list;

struct sv_calls {
    sv_core *core;
    call_list lists[SV_N_STATES];
};

sv_calls *sv_calls_new(sv_core *core) {
    sv_calls *calls = calloc(1, sizeof *calls);
    if (!calls)
        abort();
    calls->core = core;
    return calls;
}

void sv_calls_free(sv_calls *calls) {
    if (!calls)
        return;
    for (sv_call *call = calls->lists[SV_FREE].first, *next; call; call = next) {
        next = call->next;
        pd_arena_free(call->arena);
        free(call);
    }
    free(calls);
}

size_t sv_calls_count(const sv_calls *calls, sv_state state) {
    return calls->lists[state].n;
}

static void enlist(sv_call *call, sv_state state) {
    call_list *list = &call->core->calls->lists[state];
    call->state = state;
    call->prev = NULL;
    call->next = list->first;
    if (list->first)
        list->first->prev = call;
    list->first = call;
    list->n++;
}

static void delist(sv_call *call) {
    call_list *list = &call->core->calls->lists[call->state];
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

static sv_call *new_call(sv_core *core) {
    sv_call *call = core->calls->lists[SV_FREE].first;
    if (call) {
        delist(call);
    } else {
        call = calloc(1, sizeof *call);
        if (!call)
            abort();
        call->core = core;
        call->arena = pd_arena_new();
    }
    enlist(call, SV_CHECKING);
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

/* Faults are worth a line of their own. Refusals are the caller's business, and why all calls are UNAVAILABLE is logged
 * once, where it happens. */
static bool is_fault(pd_code code) {
    return code == PD_INTERNAL || code == PD_UNKNOWN || code == PD_DATA_LOSS || code == PD_DEADLINE_EXCEEDED;
}

static void log_call(const sv_call *call, uint64_t micros) {
    pd_log_level level = is_fault(call->status.code) ? PD_LOG_WARN : PD_LOG_DEBUG;
    if (!pd_log_on(level))
        return;
    PD_LOG(level, "call", PD_S("method", call->method ? call->method->full_name : "probe"),
           PD_S("request_id", call->in->request_id), PD_S("traceparent", call->in->traceparent),
           PD_S("code", pd_code_name(call->status.code)), PD_I("user", call->caller.user_id),
           PD_I("us", (int64_t)micros));
}

/* The one answer of a call. */
static void answer(sv_call *call, const uint8_t *bytes, size_t len, bool replayed) {
    uint64_t micros = now_us() - call->started_us;
    sv_meter_call(call->core->meter, call->in->probe ? NULL : call->method, call->status.code, micros);
    log_call(call, micros);
    pd_timer_stop(call->core->loop, &call->timer);
    if (call->status.code != PD_OK)
        pd_status_message(&call->status, call->arena);
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
    bool free_now = call->state != SV_HANDLER && en_engine_abandon(call->core->engine, call);
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

static void set_timer(sv_call *call) {
    uint64_t now = pd_loop_now(call->core->loop);
    pd_timer_start(call->core->loop, &call->timer, call->due_ms > now ? call->due_ms - now : 0, late, call);
}

void sv_call_limit(sv_call *call, uint64_t ms) {
    uint64_t due = pd_loop_now(call->core->loop) + ms;
    if (due >= call->due_ms)
        return;
    call->due_ms = due;
    call->brief = true;
    set_timer(call);
}

/* 401 or 503; public methods need nobody. */
static bool identify(sv_call *call) {
    if (call->method && call->method->rule->is_public)
        return true;
    return id_check(call->core->identity, call->in->token, call->in->token_len, &call->caller, call->arena,
                    &call->status);
}

/* 400: the bytes, then the values. */
static bool check_form(sv_call *call) {
    const pd_message *message = call->method->request;
    if (!pd_wire_check(message, call->in->bytes, call->in->len, call->arena, &call->status))
        return false;
    call->request = protobuf_c_message_unpack(message->type, pd_arena_protobuf(call->arena), call->in->len,
                                              call->in->bytes ? call->in->bytes : (const uint8_t *)"");
    if (!call->request) {
        pd_status_set(&call->status, call->arena, PD_INVALID_ARGUMENT, "La petición no se puede leer");
        return false;
    }
    return pd_check(message, call->request, call->arena, &call->status);
}

/* 403 of the role's bits; rows are judged by the plan. */
static bool check_right(sv_call *call) {
    if (call->method->rule->is_public || pd_rule_possible(call->method->rule, call->caller.bits))
        return true;
    pd_status_set(&call->status, call->arena, PD_PERMISSION_DENIED, "No tiene permiso para esta operación");
    return false;
}

void sv_call_take(void *arg, pd_incoming *in) {
    sv_core *core = arg;
    sv_call *call = new_call(core);
    call->in = in;
    call->method = in->method;
    call->request = NULL;
    call->caller = (id_caller){0};
    call->status = (pd_status){0};
    call->dead = call->brief = false;
    call->plan = NULL;
    call->due_ms = in->due_ms;
    call->started_us = in->started_us;
    if (!identify(call)) {
        sv_call_end(call, NULL);
        return;
    }
    if (in->probe) {
        sv_call_end_packed(call, NULL, 0, false);
        return;
    }
    if (!check_form(call) || !check_right(call)) {
        sv_call_end(call, NULL);
        return;
    }
    sv_handler handler = sv_by_hand(call->method);
    set_timer(call);
    if (!handler) {
        en_engine_run(core->engine, call);
        return;
    }
    sv_call_move(call, SV_HANDLER);
    handler(call);
}
