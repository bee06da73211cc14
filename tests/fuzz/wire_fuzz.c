/* Hostile bytes through the check before unpacking. What it accepts protobuf-c must unpack, and the writer must make
 * JSON of. */
#include "tests/fuzz/pick.h"

#include "pendientes/check.h"
#include "pendientes/json.h"
#include "pendientes/scalar.h"

#include <string.h>

static void written(const pd_message *message, const ProtobufCMessage *value, pd_arena *arena) {
    pd_text out = {.arena = arena};
    pd_status status = {0};
    pd_json_write(message, value, &out);
    MUST(pd_utf8_check(out.at, out.len, NULL));
    ProtobufCMessage *again = pd_arena_alloc(arena, message->type->sizeof_message);
    protobuf_c_message_init(message->type, again);
    /* A value may be refused, but the body is read to its end. */
    pd_json_read(message, out.at, out.len, true, again, NULL, arena, &status);
    MUST(!status.message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    pd_zone_set("America/New_York");
    const pd_message *message = pick_message(data[0]);
    pd_arena *arena = pd_arena_new();
    pd_status status = {0};
    bool good = pd_wire_check(message, data + 1, size - 1, arena, &status);
    MUST(good == (status.code == PD_OK));
    if (good) {
        ProtobufCMessage *value =
            protobuf_c_message_unpack(message->type, pd_arena_protobuf(arena), size - 1, data + 1);
        MUST(value);
        MUST(pd_check(message, value, arena, &status) == (status.code == PD_OK));
        written(message, value, arena);
    }
    pd_arena_free(arena);
    return 0;
}
