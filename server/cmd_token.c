/* token: a token for a service's user, who has no password to log in with. It needs the key file and no database: that
 * the user exists is asked when the token is used. */
#include "pendientes/scalar.h"
#include "server/commands.h"
#include "server/core.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char USAGE[] = "usage: pendientes-server token USER_ID [--setting value ...]\n\n"
                            "Prints a token of that user, valid for --token-ttl, for a service that cannot log in.";

int sv_token(int argc, char **argv) {
    static sv_settings settings;
    int64_t user = 0;
    bool named = argc > 0 && pd_int_parse(argv[0], strlen(argv[0]), &user) && user > 0;
    pd_config_end config =
        pd_config_read("pendientes-server token", USAGE, sv_setting_table, &settings, argc - named, argv + named);
    if (config != PD_CONFIG_GO)
        return (int)config;
    if (!named) {
        fprintf(stderr, "pendientes-server token: the user's id is missing (see --help)\n");
        return 2;
    }
    sv_core core = {0};
    const char *error = NULL, *token = NULL;
    if (sv_core_load(&core, &settings, &error) && !(token = id_issue(core.identity, user, "", time(NULL), core.arena)))
        error = "the system has no randomness";
    if (error)
        fprintf(stderr, "pendientes-server token: %.*s\n", (int)strcspn(error, "\n"), error);
    else
        puts(token);
    sv_core_unload(&core);
    return error ? 1 : 0;
}
