/* Hostile JSON through the reader and the check. What both accept must survive being packed, unpacked and written, and
 * being read again. */
#include "tests/fuzz/pick.h"

#include "pendientes/check.h"
#include "pendientes/json.h"
#include "pendientes/scalar.h"

#include <string.h>

static ProtobufCMessage *new_message(const pd_message *message, pd_arena *arena) {
    ProtobufCMessage *value = pd_arena_alloc(arena, message->type->sizeof_message);
    protobuf_c_message_init(message->type, value);
    return value;
}

/* Over the wire and back. */
static ProtobufCMessage *travelled(const pd_message *message, const ProtobufCMessage *value, pd_arena *arena) {
    pd_status status = {0};
    size_t len = protobuf_c_message_get_packed_size(value);
    uint8_t *bytes = pd_arena_alloc(arena, len);
    protobuf_c_message_pack(value, bytes);
    MUST(pd_wire_check(message, bytes, len, arena, &status));
    ProtobufCMessage *again = protobuf_c_message_unpack(message->type, pd_arena_protobuf(arena), len, bytes);
    MUST(again);
    MUST(pd_check(message, again, arena, &status));
    return again;
}

static void round_trip(const pd_message *message, const ProtobufCMessage *value, pd_arena *arena) {
    /* The answer says null where nothing stands; read as a message without `limpiar` that is absence again. */
    pd_message plain = *message;
    plain.clear_index = -1;
    pd_text first = {.arena = arena}, second = {.arena = arena};
    pd_status status = {0};
    pd_json_write(message, travelled(message, value, arena), &first);
    ProtobufCMessage *again = new_message(message, arena);
    MUST(pd_json_read(&plain, first.at, first.len, true, again, NULL, arena, &status));
    pd_json_write(message, again, &second);
    MUST(first.len == second.len && memcmp(first.at, second.at, first.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    pd_zone_set("America/New_York");
    const pd_message *message = pick_message(data[0]);
    pd_arena *arena = pd_arena_new();
    pd_status status = {0};
    ProtobufCMessage *value = new_message(message, arena);
    bool *seen = pd_arena_alloc(arena, message->type->n_fields + 1);
    bool read = pd_json_read(message, (const char *)data + 2, size - 2, data[1] & 1, value, seen, arena, &status);
    MUST(read == (status.code == PD_OK));
    bool good = pd_check(message, value, arena, &status) && read;
    MUST(good == (status.code == PD_OK));
    size_t points;
    const char *text = pd_status_message(&status, arena);
    MUST(pd_utf8_check(text, strlen(text), &points));
    if (good)
        round_trip(message, value, arena);
    pd_arena_free(arena);
    return 0;
}
