#include "gateway/stomp.h"

#include "pendientes/scalar.h"

#include <stdlib.h>
#include <string.h>

enum { COMMAND_MAX = 16 };

typedef enum state { BETWEEN, COMMAND, HEADERS, BODY, LAST, DONE, BAD } state;

struct gw_stomp_reader {
    state state;
    int version;
    char *at; /* the frame so far, without line ends; NULL between frames */
    size_t len, size;
    size_t taken; /* of the frame's bytes */
    size_t line;  /* where the line begins */
    bool cr;      /* the last byte was a CR */
    bool has_length;
    size_t body, body_len; /* where it begins; how long it is to be when has_length */
    /* Places in `at`, which moves as it grows. */
    struct {
        uint16_t name, name_len, value, value_len;
    } headers[GW_STOMP_HEADERS_MAX];
    size_t n_headers;
    size_t command_len;
};

gw_slice gw_stomp_header_of(const gw_stomp_frame *frame, const char *name) {
    for (size_t i = 0; i < frame->n_headers; i++)
        if (gw_slice_is(frame->headers[i].name, name))
            return frame->headers[i].value;
    return (gw_slice){NULL, 0};
}

/* --- reading --- */

gw_stomp_reader *gw_stomp_reader_new(void) {
    gw_stomp_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        abort();
    reader->version = 12;
    return reader;
}

static void forget(gw_stomp_reader *r) {
    int version = r->version;
    free(r->at);
    memset(r, 0, sizeof *r);
    r->version = version;
}

void gw_stomp_reader_free(gw_stomp_reader *reader) {
    if (reader)
        free(reader->at);
    free(reader);
}

void gw_stomp_reader_version(gw_stomp_reader *reader, int version) {
    reader->version = version;
}

static void keep(gw_stomp_reader *r, char c) {
    if (r->len == r->size) {
        r->size = r->size ? 2 * r->size : 512;
        r->at = realloc(r->at, r->size);
        if (!r->at)
            abort();
    }
    r->at[r->len++] = c;
}

static bool is_unescaped(const gw_stomp_reader *r) {
    gw_slice command = {r->at, r->command_len};
    return gw_slice_is(command, "CONNECT") || gw_slice_is(command, "CONNECTED");
}

/* What `\c` stands for; NUL: nothing. */
static char escaped(char c, int version) {
    switch (c) {
    case 'n':
        return '\n';
    case 'c':
        return ':';
    case '\\':
        return '\\';
    case 'r':
        return version >= 12 ? '\r' : '\0';
    default:
        return '\0';
    }
}

/* In place; the result is never longer. */
static bool unescape(char *text, size_t *len, int version) {
    size_t n = 0;
    for (size_t i = 0; i < *len; i++) {
        char c = text[i];
        if (c == '\\') {
            c = i + 1 < *len ? escaped(text[++i], version) : '\0';
            if (c == '\0')
                return false;
        }
        text[n++] = c;
    }
    *len = n;
    return true;
}

static const char *end_command(gw_stomp_reader *r) {
    for (size_t i = 0; i < r->len; i++)
        if (r->at[i] < 'A' || r->at[i] > 'Z')
            return "El comando de la trama STOMP debe ser de letras mayúsculas";
    if (r->len == 0 || r->len > COMMAND_MAX)
        return "El comando de la trama STOMP no existe";
    r->command_len = r->len;
    r->state = HEADERS;
    return NULL;
}

/* Digits alone, and not more than a frame may have. */
static const char *read_length(gw_stomp_reader *r, gw_slice value) {
    size_t n = 0;
    if (r->has_length)
        return NULL;
    for (size_t i = 0; i < value.len && n <= GW_STOMP_FRAME_MAX; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return "content-length: debe ser un número de bytes";
        n = n * 10 + (size_t)(value.at[i] - '0');
    }
    if (value.len == 0)
        return "content-length: debe ser un número de bytes";
    if (n > GW_STOMP_FRAME_MAX)
        return "La trama STOMP es demasiado grande";
    r->has_length = true;
    r->body_len = n;
    return NULL;
}

static const char *end_header(gw_stomp_reader *r) {
    char *line = r->at + r->line, *colon = memchr(line, ':', r->len - r->line);
    if (!colon || colon == line)
        return "Una cabecera de la trama STOMP debe ser nombre:valor";
    if (r->n_headers == GW_STOMP_HEADERS_MAX)
        return "La trama STOMP tiene demasiadas cabeceras";
    size_t name_len = (size_t)(colon - line), value_len = r->len - r->line - name_len - 1;
    if (!pd_utf8_check(line, r->len - r->line, NULL))
        return "Una cabecera de la trama STOMP no es UTF-8, o tiene NUL";
    if (!is_unescaped(r) && (!unescape(line, &name_len, r->version) || !unescape(colon + 1, &value_len, r->version)))
        return "Una cabecera de la trama STOMP tiene un escape que no existe";
    r->headers[r->n_headers].name = (uint16_t)r->line;
    r->headers[r->n_headers].name_len = (uint16_t)name_len;
    r->headers[r->n_headers].value = (uint16_t)(colon + 1 - r->at);
    r->headers[r->n_headers].value_len = (uint16_t)value_len;
    r->n_headers++;
    gw_slice name = {line, name_len}, value = {colon + 1, value_len};
    return gw_slice_is(name, "content-length") ? read_length(r, value) : NULL;
}

static const char *end_line(gw_stomp_reader *r) {
    const char *problem = NULL;
    if (r->state == COMMAND) {
        problem = end_command(r);
    } else if (r->len > r->line) {
        problem = end_header(r);
    } else {
        r->body = r->len;
        r->state = r->has_length && r->body_len == 0 ? LAST : BODY;
    }
    r->line = r->len;
    return problem;
}

static const char *take_in_line(gw_stomp_reader *r, char c) {
    if (r->cr && c != '\n')
        return "Una línea de la trama STOMP tiene un retorno de carro";
    r->cr = c == '\r';
    if (c == '\n')
        return end_line(r);
    if (c == '\0')
        return "La trama STOMP termina antes de sus cabeceras";
    if (c != '\r')
        keep(r, c);
    return NULL;
}

static const char *take_between(gw_stomp_reader *r, char c) {
    if (c == '\n' || (c == '\r' && !r->cr)) {
        r->cr = c == '\r';
        return NULL;
    }
    if (r->cr)
        return "Entre tramas STOMP solo puede haber fines de línea";
    r->state = COMMAND;
    r->taken = 1;
    return take_in_line(r, c);
}

static const char *take_of_body(gw_stomp_reader *r, char c) {
    if (!r->has_length && c == '\0') {
        r->state = DONE;
        return NULL;
    }
    keep(r, c);
    if (r->has_length && r->len - r->body == r->body_len)
        r->state = LAST;
    return NULL;
}

static const char *take(gw_stomp_reader *r, char c) {
    if (r->state == BETWEEN)
        return take_between(r, c);
    if (++r->taken > GW_STOMP_FRAME_MAX)
        return "La trama STOMP es demasiado grande";
    switch (r->state) {
    case COMMAND:
    case HEADERS:
        return take_in_line(r, c);
    case BODY:
        return take_of_body(r, c);
    default:
        r->state = DONE;
        return c == '\0' ? NULL : "El cuerpo de la trama STOMP no termina donde dice content-length";
    }
}

static void show(const gw_stomp_reader *r, gw_stomp_frame *frame) {
    frame->command = (gw_slice){r->at, r->command_len};
    frame->n_headers = r->n_headers;
    for (size_t i = 0; i < r->n_headers; i++) {
        frame->headers[i].name = (gw_slice){r->at + r->headers[i].name, r->headers[i].name_len};
        frame->headers[i].value = (gw_slice){r->at + r->headers[i].value, r->headers[i].value_len};
    }
    frame->body = (gw_slice){r->at + r->body, r->len - r->body};
}

gw_stomp_read gw_stomp_reader_feed(gw_stomp_reader *r, const char *bytes, size_t len, size_t *used,
                                   gw_stomp_frame *frame, const char **problem) {
    *problem = NULL;
    *used = 0;
    if (r->state == DONE)
        forget(r);
    while (*used < len && r->state != DONE && r->state != BAD) {
        *problem = take(r, bytes[(*used)++]);
        if (*problem)
            r->state = BAD;
    }
    if (r->state == DONE)
        show(r, frame);
    if (r->state == BAD && !*problem)
        *problem = "La trama anterior no se pudo leer";
    return r->state == DONE ? GW_STOMP_FRAME : r->state == BAD ? GW_STOMP_BAD : GW_STOMP_MORE;
}

/* --- writing --- */

void gw_stomp_add(gw_stomp_frame *frame, const char *name, const char *value) {
    if (frame->n_headers == GW_STOMP_HEADERS_MAX)
        return;
    frame->headers[frame->n_headers++] = (gw_stomp_header){{name, strlen(name)}, {value, strlen(value)}};
}

static void put_escaped(pd_text *out, gw_slice text, bool cr) {
    for (size_t i = 0; i < text.len; i++)
        switch (text.at[i]) {
        case '\n':
            pd_text_add(out, "\\n", 2);
            break;
        case ':':
            pd_text_add(out, "\\c", 2);
            break;
        case '\\':
            pd_text_add(out, "\\\\", 2);
            break;
        case '\r':
            /* 1.1 has no escape for it. */
            pd_text_add(out, cr ? "\\r" : " ", cr ? 2 : 1);
            break;
        default:
            pd_text_add(out, &text.at[i], 1);
        }
}

/* CONNECTED has no escapes: whoever writes one puts nothing into it that needs them. */
static void put_header(pd_text *out, int version, bool plain, const gw_stomp_header *header) {
    if (plain) {
        pd_text_add(out, header->name.at, header->name.len);
        pd_text_add(out, ":", 1);
        pd_text_add(out, header->value.at, header->value.len);
    } else {
        put_escaped(out, header->name, version >= 12);
        pd_text_add(out, ":", 1);
        put_escaped(out, header->value, version >= 12);
    }
    pd_text_add(out, "\n", 1);
}

void gw_stomp_write(pd_text *out, int version, const gw_stomp_frame *frame) {
    bool plain = gw_slice_is(frame->command, "CONNECTED") || gw_slice_is(frame->command, "CONNECT");
    pd_text_add(out, frame->command.at, frame->command.len);
    pd_text_add(out, "\n", 1);
    for (size_t i = 0; i < frame->n_headers; i++)
        put_header(out, version, plain, &frame->headers[i]);
    if (frame->body.len > 0)
        pd_text_str(out, pd_arena_printf(out->arena, "content-length:%zu\n", frame->body.len));
    pd_text_add(out, "\n", 1);
    pd_text_add(out, frame->body.at, frame->body.len);
    pd_text_add(out, "", 1);
}
