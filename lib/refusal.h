/* refusal: how the error of a field is worded and named: the path of the field, the text of what it must be. Not in the
 * plan of rooms: json_read, wire and check refuse the same things, and must say it in the same words. Private to lib.
 */
#ifndef LIB_REFUSAL_H
#define LIB_REFUSAL_H

#include "pendientes/contract.h"
#include "pendientes/status.h"

enum { PD_MAX_DEPTH = 32, PD_MAX_TEXT = 10000 };

/* One step of a path; `up` is the one around it. Lives on its walker's stack. */
typedef struct pd_path {
    const struct pd_path *up;
    const char *name; /* NULL: an element of a list */
    size_t len;
    size_t index;
} pd_path;

/* The step of a field of a message. */
pd_path pd_path_field(const pd_path *up, const pd_field *field, const ProtobufCFieldDescriptor *type);
/* "imagenes[0].url". Names that a client made up are cut at 64 bytes. */
const char *pd_path_text(const pd_path *path, pd_arena *arena);

/* What a value of the field (an element of it, when repeated) must be: "debe ser uno de: A, B". Never says what was
 * sent. */
const char *pd_refuse_value(const pd_field *field, const ProtobufCFieldDescriptor *type, pd_arena *arena);
const char *pd_refuse_count(uint32_t max, pd_arena *arena);
/* The bound of a text, with the default of the contract. */
uint32_t pd_max_len(const pd_field *field);

/* True when the status has an error of exactly this path. */
bool pd_path_refused(const pd_path *path, const pd_status *status, pd_arena *arena);

/* Details that need no words of the field's own. */
#define PD_REFUSE_MISSING "es obligatorio"
#define PD_REFUSE_NULL "no puede ser nulo"
#define PD_REFUSE_TWICE "está repetido"
#define PD_REFUSE_UTF8 "no es UTF-8 válido"
#define PD_REFUSE_NUL "contiene el carácter NUL"
#define PD_REFUSE_LIST "debe ser una lista"
#define PD_REFUSE_UNKNOWN "no es un campo conocido"
#define PD_REFUSE_DEPTH "supera los 32 niveles de anidamiento"

#endif
