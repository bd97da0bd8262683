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
        UNROLLED for (int r = 0; r < rows; r++) sums[r][v] = SPLAT(0);
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
    /* Now, not at the start: each product that is added to a large number is rounded as that is. */
    if (t->bias) {
        UNROLLED for (int v = 0; v < vectors; v++) {
            const vfloat bias = LOAD(t->bias + v * LANES);
            UNROLLED for (int r = 0; r < rows; r++) sums[r][v] += bias;
        }
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
    if (t->activation != FSAC_GELU && t->activation != FSAC_QUICK_GELU) return;
    for (int r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) {
            const size_t lanes = v == vectors - 1 ? t->lanes : LANES;
            float *out = t->out + (size_t)r * t->out_stride + v * LANES;
            vfloat value;
            load(&value, out, lanes, 0);
            if (t->activation == FSAC_GELU) {
                gelu(&value);
            } else {
                vfloat gate = value;
                quick_gelu_gate(&gate);
                value *= gate;
            }
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

/* All rows of the `left` columns, at most `panel.width`, that a block of a panel has. */
INLINE void compute_panel(Tile panel, size_t rows, size_t left, const int most, const int vectors) {
    for (size_t offset = 0; offset < panel.width && offset < left; offset += (size_t)vectors * LANES) {
        const int here = panel.width - offset < (size_t)vectors * LANES ? 1 : vectors;
        const size_t last = left - offset - (size_t)(here - 1) * LANES;
        Tile tile = panel;
        tile.weights += offset;
        tile.out += offset;
        if (tile.next) tile.next += offset;
        if (tile.bias) tile.bias += offset;
        if (tile.addend) tile.addend += offset;
        tile.lanes = last < LANES ? last : LANES;
        if (here == 1)
            compute_strip(tile, rows, most, 1);
        else
            compute_strip(tile, rows, most, 2);
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
            Tile panel = {
                .x = layer.x + block,
                .x_stride = layer.x_stride,
                .weights = weights,
                .width = width,
                .inputs = inputs,
                .next = left > PANEL ? weights + layer.inputs * PANEL : NULL,
                .bias = block == 0 ? layer.bias + column : NULL,
                .addend = block == 0 ? layer.addend : layer.out,
                .out = layer.out + column,
                .out_stride = layer.out_stride,
                .activation = is_last ? layer.activation : FSAC_NO_ACTIVATION,
            };
            if (panel.addend) panel.addend += column;
            compute_panel(panel, rows, left, most, vectors);
        }
    }
}

typedef float quad __attribute__((vector_size(16), aligned(4)));

/* out[c][i] = panel[i][c] for four rows i, of which `rows` are there (the others are zero), and four columns c. */
INLINE void transpose_quad(const float *panel, size_t stride, size_t rows, float *out, size_t out_stride) {
    quad q[4];
    for (size_t i = 0; i < 4; i++) q[i] = i < rows ? *(const quad *)(panel + i * stride) : (quad){};
    const quad a = __builtin_shufflevector(q[0], q[1], 0, 4, 1, 5), b = __builtin_shufflevector(q[2], q[3], 0, 4, 1, 5);
    const quad c = __builtin_shufflevector(q[0], q[1], 2, 6, 3, 7), d = __builtin_shufflevector(q[2], q[3], 2, 6, 3, 7);
    *(quad *)out = __builtin_shufflevector(a, b, 0, 1, 4, 5);
    *(quad *)(out + out_stride) = __builtin_shufflevector(a, b, 2, 3, 6, 7);
    *(quad *)(out + 2 * out_stride) = __builtin_shufflevector(c, d, 0, 1, 4, 5);
    *(quad *)(out + 3 * out_stride) = __builtin_shufflevector(c, d, 2, 3, 6, 7);
}

/*
 * The weights of the outputs first_output ..< first_output + count to `width` inputs from `input` on, of which `left` are there,
 * as a panel of the transposed layer: [outputs][width].
 */
INLINE void transpose_block(const Tile *layer, size_t outputs, size_t first_output, size_t count, size_t input, size_t left,
                            size_t width, float *block) {
    for (size_t output = first_output; output < first_output + count; output += PANEL) {
        const size_t panel_width = outputs - output <= LANES ? LANES : PANEL;
        const float *panel = layer->weights + output * layer->inputs + input * panel_width;
        float *out = block + (output - first_output) * width;
        for (size_t i = 0; i < width && i < left; i += 4) {
            const size_t rows = left - i < 4 ? left - i : 4;
            for (size_t c = 0; c < panel_width; c += 4)
                transpose_quad(panel + i * panel_width + c, panel_width, rows, out + c * width + i, width);
        }
    }
}

/* A block of the weights is transposed for all rows, as small as the forward way's, and then multiplied with as there. */
INLINE void linear_transposed(Tile layer, size_t rows, size_t outputs, size_t first, size_t last, const int most,
                              const int vectors) {
    _Alignas(64) float transposed[BLOCK * PANEL];
    for (size_t block = 0; block < outputs; block += BLOCK) {
        const size_t count = outputs - block < BLOCK ? outputs - block : BLOCK;
        for (size_t column = first, width; column < last; column += width) {
            const size_t left = last - column;
            width = left <= LANES ? LANES : PANEL;
            transpose_block(&layer, outputs, block, count, column, left < width ? left : width, width, transposed);
            Tile panel = {
                .x = layer.x + block,
                .x_stride = layer.x_stride,
                .weights = transposed,
                .width = width,
                .inputs = count,
                .addend = block == 0 ? layer.addend : layer.out,
                .out = layer.out + column,
                .out_stride = layer.out_stride,
                .activation = FSAC_NO_ACTIVATION,
            };
            if (panel.addend) panel.addend += column;
            compute_panel(panel, rows, left, most, vectors);
        }
    }
}

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static void linear_avx512(Tile layer, size_t rows, size_t columns) {
    linear(layer, rows, columns, 12, 2);
}

__attribute__((target("avx512f"))) static void transposed_avx512(Tile layer, size_t rows, size_t outputs, size_t first,
                                                                 size_t last) {
    linear_transposed(layer, rows, outputs, first, last, 12, 2);
}

__attribute__((target("avx2,fma"))) static void linear_avx2(Tile layer, size_t rows, size_t columns) {
    linear(layer, rows, columns, 6, 1);
}

__attribute__((target("avx2,fma"))) static void transposed_avx2(Tile layer, size_t rows, size_t outputs, size_t first,
                                                                size_t last) {
    linear_transposed(layer, rows, outputs, first, last, 6, 1);
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

void fsac_linear_transposed(const float *x, size_t x_stride, size_t rows, const float *panels, size_t inputs,
                            size_t outputs, size_t first, size_t last, const float *addend, float *out,
                            size_t out_stride) {
    const Tile layer = {
        .x = x,
        .x_stride = x_stride,
        .weights = panels,
        .inputs = inputs,
        .addend = addend,
        .out = out,
        .out_stride = out_stride,
    };
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return transposed_avx512(layer, rows, outputs, first, last);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return transposed_avx2(layer, rows, outputs, first, last);
#endif
    linear_transposed(layer, rows, outputs, first, last, 3, 1);
}
