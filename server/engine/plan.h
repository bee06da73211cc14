/* plan: how a checked call runs, by its statement's header and the call itself, never by the method's name:
 *
 *   coalesced read    with the turn's other calls of the method as one `= ANY` (coalesce.c)
 *   other read        one statement on the search lane
 *   write             one transaction, preceded by its lock statement
 *   write batch       inserts of the turn under one Sync (batch.c)
 *   decided           a call with an Idempotency-Key or with If-Match: two trips (decided.c)
 *
 * A field that is stored as a hash is hashed before all that (hashed.c).
 * Every path ends the call exactly once; a call that was answered meanwhile (its deadline) is only released. */
#ifndef SERVER_ENGINE_PLAN_H
#define SERVER_ENGINE_PLAN_H

#include "server/call.h"
#include "server/engine/statements.h"
#include "server/identity/bcrypt.h"
#include "server/pg/errors.h"

/* What the engine stands on; all of it outlives the engine. */
typedef struct en_engine_options {
    pd_loop *loop;
    pg_lanes *lanes;
    const en_statements *statements;
    const en_keys *keys;
    id_bcrypt *bcrypt; /* hashes what is `protegido: BCRYPT` */
    const pg_errors *errors;
    const uint8_t *key_secret; /* 32 bytes, for hashes of idempotency keys */
    sv_tagger *tagger;
} en_engine_options;

typedef struct en_engine en_engine;

en_engine *en_engine_new(const en_engine_options *options);
void en_engine_free(en_engine *engine);
/* Takes a checked call of a method that has a statement. */
void en_engine_run(en_engine *engine, sv_call *call);
/* The call's deadline has come. True: nobody holds it any more. False: it will be ended later, as dead. */
bool en_engine_abandon(en_engine *engine, sv_call *call);
/* Sends what was gathered. Once per loop turn, before the lanes'. */
void en_engine_turn(void *engine);

#endif
