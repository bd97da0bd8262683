/*
 * Kernels that OpenBLAS does not have. They are in C for one reason: the compiler makes each of them for AVX-512, AVX2 and
 * plain x86-64, and the program takes the one that the machine has (function multiversioning). Swift cannot say that, and
 * one .deb must run on every line PC. They compute, nothing else: no allocation, no threads.
 *
 * Matrices are row-major and dense; channels (columns) vary fastest. A vector is 16 lanes wide, a tail is padded.
 */
#ifndef FSAC_CKERNELS_H
#define FSAC_CKERNELS_H
#include <stdbool.h>
#include <stddef.h>

typedef enum { FSAC_NO_ACTIVATION, FSAC_RELU6, FSAC_GELU, FSAC_QUICK_GELU } fsac_activation;

/*
 * A linear layer: out = activation(addend + bias + x * w) for `rows` rows and `columns` columns. RELU6 is
 * min(max(v, 0), 6); GELU is v * Phi(v), |error of Phi| <= 1.5e-7; QUICK_GELU is v / (1 + exp(-1.702 v)).
 * x        [rows][inputs], rows x_stride floats apart
 * panels   w [inputs][columns], cut into panels of 32 columns that lie one after the other, each [inputs][32]. The last panel
 *          is 16 wide if no more than 16 columns are left; columns that are missing in it are zero.
 * bias     as many as the panels have columns
 * addend   [rows][columns] or null, rows out_stride apart; may be out
 * out      [rows][columns], rows out_stride apart
 */
void fsac_linear(const float *x, size_t x_stride, size_t rows, const float *panels, const float *bias, size_t inputs,
                 size_t columns, const float *addend, fsac_activation activation, float *out, size_t out_stride);

/*
 * The way back through a linear layer: out = addend + x * w^T for the inputs first ..< last of the layer.
 * x        [rows][outputs], rows x_stride floats apart
 * panels   w [inputs][outputs], as above
 * addend   [rows][inputs] or null, rows out_stride apart; may be out
 * out      [rows][inputs], rows out_stride apart; only the columns first ..< last are written
 */
void fsac_linear_transposed(const float *x, size_t x_stride, size_t rows, const float *panels, size_t inputs,
                            size_t outputs, size_t first, size_t last, const float *addend, float *out,
                            size_t out_stride);

/* out[r] = (x[r] - mean) / sqrt(variance + epsilon) * gamma + beta, mean and (biased) variance over the row */
void fsac_layer_norm(const float *x, const float *gamma, const float *beta, float epsilon, float *out, size_t rows,
                     size_t columns);

/* each row: exp(x - max) / sum; rows are `stride` floats apart */
void fsac_softmax(float *x, size_t rows, size_t columns, size_t stride);

/* each row divided by its Euclidean norm; a row shorter than 1e-12 becomes zero */
void fsac_l2_normalize(float *x, size_t rows, size_t columns);

/*
 * One output line of a depthwise convolution, zero padded, then bias and ReLU6.
 * lines   [kernel]: the input lines that it looks at, each [width][channels]; null where there is none
 * weights [kernel * kernel][channels], output [output_width][channels]. kernel is 3 or 5, stride 1 or 2, channels a multiple of 16;
 * pad_columns is what lies before.
 */
void fsac_depthwise_relu6(const float *const *lines, size_t width, size_t channels, const float *weights,
                          const float *bias, size_t kernel, size_t stride, size_t pad_columns, size_t output_width,
                          float *output);

/* one turn of a short wait; `yield` lets another thread have the processor */
void fsac_spin(bool yield);
#endif
