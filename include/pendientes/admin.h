/* admin: the core's admin port: /live, /ready, /metrics, on nng's HTTP server (the core needs no other HTTP, and nng is there). Handlers
 * run on nng's threads and only read counters and the ready flag. */
#ifndef PENDIENTES_ADMIN_H
#define PENDIENTES_ADMIN_H

#include <stdbool.h>

typedef struct pd_admin pd_admin;

/* Listens on `url` ("http://127.0.0.1:9090"); not ready at first. NULL and *error (one line, static or leaked) on failure. */
pd_admin *pd_admin_new(const char *url, const char **error);
/* What /ready answers: 200 or 503. Any thread. */
void pd_admin_ready(pd_admin *admin, bool ready);
/* NULL is allowed. */
void pd_admin_free(pd_admin *admin);

#endif
