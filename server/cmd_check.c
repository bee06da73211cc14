/* check: everything that `serve` asks for at start, without serving. */
#include "server/commands.h"
#include "server/core.h"

#include <stdio.h>
#include <string.h>

static void said(const char *line) {
    printf("ok  %s\n", line);
}

static const char USAGE[] = "usage: pendientes-server check [--setting value ...]\n\n"
                            "Checks configuration, keys, database and every statement, as `serve` does at its start, "
                            "and changes nothing.";

int sv_check(int argc, char **argv) {
    static sv_settings settings;
    pd_config_end config = pd_config_read("pendientes-server check", USAGE, sv_setting_table, &settings, argc, argv);
    if (config != PD_CONFIG_GO)
        return (int)config;
    said("configuration is complete");
    sv_core core = {0};
    const char *error = NULL;
    if (sv_core_load(&core, &settings, &error)) {
        said("keys, statements and the table of refusals can be read");
        sv_core_verify(&core, said, &error);
    }
    if (error)
        fprintf(stderr, "pendientes-server check: %.*s\n", (int)strcspn(error, "\n"), error);
    sv_core_unload(&core);
    return error ? 1 : 0;
}
