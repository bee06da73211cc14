/* admin: a core's admin port: /live, /ready and /metrics over nng's HTTP server (the gateway's own is h2o's). It runs
 * on nng's threads beside the loop, so that a loop that hangs is seen from outside; for that reason it only reads
 * counters and one flag. */
#ifndef PENDIENTES_ADMIN_H
#define PENDIENTES_ADMIN_H

#include <stdbool.h>

typedef struct pd_admin pd_admin;

/* Listens on `url` ("http://127.0.0.1:9090"), not ready yet. NULL and one line in *error (static or leaked, for
 * start-up) when it cannot. Not before a fork. */
pd_admin *pd_admin_new(const char *url, const char **error);
/* What /ready answers: 200 or 503. Any thread. */
void pd_admin_ready(pd_admin *admin, bool ready);
/* Requests under way are cut off. NULL is allowed. */
void pd_admin_free(pd_admin *admin);

#endif
