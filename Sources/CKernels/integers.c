#include "integers.h"

#include <float.h>

#include "vectors.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
    PANEL = 2 * LANES,
    /* the most rows of a tile, on any path */
    MOST_ROWS = 12,
};

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

/* MARK: numbers to bytes */

typedef uint8_t vbyte __attribute__((vector_size(16), aligned(1)));

INLINE void quantise_row(const float *x, size_t columns, uint8_t *q, fsac_row_scale *scale) {
    vfloat lowest = SPLAT(INFINITY), highest = SPLAT(-INFINITY), poison = SPLAT(0);
    FOR_EACH_VECTOR(columns, c, lanes) {
        vfloat v;
        load(&v, x + c, lanes, x[0]);
        lowest = MIN(v, lowest);
        highest = MAX(v, highest);
        poison += v * 0; /* NaN of what is not finite */
    }
    float low = lowest[0], high = highest[0];
    for (int i = 1; i < LANES; i++) {
        low = lowest[i] < low ? lowest[i] : low;
        high = highest[i] > high ? highest[i] : high;
    }
    const float step = (high - low) * (1.0f / 255) + sum_lanes(&poison);
    /* where 1 / step would be infinite, numbers that close count as one */
    const float inverse = step >= FLT_MIN ? 1 / step : 0;
    *scale = (fsac_row_scale){step, low};
    FOR_EACH_VECTOR(columns, c, lanes) {
        vfloat v;
        load(&v, x + c, lanes, low);
        v = (v - low) * inverse;
        v = MAX(SPLAT(0), MIN(v, SPLAT(255))) + 0.5f;
        const vbyte bytes = __builtin_convertvector(__builtin_convertvector(v, vint), vbyte);
        if (lanes == LANES) {
            *(vbyte *)(q + c) = bytes;
        } else {
            memcpy(q + c, &bytes, lanes);
        }
    }
    const size_t padding = (FSAC_QUAD - columns % FSAC_QUAD) % FSAC_QUAD;
    for (size_t c = 0; c < padding; c++) q[columns + c] = 0;
}

MULTIVERSION void fsac_quantise(const float *x, size_t x_stride, size_t rows, size_t columns, uint8_t *q,
                                size_t q_stride, fsac_row_scale *scales) {
    for (size_t r = 0; r < rows; r++) quantise_row(x + r * x_stride, columns, q + r * q_stride, scales + r);
}

MULTIVERSION void fsac_layer_norm_quantise(const float *x, const float *gamma, const float *beta, float epsilon,
                                           float *row, uint8_t *q, size_t q_stride, fsac_row_scale *scales, size_t rows,
                                           size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns) {
        layer_norm_row(x, gamma, beta, epsilon, row, columns);
        quantise_row(row, columns, q + r * q_stride, scales + r);
    }
}

/* MARK: products */

/* All columns of a panel for a few rows, and what is made of them. */
typedef struct {
    const uint8_t *q;
    size_t q_stride;
    const fsac_row_scale *scales;
    const int8_t *weights; /* [inputs / 4][PANEL][4] */
    size_t inputs;
    const float *factors, *column_sums, *bias;
    const float *addend; /* or null */
    float *out;
    size_t out_stride;
    size_t columns; /* that are there, 1 ... PANEL */
    fsac_activation activation;
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

INLINE void finish_rows(const Panel *p, const int32_t (*sums)[PANEL], size_t rows) {
    for (size_t c = 0; c < p->columns; c += LANES) {
        const size_t lanes = p->columns - c < LANES ? p->columns - c : LANES;
        const bool is_plain = lanes == LANES && p->activation == FSAC_NO_ACTIVATION;
        if (is_plain && p->addend)
            finish_columns(p, sums, rows, c, LANES, true, FSAC_NO_ACTIVATION);
        else if (is_plain)
            finish_columns(p, sums, rows, c, LANES, false, FSAC_NO_ACTIVATION);
        else
            finish_columns(p, sums, rows, c, lanes, p->addend != NULL, p->activation);
    }
}

#define UNROLLED _Pragma("clang loop unroll(full)")

INLINE int32_t quad_at(const uint8_t *q) {
    int32_t quad;
    memcpy(&quad, q, sizeof quad);
    return quad;
}

/* MARK: plain */

INLINE void products_plain(const Panel *p, int32_t (*sums)[PANEL], const int rows) {
    for (int r = 0; r < rows; r++) {
        for (size_t c = 0; c < PANEL; c++) {
            const uint8_t *q = p->q + (size_t)r * p->q_stride;
            const int8_t *w = p->weights + c * FSAC_QUAD;
            int32_t sum = 0;
            for (size_t i = 0; i < p->inputs; i += FSAC_QUAD, w += PANEL * FSAC_QUAD) {
                for (size_t k = 0; k < FSAC_QUAD; k++) sum += q[i + k] * w[k];
            }
            sums[r][c] = sum;
        }
    }
}

/* All rows, in tiles of nearly equal height. `products` is constant where this is inlined. */
#define COMPUTE(products, most) \
    const size_t tiles = (rows + (most) - 1) / (most); \
    const Panel first = panel; \
    int32_t sums[MOST_ROWS][PANEL] __attribute__((aligned(64))); \
    for (size_t index = 0; index < tiles; index++) { \
        const size_t row = rows * index / tiles, count = rows * (index + 1) / tiles - row; \
        panel.q = first.q + row * first.q_stride; \
        panel.scales = first.scales + row; \
        panel.out = first.out + row * first.out_stride; \
        panel.addend = first.addend ? first.addend + row * first.out_stride : NULL; \
        switch (count) { \
            CASE(products, most, 1) CASE(products, most, 2) CASE(products, most, 3) CASE(products, most, 4) \
            CASE(products, most, 5) CASE(products, most, 6) CASE(products, most, 7) CASE(products, most, 8) \
            CASE(products, most, 9) CASE(products, most, 10) CASE(products, most, 11) CASE(products, most, 12) \
        } \
        finish_rows(&panel, (const int32_t(*)[PANEL])sums, count); \
    }
#define CASE(products, most, count) \
    case count: \
        if (count <= most) products(&panel, sums, count); \
        break;

static void panel_plain(Panel panel, size_t rows) { COMPUTE(products_plain, 4) }

#if defined(__x86_64__)
/* MARK: AVX-512 VNNI: four products and their sum in each of 16 lanes, not saturated */

#define TARGET __attribute__((target("avx512f,avx512vnni")))
TARGET INLINE void products_avx512(const Panel *p, int32_t (*sums)[PANEL], const int rows) {
    __m512i sum[MOST_ROWS][2];
    UNROLLED for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = _mm512_setzero_si512();
    const int8_t *w = p->weights;
    for (size_t i = 0; i < p->inputs; i += FSAC_QUAD, w += PANEL * FSAC_QUAD) {
        const __m512i left = _mm512_loadu_si512(w), right = _mm512_loadu_si512(w + 64);
        UNROLLED for (int r = 0; r < rows; r++) {
            const __m512i q = _mm512_set1_epi32(quad_at(p->q + (size_t)r * p->q_stride + i));
            sum[r][0] = _mm512_dpbusd_epi32(sum[r][0], q, left);
            sum[r][1] = _mm512_dpbusd_epi32(sum[r][1], q, right);
        }
    }
    UNROLLED for (int r = 0; r < rows; r++) {
        _mm512_store_si512(sums[r], sum[r][0]);
        _mm512_store_si512(sums[r] + LANES, sum[r][1]);
    }
}
TARGET static void panel_avx512(Panel panel, size_t rows) { COMPUTE(products_avx512, 12) }
#undef TARGET

/* MARK: AVX-VNNI: the same in 8 lanes */

#define TARGET __attribute__((target("avx2,fma,avxvnni")))
TARGET INLINE void products_avx_vnni(const Panel *p, int32_t (*sums)[PANEL], const int rows) {
    for (size_t c = 0; c < PANEL; c += 16) {
        __m256i sum[MOST_ROWS][2];
        UNROLLED for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = _mm256_setzero_si256();
        const int8_t *w = p->weights + c * FSAC_QUAD;
        for (size_t i = 0; i < p->inputs; i += FSAC_QUAD, w += PANEL * FSAC_QUAD) {
            const __m256i left = _mm256_loadu_si256((const __m256i *)w);
            const __m256i right = _mm256_loadu_si256((const __m256i *)(w + 32));
            UNROLLED for (int r = 0; r < rows; r++) {
                const __m256i q = _mm256_set1_epi32(quad_at(p->q + (size_t)r * p->q_stride + i));
                sum[r][0] = _mm256_dpbusd_avx_epi32(sum[r][0], q, left);
                sum[r][1] = _mm256_dpbusd_avx_epi32(sum[r][1], q, right);
            }
        }
        UNROLLED for (int r = 0; r < rows; r++) {
            _mm256_store_si256((__m256i *)(sums[r] + c), sum[r][0]);
            _mm256_store_si256((__m256i *)(sums[r] + c + 8), sum[r][1]);
        }
    }
}
TARGET static void panel_avx_vnni(Panel panel, size_t rows) { COMPUTE(products_avx_vnni, 6) }
#undef TARGET

/*
 * MARK: AVX2. vpmaddubsw would saturate (2 * 255 * 127 exceeds 16 bits), so bytes are multiplied as numbers of 16 bits: a lane has
 * the products 0 and 2 of a column's four, then 1 and 3. Rows are widened a block of inputs at a time, for all columns.
 */

#define TARGET __attribute__((target("avx2,fma")))
enum { WIDE_BLOCK = 512 };

/* Four inputs become two units: first[..] has 0 and 2, and so on in pairs; `count` is a multiple of 4. */
TARGET INLINE void widen(const uint8_t *q, size_t count, int32_t *units) {
    for (size_t i = 0; i < count; i += FSAC_QUAD) {
        const uint32_t quad = (uint32_t)quad_at(q + i);
        units[i / 2] = (int32_t)(quad & 0x00ff00ff);
        units[i / 2 + 1] = (int32_t)(quad >> 8 & 0x00ff00ff);
    }
}

TARGET INLINE void products_avx2(const Panel *p, int32_t (*sums)[PANEL], const int rows) {
    int32_t units[MOST_ROWS][WIDE_BLOCK / 2];
    for (size_t block = 0; block < p->inputs; block += WIDE_BLOCK) {
        const size_t inputs = p->inputs - block < WIDE_BLOCK ? p->inputs - block : WIDE_BLOCK;
        for (int r = 0; r < rows; r++) widen(p->q + (size_t)r * p->q_stride + block, inputs, units[r]);
        for (size_t c = 0; c < PANEL; c += 16) {
            __m256i sum[MOST_ROWS][2];
            UNROLLED for (int r = 0; r < rows; r++) {
                UNROLLED for (int v = 0; v < 2; v++) {
                    const __m256i *before = (const __m256i *)(sums[r] + c + 8 * v);
                    sum[r][v] = block == 0 ? _mm256_setzero_si256() : _mm256_load_si256(before);
                }
            }
            const int8_t *w = p->weights + block * PANEL + c * FSAC_QUAD;
            for (size_t i = 0; i < inputs; i += FSAC_QUAD, w += PANEL * FSAC_QUAD) {
                __m256i even[2], odd[2];
                UNROLLED for (int v = 0; v < 2; v++) {
                    const __m256i bytes = _mm256_loadu_si256((const __m256i *)(w + 32 * v));
                    even[v] = _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8);
                    odd[v] = _mm256_srai_epi16(bytes, 8);
                }
                UNROLLED for (int r = 0; r < rows; r++) {
                    const __m256i first = _mm256_set1_epi32(units[r][i / 2]);
                    const __m256i second = _mm256_set1_epi32(units[r][i / 2 + 1]);
                    UNROLLED for (int v = 0; v < 2; v++) {
                        sum[r][v] = _mm256_add_epi32(sum[r][v], _mm256_madd_epi16(first, even[v]));
                        sum[r][v] = _mm256_add_epi32(sum[r][v], _mm256_madd_epi16(second, odd[v]));
                    }
                }
            }
            UNROLLED for (int r = 0; r < rows; r++) {
                _mm256_store_si256((__m256i *)(sums[r] + c), sum[r][0]);
                _mm256_store_si256((__m256i *)(sums[r] + c + 8), sum[r][1]);
            }
        }
    }
}
TARGET static void panel_avx2(Panel panel, size_t rows) { COMPUTE(products_avx2, 4) }
#undef TARGET
#endif

void fsac_integer_linear(fsac_path path, const uint8_t *q, size_t q_stride, const fsac_row_scale *scales, size_t rows,
                         const fsac_integer_weights *weights, size_t columns, const float *addend,
                         fsac_activation activation, float *out, size_t out_stride) {
    for (size_t column = 0; column < columns; column += PANEL) {
        const Panel panel = {
            .q = q,
            .q_stride = q_stride,
            .scales = scales,
            .weights = weights->panels + column * weights->inputs,
            .inputs = weights->inputs,
            .factors = weights->factors + column,
            .column_sums = weights->sums + column,
            .bias = weights->bias + column,
            .addend = addend ? addend + column : NULL,
            .out = out + column,
            .out_stride = out_stride,
            .columns = columns - column < PANEL ? columns - column : PANEL,
            .activation = activation,
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
