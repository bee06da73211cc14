#include "server/identity/keys.h"
#include "tests/unit/server/identity/pem.h"

static const char SECRET[] = "una clave de treinta y dos bytes", OTHER[] = "otra clave de treinta y dos byte";
static EVP_PKEY *rsa, *small_rsa, *p256, *p384, *ed25519, *pss; /* made once: they take their time */

static void setup(void) {
    pem_open();
    pem_text("token.key", SECRET);
}

static id_keys *load(const char *list) {
    const char *error = NULL;
    id_keys *keys = id_keys_load(pem_path("token.key"), list ? pem_text("keys", list) : NULL, "pendientes", &error);
    ck_assert_msg(keys != NULL, "%s", error);
    return keys;
}

/* The list is refused, by one line that says both and no key. */
static void refuses(const char *list, const char *where, const char *why) {
    const char *error = NULL;
    ck_assert_ptr_null(id_keys_load(pem_path("token.key"), pem_text("keys", list), "pendientes", &error));
    ck_assert_msg(strstr(error, where) && strstr(error, why), "does not say %s and %s: %s", where, why, error);
    ck_assert(!strstr(error, "treinta") && !strchr(error, '\n'));
}

START_TEST(the_current_key_alone_is_enough) {
    id_keys *keys = load(NULL);
    const id_key *key = id_keys_current(keys);
    ck_assert_ptr_null(key->kid);
    ck_assert_str_eq(key->alg, "HS256");
    ck_assert_str_eq(key->issuer, "pendientes");
    ck_assert_uint_eq(key->secret_len, 32);
    ck_assert_uint_eq(id_keys_count(keys), 0);
    ck_assert_ptr_null(id_keys_find(keys, ""));
    id_keys_free(keys);
    id_keys_free(NULL);
}
END_TEST

START_TEST(a_list_names_further_keys) {
    pem_text("old.key", OTHER);
    pem_text("same.key", "una clave de treinta y dos bytes\n"); /* a newline at the end is none of it */
    pem_public("erp.pem", rsa);
    pem_public("app.pem", p256);
    id_keys *keys = load("# kid algorithm file issuer\n\n2025 HS256 old.key\n \t2026\tHS256  same.key\r\n"
                         "erp RS256 erp.pem https://erp.example/#it\napp ES256 app.pem app");
    ck_assert_uint_eq(id_keys_count(keys), 4);
    ck_assert_str_eq(id_keys_current(keys)->kid, "2026");
    ck_assert_str_eq(id_keys_find(keys, "2025")->issuer, "pendientes");
    ck_assert_str_eq(id_keys_find(keys, "erp")->alg, "RS256");
    ck_assert_str_eq(id_keys_find(keys, "erp")->issuer, "https://erp.example/#it");
    ck_assert_str_eq(id_keys_find(keys, "app")->alg, "ES256");
    ck_assert_ptr_null(id_keys_find(keys, "200"));
    ck_assert_ptr_null(id_keys_find(keys, "APP"));
    id_keys_free(keys);
    /* another issuer's secret, even the same, is not ours to sign with */
    keys = load("2026 HS256 same.key otro");
    ck_assert_ptr_null(id_keys_current(keys)->kid);
    id_keys_free(keys);
}
END_TEST

START_TEST(a_misshapen_list_is_refused_with_its_line) {
    pem_text("old.key", OTHER);
    refuses("2025 HS256\n", "keys:1", "kid algorithm file");
    refuses("# x\n2025 HS256 old.key uno dos\n", "keys:2", "kid algorithm file");
    refuses("a HS256 old.key\na HS256 token.key\n", "keys:2", "twice");
    refuses("año HS256 old.key\n", "keys:1", "kid");
    refuses("12345678901234567890123456789012345678901234567890123456789012345 HS256 old.key\n", "keys:1", "64");
    static const char *const algorithms[] = {"none", "HS512", "hs256", "RS512", "PS256", "ES384", "EdDSA"};
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
        char line[60];
        snprintf(line, sizeof line, "a %s old.key x\n", algorithms[i]);
        refuses(line, algorithms[i], "none of HS256");
    }
    refuses("a HS256 no-hay.key\n", "no-hay.key", "No such file");
    const char *error = NULL;
    ck_assert_ptr_null(id_keys_load(pem_path("token.key"), "/no/hay/tal", "pendientes", &error));
    ck_assert_ptr_nonnull(strstr(error, "/no/hay/tal"));
}
END_TEST

START_TEST(keys_that_are_too_weak_or_another_kind_are_refused) {
    pem_text("short.key", "treinta y un bytes no alcanzan.\n");
    refuses("a HS256 short.key\n", "short.key", "32");
    pem_public("rsa.pem", rsa);
    pem_public("small.pem", small_rsa);
    pem_public("p256.pem", p256);
    pem_public("p384.pem", p384);
    pem_public("ed.pem", ed25519);
    pem_public("pss.pem", pss);
    refuses("a RS256 rsa.pem\n", "keys:1", "issuer");
    refuses("a RS256 small.pem x\n", "small.pem", "2048");
    refuses("a RS256 p256.pem x\n", "p256.pem", "RSA");
    refuses("a RS256 pss.pem x\n", "pss.pem", "RSA");
    refuses("a ES256 rsa.pem x\n", "rsa.pem", "P-256");
    refuses("a ES256 p384.pem x\n", "p384.pem", "P-256");
    refuses("a ES256 ed.pem x\n", "ed.pem", "P-256");
    refuses("a HS256 rsa.pem\n", "rsa.pem", "PEM");
    pem_text("no.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
    refuses("a RS256 no.pem x\n", "no.pem", "public key");
    FILE *file = fopen(pem_path("private.pem"), "w");
    ck_assert_int_eq(PEM_write_PrivateKey(file, p256, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    refuses("a ES256 private.pem x\n", "private.pem", "public key");
}
END_TEST

START_TEST(signatures_are_the_keys_own) {
    pem_public("rsa.pem", rsa);
    pem_public("p256.pem", p256);
    id_keys *keys = load("r RS256 rsa.pem x\ne ES256 p256.pem x\n");
    const id_key *r = id_keys_find(keys, "r"), *e = id_keys_find(keys, "e");
    unsigned char bytes[300];
    size_t n = pem_sign(rsa, "texto", bytes, sizeof bytes);
    ck_assert(id_key_verify(r, "texto", 5, bytes, n));
    ck_assert(!id_key_verify(r, "textos", 6, bytes, n));
    ck_assert(!id_key_verify(r, "texto", 5, bytes, n - 1));
    bytes[n] = 0;
    ck_assert(!id_key_verify(r, "texto", 5, bytes, n + 1));
    ck_assert(!id_key_verify(r, "texto", 5, bytes, 0));
    for (int high = 0; high < 2; high++) {
        pem_sign_raw(p256, "texto", high, bytes);
        ck_assert(id_key_verify(e, "texto", 5, bytes, 64));
        ck_assert(!id_key_verify(e, "texto", 5, bytes, 63));
        bytes[64] = 0;
        ck_assert(!id_key_verify(e, "texto", 5, bytes, 65));
        ck_assert(!id_key_verify(r, "texto", 5, bytes, 64));
        bytes[63] ^= 1;
        ck_assert(!id_key_verify(e, "texto", 5, bytes, 64));
    }
    n = pem_sign(p256, "texto", bytes, sizeof bytes); /* DER */
    ck_assert(!id_key_verify(e, "texto", 5, bytes, n));
    id_keys_free(keys);
}
END_TEST

/* Numbers that no honest signer makes: 0, 1, the order and its neighbours, the field's prime, all ones. */
START_TEST(impossible_numbers_are_no_signature) {
    static const char *const numbers[] = {"0",
                                          "1",
                                          "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632550",
                                          "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
                                          "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632552",
                                          "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
                                          "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"};
    enum { N = sizeof numbers / sizeof *numbers };
    pem_public("p256.pem", p256);
    id_keys *keys = load("e ES256 p256.pem x\n");
    for (int r = 0; r < N; r++)
        for (int s = 0; s < N; s++) {
            unsigned char bytes[64];
            BIGNUM *number = NULL;
            BN_hex2bn(&number, numbers[r]);
            BN_bn2binpad(number, bytes, 32);
            BN_hex2bn(&number, numbers[s]);
            BN_bn2binpad(number, bytes + 32, 32);
            BN_free(number);
            ck_assert(!id_key_verify(id_keys_find(keys, "e"), "texto", 5, bytes, 64));
        }
    id_keys_free(keys);
}
END_TEST

int main(void) {
    rsa = EVP_RSA_gen(2048);
    small_rsa = EVP_RSA_gen(1024);
    p256 = EVP_EC_gen("P-256");
    p384 = EVP_EC_gen("P-384");
    ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    bool made = EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_generate(ctx, &pss) == 1;
    EVP_PKEY_CTX_free(ctx);
    if (!made)
        return 2;
    Suite *s = suite_create("keys");
    TCase *c = tcase_create("keys");
    tcase_add_checked_fixture(c, setup, pem_close);
    tcase_add_test(c, the_current_key_alone_is_enough);
    tcase_add_test(c, a_list_names_further_keys);
    tcase_add_test(c, a_misshapen_list_is_refused_with_its_line);
    tcase_add_test(c, keys_that_are_too_weak_or_another_kind_are_refused);
    tcase_add_test(c, signatures_are_the_keys_own);
    tcase_add_test(c, impossible_numbers_are_no_signature);
    suite_add_tcase(s, c);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    EVP_PKEY *all[] = {rsa, small_rsa, p256, p384, ed25519, pss};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        EVP_PKEY_free(all[i]);
    return failed ? 1 : 0;
}
