#include "pendientes/config.h"

#include <check.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct sample {
    const char *name, *mode, *list, *secret;
    int64_t count, wait, size;
    bool loud;
} sample;

#define AT(member) offsetof(sample, member)

static const pd_setting table[] = {
    {.name = "the-name", .kind = PD_SETTING_TEXT, .offset = AT(name), .required = true, .help = "A name."},
    {.name = "mode", .kind = PD_SETTING_CHOICE, .offset = AT(mode), .fallback = "slow", .choices = "slow|fast"},
    {.name = "list", .kind = PD_SETTING_LIST, .offset = AT(list)},
    {.name = "secret", .kind = PD_SETTING_TEXT, .offset = AT(secret), .secret = true},
    {.name = "count", .kind = PD_SETTING_INT, .offset = AT(count), .fallback = "8", .min = 1, .max = 16},
    {.name = "wait", .kind = PD_SETTING_DURATION, .offset = AT(wait), .fallback = "2s", .min = 1, .max = 60000},
    {.name = "size", .kind = PD_SETTING_SIZE, .offset = AT(size), .fallback = "64K"},
    {.name = "loud", .kind = PD_SETTING_BOOL, .offset = AT(loud), .fallback = "off"},
    {.name = NULL},
};

static char out[16 * 1024], err[16 * 1024];
static sample got;

static void collect(FILE *from, int fd, int saved, char *text) {
    fflush(NULL);
    dup2(saved, fd);
    close(saved);
    ssize_t len = pread(fileno(from), text, sizeof out - 1, 0);
    text[len > 0 ? len : 0] = 0;
    fclose(from);
}

/* Words end with NULL. */
static pd_config_end read_words(const char *first, ...) {
    char *words[16];
    int n = 0;
    va_list args;
    va_start(args, first);
    for (const char *word = first; word; word = va_arg(args, const char *))
        words[n++] = (char *)word;
    va_end(args);
    memset(&got, 0, sizeof got);
    fflush(NULL);
    FILE *to_out = tmpfile(), *to_err = tmpfile();
    int saved_out = dup(STDOUT_FILENO), saved_err = dup(STDERR_FILENO);
    dup2(fileno(to_out), STDOUT_FILENO);
    dup2(fileno(to_err), STDERR_FILENO);
    pd_config_end end = pd_config_read("prueba", "tries settings", table, &got, n, words);
    collect(to_out, STDOUT_FILENO, saved_out, out);
    collect(to_err, STDERR_FILENO, saved_err, err);
    return end;
}

static void refused(pd_config_end end, const char *naming) {
    ck_assert_int_eq(end, PD_CONFIG_BAD);
    ck_assert_msg(strstr(err, naming), "%s is not named in: %s", naming, err);
    ck_assert_ptr_eq(strchr(err, '\n'), err + strlen(err) - 1);
}

static char file[64];

static const char *config_file(const char *text) {
    strcpy(file, "/tmp/config_test_XXXXXX");
    int fd = mkstemp(file);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return file;
}

static void setup(void) {
    static const char *const names[] = {"THE_NAME", "MODE", "LIST", "SECRET", "COUNT",
                                        "WAIT",     "SIZE", "LOUD", "CONFIG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[64];
        snprintf(name, sizeof name, "PENDIENTES_%s", names[i]);
        unsetenv(name);
    }
    *file = 0;
}

static void teardown(void) {
    if (*file)
        unlink(file);
}

START_TEST(defaults_count_where_nothing_is_said) {
    ck_assert_int_eq(read_words("--the-name", "x", NULL), PD_CONFIG_GO);
    ck_assert_str_eq(got.name, "x");
    ck_assert_str_eq(got.mode, "slow");
    ck_assert_ptr_null(got.list);
    ck_assert_int_eq(got.count, 8);
    ck_assert_int_eq(got.wait, 2000);
    ck_assert_int_eq(got.size, 64 << 10);
    ck_assert(!got.loud);
}
END_TEST

START_TEST(a_flag_beats_the_environment_which_beats_the_file) {
    const char *path = config_file("# a comment\n\n  count = 3\nthe_name = from file\nwait=1s\nsize = 1M\n");
    ck_assert_int_eq(read_words("--config", path, NULL), PD_CONFIG_GO);
    ck_assert_str_eq(got.name, "from file");
    ck_assert_int_eq(got.count, 3);
    ck_assert_int_eq(got.size, 1 << 20);
    setenv("PENDIENTES_COUNT", "4", 1);
    setenv("PENDIENTES_THE_NAME", "from environment", 1);
    ck_assert_int_eq(read_words("--config", path, NULL), PD_CONFIG_GO);
    ck_assert_str_eq(got.name, "from environment");
    ck_assert_int_eq(got.count, 4);
    ck_assert_int_eq(got.wait, 1000);
    char both[128];
    snprintf(both, sizeof both, "--config=%s", path);
    ck_assert_int_eq(read_words("--count=5", both, "--the-name=from flag", NULL), PD_CONFIG_GO);
    ck_assert_str_eq(got.name, "from flag");
    ck_assert_int_eq(got.count, 5);
    setenv("PENDIENTES_CONFIG", path, 1);
    ck_assert_int_eq(read_words(NULL, NULL), PD_CONFIG_GO);
    ck_assert_int_eq(got.wait, 1000);
}
END_TEST

START_TEST(every_kind_has_its_forms) {
    ck_assert_int_eq(
        read_words("--the-name", "x", "--loud", "--wait", "500ms", "--mode", "fast", "--list", "a,b", NULL),
        PD_CONFIG_GO);
    ck_assert(got.loud);
    ck_assert_int_eq(got.wait, 500);
    ck_assert_str_eq(got.mode, "fast");
    ck_assert_str_eq(got.list, "a,b");
    ck_assert_int_eq(read_words("--the-name", "x", "--loud=false", "--wait=1m", "--size=512", NULL), PD_CONFIG_GO);
    ck_assert(!got.loud);
    ck_assert_int_eq(got.wait, 60000);
    ck_assert_int_eq(got.size, 512);
}
END_TEST

START_TEST(what_is_unknown_is_refused_by_name) {
    refused(read_words("--the-name", "x", "--nombre", "y", NULL), "--nombre");
    refused(read_words("--the-name", "x", "--nombre=y", NULL), "--nombre");
    refused(read_words("--the-name", "x", "--the", "y", NULL), "--the");
    refused(read_words("--the-name", "x", "suelta", NULL), "suelta");
    refused(read_words("--config", config_file("the_name = x\nnombre = y\n"), NULL), ":2: ");
    ck_assert_ptr_nonnull(strstr(err, "nombre"));
    unlink(file);
    refused(read_words("--config", config_file("the_name = x\nnada\n"), NULL), ":2: ");
    refused(read_words("--config", "/no/hay/tal", NULL), "/no/hay/tal");
    unlink(file);
    char line[5000];
    snprintf(line, sizeof line, "the_name = %04900d\n", 1);
    refused(read_words("--config", config_file(line), NULL), ":1: the line is too long");
}
END_TEST

START_TEST(bad_values_are_refused_with_their_source) {
    static const char *const bad[] = {
        "--count=0",     "--count=17", "--count=1.5",         "--count=",
        "--count=5x",    "--count=+5", "--count= 5",          "--count=1e1",
        "--wait=5",      "--wait=2m",  "--wait=0s",           "--wait=s",
        "--mode=medium", "--mode=slo", "--mode=slow|fast",    "--mode=",
        "--loud=maybe",  "--size=1T",  "--size=99999999999G", "--count=99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char flag[32];
        snprintf(flag, sizeof flag, "%.*s", (int)strcspn(bad[i], "="), bad[i]);
        refused(read_words("--the-name", "x", bad[i], NULL), flag);
    }
    setenv("PENDIENTES_COUNT", "many", 1);
    refused(read_words("--the-name", "x", NULL), "PENDIENTES_COUNT");
    unsetenv("PENDIENTES_COUNT");
    refused(read_words("--config", config_file("the_name = x\ncount = many\n"), NULL), ":2");
    refused(read_words("--the-name", NULL), "--the-name");
}
END_TEST

START_TEST(what_is_required_must_be_there) {
    refused(read_words("--count", "5", NULL), "--the-name");
    refused(read_words("--the-name", "", NULL), "--the-name");
}
END_TEST

START_TEST(help_comes_from_the_table) {
    ck_assert_int_eq(read_words("--help", NULL), PD_CONFIG_DONE);
    ck_assert_ptr_nonnull(strstr(out, "tries settings"));
    for (const pd_setting *s = table; s->name; s++) {
        char flag[64];
        snprintf(flag, sizeof flag, "--%s", s->name);
        ck_assert_msg(strstr(out, flag), "%s", flag);
    }
    ck_assert_ptr_nonnull(strstr(out, "A name. (required)"));
    ck_assert_ptr_nonnull(strstr(out, "slow|fast"));
    ck_assert_ptr_nonnull(strstr(out, "(default: 64K)"));
    ck_assert_int_eq(read_words("--version", NULL), PD_CONFIG_DONE);
    ck_assert_int_eq(strncmp(out, "prueba ", 7), 0);
}
END_TEST

START_TEST(what_is_printed_can_be_read_again_but_for_secrets) {
    ck_assert_int_eq(read_words("--print-config", "--the-name", "un nombre", "--count=9", "--secret", "oculto", NULL),
                     PD_CONFIG_DONE);
    ck_assert_ptr_nonnull(strstr(out, "the_name = un nombre\n"));
    ck_assert_ptr_nonnull(strstr(out, "count = 9\n"));
    ck_assert_ptr_nonnull(strstr(out, "secret = ***\n"));
    ck_assert_ptr_null(strstr(out, "oculto"));
    ck_assert_int_eq(read_words("--config", config_file(out), NULL), PD_CONFIG_GO);
    ck_assert_str_eq(got.name, "un nombre");
    ck_assert_int_eq(got.count, 9);
    refused(read_words("--print-config", "--the-name", "x", "--count=99", NULL), "--count");
}
END_TEST

int main(void) {
    Suite *s = suite_create("config");
    TCase *c = tcase_create("config");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, defaults_count_where_nothing_is_said);
    tcase_add_test(c, a_flag_beats_the_environment_which_beats_the_file);
    tcase_add_test(c, every_kind_has_its_forms);
    tcase_add_test(c, what_is_unknown_is_refused_by_name);
    tcase_add_test(c, bad_values_are_refused_with_their_source);
    tcase_add_test(c, what_is_required_must_be_there);
    tcase_add_test(c, help_comes_from_the_table);
    tcase_add_test(c, what_is_printed_can_be_read_again_but_for_secrets);
    suite_add_tcase(s, c);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
