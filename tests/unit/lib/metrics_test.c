#include "pendientes/metrics.h"

#include <check.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pd_arena *arena;

static char *printed(void) {
    pd_text text = {.arena = arena};
    pd_metrics_print(&text);
    return pd_arena_memdup(arena, text.at, text.len);
}

static int occurrences(const char *text, const char *part) {
    int n = 0;
    while ((text = strstr(text, part))) {
        n++;
        text += strlen(part);
    }
    return n;
}

static void has_line(const char *text, const char *line) {
    char *framed = pd_arena_printf(arena, "\n%s\n", line);
    ck_assert_msg(occurrences(pd_arena_printf(arena, "\n%s", text), framed) == 1, "%s\nis not once in\n%s", line, text);
}

static void setup(void) {
    arena = pd_arena_new();
}

static void teardown(void) {
    pd_arena_free(arena);
}

START_TEST(counters_and_gauges_print_their_values) {
    pd_metric *plain = pd_counter("pruebas_total", "", "Pruebas."), *gauge = pd_gauge("nivel", "", "Nivel.");
    pd_metric_add(plain, 2);
    pd_metric_add(plain, 3);
    pd_metric_set(gauge, -7);
    char *text = printed();
    has_line(text, "# HELP pruebas_total Pruebas.");
    has_line(text, "# TYPE pruebas_total counter");
    has_line(text, "pruebas_total 5");
    has_line(text, "# TYPE nivel gauge");
    has_line(text, "nivel -7");
    ck_assert_int_eq(pd_metric_value(plain), 5);
}
END_TEST

START_TEST(labels_share_one_family) {
    pd_metric *a = pd_counter("llamadas_total", "code=\"OK\"", "Llamadas.");
    pd_metric *other = pd_counter("otra_total", "", "Otra.");
    pd_metric *b = pd_counter("llamadas_total", "code=\"NOT_FOUND\"", "Llamadas.");
    ck_assert_ptr_ne(a, b);
    ck_assert_ptr_ne(a, other);
    ck_assert_ptr_eq(a, pd_counter("llamadas_total", "code=\"OK\"", "Llamadas."));
    pd_metric_add(a, 1);
    pd_metric_add(b, 2);
    char *text = printed();
    ck_assert_int_eq(occurrences(text, "# HELP llamadas_total "), 1);
    ck_assert_int_eq(occurrences(text, "# TYPE llamadas_total "), 1);
    /* a family's lines stand together, though another was registered between them */
    ck_assert_ptr_nonnull(strstr(text, "# TYPE llamadas_total counter\nllamadas_total{code=\"OK\"} 1\n"
                                       "llamadas_total{code=\"NOT_FOUND\"} 2\n"));
}
END_TEST

START_TEST(a_histogram_counts_upwards_to_infinity) {
    pd_metric *h = pd_histogram("espera_seconds", "lane=\"read\"", "Espera.");
    pd_metric_observe(h, 100);      /* on the first bound: counts below it */
    pd_metric_observe(h, 101);      /* the second */
    pd_metric_observe(h, 20000000); /* above all */
    char *text = printed();
    has_line(text, "# TYPE espera_seconds histogram");
    has_line(text, "espera_seconds_bucket{lane=\"read\",le=\"0.0001\"} 1");
    has_line(text, "espera_seconds_bucket{lane=\"read\",le=\"0.00025\"} 2");
    has_line(text, "espera_seconds_bucket{lane=\"read\",le=\"10\"} 2");
    has_line(text, "espera_seconds_bucket{lane=\"read\",le=\"+Inf\"} 3");
    has_line(text, "espera_seconds_count{lane=\"read\"} 3");
    has_line(text, "espera_seconds_sum{lane=\"read\"} 20.000201");
    pd_metric_observe(pd_histogram("sola_seconds", "", "Sola."), 1);
    text = printed();
    has_line(text, "sola_seconds_bucket{le=\"+Inf\"} 1");
    has_line(text, "sola_seconds_count 1");
}
END_TEST

/* Prometheus' text format 0.0.4, line by line: comments announce a family once and before its samples, which follow it
 * at once; no sample comes twice. */
START_TEST(the_whole_text_is_in_the_format) {
    pd_counter("una_total", "a=\"x\",b=\"y z\"", "Una.");
    pd_histogram("dos_seconds", "m=\"A/B\"", "Dos.");
    char *text = printed(), *rest = NULL, *seen = pd_arena_strdup(arena, "\n");
    regex_t sample;
    ck_assert_int_eq(regcomp(&sample,
                             "^[a-zA-Z_:][a-zA-Z0-9_:]*(\\{[a-zA-Z_][a-zA-Z0-9_]*=\"([^\"\\\\]|\\\\.)*\""
                             "(,[a-zA-Z_][a-zA-Z0-9_]*=\"([^\"\\\\]|\\\\.)*\")*\\})? [-+0-9.eE]+$",
                             REG_EXTENDED | REG_NOSUB),
                     0);
    ck_assert_int_eq(text[strlen(text) - 1], '\n');
    char family[128] = "", announced[128];
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (sscanf(line, "# HELP %127s", announced) == 1) {
            ck_assert_msg(!strstr(seen, pd_arena_printf(arena, "\n# %s\n", announced)), "twice: %s", announced);
            seen = pd_arena_printf(arena, "%s# %s\n", seen, announced);
            strcpy(family, announced);
        } else if (sscanf(line, "# TYPE %127s", announced) == 1) {
            ck_assert_str_eq(announced, family);
        } else {
            ck_assert_msg(regexec(&sample, line, 0, NULL, 0) == 0, "no sample: %s", line);
            ck_assert_msg(strncmp(line, family, strlen(family)) == 0, "%s is not of %s", line, family);
            char *name = pd_arena_printf(arena, "\n%.*s\n", (int)(strrchr(line, ' ') - line), line);
            ck_assert_msg(!strstr(seen, name), "twice: %s", line);
            seen = pd_arena_printf(arena, "%s%s\n", seen, name + 1);
        }
    }
    regfree(&sample);
}
END_TEST

START_TEST(the_process_tells_of_itself) {
    pd_counter("algo_total", "", "Algo.");
    char *text = printed();
    const char *rss = strstr(text, "\nprocess_resident_memory_bytes "), *fds = strstr(text, "\nprocess_open_fds "),
               *start = strstr(text, "\nprocess_start_time_seconds ");
    ck_assert(rss && fds && start && strstr(text, "\nprocess_cpu_seconds_total "));
    ck_assert_int_gt(atoll(strchr(rss, ' ')), 100000);
    ck_assert_int_ge(atoll(strchr(fds, ' ')), 3);
    ck_assert_int_gt(atoll(strchr(start, ' ')), 1700000000);
}
END_TEST

static void *print_often(void *arg) {
    for (int i = 0; i < 200; i++) {
        pd_arena *own = pd_arena_new();
        pd_text text = {.arena = own};
        pd_metrics_print(&text);
        pd_arena_free(own);
    }
    return arg;
}

START_TEST(another_thread_may_print_while_values_change) {
    pthread_t thread;
    pd_metric *m = pd_counter("carrera_total", "", "Carrera.");
    ck_assert_int_eq(pthread_create(&thread, NULL, print_often, NULL), 0);
    for (int i = 0; i < 1000; i++) {
        pd_metric_add(m, 1);
        pd_histogram("carrera_seconds", i % 2 ? "n=\"1\"" : "n=\"0\"", "Carrera.");
    }
    pthread_join(thread, NULL);
    has_line(printed(), "carrera_total 1000");
}
END_TEST

int main(void) {
    Suite *s = suite_create("metrics");
    TCase *c = tcase_create("metrics");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, counters_and_gauges_print_their_values);
    tcase_add_test(c, labels_share_one_family);
    tcase_add_test(c, a_histogram_counts_upwards_to_infinity);
    tcase_add_test(c, the_whole_text_is_in_the_format);
    tcase_add_test(c, the_process_tells_of_itself);
    tcase_add_test(c, another_thread_may_print_while_values_change);
    suite_add_tcase(s, c);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
