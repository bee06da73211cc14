#include "server/engine/decide.h"

/* What precedes the key: permission, and the row in the path. A row named in the body has its field with it. */
static bool precedes_key(const pd_status *verdict) {
    return verdict->code == PD_PERMISSION_DENIED || (verdict->code == PD_NOT_FOUND && verdict->n_errors == 0);
}

en_decision en_decide(const en_facts *facts) {
    if (facts->fault || precedes_key(facts->verdict))
        return EN_REFUSE;
    if (!facts->locked)
        return EN_IN_FLIGHT;
    if (facts->key_found)
        return facts->same_body ? EN_REPLAY : EN_OTHER_BODY;
    if (facts->verdict->code == PD_NOT_FOUND) /* named in the body */
        return EN_REFUSE;
    if (facts->stale)
        return EN_STALE;
    return facts->verdict->code == PD_OK ? EN_ACCEPT : EN_REFUSE;
}
