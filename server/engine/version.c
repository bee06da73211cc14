/* version: what If-Match is compared with: the tag of the answer that the method's version, a GET of one resource,
 * would give this caller at this moment. It is read in the writing transaction, below a lock of the resource, which is
 * taken before it, and after the method's own lock, as without If-Match: what the method's own statement then finds is
 * what the tag was made of. Not in the design's plan of rooms: decided.c would be too long with it. */
#include "server/engine/inside.h"

#include <string.h>

bool en_conditional(const sv_call *call) {
    return call->method->version && (call->in->if_match || call->in->if_exists);
}

static size_t size_of(ProtobufCType type) {
    return type == PROTOBUF_C_TYPE_INT32   ? sizeof(int32_t)
           : type == PROTOBUF_C_TYPE_INT64 ? sizeof(int64_t)
                                           : sizeof(char *);
}

/* The version's request: what its path asks for, which stands in the call's request too (the contract's compiler has
 * seen to that). */
static const ProtobufCMessage *version_request(const sv_call *call) {
    const pd_message *from = call->method->request, *to = call->method->version->request;
    ProtobufCMessage *request = pd_arena_alloc(call->arena, to->type->sizeof_message);
    protobuf_c_message_init(to->type, request);
    for (unsigned i = 0; i < to->type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &to->type->fields[i];
        if (!to->fields[i].required)
            continue;
        int own = pd_field_by_name(from, field->name, strlen(field->name));
        memcpy((char *)request + field->offset, (const char *)call->request + from->type->fields[own].offset,
               size_of(field->type));
        if (field->type != PROTOBUF_C_TYPE_STRING)
            *(protobuf_c_boolean *)((char *)request + field->quantifier_offset) = 1;
    }
    return request;
}

bool en_version_queries(en_engine *engine, sv_call *call, pg_query queries[2]) {
    const en_statement *read = en_statements_of(engine->options.statements, call->method->version);
    const ProtobufCMessage *request = version_request(call);
    return en_query_of(engine, call, read, EN_LOCK, request, &queries[0]) &&
           en_query_of(engine, call, read, EN_MAIN, request, &queries[1]);
}

bool en_version_compare(en_engine *engine, sv_call *call, const PGresult *rows, bool *stale) {
    const en_statement *read = en_statements_of(engine->options.statements, call->method->version);
    *stale = PQntuples(rows) == 0;
    if (*stale || call->in->if_exists)
        return true;
    *stale = true;
    if (!en_row_allowed(read, rows, 0, &call->caller)) /* whoever cannot read it has no tag of it */
        return true;
    pd_status status = {0};
    const ProtobufCMessage *reply =
        en_reply(read, rows, 0, 1, &call->caller, engine->options.keys, call->arena, &status);
    if (!reply) {
        call->status = status;
        return false;
    }
    uint8_t tag[PD_TAG_LEN];
    uint8_t *bytes = pd_arena_alloc(call->arena, protobuf_c_message_get_packed_size(reply) + 1);
    sv_tag(engine->options.tagger, bytes, protobuf_c_message_pack(reply, bytes), tag);
    for (size_t i = 0; *stale && i < call->in->n_if_match; i++)
        *stale = memcmp(call->in->if_match + i * PD_TAG_LEN, tag, PD_TAG_LEN) != 0;
    return true;
}
