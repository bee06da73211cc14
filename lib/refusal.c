#include "lib/refusal.h"

#include "pendientes/json.h"
#include "pendientes/scalar.h"

#include <inttypes.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64, TEXT_FIRST = 96 };

/* A text that will be short. */
static pd_text short_text(pd_arena *arena) {
    return (pd_text){.arena = arena, .at = pd_arena_alloc(arena, TEXT_FIRST), .size = TEXT_FIRST};
}

static void add_path(pd_text *out, const pd_path *path) {
    if (path->up)
        add_path(out, path->up);
    if (!path->name) {
        pd_text_str(out, pd_arena_printf(out->arena, "[%zu]", path->index));
        return;
    }
    if (path->up)
        pd_text_add(out, ".", 1);
    size_t len = path->len;
    if (len > NAME_MAX_BYTES)
        for (len = NAME_MAX_BYTES; len && ((unsigned char)path->name[len] & 0xc0) == 0x80;)
            len--;
    pd_text_add(out, path->name, len);
    if (len < path->len)
        pd_text_str(out, "…");
}

pd_path pd_path_field(const pd_path *up, const pd_field *field, const ProtobufCFieldDescriptor *type) {
    const char *name = field->hidden ? type->name : field->json;
    return (pd_path){.up = up, .name = name, .len = strlen(name)};
}

const char *pd_path_text(const pd_path *path, pd_arena *arena) {
    pd_text text = short_text(arena);
    add_path(&text, path);
    pd_text_add(&text, "", 1);
    return text.at;
}

bool pd_path_refused(const pd_path *path, const pd_status *status, pd_arena *arena) {
    if (!status->n_errors)
        return false;
    const char *name = pd_path_text(path, arena);
    for (size_t i = 0; i < status->n_errors; i++)
        if (strcmp(status->errors[i].field, name) == 0)
            return true;
    return false;
}

static const char *refuse_enum(const ProtobufCEnumDescriptor *type, pd_arena *arena) {
    pd_text text = short_text(arena);
    pd_text_str(&text, "debe ser uno de: ");
    for (unsigned i = 0; i < type->n_values; i++) {
        if (i)
            pd_text_str(&text, ", ");
        pd_text_str(&text, type->values[i].name);
    }
    pd_text_add(&text, "", 1);
    return text.at;
}

static const char *refuse_integer(const pd_field *field, pd_arena *arena) {
    if (field->has_min && field->has_max)
        return pd_arena_printf(arena, "debe ser un número entero entre %" PRId64 " y %" PRId64, field->min, field->max);
    if (field->has_min)
        return pd_arena_printf(arena, "debe ser un número entero mayor o igual que %" PRId64, field->min);
    if (field->has_max)
        return pd_arena_printf(arena, "debe ser un número entero menor o igual que %" PRId64, field->max);
    return "debe ser un número entero dentro de su rango";
}

static const char *refuse_text(const pd_field *field, pd_arena *arena) {
    char min[24], max[24];
    switch (field->format) {
    case PD_FORMAT_DECIMAL:
        pd_decimal_print(field->min_cents, min);
        pd_decimal_print(field->max_cents, max);
        return pd_arena_printf(arena, "debe ser un número entre %s y %s con un máximo de dos decimales", min, max);
    case PD_FORMAT_DATE:
        return "debe ser una fecha válida con la forma 2026-07-10";
    case PD_FORMAT_DATETIME:
        return "debe ser una fecha y hora válida con la forma 2026-07-10T09:00:00";
    case PD_FORMAT_DATE_OR_TIME:
        return "debe ser una fecha válida con la forma 2026-07-10 o 2026-07-10T09:00:00";
    case PD_FORMAT_TEXT:
    case PD_FORMAT_IMAGE:
        break;
    }
    return "debe ser un texto";
}

const char *pd_refuse_value(const pd_field *field, const ProtobufCFieldDescriptor *type, pd_arena *arena) {
    switch (type->type) {
    case PROTOBUF_C_TYPE_ENUM:
        return refuse_enum(type->descriptor, arena);
    case PROTOBUF_C_TYPE_STRING:
        return refuse_text(field, arena);
    case PROTOBUF_C_TYPE_BOOL:
        return "debe ser true o false";
    case PROTOBUF_C_TYPE_MESSAGE:
        return "debe ser un objeto";
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return "no se puede indicar en JSON";
    default:
        return refuse_integer(field, arena);
    }
}

const char *pd_refuse_count(uint32_t max, pd_arena *arena) {
    return max ? pd_arena_printf(arena, "debe tener como máximo %" PRIu32 " elementos", max) : "debe estar vacío";
}

uint32_t pd_max_len(const pd_field *field) {
    return field->max_len ? field->max_len : PD_MAX_TEXT;
}
