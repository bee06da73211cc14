/* field: how protobuf-c lays the fields of a message out in memory. Not in the plan of rooms: json_read, json_write and
 * check all walk messages by descriptor. Private to lib. */
#ifndef LIB_FIELD_H
#define LIB_FIELD_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

/* The size of one value, as a member or as an element of a repeated field. */
static inline size_t pd_field_size(const ProtobufCFieldDescriptor *type) {
    switch (type->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 4;
    }
}

/* A message from its member or element. */
static inline ProtobufCMessage *pd_field_message(const void *at) {
    return *(ProtobufCMessage *const *)at;
}

static inline const char *pd_field_text(const void *at) {
    return *(const char *const *)at;
}

/* The place of the value, or of the list's pointer, in the message. */
static inline void *pd_field_at(const ProtobufCMessage *value, const ProtobufCFieldDescriptor *type) {
    return (char *)value + type->offset;
}

/* The number of elements of a repeated field. */
static inline size_t *pd_field_count(const ProtobufCMessage *value, const ProtobufCFieldDescriptor *type) {
    return (size_t *)((char *)value + type->quantifier_offset);
}

static inline void *pd_field_element(const ProtobufCMessage *value, const ProtobufCFieldDescriptor *type, size_t i) {
    return *(char **)pd_field_at(value, type) + i * pd_field_size(type);
}

static inline bool pd_field_present(const ProtobufCMessage *value, const ProtobufCFieldDescriptor *type) {
    if (type->label == PROTOBUF_C_LABEL_REPEATED)
        return *pd_field_count(value, type) > 0;
    if (type->type == PROTOBUF_C_TYPE_STRING || type->type == PROTOBUF_C_TYPE_MESSAGE) {
        /* protobuf-c packs no string that is the declared default. */
        const void *pointer = *(void *const *)pd_field_at(value, type);
        return pointer && pointer != type->default_value;
    }
    return *(const protobuf_c_boolean *)((const char *)value + type->quantifier_offset);
}

#endif
