#include "tests/integration/reader.h"

#include "tests/integration/up.h"

#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { AGAIN_MS = 20, LOOK_MS = 50 };

typedef struct seen {
    int64_t number;
    char *json;
} seen;

struct reader {
    pthread_t thread;
    reader_session session;
    char *token, *query;
    atomic_bool stops;
    atomic_int connections, status;
    pthread_mutex_t lock; /* of what it has seen */
    seen *all;
    size_t n, room;
    int64_t since;
};

/* --- for sessions --- */

const char *reader_token(const reader *r) {
    return r->token;
}

const char *reader_query(const reader *r) {
    return r->query;
}

int64_t reader_since(const reader *r) {
    return r->since; /* only its own thread writes it */
}

bool reader_stops(const reader *r) {
    return r->stops;
}

void reader_connected(reader *r) {
    r->status = 0;
    r->connections++;
}

void reader_refused(reader *r, int status) {
    r->status = status;
}

void reader_took(reader *r, int64_t number, const char *json) {
    pthread_mutex_lock(&r->lock);
    r->since = number;
    if (json) {
        if (r->n == r->room) {
            r->room = r->room ? 2 * r->room : 64;
            r->all = realloc(r->all, r->room * sizeof *r->all);
        }
        r->all[r->n++] = (seen){number, strdup(json)};
    }
    pthread_mutex_unlock(&r->lock);
}

int reader_connect(void) {
    char host[128], port[8];
    if (sscanf(up_env("PENDIENTES_URL"), "http://%127[^:]:%7[0-9]", host, port) != 2)
        return -1;
    struct addrinfo *found, hints = {.ai_socktype = SOCK_STREAM};
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return -1;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

/* --- Server-Sent Events --- */

typedef struct sse {
    reader *r;
    int fd;
    char in[16384];
    size_t at, len;
    bool begun; /* the head is read */
    long chunk; /* bytes left of it; -1: a size line comes */
    char line[8192], data[8192], kind[64];
    size_t line_len;
    int64_t id;
} sse;

/* The next byte, -1 at the end. */
static int get(sse *s) {
    while (s->at == s->len) {
        struct pollfd ready = {.fd = s->fd, .events = POLLIN};
        if (reader_stops(s->r))
            return -1;
        if (poll(&ready, 1, LOOK_MS) == 0)
            continue;
        ssize_t n = recv(s->fd, s->in, sizeof s->in, 0);
        if (n <= 0)
            return -1;
        s->at = 0;
        s->len = (size_t)n;
    }
    return (unsigned char)s->in[s->at++];
}

/* A line of the head, or of the chunks' sizes; false at the end. */
static bool get_line(sse *s, char *out, size_t room) {
    size_t n = 0;
    for (int c; (c = get(s)) != '\n';) {
        if (c < 0)
            return false;
        if (c != '\r' && n + 1 < room)
            out[n++] = (char)c;
    }
    out[n] = '\0';
    return true;
}

/* The next byte of the body. */
static int get_body(sse *s) {
    char size[32];
    while (s->chunk <= 0) {
        if (s->chunk == 0 && !get_line(s, size, sizeof size)) /* the line end behind a chunk */
            return -1;
        if (!get_line(s, size, sizeof size) || (s->chunk = strtol(size, NULL, 16)) <= 0)
            return -1;
    }
    int c = get(s);
    if (c >= 0)
        s->chunk--;
    return c;
}

static void dispatch(sse *s) {
    if (s->id >= 0)
        reader_took(s->r, s->id, s->data[0] && !s->kind[0] ? s->data : NULL);
    s->data[0] = s->kind[0] = '\0';
}

/* 9.2.6, as far as this server writes it. */
static void take_line(sse *s) {
    s->line[s->line_len] = '\0';
    s->line_len = 0;
    if (!s->line[0])
        dispatch(s);
    else if (strncmp(s->line, "id: ", 4) == 0)
        s->id = strtoll(s->line + 4, NULL, 10);
    else if (strncmp(s->line, "data: ", 6) == 0)
        snprintf(s->data, sizeof s->data, "%s", s->line + 6);
    else if (strncmp(s->line, "event: ", 7) == 0)
        snprintf(s->kind, sizeof s->kind, "%.63s", s->line + 7);
}

static bool read_head(sse *s) {
    char line[1024];
    int status = 0;
    if (!get_line(s, line, sizeof line) || sscanf(line, "HTTP/1.1 %d", &status) != 1)
        return false;
    while (line[0])
        if (!get_line(s, line, sizeof line))
            return false;
    if (status == 200)
        reader_connected(s->r);
    else
        reader_refused(s->r, status);
    return status == 200;
}

void reader_sse(reader *r) {
    sse s = {.r = r, .fd = reader_connect(), .chunk = -1, .id = reader_since(r)};
    char head[4096], last[64] = "";
    if (s.fd < 0)
        return;
    if (s.id >= 0)
        snprintf(last, sizeof last, "Last-Event-ID: %lld\r\n", (long long)s.id);
    int n = snprintf(head, sizeof head, "GET /api/eventos%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n%s\r\n",
                     r->query, r->token, last);
    if (send(s.fd, head, (size_t)n, MSG_NOSIGNAL) == n && read_head(&s))
        for (int c; (c = get_body(&s)) >= 0;) {
            if (c == '\n')
                take_line(&s);
            else if (s.line_len + 1 < sizeof s.line)
                s.line[s.line_len++] = (char)c;
        }
    close(s.fd);
}

/* --- life --- */

static void *run(void *arg) {
    reader *r = arg;
    while (!r->stops) {
        r->session(r);
        if (!r->stops)
            nanosleep(&(struct timespec){.tv_nsec = AGAIN_MS * 1000000L}, NULL);
    }
    return NULL;
}

static bool is_up(void *arg) {
    const reader *r = arg;
    return r->connections > 0 || r->status != 0;
}

reader *reader_resume(reader_session session, const char *token, const char *query, int64_t since, bool *up) {
    reader *r = calloc(1, sizeof *r);
    if (!r)
        abort();
    r->session = session;
    r->token = strdup(token);
    r->query = strdup(query);
    r->since = since;
    pthread_mutex_init(&r->lock, NULL);
    if (pthread_create(&r->thread, NULL, run, r) != 0)
        abort();
    *up = up_wait(10000, is_up, r) && r->connections > 0;
    return r;
}

reader *reader_start(reader_session session, const char *token, const char *query, bool *up) {
    return reader_resume(session, token, query, -1, up);
}

void reader_stop(reader *r) {
    if (r->stops)
        return;
    r->stops = true;
    pthread_join(r->thread, NULL);
}

void reader_free(reader *r) {
    if (!r)
        return;
    reader_stop(r);
    for (size_t i = 0; i < r->n; i++)
        free(r->all[i].json);
    free(r->all);
    free(r->token);
    free(r->query);
    free(r);
}

/* --- for tests --- */

size_t reader_count(reader *r) {
    pthread_mutex_lock(&r->lock);
    size_t n = r->n;
    pthread_mutex_unlock(&r->lock);
    return n;
}

static seen at(reader *r, size_t n) {
    seen none = {-1, NULL};
    pthread_mutex_lock(&r->lock);
    seen found = n < r->n ? r->all[n] : none;
    pthread_mutex_unlock(&r->lock);
    return found;
}

int64_t reader_number(reader *r, size_t n) {
    return at(r, n).number;
}

const char *reader_json(reader *r, size_t n) {
    return at(r, n).json;
}

int reader_connections(const reader *r) {
    return r->connections;
}

int reader_status(const reader *r) {
    return r->status;
}

typedef struct awaited {
    reader *r;
    size_t n;
} awaited;

static bool is_there(void *arg) {
    const awaited *a = arg;
    return reader_count(a->r) > a->n;
}

bool reader_awaits(reader *r, size_t n, int ms) {
    return up_wait(ms, is_there, &(awaited){r, n});
}
