/* Kernels of the nearest-neighbour search; see ckernels.h for why they are in C. */
#ifndef FSAC_NEIGHBOURS_H
#define FSAC_NEIGHBOURS_H
#include <stddef.h>
#include <stdint.h>

#include "integers.h"

/* best[r] = max(best[r], x[r][0], ..., x[r][columns - 1]) */
void fsac_row_max(const float *x, size_t rows, size_t columns, float *best);

/* index[r * stride] = first + the first column of row r that holds its largest value */
void fsac_row_argmax(const float *x, size_t rows, size_t columns, uint32_t first, uint32_t *index, size_t stride);

/* the largest dot product of `query` with those rows of `stored` [..][width] that `candidates` names; 1 <= count */
float fsac_largest_product(const float *query, const float *stored, size_t width, const uint32_t *candidates,
                           size_t count);

/*
 * A fast search for the stored row that is nearest to a query, both no longer than 1. Rows are compared along a few axes, in bytes: half the
 * squared distance is smallest where u t - t^2 / 2 is largest, u the query along the axes and t the row. This number of whole rows is the
 * candidates' order, and says of which the product in full cannot be the largest any more.
 *
 * Rows are the columns of panels as in integers.h, in any order that has nothing to do with where they come from. Panels are cut into segments;
 * the best row of a segment at each of the 32 places of a panel is a candidate: one of 32 rows.
 */
enum {
    /* panels of a segment */
    FSAC_SEGMENT_BITS = 6,
    FSAC_SEGMENT = 1 << FSAC_SEGMENT_BITS,
    /* the largest number is 127 * 127 * inputs: below 2^21 */
    FSAC_MOST_SEARCH_INPUTS = 64,
    /* an offset for rows that are not to be found: below the number of all others */
    FSAC_HIDDEN_ROW = -(1 << 24),
    /* of the keys of rows that are to be found; below it is a hidden one or none */
    FSAC_LEAST_KEY = -(1 << 27),
    /* candidates whose product is computed in full, at most */
    FSAC_MOST_LOOKS = 12,
};

typedef struct {
    /*
     * [panel_count][inputs / 4][32][4], -127 ... 127: t * scale, and then four whose sum is -t^2 / 2 * scale / g, where g is what the last
     * four numbers of every query are
     */
    const int8_t *panels;
    /*
     * [panel_count][32], of each row 2^FSAC_SEGMENT_BITS * o + its panel's number within the segment; o = -128 times the sum of its bytes, or
     * FSAC_HIDDEN_ROW
     */
    const int32_t *keys;
    /* [panel_count][32], which of `stored` they are */
    const uint32_t *order;
    size_t inputs; /* axes and 4; a multiple of FSAC_QUAD, FSAC_MOST_SEARCH_INPUTS at most */
    size_t panel_count;
    float scale;
    float radius; /* the largest length of a t */
    const float *stored; /* [..][width] */
    size_t width;
} fsac_searched_rows;

/* The product of a query and a row is at most ceiling + step * (u t - t^2 / 2 in bytes). */
typedef struct {
    float ceiling, step;
} fsac_search_bound;

static inline size_t fsac_search_segments(size_t panel_count) { return (panel_count + FSAC_SEGMENT - 1) / FSAC_SEGMENT; }

/*
 * The largest product of each query with a row, or nearly so: that of a row that is there, never more; -infinity when all are hidden.
 * queries  [count][width]
 * along    [count][inputs], along the axes, and then four times g
 * scratch  fsac_search_scratch(rows, count) bytes, aligned as floats are
 */
void fsac_search(fsac_path path, const fsac_searched_rows *rows, const float *queries, const float *along, size_t count,
                 void *scratch, float *largest);
size_t fsac_search_scratch(const fsac_searched_rows *rows, size_t count);

/*
 * Greedy k-centre selection (Gonzalez 1985): `taken` gets the indices of `wanted` of the points [count][dimension], first
 * point 0, then always the one that is farthest from all taken before it, the first of equals. 1 <= wanted <= count.
 * Scratch: squared[count] (squared distance to the nearest that is taken), nearest[count] (which), quarter[wanted].
 * Most distances are not computed: the triangle inequality shows that they cannot be the smallest (Elkan 2003).
 */
void fsac_farthest_first(const float *points, size_t count, size_t dimension, size_t wanted, size_t *taken,
                         float *squared, uint32_t *nearest, float *quarter);
#endif
