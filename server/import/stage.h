/* stage: puts the source's tables, one after the other, into the target's temporary tables origen_<table>, and notes in
 * `leidas` what came. Both ways of reading a source end here. Which tables and columns are known is what
 * sql/importar/02_origen.sql made: an unknown column is added as text, an unknown table's rows are only counted. */
#ifndef SERVER_IMPORT_STAGE_H
#define SERVER_IMPORT_STAGE_H

#include "server/import/target.h"

#include <stddef.h>

typedef struct im_stage {
    im_target *target;
    const char *table;
    const char *columns; /* SQL: array of their names */
    bool known;
    uint64_t rows;
} im_stage;

/* A table begins. The names are copied. False: target->error tells. */
bool im_stage_open(im_stage *s, im_target *target, const char *table, const char *const *columns, size_t n);
/* One row in COPY's text format, with its line end. */
bool im_stage_row(im_stage *s, const char *line, size_t len);
bool im_stage_close(im_stage *s);

#endif
