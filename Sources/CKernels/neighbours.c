#include "neighbours.h"

#include "vectors.h"

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

MULTIVERSION void fsac_row_argmax(const float *x, size_t rows, size_t columns, uint32_t first, uint32_t *index,
                                  size_t stride) {
    for (size_t row = 0; row < rows; row++, x += columns) {
        vfloat best = SPLAT(x[0]);
        vint place = {}, here;
        for (int lane = 0; lane < LANES; lane++) here[lane] = lane;
        size_t column = 0;
        for (; column + LANES <= columns; column += LANES, here += LANES) {
            vfloat v = LOAD(x + column);
            vint larger = v > best;
            best = SELECT(larger, v, best);
            place = (larger & here) | (~larger & place);
        }
        float value = x[0];
        uint32_t found = 0;
        for (int lane = 0; lane < LANES; lane++)
            if (best[lane] > value || (best[lane] == value && (uint32_t)place[lane] < found)) {
                value = best[lane];
                found = (uint32_t)place[lane];
            }
        for (; column < columns; column++)
            if (x[column] > value) {
                value = x[column];
                found = (uint32_t)column;
            }
        index[row * stride] = first + found;
    }
}

MULTIVERSION float fsac_largest_product(const float *query, const float *stored, size_t width,
                                        const uint32_t *candidates, size_t count) {
    float largest = 0;
    for (size_t i = 0; i < count; i++) {
        const float *row = stored + candidates[i] * width;
        vfloat even = {}, odd = {};
        size_t d = 0;
        for (; d + 2 * LANES <= width; d += 2 * LANES) {
            even += LOAD(query + d) * LOAD(row + d);
            odd += LOAD(query + d + LANES) * LOAD(row + d + LANES);
        }
        even += odd;
        float product = sum_lanes(&even);
        for (; d < width; d++) product += query[d] * row[d];
        if (i == 0 || product > largest) largest = product;
    }
    return largest;
}

INLINE float squared_distance(const float *a, const float *b, size_t dimension) {
    /* two sums, so that an addition need not wait for the one before */
    vfloat even = {}, odd = {};
    size_t d = 0;
    for (; d + 2 * LANES <= dimension; d += 2 * LANES) {
        vfloat first = LOAD(a + d) - LOAD(b + d), second = LOAD(a + d + LANES) - LOAD(b + d + LANES);
        even += first * first;
        odd += second * second;
    }
    for (; d + LANES <= dimension; d += LANES) {
        vfloat first = LOAD(a + d) - LOAD(b + d);
        even += first * first;
    }
    even += odd;
    float sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += even[lane];
    for (; d < dimension; d++) sum += (a[d] - b[d]) * (a[d] - b[d]);
    return sum;
}

MULTIVERSION void fsac_farthest_first(const float *points, size_t count, size_t dimension, size_t wanted, size_t *taken,
                                      float *squared, uint32_t *nearest, float *quarter) {
    taken[0] = 0;
    for (size_t step = 1; step < wanted; step++) {
        size_t latest = step - 1, farthest = 0;
        const float *centre = points + taken[latest] * dimension;
        for (size_t j = 0; j < latest; j++)
            quarter[j] = squared_distance(centre, points + taken[j] * dimension, dimension) / 4;
        for (size_t i = 0; i < count; i++) {
            /* A point that is no farther from its centre than half the way from there to the latest keeps its centre. */
            if (latest == 0 || quarter[nearest[i]] < squared[i]) {
                float distance = squared_distance(points + i * dimension, centre, dimension);
                if (latest == 0 || distance < squared[i]) {
                    squared[i] = distance;
                    nearest[i] = (uint32_t)latest;
                }
            }
            if (squared[i] > squared[farthest]) farthest = i;
        }
        taken[step] = farthest;
    }
}
