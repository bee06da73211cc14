/* router: from a path to a route of the contract. Segment by segment a literal wins over a variable, whatever the
 * method, so that a path leads to one place and the methods of that place are all that it allows. */
#ifndef GATEWAY_ROUTER_H
#define GATEWAY_ROUTER_H

#include "gateway/text.h"
#include "pendientes/contract.h"

#include <stdio.h>

enum { GW_MAX_SEGMENTS = 16 };

typedef struct gw_router gw_router;

typedef struct gw_match {
    const pd_route *route; /* NULL: no such place (`allowed` is 0), or not this method */
    /* Of a GET: what takes the place over where the query has its parameter (contract.h); NULL: nothing. */
    const pd_route *takes_over;
    unsigned allowed; /* 1 << pd_verb, of the place */
    size_t n_segments;
    /* Decoded, in the path's memory or the arena's; `at` NULL where the percent-encoding is broken. */
    gw_slice segments[GW_MAX_SEGMENTS];
} gw_match;

/* From a table of routes, which has to outlive the router. NULL and *error (static) when two routes are the same place
 * and verb, or one is too long. */
gw_router *gw_router_new(const pd_route *routes, size_t n, const char **error);
void gw_router_free(gw_router *router);
/* One line a route, as the tree has them: verb, path with the fields' JSON names, RPC method. */
void gw_router_print(const gw_router *router, FILE *out);

/* `path` begins with '/', without query. One trailing slash is ignored. Dot segments, empty segments, encoded slashes
 * and NUL lead nowhere. `verb` may be PD_N_VERBS: a method that no route has. */
void gw_route(const gw_router *router, pd_verb verb, gw_slice path, pd_arena *arena, gw_match *match);

/* GET, POST, … (HEAD is GET's); PD_N_VERBS for others. */
pd_verb gw_verb_of(gw_slice method);
const char *gw_verb_name(pd_verb verb);
/* "GET, HEAD, PUT, OPTIONS", for Allow. */
const char *gw_allow(unsigned allowed, pd_arena *arena);

#endif
