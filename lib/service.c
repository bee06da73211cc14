/* service: the answering side (include/pendientes/service.h). Each frame under way has a slot: an nng context, an
 * arena, its calls and their results. A slot is free, or taken (some call is not answered), or sending (nng still holds
 * the answer). */
#include "pendientes/service.h"
#include "lib/frame.h"
#include "lib/sockets.h"
#include "lib/timers.h"
#include "pendientes/trace.h"

#include <nng/protocol/reqrep0/rep.h>
#include <nng/supplemental/util/platform.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_FRAMES = 256,
    SEND_MS = 1000, /* a client that does not read its answers for so long loses them */
    LOOK_MS = 5,    /* between looks at slots that are sending */
    LEAVE_MS = 100, /* before the socket closes: nng tells nobody when its bytes have left */
    CLOSE_MS = 500,
    PEER_MAX = 64,
    ANSWER_RESERVE = 64 << 10, /* of the answer's bound, for the results without data */
};

typedef struct frame_slot frame_slot;

typedef struct incoming {
    pd_incoming call; /* first: what the handler holds is this */
    frame_slot *slot;
    pd_wire_result result;
    bool answered;
} incoming;

struct frame_slot {
    pd_service *service;
    nng_ctx ctx;
    nng_aio *aio; /* without callback */
    pd_arena *arena;
    incoming *calls;
    size_t n, left; /* left: calls not answered, and one while they are being handed over */
    size_t bytes;   /* of the answer so far */
    uint64_t sent_ms;
    frame_slot *next;
};

struct pd_service {
    pd_loop *loop;
    pd_service_options options;
    nng_socket socket;
    pd_watch *watch;
    frame_slot *slots, *free, *sending;
    size_t n_slots; /* opened so far */
    pd_timer look;
    size_t pending;
    uint64_t sent_ms;
    bool draining;
};

static void receive_all(pd_service *service);

/* --- answers out --- */

static void set_free(frame_slot *slot) {
    pd_service *service = slot->service;
    pd_arena_reset(slot->arena);
    slot->next = service->free;
    service->free = slot;
    pd_watch_set(service->watch, PD_LOOP_READ);
}

/* nng takes the message out of the aio when it hands it to the connection; until then the slot waits, but never the
 * loop. */
static bool still_sending(const frame_slot *slot, uint64_t now) {
    return nng_aio_get_msg(slot->aio) && now - slot->sent_ms < SEND_MS + LOOK_MS;
}

static void end_sending(frame_slot *slot) {
    nng_aio_wait(slot->aio);
    nng_msg *left = nng_aio_result(slot->aio) != 0 ? nng_aio_get_msg(slot->aio) : NULL;
    if (left)
        nng_msg_free(left);
    nng_aio_set_msg(slot->aio, NULL);
    set_free(slot);
}

static void look_at_sending(void *arg) {
    pd_service *service = arg;
    uint64_t now = pd_clock_ms();
    frame_slot *next, *waiting = service->sending;
    service->sending = NULL;
    for (frame_slot *slot = waiting; slot; slot = next) {
        next = slot->next;
        if (still_sending(slot, now)) {
            slot->next = service->sending;
            service->sending = slot;
        } else {
            end_sending(slot);
        }
    }
    if (service->sending)
        pd_timer_start(service->loop, &service->look, LOOK_MS, look_at_sending, service);
}

static void send_answer(frame_slot *slot) {
    pd_service *service = slot->service;
    pd_wire_result **results = pd_arena_alloc(slot->arena, (slot->n + 1) * sizeof *results);
    for (size_t i = 0; i < slot->n; i++)
        results[i] = &slot->calls[i].result;
    nng_msg *msg = pd_frame_pack_answer(results, slot->n);
    slot->sent_ms = service->sent_ms = pd_clock_ms();
    if (!msg) { /* out of memory: without an answer the client's deadlines end its calls */
        set_free(slot);
        return;
    }
    nng_aio_set_msg(slot->aio, msg);
    nng_aio_set_timeout(slot->aio, SEND_MS);
    nng_ctx_send(slot->ctx, slot->aio);
    if (!nng_aio_get_msg(slot->aio)) {
        end_sending(slot);
        return;
    }
    slot->next = service->sending;
    service->sending = slot;
    pd_timer_start(service->loop, &service->look, LOOK_MS, look_at_sending, service);
}

static void one_less(frame_slot *slot) {
    if (--slot->left == 0)
        send_answer(slot);
}

void pd_incoming_answer(pd_incoming *call, const pd_status *status, const uint8_t *bytes, size_t len, bool replayed) {
    incoming *in = (incoming *)call;
    frame_slot *slot = in->slot;
    if (in->answered)
        abort();
    in->answered = true;
    pd_wire_result *result = &in->result;
    bool good = !status || status->code == PD_OK;
    if (good && slot->bytes + len > PD_FRAME_ANSWER_BYTES - ANSWER_RESERVE) {
        /* Over the bound the client's socket would close the connection, and all calls of the frame be lost. */
        bool reads = call->method && call->method->effect == PD_READS;
        pd_status big = {.code = reads ? PD_INTERNAL : PD_UNKNOWN, .message = "La respuesta es demasiado grande"};
        pd_frame_result(&big, slot->arena, result);
    } else if (good) {
        result->has_datos = true;
        result->datos.len = len;
        result->datos.data = (uint8_t *)pd_arena_memdup(slot->arena, bytes ? bytes : (const uint8_t *)"", len);
        slot->bytes += len;
    } else {
        pd_frame_result(status, slot->arena, result);
    }
    if (replayed)
        result->has_repetida = result->repetida = true;
    slot->service->pending--;
    one_less(slot);
}

void pd_incoming_tag(pd_incoming *call, const uint8_t *tag) {
    incoming *in = (incoming *)call;
    in->result.has_etag = true;
    in->result.etag.len = PD_TAG_LEN;
    in->result.etag.data = (uint8_t *)pd_arena_memdup(in->slot->arena, tag, PD_TAG_LEN);
}

/* --- calls in --- */

static bool visible_ascii(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x21 || text[i] > 0x7e)
            return false;
    return true;
}

static void read_key(pd_incoming *call, const char *key, bool nul, pd_arena *arena, pd_status *status) {
    if (!key || !call->method || !call->method->is_post || call->method->no_key)
        return; /* ignored elsewhere, whatever it holds */
    size_t len = strlen(key);
    if (len >= 2 && key[0] == '"' && key[len - 1] == '"') {
        key = pd_arena_memdup(arena, key + 1, len - 2);
        len -= 2;
    }
    if (!nul && len >= 1 && len <= PD_KEY_MAX && visible_ascii(key, len))
        call->key = key;
    else
        pd_status_field(status, arena, "Idempotency-Key", "de 1 a %d caracteres ASCII visibles", PD_KEY_MAX);
}

static void read_match(pd_incoming *call, const pd_wire_call *wire, pd_arena *arena, pd_status *status) {
    if (!call->method || !call->method->version)
        return;
    call->if_exists = wire->si_existe;
    if (!wire->has_si_coincide)
        return;
    call->if_match = wire->si_coincide.data ? wire->si_coincide.data : (const uint8_t *)"";
    call->n_if_match = wire->si_coincide.len / PD_TAG_LEN;
    if (wire->si_coincide.len % PD_TAG_LEN != 0)
        pd_status_field(status, arena, "si_coincide", "debe tener %d bytes por etag", PD_TAG_LEN);
}

/* False: `status` is the call's answer. What is believed from the client, and what is replaced without a word, stands
 * in frame.proto. */
static bool read_call(pd_incoming *call, const pd_wire_call *wire, uint8_t nul, uint64_t now_ms, pd_arena *arena,
                      pd_status *status) {
    uint32_t wait = wire->has_plazo_ms ? wire->plazo_ms : PD_DEADLINE_MS;
    call->due_ms = now_ms + (wait < PD_DEADLINE_MAX_MS ? wait : PD_DEADLINE_MAX_MS);
    call->bytes = wire->datos.data;
    call->len = wire->datos.len;
    call->token = (const char *)wire->token.data;
    call->token_len = wire->token.len;
    call->probe = wire->sondeo;
    if (wire->peticion_id && nul != 6 && pd_request_id_valid(wire->peticion_id, strlen(wire->peticion_id))) {
        call->request_id = wire->peticion_id;
    } else {
        char *id = pd_arena_alloc(arena, 23);
        pd_request_id_new(id);
        call->request_id = id;
    }
    if (wire->traceparent && pd_traceparent_valid(wire->traceparent, strlen(wire->traceparent)))
        call->traceparent = wire->traceparent;
    if (wire->cliente && strlen(wire->cliente) <= PEER_MAX && visible_ascii(wire->cliente, strlen(wire->cliente)))
        call->peer = wire->cliente;
    if (nul == 2) {
        pd_status_field(status, arena, "metodo", "contiene un carácter NUL");
        return false;
    }
    if (wire->metodo && !(call->method = pd_method_find(wire->metodo, strlen(wire->metodo)))) {
        /* what is no name is not echoed: cut or malformed, it would not be UTF-8 */
        size_t len = strlen(wire->metodo);
        bool name = len > 0 && len <= 100 && visible_ascii(wire->metodo, len);
        pd_status_set(status, arena, PD_UNIMPLEMENTED, "Método desconocido%s%s", name ? ": " : "",
                      name ? wire->metodo : "");
        return false;
    }
    if (!call->method && !call->probe) {
        pd_status_field(status, arena, "metodo", "es obligatorio");
        return false;
    }
    pd_status wrong = {0};
    if (wire->has_clave_huella && wire->clave_huella.len != 32)
        pd_status_field(&wrong, arena, "clave_huella", "debe tener 32 bytes");
    else if (wire->has_clave_huella)
        call->key_digest = wire->clave_huella.data;
    read_key(call, wire->clave, nul == 8, arena, &wrong);
    read_match(call, wire, arena, &wrong);
    if (wrong.code != PD_OK)
        call->wrong = (const pd_status *)pd_arena_memdup(arena, &wrong, sizeof wrong);
    if (wait == 0) {
        pd_status_set(status, arena, PD_DEADLINE_EXCEEDED, "La operación excedió su plazo");
        return false;
    }
    return true;
}

static void hand_over(frame_slot *slot, const Pendientes__Rpc__Peticion *frame, const uint8_t *nul) {
    pd_service *service = slot->service;
    uint64_t now_us = pd_clock_us();
    slot->n = frame->n_llamadas;
    slot->bytes = 0;
    slot->left = slot->n + 1;
    slot->calls = pd_arena_zalloc(slot->arena, slot->n * sizeof *slot->calls);
    service->pending += slot->n;
    for (size_t i = 0; i < slot->n; i++) {
        const pd_wire_call *wire = frame->llamadas[i];
        incoming *in = &slot->calls[i];
        pd_status status = {0};
        in->slot = slot;
        in->call.started_us = now_us;
        pendientes__rpc__resultado__init(&in->result);
        in->result.has_id = true;
        in->result.id = wire->id;
        bool good = read_call(&in->call, wire, nul[i], now_us / 1000, slot->arena, &status);
        if (good && service->draining) {
            pd_status_set(&status, slot->arena, PD_UNAVAILABLE, "Servicio no disponible");
            status.retry_ms = 1000;
            good = false;
        }
        if (good)
            service->options.call(service->options.arg, &in->call);
        else
            pd_incoming_answer(&in->call, &status, NULL, 0, false);
    }
    if (service->options.frame)
        service->options.frame(service->options.arg, NULL);
    one_less(slot);
}

/* No call that could be answered, but whoever sent this should hear why; an empty message, which some libraries for SP
 * sockets cannot receive, would not tell. */
static void refuse_frame(frame_slot *slot) {
    pd_status status = {0};
    pd_status_set(&status, slot->arena, PD_INVALID_ARGUMENT,
                  "La trama no se puede leer: no es una Peticion de 1 a %d llamadas", PD_FRAME_CALLS);
    slot->calls = pd_arena_zalloc(slot->arena, sizeof *slot->calls);
    slot->n = 1;
    pendientes__rpc__resultado__init(&slot->calls->result);
    pd_frame_result(&status, slot->arena, &slot->calls->result);
    send_answer(slot);
}

static void take_frame(frame_slot *slot, nng_msg *msg) {
    uint8_t nul[PD_FRAME_CALLS];
    size_t n, len = nng_msg_len(msg);
    const uint8_t *bytes = nng_msg_body(msg);
    const Pendientes__Rpc__Peticion *frame = NULL;
    if (pd_frame_check(bytes, len, nul, &n))
        frame = pd_frame_unpack(slot->arena, bytes, len);
    nng_msg_free(msg);
    if (frame) {
        hand_over(slot, frame, nul);
    } else {
        refuse_frame(slot);
    }
}

/* Contexts are opened when they are first needed: most services never have many frames at once. */
static int open_slot(pd_service *service) {
    frame_slot *slot = &service->slots[service->n_slots];
    int rv = nng_ctx_open(&slot->ctx, service->socket);
    if (rv == 0)
        rv = nng_aio_alloc(&slot->aio, NULL, NULL);
    if (rv != 0)
        return rv;
    slot->service = service;
    slot->arena = pd_arena_new();
    slot->next = service->free;
    service->free = slot;
    service->n_slots++;
    return 0;
}

/* A context that can take a frame, NULL when all are taken. */
static frame_slot *free_slot(pd_service *service) {
    if (!service->free && service->n_slots < service->options.max_frames && open_slot(service) != 0)
        service->options.max_frames = service->n_slots; /* nng has no more */
    return service->free;
}

static void receive_all(pd_service *service) {
    frame_slot *slot;
    while ((slot = free_slot(service))) {
        nng_aio_set_timeout(slot->aio, NNG_DURATION_ZERO);
        nng_ctx_recv(slot->ctx, slot->aio);
        nng_aio_wait(slot->aio);
        if (nng_aio_result(slot->aio) != 0)
            return; /* NNG_ETIMEDOUT: nothing left */
        nng_msg *msg = nng_aio_get_msg(slot->aio);
        nng_aio_set_msg(slot->aio, NULL);
        service->free = slot->next;
        take_frame(slot, msg);
    }
    pd_watch_set(service->watch, 0); /* until a slot is free */
}

static void on_readable(void *arg, unsigned events) {
    (void)events;
    receive_all(arg);
}

/* --- life --- */

static int listen_all(pd_service *service, const char *urls, const char **error) {
    static char text[512];
    char *copy = strdup(urls ? urls : ""), *rest;
    if (!copy)
        abort();
    int n = 0, rv = 0;
    for (char *url = strtok_r(copy, ", ", &rest); url && rv == 0; url = strtok_r(NULL, ", ", &rest), n++) {
        if ((rv = nng_listen(service->socket, url, NULL, 0)) != 0) {
            snprintf(text, sizeof text, "%s: %s", url, nng_strerror(rv));
            *error = text;
        }
    }
    if (n == 0)
        *error = "no address to listen on";
    free(copy);
    return n == 0 ? NNG_EINVAL : rv;
}

static int open_service(pd_service *service, const char **error) {
    int fd, rv = nng_rep0_open(&service->socket);
    if (rv != 0)
        return rv;
    service->slots = calloc(service->options.max_frames, sizeof *service->slots);
    if (!service->slots)
        return NNG_ENOMEM;
    if ((rv = nng_socket_set_size(service->socket, NNG_OPT_RECVMAXSZ, service->options.max_bytes + 64)) != 0 ||
        (rv = open_slot(service)) != 0 || (rv = nng_socket_get_int(service->socket, NNG_OPT_RECVFD, &fd)) != 0)
        return rv;
    service->watch = pd_loop_watch(service->loop, fd, PD_LOOP_READ, on_readable, service);
    return service->watch ? listen_all(service, service->options.listen, error) : NNG_ENOMEM;
}

pd_service *pd_service_listen(pd_loop *loop, const pd_service_options *options, const char **error) {
    pd_service *service = calloc(1, sizeof *service);
    if (!service)
        abort();
    service->loop = loop;
    service->options = *options;
    if (service->options.max_frames == 0)
        service->options.max_frames = MAX_FRAMES;
    if (service->options.max_bytes == 0)
        service->options.max_bytes = PD_FRAME_BYTES;
    *error = NULL;
    int rv = open_service(service, error);
    service->options.listen = NULL; /* the caller's; not needed any more */
    if (rv == 0)
        return service;
    if (!*error)
        *error = nng_strerror(rv);
    pd_service_close(service);
    return NULL;
}

void pd_service_drain(pd_service *service) {
    service->draining = true;
}

size_t pd_service_pending(const pd_service *service) {
    size_t n = service->pending;
    for (const frame_slot *slot = service->sending; slot; slot = slot->next)
        n++;
    return n;
}

void pd_service_close(pd_service *service) {
    if (!service)
        return;
    uint64_t since = pd_clock_ms() - service->sent_ms;
    if (service->sent_ms && since < LEAVE_MS)
        nng_msleep((nng_duration)(LEAVE_MS - since));
    pd_timer_stop(service->loop, &service->look);
    pd_watch_free(service->watch);
    for (size_t i = 0; i < service->n_slots; i++) {
        frame_slot *slot = &service->slots[i];
        if (slot->aio) {
            nng_aio_stop(slot->aio);
            nng_msg *left = nng_aio_get_msg(slot->aio);
            if (left)
                nng_msg_free(left);
            nng_aio_free(slot->aio);
        }
        pd_arena_free(slot->arena);
    }
    pd_socket_close(service->socket, CLOSE_MS);
    free(service->slots);
    free(service);
}
