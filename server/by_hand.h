/* by_hand: the methods that are more than a statement, each with the reason. The only place in the core that names a
 * method. */
#ifndef SERVER_BY_HAND_H
#define SERVER_BY_HAND_H

#include "server/call.h"

/* NULL for a method that has a statement. */
sv_handler sv_by_hand(const pd_method *method);
/* Whether it has a handler; for en_statements_load. */
bool sv_is_by_hand(const pd_method *method);

#endif
