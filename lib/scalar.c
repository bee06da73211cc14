#include "pendientes/scalar.h"

#include <string.h>

typedef struct range {
    uint32_t first, last;
} range;

/* Unicode White_Space. */
static const range blanks[] = {{0x09, 0x0d},     {0x20, 0x20},     {0x85, 0x85},     {0xa0, 0xa0},
                               {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f},
                               {0x205f, 0x205f}, {0x3000, 0x3000}};

/* Categories Cc, Cf, Zs (but U+0020), Zl, Zp, the letters that are fillers, and the noncharacters of the first plane.
 */
static const range invisibles[] = {
    {0x0, 0x1f},        {0x7f, 0xa0},       {0xad, 0xad},       {0x600, 0x605},     {0x61c, 0x61c},
    {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},     {0x115f, 0x1160},
    {0x1680, 0x1680},   {0x180e, 0x180e},   {0x2000, 0x200f},   {0x2028, 0x202f},   {0x205f, 0x206f},
    {0x3000, 0x3000},   {0x3164, 0x3164},   {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
    {0xfff9, 0xfffb},   {0xfffe, 0xffff},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f},
    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0001, 0xe0001}, {0xe0020, 0xe007f}};

static bool is_one_of(const range *ranges, size_t n, uint32_t point) {
    for (size_t i = 0; i < n && ranges[i].first <= point; i++)
        if (point <= ranges[i].last)
            return true;
    return false;
}

/* True when the next eight bytes are ASCII and none of them is NUL. */
static inline bool plain8(const char *text) {
    const uint64_t high = 0x8080808080808080, low = 0x0101010101010101;
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return !((word | (word - low)) & high);
}

/* The length of the sequence that begins at `text`, 0 when it is none (RFC 3629, section 4) or NUL. */
static size_t sequence(const unsigned char *text, size_t len) {
    unsigned char first = text[0], low = 0x80, high = 0xbf;
    size_t size;
    if (first < 0x80)
        return first != 0;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    if (first < 0xe0)
        size = 2;
    else if (first < 0xf0)
        size = 3;
    else
        size = 4;
    if (first == 0xe0)
        low = 0xa0; /* overlong */
    else if (first == 0xed)
        high = 0x9f; /* surrogates */
    else if (first == 0xf0)
        low = 0x90; /* overlong */
    else if (first == 0xf4)
        high = 0x8f; /* past U+10FFFF */
    if (len < size || text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return size;
}

bool pd_utf8_check(const char *text, size_t len, size_t *points) {
    size_t n = 0;
    for (size_t at = 0; at < len; n++) {
        if (len - at >= 8 && plain8(text + at)) {
            at += 8;
            n += 7;
            continue;
        }
        size_t size = sequence((const unsigned char *)text + at, len - at);
        if (!size)
            return false;
        at += size;
    }
    if (points)
        *points = n;
    return true;
}

/* The code point at *at of well-formed UTF-8; moves past it. Bytes that are missing at the end end the text. */
static uint32_t next_point(const char *text, size_t len, size_t *at) {
    unsigned char first = (unsigned char)text[(*at)++];
    if (first < 0x80)
        return first;
    int more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    uint32_t point = first & (0x3fu >> more);
    while (more-- && *at < len)
        point = point << 6 | ((unsigned char)text[(*at)++] & 0x3f);
    return point;
}

bool pd_utf8_nonblank(const char *text, size_t len) {
    for (size_t at = 0; at < len;)
        if (!is_one_of(blanks, sizeof blanks / sizeof *blanks, next_point(text, len, &at)))
            return true;
    return false;
}

bool pd_utf8_visible(const char *text, size_t len) {
    for (size_t at = 0; at < len;) {
        uint32_t point = next_point(text, len, &at);
        if (is_one_of(invisibles, sizeof invisibles / sizeof *invisibles, point))
            return false;
    }
    return true;
}

bool pd_int_parse(const char *text, size_t len, int64_t *value) {
    bool negative = len && text[0] == '-';
    size_t at = negative;
    uint64_t sum = 0, limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
    if (at == len)
        return false;
    for (; at < len; at++) {
        unsigned digit = (unsigned char)text[at] - '0';
        if (digit > 9 || sum > (limit - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}

bool pd_decimal_parse(const char *text, size_t len, int64_t *cents) {
    const int64_t limit = 90000000000000000;
    bool negative = len && text[0] == '-';
    size_t at = negative, start = at;
    int64_t sum = 0;
    for (; at < len && text[at] >= '0' && text[at] <= '9'; at++) {
        sum = sum * 10 + (text[at] - '0');
        if (sum > limit / 100 || (at > start && text[start] == '0'))
            return false;
    }
    if (at == start)
        return false;
    sum *= 100;
    if (at < len) {
        size_t decimals = len - at - 1;
        if (text[at] != '.' || decimals < 1 || decimals > 2)
            return false;
        for (int64_t worth = 10; ++at < len; worth /= 10) {
            if (text[at] < '0' || text[at] > '9')
                return false;
            sum += worth * (text[at] - '0');
        }
    }
    if (sum > limit)
        return false;
    *cents = negative ? -sum : sum;
    return true;
}

size_t pd_decimal_print(int64_t cents, char *out) {
    char digits[24];
    size_t at = sizeof digits, len = 0;
    uint64_t rest = cents < 0 ? 0 - (uint64_t)cents : (uint64_t)cents;
    for (int place = 0; place < 3 || rest; place++, rest /= 10) {
        if (place == 2)
            digits[--at] = '.';
        digits[--at] = (char)('0' + rest % 10);
    }
    if (cents < 0)
        out[len++] = '-';
    memcpy(out + len, digits + at, sizeof digits - at);
    len += sizeof digits - at;
    out[len] = '\0';
    return len;
}
