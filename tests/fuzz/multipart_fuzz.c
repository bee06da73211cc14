/* Hostile multipart bodies: the first line is the Content-Type, the rest the body. Whatever is cut out of it lies
 * within it, in order. */
#include "gateway/multipart.h"
#include "tests/fuzz/pick.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gw_slice body = {(const char *)data, size};
    gw_slice type = gw_slice_cut(&body, '\n'), boundary;
    gw_parts parts;
    pd_arena *arena = pd_arena_new();
    if (body.at && gw_multipart_boundary(type, &boundary, arena) &&
        !gw_multipart_parse(body, boundary, 100, arena, &parts)) {
        const char *at = body.at;
        MUST(parts.n <= 100);
        for (size_t i = 0; i < parts.n; i++) {
            MUST(parts.at[i].name.at);
            MUST(parts.at[i].body.at >= at);
            at = parts.at[i].body.at + parts.at[i].body.len;
            MUST(at + boundary.len + 4 <= body.at + body.len);
            MUST(memmem(at, (size_t)(body.at + body.len - at), boundary.at, boundary.len));
        }
    }
    pd_arena_free(arena);
    return 0;
}
