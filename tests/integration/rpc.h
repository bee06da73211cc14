/* rpc: the same request lines as HTTP, sent as RPCs through libpendientes to the core: the route is looked up in the
 * contract's tables, path, query and body become the request message, the reply becomes JSON again. */
#ifndef TESTS_RPC_H
#define TESTS_RPC_H

#include "pendientes/client.h"

#include <jansson.h>

typedef struct rpc_answer {
    bool carried; /* false: an RPC cannot express this request (malformed JSON, unknown route) */
    pd_code code;
    pd_reason reason;
    char *message;
    json_t *json; /* the body a REST client would see, or a problem with `errors` */
    bool replayed;
} rpc_answer;

/* One client per process, to PENDIENTES_RPC. */
pd_client *rpc_client(void);
/* `key`: Idempotency-Key or NULL. With the verb "RPC" the target is a method's full name and the body its request;
 * bytes stand in it, and in the answer, as texts. */
rpc_answer rpc_call(const char *verb, const char *target, const char *token, const char *body, const char *key);
/* The same with a condition: If-Match as HTTP writes it, `*` or one tag, or NULL. */
rpc_answer rpc_call_if(const char *verb, const char *target, const char *token, const char *body, const char *key,
                       const char *if_match);
/* Packed bytes as they are, for what no honest client sends. */
rpc_answer rpc_bytes(const char *method, const uint8_t *bytes, size_t len, const char *token);
void rpc_free(rpc_answer *answer);

#endif
