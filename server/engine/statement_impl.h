/* statement_impl: what a statement is inside the engine. Shared by the files behind statement.h only (not in the
 * design's plan of rooms: five files work on one struct). Everything here is written at start-up and read-only
 * afterwards. */
#ifndef SERVER_ENGINE_STATEMENT_IMPL_H
#define SERVER_ENGINE_STATEMENT_IMPL_H

#include "pendientes/json.h"
#include "server/engine/statement.h"

enum {
    EN_MAX_DEPTH = 4,  /* segments of `a.b.c` */
    EN_MAX_NODES = 32, /* messages that the columns of one row fill */
    EN_MAX_NAME = 63,  /* PostgreSQL cuts longer identifiers with no more than a NOTICE */
};

/* PostgreSQL's type numbers never change; its header is not part of libpq's package. */
enum {
    EN_BOOL = 16,
    EN_BYTEA = 17,
    EN_NAME = 19,
    EN_INT8 = 20,
    EN_INT2 = 21,
    EN_INT4 = 23,
    EN_TEXT = 25,
    EN_JSON = 114,
    EN_FLOAT4 = 700,
    EN_FLOAT8 = 701,
    EN_BPCHAR = 1042,
    EN_VARCHAR = 1043,
    EN_DATE = 1082,
    EN_TIMESTAMP = 1114,
    EN_TIMESTAMPTZ = 1184,
    EN_NUMERIC = 1700,
    EN_JSONB = 3802,
};

typedef enum en_source {
    EN_FROM_FIELD,    /* :campo, :sub.campo */
    EN_FROM_PRESENCE, /* :campo? */
    EN_FROM_END,      /* :campo.fin */
    EN_FROM_TYPE,     /* :campo.tipo */
    EN_FROM_USER,     /* :quien.usuario_id */
    EN_FROM_EMPLOYEE, /* :quien.empleado_id */
    EN_FROM_BITS,     /* :quien.permisos */
    EN_FROM_WORTH,    /* :puede.<relation>, made by :acceso() */
} en_source;

/* One message on the way to a field. */
typedef struct en_step {
    const pd_message *message;
    int index;
} en_step;

typedef struct en_param {
    const char *name; /* as written, without the colon */
    en_source source;
    pd_relation relation; /* of EN_FROM_WORTH */
    int depth;
    en_step path[EN_MAX_DEPTH];
} en_param;

/* In the text of a page's statement a byte stands where a call decides what follows (page_text.c writes it out). */
enum en_mark {
    EN_MARK_PARAM = 1, /* the next byte: 1 + index of the parameter */
    EN_MARK_OPEN,      /* { a part that stands only when all its parameters have values */
    EN_MARK_OR,        /* | of a part with two forms */
    EN_MARK_CLOSE,     /* } */
    EN_MARK_SORT,      /* :sort.<column>; the next byte: 1 + index of the sort */
    EN_MARK_ACCESS,    /* :acceso() of orders: assigned | registered | as elsewhere, up to EN_MARK_CLOSE */
    EN_MAX_PARAMS = 200,
    EN_MAX_SORTS = 32,
    EN_MAX_FORMS = 16,
    EN_MAX_KEPT = 16,
};

/* What a page can be sorted by. */
typedef struct en_sort {
    const char *name;   /* in the request */
    const char *column; /* of the rows in :pagina(…) */
    bool nullable;      /* found in the catalog */
} en_sort;

/* A statement with :pagina(…) in its three parts, marked. */
typedef struct en_page {
    int n_sorts;
    en_sort sorts[EN_MAX_SORTS]; /* the first is the default */
    bool desc;                   /* its direction */
    int n_kept;
    uint64_t kept[EN_MAX_KEPT]; /* sets of request fields, by index */
    const char *head, *rows, *tail, *alias;
} en_page;

typedef struct en_sql {
    const char *name, *text; /* prepared name; the text with $n */
    int n;
    en_param *params;
    Oid *types;
} en_sql;

/* How a column's text becomes a field's value. */
typedef enum en_kind {
    EN_AS_TEXT,
    EN_AS_INT32,
    EN_AS_INT64,
    EN_AS_BOOL,
    EN_AS_FLOAT,
    EN_AS_DOUBLE,
    EN_AS_ENUM,
    EN_AS_BYTES,
    EN_AS_DECIMAL,
    EN_AS_DATETIME,
    EN_AS_SEALED,
    EN_AS_JSON,
} en_kind;

/* A message that columns fill: node 0 is the reply, the others hang below their parent. */
typedef struct en_node {
    int parent;
    const pd_message *message;
    const ProtobufCFieldDescriptor *field; /* in the parent's message */
    bool element;                          /* one per row, in a repeated field */
    bool per_row;                          /* an element or something below one */
} en_node;

typedef struct en_column {
    const char *name;
    int position; /* in the result */
    int node;
    en_kind kind;
    const ProtobufCFieldDescriptor *field; /* in the node's message */
    const pd_field *options;
} en_column;

/* Positions of the core's own columns; -1: the statement has none. */
typedef struct en_own {
    int code, field, message, key, sort_key, sort_id;
    int people[PD_REL_USER + 1]; /* by relation: ASSIGNED, REGISTERED, AUTHOR, USER */
} en_own;

struct en_statement {
    const pd_method *method;
    const char *file;
    en_header header;
    bool uses_access; /* the statement judges relations itself */
    en_sql parts[2];  /* by en_part */
    en_page *page;    /* NULL: not of that kind; then parts[EN_MAIN] has its parameters, and no text */
    int n_columns,
        n_once; /* the first n_once stand once a reply, the others once a row; sealed ones last in each group */
    en_column *columns;
    int n_nodes;
    en_node nodes[EN_MAX_NODES];
    en_own own;
};

/* Reads the leading comment lines, up to the first that is blank or no comment; *body is what follows, `lock` receives
 * the lock statement's lines. */
bool en_read_header(en_statement *statement, const char *text, const char **body, pd_text *lock, pd_arena *arena,
                    const char **error);
/* What the header's words, the method and the statement must have in common. */
bool en_check_header(const en_statement *statement, pd_arena *arena, const char **error);
/* Values that the parameter has in the request: 0 absent, elements of a list. */
size_t en_param_count(const en_param *param, const ProtobufCMessage *request);
/* Binds one parameter, of a list one element, at place `i` of params. */
bool en_bind_one(const en_statement *statement, const en_param *param, size_t element, const ProtobufCMessage *request,
                 const id_caller *caller, pd_arena *arena, en_params *params, int i, pd_status *status);
/* Sets *error to "file: reason"; returns false. */
bool en_misfit(const en_statement *statement, pd_arena *arena, const char **error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The step that is a list of messages, each of which gives an element of the parameter; -1: none. */
int en_list_step(const en_param *param);
/* Index of the int64 `pendiente_id` that stands beside a sealed field; -1: none. */
int en_order_index(const pd_message *message);
/* True when some alternative of the rule asks for a relation. */
bool en_rule_has_relations(const pd_rule *rule);
/* True when some alternative asks for `relation`; PD_REL_OWN counts as assigned and registered. */
bool en_rule_names(const pd_rule *rule, pd_relation relation);

#endif
