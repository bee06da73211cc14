#include "pendientes/log.h"
#include "pendientes/scalar.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Texts are cut so that one, all of it escaped, fits into a line. */
enum { LINE_MAX_BYTES = 8192, TEXT_MAX_BYTES = 1024 };

static const char *const names[] = {"debug", "info", "warn", "error"};
static const char *process = "?";
static pd_log_level lowest = PD_LOG_INFO;

/* A line under construction; what does not fit is left out at a pair's border, so that the line stays valid JSON. */
typedef struct line {
    char at[LINE_MAX_BYTES];
    size_t len;
} line;

static void put(line *l, const char *text, size_t len) {
    if (l->len + len <= sizeof l->at) {
        memcpy(l->at + l->len, text, len);
        l->len += len;
    } else
        l->len = sizeof l->at + 1;
}

/* Bytes of the UTF-8 character at `p`; 0 for a byte that begins none. Stops before the NUL behind a torn one. */
static size_t utf8_size(const unsigned char *p) {
    size_t size = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
    return strnlen((const char *)p, size) == size && pd_utf8_check((const char *)p, size, NULL) ? size : 0;
}

static void put_quoted(line *l, const char *text) {
    put(l, "\"", 1);
    for (const unsigned char *p = (const unsigned char *)text, *end = p + strnlen(text, TEXT_MAX_BYTES); p < end;) {
        char escape[8];
        size_t size = utf8_size(p);
        if (*p == '"' || *p == '\\')
            put(l, (char[]){'\\', (char)*p}, 2);
        else if (size == 0)
            put(l, "\\ufffd", 6);
        else if (*p < 0x20 || *p == 0x7f)
            put(l, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", *p));
        else
            put(l, (const char *)p, size);
        p += size ? size : 1;
    }
    put(l, "\"", 1);
}

void pd_log_init(const char *proc, pd_log_level level) {
    process = proc;
    lowest = level;
}

const char *pd_log_level_name(pd_log_level level) {
    return names[level];
}

bool pd_log_level_parse(const char *name, pd_log_level *level) {
    for (int i = 0; i < 4; i++)
        if (strcmp(name, names[i]) == 0) {
            *level = (pd_log_level)i;
            return true;
        }
    return false;
}

bool pd_log_on(pd_log_level level) {
    return level >= lowest;
}

void pd_log_write(pd_log_level level, const char *msg, const pd_log_pair *pairs, size_t n) {
    line l = {.len = 0};
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    l.len = strftime(l.at, sizeof l.at, "{\"ts\":\"%Y-%m-%dT%H:%M:%S", &utc);
    l.len += (size_t)snprintf(l.at + l.len, sizeof l.at - l.len,
                              ".%06ldZ\",\"level\":\"%s\",\"proc\":", now.tv_nsec / 1000, names[level]);
    put_quoted(&l, process);
    put(&l, ",\"msg\":", 7);
    put_quoted(&l, msg);
    for (size_t i = 0; i < n; i++) {
        size_t before = l.len;
        put(&l, ",", 1);
        put_quoted(&l, pairs[i].key);
        put(&l, ":", 1);
        char number[24];
        if (pairs[i].text)
            put_quoted(&l, pairs[i].text);
        else
            put(&l, number, (size_t)snprintf(number, sizeof number, "%lld", (long long)pairs[i].number));
        if (l.len + 2 > sizeof l.at)
            l.len = before;
    }
    put(&l, "}\n", 2);
    while (write(STDERR_FILENO, l.at, l.len) < 0 && errno == EINTR)
        ;
}
