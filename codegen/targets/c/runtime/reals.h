What both kinds of real numbers share.

/* == sigmoid == */
/* 1 / (1 + exp(-x)), to 3 units in the last place. */
static inline real sigmoid(real x)
{
    return 1 / (1 + exponential(-x));
}

/* == normcdf == */
/* The share of a normal distribution below x. */
static inline real normcdf(real x)
{
    return (real)(0.5 * erfc((double)x * -0.70710678118654752));
}

/* == greater == */
/* The greater number; NaN where one of them is NaN. */
static inline real greater(real a, real b)
{
    return a > b || a != a ? a : b;
}

/* == smaller == */
/* The smaller number; NaN where one of them is NaN. */
static inline real smaller(real a, real b)
{
    return a < b || a != a ? a : b;
}

/* == softplus == */
/* log(1 + exp(x)), without overflow. */
static inline real softplus(real x)
{
    real u = exponential(x > 0 ? -x : x), w = 1 + u;
    return (x < 0 ? 0 : x) + (logarithm(w) - ((w - 1) - u) / w);
}

/* == relu == */
static inline real relu(real x)
{
    return x < 0 ? 0 : x;
}

/* == sign == */
static inline real sign(real x)
{
    return x > 0 ? 1 : x < 0 ? -1 : x;
}

/* == square == */
static inline real square(real x)
{
    return x * x;
}

/* == cube == */
static inline real cube(real x)
{
    return x * x * x;
}

/* == floored == */
static inline real floored(real a, real b)
{
    return (real)floor((double)a / (double)b);
}

/* == modulus == */
static inline real modulus(real a, real b)
{
    real left = (real)fmod((double)a, (double)b);
    return left != 0 && (left < 0) != (b < 0) ? left + b : left;
}

/* == fill == */
/* The same number count times. */
static inline void fill(integer count, real value, real *restrict a)
{
    for (integer i = 0; i < count; i++)
        a[i] = value;
}

/* == copy == */
static inline void copy(integer count, const real *from, real *to)
{
    for (integer i = 0; i < count; i++)
        to[i] = from[i];
}
