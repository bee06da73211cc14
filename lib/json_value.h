/* json_value: single values from their text into a message, whether they stood in a JSON body, a query, a form or a
 * path. Not in the plan of rooms: the half of json_read that knows nothing of JSON's nesting. Private to lib. */
#ifndef LIB_JSON_VALUE_H
#define LIB_JSON_VALUE_H

#include "pendientes/contract.h"
#include "pendientes/status.h"

/* How a scalar was written. */
typedef enum pd_spelling {
    PD_AS_STRING,
    PD_AS_NUMBER,
    PD_AS_BOOL,
    PD_AS_PLAIN, /* query, form, path */
} pd_spelling;

/* A scalar as its field wants it. */
typedef union pd_scalar {
    int32_t i32;
    uint32_t u32;
    int64_t i64;
    protobuf_c_boolean boolean;
    const char *text;
} pd_scalar;

/* False when the text, which is well-formed UTF-8 without NUL, is no value of the field. */
bool pd_scalar_read(const pd_field *field, const ProtobufCFieldDescriptor *type, const char *text, size_t len,
                    pd_spelling as, pd_arena *arena, pd_scalar *out);
/* Puts a scalar into its field, at the end when repeated. */
void pd_scalar_store(const ProtobufCFieldDescriptor *type, ProtobufCMessage *value, const pd_scalar *scalar,
                     pd_arena *arena);
/* A place at the end of a repeated field that only this function has filled; it holds an empty value. */
void *pd_field_append(ProtobufCMessage *value, const ProtobufCFieldDescriptor *type, pd_arena *arena);
/* An empty message. */
ProtobufCMessage *pd_field_new(const ProtobufCMessageDescriptor *type, pd_arena *arena);

#endif
