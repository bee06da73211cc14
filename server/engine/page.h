/* page: the page object around `content` (contract section 2), from the request and the count of rows. */
#ifndef SERVER_ENGINE_PAGE_H
#define SERVER_ENGINE_PAGE_H

#include "server/engine/statement.h"

/* What a statement's row says of its page. */
typedef struct en_extent {
    int64_t total; /* rows before LIMIT; -1: not counted */
    int last;      /* 1 no row follows, 0 some do, -1: by the total */
} en_extent;

/* Completes a page whose content is filled; memory from the arena. */
void en_page_fill(const en_statement *statement, ProtobufCMessage *reply, const ProtobufCMessage *request,
                  en_extent extent, pd_arena *arena);

#endif
