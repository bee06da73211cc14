/* http: requests to the system's public port through libcurl, one connection per thread, and the demo roles' tokens. */
#ifndef TESTS_HTTP_H
#define TESTS_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Every request on a connection of its own; for tests that kill what they talk to. Off at first. */
extern bool http_fresh;
/* The address that this thread's requests come from ("127.0.0.7"); NULL: the system's choice. */
extern __thread const char *http_from;

typedef struct http_answer {
    long status; /* 0: no answer (connection refused, reset, timed out) */
    char *body;  /* NUL-terminated */
    size_t len;
    char *headers; /* all lines */
    json_t *json;  /* NULL when the body is no JSON */
} http_answer;

/* `token` and `body` may be NULL; `type` NULL: application/json when there is a body. `headers`: NULL-terminated "Name:
 * value"s, or NULL. `target` begins with '/'. */
http_answer http_call(const char *verb, const char *target, const char *token, const char *type, const void *body,
                      size_t len, const char *const *headers);
/* The same with a JSON text; the target and body are printf formats' results already. */
http_answer http_json(const char *verb, const char *target, const char *token, const char *body);
void http_free(http_answer *answer);
/* A header's value in a static buffer of this thread, or NULL. */
const char *http_header(const http_answer *answer, const char *name);
/* A demo role's token ("ADMIN"); logged in once per process. Aborts on failure. */
const char *http_token(const char *role);
/* `errors` of a problem names the field. */
int http_names(const json_t *problem, const char *field);
/* printf into one of a few rotating static buffers of this thread. */
const char *http_f(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
