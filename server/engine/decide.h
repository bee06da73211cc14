/* decide: the contract's order of refusals (section 1), as one function of what the first trip of a decided transaction
 * found. */
#ifndef SERVER_ENGINE_DECIDE_H
#define SERVER_ENGINE_DECIDE_H

#include "pendientes/status.h"

typedef struct en_facts {
    bool locked;              /* nobody else holds the key */
    bool key_found;           /* it came before, with success */
    bool same_body;           /* and with the same body */
    const pd_status *verdict; /* of the method's statement: OK, or its refusal */
    bool stale;               /* If-Match names no tag of the row as it stands under the lock */
    bool fault; /* the verdict is no rule's: a timeout, a deadlock, a bug; it says nothing about the caller */
} en_facts;

typedef enum en_decision {
    EN_REFUSE,     /* with the verdict */
    EN_IN_FLIGHT,  /* the same key is being worked on */
    EN_OTHER_BODY, /* the same key came with another body */
    EN_REPLAY,     /* answer what was answered */
    EN_STALE,      /* what If-Match names is not the row any more */
    EN_ACCEPT,     /* store key and answer, and commit */
} en_decision;

/* The first of the contract's order that holds. */
en_decision en_decide(const en_facts *facts);

#endif
