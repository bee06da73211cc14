/* trace: request ids and W3C trace context (include/pendientes/trace.h). */
#include "pendientes/trace.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static bool request_id_char(unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
           c == '.';
}

bool pd_request_id_valid(const char *text, size_t len) {
    if (len < 1 || len > PD_REQUEST_ID_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!request_id_char((unsigned char)text[i]))
            return false;
    return true;
}

/* Blocks until the kernel's generator is seeded, which it is long before any process of ours starts. */
static void fill_random(void *bytes, size_t len) {
    for (size_t done = 0; done < len;) {
        ssize_t n = getrandom((char *)bytes + done, len - done, 0);
        if (n < 0 && errno != EINTR)
            abort();
        if (n > 0)
            done += (size_t)n;
    }
}

void pd_request_id_new(char out[23]) {
    static const char digits[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    /* 22 digits of 6 bits. The kernel is asked once for many ids: a system call each would cost more than the rest. */
    static _Thread_local unsigned char pool[22 * 64];
    static _Thread_local size_t left;
    if (left == 0) {
        fill_random(pool, sizeof pool);
        left = sizeof pool;
    }
    left -= 22;
    for (size_t i = 0; i < 22; i++)
        out[i] = digits[pool[left + i] & 63];
    out[22] = '\0';
}

/* Lower-case hexadecimal, as the standard demands; `zero` tells whether all of them were '0'. */
static bool hex(const char *text, size_t len, bool *zero) {
    *zero = true;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        if (c != '0')
            *zero = false;
    }
    return true;
}

bool pd_traceparent_valid(const char *text, size_t len) {
    bool zero;
    if (len != PD_TRACEPARENT_LEN || memcmp(text, "00-", 3) != 0 || text[35] != '-' || text[52] != '-')
        return false;
    if (!hex(text + 3, 32, &zero) || zero)
        return false;
    if (!hex(text + 36, 16, &zero) || zero)
        return false;
    return hex(text + 53, 2, &zero);
}
