#include "gateway/text.h"

#include <string.h>
#include <strings.h>

bool gw_slice_is(gw_slice slice, const char *text) {
    return slice.at && strlen(text) == slice.len && memcmp(slice.at, text, slice.len) == 0;
}

bool gw_slice_is_nocase(gw_slice slice, const char *text) {
    return slice.at && strlen(text) == slice.len && strncasecmp(slice.at, text, slice.len) == 0;
}

static bool blank(char c) {
    return c == ' ' || c == '\t';
}

gw_slice gw_slice_trim(gw_slice slice) {
    while (slice.len && blank(slice.at[0]))
        slice = (gw_slice){slice.at + 1, slice.len - 1};
    while (slice.len && blank(slice.at[slice.len - 1]))
        slice.len--;
    return slice;
}

gw_slice gw_slice_cut(gw_slice *rest, char separator) {
    gw_slice whole = *rest;
    const char *end = whole.len ? memchr(whole.at, separator, whole.len) : NULL;
    if (!end) {
        *rest = (gw_slice){NULL, 0};
        return whole;
    }
    size_t len = (size_t)(end - whole.at);
    *rest = (gw_slice){end + 1, whole.len - len - 1};
    return (gw_slice){whole.at, len};
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

gw_slice gw_percent_decode(gw_slice text, bool plus, pd_arena *arena) {
    if (!plus && (text.len == 0 || !memchr(text.at, '%', text.len)))
        return text;
    char *out = pd_arena_alloc(arena, text.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.at[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_digit(text.at[i + 2]) : -1;
            if (high < 0 || low < 0)
                return (gw_slice){NULL, 0};
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        out[n++] = c;
    }
    out[n] = '\0';
    return (gw_slice){out, n};
}
