/* Kernels of gradients and of training; see ckernels.h for why they are in C. */
#ifndef FSAC_TRAINING_H
#define FSAC_TRAINING_H
#include <stddef.h>

/* out[i] = z[i] Phi(z[i]) and its derivative, slope[i] = Phi(z[i]) + z[i] phi(z[i]); |error of Phi| <= 1.5e-7 */
void fsac_gelu_with_slope(const float *z, float *out, float *slope, size_t count);

/* The same of z / (1 + exp(-1.702 z)). */
void fsac_quick_gelu_with_slope(const float *z, float *out, float *slope, size_t count);

/*
 * The way back through fsac_layer_norm: out = addend + the derivatives by x, when those by its result are `gradient`.
 * All [rows][columns]; addend may be null, and out may be addend or gradient.
 */
void fsac_layer_norm_gradient(const float *x, const float *gamma, float epsilon, const float *gradient,
                              const float *addend, float *out, size_t rows, size_t columns);

/* The way back through fsac_softmax: gradient = softmax * (gradient - sum(softmax * gradient)), rows `stride` floats apart */
void fsac_softmax_gradient(const float *softmax, float *gradient, size_t rows, size_t columns, size_t stride);

/* What Adam (Kingma and Ba 2015) needs to know of one step. */
typedef struct {
    float first_decay, second_decay; /* beta1, beta2 */
    float step_size;                 /* learning rate / (1 - beta1^t) */
    float second_scale;              /* 1 / sqrt(1 - beta2^t) */
    float epsilon;
} fsac_adam_step;

/*
 * first = beta1 first + (1 - beta1) g;  second = beta2 second + (1 - beta2) g^2;
 * weights -= step_size first / (sqrt(second) second_scale + epsilon)
 */
void fsac_adam(const fsac_adam_step *step, const float *gradient, float *first, float *second, float *weights,
               size_t count);
#endif
