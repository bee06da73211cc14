/* serve: loads, checks, starts, and runs the loop until SIGTERM or SIGINT; then takes no more frames and ends when the
 * calls under way are answered. A second signal ends it at once. SIGHUP reads the token keys anew. */
#include "server/commands.h"
#include "server/core.h"
#include "server/events/wait.h"
#include "server/meter.h"

#include "pendientes/admin.h"
#include "pendientes/log.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    GAUGES_MS = 1000,
    LINGER_MS = 200, /* frames on their way are still answered: UNAVAILABLE is better than a cut */
};

static pd_loop *signalled_loop; /* for the handler only */
static volatile sig_atomic_t signals, hangups;

static void on_signal(int number) {
    int saved = errno;
    if (number == SIGHUP)
        hangups = 1;
    else if (signals++)
        _exit(1);
    pd_loop_wake(signalled_loop);
    errno = saved;
}

typedef struct serving {
    sv_core core;
    pd_admin *admin;
    pd_timer gauges, drain, linger;
    bool lingered;
    bool was_ready;
} serving;

static void show_gauges(void *arg) {
    serving *s = arg;
    sv_meter_gauges(s->core.meter, s->core.lanes, s->core.calls, sv_core_ready(&s->core));
    pd_timer_start(s->core.loop, &s->gauges, GAUGES_MS, show_gauges, s);
}

static void show_ready(void *arg) {
    serving *s = arg;
    bool ready = sv_core_ready(&s->core);
    if (ready != s->was_ready) {
        PD_LOG(PD_LOG_INFO, ready ? "ready" : "not ready");
        s->was_ready = ready;
        pd_admin_ready(s->admin, ready);
    }
}

static void drained(void *arg) {
    serving *s = arg;
    PD_LOG(PD_LOG_WARN, "calls are still under way; ending",
           PD_I("calls", (int64_t)pd_service_pending(s->core.service)));
    pd_loop_stop(s->core.loop);
}

static void lingered(void *arg) {
    serving *s = arg;
    s->lingered = true;
}

static void read_keys(serving *s) {
    const char *error = NULL;
    if (id_identity_rekey(s->core.identity, &error))
        PD_LOG(PD_LOG_INFO, "token keys read");
    else
        PD_LOG(PD_LOG_ERROR, "token keys not read, the old ones stay", PD_S("error", error));
}

static void watch_signals(void *arg) {
    serving *s = arg;
    if (hangups) {
        hangups = 0;
        read_keys(s);
    }
    if (!signals)
        return;
    if (!s->core.draining) {
        PD_LOG(PD_LOG_INFO, "draining");
        s->core.draining = true;
        pd_service_drain(s->core.service);
        ev_waiters_drain(s->core.waiters);
        pd_timer_start(s->core.loop, &s->drain, (uint64_t)s->core.settings->drain_ms, drained, s);
        pd_timer_start(s->core.loop, &s->linger, LINGER_MS, lingered, s);
    }
    if (s->lingered && pd_service_pending(s->core.service) == 0)
        pd_loop_stop(s->core.loop);
}

static void handle_signals(pd_loop *loop) {
    signalled_loop = loop;
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static bool start(serving *s, const char **error) {
    sv_core *core = &s->core;
    if (!sv_core_verify(core, NULL, error))
        return false;
    core->loop = pd_loop_new();
    if (!core->loop) {
        *error = strerror(errno);
        return false;
    }
    handle_signals(core->loop);
    if (!sv_core_start(core, error))
        return false;
    s->admin = pd_admin_new(core->settings->admin, error);
    pd_loop_each_turn(core->loop, show_ready, s);
    pd_loop_each_turn(core->loop, watch_signals, s);
    return s->admin != NULL;
}

static const char USAGE[] = "usage: pendientes-server serve [--setting value ...]\n\n"
                            "Answers calls until SIGTERM, and then those under way (--drain). SIGHUP reads the token "
                            "keys anew.";

int sv_serve(int argc, char **argv) {
    static sv_settings settings;
    pd_config_end config = pd_config_read("pendientes-server serve", USAGE, sv_setting_table, &settings, argc, argv);
    if (config != PD_CONFIG_GO)
        return (int)config;
    pd_log_level level = PD_LOG_INFO;
    pd_log_level_parse(settings.log_level, &level);
    pd_log_init("server", level);
    /* A third less CPU: wake-ups do not preempt the one that is working. Refused somewhere, it is no more than slower.
     */
    sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
    static serving s;
    const char *error = NULL;
    if (sv_core_load(&s.core, &settings, &error) && start(&s, &error)) {
        /* libnng 1.5.2 takes a client that leaves while it connects for the end of its own socket (its issue 1518);
         * seen over ipc after 20 such clients, over tcp never in 8,000. */
        if (strstr(settings.listen, "ipc://"))
            PD_LOG(PD_LOG_WARN, "listening on ipc: one client that leaves while it connects ends it; prefer tcp://");
        PD_LOG(PD_LOG_INFO, "started", PD_S("listen", settings.listen), PD_I("pid", getpid()));
        show_gauges(&s);
        pd_loop_run(s.core.loop);
    }
    if (error)
        fprintf(stderr, "pendientes-server serve: %.*s\n", (int)strcspn(error, "\n"), error);
    pd_admin_free(s.admin);
    sv_core_stop(&s.core);
    return error ? 1 : 0;
}
