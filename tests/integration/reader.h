/* reader: somebody who listens to events for as long as a test wants, in a thread of its own: whenever the connection
 * ends it comes again, from the last event it has seen. How one connection goes is the session's business, so streams
 * of every kind are read alike. */
#ifndef TESTS_READER_H
#define TESTS_READER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct reader reader;

/* One connection, from its opening to its end, in the reader's thread. It tells what comes by reader_took and ends when
 * reader_stops says so, which it asks at least every 100 ms. */
typedef void (*reader_session)(reader *r);
/* Server-Sent Events of GET /api/eventos. */
void reader_sse(reader *r);
/* STOMP 1.2 over WebSocket: /topic/usuario/{id}, the id being the `query`. What it brings are notifications. */
void reader_stomp(reader *r);

/* `query` ("?tipo=NOTA" or "") and the token are copied. Returns when it is connected, or false in `*up` after 10 s. */
reader *reader_start(reader_session session, const char *token, const char *query, bool *up);
/* Where the first connection begins: an event's number, instead of "from now on". */
reader *reader_resume(reader_session session, const char *token, const char *query, int64_t since, bool *up);
/* Ends it; what it has seen stays readable. */
void reader_stop(reader *r);
/* NULL is allowed. */
void reader_free(reader *r);

/* For sessions: what to connect with, and what happened. */
const char *reader_token(const reader *r);
const char *reader_query(const reader *r);
/* The last event that was seen, -1: none yet. */
int64_t reader_since(const reader *r);
bool reader_stops(const reader *r);
void reader_connected(reader *r);
/* An event with its number and JSON; NULL: only the place to go on from. */
void reader_took(reader *r, int64_t number, const char *json);
/* An HTTP status or the like that is not 200. */
void reader_refused(reader *r, int status);
/* A socket to PENDIENTES_URL; -1: nobody there. */
int reader_connect(void);

/* For tests. What it has seen grows; each of these may be called at any time. */
size_t reader_count(reader *r);
/* The n-th event's number, and its JSON (valid until reader_free). */
int64_t reader_number(reader *r, size_t n);
const char *reader_json(reader *r, size_t n);
/* Connections so far, and the last refusal (0: none since). */
int reader_connections(const reader *r);
int reader_status(const reader *r);
/* True when the n-th event is there within `ms`. */
bool reader_awaits(reader *r, size_t n, int ms);

#endif
