/* caller: who makes a call: the user of the token as the cache has it at this moment. Read-only copies of what
 * sql/interno/usuarios.sql answers; owned by the users cache, valid until the end of the loop turn unless copied. */
#ifndef SERVER_IDENTITY_CALLER_H
#define SERVER_IDENTITY_CALLER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct id_caller {
    int64_t user_id;
    int64_t employee_id; /* 0: none */
    uint64_t bits;       /* of the role; 0 when the role is not vigente */
} id_caller;

#endif
