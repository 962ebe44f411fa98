Random numbers.

/* == bits_of_place == */
/* Random bits that are a function of a seed, a stream and a place in it (splitmix64). */
static inline uint64_t bits_of_place(uint64_t seed, uint64_t stream, uint64_t place)
{
    uint64_t z = seed + stream * 0xd1342543de82ef95u + (place + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* == uniform == */
/* A number in [0, 1). */
static inline double uniform(uint64_t seed, uint64_t stream, integer place)
{
    return (double)(bits_of_place(seed, stream, (uint64_t)place) >> 11) * 0x1p-53;
}

/* == normal == */
/* A normal number: two uniform ones by Box and Muller. */
static inline double normal(uint64_t seed, uint64_t stream, integer place)
{
    double u = 1.0 - uniform(seed, stream, 2 * place), v = uniform(seed, stream, 2 * place + 1);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

/* == truncated_normal == */
/* A normal number, drawn again until it lies between two limits. */
static inline double truncated_normal(uint64_t seed, uint64_t stream, integer place,
    double low, double high)
{
    double x = normal(seed, stream, place);
    for (uint64_t again = 1; x < low || x > high; again++)
        x = normal(seed, stream + (again << 32), place);
    return x;
}

/* == orthogonal == */
/* The rows of a, or its columns where they are fewer, become those of length gain at right angles
 * that follow from them one by one (Gram and Schmidt, twice for what rounding leaves).
 */
static void orthogonal(integer rows, integer columns, integer row, double gain, real *a)
{
    const integer vectors = rows < columns ? rows : columns, size = rows + columns - vectors;
    const integer next = rows < columns ? row : 1, step = rows < columns ? 1 : row;
    for (integer k = 0; k < 2 * vectors; k++) {
        real *v = a + k / 2 * next;
        for (integer j = 0; j <= k / 2; j++) {
            const real *u = a + j * next;
            double along = 0;
            for (integer i = 0; i < size; i++)
                along += (double)v[i * step] * (double)u[i * step];
            for (integer i = 0; i < size; i++)
                v[i * step] = (real)(j < k / 2 ? (double)v[i * step] - along * (double)u[i * step]
                                               : (double)v[i * step] / sqrt(along));
        }
    }
    for (integer i = 0; i < rows; i++)
        for (integer j = 0; j < columns; j++)
            a[i * row + j] *= (real)gain;
}
