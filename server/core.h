/* core: what the server is made of, and how it comes up: loaded and checked (for `check` too), then started. One per
 * process, owned by its main thread, on which everything but bcrypt runs. */
#ifndef SERVER_CORE_H
#define SERVER_CORE_H

#include "server/call.h"
#include "server/engine/own.h"
#include "server/engine/plan.h"
#include "server/identity/identity.h"
#include "server/pg/listen.h"
#include "server/settings.h"

typedef struct sv_jobs sv_jobs;
typedef struct ev_log ev_log;
typedef struct ev_waiters ev_waiters;

struct sv_core {
    const sv_settings *settings;
    pd_loop *loop;
    pd_arena *arena; /* what is made at start and never changes */
    const char *sql_dir, *migrations_dir, *users_sql;
    en_statements *statements;
    en_own *own;
    en_keys *keys;
    pg_errors *errors;
    uint8_t key_secret[32];
    sv_tagger *tagger;
    id_identity *identity;
    pg_lane_options lane_options[PG_N_LANES];
    pg_lanes *lanes;
    pg_listen *listen;
    en_engine *engine;
    sv_calls *calls;
    sv_meter *meter;
    sv_jobs *jobs;
    ev_log *events;
    ev_waiters *waiters;
    pd_service *service;
    bool draining;
};

/* Reads everything that needs no database: zone, statements, keys, the table of constraints, token keys. False: *error
 * is one line. */
bool sv_core_load(sv_core *core, const sv_settings *settings, const char **error);
/* Asks the database: that it is migrated, that every statement fits. Blocking. Tells `said` (may be NULL) what was
 * found. */
bool sv_core_verify(sv_core *core, void (*said)(const char *line), const char **error);
/* Connects, listens, serves on core->loop. */
bool sv_core_start(sv_core *core, const char **error);
/* Whether calls can be served now: users fresh, every lane up, not draining. Loop thread. */
bool sv_core_ready(const sv_core *core);
/* Ends what is left of a start, and unloads. */
void sv_core_stop(sv_core *core);
/* Frees what sv_core_load made. */
void sv_core_unload(sv_core *core);

#endif
