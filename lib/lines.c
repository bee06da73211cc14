#include "pendientes/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 64 << 10, LINE_MAX_BYTES = 4096, VALUE_MAX = 512 };

struct pd_lines {
    const char *proc;
    time_t second; /* of `stamp` */
    char stamp[32];
    size_t len;
    char at[BUFFER];
};

pd_lines *pd_lines_new(const char *proc) {
    pd_lines *lines = calloc(1, sizeof *lines);
    if (!lines)
        abort();
    lines->proc = proc;
    return lines;
}

void pd_lines_free(pd_lines *lines) {
    if (lines)
        pd_lines_flush(lines);
    free(lines);
}

static void put_bytes(pd_lines *lines, const char *text, size_t len) {
    memcpy(lines->at + lines->len, text, len);
    lines->len += len;
}

static void put(pd_lines *lines, const char *text) {
    put_bytes(lines, text, strlen(text));
}

/* At least `digits` of them. */
static void put_number(pd_lines *lines, uint64_t number, int digits) {
    char text[24], *at = text + sizeof text;
    *--at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number || text + sizeof text - 1 - at < digits);
    put(lines, at);
}

static void put_key(pd_lines *lines, const char *key) {
    put(lines, ",\"");
    put(lines, key);
    put(lines, "\":");
}

static void put_stamp(pd_lines *lines) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec != lines->second) {
        struct tm utc;
        gmtime_r(&now.tv_sec, &utc);
        strftime(lines->stamp, sizeof lines->stamp, "%Y-%m-%dT%H:%M:%S.", &utc);
        lines->second = now.tv_sec;
    }
    put(lines, "{\"ts\":\"");
    put(lines, lines->stamp);
    put_number(lines, (uint64_t)now.tv_nsec / 1000, 6);
    put(lines, "Z\"");
}

bool pd_lines_begin(pd_lines *lines, pd_log_level level, const char *msg) {
    if (!pd_log_on(level))
        return false;
    if (lines->len + LINE_MAX_BYTES > sizeof lines->at)
        pd_lines_flush(lines);
    put_stamp(lines);
    pd_lines_text(lines, "level", pd_log_level_name(level));
    pd_lines_text(lines, "proc", lines->proc);
    pd_lines_text(lines, "msg", msg);
    return true;
}

void pd_lines_text(pd_lines *lines, const char *key, const char *value) {
    if (!value)
        return;
    put_key(lines, key);
    put(lines, "\"");
    put_bytes(lines, value, strnlen(value, VALUE_MAX));
    put(lines, "\"");
}

void pd_lines_number(pd_lines *lines, const char *key, uint64_t value) {
    put_key(lines, key);
    put_number(lines, value, 1);
}

void pd_lines_millis(pd_lines *lines, const char *key, uint64_t micros) {
    pd_lines_number(lines, key, micros / 1000);
    put(lines, ".");
    put_number(lines, micros % 1000, 3);
}

void pd_lines_end(pd_lines *lines) {
    put(lines, "}\n");
}

void pd_lines_flush(pd_lines *lines) {
    for (size_t done = 0; done < lines->len;) {
        ssize_t n = write(STDERR_FILENO, lines->at + done, lines->len - done);
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0)
            done += (size_t)n;
    }
    lines->len = 0;
}
