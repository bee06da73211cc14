#include "pendientes/check.h"

#include "lib/field.h"
#include "lib/pattern.h"
#include "lib/refusal.h"
#include "pendientes/image.h"
#include "pendientes/scalar.h"

#include <inttypes.h>
#include <string.h>

typedef struct walk {
    pd_arena *arena;
    pd_status *status;
    bool bad;
} walk;

/* Adds `detail` for `path`. */
static void refuse(walk *w, const pd_path *path, const char *detail) {
    w->bad = true;
    pd_status_field(w->status, w->arena, pd_path_text(path, w->arena), "%s", detail);
}

static bool is_obligatory(const pd_field *field) {
    return field->required || field->not_null;
}

/* What is wrong with a text, NULL when nothing is. */
static const char *text_error(const pd_field *field, const char *text, pd_arena *arena) {
    size_t len = strlen(text), points;
    uint32_t max = pd_max_len(field);
    if (!pd_utf8_check(text, len, &points))
        return PD_REFUSE_UTF8;
    if (is_obligatory(field) && !pd_utf8_nonblank(text, len))
        return "no puede estar en blanco";
    if (points > max)
        return pd_arena_printf(arena, "debe tener como máximo %" PRIu32 " caracteres", max);
    if (points < field->min_len)
        return pd_arena_printf(arena, "debe tener al menos %" PRIu32 " caracteres", field->min_len);
    if (field->max_bytes && len > field->max_bytes)
        return pd_arena_printf(arena, "debe ocupar como máximo %" PRIu32 " bytes", field->max_bytes);
    if (field->visible && !pd_utf8_visible(text, len))
        return "solo puede tener caracteres visibles y espacios";
    if (field->pattern && !pd_pattern_holds(field->pattern, text))
        return pd_arena_printf(arena, "debe tener la forma %s", pd_patterns[field->pattern - 1]);
    return NULL;
}

static bool format_holds(const pd_field *field, const char *text) {
    size_t len = strlen(text);
    int64_t value, until;
    switch (field->format) {
    case PD_FORMAT_DECIMAL:
        return pd_decimal_parse(text, len, &value) && value >= field->min_cents && value <= field->max_cents;
    case PD_FORMAT_DATE:
        return pd_date_check(text, len);
    case PD_FORMAT_DATETIME:
        return pd_datetime_parse(text, len, false, &value);
    case PD_FORMAT_DATE_OR_TIME:
        return pd_date_or_time_parse(text, len, false, &value, &until);
    case PD_FORMAT_TEXT:
    case PD_FORMAT_IMAGE:
        break;
    }
    return true;
}

/* What is wrong with bytes, NULL when nothing is. */
static const char *bytes_error(const pd_field *field, const ProtobufCBinaryData *bytes, pd_arena *arena) {
    if (is_obligatory(field) && bytes->len == 0)
        return "no puede estar vacío";
    if (field->max_bytes && bytes->len > field->max_bytes)
        return pd_arena_printf(arena, "debe ocupar como máximo %" PRIu32 " bytes", field->max_bytes);
    return NULL;
}

static bool within(const pd_field *field, int64_t value) {
    return (!field->has_min || value >= field->min) && (!field->has_max || value <= field->max);
}

/* What is wrong with a value that is no message, NULL when nothing is. */
static const char *scalar_error(const pd_field *field, const ProtobufCFieldDescriptor *type, const void *at,
                                pd_arena *arena) {
    bool good = true;
    switch (type->type) {
    case PROTOBUF_C_TYPE_STRING:
        if (field->format == PD_FORMAT_TEXT)
            return text_error(field, pd_field_text(at), arena);
        good = format_holds(field, pd_field_text(at));
        break;
    case PROTOBUF_C_TYPE_ENUM:
        good = protobuf_c_enum_descriptor_get_value(type->descriptor, *(const int *)at);
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        good = within(field, *(const int32_t *)at);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        good = within(field, *(const uint32_t *)at);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        good = within(field, *(const int64_t *)at);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        good = *(const uint64_t *)at <= INT64_MAX && within(field, *(const int64_t *)at);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        return bytes_error(field, at, arena);
    default:
        break;
    }
    return good ? NULL : pd_refuse_value(field, type, arena);
}

static void check_message(walk *w, const pd_message *message, const ProtobufCMessage *value, const pd_path *up);

static void check_one(walk *w, const pd_path *path, const pd_field *field, const ProtobufCFieldDescriptor *type,
                      const void *at) {
    if (type->type == PROTOBUF_C_TYPE_MESSAGE) {
        if (!pd_path_refused(path, w->status, w->arena))
            check_message(w, field->message, pd_field_message(at), path);
        return;
    }
    if (field->format == PD_FORMAT_IMAGE) {
        const ProtobufCBinaryData *bytes = at;
        if (!pd_image_type(bytes->data, bytes->len)) {
            w->status->reason = PD_REASON_MEDIA_TYPE;
            refuse(w, path, "debe ser una imagen JPEG, PNG, WebP, GIF o HEIC");
            return;
        }
    }
    const char *detail = scalar_error(field, type, at, w->arena);
    if (detail && !pd_path_refused(path, w->status, w->arena))
        refuse(w, path, detail);
}

static void check_present(walk *w, const pd_path *path, const pd_field *field, const ProtobufCFieldDescriptor *type,
                          const ProtobufCMessage *value) {
    if (type->label != PROTOBUF_C_LABEL_REPEATED) {
        check_one(w, path, field, type, pd_field_at(value, type));
        return;
    }
    size_t n = *pd_field_count(value, type);
    if (n > field->max_items) {
        if (!pd_path_refused(path, w->status, w->arena))
            refuse(w, path, pd_refuse_count(field->max_items, w->arena));
        return;
    }
    for (size_t i = 0; i < n && w->status->n_errors < PD_MAX_ERRORS; i++) {
        pd_path element = {.up = path, .index = i};
        check_one(w, &element, field, type, pd_field_element(value, type, i));
    }
}

/* The option `excluye`. */
static void check_excluded(walk *w, const pd_path *path, const pd_message *message, const pd_field *field,
                           const ProtobufCMessage *value) {
    if (!field->excludes || !pd_field_present(value, &message->type->fields[field->excludes - 1]))
        return;
    if (!pd_path_refused(path, w->status, w->arena))
        refuse(w, path, pd_arena_printf(w->arena, "no puede ir junto a %s", message->fields[field->excludes - 1].json));
}

/* `limpiar` names fields that may be null, and that have no value in the same message. */
static void check_cleared(walk *w, const pd_message *message, const ProtobufCMessage *value, const pd_path *up) {
    const ProtobufCFieldDescriptor *list = &message->type->fields[message->clear_index];
    for (size_t i = 0, n = *pd_field_count(value, list); i < n; i++) {
        const char *name = pd_field_text(pd_field_element(value, list, i));
        int index = pd_field_by_name(message, name, strlen(name));
        if (index < 0)
            index = message->clear_index;
        const pd_field *field = &message->fields[index];
        const ProtobufCFieldDescriptor *type = &message->type->fields[index];
        pd_path path = pd_path_field(up, field, type);
        const char *detail = NULL;
        if (field->hidden)
            detail = "nombra un campo que no existe";
        else if (is_obligatory(field))
            detail = PD_REFUSE_NULL;
        else if (pd_field_present(value, type))
            detail = "no puede tener un valor y ser nulo a la vez";
        if (detail && !pd_path_refused(&path, w->status, w->arena))
            refuse(w, &path, detail);
    }
}

static void check_message(walk *w, const pd_message *message, const ProtobufCMessage *value, const pd_path *up) {
    if (w->status->n_errors >= PD_MAX_ERRORS)
        return;
    if (message->clear_index >= 0)
        check_cleared(w, message, value, up);
    for (unsigned i = 0; i < message->type->n_fields; i++) {
        const pd_field *field = &message->fields[i];
        const ProtobufCFieldDescriptor *type = &message->type->fields[i];
        pd_path path = pd_path_field(up, field, type);
        if (pd_field_present(value, type)) {
            check_present(w, &path, field, type, value);
            check_excluded(w, &path, message, field, value);
        } else if (field->required && !pd_path_refused(&path, w->status, w->arena))
            refuse(w, &path, PD_REFUSE_MISSING);
    }
}

bool pd_check(const pd_message *message, const ProtobufCMessage *value, pd_arena *arena, pd_status *status) {
    walk w = {.arena = arena, .status = status};
    /* A status with a message is of a body that could not be read to its end: what is not there was not left out. */
    if (!status->message)
        check_message(&w, message, value, NULL);
    return !w.bad;
}

bool pd_present(const ProtobufCMessage *value, const ProtobufCFieldDescriptor *field) {
    return pd_field_present(value, field);
}

bool pd_cleared(const pd_message *message, const ProtobufCMessage *value, const ProtobufCFieldDescriptor *field) {
    if (message->clear_index < 0)
        return false;
    const ProtobufCFieldDescriptor *list = &message->type->fields[message->clear_index];
    for (size_t i = 0, n = *pd_field_count(value, list); i < n; i++)
        if (strcmp(pd_field_text(pd_field_element(value, list, i)), field->name) == 0)
            return true;
    return false;
}
