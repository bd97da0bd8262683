/*
 * Products of bytes or of words, the inner loops of linear layers (integers.c) and of the search for neighbours (neighbours.c): a few rows
 * times one panel of columns. Every path gives the same sums, to the last bit. A quad is what a lane of 32 bits takes at a time: four bytes
 * or two words.
 */
#ifndef FSAC_PRODUCTS_H
#define FSAC_PRODUCTS_H
#include "integers.h"
#include "vectors.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
    PANEL = 2 * LANES,
    /* the most rows of a tile: on each path, and on any */
    ROWS_PLAIN = 4,
    ROWS_AVX2 = 4,
    ROWS_AVX_VNNI = 6,
    ROWS_AVX512 = 12,
    MOST_ROWS = 12,
};

/* What is multiplied: rows of numbers and all columns of a panel, as integers.h has them. */
typedef struct {
    const uint8_t *q; /* rows of `row_bytes`, q_stride bytes apart */
    size_t q_stride;
    const int8_t *weights; /* [quads][PANEL] quads */
    size_t row_bytes;      /* a multiple of FSAC_QUAD */
} Products;

#define UNROLLED _Pragma("clang loop unroll(full)")

INLINE int32_t quad_at(const uint8_t *q) {
    int32_t quad;
    memcpy(&quad, q, sizeof quad);
    return quad;
}

/* MARK: plain */

INLINE int32_t product_of_quads(const uint8_t *q, const int8_t *w, const fsac_width width) {
    if (width == FSAC_BYTES) return q[0] * w[0] + q[1] * w[1] + q[2] * w[2] + q[3] * w[3];
    int16_t a[2], b[2];
    memcpy(a, q, sizeof a);
    memcpy(b, w, sizeof b);
    return a[0] * b[0] + a[1] * b[1];
}

INLINE void products_plain(const Products *p, int32_t (*sums)[PANEL], const int rows, const fsac_width width) {
    for (int r = 0; r < rows; r++) {
        for (size_t c = 0; c < PANEL; c++) {
            const uint8_t *q = p->q + (size_t)r * p->q_stride;
            const int8_t *w = p->weights + c * FSAC_QUAD;
            int32_t sum = 0;
            for (size_t i = 0; i < p->row_bytes; i += FSAC_QUAD, w += PANEL * FSAC_QUAD)
                sum += product_of_quads(q + i, w, width);
            sums[r][c] = sum;
        }
    }
}

#if defined(__x86_64__)
#define AVX512 __attribute__((target("avx512f,avx512vnni")))
#define AVX_VNNI __attribute__((target("avx2,fma,avxvnni")))
#define AVX2 __attribute__((target("avx2,fma")))

/* MARK: AVX-512 VNNI: a quad's products and their sum in each of 16 lanes, not saturated */

AVX512 INLINE void products_avx512(const Products *p, int32_t (*sums)[PANEL], const int rows, const fsac_width width) {
    __m512i sum[MOST_ROWS][2];
    UNROLLED for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = _mm512_setzero_si512();
    const int8_t *w = p->weights;
    for (size_t i = 0; i < p->row_bytes; i += FSAC_QUAD, w += PANEL * FSAC_QUAD) {
        const __m512i left = _mm512_loadu_si512(w), right = _mm512_loadu_si512(w + 64);
        UNROLLED for (int r = 0; r < rows; r++) {
            const __m512i q = _mm512_set1_epi32(quad_at(p->q + (size_t)r * p->q_stride + i));
            if (width == FSAC_BYTES) {
                sum[r][0] = _mm512_dpbusd_epi32(sum[r][0], q, left);
                sum[r][1] = _mm512_dpbusd_epi32(sum[r][1], q, right);
            } else {
                sum[r][0] = _mm512_dpwssd_epi32(sum[r][0], q, left);
                sum[r][1] = _mm512_dpwssd_epi32(sum[r][1], q, right);
            }
        }
    }
    UNROLLED for (int r = 0; r < rows; r++) {
        _mm512_store_si512(sums[r], sum[r][0]);
        _mm512_store_si512(sums[r] + LANES, sum[r][1]);
    }
}

/*
 * MARK: AVX-VNNI: the same in 8 lanes. `add(sum, q, w)` is the sum with the products of two vectors of quads: a macro, for an instruction
 * of AVX-VNNI may not stand in a function that AVX2 alone runs.
 */

#define PRODUCTS_IN_8_LANES(add) \
    for (size_t c = 0; c < PANEL; c += 16) { \
        __m256i sum[MOST_ROWS][2]; \
        UNROLLED for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = _mm256_setzero_si256(); \
        const int8_t *w = p->weights + c * FSAC_QUAD; \
        for (size_t i = 0; i < p->row_bytes; i += FSAC_QUAD, w += PANEL * FSAC_QUAD) { \
            const __m256i left = _mm256_loadu_si256((const __m256i *)w); \
            const __m256i right = _mm256_loadu_si256((const __m256i *)(w + 32)); \
            UNROLLED for (int r = 0; r < rows; r++) { \
                const __m256i q = _mm256_set1_epi32(quad_at(p->q + (size_t)r * p->q_stride + i)); \
                sum[r][0] = add(sum[r][0], q, left); \
                sum[r][1] = add(sum[r][1], q, right); \
            } \
        } \
        UNROLLED for (int r = 0; r < rows; r++) { \
            _mm256_store_si256((__m256i *)(sums[r] + c), sum[r][0]); \
            _mm256_store_si256((__m256i *)(sums[r] + c + 8), sum[r][1]); \
        } \
    }

AVX_VNNI INLINE void products_avx_vnni(const Products *p, int32_t (*sums)[PANEL], const int rows, const fsac_width width) {
    if (width == FSAC_BYTES) {
        PRODUCTS_IN_8_LANES(_mm256_dpbusd_avx_epi32)
    } else {
        PRODUCTS_IN_8_LANES(_mm256_dpwssd_avx_epi32)
    }
}

/*
 * MARK: AVX2. vpmaddubsw would saturate (2 * 255 * 127 exceeds 16 bits), so bytes are multiplied as numbers of 16 bits: a lane has
 * the products 0 and 2 of a column's four, then 1 and 3. Rows are widened a block of inputs at a time, for all columns.
 */

enum { WIDE_BLOCK = 512 };

/* Four inputs become two units: first[..] has 0 and 2, and so on in pairs; `count` is a multiple of 4. */
AVX2 INLINE void widen(const uint8_t *q, size_t count, int32_t *units) {
    for (size_t i = 0; i < count; i += FSAC_QUAD) {
        const uint32_t quad = (uint32_t)quad_at(q + i);
        units[i / 2] = (int32_t)(quad & 0x00ff00ff);
        units[i / 2 + 1] = (int32_t)(quad >> 8 & 0x00ff00ff);
    }
}

AVX2 INLINE void byte_products_avx2(const Products *p, int32_t (*sums)[PANEL], const int rows) {
    int32_t units[MOST_ROWS][WIDE_BLOCK / 2];
    for (size_t block = 0; block < p->row_bytes; block += WIDE_BLOCK) {
        const size_t inputs = p->row_bytes - block < WIDE_BLOCK ? p->row_bytes - block : WIDE_BLOCK;
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

AVX2 INLINE void products_avx2(const Products *p, int32_t (*sums)[PANEL], const int rows, const fsac_width width) {
    if (width == FSAC_BYTES) {
        byte_products_avx2(p, sums, rows);
    } else {
#define ADD_WORDS(sum, q, w) _mm256_add_epi32(sum, _mm256_madd_epi16(q, w))
        PRODUCTS_IN_8_LANES(ADD_WORDS)
#undef ADD_WORDS
    }
}
#endif

/* What follows, for all of `rows` rows in tiles of nearly equal height: `count` of them, at most `most`, from `row` on. */
#define FOR_EACH_TILE(rows, most, row, count) \
    for (size_t tile_ = 0, tiles_ = ((rows) + (most) - 1) / (most), row, count; \
         row = tiles_ ? (rows) * tile_ / tiles_ : 0, count = tiles_ ? (rows) * (tile_ + 1) / tiles_ - row : 0, tile_ < tiles_; tile_++)

/* A statement in which ROWS is the constant that `count`, 1 ... `most`, is. */
#define WITH_CONSTANT_ROWS(most, count, statement) \
    switch (count) { \
        CASE_ROWS(most, 1, statement) CASE_ROWS(most, 2, statement) CASE_ROWS(most, 3, statement) CASE_ROWS(most, 4, statement) \
        CASE_ROWS(most, 5, statement) CASE_ROWS(most, 6, statement) CASE_ROWS(most, 7, statement) CASE_ROWS(most, 8, statement) \
        CASE_ROWS(most, 9, statement) CASE_ROWS(most, 10, statement) CASE_ROWS(most, 11, statement) CASE_ROWS(most, 12, statement) \
    }
#define CASE_ROWS(most, height, statement) \
    case height: { \
        enum { ROWS = (height) <= (most) ? (height) : 1 }; \
        if ((height) <= (most)) { statement; } \
        break; \
    }
#endif
