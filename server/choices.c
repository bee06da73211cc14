#include "server/choices.h"

static void fill(const ProtobufCFieldDescriptor *field, ProtobufCMessage *reply, pd_arena *arena) {
    const ProtobufCEnumDescriptor *choices = field->descriptor;
    int32_t *values = pd_arena_alloc(arena, choices->n_values * sizeof *values);
    for (unsigned i = 0; i < choices->n_values; i++)
        values[i] = choices->values[i].value;
    *(int32_t **)((char *)reply + field->offset) = values;
    *(size_t *)((char *)reply + field->quantifier_offset) = choices->n_values;
}

void sv_choices(sv_call *call) {
    const ProtobufCMessageDescriptor *type = call->method->reply->type;
    ProtobufCMessage *reply = pd_arena_zalloc(call->arena, type->sizeof_message);
    protobuf_c_message_init(type, reply);
    for (unsigned i = 0; i < type->n_fields; i++)
        if (type->fields[i].type == PROTOBUF_C_TYPE_ENUM && type->fields[i].label == PROTOBUF_C_LABEL_REPEATED)
            fill(&type->fields[i], reply, call->arena);
    sv_call_end(call, reply);
}
