Whole numbers.

/* == largest == */
static inline integer largest(integer a, integer b)
{
    return a > b ? a : b;
}

/* == quotient == */
/* a / b, rounded down. */
static inline integer quotient(integer a, integer b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* == remainder_of == */
/* What is left of a / b, rounded down; of b's sign. */
static inline integer remainder_of(integer a, integer b)
{
    integer left = a % b;
    return left != 0 && (left < 0) != (b < 0) ? left + b : left;
}

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
