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
