#include "neighbours.h"

#include <stdint.h>

#if defined(__x86_64__)
#define MULTIVERSION __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define MULTIVERSION
#endif

enum { LANES = 16 };
/* aligned(4): rows need not begin on a vector boundary */
typedef float vfloat __attribute__((vector_size(64), aligned(4)));

typedef int32_t vint __attribute__((vector_size(64), aligned(4)));

#define LOAD(p) (*(const vfloat *)(p))
#define MAX(a, b) ((vfloat)((((a) > (b)) & (vint)(a)) | (~((a) > (b)) & (vint)(b))))

MULTIVERSION void fsac_row_max(const float *x, size_t rows, size_t columns, float *best) {
    for (size_t row = 0; row < rows; row++, x += columns) {
        vfloat largest = (vfloat){} + best[row];
        size_t column = 0;
        for (; column + LANES <= columns; column += LANES) {
            vfloat v = LOAD(x + column);
            largest = MAX(largest, v);
        }
        float result = best[row];
        for (int lane = 0; lane < LANES; lane++) result = result > largest[lane] ? result : largest[lane];
        for (; column < columns; column++) result = result > x[column] ? result : x[column];
        best[row] = result;
    }
}

MULTIVERSION size_t fsac_farthest_point(const float *points, size_t dimension, const float *centre, float *squared,
                                        size_t first, size_t last) {
    size_t farthest = first;
    for (size_t i = first; i < last; i++) {
        const float *point = points + i * dimension;
        /* two sums, so that an addition need not wait for the one before */
        vfloat even = {}, odd = {};
        size_t d = 0;
        for (; d + 2 * LANES <= dimension; d += 2 * LANES) {
            vfloat a = LOAD(point + d) - LOAD(centre + d), b = LOAD(point + d + LANES) - LOAD(centre + d + LANES);
            even += a * a;
            odd += b * b;
        }
        for (; d + LANES <= dimension; d += LANES) {
            vfloat a = LOAD(point + d) - LOAD(centre + d);
            even += a * a;
        }
        even += odd;
        float distance = 0;
        for (int lane = 0; lane < LANES; lane++) distance += even[lane];
        for (; d < dimension; d++) distance += (point[d] - centre[d]) * (point[d] - centre[d]);
        if (distance < squared[i]) squared[i] = distance;
        if (squared[i] > squared[farthest]) farthest = i;
    }
    return farthest;
}
