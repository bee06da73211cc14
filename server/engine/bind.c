/* bind: a request and its caller become the parameters of a prepared statement. Text but for bytes and the coalesced
 * array, which PostgreSQL reads faster in binary. */
#include "pendientes/check.h"
#include "pendientes/image.h"
#include "pendientes/json.h"
#include "pendientes/scalar.h"
#include "server/engine/protect.h"
#include "server/engine/statement_impl.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

/* The operator's setting `zona_z = ignorar`; written once at start, before any call. */
static bool ignore_offset;

void en_zone_ignore(bool ignore) {
    ignore_offset = ignore;
}

/* One binding under way. */
typedef struct binder {
    const en_statement *statement;
    en_part part;
    const id_caller *caller;
    const en_keys *keys;
    pd_arena *arena;
    en_params *params;
    pd_status *status;
} binder;

static const ProtobufCFieldDescriptor *field_of(const en_step *step) {
    return &step->message->type->fields[step->index];
}

static const void *member(const ProtobufCMessage *message, unsigned offset) {
    return (const char *)message + offset;
}

/* "sub.campo" in JSON names, for errors. */
static const char *json_path(const en_param *param, pd_arena *arena) {
    const char *path = param->path[0].message->fields[param->path[0].index].json;
    for (int i = 1; i < param->depth; i++) {
        path = pd_arena_printf(arena, "%s.%s", path, param->path[i].message->fields[param->path[i].index].json);
    }
    return path;
}

static bool bad_value(binder *b, const en_param *param, const char *detail) {
    pd_status_field(b->status, b->arena, json_path(param, b->arena), "%s", detail);
    return false;
}

static const char *print_int(pd_arena *arena, long long value) {
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lld", value);
    return pd_arena_memdup(arena, digits, (size_t)len);
}

static const char *print_instant(pd_arena *arena, int64_t micros) {
    char text[40];
    return pd_arena_memdup(arena, text, pd_datetime_print_utc(micros, text));
}

/* The text form of one string by its format; NULL with an error. */
static const char *string_text(binder *b, const en_param *param, const pd_field *options, const char *value) {
    int64_t from = 0, until = 0;
    switch (options->format) {
    case PD_FORMAT_DATETIME:
        if (!pd_datetime_parse(value, strlen(value), ignore_offset, &from)) {
            bad_value(b, param, "no es una fecha y hora válida");
            return NULL;
        }
        return print_instant(b->arena, from);
    case PD_FORMAT_DATE_OR_TIME:
        if (!pd_date_or_time_parse(value, strlen(value), ignore_offset, &from, &until)) {
            bad_value(b, param, "no es una fecha válida");
            return NULL;
        }
        return print_instant(b->arena, param->source == EN_FROM_END ? until : from);
    default:
        return value; /* decimals and dates are PostgreSQL's text form as they stand */
    }
}

/* The text form of the scalar at `at`; NULL with an error. */
static const char *scalar_text(binder *b, const en_param *param, const void *at) {
    const en_step *last = &param->path[param->depth - 1];
    const ProtobufCFieldDescriptor *field = field_of(last);
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return print_int(b->arena, *(const int32_t *)at);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return print_int(b->arena, *(const uint32_t *)at);
    case PROTOBUF_C_TYPE_BOOL:
        return *(const protobuf_c_boolean *)at ? "t" : "f";
    case PROTOBUF_C_TYPE_FLOAT:
        return pd_arena_printf(b->arena, "%.9g", (double)*(const float *)at);
    case PROTOBUF_C_TYPE_DOUBLE:
        return pd_arena_printf(b->arena, "%.17g", *(const double *)at);
    case PROTOBUF_C_TYPE_ENUM: {
        const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)at);
        if (value == NULL) {
            bad_value(b, param, "valor desconocido");
            return NULL;
        }
        return value->name;
    }
    case PROTOBUF_C_TYPE_STRING:
        return string_text(b, param, &last->message->fields[last->index], *(char *const *)at);
    default: /* 64 bits: an unsigned one keeps its bits, as PostgreSQL has no unsigned type */
        return print_int(b->arena, *(const int64_t *)at);
    }
}

static size_t element_size(ProtobufCType type) {
    switch (type) {
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
        return sizeof(char *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 4;
    }
}

/* An element of an array literal: always quoted, so that NULL, blanks, commas and braces are only text. */
static void put_quoted(pd_text *out, const char *text) {
    pd_text_str(out, "\"");
    for (;;) {
        size_t plain = strcspn(text, "\"\\");
        pd_text_add(out, text, plain);
        text += plain;
        if (*text == '\0') {
            break;
        }
        pd_text_add(out, "\\", 1);
        pd_text_add(out, text++, 1);
    }
    pd_text_str(out, "\"");
}

static void put_hex(pd_text *out, const ProtobufCBinaryData *bytes) {
    static const char digits[] = "0123456789abcdef";
    pd_text_str(out, "\"\\\\x");
    for (size_t i = 0; i < bytes->len; i++) {
        pd_text_add(out, &digits[bytes->data[i] >> 4], 1);
        pd_text_add(out, &digits[bytes->data[i] & 15], 1);
    }
    pd_text_str(out, "\"");
}

/* A repeated field as an array literal; an empty one is NULL ("An empty array is no filter"). */
static bool bind_list(binder *b, int i, const en_param *param, const ProtobufCMessage *holder) {
    const ProtobufCFieldDescriptor *field = field_of(&param->path[param->depth - 1]);
    size_t n = *(const size_t *)member(holder, field->quantifier_offset), size = element_size(field->type);
    const char *at = *(char *const *)member(holder, field->offset);
    if (n == 0) {
        return true;
    }
    pd_text out = {.arena = b->arena};
    for (size_t k = 0; k < n; k++, at += size) {
        pd_text_str(&out, k == 0 ? "{" : ",");
        if (field->type == PROTOBUF_C_TYPE_BYTES) {
            put_hex(&out, (const ProtobufCBinaryData *)(const void *)at);
            continue;
        }
        const char *text = scalar_text(b, param, at);
        if (text == NULL) {
            return false;
        }
        put_quoted(&out, text);
    }
    pd_text_str(&out, "}");
    pd_text_add(&out, "", 1);
    b->params->values[i] = out.at;
    return true;
}

/* The message that holds the field at the end of path[from, to); NULL when one on the way is absent. */
static const ProtobufCMessage *holder_of(const en_param *param, int from, int to, const ProtobufCMessage *message) {
    for (int i = from; i < to - 1 && message != NULL; i++) {
        message = *(ProtobufCMessage *const *)member(message, field_of(&param->path[i])->offset);
    }
    return message;
}

/* What each message of a list has in one field, as an array literal. */
static bool bind_parts(binder *b, int i, const en_param *param, int step, const ProtobufCMessage *request) {
    const ProtobufCMessage *holder = holder_of(param, 0, step + 1, request);
    const ProtobufCFieldDescriptor *list = field_of(&param->path[step]),
                                   *field = field_of(&param->path[param->depth - 1]);
    size_t n = holder != NULL ? *(const size_t *)member(holder, list->quantifier_offset) : 0;
    pd_text out = {.arena = b->arena};
    for (size_t k = 0; k < n; k++) {
        const ProtobufCMessage *part = (*(ProtobufCMessage *const *const *)member(holder, list->offset))[k];
        part = holder_of(param, step + 1, param->depth, part);
        bool present = part != NULL && pd_present(part, field);
        const char *text = present ? scalar_text(b, param, member(part, field->offset)) : NULL;
        if (present && text == NULL) {
            return false;
        }
        pd_text_str(&out, k == 0 ? "{" : ",");
        if (present) {
            put_quoted(&out, text);
        } else {
            pd_text_str(&out, "NULL");
        }
    }
    if (n > 0) {
        pd_text_str(&out, "}");
        pd_text_add(&out, "", 1);
        b->params->values[i] = out.at;
    }
    return true;
}

static void bind_bytes(binder *b, int i, const uint8_t *bytes, size_t len) {
    b->params->values[i] = len > 0 ? (const char *)bytes : "";
    b->params->lengths[i] = (int)len;
    b->params->formats[i] = 1;
}

/* Seals the text under the id of the order that stands beside it. */
static bool bind_sealed(binder *b, int i, const en_param *param, const ProtobufCMessage *holder, const char *text) {
    const en_step *last = &param->path[param->depth - 1];
    const ProtobufCFieldDescriptor *id = &last->message->type->fields[en_order_index(last->message)];
    uint8_t *sealed = NULL;
    size_t len = 0;
    if (!en_seal(b->keys, field_of(last)->name, *(const int64_t *)member(holder, id->offset), text, b->arena, &sealed,
                 &len, b->status)) {
        return false;
    }
    bind_bytes(b, i, sealed, len);
    return true;
}

static void bind_coalesced(int i, const int64_t *values, size_t n, pd_arena *arena, en_params *params) {
    enum { HEAD = 20, EACH = 12 };
    const uint32_t head[] = {htobe32(1), 0, htobe32(EN_INT8), htobe32((uint32_t)n), htobe32(1)};
    char *bytes = pd_arena_alloc(arena, HEAD + n * EACH), *at = bytes + HEAD;
    memcpy(bytes, head, HEAD);
    for (size_t k = 0; k < n; k++, at += EACH) {
        const uint32_t size = htobe32(sizeof(int64_t));
        const uint64_t value = htobe64((uint64_t)values[k]);
        memcpy(at, &size, sizeof size);
        memcpy(at + sizeof size, &value, sizeof value);
    }
    params->values[i] = bytes;
    params->lengths[i] = (int)(HEAD + n * EACH);
    params->formats[i] = 1;
}

static bool bind_field(binder *b, int i, const en_param *param, const ProtobufCMessage *request) {
    const en_step *last = &param->path[param->depth - 1];
    const ProtobufCFieldDescriptor *field = field_of(last);
    int list = en_list_step(param);
    if (list >= 0) {
        return bind_parts(b, i, param, list, request);
    }
    const ProtobufCMessage *holder = holder_of(param, 0, param->depth, request);
    if (holder == NULL || !pd_present(holder, field)) {
        b->params->values[i] = NULL;
        return true;
    }
    const void *at = member(holder, field->offset);
    if (b->part == EN_MAIN && param->depth == 1 && last->index == b->statement->header.coalesce) {
        bind_coalesced(i, at, 1, b->arena, b->params);
        return true;
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return bind_list(b, i, param, holder);
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData *bytes = at;
        if (param->source == EN_FROM_TYPE) {
            b->params->values[i] = pd_image_type(bytes->data, bytes->len);
        } else {
            bind_bytes(b, i, bytes->data, bytes->len);
        }
        return true;
    }
    if (last->message->fields[last->index].protection == PD_SEALED) {
        return bind_sealed(b, i, param, holder, *(char *const *)at);
    }
    b->params->values[i] = scalar_text(b, param, at);
    return b->params->values[i] != NULL;
}

size_t en_param_count(const en_param *param, const ProtobufCMessage *request) {
    if (param->depth == 0 || param->source == EN_FROM_PRESENCE) {
        return 1;
    }
    const ProtobufCFieldDescriptor *field = field_of(&param->path[param->depth - 1]);
    const ProtobufCMessage *holder = holder_of(param, 0, param->depth, request);
    if (holder == NULL || !pd_present(holder, field)) {
        return 0;
    }
    return field->label == PROTOBUF_C_LABEL_REPEATED ? *(const size_t *)member(holder, field->quantifier_offset) : 1;
}

static bool bind_one(binder *b, int i, const en_param *param, const ProtobufCMessage *request) {
    const id_caller *caller = b->caller;
    const char **value = &b->params->values[i];
    switch (param->source) {
    case EN_FROM_FIELD:
    case EN_FROM_END:
    case EN_FROM_TYPE:
        return bind_field(b, i, param, request);
    case EN_FROM_PRESENCE: {
        const en_step *last = &param->path[param->depth - 1];
        const ProtobufCMessage *holder = holder_of(param, 0, param->depth, request);
        bool present =
            holder != NULL && (pd_present(holder, field_of(last)) ||
                               (last->message->clear_index >= 0 && pd_cleared(last->message, holder, field_of(last))));
        *value = present ? "t" : "f";
        return true;
    }
    case EN_FROM_USER:
        *value = caller->user_id != 0 ? print_int(b->arena, caller->user_id) : NULL;
        return true;
    case EN_FROM_EMPLOYEE:
        *value = caller->employee_id != 0 ? print_int(b->arena, caller->employee_id) : NULL;
        return true;
    case EN_FROM_BITS:
        *value = print_int(b->arena, (int64_t)caller->bits);
        return true;
    case EN_FROM_WORTH:
        *value = pd_rule_worth(b->statement->method->rule, caller->bits, param->relation) ? "t" : "f";
        return true;
    }
    return false;
}

static void make_params(int n, pd_arena *arena, en_params *params) {
    size_t count = n > 0 ? (size_t)n : 1;
    params->n = n;
    params->values = pd_arena_zalloc(arena, count * sizeof *params->values);
    params->lengths = pd_arena_zalloc(arena, count * sizeof *params->lengths);
    params->formats = pd_arena_zalloc(arena, count * sizeof *params->formats);
}

bool en_bind(const en_statement *statement, en_part part, const ProtobufCMessage *request, const id_caller *caller,
             const en_keys *keys, pd_arena *arena, en_params *params, pd_status *status) {
    const en_sql *sql = &statement->parts[part];
    make_params(sql->n, arena, params);
    binder b = {statement, part, caller, keys, arena, params, status};
    for (int i = 0; i < sql->n; i++) {
        if (!bind_one(&b, i, &sql->params[i], request)) {
            return false;
        }
    }
    return true;
}

bool en_bind_one(const en_statement *statement, const en_param *param, size_t element, const ProtobufCMessage *request,
                 const id_caller *caller, pd_arena *arena, en_params *params, int i, pd_status *status) {
    binder b = {statement, EN_MAIN, caller, NULL, arena, params, status};
    const ProtobufCFieldDescriptor *field = param->depth > 0 ? field_of(&param->path[param->depth - 1]) : NULL;
    if (field == NULL || field->label != PROTOBUF_C_LABEL_REPEATED) {
        return bind_one(&b, i, param, request);
    }
    const char *list = *(char *const *)member(holder_of(param, 0, param->depth, request), field->offset);
    params->values[i] = scalar_text(&b, param, list + element * element_size(field->type));
    return params->values[i] != NULL;
}

void en_bind_many(const en_statement *statement, const int64_t *values, size_t n, pd_arena *arena, en_params *params) {
    make_params(statement->parts[EN_MAIN].n, arena, params);
    bind_coalesced(0, values, n, arena, params);
}
