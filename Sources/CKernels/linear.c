#include "ckernels.h"
#include "vectors.h"

/*
 * OpenBLAS copies the weights into its own order in every call. Here they lie in that order from the start: a panel is read
 * from end to end once for every few rows of x, and the sums of a tile of the output stay in registers meanwhile.
 */

enum {
    PANEL = 2 * LANES,
    /* so that a block of a panel (48 KiB) and the rows of x beside it stay in the cache */
    BLOCK = 384,
};

/* One tile of the output and what it is made from. */
typedef struct {
    const float *x;
    size_t x_stride;
    const float *weights; /* [inputs][width] */
    size_t width, inputs;
    const float *next;   /* weights to fetch meanwhile, as many, or null */
    const float *bias;   /* or null */
    const float *addend; /* or null */
    float *out;
    size_t out_stride;
    size_t lanes; /* of the last vector */
    fsac_activation activation;
} Tile;

#define UNROLLED _Pragma("clang loop unroll(full)")

/* `rows` and `vectors` are constants where this is inlined, and so every sum has a register. */
INLINE void compute_tile(const Tile *t, const int rows, const int vectors) {
    vfloat sums[12][2];
    UNROLLED for (int v = 0; v < vectors; v++) {
        const vfloat bias = t->bias ? LOAD(t->bias + v * LANES) : SPLAT(0);
        UNROLLED for (int r = 0; r < rows; r++) sums[r][v] = bias;
    }
    if (t->addend) {
        UNROLLED for (int v = 0; v < vectors; v++) {
            UNROLLED for (int r = 0; r < rows; r++) {
                vfloat addend;
                load(&addend, t->addend + (size_t)r * t->out_stride + v * LANES, v == vectors - 1 ? t->lanes : LANES, 0);
                sums[r][v] += addend;
            }
        }
    }
    for (size_t i = 0; i < t->inputs; i++) {
        vfloat w[2];
        UNROLLED for (int v = 0; v < vectors; v++) {
            w[v] = LOAD(t->weights + i * t->width + v * LANES);
            if (t->next) __builtin_prefetch(t->next + i * t->width + v * LANES);
        }
        UNROLLED for (int r = 0; r < rows; r++) {
            const vfloat x = SPLAT(t->x[(size_t)r * t->x_stride + i]);
            UNROLLED for (int v = 0; v < vectors; v++) sums[r][v] += x * w[v];
        }
    }
    if (t->activation == FSAC_RELU6) {
        UNROLLED for (int v = 0; v < vectors; v++) {
            UNROLLED for (int r = 0; r < rows; r++) sums[r][v] = MIN(SPLAT(6), MAX(SPLAT(0), sums[r][v]));
        }
    }
    UNROLLED for (int v = 0; v < vectors; v++) {
        UNROLLED for (int r = 0; r < rows; r++) {
            const vfloat sum = sums[r][v]; /* a copy: a sum whose address is taken would have to live in memory */
            store(t->out + (size_t)r * t->out_stride + v * LANES, &sum, v == vectors - 1 ? t->lanes : LANES);
        }
    }
    if (t->activation != FSAC_GELU) return;
    for (int r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) {
            const size_t lanes = v == vectors - 1 ? t->lanes : LANES;
            float *out = t->out + (size_t)r * t->out_stride + v * LANES;
            vfloat value;
            load(&value, out, lanes, 0);
            gelu(&value);
            store(out, &value, lanes);
        }
    }
}

/* All rows of a strip of `vectors` vectors, in tiles of nearly equal height. */
INLINE void compute_strip(Tile tile, size_t rows, const int most, const int vectors) {
    const size_t tiles = (rows + (size_t)most - 1) / (size_t)most;
    const Tile first = tile;
    for (size_t index = 0; index < tiles; index++) {
        const size_t row = rows * index / tiles;
        tile.x = first.x + row * first.x_stride;
        tile.out = first.out + row * first.out_stride;
        tile.addend = first.addend ? first.addend + row * first.out_stride : NULL;
        switch (rows * (index + 1) / tiles - row) {
#define CASE(count) \
    case count: \
        if (count <= most) compute_tile(&tile, count, vectors); \
        break;
            CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#undef CASE
        }
        tile.next = NULL;
    }
}

/* `most` rows by `vectors` vectors are the largest tile that the registers hold. */
INLINE void linear(Tile layer, size_t rows, size_t columns, const int most, const int vectors) {
    for (size_t block = 0; block < layer.inputs; block += BLOCK) {
        const size_t inputs = layer.inputs - block < BLOCK ? layer.inputs - block : BLOCK;
        const bool is_last = block + inputs == layer.inputs;
        for (size_t column = 0, width; column < columns; column += width) {
            const size_t left = columns - column;
            width = left <= LANES ? LANES : PANEL;
            const float *weights = layer.weights + column * layer.inputs + block * width;
            for (size_t offset = 0; offset < width && offset < left; offset += (size_t)vectors * LANES) {
                const int here = width - offset < (size_t)vectors * LANES ? 1 : vectors;
                const size_t last = left - offset - (size_t)(here - 1) * LANES;
                Tile tile = {
                    .x = layer.x + block,
                    .x_stride = layer.x_stride,
                    .weights = weights + offset,
                    .width = width,
                    .inputs = inputs,
                    .next = left > PANEL ? weights + offset + layer.inputs * PANEL : NULL,
                    .bias = block == 0 ? layer.bias + column + offset : NULL,
                    .addend = (block == 0 ? layer.addend : layer.out),
                    .out = layer.out + column + offset,
                    .out_stride = layer.out_stride,
                    .lanes = last < LANES ? last : LANES,
                    .activation = is_last ? layer.activation : FSAC_NO_ACTIVATION,
                };
                if (tile.addend) tile.addend += column + offset;
                if (here == 1)
                    compute_strip(tile, rows, most, 1);
                else
                    compute_strip(tile, rows, most, 2);
            }
        }
    }
}

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static void linear_avx512(Tile layer, size_t rows, size_t columns) {
    linear(layer, rows, columns, 12, 2);
}

__attribute__((target("avx2,fma"))) static void linear_avx2(Tile layer, size_t rows, size_t columns) {
    linear(layer, rows, columns, 6, 1);
}
#endif

static void linear_plain(Tile layer, size_t rows, size_t columns) { linear(layer, rows, columns, 3, 1); }

void fsac_linear(const float *x, size_t x_stride, size_t rows, const float *panels, const float *bias, size_t inputs,
                 size_t columns, const float *addend, fsac_activation activation, float *out, size_t out_stride) {
    const Tile layer = {
        .x = x,
        .x_stride = x_stride,
        .weights = panels,
        .inputs = inputs,
        .bias = bias,
        .addend = addend,
        .out = out,
        .out_stride = out_stride,
        .activation = activation,
    };
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return linear_avx512(layer, rows, columns);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return linear_avx2(layer, rows, columns);
#endif
    linear_plain(layer, rows, columns);
}
