#include "server/identity/inside.h"

#include "pendientes/v1/autenticacion.pb-c.h"

#include <arpa/inet.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

enum { DATABASE_MS = 5000 }; /* so long a login waits for a connection */

/* What the statement of admitting takes; that of the attempt takes the first two. */
enum { ADDRESS, DNI_HASH, ATTEMPT, USER, HASH, N_VALUES };

/* A login on its way: attempt recorded, password compared, attempt taken back. Lives in the call's arena. */
typedef struct login {
    sv_call *call;
    id_identity *identity;
    const char *values[N_VALUES];
    en_own_run run;
} login;

static void refuse(sv_call *call) {
    pd_status_set(&call->status, call->arena, PD_UNAUTHENTICATED, "DNI o contraseña incorrectos");
    sv_call_end(call, NULL);
}

static void refuse_for_now(sv_call *call, pd_code code, const char *message) {
    pd_status_set(&call->status, call->arena, code, "%s", message);
    call->status.retry_ms = ID_RETRY_MS;
    sv_call_end(call, NULL);
}

static void saturated(sv_call *call) {
    refuse_for_now(call, PD_RESOURCE_EXHAUSTED, "Demasiados inicios de sesión a la vez");
}

static void unavailable(sv_call *call) {
    refuse_for_now(call, PD_UNAVAILABLE, "La base de datos no está disponible");
}

static void answer(sv_call *call, const id_user *user, int64_t issued) {
    id_identity *identity = sv_core_identity(call->core);
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
    reply.token = id_token_issue(identity->tokens, user->caller.user_id, user->role, issued, call->arena);
    if (!reply.token) {
        pd_status_set(&call->status, call->arena, PD_INTERNAL, "No se pudo emitir el token");
        sv_call_end(call, NULL);
        return;
    }
    sv_call_end(call, &reply.base);
}

static const char *dni_of(const sv_call *call) {
    return ((const Pendientes__V1__EntrarReq *)call->request)->dni;
}

/* False, and the call is ended: nobody waits for it any more, the database did not answer, or the users in memory do
 * not count. */
static bool goes_on(const login *l, pg_end end) {
    sv_call *call = l->call;
    if (!call->dead && end != PG_DONE)
        unavailable(call);
    else if (call->dead || !id_known(l->identity, call->arena, &call->status))
        sv_call_end(call, NULL);
    else
        return true;
    return false;
}

/* False, and the call is ended. */
static bool ask(login *l, en_own_id id, pg_unit_fn fn) {
    const id_database *db = &l->identity->database;
    uint64_t due = pd_loop_now(db->loop) + DATABASE_MS;
    l->run.unit = (pg_unit){.due_ms = due < l->call->due_ms ? due : l->call->due_ms, .fn = fn, .arg = l};
    if (!pg_lanes_up(db->lanes, PG_LANE_OWN))
        unavailable(l->call);
    else if (!en_own_start(db->own, db->lanes, id, l->values, &l->run))
        saturated(l->call);
    else
        return true;
    return false;
}

/* The database has the last word, and the token's second. */
static void admitted(pg_unit *unit, pg_end end) {
    login *l = unit->arg;
    if (!goes_on(l, end))
        return;
    const PGresult *rows = en_own_rows(unit);
    const id_user *user = id_users_by_dni(l->identity->users, dni_of(l->call));
    if (user && PQntuples(rows) == 1)
        answer(l->call, user, strtoll(PQgetvalue(rows, 0, 0), NULL, 10));
    else
        refuse(l->call);
}

/* The user is looked up anew: hashing took its time, and somebody may have been deactivated meanwhile. */
static void compared(void *arg, bool matches) {
    login *l = arg;
    if (!goes_on(l, PG_DONE))
        return;
    const id_user *user = id_users_by_dni(l->identity->users, dni_of(l->call));
    if (!matches || !user) {
        refuse(l->call);
        return;
    }
    l->values[USER] = pd_arena_printf(l->call->arena, "%lld", (long long)user->caller.user_id);
    ask(l, EN_OWN_ADMIT, admitted);
}

static void refuse_attempt(sv_call *call, int seconds) {
    pd_status_set(&call->status, call->arena, PD_RESOURCE_EXHAUSTED,
                  "Demasiados inicios de sesión fallidos; espere %d segundos", seconds);
    call->status.retry_ms = (uint32_t)seconds * 1000;
    sv_call_end(call, NULL);
}

static void attempted(pg_unit *unit, pg_end end) {
    login *l = unit->arg;
    sv_call *call = l->call;
    if (!goes_on(l, end))
        return;
    const PGresult *rows = en_own_rows(unit);
    if (PQgetisnull(rows, 0, 0)) {
        refuse_attempt(call, atoi(PQgetvalue(rows, 0, 1)));
        return;
    }
    const Pendientes__V1__EntrarReq *request = (const Pendientes__V1__EntrarReq *)call->request;
    const id_user *user = id_users_by_dni(l->identity->users, request->dni);
    l->values[ATTEMPT] = pd_arena_strdup(call->arena, PQgetvalue(rows, 0, 0));
    l->values[HASH] = user ? pd_arena_strdup(call->arena, user->hash) : NULL;
    if (!id_bcrypt_check(l->identity->bcrypt, request->password, l->values[HASH], compared, l))
        saturated(call);
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
    if (!id_known(identity, call->arena, &call->status)) {
        sv_call_end(call, NULL);
        return;
    }
    if (id_bcrypt_full(identity->bcrypt)) { /* before it counts as an attempt */
        saturated(call);
        return;
    }
    login *l = pd_arena_zalloc(call->arena, sizeof *l);
    l->call = call;
    l->identity = identity;
    l->values[ADDRESS] = address_of(call);
    l->values[DNI_HASH] = dni_hash(identity->database.secret, dni_of(call), call->arena);
    ask(l, EN_OWN_ATTEMPT, attempted);
}
