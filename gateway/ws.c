#include "gateway/ws.h"

#include "gateway/answer.h"

#include <errno.h>
#include <h2o/http1.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <wslay/wslay.h>

enum {
    KEY_LEN = 24, /* of 16 bytes in base64 */
    ACCEPT_MAX = 29,
    UNREAD_PAST = 64 << 10, /* waiting to be written: until less does, nothing is read */
    PING_MS = 20000,        /* of silence */
    SILENT_MS = 60000,      /* no sign of life */
    STUCK_MS = 60000,       /* nothing taken */
    CLOSING_MS = 5000,      /* for the peer's goodbye */
};

typedef struct buffer {
    char *at;
    size_t len, size;
} buffer;

struct gw_ws {
    h2o_socket_t *socket; /* NULL: the handshake has not left */
    wslay_event_context_ptr frames;
    const gw_ws_owner *owner;
    void *arg;
    buffer next, leaving; /* to be written, and what h2o writes */
    bool reading;
    uint64_t heard_ms, pinged_ms, writing_ms, closing_ms; /* since when; writing, closing 0: not */
};

/* --- handshake --- */

static gw_slice header(const gw_call *call, const char *name) {
    ssize_t at = h2o_find_header_by_str(&call->req->headers, name, strlen(name), -1);
    if (at < 0)
        return (gw_slice){NULL, 0};
    h2o_iovec_t value = call->req->headers.entries[at].value;
    return gw_slice_trim((gw_slice){value.base, value.len});
}

static bool key_is_good(gw_slice key) {
    unsigned char bytes[KEY_LEN];
    return key.len == KEY_LEN && key.at[KEY_LEN - 1] == '=' && key.at[KEY_LEN - 2] == '=' &&
           EVP_DecodeBlock(bytes, (const unsigned char *)key.at, KEY_LEN) == 18;
}

bool gw_ws_admits(gw_call *call) {
    h2o_req_t *req = call->req;
    gw_slice upgrade = {req->upgrade.base, req->upgrade.len};
    if (req->version >= 0x200) {
        gw_refuse(call, 505, PD_UNIMPLEMENTED, "WebSocket se atiende solo por HTTP/1.1");
        return false;
    }
    if (req->version == 0x101 && !call->head && gw_slice_is_nocase(upgrade, "websocket") &&
        gw_slice_is(header(call, "sec-websocket-version"), "13") && key_is_good(header(call, "sec-websocket-key")))
        return true;
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_UPGRADE, NULL, H2O_STRLIT("websocket"));
    h2o_add_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT("sec-websocket-version"), 0, NULL,
                          H2O_STRLIT("13"));
    gw_refuse(call, 426, PD_INVALID_ARGUMENT, "Esta ruta atiende solo WebSocket, versión 13");
    return false;
}

/* RFC 6455, 4.2.2. */
static const char *accept_key(gw_call *call) {
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    gw_slice key = header(call, "sec-websocket-key");
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    const char *text = pd_arena_printf(call->arena, "%.*s%s", (int)key.len, key.at, guid);
    if (EVP_Digest(text, strlen(text), digest, &digest_len, EVP_sha1(), NULL) != 1)
        abort();
    char *out = h2o_mem_alloc_pool(&call->req->pool, ACCEPT_MAX);
    EVP_EncodeBlock((unsigned char *)out, digest, (int)digest_len);
    return out;
}

static bool offers(gw_slice list, const char *protocol) {
    while (list.at)
        if (gw_slice_is(gw_slice_trim(gw_slice_cut(&list, ',')), protocol))
            return true;
    return false;
}

static void add(gw_call *call, const char *name, const char *value) {
    h2o_add_header_by_str(&call->req->pool, &call->req->res.headers, name, strlen(name), 0, NULL, value, strlen(value));
}

static void write_head(gw_call *call, const char *const *protocols) {
    gw_slice offered = gw_header_list(&call->req->headers, "sec-websocket-protocol", call->arena);
    h2o_res_t *res = &call->req->res;
    res->status = 101;
    res->reason = "Switching Protocols";
    h2o_add_header(&call->req->pool, &res->headers, H2O_TOKEN_UPGRADE, NULL, H2O_STRLIT("websocket"));
    add(call, "sec-websocket-accept", accept_key(call));
    for (; *protocols; protocols++)
        if (offers(offered, *protocols)) {
            add(call, "sec-websocket-protocol", *protocols);
            break;
        }
    add(call, "x-request-id", call->request_id);
}

/* --- writing --- */

static void append(buffer *b, const uint8_t *bytes, size_t len) {
    if (b->len + len > b->size) {
        b->size = 2 * (b->len + len);
        b->at = realloc(b->at, b->size);
        if (!b->at)
            abort();
    }
    memcpy(b->at + b->len, bytes, len);
    b->len += len;
}

static void clear(buffer *b) {
    free(b->at);
    *b = (buffer){NULL, 0, 0};
}

/* wslay's: everything is taken, so its own queue is empty whenever it has had its turn. */
static ssize_t on_send(wslay_event_context_ptr frames, const uint8_t *bytes, size_t len, int flags, void *arg) {
    (void)frames, (void)flags;
    append(&((gw_ws *)arg)->next, bytes, len);
    return (ssize_t)len;
}

static void on_written(h2o_socket_t *socket, const char *error);
static void on_read(h2o_socket_t *socket, const char *error);

static void flush(gw_ws *ws) {
    if (wslay_event_want_write(ws->frames) && wslay_event_send(ws->frames) != 0)
        abort(); /* out of memory: on_send cannot fail */
    if (!ws->socket || ws->leaving.len > 0 || ws->next.len == 0)
        return;
    ws->leaving = ws->next;
    ws->next = (buffer){NULL, 0, 0};
    ws->writing_ms = gw_now_ms();
    h2o_iovec_t bytes = {ws->leaving.at, ws->leaving.len};
    h2o_socket_write(ws->socket, &bytes, 1, on_written);
}

size_t gw_ws_waiting(const gw_ws *ws) {
    return ws->next.len + ws->leaving.len;
}

void gw_ws_send(gw_ws *ws, const char *text, size_t len) {
    const struct wslay_event_msg message = {WSLAY_TEXT_FRAME, (const uint8_t *)text, len};
    wslay_event_queue_msg(ws->frames, &message);
    flush(ws);
}

void gw_ws_close(gw_ws *ws, gw_ws_code code) {
    if (ws->closing_ms)
        return;
    ws->closing_ms = gw_now_ms();
    wslay_event_queue_close(ws->frames, code, NULL, 0);
    flush(ws);
}

/* --- reading --- */

static ssize_t on_receive(wslay_event_context_ptr frames, uint8_t *into, size_t size, int flags, void *arg) {
    (void)flags;
    gw_ws *ws = arg;
    h2o_buffer_t *input = ws->socket->input;
    size_t n = input->size < size ? input->size : size;
    if (n == 0) {
        wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(into, input->bytes, n);
    h2o_buffer_consume(&ws->socket->input, n);
    return (ssize_t)n;
}

static void on_message(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *message, void *arg) {
    (void)frames;
    gw_ws *ws = arg;
    if (!wslay_is_ctrl_frame(message->opcode) && !ws->closing_ms)
        ws->owner->message(ws->arg, (const char *)message->msg, message->msg_length);
}

/* --- life --- */

static void dispose(gw_ws *ws) {
    if (ws->socket)
        h2o_socket_close(ws->socket);
    wslay_event_context_free(ws->frames);
    clear(&ws->next);
    clear(&ws->leaving);
    free(ws);
}

static void end(gw_ws *ws) {
    ws->owner->closed(ws->arg);
    dispose(ws);
}

/* Whoever said goodbye first, the other has answered, and the answer has left. */
static bool is_over(const gw_ws *ws) {
    return !wslay_event_want_read(ws->frames) && !wslay_event_want_write(ws->frames) && gw_ws_waiting(ws) == 0;
}

static bool wants_read(const gw_ws *ws) {
    return gw_ws_waiting(ws) < UNREAD_PAST && wslay_event_want_read(ws->frames);
}

/* A peer that was not read has not been silent. */
static void read_or_not(gw_ws *ws) {
    bool wants = wants_read(ws);
    if (wants && !ws->reading) {
        ws->heard_ms = gw_now_ms();
        h2o_socket_read_start(ws->socket, on_read);
    } else if (!wants && ws->reading) {
        h2o_socket_read_stop(ws->socket);
    }
    ws->reading = wants;
}

/* What has come, and what it made come. */
static void turn(gw_ws *ws) {
    while (wants_read(ws) && ws->socket->input->size > 0) {
        if (wslay_event_recv(ws->frames) != 0) {
            end(ws); /* out of memory: whatever a peer says is answered with a close frame */
            return;
        }
        flush(ws);
    }
    flush(ws);
    if (is_over(ws))
        end(ws);
    else
        read_or_not(ws);
}

static void on_read(h2o_socket_t *socket, const char *error) {
    gw_ws *ws = socket->data;
    ws->heard_ms = gw_now_ms();
    if (error)
        end(ws);
    else
        turn(ws);
}

static void on_written(h2o_socket_t *socket, const char *error) {
    gw_ws *ws = socket->data;
    clear(&ws->leaving);
    ws->writing_ms = 0;
    if (error) {
        end(ws);
        return;
    }
    flush(ws);
    if (gw_ws_waiting(ws) == 0 && !ws->closing_ms)
        ws->owner->drained(ws->arg);
    turn(ws);
}

static void on_upgraded(void *arg, h2o_socket_t *socket, size_t head_len) {
    gw_ws *ws = arg;
    if (!socket) {
        end(ws);
        return;
    }
    ws->socket = socket;
    socket->data = ws;
    h2o_buffer_consume(&socket->input, head_len);
    turn(ws);
}

gw_ws *gw_ws_accept(gw_call *call, const char *const *protocols, size_t message_max, const gw_ws_owner *owner,
                    void *arg) {
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_receive, .send_callback = on_send, .on_msg_recv_callback = on_message};
    gw_ws *ws = calloc(1, sizeof *ws);
    if (!ws || wslay_event_context_server_init(&ws->frames, &callbacks, ws) != 0)
        abort();
    wslay_event_config_set_max_recv_msg_length(ws->frames, message_max);
    ws->owner = owner;
    ws->arg = arg;
    ws->heard_ms = gw_now_ms();
    write_head(call, protocols);
    call->answered = true;
    gw_call_record(call, 101);
    h2o_http1_upgrade(call->req, NULL, 0, on_upgraded, ws);
    return ws;
}

/* Reading or writing then fails, whichever is waited for. */
static void cut(const gw_ws *ws) {
    shutdown(h2o_socket_get_fd(ws->socket), SHUT_RDWR);
}

void gw_ws_tick(gw_ws *ws) {
    static const struct wslay_event_msg ping = {WSLAY_PING, NULL, 0};
    uint64_t now = gw_now_ms(); /* not an older one: what was written or closed since would have begun in the future */
    if (!ws->socket)
        return; /* h2o has it, with its own timeouts */
    if ((ws->writing_ms && now - ws->writing_ms > STUCK_MS) || (ws->closing_ms && now - ws->closing_ms > CLOSING_MS) ||
        (ws->reading && now - ws->heard_ms > SILENT_MS)) {
        cut(ws);
    } else if (!ws->closing_ms && now - ws->heard_ms > PING_MS && now - ws->pinged_ms > PING_MS) {
        ws->pinged_ms = now;
        wslay_event_queue_msg(ws->frames, &ping);
        flush(ws);
    }
}

void gw_ws_free(gw_ws *ws) {
    if (ws->socket)
        dispose(ws);
}
