/* pg: a private PostgreSQL 15 for one test program: its own cluster in a fresh directory under /tmp, Unix socket only,
 * run as an unprivileged user when the test runs as root, without fsync. It stops and its directory is removed when the
 * program that started it ends; when that program is killed, the server ends with it. Call from main, before Check
 * forks: forked tests may connect, and never stop it by exiting. Everything here ends the program with one line on
 * stderr when it cannot work. */
#ifndef TESTS_SUPPORT_PG_H
#define TESTS_SUPPORT_PG_H

#include <libpq-fe.h>

/* Starts the server, again with its data after ts_pg_stop, and waits until it answers. The conninfo (superuser
 * "postgres", database "postgres") is valid until the program ends; calls while it runs return the same. */
const char *ts_pg_start(void);
/* Ends the server at once, as a crash would (SIGQUIT); its data stay. */
void ts_pg_stop(void);
/* A blocking connection as the core opens them: DateStyle ISO, TimeZone America/Lima. The caller ends it with PQfinish.
 */
PGconn *ts_pg_connect(void);
/* Runs one or several statements; any error ends the program. */
void ts_pg_exec(PGconn *conn, const char *sql);

#endif
