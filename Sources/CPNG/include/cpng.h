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
 * A file that is read row by row, RGB or RGBA, 8 bits a channel (16-bit samples are rounded). `rows_at_once` is 1, or for an
 * interlaced file the height: its rows are complete only together.
 */
typedef struct fsac_png_reader fsac_png_reader;

/*
 * Opens a file with the size and channels that fsac_png_header gave; `png` has to stay until it is closed. NULL = see
 * `message`, which is also where the functions below write.
 */
fsac_png_reader *fsac_png_open(const uint8_t *png, size_t size, uint32_t height, uint32_t width, int channels,
                               char *message);
uint32_t fsac_png_rows_at_once(const fsac_png_reader *reader);

/* Reads the next `count` rows, one after the other into `pixels`: a multiple of rows_at_once. */
int fsac_png_read_rows(fsac_png_reader *reader, uint32_t count, uint8_t *pixels);

/* After the last row: `consumed` becomes the number of bytes up to and with IEND. */
int fsac_png_finish(fsac_png_reader *reader, size_t *consumed);

void fsac_png_close(fsac_png_reader *reader);

/* Encodes 8-bit RGB. `level` is zlib's, 0 to 9. `*png` is to be released with free(). */
int fsac_png_encode_rgb(const uint8_t *rgb, uint32_t height, uint32_t width, int level, uint8_t **png, size_t *size,
                        char *message);

#endif
