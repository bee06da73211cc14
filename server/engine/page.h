/* page: the page object around `content` (contract section 2), from the request and the count of rows. */
#ifndef SERVER_ENGINE_PAGE_H
#define SERVER_ENGINE_PAGE_H

#include "server/engine/page_text.h"

/* What rows and count tell of a page. */
typedef struct en_extent {
    int64_t total; /* of all pages; -1: not counted */
    bool last;     /* no row follows */
    bool estimated;
    const char *cursor; /* for what follows; NULL: none */
} en_extent;

/* Completes a page whose content is filled; memory from the arena. */
void en_page_fill(const en_statement *statement, ProtobufCMessage *reply, const ProtobufCMessage *request,
                  en_extent extent, pd_arena *arena);

/* What the request asks of its page. `secret`: 32 bytes, with which cursors are sealed. False: `status` names the field
 * that cannot be used. */
bool en_page_ask_of(const en_statement *statement, const ProtobufCMessage *request, const uint8_t *secret,
                    pd_arena *arena, en_page_ask *ask, pd_status *status);
/* The cursor behind that row of a page's result. */
const char *en_page_cursor(const en_statement *statement, const en_page_ask *ask, const PGresult *rows, int row,
                           const uint8_t *secret, pd_arena *arena);

/* True when the first row of a page's result is none of the page. */
bool en_page_is_none(const en_statement *statement, const PGresult *rows);

#endif
