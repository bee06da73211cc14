/* report: what an import changed and refused, row by row as CSV, and its summary on stdout. */
#ifndef SERVER_IMPORT_REPORT_H
#define SERVER_IMPORT_REPORT_H

#include "server/import/target.h"

#include <stdio.h>

/* Columns tabla,id,que,columna,motivo,antes,despues; see sql/importar/02_origen.sql. False: target->error tells. */
bool im_report_write(im_target *target, FILE *out);
/* The counts per table, and how often each reason was given. */
bool im_report_summary(im_target *target);

#endif
