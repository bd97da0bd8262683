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
 * What of a picture is wanted. The picture is reduced by `factor` (1, 2, 4 or 8, sides rounded up), then cut to
 * `rows` x `columns` from (first_row, first_column) on; these count reduced pixels.
 */
struct fsac_jpeg_window {
    int factor;
    int first_row, rows;
    int first_column, columns;
};

/*
 * Decodes into `rgb`, which holds rows * columns * 3 bytes; `height` and `width` are the size that fsac_jpeg_header gave.
 * `consumed` becomes the number of bytes up to and with the end-of-image marker. The whole file is decoded, whatever the
 * window: damage outside of it is damage. Reduced pictures come from smaller inverse transforms.
 */
int fsac_jpeg_decode_rgb(const uint8_t *jpeg, size_t size, int height, int width, struct fsac_jpeg_window window,
                         int max_scans, long max_memory, uint8_t *rgb, size_t *consumed, char *message);

/* What stands in the markers of one frame of Motion JPEG. */
struct fsac_jpeg_frame {
    int height, width;
    size_t size;          /* up to and with the end-of-image marker; what follows is a driver's padding */
    int has_all_tables;   /* whether it defines all Huffman tables that it may use */
};

/*
 * Reads the markers of one frame of Motion JPEG: baseline sequential Huffman coding in 8 bits, grey or three components,
 * one scan, restart markers complete and in order, an end-of-image marker. Everything else is refused; what is between the
 * markers is not looked at.
 */
int fsac_jpeg_read_frame(const uint8_t *jpeg, size_t size, struct fsac_jpeg_frame *frame, char *message);

/*
 * Decodes a frame that fsac_jpeg_read_frame has read (`size` is its size) as fsac_jpeg_decode_rgb does. Huffman tables
 * that it leaves out are the standard's.
 */
int fsac_jpeg_decode_frame(const uint8_t *jpeg, size_t size, int height, int width, struct fsac_jpeg_window window,
                           long max_memory, uint8_t *rgb, char *message);

/* The standard's Huffman tables (ITU-T T.81, Annex K.3) as a DHT segment, which cameras leave out. */
enum { FSAC_JPEG_TABLES = 420 };
extern const uint8_t fsac_jpeg_standard_tables[FSAC_JPEG_TABLES];

/*
 * Encodes as baseline JPEG: full_chroma != 0 keeps colour at full resolution (4:4:4), else it is halved both ways
 * (4:2:0). `*jpeg` is to be released with free().
 */
int fsac_jpeg_encode_rgb(const uint8_t *rgb, int height, int width, int quality_percent, int full_chroma,
                         uint8_t **jpeg, size_t *size, char *message);

#endif
