Functions without a branch, so that the compiler makes vectors of their loops.

/* == bits == */
/* The bits of a number, and back. */
static inline uint64_t bits(real x)
{
    union { real x; uint64_t u; } both = { .x = x };
    return both.u;
}

static inline real number(uint64_t u)
{
    union { uint64_t u; real x; } both = { .u = u };
    return both.x;
}

/* == reduced == */
/* x = k*log(2) + r: 2^k in two factors, and exp(r) - 1 for a small r by its series. */
struct reduced { real half, rest, p; };

static inline struct reduced reduced(real x)
{
    const real shift = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds */
    real k = (x * 1.4426950408889634 + shift) - shift;
    real h = (k * 0.5 + shift) - shift;
    real r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10;
    real q = 1.0 / 362880 + r * (1.0 / 3628800 + r * (1.0 / 39916800 + r * (1.0 / 479001600
        + r * (1.0 / 6227020800))));
    real p = r + r * r * (1.0 / 2 + r * (1.0 / 6 + r * (1.0 / 24 + r * (1.0 / 120
        + r * (1.0 / 720 + r * (1.0 / 5040 + r * (1.0 / 40320 + r * q)))))));
    struct reduced result = {
        number((bits(h + shift) - bits(shift) + 1023u) << 52),
        number((bits(k - h + shift) - bits(shift) + 1023u) << 52), p };
    return result;
}

/* == exponential == */
/* exp(x), to 1 unit in the last place. */
static inline real exponential(real x)
{
    real t = x > 710.0 ? 710.0 : x;
    t = t < -746.0 ? -746.0 : t;
    struct reduced e = reduced(t);
    return (1.0 + e.p) * e.half * e.rest;
}

/* == hyperbolic == */
/* tanh(x), to 3 units in the last place, by exp(-2|x|) - 1. */
static inline real hyperbolic(real x)
{
    real t = -2.0 * fabs(x);
    t = t < -60.0 ? -60.0 : t;
    struct reduced e = reduced(t);
    real s = e.half * e.rest;
    real m = s * e.p + (s - 1.0);
    return copysign(-m / (2.0 + m), x);
}

/* == logarithm == */
/* log(x), to 1 unit in the last place. */
static inline real logarithm(real x)
{
    real tiny = x < 2.2250738585072014e-308 ? 4503599627370496.0 : 1.0;
    uint64_t u = bits(x * tiny) - 0x3fe6a09e667f3bcdu;
    real k = number(((u + 0x4000000000000000u) >> 52) | 0x4330000000000000u) - 4503599627371520.0;
    k = tiny > 1.0 ? k - 52.0 : k;
    real f = number((u & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu) - 1.0;
    real s = f / (2.0 + f), z = s * s, h = 0.5 * f * f;
    real q = 2.0 / 15 + z * (2.0 / 17 + z * (2.0 / 19 + z * (2.0 / 21)));
    real R = z * (2.0 / 3 + z * (2.0 / 5 + z * (2.0 / 7 + z * (2.0 / 9 + z * (2.0 / 11
        + z * (2.0 / 13 + z * q))))));
    real y = k * 6.93147180369123816490e-01
        - ((h - (s * (h + R) + k * 1.90821492927058770002e-10)) - f);
    y = x > 1.7976931348623157e308 ? x : y;
    y = x == 0.0 ? (real)-INFINITY : y;
    y = x < 0.0 ? (real)NAN : y;
    return x != x ? x : y;
}

/* == gemm == */
#define GEMM cblas_dgemm
