/* stream_readers HOST:PORT N: N open streams of GET /api/eventos in one thread, with the token in TOKEN. Says `open`
 * when all have begun; at each line on its input, notes the time, and says when the next event has come to all of them:
 * `arrived COUNT P50 P99 MAX`, milliseconds. Ends with its input. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROUND_MS = 10000, AT_ONCE = 256 };

typedef struct stream {
    int fd;
    bool begun, arrived;
    size_t matched; /* of the text that is looked for */
} stream;

static stream *streams;
static int n_streams, n_open, n_begun, n_arrived;
static double *arrivals, marked_ms;
static char request[16384];
static struct sockaddr_in address = {.sin_family = AF_INET};

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void die(const char *what) {
    fprintf(stderr, "stream_readers: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void open_one(int epoll) {
    stream *s = &streams[n_open++];
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("connect");
    if (send(s->fd, request, strlen(request), MSG_NOSIGNAL) < 0)
        die("send");
    fcntl(s->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &event) != 0)
        die("epoll");
}

/* Whether the text ends in what has come; it may lie across two reads. */
static bool finds(stream *s, const char *bytes, ssize_t n, const char *text) {
    size_t len = strlen(text);
    for (ssize_t i = 0; i < n; i++) {
        s->matched = bytes[i] == text[s->matched] ? s->matched + 1 : bytes[i] == text[0];
        if (s->matched == len) {
            s->matched = 0;
            return true;
        }
    }
    return false;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(void) {
    qsort(arrivals, (size_t)n_arrived, sizeof *arrivals, by_value);
    printf("arrived %d %.1f %.1f %.1f\n", n_arrived, n_arrived ? arrivals[n_arrived / 2] : 0,
           n_arrived ? arrivals[n_arrived * 99 / 100] : 0, n_arrived ? arrivals[n_arrived - 1] : 0);
    marked_ms = 0;
}

static void on_readable(stream *s) {
    char bytes[65536];
    for (ssize_t n; (n = recv(s->fd, bytes, sizeof bytes, 0)) != 0;) {
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            break;
        if (!s->begun && finds(s, bytes, n, "retry: ")) {
            s->begun = true;
            n_begun++;
        } else if (s->begun && !s->arrived && marked_ms > 0 && finds(s, bytes, n, "data: ")) {
            s->arrived = true;
            arrivals[n_arrived++] = now_ms() - marked_ms;
        }
    }
    errno = ECONNRESET;
    die("a stream ended");
}

/* False at the end of the input. */
static bool on_input(void) {
    char line[64];
    if (read(STDIN_FILENO, line, sizeof line) <= 0)
        return false;
    for (int i = 0; i < n_streams; i++) {
        streams[i].arrived = false;
        streams[i].matched = 0;
    }
    n_arrived = 0;
    marked_ms = now_ms();
    return true;
}

static bool turn(int epoll) {
    struct epoll_event events[AT_ONCE];
    int n = epoll_wait(epoll, events, AT_ONCE, 100);
    for (int i = 0; i < n; i++) {
        if (events[i].data.ptr)
            on_readable(events[i].data.ptr);
        else if (!on_input())
            return false;
    }
    if (marked_ms > 0 && (n_arrived == n_streams || now_ms() - marked_ms > ROUND_MS))
        report();
    return true;
}

int main(int argc, char **argv) {
    char host[64];
    unsigned port;
    const char *token = getenv("TOKEN");
    if (argc != 3 || sscanf(argv[1], "%63[^:]:%u", host, &port) != 2 || !token || (n_streams = atoi(argv[2])) < 1) {
        fprintf(stderr, "usage: TOKEN=… stream_readers HOST:PORT N\n");
        return 2;
    }
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    setvbuf(stdout, NULL, _IOLBF, 0);
    address.sin_port = htons((uint16_t)port);
    inet_pton(AF_INET, host, &address.sin_addr);
    snprintf(request, sizeof request, "GET /api/eventos HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n\r\n",
             token);
    streams = calloc((size_t)n_streams, sizeof *streams);
    arrivals = calloc((size_t)n_streams, sizeof *arrivals);
    int epoll = epoll_create1(0);
    struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL};
    if (!streams || !arrivals || epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input) != 0)
        die("start");
    while (n_open < n_streams) {
        open_one(epoll);
        if (n_open - n_begun >= AT_ONCE && !turn(epoll))
            return 0;
    }
    while (n_begun < n_streams)
        if (!turn(epoll))
            return 0;
    puts("open");
    while (turn(epoll))
        ;
    return 0;
}
