#ifndef FSAC_CPNG_H
#define FSAC_CPNG_H

#include <stddef.h>
#include <stdint.h>

/*
 * PNG through libpng. The library reports errors by longjmp, which must never cross a Swift frame: here every function
 * returns 0, or -1 and the library's own words in `message`. Any warning is a failure; ancillary chunks (colour
 * profiles, gamma, texts) are skipped unread, so that a clumsy one cannot warn. Outputs are written on success only.
 * Everything is re-entrant.
 */

#define FSAC_PNG_MESSAGE 200

/* Size and channels (3, or 4 with alpha) of the decoded picture, from the header: allocates nothing of that size. */
int fsac_png_header(const uint8_t *png, size_t size, uint32_t *height, uint32_t *width, int *channels, char *message);

/*
 * Decodes into `pixels`, which holds height * width * channels bytes with the values that fsac_png_header gave: RGB or
 * RGBA, 8 bits a channel (16-bit samples are rounded). `consumed` becomes the number of bytes up to and with IEND.
 */
int fsac_png_decode(const uint8_t *png, size_t size, uint32_t height, uint32_t width, int channels, uint8_t *pixels,
                    size_t *consumed, char *message);

/* Encodes 8-bit RGB. `level` is zlib's, 0 to 9. `*png` is to be released with free(). */
int fsac_png_encode_rgb(const uint8_t *rgb, uint32_t height, uint32_t width, int level, uint8_t **png, size_t *size,
                        char *message);

#endif
