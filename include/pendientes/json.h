/* json: the mapping between protobuf-c messages and the contract's JSON (section 1), straight from descriptors and
 * tables. Lexing is yajl's (SAX, hands numbers over as text, which exact decimals need; jansson and json-c are slower
 * and make doubles of numbers); what yajl lets pass (form feed, unpaired surrogates, duplicate keys, NUL escapes) is
 * caught here. */
#ifndef PENDIENTES_JSON_H
#define PENDIENTES_JSON_H

#include "pendientes/contract.h"
#include "pendientes/status.h"

/* A growing text; memory from the arena. {.arena = a} is empty. */
typedef struct pd_text {
    pd_arena *arena;
    char *at;
    size_t len, size;
} pd_text;
void pd_text_add(pd_text *text, const void *bytes, size_t len);
void pd_text_str(pd_text *text, const char *string);
/* As a JSON string, quotes included. */
void pd_text_quoted(pd_text *text, const char *string, size_t len);

/* Reads a JSON object into `value` (initialised, of message->type; memory from the arena). Field errors go to `status`;
 * values that were read stay. Explicit nulls go to `limpiar` where the message has it. Unknown keys are ignored, or
 * errors when `strict`. False when anything was added to `status`. `seen` (may be NULL) has message->type->n_fields
 * entries and is set for each key that stood in the object, null included. Depth up to 32. A body that cannot be read
 * to its end leaves a message in the status; pd_check then adds nothing. */
bool pd_json_read(const pd_message *message, const char *json, size_t len, bool strict, ProtobufCMessage *value,
                  bool *seen, pd_arena *arena, pd_status *status);
/* The same for an answer that was edited and is sent back: under `strict`, keys of `answer` (NULL: none) are ignored
 * like any other unknown key. */
bool pd_json_read_known(const pd_message *message, const pd_message *answer, const char *json, size_t len, bool strict,
                        ProtobufCMessage *value, bool *seen, pd_arena *arena, pd_status *status);

/* Reads a JSON array into the repeated field of that index: a body that is one list (google.api.http `body` that names
 * a field). Otherwise as pd_json_read. */
bool pd_json_read_list(const pd_message *message, int field, const char *json, size_t len, bool strict,
                       ProtobufCMessage *value, pd_arena *arena, pd_status *status);

/* Sets one field from a text of a query, form or path ("a string of digits is accepted"). Repeated fields append; a
 * single-valued one that is already set is an error. False: an error for the field was added. */
bool pd_json_set_text(const pd_message *message, int field, const char *text, size_t len, ProtobufCMessage *value,
                      pd_arena *arena, pd_status *status);

/* Appends `value` as a JSON object: every field present or null, repeated ones as arrays. `hidden` fields are left out.
 */
void pd_json_write(const pd_message *message, const ProtobufCMessage *value, pd_text *out);
/* Appends the method's body: the whole reply, or its response_body field alone. */
void pd_json_write_body(const pd_method *method, const ProtobufCMessage *reply, pd_text *out);

#endif
