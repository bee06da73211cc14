/* commands: the program's subcommands. Each takes the words after its name and returns the exit code; what went wrong
 * is one line on stderr. */
#ifndef SERVER_COMMANDS_H
#define SERVER_COMMANDS_H

int sv_serve(int argc, char **argv);
int sv_check(int argc, char **argv);
int sv_migrate(int argc, char **argv);
int sv_import(int argc, char **argv);
int sv_token(int argc, char **argv);

#endif
