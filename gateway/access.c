#include "gateway/access.h"

#include "pendientes/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 64 << 10, LINE_MAX_BYTES = 2048 };

struct gw_access {
    const char *proc;
    time_t second; /* of `stamp` */
    char stamp[32];
    size_t len;
    char at[BUFFER];
};

gw_access *gw_access_new(const char *proc) {
    gw_access *access = calloc(1, sizeof *access);
    if (!access)
        abort();
    access->proc = proc;
    return access;
}

void gw_access_free(gw_access *access) {
    free(access);
}

static void put(gw_access *access, const char *text) {
    size_t len = strlen(text);
    memcpy(access->at + access->len, text, len);
    access->len += len;
}

/* At least `digits` of them. */
static void put_number(gw_access *access, uint64_t number, int digits) {
    char text[24], *at = text + sizeof text;
    *--at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number || text + sizeof text - 1 - at < digits);
    put(access, at);
}

/* Templates, ids and addresses hold nothing that JSON escapes. */
static void put_pair(gw_access *access, const char *key, const char *value) {
    put(access, key);
    put(access, value);
    put(access, "\"");
}

static void put_stamp(gw_access *access) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec != access->second) {
        struct tm utc;
        gmtime_r(&now.tv_sec, &utc);
        strftime(access->stamp, sizeof access->stamp, "%Y-%m-%dT%H:%M:%S.", &utc);
        access->second = now.tv_sec;
    }
    put(access, "{\"ts\":\"");
    put(access, access->stamp);
    put_number(access, (uint64_t)now.tv_nsec / 1000, 6);
    put(access, "Z\"");
}

void gw_access_add(gw_access *access, const gw_access_line *line) {
    if (!pd_log_on(PD_LOG_INFO))
        return;
    if (access->len + LINE_MAX_BYTES > sizeof access->at)
        gw_access_flush(access);
    put_stamp(access);
    put_pair(access, ",\"level\":\"info\",\"proc\":\"", access->proc);
    put_pair(access, ",\"msg\":\"request\",\"method\":\"", line->method);
    put_pair(access, ",\"route\":\"", line->route ? line->route : "");
    put(access, ",\"status\":");
    put_number(access, (uint64_t)line->http, 1);
    put(access, ",\"ms\":");
    put_number(access, line->micros / 1000, 1);
    put(access, ".");
    put_number(access, line->micros % 1000, 3);
    put(access, ",\"bytes\":");
    put_number(access, line->bytes, 1);
    put_pair(access, ",\"request_id\":\"", line->request_id);
    if (line->traceparent)
        put_pair(access, ",\"traceparent\":\"", line->traceparent);
    put_pair(access, ",\"peer\":\"", line->peer);
    put(access, "}\n");
}

void gw_access_flush(gw_access *access) {
    for (size_t done = 0; done < access->len;) {
        ssize_t n = write(STDERR_FILENO, access->at + done, access->len - done);
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0)
            done += (size_t)n;
    }
    access->len = 0;
}
