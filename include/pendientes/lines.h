/* lines: a log line per request or call, in the form of log.h but made for the hot path: without printf, and the lines
 * of one loop turn leave in one write. Not in the design's plan of rooms: both processes log every call with its
 * request id, and log.h's one write(2) per line would be a system call per request. One thread owns a buffer. */
#ifndef PENDIENTES_LINES_H
#define PENDIENTES_LINES_H

#include "pendientes/log.h"

typedef struct pd_lines pd_lines;

/* `proc` as in pd_log_init; lives as long as the buffer. */
pd_lines *pd_lines_new(const char *proc);
/* Writes what is left. NULL is allowed. */
void pd_lines_free(pd_lines *lines);
/* Begins a line; false (and nothing may be added) below the log level. */
bool pd_lines_begin(pd_lines *lines, pd_log_level level, const char *msg);
/* `value` is text in which JSON escapes nothing, at most 512 bytes: templates, ids, names. NULL leaves the pair out. */
void pd_lines_text(pd_lines *lines, const char *key, const char *value);
void pd_lines_number(pd_lines *lines, const char *key, uint64_t value);
/* Microseconds as milliseconds with three decimals. */
void pd_lines_millis(pd_lines *lines, const char *key, uint64_t micros);
void pd_lines_end(pd_lines *lines);
/* Once a turn. */
void pd_lines_flush(pd_lines *lines);

#endif
