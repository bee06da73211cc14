/* live: reads a running database of the original system in one read-only snapshot. */
#ifndef SERVER_IMPORT_LIVE_H
#define SERVER_IMPORT_LIVE_H

#include "server/import/target.h"

/* `zone`: in which instants with a zone, which its schema has none of, would be read as local time. False:
 * target->error tells, never the URL. */
bool im_live_read(im_target *target, const char *url, const char *zone, const char *schema);

#endif
