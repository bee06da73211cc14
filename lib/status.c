#include "pendientes/status.h"

#include <string.h>

/* By code. The text is the message of a status that has neither message nor field errors. */
static const struct {
    const char *name;
    int http;
    const char *text;
} codes[] = {
    [PD_OK] = {"OK", 200, ""},
    [PD_CANCELLED] = {"CANCELLED", 499, "La solicitud fue cancelada"},
    [PD_UNKNOWN] = {"UNKNOWN", 500, "No se sabe si la operación se realizó"},
    [PD_INVALID_ARGUMENT] = {"INVALID_ARGUMENT", 400, "La solicitud no es válida"},
    [PD_DEADLINE_EXCEEDED] = {"DEADLINE_EXCEEDED", 504, "Se agotó el plazo de la solicitud"},
    [PD_NOT_FOUND] = {"NOT_FOUND", 404, "No encontrado"},
    [PD_ALREADY_EXISTS] = {"ALREADY_EXISTS", 409, "Ya existe"},
    [PD_PERMISSION_DENIED] = {"PERMISSION_DENIED", 403, "No tiene permiso para esta operación"},
    [PD_RESOURCE_EXHAUSTED] = {"RESOURCE_EXHAUSTED", 429, "Demasiadas solicitudes"},
    [PD_FAILED_PRECONDITION] = {"FAILED_PRECONDITION", 400, "El estado actual no permite la operación"},
    [PD_ABORTED] = {"ABORTED", 409, "Otra operación está en curso"},
    [PD_OUT_OF_RANGE] = {"OUT_OF_RANGE", 400, "Fuera de rango"},
    [PD_UNIMPLEMENTED] = {"UNIMPLEMENTED", 501, "Operación no disponible"},
    [PD_INTERNAL] = {"INTERNAL", 500, "Error interno"},
    [PD_UNAVAILABLE] = {"UNAVAILABLE", 503, "Servicio no disponible"},
    [PD_DATA_LOSS] = {"DATA_LOSS", 500, "Datos dañados"},
    [PD_UNAUTHENTICATED] = {"UNAUTHENTICATED", 401, "No autenticado"},
};

/* Codes arrive as numbers from the wire. */
static pd_code known(pd_code code) {
    return (unsigned)code < sizeof codes / sizeof *codes ? code : PD_UNKNOWN;
}

const char *pd_code_name(pd_code code) {
    return codes[known(code)].name;
}

bool pd_code_parse(const char *name, pd_code *code) {
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i].name, name) == 0) {
            *code = (pd_code)i;
            return true;
        }
    return false;
}

int pd_code_http(pd_code code) {
    return codes[known(code)].http;
}

void pd_status_set(pd_status *status, pd_arena *arena, pd_code code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    status->code = code;
    status->message = pd_arena_vprintf(arena, format, args);
    va_end(args);
}

void pd_status_field(pd_status *status, pd_arena *arena, const char *field, const char *format, ...) {
    if (status->code == PD_OK)
        status->code = PD_INVALID_ARGUMENT;
    if (status->n_errors >= PD_MAX_ERRORS)
        return;
    if (status->n_errors == status->max_errors) {
        size_t max = status->max_errors ? 2 * status->max_errors : 4;
        pd_field_error *errors = pd_arena_alloc(arena, max * sizeof *errors);
        if (status->n_errors)
            memcpy(errors, status->errors, status->n_errors * sizeof *errors);
        status->errors = errors;
        status->max_errors = max;
    }
    va_list args;
    va_start(args, format);
    status->errors[status->n_errors++] =
        (pd_field_error){pd_arena_strdup(arena, field), pd_arena_vprintf(arena, format, args)};
    va_end(args);
}

static char *append(char *at, const char *text) {
    size_t len = strlen(text);
    memcpy(at, text, len);
    return at + len;
}

/* The contract wants every field named in the message too: those that a refusal's own text leaves out go in front. */
static const char *with_names(const pd_status *status, pd_arena *arena) {
    const char *message = status->message;
    for (size_t i = status->n_errors; i-- > 0;) {
        const char *field = status->errors[i].field;
        if (*field && !strstr(message, field))
            message = pd_arena_printf(arena, "%s: %s", field, message);
    }
    return message;
}

const char *pd_status_message(const pd_status *status, pd_arena *arena) {
    if (status->message)
        return with_names(status, arena);
    if (!status->n_errors)
        return codes[known(status->code)].text;
    size_t size = 1;
    for (size_t i = 0; i < status->n_errors; i++)
        size += strlen(status->errors[i].field) + strlen(status->errors[i].detail) + 4;
    char *message = pd_arena_alloc(arena, size), *at = message;
    for (size_t i = 0; i < status->n_errors; i++) {
        if (i)
            at = append(at, "; ");
        if (*status->errors[i].field) {
            at = append(at, status->errors[i].field);
            at = append(at, ": ");
        }
        at = append(at, status->errors[i].detail);
    }
    *at = '\0';
    return message;
}
