/* fake_client: a client in a loop and the outcomes of its calls, for client_test. */
#ifndef TESTS_FAKE_CLIENT_H
#define TESTS_FAKE_CLIENT_H

#include "fake_core.h"

#define OBTENER "pendientes.v1.Averias/Obtener"
#define OTRO "pendientes.v1.Traslados/Obtener"
#define CREAR "pendientes.v1.Averias/Crear"
#define ENTRAR "pendientes.v1.Autenticacion/Entrar"

static pd_loop *loop;
static pd_client *client;
static fake_core core;
static char *dir, url[256], url2[256], both[600];
static const pd_method *obtener, *crear, *entrar;

/* --- the client in the loop --- */

typedef struct hook {
    pd_watch *watch;
    void (*ready)(void *arg);
    void *arg;
} hook;

static void hook_ready(void *arg, unsigned events) {
    (void)events;
    hook *h = arg;
    h->ready(h->arg);
}

static void *hook_watch(void *ctx, int fd, void (*ready)(void *arg), void *arg) {
    hook *h = malloc(sizeof *h);
    *h = (hook){.ready = ready, .arg = arg};
    h->watch = pd_loop_watch(ctx, fd, PD_LOOP_READ, hook_ready, h);
    return h;
}

static void hook_unwatch(void *ctx, void *watch) {
    (void)ctx;
    hook *h = watch;
    pd_watch_free(h->watch);
    free(h);
}

static void open_client(const char *cores, uint32_t read_frame_ms) {
    const char *error = NULL;
    pd_client_options options = {
        .cores = cores, .watch = hook_watch, .unwatch = hook_unwatch, .ctx = loop, .read_frame_ms = read_frame_ms};
    client = pd_client_new(&options, &error);
    ck_assert_msg(client != NULL, "%s", error ? error : "?");
}

static void turn(void) {
    int wait = pd_client_turn(client);
    pd_loop_turn(loop, wait > 20 ? 20 : wait);
}

static void turn_for(uint64_t ms) {
    for (uint64_t until = test_ms() + ms; test_ms() < until;)
        turn();
}

/* --- calls --- */

typedef struct outcome {
    pd_call *call;
    int times;
    pd_code code;
    bool replayed, tagged;
    uint8_t tag[PD_TAG_LEN];
    uint32_t retry_ms;
    size_t n_errors, len;
    char text[64], message[200];
    uint64_t started, took;
} outcome;

static size_t n_done;

static void on_reply(void *arg, const pd_reply *reply) {
    outcome *o = arg;
    o->times++;
    o->code = reply->status->code;
    o->retry_ms = reply->status->retry_ms;
    o->n_errors = reply->status->n_errors;
    o->replayed = reply->replayed;
    o->len = reply->len;
    o->tagged = reply->tag != NULL;
    if (reply->tag)
        memcpy(o->tag, reply->tag, PD_TAG_LEN);
    snprintf(o->text, sizeof o->text, "%.*s", (int)(reply->len < 60 ? reply->len : 60),
             reply->bytes ? (const char *)reply->bytes : "");
    snprintf(o->message, sizeof o->message, "%s", reply->status->message ? reply->status->message : "");
    o->took = test_ms() - o->started;
    n_done++;
}

static void start(outcome *o, const pd_method *method, const char *data, pd_meta meta) {
    *o = (outcome){.started = test_ms()};
    o->call = pd_client_call(client, method, (const uint8_t *)data, strlen(data), &meta, on_reply, o);
    ck_assert_int_eq(o->times, 0); /* never from here */
}

static void finish(outcome *o, uint64_t ms) {
    for (uint64_t until = test_ms() + ms; o->times == 0 && test_ms() < until;)
        turn();
    ck_assert_int_eq(o->times, 1);
}

static outcome ask(const pd_method *method, const char *data, pd_meta meta) {
    outcome o;
    start(&o, method, data, meta);
    finish(&o, 12000);
    return o;
}

static inline void wait_ready(void) {
    for (uint64_t until = test_ms() + 3000; !pd_client_ready(client) && test_ms() < until;)
        turn();
    ck_assert(pd_client_ready(client));
}

#endif
