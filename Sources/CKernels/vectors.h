/* Vectors of 16 floats, and what the kernels do with them; the compiler makes two or four registers of one where it must. */
#ifndef FSAC_VECTORS_H
#define FSAC_VECTORS_H
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#define MULTIVERSION __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define MULTIVERSION
#endif
#define INLINE static inline __attribute__((always_inline))

enum { LANES = 16, HALF = LANES / 2 };
/* aligned(4): rows need not begin on a vector boundary */
typedef float vfloat __attribute__((vector_size(64), aligned(4)));
typedef float vhalf __attribute__((vector_size(32), aligned(4)));
typedef int32_t vint __attribute__((vector_size(64), aligned(4)));
typedef uint8_t vbyte __attribute__((vector_size(16), aligned(1)));

#define LOAD(p) (*(const vfloat *)(p))
#define STORE(p, v) (*(vfloat *)(p) = (v))
/* Not __builtin_elementwise_max: its rules for NaN cost three instructions more. A NaN in `b` wins: put there what may be one. */
#define SELECT(mask, a, b) ((vfloat)(((mask) & (vint)(a)) | (~(mask) & (vint)(b))))
#define MIN(a, b) SELECT((a) < (b), a, b)
#define MAX(a, b) SELECT((a) > (b), a, b)
/* minus zero, not plus: that is what the compiler may leave out */
#define SPLAT(x) ((float)(x) - (vfloat){})

/* All lanes of v become what `combine` makes of all of them. */
#define ALL_LANES(v, combine) \
    do { \
        v = combine(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)); \
        v = combine(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11)); \
        v = combine(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)); \
        v = combine(v, __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)); \
    } while (0)
#define SMALLER(a, b) MIN(a, b)
#define LARGER(a, b) MAX(a, b)
#define PLUS(a, b) ((a) + (b))

/* A macro, not a function: a tail is read and written through `lanes` copies, a full vector directly. */
#define FOR_EACH_VECTOR(columns, c, lanes) \
    for (size_t c = 0, lanes; lanes = (columns) - c < LANES ? (columns) - c : LANES, c < (columns); c += LANES)

/*
 * Copies of a tail go through a variable of their own: what has its address taken with a length that is not known lives in memory, and `v` is to
 * live in a register. Eight lanes are often so: channels of convolutions come in eights.
 */
INLINE void load(vfloat *v, const float *p, size_t lanes, float padding) {
    if (lanes == LANES) {
        *v = LOAD(p);
    } else if (lanes == HALF) {
        const vhalf half = *(const vhalf *)p, rest = padding - (vhalf){};
        *v = __builtin_shufflevector(half, rest, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    } else {
        vfloat tail = SPLAT(padding);
        memcpy(&tail, p, lanes * sizeof(float));
        *v = tail;
    }
}

INLINE void store(float *p, const vfloat *v, size_t lanes) {
    if (lanes == LANES) {
        STORE(p, *v);
    } else if (lanes == HALF) {
        *(vhalf *)p = __builtin_shufflevector(*v, *v, 0, 1, 2, 3, 4, 5, 6, 7);
    } else {
        const vfloat tail = *v;
        memcpy(p, &tail, lanes * sizeof(float));
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

/*
 * 2 (1 - Phi(|v|)) = erfc(|v| / sqrt 2) by Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26; e becomes
 * e^(-v^2 / 2).
 */
INLINE void normal_tails(const vfloat *value, vfloat *tails, vfloat *e) {
    const vfloat v = *value, x = MAX(v, -v) * 0.70710678f;
    const vfloat t = 1.0f / (x * 0.3275911f + 1.0f);
    vfloat p = SPLAT(1.061405429f);
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    *e = -x * x;
    exp_of_negative(e);
    *tails = p * t * *e;
}

INLINE void gelu(vfloat *value) {
    vfloat v = *value, tails, e;
    normal_tails(&v, &tails, &e);
    vfloat upper = v * 0.5f * tails; /* v * (1 - Phi(|v|)) */
    /* v * Phi(v) is v - upper for v > 0 and upper for v < 0, where upper <= 0 */
    vfloat positive = MAX(SPLAT(0), v);
    *value = positive - MAX(upper, -upper);
}

/* 1 / (1 + e^(-1.702 v)), from the exponential of -1.702 |v|; where that is below exp_of_negative's range it is 0. */
INLINE void quick_gelu_gate(vfloat *value) {
    vfloat v = *value * 1.702f;
    vfloat x = -MAX(v, -v), e = x;
    exp_of_negative(&e);
    e = SELECT(x < -87.0f, SPLAT(0), e);
    vfloat gate = 1.0f / (1.0f + e);
    *value = SELECT(v < 0, e * gate, gate);
}

/* What makes a row's mean 0 and its (biased) variance 1: (x - mean) * scale. */
typedef struct {
    float mean, scale;
} row_norm;

INLINE row_norm norm_of_row(const float *x, size_t columns, float epsilon) {
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
    return (row_norm){mean, 1.0f / sqrtf(sum_lanes(&squares) / (float)columns + epsilon)};
}

/* A row's layer norm, with the factor and the offset of each column. */
INLINE void layer_norm_row(const float *x, const float *gamma, const float *beta, float epsilon, float *out,
                           size_t columns) {
    const row_norm norm = norm_of_row(x, columns, epsilon);
    FOR_EACH_VECTOR(columns, c, lanes) {
        vfloat v, g, b;
        load(&v, x + c, lanes, 0);
        load(&g, gamma + c, lanes, 0);
        load(&b, beta + c, lanes, 0);
        v = (v - norm.mean) * norm.scale * g + b;
        store(out + c, &v, lanes);
    }
}
#endif
