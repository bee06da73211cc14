#include "server/identity/identity.h"

#include "pendientes/v1/autenticacion.pb-c.h"
#include "server/identity/bcrypt.h"
#include "server/identity/token.h"
#include "server/identity/users.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { KEY_MAX = 4096, WORKERS = 2, RETRY_MS = 1000 };

struct id_identity {
    id_tokens *tokens;
    id_users *users; /* NULL until the first reload */
    bool fresh;
    id_bcrypt *bcrypt;
};

static const char *problem(const char *what, const char *path) {
    char *text;
    return asprintf(&text, "%s: %s", path, what) < 0 ? what : text;
}

id_identity *id_identity_new(const id_options *options, const char **error) {
    char key[KEY_MAX];
    int fd = open(options->key_file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, key, sizeof key);
    *error = n < 0 ? problem(strerror(errno), options->key_file) : NULL;
    if (fd >= 0)
        close(fd);
    if (*error)
        return NULL;
    if (n > 0 && key[n - 1] == '\n')
        n--;
    if (n < ID_KEY_MIN || n == KEY_MAX) {
        *error = problem("a token key has 32 to 4095 bytes", options->key_file);
        return NULL;
    }
    id_identity *identity = calloc(1, sizeof *identity);
    if (!identity)
        abort();
    identity->tokens = id_tokens_new(key, (size_t)n, options->issuer, options->audience, options->ttl_ms / 1000);
    OPENSSL_cleanse(key, sizeof key);
    return identity;
}

bool id_identity_start(id_identity *identity, pd_loop *loop, const char **error) {
    identity->bcrypt = id_bcrypt_new(loop, WORKERS);
    if (!identity->bcrypt)
        *error = "cannot start the threads for bcrypt";
    return identity->bcrypt != NULL;
}

void id_identity_free(id_identity *identity) {
    if (!identity)
        return;
    id_bcrypt_free(identity->bcrypt);
    id_tokens_free(identity->tokens);
    id_users_free(identity->users);
    free(identity);
}

bool id_identity_reload(id_identity *identity, const PGresult *rows) {
    id_users *users = id_users_new(rows);
    if (!users)
        return false;
    id_users_free(identity->users);
    identity->users = users;
    identity->fresh = true;
    return true;
}

void id_identity_lost(id_identity *identity) {
    identity->fresh = false;
}

static bool known(const id_identity *identity, pd_arena *arena, pd_status *status) {
    if (identity->fresh)
        return true;
    pd_status_set(status, arena, PD_UNAVAILABLE, "El servicio no puede verificar permisos en este momento");
    status->retry_ms = RETRY_MS;
    return false;
}

bool id_check(id_identity *identity, const char *token, size_t len, id_caller *out, pd_arena *arena,
              pd_status *status) {
    if (!known(identity, arena, status))
        return false;
    int64_t user_id;
    const id_user *user = NULL;
    if (!len) {
        pd_status_set(status, arena, PD_UNAUTHENTICATED, "Falta el token de acceso");
        return false;
    }
    if (id_token_verify(identity->tokens, token, len, time(NULL), &user_id))
        user = id_users_find(identity->users, user_id);
    if (!user) {
        pd_status_set(status, arena, PD_UNAUTHENTICATED,
                      "El token no es válido, ha vencido, o su usuario no está activo");
        return false;
    }
    *out = user->caller;
    return true;
}

void id_validate(sv_call *call) {
    Pendientes__V1__ValidarTokenResp reply = PENDIENTES__V1__VALIDAR_TOKEN_RESP__INIT;
    reply.texto = (char *)"Token válido y usuario activo";
    sv_call_end(call, &reply.base);
}

static void refuse(sv_call *call) {
    pd_status_set(&call->status, call->arena, PD_UNAUTHENTICATED, "DNI o contraseña incorrectos");
    sv_call_end(call, NULL);
}

static void admit(sv_call *call, const id_user *user) {
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
    reply.token = id_token_issue(identity->tokens, user->caller.user_id, user->role, time(NULL), call->arena);
    if (!reply.token) {
        pd_status_set(&call->status, call->arena, PD_INTERNAL, "No se pudo emitir el token");
        sv_call_end(call, NULL);
        return;
    }
    sv_call_end(call, &reply.base);
}

/* The user is looked up anew: hashing took its time, and somebody may have been deactivated meanwhile. */
static void compared(void *arg, bool matches) {
    sv_call *call = arg;
    id_identity *identity = sv_core_identity(call->core);
    const Pendientes__V1__EntrarReq *request = (const Pendientes__V1__EntrarReq *)call->request;
    if (call->dead || !known(identity, call->arena, &call->status)) {
        sv_call_end(call, NULL);
        return;
    }
    const id_user *user = id_users_by_dni(identity->users, request->dni);
    if (matches && user)
        admit(call, user);
    else
        refuse(call);
}

void id_login(sv_call *call) {
    id_identity *identity = sv_core_identity(call->core);
    const Pendientes__V1__EntrarReq *request = (const Pendientes__V1__EntrarReq *)call->request;
    if (!known(identity, call->arena, &call->status)) {
        sv_call_end(call, NULL);
        return;
    }
    const id_user *user = id_users_by_dni(identity->users, request->dni);
    if (!id_bcrypt_check(identity->bcrypt, request->password, user ? user->hash : NULL, compared, call)) {
        pd_status_set(&call->status, call->arena, PD_RESOURCE_EXHAUSTED, "Demasiados inicios de sesión a la vez");
        call->status.retry_ms = RETRY_MS;
        sv_call_end(call, NULL);
    }
}
