/* bind: path, query and body of a request into the message of its method. Whatever is wrong with any of them is
 * collected, so that a client learns all of it together. */
#ifndef GATEWAY_BIND_H
#define GATEWAY_BIND_H

#include "gateway/headers.h"
#include "gateway/router.h"
#include "pendientes/status.h"

typedef struct gw_form {
    const gw_match *match; /* with a route */
    gw_slice query;        /* raw; `at` NULL: none */
    gw_slice body;
    gw_body_kind kind; /* NONE, JSON or FORM */
    bool strict;       /* unknown keys and parameters are errors; on a PUT those of the answer are not */
} gw_form;

/* The message, in the arena; the errors of form, if any, are in `status`. A field may be in one place only, save a path
 * variable, which the body may repeat. */
ProtobufCMessage *gw_bind(const gw_form *form, pd_arena *arena, pd_status *status);

/* Whether the raw query has a parameter of that name, with a value or without. */
bool gw_query_has(gw_slice query, const char *name, pd_arena *arena);
/* The first of that name, decoded; `at` NULL: none, or its encoding is bad. */
gw_slice gw_query_value(gw_slice query, const char *name, pd_arena *arena);

#endif
