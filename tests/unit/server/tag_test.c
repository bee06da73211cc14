/* A tag is what the header says: recomputed here in one call of another function. */
#include "server/tag.h"

#include <check.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t secret[32] = "un secreto de treinta y dos byt";

static void expect(sv_tagger *tagger, const char *reply) {
    uint8_t text[64], mac[32], tag[PD_TAG_LEN];
    size_t len = strlen(reply);
    memcpy(text, pd_contract_hash, 32);
    memcpy(text + 32, reply, len);
    HMAC(EVP_sha256(), secret, 32, text, 32 + len, mac, NULL);
    sv_tag(tagger, (const uint8_t *)reply, len, tag);
    ck_assert_mem_eq(tag, mac, PD_TAG_LEN);
}

START_TEST(test_tag) {
    sv_tagger *tagger = sv_tagger_new(secret);
    expect(tagger, "una respuesta");
    expect(tagger, "otra");
    expect(tagger, "");
    expect(tagger, "una respuesta");
    sv_tagger_free(tagger);
    sv_tagger_free(NULL);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("server/tag");
    TCase *tests = tcase_create("tag");
    tcase_add_test(tests, test_tag);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
