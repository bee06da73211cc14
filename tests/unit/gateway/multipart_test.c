#include "gateway/multipart.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static pd_arena *arena;
static gw_parts parts;
static char *copy; /* of the body under test */

static void setup(void) {
    arena = pd_arena_new();
}

static void teardown(void) {
    pd_arena_free(arena);
    free(copy);
    copy = NULL;
}

/* What is wrong with the body, NULL when nothing is. The body is exactly as long as it is, so that reading past its end
 * is seen. */
static const char *parse(const char *body, size_t len) {
    free(copy);
    copy = malloc(len ? len : 1);
    memcpy(copy, body, len);
    return gw_multipart_parse((gw_slice){copy, len}, GW_SLICE("b"), 3, arena, &parts);
}

static void parses(const char *body, size_t n) {
    const char *wrong = parse(body, strlen(body));
    ck_assert_msg(!wrong, "%s: %s", body, wrong ? wrong : "");
    ck_assert_uint_eq(parts.n, n);
}

static void is(gw_slice slice, const char *text) {
    ck_assert_msg(gw_slice_is(slice, text), "«%.*s» instead of «%s»", (int)slice.len, slice.at ? slice.at : "", text);
}

#define PART(name_) "--b\r\nContent-Disposition: form-data; name=\"" name_ "\"\r\n\r\n"

START_TEST(parts_are_cut_where_they_lie) {
    parses(PART("a") "1\r\n" PART("b") "\r\n" PART("c") "\r\n--b\r\r\n\r\n--b--", 3);
    is(parts.at[0].name, "a");
    is(parts.at[0].body, "1");
    ck_assert_ptr_null(parts.at[0].filename.at);
    ck_assert_uint_eq(parts.at[1].body.len, 0);
    is(parts.at[2].body, "\r\n--b\r\r\n"); /* all but a delimiter */
    parses("preámbulo\r\n" PART("a") "--b--\r\n--bx\r\n--b \t\r\n--b\r\n--b--epílogo\r\n" PART("no"), 1);
    ck_assert_uint_eq(parts.at[0].body.len, 0); /* the empty line's end is the delimiter's beginning */
    parses("--b--", 0);
    parses("--b--\r\n", 0);
}
END_TEST

START_TEST(headers_of_a_part) {
    parses("--b\r\ncontent-type: image/png\r\nContent-Disposition:form-data ;name=a; filename=\"x.png\"; otro=1\r\n"
           "Content-Transfer-Encoding: binary\r\n\r\n\r\n--b--",
           1);
    is(parts.at[0].name, "a");
    is(parts.at[0].filename, "x.png");
    parses("--b\r\nContent-Disposition: form-data; name=\"a\\\"b\"; filename=\"C:\\fotos\\ñ; "
           "\\\"x\\\".png\"\r\n\r\n\r\n--b--",
           1);
    is(parts.at[0].name, "a\"b");
    is(parts.at[0].filename, "ñ; \"x\".png");
    parses("--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"../../x/\"\r\n\r\n\r\n--b--", 1);
    ck_assert(parts.at[0].filename.at && parts.at[0].filename.len == 0);
}
END_TEST

/* Every body that is refused. */
static const struct refused {
    const char *body, *reason;
} refused[] = {
    {"", "ninguna parte"},
    {"texto", "ninguna parte"},
    {"--bb--", "ninguna parte"},
    {"x--b--", "ninguna parte"},
    {"--b\r\n", "no terminan"},
    {PART("a"), "incompleto"},
    {PART("a") "1", "incompleto"},
    {PART("a") "1\r\n--b", "incompleto"},
    {PART("a") "1\r\n--b-", "incompleto"},
    {PART("a") "1\r\n--b\r\n", "no terminan"},
    {PART("a") "1\n--b--", "incompleto"},
    {PART("a") "\r\n" PART("a") "\r\n" PART("a") "\r\n" PART("a") "\r\n--b--", "demasiadas partes"},
    {"--b\r\n\r\n1\r\n--b--", "sin Content-Disposition"},
    {"--b\r\nContent-Type: x\r\n\r\n1\r\n--b--", "sin Content-Disposition"},
    {"--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--", "sin nombre"},
    {"--b\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--b--", "no es form-data"},
    {"--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--b--", "mal formado"},
    {"--b\r\nContent-Disposition: form-data; name=a b\r\n\r\n1\r\n--b--", "mal formado"},
    {"--b\r\nContent-Disposition: form-data; name=a; =b\r\n\r\n1\r\n--b--", "mal formado"},
    {"--b\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n1\r\n--b--", "repetido"},
    {"--b\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--",
     "dos"},
    {"--b\r\nsin dos puntos\r\n\r\n1\r\n--b--", "cabecera mal formada"},
    {"--b\r\n : x\r\n\r\n1\r\n--b--", "cabecera mal formada"},
    {"--b\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--",
     "codificación"},
};

START_TEST(a_malformed_body_is_refused_whole) {
    const char *wrong = parse(refused[_i].body, strlen(refused[_i].body));
    ck_assert_msg(wrong && strstr(wrong, refused[_i].reason), "%s: %s", refused[_i].body, wrong ? wrong : "taken");
}
END_TEST

START_TEST(bytes_of_any_kind) {
    static const char body[] = PART("a") "\0\xff\r\n--\0b\r\n--b--";
    ck_assert_ptr_null(parse(body, sizeof body - 1));
    ck_assert_uint_eq(parts.at[0].body.len, 8);
    static const char nul[] = "--b\r\nContent-Disposition: form-data; name=\"a\0\"\r\n\r\n\r\n--b--";
    ck_assert_ptr_nonnull(parse(nul, sizeof nul - 1));
    char *long_header = pd_arena_alloc(arena, 40000);
    memset(long_header, 'x', 40000);
    memcpy(long_header, "--b\r\nA: ", 8);
    ck_assert_ptr_nonnull(strstr(parse(long_header, 40000), "no terminan"));
}
END_TEST

static const struct boundary {
    const char *type, *boundary; /* NULL: refused */
} boundaries[] = {
    {"multipart/form-data; boundary=abc", "abc"},
    {"Multipart/Form-Data;BOUNDARY=\"a b:c\" ; charset=utf-8", "a b:c"},
    {"multipart/form-data", NULL},
    {"multipart/form-data; boundary=", NULL},
    {"multipart/form-data; boundary=\"\"", NULL},
    {"multipart/form-data; boundary=\"a \"", NULL},
    {"multipart/form-data; boundary=\"a\"b", NULL},
    {"multipart/form-data; boundary=a; boundary=b", NULL},
    {"multipart/form-data; boundary=\"a\\\"b\"", NULL},
    {"multipart/form-data; boundary=1234567890123456789012345678901234567890123456789012345678901234567890",
     "1234567890123456789012345678901234567890123456789012345678901234567890"},
    {"multipart/form-data; boundary=12345678901234567890123456789012345678901234567890123456789012345678901", NULL},
    {"multipart/mixed; boundary=abc", NULL},
    {"application/json", NULL},
    {"", NULL},
};

START_TEST(boundaries_of_content_types) {
    const struct boundary *b = &boundaries[_i];
    gw_slice found;
    bool good = gw_multipart_boundary((gw_slice){b->type, strlen(b->type)}, &found, arena);
    ck_assert_msg(good == (b->boundary != NULL), "%s", b->type);
    if (good)
        is(found, b->boundary);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("multipart");
    TCase *tcase = tcase_create("multipart");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, parts_are_cut_where_they_lie);
    tcase_add_test(tcase, headers_of_a_part);
    tcase_add_loop_test(tcase, a_malformed_body_is_refused_whole, 0, sizeof refused / sizeof *refused);
    tcase_add_test(tcase, bytes_of_any_kind);
    tcase_add_loop_test(tcase, boundaries_of_content_types, 0, sizeof boundaries / sizeof *boundaries);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
