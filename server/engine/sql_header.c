/* sql_header: the header lines of a .sql file. Apart from sql_file.c because that one rewrites the statement's text,
 * this one only reads words. */
#include "server/engine/statement_impl.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

bool en_misfit(const en_statement *statement, pd_arena *arena, const char **error, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *reason = pd_arena_vprintf(arena, format, args);
    va_end(args);
    *error = pd_arena_printf(arena, "%s: %s", statement->file, reason);
    return false;
}

typedef struct header_line {
    const char *at;
    size_t len;
} header_line;

/* Takes the next word of the line; false at its end. */
static bool next_word(header_line *line, header_line *word) {
    while (line->len > 0 && isspace((unsigned char)*line->at)) {
        line->at++;
        line->len--;
    }
    word->at = line->at;
    while (line->len > 0 && !isspace((unsigned char)*line->at)) {
        line->at++;
        line->len--;
    }
    word->len = (size_t)(line->at - word->at);
    return word->len > 0;
}

static bool is_word(const header_line *word, const char *text) {
    return word->len == strlen(text) && memcmp(word->at, text, word->len) == 0;
}

static bool read_coalesce(en_statement *s, const header_line *word, pd_arena *arena, const char **error) {
    const char *name = word->at + strlen("coalesce=");
    size_t len = word->len - strlen("coalesce=");
    const pd_message *request = s->method->request;
    int index = pd_field_by_name(request, name, len);
    if (index < 0) {
        return en_misfit(s, arena, error, "coalesce: %s no tiene el campo «%.*s»", request->type->name, (int)len, name);
    }
    const ProtobufCFieldDescriptor *field = &request->type->fields[index];
    if (field->type != PROTOBUF_C_TYPE_INT64 || field->label == PROTOBUF_C_LABEL_REPEATED) {
        return en_misfit(s, arena, error, "coalesce: el campo «%s» no es un int64", field->name);
    }
    s->header.coalesce = index;
    return true;
}

/* The words after `-- read` or `-- write`. */
static bool read_class(en_statement *s, bool write, header_line *line, pd_arena *arena, const char **error) {
    header_line word;
    s->header.write = write;
    while (next_word(line, &word)) {
        if (write && is_word(&word, "batch")) {
            s->header.batch = true;
        } else if (!write && word.len > 9 && memcmp(word.at, "coalesce=", 9) == 0) {
            if (!read_coalesce(s, &word, arena, error)) {
                return false;
            }
        } else {
            return en_misfit(s, arena, error, "cabecera: «%.*s» no vale tras «%s»", (int)word.len, word.at,
                             write ? "write" : "read");
        }
    }
    return true;
}

/* `-- plan kept <field> …` of a page. */
static bool read_kept(en_statement *s, header_line *line, pd_arena *arena, const char **error) {
    en_page *page = s->page;
    header_line word;
    if (page == NULL) {
        return en_misfit(s, arena, error, "cabecera: «plan» es de una página, tras su «sort»");
    }
    if (!next_word(line, &word) || !is_word(&word, "kept") || page->n_kept == EN_MAX_KEPT) {
        return en_misfit(s, arena, error, "cabecera: «plan» de una página solo admite «kept», hasta %d veces",
                         EN_MAX_KEPT);
    }
    uint64_t *fields = &page->kept[page->n_kept++];
    while (next_word(line, &word)) {
        int index = pd_field_by_name(s->method->request, word.at, word.len);
        if (index < 0 || index >= 64) {
            return en_misfit(s, arena, error, "cabecera: plan kept: %s no tiene el campo «%.*s»",
                             s->method->request->type->name, (int)word.len, word.at);
        }
        *fields |= UINT64_C(1) << index;
    }
    return true;
}

/* `-- sort <name>[=<column>][,asc|,desc] …`; the first is the default. */
static bool read_sorts(en_statement *s, header_line *line, pd_arena *arena, const char **error) {
    header_line word;
    en_page *page = s->page;
    if (page == NULL) {
        page = s->page = pd_arena_zalloc(arena, sizeof *page);
    }
    while (next_word(line, &word)) {
        char *name = pd_arena_memdup(arena, word.at, word.len), *way = strchr(name, ',');
        if (way != NULL) {
            *way++ = '\0';
            page->desc = strcmp(way, "desc") == 0;
            if (page->n_sorts > 0 || (!page->desc && strcmp(way, "asc") != 0)) {
                return en_misfit(s, arena, error, "cabecera: «sort %s»: solo el primero dice «,asc» o «,desc»", name);
            }
        }
        char *column = strchr(name, '=');
        if (column != NULL) {
            *column++ = '\0';
        }
        if (page->n_sorts == EN_MAX_SORTS) {
            return en_misfit(s, arena, error, "cabecera: «sort»: más de %d", EN_MAX_SORTS);
        }
        page->sorts[page->n_sorts++] = (en_sort){.name = name, .column = column != NULL ? column : name};
    }
    return page->n_sorts > 0 || en_misfit(s, arena, error, "cabecera: «sort» sin campos");
}

static bool read_line(en_statement *s, header_line line, int *classes, pd_text *lock, pd_arena *arena,
                      const char **error) {
    header_line word;
    if (!next_word(&line, &word)) {
        return true;
    }
    if (is_word(&word, "read") || is_word(&word, "write")) {
        ++*classes;
        return read_class(s, *word.at == 'w', &line, arena, error);
    }
    if (is_word(&word, "lock")) {
        s->header.has_lock = true;
        pd_text_add(lock, line.at, line.len);
        pd_text_str(lock, "\n");
        return true;
    }
    if (is_word(&word, "sort")) {
        return read_sorts(s, &line, arena, error);
    }
    if (is_word(&word, "plan")) {
        return read_kept(s, &line, arena, error);
    }
    return en_misfit(s, arena, error,
                     "cabecera: palabra desconocida «%.*s» (los comentarios van tras una línea en blanco)",
                     (int)word.len, word.at);
}

bool en_read_header(en_statement *s, const char *text, const char **body, pd_text *lock, pd_arena *arena,
                    const char **error) {
    int classes = 0;
    s->header.coalesce = -1;
    while (text[0] == '-' && text[1] == '-') {
        size_t len = strcspn(text, "\n");
        if (!read_line(s, (header_line){text + 2, len - 2}, &classes, lock, arena, error)) {
            return false;
        }
        text += len;
        text += *text == '\n';
    }
    *body = text;
    if (classes != 1) {
        return en_misfit(s, arena, error, "la cabecera necesita exactamente un «-- read» o «-- write»");
    }
    return true;
}

bool en_check_header(const en_statement *s, pd_arena *arena, const char **error) {
    const en_header *header = &s->header;
    if (header->write != (s->method->effect != PD_READS)) {
        return en_misfit(s, arena, error,
                         "la cabecera dice «%s», pero el método %s idempotency_level = NO_SIDE_EFFECTS",
                         header->write ? "write" : "read", header->write ? "tiene" : "no tiene");
    }
    if (header->has_lock && !header->write && !s->method->tagged) {
        return en_misfit(s, arena, error, "cabecera: «lock» solo vale con «write», o si un solo recurso tiene ETag");
    }
    if (header->has_lock && header->batch) {
        return en_misfit(s, arena, error, "cabecera: «batch» es solo de inserciones, sin «lock»");
    }
    if (s->page != NULL && (header->write || header->coalesce >= 0 || !s->method->reply->is_page)) {
        return en_misfit(s, arena, error, "cabecera: «sort» solo vale en un «read» cuya respuesta es una página");
    }
    if (s->page == NULL && s->method->reply->is_page) {
        return en_misfit(s, arena, error, "la respuesta es una página: faltan «-- sort» y «:pagina(...)»");
    }
    if (header->coalesce >= 0) {
        const en_sql *main = &s->parts[EN_MAIN];
        if (main->n != 1 || main->params[0].source != EN_FROM_FIELD || main->params[0].depth != 1 ||
            main->params[0].path[0].index != header->coalesce) {
            return en_misfit(s, arena, error,
                             "con coalesce el único parámetro es «:%s»: lo demás sería de un solo llamador",
                             s->method->request->type->fields[header->coalesce].name);
        }
    }
    return true;
}
