/* settings: what can be set, in one table for `serve` and `check`. */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include "pendientes/config.h"

#include <stdint.h>

typedef struct sv_settings {
    const char *listen, *database, *admin;
    const char *token_key_file, *token_keys_file, *token_issuer, *token_audience;
    int64_t token_ttl_ms, events_keep_ms;
    const char *seal_key_file;
    const char *sql_dir, *migrations_dir; /* NULL: beside the installed program */
    const char *zone, *zona_z;
    int64_t write_connections, search_connections, batch_connections, decided_connections, bytes_connections;
    int64_t drain_ms;
    const char *log_level;
} sv_settings;

extern const pd_setting sv_setting_table[];

/* `name` below the share directory of the installed program ("sql"), memory from the process; for settings left out. */
const char *sv_share_dir(const char *name);

#endif
