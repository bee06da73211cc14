/* sql_file: reads a .sql file: its header lines, then the statement, in which every named parameter becomes one $n. */
#include "pendientes/json.h"
#include "server/engine/statement_impl.h"

#include <ctype.h>
#include <string.h>

/* The text being rewritten. */
typedef struct scanner {
    en_statement *statement;
    en_sql *part;
    const char *at;
    pd_text out;
    int room;           /* of part->params */
    int parens, braces; /* open within :pagina(…) */
    int forms;          /* so many, by its parts with two */
    pd_arena *arena;
    const char **error;
} scanner;

/* How a relation is called in the macro's parameters, and the column that it compares with the caller. */
static const struct relation {
    pd_relation relation;
    const char *word, *column, *who;
} relations[] = {
    {PD_REL_ANY, "ajeno", NULL, NULL},
    {PD_REL_ASSIGNED, "asignado", "asignado_a", "quien.empleado_id"},
    {PD_REL_REGISTERED, "registrado", "registrado_por", "quien.empleado_id"},
    {PD_REL_AUTHOR, "autor", "empleado_id", "quien.empleado_id"},
    {PD_REL_USER, "usuario", "usuario_id", "quien.usuario_id"},
};
enum { N_RELATIONS = sizeof relations / sizeof *relations };

int en_order_index(const pd_message *message) {
    int index = pd_field_by_name(message, "pendiente_id", strlen("pendiente_id"));
    return index >= 0 && message->type->fields[index].type == PROTOBUF_C_TYPE_INT64 ? index : -1;
}

int en_list_step(const en_param *param) {
    for (int i = 0; i < param->depth - 1; i++) {
        const en_step *step = &param->path[i];
        if (step->message->type->fields[step->index].label == PROTOBUF_C_LABEL_REPEATED) {
            return i;
        }
    }
    return -1;
}

bool en_rule_has_relations(const pd_rule *rule) {
    for (size_t i = 0; i < rule->n; i++) {
        if (rule->alternatives[i].relation != PD_REL_ANY) {
            return true;
        }
    }
    return false;
}

bool en_rule_names(const pd_rule *rule, pd_relation relation) {
    bool of_own = relation == PD_REL_ASSIGNED || relation == PD_REL_REGISTERED;
    for (size_t i = 0; i < rule->n; i++) {
        pd_relation named = rule->alternatives[i].relation;
        if (named == relation || (named == PD_REL_OWN && of_own)) {
            return true;
        }
    }
    return false;
}

static bool is_name_start(char c) {
    return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_name_char(char c) {
    return is_name_start(c) || isdigit((unsigned char)c);
}

/* ---- parameters ---- */

static Oid array_of(Oid type) {
    static const struct {
        Oid type, array;
    } arrays[] = {{EN_BOOL, 1000},   {EN_BYTEA, 1001}, {EN_INT4, 1007},        {EN_INT8, 1016},
                  {EN_FLOAT8, 1022}, {EN_DATE, 1182},  {EN_TIMESTAMPTZ, 1185}, {EN_NUMERIC, 1231}};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        if (arrays[i].type == type) {
            return arrays[i].array;
        }
    }
    return 0;
}

/* The type that the message fixes; 0 where PostgreSQL decides and sql_types checks. */
static Oid type_of(const ProtobufCFieldDescriptor *field, const pd_field *options) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return EN_INT4;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return EN_INT8;
    case PROTOBUF_C_TYPE_BOOL:
        return EN_BOOL;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return EN_FLOAT8;
    case PROTOBUF_C_TYPE_BYTES:
        return EN_BYTEA;
    default:
        break;
    }
    if (options->protection == PD_SEALED) {
        return EN_BYTEA;
    }
    switch (options->format) {
    case PD_FORMAT_DECIMAL:
        return EN_NUMERIC;
    case PD_FORMAT_DATE:
        return EN_DATE;
    case PD_FORMAT_DATETIME:
    case PD_FORMAT_DATE_OR_TIME:
        return EN_TIMESTAMPTZ;
    default:
        return 0;
    }
}

/* `puede.x` and `quien.x`; true when the name is one of them. */
static bool resolve_own(en_param *param, Oid *type) {
    static const struct {
        const char *name;
        en_source source;
    } own[] = {
        {"quien.usuario_id", EN_FROM_USER}, {"quien.empleado_id", EN_FROM_EMPLOYEE}, {"quien.permisos", EN_FROM_BITS}};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (strcmp(param->name, own[i].name) == 0) {
            param->source = own[i].source;
            *type = EN_INT8;
            return true;
        }
    }
    if (strncmp(param->name, "puede.", 6) != 0) {
        return false;
    }
    for (size_t i = 0; i < N_RELATIONS; i++) {
        if (strcmp(param->name + 6, relations[i].word) == 0) {
            param->source = EN_FROM_WORTH;
            param->relation = relations[i].relation;
            *type = EN_BOOL;
            return true;
        }
    }
    return false;
}

/* Follows `len` bytes of a dotted name through the request. `rest` is what follows the last field ("", or "fin"). */
static bool walk(scanner *s, en_param *param, size_t len, const char **rest) {
    const pd_message *message = s->statement->method->request;
    const char *at = param->name, *end = param->name + len;
    while (message != NULL && at < end) {
        size_t n = strcspn(at, ".?");
        int index = pd_field_by_name(message, at, n);
        if (index < 0) {
            return en_misfit(s->statement, s->arena, s->error,
                             "parámetro desconocido «:%s»: %s no tiene el campo «%.*s»", param->name,
                             message->type->name, (int)n, at);
        }
        if (param->depth == EN_MAX_DEPTH) {
            return en_misfit(s->statement, s->arena, s->error, "parámetro «:%s»: más de %d niveles", param->name,
                             EN_MAX_DEPTH);
        }
        param->path[param->depth++] = (en_step){message, index};
        message = message->fields[index].message;
        at += n;
        at += at < end;
    }
    *rest = at;
    return true;
}

/* `:campo.fin` and `:campo.tipo`: what stands behind a field that is no message. */
static bool resolve_ending(scanner *s, en_param *param, const char *ending, Oid *type) {
    const en_step *last = &param->path[param->depth - 1];
    const pd_field *options = &last->message->fields[last->index];
    bool list = last->message->type->fields[last->index].label == PROTOBUF_C_LABEL_REPEATED;
    if (strcmp(ending, "fin") == 0 && (options->format != PD_FORMAT_DATE_OR_TIME || list)) {
        return en_misfit(s->statement, s->arena, s->error, "parámetro «:%s»: «.fin» solo vale en un FECHA_O_HORA",
                         param->name);
    }
    if (strcmp(ending, "tipo") == 0 && options->format != PD_FORMAT_IMAGE) {
        return en_misfit(s->statement, s->arena, s->error, "parámetro «:%s»: «.tipo» solo vale en una IMAGEN",
                         param->name);
    }
    if (strcmp(ending, "fin") != 0 && strcmp(ending, "tipo") != 0) {
        return en_misfit(s->statement, s->arena, s->error, "parámetro desconocido «:%s»: «%s» no es un mensaje",
                         param->name, last->message->type->fields[last->index].name);
    }
    bool end = strcmp(ending, "fin") == 0;
    param->source = end ? EN_FROM_END : EN_FROM_TYPE;
    *type = end ? EN_TIMESTAMPTZ : EN_TEXT;
    return true;
}

static int lists_on_the_way(const en_param *param) {
    int n = 0;
    for (int i = 0; i < param->depth - 1; i++) {
        const en_step *step = &param->path[i];
        n += step->message->type->fields[step->index].label == PROTOBUF_C_LABEL_REPEATED;
    }
    return n;
}

static bool resolve_field(scanner *s, en_param *param, Oid *type) {
    size_t len = strlen(param->name);
    bool presence = param->name[len - 1] == '?';
    const char *end = param->name + len - presence, *rest = end;
    if (!walk(s, param, (size_t)(end - param->name), &rest)) {
        return false;
    }
    const en_step *last = &param->path[param->depth - 1];
    const ProtobufCFieldDescriptor *field = &last->message->type->fields[last->index];
    const pd_field *options = &last->message->fields[last->index];
    bool list = field->label == PROTOBUF_C_LABEL_REPEATED, parts = en_list_step(param) >= 0;
    bool whole = s->statement->page == NULL; /* in a page's text a list stands element by element */
    if (parts && (list || presence || rest < end || lists_on_the_way(param) > 1 || !whole)) {
        return en_misfit(s->statement, s->arena, s->error,
                         "parámetro «:%s»: de una lista de mensajes solo se puede tomar un campo de cada uno",
                         param->name);
    }
    if (rest < end) {
        return resolve_ending(s, param, presence ? "" : rest, type);
    }
    if (presence) {
        param->source = EN_FROM_PRESENCE;
        *type = EN_BOOL;
        return true;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return en_misfit(s->statement, s->arena, s->error, "parámetro «:%s»: un mensaje no se puede pasar entero",
                         param->name);
    }
    if (options->protection == PD_SEALED && (list || parts || en_order_index(last->message) < 0)) {
        return en_misfit(s->statement, s->arena, s->error,
                         "parámetro «:%s»: un campo CIFRADO no puede ser lista y necesita «pendiente_id» a su lado",
                         param->name);
    }
    param->source = EN_FROM_FIELD;
    *type = type_of(field, options);
    if ((list && whole) || parts ||
        (s->part == &s->statement->parts[EN_MAIN] && param->depth == 1 &&
         last->index == s->statement->header.coalesce)) {
        *type = array_of(*type);
    }
    return true;
}

/* `:sort.<column>` of a part of a page. */
static bool put_sort(scanner *s, const char *column, size_t len) {
    const en_page *page = s->statement->page;
    int i = 0;
    while (i < page->n_sorts &&
           (strlen(page->sorts[i].column) != len || memcmp(page->sorts[i].column, column, len) != 0)) {
        i++;
    }
    if (i == page->n_sorts || s->braces == 0) {
        return en_misfit(s->statement, s->arena, s->error,
                         "«:sort.%.*s» está entre llaves y nombra la columna de un «-- sort»", (int)len, column);
    }
    const char mark[] = {EN_MARK_SORT, (char)(i + 1)};
    pd_text_add(&s->out, mark, sizeof mark);
    return true;
}

/* Writes $n for the parameter of that name, which is resolved where it first stands. */
static bool put_param(scanner *s, const char *name, size_t len) {
    en_sql *part = s->part;
    size_t sort = strlen("sort.");
    if (s->statement->page != NULL && len > sort && memcmp(name, "sort.", sort) == 0) {
        return put_sort(s, name + sort, len - sort);
    }
    int i = 0;
    while (i < part->n && (strlen(part->params[i].name) != len || memcmp(part->params[i].name, name, len) != 0)) {
        i++;
    }
    if (i == part->n) {
        if (i == s->room) {
            s->room = s->room * 2 + 8;
            en_param *params = pd_arena_zalloc(s->arena, (size_t)s->room * sizeof *params);
            Oid *types = pd_arena_zalloc(s->arena, (size_t)s->room * sizeof *types);
            for (int k = 0; k < part->n; k++) {
                params[k] = part->params[k];
                types[k] = part->types[k];
            }
            part->params = params;
            part->types = types;
        }
        en_param *param = &part->params[i];
        param->name = pd_arena_memdup(s->arena, name, len);
        if (!resolve_own(param, &part->types[i]) && !resolve_field(s, param, &part->types[i])) {
            return false;
        }
        /* the state machine's writes compare the bits with the row of a table */
        s->statement->uses_access |=
            param->source == EN_FROM_WORTH || (param->source == EN_FROM_BITS && s->statement->header.write);
        part->n++;
    }
    if (s->statement->page == NULL) {
        pd_text_str(&s->out, pd_arena_printf(s->arena, "$%d", i + 1));
        return true;
    }
    const char mark[] = {EN_MARK_PARAM, (char)(i + 1)};
    pd_text_add(&s->out, mark, sizeof mark);
    return i < EN_MAX_PARAMS || en_misfit(s->statement, s->arena, s->error, "más de %d parámetros", EN_MAX_PARAMS);
}

/* :acceso(alias): what the method's rule asks of the row that `alias` names; only relations that the rule has are
 * compared. */
static bool put_relations(scanner *s, const char *alias, size_t len) {
    const pd_rule *rule = s->statement->method->rule;
    s->statement->uses_access = true;
    pd_text_str(&s->out, "(");
    if (!put_param(s, "puede.ajeno", strlen("puede.ajeno"))) {
        return false;
    }
    for (size_t i = 1; i < N_RELATIONS; i++) {
        if (!en_rule_names(rule, relations[i].relation)) {
            continue;
        }
        const char *worth = pd_arena_printf(s->arena, "puede.%s", relations[i].word);
        pd_text_str(&s->out, " OR (");
        if (!put_param(s, worth, strlen(worth))) {
            return false;
        }
        pd_text_str(&s->out, pd_arena_printf(s->arena, " AND %.*s.%s = ", (int)len, alias, relations[i].column));
        if (!put_param(s, relations[i].who, strlen(relations[i].who))) {
            return false;
        }
        pd_text_str(&s->out, ")");
    }
    pd_text_str(&s->out, ")");
    return true;
}

/* ---- pages ---- */

/* What was written so far, and from here on anew. */
static const char *cut(scanner *s) {
    const char *text = pd_arena_memdup(s->arena, s->out.at != NULL ? s->out.at : "", s->out.len);
    s->out = (pd_text){.arena = s->arena};
    return text;
}

static bool open_page(scanner *s) {
    en_page *page = s->statement->page;
    if (page->head != NULL) {
        return en_misfit(s->statement, s->arena, s->error, "«:pagina(...)» está dos veces");
    }
    page->head = cut(s);
    page->head += strspn(page->head, " \n");
    if (strncmp(page->head, "SELECT ", 7) != 0) {
        return en_misfit(s->statement, s->arena, s->error, "una sentencia con «:pagina(...)» empieza con SELECT");
    }
    page->head += 7;
    s->parens = 1;
    s->forms = 1;
    return true;
}

/* Behind the parenthesis that ends :pagina(…): the name that the statement gives to the page. */
static bool close_page(scanner *s) {
    en_page *page = s->statement->page;
    page->rows = cut(s);
    if (s->forms > EN_MAX_FORMS) {
        return en_misfit(s->statement, s->arena, s->error, "«:pagina(...)» tiene más de %d formas", EN_MAX_FORMS);
    }
    const char *name = s->at + strspn(s->at, " \n"), *end = name;
    while (is_name_char(*end)) {
        end++;
    }
    page->alias = pd_arena_memdup(s->arena, name, (size_t)(end - name));
    return end > name || en_misfit(s->statement, s->arena, s->error, "«:pagina(...)» quiere un alias detrás");
}

/* Braces, the bar within them, and the end of :pagina(…). False: none of these, or a misfit. */
static bool scan_mark(scanner *s, bool *fits) {
    char c = *s->at, mark = 0;
    bool bar = c == '|' && s->braces == 1 && s->at[1] != '|' && s->at[-1] != '|';
    if (c == '(' || c == ')') {
        s->parens += s->parens > 0 ? (c == '(' ? 1 : -1) : 0;
        if (c == '(' || s->parens > 0 || s->statement->page->head == NULL || s->statement->page->rows != NULL) {
            return false;
        }
        s->at++;
        *fits = close_page(s);
        return true;
    }
    if (c != '{' && c != '}' && !bar) {
        return false;
    }
    mark = c == '{' ? EN_MARK_OPEN : c == '}' ? EN_MARK_CLOSE : EN_MARK_OR;
    s->braces += c == '{' ? 1 : c == '}' ? -1 : 0;
    s->forms *= bar ? 2 : 1;
    s->at++;
    pd_text_add(&s->out, &mark, 1);
    *fits =
        (s->braces == (c != '}') && s->parens > 0) ||
        en_misfit(s->statement, s->arena, s->error, "las llaves van por pares, sin anidar, dentro de «:pagina(...)»");
    return true;
}

/* Within :pagina(…) one's own orders are two searches, each in the order of an index: those one is assigned to, and the
 * others one registered. */
static bool put_access(scanner *s, const char *alias, size_t len) {
    const pd_rule *rule = s->statement->method->rule;
    const char access = EN_MARK_ACCESS, bar = EN_MARK_OR, close = EN_MARK_CLOSE, *who = "quien.empleado_id";
    if (s->parens == 0 || !en_rule_names(rule, PD_REL_ASSIGNED) || !en_rule_names(rule, PD_REL_REGISTERED)) {
        return put_relations(s, alias, len);
    }
    const char *assigned = pd_arena_printf(s->arena, "%.*s.asignado_a", (int)len, alias);
    s->forms *= 2;
    pd_text_add(&s->out, &access, 1);
    pd_text_str(&s->out, pd_arena_printf(s->arena, "%s = ", assigned));
    bool fits = put_param(s, who, strlen(who));
    pd_text_add(&s->out, &bar, 1);
    pd_text_str(&s->out, pd_arena_printf(s->arena, "%.*s.registrado_por = ", (int)len, alias));
    fits = fits && put_param(s, who, strlen(who));
    pd_text_str(&s->out, pd_arena_printf(s->arena, " AND %s IS DISTINCT FROM ", assigned));
    fits = fits && put_param(s, who, strlen(who));
    pd_text_add(&s->out, &bar, 1);
    fits = fits && put_relations(s, alias, len);
    pd_text_add(&s->out, &close, 1);
    return fits;
}

/* `s->at` stands on the colon before a name. */
static bool scan_param(scanner *s) {
    const char *name = s->at + 1, *end = name;
    while (is_name_char(*end) || (*end == '.' && is_name_start(end[1]))) {
        end++;
    }
    if (s->statement->page != NULL && end - name == 6 && memcmp(name, "pagina", 6) == 0 && *end == '(') {
        s->at = end + 1;
        return open_page(s);
    }
    if (end - name == 6 && memcmp(name, "acceso", 6) == 0 && *end == '(') {
        const char *alias = end + 1, *close = alias;
        while (is_name_char(*close)) {
            close++;
        }
        if (close == alias || *close != ')') {
            return en_misfit(s->statement, s->arena, s->error, "«:acceso(...)» quiere el alias de una tabla");
        }
        s->at = close + 1;
        return put_access(s, alias, (size_t)(close - alias));
    }
    end += *end == '?';
    s->at = end;
    return put_param(s, name, (size_t)(end - name));
}

/* ---- the statement's text ---- */

/* The end of what begins at `at` and holds no parameter: a string, a quoted identifier, a comment, a dollar quote.
 * Returns `at` when nothing of the kind begins there, NULL when it does not end. `escapes`: an E'' string. */
static const char *skip_quoted(const char *at, bool escapes) {
    if (*at == '\'' || *at == '"') {
        char quote = *at++;
        while (*at != '\0') {
            if (escapes && *at == '\\' && at[1] != '\0') {
                at += 2;
            } else if (*at == quote && at[1] == quote) {
                at += 2;
            } else if (*at++ == quote) {
                return at;
            }
        }
        return NULL;
    }
    if (at[0] == '-' && at[1] == '-') {
        return at + strcspn(at, "\n");
    }
    if (at[0] == '/' && at[1] == '*') {
        int depth = 0;
        do {
            if (at[0] == '/' && at[1] == '*') {
                depth++;
                at += 2;
            } else if (at[0] == '*' && at[1] == '/') {
                depth--;
                at += 2;
            } else if (*at++ == '\0') {
                return NULL;
            }
        } while (depth > 0);
        return at;
    }
    if (at[0] == '$' && (at[1] == '$' || is_name_start(at[1]))) {
        const char *tag = at + 1;
        while (is_name_char(*tag)) {
            tag++;
        }
        if (*tag != '$') {
            return at;
        }
        size_t len = (size_t)(tag + 1 - at);
        for (const char *end = at + len; *end != '\0'; end++) {
            if (strncmp(end, at, len) == 0) {
                return end + len;
            }
        }
        return NULL;
    }
    return at;
}

/* A bare word: copied whole, so that neither `x$1` nor the E of an E'' string is misread. */
static bool scan_word(scanner *s) {
    const char *end = s->at;
    while (is_name_char(*end) || *end == '$') {
        end++;
    }
    size_t len = (size_t)(end - s->at);
    if (len > EN_MAX_NAME) {
        return en_misfit(s->statement, s->arena, s->error, "el nombre «%.*s» tiene más de %d bytes", (int)len, s->at,
                         EN_MAX_NAME);
    }
    bool escapes = len == 1 && (*s->at == 'E' || *s->at == 'e') && *end == '\'';
    if (escapes) {
        end = skip_quoted(end, true);
        if (end == NULL) {
            return en_misfit(s->statement, s->arena, s->error, "un texto E'' sin cerrar");
        }
    }
    pd_text_add(&s->out, s->at, (size_t)(end - s->at));
    s->at = end;
    return true;
}

/* So much of the text as a refusal shows: 20 bytes of its line, no part of a character. */
static size_t shown(const char *text) {
    size_t n = strnlen(text, 20);
    const char *end = memchr(text, '\n', n);
    n = end != NULL ? (size_t)(end - text) : n;
    while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80) {
        n--;
    }
    return n;
}

static bool scan_one(scanner *s) {
    const char *end = skip_quoted(s->at, false);
    if (end == NULL) {
        return en_misfit(s->statement, s->arena, s->error, "una comilla o un comentario sin cerrar: «%.*s…»",
                         (int)shown(s->at), s->at);
    }
    if (end != s->at) {
        if (*s->at == '"' && end - s->at - 2 > EN_MAX_NAME) {
            return en_misfit(s->statement, s->arena, s->error, "el nombre «%.*s» tiene más de %d bytes",
                             (int)(end - s->at - 2), s->at + 1, EN_MAX_NAME);
        }
        if (s->statement->page == NULL || *s->at != '-') { /* a page's text is sent often: without its comments */
            pd_text_add(&s->out, s->at, (size_t)(end - s->at));
        }
        s->at = end;
        return true;
    }
    bool fits = true;
    if (s->statement->page != NULL && scan_mark(s, &fits)) {
        return fits;
    }
    if (s->at[0] == ':' && s->at[1] == ':') {
        pd_text_add(&s->out, s->at, 2);
        s->at += 2;
        return true;
    }
    if (s->at[0] == ':' && is_name_start(s->at[1])) {
        return scan_param(s);
    }
    if (s->at[0] == '$' && isdigit((unsigned char)s->at[1])) {
        return en_misfit(s->statement, s->arena, s->error, "«%.3s»: los parámetros van por nombre", s->at);
    }
    if (is_name_start(*s->at)) {
        return scan_word(s);
    }
    pd_text_add(&s->out, s->at++, 1);
    return true;
}

static bool rewrite(en_statement *statement, en_part part, const char *text, pd_arena *arena, const char **error) {
    const pd_method *method = statement->method;
    scanner s = {.statement = statement,
                 .part = &statement->parts[part],
                 .at = text,
                 .out = {.arena = arena},
                 .arena = arena,
                 .error = error};
    while (*s.at != '\0') {
        if (!scan_one(&s)) {
            return false;
        }
    }
    if (statement->page != NULL) {
        statement->page->tail = cut(&s);
        return statement->page->rows != NULL || en_misfit(statement, arena, error, "falta «:pagina(...)»");
    }
    s.part->text = pd_arena_memdup(arena, s.out.at != NULL ? s.out.at : "", s.out.len);
    s.part->name = pd_arena_printf(arena, "%s/%s%s", method->service, method->name, part == EN_LOCK ? "/lock" : "");
    return true;
}

/* The contract compiler admits one in a request, and none within. */
static int hashed_field(const pd_message *request) {
    for (unsigned i = 0; i < request->type->n_fields; i++) {
        if (request->fields[i].protection == PD_BCRYPT) {
            return (int)i;
        }
    }
    return -1;
}

en_statement *en_statement_parse(const pd_method *method, const char *file, const char *text, pd_arena *arena,
                                 const char **error) {
    en_statement *s = pd_arena_zalloc(arena, sizeof *s);
    s->method = method;
    s->file = pd_arena_strdup(arena, file);
    s->header.hashed = hashed_field(method->request);
    pd_text lock = {.arena = arena};
    const char *body = NULL;
    if (!en_read_header(s, text, &body, &lock, arena, error) || !rewrite(s, EN_MAIN, body, arena, error)) {
        return NULL;
    }
    if (s->header.has_lock && !rewrite(s, EN_LOCK, pd_arena_memdup(arena, lock.at, lock.len), arena, error)) {
        return NULL;
    }
    return en_check_header(s, arena, error) ? s : NULL;
}

const pd_method *en_statement_method(const en_statement *statement) {
    return statement->method;
}

const en_header *en_statement_header(const en_statement *statement) {
    return &statement->header;
}

bool en_statement_paged(const en_statement *statement) {
    return statement->page != NULL;
}

const char *en_statement_name(const en_statement *statement, en_part part) {
    return statement->parts[part].name;
}

const char *en_statement_sql(const en_statement *statement, en_part part) {
    return statement->parts[part].text;
}

int en_statement_types(const en_statement *statement, en_part part, const Oid **types) {
    *types = statement->parts[part].types;
    return statement->parts[part].n;
}
