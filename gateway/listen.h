/* listen: the sockets, TLS, and what is known of a connection. */
#ifndef GATEWAY_LISTEN_H
#define GATEWAY_LISTEN_H

#include <h2o.h>
#include <netinet/in.h>
#include <stdbool.h>

struct gw_gateway;

/* A connection; lives as long as its socket (h2o closes that after the last request of it is disposed of). */
typedef struct gw_conn {
    struct gw_gateway *gateway;
    h2o_socket_t *socket;
    char peer[INET6_ADDRSTRLEN]; /* the address alone */
    bool proxied;                /* the peer is trusted to tell its clients' */
    uint64_t resets_since_ms;    /* h2guard's */
    unsigned resets;
} gw_conn;

typedef struct gw_listeners gw_listeners;

/* Listens on every address of the settings, and on the admin address. NULL and *error (one line, valid for the
 * process's life) when one is taken or wrong, or the certificate cannot be used. */
gw_listeners *gw_listen(struct gw_gateway *gateway, size_t max_connections, const char **error);
/* Takes who has already connected, then closes the public port; the admin port stays. */
void gw_listeners_close(gw_listeners *listeners);
void gw_listeners_free(gw_listeners *listeners);

gw_conn *gw_conn_of(h2o_req_t *req);

#endif
