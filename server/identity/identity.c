#include "server/identity/identity.h"

#include "pendientes/v1/autenticacion.pb-c.h"
#include "server/identity/inside.h"

#include <stdlib.h>
#include <time.h>

id_identity *id_identity_new(const id_options *options, const char **error) {
    id_identity *identity = calloc(1, sizeof *identity);
    if (!identity)
        abort();
    identity->options = *options;
    if (id_identity_rekey(identity, error))
        return identity;
    id_identity_free(identity);
    return NULL;
}

bool id_identity_rekey(id_identity *identity, const char **error) {
    const id_options *options = &identity->options;
    id_keys *keys = id_keys_load(options->key_file, options->keys_file, options->issuer, error);
    if (!keys)
        return false;
    id_tokens_free(identity->tokens); /* and what it remembers of keys that may be gone */
    identity->tokens = id_tokens_new(keys, options->audience, options->ttl_ms / 1000);
    return true;
}

bool id_identity_start(id_identity *identity, pd_loop *loop, const char **error) {
    identity->bcrypt = id_bcrypt_new(loop, ID_WORKERS);
    if (!identity->bcrypt)
        *error = "cannot start the threads for bcrypt";
    return identity->bcrypt != NULL;
}

void id_identity_connect(id_identity *identity, const id_database *database) {
    identity->database = *database;
}

id_bcrypt *id_identity_bcrypt(id_identity *identity) {
    return identity->bcrypt;
}

void id_identity_disconnect(id_identity *identity) {
    if (identity)
        identity->database.lanes = NULL;
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

char *id_issue(const id_identity *identity, int64_t user_id, const char *role, int64_t now, pd_arena *arena) {
    return id_token_issue(identity->tokens, user_id, role, now, arena);
}

int64_t id_version(const id_identity *identity) {
    return identity->users ? id_users_version(identity->users) : 0;
}

void id_identity_lost(id_identity *identity) {
    identity->fresh = false;
}

bool id_known(const id_identity *identity, pd_arena *arena, pd_status *status) {
    if (identity->fresh)
        return true;
    pd_status_set(status, arena, PD_UNAVAILABLE, "El servicio no puede verificar permisos en este momento");
    status->retry_ms = ID_RETRY_MS;
    return false;
}

bool id_check(id_identity *identity, const char *token, size_t len, id_caller *out, pd_arena *arena,
              pd_status *status) {
    if (!id_known(identity, arena, status))
        return false;
    id_claims claims;
    const id_user *user = NULL;
    if (!len) {
        pd_status_set(status, arena, PD_UNAUTHENTICATED, "Falta el token de acceso");
        return false;
    }
    if (id_token_verify(identity->tokens, token, len, time(NULL), &claims))
        user = id_users_find(identity->users, claims.user_id);
    if (!user || claims.issued <= user->password_changed) {
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
