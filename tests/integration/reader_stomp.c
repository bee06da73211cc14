/* A reader by STOMP 1.2 over WebSocket, as far as this server writes both. */
#include "tests/integration/reader.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOK_MS = 50, FRAME_MAX = 16384, TEXT = 0x81, PONG = 0x8a, OP_TEXT = 1, OP_CLOSE = 8, OP_PING = 9 };

typedef struct connection {
    reader *r;
    int fd;
    char in[16384], frame[FRAME_MAX + 1];
    size_t at, len;
} connection;

/* The next byte, -1 at the end. */
static int get(connection *c) {
    while (c->at == c->len) {
        struct pollfd ready = {.fd = c->fd, .events = POLLIN};
        if (reader_stops(c->r))
            return -1;
        if (poll(&ready, 1, LOOK_MS) == 0)
            continue;
        ssize_t n = recv(c->fd, c->in, sizeof c->in, 0);
        if (n <= 0)
            return -1;
        c->at = 0;
        c->len = (size_t)n;
    }
    return (unsigned char)c->in[c->at++];
}

/* A client's frame under the mask 0, which changes nothing. */
static bool put(connection *c, unsigned char head, const char *text, size_t len) {
    unsigned char frame[8 + FRAME_MAX] = {head, 0x80 | 126, (unsigned char)(len >> 8), (unsigned char)len};
    if (len > FRAME_MAX)
        return false;
    if (len < 126) {
        frame[1] = (unsigned char)(0x80 | len);
        memset(frame + 2, 0, 4);
        memcpy(frame + 6, text, len);
        len += 6;
    } else {
        memcpy(frame + 8, text, len);
        len += 8;
    }
    return send(c->fd, frame, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* The opcode of the next frame, whose bytes are in `frame`, NUL-terminated; -1 at the end. */
static int next(connection *c) {
    int head = get(c), second = get(c);
    size_t len = second < 0 ? FRAME_MAX + 1 : (size_t)second;
    if (second == 126) {
        int high = get(c), low = get(c);
        len = low < 0 ? FRAME_MAX + 1 : (size_t)high << 8 | (size_t)low;
    }
    if (second == 127 || len > FRAME_MAX)
        return -1;
    for (size_t i = 0; i < len; i++) {
        int byte = get(c);
        if (byte < 0)
            return -1;
        c->frame[i] = (char)byte;
    }
    c->frame[len] = '\0';
    return head & 0x0f;
}

static bool shake_hands(connection *c) {
    static const char ask[] = "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    char head[4096];
    size_t n = 0;
    if (send(c->fd, ask, sizeof ask - 1, MSG_NOSIGNAL) != (ssize_t)sizeof ask - 1)
        return false;
    while (n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4) != 0) {
        int byte = get(c);
        if (byte < 0 || n == sizeof head)
            return false;
        head[n++] = (char)byte;
    }
    return memcmp(head, "HTTP/1.1 101", 12) == 0;
}

static bool say(connection *c, const char *text) {
    return put(c, TEXT, text, strlen(text) + 1); /* with the NUL that ends a frame */
}

static int64_t event_id(const char *frame) {
    const char *at = strstr(frame, "\nevento-id:");
    return at ? strtoll(at + strlen("\nevento-id:"), NULL, 10) : -1;
}

/* False when it is over. */
static bool take(connection *c) {
    char text[256];
    const char *body = strstr(c->frame, "\n\n");
    if (strncmp(c->frame, "CONNECTED\n", 10) == 0) {
        if (reader_since(c->r) < 0)
            reader_took(c->r, event_id(c->frame), NULL);
        snprintf(text, sizeof text, "SUBSCRIBE\nid:1\ndestination:/topic/usuario/%s\ndesde:%lld\n\n",
                 reader_query(c->r), (long long)reader_since(c->r));
        reader_connected(c->r);
        return say(c, text);
    }
    if (strncmp(c->frame, "MESSAGE\n", 8) == 0 && body)
        reader_took(c->r, event_id(c->frame), body + 2);
    else if (strncmp(c->frame, "ERROR\n", 6) == 0)
        reader_refused(c->r, 1);
    return strncmp(c->frame, "ERROR\n", 6) != 0;
}

void reader_stomp(reader *r) {
    char text[8192];
    connection c = {.r = r, .fd = reader_connect()};
    if (c.fd < 0)
        return;
    snprintf(text, sizeof text, "CONNECT\naccept-version:1.2\nhost:a\nheart-beat:0,0\nAuthorization:Bearer %s\n\n",
             reader_token(r));
    bool on = shake_hands(&c) && say(&c, text);
    while (on) {
        int what = next(&c);
        if (what == OP_TEXT)
            on = take(&c);
        else if (what == OP_PING)
            on = put(&c, PONG, "", 0);
        else
            on = what >= 0 && what != OP_CLOSE;
    }
    close(c.fd);
}
