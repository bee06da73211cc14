/* fake_core: a service with a handler that does what the call's bytes say, for the tests of client and service; in the
 * test's own loop, or as a process of its own (the test's program run again with --core, because nng does not survive a
 * fork). echo…          the same bytes back hold…          never answered (unless fake_release is called) first:<path>…
 * held the first time, when <path> is not there yet and is made; echoed after that pid            the process's id
 *   count          how many calls are held
 *   status         a refusal with everything in it
 *   down           UNAVAILABLE
 *   never:<path>…  held the first time, as with first:, and UNAVAILABLE after that */
#ifndef TESTS_FAKE_CORE_H
#define TESTS_FAKE_CORE_H

#include "pendientes/client.h"
#include "pendientes/loop.h"
#include "pendientes/service.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* nng frees what belonged to closed sockets in a thread of its own, which a process that ends does not wait for. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:libnng.so";
}

typedef struct fake_core {
    pd_service *service;
    size_t calls, frames, probes;
    pd_incoming *held[1024];
    size_t n_held;
    pd_incoming last; /* a copy; its strings only as long as the call */
    char last_request_id[65], last_key[256], last_peer[65];
    bool last_traced;
} fake_core;

static inline uint64_t test_ms(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static inline bool fake_says(const pd_incoming *call, const char *word) {
    return call->len >= strlen(word) && memcmp(call->bytes, word, strlen(word)) == 0;
}

static inline void fake_refuse(pd_incoming *call) {
    pd_arena *arena = pd_arena_new();
    pd_status status = {0};
    pd_status_field(&status, arena, "lugarDestino", "no puede estar vacío");
    pd_status_field(&status, arena, "cliente.nombre", "es obligatorio");
    pd_status_set(&status, arena, PD_ABORTED, "Otra operación está en curso");
    status.retry_ms = 250;
    status.reason = PD_REASON_OTHER_BODY;
    pd_incoming_answer(call, &status, NULL, 0, true);
    pd_arena_free(arena);
}

static inline bool fake_first(const pd_incoming *call) {
    char path[256] = "";
    memcpy(path, call->bytes + 6, call->len - 6 < 255 ? call->len - 6 : 255);
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static inline void fake_call(void *arg, pd_incoming *call) {
    fake_core *core = arg;
    if (call->probe) {
        core->probes++;
        pd_incoming_answer(call, NULL, NULL, 0, false);
        return;
    }
    if (call->wrong) {
        pd_incoming_answer(call, call->wrong, NULL, 0, false);
        return;
    }
    core->calls++;
    core->last = *call;
    snprintf(core->last_request_id, sizeof core->last_request_id, "%s", call->request_id);
    snprintf(core->last_key, sizeof core->last_key, "%s", call->key ? call->key : "");
    snprintf(core->last_peer, sizeof core->last_peer, "%s", call->peer ? call->peer : "");
    core->last_traced = call->traceparent != NULL;
    if (fake_says(call, "hold") || ((fake_says(call, "first:") || fake_says(call, "never:")) && fake_first(call))) {
        if (core->n_held < 1024)
            core->held[core->n_held++] = call;
    } else if (fake_says(call, "status")) {
        fake_refuse(call);
    } else if (fake_says(call, "down") || fake_says(call, "never:")) {
        pd_status down = {.code = PD_UNAVAILABLE, .message = "sin base de datos"};
        pd_incoming_answer(call, &down, NULL, 0, false);
    } else if (fake_says(call, "pid") || fake_says(call, "count")) {
        char number[16];
        int n = snprintf(number, sizeof number, "%d", fake_says(call, "pid") ? (int)getpid() : (int)core->n_held);
        pd_incoming_answer(call, NULL, (const uint8_t *)number, (size_t)n, false);
    } else {
        if (call->n_if_match) /* the tag that was named last */
            pd_incoming_tag(call, call->if_match + (call->n_if_match - 1) * PD_TAG_LEN);
        pd_incoming_answer(call, NULL, call->bytes, call->len, false);
    }
}

static inline void fake_frame(void *arg, pd_incoming *none) {
    fake_core *core = arg;
    (void)none;
    core->frames++;
}

static inline void fake_release(fake_core *core) {
    while (core->n_held) {
        pd_incoming *call = core->held[--core->n_held];
        pd_incoming_answer(call, NULL, call->bytes, call->len, false);
    }
}

static inline bool fake_start(fake_core *core, pd_loop *loop, const char *url, size_t max_frames, const char **error) {
    memset(core, 0, sizeof *core);
    pd_service_options options = {
        .listen = url, .max_frames = max_frames, .call = fake_call, .frame = fake_frame, .arg = core};
    core->service = pd_service_listen(loop, &options, error);
    return core->service != NULL;
}

static inline void fake_open(fake_core *core, pd_loop *loop, const char *url, size_t max_frames) {
    const char *error = NULL;
    bool started = fake_start(core, loop, url, max_frames, &error);
    ck_assert_msg(started, "%s", error ? error : "?");
}

/* The body of a process of its own; Check's assertions do not work there. */
static inline int fake_main(const char *url) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    static fake_core core;
    const char *error = NULL;
    pd_loop *loop = pd_loop_new();
    if (!fake_start(&core, loop, url, 0, &error)) {
        fprintf(stderr, "fake core: %s\n", error);
        return 1;
    }
    pd_loop_run(loop);
    return 0;
}

static inline pid_t fake_spawn(const char *url) {
    extern char **environ;
    pid_t pid;
    char *argv[] = {(char *)"fake-core", (char *)"--core", (char *)(uintptr_t)url, NULL};
    ck_assert_int_eq(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ), 0);
    return pid;
}

static inline void fake_kill(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* A directory for sockets, removed with what is in it by dir_drop. */
static inline char *dir_new(void) {
    char *dir = strdup("/tmp/pd-rpc-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    return dir;
}

static inline void dir_drop(char *dir) {
    char command[512];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
    free(dir);
}

#endif
