#include "ckernels.h"

#include <math.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#define MULTIVERSION __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define MULTIVERSION
#endif
#define INLINE static inline __attribute__((always_inline))

enum { LANES = 16 };
/* aligned(4): rows need not begin on a vector boundary */
typedef float vfloat __attribute__((vector_size(64), aligned(4)));
typedef int32_t vint __attribute__((vector_size(64), aligned(4)));

#define LOAD(p) (*(const vfloat *)(p))
#define STORE(p, v) (*(vfloat *)(p) = (v))
/* Not __builtin_elementwise_max: its rules for NaN cost three instructions more. A NaN in `b` wins: put there what may be one. */
#define SELECT(mask, a, b) ((vfloat)(((mask) & (vint)(a)) | (~(mask) & (vint)(b))))
#define MIN(a, b) SELECT((a) < (b), a, b)
#define MAX(a, b) SELECT((a) > (b), a, b)
#define SPLAT(x) ((vfloat){} + (float)(x))

/* A macro, not a function: a tail is read and written through `lanes` copies, a full vector directly. */
#define FOR_EACH_VECTOR(columns, c, lanes) \
    for (size_t c = 0, lanes; lanes = (columns) - c < LANES ? (columns) - c : LANES, c < (columns); c += LANES)

INLINE void load(vfloat *v, const float *p, size_t lanes, float padding) {
    if (lanes == LANES) {
        *v = LOAD(p);
    } else {
        *v = SPLAT(padding);
        memcpy(v, p, lanes * sizeof(float));
    }
}

INLINE void store(float *p, const vfloat *v, size_t lanes) {
    if (lanes == LANES) {
        STORE(p, *v);
    } else {
        memcpy(p, v, lanes * sizeof(float));
    }
}

INLINE float sum_lanes(const vfloat *v) {
    float total = 0;
    for (int i = 0; i < LANES; i++) total += (*v)[i];
    return total;
}

/* e^x for x <= 0, relative error below 2e-7: x = n ln 2 + r, |r| <= ln 2 / 2, e^r by its series to r^7. */
INLINE void exp_of_negative(vfloat *x) {
    vfloat v = MAX(SPLAT(-87.0f), *x);
    const vfloat magic = SPLAT(12582912.0f); /* 1.5 * 2^23: adding it rounds to an integer */
    vfloat n = (v * 1.44269504f + magic) - magic;
    vfloat r = v - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    vfloat p = SPLAT(1.0f / 5040);
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    vint exponent = (__builtin_convertvector(n, vint) + 127) << 23;
    *x = p * (vfloat)exponent;
}

/* Phi(v) = erfc(-v / sqrt 2) / 2 by Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26. */
INLINE void gelu(vfloat *value) {
    vfloat v = *value;
    vfloat x = MAX(v, -v) * 0.70710678f;
    vfloat t = 1.0f / (x * 0.3275911f + 1.0f);
    vfloat p = SPLAT(1.061405429f);
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    vfloat e = -x * x;
    exp_of_negative(&e);
    vfloat upper = v * 0.5f * (p * t * e); /* v * (1 - Phi(|v|)) */
    /* v * Phi(v) is v - upper for v > 0 and upper for v < 0, where upper <= 0 */
    vfloat positive = MAX(SPLAT(0), v);
    *value = positive - MAX(upper, -upper);
}

MULTIVERSION void fsac_bias_relu6(float *x, const float *bias, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns) {
        FOR_EACH_VECTOR(columns, c, lanes) {
            vfloat v, b;
            load(&v, x + c, lanes, 0);
            load(&b, bias + c, lanes, 0);
            v = MIN(SPLAT(6), MAX(SPLAT(0), v + b));
            store(x + c, &v, lanes);
        }
    }
}

MULTIVERSION void fsac_bias_gelu(float *x, const float *bias, size_t rows, size_t columns, size_t stride) {
    for (size_t r = 0; r < rows; r++, x += stride) {
        FOR_EACH_VECTOR(columns, c, lanes) {
            vfloat v, b;
            load(&v, x + c, lanes, 0);
            load(&b, bias + c, lanes, 0);
            v = v + b;
            gelu(&v);
            store(x + c, &v, lanes);
        }
    }
}

MULTIVERSION void fsac_bias_add(const float *x, const float *bias, float *out, size_t rows, size_t columns,
                                size_t stride) {
    for (size_t r = 0; r < rows; r++, x += stride, out += stride) {
        FOR_EACH_VECTOR(columns, c, lanes) {
            vfloat v, b;
            load(&v, x + c, lanes, 0);
            load(&b, bias + c, lanes, 0);
            v = v + b;
            store(out + c, &v, lanes);
        }
    }
}

MULTIVERSION void fsac_layer_norm(const float *x, const float *gamma, const float *beta, float epsilon, float *out,
                                  size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns, out += columns) {
        vfloat sum = SPLAT(0), squares = SPLAT(0);
        FOR_EACH_VECTOR(columns, c, lanes) {
            vfloat v;
            load(&v, x + c, lanes, 0);
            sum += v;
        }
        const float mean = sum_lanes(&sum) / (float)columns;
        FOR_EACH_VECTOR(columns, c, lanes) {
            vfloat v;
            load(&v, x + c, lanes, mean);
            v -= mean;
            squares += v * v;
        }
        const float scale = 1.0f / sqrtf(sum_lanes(&squares) / (float)columns + epsilon);
        FOR_EACH_VECTOR(columns, c, lanes) {
            vfloat v, g, b;
            load(&v, x + c, lanes, 0);
            load(&g, gamma + c, lanes, 0);
            load(&b, beta + c, lanes, 0);
            v = (v - mean) * scale * g + b;
            store(out + c, &v, lanes);
        }
    }
}

MULTIVERSION void fsac_softmax(float *x, size_t rows, size_t columns, size_t stride) {
    for (size_t r = 0; r < rows; r++, x += stride) {
        vfloat highest = SPLAT(x[0]), sum = SPLAT(0);
        FOR_EACH_VECTOR(columns, c, lanes) {
            vfloat v;
            load(&v, x + c, lanes, x[0]);
            highest = MAX(highest, v);
        }
        float maximum = highest[0];
        for (int i = 1; i < LANES; i++) maximum = highest[i] > maximum ? highest[i] : maximum;
        FOR_EACH_VECTOR(columns, c, lanes) {
            vfloat v;
            load(&v, x + c, lanes, -INFINITY);
            v -= maximum;
            exp_of_negative(&v); /* a padding lane becomes e^-87: nothing beside the 1 of the maximum */
            sum += v;
            store(x + c, &v, lanes);
        }
        const float scale = 1.0f / sum_lanes(&sum);
        FOR_EACH_VECTOR(columns, c, lanes) {
            vfloat v;
            load(&v, x + c, lanes, 0);
            v *= scale;
            store(x + c, &v, lanes);
        }
    }
}

MULTIVERSION void fsac_l2_normalize(float *x, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns) {
        vfloat squares = SPLAT(0);
        FOR_EACH_VECTOR(columns, c, lanes) {
            vfloat v;
            load(&v, x + c, lanes, 0);
            squares += v * v;
        }
        const float norm = sqrtf(sum_lanes(&squares));
        const float scale = norm > 1e-12f ? 1.0f / norm : 0.0f;
        FOR_EACH_VECTOR(columns, c, lanes) {
            vfloat v;
            load(&v, x + c, lanes, 0);
            v *= scale;
            store(x + c, &v, lanes);
        }
    }
}

/* One output line of 16 channels; kernel and stride are constants where this is inlined. */
INLINE void depthwise_line(const float *input, size_t height, size_t width, size_t channels, const float *weights,
                           const float *bias, const int kernel, const int stride, ptrdiff_t top, ptrdiff_t left,
                           size_t output_width, float *output) {
    vfloat taps[25];
    for (int k = 0; k < kernel * kernel; k++) taps[k] = LOAD(weights + (size_t)k * channels);
    const vfloat offset = LOAD(bias);
    const int first_ky = top < 0 ? (int)-top : 0;
    const int last_ky = top + kernel > (ptrdiff_t)height ? (int)((ptrdiff_t)height - top) : kernel;
    for (size_t ox = 0; ox < output_width; ox++) {
        const ptrdiff_t x = left + (ptrdiff_t)ox * stride;
        vfloat sum = offset;
        if (x >= 0 && x + kernel <= (ptrdiff_t)width && first_ky == 0 && last_ky == kernel) {
            const float *corner = input + (top * (ptrdiff_t)width + x) * (ptrdiff_t)channels;
#pragma clang loop unroll(full)
            for (int ky = 0; ky < kernel; ky++) {
                const float *line = corner + (size_t)ky * width * channels;
#pragma clang loop unroll(full)
                for (int kx = 0; kx < kernel; kx++) sum += LOAD(line + (size_t)kx * channels) * taps[ky * kernel + kx];
            }
        } else {
            for (int ky = first_ky; ky < last_ky; ky++) {
                for (int kx = 0; kx < kernel; kx++) {
                    if (x + kx < 0 || x + kx >= (ptrdiff_t)width) continue;
                    sum += LOAD(input + ((top + ky) * (ptrdiff_t)width + x + kx) * (ptrdiff_t)channels) *
                           LOAD(weights + (size_t)(ky * kernel + kx) * channels);
                }
            }
        }
        STORE(output + ox * channels, MIN(SPLAT(6), MAX(SPLAT(0), sum)));
    }
}

MULTIVERSION void fsac_depthwise_relu6(const float *input, size_t height, size_t width, size_t channels,
                                       const float *weights, const float *bias, size_t kernel, size_t stride,
                                       size_t pad_rows, size_t pad_columns, size_t first_row, size_t last_row,
                                       size_t output_width, float *output) {
    const ptrdiff_t left = -(ptrdiff_t)pad_columns;
    for (size_t row = first_row; row < last_row; row++, output += output_width * channels) {
        const ptrdiff_t top = (ptrdiff_t)(row * stride) - (ptrdiff_t)pad_rows;
        for (size_t c = 0; c < channels; c += LANES) {
            if (kernel == 3 && stride == 1)
                depthwise_line(input + c, height, width, channels, weights + c, bias + c, 3, 1, top, left, output_width, output + c);
            else if (kernel == 3)
                depthwise_line(input + c, height, width, channels, weights + c, bias + c, 3, 2, top, left, output_width, output + c);
            else if (stride == 1)
                depthwise_line(input + c, height, width, channels, weights + c, bias + c, 5, 1, top, left, output_width, output + c);
            else
                depthwise_line(input + c, height, width, channels, weights + c, bias + c, 5, 2, top, left, output_width, output + c);
        }
    }
}

void fsac_spin(bool yield) {
    if (yield) {
        sched_yield();
    } else {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
}
