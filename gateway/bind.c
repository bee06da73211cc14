#include "gateway/bind.h"

#include "pendientes/check.h"
#include "pendientes/json.h"
#include "pendientes/scalar.h"

#include <string.h>

typedef struct binder {
    const pd_message *message;
    ProtobufCMessage *value;
    bool *in_body, *in_path; /* by field */
    bool strict;
    pd_arena *arena;
    pd_status *status;
} binder;

#define BROKEN "tiene una codificación porcentual inválida"

static ProtobufCMessage *new_value(const pd_message *message, pd_arena *arena) {
    ProtobufCMessage *value = pd_arena_zalloc(arena, message->type->sizeof_message);
    protobuf_c_message_init(message->type, value);
    return value;
}

static void refuse(binder *b, int field, const char *detail) {
    pd_status_field(b->status, b->arena, b->message->fields[field].json, "%s", detail);
}

static bool refused(const binder *b, int field) {
    for (size_t i = 0; i < b->status->n_errors; i++)
        if (strcmp(b->status->errors[i].field, b->message->fields[field].json) == 0)
            return true;
    return false;
}

/* A name that a client made up, if it is short enough to be shown, and a text. */
static const char *shown_name(binder *b, gw_slice name) {
    enum { SHOWN_MAX = 64 };
    if (name.len == 0 || name.len > SHOWN_MAX || !pd_utf8_check(name.at, name.len, NULL))
        return "consulta";
    return pd_arena_memdup(b->arena, name.at, name.len);
}

/* What names the field, with the text set as a query's would be: a NUL behind it, since the message keeps it. */
static void set_text(binder *b, int field, gw_slice text, ProtobufCMessage *value) {
    pd_json_set_text(b->message, field, pd_arena_memdup(b->arena, text.at, text.len), text.len, value, b->arena,
                     b->status);
}

/* --- the path --- */

static bool same(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *a, const ProtobufCMessage *b) {
    const char *x = (const char *)a + field->offset, *y = (const char *)b + field->offset;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return strcmp(*(char *const *)x, *(char *const *)y) == 0;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT64:
        return memcmp(x, y, sizeof(int64_t)) == 0;
    default: /* 32 bits, enums and bools: what else a path can hold */
        return memcmp(x, y, sizeof(int32_t)) == 0;
    }
}

static void bind_repeated_variable(binder *b, int field, gw_slice text) {
    const ProtobufCFieldDescriptor *descriptor = &b->message->type->fields[field];
    if (refused(b, field))
        return;
    ProtobufCMessage *path = new_value(b->message, b->arena);
    set_text(b, field, text, path);
    if (pd_present(path, descriptor) && !(pd_present(b->value, descriptor) && same(descriptor, b->value, path)))
        refuse(b, field, "no es el mismo en la ruta y en el cuerpo");
}

static void bind_path(binder *b, const gw_match *match) {
    const pd_route *route = match->route;
    for (size_t i = 0; i < route->n_segments; i++) {
        int field = route->segments[i].field;
        gw_slice text = match->segments[i];
        if (route->segments[i].literal)
            continue;
        b->in_path[field] = true;
        if (!text.at)
            refuse(b, field, BROKEN);
        else if (b->in_body[field])
            bind_repeated_variable(b, field, text);
        else
            set_text(b, field, text, b->value);
    }
}

/* A null where nothing can be cleared is no value, so the field is free to come from elsewhere: clients made by
 * generators write one for whatever was not set. */
static void forget_nulls(binder *b) {
    for (unsigned i = 0; b->message->clear_index < 0 && i < b->message->type->n_fields; i++)
        b->in_body[i] = b->in_body[i] && (pd_present(b->value, &b->message->type->fields[i]) || refused(b, (int)i));
}

/* --- query and form --- */

static void bind_pair(binder *b, gw_slice raw, bool form) {
    gw_slice text = raw;
    gw_slice name = gw_percent_decode(gw_slice_cut(&text, '='), true, b->arena);
    gw_slice value = text.at ? gw_percent_decode(text, true, b->arena) : (gw_slice){"", 0};
    if (!name.at || !value.at) {
        pd_status_field(b->status, b->arena, shown_name(b, name), BROKEN);
        return;
    }
    int field = pd_field_by_json(b->message, name.at, name.len);
    if (field < 0) {
        if (b->strict)
            pd_status_field(b->status, b->arena, shown_name(b, name), "no es un campo conocido");
        return;
    }
    if (form)
        b->in_body[field] = true;
    else if (b->in_path[field] || b->in_body[field]) {
        if (!refused(b, field))
            refuse(b, field, "está en más de un lugar");
        return;
    }
    if (!refused(b, field))
        set_text(b, field, value, b->value);
}

static void bind_pairs(binder *b, gw_slice pairs, bool form) {
    while (pairs.at) {
        gw_slice pair = gw_slice_cut(&pairs, '&');
        if (pair.len)
            bind_pair(b, pair, form);
    }
}

/* A body that is one list: without one nothing is meant, an empty list least of all. */
static void bind_list(binder *b, int field, const gw_form *form) {
    b->in_body[field] = true;
    if (form->kind == GW_BODY_JSON)
        pd_json_read_list(b->message, field, form->body.at, form->body.len, b->strict, b->value, b->arena, b->status);
    else
        refuse(b, field, "es obligatorio");
}

ProtobufCMessage *gw_bind(const gw_form *form, pd_arena *arena, pd_status *status) {
    const pd_route *route = form->match->route;
    const pd_message *message = route->method->request;
    size_t n = message->type->n_fields;
    binder b = {.message = message,
                .value = new_value(message, arena),
                .arena = arena,
                .status = status,
                .strict = form->strict};
    b.in_body = pd_arena_zalloc(arena, 2 * n + 1);
    b.in_path = b.in_body + n;
    int list = route->has_body ? route->body_index : -1;
    if (list >= 0)
        bind_list(&b, list, form);
    else if (form->kind == GW_BODY_JSON)
        pd_json_read_known(message, route->verb == PD_PUT ? route->method->reply : NULL, form->body.at, form->body.len,
                           form->strict, b.value, b.in_body, arena, status);
    else if (form->kind == GW_BODY_FORM)
        bind_pairs(&b, form->body, true);
    bind_path(&b, form->match);
    forget_nulls(&b);
    bind_pairs(&b, form->query, false);
    pd_check(message, b.value, arena, status);
    return b.value;
}

bool gw_query_has(gw_slice query, const char *name, pd_arena *arena) {
    while (query.at) {
        gw_slice pair = gw_slice_cut(&query, '&');
        gw_slice found = gw_percent_decode(gw_slice_cut(&pair, '='), true, arena);
        if (found.at && gw_slice_is(found, name))
            return true;
    }
    return false;
}

gw_slice gw_query_value(gw_slice query, const char *name, pd_arena *arena) {
    while (query.at) {
        gw_slice pair = gw_slice_cut(&query, '&');
        gw_slice found = gw_percent_decode(gw_slice_cut(&pair, '='), true, arena);
        if (found.at && gw_slice_is(found, name))
            return gw_percent_decode(pair, true, arena);
    }
    return (gw_slice){NULL, 0};
}
