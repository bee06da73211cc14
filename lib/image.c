#include "pendientes/image.h"

#include <stdbool.h>
#include <string.h>

static bool begins(const uint8_t *bytes, size_t len, size_t at, const char *with, size_t n) {
    return len >= at + n && memcmp(bytes + at, with, n) == 0;
}

#define BEGINS(at_, literal_) begins(bytes, len, (at_), (literal_), sizeof(literal_) - 1)

static bool is_one_of(const uint8_t *brand, const char *const *names, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (memcmp(brand, names[i], 4) == 0)
            return true;
    return false;
}

/* ISO/IEC 14496-12, 4.3: size, "ftyp", major brand, version, compatible brands. ISO/IEC 23008-12 names those of HEIF;
 * AVIF has the same container, and a coding that few of our clients' viewers know. */
static const char *heif_type(const uint8_t *bytes, size_t len) {
    static const char *const heic[] = {"heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"};
    static const char *const heif[] = {"mif1", "msf1", "heif"};
    static const char *const avif[] = {"avif", "avis"};
    enum { MAJOR = 8, COMPATIBLE = 16, BRAND = 4 };
    if (!BEGINS(4, "ftyp") || len < COMPATIBLE)
        return NULL;
    size_t size = (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
    size_t end = size < len ? size : len;
    bool is_heic = is_one_of(bytes + MAJOR, heic, sizeof heic / sizeof *heic);
    bool is_heif = is_one_of(bytes + MAJOR, heif, sizeof heif / sizeof *heif);
    bool is_avif = is_one_of(bytes + MAJOR, avif, sizeof avif / sizeof *avif);
    for (size_t at = COMPATIBLE; at + BRAND <= end; at += BRAND) {
        is_heic |= is_heif && is_one_of(bytes + at, heic, sizeof heic / sizeof *heic);
        is_avif |= is_one_of(bytes + at, avif, sizeof avif / sizeof *avif);
    }
    if (is_heic)
        return "image/heic";
    return is_heif && !is_avif ? "image/heif" : NULL;
}

const char *pd_image_type(const uint8_t *bytes, size_t len) {
    if (BEGINS(0, "\xff\xd8\xff"))
        return "image/jpeg";
    if (BEGINS(0, "\x89PNG\r\n\x1a\n"))
        return "image/png";
    if (BEGINS(0, "GIF87a") || BEGINS(0, "GIF89a"))
        return "image/gif";
    if (BEGINS(0, "RIFF") && BEGINS(8, "WEBP"))
        return "image/webp";
    return heif_type(bytes, len);
}
