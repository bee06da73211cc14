/* check: is a message what the contract says it may be? One function for both processes (design, "Identity"): the
 * gateway calls it with the errors its JSON reader already has, so that all come together; the core calls it for every
 * RPC. */
#ifndef PENDIENTES_CHECK_H
#define PENDIENTES_CHECK_H

#include "pendientes/contract.h"
#include "pendientes/status.h"

/* Walks packed bytes by descriptor, before unpack: bounds, wire types, UTF-8 and NUL in strings, known enum numbers,
 * number of elements, depth. Unknown fields are skipped. False: `status` has the field's error (or a message without a
 * field when the bytes themselves are broken). */
bool pd_wire_check(const pd_message *message, const uint8_t *bytes, size_t len, pd_arena *arena, pd_status *status);

/* Obligatory fields, lengths, ranges, formats (decimals, dates), blank texts, `limpiar` naming only fields that may be
 * cleared. Adds an error per field that has none yet in `status`; true when it added none. Looks at nothing when
 * `status` has a message: pd_json_read's, for a body that it could not read to its end. Values are never echoed. */
bool pd_check(const pd_message *message, const ProtobufCMessage *value, pd_arena *arena, pd_status *status);

/* Presence of a field by descriptor: has_ flag, non-NULL pointer, or count > 0. */
bool pd_present(const ProtobufCMessage *value, const ProtobufCFieldDescriptor *field);
/* True when the field's proto name stands in the message's `limpiar` list. */
bool pd_cleared(const pd_message *message, const ProtobufCMessage *value, const ProtobufCFieldDescriptor *field);

#endif
