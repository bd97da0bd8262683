#include "neighbours.h"

#include <float.h>

#include "products.h"

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

/* MARK: search by bytes */

/* Bytes of a query, 128 = 0, and the scale that they have. */
INLINE float search_bytes(const float *x, size_t inputs, uint8_t *q) {
    vfloat largest = SPLAT(0);
    FOR_EACH_VECTOR(inputs, c, lanes) {
        vfloat v;
        load(&v, x + c, lanes, 0);
        largest = MAX(MAX(v, -v), largest);
    }
    float size = FLT_MIN;
    for (int i = 0; i < LANES; i++) size = largest[i] > size ? largest[i] : size;
    const float scale = 127 / size;
    FOR_EACH_VECTOR(inputs, c, lanes) {
        vfloat v;
        load(&v, x + c, lanes, 0);
        /* what is no number becomes some byte: the products in full will tell */
        v = MAX(SPLAT(1), MIN(v * scale + 128.5f, SPLAT(255.5f)));
        const vbyte bytes = __builtin_convertvector(__builtin_convertvector(v, vint), vbyte);
        memcpy(q + c, &bytes, lanes);
    }
    return scale;
}

MULTIVERSION static void bytes_of_queries(const fsac_searched_rows *rows, const float *along, size_t queries, uint8_t *q,
                                          fsac_search_bound *bounds) {
    const size_t axes = rows->inputs - FSAC_QUAD;
    for (size_t i = 0; i < queries; i++, along += rows->inputs, q += rows->inputs) {
        const float scale = search_bytes(along, rows->inputs, q);
        vfloat squares = SPLAT(0);
        FOR_EACH_VECTOR(axes, c, lanes) {
            vfloat v;
            load(&v, along + c, lanes, 0);
            squares += v * v;
        }
        /*
         * |query - row|^2 is at least what it is along the axes, and both are no longer than 1. What rounding does to that are many small
         * errors: six deviations of their sum.
         */
        const float square = sum_lanes(&squares), steps = square / (rows->scale * rows->scale) + rows->radius * rows->radius / (scale * scale);
        bounds[i] = (fsac_search_bound){1 - square / 2 + 6 * sqrtf(steps / 12), 1 / (scale * rows->scale)};
    }
}

/* Queries, the rows of a segment, and what is found. */
typedef struct {
    Products products;   /* of the first query and the first panel */
    const int32_t *keys; /* [panels][PANEL] */
    size_t panels;
    int32_t *best; /* of the first query, [PANEL] */
    size_t best_stride;
} Search;

INLINE void keep_largest(const int32_t (*sums)[PANEL], const int32_t *keys, int32_t *best, size_t stride, const int rows) {
    UNROLLED for (int v = 0; v < PANEL; v += LANES) {
        const vint key = *(const vint *)(keys + v);
        UNROLLED for (int r = 0; r < rows; r++) {
            vint *kept = (vint *)(best + (size_t)r * stride + v);
            *kept = __builtin_elementwise_max(*kept, (*(const vint *)(sums[r] + v) << FSAC_SEGMENT_BITS) + key);
        }
    }
}

#define SEARCH_TILE(products_of_path) \
    for (size_t p = 0; p < search.panels; p++) { \
        int32_t sums[ROWS][PANEL] __attribute__((aligned(64))); \
        products_of_path(&tile, sums, ROWS, FSAC_BYTES); \
        keep_largest((const int32_t(*)[PANEL])sums, search.keys + p * PANEL, best, search.best_stride, ROWS); \
        tile.weights += PANEL * tile.row_bytes; \
    }

#define SEARCH(products_of_path, most) \
    FOR_EACH_TILE(queries, most, row, count) { \
        Products tile = search.products; \
        int32_t *best = search.best + row * search.best_stride; \
        tile.q += row * tile.q_stride; \
        WITH_CONSTANT_ROWS(most, count, SEARCH_TILE(products_of_path)) \
    }

static void search_plain(Search search, size_t queries) { SEARCH(products_plain, ROWS_PLAIN) }
#if defined(__x86_64__)
AVX2 static void search_avx2(Search search, size_t queries) { SEARCH(products_avx2, ROWS_AVX2) }
AVX_VNNI static void search_avx_vnni(Search search, size_t queries) { SEARCH(products_avx_vnni, ROWS_AVX_VNNI) }
AVX512 static void search_avx512(Search search, size_t queries) { SEARCH(products_avx512, ROWS_AVX512) }
#endif

/* best [queries][segments][PANEL]: of each segment and each place in a panel the largest 2^FSAC_SEGMENT_BITS * value + panel */
static void search_segments(fsac_path path, const fsac_searched_rows *rows, const uint8_t *q, size_t queries, int32_t *best) {
    const size_t stride = fsac_search_segments(rows->panel_count) * PANEL;
    for (size_t i = 0; i < queries * stride; i++) best[i] = INT32_MIN;
    for (size_t first = 0; first < rows->panel_count; first += FSAC_SEGMENT, best += PANEL) {
        const size_t left = rows->panel_count - first;
        const Search search = {
            .products = {q, rows->inputs, rows->panels + first * PANEL * rows->inputs, rows->inputs},
            .keys = rows->keys + first * PANEL,
            .panels = left < FSAC_SEGMENT ? left : FSAC_SEGMENT,
            .best = best,
            .best_stride = stride,
        };
        switch (path) {
#if defined(__x86_64__)
            case FSAC_AVX512_VNNI: search_avx512(search, queries); break;
            case FSAC_AVX_VNNI: search_avx_vnni(search, queries); break;
            case FSAC_AVX2: search_avx2(search, queries); break;
#endif
            default: search_plain(search, queries);
        }
    }
}

INLINE float product(const float *a, const float *b, size_t width) {
    vfloat even = {}, odd = {};
    size_t d = 0;
    for (; d + 2 * LANES <= width; d += 2 * LANES) {
        even += LOAD(a + d) * LOAD(b + d);
        odd += LOAD(a + d + LANES) * LOAD(b + d + LANES);
    }
    even += odd;
    even += __builtin_shufflevector(even, even, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    even += __builtin_shufflevector(even, even, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
    float sum = even[0] + even[1] + (even[2] + even[3]);
    for (; d < width; d++) sum += a[d] * b[d];
    return sum;
}

/* The candidates of one query in full, the best first, until the next one cannot have a larger product. */
INLINE float largest_product(const fsac_searched_rows *rows, const float *query, fsac_search_bound bound, int32_t *best) {
    const size_t candidates = fsac_search_segments(rows->panel_count) * PANEL;
    float largest = -INFINITY;
    for (int look = 0; look < FSAC_MOST_LOOKS; look++) {
        vint most = *(const vint *)best;
        for (size_t i = LANES; i < candidates; i += LANES) most = __builtin_elementwise_max(most, *(const vint *)(best + i));
        const int32_t key = __builtin_reduce_max(most);
        if (key < FSAC_LEAST_KEY || largest > bound.ceiling + bound.step * (float)(key >> FSAC_SEGMENT_BITS)) break;
        size_t place = 0;
        while (!__builtin_reduce_or(*(const vint *)(best + place) == key)) place += LANES;
        while (best[place] != key) place++;
        best[place] = INT32_MIN;
        const size_t panel = place / PANEL * FSAC_SEGMENT + (size_t)(key & (FSAC_SEGMENT - 1));
        const float found = product(query, rows->stored + rows->order[panel * PANEL + place % PANEL] * rows->width, rows->width);
        /* a product that is no number stays */
        if (look == 0 || found > largest) largest = found;
    }
    return largest;
}

MULTIVERSION static void largest_products(const fsac_searched_rows *rows, const float *queries, size_t count,
                                          const fsac_search_bound *bounds, int32_t *best, float *largest) {
    const size_t stride = fsac_search_segments(rows->panel_count) * PANEL;
    for (size_t i = 0; i < count; i++)
        largest[i] = largest_product(rows, queries + i * rows->width, bounds[i], best + i * stride);
}

void fsac_search(fsac_path path, const fsac_searched_rows *rows, const float *queries, const float *along, size_t count,
                 void *scratch, float *largest) {
    int32_t *best = scratch;
    fsac_search_bound *bounds = (void *)(best + count * fsac_search_segments(rows->panel_count) * PANEL);
    uint8_t *q = (void *)(bounds + count);
    bytes_of_queries(rows, along, count, q, bounds);
    search_segments(path, rows, q, count, best);
    largest_products(rows, queries, count, bounds, best, largest);
}

size_t fsac_search_scratch(const fsac_searched_rows *rows, size_t count) {
    return count * (fsac_search_segments(rows->panel_count) * PANEL * sizeof(int32_t) + sizeof(fsac_search_bound) + rows->inputs);
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
