/* inside: what plan.c, coalesce.c, batch.c, search.c, decided.c and version.c share; nobody else includes it. Not in
 * the design's plan of rooms: without it these six would be one file of a thousand lines. */
#ifndef SERVER_ENGINE_INSIDE_H
#define SERVER_ENGINE_INSIDE_H

#include "server/engine/plan.h"

enum {
    EN_GROUP_MAX = 128, /* calls of one coalesced read */
    EN_BATCH_MAX = 32,  /* inserts under one Sync */
};

/* Calls that go to the database together. It has an arena of its own: its calls may be answered and gone before it. */
typedef struct en_group {
    struct en_group *next;
    en_engine *engine;
    pd_arena *arena;
    const en_statement *statement; /* of a read */
    pg_lane_id lane;
    size_t n;
    sv_call *calls[EN_GROUP_MAX];
    int64_t keys[EN_GROUP_MAX]; /* of a read */
    pg_unit unit;
} en_group;

/* How reads of a method fare. */
typedef struct en_read {
    en_group *open; /* gathering in this turn */
    bool slow;      /* timed out on the read lane; runs on the slow lane until it answers there */
} en_read;

struct en_engine {
    en_engine_options options;
    en_read *reads;             /* by method index */
    const pd_method **gathered; /* methods with an open group */
    size_t n_gathered;
    en_group *batch;       /* gathering in this turn */
    uint64_t singly_until; /* a batch failed a moment ago */
    en_group *free_groups;
};

/* One call alone. Lives in the call's arena as call->plan. */
typedef struct en_single {
    en_engine *engine;
    const en_statement *statement;
    pg_lane_id lane;
    pg_unit unit;
    pg_query queries[2];
    PGresult *results[2];
} en_single;

en_group *en_group_new(en_engine *engine);
/* Back to the pool. */
void en_group_release(en_group *group);

/* Runs the call of a page: its rows and their count in one trip, and where the count stopped, the planner's estimate in
 * another. */
void en_search_run(en_engine *engine, sv_call *call, const en_statement *statement);
/* Runs a call alone on a lane. */
void en_single_run(en_engine *engine, sv_call *call, const en_statement *statement, pg_lane_id lane);
/* The reply from the rows of its statement, or NULL and call->status: refused by its verdict row, missing, not the
 * caller's. */
ProtobufCMessage *en_rows_reply(en_engine *engine, sv_call *call, const en_statement *statement, const PGresult *rows);
/* Refuses a row that is not the caller's. */
void en_forbid(sv_call *call);
/* Ends a call from the rows of its statement. */
void en_answer_rows(en_engine *engine, sv_call *call, const en_statement *statement, const PGresult *rows);
/* Ends a call whose unit did not come to its end: by the failed result, or by why there is none. */
void en_answer_failure(en_engine *engine, sv_call *call, const pg_unit *unit, pg_end end);
/* Says that nobody knows whether the call was done. */
void en_unknown(sv_call *call);
/* Takes a call's unit off its queue, at its deadline; where no connection is up, that is the reason given. */
bool en_unqueue(en_engine *engine, sv_call *call, pg_lane_id lane, pg_unit *unit);
/* Ends a call because its lane's queue is full. */
void en_answer_full(sv_call *call);
/* One query of a statement; false when it cannot be bound (then call->status says why). */
bool en_query(en_engine *engine, sv_call *call, const en_statement *statement, en_part part, pg_query *query);
/* The same with another request than the call's: that of the read which is its version. */
bool en_query_of(en_engine *engine, sv_call *call, const en_statement *statement, en_part part,
                 const ProtobufCMessage *request, pg_query *query);
/* Logs and translates a failed result; true when it is a rule of the contract. */
bool en_failure_status(en_engine *engine, sv_call *call, const PGresult *error);

/* Takes the call when a field of it has to be hashed first, and plans it then; false: it has none. */
bool en_hash(en_engine *engine, sv_call *call);
/* Runs a call whose request is as its statement wants it. */
void en_plan(en_engine *engine, sv_call *call);
void en_coalesce_add(en_engine *engine, sv_call *call, const en_statement *statement);
void en_coalesce_turn(en_engine *engine);
void en_batch_add(en_engine *engine, sv_call *call);
void en_batch_turn(en_engine *engine);
/* The call says If-Match, and its method has a version. */
bool en_conditional(const sv_call *call);
/* The statements that tell the call's version: the resource's lock and the read. False: call->status says why. */
bool en_version_queries(en_engine *engine, sv_call *call, pg_query queries[2]);
/* Compares what the read answered with what the call names. False: it cannot be told, and call->status says why. */
bool en_version_compare(en_engine *engine, sv_call *call, const PGresult *rows, bool *stale);

/* The call carries a key or a condition that its method honours. */
bool en_decided(const sv_call *call);
void en_decided_run(en_engine *engine, sv_call *call, const en_statement *statement);
bool en_decided_abandon(en_engine *engine, sv_call *call);

#endif
