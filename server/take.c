#include "server/take.h"

#include "server/by_hand.h"
#include "server/core.h"

#include "pendientes/check.h"

/* 401 or 503; public methods need nobody. */
static bool identify(sv_call *call) {
    if (call->method && call->method->rule->is_public)
        return true;
    return id_check(call->core->identity, call->in->token, call->in->token_len, &call->caller, call->arena,
                    &call->status);
}

/* 400: what travels beside the request, then its bytes, then its values. */
static bool check_form(sv_call *call) {
    const pd_message *message = call->method->request;
    if (call->in->wrong)
        call->status = *call->in->wrong;
    if (!pd_wire_check(message, call->in->bytes, call->in->len, call->arena, &call->status))
        return false;
    call->request = protobuf_c_message_unpack(message->type, pd_arena_protobuf(call->arena), call->in->len,
                                              call->in->bytes ? call->in->bytes : (const uint8_t *)"");
    if (!call->request) {
        pd_status_set(&call->status, call->arena, PD_INVALID_ARGUMENT, "La petición no se puede leer");
        return false;
    }
    return pd_check(message, call->request, call->arena, &call->status) && !call->in->wrong;
}

/* 403 of the role's bits; rows are judged by the plan. */
static bool check_right(sv_call *call) {
    if (call->method->rule->is_public || pd_rule_possible(call->method->rule, call->caller.bits))
        return true;
    pd_status_set(&call->status, call->arena, PD_PERMISSION_DENIED, "No tiene permiso para esta operación");
    return false;
}

void sv_take(void *arg, pd_incoming *in) {
    sv_core *core = arg;
    sv_call *call = sv_call_new(core->calls, in);
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
    sv_call_watch(call);
    if (!handler) {
        en_engine_run(core->engine, call);
        return;
    }
    sv_call_move(call, SV_HANDLER);
    handler(call);
}
