/* choices: what the contract lets a client choose from. */
#ifndef SERVER_CHOICES_H
#define SERVER_CHOICES_H

#include "server/call.h"

/* Ends the call with every repeated enum field of its reply holding all values of its enum, in the contract's order.
 * Loop thread. */
void sv_choices(sv_call *call);

#endif
