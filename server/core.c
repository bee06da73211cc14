#include "server/core.h"

#include "pendientes/log.h"
#include "pendientes/scalar.h"
#include "server/by_hand.h"
#include "server/events/wait.h"
#include "server/jobs.h"
#include "server/meter.h"
#include "server/migrations.h"
#include "server/take.h"

#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char CHANNEL[] = "pendientes_identidad";

/* Frames with calls that wait for events, and with others. */
enum { MAX_WAITERS = 8192, MAX_FRAMES = 256 };

static void derive(const char *from, const char *purpose, uint8_t out[32]) {
    HMAC(EVP_sha256(), from, (int)strlen(from), (const uint8_t *)purpose, strlen(purpose), out, NULL);
}

/* The secrets under which idempotency keys are hashed and ETags made come from the oldest sealing key: a rotation puts
 * the new one in front, and keys and tags of the last hours go on counting. */
static bool derive_secrets(sv_core *core, const char **error) {
    pd_arena *arena = pd_arena_new();
    char *text = en_file_read(core->settings->seal_key_file, arena, error), *rest = NULL, *last = NULL;
    for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest))
        if (*line != '#' && *line != ' ' && *line != '\r')
            last = line;
    bool good = last != NULL;
    if (good) {
        uint8_t secret[32];
        derive(last, "pendientes idempotencia", core->key_secret);
        derive(last, "pendientes etag", secret);
        core->tagger = sv_tagger_new(secret);
        OPENSSL_cleanse(secret, sizeof secret);
    } else {
        *error = text ? "the sealing key file holds no key" : pd_arena_strdup(core->arena, *error);
    }
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    pd_arena_free(arena);
    return good;
}

bool sv_core_load(sv_core *core, const sv_settings *settings, const char **error) {
    core->settings = settings;
    core->arena = pd_arena_new();
    core->sql_dir = settings->sql_dir ? settings->sql_dir : sv_share_dir("sql");
    core->migrations_dir = settings->migrations_dir ? settings->migrations_dir : sv_share_dir("migrations");
    *error = NULL;
    if (!pd_zone_set(settings->zone)) {
        *error = pd_arena_printf(core->arena, "zone: the system does not know %s", settings->zone);
        return false;
    }
    en_zone_ignore(strcmp(settings->zona_z, "ignorar") == 0);
    if (!(core->keys = en_keys_load(settings->seal_key_file, error)) || !derive_secrets(core, error))
        return false;
    core->identity = id_identity_new(&(id_options){.key_file = settings->token_key_file,
                                                   .keys_file = settings->token_keys_file,
                                                   .issuer = settings->token_issuer,
                                                   .audience = settings->token_audience,
                                                   .ttl_ms = settings->token_ttl_ms},
                                     error);
    if (!core->identity)
        return false;
    core->errors =
        pg_errors_load(pd_arena_printf(core->arena, "%s/interno/restricciones.txt", core->sql_dir), core->arena, error);
    core->users_sql =
        en_file_read(pd_arena_printf(core->arena, "%s/interno/usuarios.sql", core->sql_dir), core->arena, error);
    if (!core->errors || !core->users_sql)
        return false;
    core->own = en_own_load(core->sql_dir, core->arena, error);
    core->statements = core->own ? en_statements_load(core->sql_dir, sv_is_by_hand, core->arena, error) : NULL;
    return core->statements != NULL;
}

static bool check_constraints(sv_core *core, PGconn *conn, const char **error) {
    PGresult *known =
        PQexec(conn, "SELECT conname FROM pg_constraint UNION SELECT relname FROM pg_class WHERE relkind = 'i'");
    int n = PQresultStatus(known) == PGRES_TUPLES_OK ? PQntuples(known) : 0;
    const char *name;
    for (size_t i = 0; !*error && (name = pg_errors_name(core->errors, i)); i++) {
        bool found = false;
        for (int row = 0; !found && row < n; row++)
            found = strcmp(PQgetvalue(known, row, 0), name) == 0;
        if (!found)
            *error = pd_arena_printf(core->arena, "%s/interno/restricciones.txt: the database has no constraint %s",
                                     core->sql_dir, name);
    }
    PQclear(known);
    return !*error;
}

static void tell(sv_core *core, void (*said)(const char *line), const char *what, size_t n) {
    if (said)
        said(n ? pd_arena_printf(core->arena, "%s: %zu", what, n) : what);
}

static void silence(void *arg, const char *message) {
    (void)arg;
    (void)message;
}

bool sv_core_verify(sv_core *core, void (*said)(const char *line), const char **error) {
    *error = NULL;
    PGconn *conn = PQconnectdb(core->settings->database);
    if (PQstatus(conn) != CONNECTION_OK) {
        *error = pd_arena_printf(core->arena, "database: %s", PQerrorMessage(conn));
    } else if (PQserverVersion(conn) < 150000) {
        *error = "database: PostgreSQL 15 or newer is needed";
    } else {
        tell(core, said, "database reached", 0);
        PQsetNoticeProcessor(conn, silence, NULL);
        if (sv_migrations_current(conn, core->migrations_dir, core->arena, error)) {
            tell(core, said, "migrations are all applied", 0);
            if (check_constraints(core, conn, error))
                tell(core, said, "constraints of the table of refusals exist", 0);
        }
        if (!*error && en_own_describe(core->own, conn, core->arena, error) &&
            en_statements_describe(core->statements, conn, core->arena, error))
            tell(core, said, "statements fit their methods and the database", en_statements_count(core->statements));
    }
    PQfinish(conn);
    return !*error;
}

/* A call's deadline is its statements' timeout; most have the gateway's default, so that is the usual one. */
enum { USUAL_MS = 10000, LONGEST_MS = 60000 };

/* What the classes differ in. Reads time out early: what hangs must leave the lane to the others. The slow lane's calls
 * are long answered when it times out; it only asks whether the method answers again. */
static void set_lanes(sv_core *core) {
    const sv_settings *s = core->settings;
    const pg_lane_options options[PG_N_LANES] = {
        [PG_LANE_READ] = {{.name = "read", .plan_cache_mode = "force_generic_plan", .statement_timeout_ms = 300},
                          1,
                          16,
                          1024},
        [PG_LANE_SLOW] = {{.name = "slow", .plan_cache_mode = "force_generic_plan", .statement_timeout_ms = 2000},
                          1,
                          1,
                          1024},
        [PG_LANE_SEARCH] =
            {{.name = "search", .plan_cache_mode = "auto", .statement_timeout_ms = USUAL_MS, .longest_ms = LONGEST_MS},
             (size_t)s->search_connections,
             1,
             1024},
        [PG_LANE_WRITE] =
            {{.name = "write", .plan_cache_mode = "auto", .statement_timeout_ms = USUAL_MS, .longest_ms = LONGEST_MS},
             (size_t)s->write_connections,
             1,
             2048},
        [PG_LANE_BATCH] =
            {{.name = "batch", .plan_cache_mode = "auto", .statement_timeout_ms = USUAL_MS, .longest_ms = LONGEST_MS},
             (size_t)s->batch_connections,
             1,
             1024},
        [PG_LANE_DECIDED] = {{.name = "decided", .plan_cache_mode = "auto", .statement_timeout_ms = USUAL_MS},
                             (size_t)s->decided_connections,
                             1,
                             1024},
        [PG_LANE_OWN] = {{.name = "own", .plan_cache_mode = "auto", .statement_timeout_ms = 3000, .longest_ms = 3000},
                         2,
                         8,
                         512},
        [PG_LANE_BYTES] =
            {{.name = "bytes", .plan_cache_mode = "auto", .statement_timeout_ms = USUAL_MS, .longest_ms = LONGEST_MS},
             (size_t)s->bytes_connections,
             1,
             256},
    };
    for (int i = 0; i < PG_N_LANES; i++) {
        pg_lane_options *lane = &core->lane_options[i];
        *lane = options[i];
        lane->class.url = s->database;
        lane->class.zone = s->zone;
        lane->class.prepares = i == PG_LANE_OWN ? en_own_prepares(core->own, &lane->class.n_prepares)
                                                : en_statements_prepares(core->statements, (pg_lane_id)i, core->arena,
                                                                         &lane->class.n_prepares);
    }
}

id_identity *sv_core_identity(sv_core *core) {
    return core->identity;
}

static bool take_users(void *arg, const PGresult *rows) {
    sv_core *core = arg;
    int64_t before = id_version(core->identity);
    if (!id_identity_reload(core->identity, rows))
        return false;
    if (core->waiters && id_version(core->identity) != before)
        ev_waiters_look(core->waiters);
    return true;
}

static void forget_users(void *arg) {
    sv_core *core = arg;
    PD_LOG(PD_LOG_WARN, "users may be stale: refusing calls until they are read again");
    id_identity_lost(core->identity);
    if (core->waiters)
        ev_waiters_refuse(core->waiters);
}

ev_waiters *sv_core_waiters(sv_core *core) {
    return core->waiters;
}

static void tell_waiters(void *arg) {
    sv_core *core = arg;
    ev_waiters_look(core->waiters);
}

static void start_events(sv_core *core) {
    core->events = ev_log_new(core->loop, &(ev_log_options){.url = core->settings->database,
                                                            .zone = core->settings->zone,
                                                            .number = en_own_prepare(core->own, EN_OWN_NUMBER_EVENTS),
                                                            .read = en_own_prepare(core->own, EN_OWN_READ_EVENTS),
                                                            .grown = tell_waiters,
                                                            .arg = core});
    core->waiters = ev_waiters_new(&(ev_waiters_options){.loop = core->loop,
                                                         .log = core->events,
                                                         .identity = core->identity,
                                                         .own = core->own,
                                                         .lanes = core->lanes,
                                                         .max = MAX_WAITERS});
}

static bool abandon(sv_call *call) {
    return en_engine_abandon(call->core->engine, call);
}

static void engine_turn(void *arg) {
    sv_core *core = arg;
    en_engine_turn(core->engine);
    if (sv_calls_wrote(core->calls))
        ev_log_wake(core->events);
}

bool sv_core_start(sv_core *core, const char **error) {
    set_lanes(core);
    if (!id_identity_start(core->identity, core->loop, error))
        return false;
    core->meter = sv_meter_new();
    core->calls = sv_calls_new(core, core->loop, core->meter, core->tagger, abandon);
    /* The order at the end of a turn: what was gathered is sent, then what is finished goes back to the clients. */
    pd_loop_each_turn(core->loop, engine_turn, core);
    pd_loop_each_turn(core->loop, sv_calls_turn, core->calls);
    core->lanes = pg_lanes_new(core->loop, core->lane_options);
    core->engine = en_engine_new(&(en_engine_options){.loop = core->loop,
                                                      .lanes = core->lanes,
                                                      .statements = core->statements,
                                                      .keys = core->keys,
                                                      .bcrypt = id_identity_bcrypt(core->identity),
                                                      .errors = core->errors,
                                                      .key_secret = core->key_secret,
                                                      .tagger = core->tagger});
    core->listen = pg_listen_new(core->loop, &(pg_listen_options){.url = core->settings->database,
                                                                  .zone = core->settings->zone,
                                                                  .channel = CHANNEL,
                                                                  .sql = core->users_sql,
                                                                  .users = take_users,
                                                                  .lost = forget_users,
                                                                  .arg = core});
    id_identity_connect(
        core->identity,
        &(id_database){.loop = core->loop, .own = core->own, .lanes = core->lanes, .secret = core->key_secret});
    start_events(core);
    core->jobs = sv_jobs_new(core->loop, core->lanes, core->own, core->settings->events_keep_ms / 1000);
    core->service = pd_service_listen(
        core->loop,
        &(pd_service_options){
            .listen = core->settings->listen, .max_frames = MAX_WAITERS + MAX_FRAMES, .call = sv_take, .arg = core},
        error);
    return core->service != NULL;
}

bool sv_core_ready(const sv_core *core) {
    return !core->draining && pg_listen_fresh(core->listen) && pg_lanes_all_up(core->lanes);
}

void sv_core_stop(sv_core *core) {
    pg_listen_free(core->listen);
    id_identity_disconnect(core->identity);
    ev_log_free(core->events);
    pg_lanes_free(core->lanes); /* ends the calls that are left, and a sweep under way */
    sv_jobs_free(core->jobs);
    ev_waiters_free(core->waiters);
    if (core->service)
        pd_service_close(core->service);
    en_engine_free(core->engine);
    sv_calls_free(core->calls);
    sv_meter_free(core->meter);
    id_identity_free(core->identity); /* its threads wake the loop */
    core->identity = NULL;
    pd_loop_free(core->loop);
    sv_core_unload(core);
}

void sv_core_unload(sv_core *core) {
    id_identity_free(core->identity);
    sv_tagger_free(core->tagger);
    en_keys_free(core->keys);
    pd_arena_free(core->arena);
}
