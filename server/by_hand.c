#include "server/by_hand.h"

#include "server/choices.h"
#include "server/events/wait.h"
#include "server/identity/identity.h"

#include <string.h>

static const struct {
    const char *method;
    sv_handler handler;
    const char *why;
} table[] = {
    {"pendientes.v1.Autenticacion/Entrar", id_login,
     "bcrypt has to run off the event loop, as long for unknown users as for known ones, and the token is signed here"},
    {"pendientes.v1.Autenticacion/ValidarToken", id_validate,
     "the answer is that the call got so far: token and user were checked, and no row is read"},
    {"pendientes.v1.Eventos/Esperar", ev_wait,
     "it waits until there is something to answer; a statement cannot, and thousands of them should not"},
    {"pendientes.v1.Eventos/Quien", ev_who, "the users in memory answer it: no row is read"},
    {"pendientes.v1.Pendientes/ListarFiltros", sv_choices,
     "the answer is the contract's own enums: no row is read, and a statement would be a second list of them"},
};

sv_handler sv_by_hand(const pd_method *method) {
    if (!method->by_hand)
        return NULL;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i].method, method->full_name) == 0)
            return table[i].handler;
    return NULL;
}

bool sv_is_by_hand(const pd_method *method) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i].method, method->full_name) == 0)
            return true;
    return false;
}
