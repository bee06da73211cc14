#include "gateway/headers.h"

#include <string.h>
#include <strings.h>

enum { KEY_MAX = 200, TOKEN_MAX = 8192, TIMEOUT_MAX_MS = 60000 };

static gw_slice slice_of(h2o_iovec_t text) {
    return (gw_slice){text.base, text.len};
}

static void take(gw_slice *slot, bool *twice, h2o_iovec_t value) {
    if (!slot->at)
        *slot = slice_of(value);
    else if (twice)
        *twice = true;
}

static bool named(const h2o_iovec_t *name, const char *text, size_t len) {
    return name->len == len && memcmp(name->base, text, len) == 0;
}

void gw_headers_collect(const h2o_headers_t *headers, gw_headers *out) {
    *out = (gw_headers){.bytes = 0};
    for (size_t i = 0; i < headers->size; i++) {
        const h2o_header_t *header = &headers->entries[i];
        const h2o_iovec_t *name = header->name;
        out->bytes += name->len + header->value.len + 4;
        if (name == &H2O_TOKEN_AUTHORIZATION->buf)
            take(&out->authorization, &out->authorization_twice, header->value);
        else if (name == &H2O_TOKEN_CONTENT_TYPE->buf)
            take(&out->content_type, &out->content_type_twice, header->value);
        else if (name == &H2O_TOKEN_CONTENT_ENCODING->buf)
            take(&out->content_encoding, NULL, header->value);
        else if (named(name, H2O_STRLIT("x-request-id")))
            take(&out->request_id, NULL, header->value);
        else if (named(name, H2O_STRLIT("traceparent")))
            take(&out->traceparent, NULL, header->value);
        else if (named(name, H2O_STRLIT("grpc-timeout")))
            take(&out->timeout, &out->timeout_twice, header->value);
        else if (named(name, H2O_STRLIT("last-event-id")))
            take(&out->last_event_id, NULL, header->value);
        else if (named(name, H2O_STRLIT("idempotency-key")))
            take(&out->key, &out->key_twice, header->value);
        else if (name == &H2O_TOKEN_IF_MATCH->buf)
            take(&out->if_match, NULL, header->value);
        else if (name == &H2O_TOKEN_IF_NONE_MATCH->buf)
            take(&out->if_none_match, NULL, header->value);
        else if (named(name, H2O_STRLIT("prefer")))
            take(&out->prefer, NULL, header->value);
        else if (named(name, H2O_STRLIT("origin")))
            take(&out->origin, NULL, header->value);
        else if (named(name, H2O_STRLIT("access-control-request-method")))
            take(&out->preflight_method, NULL, header->value);
    }
}

gw_slice gw_header_list(const h2o_headers_t *headers, const char *name, pd_arena *arena) {
    gw_slice list = {NULL, 0};
    for (size_t i = 0; i < headers->size; i++) {
        const h2o_header_t *header = &headers->entries[i];
        if (!named(header->name, name, strlen(name)))
            continue;
        gw_slice value = slice_of(header->value);
        if (!list.at) {
            list = value;
            continue;
        }
        char *both = pd_arena_alloc(arena, list.len + 1 + value.len);
        memcpy(both, list.at, list.len);
        both[list.len] = ',';
        memcpy(both + list.len + 1, value.at, value.len);
        list = (gw_slice){both, list.len + 1 + value.len};
    }
    return list;
}

/* Three parts of base64url with dots between them; this runs for every request, over the whole token. */
static bool token_shape(gw_slice token) {
    static const bool base64url[256] = {
        ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, ['-'] = true, ['_'] = true};
    const char *at = token.at, *end = token.at + token.len;
    if (token.len > TOKEN_MAX)
        return false;
    for (int part = 0;; part++) {
        const char *start = at;
        while (at < end && base64url[(uint8_t)*at])
            at++;
        if (at == start)
            return false;
        if (part == 2)
            return at == end;
        if (at == end || *at++ != '.')
            return false;
    }
}

bool gw_bearer(gw_slice authorization, gw_slice *token) {
    if (!authorization.at)
        return false;
    gw_slice rest = gw_slice_trim(authorization);
    gw_slice scheme = gw_slice_cut(&rest, ' ');
    if (!gw_slice_is_nocase(scheme, "Bearer") || !rest.at)
        return false;
    *token = gw_slice_trim(rest);
    return token_shape(*token);
}

/* Microseconds of a unit; nanoseconds are 0. */
static bool unit_micros(char unit, uint64_t *micros) {
    static const struct {
        char unit;
        uint64_t micros;
    } units[] = {{'H', 3600000000}, {'M', 60000000}, {'S', 1000000}, {'m', 1000}, {'u', 1}, {'n', 0}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (units[i].unit == unit) {
            *micros = units[i].micros;
            return true;
        }
    return false;
}

bool gw_timeout(gw_slice value, uint32_t *ms) {
    uint64_t n = 0, micros;
    if (value.len < 2 || value.len > 9 || !unit_micros(value.at[value.len - 1], &micros))
        return false;
    for (size_t i = 0; i + 1 < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(value.at[i] - '0');
    }
    if (n == 0)
        return false;
    uint64_t total = (micros ? n * micros : n / 1000) / 1000;
    *ms = total > TIMEOUT_MAX_MS ? TIMEOUT_MAX_MS : total < 1 ? 1 : (uint32_t)total;
    return true;
}

bool gw_key(gw_slice value, gw_slice *key) {
    gw_slice k = gw_slice_trim(value);
    if (k.len >= 2 && k.at[0] == '"' && k.at[k.len - 1] == '"')
        k = (gw_slice){k.at + 1, k.len - 2};
    if (k.len < 1 || k.len > KEY_MAX)
        return false;
    for (size_t i = 0; i < k.len; i++)
        if (k.at[i] < 0x21 || k.at[i] > 0x7e)
            return false;
    *key = k;
    return true;
}

/* --- media types --- */

/* The next `;name=value` of a media type; false at its end. Quotes around the value are removed; what they escape is of
 * no interest here. */
static bool next_parameter(gw_slice *rest, gw_slice *name, gw_slice *value) {
    while (rest->at) {
        gw_slice parameter = *rest;
        size_t end = 0;
        for (bool quoted = false; end < parameter.len && (quoted || parameter.at[end] != ';'); end++)
            if (parameter.at[end] == '"')
                quoted = !quoted;
        *rest = end < parameter.len ? (gw_slice){parameter.at + end + 1, parameter.len - end - 1} : (gw_slice){NULL, 0};
        parameter.len = end;
        gw_slice text = parameter;
        *name = gw_slice_trim(gw_slice_cut(&text, '='));
        *value = gw_slice_trim(text);
        if (value->len >= 2 && value->at[0] == '"' && value->at[value->len - 1] == '"')
            *value = (gw_slice){value->at + 1, value->len - 2};
        if (name->len)
            return true;
    }
    return false;
}

gw_body_kind gw_body_kind_of(const gw_headers *headers) {
    if (!headers->content_type.at || headers->content_type_twice)
        return GW_BODY_OTHER;
    if (headers->content_encoding.at && !gw_slice_is_nocase(gw_slice_trim(headers->content_encoding), "identity"))
        return GW_BODY_OTHER;
    gw_slice rest = headers->content_type, name, value;
    gw_slice type = gw_slice_trim(gw_slice_cut(&rest, ';'));
    gw_body_kind kind = gw_slice_is_nocase(type, "application/json")                    ? GW_BODY_JSON
                        : gw_slice_is_nocase(type, "application/x-www-form-urlencoded") ? GW_BODY_FORM
                                                                                        : GW_BODY_OTHER;
    while (next_parameter(&rest, &name, &value))
        if (gw_slice_is_nocase(name, "charset") && !gw_slice_is_nocase(value, "utf-8"))
            return GW_BODY_OTHER;
    return kind;
}

/* --- Prefer --- */

bool gw_prefers_strict(gw_slice list) {
    while (list.at) {
        gw_slice preference = gw_slice_cut(&list, ','), name, value;
        if (next_parameter(&preference, &name, &value) && gw_slice_is_nocase(name, "handling"))
            return gw_slice_is_nocase(value, "strict");
    }
    return false;
}

/* --- Accept --- */

/* What has been found for one media type: the most specific range counts (RFC 9110, 12.5.1). */
typedef struct wanted {
    const char *type, *group; /* "application/json", "application" followed by a star */
    int specific;             /* 0 none yet, 1 star, 2 group, 3 the type */
    int weight;               /* thousandths */
} wanted;

static void weigh(wanted *want, gw_slice range, int weight) {
    int specific = gw_slice_is_nocase(range, want->type)    ? 3
                   : gw_slice_is_nocase(range, want->group) ? 2
                   : gw_slice_is(range, "*/*")              ? 1
                                                            : 0;
    if (specific == 0 || specific < want->specific)
        return;
    if (specific > want->specific || weight > want->weight)
        want->weight = weight;
    want->specific = specific;
}

/* "0.5" in thousandths; what is malformed counts as 1, since a client that says so wants something. */
static int weight_of(gw_slice text) {
    int weight = 0, unit = 1000;
    if (text.len == 0 || (text.at[0] != '0' && text.at[0] != '1'))
        return 1000;
    for (size_t i = 0; i < text.len; i++) {
        if (i == 1 && text.at[i] == '.')
            continue;
        if (text.at[i] < '0' || text.at[i] > '9' || unit == 0)
            return 1000;
        weight += (text.at[i] - '0') * unit;
        unit /= 10;
    }
    return weight > 1000 ? 1000 : weight;
}

typedef struct accept_reader {
    wanted json, text;
    gw_profile profile;
    int profile_weight;
} accept_reader;

static void read_range(accept_reader *r, gw_slice range) {
    gw_slice rest = range, name, value;
    gw_slice type = gw_slice_trim(gw_slice_cut(&rest, ';'));
    int weight = 1000;
    gw_profile profile = GW_PROFILE_NONE;
    while (next_parameter(&rest, &name, &value)) {
        if (gw_slice_is_nocase(name, "q"))
            weight = weight_of(value);
        else if (gw_slice_is_nocase(name, "profile") && gw_slice_is(value, "envelope"))
            profile = GW_PROFILE_ENVELOPE;
        else if (gw_slice_is_nocase(name, "profile") && gw_slice_is(value, "bare"))
            profile = GW_PROFILE_BARE;
    }
    weigh(&r->json, type, weight);
    weigh(&r->text, type, weight);
    if (profile != GW_PROFILE_NONE && weight > r->profile_weight && gw_slice_is_nocase(type, "application/json")) {
        r->profile = profile;
        r->profile_weight = weight;
    }
}

/* Ranges are separated by commas, which a quoted parameter may hold too. */
static void read_accept(accept_reader *r, gw_slice value) {
    size_t start = 0;
    bool quoted = false;
    for (size_t i = 0; i <= value.len; i++) {
        if (i < value.len && value.at[i] == '"')
            quoted = !quoted;
        if (i == value.len || (value.at[i] == ',' && !quoted)) {
            read_range(r, (gw_slice){value.at + start, i - start});
            start = i + 1;
        }
    }
}

gw_accept gw_accept_of(const h2o_headers_t *headers) {
    accept_reader r = {.json = {"application/json", "application/*", 0, 0}, .text = {"text/plain", "text/*", 0, 0}};
    bool any = false;
    for (size_t i = 0; i < headers->size; i++) {
        gw_slice value = slice_of(headers->entries[i].value);
        if (headers->entries[i].name != &H2O_TOKEN_ACCEPT->buf || gw_slice_trim(value).len == 0)
            continue;
        any = true;
        if (!gw_slice_is(value, "*/*"))
            read_accept(&r, value);
        else
            weigh(&r.json, value, 1000), weigh(&r.text, value, 1000);
    }
    if (!any)
        return (gw_accept){.json = true, .text = true};
    return (gw_accept){.json = r.json.weight > 0, .text = r.text.weight > 0, .profile = r.profile};
}
