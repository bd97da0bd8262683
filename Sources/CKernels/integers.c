#include "integers.h"

#include <float.h>

#include "products.h"

bool fsac_has_path(fsac_path path) {
#if defined(__x86_64__)
    switch (path) {
        case FSAC_PLAIN: return true;
        case FSAC_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
        case FSAC_AVX_VNNI: return fsac_has_path(FSAC_AVX2) && __builtin_cpu_supports("avxvnni");
        case FSAC_AVX512_VNNI: return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni");
    }
    return false;
#else
    return path == FSAC_PLAIN;
#endif
}

/* MARK: numbers to integers */

typedef int16_t vword __attribute__((vector_size(32), aligned(2)));

/* The first `lanes` of v, whose type is `type`. */
#define STORE_LANES(type, p, v, lanes) \
    do { \
        const type all = v; \
        if (lanes == LANES) \
            memcpy(p, &all, sizeof all); \
        else if (lanes == HALF) \
            memcpy(p, &all, sizeof all / 2); \
        else \
            memcpy(p, &all, sizeof all / LANES * lanes); \
    } while (0)

INLINE void quantise_row(const float *x, size_t columns, uint8_t *q, fsac_row_scale *scale, const fsac_width width) {
    const float levels = width == FSAC_BYTES ? FSAC_BYTE_LEVELS : FSAC_WORD_LEVELS;
    vfloat lowest = SPLAT(INFINITY), highest = SPLAT(-INFINITY), poison = SPLAT(0);
    FOR_EACH_VECTOR(columns, c, lanes) {
        vfloat v;
        load(&v, x + c, lanes, x[0]);
        lowest = MIN(v, lowest);
        highest = MAX(v, highest);
        poison += v * 0; /* NaN of what is not finite */
    }
    ALL_LANES(lowest, SMALLER);
    ALL_LANES(highest, LARGER);
    ALL_LANES(poison, PLUS);
    const float low = lowest[0], step = (highest[0] - low) * (1 / levels) + poison[0];
    /* where 1 / step would be infinite, numbers that close count as one */
    const float inverse = step >= FLT_MIN ? 1 / step : 0;
    *scale = (fsac_row_scale){step, low};
    FOR_EACH_VECTOR(columns, c, lanes) {
        vfloat v;
        load(&v, x + c, lanes, low);
        v = (v - low) * inverse;
        v = MAX(SPLAT(0), MIN(v, SPLAT(levels))) + 0.5f;
        const vint whole = __builtin_convertvector(v, vint);
        if (width == FSAC_BYTES)
            STORE_LANES(vbyte, q + c, __builtin_convertvector(whole, vbyte), lanes);
        else
            STORE_LANES(vword, (int16_t *)(void *)q + c, __builtin_convertvector(whole, vword), lanes);
    }
    const size_t bytes = columns * (width == FSAC_BYTES ? 1 : sizeof(int16_t)), padding = -bytes % FSAC_QUAD;
    for (size_t i = 0; i < padding; i++) q[bytes + i] = 0;
}

INLINE void quantise_rows(const float *x, size_t x_stride, size_t rows, size_t columns, uint8_t *q, size_t q_stride,
                          fsac_row_scale *scales, const fsac_width width) {
    for (size_t r = 0; r < rows; r++) quantise_row(x + r * x_stride, columns, q + r * q_stride, scales + r, width);
}

MULTIVERSION void fsac_quantise(fsac_width width, const float *x, size_t x_stride, size_t rows, size_t columns, void *q,
                                size_t q_stride, fsac_row_scale *scales) {
    if (width == FSAC_BYTES)
        quantise_rows(x, x_stride, rows, columns, q, q_stride, scales, FSAC_BYTES);
    else
        quantise_rows(x, x_stride, rows, columns, q, q_stride, scales, FSAC_WORDS);
}

MULTIVERSION void fsac_layer_norm_quantise(const float *x, const float *gamma, const float *beta, float epsilon,
                                           float *row, uint8_t *q, size_t q_stride, fsac_row_scale *scales, size_t rows,
                                           size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns) {
        layer_norm_row(x, gamma, beta, epsilon, row, columns);
        quantise_row(row, columns, q + r * q_stride, scales + r, FSAC_BYTES);
    }
}

/* MARK: products */

/* All columns of a panel for a few rows, and what is made of them. */
typedef struct {
    Products products;
    const fsac_row_scale *scales;
    const float *factors, *column_sums, *bias;
    const float *addend; /* or null */
    float *out;
    size_t out_stride;
    size_t columns; /* that are there, 1 ... PANEL */
    fsac_activation activation;
    fsac_width width;
} Panel;

/*
 * v Phi(v) in a third of the time of gelu(): Phi by a polynomial (least weighted error on |v| <= 4.2, found by Lawson's iteration).
 * |error| <= 1e-4 for |v| <= 12 and 1e-5 |v| beyond, against some 0.005 of the bytes that this becomes next.
 */
INLINE void short_gelu(vfloat *value) {
    const vfloat v = *value, t = MIN(v, SPLAT(4.2f)), x = MAX(t, SPLAT(-4.2f)), s = x * x;
    vfloat p = SPLAT(4.92383159e-11f);
    p = p * s - 4.79567154e-09f;
    p = p * s + 2.07247932e-07f;
    p = p * s - 5.28956957e-06f;
    p = p * s + 8.9835993e-05f;
    p = p * s - 1.0864593e-03f;
    p = p * s + 9.74094106e-03f;
    p = p * s - 6.62220781e-02f;
    p = p * s + 0.398834579f;
    p = p * x + 0.5f;
    *value = SELECT(v < -4.2f, v * 0, v * p);
}

/* From sums of integers to the `lanes` columns of the output that begin at c; the last three are constant where speed counts. */
INLINE void finish_columns(const Panel *p, const int32_t (*sums)[PANEL], size_t rows, size_t c, const size_t lanes,
                           const bool has_addend, const fsac_activation activation) {
    const vfloat factors = LOAD(p->factors + c), column_sums = LOAD(p->column_sums + c), bias = LOAD(p->bias + c);
    for (size_t r = 0; r < rows; r++) {
        const vfloat sum = __builtin_convertvector(*(const vint *)(sums[r] + c), vfloat);
        vfloat value = sum * (factors * p->scales[r].step) + (column_sums * p->scales[r].low + bias);
        if (has_addend) {
            vfloat addend;
            load(&addend, p->addend + r * p->out_stride + c, lanes, 0);
            value += addend;
        }
        switch (activation) {
            case FSAC_NO_ACTIVATION: break;
            case FSAC_RELU6: value = MIN(SPLAT(6), MAX(SPLAT(0), value)); break;
            case FSAC_GELU: short_gelu(&value); break;
            case FSAC_QUICK_GELU: {
                vfloat gate = value;
                quick_gelu_gate(&gate);
                value *= gate;
                break;
            }
        }
        store(p->out + r * p->out_stride + c, &value, lanes);
    }
}

/* With what is known of the layer as constants. */
#define FINISH(lanes, activation) \
    if (p->addend) \
        finish_columns(p, sums, rows, c, lanes, true, activation); \
    else \
        finish_columns(p, sums, rows, c, lanes, false, activation)

INLINE void finish_rows(const Panel *p, const int32_t (*sums)[PANEL], size_t rows) {
    for (size_t c = 0; c < p->columns; c += LANES) {
        const size_t lanes = p->columns - c < LANES ? p->columns - c : LANES;
        if (lanes == LANES && p->activation == FSAC_NO_ACTIVATION) {
            FINISH(LANES, FSAC_NO_ACTIVATION);
        } else if (lanes == LANES && p->activation == FSAC_RELU6) {
            FINISH(LANES, FSAC_RELU6);
        } else if (lanes == LANES && p->activation == FSAC_GELU) {
            FINISH(LANES, FSAC_GELU);
        } else if (lanes == HALF && p->activation == FSAC_NO_ACTIVATION) {
            FINISH(HALF, FSAC_NO_ACTIVATION);
        } else {
            finish_columns(p, sums, rows, c, lanes, p->addend != NULL, p->activation);
        }
    }
}

/* All rows, in tiles of nearly equal height. */
#define COMPUTE(products_of_path, most, width) \
    const Panel first = panel; \
    int32_t sums[MOST_ROWS][PANEL] __attribute__((aligned(64))); \
    FOR_EACH_TILE(rows, most, row, count) { \
        panel.products.q = first.products.q + row * first.products.q_stride; \
        panel.scales = first.scales + row; \
        panel.out = first.out + row * first.out_stride; \
        panel.addend = first.addend ? first.addend + row * first.out_stride : NULL; \
        WITH_CONSTANT_ROWS(most, count, products_of_path(&panel.products, sums, ROWS, width)) \
        finish_rows(&panel, (const int32_t(*)[PANEL])sums, count); \
    }

#define COMPUTE_EITHER(products_of_path, most) \
    if (panel.width == FSAC_BYTES) { \
        COMPUTE(products_of_path, most, FSAC_BYTES) \
    } else { \
        COMPUTE(products_of_path, most, FSAC_WORDS) \
    }

static void panel_plain(Panel panel, size_t rows) { COMPUTE_EITHER(products_plain, ROWS_PLAIN) }
#if defined(__x86_64__)
AVX2 static void panel_avx2(Panel panel, size_t rows) { COMPUTE_EITHER(products_avx2, ROWS_AVX2) }
AVX_VNNI static void panel_avx_vnni(Panel panel, size_t rows) { COMPUTE_EITHER(products_avx_vnni, ROWS_AVX_VNNI) }
AVX512 static void panel_avx512(Panel panel, size_t rows) { COMPUTE_EITHER(products_avx512, ROWS_AVX512) }
#endif

void fsac_integer_linear(fsac_path path, const void *q, size_t q_stride, const fsac_row_scale *scales, size_t rows,
                         const fsac_integer_weights *weights, size_t columns, const float *addend,
                         fsac_activation activation, float *out, size_t out_stride) {
    for (size_t column = 0; column < columns; column += PANEL) {
        const Panel panel = {
            .products = {q, q_stride, (const int8_t *)weights->panels + column * weights->row_bytes, weights->row_bytes},
            .scales = scales,
            .factors = weights->factors + column,
            .column_sums = weights->sums + column,
            .bias = weights->bias + column,
            .addend = addend ? addend + column : NULL,
            .out = out + column,
            .out_stride = out_stride,
            .columns = columns - column < PANEL ? columns - column : PANEL,
            .activation = activation,
            .width = weights->width,
        };
        switch (path) {
#if defined(__x86_64__)
            case FSAC_AVX512_VNNI: panel_avx512(panel, rows); break;
            case FSAC_AVX_VNNI: panel_avx_vnni(panel, rows); break;
            case FSAC_AVX2: panel_avx2(panel, rows); break;
#endif
            default: panel_plain(panel, rows);
        }
    }
}
