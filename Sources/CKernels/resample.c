#include "resample.h"

#include "vectors.h"

enum { FRACTION_BITS = 22, GROUP = 4 };
typedef uint8_t vbytes __attribute__((vector_size(LANES), aligned(1)));
typedef uint32_t vpixels __attribute__((vector_size(LANES)));

/* Sums to 16 bytes. */
INLINE void finish(const vint *sums, vbytes *bytes) {
    vint v = *sums >> FRACTION_BITS;
    v &= ~(v >> 31);
    const vint above = v > 255;
    v = (above & 255) | (~above & v);
    *bytes = __builtin_convertvector(v, vbytes);
}

INLINE void copy_bytes(void *to, const void *from, size_t lanes) {
    if (lanes == LANES) {
        memcpy(to, from, LANES);
    } else {
        memcpy(to, from, lanes);
    }
}

/* One output pixel of four rows at once: pixels are loaded and stored as four bytes, of which the last does not count. */
INLINE void pixel_of_rows(const uint8_t *const rows[GROUP], const fsac_taps *taps, size_t column, vbytes *pixels) {
    vint sums = (vint){} + (1 << (FRACTION_BITS - 1));
    const int32_t *weights = taps->weights + column * taps->capacity;
    size_t byte = (size_t)taps->first[column] * 3;
    for (int32_t tap = 0; tap < taps->count[column]; tap++, byte += 3) {
        uint32_t p[GROUP];
        for (int r = 0; r < GROUP; r++) memcpy(&p[r], rows[r] + byte, 4);
        const vpixels loaded = {p[0], p[1], p[2], p[3]};
        sums += __builtin_convertvector((vbytes)loaded, vint) * weights[tap];
    }
    finish(&sums, pixels);
}

MULTIVERSION void fsac_resample_columns(const uint8_t *rgb, size_t height, size_t width, const fsac_taps *taps,
                                        uint8_t *scratch, uint8_t *out) {
    const size_t stride = width * 3, out_stride = taps->outputs * 3;
    for (size_t row = 0; row < height; row += GROUP) {
        const uint8_t *rows[GROUP];
        const size_t left = height - row < GROUP ? height - row : GROUP;
        for (size_t r = 0; r < GROUP; r++) {
            rows[r] = rgb + (row + (r < left ? r : left - 1)) * stride;
            if (row + GROUP >= height) { /* behind the last pixel of all there is no byte to load */
                memcpy(scratch + r * (stride + 1), rows[r], stride);
                rows[r] = scratch + r * (stride + 1);
            }
        }
        for (size_t column = 0; column < taps->outputs; column++) {
            vbytes pixels;
            uint8_t bytes[LANES];
            pixel_of_rows(rows, taps, column, &pixels);
            memcpy(bytes, &pixels, LANES);
            for (size_t r = 0; r < left; r++) memcpy(out + (row + r) * out_stride + column * 3, bytes + 4 * r, 3);
        }
    }
}

MULTIVERSION void fsac_resample_rows(const uint8_t *rows, size_t bytes, const fsac_taps *taps, uint8_t *out) {
    for (size_t row = 0; row < taps->outputs; row++, out += bytes) {
        const uint8_t *source = rows + (size_t)taps->first[row] * bytes;
        const int32_t *weights = taps->weights + row * taps->capacity;
        FOR_EACH_VECTOR(bytes, i, lanes) {
            vint sums = (vint){} + (1 << (FRACTION_BITS - 1));
            for (int32_t tap = 0; tap < taps->count[row]; tap++) {
                vbytes line = {};
                copy_bytes(&line, source + (size_t)tap * bytes + i, lanes);
                sums += __builtin_convertvector(line, vint) * weights[tap];
            }
            vbytes result;
            finish(&sums, &result);
            copy_bytes(out + i, &result, lanes);
        }
    }
}
