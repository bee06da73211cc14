#include "pendientes/admin.h"
#include "pendientes/metrics.h"

#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char url[64], answer[256 * 1024];
static struct sockaddr_in address;

/* A port that nobody has at this moment. */
static void setup(void) {
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    getsockname(fd, (struct sockaddr *)&address, &len);
    close(fd);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
}

/* The status; the answer's text in `answer`. */
static int ask(const char *method, const char *path) {
    char request[256];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    int n = snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path);
    ck_assert_int_eq(write(fd, request, (size_t)n), n);
    size_t len = 0;
    for (ssize_t got; len < sizeof answer - 1 && (got = read(fd, answer + len, sizeof answer - 1 - len)) > 0;)
        len += (size_t)got;
    answer[len] = 0;
    close(fd);
    return len > 12 ? atoi(answer + 9) : 0;
}

static pd_admin *listening(void) {
    const char *error = NULL;
    pd_admin *admin = pd_admin_new(url, &error);
    ck_assert_msg(admin != NULL, "%s", error);
    return admin;
}

START_TEST(live_always_and_ready_when_told) {
    pd_admin *admin = listening();
    ck_assert_int_eq(ask("GET", "/live"), 200);
    ck_assert_int_eq(ask("GET", "/ready"), 503);
    pd_admin_ready(admin, true);
    ck_assert_int_eq(ask("GET", "/ready"), 200);
    pd_admin_ready(admin, false);
    ck_assert_int_eq(ask("GET", "/ready"), 503);
    ck_assert_int_eq(ask("GET", "/live"), 200);
    pd_admin_free(admin);
}
END_TEST

START_TEST(metrics_are_those_of_the_process) {
    pd_admin *admin = listening();
    pd_metric_add(pd_counter("cosas_total", "", "Cosas."), 3);
    ck_assert_int_eq(ask("GET", "/metrics"), 200);
    ck_assert_ptr_nonnull(strstr(answer, "\r\nContent-Type: text/plain; version=0.0.4"));
    ck_assert_ptr_nonnull(strstr(answer, "\ncosas_total 3\n"));
    ck_assert_int_eq(ask("HEAD", "/metrics"), 200);
    ck_assert_ptr_null(strstr(answer, "cosas_total"));
    pd_admin_free(admin);
}
END_TEST

START_TEST(nothing_else_is_there) {
    pd_admin *admin = listening();
    ck_assert_int_eq(ask("GET", "/"), 404);
    ck_assert_int_eq(ask("GET", "/metrics/x"), 404);
    ck_assert_int_eq(ask("POST", "/live"), 405);
    pd_admin_free(admin);
}
END_TEST

START_TEST(a_port_that_cannot_be_had_is_named) {
    const char *error = NULL;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_ptr_null(pd_admin_new(url, &error));
    ck_assert_ptr_nonnull(strstr(error, url));
    close(fd);
    static const char *const bad[] = {"", "127.0.0.1:9090", "ipc:///tmp/x", "http://no.hay.tal.invalid:1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        error = NULL;
        ck_assert_msg(pd_admin_new(bad[i], &error) == NULL, "%s", bad[i]);
        ck_assert_ptr_nonnull(error);
        ck_assert_ptr_nonnull(strstr(error, bad[i]));
    }
    pd_admin_free(NULL);
}
END_TEST

static void *ask_often(void *arg) {
    for (int i = 0; i < 50; i++) {
        int status = ask("GET", "/ready");
        ck_assert_msg(status == 200 || status == 503, "%d", status);
    }
    return arg;
}

START_TEST(readiness_may_change_while_it_is_asked) {
    pd_admin *admin = listening();
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_often, NULL), 0);
    for (int i = 0; i < 1000; i++)
        pd_admin_ready(admin, i % 2);
    pthread_join(thread, NULL);
    pd_admin_free(admin);
}
END_TEST

int main(void) {
    Suite *s = suite_create("admin");
    TCase *c = tcase_create("admin");
    tcase_add_checked_fixture(c, setup, NULL);
    tcase_set_timeout(c, 20);
    tcase_add_test(c, live_always_and_ready_when_told);
    tcase_add_test(c, metrics_are_those_of_the_process);
    tcase_add_test(c, nothing_else_is_there);
    tcase_add_test(c, a_port_that_cannot_be_had_is_named);
    tcase_add_test(c, readiness_may_change_while_it_is_asked);
    suite_add_tcase(s, c);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
