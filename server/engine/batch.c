/* batch: inserts of one loop turn under one Sync, for the sake of one commit. Nothing is answered before the Sync: the
 * results before a failing statement look good and are rolled back with it. After a failure every call runs again
 * alone, and for a second all do: errors come in swarms, and each costs its batch. */
#include "server/engine/inside.h"

enum { SINGLY_MS = 1000 };

static void batch_done(pg_unit *unit, pg_end end) {
    en_group *group = unit->arg;
    en_engine *engine = group->engine;
    if (end == PG_FAILED)
        engine->singly_until = pd_loop_now(engine->options.loop) + SINGLY_MS;
    for (size_t i = 0; i < group->n; i++) {
        sv_call *call = group->calls[i];
        const en_statement *statement = en_statements_of(engine->options.statements, call->method);
        if (end == PG_DONE)
            en_answer_rows(engine, call, statement, unit->results[i]);
        else if (end == PG_FAILED && !call->dead)
            en_single_run(engine, call, statement, PG_LANE_BATCH);
        else
            en_answer_failure(engine, call, unit, end);
    }
    en_group_release(group);
}

static void send_batch(en_group *group) {
    en_engine *engine = group->engine;
    pg_query *queries = pd_arena_alloc(group->arena, group->n * sizeof *queries);
    size_t n = 0;
    uint64_t due = 0;
    for (size_t i = 0; i < group->n; i++) {
        sv_call *call = group->calls[i];
        const en_statement *statement = en_statements_of(engine->options.statements, call->method);
        if (call->dead || !en_query(engine, call, statement, EN_MAIN, &queries[n])) {
            sv_call_end(call, NULL);
            continue;
        }
        sv_call_move(call, SV_PLANNED);
        group->calls[n++] = call;
        due = call->due_ms > due ? call->due_ms : due;
    }
    group->n = n;
    if (n == 0) {
        en_group_release(group);
        return;
    }
    group->unit = (pg_unit){.queries = queries,
                            .n = n,
                            .results = pd_arena_alloc(group->arena, n * sizeof(PGresult *)),
                            .due_ms = due,
                            .fn = batch_done,
                            .arg = group};
    if (pg_lanes_add(engine->options.lanes, PG_LANE_BATCH, &group->unit))
        return;
    for (size_t i = 0; i < n; i++)
        en_answer_full(group->calls[i]);
    en_group_release(group);
}

void en_batch_add(en_engine *engine, sv_call *call) {
    if (pd_loop_now(engine->options.loop) < engine->singly_until) {
        en_single_run(engine, call, en_statements_of(engine->options.statements, call->method), PG_LANE_BATCH);
        return;
    }
    if (!engine->batch)
        engine->batch = en_group_new(engine);
    engine->batch->calls[engine->batch->n++] = call;
    sv_call_move(call, SV_GATHERED);
    if (engine->batch->n == EN_BATCH_MAX)
        en_batch_turn(engine);
}

void en_batch_turn(en_engine *engine) {
    en_group *group = engine->batch;
    engine->batch = NULL;
    if (!group)
        return;
    if (group->n == 1) { /* alone it can still be taken back at its deadline */
        sv_call *call = group->calls[0];
        en_group_release(group);
        en_single_run(engine, call, en_statements_of(engine->options.statements, call->method), PG_LANE_BATCH);
        return;
    }
    send_batch(group);
}
