/* Streams of events over real sockets, from a core that does what each test needs. */
#include "tests/unit/gateway/events_core.h"
#include "tests/unit/gateway/front.h"

#include <errno.h>

/* --- a reader --- */

enum { SEEN = 32 << 20 };

typedef struct stream {
    int fd;
    size_t len;
    char *seen; /* headers, chunk sizes and all */
} stream;

static stream open_stream(const char *query, const char *headers) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)clear_port)};
    stream s = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .seen = calloc(1, SEEN)};
    char text[1024];
    ck_assert_int_eq(connect(s.fd, (struct sockaddr *)&address, sizeof address), 0);
    int n =
        snprintf(text, sizeof text, "GET /api/eventos%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer h.ana.s\r\n%s\r\n",
                 query, headers);
    ck_assert_int_eq(send(s.fd, text, (size_t)n, 0), n);
    return s;
}

static void close_stream(stream *s) {
    close(s->fd);
    free(s->seen);
}

/* False when it has ended. */
static bool read_some(stream *s, int ms) {
    struct timeval patience = {ms / 1000, ms % 1000 * 1000};
    setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ck_assert_uint_lt(s->len + 1, SEEN);
    ssize_t n = recv(s->fd, s->seen + s->len, SEEN - 1 - s->len, 0);
    if (n > 0)
        s->len += (size_t)n;
    s->seen[s->len] = '\0';
    return n > 0 || (n < 0 && errno == EAGAIN);
}

static void await(stream *s, const char *text, int ms) {
    size_t from = 0;
    for (uint64_t until = now_ms() + (uint64_t)ms; !strstr(s->seen + from, text);) {
        from = s->len > strlen(text) ? s->len - strlen(text) : 0;
        ck_assert_msg(now_ms() < until, "no %s within %d ms; the last:\n%s", text, ms,
                      s->seen + (s->len > 1000 ? s->len - 1000 : 0));
        ck_assert_msg(read_some(s, 50), "ended before %s:\n%.2000s", text, s->seen);
    }
}

static void await_event(stream *s, int64_t number) {
    char text[64];
    snprintf(text, sizeof text, "id: %lld\ndata: ", (long long)number);
    await(s, text, PATIENCE_MS);
}

static void await_end(stream *s) {
    uint64_t until = now_ms() + PATIENCE_MS;
    while (read_some(s, 50) && !strstr(s->seen, "\r\n0\r\n\r\n"))
        ck_assert_msg(now_ms() < until, "does not end:\n%.2000s", s->seen);
}

/* The events that came are those of `step` between the numbers, each once, in order. */
static void check_events(const stream *s, int64_t first, int64_t last, int step) {
    int64_t next = first;
    for (const char *at = s->seen; (at = strstr(at, "\ndata: {\"id\":")); at += 8) {
        ck_assert_int_eq(strtoll(at + strlen("\ndata: {\"id\":"), NULL, 10), next);
        next += step;
    }
    ck_assert_int_eq(next, last + step);
}

#define ABSENT(stream_, text_) ck_assert_msg(!strstr((stream_).seen, text_), "%s in:\n%.2000s", text_, (stream_).seen)

static int64_t add_events(int64_t n) {
    int64_t head;
    FAKE(head = fake.head += n);
    return head;
}

/* The gateway has all there is. */
static int64_t settle(void) {
    int64_t head = -1, shown = -2;
    for (uint64_t until = now_ms() + PATIENCE_MS; head != shown && now_ms() < until; usleep(1000))
        FAKE(head = fake.head; shown = fake.shown);
    ck_assert_int_eq(head, shown);
    return head;
}

/* As after a start; the gateway follows. */
static void reset(void) {
    FAKE(fake.hub_head = 0; fake.first = 1; fake.bits = 4; fake.banned = fake.down = fake.slow = false;
         fake.failing = 0);
    stream s = open_stream("", "");
    await(&s, "retry: ", PATIENCE_MS);
    close_stream(&s);
}

/* --- tests --- */

START_TEST(test_shows_what_is_seen) {
    add_events(1 + fake.head % 2); /* an odd one was the last */
    int64_t from = settle();
    stream s = open_stream("", "");
    await(&s, "\r\n\r\n", PATIENCE_MS);
    char begin[64];
    snprintf(begin, sizeof begin, "retry: 1000\nid: %lld\n\n", (long long)from);
    await(&s, begin, PATIENCE_MS);
    ck_assert_ptr_nonnull(strstr(s.seen, "HTTP/1.1 200"));
    ck_assert_ptr_nonnull(strcasestr(s.seen, "content-type: text/event-stream"));
    ck_assert_ptr_nonnull(strcasestr(s.seen, "cache-control: no-store"));
    add_events(4);
    await_event(&s, from + 4);
    check_events(&s, from + 2, from + 4, 2);
    ABSENT(s, "lectura");
    close_stream(&s);
}
END_TEST

START_TEST(test_filters) {
    stream by_order = open_stream("?pendienteId=3", ""), by_type = open_stream("?tipo=NOTA", "");
    await(&by_order, "retry: ", PATIENCE_MS);
    await(&by_type, "retry: ", PATIENCE_MS);
    int64_t head = add_events(40), last = head - (head % 10 - 3 + 10) % 10;
    await_event(&by_order, last);
    check_events(&by_order, last - 30, last, 10);
    ABSENT(by_type, "data:");
    close_stream(&by_order);
    close_stream(&by_type);
}
END_TEST

/* From memory, and from before the gateway's memory; as a header, and in the query. */
static const int behind[] = {100, 4000, 9000};

START_TEST(test_resumes) {
    char text[64], query[64];
    FAKE(fake.bits = 8);
    int64_t head = add_events(10000), since = head - behind[_i / 2];
    snprintf(text, sizeof text, "Last-Event-ID: %lld\r\n", (long long)since);
    snprintf(query, sizeof query, "?desde=%lld", (long long)(_i % 2 ? since : 0));
    stream s = _i % 2 ? open_stream(query, "") : open_stream(query, text);
    await_event(&s, head);
    head = add_events(10);
    await_event(&s, head);
    check_events(&s, since + 1, head, 1);
    ABSENT(s, "recortado");
    close_stream(&s);
}
END_TEST

/* The core reads what is asked for, not all that there was. */
START_TEST(test_resumes_filtered) {
    char text[64];
    FAKE(fake.bits = 8);
    add_events(20000);
    int64_t head = settle(), last = head - (head % 10 - 3 + 10) % 10;
    FAKE(fake.reads = 0);
    snprintf(text, sizeof text, "Last-Event-ID: %lld\r\n", (long long)last - 15000);
    stream s = open_stream("?pendienteId=3", text);
    await_event(&s, last);
    check_events(&s, last - 14990, last, 10);
    ck_assert_int_lt(fake.reads, 20);
    close_stream(&s);
}
END_TEST

static void await_reads(int n) {
    int reads = 0;
    for (uint64_t until = now_ms() + PATIENCE_MS; reads < n && now_ms() < until; usleep(1000))
        FAKE(reads = fake.reads);
    ck_assert_int_ge(reads, n);
}

/* Another gateway has shown more than this one has seen yet. */
START_TEST(test_ahead_of_this_gateway) {
    char text[64];
    FAKE(fake.bits = 8; fake.hub_head = fake.head);
    int64_t head = add_events(6);
    snprintf(text, sizeof text, "Last-Event-ID: %lld\r\n", (long long)head - 2);
    stream s = open_stream("", text);
    await_event(&s, head);
    FAKE(fake.hub_head = 0);
    head = add_events(2);
    await_event(&s, head);
    check_events(&s, head - 3, head, 1);
    close_stream(&s);
}
END_TEST

/* And this one catches up while a core is still answering for how far the numbers go. */
START_TEST(test_ahead_while_it_is_read) {
    char text[64];
    FAKE(fake.bits = 8; fake.hub_head = fake.head);
    int64_t head = add_events(4);
    FAKE(fake.slow = true; fake.reads = 0);
    snprintf(text, sizeof text, "Last-Event-ID: %lld\r\n", (long long)head - 2);
    stream s = open_stream("", text);
    await_reads(1);
    FAKE(fake.hub_head = 0);
    add_events(6);
    settle();
    FAKE(fake.slow = false);
    head = add_events(2);
    await_event(&s, head);
    check_events(&s, head - 9, head, 1);
    ABSENT(s, "recortado");
    close_stream(&s);
}
END_TEST

/* What was never given is of another database: the reader is told, and goes on. */
START_TEST(test_never_given) {
    char text[64];
    FAKE(fake.bits = 8);
    snprintf(text, sizeof text, "Last-Event-ID: %lld\r\n", (long long)add_events(1) + 5000);
    stream s = open_stream("", text);
    await(&s, "event: recortado\ndata: {}\n\n", PATIENCE_MS);
    int64_t head = add_events(3);
    await_event(&s, head);
    check_events(&s, head - 2, head, 1);
    close_stream(&s);
}
END_TEST

START_TEST(test_no_longer_kept) {
    char text[64];
    FAKE(fake.bits = 8);
    int64_t head = add_events(6000);
    settle();
    FAKE(fake.first = head - 5000);
    snprintf(text, sizeof text, "Last-Event-ID: %lld\r\n", (long long)head - 5500);
    stream s = open_stream("", text);
    await_event(&s, head);
    check_events(&s, head - 5000, head, 1);
    const char *told = strstr(s.seen, "event: recortado");
    ck_assert_ptr_nonnull(told);
    ck_assert_ptr_null(strstr(told + 1, "event: recortado"));
    ck_assert(told < strstr(s.seen, "\ndata: {\"id\""));
    close_stream(&s);
}
END_TEST

/* The database was restored: what this gateway holds was never given. */
START_TEST(test_goes_back) {
    FAKE(fake.bits = 8);
    int64_t head = add_events(500);
    settle();
    stream s = open_stream("", "");
    await(&s, "retry: ", PATIENCE_MS);
    FAKE(fake.head = head - 200);
    await(&s, "event: recortado", PATIENCE_MS);
    add_events(20);
    await_event(&s, head - 180);
    check_events(&s, head - 199, head - 180, 1);
    close_stream(&s);
}
END_TEST

static int times_asked(void) {
    int n;
    FAKE(n = fake.asked);
    return n;
}

START_TEST(test_rights_change) {
    stream s = open_stream("", "");
    await(&s, "retry: ", PATIENCE_MS);
    int64_t head = add_events(2 + fake.head % 2); /* even */
    await_event(&s, head - 1);
    int asked = times_asked();
    FAKE(fake.bits = 0; fake.version++; fake.head += 100);
    for (uint64_t until = now_ms() + PATIENCE_MS; times_asked() == asked && now_ms() < until;)
        read_some(&s, 10);
    settle();
    FAKE(fake.bits = 8; fake.version++);
    add_events(10);
    await_event(&s, head + 110);
    const char *from = strstr(s.seen, "retry: ");
    int64_t shown = 0;
    for (const char *at = from; (at = strstr(at, "\ndata: {\"id\":")); at++)
        shown = strtoll(at + strlen("\ndata: {\"id\":"), NULL, 10) > head ? shown + 1 : shown;
    ck_assert_int_eq(shown, 10);
    close_stream(&s);
}
END_TEST

START_TEST(test_banned) {
    stream s = open_stream("", "");
    await(&s, "retry: ", PATIENCE_MS);
    uint64_t start = now_ms();
    FAKE(fake.banned = true; fake.version++);
    await_end(&s);
    ck_assert_uint_lt(now_ms() - start, 1000);
    close_stream(&s);
    s = open_stream("", "");
    await(&s, "HTTP/1.1 401", PATIENCE_MS);
    close_stream(&s);
}
END_TEST

/* What it missed could not be read: it is read again, though nothing else happens. */
START_TEST(test_reads_again) {
    char text[64];
    FAKE(fake.bits = 8);
    int64_t head = add_events(6000);
    stream first = open_stream("", "");
    await(&first, "retry: ", PATIENCE_MS);
    FAKE(fake.failing = 3);
    snprintf(text, sizeof text, "Last-Event-ID: %lld\r\n", (long long)head - 5500);
    stream s = open_stream("", text);
    char last[64];
    snprintf(last, sizeof last, "id: %lld\ndata: ", (long long)head);
    await(&s, last, 8000);
    check_events(&s, head - 5499, head, 1);
    close_stream(&s);
    close_stream(&first);
}
END_TEST

/* No core: a stream does not begin, and says so in time. */
START_TEST(test_no_core) {
    FAKE(fake.down = true; fake.version++);
    stream s = open_stream("", "Grpc-Timeout: 1S\r\n");
    await(&s, "HTTP/1.1 503", 5000);
    ck_assert_ptr_nonnull(strcasestr(s.seen, "retry-after: "));
    close_stream(&s);
}
END_TEST

START_TEST(test_head_and_deadline) {
    ck_assert_int_eq(ASK(.verb = "HEAD", .path = "/api/eventos", .token = "ana")->status, 200);
    for (int http2 = 0; http2 < 2; http2++) {
        answer *a = ASK(.path = "/api/eventos", .token = "ana", .http2 = http2, .headers = {"Grpc-Timeout: 300m"});
        ck_assert_int_eq(a->status, 200);
        ck_assert_int_eq(a->code, CURLE_OK);
        HAS(a, "retry: 1000\nid: ");
    }
    ck_assert_int_eq(ASK(.path = "/api/eventos?tipo=X", .token = "ana")->status, 400);
}
END_TEST

/* A comment shows that it lives; with it the place to resume from, which invisible events move. */
START_TEST(test_beats) {
    stream s = open_stream("", "");
    await(&s, "retry: ", PATIENCE_MS);
    int64_t head = add_events(2 + fake.head % 2); /* of which the last is not seen */
    char text[64];
    snprintf(text, sizeof text, "\n:\nid: %lld\n\n", (long long)head);
    await(&s, text, 20000);
    close_stream(&s);
}
END_TEST

static long memory_kb(pid_t pid) {
    char path[64], line[256];
    long kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "r");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = strtol(line + 6, NULL, 10);
    if (status)
        fclose(status);
    return kb;
}

/* Thousands of events, and what they may add to the gateway, where as text in memory they would be 400 MB. A sanitizer
 * keeps what was freed, and takes its time. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { THOUSANDS = 10, GROWTH_KIB = 320 << 10 };
#else
enum { THOUSANDS = 40, GROWTH_KIB = 24 << 10 };
#endif

/* Readers that take nothing: what they miss waits in the log. When they read again, nothing is lost. */
START_TEST(test_slow_readers) {
    enum { READERS = 40 };
    stream s[READERS];
    FAKE(fake.bits = 8);
    int64_t from = settle();
    for (int i = 0; i < READERS; i++) {
        s[i] = open_stream("", "");
        await(&s[i], "retry: ", PATIENCE_MS);
    }
    long before = memory_kb(clear);
    stream quick = open_stream("", "");
    await(&quick, "retry: ", PATIENCE_MS);
    int64_t head = from;
    for (int i = 0; i < THOUSANDS; i++) {
        head = add_events(1000);
        await_event(&quick, head);
    }
    ck_assert_int_lt(memory_kb(clear) - before, GROWTH_KIB);
    for (int i = 0; i < READERS; i += 13) {
        await_event(&s[i], head);
        check_events(&s[i], from + 1, head, 1);
    }
    for (int i = 0; i < READERS; i++)
        close_stream(&s[i]);
    close_stream(&quick);
}
END_TEST

static void await_connections(long n) {
    uint64_t until = now_ms() + PATIENCE_MS;
    while (metric("\npendientes_http_connections ") > n) {
        ck_assert_uint_lt(now_ms(), until);
        usleep(5000);
    }
}

/* Who goes away without a word is noticed before the next event. */
START_TEST(test_gone) {
    stream s[20];
    for (int i = 0; i < 20; i++) {
        s[i] = open_stream("", "");
        await(&s[i], "retry: ", PATIENCE_MS);
    }
    long held = metric("\npendientes_http_connections ");
    ck_assert_int_ge(held, 20);
    for (int i = 0; i < 20; i++)
        close_stream(&s[i]);
    await_connections(held - 20);
}
END_TEST

/* With a wall clock that is set back by an hour when the file appears. */
static pid_t start_set_back(const char *file) {
    char token[256], preload[4200], options[1024];
    const char *before = getenv("ASAN_OPTIONS");
    char *kept = before ? strdup(before) : NULL;
    snprintf(preload, sizeof preload, "%.*s/wall_clock.so", (int)(strrchr(self_path, '/') - self_path), self_path);
    snprintf(options, sizeof options, "%s:verify_asan_link_order=0", kept ? kept : "");
    in_dir(token, "events.token");
    setenv("LD_PRELOAD", preload, 1);
    setenv("WALL_CLOCK_FILE", file, 1);
    setenv("ASAN_OPTIONS", options, 1);
    pid_t pid = start_gateway(&clear_port, &clear_admin, (const char *const[]){"--events-token-file", token, NULL});
    unsetenv("LD_PRELOAD");
    unsetenv("WALL_CLOCK_FILE");
    unsetenv("ASAN_OPTIONS");
    if (kept)
        setenv("ASAN_OPTIONS", kept, 1);
    free(kept);
    return pid;
}

/* What the gateway does in time it still does. */
START_TEST(test_wall_clock_set_back) {
    char file[256];
    int kept_port = clear_port, kept_admin = clear_admin;
    in_dir(file, "set-back");
    pid_t pid = start_set_back(file);
    await_ready(false);
    stream s = open_stream("", "");
    await(&s, "retry: ", PATIENCE_MS);
    long held = metric("\npendientes_http_connections ");
    close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    close_stream(&s);
    await_connections(held - 1);
    unlink(file);
    end(pid, SIGTERM);
    clear_port = kept_port;
    clear_admin = kept_admin;
}
END_TEST

/* SIGTERM ends the streams properly, so that clients come again, elsewhere; new ones are refused. */
START_TEST(test_drains) {
    char token[256];
    int kept_port = clear_port, kept_admin = clear_admin, status;
    in_dir(token, "events.token");
    pid_t pid = start_gateway(&clear_port, &clear_admin,
                              (const char *const[]){"--drain", "5s", "--events-token-file", token, NULL});
    await_ready(false);
    stream s = open_stream("", "");
    await(&s, "retry: ", PATIENCE_MS);
    uint64_t start = now_ms();
    kill(pid, SIGTERM);
    await_end(&s);
    ck_assert_ptr_nonnull(strstr(s.seen, "\r\n0\r\n\r\n"));
    close_stream(&s);
    waitpid(pid, &status, 0);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_lt(now_ms() - start, 4000);
    clear_port = kept_port;
    clear_admin = kept_admin;
}
END_TEST

START_TEST(test_without_token_file) {
    int kept_port = clear_port, kept_admin = clear_admin;
    pid_t pid = start_gateway(&clear_port, &clear_admin, NULL);
    await_ready(false);
    ck_assert_int_eq(ASK(.path = "/api/eventos", .token = "ana")->status, 501);
    end(pid, SIGTERM);
    clear_port = kept_port;
    clear_admin = kept_admin;
    char log[256], text[2048] = "";
    in_dir(log, "bad");
    pid = spawn((const char *const[]){gateway_path, "--cores", "ipc:///tmp/none", "--events-token-file", "/nada", NULL},
                log);
    int status;
    waitpid(pid, &status, 0);
    FILE *in = fopen(log, "r");
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    unlink(log);
    ck_assert_int_ne(status, 0);
    ck_assert_ptr_nonnull(strstr(text, "events-token-file /nada: No such file"));
}
END_TEST

/* --- fixture --- */

static char url[256];

static void setup(void) {
    char token[256];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ssize_t len = readlink("/proc/self/exe", self_path, sizeof self_path - 1);
    ck_assert_int_gt(len, 0);
    snprintf(gateway_path, sizeof gateway_path, "%.*s/../gateway/pendientes-gateway",
             (int)(strrchr(self_path, '/') - self_path), self_path);
    in_dir(token, "events.token");
    FILE *file = fopen(token, "w");
    fputs("hub\n", file);
    fclose(file);
    fake.head = 50;
    fake.version = 1000;
    snprintf(url, sizeof url, "ipc://%s/core.ipc", dir);
    fake_start(url);
    clear = start_gateway(&clear_port, &clear_admin, (const char *const[]){"--events-token-file", token, NULL});
    await_ready(false);
}

static void teardown(void) {
    static const char *const files[] = {"core.ipc", "events.token", "log"};
    int status = end(clear, SIGTERM);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[256];
        in_dir(path, files[i]);
        unlink(path);
    }
    rmdir(dir);
    ck_assert_int_eq(status, 0);
}

int main(void) {
    Suite *suite = suite_create("gateway/sse");
    TCase *tests = tcase_create("streams");
    tcase_set_timeout(tests, 60);
    tcase_add_unchecked_fixture(tests, setup, teardown);
    tcase_add_checked_fixture(tests, reset, NULL);
    tcase_add_test(tests, test_shows_what_is_seen);
    tcase_add_test(tests, test_filters);
    tcase_add_loop_test(tests, test_resumes, 0, 6);
    tcase_add_test(tests, test_resumes_filtered);
    tcase_add_test(tests, test_ahead_of_this_gateway);
    tcase_add_test(tests, test_ahead_while_it_is_read);
    tcase_add_test(tests, test_never_given);
    tcase_add_test(tests, test_no_longer_kept);
    tcase_add_test(tests, test_rights_change);
    tcase_add_test(tests, test_banned);
    tcase_add_test(tests, test_reads_again);
    tcase_add_test(tests, test_no_core);
    tcase_add_test(tests, test_head_and_deadline);
    tcase_add_test(tests, test_beats);
    tcase_add_test(tests, test_slow_readers);
    tcase_add_test(tests, test_gone);
    tcase_add_test(tests, test_wall_clock_set_back);
    tcase_add_test(tests, test_drains);
    tcase_add_test(tests, test_without_token_file);
    tcase_add_test(tests, test_goes_back);
    suite_add_tcase(suite, tests);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* the core is a thread of this process */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
