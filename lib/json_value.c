#include "lib/json_value.h"

#include "lib/field.h"
#include "lib/refusal.h"
#include "pendientes/json.h"
#include "pendientes/scalar.h"

#include <string.h>

ProtobufCMessage *pd_field_new(const ProtobufCMessageDescriptor *type, pd_arena *arena) {
    ProtobufCMessage *value = pd_arena_alloc(arena, type->sizeof_message);
    protobuf_c_message_init(type, value);
    return value;
}

/* Room for a power of two is taken, so the count alone tells when there is none left. */
void *pd_field_append(ProtobufCMessage *value, const ProtobufCFieldDescriptor *type, pd_arena *arena) {
    size_t *n = pd_field_count(value, type), size = pd_field_size(type);
    char **list = pd_field_at(value, type);
    if ((*n & (*n - 1)) == 0) {
        char *longer = pd_arena_alloc(arena, (*n ? *n * 2 : 1) * size);
        if (*n)
            memcpy(longer, *list, *n * size);
        *list = longer;
    }
    char *place = *list + (*n)++ * size;
    memset(place, 0, size);
    if (type->type == PROTOBUF_C_TYPE_STRING)
        *(const char **)place = "";
    else if (type->type == PROTOBUF_C_TYPE_MESSAGE)
        *(ProtobufCMessage **)place = pd_field_new(type->descriptor, arena);
    return place;
}

static bool read_integer(const ProtobufCFieldDescriptor *type, const char *text, size_t len, pd_scalar *out) {
    int64_t value;
    if (!pd_int_parse(text, len, &value))
        return false;
    switch (type->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        out->i32 = (int32_t)value;
        return value >= INT32_MIN && value <= INT32_MAX;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        out->u32 = (uint32_t)value;
        return value >= 0 && value <= UINT32_MAX;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        out->i64 = value;
        return value >= 0;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        out->i64 = value;
        return true;
    default:
        return false;
    }
}

static bool read_enum(const ProtobufCEnumDescriptor *type, const char *text, size_t len, pd_scalar *out) {
    for (unsigned i = 0; i < type->n_values; i++)
        if (strncmp(type->values[i].name, text, len) == 0 && !type->values[i].name[len]) {
            out->i32 = type->values[i].value;
            return true;
        }
    return false;
}

static bool read_text(const pd_field *field, const char *text, size_t len, pd_spelling as, pd_arena *arena,
                      pd_scalar *out) {
    if (field->format == PD_FORMAT_DECIMAL) {
        char digits[24];
        int64_t cents;
        if (!pd_decimal_parse(text, len, &cents))
            return false;
        out->text = pd_arena_memdup(arena, digits, pd_decimal_print(cents, digits));
        return true;
    }
    out->text = pd_arena_memdup(arena, text, len);
    return as != PD_AS_NUMBER;
}

bool pd_scalar_read(const pd_field *field, const ProtobufCFieldDescriptor *type, const char *text, size_t len,
                    pd_spelling as, pd_arena *arena, pd_scalar *out) {
    bool is_bool = type->type == PROTOBUF_C_TYPE_BOOL;
    if (as == PD_AS_BOOL && !is_bool)
        return false;
    switch (type->type) {
    case PROTOBUF_C_TYPE_BOOL:
        out->boolean = len == 4 && memcmp(text, "true", 4) == 0;
        return (as == PD_AS_BOOL || as == PD_AS_PLAIN) && (out->boolean || (len == 5 && memcmp(text, "false", 5) == 0));
    case PROTOBUF_C_TYPE_ENUM:
        return as != PD_AS_NUMBER && read_enum(type->descriptor, text, len, out);
    case PROTOBUF_C_TYPE_STRING:
        return read_text(field, text, len, as, arena, out);
    default:
        return read_integer(type, text, len, out);
    }
}

void pd_scalar_store(const ProtobufCFieldDescriptor *type, ProtobufCMessage *value, const pd_scalar *scalar,
                     pd_arena *arena) {
    void *place;
    if (type->label == PROTOBUF_C_LABEL_REPEATED) {
        place = pd_field_append(value, type, arena);
    } else {
        place = pd_field_at(value, type);
        if (type->type != PROTOBUF_C_TYPE_STRING)
            *(protobuf_c_boolean *)((char *)value + type->quantifier_offset) = 1;
    }
    memcpy(place, scalar, pd_field_size(type));
}

bool pd_json_set_text(const pd_message *message, int field, const char *text, size_t len, ProtobufCMessage *value,
                      pd_arena *arena, pd_status *status) {
    const pd_field *rules = &message->fields[field];
    const ProtobufCFieldDescriptor *type = &message->type->fields[field];
    bool repeated = type->label == PROTOBUF_C_LABEL_REPEATED;
    const char *detail = NULL;
    pd_scalar scalar;
    if (!pd_utf8_check(text, len, NULL))
        detail = memchr(text, 0, len) ? PD_REFUSE_NUL : PD_REFUSE_UTF8;
    else if (!repeated && pd_field_present(value, type))
        detail = PD_REFUSE_TWICE;
    else if (repeated && *pd_field_count(value, type) >= rules->max_items)
        detail = pd_refuse_count(rules->max_items, arena);
    else if (!pd_scalar_read(rules, type, text, len, PD_AS_PLAIN, arena, &scalar))
        detail = pd_refuse_value(rules, type, arena);
    if (!detail) {
        pd_scalar_store(type, value, &scalar, arena);
        return true;
    }
    pd_path path = pd_path_field(NULL, rules, type);
    pd_status_field(status, arena, pd_path_text(&path, arena), "%s", detail);
    return false;
}
