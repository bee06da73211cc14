/* frame: the messages of proto/rpc/frame.proto into and out of nng messages, and their bounds. What the calls mean is
 * the client's and the service's. */
#ifndef LIB_FRAME_H
#define LIB_FRAME_H

#include "pendientes/status.h"
#include "rpc/frame.pb-c.h"

#include <nng/nng.h>

typedef Pendientes__Rpc__Llamada pd_wire_call;
typedef Pendientes__Rpc__Resultado pd_wire_result;

enum {
    PD_FRAME_CALLS = 256,
    PD_FRAME_BYTES = 8 << 20,
    /* Answers may be larger than what was asked; a socket closes its connection over this, so the service keeps below.
     */
    PD_FRAME_ANSWER_BYTES = 32 << 20,
    PD_DEADLINE_MS = 10000,
    PD_DEADLINE_MAX_MS = 60000,
    PD_KEY_MAX = 200,
};

/* What the call takes in a frame at most, whatever id and deadline it is given later. */
size_t pd_frame_size(const pd_wire_call *call);
/* A new message, the caller's; NULL when memory is exhausted. */
nng_msg *pd_frame_pack(pd_wire_call **calls, size_t n);
nng_msg *pd_frame_pack_answer(pd_wire_result **results, size_t n);

/* Before unpacking a request, which would build as much as a stranger asks for: false when the bytes are no frame of 1
 * to PD_FRAME_CALLS calls. nul[i] tells of call i the number of a string field that holds a NUL (where protobuf-c would
 * cut it), or 0. */
bool pd_frame_check(const uint8_t *bytes, size_t len, uint8_t nul[PD_FRAME_CALLS], size_t *n);

/* NULL when the bytes are broken. */
Pendientes__Rpc__Peticion *pd_frame_unpack(pd_arena *arena, const uint8_t *bytes, size_t len);
Pendientes__Rpc__Respuesta *pd_frame_unpack_answer(pd_arena *arena, const uint8_t *bytes, size_t len);

/* A status as a result (id and datos are left alone) and back. Texts are shared, not copied, on the way out of a
 * message; copied on the way in. */
void pd_frame_result(const pd_status *status, pd_arena *arena, pd_wire_result *result);
void pd_frame_status(const pd_wire_result *result, pd_arena *arena, pd_status *status);

#endif
