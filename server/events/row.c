/* row: from a row of sql/interno/eventos_leer.sql to the contract's message. Apart from log.c, because whoever asks for
 * older events reads the same rows. */
#include "server/events/log.h"

#include <stdlib.h>
#include <string.h>

typedef struct reader {
    const PGresult *rows;
    int row;
    pd_arena *arena;
} reader;

static const char *text(const reader *r, const char *column) {
    int i = PQfnumber(r->rows, column);
    return i < 0 || PQgetisnull(r->rows, r->row, i) ? NULL : PQgetvalue(r->rows, r->row, i);
}

static char *copy(const reader *r, const char *column) {
    const char *value = text(r, column);
    return value ? pd_arena_strdup(r->arena, value) : NULL;
}

static protobuf_c_boolean number(const reader *r, const char *column, int64_t *out) {
    const char *value = text(r, column);
    if (value)
        *out = strtoll(value, NULL, 10);
    return value != NULL;
}

/* `out` is an enum's field. */
static protobuf_c_boolean named(const reader *r, const char *column, const ProtobufCEnumDescriptor *type, void *out) {
    const char *name = text(r, column);
    const ProtobufCEnumValue *value = name ? protobuf_c_enum_descriptor_get_value_by_name(type, name) : NULL;
    if (value)
        memcpy(out, &value->value, sizeof value->value);
    return value != NULL;
}

static Pendientes__V1__NotificacionResp *notification(const reader *r, int64_t id, int64_t user) {
    Pendientes__V1__NotificacionResp *n = pd_arena_alloc(r->arena, sizeof *n);
    pendientes__v1__notificacion_resp__init(n);
    n->has_id = n->has_usuario_id = 1;
    n->id = id;
    n->usuario_id = user;
    n->titulo = copy(r, "titulo");
    n->mensaje = copy(r, "mensaje");
    n->fecha_creacion = copy(r, "notificacion_fecha");
    n->has_tipo = named(r, "notificacion_tipo", &pendientes__v1__notification_tipo__valor__descriptor, &n->tipo);
    n->has_estado =
        named(r, "notificacion_estado", &pendientes__v1__notification_estado__valor__descriptor, &n->estado);
    return n;
}

/* The id of what the event is about stands in one column, and in the field of its kind. */
static void set_thing(const reader *r, Pendientes__V1__EventoResp *e, int64_t user) {
    int64_t id;
    if (!number(r, "cosa_id", &id))
        return;
    if (e->tipo == PENDIENTES__V1__TIPO_EVENTO__VALOR__NOTA)
        e->has_nota_id = 1, e->nota_id = id;
    else if (e->tipo == PENDIENTES__V1__TIPO_EVENTO__VALOR__PAGO)
        e->has_pago_id = 1, e->pago_id = id;
    else if (e->tipo == PENDIENTES__V1__TIPO_EVENTO__VALOR__NOTIFICACION)
        e->notificacion = notification(r, id, user);
}

Pendientes__V1__EventoVisible *ev_read_row(const PGresult *rows, int row, pd_arena *arena) {
    reader r = {rows, row, arena};
    Pendientes__V1__EventoVisible *visible = pd_arena_alloc(arena, sizeof *visible);
    Pendientes__V1__EventoResp *e = pd_arena_alloc(arena, sizeof *e);
    pendientes__v1__evento_visible__init(visible);
    pendientes__v1__evento_resp__init(e);
    visible->evento = e;
    e->has_id = number(&r, "numero", &e->id);
    e->has_tipo = named(&r, "tipo", &pendientes__v1__tipo_evento__valor__descriptor, &e->tipo);
    if (!e->has_id || !e->has_tipo)
        return NULL;
    visible->lectura = copy(&r, "lectura");
    visible->has_asignado_a = number(&r, "asignado_a", &visible->asignado_a);
    visible->has_registrado_por = number(&r, "registrado_por", &visible->registrado_por);
    visible->has_antes = number(&r, "antes", &visible->antes);
    visible->has_usuario_id = number(&r, "usuario_id", &visible->usuario_id);
    e->has_accion = named(&r, "accion", &pendientes__v1__accion_evento__valor__descriptor, &e->accion);
    e->fecha = copy(&r, "fecha");
    e->has_pendiente_id = number(&r, "pendiente_id", &e->pendiente_id);
    e->has_estado = named(&r, "estado", &pendientes__v1__estado_pendiente__valor__descriptor, &e->estado);
    e->has_estado_tecnico =
        named(&r, "estado_tecnico", &pendientes__v1__estado_tecnico__valor__descriptor, &e->estado_tecnico);
    e->has_id_empleado_asignado = visible->has_asignado_a;
    e->id_empleado_asignado = visible->asignado_a;
    set_thing(&r, e, visible->usuario_id);
    return visible;
}

static int64_t of_all(const PGresult *rows, const char *column) {
    reader r = {rows, 0, NULL};
    int64_t value = 0;
    number(&r, column, &value);
    return value;
}

int64_t ev_read_head(const PGresult *rows) {
    return of_all(rows, "ultimo");
}

int64_t ev_read_first(const PGresult *rows) {
    return of_all(rows, "primero");
}
