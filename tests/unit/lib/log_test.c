#include "pendientes/log.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char written[64 * 1024];

/* What `pd_log_write` puts on stderr. */
static const char *line_of(pd_log_level level, const char *msg, const pd_log_pair *pairs, size_t n) {
    FILE *to = tmpfile();
    int saved = dup(STDERR_FILENO);
    ck_assert(to && saved >= 0);
    dup2(fileno(to), STDERR_FILENO);
    pd_log_write(level, msg, pairs, n);
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t len = pread(fileno(to), written, sizeof written - 1, 0);
    ck_assert_int_ge(len, 0);
    written[len] = 0;
    fclose(to);
    return written;
}

/* A stranger's judgement: one line, which Python reads as a JSON object; the value of `key` is printed. */
static const char *value(const char *line, const char *key) {
    static char out[16 * 1024];
    char file[] = "/tmp/log_test_XXXXXX", command[512];
    int fd = mkstemp(file);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, line, strlen(line)), (ssize_t)strlen(line));
    close(fd);
    snprintf(command, sizeof command,
             "python3 -I -S -c 'import json, sys; t = open(sys.argv[1], \"rb\").read().decode(); assert "
             "t.count(chr(10)) == 1 and "
             "t.endswith(chr(10)); v = json.loads(t)[sys.argv[2]]; sys.stdout.buffer.write(str(v).encode())' %s %s",
             file, key);
    FILE *p = popen(command, "r");
    ck_assert_ptr_nonnull(p);
    out[fread(out, 1, sizeof out - 1, p)] = 0;
    ck_assert_msg(pclose(p) == 0, "not a line of JSON: %s", line);
    unlink(file);
    return out;
}

START_TEST(a_line_has_time_level_process_message_and_pairs) {
    const pd_log_pair pairs[] = {PD_S("path", "/api"), PD_I("status", -5), PD_S("none", NULL)};
    pd_log_init("prueba", PD_LOG_INFO);
    const char *line = line_of(PD_LOG_WARN, "hola", pairs, 3);
    ck_assert_str_eq(value(line, "level"), "warn");
    ck_assert_str_eq(value(line, "proc"), "prueba");
    ck_assert_str_eq(value(line, "msg"), "hola");
    ck_assert_str_eq(value(line, "path"), "/api");
    ck_assert_str_eq(value(line, "status"), "-5");
    ck_assert_str_eq(value(line, "none"), "");
    const char *ts = value(line, "ts");
    ck_assert_uint_eq(strlen(ts), strlen("2026-11-23T21:00:00.000000Z"));
    ck_assert(ts[10] == 'T' && ts[26] == 'Z');
}
END_TEST

START_TEST(whatever_a_text_holds_the_line_stays_one_object) {
    const pd_log_pair pairs[] = {PD_S("text", "a\"b\\c\nd\re\tf\x01\x7f ñ 😀 \xff\xc3")};
    const char *line = line_of(PD_LOG_INFO, "salto\nde línea", pairs, 1);
    ck_assert_str_eq(value(line, "msg"), "salto\nde línea");
    ck_assert_str_eq(value(line, "text"), "a\"b\\c\nd\re\tf\x01\x7f ñ 😀 \xef\xbf\xbd\xef\xbf\xbd");
}
END_TEST

START_TEST(long_texts_are_cut_and_too_many_left_out) {
    char *text = malloc(20001);
    memset(text, 1, 20000);
    text[20000] = 0;
    pd_log_pair pairs[12];
    for (int i = 0; i < 12; i++)
        pairs[i] = PD_S(i == 0 ? "first" : "other", text);
    const char *line = line_of(PD_LOG_INFO, text, pairs, 12);
    ck_assert_uint_eq(strlen(value(line, "msg")), 1024);
    ck_assert_uint_le(strlen(line), 8192);
    /* a cut in the middle of a character must not tear it */
    for (int i = 0; i < 20000; i += 2)
        memcpy(text + i, "ñ", 2);
    line = line_of(PD_LOG_INFO, text + 1, pairs, 1);
    value(line, "msg");
    free(text);
}
END_TEST

START_TEST(levels_have_names_and_an_order) {
    pd_log_level level;
    ck_assert(pd_log_level_parse("debug", &level) && level == PD_LOG_DEBUG);
    ck_assert(pd_log_level_parse("error", &level) && level == PD_LOG_ERROR);
    ck_assert(!pd_log_level_parse("loud", &level));
    pd_log_init("prueba", PD_LOG_WARN);
    ck_assert(!pd_log_on(PD_LOG_INFO));
    ck_assert(pd_log_on(PD_LOG_WARN));
}
END_TEST

int main(void) {
    Suite *s = suite_create("log");
    TCase *c = tcase_create("log");
    tcase_add_test(c, a_line_has_time_level_process_message_and_pairs);
    tcase_add_test(c, whatever_a_text_holds_the_line_stays_one_object);
    tcase_add_test(c, long_texts_are_cut_and_too_many_left_out);
    tcase_add_test(c, levels_have_names_and_an_order);
    suite_add_tcase(s, c);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
