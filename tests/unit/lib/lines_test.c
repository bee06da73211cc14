#include "pendientes/lines.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char out[1 << 17];

/* What was written to stderr by `make`. */
static const char *written(void (*make)(pd_lines *)) {
    char path[] = "/tmp/lines-XXXXXX";
    int file = mkstemp(path), old = dup(STDERR_FILENO);
    dup2(file, STDERR_FILENO);
    pd_lines *lines = pd_lines_new("prueba");
    make(lines);
    pd_lines_free(lines);
    dup2(old, STDERR_FILENO);
    close(old);
    lseek(file, 0, SEEK_SET);
    ssize_t n = read(file, out, sizeof out - 1);
    out[n > 0 ? n : 0] = '\0';
    close(file);
    unlink(path);
    return out;
}

static void one(pd_lines *lines) {
    ck_assert(pd_lines_begin(lines, PD_LOG_INFO, "call"));
    pd_lines_text(lines, "method", "A/B");
    pd_lines_text(lines, "traceparent", NULL);
    pd_lines_number(lines, "user", 0);
    pd_lines_millis(lines, "ms", 12045);
    pd_lines_end(lines);
}

START_TEST(a_line_is_json) {
    pd_log_init("x", PD_LOG_INFO);
    const char *text = written(one);
    ck_assert_ptr_eq(strstr(text, "{\"ts\":\""), text);
    ck_assert_ptr_nonnull(strstr(
        text,
        "Z\",\"level\":\"info\",\"proc\":\"prueba\",\"msg\":\"call\",\"method\":\"A/B\",\"user\":0,\"ms\":12.045}\n"));
}
END_TEST

static void below(pd_lines *lines) {
    ck_assert(!pd_lines_begin(lines, PD_LOG_INFO, "call"));
}

START_TEST(nothing_below_the_level) {
    pd_log_init("x", PD_LOG_WARN);
    ck_assert_str_eq(written(below), "");
}
END_TEST

static void many(pd_lines *lines) {
    char longest[600];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (int i = 0; i < 120; i++) {
        ck_assert(pd_lines_begin(lines, PD_LOG_WARN, "call"));
        pd_lines_text(lines, "id", longest);
        pd_lines_end(lines);
    }
}

START_TEST(a_full_buffer_is_written_and_a_long_value_cut) {
    pd_log_init("x", PD_LOG_INFO);
    const char *text = written(many);
    size_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    ck_assert_uint_eq(lines, 120);
    ck_assert_uint_eq(strspn(strstr(text, "\"id\":\"") + 6, "a"), 512);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("lines");
    TCase *tcase = tcase_create("lines");
    tcase_add_test(tcase, a_line_is_json);
    tcase_add_test(tcase, nothing_below_the_level);
    tcase_add_test(tcase, a_full_buffer_is_written_and_a_long_value_cut);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
