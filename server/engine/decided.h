/* decided: calls with an Idempotency-Key or with If-Match, as transactions of two trips on connections of their own
 * (design, "Decided transactions"). First trip: BEGIN; with a key: try the lock on its hash, and look it up, a
 * statement of its own for a snapshot younger than the lock; the method's lock; with If-Match: the resource's lock, and
 * the read that is its version (version.c); the method's statement. Then decide (decide.h). Second trip: store key and
 * answer and COMMIT, only on success; else ROLLBACK.
 *
 * Beside plan.c, which would be too long with it. A stored answer has its `ver` fields cleared, so a replay shows null
 * there to everybody; no documented POST answers one that is set. */
#ifndef SERVER_ENGINE_DECIDED_H
#define SERVER_ENGINE_DECIDED_H

#include "pendientes/contract.h"
#include "server/pg/conn.h"

typedef enum en_trip { EN_BEGIN, EN_TRY, EN_FIND, EN_DROP, EN_KEEP, EN_COMMIT, EN_ROLLBACK, EN_N_TRIPS } en_trip;

/* What the decided lane prepares beside the methods' statements. */
extern const pg_prepare en_trips[EN_N_TRIPS];

/* True when calls of the method may be decided, or its read stands in such a transaction. */
bool en_decidable(const pd_method *method);
/* Clears every field that only some may see. */
void en_blank(const pd_message *message, ProtobufCMessage *value);

#endif
