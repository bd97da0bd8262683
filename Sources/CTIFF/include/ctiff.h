#ifndef FSAC_CTIFF_H
#define FSAC_CTIFF_H

#include <stddef.h>
#include <stdint.h>

/*
 * TIFF through libtiff, the first picture of a file: grey, colour or palette, uncompressed, LZW, Deflate or PackBits. Every
 * function returns a status, and writes outputs on success only and `message` on failure only. Any error of the library is a
 * failure, and any warning but those about tags that it does not know. Everything is re-entrant.
 */

#define FSAC_TIFF_MESSAGE 200

enum fsac_tiff_status {
    FSAC_TIFF_OK = 0,
    FSAC_TIFF_DAMAGED = 1,     /* the library's own words are in `message` */
    FSAC_TIFF_UNSUPPORTED = 2, /* `message` names what it is */
};

/* Size of the picture as it is stored: allocates nothing that depends on it. */
int fsac_tiff_header(const uint8_t *tiff, size_t size, uint32_t *height, uint32_t *width, char *message);

/*
 * Decodes a file of the size that fsac_tiff_header gave into `rgb`, height * width * 3 bytes, row by row as it is stored.
 * 16-bit samples are rounded to 8, transparent pixels composited on black.
 */
int fsac_tiff_decode_rgb(const uint8_t *tiff, size_t size, uint32_t height, uint32_t width, uint8_t *rgb,
                         char *message);

#endif
