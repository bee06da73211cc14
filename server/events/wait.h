/* wait: the calls that wait for events (Eventos/Esperar), and who is who (Eventos/Quien). A waiting call is answered
 * when the log has something that its caller may see, when somebody's rights changed, or, empty, shortly before its
 * deadline. Older events than the log holds are read from the table. Loop thread. */
#ifndef SERVER_EVENTS_WAIT_H
#define SERVER_EVENTS_WAIT_H

#include "server/call.h"
#include "server/engine/own.h"
#include "server/events/log.h"
#include "server/identity/identity.h"

typedef struct ev_waiters ev_waiters;

/* All of them outlive it. */
typedef struct ev_waiters_options {
    pd_loop *loop;
    const ev_log *log;
    const id_identity *identity;
    const en_own *own;
    pg_lanes *lanes;
    size_t max; /* calls that may wait at once */
} ev_waiters_options;

ev_waiters *ev_waiters_new(const ev_waiters_options *options);
/* Calls that still wait are left to whoever frees the calls. NULL is allowed. */
void ev_waiters_free(ev_waiters *waiters);
/* The log has grown, or rights have changed: answers whom it concerns. */
void ev_waiters_look(ev_waiters *waiters);
/* Answers all that wait, empty: the core stops. */
void ev_waiters_drain(ev_waiters *waiters);
/* Refuses all that wait, for rights may be stale here: another core may know better. */
void ev_waiters_refuse(ev_waiters *waiters);
size_t ev_waiters_count(const ev_waiters *waiters);

/* The handlers (server/by_hand.c). */
void ev_wait(sv_call *call);
void ev_who(sv_call *call);

/* The room's way to its core; core.c's. */
ev_waiters *sv_core_waiters(sv_core *core);

#endif
