/* kept: which texts a connection has prepared on the way, and under which names; the least recently used makes room.
 * Not in the design's plan of rooms: conn.c is full. */
#ifndef SERVER_PG_KEPT_H
#define SERVER_PG_KEPT_H

#include <stdbool.h>

enum { PG_KEPT_MAX = 64, PG_KEPT_NAME = 24 };

typedef struct pg_kept pg_kept;

pg_kept *pg_kept_new(void);
void pg_kept_free(pg_kept *kept);
/* Forgets everything. Names are never given twice. */
void pg_kept_clear(pg_kept *kept);
/* The text's name into `name`. False: the text is new, and must be prepared under it; `old` is then the name that is to
 * be given up first, or "". */
bool pg_kept_use(pg_kept *kept, const char *sql, char name[PG_KEPT_NAME], char old[PG_KEPT_NAME]);

#endif
