#include "server/import/dump.h"

#include "server/import/stage.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 200, NAME_SIZE = 64 };

typedef struct reading {
    im_target *target;
    FILE *in;
    const char *schema;
    char *line;
    size_t size;
    ssize_t len; /* without the line end for `text` below */
    bool complete;
} reading;

static bool next_line(reading *r) {
    return (r->len = getline(&r->line, &r->size, r->in)) >= 0;
}

static bool starts(const char *line, const char *with) {
    return strncmp(line, with, strlen(with)) == 0;
}

/* A name, quoted or not; NULL when there is none, or it is longer than PostgreSQL's. */
static const char *read_name(const char *at, char out[NAME_SIZE]) {
    size_t n = 0;
    bool quoted = *at == '"';
    for (at += quoted; *at && n < NAME_SIZE; at++) {
        if (quoted && *at == '"' && *++at != '"')
            break;
        if (!quoted && strchr(" .,()\r\n", *at))
            break;
        out[n++] = *at;
    }
    if (n == 0 || n == NAME_SIZE)
        return NULL;
    out[n] = 0;
    return at;
}

typedef struct block {
    char schema[NAME_SIZE], table[NAME_SIZE], columns[MAX_COLUMNS][NAME_SIZE];
    size_t n;
} block;

/* COPY schema.table (column, …) FROM stdin; */
static bool read_header(const char *line, block *b) {
    const char *at = read_name(line + strlen("COPY "), b->schema);
    if (!at || *at != '.' || !(at = read_name(at + 1, b->table)) || !starts(at, " ("))
        return false;
    b->n = 0;
    for (at += 2; b->n < MAX_COLUMNS; at += 2) {
        if (!(at = read_name(at, b->columns[b->n++])))
            return false;
        if (!starts(at, ", "))
            return starts(at, ") FROM stdin;");
    }
    return false;
}

static bool is_end(const reading *r) {
    return starts(r->line, "\\.") && strspn(r->line + 2, "\r\n") == (size_t)r->len - 2;
}

static bool skip_block(reading *r) {
    while (next_line(r))
        if (is_end(r))
            return true;
    return im_fail(r->target, "the dump is cut off");
}

static bool read_block(reading *r, const block *b) {
    const char *columns[MAX_COLUMNS];
    for (size_t i = 0; i < b->n; i++)
        columns[i] = b->columns[i];
    im_stage stage;
    if (!im_stage_open(&stage, r->target, b->table, columns, b->n))
        return false;
    while (next_line(r)) {
        if (is_end(r))
            return im_stage_close(&stage);
        if (!im_stage_row(&stage, r->line, (size_t)r->len))
            return false;
    }
    return im_fail(r->target, "the dump is cut off within %s", b->table);
}

static bool read_copy(reading *r) {
    block *b = malloc(sizeof *b);
    if (!b)
        abort();
    bool good = read_header(r->line, b);
    if (!good)
        im_fail(r->target, "the dump has a COPY that cannot be read: %.*s", (int)strcspn(r->line, "\r\n"), r->line);
    else
        good = strcmp(b->schema, r->schema) == 0 ? read_block(r, b) : skip_block(r);
    free(b);
    return good;
}

static bool set_encoding(reading *r) {
    char name[NAME_SIZE];
    if (sscanf(r->line, "SET client_encoding = '%63[^']'", name) != 1 ||
        PQsetClientEncoding(r->target->conn, name) != 0)
        return im_fail(r->target, "the dump has an encoding that this database does not know");
    return true;
}

/* What stands at the beginning of files that are no such dump. */
static bool check_form(reading *r) {
    const char *line = r->line;
    if (starts(line, "PGDMP"))
        return im_fail(r->target, "this dump is in pg_dump's custom form: read it with pg_restore -f -");
    if (starts(line, "\xff\xfe") || starts(line, "\xfe\xff"))
        return im_fail(r->target, "the dump is UTF-16, as a redirection of PowerShell writes: make it with pg_dump -f");
    if (starts(line, "\xef\xbb\xbf")) {
        r->len -= 3;
        memmove(r->line, r->line + 3, (size_t)r->len + 1);
    }
    return true;
}

static bool read_line(reading *r) {
    if (starts(r->line, "COPY "))
        return read_copy(r);
    if (starts(r->line, "INSERT INTO "))
        return im_fail(r->target, "the dump holds INSERTs: make it without --inserts, or load it somewhere and name "
                                  "that database as the source");
    if (starts(r->line, "SET client_encoding"))
        return set_encoding(r);
    if (starts(r->line, "-- PostgreSQL database dump complete"))
        r->complete = true;
    return true;
}

bool im_dump_read(im_target *target, FILE *in, const char *schema) {
    reading r = {.target = target, .in = in, .schema = schema};
    im_doing(target, "reading the dump");
    bool good = !next_line(&r) || check_form(&r);
    for (; good && r.len >= 0; next_line(&r))
        good = read_line(&r);
    if (good && ferror(in))
        good = im_fail(target, "the dump cannot be read");
    if (good && !r.complete)
        good = im_fail(target, "the dump is cut off: its last line, «PostgreSQL database dump complete», is missing");
    free(r.line);
    if (good && PQsetClientEncoding(target->conn, "UTF8") != 0)
        good = im_fail(target, "database: the encoding cannot be set back");
    return good;
}
