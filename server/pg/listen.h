/* listen: keeps the users in memory right. One connection that listens on a channel and reads the users: after it has
 * listened anew, at each notification, and twice a second, which is its heartbeat too. A look unanswered for a second,
 * or a lost connection, means that what memory holds may be wrong: `lost` is called, and `users` only after it has
 * listened and read again, in that order. */
#ifndef SERVER_PG_LISTEN_H
#define SERVER_PG_LISTEN_H

#include "server/pg/conn.h"

typedef struct pg_listen pg_listen;

typedef struct pg_listen_options {
    const char *url, *zone, *channel;
    const char *sql; /* of the users */
    /* The rows are valid during the call. False: they could not be taken, which counts as a loss. */
    bool (*users)(void *arg, const PGresult *rows);
    void (*lost)(void *arg);
    void *arg;
} pg_listen_options;

pg_listen *pg_listen_new(pd_loop *loop, const pg_listen_options *options);
void pg_listen_free(pg_listen *listen);
/* True from the first read after listening until the next loss. */
bool pg_listen_fresh(const pg_listen *listen);

#endif
