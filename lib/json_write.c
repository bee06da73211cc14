#include "pendientes/json.h"

#include "lib/field.h"
#include "pendientes/scalar.h"

#include <string.h>

enum { TEXT_FIRST = 1024 };

static __attribute__((noinline)) void grow(pd_text *text, size_t more) {
    size_t size = text->size ? text->size * 2 : TEXT_FIRST;
    while (size - text->len < more)
        size *= 2;
    char *at = pd_arena_alloc(text->arena, size);
    if (text->len)
        memcpy(at, text->at, text->len);
    text->at = at;
    text->size = size;
}

static inline char *reserve(pd_text *text, size_t more) {
    if (text->size - text->len < more)
        grow(text, more);
    return text->at + text->len;
}

void pd_text_add(pd_text *text, const void *bytes, size_t len) {
    if (!len)
        return;
    memcpy(reserve(text, len), bytes, len);
    text->len += len;
}

void pd_text_str(pd_text *text, const char *string) {
    pd_text_add(text, string, strlen(string));
}

/* True when one of eight bytes must be escaped: below 0x20, a quote, a backslash. Bytes past 0x7f may also say so; then
 * they are looked at one by one. */
static inline bool maybe_special8(const char *string) {
    const uint64_t low = 0x0101010101010101, high = 0x8080808080808080;
    uint64_t word;
    memcpy(&word, string, sizeof word);
    uint64_t quote = word ^ (low * '"'), slash = word ^ (low * '\\');
    return ((word - low * 0x20) | (quote - low) | (slash - low)) & high;
}

static inline bool is_special(char byte) {
    return (unsigned char)byte < 0x20 || byte == '"' || byte == '\\';
}

/* The length of what may be copied as it stands. */
static size_t plain_run(const char *string, size_t len) {
    size_t at = 0;
    while (at < len) {
        if (len - at >= 8 && !maybe_special8(string + at)) {
            at += 8;
            continue;
        }
        size_t stop = len - at < 8 ? len : at + 8;
        for (; at < stop; at++)
            if (is_special(string[at]))
                return at;
    }
    return len;
}

static void add_escape(pd_text *text, char byte) {
    static const char hex[] = "0123456789abcdef";
    char *at = reserve(text, 6);
    const char *short_form = byte ? strchr("\"\"\\\\\bb\ff\nn\rr\tt", byte) : NULL;
    at[0] = '\\';
    if (short_form) {
        at[1] = short_form[1];
        text->len += 2;
        return;
    }
    memcpy(at + 1, "u00", 3);
    at[4] = hex[(unsigned char)byte >> 4];
    at[5] = hex[byte & 15];
    text->len += 6;
}

void pd_text_quoted(pd_text *text, const char *string, size_t len) {
    *reserve(text, len + 2) = '"';
    text->len++;
    for (;;) {
        size_t run = plain_run(string, len);
        pd_text_add(text, string, run);
        if (run == len)
            break;
        add_escape(text, string[run]);
        string += run + 1;
        len -= run + 1;
    }
    pd_text_add(text, "\"", 1);
}

static void add_unsigned(pd_text *text, uint64_t value, bool negative) {
    char digits[21];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    if (negative)
        digits[--at] = '-';
    pd_text_add(text, digits + at, sizeof digits - at);
}

static void add_signed(pd_text *text, int64_t value) {
    add_unsigned(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0);
}

static void add_null(pd_text *text) {
    pd_text_add(text, "null", 4);
}

static void add_string(const pd_field *field, const char *string, pd_text *out) {
    size_t len = strlen(string);
    int64_t cents;
    if (field->format == PD_FORMAT_DECIMAL && pd_decimal_parse(string, len, &cents))
        out->len += pd_decimal_print(cents, reserve(out, 24));
    else
        pd_text_quoted(out, string, len);
}

static void add_enum(const ProtobufCFieldDescriptor *type, int number, pd_text *out) {
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type->descriptor, number);
    if (value)
        pd_text_quoted(out, value->name, strlen(value->name));
    else
        add_null(out);
}

/* One value, `at` its place in the message or in the list. */
static void add_value(const pd_field *field, const ProtobufCFieldDescriptor *type, const void *at, pd_text *out) {
    switch (type->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        add_signed(out, *(const int32_t *)at);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        add_signed(out, *(const int64_t *)at);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        add_unsigned(out, *(const uint32_t *)at, false);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        add_unsigned(out, *(const uint64_t *)at, false);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        if (*(const protobuf_c_boolean *)at)
            pd_text_add(out, "true", 4);
        else
            pd_text_add(out, "false", 5);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        add_enum(type, *(const int *)at, out);
        break;
    case PROTOBUF_C_TYPE_STRING:
        add_string(field, pd_field_text(at), out);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        pd_json_write(field->message, pd_field_message(at), out);
        break;
    case PROTOBUF_C_TYPE_BYTES: /* these have no JSON form in the contract */
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        add_null(out);
        break;
    }
}

static void add_field(const pd_field *field, const ProtobufCFieldDescriptor *type, const ProtobufCMessage *value,
                      pd_text *out) {
    if (type->label != PROTOBUF_C_LABEL_REPEATED) {
        if (pd_field_present(value, type))
            add_value(field, type, pd_field_at(value, type), out);
        else
            add_null(out);
        return;
    }
    pd_text_add(out, "[", 1);
    for (size_t i = 0, n = *pd_field_count(value, type); i < n; i++) {
        if (i)
            pd_text_add(out, ",", 1);
        add_value(field, type, pd_field_element(value, type, i), out);
    }
    pd_text_add(out, "]", 1);
}

void pd_json_write(const pd_message *message, const ProtobufCMessage *value, pd_text *out) {
    char open = '{';
    for (unsigned i = 0; i < message->type->n_fields; i++) {
        const pd_field *field = &message->fields[i];
        if (field->hidden)
            continue;
        size_t len = strlen(field->json);
        char *at = reserve(out, len + 4);
        *at++ = open;
        *at++ = '"';
        memcpy(at, field->json, len);
        memcpy(at + len, "\":", 2);
        out->len += len + 4;
        open = ',';
        add_field(field, &message->type->fields[i], value, out);
    }
    if (open == '{')
        pd_text_add(out, "{", 1);
    pd_text_add(out, "}", 1);
}

void pd_json_write_body(const pd_method *method, const ProtobufCMessage *reply, pd_text *out) {
    const pd_message *message = method->reply;
    if (method->response_index < 0)
        pd_json_write(message, reply, out);
    else
        add_field(&message->fields[method->response_index], &message->type->fields[method->response_index], reply, out);
}
