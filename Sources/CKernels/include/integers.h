/*
 * Linear layers in integers of 8 or 16 bits; see ckernels.h for why they are in C. Every path gives the same sums, to the last bit:
 * nothing saturates in any of them.
 */
#ifndef FSAC_INTEGERS_H
#define FSAC_INTEGERS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ckernels.h"

/* In ascending order: where one runs, those before it do, AVX_VNNI excepted. */
typedef enum { FSAC_PLAIN, FSAC_AVX2, FSAC_AVX_VNNI, FSAC_AVX512_VNNI } fsac_path;

/* Whether this processor runs it. */
bool fsac_has_path(fsac_path path);

/*
 * What numbers and weights are held in. Of words, int16_t, a row's numbers use the twelve bits of 0 ... 4095; weights use what a sum of 32
 * bits leaves them, column by column.
 */
typedef enum { FSAC_BYTES, FSAC_WORDS } fsac_width;

/* What a row of numbers became: x[i] = low + step * q[i] within half a step, q in 0 ... levels. */
typedef struct {
    float step, low;
} fsac_row_scale;

enum {
    FSAC_BYTE_LEVELS = 255,
    FSAC_WORD_LEVELS = 4095,
    /* a row is padded with zeros to a multiple of so many bytes */
    FSAC_QUAD = 4,
    /* 255 * 127 * inputs fits 32 bits */
    FSAC_MOST_INPUTS = 65536,
};

/*
 * Rows of numbers as bytes or words, each with its own scale: step = (highest - lowest) / levels. A row that holds a NaN or an infinity
 * gets the step NaN, so that every output of it is NaN.
 * x        [rows][columns], rows x_stride floats apart
 * q        [rows][columns, padded], rows q_stride bytes apart
 */
void fsac_quantise(fsac_width width, const float *x, size_t x_stride, size_t rows, size_t columns, void *q,
                   size_t q_stride, fsac_row_scale *scales);

/* fsac_layer_norm, its result as bytes at once; `row` is scratch for one row, [columns] */
void fsac_layer_norm_quantise(const float *x, const float *gamma, const float *beta, float epsilon, float *row,
                              uint8_t *q, size_t q_stride, fsac_row_scale *scales, size_t rows, size_t columns);

/* Weights of a layer w [inputs][columns]: w[i][c] = factors[c] * panels[..]. */
typedef struct {
    fsac_width width;
    /*
     * Cut into panels of 32 columns, one after the other, each [padded row_bytes / 4][32][4] bytes, -127 ... 127, or as many words in pairs.
     * What is missing is zero. Of no column may the sizes of the weights, times the levels, exceed 2^31 - 1.
     */
    const void *panels;
    const float *factors; /* by column; these arrays are padded to whole panels */
    const float *sums;    /* factors[c] times the sum of the column */
    const float *bias;
    size_t row_bytes; /* padded */
} fsac_integer_weights;

/*
 * As fsac_linear: out = activation(addend + bias + x * w), of x that was quantised to the width of the weights. inputs <= FSAC_MOST_INPUTS.
 * q        [rows][row_bytes], rows q_stride bytes apart
 */
void fsac_integer_linear(fsac_path path, const void *q, size_t q_stride, const fsac_row_scale *scales, size_t rows,
                         const fsac_integer_weights *weights, size_t columns, const float *addend,
                         fsac_activation activation, float *out, size_t out_stride);

/* the widest head of attention */
enum { FSAC_MOST_HEAD_WIDTH = 128 };

/*
 * Attention of one head, out = softmax(Q K^T) V, in products of bytes. Queries and keys are rounded with a scale a row, values with one a
 * column and block of 64 keys, the softmax's weights to 255ths of the largest of their block. The matrix of all pairs is never there: scores
 * of a few queries and one block of keys are. A NaN or an infinity in a query makes its row NaN, in a key every row, in a value its column.
 * query, key, value    [tokens][width], rows `stride` floats apart; the query is divided by sqrt(width) already. 1 <= width <= 128
 * scratch              fsac_integer_attention_scratch(tokens, width) bytes, aligned as floats are
 * out                  [tokens][width], rows out_stride apart
 */
void fsac_integer_attention(fsac_path path, const float *query, const float *key, const float *value, size_t stride,
                            size_t tokens, size_t width, void *scratch, float *out, size_t out_stride);
size_t fsac_integer_attention_scratch(size_t tokens, size_t width);
#endif
