#include "gateway/conditional.h"

#include <string.h>

#define MARK "-sobre" /* behind the tag of an answer in the envelope */

enum { DIGITS = 2 * PD_TAG_LEN };

gw_slice gw_etag(const uint8_t tag[PD_TAG_LEN], bool envelope, pd_arena *arena) {
    static const char digits[] = "0123456789abcdef";
    char *text = pd_arena_alloc(arena, DIGITS + sizeof MARK + 2), *at = text;
    *at++ = '"';
    for (size_t i = 0; i < PD_TAG_LEN; i++) {
        *at++ = digits[tag[i] >> 4];
        *at++ = digits[tag[i] & 15];
    }
    if (envelope) {
        memcpy(at, MARK, strlen(MARK));
        at += strlen(MARK);
    }
    *at++ = '"';
    return (gw_slice){text, (size_t)(at - text)};
}

typedef struct entity_tag {
    bool weak;
    gw_slice quoted; /* with its quotes */
} entity_tag;

static bool tag_character(char c) {
    uint8_t byte = (uint8_t)c;
    return byte == 0x21 || (byte >= 0x23 && byte != 0x7f);
}

static gw_slice skip(gw_slice text, size_t n) {
    return (gw_slice){text.at + n, text.len - n};
}

/* The next tag of the list, whose empty elements are allowed; false at its end, or where it is malformed: then `rest`
 * is not empty. A quoted tag may hold a comma, so commas alone do not separate. */
static bool next_tag(gw_slice *rest, entity_tag *tag) {
    *rest = gw_slice_trim(*rest);
    while (rest->len && rest->at[0] == ',')
        *rest = gw_slice_trim(skip(*rest, 1));
    gw_slice at = *rest;
    tag->weak = at.len >= 2 && at.at[0] == 'W' && at.at[1] == '/';
    if (tag->weak)
        at = skip(at, 2);
    if (at.len < 2 || at.at[0] != '"')
        return false;
    size_t end = 1;
    while (end < at.len && tag_character(at.at[end]))
        end++;
    if (end == at.len || at.at[end] != '"')
        return false;
    tag->quoted = (gw_slice){at.at, end + 1};
    gw_slice behind = gw_slice_trim(skip(at, end + 1));
    if (behind.len && behind.at[0] != ',')
        return false;
    *rest = behind;
    return true;
}

static int digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One of ours, in either form. */
static bool read_tag(gw_slice quoted, uint8_t out[PD_TAG_LEN]) {
    gw_slice text = {quoted.at + 1, quoted.len - 2};
    if (text.len != DIGITS && (text.len != DIGITS + strlen(MARK) || memcmp(text.at + DIGITS, MARK, strlen(MARK)) != 0))
        return false;
    for (size_t i = 0; i < PD_TAG_LEN; i++) {
        int high = digit(text.at[2 * i]), low = digit(text.at[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool gw_if_match_parse(gw_slice list, pd_arena *arena, gw_if_match *out) {
    gw_slice rest = gw_slice_trim(list);
    *out = (gw_if_match){.exists = gw_slice_is(rest, "*")};
    if (out->exists)
        return true;
    out->tags = pd_arena_alloc(arena, (rest.len / DIGITS + 1) * PD_TAG_LEN);
    size_t seen = 0;
    for (entity_tag tag; next_tag(&rest, &tag); seen++)
        if (!tag.weak && read_tag(tag.quoted, out->tags + out->n * PD_TAG_LEN))
            out->n++;
    return seen > 0 && rest.len == 0;
}

bool gw_none_match(gw_slice list, gw_slice etag) {
    gw_slice rest = gw_slice_trim(list);
    if (gw_slice_is(rest, "*"))
        return true;
    for (entity_tag tag; next_tag(&rest, &tag);)
        if (tag.quoted.len == etag.len && memcmp(tag.quoted.at, etag.at, etag.len) == 0)
            return true;
    return false;
}
