/* pendientes-server: picks the subcommand. */
#include "server/commands.h"

#include <stdio.h>
#include <string.h>

#ifndef PENDIENTES_VERSION
#define PENDIENTES_VERSION "0.1.0"
#endif

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"serve", sv_serve, "answers calls until SIGTERM"},
    {"migrate", sv_migrate, "brings the database's schema forward"},
    {"import", sv_import, "imports a database of the documented original"},
    {"check", sv_check, "checks configuration, database and every statement, and tells what it checked"},
    {"token", sv_token, "prints a token for the user of a service"},
};

enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void usage(FILE *out) {
    fputs("usage: pendientes-server COMMAND [--help] [--setting value ...]\n\n", out);
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-8s  %s\n", commands[i].name, commands[i].help);
}

int main(int argc, char **argv) {
    const char *word = argc > 1 ? argv[1] : "";
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(word, commands[i].name) == 0)
            return commands[i].run(argc - 2, argv + 2);
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        usage(stdout);
        return 0;
    }
    if (strcmp(word, "--version") == 0) {
        puts("pendientes-server " PENDIENTES_VERSION);
        return 0;
    }
    if (*word)
        fprintf(stderr, "pendientes-server: unknown command %s\n", word);
    usage(stderr);
    return 2;
}
