/* Kernels of the nearest-neighbour search; see ckernels.h for why they are in C. */
#ifndef FSAC_NEIGHBOURS_H
#define FSAC_NEIGHBOURS_H
#include <stddef.h>
#include <stdint.h>

/* best[r] = max(best[r], x[r][0], ..., x[r][columns - 1]) */
void fsac_row_max(const float *x, size_t rows, size_t columns, float *best);

/* index[r * stride] = first + the first column of row r that holds its largest value */
void fsac_row_argmax(const float *x, size_t rows, size_t columns, uint32_t first, uint32_t *index, size_t stride);

/* the largest dot product of `query` with those rows of `stored` [..][width] that `candidates` names; 1 <= count */
float fsac_largest_product(const float *query, const float *stored, size_t width, const uint32_t *candidates,
                           size_t count);

/*
 * Greedy k-centre selection (Gonzalez 1985): `taken` gets the indices of `wanted` of the points [count][dimension], first
 * point 0, then always the one that is farthest from all taken before it, the first of equals. 1 <= wanted <= count.
 * Scratch: squared[count] (squared distance to the nearest that is taken), nearest[count] (which), quarter[wanted].
 * Most distances are not computed: the triangle inequality shows that they cannot be the smallest (Elkan 2003).
 */
void fsac_farthest_first(const float *points, size_t count, size_t dimension, size_t wanted, size_t *taken,
                         float *squared, uint32_t *nearest, float *quarter);
#endif
