#include "pendientes/check.h"

#include "lib/refusal.h"
#include "pendientes/scalar.h"

#include <string.h>

/* A field costs protobuf-c about 40 bytes while it unpacks, however short it is on the wire: a frame of two-byte fields
 * would become a hundred times as large in memory. */
enum { MAX_FIELDS = 100000 };

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_LEN = 2, WIRE_32 = 5 };

typedef struct walk {
    pd_arena *arena;
    pd_status *status;
    size_t fields;
} walk;

/* Unread bytes. */
typedef struct span {
    const uint8_t *at, *end;
} span;

static bool broken(walk *w, const char *why) {
    pd_status_set(w->status, w->arena, PD_INVALID_ARGUMENT, "El mensaje binario no es válido: %s", why);
    return false;
}

static bool refused(walk *w, const pd_path *path, const char *detail) {
    pd_status_field(w->status, w->arena, pd_path_text(path, w->arena), "%s", detail);
    return false;
}

/* At most `max` bytes: protobuf-c takes 5 of a tag or a length, 10 of a value. */
static bool read_varint(span *in, int max, uint64_t *value) {
    *value = 0;
    for (int i = 0; i < max && in->at < in->end; i++) {
        uint8_t byte = *in->at++;
        if (i == 9 && byte > 1)
            return false;
        *value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80)
            return true;
    }
    return false;
}

static bool take(span *in, size_t len, span *out) {
    if (len > (size_t)(in->end - in->at))
        return false;
    *out = (span){in->at, in->at + len};
    in->at += len;
    return true;
}

static bool read_length(span *in, span *out) {
    uint64_t len;
    return read_varint(in, 5, &len) && take(in, len, out);
}

static bool skip(span *in, unsigned wire) {
    span ignored;
    uint64_t value;
    switch (wire) {
    case WIRE_VARINT:
        return read_varint(in, 10, &value);
    case WIRE_64:
        return take(in, 8, &ignored);
    case WIRE_LEN:
        return read_length(in, &ignored);
    case WIRE_32:
        return take(in, 4, &ignored);
    default:
        return false; /* groups */
    }
}

static unsigned wire_of(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_LEN;
    default:
        return WIRE_VARINT;
    }
}

/* protobuf-c keeps the low 32 bits of a value that is too large. */
static bool in_range(const ProtobufCFieldDescriptor *type, uint64_t value) {
    switch (type->type) {
    case PROTOBUF_C_TYPE_INT32:
        return (int64_t)value >= INT32_MIN && (int64_t)value <= INT32_MAX;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_SINT32:
        return value <= UINT32_MAX;
    case PROTOBUF_C_TYPE_ENUM:
        return (int64_t)value >= INT32_MIN && (int64_t)value <= INT32_MAX &&
               protobuf_c_enum_descriptor_get_value(type->descriptor, (int)(int64_t)value);
    default:
        return true;
    }
}

/* One value that is no message, from the front of `in`. */
static bool check_scalar(walk *w, const pd_path *path, const pd_field *field, const ProtobufCFieldDescriptor *type,
                         span *in) {
    uint64_t value;
    span text;
    switch (wire_of(type->type)) {
    case WIRE_VARINT:
        if (!read_varint(in, 10, &value))
            return broken(w, "un número está incompleto");
        return in_range(type, value) || refused(w, path, pd_refuse_value(field, type, w->arena));
    case WIRE_LEN:
        if (!read_length(in, &text))
            return broken(w, "un texto está incompleto");
        if (type->type != PROTOBUF_C_TYPE_STRING ||
            pd_utf8_check((const char *)text.at, (size_t)(text.end - text.at), NULL))
            return true;
        return refused(w, path, memchr(text.at, 0, (size_t)(text.end - text.at)) ? PD_REFUSE_NUL : PD_REFUSE_UTF8);
    default:
        return skip(in, wire_of(type->type)) || broken(w, "un número está incompleto");
    }
}

static bool check_message(walk *w, const pd_message *message, const pd_path *up, unsigned depth, span in);

/* Counts an element; false when there are too many. */
static bool count(walk *w, const pd_path *path, const pd_field *field, uint32_t *n) {
    if (++*n <= field->max_items)
        return true;
    return refused(w, path, pd_refuse_count(field->max_items, w->arena));
}

static bool check_packed(walk *w, const pd_path *path, const pd_field *field, const ProtobufCFieldDescriptor *type,
                         uint32_t *n, span *in) {
    span list;
    if (!read_length(in, &list))
        return broken(w, "una lista está incompleta");
    while (list.at < list.end) {
        pd_path element = {.up = path, .index = *n};
        if (!count(w, path, field, n) || !check_scalar(w, &element, field, type, &list))
            return false;
    }
    return true;
}

/* The value of a known field. `n` counts the field's elements. */
static bool check_value(walk *w, const pd_path *path, const pd_field *field, const ProtobufCFieldDescriptor *type,
                        unsigned wire, uint32_t *n, unsigned depth, span *in) {
    bool repeated = type->label == PROTOBUF_C_LABEL_REPEATED;
    if (wire != wire_of(type->type)) {
        if (repeated && wire == WIRE_LEN)
            return check_packed(w, path, field, type, n, in);
        return refused(w, path, pd_refuse_value(field, type, w->arena));
    }
    pd_path element = {.up = path, .index = *n};
    const pd_path *here = repeated ? &element : path;
    if (repeated && !count(w, path, field, n))
        return false;
    if (type->type != PROTOBUF_C_TYPE_MESSAGE)
        return check_scalar(w, here, field, type, in);
    span part;
    if (!read_length(in, &part))
        return broken(w, "una parte está incompleta");
    return check_message(w, field->message, here, depth + 1, part);
}

static bool check_message(walk *w, const pd_message *message, const pd_path *up, unsigned depth, span in) {
    uint32_t *counts = NULL, single = 0;
    if (depth > PD_MAX_DEPTH)
        return broken(w, PD_REFUSE_DEPTH);
    while (in.at < in.end) {
        uint64_t tag;
        if (++w->fields > MAX_FIELDS)
            return broken(w, "tiene demasiados campos");
        if (!read_varint(&in, 5, &tag) || tag > UINT32_MAX || !(tag >> 3))
            return broken(w, "un campo no tiene número");
        unsigned wire = tag & 7;
        const ProtobufCFieldDescriptor *type =
            protobuf_c_message_descriptor_get_field(message->type, (unsigned)tag >> 3);
        if (!type) {
            if (!skip(&in, wire))
                return broken(w, "un campo desconocido está incompleto");
            continue;
        }
        size_t index = (size_t)(type - message->type->fields);
        const pd_field *field = &message->fields[index];
        pd_path path = pd_path_field(up, field, type);
        if (type->label == PROTOBUF_C_LABEL_REPEATED && !counts)
            counts = pd_arena_zalloc(w->arena, message->type->n_fields * sizeof *counts);
        uint32_t *n = type->label == PROTOBUF_C_LABEL_REPEATED ? &counts[index] : &single;
        if (!check_value(w, &path, field, type, wire, n, depth, &in))
            return false;
    }
    return true;
}

bool pd_wire_check(const pd_message *message, const uint8_t *bytes, size_t len, pd_arena *arena, pd_status *status) {
    walk w = {.arena = arena, .status = status};
    return check_message(&w, message, NULL, 1, (span){bytes, bytes + len});
}
