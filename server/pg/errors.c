#include "server/pg/errors.h"

#include "server/pg/conn.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef struct entry {
    const char *constraint;
    pd_code code;
    const char *field; /* NULL: none */
    const char *message;
} entry;

struct pg_errors {
    size_t n;
    entry *entries;
};

enum { MAX_ENTRIES = 1000 };

/* The text up to the next '|' without blanks around it; *at moves past. NULL at the end of the line. */
static char *column(char **at) {
    if (!*at)
        return NULL;
    char *text = *at, *bar = strchr(text, '|');
    *at = bar ? bar + 1 : NULL;
    char *end = bar ? bar : text + strlen(text);
    while (*text == ' ')
        text++;
    while (end > text && (end[-1] == ' ' || end[-1] == '\n'))
        end--;
    *end = 0;
    return text;
}

static bool read_line(char *line, pd_arena *arena, entry *out) {
    char *at = line;
    const char *constraint = column(&at), *code = column(&at), *field = column(&at), *message = column(&at);
    if (!message || !*message || !*constraint || at || !pd_code_parse(code, &out->code) || out->code == PD_OK)
        return false;
    out->constraint = pd_arena_strdup(arena, constraint);
    out->field = *field ? pd_arena_strdup(arena, field) : NULL;
    out->message = pd_arena_strdup(arena, message);
    return true;
}

pg_errors *pg_errors_load(const char *path, pd_arena *arena, const char **error) {
    FILE *file = fopen(path, "re");
    if (!file) {
        *error = pd_arena_printf(arena, "%s: %s", path, strerror(errno));
        return NULL;
    }
    pg_errors *errors = pd_arena_zalloc(arena, sizeof *errors);
    errors->entries = pd_arena_alloc(arena, MAX_ENTRIES * sizeof(entry));
    char line[1000];
    bool good = true;
    for (int number = 1; good && fgets(line, sizeof line, file); number++) {
        if (line[0] == '#' || line[0] == '\n')
            continue;
        good = errors->n < MAX_ENTRIES && read_line(line, arena, &errors->entries[errors->n]);
        errors->n += good;
        if (!good)
            *error = pd_arena_printf(arena, "%s:%d: expected `constraint | status | field | message`", path, number);
    }
    fclose(file);
    return good ? errors : NULL;
}

const char *pg_errors_name(const pg_errors *errors, size_t i) {
    return i < errors->n ? errors->entries[i].constraint : NULL;
}

/* What a SQLSTATE means when no constraint of the table is named: by its first characters, the longest first. */
static const struct {
    const char *state;
    pd_code code;
    uint32_t retry_ms;
    const char *message;
} states[] = {
    {"57014", PD_DEADLINE_EXCEEDED, 0, "El plazo de la petición se agotó en la base de datos"},
    {"55P03", PD_ABORTED, 100, "El registro está ocupado; vuelva a intentarlo"},
    {"40001", PD_ABORTED, 50, "La operación chocó con otra simultánea; vuelva a intentarlo"},
    {"40P01", PD_ABORTED, 50, "La operación chocó con otra simultánea; vuelva a intentarlo"},
    {"23505", PD_ALREADY_EXISTS, 0, "Ya existe un registro con esos datos"},
    {"23503", PD_FAILED_PRECONDITION, 0, "Un registro relacionado no existe o está en uso"},
    {"25006", PD_UNAVAILABLE, 1000, "La base de datos no admite escrituras en este momento"},
    {"25P03", PD_ABORTED, 100, "La operación tardó demasiado entre sus pasos; vuelva a intentarlo"},
    {"22", PD_INVALID_ARGUMENT, 0, "Un valor está fuera de lo permitido"},
    {"23", PD_INVALID_ARGUMENT, 0, "Un valor está fuera de lo permitido"},
    {"53", PD_UNAVAILABLE, 1000, "La base de datos no tiene recursos en este momento"},
    {"57P", PD_UNAVAILABLE, 500, "La base de datos se está reiniciando"},
    {"08", PD_UNAVAILABLE, 500, "La base de datos no está disponible"},
};

static bool by_constraint(const pg_errors *errors, const char *constraint, pd_arena *arena, pd_status *status) {
    for (size_t i = 0; constraint && i < errors->n; i++) {
        const entry *e = &errors->entries[i];
        if (strcmp(e->constraint, constraint) != 0)
            continue;
        if (e->field)
            pd_status_field(status, arena, e->field, "%s", e->message);
        pd_status_set(status, arena, e->code, "%s", e->message);
        if (e->code == PD_ABORTED)
            status->retry_ms = 100;
        return true;
    }
    return false;
}

bool pg_errors_status(const pg_errors *errors, const PGresult *result, pd_arena *arena, pd_status *status) {
    if (by_constraint(errors, PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME), arena, status))
        return true;
    const char *state = pg_sqlstate(result);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (strncmp(state, states[i].state, strlen(states[i].state)) != 0)
            continue;
        pd_status_set(status, arena, states[i].code, "%s", states[i].message);
        status->retry_ms = states[i].retry_ms;
        return false;
    }
    pd_status_set(status, arena, PD_INTERNAL, "Error interno");
    return false;
}
