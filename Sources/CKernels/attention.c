#include <float.h>

#include "integers.h"
#include "vectors.h"

/*
 * All keys and values become bytes once, in blocks. Then a few queries after the other look at block by block. What a block gives is
 * weighed by e to the power of its own largest score: so its bytes are used alike whether or not another block holds a larger one.
 */

enum {
    /* queries in hand: their scores of a block (12 KiB) stay in the first-level cache; a multiple of all heights of tiles and of LANES */
    QUERIES = 48,
    KEYS = 64,
    PANEL = 2 * LANES,
};

/* to the nearest whole number, for |v| < 2^22 */
#define ROUNDED(v) ((v) + 12582912.0f - 12582912.0f)

INLINE size_t padded(size_t count, size_t unit) { return (count + unit - 1) / unit * unit; }

/* Keys or values of a block as the weights of a layer. */
typedef struct {
    int8_t *panels;
    float *factors, *sums;
    size_t inputs, columns; /* padded */
} Layer;

INLINE size_t layer_bytes(size_t inputs, size_t columns) {
    return padded(columns, PANEL) * (padded(inputs, FSAC_QUAD) + 2 * sizeof(float));
}

INLINE Layer layer_at(uint8_t *memory, size_t inputs, size_t columns) {
    const size_t width = padded(columns, PANEL), height = padded(inputs, FSAC_QUAD);
    float *factors = (float *)(void *)(memory + width * height);
    return (Layer){(int8_t *)memory, factors, factors + width, height, width};
}

/* The mean of all keys, and zeros to a whole vector. A softmax is the same without it, and without it bytes hold the keys better. */
MULTIVERSION static void mean_of_rows(const float *x, size_t stride, size_t rows, size_t width, float *mean) {
    FOR_EACH_VECTOR(width, c, lanes) {
        vfloat sum = SPLAT(0);
        for (size_t r = 0; r < rows; r++) {
            vfloat v;
            load(&v, x + r * stride + c, lanes, 0);
            sum += v;
        }
        sum *= 1.0f / (float)rows;
        STORE(mean + c, sum);
    }
}

/* A factor so that the largest of `size` becomes 127; NaN where that or `poison` is. */
#define FACTOR(size, poison) ((size) * (1.0f / 127) + (poison))
#define INVERSE(factor) ((factor) >= FLT_MIN ? 1 / (factor) : 0)

/* One factor a key. */
MULTIVERSION static void pack_keys(const float *x, size_t stride, size_t keys, size_t width, const float *mean,
                                   Layer layer) {
    for (size_t key = 0; key < keys; key++, x += stride) {
        vfloat largest = SPLAT(0), poison = SPLAT(0);
        FOR_EACH_VECTOR(width, c, lanes) {
            vfloat v;
            load(&v, x + c, lanes, 0);
            v -= LOAD(mean + c);
            poison += v * 0;
            largest = MAX(largest, MAX(v, -v));
        }
        float size = largest[0];
        for (int i = 1; i < LANES; i++) size = largest[i] > size ? largest[i] : size;
        const float factor = FACTOR(size, sum_lanes(&poison)), inverse = INVERSE(factor);
        int8_t *column = layer.panels + key / PANEL * PANEL * layer.inputs + key % PANEL * FSAC_QUAD;
        vint sum = {};
        FOR_EACH_VECTOR(width, c, lanes) {
            vfloat v;
            load(&v, x + c, lanes, 0);
            const vint whole = __builtin_convertvector(ROUNDED((v - LOAD(mean + c)) * inverse), vint);
            sum += whole;
            int8_t bytes[LANES];
            for (int i = 0; i < LANES; i++) bytes[i] = (int8_t)whole[i];
            for (size_t i = 0; i < lanes; i += FSAC_QUAD) memcpy(column + (c + i) * PANEL, bytes + i, FSAC_QUAD);
        }
        layer.factors[key] = factor;
        layer.sums[key] = factor * (float)__builtin_reduce_add(sum);
    }
}

/* One factor a column: keys are the layer's inputs now. */
MULTIVERSION static void pack_values(const float *x, size_t stride, size_t keys, size_t width, Layer layer) {
    FOR_EACH_VECTOR(width, c, lanes) {
        vfloat largest = SPLAT(0), poison = SPLAT(0);
        for (size_t key = 0; key < keys; key++) {
            vfloat v;
            load(&v, x + key * stride + c, lanes, 0);
            poison += v * 0;
            largest = MAX(largest, MAX(v, -v));
        }
        const vfloat factor = FACTOR(largest, poison);
        const vfloat inverse = SELECT(factor >= FLT_MIN, 1.0f / factor, SPLAT(0));
        STORE(layer.factors + c, factor);
        int8_t *column = layer.panels + c / PANEL * PANEL * layer.inputs + c % PANEL * FSAC_QUAD;
        for (size_t key = 0; key < keys; key += FSAC_QUAD, column += PANEL * FSAC_QUAD) {
            vint quads = {};
            for (size_t i = 0; i < FSAC_QUAD && key + i < keys; i++) {
                vfloat v;
                load(&v, x + (key + i) * stride + c, lanes, 0);
                quads |= (__builtin_convertvector(ROUNDED(v * inverse), vint) & 255) << (int)(8 * i);
            }
            *(vint *)(void *)column = quads;
        }
    }
}

/* e^x for x <= 0, relative error below 1e-5, which bytes do not see. */
INLINE void short_exp(vfloat *x) {
    const vfloat t = MAX(SPLAT(-126.0f), *x * 1.44269504f), n = ROUNDED(t), r = t - n;
    vfloat p = SPLAT(9.618129e-3f);
    p = p * r + 5.5504109e-2f;
    p = p * r + 2.4022651e-1f;
    p = p * r + 6.9314718e-1f;
    p = p * r + 1.0f;
    *x = p * (vfloat)((__builtin_convertvector(n, vint) + 127) << 23);
}

/* What is known of some queries so far. */
typedef struct {
    _Alignas(64) float largest[QUERIES];
    _Alignas(64) float sums[QUERIES][LANES]; /* of the weights, by lanes */
} Running;

static void begin(Running *running, size_t rows, float *out, size_t out_stride, size_t width) {
    memset(running, 0, sizeof *running);
    for (size_t r = 0; r < QUERIES; r++) running->largest[r] = -FLT_MAX;
    for (size_t r = 0; r < rows; r++) memset(out + r * out_stride, 0, width * sizeof(float));
}

/*
 * From scores [rows][KEYS], of which `keys` are there, to weights of the block's values: bytes [rows][KEYS] and what they are to be
 * multiplied with. What was found in `out` before is brought to the same scale.
 */
MULTIVERSION static void weigh(const float *scores, size_t rows, size_t keys, Running *running, uint8_t *bytes,
                               fsac_row_scale *scales, float *out, size_t out_stride, size_t width) {
    _Alignas(64) float largest[QUERIES] = {0}, before[QUERIES], now[QUERIES], sums[QUERIES][LANES];
    for (size_t r = 0; r < rows; r++) {
        vfloat v[KEYS / LANES], high, sum = SPLAT(0);
        for (size_t c = 0; c < KEYS; c += LANES) {
            const size_t left = c < keys ? keys - c : 0;
            load(&v[c / LANES], scores + r * KEYS + c, left < LANES ? left : LANES, -INFINITY);
            high = c == 0 ? v[0] : MAX(v[c / LANES], high);
        }
        ALL_LANES(high, LARGER);
        for (size_t c = 0; c < KEYS; c += LANES) {
            vfloat weight = v[c / LANES] - high;
            short_exp(&weight);
            weight = ROUNDED(weight * 255);
            sum += weight;
            *(vbyte *)(bytes + r * KEYS + c) = __builtin_convertvector(__builtin_convertvector(weight, vint), vbyte);
        }
        STORE(sums[r], sum);
        largest[r] = high[0];
    }
    for (size_t r = 0; r < rows; r += LANES) {
        const vfloat old = LOAD(running->largest + r), new = LOAD(largest + r), most = MAX(old, new);
        vfloat v = old - most;
        short_exp(&v);
        STORE(before + r, v);
        v = new - most;
        short_exp(&v);
        STORE(now + r, v);
        STORE(running->largest + r, most);
    }
    for (size_t r = 0; r < rows; r++) {
        scales[r] = (fsac_row_scale){now[r], 0};
        STORE(running->sums[r], LOAD(running->sums[r]) * before[r] + LOAD(sums[r]) * now[r]);
        if (before[r] == 1) continue;
        FOR_EACH_VECTOR(width, c, lanes) {
            vfloat v;
            load(&v, out + r * out_stride + c, lanes, 0);
            v *= before[r];
            store(out + r * out_stride + c, &v, lanes);
        }
    }
}

MULTIVERSION static void divide(float *out, size_t out_stride, size_t rows, size_t width, const Running *running) {
    for (size_t r = 0; r < rows; r++, out += out_stride) {
        const vfloat sum = LOAD(running->sums[r]);
        const float scale = 1 / sum_lanes(&sum);
        FOR_EACH_VECTOR(width, c, lanes) {
            vfloat v;
            load(&v, out + c, lanes, 0);
            v *= scale;
            store(out + c, &v, lanes);
        }
    }
}

/* A block: its keys, then its values. */
INLINE size_t block_bytes(size_t width) { return layer_bytes(width, KEYS) + layer_bytes(KEYS, width); }
INLINE Layer keys_of(uint8_t *block, size_t width) { return layer_at(block, width, KEYS); }
INLINE Layer values_of(uint8_t *block, size_t width) {
    return layer_at(block + layer_bytes(width, KEYS), KEYS, width);
}

size_t fsac_integer_attention_scratch(size_t tokens, size_t width) {
    return (tokens + KEYS - 1) / KEYS * block_bytes(width);
}

static void pack_blocks(const float *key, const float *value, size_t stride, size_t tokens, size_t width, uint8_t *blocks) {
    _Alignas(64) float mean[FSAC_MOST_HEAD_WIDTH];
    mean_of_rows(key, stride, tokens, width, mean);
    for (size_t first = 0; first < tokens; first += KEYS, blocks += block_bytes(width)) {
        const size_t keys = tokens - first < KEYS ? tokens - first : KEYS;
        memset(blocks, 0, block_bytes(width));
        pack_keys(key + first * stride, stride, keys, width, mean, keys_of(blocks, width));
        pack_values(value + first * stride, stride, keys, width, values_of(blocks, width));
    }
}

static const float zeros[FSAC_MOST_HEAD_WIDTH];

INLINE fsac_integer_weights weights_of(Layer layer) {
    return (fsac_integer_weights){FSAC_BYTES, layer.panels, layer.factors, layer.sums, zeros, layer.inputs};
}

void fsac_integer_attention(fsac_path path, const float *query, const float *key, const float *value, size_t stride,
                            size_t tokens, size_t width, void *scratch, float *out, size_t out_stride) {
    _Alignas(64) float scores[QUERIES * KEYS];
    uint8_t queries[QUERIES * FSAC_MOST_HEAD_WIDTH], weights[QUERIES * KEYS];
    fsac_row_scale query_scales[QUERIES], weight_scales[QUERIES];
    Running running;
    const size_t query_bytes = padded(width, FSAC_QUAD);
    pack_blocks(key, value, stride, tokens, width, scratch);
    for (size_t row = 0; row < tokens; row += QUERIES, out += QUERIES * out_stride) {
        const size_t rows = tokens - row < QUERIES ? tokens - row : QUERIES;
        begin(&running, rows, out, out_stride, width);
        fsac_quantise(FSAC_BYTES, query + row * stride, stride, rows, width, queries, query_bytes, query_scales);
        uint8_t *block = scratch;
        for (size_t first = 0; first < tokens; first += KEYS, block += block_bytes(width)) {
            const size_t keys = tokens - first < KEYS ? tokens - first : KEYS;
            const fsac_integer_weights k = weights_of(keys_of(block, width));
            const fsac_integer_weights v = weights_of(values_of(block, width));
            fsac_integer_linear(path, queries, query_bytes, query_scales, rows, &k, KEYS, NULL, FSAC_NO_ACTIVATION,
                                scores, KEYS);
            weigh(scores, rows, keys, &running, weights, weight_scales, out, out_stride, width);
            fsac_integer_linear(path, weights, KEYS, weight_scales, rows, &v, width, out, FSAC_NO_ACTIVATION, out,
                                out_stride);
        }
        divide(out, out_stride, rows, width, &running);
    }
}
