#include "server/identity/inside.h"

#include "pendientes/v1/autenticacion.pb-c.h"

#include <arpa/inet.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

enum {
    DATABASE_MS = 5000,   /* so long a login waits for a connection */
    AT_ONCE = ID_WORKERS, /* under way: recorded as attempts, and not decided */
    WAITING_MAX = 128,
};

/* What the two statements take. */
enum { ADDRESS, DNI_HASH, RECORD, N_OF_ATTEMPT };
enum { ATTEMPT = 2, USER, HASH, N_OF_ADMISSION };

/* A login on its way. While it is under way it counts as a failure that others see, so only as many are as are hashed
 * at once, and the rest wait: the same user may log in from many places at the same moment. Lives in the call's arena.
 */
struct id_attempt {
    id_attempt *next; /* waiting */
    sv_call *call;
    id_identity *identity;
    const char *of_attempt[N_OF_ATTEMPT], *of_admission[N_OF_ADMISSION];
    bool under_way;
    en_own_run run;
};

static void begin(id_attempt *l);

static void begin_next(id_identity *identity) {
    id_attempt *l = identity->waiting_first;
    if (!l || identity->under_way >= AT_ONCE)
        return;
    identity->waiting_first = l->next;
    identity->waiting--;
    begin(l);
}

/* Ends the call, and the login with it. */
static void end_login(id_attempt *l, const ProtobufCMessage *reply) {
    id_identity *identity = l->identity;
    identity->under_way -= l->under_way;
    sv_call_end(l->call, reply);
    begin_next(identity);
}

static void refuse(id_attempt *l) {
    pd_status_set(&l->call->status, l->call->arena, PD_UNAUTHENTICATED, "DNI o contraseña incorrectos");
    end_login(l, NULL);
}

static void refuse_for_now(id_attempt *l, pd_code code, const char *message) {
    pd_status_set(&l->call->status, l->call->arena, code, "%s", message);
    l->call->status.retry_ms = ID_RETRY_MS;
    end_login(l, NULL);
}

static void saturated(id_attempt *l) {
    refuse_for_now(l, PD_RESOURCE_EXHAUSTED, "Demasiados inicios de sesión a la vez");
}

static void unavailable(id_attempt *l) {
    refuse_for_now(l, PD_UNAVAILABLE, "La base de datos no está disponible");
}

static void answer(id_attempt *l, const id_user *user, int64_t issued) {
    sv_call *call = l->call;
    Pendientes__V1__RolDeSesion role = PENDIENTES__V1__ROL_DE_SESION__INIT;
    Pendientes__V1__UsuarioDeSesion session = PENDIENTES__V1__USUARIO_DE_SESION__INIT;
    Pendientes__V1__EntrarResp reply = PENDIENTES__V1__ENTRAR_RESP__INIT;
    role.id = (char *)user->role;
    role.nombre = (char *)user->role_name;
    role.has_permisos = 1;
    role.permisos = (int64_t)user->caller.bits;
    session.has_id = session.has_vigente = 1;
    session.id = user->caller.user_id;
    session.nombre = reply.nombre = (char *)user->name;
    session.dni = (char *)user->dni;
    session.email = reply.email = (char *)user->email;
    session.vigente = 1;
    session.rol = &role;
    reply.rol = (char *)user->role;
    reply.rol_nombre = (char *)user->role_name;
    reply.usuario = &session;
    reply.token = id_token_issue(l->identity->tokens, user->caller.user_id, user->role, issued, call->arena);
    if (!reply.token)
        pd_status_set(&call->status, call->arena, PD_INTERNAL, "No se pudo emitir el token");
    end_login(l, reply.token ? &reply.base : NULL);
}

static const char *dni_of(const sv_call *call) {
    return ((const Pendientes__V1__EntrarReq *)call->request)->dni;
}

/* False, and the login is ended: nobody waits for it any more, the database did not answer, or the users in memory do
 * not count. */
static bool goes_on(id_attempt *l, pg_end end) {
    sv_call *call = l->call;
    if (!call->dead && end != PG_DONE)
        unavailable(l);
    else if (call->dead || !id_known(l->identity, call->arena, &call->status))
        end_login(l, NULL);
    else
        return true;
    return false;
}

static void ask(id_attempt *l, en_own_id id, const char *const *values, pg_unit_fn fn) {
    const id_database *db = &l->identity->database;
    if (!db->lanes || !pg_lanes_up(db->lanes, PG_LANE_OWN)) {
        unavailable(l);
        return;
    }
    uint64_t due = pd_loop_now(db->loop) + DATABASE_MS;
    l->run.unit = (pg_unit){.due_ms = due < l->call->due_ms ? due : l->call->due_ms, .fn = fn, .arg = l};
    if (!en_own_start(db->own, db->lanes, id, values, &l->run))
        saturated(l);
}

/* The database has the last word, and the token's second. */
static void admitted(pg_unit *unit, pg_end end) {
    id_attempt *l = unit->arg;
    if (!goes_on(l, end))
        return;
    const PGresult *rows = en_own_rows(unit);
    const id_user *user = id_users_by_dni(l->identity->users, dni_of(l->call));
    if (user && PQntuples(rows) == 1)
        answer(l, user, strtoll(PQgetvalue(rows, 0, 0), NULL, 10));
    else
        refuse(l);
}

/* The user is looked up anew: hashing took its time, and somebody may have been deactivated meanwhile. */
static void compared(void *arg, bool matches) {
    id_attempt *l = arg;
    if (!goes_on(l, PG_DONE))
        return;
    const id_user *user = id_users_by_dni(l->identity->users, dni_of(l->call));
    if (!matches || !user) {
        refuse(l);
        return;
    }
    l->of_admission[USER] = pd_arena_printf(l->call->arena, "%lld", (long long)user->caller.user_id);
    ask(l, EN_OWN_ADMIT, l->of_admission, admitted);
}

/* False, and the login is ended: it would be one failure too many. */
static bool may_try(id_attempt *l, const PGresult *rows) {
    sv_call *call = l->call;
    if (PQgetisnull(rows, 0, 1))
        return true;
    int seconds = atoi(PQgetvalue(rows, 0, 1));
    pd_status_set(&call->status, call->arena, PD_RESOURCE_EXHAUSTED,
                  "Demasiados inicios de sesión fallidos; espere %d segundos", seconds);
    call->status.retry_ms = (uint32_t)seconds * 1000;
    end_login(l, NULL);
    return false;
}

static void attempted(pg_unit *unit, pg_end end) {
    id_attempt *l = unit->arg;
    sv_call *call = l->call;
    if (!goes_on(l, end) || !may_try(l, en_own_rows(unit)))
        return;
    const Pendientes__V1__EntrarReq *request = (const Pendientes__V1__EntrarReq *)call->request;
    const id_user *user = id_users_by_dni(l->identity->users, request->dni);
    l->of_admission[ATTEMPT] = pd_arena_strdup(call->arena, PQgetvalue(en_own_rows(unit), 0, 0));
    l->of_admission[HASH] = user ? pd_arena_strdup(call->arena, user->hash) : NULL;
    if (!id_bcrypt_check(l->identity->bcrypt, request->password, l->of_admission[HASH], compared, l))
        saturated(l);
}

static void begin(id_attempt *l) {
    l->under_way = true;
    l->identity->under_way++;
    l->of_attempt[RECORD] = "true";
    if (!goes_on(l, PG_DONE))
        return;
    if (id_bcrypt_full(l->identity->bcrypt)) /* before it counts as an attempt */
        saturated(l);
    else
        ask(l, EN_OWN_ATTEMPT, l->of_attempt, attempted);
}

/* One that may try waits for its turn, and is judged again then. */
static void looked(pg_unit *unit, pg_end end) {
    id_attempt *l = unit->arg;
    id_identity *identity = l->identity;
    if (!goes_on(l, end) || !may_try(l, en_own_rows(unit)))
        return;
    if (identity->waiting == WAITING_MAX) {
        saturated(l);
        return;
    }
    *(identity->waiting_first ? &identity->waiting_last->next : &identity->waiting_first) = l;
    identity->waiting_last = l;
    identity->waiting++;
    begin_next(identity);
}

/* Who asks, as far as it can be told: one client has a whole IPv6 network of 64 bits. */
static const char *address_of(const sv_call *call) {
    const char *peer = call->in && call->in->peer ? call->in->peer : "";
    struct in6_addr six;
    struct in_addr four;
    char text[INET6_ADDRSTRLEN];
    bool is_six = inet_pton(AF_INET6, peer, &six) == 1;
    if (is_six && IN6_IS_ADDR_V4MAPPED(&six)) {
        memcpy(&four, six.s6_addr + 12, sizeof four);
        is_six = false;
    } else if (!is_six && inet_pton(AF_INET, peer, &four) != 1) {
        return "";
    }
    if (!is_six)
        return pd_arena_strdup(call->arena, inet_ntop(AF_INET, &four, text, sizeof text));
    memset(six.s6_addr + 8, 0, 8);
    return pd_arena_printf(call->arena, "%s/64", inet_ntop(AF_INET6, &six, text, sizeof text));
}

/* As PostgreSQL reads a bytea. */
static const char *dni_hash(const uint8_t *secret, const char *dni, pd_arena *arena) {
    const char *text = pd_arena_printf(arena, "ingreso\n%s", dni);
    uint8_t hash[32];
    char *hex = pd_arena_alloc(arena, 2 + 2 * sizeof hash + 1), *at = hex;
    HMAC(EVP_sha256(), secret, 32, (const uint8_t *)text, strlen(text), hash, NULL);
    *at++ = '\\';
    *at++ = 'x';
    for (size_t i = 0; i < sizeof hash; i++) {
        *at++ = "0123456789abcdef"[hash[i] >> 4];
        *at++ = "0123456789abcdef"[hash[i] & 15];
    }
    *at = 0;
    return hex;
}

void id_login(sv_call *call) {
    id_identity *identity = sv_core_identity(call->core);
    id_attempt *l = pd_arena_zalloc(call->arena, sizeof *l);
    l->call = call;
    l->identity = identity;
    l->of_attempt[ADDRESS] = l->of_admission[ADDRESS] = address_of(call);
    l->of_attempt[DNI_HASH] = l->of_admission[DNI_HASH] =
        dni_hash(identity->database.secret, dni_of(call), call->arena);
    l->of_attempt[RECORD] = "false";
    if (!goes_on(l, PG_DONE))
        return;
    if (identity->under_way < AT_ONCE)
        begin(l);
    else
        ask(l, EN_OWN_ATTEMPT, l->of_attempt, looked);
}
