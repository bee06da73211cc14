/* config: one table of settings per program, from which come the flags, the environment variables, the file's keys,
 * --help and --print-config. A flag beats the environment, which beats the file (--config FILE, lines `key = value`,
 * `#` comments), which beats the default. An unknown key, flag or bad value refuses to start and is named. */
#ifndef PENDIENTES_CONFIG_H
#define PENDIENTES_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

typedef enum pd_setting_kind {
    PD_SETTING_TEXT,     /* const char *; NULL without default */
    PD_SETTING_INT,      /* int64_t, within [min, max] */
    PD_SETTING_BOOL,     /* bool: on|off|true|false|1|0; a flag without value is on */
    PD_SETTING_DURATION, /* int64_t milliseconds: 500ms 5s 2m 30d */
    PD_SETTING_SIZE,     /* int64_t bytes: 512 64K 1M 2G */
    PD_SETTING_CHOICE,   /* const char *, one of `choices` ("a|b|c") */
    PD_SETTING_LIST,     /* const char *: comma-separated; kept as text */
} pd_setting_kind;

/* name "idle-timeout": flag --idle-timeout, variable PENDIENTES_IDLE_TIMEOUT, file key idle_timeout. */
typedef struct pd_setting {
    const char *name;
    pd_setting_kind kind;
    size_t offset;        /* in the program's struct */
    const char *fallback; /* text of the default; NULL: none */
    long long min, max;   /* INT, DURATION (ms), SIZE; both 0: no bound */
    const char *choices;
    bool required, secret; /* secret: --print-config shows *** */
    const char *help;
} pd_setting;

/* GO on, or end the program with this value as its exit status. */
typedef enum pd_config_end { PD_CONFIG_GO = -1, PD_CONFIG_DONE = 0, PD_CONFIG_BAD = 2 } pd_config_end;

/* Fills `out` by `settings` (ended by a NULL name). DONE: --help, --version or --print-config were answered on stdout.
 * BAD: one clear line is on stderr. `usage` opens --help. argv[0..] are the words after the subcommand. Texts live as
 * long as the process. */
pd_config_end pd_config_read(const char *program, const char *usage, const pd_setting *settings, void *out, int argc,
                             char **argv);

#endif
