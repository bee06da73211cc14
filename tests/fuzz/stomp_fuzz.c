/* Hostile STOMP: the first byte is the version and the size of the pieces, the rest what comes. In pieces or whole it
 * is the same frames, and what was read can be written and read again. */
#include "gateway/stomp.h"
#include "tests/fuzz/pick.h"

#include <string.h>

static bool same(gw_slice a, gw_slice b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* content-length is written by whoever writes. */
static bool is_length(const gw_stomp_header *header) {
    return gw_slice_is(header->name, "content-length");
}

static void written(int version, const gw_stomp_frame *frame, pd_arena *arena) {
    pd_text out = {.arena = arena};
    gw_stomp_frame plain = {.command = frame->command, .body = frame->body}, again;
    for (size_t i = 0; i < frame->n_headers; i++)
        if (!is_length(&frame->headers[i]))
            plain.headers[plain.n_headers++] = frame->headers[i];
    gw_stomp_write(&out, version, &plain);
    if (out.len > GW_STOMP_FRAME_MAX || plain.n_headers == GW_STOMP_HEADERS_MAX)
        return; /* escapes made it longer, or there is no room for the length */
    gw_stomp_reader *reader = gw_stomp_reader_new();
    const char *problem;
    size_t used;
    gw_stomp_reader_version(reader, version);
    MUST(gw_stomp_reader_feed(reader, out.at, out.len, &used, &again, &problem) == GW_STOMP_FRAME);
    MUST(used == out.len && same(again.command, plain.command) && same(again.body, plain.body));
    MUST(again.n_headers == plain.n_headers + (plain.body.len > 0));
    for (size_t i = 0; i < plain.n_headers; i++)
        MUST(same(again.headers[i].name, plain.headers[i].name) &&
             same(again.headers[i].value, plain.headers[i].value));
    gw_stomp_reader_free(reader);
}

/* All frames, written one behind the other, and whether the rest was refused. */
static bool read_all(int version, const char *bytes, size_t len, size_t piece, pd_text *out) {
    gw_stomp_reader *reader = gw_stomp_reader_new();
    gw_stomp_read read = GW_STOMP_MORE;
    gw_stomp_reader_version(reader, version);
    for (size_t at = 0; at < len && read != GW_STOMP_BAD; at += piece) {
        size_t rest = len - at < piece ? len - at : piece, used;
        const char *next = bytes + at, *problem;
        gw_stomp_frame frame;
        while ((read = gw_stomp_reader_feed(reader, next, rest, &used, &frame, &problem)) == GW_STOMP_FRAME) {
            gw_stomp_write(out, version, &frame);
            written(version, &frame, out->arena);
            next += used;
            rest -= used;
        }
        MUST(read == GW_STOMP_BAD || used == rest);
        MUST((read == GW_STOMP_BAD) == (problem != NULL));
    }
    gw_stomp_reader_free(reader);
    return read == GW_STOMP_BAD;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    pd_arena *arena = pd_arena_new();
    pd_text whole = {.arena = arena}, pieces = {.arena = arena};
    int version = data[0] & 1 ? 12 : 11;
    const char *bytes = (const char *)data + 1;
    bool bad = read_all(version, bytes, size - 1, size, &whole);
    MUST(bad == read_all(version, bytes, size - 1, 1 + (data[0] >> 1), &pieces));
    MUST(whole.len == pieces.len && (whole.len == 0 || memcmp(whole.at, pieces.at, whole.len) == 0));
    pd_arena_free(arena);
    return 0;
}
