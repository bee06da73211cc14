/* proxies: which peers may say in X-Forwarded-For who their client is, and what they say. Without them a client is
 * whoever connects, and the header is anybody's invention. */
#ifndef GATEWAY_PROXIES_H
#define GATEWAY_PROXIES_H

#include "pendientes/arena.h"

#include <h2o.h>
#include <stdbool.h>

typedef struct gw_proxies gw_proxies;

/* `list`: addresses and networks (10.0.0.0/8, fd00::/8), comma-separated; NULL or "": none. NULL and *error (one line,
 * valid for the process's life) when one is neither. */
gw_proxies *gw_proxies_new(const char *list, const char **error);
void gw_proxies_free(gw_proxies *proxies);
bool gw_proxies_trusts(const gw_proxies *proxies, const char *address);

/* The client behind `peer`, which is trusted: the last address of the request's X-Forwarded-For that no proxy has.
 * Where the list breaks off (something that is no address, or its beginning), the last hop before counts. In the arena,
 * or `peer` itself. */
const char *gw_proxies_client(const gw_proxies *proxies, const char *peer, const h2o_headers_t *headers,
                              pd_arena *arena);

#endif
