#include "server/engine/plan.h"

#include "server/engine/decided.h"
#include "server/engine/inside.h"

#include "pendientes/log.h"

#include <stdlib.h>
#include <string.h>

en_engine *en_engine_new(const en_engine_options *options) {
    en_engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        abort();
    engine->options = *options;
    engine->reads = calloc(pd_n_methods, sizeof *engine->reads);
    engine->gathered = calloc(pd_n_methods, sizeof *engine->gathered);
    if (!engine->reads || !engine->gathered)
        abort();
    return engine;
}

void en_engine_free(en_engine *engine) {
    if (!engine)
        return;
    while (engine->free_groups) {
        en_group *group = engine->free_groups;
        engine->free_groups = group->next;
        pd_arena_free(group->arena);
        free(group);
    }
    free(engine->reads);
    free(engine->gathered);
    free(engine);
}

en_group *en_group_new(en_engine *engine) {
    en_group *group = engine->free_groups;
    if (group) {
        engine->free_groups = group->next;
    } else {
        group = malloc(sizeof *group);
        if (!group)
            abort();
        group->arena = pd_arena_new();
        group->engine = engine;
    }
    group->n = 0;
    group->next = NULL;
    return group;
}

void en_group_release(en_group *group) {
    pd_arena_reset(group->arena);
    group->next = group->engine->free_groups;
    group->engine->free_groups = group;
}

bool en_failure_status(en_engine *engine, sv_call *call, const PGresult *error) {
    if (pg_errors_status(engine->options.errors, error, call->arena, &call->status))
        return true;
    const char *state = pg_sqlstate(error);
    bool bug = call->status.code == PD_INTERNAL;
    /* The message may hold a value the caller sent (class 22); the state and the constraint never do. */
    const char *text = bug ? PQresultErrorField(error, PG_DIAG_MESSAGE_PRIMARY) : "";
    PD_LOG(bug ? PD_LOG_ERROR : PD_LOG_WARN, "statement failed", PD_S("method", call->method->full_name),
           PD_S("request_id", call->in ? call->in->request_id : ""), PD_S("sqlstate", state),
           PD_S("constraint", PQresultErrorField(error, PG_DIAG_CONSTRAINT_NAME)), PD_S("error", text));
    return false;
}

void en_unknown(sv_call *call) {
    pd_status_set(
        &call->status, call->arena, PD_UNKNOWN,
        "Resultado desconocido: se perdió la conexión con la base de datos; repita con la misma Idempotency-Key");
}

void en_answer_failure(en_engine *engine, sv_call *call, const pg_unit *unit, pg_end end) {
    if (call->dead) {
        sv_call_end(call, NULL);
        return;
    }
    if (end == PG_FAILED) {
        en_failure_status(engine, call, unit->error);
    } else if (end == PG_LOST) {
        en_unknown(call);
    } else {
        pd_status_set(&call->status, call->arena, PD_UNAVAILABLE, "La base de datos no está disponible");
        call->status.retry_ms = 1000;
    }
    sv_call_end(call, NULL);
}

void en_answer_full(sv_call *call) {
    pd_status_set(&call->status, call->arena, PD_RESOURCE_EXHAUSTED, "El servidor está saturado; vuelva a intentarlo");
    call->status.retry_ms = 1000;
    sv_call_end(call, NULL);
}

ProtobufCMessage *en_rows_reply(en_engine *engine, sv_call *call, const en_statement *statement, const PGresult *rows) {
    const en_header *header = en_statement_header(statement);
    int n = PQntuples(rows);
    if (!en_verdict(statement, rows, call->arena, &call->status))
        return NULL;
    if (!header->write && n == 0 && call->method->not_found) {
        en_not_found(statement, call->request, call->arena, &call->status);
        return NULL;
    }
    if (!header->write && n > 0 && !en_row_allowed(statement, rows, 0, &call->caller)) {
        en_forbid(call);
        return NULL;
    }
    return en_reply(statement, rows, 0, n, &call->caller, engine->options.keys, call->arena, &call->status);
}

void en_answer_rows(en_engine *engine, sv_call *call, const en_statement *statement, const PGresult *rows) {
    sv_call_end(call, call->dead ? NULL : en_rows_reply(engine, call, statement, rows));
}

void en_forbid(sv_call *call) {
    pd_status_set(&call->status, call->arena, PD_PERMISSION_DENIED, "No tiene permiso sobre este registro");
}

bool en_query_of(en_engine *engine, sv_call *call, const en_statement *statement, en_part part,
                 const ProtobufCMessage *request, pg_query *query) {
    en_params params;
    if (!en_bind(statement, part, request, &call->caller, engine->options.keys, call->arena, &params, &call->status))
        return false;
    *query = (pg_query){.name = en_statement_name(statement, part),
                        .n = params.n,
                        .values = params.values,
                        .lengths = params.lengths,
                        .formats = params.formats};
    return true;
}

bool en_query(en_engine *engine, sv_call *call, const en_statement *statement, en_part part, pg_query *query) {
    return en_query_of(engine, call, statement, part, call->request, query);
}

static void single_done(pg_unit *unit, pg_end end) {
    sv_call *call = unit->arg;
    en_single *single = call->plan;
    if (end != PG_DONE || call->dead) {
        en_answer_failure(single->engine, call, unit, end);
        return;
    }
    en_answer_rows(single->engine, call, single->statement, unit->results[unit->n - 1]);
}

void en_single_run(en_engine *engine, sv_call *call, const en_statement *statement, pg_lane_id lane) {
    const en_header *header = en_statement_header(statement);
    en_single *single = pd_arena_zalloc(call->arena, sizeof *single);
    single->engine = engine;
    single->statement = statement;
    single->lane = lane;
    size_t n = 0;
    if ((header->write && header->has_lock && !en_query(engine, call, statement, EN_LOCK, &single->queries[n++])) ||
        !en_query(engine, call, statement, EN_MAIN, &single->queries[n++])) {
        sv_call_end(call, NULL);
        return;
    }
    single->unit = (pg_unit){.queries = single->queries,
                             .n = n,
                             .results = single->results,
                             .rerun = !header->write,
                             .due_ms = call->due_ms,
                             .fn = single_done,
                             .arg = call};
    call->plan = single;
    sv_call_move(call, SV_PLANNED);
    if (!pg_lanes_add(engine->options.lanes, lane, &single->unit))
        en_answer_full(call);
}

void en_plan(en_engine *engine, sv_call *call) {
    const en_statement *statement = en_statements_of(engine->options.statements, call->method);
    const en_header *header = en_statement_header(statement);
    if (en_decided(call))
        en_decided_run(engine, call, statement);
    else if (en_statement_paged(statement))
        en_search_run(engine, call, statement);
    else if (header->coalesce >= 0)
        en_coalesce_add(engine, call, statement);
    else if (header->batch && !header->has_lock)
        en_batch_add(engine, call);
    else
        en_single_run(engine, call, statement, en_statements_lane(statement));
}

void en_engine_run(en_engine *engine, sv_call *call) {
    call->plan = NULL;
    if (!en_hash(engine, call))
        en_plan(engine, call);
}

bool en_engine_abandon(en_engine *engine, sv_call *call) {
    if (call->state != SV_PLANNED || !call->plan)
        return false;
    if (en_decided(call))
        return en_decided_abandon(engine, call);
    en_single *single = call->plan;
    return en_unqueue(engine, call, single->lane, &single->unit);
}

bool en_unqueue(en_engine *engine, sv_call *call, pg_lane_id lane, pg_unit *unit) {
    if (!pg_lanes_cancel(engine->options.lanes, lane, unit))
        return false;
    if (!pg_lanes_up(engine->options.lanes, lane))
        pd_status_set(&call->status, call->arena, PD_UNAVAILABLE, "La base de datos no está disponible");
    return true;
}

void en_engine_turn(void *arg) {
    en_engine *engine = arg;
    en_coalesce_turn(engine);
    en_batch_turn(engine);
}
