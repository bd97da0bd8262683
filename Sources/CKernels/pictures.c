#include "pictures.h"

#include "vectors.h"

/* sums[i] = sum over `count` rows of byte `first + i`; rows beyond the last repeat it */
INLINE void sum_rows(const uint8_t *plane, size_t bytes_per_row, size_t last_row, size_t row, const size_t count,
                     size_t first, size_t bytes, uint16_t *restrict sums) {
    for (size_t r = 0; r < count; r++) {
        const uint8_t *restrict line = plane + (row + r < last_row ? row + r : last_row) * bytes_per_row + first;
        if (r == 0) {
            for (size_t i = 0; i < bytes; i++) sums[i] = line[i];
        } else {
            for (size_t i = 0; i < bytes; i++) sums[i] += line[i];
        }
    }
}

/* Repeats the last of `have` groups of `size` sums until there are `want`. */
INLINE void repeat_last(uint16_t *sums, size_t size, size_t have, size_t want) {
    for (size_t i = have * size; i < want * size; i++) sums[i] = sums[i - size];
}

/* Sums over blocks of Y, U and V to RGB; `shift` is log2 of the pixels in a block. */
INLINE void convert(const uint16_t *restrict y, const uint16_t *restrict u, const uint16_t *restrict v, size_t columns,
                    const int shift, uint8_t *restrict rgb) {
    const int32_t half = 1 << (12 + shift);
    for (size_t i = 0; i < columns; i++) {
        const int32_t luma = 9539 * ((int32_t)y[i] - (16 << shift)) + half;
        const int32_t blue = (int32_t)u[i] - (128 << shift), red = (int32_t)v[i] - (128 << shift);
        const int32_t r = (luma + 13075 * red) >> (13 + shift);
        const int32_t g = (luma - 3209 * blue - 6660 * red) >> (13 + shift);
        const int32_t b = (luma + 16525 * blue) >> (13 + shift);
        rgb[3 * i] = (uint8_t)(r < 0 ? 0 : r > 255 ? 255 : r);
        rgb[3 * i + 1] = (uint8_t)(g < 0 ? 0 : g > 255 ? 255 : g);
        rgb[3 * i + 2] = (uint8_t)(b < 0 ? 0 : b > 255 ? 255 : b);
    }
}

/* Where the sums of a row of blocks lie: those of the source's columns, then Y, U, V of the blocks. */
typedef struct {
    uint16_t *columns, *y, *u, *v;
} row_sums;

/* One row of blocks of YUYV, or UYVY if luma = 1. */
INLINE void packed_row(const fsac_picture *p, const fsac_blocks *b, const size_t f, const size_t luma, size_t row,
                       row_sums s) {
    const size_t chroma = 1 - luma;
    const size_t first = b->first_column * f / 2; /* pairs of pixels */
    const size_t want = (b->first_column * f + b->columns * f + 1) / 2 - first, last = (p->width + 1) / 2;
    const size_t have = first + want < last ? want : last - first;
    uint16_t *c = s.columns;
    sum_rows(p->bytes, p->bytes_per_row, p->height - 1, row * f, f, first * 4, have * 4, c);
    if (first + have == last && p->width % 2) c[have * 4 - 2 + luma] = c[have * 4 - 4 + luma];
    if (have < want) {
        for (size_t pair = have; pair < want; pair++) { /* the last pixel, not the last pair */
            for (size_t i = 0; i < 4; i++) c[pair * 4 + i] = c[have * 4 - 4 + i];
            c[pair * 4 + luma] = c[have * 4 - 2 + luma];
        }
    }
    for (size_t i = 0; f == 1 && i < b->columns; i++) {
        const size_t x = i + b->first_column % 2;
        s.y[i] = c[2 * x + luma];
        s.u[i] = c[x / 2 * 4 + chroma];
        s.v[i] = c[x / 2 * 4 + chroma + 2];
    }
    for (size_t i = 0; f > 1 && i < b->columns; i++) {
        uint32_t y = 0, u = 0, v = 0;
        for (size_t pair = i * (f / 2); pair < (i + 1) * (f / 2); pair++) {
            y += c[pair * 4 + luma] + c[pair * 4 + luma + 2];
            u += c[pair * 4 + chroma];
            v += c[pair * 4 + chroma + 2];
        }
        s.y[i] = (uint16_t)y;
        s.u[i] = (uint16_t)(2 * u);
        s.v[i] = (uint16_t)(2 * v);
    }
}

/* One row of blocks of a plane of bytes: the sums of `f` x `f` of them. */
INLINE void grey_row(const fsac_picture *p, const fsac_blocks *b, const size_t f, size_t row, uint16_t *c,
                     uint16_t *restrict sums) {
    const size_t first = b->first_column * f, want = b->columns * f;
    const size_t have = first + want < p->width ? want : p->width - first;
    sum_rows(p->bytes, p->bytes_per_row, p->height - 1, row * f, f, first, have, c);
    repeat_last(c, 1, have, want);
    for (size_t i = 0; i < b->columns; i++) {
        uint32_t sum = 0;
        for (size_t x = i * f; x < (i + 1) * f; x++) sum += c[x];
        sums[i] = (uint16_t)sum;
    }
}

INLINE void nv12_row(const fsac_picture *p, const fsac_blocks *b, const size_t f, size_t row, row_sums s) {
    grey_row(p, b, f, row, s.columns, s.y);
    const uint8_t *plane = p->bytes + p->height * p->bytes_per_row;
    const size_t g = f > 1 ? f / 2 : 1, weight = f > 1 ? 4 : 1; /* chroma samples along a block, pixels a sample */
    const size_t first = b->first_column * f / 2, last = (p->width + 1) / 2;
    const size_t want = (b->first_column * f + b->columns * f + 1) / 2 - first;
    const size_t have = first + want < last ? want : last - first;
    uint16_t *c = s.columns;
    sum_rows(plane, p->bytes_per_row, (p->height + 1) / 2 - 1, row * f / 2, g, first * 2, have * 2, c);
    repeat_last(c, 2, have, want);
    for (size_t i = 0; i < b->columns; i++) {
        const size_t pair = f > 1 ? i * g : (i + b->first_column % 2) / 2;
        uint32_t u = 0, v = 0;
        for (size_t x = pair; x < pair + g; x++) {
            u += c[2 * x];
            v += c[2 * x + 1];
        }
        s.u[i] = (uint16_t)(weight * u);
        s.v[i] = (uint16_t)(weight * v);
    }
}

/* One row of blocks of RGB, or BGR if red = 2. */
INLINE void rgb_row(const fsac_picture *p, const fsac_blocks *b, const size_t f, const int shift, const size_t red,
                    size_t row, uint16_t *c, uint8_t *restrict rgb) {
    const size_t first = b->first_column * f, want = b->columns * f;
    const size_t have = first + want < p->width ? want : p->width - first;
    const uint32_t half = (1u << shift) >> 1;
    sum_rows(p->bytes, p->bytes_per_row, p->height - 1, row * f, f, first * 3, have * 3, c);
    repeat_last(c, 3, have, want);
    for (size_t i = 0; i < b->columns; i++) {
        uint32_t r = half, g = half, bl = half;
        for (size_t x = i * f; x < (i + 1) * f; x++) {
            r += c[3 * x + red];
            g += c[3 * x + 1];
            bl += c[3 * x + 2 - red];
        }
        rgb[3 * i] = (uint8_t)(r >> shift);
        rgb[3 * i + 1] = (uint8_t)(g >> shift);
        rgb[3 * i + 2] = (uint8_t)(bl >> shift);
    }
}

/* `f` and `shift` are constants where this is inlined. */
INLINE void reduce(const fsac_picture *p, const fsac_blocks *b, const size_t f, const int shift, uint16_t *scratch,
                   uint8_t *rgb) {
    const size_t n = b->columns;
    const row_sums s = {scratch + 3 * n, scratch, scratch + n, scratch + 2 * n};
    for (size_t row = b->first_row; row < b->first_row + b->rows; row++, rgb += 3 * n) {
        switch (p->layout) {
        case FSAC_YUYV: packed_row(p, b, f, 0, row, s); break;
        case FSAC_UYVY: packed_row(p, b, f, 1, row, s); break;
        case FSAC_NV12: nv12_row(p, b, f, row, s); break;
        case FSAC_GREY:
            grey_row(p, b, f, row, s.columns, s.y);
            for (size_t i = 0; i < n; i++) {
                const uint8_t grey = (uint8_t)((s.y[i] + ((1u << shift) >> 1)) >> shift);
                rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = grey;
            }
            continue;
        case FSAC_RGB24: rgb_row(p, b, f, shift, 0, row, s.columns, rgb); continue;
        case FSAC_BGR24: rgb_row(p, b, f, shift, 2, row, s.columns, rgb); continue;
        }
        convert(s.y, s.u, s.v, n, shift, rgb);
    }
}

MULTIVERSION void fsac_reduce_picture(const fsac_picture *picture, const fsac_blocks *blocks, uint16_t *scratch,
                                      uint8_t *rgb) {
    switch (blocks->factor) {
    case 1: reduce(picture, blocks, 1, 0, scratch, rgb); break;
    case 2: reduce(picture, blocks, 2, 2, scratch, rgb); break;
    case 4: reduce(picture, blocks, 4, 4, scratch, rgb); break;
    default: reduce(picture, blocks, 8, 6, scratch, rgb); break;
    }
}
