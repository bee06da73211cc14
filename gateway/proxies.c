#include "gateway/proxies.h"

#include "gateway/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NETWORKS_MAX = 64, TEXT_MAX = 64, BITS = 128, BITS_BEFORE_FOUR = 96 };

/* IPv4 as ::ffff:a.b.c.d. */
typedef struct network {
    struct in6_addr address;
    int bits;
} network;

struct gw_proxies {
    size_t n;
    network networks[NETWORKS_MAX];
};

static bool parse(const char *text, struct in6_addr *out, bool *is_four) {
    struct in_addr four;
    *is_four = inet_pton(AF_INET, text, &four) == 1;
    if (!*is_four)
        return inet_pton(AF_INET6, text, out) == 1;
    *out = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(out->s6_addr + 12, &four, sizeof four);
    return true;
}

static bool parse_network(char *text, network *out) {
    bool is_four;
    char *slash = strchr(text, '/'), *end = NULL;
    if (slash)
        *slash = 0;
    if (!parse(text, &out->address, &is_four))
        return false;
    out->bits = BITS;
    if (!slash)
        return true;
    long bits = strtol(slash + 1, &end, 10), most = is_four ? BITS - BITS_BEFORE_FOUR : BITS;
    if (slash[1] < '0' || slash[1] > '9' || *end || bits > most)
        return false;
    out->bits = (int)bits + (is_four ? BITS_BEFORE_FOUR : 0);
    return true;
}

gw_proxies *gw_proxies_new(const char *list, const char **error) {
    static char line[TEXT_MAX + 64];
    gw_proxies *proxies = calloc(1, sizeof *proxies);
    if (!proxies)
        abort();
    gw_slice rest = {list && *list ? list : NULL, list ? strlen(list) : 0};
    while (rest.at) {
        char text[TEXT_MAX];
        gw_slice one = gw_slice_trim(gw_slice_cut(&rest, ','));
        snprintf(text, sizeof text, "%.*s", (int)one.len, one.at);
        if (proxies->n == NETWORKS_MAX || one.len >= sizeof text ||
            !parse_network(text, &proxies->networks[proxies->n])) {
            snprintf(line, sizeof line, "--trusted-proxies: «%.*s» is no address or network", TEXT_MAX - 1,
                     one.at ? one.at : "");
            *error = line;
            gw_proxies_free(proxies);
            return NULL;
        }
        proxies->n++;
    }
    return proxies;
}

void gw_proxies_free(gw_proxies *proxies) {
    free(proxies);
}

static bool within(const struct in6_addr *address, const network *net) {
    int bytes = net->bits / 8, bits = net->bits % 8;
    return memcmp(address, &net->address, (size_t)bytes) == 0 &&
           (bits == 0 || ((address->s6_addr[bytes] ^ net->address.s6_addr[bytes]) >> (8 - bits)) == 0);
}

static bool trusted(const gw_proxies *proxies, const struct in6_addr *address) {
    for (size_t i = 0; i < proxies->n; i++)
        if (within(address, &proxies->networks[i]))
            return true;
    return false;
}

bool gw_proxies_trusts(const gw_proxies *proxies, const char *address) {
    struct in6_addr parsed;
    bool is_four;
    return proxies->n && parse(address, &parsed, &is_four) && trusted(proxies, &parsed);
}

/* An address as proxies write it: bare, in brackets, with a port behind. */
static bool parse_hop(gw_slice hop, struct in6_addr *out) {
    char text[TEXT_MAX];
    bool is_four;
    hop = gw_slice_trim(hop);
    if (hop.len == 0 || hop.len >= sizeof text)
        return false;
    memcpy(text, hop.at, hop.len);
    text[hop.len] = 0;
    if (strlen(text) != hop.len)
        return false;
    char *from = text, *colon = strchr(text, ':');
    if (*text == '[') {
        char *end = strchr(text, ']');
        if (!end || (end[1] && end[1] != ':'))
            return false;
        *end = 0;
        from++;
    } else if (colon && !strchr(colon + 1, ':')) {
        *colon = 0;
    }
    return parse(from, out, &is_four);
}

static const char *text_of(const struct in6_addr *address, pd_arena *arena) {
    char text[INET6_ADDRSTRLEN];
    bool is_four = IN6_IS_ADDR_V4MAPPED(address);
    inet_ntop(is_four ? AF_INET : AF_INET6, is_four ? address->s6_addr + 12 : address->s6_addr, text, sizeof text);
    return pd_arena_strdup(arena, text);
}

/* The piece of `list` behind its last comma, which is cut off; NULL when nothing is left. */
static gw_slice last_of(gw_slice *list) {
    size_t from = list->len;
    while (from > 0 && list->at[from - 1] != ',')
        from--;
    gw_slice piece = {list->at + from, list->len - from};
    *list = from ? (gw_slice){list->at, from - 1} : (gw_slice){NULL, 0};
    return piece;
}

const char *gw_proxies_client(const gw_proxies *proxies, const char *peer, const h2o_headers_t *headers,
                              pd_arena *arena) {
    struct in6_addr hop, before;
    bool any = false;
    for (size_t i = headers->size; i > 0; i--) {
        const h2o_header_t *header = &headers->entries[i - 1];
        if (header->name != &H2O_TOKEN_X_FORWARDED_FOR->buf)
            continue;
        gw_slice list = {header->value.base, header->value.len};
        while (list.at) {
            if (!parse_hop(last_of(&list), &hop))
                return any ? text_of(&before, arena) : peer;
            if (!trusted(proxies, &hop))
                return text_of(&hop, arena);
            before = hop;
            any = true;
        }
    }
    return any ? text_of(&before, arena) : peer;
}
