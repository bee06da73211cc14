/* sql_types: has PostgreSQL prepare and describe a statement at start-up and checks it against the messages: each
 * parameter's type, each column's, each field of the reply. The way from column to field is resolved here once, for
 * rows.c. */
#include "server/engine/page_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A type as messages name it, with PostgreSQL's category (S texts, E enums, A arrays of those, N numbers …). */
typedef struct pg_type {
    const char *name;
    char category;
} pg_type;

/* What the functions below work with. */
typedef struct describer {
    en_statement *statement;
    PGconn *conn;
    pd_arena *arena;
    const char **error;
    PGresult *result; /* the description under examination */
} describer;

/* Sets the error; false. */
#define REFUSE(d, ...) en_misfit((d)->statement, (d)->arena, (d)->error, __VA_ARGS__)

/* The categories of the types that statements use; others are asked for. */
static pg_type look_up(describer *d, Oid oid) {
    static const struct {
        Oid oid;
        pg_type type;
    } known[] = {{EN_BOOL, {"boolean", 'B'}},
                 {EN_BYTEA, {"bytea", 'U'}},
                 {EN_NAME, {"name", 'S'}},
                 {EN_INT8, {"bigint", 'N'}},
                 {EN_INT2, {"smallint", 'N'}},
                 {EN_INT4, {"integer", 'N'}},
                 {EN_TEXT, {"text", 'S'}},
                 {EN_JSON, {"json", 'U'}},
                 {EN_FLOAT4, {"real", 'N'}},
                 {EN_FLOAT8, {"double precision", 'N'}},
                 {EN_BPCHAR, {"character", 'S'}},
                 {EN_VARCHAR, {"character varying", 'S'}},
                 {EN_DATE, {"date", 'D'}},
                 {EN_TIMESTAMP, {"timestamp without time zone", 'D'}},
                 {EN_TIMESTAMPTZ, {"timestamp with time zone", 'D'}},
                 {EN_NUMERIC, {"numeric", 'N'}},
                 {EN_JSONB, {"jsonb", 'U'}}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].oid == oid) {
            return known[i].type;
        }
    }
    char sql[256];
    snprintf(sql, sizeof sql,
             "SELECT format_type(t.oid, NULL), CASE WHEN e.typcategory IN ('S', 'E') THEN 'A' WHEN e.oid IS NOT NULL"
             " THEN 'a' ELSE t.typcategory END FROM pg_type t LEFT JOIN pg_type e ON e.oid = t.typelem AND"
             " t.typcategory = 'A' WHERE t.oid = %u",
             oid);
    PGresult *result = PQexec(d->conn, sql);
    pg_type type = {pd_arena_printf(d->arena, "tipo %u", oid), '?'};
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1) {
        type.name = pd_arena_strdup(d->arena, PQgetvalue(result, 0, 0));
        type.category = *PQgetvalue(result, 0, 1);
    }
    PQclear(result);
    return type;
}

static bool is_texts(char category) {
    return category == 'S' || category == 'E';
}

/* ---- parameters ---- */

/* The text behind `points` code points, in which PostgreSQL counts. */
static const char *after(const char *text, int points) {
    while (*text != '\0' && points-- > 0) {
        do {
            text++;
        } while (((unsigned char)*text & 0xc0) == 0x80);
    }
    return text;
}

/* PostgreSQL's message, with the names of the parameters it calls $n. */
static const char *explain(const describer *d, const en_sql *part) {
    const char *message = PQresultErrorField(d->result, PG_DIAG_MESSAGE_PRIMARY);
    if (message == NULL) {
        message = PQerrorMessage(d->conn);
    }
    const char *position = PQresultErrorField(d->result, PG_DIAG_STATEMENT_POSITION);
    const char *dollar = strchr(message, '$');
    int n = dollar != NULL ? atoi(dollar + 1) : 0;
    const char *name = "";
    if (n >= 1 && n <= part->n) {
        name = pd_arena_printf(d->arena, " ($%d es «:%s»)", n, part->params[n - 1].name);
    }
    const char *at = "";
    if (position != NULL) {
        at = pd_arena_printf(d->arena, ", cerca de «%.30s»", after(part->text, atoi(position) - 1));
    }
    return pd_arena_printf(d->arena, "%s%s%s", message, name, at);
}

/* The parameter at `index`, which stands in the prepared text as $place+1. */
static bool check_param(describer *d, const en_sql *part, int index, int place) {
    const en_param *param = &part->params[index];
    Oid found = PQparamtype(d->result, place);
    if (part->types[index] != 0) {
        return found == part->types[index] || REFUSE(d, "parámetro «:%s»: se dio como %s y quedó en %s", param->name,
                                                     look_up(d, part->types[index]).name, look_up(d, found).name);
    }
    const en_step *last = &param->path[param->depth - 1];
    const ProtobufCFieldDescriptor *field = &last->message->type->fields[last->index];
    bool whole = d->statement->page == NULL;
    bool list = (field->label == PROTOBUF_C_LABEL_REPEATED && whole) || en_list_step(param) >= 0;
    pg_type type = look_up(d, found);
    if (list ? type.category == 'A' : is_texts(type.category)) {
        return true;
    }
    return REFUSE(d, "parámetro «:%s»: el campo es %s%s y PostgreSQL espera %s", param->name,
                  list ? "una lista de " : "", field->type == PROTOBUF_C_TYPE_ENUM ? "enum" : "string", type.name);
}

/* Prepares and describes one part; d->result is the description, to be cleared by the caller. */
static bool describe_part(describer *d, en_part which) {
    const en_sql *part = &d->statement->parts[which];
    d->result = PQprepare(d->conn, part->name, part->text, part->n, part->types);
    if (PQresultStatus(d->result) != PGRES_COMMAND_OK) {
        return REFUSE(d, "%s%s", which == EN_LOCK ? "lock: " : "", explain(d, part));
    }
    PQclear(d->result);
    d->result = PQdescribePrepared(d->conn, part->name);
    if (PQresultStatus(d->result) != PGRES_COMMAND_OK) {
        return REFUSE(d, "%s", explain(d, part));
    }
    for (int i = 0; i < part->n; i++) {
        if (!check_param(d, part, i, i)) {
            return false;
        }
    }
    return true;
}

/* A page's text, prepared with all its parts; d->result is the description. */
static bool describe_page(describer *d, const en_sort *sort) {
    const en_sql *part = &d->statement->parts[EN_MAIN];
    int order[EN_MAX_PARAMS + 2 * EN_MAX_FORMS], n = 0;
    memset(order, 0xff, sizeof order); /* all -1: the cursor's */
    const en_sql whole = {.text = en_page_whole(d->statement, sort, d->arena, order, &n)};
    Oid types[EN_MAX_PARAMS + 2 * EN_MAX_FORMS];
    for (int i = 0; i < n; i++) {
        types[i] = order[i] >= 0 ? part->types[order[i]] : 0;
    }
    d->result = PQprepare(d->conn, "", whole.text, n, types);
    if (PQresultStatus(d->result) != PGRES_COMMAND_OK) {
        return REFUSE(d, "%s", explain(d, &whole));
    }
    PQclear(d->result);
    d->result = PQdescribePrepared(d->conn, "");
    for (int i = 0; i < n; i++) {
        if (order[i] >= 0 && !check_param(d, part, order[i], i)) {
            return false;
        }
    }
    return PQresultStatus(d->result) == PGRES_COMMAND_OK || REFUSE(d, "%s", explain(d, &whole));
}

/* May that column of the description be NULL? Only a table's own that says NOT NULL may not. */
static bool is_nullable(const describer *d, int column) {
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT FROM pg_attribute WHERE attrelid = %u AND attnum = %d AND attnotnull",
             PQftable(d->result, column), PQftablecol(d->result, column));
    PGresult *found = PQexec(d->conn, sql);
    bool not_null = PQresultStatus(found) == PGRES_TUPLES_OK && PQntuples(found) == 1;
    PQclear(found);
    return !not_null;
}

/* Every order of a page is tried; the default's description stays, for the columns. */
static bool describe_sorts(describer *d) {
    en_page *page = d->statement->page;
    if (!describe_page(d, NULL)) {
        return false;
    }
    for (int i = 0; i < page->n_sorts; i++) {
        page->sorts[i].nullable = is_nullable(d, i);
    }
    for (int i = page->n_sorts - 1; i >= 0; i--) {
        PQclear(d->result);
        if (!describe_page(d, &page->sorts[i])) {
            return false;
        }
    }
    return true;
}

/* ---- columns ---- */

static bool is_integer(Oid type) {
    return type == EN_INT2 || type == EN_INT4 || type == EN_INT8;
}

/* How a column of PostgreSQL's `type` fills the field; false when it cannot. *wanted names what would. */
static bool kind_of(describer *d, const ProtobufCFieldDescriptor *field, const pd_field *options, Oid type,
                    en_kind *kind, const char **wanted) {
    if (field->label == PROTOBUF_C_LABEL_REPEATED || field->type == PROTOBUF_C_TYPE_MESSAGE) {
        *kind = EN_AS_JSON;
        *wanted = "json o jsonb";
        return type == EN_JSON || type == EN_JSONB;
    }
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        *kind = EN_AS_BOOL;
        *wanted = "boolean";
        return type == EN_BOOL;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        *kind = field->type == PROTOBUF_C_TYPE_FLOAT ? EN_AS_FLOAT : EN_AS_DOUBLE;
        *wanted = "double precision";
        return type == EN_FLOAT4 || type == EN_FLOAT8;
    case PROTOBUF_C_TYPE_ENUM:
        *kind = EN_AS_ENUM;
        *wanted = "text o un enum";
        return is_texts(look_up(d, type).category);
    case PROTOBUF_C_TYPE_BYTES:
        *kind = EN_AS_BYTES;
        *wanted = "bytea";
        return type == EN_BYTEA;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        *kind = EN_AS_INT32;
        *wanted = "integer";
        return type == EN_INT2 || type == EN_INT4;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        *kind = EN_AS_INT32;
        *wanted = "integer o bigint";
        return is_integer(type);
    case PROTOBUF_C_TYPE_STRING:
        break;
    default: /* 64 bits, signed and unsigned */
        *kind = EN_AS_INT64;
        *wanted = "bigint";
        return is_integer(type);
    }
    if (options->protection == PD_SEALED) {
        *kind = EN_AS_SEALED;
        *wanted = "bytea";
        return type == EN_BYTEA;
    }
    switch (options->format) {
    case PD_FORMAT_DECIMAL:
        *kind = EN_AS_DECIMAL;
        *wanted = "numeric";
        return type == EN_NUMERIC;
    case PD_FORMAT_DATE:
        *kind = EN_AS_TEXT;
        *wanted = "date";
        return type == EN_DATE;
    case PD_FORMAT_DATETIME:
    case PD_FORMAT_DATE_OR_TIME:
        *kind = EN_AS_DATETIME;
        *wanted = "timestamp with time zone";
        return type == EN_TIMESTAMPTZ;
    default: /* digits of a number are a text too; an instant would show its offset, a list its braces */
        *kind = EN_AS_TEXT;
        *wanted = "text o un tipo que se escriba igual";
        return type != EN_TIMESTAMP && type != EN_TIMESTAMPTZ && strchr("SEND", look_up(d, type).category) != NULL;
    }
}

/* The core's own columns, by name; NULL when there is none of that name. */
static int *own_slot(en_own *own, const char *name, bool *text, bool *flag) {
    const struct {
        const char *name;
        int *slot;
        char kind; /* t text, b bool, i integer */
    } slots[] = {{"_codigo", &own->code, 't'},
                 {"_campo", &own->field, 't'},
                 {"_mensaje", &own->message, 't'},
                 {"_clave", &own->sort_key, 't'},
                 {"_id", &own->sort_id, 'i'},
                 {"_asignado_a", &own->people[PD_REL_ASSIGNED], 'i'},
                 {"_registrado_por", &own->people[PD_REL_REGISTERED], 'i'},
                 {"_autor", &own->people[PD_REL_AUTHOR], 'i'},
                 {"_usuario", &own->people[PD_REL_USER], 'i'}};
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
        if (strcmp(slots[i].name, name) == 0) {
            *text = slots[i].kind == 't';
            *flag = slots[i].kind == 'b';
            return slots[i].slot;
        }
    }
    return NULL;
}

/* The field by which calls are coalesced; NULL without coalesce. */
static const char *key_name(const en_statement *s) {
    return s->header.coalesce < 0 ? NULL : s->method->request->type->fields[s->header.coalesce].name;
}

static bool take_own(describer *d, const char *name, int position) {
    en_statement *s = d->statement;
    Oid type = PQftype(d->result, position);
    const char *key = key_name(s);
    bool text = false, flag = false;
    int *slot = own_slot(&s->own, name, &text, &flag);
    if (slot == NULL && key != NULL && strcmp(name + 1, key) == 0) {
        slot = &s->own.key;
    }
    if (slot == NULL) {
        return REFUSE(d, "columna desconocida «%s»: el núcleo no la conoce", name);
    }
    bool fits = text ? is_texts(look_up(d, type).category) : flag ? type == EN_BOOL : is_integer(type);
    if (!fits) {
        return REFUSE(d, "columna «%s»: es %s y debe ser %s", name, look_up(d, type).name,
                      text   ? "text"
                      : flag ? "boolean"
                             : "bigint");
    }
    *slot = position;
    return true;
}

/* The node for a message field of `parent`, made when it is new; -1 with an error. */
static int node_below(describer *d, int parent, const ProtobufCFieldDescriptor *field, const pd_field *options,
                      const char *column) {
    en_statement *s = d->statement;
    for (int i = 1; i < s->n_nodes; i++) {
        if (s->nodes[i].parent == parent && s->nodes[i].field == field) {
            return i;
        }
    }
    bool element = field->label == PROTOBUF_C_LABEL_REPEATED;
    for (int i = 0; element && i < s->n_nodes; i++) {
        if (s->nodes[i].element) {
            REFUSE(d, "columna «%s»: las filas ya llenan la lista «%s»; esta debe ser una columna json", column,
                   s->nodes[i].field->name);
            return -1;
        }
    }
    if (s->n_nodes == EN_MAX_NODES) {
        REFUSE(d, "columna «%s»: más de %d mensajes", column, EN_MAX_NODES);
        return -1;
    }
    s->nodes[s->n_nodes] = (en_node){.parent = parent,
                                     .message = options->message,
                                     .field = field,
                                     .element = element,
                                     .per_row = element || s->nodes[parent].per_row};
    return s->n_nodes++;
}

static bool holds_secrets(const pd_message *message) {
    for (unsigned i = 0; i < message->type->n_fields; i++) {
        const pd_field *field = &message->fields[i];
        if (field->see != NULL || field->protection == PD_SEALED ||
            (field->message != NULL && holds_secrets(field->message))) {
            return true;
        }
    }
    return false;
}

/* Finds the field that column `name` fills, and how. */
static bool take_column(describer *d, const char *name, int position) {
    en_statement *s = d->statement;
    en_column *column = &s->columns[s->n_columns];
    *column = (en_column){.name = pd_arena_strdup(d->arena, name), .position = position};
    const char *at = name;
    for (;;) {
        const pd_message *message = s->nodes[column->node].message;
        size_t len = strcspn(at, ".");
        int index = pd_field_by_name(message, at, len);
        if (index < 0) {
            return REFUSE(d, "columna desconocida «%s»: %s no tiene el campo «%.*s»", name, message->type->name,
                          (int)len, at);
        }
        column->field = &message->type->fields[index];
        column->options = &message->fields[index];
        if (at[len] == '\0') {
            break;
        }
        if (column->options->message == NULL) {
            return REFUSE(d, "columna desconocida «%s»: «%s» no es un mensaje", name, column->field->name);
        }
        column->node = node_below(d, column->node, column->field, column->options, name);
        if (column->node < 0) {
            return false;
        }
        at += len + 1;
    }
    Oid type = PQftype(d->result, position);
    const char *wanted = NULL;
    if (!kind_of(d, column->field, column->options, type, &column->kind, &wanted)) {
        return REFUSE(d, "columna «%s»: es %s y el campo pide %s", name, look_up(d, type).name, wanted);
    }
    if (column->kind == EN_AS_SEALED && en_order_index(s->nodes[column->node].message) < 0) {
        return REFUSE(d, "columna «%s»: un campo CIFRADO necesita «pendiente_id» a su lado", name);
    }
    if (column->kind == EN_AS_JSON && column->options->message != NULL && holds_secrets(column->options->message)) {
        return REFUSE(d, "columna «%s»: un json no puede llevar campos cifrados o con «ver»", name);
    }
    const char *key = key_name(s);
    if (key != NULL && strcmp(name, key) == 0 && column->kind == EN_AS_INT64) {
        s->own.key = position;
    }
    s->n_columns++;
    return true;
}

static int compare_columns(const void *left, const void *right) {
    const en_column *a = left, *b = right;
    int late = (a->kind == EN_AS_SEALED) - (b->kind == EN_AS_SEALED);
    return late != 0 ? late : a->position - b->position;
}

/* Columns of the reply first, then those of each row; sealed ones last, for they need the order's id. */
static void arrange_columns(en_statement *s, pd_arena *arena) {
    en_column *sorted = pd_arena_alloc(arena, (size_t)(s->n_columns + 1) * sizeof *sorted);
    int n = 0;
    for (int per_row = 0; per_row < 2; per_row++) {
        int first = n;
        for (int i = 0; i < s->n_columns; i++) {
            if (s->nodes[s->columns[i].node].per_row == (per_row == 1)) {
                sorted[n++] = s->columns[i];
            }
        }
        qsort(sorted + first, (size_t)(n - first), sizeof *sorted, compare_columns);
        if (per_row == 0) {
            s->n_once = n;
        }
    }
    s->columns = sorted;
}

static bool take_columns(describer *d) {
    en_statement *s = d->statement;
    int n = PQnfields(d->result);
    s->columns = pd_arena_zalloc(d->arena, (size_t)(n + 1) * sizeof *s->columns);
    s->n_columns = 0;
    s->nodes[0] = (en_node){.parent = -1, .message = s->method->reply};
    s->n_nodes = 1;
    memset(&s->own, 0xff, sizeof s->own); /* all -1 */
    for (int i = 0; i < n; i++) {
        const char *name = PQfname(d->result, i);
        for (int k = 0; k < i; k++) {
            if (strcmp(name, PQfname(d->result, k)) == 0) {
                return REFUSE(d, "dos columnas se llaman «%s»", name);
            }
        }
        if (!(*name == '_' ? take_own(d, name, i) : take_column(d, name, i))) {
            return false;
        }
    }
    arrange_columns(s, d->arena);
    return true;
}

/* ---- what must be there ---- */

static const en_column *column_for(const en_statement *s, const char *path) {
    for (int i = 0; i < s->n_columns; i++) {
        if (strcmp(s->columns[i].name, path) == 0) {
            return &s->columns[i];
        }
    }
    return NULL;
}

/* A forgotten column is a misfit: each field of the reply is filled by a column, but those that few may see, which a
 * statement may leave out, and those of the page, which the core fills. */
static bool check_filled(describer *d, const pd_message *message, const char *prefix) {
    for (unsigned i = 0; i < message->type->n_fields; i++) {
        const pd_field *options = &message->fields[i];
        const char *path = pd_arena_printf(d->arena, "%s%s", prefix, message->type->fields[i].name);
        bool is_content = strcmp(path, "content") == 0;
        if (options->hidden || options->see != NULL || options->protection == PD_SEALED ||
            (message->is_page && !is_content) || column_for(d->statement, path) != NULL) {
            continue;
        }
        if (options->message == NULL) {
            return REFUSE(d, "falta la columna «%s», un campo de %s", path, message->type->name);
        }
        if (!check_filled(d, options->message, pd_arena_printf(d->arena, "%s.", path))) {
            return false;
        }
    }
    return true;
}

/* The people that `rule` compares must be columns. */
static bool check_people(describer *d, const pd_rule *rule, const char *whose) {
    static const char *const names[] = {[PD_REL_ASSIGNED] = "_asignado_a",
                                        [PD_REL_REGISTERED] = "_registrado_por",
                                        [PD_REL_AUTHOR] = "_autor",
                                        [PD_REL_USER] = "_usuario"};
    for (pd_relation relation = PD_REL_ASSIGNED; relation <= PD_REL_USER; relation++) {
        if (en_rule_names(rule, relation) && d->statement->own.people[relation] < 0) {
            return REFUSE(d, "falta la columna «%s», que pide %s", names[relation], whose);
        }
    }
    return true;
}

/* Nobody's rows may be answered or changed unjudged: a rule with relations is judged by the row's people or by the
 * statement. */
static bool check_rules(describer *d) {
    const en_statement *s = d->statement;
    const pd_rule *rule = s->method->rule;
    for (int i = 0; i < s->n_columns; i++) {
        const pd_rule *see = s->columns[i].options->see;
        if (see != NULL &&
            !check_people(d, see, pd_arena_printf(d->arena, "la regla «ver» de «%s»", s->columns[i].name))) {
            return false;
        }
    }
    if (!en_rule_has_relations(rule) || s->uses_access) {
        return true;
    }
    if (s->header.write || s->page != NULL) {
        return REFUSE(d, "la regla del método compara personas: la sentencia debe usar «:acceso(alias)»");
    }
    return check_people(d, rule, "la regla del método");
}

static bool check_own(describer *d) {
    const en_statement *s = d->statement;
    if (s->header.write && (s->own.code < 0 || s->own.field < 0 || s->own.message < 0)) {
        return REFUSE(d, "falta la columna «%s»: una escritura responde con su veredicto",
                      s->own.code < 0    ? "_codigo"
                      : s->own.field < 0 ? "_campo"
                                         : "_mensaje");
    }
    if (s->header.coalesce >= 0 && s->own.key < 0) {
        return REFUSE(d, "falta la columna «%s» (o «_%s», si la respuesta no la tiene), la clave de coalesce",
                      key_name(s), key_name(s));
    }
    return true;
}

bool en_statement_describe(en_statement *statement, PGconn *conn, pd_arena *arena, const char **error) {
    describer d = {.statement = statement, .conn = conn, .arena = arena, .error = error};
    const char *style = PQparameterStatus(conn, "DateStyle");
    if (style == NULL || strncmp(style, "ISO", 3) != 0) {
        return en_misfit(statement, arena, error, "la conexión no tiene DateStyle ISO");
    }
    bool fits = true;
    if (statement->header.has_lock) {
        fits = describe_part(&d, EN_LOCK);
        PQclear(d.result);
        d.result = NULL;
    }
    fits = fits && (statement->page != NULL ? describe_sorts(&d) : describe_part(&d, EN_MAIN)) && take_columns(&d) &&
           check_own(&d) && check_filled(&d, statement->method->reply, "") && check_rules(&d);
    PQclear(d.result);
    return fits;
}
