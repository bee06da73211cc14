#include "server/engine/inside.h"
#include "server/engine/page.h"

#include <stdlib.h>
#include <string.h>

/* A page under way. Lives in the call's arena as call->plan, which is an en_single to whoever abandons it. */
typedef struct search {
    en_single single;
    en_page_ask ask;
    en_extent extent;
    ProtobufCMessage *page; /* but for what the extent tells */
} search;

static void answer(sv_call *call, search *s) {
    en_page_fill(s->single.statement, s->page, call->request, s->extent, call->arena);
    sv_call_end(call, s->page);
}

/* The planner's guess: the rows of EXPLAIN's first node. */
static int64_t estimated_rows(const PGresult *plan) {
    const char *rows = PQntuples(plan) > 0 ? strstr(PQgetvalue(plan, 0, 0), " rows=") : NULL;
    return rows ? strtoll(rows + strlen(" rows="), NULL, 10) : -1;
}

static void estimate_done(pg_unit *unit, pg_end end) {
    sv_call *call = unit->arg;
    search *s = call->plan;
    int64_t rows = end == PG_DONE ? estimated_rows(unit->results[0]) : -1;
    if (rows > s->extent.total)
        s->extent.total = rows;
    answer(call, s);
}

/* Whatever comes of it, the page is answered. */
static void estimate(sv_call *call, search *s) {
    en_single *single = &s->single;
    s->extent.estimated = true;
    if (!en_page_query(single->statement, EN_PAGE_ESTIMATE, &s->ask, call->request, &call->caller, call->arena,
                       &single->queries[0], &call->status)) {
        sv_call_end(call, NULL);
        return;
    }
    single->unit = (pg_unit){.queries = single->queries,
                             .n = 1,
                             .results = single->results,
                             .rerun = true,
                             .due_ms = call->due_ms,
                             .fn = estimate_done,
                             .arg = call};
    if (!pg_lanes_add(single->engine->options.lanes, single->lane, &single->unit))
        answer(call, s);
}

/* The total that rows and count tell together: they are two statements, and rows come and go between them. */
static void measure(search *s, int found, const PGresult *count) {
    const en_page_ask *ask = &s->ask;
    bool more = found > ask->size;
    int64_t seen = ask->number * ask->size + found; /* at least so many, the row behind the page among them */
    s->extent = (en_extent){.total = -1, .last = !more};
    if (ask->cursor)
        return;
    int64_t counted = strtoll(PQgetvalue(count, 0, 0), NULL, 10);
    if (!more && (found > 0 || ask->number == 0))
        s->extent.total = seen;
    else
        s->extent.total = more && counted < seen ? seen : counted;
}

static void rows_done(pg_unit *unit, pg_end end) {
    sv_call *call = unit->arg;
    search *s = call->plan;
    en_engine *engine = s->single.engine;
    const en_statement *statement = s->single.statement;
    if (end != PG_DONE || call->dead) {
        en_answer_failure(engine, call, unit, end);
        return;
    }
    const PGresult *rows = unit->results[0], *count = unit->results[1];
    /* Where a verdict stands beside the rows, it is alone when there are none. */
    int found = PQntuples(rows) - (PQntuples(rows) == 1 && en_page_is_none(statement, rows));
    int shown = found > s->ask.size ? (int)s->ask.size : found;
    if (!en_verdict(statement, rows, call->arena, &call->status)) {
        sv_call_end(call, NULL);
        return;
    }
    s->page = en_reply(statement, rows, 0, shown, &call->caller, engine->options.keys, call->arena, &call->status);
    if (!s->page) {
        sv_call_end(call, NULL);
        return;
    }
    measure(s, found, count);
    if (found > shown)
        s->extent.cursor = en_page_cursor(statement, &s->ask, rows, shown - 1, engine->options.key_secret, call->arena);
    /* The last page's own rows tell the total, however high. */
    bool told = s->ask.exact || (s->extent.last && found > 0);
    if (s->extent.total > EN_EXACT_TOTAL && !told)
        estimate(call, s);
    else
        answer(call, s);
}

void en_search_run(en_engine *engine, sv_call *call, const en_statement *statement) {
    search *s = pd_arena_zalloc(call->arena, sizeof *s);
    en_single *single = &s->single;
    single->engine = engine;
    single->statement = statement;
    single->lane = PG_LANE_SEARCH;
    call->plan = s;
    bool asked =
        en_page_ask_of(statement, call->request, engine->options.key_secret, call->arena, &s->ask, &call->status);
    size_t n = s->ask.cursor ? 1 : 2;
    for (size_t i = 0; asked && i < n; i++)
        asked = en_page_query(statement, i == 0 ? EN_PAGE_ROWS : EN_PAGE_COUNT, &s->ask, call->request, &call->caller,
                              call->arena, &single->queries[i], &call->status);
    if (!asked) {
        sv_call_end(call, NULL);
        return;
    }
    single->unit = (pg_unit){.queries = single->queries,
                             .n = n,
                             .results = single->results,
                             .rerun = true,
                             .due_ms = call->due_ms,
                             .fn = rows_done,
                             .arg = call};
    sv_call_move(call, SV_PLANNED);
    if (!pg_lanes_add(engine->options.lanes, single->lane, &single->unit))
        en_answer_full(call);
}
