/* stomp: frames of STOMP 1.1 and 1.2, read as their bytes come and written. Read strictly: what the specification
 * forbids is refused, with two exceptions that leave no doubt and that clients of the documented system need: a colon
 * in a header's value means itself, and a line may end with CR LF in 1.1 too. Knows no socket and no session. */
#ifndef GATEWAY_STOMP_H
#define GATEWAY_STOMP_H

#include "gateway/text.h"
#include "pendientes/json.h"

enum {
    GW_STOMP_FRAME_MAX = 32 << 10, /* bytes of a frame that is read, from its command to its last byte */
    GW_STOMP_HEADERS_MAX = 32,
};

typedef struct gw_stomp_header {
    gw_slice name, value; /* without escapes */
} gw_stomp_header;

typedef struct gw_stomp_frame {
    gw_slice command;
    gw_stomp_header headers[GW_STOMP_HEADERS_MAX];
    size_t n_headers;
    gw_slice body;
} gw_stomp_frame;

/* The first of that name, which is the one that counts; `at` NULL: none. */
gw_slice gw_stomp_header_of(const gw_stomp_frame *frame, const char *name);

typedef struct gw_stomp_reader gw_stomp_reader;

gw_stomp_reader *gw_stomp_reader_new(void);
/* NULL is allowed. */
void gw_stomp_reader_free(gw_stomp_reader *reader);
/* From the next frame on: 11 or 12, whose escapes differ. A new reader reads 1.2. CONNECT and CONNECTED have none. */
void gw_stomp_reader_version(gw_stomp_reader *reader, int version);

typedef enum gw_stomp_read {
    GW_STOMP_MORE,  /* all bytes were taken: heart-beats, and the beginning of a frame */
    GW_STOMP_FRAME, /* `frame` is valid until the reader is used again; there may be more bytes */
    GW_STOMP_BAD,   /* `problem` says what is wrong, in Spanish and without a value; nothing more can be read */
} gw_stomp_read;

/* Reads from `bytes` up to a frame's end; *used says how far. `frame` is written for GW_STOMP_FRAME only. */
gw_stomp_read gw_stomp_reader_feed(gw_stomp_reader *reader, const char *bytes, size_t len, size_t *used,
                                   gw_stomp_frame *frame, const char **problem);

/* Appends a frame. The body's length is told by content-length where there is a body. */
void gw_stomp_write(pd_text *out, int version, const gw_stomp_frame *frame);
/* Adds a header to a frame that is to be written; the texts are not copied. */
void gw_stomp_add(gw_stomp_frame *frame, const char *name, const char *value);

#endif
