/*
 * Element-wise and depthwise kernels that OpenBLAS does not have. They are in C for one reason: the compiler makes each of
 * them for AVX-512, AVX2 and plain x86-64, and the loader takes the one that the machine has (function multiversioning).
 * Swift cannot say that, and one .deb must run on every line PC. They compute, nothing else: no allocation, no threads.
 *
 * Matrices are row-major and dense; channels (columns) vary fastest. A vector is 16 lanes wide, a tail is padded.
 */
#ifndef FSAC_CKERNELS_H
#define FSAC_CKERNELS_H
#include <stdbool.h>
#include <stddef.h>

/* x[r][c] = min(max(x[r][c] + bias[c], 0), 6) */
void fsac_bias_relu6(float *x, const float *bias, size_t rows, size_t columns);

/*
 * x[r][c] = gelu(x[r][c] + bias[c]), gelu(v) = v * Phi(v), |error of Phi| <= 1.5e-7; rows are `stride` floats apart
 */
void fsac_bias_gelu(float *x, const float *bias, size_t rows, size_t columns, size_t stride);

/* out[r][c] = x[r][c] + bias[c]; out may be x; rows of both are `stride` floats apart */
void fsac_bias_add(const float *x, const float *bias, float *out, size_t rows, size_t columns, size_t stride);

/* out[r] = (x[r] - mean) / sqrt(variance + epsilon) * gamma + beta, mean and (biased) variance over the row */
void fsac_layer_norm(const float *x, const float *gamma, const float *beta, float epsilon, float *out, size_t rows,
                     size_t columns);

/* each row: exp(x - max) / sum; rows are `stride` floats apart */
void fsac_softmax(float *x, size_t rows, size_t columns, size_t stride);

/* each row divided by its Euclidean norm; a row shorter than 1e-12 becomes zero */
void fsac_l2_normalize(float *x, size_t rows, size_t columns);

/*
 * Depthwise convolution, zero padded, then bias and ReLU6, for output lines first_row ..< last_row.
 * input [height][width][channels], weights [kernel * kernel][channels], output: the lines asked for, one after the other,
 * each [output_width][channels]. kernel is 3 or 5, stride 1 or 2, channels a multiple of 16; pad_* is what lies before.
 */
void fsac_depthwise_relu6(const float *input, size_t height, size_t width, size_t channels, const float *weights,
                          const float *bias, size_t kernel, size_t stride, size_t pad_rows, size_t pad_columns,
                          size_t first_row, size_t last_row, size_t output_width, float *output);

/* one turn of a short wait; `yield` lets another thread have the processor */
void fsac_spin(bool yield);
#endif
