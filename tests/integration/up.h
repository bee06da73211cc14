/* up: a running system for a test: the one that tests/run started and named in the environment, or one of the test's
 * own, started by deploy/up in a fresh directory and stopped with everything it wrote when the test ends. Failures
 * abort the program: without a system there is nothing to test. */
#ifndef TESTS_UP_H
#define TESTS_UP_H

#include <stdbool.h>
#include <sys/types.h>

/* The shared system if PENDIENTES_URL is set, else up_start(NULL). */
void up_use(void);
/* A system of one's own; `options` are further words for deploy/up ("--servers 2 --gateways 2"). */
void up_start(const char *options);
/* Stops what up_start started and removes its directory. Called at exit too. */
void up_stop(void);

/* A value of up.env ("PENDIENTES_URL"); aborts when it is missing. */
const char *up_env(const char *key);
/* The DNI of a demo role: "ADMIN", "TECN2". */
const char *up_dni(const char *role);
/* The directory of one's own system. */
const char *up_dir(void);
/* The id of the living process, "server-1". 0 when there is none at the moment. */
pid_t up_pid(const char *name);

/* Monotonic milliseconds. */
long long up_now(void);
/* Asks `holds` every few milliseconds until it is true or `ms` have passed; returns its last answer. */
bool up_wait(int ms, bool (*holds)(void *arg), void *arg);

#endif
