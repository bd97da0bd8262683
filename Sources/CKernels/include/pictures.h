/* Kernels that make RGB of what cameras give; see ckernels.h for why they are in C. */
#ifndef FSAC_PICTURES_H
#define FSAC_PICTURES_H
#include <stddef.h>
#include <stdint.h>

typedef enum { FSAC_YUYV, FSAC_UYVY, FSAC_NV12, FSAC_GREY, FSAC_RGB24, FSAC_BGR24 } fsac_layout;

/* An uncompressed picture. Rows are bytes_per_row apart, those of NV12's second plane, which follows the first, too. */
typedef struct {
    fsac_layout layout;
    const uint8_t *bytes;
    size_t bytes_per_row, height, width;
} fsac_picture;

/* Reduced pixels: a block is factor x factor pixels, blocks are counted from the picture's upper left corner. */
typedef struct {
    size_t factor; /* 1, 2, 4 or 8 */
    size_t first_row, rows, first_column, columns;
} fsac_blocks;

/* How many numbers of scratch fsac_reduce_picture needs. */
static inline size_t fsac_reduce_scratch(fsac_blocks blocks) {
    return (3 * blocks.factor + 3) * blocks.columns + 16;
}

/*
 * The mean of each block as RGB [rows][columns][3]. A block may reach beyond the picture's last row and column (not begin
 * there): these are repeated. With n = factor * factor and s the sum over a block:
 *   RGB24, BGR24, GREY (full range)   (s + n / 2) / n
 *   YUYV, UYVY, NV12                  BT.601, Y 16 ... 235, U and V 16 ... 240, chroma of the pixel that it stands for,
 *                                     not interpolated; with y = s(Y) - 16 n, u = s(U) - 128 n, v = s(V) - 128 n:
 *     R = (9539 y           + 13075 v) / (8192 n)      rounded to the nearest, halves up, and clipped to 0 ... 255
 *     G = (9539 y -  3209 u -  6660 v) / (8192 n)
 *     B = (9539 y + 16525 u          ) / (8192 n)
 */
void fsac_reduce_picture(const fsac_picture *picture, const fsac_blocks *blocks, uint16_t *scratch, uint8_t *rgb);
#endif
