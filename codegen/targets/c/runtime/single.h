Functions without a branch, so that the compiler makes vectors of their loops.

/* == bits == */
/* The bits of a number, and back. */
static inline uint32_t bits(real x)
{
    union { real x; uint32_t u; } both = { .x = x };
    return both.u;
}

static inline real number(uint32_t u)
{
    union { uint32_t u; real x; } both = { .u = u };
    return both.x;
}

/* == reduced == */
/* x = k*log(2) + r: 2^k in two factors, and exp(r) - 1 for a small r by its series. */
struct reduced { real half, rest, p; };

static inline struct reduced reduced(real x)
{
    const real shift = 12582912.0f; /* 1.5 * 2^23: adding it rounds */
    real k = (x * 1.44269504f + shift) - shift;
    real h = (k * 0.5f + shift) - shift;
    real r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
    real p = r + r * r * (1.0f / 2 + r * (1.0f / 6 + r * (1.0f / 24 + r * (1.0f / 120
        + r * (1.0f / 720 + r * (1.0f / 5040))))));
    struct reduced result = {
        number((bits(h + shift) - bits(shift) + 127u) << 23),
        number((bits(k - h + shift) - bits(shift) + 127u) << 23), p };
    return result;
}

/* == exponential == */
/* exp(x), to 1 unit in the last place. */
static inline real exponential(real x)
{
    real t = x > 89.0f ? 89.0f : x;
    t = t < -104.0f ? -104.0f : t;
    struct reduced e = reduced(t);
    return (1.0f + e.p) * e.half * e.rest;
}

/* == hyperbolic == */
/* tanh(x), to 3 units in the last place, by exp(-2|x|) - 1. */
static inline real hyperbolic(real x)
{
    real t = -2.0f * fabsf(x);
    t = t < -40.0f ? -40.0f : t;
    struct reduced e = reduced(t);
    real s = e.half * e.rest;
    real m = s * e.p + (s - 1.0f);
    return copysignf(-m / (2.0f + m), x);
}

/* == logarithm == */
/* log(x), to 1 unit in the last place. */
static inline real logarithm(real x)
{
    real tiny = x < 1.17549435e-38f ? 8388608.0f : 1.0f;
    uint32_t u = bits(x * tiny) - 0x3f3504f3u;
    real k = number(((u + 0x40000000u) >> 23) | 0x4b000000u) - 8388736.0f;
    k = tiny > 1.0f ? k - 23.0f : k;
    real f = number((u & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
    real s = f / (2.0f + f), z = s * s, h = 0.5f * f * f;
    real R = z * (2.0f / 3 + z * (2.0f / 5 + z * (2.0f / 7 + z * (2.0f / 9))));
    real y = k * 0.693359375f - ((h - (s * (h + R) + k * -2.12194440e-4f)) - f);
    y = x > 3.40282347e38f ? x : y;
    y = x == 0.0f ? -INFINITY : y;
    y = x < 0.0f ? NAN : y;
    return x != x ? x : y;
}

/* == gemm == */
#define GEMM cblas_sgemm
