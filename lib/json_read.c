#include "pendientes/json.h"

#include "lib/field.h"
#include "lib/json_scan.h"
#include "lib/json_value.h"
#include "lib/refusal.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

/* A key that is not of the contract, kept only to find it repeated. */
typedef struct name {
    const char *at;
    size_t len;
} name;

typedef enum frame_kind {
    FRAME_MESSAGE, /* the keys of a message */
    FRAME_LIST,    /* the elements of a repeated field of the message in the frame below */
    FRAME_IGNORED, /* an object or a list that nobody wants */
} frame_kind;

/* An object or a list that is open. */
typedef struct frame {
    frame_kind kind;
    const pd_message *message;
    ProtobufCMessage *value;
    bool *seen;   /* by field */
    int field;    /* of the key last read, or of the list; -1: its value is ignored */
    bool in_list; /* path.index counts elements */
    bool pending; /* a key was read, its value not yet */
    bool full;    /* a list with too many elements */
    pd_path path; /* the key last read, or the element being read */
    name *names;
    size_t n_names, max_names;
} frame;

typedef struct reader {
    pd_arena *arena;
    pd_status *status;
    const char *json;
    size_t len;
    bool strict;
    const pd_message *also, *message; /* of the outermost object, as are the next two */
    ProtobufCMessage *value;
    bool *seen;
    int list;     /* the field whose list is the body; -1: an object is */
    pd_path root; /* its name */
    bool bad;     /* something was added to the status */
    bool stopped; /* a callback ended the parse, and said why */
    bool closed;  /* the outermost object has ended */
    size_t depth;
    frame frames[PD_MAX_DEPTH];
} reader;

static frame *top(reader *r) {
    return &r->frames[r->depth - 1];
}

static void refuse(reader *r, const pd_path *path, const char *detail) {
    r->bad = true;
    /* A body can be wrong in more places than anybody wants to read: no text is made for them. */
    if (r->status->n_errors < PD_MAX_ERRORS)
        pd_status_field(r->status, r->arena, pd_path_text(path, r->arena), "%s", detail);
}

/* Nothing behind this place can be read. The message names what is wrong so far, and tells pd_check that what is
 * missing was not left out. */
static void refuse_rest(reader *r) {
    r->status->message = pd_status_message(r->status, r->arena);
}

static void refuse_body(reader *r, const char *message) {
    const char *before = r->status->n_errors ? pd_status_message(r->status, r->arena) : NULL;
    r->bad = true;
    if (before)
        message = pd_arena_printf(r->arena, "%s; %s", before, message);
    pd_status_set(r->status, r->arena, PD_INVALID_ARGUMENT, "%s", message);
}

static int stop(reader *r) {
    r->stopped = true;
    return 0;
}

/* Text of the input stays where it is; what yajl had to decode lies in a buffer that it uses again. */
static const char *keep(reader *r, const char *text, size_t len) {
    if (text >= r->json && text < r->json + r->len)
        return text;
    return pd_arena_memdup(r->arena, text, len);
}

/* What the value that comes next is for. */
typedef struct target {
    frame *frame;
    const pd_field *field; /* NULL: ignored */
    const ProtobufCFieldDescriptor *type;
    bool element;
} target;

static bool no_object(reader *r) {
    refuse_body(r, r->list < 0 ? "El cuerpo debe ser un objeto JSON" : "El cuerpo debe ser una lista JSON");
    return stop(r);
}

/* False when a value stands where the body's object should. */
static bool aim(reader *r, target *out) {
    if (!r->depth)
        return no_object(r);
    frame *f = top(r);
    *out = (target){.frame = f, .element = f->kind == FRAME_LIST};
    if (f->kind == FRAME_IGNORED || f->field < 0 || f->full)
        return true;
    out->field = &f->message->fields[f->field];
    out->type = &f->message->type->fields[f->field];
    if (!out->element || *pd_field_count(f->value, out->type) < out->field->max_items)
        return true;
    refuse(r, f->path.up, pd_refuse_count(out->field->max_items, r->arena));
    f->full = true;
    out->field = NULL;
    return true;
}

/* The value of the frame's key, or its element, is complete. */
static void value_done(frame *f) {
    f->pending = false;
    if (f->in_list)
        f->path.index++;
}

/* `detail` NULL: the value is none of the field's. An element keeps its place, so that those behind it keep their
 * numbers. */
static void refuse_target(reader *r, const target *t, const char *detail) {
    if (t->element)
        pd_field_append(t->frame->value, t->type, r->arena);
    if (!detail && r->status->n_errors < PD_MAX_ERRORS)
        detail = pd_refuse_value(t->field, t->type, r->arena);
    refuse(r, &t->frame->path, detail);
}

static int on_scalar(reader *r, const char *text, size_t len, pd_spelling as) {
    target t;
    if (!aim(r, &t))
        return 0;
    if (t.field) {
        pd_scalar scalar;
        if (!t.element && t.type->label == PROTOBUF_C_LABEL_REPEATED)
            refuse_target(r, &t, PD_REFUSE_LIST);
        else if (!pd_scalar_read(t.field, t.type, text, len, as, r->arena, &scalar))
            refuse_target(r, &t, NULL);
        else
            pd_scalar_store(t.type, t.frame->value, &scalar, r->arena);
    }
    value_done(t.frame);
    return 1;
}

static int on_string(void *ctx, const unsigned char *text, size_t len) {
    return on_scalar(ctx, (const char *)text, len, PD_AS_STRING);
}

static int on_number(void *ctx, const char *text, size_t len) {
    return on_scalar(ctx, text, len, PD_AS_NUMBER);
}

static int on_boolean(void *ctx, int value) {
    return value ? on_scalar(ctx, "true", 4, PD_AS_BOOL) : on_scalar(ctx, "false", 5, PD_AS_BOOL);
}

static int on_null(void *ctx) {
    reader *r = ctx;
    target t;
    if (!aim(r, &t))
        return 0;
    if (t.field) {
        const pd_message *message = t.frame->message;
        if (t.element || t.field->named) {
            refuse_target(r, &t, PD_REFUSE_NULL);
        } else if (message->clear_index >= 0) {
            const ProtobufCFieldDescriptor *list = &message->type->fields[message->clear_index];
            if (t.field->required || t.field->not_null)
                refuse(r, &t.frame->path, PD_REFUSE_NULL);
            else
                *(const char **)pd_field_append(t.frame->value, list, r->arena) = t.type->name;
        }
    }
    value_done(t.frame);
    return 1;
}

/* Opens a frame; NULL when it would be one too many. */
static frame *push(reader *r, frame_kind kind) {
    if (r->depth == PD_MAX_DEPTH) {
        refuse(r, &top(r)->path, PD_REFUSE_DEPTH);
        stop(r);
        return NULL;
    }
    frame *f = &r->frames[r->depth++];
    *f = (frame){.kind = kind, .field = -1};
    f->path.up = r->depth > 1 ? &r->frames[r->depth - 2].path : r->list >= 0 ? &r->root : NULL;
    return f;
}

static int push_message(reader *r, const pd_message *message, ProtobufCMessage *value, bool *seen) {
    frame *f = push(r, FRAME_MESSAGE);
    if (!f)
        return 0;
    f->message = message;
    f->value = value;
    f->seen = seen ? seen : pd_arena_zalloc(r->arena, message->type->n_fields * sizeof *seen);
    return 1;
}

static int push_ignored(reader *r, bool in_list) {
    frame *f = push(r, FRAME_IGNORED);
    if (!f)
        return 0;
    f->in_list = in_list;
    return 1;
}

static int on_start_map(void *ctx) {
    reader *r = ctx;
    if (!r->depth && r->list < 0)
        return push_message(r, r->message, r->value, r->seen);
    target t;
    if (!aim(r, &t))
        return 0;
    if (!t.field)
        return push_ignored(r, false);
    bool repeated = t.type->label == PROTOBUF_C_LABEL_REPEATED;
    if (t.type->type != PROTOBUF_C_TYPE_MESSAGE || (repeated && !t.element)) {
        refuse_target(r, &t, repeated && !t.element ? PD_REFUSE_LIST : NULL);
        return push_ignored(r, false);
    }
    ProtobufCMessage **place =
        repeated ? pd_field_append(t.frame->value, t.type, r->arena) : pd_field_at(t.frame->value, t.type);
    if (!repeated)
        *place = pd_field_new(t.type->descriptor, r->arena);
    return push_message(r, t.field->message, *place, NULL);
}

static int push_list(reader *r, const pd_message *message, ProtobufCMessage *value, int field) {
    frame *f = push(r, FRAME_LIST);
    if (!f)
        return 0;
    f->message = message;
    f->value = value;
    f->field = field;
    f->in_list = true;
    return 1;
}

static int on_start_array(void *ctx) {
    reader *r = ctx;
    target t;
    if (!r->depth && r->list >= 0)
        return push_list(r, r->message, r->value, r->list);
    if (!aim(r, &t))
        return 0;
    if (t.field && (t.element || t.type->label != PROTOBUF_C_LABEL_REPEATED)) {
        refuse_target(r, &t, NULL);
        t.field = NULL;
    }
    if (!t.field)
        return push_ignored(r, true);
    return push_list(r, t.frame->message, t.frame->value, t.frame->field);
}

static void remember(reader *r, frame *f, const char *key, size_t len) {
    if (f->n_names == f->max_names) {
        size_t max = f->max_names ? f->max_names * 2 : 8;
        name *names = pd_arena_alloc(r->arena, max * sizeof *names);
        if (f->n_names)
            memcpy(names, f->names, f->n_names * sizeof *names);
        f->names = names;
        f->max_names = max;
    }
    f->names[f->n_names++] = (name){key, len};
}

static int on_key(void *ctx, const unsigned char *text, size_t len) {
    reader *r = ctx;
    frame *f = top(r);
    const char *key = keep(r, (const char *)text, len);
    f->path.name = key;
    f->path.len = len;
    f->pending = true;
    f->field = f->kind == FRAME_MESSAGE ? pd_field_by_json(f->message, key, len) : -1;
    if (f->field < 0) {
        remember(r, f, key, len);
        bool known = r->depth == 1 && r->also && pd_field_by_json(r->also, key, len) >= 0;
        if (f->kind == FRAME_MESSAGE && r->strict && !known)
            refuse(r, &f->path, PD_REFUSE_UNKNOWN);
    } else if (f->seen[f->field]) {
        refuse(r, &f->path, PD_REFUSE_TWICE);
        f->field = -1;
    } else {
        f->seen[f->field] = true;
    }
    return 1;
}

static int compare_names(const void *left, const void *right) {
    const name *a = left, *b = right;
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return memcmp(a->at, b->at, a->len);
}

/* Sorting, not hashing: a body made of colliding keys costs no more than any other. */
static void find_repeated(reader *r, frame *f) {
    qsort(f->names, f->n_names, sizeof *f->names, compare_names);
    for (size_t i = 1; i < f->n_names; i++) {
        bool same = compare_names(&f->names[i - 1], &f->names[i]) == 0;
        bool told = i > 1 && compare_names(&f->names[i - 2], &f->names[i]) == 0;
        if (!same || told)
            continue;
        f->path.name = f->names[i].at;
        f->path.len = f->names[i].len;
        refuse(r, &f->path, PD_REFUSE_TWICE);
    }
}

static void find_forgotten(reader *r, frame *f) {
    for (unsigned i = 0; i < f->message->type->n_fields; i++)
        if (f->message->fields[i].named && !f->seen[i]) {
            f->path.name = f->message->fields[i].json;
            f->path.len = strlen(f->path.name);
            refuse(r, &f->path, PD_REFUSE_MISSING);
        }
}

static int on_end(void *ctx) {
    reader *r = ctx;
    frame *f = top(r);
    if (f->n_names > 1)
        find_repeated(r, f);
    if (f->kind == FRAME_MESSAGE)
        find_forgotten(r, f);
    if (--r->depth)
        value_done(top(r));
    else
        r->closed = true;
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end,
};

/* yajl's memory on the arena: its leaks (CVE-2023-33460) end with the call. realloc must know the old size. */
typedef struct chunk {
    size_t size;
    _Alignas(max_align_t) char bytes[];
} chunk;

static void *yajl_arena_malloc(void *arena, size_t size) {
    chunk *c = pd_arena_alloc(arena, sizeof *c + size);
    c->size = size;
    return c->bytes;
}

static void *yajl_arena_realloc(void *arena, void *old, size_t size) {
    char *bytes = yajl_arena_malloc(arena, size);
    if (old) {
        size_t had = ((chunk *)((char *)old - offsetof(chunk, bytes)))->size;
        memcpy(bytes, old, had < size ? had : size);
    }
    return bytes;
}

static void yajl_arena_free(void *arena, void *old) {
    (void)arena;
    (void)old;
}

/* The JSON went wrong where the reader stands: names the key whose value it was. `detail` NULL: it is plainly no JSON.
 */
static void refuse_here(reader *r, const char *detail) {
    static const char bad[] = "tiene un valor que no es JSON válido";
    frame *f = r->depth ? top(r) : NULL;
    if (f && (f->pending || f->in_list))
        refuse(r, &f->path, detail ? detail : bad);
    else if (detail)
        refuse_body(r, pd_arena_printf(r->arena, "%s %s", f ? "Una clave del cuerpo" : "El cuerpo", detail));
    else if (f && f->path.name) /* {"a": 1 "b": 2}, {"a": 1,}, {"a": "dice "hola""} */
        refuse(r, &f->path, "no va seguido de JSON válido");
    else if (f && f->path.up)
        refuse(r, f->path.up, bad);
    else
        refuse_body(r, r->closed ? "El cuerpo tiene algo más después del objeto JSON" : "El cuerpo no es JSON válido");
}

static void parse(reader *r) {
    yajl_alloc_funcs memory = {yajl_arena_malloc, yajl_arena_realloc, yajl_arena_free, r->arena};
    yajl_handle yajl = yajl_alloc(&callbacks, &memory, r);
    /* pd_json_scan does that, more strictly. */
    yajl_config(yajl, yajl_dont_validate_strings, 1);
    pd_json_flaw flaw = pd_json_scan(r->json, r->len);
    yajl_status end = yajl_parse(yajl, (const unsigned char *)r->json, flaw.at);
    if (end == yajl_status_ok && flaw.at == r->len)
        end = yajl_complete_parse(yajl);
    if (end == yajl_status_ok && flaw.at == r->len)
        return;
    if (!r->stopped)
        refuse_here(r, end == yajl_status_ok ? flaw.detail : NULL);
    refuse_rest(r);
}

static bool read_body(reader *r, const char *json, size_t len, pd_arena *arena, pd_status *status) {
    r->arena = arena;
    r->status = status;
    r->json = json;
    r->len = len;
    if (r->len >= 3 && memcmp(r->json, "\xef\xbb\xbf", 3) == 0)
        refuse_body(r, "El cuerpo empieza con una marca de orden de bytes (BOM)");
    else
        parse(r);
    return !r->bad;
}

bool pd_json_read(const pd_message *message, const char *json, size_t len, bool strict, ProtobufCMessage *value,
                  bool *seen, pd_arena *arena, pd_status *status) {
    return pd_json_read_known(message, NULL, json, len, strict, value, seen, arena, status);
}

bool pd_json_read_known(const pd_message *message, const pd_message *answer, const char *json, size_t len, bool strict,
                        ProtobufCMessage *value, bool *seen, pd_arena *arena, pd_status *status) {
    reader r; /* its frames are initialised as they are opened */
    memset(&r, 0, offsetof(reader, frames));
    if (seen)
        memset(seen, 0, message->type->n_fields * sizeof *seen);
    r.list = -1;
    r.strict = strict;
    r.message = message;
    r.also = answer;
    r.value = value;
    r.seen = seen;
    return read_body(&r, json, len, arena, status);
}

bool pd_json_read_list(const pd_message *message, int field, const char *json, size_t len, bool strict,
                       ProtobufCMessage *value, pd_arena *arena, pd_status *status) {
    reader r;
    memset(&r, 0, offsetof(reader, frames));
    r.list = field;
    r.root = pd_path_field(NULL, &message->fields[field], &message->type->fields[field]);
    r.strict = strict;
    r.message = message;
    r.value = value;
    return read_body(&r, json, len, arena, status);
}
