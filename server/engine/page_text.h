/* page_text: the texts of a page's statement. Its file says once which rows there are, `:pagina(SELECT …) alias`, and
 * what each shows; the core writes out what a call asks: the optional parts that have values, the cursor's place, order
 * and limit, and, of the same rows, the count. So every text is as short as its search, and PostgreSQL plans it so. */
#ifndef SERVER_ENGINE_PAGE_TEXT_H
#define SERVER_ENGINE_PAGE_TEXT_H

#include "server/engine/statement_impl.h"
#include "server/pg/conn.h"

enum { EN_EXACT_TOTAL = 10000 }; /* a page's total is counted so far */

/* What a call asks of a page. */
typedef struct en_page_ask {
    const en_sort *sort;
    bool desc;
    int64_t size, number;
    bool exact;
    bool cursor;     /* after the row with this key and id */
    const char *key; /* NULL: its key is NULL */
    int64_t id;
} en_page_ask;

typedef enum en_page_part {
    EN_PAGE_ROWS,     /* one row more than the page: whether it is there tells whether the page is the last */
    EN_PAGE_COUNT,    /* as far as EN_EXACT_TOTAL + 1, or all */
    EN_PAGE_ESTIMATE, /* EXPLAIN of all rows */
} en_page_part;

/* The text and its parameters. False: `status` says which value could not be bound. */
bool en_page_query(const en_statement *statement, en_page_part part, const en_page_ask *ask,
                   const ProtobufCMessage *request, const id_caller *caller, pd_arena *arena, pg_query *query,
                   pd_status *status);

/* For the check at start-up: the text with all its parts and a cursor, sorted by `sort`; with `sort` NULL only the
 * columns of all sorts. order[i] is the index of the parameter $i+1 for the first *n; a cursor's two follow. */
const char *en_page_whole(const en_statement *statement, const en_sort *sort, pd_arena *arena, int *order, int *n);

#endif
