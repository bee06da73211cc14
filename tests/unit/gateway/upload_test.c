/* The bound on what is forwarded at once, before a core that never answers. */
#include "tests/unit/gateway/front.h"

static const char body[] = "--b\r\nContent-Disposition: form-data; name=\"files\"\r\n\r\nGIF89a\r\n--b--";

static const request upload = {
    .verb = "POST", .path = "/api/notas/1/imagenes/upload", .type = "multipart/form-data; boundary=b", .body = body};

/* A gateway in whose bound one such body fits and two do not, and whose clients have a second to send them. */
static void start_small(void) {
    start_all();
    end(clear, SIGTERM);
    clear = start_gateway(&clear_port, &clear_admin,
                          (const char *const[]){"--upload-total", "1500", "--request-time", "1s", NULL});
    await_ready(false);
}

static void start_upload(char *padded, size_t size, int *fd) {
    char head[512];
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)clear_port)};
    memset(padded, ' ', size); /* an epilogue */
    memcpy(padded, body, strlen(body));
    int len = snprintf(head, sizeof head,
                       "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer h.espera.s\r\nContent-Type: %s\r\n"
                       "Content-Length: %zu\r\nGrpc-Timeout: 400m\r\n\r\n",
                       upload.path, upload.type, size);
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(*fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(send(*fd, head, (size_t)len, 0), len);
    ck_assert_int_eq(send(*fd, padded, size, 0), (ssize_t)size);
}

START_TEST(past_the_bound_it_is_503) {
    char padded[1000];
    int fd;
    start_upload(padded, sizeof padded, &fd);
    ck_assert(becomes("\npendientes_http_requests_in_flight ", 1));
    request second = upload;
    second.token = "bueno";
    second.body = padded;
    second.body_len = sizeof padded;
    answer *a = ask(&second);
    ck_assert_int_eq(a->status, 503);
    HEADER(a, "retry-after: 1");
    HAS(a, "\"code\":\"UNAVAILABLE\"");
    close(fd); /* heard of at the deadline; then its share is free again */
    ck_assert(becomes("\npendientes_http_requests_in_flight ", 0));
    a = ask(&second);
    ck_assert_int_ne(a->status, 503);
}
END_TEST

START_TEST(the_form_precedes_the_bound) {
    request r = upload;
    r.token = "bueno";
    r.body = "--b\r\nContent-Disposition: form-data; name=\"files\"\r\n\r\n<svg/>\r\n--b--";
    ck_assert_int_eq(ask(&r)->status, 415);
    r.token = "malo";
    ck_assert_int_eq(ask(&r)->status, 401);
    r.token = NULL;
    ck_assert_int_eq(ask(&r)->status, 401);
    r.token = "prohibido";
    r.body = body;
    ck_assert_int_eq(ask(&r)->status, 403);
    r.token = "desconocido"; /* of a piece: nothing counts yet, so it is plainly not done */
    ck_assert_int_eq(ask(&r)->status, 503);
}
END_TEST

START_TEST(a_request_has_its_time_to_arrive) {
    static const char *const halves[] = {
        "POST /api/notas/1/imagenes/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n--b",
        "GET /api/pendientes HTTP/1.1\r\nHost: x\r\nX-L"};
    char out[1024];
    uint64_t since = now_ms();
    ask_raw(halves[_i], strlen(halves[_i]), out, sizeof out, PATIENCE_MS); /* until the gateway closes */
    ck_assert_uint_lt(now_ms() - since, PATIENCE_MS / 2);
}
END_TEST

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--core") == 0)
        return core_main(argv[2]);
    Suite *suite = suite_create("upload");
    TCase *tcase = tcase_create("upload");
    tcase_add_unchecked_fixture(tcase, start_small, stop_all);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, past_the_bound_it_is_503);
    tcase_add_loop_test(tcase, a_request_has_its_time_to_arrive, 0, 2);
    tcase_add_test(tcase, the_form_precedes_the_bound);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
