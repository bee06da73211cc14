/* rpc_load OUTSTANDING SECONDS: reads of random averías by direct RPC with so many calls under way; prints what wrk
 * prints, so that tests/bench/run reads both alike. TOKEN, PENDIENTES_RPC, N and FIRST come from the environment. */
#include "pendientes/client.h"
#include "pendientes/v1/averias.pb-c.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_FDS = 256, BUCKETS = 200000 };

static struct {
    void (*ready)(void *arg);
    void *arg;
} watched[MAX_FDS];
static struct pollfd fds[MAX_FDS];
static int n_fds;
static pd_client *client;
static const pd_method *method;
static pd_meta meta;
static long first, half, done, failed;
static bool stopping;
static int outstanding;
static unsigned histogram[BUCKETS]; /* by 10 us */

static long long now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void *watch(void *ctx, int fd, void (*ready)(void *arg), void *arg) {
    (void)ctx;
    if (n_fds == MAX_FDS)
        abort();
    watched[n_fds].ready = ready;
    watched[n_fds].arg = arg;
    fds[n_fds] = (struct pollfd){.fd = fd, .events = POLLIN};
    return &fds[n_fds++];
}

static void unwatch(void *ctx, void *which) {
    (void)ctx;
    ((struct pollfd *)which)->fd = -1;
}

static void arrived(void *arg, const pd_reply *reply);

static void ask(long long *began) {
    Pendientes__V1__ObtenerAveriaReq request = PENDIENTES__V1__OBTENER_AVERIA_REQ__INIT;
    request.has_pendiente_id = 1;
    request.pendiente_id = first + 2 * (random() % half);
    *began = now_us();
    outstanding++;
    pd_client_call_message(client, method, &request.base, &meta, arrived, began);
}

static void arrived(void *arg, const pd_reply *reply) {
    long long *began = arg, took = (now_us() - *began) / 10;
    histogram[took < BUCKETS ? took : BUCKETS - 1]++;
    done++;
    failed += reply->status->code != PD_OK;
    outstanding--;
    if (!stopping)
        ask(began);
}

static double percentile(double part) {
    long seen = 0;
    for (int i = 0; i < BUCKETS; i++)
        if ((seen += histogram[i]) >= (long)((double)done * part))
            return i / 100.0;
    return BUCKETS / 100.0;
}

int main(int argc, char **argv) {
    int calls = argc > 1 ? atoi(argv[1]) : 64, seconds = argc > 2 ? atoi(argv[2]) : 3;
    const char *token = getenv("TOKEN"), *rpc = getenv("PENDIENTES_RPC"), *error = NULL;
    first = getenv("FIRST") ? atol(getenv("FIRST")) : 1000000;
    half = (getenv("N") ? atol(getenv("N")) : 100000) / 2;
    method = pd_method_find("pendientes.v1.Averias/Obtener", strlen("pendientes.v1.Averias/Obtener"));
    if (!token || !rpc || half < 1 ||
        !(client = pd_client_new(&(pd_client_options){.cores = rpc, .watch = watch, .unwatch = unwatch}, &error))) {
        fprintf(stderr, "rpc_load: %s\n", error ? error : "set TOKEN and PENDIENTES_RPC");
        return 1;
    }
    meta = (pd_meta){.token = token, .token_len = strlen(token)};
    long long *began = calloc((size_t)calls, sizeof *began), start = now_us(), end = start + seconds * 1000000LL;
    for (int i = 0; i < calls; i++)
        ask(&began[i]);
    while (outstanding) {
        int wait = pd_client_turn(client);
        if (poll(fds, (nfds_t)n_fds, wait < 0 || wait > 100 ? 100 : wait) > 0)
            for (int i = 0; i < n_fds; i++)
                if (fds[i].fd >= 0 && fds[i].revents)
                    watched[i].ready(watched[i].arg);
        stopping = now_us() >= end;
    }
    double took = (double)(now_us() - start) / 1e6;
    printf("50%% %.3fms\n99%% %.3fms\n%ld requests in %.2fs\nRequests/sec: %.2f\nERRORS %ld\n", percentile(0.5),
           percentile(0.99), done, took, (double)done / took, failed);
    pd_client_free(client);
    free(began);
    return 0;
}
