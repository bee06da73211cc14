/* raw: bytes to the public port over a socket of its own, for what no HTTP client sends. */
#ifndef TESTS_RAW_H
#define TESTS_RAW_H

#include <stdbool.h>
#include <stddef.h>

/* A connection to PENDIENTES_URL; aborts the program when there is none. */
int raw_open(void);
/* False when the other side does not take it any more. */
bool raw_send(int fd, const void *bytes, size_t len);
/* printf'ed text. */
bool raw_text(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

typedef struct raw_answer {
    int status;  /* 0: none came */
    bool closed; /* the connection ended instead of, or while, answering */
    bool timed_out;
    char text[1 << 16]; /* head and body, as far as they fit, NUL-terminated */
    const char *body;   /* within text */
} raw_answer;

/* Reads one answer, by Content-Length; `ms` is the deadline for all of it. `head`: the answer has no body. */
void raw_read(int fd, raw_answer *answer, bool head, int ms);
/* True when the other side closes within `ms`; what it still sends is dropped. */
bool raw_closes(int fd, int ms);
/* Opens, sends, reads one answer, closes. */
void raw_ask(raw_answer *answer, const void *bytes, size_t len);

#endif
