#include "tests/integration/raw.h"

#include "tests/integration/up.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int raw_open(void) {
    char host[128], port[16];
    struct addrinfo *address, hints = {.ai_socktype = SOCK_STREAM};
    if (sscanf(up_env("PENDIENTES_URL"), "http://%127[^:]:%15[0-9]", host, port) != 2 ||
        getaddrinfo(host, port, &hints, &address) != 0) {
        fprintf(stderr, "raw: no address\n");
        exit(2);
    }
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
        fprintf(stderr, "raw: %s\n", strerror(errno));
        exit(2);
    }
    freeaddrinfo(address);
    return fd;
}

bool raw_send(int fd, const void *bytes, size_t len) {
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(fd, (const char *)bytes + sent, len - sent, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        sent += (size_t)n;
    }
    return true;
}

bool raw_text(int fd, const char *format, ...) {
    static __thread char text[1 << 16];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return n >= 0 && (size_t)n < sizeof text && raw_send(fd, text, (size_t)n);
}

/* One byte more of what comes before `end`; at most `len`. 0: closed, -1: too late. */
static ssize_t receive(int fd, void *bytes, size_t len, long long end) {
    long long left = end - up_now();
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    if (left <= 0 || poll(&poller, 1, (int)left) <= 0)
        return -1;
    ssize_t n = recv(fd, bytes, len, 0);
    return n < 0 ? 0 : n;
}

static bool take(int fd, raw_answer *answer, size_t *len, size_t want, long long end) {
    ssize_t n = receive(fd, answer->text + *len, want, end);
    answer->timed_out = n < 0;
    answer->closed = n == 0;
    if (n <= 0)
        return false;
    *len += (size_t)n;
    answer->text[*len] = 0;
    return true;
}

void raw_read(int fd, raw_answer *answer, bool head, int ms) {
    long long end = up_now() + ms;
    size_t len = 0;
    const char *blank;
    answer->status = 0;
    answer->closed = answer->timed_out = false;
    answer->body = "";
    *answer->text = 0;
    /* byte by byte, not to take what belongs to the next answer */
    while (!(blank = strstr(answer->text, "\r\n\r\n")))
        if (len + 1 >= sizeof answer->text || !take(fd, answer, &len, 1, end))
            return;
    const char *length = strcasestr(answer->text, "\r\ncontent-length:");
    size_t body = length && !head ? strtoul(length + 17, NULL, 10) : 0, from = (size_t)(blank + 4 - answer->text);
    sscanf(answer->text, "HTTP/%*d.%*d %d", &answer->status);
    answer->body = answer->text + from;
    while (len < from + body && len + 1 < sizeof answer->text) {
        size_t want = from + body - len;
        if (!take(fd, answer, &len, want < sizeof answer->text - len - 1 ? want : sizeof answer->text - len - 1, end))
            return;
    }
}

bool raw_closes(int fd, int ms) {
    char dropped[4096];
    long long end = up_now() + ms;
    ssize_t n;
    while ((n = receive(fd, dropped, sizeof dropped, end)) > 0)
        ;
    return n == 0;
}

void raw_ask(raw_answer *answer, const void *bytes, size_t len) {
    int fd = raw_open();
    raw_send(fd, bytes, len);
    raw_read(fd, answer, false, 10000);
    close(fd);
}
