#include "server/engine/decided.h"

#include "server/engine/decide.h"
#include "server/engine/inside.h"

#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

static const Oid lock_types[] = {20};                 /* int8 */
static const Oid hash_types[] = {17};                 /* bytea */
static const Oid keep_types[] = {17, 20, 25, 17, 17}; /* bytea, int8, text, bytea, bytea */

const pg_prepare en_trips[EN_N_TRIPS] = {
    [EN_BEGIN] = {.name = "decided_begin", .sql = "BEGIN"},
    [EN_TRY] = {.name = "decided_try", .sql = "SELECT pg_try_advisory_xact_lock($1)", .n = 1, .types = lock_types},
    [EN_FIND] = {.name = "decided_find",
                 .sql = "SELECT creada > clock_timestamp() - interval '24 hours', huella, respuesta"
                        " FROM claves_idempotencia WHERE clave_hash = $1",
                 .n = 1,
                 .types = hash_types},
    [EN_DROP] = {.name = "decided_drop",
                 .sql = "DELETE FROM claves_idempotencia WHERE clave_hash = $1",
                 .n = 1,
                 .types = hash_types},
    [EN_KEEP] = {.name = "decided_keep",
                 .sql = "INSERT INTO claves_idempotencia (clave_hash, usuario_id, metodo, huella, respuesta)"
                        " VALUES ($1, $2, $3, $4, $5)",
                 .n = 5,
                 .types = keep_types},
    [EN_COMMIT] = {.name = "decided_commit", .sql = "COMMIT"},
    [EN_ROLLBACK] = {.name = "decided_rollback", .sql = "ROLLBACK"},
};

enum { FIRST_MAX = 7 };

/* A call's two trips. Lives in its arena as call->plan. */
typedef struct decided {
    en_engine *engine;
    const en_statement *statement;
    bool keyed, conditional;
    uint8_t key[32], body[32]; /* keyed hashes */
    pg_unit unit;              /* the first trip, then the second */
    pg_query queries[FIRST_MAX];
    PGresult *results[FIRST_MAX];
    size_t found, version; /* where the key's and the version's rows stand; the try stands before `found` */
    bool again; /* an earlier COMMIT's outcome is unknown: the key will tell, and a replay of it is no replay */
    bool committing;
    bool expired;    /* the key is there, but too old to count */
    uint8_t *answer; /* packed: of this call, or kept by an earlier one */
    size_t answer_len;
    bool replayed;
} decided;

static void run(sv_call *call, decided *d);

static bool honours_key(const pd_method *method) {
    return method->is_post && !method->no_key && !method->by_hand;
}

static bool is_version(const pd_method *method) {
    for (size_t i = 0; i < pd_n_methods; i++)
        if (pd_methods[i].version == method)
            return true;
    return false;
}

bool en_decidable(const pd_method *method) {
    return honours_key(method) || method->version || is_version(method);
}

bool en_decided(const sv_call *call) {
    return (call->in->key && honours_key(call->method)) || en_conditional(call);
}

static void clear_field(const ProtobufCFieldDescriptor *field, ProtobufCMessage *value) {
    char *at = (char *)value + field->offset, *quantifier = (char *)value + field->quantifier_offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        *(size_t *)quantifier = 0;
    else if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE)
        *(void **)at = NULL;
    else
        *(protobuf_c_boolean *)quantifier = 0;
}

void en_blank(const pd_message *message, ProtobufCMessage *value) {
    for (unsigned i = 0; message->has_see && i < message->type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->type->fields[i];
        const pd_field *rules = &message->fields[i];
        char *at = (char *)value + field->offset;
        if (rules->see) {
            clear_field(field, value);
        } else if (rules->message && field->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t n = *(size_t *)((char *)value + field->quantifier_offset);
            for (size_t k = 0; k < n; k++)
                en_blank(rules->message, (*(ProtobufCMessage ***)at)[k]);
        } else if (rules->message && *(ProtobufCMessage **)at) {
            en_blank(rules->message, *(ProtobufCMessage **)at);
        }
    }
}

/* The path's variables as text: part of the key's scope. */
static const char *path_of(const sv_call *call) {
    const pd_route *route = NULL;
    for (size_t i = 0; !route && i < pd_n_routes; i++)
        if (pd_routes[i].method == call->method && pd_routes[i].verb == PD_POST)
            route = &pd_routes[i];
    const char *path = "";
    for (uint16_t i = 0; route && i < route->n_segments; i++) {
        if (route->segments[i].literal)
            continue;
        const ProtobufCFieldDescriptor *field = &call->method->request->type->fields[route->segments[i].field];
        const char *at = (const char *)call->request + field->offset;
        if (field->type == PROTOBUF_C_TYPE_STRING)
            path =
                pd_arena_printf(call->arena, "%s/%s", path, *(const char *const *)at ? *(const char *const *)at : "");
        else if (field->type == PROTOBUF_C_TYPE_INT32)
            path = pd_arena_printf(call->arena, "%s/%d", path, *(const int32_t *)at);
        else if (field->type == PROTOBUF_C_TYPE_INT64)
            path = pd_arena_printf(call->arena, "%s/%lld", path, (long long)*(const int64_t *)at);
    }
    return path;
}

static void hash_call(const sv_call *call, decided *d) {
    const uint8_t *secret = d->engine->options.key_secret;
    const char *scope = pd_arena_printf(call->arena, "clave\n%lld\n%s\n%s\n%s", (long long)call->caller.user_id,
                                        call->method->full_name, path_of(call), call->in->key);
    HMAC(EVP_sha256(), secret, 32, (const uint8_t *)scope, strlen(scope), d->key, NULL);
    uint8_t body[7 + 32] = "huella\n";
    if (call->in->key_digest)
        memcpy(body + 7, call->in->key_digest, 32);
    else
        SHA256(call->in->bytes, call->in->len, body + 7);
    HMAC(EVP_sha256(), secret, 32, body, sizeof body, d->body, NULL);
}

static pg_query trip(en_trip trip) {
    return (pg_query){.name = en_trips[trip].name, .n = en_trips[trip].n};
}

/* A query whose parameters are all binary. */
static pg_query trip_with(en_trip which, pd_arena *arena, const char *const *values, const int *lengths) {
    pg_query query = trip(which);
    int *formats = pd_arena_alloc(arena, (size_t)query.n * sizeof(int));
    for (int i = 0; i < query.n; i++)
        formats[i] = 1;
    query.values = values;
    query.lengths = lengths;
    query.formats = formats;
    return query;
}

static pg_query trip_with_key(en_trip which, pd_arena *arena, const uint8_t *key, int len) {
    const char **values = pd_arena_alloc(arena, sizeof *values);
    int *lengths = pd_arena_alloc(arena, sizeof *lengths);
    *values = pd_arena_memdup(arena, key, (size_t)len);
    *lengths = len;
    return trip_with(which, arena, values, lengths);
}

/* The transaction is gone, whatever `end` says, and its lock with it: only now may the caller come again with the key.
 */
static void left(pg_unit *unit, pg_end end) {
    (void)end;
    sv_call *call = unit->arg;
    decided *d = call->plan;
    if (d->answer)
        sv_call_end_packed(call, d->answer, d->answer_len, d->replayed);
    else
        sv_call_end(call, NULL);
}

/* Rolls back, then ends the call: with d->answer if there is one, else with its status. */
static void leave(sv_call *call, decided *d) {
    pg_unit before = d->unit;
    d->queries[0] = trip(EN_ROLLBACK);
    d->unit = (pg_unit){.queries = d->queries, .n = 1, .results = d->results, .fn = left, .arg = call};
    if (!pg_lanes_follow(&before, &d->unit))
        left(&d->unit, PG_LOST);
}

/* Nothing happened, as far as this attempt goes; an earlier one may have been stored. */
static void answer_unsent(sv_call *call, const decided *d) {
    en_answer_failure(d->engine, call, &d->unit, d->again ? PG_LOST : PG_UNSENT);
}

static void second_done(pg_unit *unit, pg_end end) {
    sv_call *call = unit->arg;
    decided *d = call->plan;
    if (end == PG_DONE && strcmp(PQcmdStatus(unit->results[unit->n - 1]), "COMMIT") == 0) {
        sv_call_end_packed(call, d->answer, d->answer_len, false);
    } else if (end == PG_LOST && d->keyed && !call->dead) { /* whether it was stored, the key tells */
        d->again = true;
        run(call, d);
    } else if (end == PG_FAILED) {
        d->answer = NULL;
        en_failure_status(d->engine, call, unit->error);
        leave(call, d);
    } else {
        en_answer_failure(d->engine, call, unit, end == PG_DONE ? PG_UNSENT : end);
    }
}

static const char *user_value(pd_arena *arena, int64_t id) {
    uint8_t big[8];
    for (int i = 0; i < 8; i++)
        big[i] = (uint8_t)((uint64_t)id >> (56 - 8 * i));
    return pd_arena_memdup(arena, big, 8);
}

/* The statements that store the key and the answer; how many. */
static size_t keep(sv_call *call, decided *d, ProtobufCMessage *reply) {
    pd_arena *arena = call->arena;
    en_blank(call->method->reply, reply);
    uint8_t *kept = pd_arena_alloc(arena, protobuf_c_message_get_packed_size(reply) + 1);
    size_t kept_len = protobuf_c_message_pack(reply, kept);
    const char **values = pd_arena_alloc(arena, 5 * sizeof *values);
    int *lengths = pd_arena_alloc(arena, 5 * sizeof *lengths);
    values[0] = (const char *)d->key, lengths[0] = sizeof d->key;
    values[1] = user_value(arena, call->caller.user_id), lengths[1] = 8;
    values[2] = call->method->full_name, lengths[2] = (int)strlen(call->method->full_name);
    values[3] = (const char *)d->body, lengths[3] = sizeof d->body;
    values[4] = (const char *)kept, lengths[4] = (int)kept_len;
    size_t n = 0;
    if (d->expired)
        d->queries[n++] = trip_with_key(EN_DROP, arena, d->key, sizeof d->key);
    d->queries[n++] = trip_with(EN_KEEP, arena, values, lengths);
    return n;
}

/* Second trip: key and answer, COMMIT. */
static void commit(sv_call *call, decided *d, ProtobufCMessage *reply) {
    pg_unit before = d->unit;
    d->answer = pd_arena_alloc(call->arena, protobuf_c_message_get_packed_size(reply) + 1);
    d->answer_len = protobuf_c_message_pack(reply, d->answer);
    size_t n = d->keyed ? keep(call, d, reply) : 0;
    d->queries[n++] = trip(EN_COMMIT);
    d->unit = (pg_unit){.queries = d->queries, .n = n, .results = d->results, .fn = second_done, .arg = call};
    d->committing = true;
    if (!pg_lanes_follow(&before, &d->unit))
        run(call, d); /* the connection went with its transaction: nothing happened yet */
}

static void replay(sv_call *call, decided *d, const PGresult *found) {
    d->answer_len = (size_t)PQgetlength(found, 0, 2);
    d->answer = (uint8_t *)pd_arena_memdup(call->arena, PQgetvalue(found, 0, 2), d->answer_len);
    d->replayed = !d->again;
}

static void refuse(sv_call *call, en_decision decision) {
    if (decision == EN_STALE) {
        pd_status_set(&call->status, call->arena, PD_FAILED_PRECONDITION,
                      "El recurso cambió desde que se leyó: If-Match no es su ETag de ahora");
        call->status.reason = PD_REASON_STALE;
    } else if (decision == EN_IN_FLIGHT) {
        pd_status_set(&call->status, call->arena, PD_ABORTED,
                      "Una petición con la misma Idempotency-Key está en curso");
        call->status.retry_ms = 1000;
    } else {
        pd_status_set(&call->status, call->arena, PD_INVALID_ARGUMENT,
                      "La Idempotency-Key ya se usó con otro contenido");
        call->status.reason = PD_REASON_OTHER_BODY;
    }
}

/* What is known of the key; false when it could not be asked. */
static bool gather_key(decided *d, en_facts *facts) {
    const PGresult *tried = d->results[d->found - 1], *found = d->results[d->found];
    if (!found || !tried || PQntuples(tried) != 1)
        return false;
    facts->locked = PQgetvalue(tried, 0, 0)[0] == 't';
    if (PQntuples(found) == 1) {
        facts->key_found = PQgetvalue(found, 0, 0)[0] == 1;
        d->expired = !facts->key_found;
        facts->same_body = PQgetlength(found, 0, 1) == sizeof d->body &&
                           CRYPTO_memcmp(PQgetvalue(found, 0, 1), d->body, sizeof d->body) == 0;
    }
    return true;
}

/* What the first trip found; the reply too when the statement succeeded. */
static en_facts gather(sv_call *call, decided *d, pg_end end, ProtobufCMessage **reply) {
    en_facts facts = {.verdict = &call->status, .locked = true};
    if (d->keyed && !gather_key(d, &facts)) {
        facts.fault = true;
        return facts;
    }
    if (end == PG_DONE)
        *reply = en_rows_reply(d->engine, call, d->statement, d->results[d->unit.n - 1]);
    facts.fault = end == PG_DONE && call->status.code == PD_INTERNAL;
    if (d->conditional && !facts.fault) {
        const PGresult *rows = d->results[d->version];
        facts.fault = !rows || !en_version_compare(d->engine, call, rows, &facts.stale);
    }
    return facts;
}

static void first_done(pg_unit *unit, pg_end end) {
    sv_call *call = unit->arg;
    decided *d = call->plan;
    if (end == PG_UNSENT || end == PG_LOST) {
        answer_unsent(call, d); /* no COMMIT was sent */
        return;
    }
    if (call->dead) {
        leave(call, d);
        return;
    }
    ProtobufCMessage *reply = NULL;
    bool fault = end == PG_FAILED && !en_failure_status(d->engine, call, unit->error);
    en_facts facts = gather(call, d, end, &reply);
    facts.fault |= fault;
    en_decision decision = en_decide(&facts);
    if (decision == EN_ACCEPT && reply) {
        commit(call, d, reply);
        return;
    }
    if (d->again && facts.fault) { /* the key could not be asked */
        call->status = (pd_status){0};
        en_unknown(call);
    } else if (decision == EN_REPLAY) {
        call->status = (pd_status){0};
        replay(call, d, d->results[d->found]);
    } else if (decision != EN_REFUSE && decision != EN_ACCEPT) {
        call->status = (pd_status){0};
        refuse(call, decision);
    } /* else the status says why; without one it is INTERNAL */
    leave(call, d);
}

/* The first trip's statements into d->queries; how many, 0 when one cannot be bound. */
static size_t first_trip(sv_call *call, decided *d) {
    size_t n = 0;
    d->queries[n++] = trip(EN_BEGIN);
    if (d->keyed) {
        d->queries[n++] = trip_with_key(EN_TRY, call->arena, d->key, 8);
        d->queries[n] = trip_with_key(EN_FIND, call->arena, d->key, sizeof d->key);
        d->queries[n].binary = true;
        d->found = n++;
    }
    if (en_statement_header(d->statement)->has_lock &&
        !en_query(d->engine, call, d->statement, EN_LOCK, &d->queries[n++]))
        return 0;
    if (d->conditional) {
        if (!en_version_queries(d->engine, call, &d->queries[n]))
            return 0;
        d->version = n + 1;
        n += 2;
    }
    return en_query(d->engine, call, d->statement, EN_MAIN, &d->queries[n]) ? n + 1 : 0;
}

/* The first trip, or the whole again. */
static void run(sv_call *call, decided *d) {
    d->committing = false;
    d->expired = false;
    d->answer = NULL;
    size_t n = first_trip(call, d);
    if (n == 0) {
        sv_call_end(call, NULL);
        return;
    }
    d->unit = (pg_unit){.queries = d->queries,
                        .n = n,
                        .results = d->results,
                        .rerun = true,
                        .due_ms = call->due_ms,
                        .fn = first_done,
                        .arg = call};
    sv_call_move(call, SV_PLANNED);
    if (pg_lanes_add(d->engine->options.lanes, PG_LANE_DECIDED, &d->unit))
        return;
    if (d->again)
        answer_unsent(call, d);
    else
        en_answer_full(call);
}

void en_decided_run(en_engine *engine, sv_call *call, const en_statement *statement) {
    decided *d = pd_arena_zalloc(call->arena, sizeof *d);
    d->engine = engine;
    d->statement = statement;
    d->keyed = call->in->key != NULL && honours_key(call->method);
    d->conditional = en_conditional(call);
    call->plan = d;
    if (d->keyed)
        hash_call(call, d);
    run(call, d);
}

bool en_decided_abandon(en_engine *engine, sv_call *call) {
    decided *d = call->plan;
    if (d->committing || !en_unqueue(engine, call, PG_LANE_DECIDED, &d->unit))
        return false;
    if (d->again)
        call->status = (pd_status){0}; /* not "not done": its deadline is all that can be said */
    return true;
}
