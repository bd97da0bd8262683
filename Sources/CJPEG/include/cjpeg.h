#ifndef FSAC_CJPEG_H
#define FSAC_CJPEG_H

#include <stddef.h>
#include <stdint.h>

/*
 * JPEG through libjpeg-turbo. The library reports errors by longjmp, which must never cross a Swift frame, and carries
 * on after damage with no more than a warning: here every function returns a status, and any warning is a failure.
 * Outputs are written on success only, `message` on failure only. Everything is re-entrant.
 */

#define FSAC_JPEG_MESSAGE 200

enum fsac_jpeg_status {
    FSAC_JPEG_OK = 0,
    FSAC_JPEG_DAMAGED = 1,     /* the library's own words are in `message` */
    FSAC_JPEG_SCANS = 2,       /* more scans than allowed */
    FSAC_JPEG_MEMORY = 3,      /* needs more working memory than allowed */
    FSAC_JPEG_UNSUPPORTED = 4, /* neither grey nor three-component colour; `message` names what it is */
};

/* Size of the picture, from the header alone: allocates nothing that depends on it. */
int fsac_jpeg_header(const uint8_t *jpeg, size_t size, int *height, int *width, char *message);

/*
 * Decodes into `rgb`, which holds height * width * 3 bytes with the size that fsac_jpeg_header gave. `consumed` becomes
 * the number of bytes up to and with the end-of-image marker.
 */
int fsac_jpeg_decode_rgb(const uint8_t *jpeg, size_t size, int height, int width, int max_scans, long max_memory,
                         uint8_t *rgb, size_t *consumed, char *message);

/*
 * Encodes as baseline JPEG: full_chroma != 0 keeps colour at full resolution (4:4:4), else it is halved both ways
 * (4:2:0). `*jpeg` is to be released with free().
 */
int fsac_jpeg_encode_rgb(const uint8_t *rgb, int height, int width, int quality_percent, int full_chroma,
                         uint8_t **jpeg, size_t *size, char *message);

#endif
