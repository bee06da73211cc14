/* settings: what the gateway's operator may set. */
#ifndef GATEWAY_SETTINGS_H
#define GATEWAY_SETTINGS_H

#include "pendientes/config.h"

#include <stdint.h>

typedef struct gw_settings {
    const char *listen, *cores, *admin;
    const char *tls_cert, *tls_key;             /* both or none */
    const char *trusted_proxies, *cors_origins; /* NULL: none */
    const char *events_token_file;              /* NULL: no events */
    bool envelope, deprecated_gets;
    const char *spool_dir;
    int64_t upload_limit, upload_total, request_ms;
    int64_t deadline_ms, body_limit, drain_ms, max_connections;
    const char *log_level;
} gw_settings;

extern const pd_setting gw_setting_table[];

#endif
