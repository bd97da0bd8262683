#include "training.h"

#include "vectors.h"

MULTIVERSION void fsac_gelu_with_slope(const float *z, float *out, float *slope, size_t count) {
    FOR_EACH_VECTOR(count, i, lanes) {
        vfloat v;
        load(&v, z + i, lanes, 0);
        /* Phi as in gelu() */
        const vfloat x = MAX(v, -v) * 0.70710678f;
        const vfloat t = 1.0f / (x * 0.3275911f + 1.0f);
        vfloat p = SPLAT(1.061405429f);
        p = p * t - 1.453152027f;
        p = p * t + 1.421413741f;
        p = p * t - 0.284496736f;
        p = p * t + 0.254829592f;
        vfloat e = -x * x;
        exp_of_negative(&e);
        const vfloat tail = 0.5f * p * t * e;
        const vfloat phi = SELECT(v > 0, 1.0f - tail, tail);
        const vfloat value = v * phi;
        const vfloat derivative = phi + v * e * 0.39894228f;
        store(out + i, &value, lanes);
        store(slope + i, &derivative, lanes);
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
