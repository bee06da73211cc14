/* pendientes-gateway: settings in, the loop on. */
#include "gateway/gateway.h"
#include "pendientes/log.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int print_routes(void) {
    const char *error = NULL;
    gw_router *router = gw_router_new(pd_routes, pd_n_routes, &error);
    if (!router) {
        fprintf(stderr, "pendientes-gateway: %s\n", error);
        return 1;
    }
    gw_router_print(router, stdout);
    gw_router_free(router);
    return 0;
}

int main(int argc, char **argv) {
    static gw_settings settings;
    static gw_gateway gateway;
    if (argc == 2 && strcmp(argv[1], "routes") == 0)
        return print_routes();
    pd_config_end config =
        pd_config_read("pendientes-gateway",
                       "usage: pendientes-gateway [--setting value ...]\n       pendientes-gateway routes\n\n"
                       "The HTTP edge in front of the cores, until SIGTERM: what is under way is then answered "
                       "(--drain).\n`routes` lists what it serves: method, path, RPC.",
                       gw_setting_table, &settings, argc - 1, argv + 1);
    if (config != PD_CONFIG_GO)
        return (int)config;
    pd_log_level level = PD_LOG_INFO;
    pd_log_level_parse(settings.log_level, &level);
    pd_log_init("gateway", level);
    /* A third less CPU in both processes, measured; before any thread, so that all inherit it. */
    sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
    const char *error = NULL;
    if (!gw_gateway_open(&gateway, &settings, &error)) {
        fprintf(stderr, "pendientes-gateway: %s\n", error);
        return 1;
    }
    PD_LOG(PD_LOG_INFO, "started", PD_S("listen", settings.listen), PD_S("admin", settings.admin),
           PD_S("cores", settings.cores), PD_I("pid", getpid()));
    gw_gateway_run(&gateway);
    gw_gateway_close(&gateway);
    return 0;
}
