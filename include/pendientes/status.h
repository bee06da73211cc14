/* status: how a call ended. The 17 canonical codes (google.rpc.Code; gRPC "Status codes and their use"), a Spanish
 * message and the errors of single fields. Every failure in the project is a pd_status, from the JSON reader to the
 * database. */
#ifndef PENDIENTES_STATUS_H
#define PENDIENTES_STATUS_H

#include "pendientes/arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum pd_code {
    PD_OK = 0,
    PD_CANCELLED = 1,
    PD_UNKNOWN = 2,
    PD_INVALID_ARGUMENT = 3,
    PD_DEADLINE_EXCEEDED = 4,
    PD_NOT_FOUND = 5,
    PD_ALREADY_EXISTS = 6,
    PD_PERMISSION_DENIED = 7,
    PD_RESOURCE_EXHAUSTED = 8,
    PD_FAILED_PRECONDITION = 9,
    PD_ABORTED = 10,
    PD_OUT_OF_RANGE = 11,
    PD_UNIMPLEMENTED = 12,
    PD_INTERNAL = 13,
    PD_UNAVAILABLE = 14,
    PD_DATA_LOSS = 15,
    PD_UNAUTHENTICATED = 16,
} pd_code;

/* What a code alone does not tell; the numbers are those of Resultado.Motivo in proto/rpc/frame.proto. */
typedef enum pd_reason {
    PD_REASON_NONE = 0,
    PD_REASON_OTHER_BODY = 1,
    PD_REASON_STALE = 2,
    PD_REASON_MEDIA_TYPE = 3,
} pd_reason;

typedef struct pd_field_error {
    const char *field; /* JSON name, dotted within sub-messages */
    const char *detail;
} pd_field_error;

enum { PD_MAX_ERRORS = 100 }; /* of single fields, kept in a status */

/* Lives in the arena given to the functions below. {0} is OK. */
typedef struct pd_status {
    pd_code code;
    pd_reason reason;
    const char *message; /* Spanish; NULL: composed from the field errors by pd_status_message */
    uint32_t retry_ms;   /* 0: none */
    size_t n_errors, max_errors;
    pd_field_error *errors;
} pd_status;

/* "NOT_FOUND"; "UNKNOWN" for a number that is no code. */
const char *pd_code_name(pd_code code);
/* The code of that name; false when there is none. */
bool pd_code_parse(const char *name, pd_code *code);
/* The contract's status map (section 1). */
int pd_code_http(pd_code code);

/* Sets code and message; field errors stay. */
void pd_status_set(pd_status *status, pd_arena *arena, pd_code code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Adds a field's error; an OK status becomes INVALID_ARGUMENT. At most PD_MAX_ERRORS are kept. */
void pd_status_field(pd_status *status, pd_arena *arena, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The message, composed as "campo: detalle; …" when none was set; one that was set gets the names of fields it lacks in
 * front. Never NULL. */
const char *pd_status_message(const pd_status *status, pd_arena *arena);

#endif
