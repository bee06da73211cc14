#include "gateway/multipart.h"

#include <string.h>

enum { BOUNDARY_MAX = 70, HEADER_MAX = 16 << 10 };

static gw_slice behind(gw_slice slice, size_t n) {
    return (gw_slice){slice.at + n, slice.len - n};
}

static bool is_token_char(char c) {
    static const char others[] = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr(others, c));
}

static size_t token_len(gw_slice text) {
    size_t n = 0;
    while (n < text.len && is_token_char(text.at[n]))
        n++;
    return n;
}

static gw_slice skip_blanks(gw_slice text) {
    while (text.len && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = behind(text, 1);
    return text;
}

/* A quoted string from its opening quote on. A backslash escapes only a quote: browsers write %22 instead, and others
 * send paths with backslashes as they are. */
static bool quoted(gw_slice *text, gw_slice *value, pd_arena *arena) {
    char *out = pd_arena_alloc(arena, text->len);
    size_t n = 0, i = 1;
    for (; i < text->len && text->at[i] != '"'; i++) {
        if (text->at[i] == '\\' && i + 1 < text->len && text->at[i + 1] == '"')
            i++;
        out[n++] = text->at[i];
    }
    if (i >= text->len)
        return false;
    *value = (gw_slice){out, n};
    *text = behind(*text, i + 1);
    return true;
}

/* The next `; name=value`. False at the end, and where it is malformed: then *text is not empty. */
static bool parameter(gw_slice *text, gw_slice *name, gw_slice *value, pd_arena *arena) {
    gw_slice at = skip_blanks(*text);
    *text = at;
    if (at.len == 0 || at.at[0] != ';')
        return false;
    at = skip_blanks(behind(at, 1));
    size_t n = token_len(at);
    *name = (gw_slice){at.at, n};
    if (n == 0 || n == at.len || at.at[n] != '=')
        return false;
    at = behind(at, n + 1);
    if (at.len && at.at[0] == '"') {
        if (!quoted(&at, value, arena))
            return false;
    } else {
        n = token_len(at);
        *value = (gw_slice){at.at, n};
        if (n == 0)
            return false;
        at = behind(at, n);
    }
    *text = at;
    return true;
}

static bool valid_boundary(gw_slice boundary) {
    static const char others[] = "'()+_,-./:=? ";
    if (boundary.len < 1 || boundary.len > BOUNDARY_MAX || boundary.at[boundary.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < boundary.len; i++) {
        char c = boundary.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && !(c && strchr(others, c)))
            return false;
    }
    return true;
}

bool gw_multipart_boundary(gw_slice content_type, gw_slice *boundary, pd_arena *arena) {
    if (!content_type.at)
        return false;
    gw_slice text = gw_slice_trim(content_type), name, value;
    size_t n = 0;
    while (n < text.len && text.at[n] != ';')
        n++;
    if (!gw_slice_is_nocase(gw_slice_trim((gw_slice){text.at, n}), "multipart/form-data"))
        return false;
    text = behind(text, n);
    bool found = false;
    while (parameter(&text, &name, &value, arena)) {
        if (!gw_slice_is_nocase(name, "boundary"))
            continue;
        if (found)
            return false;
        found = true;
        *boundary = value;
    }
    return found && text.len == 0 && valid_boundary(*boundary);
}

/* --- one part --- */

static gw_slice base_name(gw_slice path) {
    for (size_t i = path.len; i-- > 0;)
        if (path.at[i] == '/' || path.at[i] == '\\')
            return behind(path, i + 1);
    return path;
}

static const char *read_disposition(gw_slice text, gw_part *part, pd_arena *arena) {
    size_t n = token_len(text);
    gw_slice name, value;
    if (part->name.at)
        return "tiene una parte con dos Content-Disposition";
    if (!gw_slice_is_nocase((gw_slice){text.at, n}, "form-data"))
        return "tiene una parte que no es form-data";
    text = behind(text, n);
    while (parameter(&text, &name, &value, arena)) {
        gw_slice *slot = gw_slice_is_nocase(name, "name")       ? &part->name
                         : gw_slice_is_nocase(name, "filename") ? &part->filename
                                                                : NULL;
        if (slot && slot->at)
            return "tiene una parte con un parámetro repetido";
        if (slot)
            *slot = value;
    }
    if (text.len || !part->name.at)
        return "tiene una parte sin nombre, o con un Content-Disposition mal formado";
    if (part->filename.at)
        part->filename = base_name(part->filename);
    return NULL;
}

static const char *read_header(gw_slice line, gw_part *part, pd_arena *arena) {
    size_t n = token_len(line);
    if (n == 0 || n == line.len || line.at[n] != ':' || memchr(line.at, 0, line.len))
        return "tiene una parte con una cabecera mal formada";
    gw_slice name = {line.at, n}, value = gw_slice_trim(behind(line, n + 1));
    if (gw_slice_is_nocase(name, "Content-Disposition"))
        return read_disposition(value, part, arena);
    bool coded = gw_slice_is_nocase(name, "Content-Transfer-Encoding") && !gw_slice_is_nocase(value, "binary") &&
                 !gw_slice_is_nocase(value, "8bit") && !gw_slice_is_nocase(value, "7bit");
    return coded ? "tiene una parte con una codificación que no se admite" : NULL;
}

/* The headers, up to and with the empty line; *text is what follows them. */
static const char *read_headers(gw_slice *text, gw_part *part, pd_arena *arena) {
    size_t most = text->len < HEADER_MAX ? text->len : HEADER_MAX, used = 0;
    *part = (gw_part){.name = {NULL, 0}};
    for (;;) {
        gw_slice rest = {text->at + used, most - used};
        const char *end = rest.len ? memmem(rest.at, rest.len, "\r\n", 2) : NULL;
        if (!end)
            return "tiene una parte cuyas cabeceras no terminan";
        size_t len = (size_t)(end - rest.at);
        used += len + 2;
        if (len == 0)
            break;
        const char *wrong = read_header((gw_slice){rest.at, len}, part, arena);
        if (wrong)
            return wrong;
    }
    *text = behind(*text, used);
    return part->name.at ? NULL : "tiene una parte sin Content-Disposition";
}

/* --- the whole --- */

typedef enum delimiter { NOT_ONE, BETWEEN, LAST } delimiter;

/* What stands behind the boundary decides; *len is how long that is. */
static delimiter judge(gw_slice text, size_t *len) {
    if (text.len >= 2 && memcmp(text.at, "--", 2) == 0) {
        *len = 2;
        return LAST;
    }
    gw_slice rest = skip_blanks(text);
    *len = text.len - rest.len + 2;
    return rest.len >= 2 && memcmp(rest.at, "\r\n", 2) == 0 ? BETWEEN : NOT_ONE;
}

/* The next delimiter, `text` beginning at the start of a line: what stands before it, and what behind. */
static delimiter find(gw_slice *text, gw_slice mark, gw_slice *before) {
    /* `mark` is CRLF, two dashes and the boundary; at the very start there is no CRLF */
    gw_slice first = behind(mark, 2);
    size_t len;
    if (text->len >= first.len && memcmp(text->at, first.at, first.len) == 0) {
        delimiter kind = judge(behind(*text, first.len), &len);
        if (kind != NOT_ONE) {
            *before = (gw_slice){text->at, 0};
            *text = behind(*text, first.len + len);
            return kind;
        }
    }
    for (gw_slice rest = *text; rest.len;) {
        const char *at = memmem(rest.at, rest.len, mark.at, mark.len);
        if (!at)
            break;
        rest = behind(rest, (size_t)(at - rest.at) + mark.len);
        delimiter kind = judge(rest, &len);
        if (kind == NOT_ONE)
            continue;
        *before = (gw_slice){text->at, (size_t)(at - text->at)};
        *text = behind(rest, len);
        return kind;
    }
    return NOT_ONE;
}

const char *gw_multipart_parse(gw_slice body, gw_slice boundary, size_t max, pd_arena *arena, gw_parts *parts) {
    gw_slice mark = {pd_arena_printf(arena, "\r\n--%.*s", (int)boundary.len, boundary.at), boundary.len + 4}, before;
    size_t room = 0;
    *parts = (gw_parts){.at = NULL};
    delimiter kind = body.len ? find(&body, mark, &before) : NOT_ONE; /* a preamble means nothing */
    if (kind == NOT_ONE)
        return "no tiene ninguna parte con el separador que anuncia";
    while (kind == BETWEEN) {
        gw_part part;
        if (parts->n == max)
            return "tiene demasiadas partes";
        const char *wrong = read_headers(&body, &part, arena);
        if (wrong)
            return wrong;
        kind = body.len ? find(&body, mark, &part.body) : NOT_ONE;
        if (kind == NOT_ONE)
            return "está incompleto";
        if (parts->n == room) {
            gw_part *more = pd_arena_alloc(arena, (room * 2 + 4) * sizeof *more);
            if (room)
                memcpy(more, parts->at, room * sizeof *more);
            parts->at = more;
            room = room * 2 + 4;
        }
        parts->at[parts->n++] = part;
    }
    return NULL;
}
