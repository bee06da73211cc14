/* fields: values of a message by the names that the contract's options promise (options.proto: Subida, archivo). The
 * compiler has checked that they are there and of that type. Not in the design's plan of rooms: upload and file both
 * speak to methods that they know only so. */
#ifndef GATEWAY_FIELDS_H
#define GATEWAY_FIELDS_H

#include "pendientes/arena.h"
#include "pendientes/contract.h"

/* An empty message of that type, in the arena. */
ProtobufCMessage *gw_message_new(const pd_message *message, pd_arena *arena);

/* What is set is not copied. */
void gw_set_int(const pd_message *message, ProtobufCMessage *value, const char *name, int64_t number);
void gw_set_text(const pd_message *message, ProtobufCMessage *value, const char *name, const char *text);
void gw_set_bytes(const pd_message *message, ProtobufCMessage *value, const char *name, const void *bytes, size_t len);
void gw_set_texts(const pd_message *message, ProtobufCMessage *value, const char *name, char **texts, size_t n);
/* A field that both messages have, likewise typed and single. */
void gw_copy_field(const pd_message *from, const ProtobufCMessage *source, const pd_message *to,
                   ProtobufCMessage *target, const char *name);

/* 0, NULL and no bytes where the field is absent. */
int64_t gw_get_int(const pd_message *message, const ProtobufCMessage *value, const char *name);
const char *gw_get_text(const pd_message *message, const ProtobufCMessage *value, const char *name);
ProtobufCBinaryData gw_get_bytes(const pd_message *message, const ProtobufCMessage *value, const char *name);
/* The options of a field. */
const pd_field *gw_field(const pd_message *message, const char *name);

#endif
