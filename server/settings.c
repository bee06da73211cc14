#include "server/settings.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(member) offsetof(sv_settings, member)

const pd_setting sv_setting_table[] = {
    {.name = "listen",
     .kind = PD_SETTING_LIST,
     .offset = AT(listen),
     .fallback = "tcp://127.0.0.1:9101",
     .help = "nng URLs that take calls, comma-separated"},
    {.name = "database",
     .kind = PD_SETTING_TEXT,
     .offset = AT(database),
     .required = true,
     .secret = true,
     .help = "PostgreSQL URL or conninfo; several hosts and target_session_attrs are honoured"},
    {.name = "admin",
     .kind = PD_SETTING_TEXT,
     .offset = AT(admin),
     .fallback = "http://127.0.0.1:9090",
     .help = "URL of /live, /ready and /metrics"},
    {.name = "token-key-file",
     .kind = PD_SETTING_TEXT,
     .offset = AT(token_key_file),
     .required = true,
     .help = "file whose bytes are the HS256 key that signs tokens, 32 or more; SIGHUP reads it anew"},
    {.name = "token-keys-file",
     .kind = PD_SETTING_TEXT,
     .offset = AT(token_keys_file),
     .help = "further keys, lines `kid HS256|RS256|ES256 file [issuer]`: secrets of before and after, public keys of "
             "other issuers; SIGHUP reads it anew"},
    {.name = "token-ttl",
     .kind = PD_SETTING_DURATION,
     .offset = AT(token_ttl_ms),
     .fallback = "30d",
     .min = 1000,
     .max = 365LL * 86400 * 1000,
     .help = "lifetime of issued tokens"},
    {.name = "token-issuer",
     .kind = PD_SETTING_TEXT,
     .offset = AT(token_issuer),
     .fallback = "pendientes",
     .help = "iss of issued tokens, asked of all"},
    {.name = "token-audience",
     .kind = PD_SETTING_TEXT,
     .offset = AT(token_audience),
     .fallback = "pendientes-api",
     .help = "aud of issued tokens, asked of all"},
    {.name = "seal-key-file",
     .kind = PD_SETTING_TEXT,
     .offset = AT(seal_key_file),
     .required = true,
     .help = "file of lines `id 64-hex-digits`: the first seals, all open"},
    {.name = "sql-dir",
     .kind = PD_SETTING_TEXT,
     .offset = AT(sql_dir),
     .help = "the statements; default: as installed"},
    {.name = "migrations-dir",
     .kind = PD_SETTING_TEXT,
     .offset = AT(migrations_dir),
     .help = "the migrations; default: as installed"},
    {.name = "zone",
     .kind = PD_SETTING_TEXT,
     .offset = AT(zone),
     .fallback = "America/Lima",
     .help = "time zone of every date-time, an IANA name"},
    {.name = "zona-z",
     .kind = PD_SETTING_CHOICE,
     .offset = AT(zona_z),
     .fallback = "convertir",
     .choices = "convertir|ignorar",
     .help = "date-times with Z or an offset: convert, or take their digits as local"},
    {.name = "write-connections",
     .kind = PD_SETTING_INT,
     .offset = AT(write_connections),
     .fallback = "8",
     .min = 1,
     .max = 16,
     .help = "connections for writes"},
    {.name = "search-connections",
     .kind = PD_SETTING_INT,
     .offset = AT(search_connections),
     .fallback = "6",
     .min = 1,
     .max = 16,
     .help = "connections for searches and lists"},
    {.name = "batch-connections",
     .kind = PD_SETTING_INT,
     .offset = AT(batch_connections),
     .fallback = "2",
     .min = 1,
     .max = 8,
     .help = "connections for inserts that share a commit"},
    {.name = "decided-connections",
     .kind = PD_SETTING_INT,
     .offset = AT(decided_connections),
     .fallback = "4",
     .min = 1,
     .max = 16,
     .help = "connections for calls with an Idempotency-Key"},
    {.name = "bytes-connections",
     .kind = PD_SETTING_INT,
     .offset = AT(bytes_connections),
     .fallback = "3",
     .min = 1,
     .max = 16,
     .help = "connections for the bytes of files"},
    {.name = "drain",
     .kind = PD_SETTING_DURATION,
     .offset = AT(drain_ms),
     .fallback = "10s",
     .min = 0,
     .max = 60000,
     .help = "how long calls under way may take after SIGTERM"},
    {.name = "log-level",
     .kind = PD_SETTING_CHOICE,
     .offset = AT(log_level),
     .fallback = "info",
     .choices = "debug|info|warn|error",
     .help = "what is logged"},
    {.name = NULL},
};

const char *sv_share_dir(const char *name) {
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    if (len <= 0)
        return NULL;
    program[len] = 0;
    for (int up = 0; up < 2; up++) { /* the program, then bin */
        char *slash = strrchr(program, '/');
        if (!slash)
            return NULL;
        *slash = 0;
    }
    char *path = NULL;
    return asprintf(&path, "%s/share/pendientes/%s", program, name) < 0 ? NULL : path;
}
