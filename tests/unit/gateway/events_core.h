/* events_core: a core that knows events and nothing else, in a thread of the test: it does what the test says, when the
 * test says it. Orders: an odd event is of the employee 1, an even one of the employee 2. */
#ifndef TESTS_GATEWAY_EVENTS_CORE_H
#define TESTS_GATEWAY_EVENTS_CORE_H

#include "pendientes/event.h"
#include "pendientes/loop.h"
#include "pendientes/service.h"
#include "pendientes/v1/eventos.pb-c.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Under the lock; the thread looks every few milliseconds. */
static struct {
    pthread_mutex_t lock;
    int64_t head;     /* the last event there is */
    int64_t hub_head; /* the last that the hub's call is told of; 0: head */
    int64_t first;    /* the first that is kept */
    int64_t version;
    uint64_t bits; /* of the reader, who is the employee 1 */
    bool banned;   /* its token is refused */
    int failing;   /* so many of the readers' reads fail */
    bool slow;     /* a reader's read waits for its answer, which is of when it came */
    bool down;     /* the hub's call is refused */
    int reads, asked;
    int64_t shown; /* the hub waits for what comes behind it */
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

typedef struct parked {
    pd_incoming *call;
    int64_t since, version;
    struct parked *next;
} parked;

static parked *waiting;
static struct {
    pd_incoming *call; /* NULL: none */
    int64_t since, head;
} slow_read;
static pd_timer fake_timer;
static pd_loop *fake_loop;

static inline void fake_refuse(pd_incoming *call, pd_code code) {
    const pd_status status = {.code = code, .message = "No"};
    pd_incoming_answer(call, &status, NULL, 0, false);
}

static inline void fake_reply(pd_incoming *call, const ProtobufCMessage *reply) {
    size_t len = protobuf_c_message_get_packed_size(reply);
    uint8_t *bytes = malloc(len + 1);
    protobuf_c_message_pack(reply, bytes);
    pd_incoming_answer(call, NULL, bytes, len, false);
    free(bytes);
}

static inline Pendientes__V1__EventoVisible *fake_event(int64_t number, pd_arena *arena) {
    Pendientes__V1__EventoVisible *visible = pd_arena_alloc(arena, sizeof *visible);
    Pendientes__V1__EventoResp *event = pd_arena_alloc(arena, sizeof *event);
    pendientes__v1__evento_visible__init(visible);
    pendientes__v1__evento_resp__init(event);
    visible->evento = event;
    visible->lectura = (char *)"pendientes.v1.Pendientes/Obtener";
    visible->has_asignado_a = 1;
    visible->asignado_a = number % 2 ? 1 : 2;
    event->has_id = event->has_tipo = event->has_pendiente_id = 1;
    event->id = number;
    event->tipo = PENDIENTES__V1__TIPO_EVENTO__VALOR__PENDIENTE_EDITADO;
    event->pendiente_id = number % 10;
    return visible;
}

/* What is behind `since`, as far as the viewer may see it (NULL: all), of the order (-1: any). */
static inline void fake_page(pd_incoming *call, int64_t since, int64_t head, size_t most, const pd_viewer *viewer,
                             int64_t order) {
    pd_arena *arena = pd_arena_new();
    Pendientes__V1__EventosResp page = PENDIENTES__V1__EVENTOS_RESP__INIT;
    page.eventos = pd_arena_alloc(arena, most * sizeof(void *));
    page.has_hasta = page.has_identidades = 1;
    page.identidades = fake.version;
    page.recortado = page.has_recortado = since > head || since + 1 < fake.first;
    page.hasta = since > head ? head : since;
    for (int64_t number = since + 1 < fake.first ? fake.first : since + 1; number <= head; number++) {
        Pendientes__V1__EventoVisible *event = fake_event(number, arena);
        bool wanted = order < 0 || event->evento->pendiente_id == order;
        if (wanted && (!viewer || pd_event_visible(event, viewer))) {
            if (page.n_eventos == most)
                break;
            page.eventos[page.n_eventos++] = event;
        }
        page.hasta = number;
    }
    fake_reply(call, &page.base);
    pd_arena_free(arena);
}

static inline bool fake_is_hub(const pd_incoming *call) {
    return call->token_len == 3 && memcmp(call->token, "hub", 3) == 0;
}

static inline int64_t fake_hub_head(void) {
    return fake.hub_head ? fake.hub_head : fake.head;
}

static inline void fake_let_go(void) {
    const pd_viewer viewer = {9, 1, fake.bits};
    if (slow_read.call && !fake.slow) {
        fake_page(slow_read.call, slow_read.since, slow_read.head, 100, &viewer, -1);
        slow_read.call = NULL;
    }
}

static inline void fake_look(void *arg) {
    parked *list = waiting;
    pthread_mutex_lock(&fake.lock);
    fake_let_go();
    waiting = NULL;
    for (parked *p = list, *next; p; p = next) {
        int64_t head = fake_hub_head();
        next = p->next;
        if (fake.down)
            fake_refuse(p->call, PD_UNAVAILABLE);
        else if (p->since != head || p->version != fake.version || pd_loop_now(fake_loop) + 200 >= p->call->due_ms)
            fake_page(p->call, p->since, head, 500, NULL, -1);
        else {
            fake.shown = p->since;
            p->next = waiting;
            waiting = p;
            continue;
        }
        free(p);
    }
    pthread_mutex_unlock(&fake.lock);
    pd_timer_start(fake_loop, &fake_timer, 3, fake_look, arg);
}

static inline void fake_wait(pd_incoming *call, const Pendientes__V1__EsperarEventosReq *request) {
    if (fake_is_hub(call)) {
        parked *p = calloc(1, sizeof *p);
        *p = (parked){call, request->has_desde ? request->desde : fake_hub_head(), request->identidades, waiting};
        waiting = p;
        return;
    }
    const pd_viewer viewer = {9, 1, fake.bits};
    fake.reads++;
    if (fake.failing > 0) {
        fake.failing--;
        fake_refuse(call, PD_UNAVAILABLE);
    } else if (fake.slow && !slow_read.call) {
        slow_read.call = call;
        slow_read.since = request->desde;
        slow_read.head = fake.head;
    } else {
        fake_page(call, request->desde, fake.head, (size_t)request->maximo, &viewer,
                  request->has_pendiente_id ? request->pendiente_id : -1);
    }
}

static inline void fake_who(pd_incoming *call) {
    Pendientes__V1__QuienResp who = PENDIENTES__V1__QUIEN_RESP__INIT;
    who.has_usuario_id = who.has_empleado_id = who.has_permisos = who.has_identidades = 1;
    who.usuario_id = 9;
    who.empleado_id = 1;
    who.permisos = (int64_t)fake.bits;
    who.identidades = fake.version;
    fake.asked++;
    fake_reply(call, &who.base);
}

static inline void fake_call(void *arg, pd_incoming *call) {
    (void)arg;
    pthread_mutex_lock(&fake.lock);
    if (fake.banned && !fake_is_hub(call)) {
        fake_refuse(call, PD_UNAUTHENTICATED);
    } else if (call->probe) {
        pd_incoming_answer(call, NULL, NULL, 0, false);
    } else if (strcmp(call->method->name, "Esperar") == 0) {
        Pendientes__V1__EsperarEventosReq *request =
            pendientes__v1__esperar_eventos_req__unpack(NULL, call->len, call->bytes);
        fake_wait(call, request);
        pendientes__v1__esperar_eventos_req__free_unpacked(request, NULL);
    } else {
        fake_who(call);
    }
    pthread_mutex_unlock(&fake.lock);
}

static inline void *fake_run(void *url) {
    const char *error = NULL;
    fake_loop = pd_loop_new();
    ck_assert_ptr_nonnull(
        pd_service_listen(fake_loop, &(pd_service_options){.listen = url, .call = fake_call}, &error));
    fake_look(NULL);
    pd_loop_run(fake_loop);
    return NULL;
}

static inline void fake_start(char *url) {
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, fake_run, url), 0);
    pthread_detach(thread);
}

#define FAKE(...)                                                                                                      \
    do {                                                                                                               \
        pthread_mutex_lock(&fake.lock);                                                                                \
        __VA_ARGS__;                                                                                                   \
        pthread_mutex_unlock(&fake.lock);                                                                              \
    } while (0)

#endif
