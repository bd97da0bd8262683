/* Kernels of the nearest-neighbour search; see ckernels.h for why they are in C. */
#ifndef FSAC_NEIGHBOURS_H
#define FSAC_NEIGHBOURS_H
#include <stddef.h>

/* best[r] = max(best[r], x[r][0], ..., x[r][columns - 1]) */
void fsac_row_max(const float *x, size_t rows, size_t columns, float *best);

/*
 * One step of the greedy k-centre selection over points first ..< last of points [count][dimension]:
 * squared[i] = min(squared[i], |points[i] - centre|^2). Returns the index of the largest squared[i], the first of equals.
 */
size_t fsac_farthest_point(const float *points, size_t dimension, const float *centre, float *squared, size_t first,
                           size_t last);
#endif
