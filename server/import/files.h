/* files: brings the files that imported rows name (the view por_traer) from a directory into the database, a piece at a
 * time. Which rows, and how a file is stored, is sql/importar/70_imagenes.sql. */
#ifndef SERVER_IMPORT_FILES_H
#define SERVER_IMPORT_FILES_H

#include "server/import/target.h"

/* A file that is missing, or none of the images that are served, is reported and passes. False: target->error tells. */
bool im_files_bring(im_target *target, const char *dir);

#endif
