/* Frames of STOMP: what is read of good ones wherever they are cut, what is refused, and what is written. */
#include "gateway/stomp.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A frame as one line: "COMMAND|name=value|…|>body". */
static void print(char *out, size_t size, const gw_stomp_frame *frame) {
    size_t n = (size_t)snprintf(out, size, "%.*s", (int)frame->command.len, frame->command.at);
    for (size_t i = 0; i < frame->n_headers; i++)
        n += (size_t)snprintf(out + n, size - n, "|%.*s=%.*s", (int)frame->headers[i].name.len,
                              frame->headers[i].name.at, (int)frame->headers[i].value.len, frame->headers[i].value.at);
    if (frame->body.len)
        snprintf(out + n, size - n, "|>%.*s", (int)frame->body.len, frame->body.at);
}

/* Everything that comes of the bytes in pieces of `piece`, each frame's line with ';' behind it; "BAD" ends it. */
static void read_all(const char *bytes, size_t len, size_t piece, int version, char *out, size_t size) {
    gw_stomp_reader *reader = gw_stomp_reader_new();
    gw_stomp_reader_version(reader, version);
    out[0] = '\0';
    for (size_t at = 0; at < len; at += piece) {
        size_t rest = len - at < piece ? len - at : piece, used;
        char *copy = malloc(rest); /* of that size: a sanitizer sees a read past it */
        memcpy(copy, bytes + at, rest);
        gw_stomp_frame frame;
        const char *problem, *next = copy;
        gw_stomp_read read;
        while ((read = gw_stomp_reader_feed(reader, next, rest, &used, &frame, &problem)) == GW_STOMP_FRAME) {
            size_t n = strlen(out);
            print(out + n, size - n, &frame);
            strncat(out, ";", size - strlen(out) - 1);
            next += used;
            rest -= used;
        }
        free(copy);
        ck_assert((read == GW_STOMP_BAD) == (problem != NULL));
        if (read == GW_STOMP_BAD) {
            strncat(out, "BAD", size - strlen(out) - 1);
            break;
        }
        ck_assert_uint_eq(used, rest);
    }
    gw_stomp_reader_free(reader);
}

#define BYTES(text_) text_, sizeof text_ - 1

static const struct {
    const char *bytes;
    size_t len;
    const char *of_12, *of_11; /* NULL: the same */
} inputs[] = {
    {BYTES(""), "", NULL},
    {BYTES("\n\r\n\n"), "", NULL},
    {BYTES("SEND\n\n\0"), "SEND;", NULL},
    {BYTES("SEND\r\n\r\n\0"), "SEND;", NULL},
    {BYTES("SEND\na:b\n\nhola\0\n\nSEND\nc:d\n\n\0"), "SEND|a=b|>hola;SEND|c=d;", NULL},
    {BYTES("SEND\ncontent-length:3\n\na\0b\0"), "SEND|content-length=3|>a;", NULL},
    {BYTES("SEND\ncontent-length:0\n\n\0"), "SEND|content-length=0;", NULL},
    {BYTES("SEND\ncontent-length:1\n\n\0\0"), "SEND|content-length=1|>;", NULL},
    {BYTES("SEND\ncontent-length:2\ncontent-length:9\n\nab\0"), "SEND|content-length=2|content-length=9|>ab;", NULL},
    {BYTES("SEND\na:\n\n\0"), "SEND|a=;", NULL},
    {BYTES("SEND\na: b \n\n\0"), "SEND|a= b ;", NULL},
    {BYTES("SEND\na:b:c\n\n\0"), "SEND|a=b:c;", NULL},
    {BYTES("SEND\na\\cb:\\n\\\\\\c\n\n\0"), "SEND|a:b=\n\\:;", NULL},
    {BYTES("SEND\na:\\r\n\n\0"), "SEND|a=\r;", "BAD"},
    {BYTES("SEND\na:ñ\n\n\0"), "SEND|a=ñ;", NULL},
    {BYTES("CONNECT\na:\\n\\t\\\n\n\0"), "CONNECT|a=\\n\\t\\;", NULL},
    {BYTES("CONNECTED\na\\c:b\n\n\0"), "CONNECTED|a\\c=b;", NULL},
    {BYTES("STOMP\na:\\c\n\n\0"), "STOMP|a=:;", NULL},
    /* refused */
    {BYTES("SEND\na:\\t\n\n\0"), "BAD", NULL},
    {BYTES("SEND\na:\\\n\n\0"), "BAD", NULL},
    {BYTES("SEND\na\n\n\0"), "BAD", NULL},
    {BYTES("SEND\n:a\n\n\0"), "BAD", NULL},
    {BYTES("SEND\na:b\rc\n\n\0"), "BAD", NULL},
    {BYTES("SEND\r\r\n\n\0"), "BAD", NULL},
    {BYTES("\r\r\n"), "BAD", NULL},
    {BYTES("\rSEND\n\n\0"), "BAD", NULL},
    {BYTES("SEND\na:\0\n\n\0"), "BAD", NULL},
    {BYTES("SEND\0"), "BAD", NULL},
    {BYTES("\0"), "BAD", NULL},
    {BYTES("SEND\na:\xff\n\n\0"), "BAD", NULL},
    {BYTES("SEND\na:\xc3\n\n\0"), "BAD", NULL},
    {BYTES("send\n\n\0"), "BAD", NULL},
    {BYTES(" SEND\n\n\0"), "BAD", NULL},
    {BYTES("SE ND\n\n\0"), "BAD", NULL},
    {BYTES("ABCDEFGHIJKLMNOPQ\n\n\0"), "BAD", NULL},
    {BYTES("SEND\ncontent-length:x\n\n\0"), "BAD", NULL},
    {BYTES("SEND\ncontent-length:\n\n\0"), "BAD", NULL},
    {BYTES("SEND\ncontent-length:-1\n\n\0"), "BAD", NULL},
    {BYTES("SEND\ncontent-length:+1\n\na\0"), "BAD", NULL},
    {BYTES("SEND\ncontent-length:99999999999999999999999\n\n\0"), "BAD", NULL},
    {BYTES("SEND\ncontent-length:1\n\nab\0"), "BAD", NULL},
    {BYTES("SEND\n\n\0SEND\na\n\n\0SEND\n\n\0"), "SEND;BAD", NULL},
};

START_TEST(test_read_in_any_pieces) {
    char out[4096];
    const char *of_11 = inputs[_i].of_11 ? inputs[_i].of_11 : inputs[_i].of_12;
    for (size_t piece = 1; piece <= inputs[_i].len + 1; piece++) {
        read_all(inputs[_i].bytes, inputs[_i].len, piece, 12, out, sizeof out);
        ck_assert_str_eq(out, inputs[_i].of_12);
        read_all(inputs[_i].bytes, inputs[_i].len, piece, 11, out, sizeof out);
        ck_assert_str_eq(out, of_11);
    }
}
END_TEST

/* A frame of `size` bytes: one header and a body. */
static gw_stomp_read read_sized(size_t size, bool told) {
    char *bytes = malloc(size);
    int head = snprintf(bytes, size, "SEND\n%s:%05zu\n\n", told ? "content-length" : "a", size - 28);
    memset(bytes + head, 'x', size - (size_t)head);
    bytes[size - 1] = '\0';
    gw_stomp_reader *reader = gw_stomp_reader_new();
    gw_stomp_frame frame;
    const char *problem;
    size_t used;
    gw_stomp_read read = gw_stomp_reader_feed(reader, bytes, size, &used, &frame, &problem);
    gw_stomp_reader_free(reader);
    free(bytes);
    return read;
}

START_TEST(test_size) {
    ck_assert_int_eq(read_sized(GW_STOMP_FRAME_MAX, false), GW_STOMP_FRAME);
    ck_assert_int_eq(read_sized(GW_STOMP_FRAME_MAX + 1, false), GW_STOMP_BAD);
    ck_assert_int_eq(read_sized(GW_STOMP_FRAME_MAX, true), GW_STOMP_FRAME);
    ck_assert_int_eq(read_sized(GW_STOMP_FRAME_MAX + 1, true), GW_STOMP_BAD);
}
END_TEST

static void read_headers(size_t n, char *out, size_t size) {
    char bytes[1024] = "SEND\n";
    for (size_t i = 0; i < n; i++)
        strcat(bytes, "a:b\n");
    strcat(bytes, "\n");
    read_all(bytes, strlen(bytes) + 1, sizeof bytes, 12, out, size);
}

START_TEST(test_number_of_headers) {
    char out[4096];
    read_headers(GW_STOMP_HEADERS_MAX, out, sizeof out);
    ck_assert_str_ne(out, "BAD");
    read_headers(GW_STOMP_HEADERS_MAX + 1, out, sizeof out);
    ck_assert_str_eq(out, "BAD");
}
END_TEST

START_TEST(test_first_counts) {
    gw_stomp_frame frame = {.command = {"SEND", 4}};
    gw_stomp_add(&frame, "a", "1");
    gw_stomp_add(&frame, "a", "2");
    ck_assert(gw_slice_is(gw_stomp_header_of(&frame, "a"), "1"));
    ck_assert_ptr_null(gw_stomp_header_of(&frame, "A").at);
}
END_TEST

static void check_written(int version, const char *command, const char *body, const char *expected, size_t len) {
    pd_text out = {.arena = pd_arena_new()};
    gw_stomp_frame frame = {.command = {command, strlen(command)}, .body = {body, strlen(body)}};
    gw_stomp_add(&frame, "id", "a:b\n\\\r");
    gw_stomp_write(&out, version, &frame);
    ck_assert_uint_eq(out.len, len);
    ck_assert_mem_eq(out.at, expected, len);
    pd_arena_free(out.arena);
}

START_TEST(test_written) {
    check_written(12, "MESSAGE", "ñ", BYTES("MESSAGE\nid:a\\cb\\n\\\\\\r\ncontent-length:2\n\nñ\0"));
    check_written(11, "MESSAGE", "", BYTES("MESSAGE\nid:a\\cb\\n\\\\ \n\n\0"));
    check_written(12, "CONNECTED", "", BYTES("CONNECTED\nid:a:b\n\\\r\n\n\0"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("gateway/stomp");
    TCase *tests = tcase_create("stomp");
    tcase_add_loop_test(tests, test_read_in_any_pieces, 0, sizeof inputs / sizeof *inputs);
    tcase_add_test(tests, test_size);
    tcase_add_test(tests, test_number_of_headers);
    tcase_add_test(tests, test_first_counts);
    tcase_add_test(tests, test_written);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
