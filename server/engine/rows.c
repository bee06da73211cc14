/* rows: results become replies and verdicts. The way from column to field was resolved at start-up (sql_types.c), so
 * that a row costs a loop over a flat array. */
#include "pendientes/json.h"
#include "pendientes/scalar.h"
#include "server/engine/protect.h"
#include "server/engine/statement_impl.h"

#include <stdlib.h>
#include <string.h>

/* One reply under way. */
typedef struct reader {
    const en_statement *statement;
    const PGresult *result;
    int row, n; /* the row being read; rows in all, the most elements there can be */
    const id_caller *caller;
    const en_keys *keys;
    pd_arena *arena;
    pd_status *status;
    int judged; /* the row `held` belongs to; -1: none */
    unsigned held;
    ProtobufCMessage *made[EN_MAX_NODES]; /* NULL: not needed so far */
} reader;

static void *member(ProtobufCMessage *message, unsigned offset) {
    return (char *)message + offset;
}

/* A text that PostgreSQL wrote as an integer. */
static int64_t int_value(const char *text) {
    uint64_t value = 0;
    bool minus = *text == '-';
    for (text += minus; *text >= '0' && *text <= '9'; text++) {
        value = value * 10 + (uint64_t)(*text - '0');
    }
    return (int64_t)(minus ? -value : value);
}

/* ---- people and rules ---- */

/* The relations of the caller to a row, one bit each. */
static unsigned relations_held(const en_statement *statement, const PGresult *result, int row,
                               const id_caller *caller) {
    unsigned held = 0;
    for (pd_relation relation = PD_REL_ASSIGNED; relation <= PD_REL_USER; relation++) {
        int column = statement->own.people[relation];
        int64_t id = relation == PD_REL_USER ? caller->user_id : caller->employee_id;
        if (column >= 0 && id != 0 && !PQgetisnull(result, row, column) &&
            int_value(PQgetvalue(result, row, column)) == id) {
            held |= 1U << relation;
        }
    }
    return held;
}

static bool rule_holds(const pd_rule *rule, uint64_t bits, unsigned held) {
    if (pd_rule_worth(rule, bits, PD_REL_ANY)) {
        return true;
    }
    for (pd_relation relation = PD_REL_ASSIGNED; relation <= PD_REL_USER; relation++) {
        if ((held & 1U << relation) != 0 && pd_rule_worth(rule, bits, relation)) {
            return true;
        }
    }
    return false;
}

bool en_row_allowed(const en_statement *statement, const PGresult *result, int row, const id_caller *caller) {
    if (statement->uses_access) {
        return true; /* the statement has judged */
    }
    return rule_holds(statement->method->rule, caller->bits, relations_held(statement, result, row, caller));
}

static bool may_see(reader *r, const pd_rule *see) {
    if (r->judged != r->row) {
        r->held = relations_held(r->statement, r->result, r->row, r->caller);
        r->judged = r->row;
    }
    return rule_holds(see, r->caller->bits, r->held);
}

/* ---- verdicts ---- */

static const char *text_or_null(const PGresult *result, int row, int column) {
    return column >= 0 && !PQgetisnull(result, row, column) ? PQgetvalue(result, row, column) : NULL;
}

/* "sub.campo" of the request in JSON names; what is no field of it stays as it is. */
static const char *json_name(const pd_message *message, const char *name, pd_arena *arena) {
    const char *path = NULL, *at = name;
    while (message != NULL) {
        size_t len = strcspn(at, ".");
        int index = pd_field_by_name(message, at, len);
        if (index < 0) {
            return name;
        }
        const char *json = message->fields[index].json;
        path = path == NULL ? json : pd_arena_printf(arena, "%s.%s", path, json);
        if (at[len] == '\0') {
            return path;
        }
        message = message->fields[index].message;
        at += len + 1;
    }
    return name;
}

bool en_verdict(const en_statement *statement, const PGresult *result, pd_arena *arena, pd_status *status) {
    const en_own *own = &statement->own;
    if (PQntuples(result) == 0) {
        if (statement->header.write) {
            pd_status_set(status, arena, PD_INTERNAL, "La sentencia de %s no dio su veredicto",
                          statement->method->full_name);
        }
        return !statement->header.write;
    }
    const char *name = text_or_null(result, 0, own->code);
    if (name == NULL) {
        return true;
    }
    pd_code code = PD_OK;
    if (!pd_code_parse(name, &code) || code == PD_OK) {
        pd_status_set(status, arena, PD_INTERNAL, "La sentencia de %s dio un veredicto desconocido",
                      statement->method->full_name);
        return false;
    }
    const char *field = text_or_null(result, 0, own->field), *message = text_or_null(result, 0, own->message);
    message = message != NULL ? message : "La operación no se puede hacer";
    pd_status_set(status, arena, code, "%s", message);
    if (field != NULL) {
        pd_status_field(status, arena, pd_arena_strdup(arena, json_name(statement->method->request, field, arena)),
                        "%s", message);
    }
    return false;
}

int64_t en_row_key(const en_statement *statement, const PGresult *result, int row) {
    return int_value(PQgetvalue(result, row, statement->own.key));
}

/* ---- fields ---- */

/* A value that the column's type allowed and the field does not. The value itself is not told. */
static bool broken(reader *r, const en_column *column) {
    pd_status_set(r->status, r->arena, PD_INTERNAL, "La columna «%s» de %s tiene un valor que el campo no admite",
                  column->name, r->statement->method->full_name);
    return false;
}

/* "2026-07-10 09:00:00.5-05" as the contract writes it: the session's zone is ours, its offset goes. NULL: not of that
 * form. */
static char *instant_text(const char *text, size_t len, pd_arena *arena) {
    enum { SECONDS = 19 };
    if (len <= SECONDS || text[4] != '-' || text[10] != ' ') {
        return NULL; /* infinity, years past 9999, before Christ */
    }
    size_t end = SECONDS;
    if (text[end] == '.') {
        end += 1 + strspn(text + end + 1, "0123456789");
        while (text[end - 1] == '0') {
            end--;
        }
        end -= text[end - 1] == '.';
    }
    char *out = pd_arena_memdup(arena, text, end);
    out[10] = 'T';
    return out;
}

/* Two decimals always; a numeric without a scale prints as many as it has. */
static char *decimal_text(const char *text, size_t len, pd_arena *arena) {
    if (len > 3 && text[len - 3] == '.') {
        return pd_arena_memdup(arena, text, len);
    }
    int64_t cents = 0;
    char out[24];
    return pd_decimal_parse(text, len, &cents) ? pd_arena_memdup(arena, out, pd_decimal_print(cents, out)) : NULL;
}

/* bytea's text form `\x…`; false when it is another. */
static bool read_hex(const char *text, size_t len, pd_arena *arena, ProtobufCBinaryData *out) {
    if (len < 2 || len % 2 != 0 || text[0] != '\\' || text[1] != 'x') {
        return false;
    }
    out->len = len / 2 - 1;
    out->data = pd_arena_alloc(arena, out->len + 1);
    for (size_t i = 0; i < out->len; i++) {
        unsigned high = (unsigned char)text[2 + 2 * i], low = (unsigned char)text[3 + 2 * i];
        out->data[i] = (uint8_t)((high % 32 + 9) % 25 * 16 + (low % 32 + 9) % 25); /* PostgreSQL writes only [0-9a-f] */
    }
    return true;
}

/* Instants inside a json column carry an offset; the reply's have none. */
static bool settle_instants(const pd_message *message, ProtobufCMessage *value, pd_arena *arena);

static bool settle_field(const pd_message *message, unsigned i, ProtobufCMessage *value, pd_arena *arena) {
    const ProtobufCFieldDescriptor *field = &message->type->fields[i];
    const pd_field *options = &message->fields[i];
    bool instant = options->format == PD_FORMAT_DATETIME || options->format == PD_FORMAT_DATE_OR_TIME;
    if (options->message == NULL && !instant) {
        return true;
    }
    bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
    void **items = list ? *(void ***)member(value, field->offset) : (void **)member(value, field->offset);
    size_t n = list ? *(size_t *)member(value, field->quantifier_offset) : *items != NULL;
    for (size_t k = 0; k < n; k++) {
        if (options->message != NULL) {
            if (!settle_instants(options->message, items[k], arena)) {
                return false;
            }
            continue;
        }
        int64_t micros = 0;
        char out[40];
        if (!pd_datetime_parse(items[k], strlen(items[k]), false, &micros)) {
            return false;
        }
        items[k] = pd_arena_memdup(arena, out, pd_datetime_print(micros, out));
    }
    return true;
}

static bool settle_instants(const pd_message *message, ProtobufCMessage *value, pd_arena *arena) {
    for (unsigned i = 0; i < message->type->n_fields; i++) {
        if (!settle_field(message, i, value, arena)) {
            return false;
        }
    }
    return true;
}

/* A json column, read as an object that has only this field: messages, lists of them and lists of scalars alike. */
static bool store_json(reader *r, const en_column *column, ProtobufCMessage *message, const char *text, size_t len) {
    const pd_message *type = r->statement->nodes[column->node].message;
    pd_text object = {.arena = r->arena};
    pd_status status = {0};
    pd_text_str(&object, "{");
    pd_text_quoted(&object, column->options->json, strlen(column->options->json));
    pd_text_str(&object, ":");
    pd_text_add(&object, text, len);
    pd_text_str(&object, "}");
    return (pd_json_read(type, object.at, object.len, false, message, NULL, r->arena, &status) &&
            settle_field(type, (unsigned)(column->field - type->type->fields), message, r->arena)) ||
           broken(r, column);
}

/* Opens a sealed column under the id of the order that stands beside it. */
static bool store_sealed(reader *r, const en_column *column, ProtobufCMessage *message, const char *text, size_t len) {
    const pd_message *type = r->statement->nodes[column->node].message;
    int64_t order = *(int64_t *)member(message, type->type->fields[en_order_index(type)].offset);
    ProtobufCBinaryData sealed;
    if (!read_hex(text, len, r->arena, &sealed)) {
        return broken(r, column);
    }
    char *open = en_open(r->keys, column->field->name, order, sealed.data, sealed.len, r->arena, r->status);
    *(char **)member(message, column->field->offset) = open;
    return open != NULL;
}

/* Puts a column's text into its field. */
static bool store(reader *r, const en_column *column, ProtobufCMessage *message, const char *text, size_t len) {
    const ProtobufCFieldDescriptor *field = column->field;
    void *at = member(message, field->offset);
    switch (column->kind) {
    case EN_AS_TEXT:
        *(char **)at = pd_arena_memdup(r->arena, text, len);
        return true;
    case EN_AS_DATETIME:
        *(char **)at = instant_text(text, len, r->arena);
        return *(char **)at != NULL || broken(r, column);
    case EN_AS_DECIMAL:
        *(char **)at = decimal_text(text, len, r->arena);
        return *(char **)at != NULL || broken(r, column);
    case EN_AS_SEALED:
        return store_sealed(r, column, message, text, len);
    case EN_AS_JSON:
        return store_json(r, column, message, text, len);
    case EN_AS_INT32:
        *(int32_t *)at = (int32_t)int_value(text);
        break;
    case EN_AS_INT64:
        *(int64_t *)at = int_value(text);
        break;
    case EN_AS_BOOL:
        *(protobuf_c_boolean *)at = *text == 't';
        break;
    case EN_AS_FLOAT:
        *(float *)at = strtof(text, NULL);
        break;
    case EN_AS_DOUBLE:
        *(double *)at = strtod(text, NULL);
        break;
    case EN_AS_BYTES:
        if (!read_hex(text, len, r->arena, at)) {
            return broken(r, column);
        }
        break;
    case EN_AS_ENUM: {
        const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(field->descriptor, text);
        if (value == NULL) {
            return broken(r, column);
        }
        *(int *)at = value->value;
        break;
    }
    }
    *(protobuf_c_boolean *)member(message, field->quantifier_offset) = 1;
    return true;
}

/* ---- messages ---- */

/* The message of a node, made with its parents when a column first has a value for it: one without values stays absent.
 */
static ProtobufCMessage *message_of(reader *r, int index) {
    if (r->made[index] != NULL) {
        return r->made[index];
    }
    const en_node *node = &r->statement->nodes[index];
    ProtobufCMessage *message = pd_arena_alloc(r->arena, node->message->type->sizeof_message);
    protobuf_c_message_init(node->message->type, message);
    r->made[index] = message;
    if (node->parent < 0) {
        return message;
    }
    ProtobufCMessage *parent = message_of(r, node->parent);
    if (!node->element) {
        *(ProtobufCMessage **)member(parent, node->field->offset) = message;
        return message;
    }
    size_t *count = member(parent, node->field->quantifier_offset);
    ProtobufCMessage ***list = member(parent, node->field->offset);
    if (*count == 0) {
        *list = pd_arena_alloc(r->arena, (size_t)r->n * sizeof **list);
    }
    (*list)[(*count)++] = message;
    return message;
}

/* Columns [from, to) of the row being read. */
static bool read_columns(reader *r, int from, int to) {
    for (int i = from; i < to; i++) {
        const en_column *column = &r->statement->columns[i];
        const pd_rule *see = column->options->see;
        if (PQgetisnull(r->result, r->row, column->position) || (see != NULL && !may_see(r, see))) {
            continue;
        }
        if (!store(r, column, message_of(r, column->node), PQgetvalue(r->result, r->row, column->position),
                   (size_t)PQgetlength(r->result, r->row, column->position))) {
            return false;
        }
    }
    return true;
}

ProtobufCMessage *en_reply(const en_statement *statement, const PGresult *result, int row, int n,
                           const id_caller *caller, const en_keys *keys, pd_arena *arena, pd_status *status) {
    reader r = {.statement = statement,
                .result = result,
                .row = row,
                .n = n,
                .caller = caller,
                .keys = keys,
                .arena = arena,
                .status = status,
                .judged = -1};
    ProtobufCMessage *reply = message_of(&r, 0);
    if (n > 0 && !read_columns(&r, 0, statement->n_once)) {
        return NULL;
    }
    for (int k = 0; k < n && statement->n_once < statement->n_columns; k++) {
        r.row = row + k;
        for (int i = 1; i < statement->n_nodes; i++) {
            if (statement->nodes[i].per_row) {
                r.made[i] = NULL;
            }
        }
        if (!read_columns(&r, statement->n_once, statement->n_columns)) {
            return NULL;
        }
    }
    return reply;
}

/* ---- the row that is not there ---- */

/* The request's value of that name as text, for the template. */
static void put_value(const pd_message *message, const ProtobufCMessage *request, const char *name, size_t len,
                      pd_text *out) {
    int index = pd_field_by_name(message, name, len);
    const ProtobufCFieldDescriptor *field = index >= 0 ? &message->type->fields[index] : NULL;
    if (field == NULL || field->label == PROTOBUF_C_LABEL_REPEATED) {
        return;
    }
    const void *at = (const char *)request + field->offset;
    if (field->type == PROTOBUF_C_TYPE_INT64) {
        pd_text_str(out, pd_arena_printf(out->arena, "%lld", (long long)*(const int64_t *)at));
    } else if (field->type == PROTOBUF_C_TYPE_INT32) {
        pd_text_str(out, pd_arena_printf(out->arena, "%d", *(const int32_t *)at));
    } else if (field->type == PROTOBUF_C_TYPE_STRING && *(char *const *)at != NULL && !message->fields[index].secret) {
        pd_text_str(out, *(char *const *)at);
    }
}

void en_not_found(const en_statement *statement, const ProtobufCMessage *request, pd_arena *arena, pd_status *status) {
    const pd_method *method = statement->method;
    const char *at = method->not_found != NULL ? method->not_found : "No encontrado";
    pd_text out = {.arena = arena};
    for (;;) {
        size_t plain = strcspn(at, "{");
        pd_text_add(&out, at, plain);
        at += plain;
        const char *close = strchr(at, '}');
        if (close == NULL) {
            pd_text_str(&out, at);
            break;
        }
        put_value(method->request, request, at + 1, (size_t)(close - at - 1), &out);
        at = close + 1;
    }
    pd_status_set(status, arena, PD_NOT_FOUND, "%.*s", (int)out.len, out.at);
}
