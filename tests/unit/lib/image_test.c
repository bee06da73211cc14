#include "pendientes/image.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct beginning {
    const char *bytes;
    size_t len;
    const char *type; /* NULL: no image */
} beginnings[] = {
#define BEGINNING(bytes_, type_)                                                                                       \
    { (bytes_), sizeof(bytes_) - 1, (type_) }
    BEGINNING("\xff\xd8\xff\xe0", "image/jpeg"),
    BEGINNING("\xff\xd8\xff\xe1....Exif", "image/jpeg"),
    BEGINNING("\xff\xd8", NULL),
    BEGINNING("\x89PNG\r\n\x1a\n", "image/png"),
    BEGINNING("\x89PNG\n\n\x1a\n", NULL),
    BEGINNING("GIF87a", "image/gif"),
    BEGINNING("GIF89a\x01", "image/gif"),
    BEGINNING("GIF88a", NULL),
    BEGINNING("RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
    BEGINNING("RIFF\x10\0\0\0WAVEfmt ", NULL),
    BEGINNING("\0\0\0\x18"
              "ftypheic\0\0\0\0mif1heic",
              "image/heic"),
    BEGINNING("\0\0\0\x18"
              "ftypmif1\0\0\0\0mif1heic",
              "image/heic"),
    BEGINNING("\0\0\0\x14"
              "ftypmif1\0\0\0\0mif1",
              "image/heif"),
    BEGINNING("\0\0\0\x18"
              "ftypmif1\0\0\0\0mif1avif",
              NULL),
    BEGINNING("\0\0\0\x18"
              "ftypavif\0\0\0\0mif1heif",
              NULL),
    /* heic stands behind the end of the box */
    BEGINNING("\0\0\0\x14"
              "ftypmif1\0\0\0\0mif1heic",
              "image/heif"),
    BEGINNING("\xff\xff\xff\xff"
              "ftypmif1\0\0\0\0mif1hei",
              "image/heif"),
    BEGINNING("\0\0\0\x18"
              "ftypisom\0\0\0\0mp41heic",
              NULL),
    BEGINNING("\0\0\0\x18"
              "ftyphei",
              NULL),
    BEGINNING("<svg xmlns=", NULL),
    BEGINNING("%PDF-1.7", NULL),
    BEGINNING("BM......", NULL),
    BEGINNING("", NULL),
};

START_TEST(by_what_it_begins_with) {
    const struct beginning *b = &beginnings[_i];
    uint8_t *copy = malloc(b->len + 1); /* exactly as long as it is, so that reading past the end is seen */
    memcpy(copy, b->bytes, b->len);
    const char *type = pd_image_type(copy, b->len);
    ck_assert_msg(b->type ? type && strcmp(type, b->type) == 0 : !type, "%d: %s", _i, type ? type : "-");
    free(copy);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("image");
    TCase *tcase = tcase_create("image");
    tcase_add_loop_test(tcase, by_what_it_begins_with, 0, sizeof beginnings / sizeof *beginnings);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
