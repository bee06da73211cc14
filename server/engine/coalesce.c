/* coalesce: the calls of one loop turn to the same read become one statement with `= ANY`. Every call is judged alone
 * by its row's people; a row whose answer is the same for everybody is encoded once. An error re-runs each call alone,
 * or one poisoned id would fail all. */
#include "server/engine/inside.h"

#include <string.h>

enum {
    BRIEF_MS = 700,      /* under the second after which a client sets a silent core aside */
    BRIEF_SLOW_MS = 150, /* of a method that is known to hang: its frame holds other reads */
};

static int64_t key_of(const sv_call *call, const en_statement *statement) {
    const ProtobufCFieldDescriptor *field =
        &call->method->request->type->fields[en_statement_header(statement)->coalesce];
    const char *at = (const char *)call->request + field->offset;
    if (field->type == PROTOBUF_C_TYPE_INT32)
        return *(const int32_t *)at;
    return *(const int64_t *)at;
}

/* Where in the result a key stands: open addressing, at most half full. */
typedef struct row_index {
    int64_t *keys;
    int *rows; /* -1: free */
    size_t mask;
} row_index;

static size_t slot_of(const row_index *index, int64_t key) {
    size_t slot = (size_t)((uint64_t)key * 0x9e3779b97f4a7c15u >> 32) & index->mask;
    while (index->rows[slot] >= 0 && index->keys[slot] != key)
        slot = (slot + 1) & index->mask;
    return slot;
}

static row_index index_rows(const en_group *group, const PGresult *rows) {
    size_t size = 4;
    int n = PQntuples(rows);
    while (size < 2 * (size_t)n)
        size *= 2;
    row_index index = {.keys = pd_arena_alloc(group->arena, size * sizeof(int64_t)),
                       .rows = pd_arena_alloc(group->arena, size * sizeof(int)),
                       .mask = size - 1};
    memset(index.rows, 0xff, size * sizeof(int));
    for (int row = 0; row < n; row++) {
        int64_t key = en_row_key(group->statement, rows, row);
        size_t slot = slot_of(&index, key);
        index.keys[slot] = key;
        if (index.rows[slot] < 0)
            index.rows[slot] = row;
    }
    return index;
}

/* A packed row that all its callers share. */
typedef struct packed_row {
    uint8_t *bytes;
    size_t len;
    uint8_t tag[PD_TAG_LEN]; /* made once too */
    bool done;
} packed_row;

static void answer_own(en_group *group, sv_call *call, const PGresult *rows, int row) {
    sv_call_end(call, en_reply(group->statement, rows, row, 1, &call->caller, group->engine->options.keys, call->arena,
                               &call->status));
}

static void answer_shared(en_group *group, sv_call *call, const PGresult *rows, int row, packed_row *packed) {
    if (!packed->done) {
        const ProtobufCMessage *reply = en_reply(group->statement, rows, row, 1, &call->caller,
                                                 group->engine->options.keys, group->arena, &call->status);
        if (!reply) {
            sv_call_end(call, NULL);
            return;
        }
        packed->bytes = pd_arena_alloc(group->arena, protobuf_c_message_get_packed_size(reply));
        packed->len = protobuf_c_message_pack(reply, packed->bytes);
        packed->done = true;
        if (call->method->tagged)
            sv_tag(group->engine->options.tagger, packed->bytes, packed->len, packed->tag);
    }
    call->tag = packed->tag;
    sv_call_end_packed(call, packed->bytes, packed->len, false);
}

static void share_out(en_group *group, const PGresult *rows) {
    row_index index = index_rows(group, rows);
    bool own = en_statement_method(group->statement)->reply->has_see;
    packed_row *packed = own ? NULL : pd_arena_zalloc(group->arena, ((size_t)PQntuples(rows) + 1) * sizeof *packed);
    for (size_t i = 0; i < group->n; i++) {
        sv_call *call = group->calls[i];
        int row = index.rows[slot_of(&index, group->keys[i])];
        if (call->dead) {
            sv_call_end(call, NULL);
        } else if (row < 0) {
            en_not_found(group->statement, call->request, call->arena, &call->status);
            sv_call_end(call, NULL);
        } else if (!en_row_allowed(group->statement, rows, row, &call->caller)) {
            en_forbid(call);
            sv_call_end(call, NULL);
        } else if (own) {
            answer_own(group, call, rows, row);
        } else {
            answer_shared(group, call, rows, row, &packed[row]);
        }
    }
}

static void send_group(en_group *group);

/* Each call of a failed group by itself. A timeout makes the method slow: what hangs must not hold the read lane. */
static void run_alone(en_group *group, bool timed_out) {
    en_engine *engine = group->engine;
    if (timed_out)
        engine->reads[en_statement_method(group->statement)->index].slow = true;
    for (size_t i = 0; i < group->n; i++) {
        sv_call *call = group->calls[i];
        if (call->dead) {
            sv_call_end(call, NULL);
            continue;
        }
        en_group *alone = en_group_new(engine);
        alone->statement = group->statement;
        alone->lane = timed_out ? PG_LANE_SLOW : PG_LANE_READ;
        alone->n = 1;
        alone->calls[0] = call;
        alone->keys[0] = group->keys[i];
        send_group(alone);
    }
}

static void fail(en_group *group, const pg_unit *unit, pg_end end) {
    for (size_t i = 0; i < group->n; i++)
        en_answer_failure(group->engine, group->calls[i], unit, end);
}

static void group_done(pg_unit *unit, pg_end end) {
    en_group *group = unit->arg;
    bool timed_out = end == PG_FAILED && strcmp(pg_sqlstate(unit->error), "57014") == 0;
    if (end == PG_DONE) {
        if (group->lane == PG_LANE_SLOW)
            group->engine->reads[en_statement_method(group->statement)->index].slow = false;
        share_out(group, unit->results[0]);
    } else if (end == PG_FAILED && (group->n > 1 || (timed_out && group->lane == PG_LANE_READ))) {
        run_alone(group, timed_out);
    } else {
        fail(group, unit, end);
    }
    en_group_release(group);
}

static void send_group(en_group *group) {
    en_params params;
    en_bind_many(group->statement, group->keys, group->n, group->arena, &params);
    pg_query *query = pd_arena_alloc(group->arena, sizeof *query);
    *query = (pg_query){.name = en_statement_name(group->statement, EN_MAIN),
                        .n = params.n,
                        .values = params.values,
                        .lengths = params.lengths,
                        .formats = params.formats};
    uint64_t due = 0;
    for (size_t i = 0; i < group->n; i++) {
        sv_call_move(group->calls[i], SV_PLANNED);
        if (group->calls[i]->due_ms > due)
            due = group->calls[i]->due_ms;
    }
    group->unit = (pg_unit){.queries = query,
                            .n = 1,
                            .results = pd_arena_alloc(group->arena, sizeof(PGresult *)),
                            .rerun = true,
                            .due_ms = due,
                            .fn = group_done,
                            .arg = group};
    if (pg_lanes_add(group->engine->options.lanes, group->lane, &group->unit))
        return;
    for (size_t i = 0; i < group->n; i++)
        en_answer_full(group->calls[i]);
    en_group_release(group);
}

void en_coalesce_add(en_engine *engine, sv_call *call, const en_statement *statement) {
    en_read *read = &engine->reads[call->method->index];
    if (!read->open) {
        read->open = en_group_new(engine);
        read->open->statement = statement;
        engine->gathered[engine->n_gathered++] = call->method;
    }
    en_group *group = read->open;
    group->calls[group->n] = call;
    group->keys[group->n++] = key_of(call, statement);
    sv_call_move(call, SV_GATHERED);
    sv_call_limit(call, read->slow ? BRIEF_SLOW_MS : BRIEF_MS);
    if (group->n == EN_GROUP_MAX) {
        group->lane = read->slow ? PG_LANE_SLOW : PG_LANE_READ;
        read->open = en_group_new(engine);
        read->open->statement = statement;
        send_group(group);
    }
}

void en_coalesce_turn(en_engine *engine) {
    for (size_t i = 0; i < engine->n_gathered; i++) {
        en_read *read = &engine->reads[engine->gathered[i]->index];
        en_group *group = read->open;
        read->open = NULL;
        if (group->n == 0) {
            en_group_release(group);
            continue;
        }
        group->lane = read->slow ? PG_LANE_SLOW : PG_LANE_READ;
        send_group(group);
    }
    engine->n_gathered = 0;
}
