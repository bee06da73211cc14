#include "server/engine/page_text.h"

#include "pendientes/json.h"

#include <string.h>

/* One text being written. */
typedef struct writer {
    const en_statement *statement;
    const ProtobufCMessage *request; /* NULL: every part stands, lists have one element */
    const en_sort *sort;             /* the rows' order; NULL: none */
    const id_caller *caller;
    pd_arena *arena;
    pd_status *status;
    pd_text out;
    en_params params;
    Oid *types;
    int numbers[EN_MAX_PARAMS]; /* $n by parameter (the first of a list); 0: not written so far */
    int *order;                 /* the parameter by $n - 1; NULL: not wanted */
    unsigned form;              /* which form each part with two has, a bit each */
    unsigned parts;             /* parts with two forms so far */
    bool failed;
} writer;

static void put(writer *w, const char *text) {
    pd_text_str(&w->out, text);
}

static void put_number(writer *w, long long number) {
    put(w, pd_arena_printf(w->arena, "%lld", number));
}

/* $n of a further parameter, its place in params. */
static int next_param(writer *w, Oid type) {
    int i = w->params.n++;
    w->types[i] = type;
    w->params.values[i] = NULL;
    put(w, pd_arena_printf(w->arena, "$%d", i + 1));
    return i;
}

/* A parameter, a list as many as it has elements. */
static void put_param(writer *w, int index) {
    const en_sql *sql = &w->statement->parts[EN_MAIN];
    const en_param *param = &sql->params[index];
    size_t n = w->request != NULL ? en_param_count(param, w->request) : 1;
    n = n > 0 ? n : 1;
    int known = w->numbers[index];
    for (size_t k = 0; k < n; k++) {
        put(w, k > 0 ? ", " : "");
        if (known > 0) {
            put(w, pd_arena_printf(w->arena, "$%d", known + (int)k));
            continue;
        }
        int i = next_param(w, sql->types[index]);
        if (k == 0) {
            w->numbers[index] = i + 1;
        }
        if (w->order != NULL) {
            w->order[i] = index;
        }
        if (w->request != NULL &&
            !en_bind_one(w->statement, param, k, w->request, w->caller, w->arena, &w->params, i, w->status)) {
            w->failed = true;
        }
    }
}

/* True for a mark that an index follows, which is no mark whatever its value. */
static bool has_index(char mark) {
    return mark == EN_MARK_PARAM || mark == EN_MARK_SORT;
}

/* Has the parameter a value, the rows that order? */
static bool is_given(const writer *w, char mark, unsigned char index) {
    const en_statement *s = w->statement;
    if (w->request == NULL) {
        return true;
    }
    return mark == EN_MARK_SORT ? w->sort == &s->page->sorts[index - 1]
                                : en_param_count(&s->parts[EN_MAIN].params[index - 1], w->request) > 0;
}

/* True when all that is named up to the end of the part is given. */
static bool has_values(const writer *w, const char *at) {
    for (; *at != EN_MARK_CLOSE; at++) {
        if (has_index(*at) && !is_given(w, *at, (unsigned char)at[1])) {
            return false;
        }
        at += has_index(*at);
    }
    return true;
}

/* The mark, or the end of the text. */
static const char *find_mark(const char *at, char mark) {
    for (; *at != '\0' && *at != mark; at++) {
        at += has_index(*at);
    }
    return at;
}

/* Between a part's two forms; the end of a part that has one. */
static const char *find_bar(const char *at) {
    for (; *at != EN_MARK_OR && *at != EN_MARK_CLOSE; at++) {
        at += has_index(*at);
    }
    return at;
}

/* True when the caller sees exactly his own orders: then :acceso() has two forms. */
static bool sees_own(const writer *w) {
    const pd_rule *rule = w->statement->method->rule;
    return w->request == NULL || (!pd_rule_worth(rule, w->caller->bits, PD_REL_ANY) &&
                                  pd_rule_worth(rule, w->caller->bits, PD_REL_ASSIGNED) &&
                                  pd_rule_worth(rule, w->caller->bits, PD_REL_REGISTERED));
}

static bool sees_all(const writer *w) {
    return w->request != NULL && pd_rule_worth(w->statement->method->rule, w->caller->bits, PD_REL_ANY);
}

/* Where to go on behind the mark that begins a part: at the form that stands, or at its end. */
static const char *enter(writer *w, const char *at) {
    const char *close = find_mark(at, EN_MARK_CLOSE), *bar = find_bar(at);
    bool access = *at == EN_MARK_ACCESS;
    if (access && sees_all(w)) {
        put(w, "true");
        return close;
    }
    if (access && !sees_own(w)) {
        return find_bar(bar + 1) + 1;
    }
    if (!access && !has_values(w, at)) {
        return close;
    }
    bool second = bar < close && (w->form >> w->parts++ & 1) != 0;
    return second ? bar + 1 : at + 1;
}

/* Text of the statement with its marks followed. */
static void put_marked(writer *w, const char *at) {
    static const char marks[] = {EN_MARK_PARAM, EN_MARK_SORT,   EN_MARK_OPEN, EN_MARK_OR,
                                 EN_MARK_CLOSE, EN_MARK_ACCESS, '\0'};
    while (*at != '\0' && !w->failed) {
        size_t plain = strcspn(at, marks);
        pd_text_add(&w->out, at, plain);
        at += plain;
        if (*at == EN_MARK_PARAM) {
            put_param(w, (unsigned char)at[1] - 1);
            at += 2;
        } else if (*at == EN_MARK_SORT) {
            at += 2;
        } else if (*at == EN_MARK_OPEN || *at == EN_MARK_ACCESS) {
            at = enter(w, at);
        } else if (*at == EN_MARK_OR) { /* the end of the first form */
            at = find_mark(at, EN_MARK_CLOSE);
        } else if (*at == EN_MARK_CLOSE) {
            at++;
        }
    }
}

/* The rows in one of their forms. */
static void put_rows_of(writer *w, unsigned form) {
    w->form = form;
    w->parts = 0;
    put_marked(w, w->statement->page->rows);
}

/* How many forms the rows have for this call: two for each part that has two. */
static unsigned count_forms(const writer *w) {
    unsigned n = 1;
    for (const char *at = w->statement->page->rows; *at != '\0'; at++) {
        if (has_index(*at)) {
            at++;
            continue;
        }
        bool two = *at == EN_MARK_OPEN && has_values(w, at) && *find_bar(at) == EN_MARK_OR;
        n *= two || (*at == EN_MARK_ACCESS && sees_own(w)) ? 2 : 1;
    }
    return n;
}

/* The rows behind the cursor's: NULLs stand last, backwards first. */
static void put_place(writer *w, const en_page_ask *ask) {
    const char *column = ask->sort->column;
    if (!ask->cursor) {
        return;
    }
    put(w, " WHERE (");
    if (ask->key == NULL) {
        put(w,
            pd_arena_printf(w->arena, ask->desc ? "f.%s IS NOT NULL OR f.id < " : "f.%s IS NULL AND f.id > ", column));
    } else {
        put(w, pd_arena_printf(w->arena, "(f.%s, f.id) %s (", column, ask->desc ? "<" : ">"));
        w->params.values[next_param(w, 0)] = ask->key;
        put(w, ", ");
    }
    int id = next_param(w, EN_INT8);
    w->params.values[id] = pd_arena_printf(w->arena, "%lld", (long long)ask->id);
    if (ask->key != NULL) {
        put(w, ")");
        if (ask->sort->nullable && !ask->desc) {
            put(w, pd_arena_printf(w->arena, " OR f.%s IS NULL", column));
        }
    }
    put(w, ")");
}

static void put_order(writer *w, const en_page_ask *ask, const char *alias) {
    const char *way = ask->desc ? " DESC" : "";
    put(w, pd_arena_printf(w->arena, " ORDER BY %s.%s%s, %s.id%s", alias, ask->sort->column, way, alias, way));
}

static void put_limit(writer *w, int64_t limit) {
    if (limit > 0) {
        put(w, " LIMIT ");
        put_number(w, limit);
    }
}

/* The rows of one form, as far as the page needs them. */
static void put_form(writer *w, const en_page_ask *ask, unsigned form, int64_t limit, int64_t offset) {
    put(w, "(SELECT f.* FROM (");
    put_rows_of(w, form);
    put(w, ") f");
    put_place(w, ask);
    put_order(w, ask, "f");
    put(w, " LIMIT ");
    put_number(w, limit);
    if (offset > 0) {
        put(w, " OFFSET ");
        put_number(w, offset);
    }
    put(w, ")");
}

/* Forms exclude each other: each is read in order by a plan of its own, and the page is their first rows. */
static void put_page(writer *w, const en_page_ask *ask) {
    const en_page *page = w->statement->page;
    int64_t limit = ask->size + 1, offset = ask->number * ask->size;
    w->sort = ask->sort;
    put(w, pd_arena_printf(w->arena, "SELECT %s.%s::text AS _clave, %s.id AS _id, ", page->alias, ask->sort->column,
                           page->alias));
    put_marked(w, page->head);
    unsigned n = count_forms(w);
    if (n == 1) {
        put_form(w, ask, 0, limit, offset);
    } else {
        put(w, "(SELECT f.* FROM (");
        for (unsigned form = 0; form < n; form++) {
            put(w, form > 0 ? " UNION ALL " : "");
            put_form(w, ask, form, offset + limit, 0);
        }
        put(w, ") f");
        put_order(w, ask, "f");
        put(w, " LIMIT ");
        put_number(w, limit);
        put(w, " OFFSET ");
        put_number(w, offset);
        put(w, ")");
    }
    put_marked(w, page->tail);
    put_order(w, ask, page->alias);
}

/* The rows of all forms, as many as `limit`; 0: all. Each of several has the limit too: the planner looks for a way
 * that begins at once only where it sees one. */
static void put_rows(writer *w, int64_t limit) {
    unsigned n = count_forms(w);
    for (unsigned form = 0; form < n; form++) {
        put(w, form > 0 ? " UNION ALL " : "");
        put(w, n > 1 ? "(SELECT FROM (" : "SELECT FROM (");
        put_rows_of(w, form);
        put(w, ") f");
        if (n > 1) {
            put_limit(w, limit);
            put(w, ")");
        }
    }
    put_limit(w, limit);
}

static void put_count(writer *w, bool exact) {
    put(w, "SELECT count(*) FROM (");
    put_rows(w, exact ? 0 : EN_EXACT_TOTAL + 1);
    put(w, ") x");
}

/* So many parameters as the call has values, and the cursor's. */
static void make_room(writer *w) {
    const en_sql *sql = &w->statement->parts[EN_MAIN];
    size_t n = 2 * EN_MAX_FORMS; /* of each form */
    for (int i = 0; i < sql->n; i++) {
        size_t values = w->request != NULL ? en_param_count(&sql->params[i], w->request) : 1;
        n += values > 0 ? values : 1;
    }
    w->out.arena = w->arena;
    w->params.values = pd_arena_zalloc(w->arena, n * sizeof *w->params.values);
    w->params.lengths = pd_arena_zalloc(w->arena, n * sizeof *w->params.lengths);
    w->params.formats = pd_arena_zalloc(w->arena, n * sizeof *w->params.formats);
    w->types = pd_arena_zalloc(w->arena, n * sizeof *w->types);
}

static const char *finished(writer *w) {
    pd_text_add(&w->out, "", 1);
    return w->out.at;
}

/* The filters that the call gives, by index; all bits when a list has several elements, which no index has in order. */
static uint64_t filters_of(const writer *w) {
    const en_sql *sql = &w->statement->parts[EN_MAIN];
    uint64_t given = 0;
    for (int i = 0; i < sql->n; i++) {
        const en_param *param = &sql->params[i];
        size_t n = param->depth == 1 ? en_param_count(param, w->request) : 0;
        if (n > 1) {
            return UINT64_MAX;
        }
        given |= n > 0 ? UINT64_C(1) << param->path[0].index : 0;
    }
    return given;
}

/* True when an index has the rows of this search in its order, whatever the values. */
static bool keeps_plan(const writer *w, const en_page_ask *ask) {
    const en_page *page = w->statement->page;
    if (ask->sort != page->sorts || ask->number > 0 || count_forms(w) > 1) {
        return false;
    }
    uint64_t given = filters_of(w);
    for (int i = 0; i < page->n_kept; i++) {
        if (page->kept[i] == given) {
            return true;
        }
    }
    return false;
}

bool en_page_query(const en_statement *statement, en_page_part part, const en_page_ask *ask,
                   const ProtobufCMessage *request, const id_caller *caller, pd_arena *arena, pg_query *query,
                   pd_status *status) {
    writer w = {.statement = statement, .request = request, .caller = caller, .arena = arena, .status = status};
    make_room(&w);
    if (part == EN_PAGE_ROWS) {
        put_page(&w, ask);
    } else if (part == EN_PAGE_COUNT) {
        put_count(&w, ask->exact);
    } else {
        put(&w, "EXPLAIN ");
        put_rows(&w, 0);
    }
    *query = (pg_query){.sql = finished(&w),
                        .keep = part != EN_PAGE_ESTIMATE && keeps_plan(&w, ask),
                        .types = w.types,
                        .n = w.params.n,
                        .values = w.params.values,
                        .lengths = w.params.lengths,
                        .formats = w.params.formats};
    return !w.failed;
}

const char *en_page_whole(const en_statement *statement, const en_sort *sort, pd_arena *arena, int *order, int *n) {
    writer w = {.statement = statement, .arena = arena, .order = order};
    make_room(&w);
    if (sort != NULL) {
        const en_page_ask ask = {.sort = sort, .desc = true, .size = 10, .cursor = true, .key = ""};
        put_page(&w, &ask);
    } else {
        for (int i = 0; i < statement->page->n_sorts; i++) {
            put(&w, pd_arena_printf(arena, i > 0 ? ", f.%s" : "SELECT f.%s", statement->page->sorts[i].column));
        }
        put(&w, " FROM (");
        put_rows_of(&w, 0);
        put(&w, ") f");
    }
    *n = w.params.n;
    return finished(&w);
}
