#include "gateway/router.h"

#include <stdlib.h>
#include <string.h>

typedef struct node {
    const char *literal; /* NULL: a variable, or the root */
    size_t len;
    struct node *children; /* literals */
    struct node *next;     /* sibling */
    struct node *variable;
    const pd_route *routes[PD_N_VERBS];
    const pd_route *takes_over;
    unsigned allowed;
} node;

struct gw_router {
    node root;
};

static const char *const verb_names[] = {
    [PD_GET] = "GET", [PD_POST] = "POST", [PD_PUT] = "PUT", [PD_DELETE] = "DELETE", [PD_PATCH] = "PATCH",
};

pd_verb gw_verb_of(gw_slice method) {
    for (pd_verb verb = 0; verb < PD_N_VERBS; verb++)
        if (gw_slice_is(method, verb_names[verb]))
            return verb;
    return gw_slice_is(method, "HEAD") ? PD_GET : PD_N_VERBS;
}

const char *gw_verb_name(pd_verb verb) {
    return verb < PD_N_VERBS ? verb_names[verb] : "OTHER";
}

const char *gw_allow(unsigned allowed, pd_arena *arena) {
    const char *list = NULL;
    for (pd_verb verb = 0; verb < PD_N_VERBS; verb++) {
        if (!(allowed & 1u << verb))
            continue;
        const char *name = verb == PD_GET ? "GET, HEAD" : verb_names[verb];
        list = list ? pd_arena_printf(arena, "%s, %s", list, name) : name;
    }
    return list ? pd_arena_printf(arena, "%s, OPTIONS", list) : "";
}

/* --- the tree, at start --- */

static node *new_node(const char *literal) {
    node *n = calloc(1, sizeof *n);
    if (!n)
        abort();
    n->literal = literal;
    n->len = literal ? strlen(literal) : 0;
    return n;
}

static node *find_literal(const node *parent, const char *at, size_t len) {
    for (node *n = parent->children; n; n = n->next)
        if (n->len == len && memcmp(n->literal, at, len) == 0)
            return n;
    return NULL;
}

static node *grow(node *parent, const pd_segment *segment) {
    if (!segment->literal) {
        if (!parent->variable)
            parent->variable = new_node(NULL);
        return parent->variable;
    }
    node *n = find_literal(parent, segment->literal, strlen(segment->literal));
    if (!n) {
        n = new_node(segment->literal);
        n->next = parent->children;
        parent->children = n;
    }
    return n;
}

static bool add(gw_router *router, const pd_route *route, const char **error) {
    if (route->n_segments > GW_MAX_SEGMENTS) {
        *error = "a route has too many segments";
        return false;
    }
    node *n = &router->root;
    for (size_t i = 0; i < route->n_segments; i++)
        n = grow(n, &route->segments[i]);
    const pd_route **place = route->takes_over ? &n->takes_over : &n->routes[route->verb];
    if (*place) {
        *error = "two routes have the same method and path";
        return false;
    }
    *place = route;
    n->allowed |= 1u << route->verb;
    return true;
}

gw_router *gw_router_new(const pd_route *routes, size_t n, const char **error) {
    gw_router *router = calloc(1, sizeof *router);
    if (!router)
        abort();
    for (size_t i = 0; i < n; i++)
        if (!add(router, &routes[i], error)) {
            gw_router_free(router);
            return NULL;
        }
    return router;
}

static void free_below(node *parent) {
    for (node *n = parent->children, *next; n; n = next) {
        next = n->next;
        free_below(n);
        free(n);
    }
    if (parent->variable) {
        free_below(parent->variable);
        free(parent->variable);
    }
}

void gw_router_free(gw_router *router) {
    if (!router)
        return;
    free_below(&router->root);
    free(router);
}

static void print_route(const pd_route *route, FILE *out) {
    fprintf(out, "%s ", verb_names[route->verb]);
    for (size_t i = 0; i < route->n_segments; i++) {
        const pd_segment *segment = &route->segments[i];
        if (segment->literal)
            fprintf(out, "/%s", segment->literal);
        else
            fprintf(out, "/{%s}", route->method->request->fields[segment->field].json);
    }
    fprintf(out, " %s\n", route->method->full_name);
}

static void print_below(const node *n, FILE *out) {
    for (pd_verb verb = 0; verb < PD_N_VERBS; verb++)
        if (n->routes[verb])
            print_route(n->routes[verb], out);
    for (const node *child = n->children; child; child = child->next)
        print_below(child, out);
    if (n->variable)
        print_below(n->variable, out);
}

void gw_router_print(const gw_router *router, FILE *out) {
    print_below(&router->root, out);
}

/* --- a path --- */

/* What stands for another place, or would, were it resolved. */
static bool leads_nowhere(gw_slice segment) {
    return segment.len == 0 || gw_slice_is(segment, ".") || gw_slice_is(segment, "..") ||
           memchr(segment.at, '/', segment.len) || memchr(segment.at, '\0', segment.len);
}

/* The next node, or NULL. */
static const node *step(const node *at, gw_slice raw, pd_arena *arena, gw_slice *segment) {
    *segment = gw_percent_decode(raw, false, arena);
    if (!segment->at) /* may still be a variable, whose binding names it */
        return at->variable;
    if (leads_nowhere(*segment))
        return NULL;
    const node *literal = find_literal(at, segment->at, segment->len);
    return literal ? literal : at->variable;
}

void gw_route(const gw_router *router, pd_verb verb, gw_slice path, pd_arena *arena, gw_match *match) {
    match->route = match->takes_over = NULL;
    match->allowed = 0;
    match->n_segments = 0;
    if (path.len > 1 && path.at[path.len - 1] == '/')
        path.len--;
    gw_slice rest = {path.at + 1, path.len - 1};
    const node *at = &router->root;
    while (rest.at) {
        gw_slice raw = gw_slice_cut(&rest, '/');
        if (match->n_segments == GW_MAX_SEGMENTS)
            return;
        at = step(at, raw, arena, &match->segments[match->n_segments]);
        if (!at)
            return;
        match->n_segments++;
    }
    match->allowed = at->allowed;
    if (verb < PD_N_VERBS)
        match->route = at->routes[verb];
    if (verb == PD_GET)
        match->takes_over = at->takes_over;
}
