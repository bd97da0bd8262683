/* Kernels of the nearest-neighbour search; see ckernels.h for why they are in C. */
#ifndef FSAC_NEIGHBOURS_H
#define FSAC_NEIGHBOURS_H
#include <stddef.h>
#include <stdint.h>

/* best[r] = max(best[r], x[r][0], ..., x[r][columns - 1]) */
void fsac_row_max(const float *x, size_t rows, size_t columns, float *best);

/*
 * Greedy k-centre selection (Gonzalez 1985): `taken` gets the indices of `wanted` of the points [count][dimension], first
 * point 0, then always the one that is farthest from all taken before it, the first of equals. 1 <= wanted <= count.
 * Scratch: squared[count] (squared distance to the nearest that is taken), nearest[count] (which), quarter[wanted].
 * Most distances are not computed: the triangle inequality shows that they cannot be the smallest (Elkan 2003).
 */
void fsac_farthest_first(const float *points, size_t count, size_t dimension, size_t wanted, size_t *taken,
                         float *squared, uint32_t *nearest, float *quarter);
#endif
