/* json_scan: what yajl would let pass without a word, found before it parses: control characters that it takes for
 * white space, bytes that are not UTF-8, escapes of NUL and of unpaired surrogates. Not in the plan of rooms: the part
 * of json_read that looks at bytes. Private to lib. */
#ifndef LIB_JSON_SCAN_H
#define LIB_JSON_SCAN_H

#include <stddef.h>

typedef struct pd_json_flaw {
    size_t at;          /* offset of the first flaw; the length when there is none */
    const char *detail; /* NULL: plainly no JSON */
} pd_json_flaw;

pd_json_flaw pd_json_scan(const char *json, size_t len);

#endif
