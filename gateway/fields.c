#include "gateway/fields.h"

#include <stdlib.h>
#include <string.h>

static const ProtobufCFieldDescriptor *find(const pd_message *message, const char *name) {
    int index = pd_field_by_name(message, name, strlen(name));
    if (index < 0)
        abort(); /* the compiler has seen it */
    return &message->type->fields[index];
}

static void *member(const ProtobufCMessage *value, unsigned offset) {
    return (char *)value + offset;
}

static void *set(const pd_message *message, ProtobufCMessage *value, const char *name) {
    const ProtobufCFieldDescriptor *field = find(message, name);
    if (field->type != PROTOBUF_C_TYPE_STRING)
        *(protobuf_c_boolean *)member(value, field->quantifier_offset) = 1;
    return member(value, field->offset);
}

ProtobufCMessage *gw_message_new(const pd_message *message, pd_arena *arena) {
    ProtobufCMessage *value = pd_arena_zalloc(arena, message->type->sizeof_message);
    protobuf_c_message_init(message->type, value);
    return value;
}

void gw_set_int(const pd_message *message, ProtobufCMessage *value, const char *name, int64_t number) {
    *(int64_t *)set(message, value, name) = number;
}

void gw_set_text(const pd_message *message, ProtobufCMessage *value, const char *name, const char *text) {
    *(const char **)set(message, value, name) = text;
}

void gw_set_bytes(const pd_message *message, ProtobufCMessage *value, const char *name, const void *bytes, size_t len) {
    *(ProtobufCBinaryData *)set(message, value, name) = (ProtobufCBinaryData){len, (uint8_t *)bytes};
}

void gw_set_texts(const pd_message *message, ProtobufCMessage *value, const char *name, char **texts, size_t n) {
    const ProtobufCFieldDescriptor *field = find(message, name);
    *(size_t *)member(value, field->quantifier_offset) = n;
    *(char ***)member(value, field->offset) = texts;
}

void gw_copy_field(const pd_message *from, const ProtobufCMessage *source, const pd_message *to,
                   ProtobufCMessage *target, const char *name) {
    const ProtobufCFieldDescriptor *field = find(from, name), *other = find(to, name);
    const void *at = member(source, field->offset);
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        *(const char **)member(target, other->offset) = *(const char *const *)at;
        return;
    }
    memcpy(member(target, other->offset), at, field->type == PROTOBUF_C_TYPE_INT64 ? 8 : 4);
    *(protobuf_c_boolean *)member(target, other->quantifier_offset) =
        *(const protobuf_c_boolean *)member(source, field->quantifier_offset);
}

static bool has(const ProtobufCMessage *value, const ProtobufCFieldDescriptor *field) {
    return *(const protobuf_c_boolean *)member(value, field->quantifier_offset);
}

int64_t gw_get_int(const pd_message *message, const ProtobufCMessage *value, const char *name) {
    const ProtobufCFieldDescriptor *field = find(message, name);
    return has(value, field) ? *(const int64_t *)member(value, field->offset) : 0;
}

const char *gw_get_text(const pd_message *message, const ProtobufCMessage *value, const char *name) {
    return *(const char *const *)member(value, find(message, name)->offset);
}

ProtobufCBinaryData gw_get_bytes(const pd_message *message, const ProtobufCMessage *value, const char *name) {
    const ProtobufCFieldDescriptor *field = find(message, name);
    if (!has(value, field))
        return (ProtobufCBinaryData){0, NULL};
    return *(const ProtobufCBinaryData *)member(value, field->offset);
}

const pd_field *gw_field(const pd_message *message, const char *name) {
    return &message->fields[find(message, name) - message->type->fields];
}
