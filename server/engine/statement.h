/* statement: one .sql file, resolved against its method, typed by PostgreSQL, ready to bind and to read. This header is
 * what the plans use; how a file is read stands in sql_file.c, how types are checked in sql_types.c, parameters in
 * bind.c, results in rows.c, sealed fields in protect.c.
 *
 * A file is one statement with named parameters, below a header of comment lines:
 *   -- read [coalesce=<field>]        one read; with coalesce the parameter is bound as an array of many callers'
 * values
 *   -- write [batch]                  a verdict row; batch: inserts only, may share a Sync with others
 *   -- lock <one SELECT on one line, or continued by further `-- lock` lines>   run before it, under the same Sync
 *                                     of a read: how its resource is locked; run only before the read is made within
 *                                     a write's transaction, to compare its ETag with If-Match
 *   -- sort <name>[=<column>] …       a page's orders, see below
 * The header ends at the first line that is blank or no comment; comments may follow below.
 *
 * Parameters: :campo (NULL when absent), :campo? (bool: present, or named in `limpiar`), :sub.campo, repeated scalars
 * as arrays, :lista.campo of a list of messages as an array of what each has there, :campo.fin (the exclusive end of a
 * FECHA_O_HORA filter, whose plain form is its start), :campo.tipo (the media type of an IMAGEN), :quien.usuario_id,
 * :quien.empleado_id, :quien.permisos, and the macro :acceso(alias). `::` casts, strings, dollar quotes, quoted
 * identifiers and comments are left alone.
 *
 * Pages: the file is one SELECT over `:pagina(SELECT …) alias`: there stands which rows there are, outside what each
 * shows. The core writes the rest (page_text.h): order, cursor, limit, the count, the planner's estimate past 10,000,
 * and reads _clave and _id, which it adds. The rows need a column `id`; `-- sort` names the orders that the request's
 * `sort` may ask for, each a column of the rows; the first, with `,asc` or `,desc` behind it, is the default. Within
 * :pagina(…):
 * - {…}            stands only when all its parameters have values: what was not asked for costs no planning
 * - {a|b}          two forms that exclude each other, `a OR b` in effect; each is planned and read in order by itself
 * - :lista         is its elements with commas: `IN (:estados)`
 * - :sort.<column> within {…}: nothing itself, and given where the rows stand in the order of that column. For what
 *                  only an order needs: even a join that the planner drops keeps a count from reading an index alone
 *
 * `-- plan kept [<field> …]`: a call that gives exactly these filters (of a list, one element), sees all rows and asks
 * for the default order is prepared and keeps its plan, because an index has just these columns and the order. Every
 * other search is planned with its values: without them the planner takes a rare one for a common one. A statement that
 * may refuse joins its verdict: FROM (SELECT … AS v) c LEFT JOIN :pagina(…) q ON c.v IS NULL.
 *
 * Result columns: the reply's fields by name; `sub.campo` into a sub-message; `lista.campo` one element per row (an
 * all-NULL element is none); a json column a message or repeated field of its name. Columns that begin with `_` are the
 * core's:
 * - _codigo, _campo, _mensaje                        the verdict; _codigo NULL is success. NOT_FOUND without _campo is
 *   the path's row, with _campo a row named in the body (the contract's order of refusals needs to tell them apart)
 * - _asignado_a, _registrado_por, _autor, _usuario   the row's people, for rules (`permiso` of reads, `ver` of fields)
 * - _<field>                                         the key of coalesce=<field>, where the reply has no field of that
 *   name */
#ifndef SERVER_ENGINE_STATEMENT_H
#define SERVER_ENGINE_STATEMENT_H

#include "pendientes/contract.h"
#include "pendientes/status.h"
#include "server/identity/caller.h"

#include <libpq-fe.h>

typedef struct en_statement en_statement; /* owned by the start-up arena, immutable once described */
typedef struct en_keys en_keys;           /* the sealing keys */

typedef enum en_part { EN_MAIN, EN_LOCK } en_part;

/* What the plans need to know of a file's header. */
typedef struct en_header {
    bool write, batch;
    bool has_lock; /* of a read: for the writes whose version it is */
    int coalesce;  /* index of the request's field, -1: none */
    int hashed;    /* index of the request's field that is hashed before the statement, -1: none */
} en_header;

/* Ready for PQsendQueryPrepared; memory from the call's arena. */
typedef struct en_params {
    int n;
    const char **values;
    int *lengths, *formats;
} en_params;

/* Reads `text` of `file` for `method`. NULL and *error (arena, names the file and the reason) on any misfit with the
 * messages. */
en_statement *en_statement_parse(const pd_method *method, const char *file, const char *text, pd_arena *arena,
                                 const char **error);
/* Prepares it on `conn` (blocking, start-up only), describes it, and checks every parameter's and column's type. */
bool en_statement_describe(en_statement *statement, PGconn *conn, pd_arena *arena, const char **error);

const pd_method *en_statement_method(const en_statement *statement);
const en_header *en_statement_header(const en_statement *statement);
/* True for a statement with :pagina(…), whose texts are written for each call (page_text.h). */
bool en_statement_paged(const en_statement *statement);
/* For PQprepare on further connections: prepared name, text, types (n of them, 0 where PostgreSQL decides). */
const char *en_statement_name(const en_statement *statement, en_part part);
const char *en_statement_sql(const en_statement *statement, en_part part);
int en_statement_types(const en_statement *statement, en_part part, const Oid **types);

/* Binds one call. Sealed fields are sealed here with `keys`. False: `status` says why (a value that passed every check
 * of form can still fail to seal or to convert). */
bool en_bind(const en_statement *statement, en_part part, const ProtobufCMessage *request, const id_caller *caller,
             const en_keys *keys, pd_arena *arena, en_params *params, pd_status *status);
/* Binds a coalesced read: `n` values of the coalesce field as one array, in binary. */
void en_bind_many(const en_statement *statement, const int64_t *values, size_t n, pd_arena *arena, en_params *params);

/* The verdict of a write's (or any statement's) first row: OK when _codigo is NULL or the statement has none. A write
 * that answered no row at all is INTERNAL. False: `status` is the refusal, with its field. */
bool en_verdict(const en_statement *statement, const PGresult *result, pd_arena *arena, pd_status *status);
/* The coalesce field's value in that row. */
int64_t en_row_key(const en_statement *statement, const PGresult *result, int row);
/* May the caller see/do this row, by the method's rule and the row's people? */
bool en_row_allowed(const en_statement *statement, const PGresult *result, int row, const id_caller *caller);
/* Rows [row, row + n) as the reply: fields filled, of a page its content (en_page_fill completes it), sealed fields
 * opened and fields with `ver` blanked for this caller. NULL: `status` says why. For a statement whose reply has
 * no `ver` field the result does not depend on the caller. */
ProtobufCMessage *en_reply(const en_statement *statement, const PGresult *result, int row, int n,
                           const id_caller *caller, const en_keys *keys, pd_arena *arena, pd_status *status);
/* The method's not_found template filled from the request. */
void en_not_found(const en_statement *statement, const ProtobufCMessage *request, pd_arena *arena, pd_status *status);

/* `zona_z = ignorar`: an offset in a date-time is ignored. Process-wide; once, at start. */
void en_zone_ignore(bool ignore);

/* Keys: a file of lines `<id> <64 hex digits>`; the first seals, all open. NULL and *error when it cannot be used. */
en_keys *en_keys_load(const char *path, const char **error);
void en_keys_free(en_keys *keys);

#endif
