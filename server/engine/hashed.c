/* hashed: a request's field with `protegido: BCRYPT` becomes its hash on a worker thread before the call is planned, so
 * that no plan and no statement sees a password. Not in the design's plan of rooms: protect.c, which seals, knows
 * values only, and this waits with a call. */
#include "server/engine/inside.h"

#include "pendientes/check.h"

#include <openssl/crypto.h>
#include <string.h>

/* A call whose field is being hashed. Lives in its arena. */
typedef struct hashing {
    en_engine *engine;
    sv_call *call;
    char **text; /* the field */
} hashing;

/* The field as it stands in the request; NULL when the call has none to be hashed. */
static char **text_of(const en_engine *engine, const sv_call *call) {
    int index = en_statement_header(en_statements_of(engine->options.statements, call->method))->hashed;
    if (index < 0)
        return NULL;
    const ProtobufCFieldDescriptor *field = &call->method->request->type->fields[index];
    return pd_present(call->request, field) ? (char **)((char *)call->request + field->offset) : NULL;
}

static void done(void *arg, const char *hash) {
    hashing *h = arg;
    sv_call *call = h->call;
    OPENSSL_cleanse(*h->text, strlen(*h->text));
    if (call->dead) { /* its deadline came first: it is answered, and nothing was done */
        sv_call_end(call, NULL);
    } else if (!hash) {
        pd_status_set(&call->status, call->arena, PD_INTERNAL, "No se pudo cifrar la contraseña");
        sv_call_end(call, NULL);
    } else {
        *h->text = pd_arena_strdup(call->arena, hash);
        en_plan(h->engine, call);
    }
}

bool en_hash(en_engine *engine, sv_call *call) {
    char **text = text_of(engine, call);
    if (!text)
        return false;
    hashing *h = pd_arena_alloc(call->arena, sizeof *h);
    *h = (hashing){engine, call, text};
    sv_call_move(call, SV_HASHING);
    if (!id_bcrypt_hash(engine->options.bcrypt, *text, done, h))
        en_answer_full(call);
    return true;
}
