#include "lib/frame.h"

#include <string.h>

/* Of a frame's length prefixes and of the id and deadline that a call gets when it leaves. */
enum { CALL_OVERHEAD = 24, FIELDS_PER_CALL = 64 };

size_t pd_frame_size(const pd_wire_call *call) {
    return pendientes__rpc__llamada__get_packed_size(call) + CALL_OVERHEAD;
}

static nng_msg *pack(const ProtobufCMessage *message) {
    nng_msg *msg;
    if (nng_msg_alloc(&msg, protobuf_c_message_get_packed_size(message)) != 0)
        return NULL;
    protobuf_c_message_pack(message, nng_msg_body(msg));
    return msg;
}

nng_msg *pd_frame_pack(pd_wire_call **calls, size_t n) {
    Pendientes__Rpc__Peticion frame = PENDIENTES__RPC__PETICION__INIT;
    frame.llamadas = calls;
    frame.n_llamadas = n;
    return pack(&frame.base);
}

nng_msg *pd_frame_pack_answer(pd_wire_result **results, size_t n) {
    Pendientes__Rpc__Respuesta frame = PENDIENTES__RPC__RESPUESTA__INIT;
    frame.resultados = results;
    frame.n_resultados = n;
    return pack(&frame.base);
}

/* --- the look before unpacking --- */

typedef struct span {
    const uint8_t *at, *end;
} span;

static bool varint(span *in, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 64 && in->at < in->end; shift += 7) {
        uint8_t byte = *in->at++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

/* One field; `value` is its bytes when it is length-delimited, empty otherwise. */
static bool field(span *in, uint32_t *number, span *value) {
    uint64_t tag, len;
    if (!varint(in, &tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX >> 3)
        return false;
    *number = (uint32_t)(tag >> 3);
    *value = (span){in->at, in->at};
    switch (tag & 7) {
    case 0:
        return varint(in, &len);
    case 1:
        len = 8;
        break;
    case 2:
        if (!varint(in, &len))
            return false;
        value->at = in->at;
        break;
    case 5:
        len = 4;
        break;
    default:
        return false;
    }
    if (len > (uint64_t)(in->end - in->at))
        return false;
    in->at += len;
    value->end = (tag & 7) == 2 ? in->at : value->at;
    return true;
}

static bool is_string(uint32_t number) {
    /* metodo, peticion_id, traceparent, clave, cliente */
    return number == 2 || number == 6 || number == 7 || number == 8 || number == 10;
}

static bool check_call(span call, uint8_t *nul) {
    *nul = 0;
    for (unsigned fields = 0; call.at < call.end; fields++) {
        uint32_t number;
        span value;
        if (fields == FIELDS_PER_CALL || !field(&call, &number, &value))
            return false;
        if (is_string(number) && memchr(value.at, 0, (size_t)(value.end - value.at)))
            *nul = (uint8_t)number;
    }
    return true;
}

bool pd_frame_check(const uint8_t *bytes, size_t len, uint8_t nul[PD_FRAME_CALLS], size_t *n) {
    span in = {bytes, bytes + len};
    for (*n = 0; in.at < in.end; (*n)++) {
        uint32_t number;
        span call;
        if (*n == PD_FRAME_CALLS || (*in.at & 7) != 2 || !field(&in, &number, &call) || number != 1 ||
            !check_call(call, &nul[*n]))
            return false;
    }
    return *n > 0;
}

Pendientes__Rpc__Peticion *pd_frame_unpack(pd_arena *arena, const uint8_t *bytes, size_t len) {
    return pendientes__rpc__peticion__unpack(pd_arena_protobuf(arena), len, bytes);
}

Pendientes__Rpc__Respuesta *pd_frame_unpack_answer(pd_arena *arena, const uint8_t *bytes, size_t len) {
    return pendientes__rpc__respuesta__unpack(pd_arena_protobuf(arena), len, bytes);
}

/* --- statuses --- */

static char *copy(pd_arena *arena, const char *text) {
    return pd_arena_strdup(arena, text ? text : "");
}

void pd_frame_result(const pd_status *status, pd_arena *arena, pd_wire_result *result) {
    if (!status || status->code == PD_OK)
        return; /* an absent code is OK */
    result->has_codigo = true;
    result->codigo = (uint32_t)status->code;
    result->mensaje = copy(arena, pd_status_message(status, arena));
    if (status->retry_ms) {
        result->has_reintentar_ms = true;
        result->reintentar_ms = status->retry_ms;
    }
    if (status->reason != PD_REASON_NONE) {
        result->has_motivo = true;
        result->motivo = (Pendientes__Rpc__Resultado__Motivo)status->reason;
    }
    if (status->n_errors == 0)
        return;
    result->errores = pd_arena_alloc(arena, status->n_errors * sizeof(void *));
    for (size_t i = 0; i < status->n_errors; i++) {
        Pendientes__Rpc__ErrorDeCampo *error = pd_arena_alloc(arena, sizeof *error);
        pendientes__rpc__error_de_campo__init(error);
        error->campo = copy(arena, status->errors[i].field);
        error->detalle = copy(arena, status->errors[i].detail);
        result->errores[i] = error;
    }
    result->n_errores = status->n_errors;
}

void pd_frame_status(const pd_wire_result *result, pd_arena *arena, pd_status *status) {
    *status = (pd_status){0};
    if (result->codigo == PD_OK)
        return;
    status->code = result->codigo <= PD_UNAUTHENTICATED ? (pd_code)result->codigo : PD_UNKNOWN;
    status->message = result->mensaje;
    status->retry_ms = result->reintentar_ms;
    status->reason = (pd_reason)result->motivo;
    if (result->n_errores == 0)
        return;
    status->errors = pd_arena_alloc(arena, result->n_errores * sizeof *status->errors);
    for (size_t i = 0; i < result->n_errores; i++) {
        const Pendientes__Rpc__ErrorDeCampo *error = result->errores[i];
        status->errors[i] = (pd_field_error){error->campo ? error->campo : "", error->detalle ? error->detalle : ""};
    }
    status->n_errors = status->max_errors = result->n_errores;
}
