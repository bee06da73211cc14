/* image: which kind of image some bytes are, by what they begin with, whatever name or type they came with. Not in the
 * design's plan of rooms: both processes judge it (check), and the core stores it. Thread-safe. */
#ifndef PENDIENTES_IMAGE_H
#define PENDIENTES_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/* The media type of a file that begins with these bytes, a constant; NULL when it is none of JPEG, PNG, WebP, GIF, HEIC
 * and HEIF. The first 64 bytes are enough for most; for HEIC as many as its first box has. */
const char *pd_image_type(const uint8_t *bytes, size_t len);

#endif
