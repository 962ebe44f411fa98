What is another one on small devices.

/* == bits_of_place == */
/* Random bits that are a function of a seed, a stream and a place in it. */
static inline uint32_t bits_of_place(uint32_t seed, uint32_t stream, uint32_t place)
{
    uint32_t z = 0;
    const uint32_t words[] = { seed, stream, place };
    for (int i = 0; i < 3; i++) {
        z = (z + words[i] + 0x9e3779b9u) * 0x21f0aaadu;
        z = (z ^ (z >> 15)) * 0x735a2d97u;
        z ^= z >> 15;
    }
    return z;
}

/* == uniform == */
/* A number in [0, 1). */
static inline real uniform(uint32_t seed, uint32_t stream, integer place)
{
    return (real)(bits_of_place(seed, stream, (uint32_t)place) >> 8) * 0x1p-24f;
}

/* == truncated_normal == */
/* A normal number, drawn again until it lies between two limits. */
static inline real truncated_normal(uint32_t seed, uint32_t stream, integer place,
    real low, real high)
{
    real x = normal(seed, stream, place);
    for (uint32_t again = 1; x < low || x > high; again++)
        x = normal(seed, stream + (again << 16), place);
    return x;
}

/* == product == */
/* c += a b for m x k and k x n; each matrix has the distance of its rows and of its columns. */
static void product(integer m, integer n, integer k,
    const real *restrict a, integer a_row, integer a_column,
    const real *restrict b, integer b_row, integer b_column,
    real *restrict c, integer c_row, integer c_column)
{
    for (integer i = 0; i < m; i++)
        for (integer j = 0; j < n; j++)
            for (integer p = 0; p < k; p++)
                c[i * c_row + j * c_column] += a[i * a_row + p * a_column]
                    * b[p * b_row + j * b_column];
}
