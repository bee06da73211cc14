#include "lib/sockets.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

typedef struct closing {
    nng_socket socket;
    sem_t done;
    _Atomic int holders; /* the one that waits and the one that closes; the last frees */
} closing;

static void let_go(closing *c) {
    if (atomic_fetch_sub(&c->holders, 1) == 1) {
        sem_destroy(&c->done);
        free(c);
    }
}

static void *run(void *arg) {
    closing *c = arg;
    nng_close(c->socket);
    sem_post(&c->done);
    let_go(c);
    return NULL;
}

void pd_socket_close(nng_socket socket, int wait_ms) {
    closing *c = malloc(sizeof *c);
    if (!c)
        return; /* leaked: better than waiting */
    c->socket = socket;
    atomic_init(&c->holders, 2);
    sem_init(&c->done, 0, 0);
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, c) != 0) {
        sem_destroy(&c->done);
        free(c);
        return;
    }
    pthread_detach(thread);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    if (wait_ms > 0)
        sem_timedwait(&c->done, &until);
    let_go(c);
}
