/* call: one RPC on its way through the core. A call is on exactly one list (waiting for bcrypt, for a lane, in flight,
 * …), one function changes the list, and one function ends it. Owned by the core's loop thread; its arena holds all it
 * needs. */
#ifndef SERVER_CALL_H
#define SERVER_CALL_H

#include "pendientes/service.h"
#include "server/identity/caller.h"
#include "server/tag.h"

typedef struct sv_core sv_core;
typedef struct sv_call sv_call;
typedef struct sv_calls sv_calls; /* the lists, and the pool of ended calls */
typedef struct sv_meter sv_meter;

typedef enum sv_state {
    SV_CHECKING,  /* being judged: token, form, right; never beyond the function that does it */
    SV_HANDLER,   /* a handwritten method has it */
    SV_HASHING,   /* a field of it is being hashed, or waits for that */
    SV_GATHERED,  /* in a group that leaves at the end of the loop turn */
    SV_PLANNED,   /* its statements, or its group's, are queued or in flight */
    SV_ABANDONED, /* answered at its deadline; whoever holds it will release it by ending it */
    SV_FREE,      /* in the pool */
    SV_N_STATES
} sv_state;

struct sv_call {
    sv_core *core;
    pd_incoming *in; /* NULL once answered */
    const pd_method *method;
    pd_arena *arena;
    ProtobufCMessage *request; /* unpacked and checked */
    id_caller caller;          /* a copy; zero for public methods without a token */
    pd_status status;
    const uint8_t *tag; /* the answer's ETag where the engine knows it already; else made when the call ends */
    bool dead;          /* answered already (deadline); whoever still holds it only releases it */
    void *plan;         /* the plan's own state */
    /* Below: call.c's. */
    sv_calls *calls;
    sv_state state;
    sv_call *next, *prev;
    pd_timer timer;
    uint64_t due_ms;
    uint64_t started_us;
    bool brief; /* due_ms is earlier than the caller asked: UNAVAILABLE then, for the caller has time left */
};

/* Asks whoever has the call's plan to let go of it: true when nothing refers to the call any more. */
typedef bool (*sv_abandon_fn)(sv_call *call);

sv_calls *sv_calls_new(sv_core *core, pd_loop *loop, sv_meter *meter, sv_tagger *tagger, sv_abandon_fn abandon);
/* When nobody will end a call any more: those under way go too, unanswered. */
void sv_calls_free(sv_calls *calls);
/* Whether a call that writes has succeeded since this was last asked. */
bool sv_calls_wrote(sv_calls *calls);
/* At the end of a loop turn: writes the turn's log lines. */
void sv_calls_turn(void *calls);
size_t sv_calls_count(const sv_calls *calls, sv_state state);

/* A call for what came in, being checked. */
sv_call *sv_call_new(sv_calls *calls, pd_incoming *in);
/* Starts the clock of its deadline. */
void sv_call_watch(sv_call *call);
/* Moves a live call to another list. */
void sv_call_move(sv_call *call, sv_state state);
/* Lets the call end `ms` from now at the latest, UNAVAILABLE, though its caller would wait longer. For reads: nothing
 * was done, and the caller may ask again. */
void sv_call_limit(sv_call *call, uint64_t ms);

/* Ends the call: `reply` (of the method's type) when call->status is OK, else the status. Exactly once. */
void sv_call_end(sv_call *call, const ProtobufCMessage *reply);
/* The same with packed bytes. */
void sv_call_end_packed(sv_call *call, const uint8_t *bytes, size_t len, bool replayed);

/* A handwritten method: takes the checked call, ends it now or later. */
typedef void (*sv_handler)(sv_call *call);

#endif
