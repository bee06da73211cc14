/* call: one RPC on its way through the core. A call is on exactly one list (waiting for bcrypt, for a lane, in flight, …), one
 * function changes the list, and one function ends it. Owned by the core's loop thread; its arena holds all it needs. */
#ifndef SERVER_CALL_H
#define SERVER_CALL_H

#include "pendientes/service.h"
#include "server/identity/caller.h"

typedef struct sv_core sv_core;
typedef struct sv_call sv_call;

struct sv_call {
    sv_core *core;
    pd_incoming *in;
    const pd_method *method;
    pd_arena *arena;
    ProtobufCMessage *request; /* unpacked and checked */
    id_caller caller;          /* a copy; zero for public methods without a token */
    pd_status status;
    bool dead;                 /* answered already (deadline); whoever still holds it only releases it */
    void *plan;                /* the plan's own state */
};

/* Ends the call: `reply` (of the method's type) when call->status is OK, else the status. Exactly once. */
void sv_call_end(sv_call *call, const ProtobufCMessage *reply);

/* A handwritten method: takes the checked call, ends it now or later. */
typedef void (*sv_handler)(sv_call *call);

#endif
