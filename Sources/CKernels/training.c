#include "training.h"

#include "vectors.h"

MULTIVERSION void fsac_gelu_with_slope(const float *z, float *out, float *slope, size_t count) {
    FOR_EACH_VECTOR(count, i, lanes) {
        vfloat v;
        load(&v, z + i, lanes, 0);
        vfloat tails, e;
        normal_tails(&v, &tails, &e);
        const vfloat tail = 0.5f * tails;
        const vfloat phi = SELECT(v > 0, 1.0f - tail, tail);
        const vfloat value = v * phi;
        const vfloat derivative = phi + v * e * 0.39894228f;
        store(out + i, &value, lanes);
        store(slope + i, &derivative, lanes);
    }
}

MULTIVERSION void fsac_quick_gelu_with_slope(const float *z, float *out, float *slope, size_t count) {
    FOR_EACH_VECTOR(count, i, lanes) {
        vfloat v;
        load(&v, z + i, lanes, 0);
        vfloat gate = v;
        quick_gelu_gate(&gate);
        const vfloat value = v * gate;
        const vfloat derivative = gate + 1.702f * value * (1.0f - gate);
        store(out + i, &value, lanes);
        store(slope + i, &derivative, lanes);
    }
}

MULTIVERSION void fsac_layer_norm_gradient(const float *x, const float *gamma, float epsilon, const float *gradient,
                                           const float *addend, float *out, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns, gradient += columns, out += columns) {
        const row_norm norm = norm_of_row(x, columns, epsilon);
        vfloat slopes = SPLAT(0), products = SPLAT(0);
        FOR_EACH_VECTOR(columns, c, lanes) {
            vfloat v, g, d;
            load(&v, x + c, lanes, norm.mean);
            load(&g, gamma + c, lanes, 0);
            load(&d, gradient + c, lanes, 0);
            d *= g;
            slopes += d;
            products += d * (v - norm.mean);
        }
        const float slope = sum_lanes(&slopes) / (float)columns;
        const float product = sum_lanes(&products) / (float)columns * norm.scale * norm.scale;
        FOR_EACH_VECTOR(columns, c, lanes) {
            vfloat v, g, d, a = SPLAT(0);
            load(&v, x + c, lanes, 0);
            load(&g, gamma + c, lanes, 0);
            load(&d, gradient + c, lanes, 0);
            if (addend) load(&a, addend + c, lanes, 0);
            a += norm.scale * (d * g - slope - (v - norm.mean) * product);
            store(out + c, &a, lanes);
        }
        if (addend) addend += columns;
    }
}

MULTIVERSION void fsac_softmax_gradient(const float *softmax, float *gradient, size_t rows, size_t columns,
                                        size_t stride) {
    for (size_t r = 0; r < rows; r++, softmax += stride, gradient += stride) {
        vfloat sum = SPLAT(0);
        FOR_EACH_VECTOR(columns, c, lanes) {
            vfloat p, g;
            load(&p, softmax + c, lanes, 0);
            load(&g, gradient + c, lanes, 0);
            sum += p * g;
        }
        const float mean = sum_lanes(&sum);
        FOR_EACH_VECTOR(columns, c, lanes) {
            vfloat p, g;
            load(&p, softmax + c, lanes, 0);
            load(&g, gradient + c, lanes, 0);
            g = p * (g - mean);
            store(gradient + c, &g, lanes);
        }
    }
}

MULTIVERSION void fsac_adam(const fsac_adam_step *step, const float *gradient, float *first, float *second,
                            float *weights, size_t count) {
    const float a = step->first_decay, b = step->second_decay;
    FOR_EACH_VECTOR(count, i, lanes) {
        vfloat g, m, v, w;
        load(&g, gradient + i, lanes, 0);
        load(&m, first + i, lanes, 0);
        load(&v, second + i, lanes, 0);
        load(&w, weights + i, lanes, 0);
        m = m * a + g * (1 - a);
        v = v * b + g * g * (1 - b);
        w -= m * step->step_size / (__builtin_elementwise_sqrt(v) * step->second_scale + step->epsilon);
        store(first + i, &m, lanes);
        store(second + i, &v, lanes);
        store(weights + i, &w, lanes);
    }
}
