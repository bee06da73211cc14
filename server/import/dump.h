/* dump: reads a pg_dump in plain form, as pg_restore writes it too. It is read, never run: only its COPY blocks, of the
 * tables of one schema, reach the staging tables, and whatever else it says stays text. */
#ifndef SERVER_IMPORT_DUMP_H
#define SERVER_IMPORT_DUMP_H

#include "server/import/target.h"

#include <stdio.h>

/* False: target->error tells; a dump that was cut off, one with INSERTs, and one in another form are refused. Takes the
 * memory of its longest line. */
bool im_dump_read(im_target *target, FILE *in, const char *schema);

#endif
