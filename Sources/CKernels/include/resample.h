/* Kernels of the resize of pictures; see ckernels.h for why they are in C. */
#ifndef FSAC_RESAMPLE_H
#define FSAC_RESAMPLE_H
#include <stddef.h>
#include <stdint.h>

/*
 * One axis: output coordinate i is the sum of `count[i]` source pixels from first[i] on, times weights[i * capacity] and so on,
 * in units of 2^-22, rounded and clipped to 0 ... 255. Sums stay within 32 bits.
 */
typedef struct {
    const int32_t *first, *count, *weights;
    size_t capacity, outputs;
} fsac_taps;

/* RGB [height][width][3] to [height][taps->outputs][3]. `scratch` holds 4 * (3 * width + 1) bytes. */
void fsac_resample_columns(const uint8_t *rgb, size_t height, size_t width, const fsac_taps *taps, uint8_t *scratch,
                           uint8_t *out);

/* Rows of `bytes` bytes: out [taps->outputs][bytes]. */
void fsac_resample_rows(const uint8_t *rows, size_t bytes, const fsac_taps *taps, uint8_t *out);
#endif
