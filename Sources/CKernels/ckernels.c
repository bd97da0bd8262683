#include "ckernels.h"

#include <math.h>
#include <sched.h>

#include "vectors.h"

MULTIVERSION void fsac_layer_norm(const float *x, const float *gamma, const float *beta, float epsilon, float *out,
                                  size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns, out += columns)
        layer_norm_row(x, gamma, beta, epsilon, out, columns);
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

/* 16 channels of an output line; kernel and stride are constants where this is inlined. */
INLINE void depthwise_channels(const float *const *lines, size_t c, size_t width, size_t channels, const float *weights,
                               const float *bias, const int kernel, const int stride, ptrdiff_t left,
                               size_t output_width, float *output) {
    vfloat taps[25];
    for (int k = 0; k < kernel * kernel; k++) taps[k] = LOAD(weights + (size_t)k * channels + c);
    const vfloat offset = LOAD(bias + c);
    const bool is_inside = lines[0] && lines[kernel - 1];
    for (size_t ox = 0; ox < output_width; ox++) {
        const ptrdiff_t x = left + (ptrdiff_t)ox * stride;
        vfloat sum = offset;
        if (is_inside && x >= 0 && x + kernel <= (ptrdiff_t)width) {
#pragma clang loop unroll(full)
            for (int ky = 0; ky < kernel; ky++) {
                const float *line = lines[ky] + (size_t)x * channels + c;
#pragma clang loop unroll(full)
                for (int kx = 0; kx < kernel; kx++) sum += LOAD(line + (size_t)kx * channels) * taps[ky * kernel + kx];
            }
        } else {
            for (int ky = 0; ky < kernel; ky++) {
                for (int kx = 0; kx < kernel; kx++) {
                    if (!lines[ky] || x + kx < 0 || x + kx >= (ptrdiff_t)width) continue;
                    sum += LOAD(lines[ky] + (size_t)(x + kx) * channels + c) *
                           LOAD(weights + (size_t)(ky * kernel + kx) * channels + c);
                }
            }
        }
        STORE(output + ox * channels + c, MIN(SPLAT(6), MAX(SPLAT(0), sum)));
    }
}

MULTIVERSION void fsac_depthwise_relu6(const float *const *lines, size_t width, size_t channels, const float *weights,
                                       const float *bias, size_t kernel, size_t stride, size_t pad_columns,
                                       size_t output_width, float *output) {
    const ptrdiff_t left = -(ptrdiff_t)pad_columns;
    for (size_t c = 0; c < channels; c += LANES) {
        if (kernel == 3 && stride == 1)
            depthwise_channels(lines, c, width, channels, weights, bias, 3, 1, left, output_width, output);
        else if (kernel == 3)
            depthwise_channels(lines, c, width, channels, weights, bias, 3, 2, left, output_width, output);
        else if (stride == 1)
            depthwise_channels(lines, c, width, channels, weights, bias, 5, 1, left, output_width, output);
        else
            depthwise_channels(lines, c, width, channels, weights, bias, 5, 2, left, output_width, output);
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
