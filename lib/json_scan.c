#include "lib/json_scan.h"

#include "lib/refusal.h"
#include "pendientes/scalar.h"

#include <stdint.h>
#include <string.h>

static unsigned read_hex4(const char *text) {
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        char c = text[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                : 0x10000;
        value = value << 4 | digit;
    }
    return value; /* past 0xffff when some digit was none */
}

/* The escape at json[at] (a backslash): its length, a whole pair of surrogates being one; what is wrong with it in
 * *detail. A malformed one is left to yajl. */
static size_t scan_escape(const char *json, size_t len, size_t at, const char **detail) {
    if (len - at < 6 || json[at + 1] != 'u')
        return len - at < 2 ? 1 : 2;
    unsigned unit = read_hex4(json + at + 2);
    if (unit == 0)
        *detail = PD_REFUSE_NUL;
    if (unit < 0xd800 || unit > 0xdfff)
        return 6;
    if (unit < 0xdc00 && len - at >= 12 && json[at + 6] == '\\' && json[at + 7] == 'u') {
        unsigned low = read_hex4(json + at + 8);
        if (low >= 0xdc00 && low <= 0xdfff)
            return 12;
    }
    *detail = "contiene un escape Unicode sin su pareja";
    return 6;
}

/* True when eight bytes are ASCII without controls and backslashes. */
static inline bool harmless8(const char *json) {
    const uint64_t low = 0x0101010101010101, high = 0x8080808080808080;
    uint64_t word;
    memcpy(&word, json, sizeof word);
    uint64_t slash = word ^ (low * '\\');
    return !((word | (word - low * 0x20) | (slash - low)) & high);
}

pd_json_flaw pd_json_scan(const char *json, size_t len) {
    for (size_t at = 0; at < len;) {
        unsigned char byte = (unsigned char)json[at];
        if (len - at >= 8 && harmless8(json + at)) {
            at += 8;
        } else if (byte == '\\') {
            const char *detail = NULL;
            size_t size = scan_escape(json, len, at, &detail);
            if (detail)
                return (pd_json_flaw){at, detail};
            at += size;
        } else if (byte < 0x20) {
            if (byte != '\n' && byte != '\r' && byte != '\t')
                return (pd_json_flaw){at, byte ? NULL : PD_REFUSE_NUL};
            at++;
        } else if (byte < 0x80) {
            at++;
        } else {
            size_t size = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
            if (size > len - at || !pd_utf8_check(json + at, size, NULL))
                return (pd_json_flaw){at, PD_REFUSE_UTF8};
            at += size;
        }
    }
    return (pd_json_flaw){len, NULL};
}
