Matrices.

/* == product == */
/* c += a b for m x k and k x n; each matrix has the distance of its rows and of its columns. */
static void product(integer m, integer n, integer k,
    const real *restrict a, integer a_row, integer a_column,
    const real *restrict b, integer b_row, integer b_column,
    real *restrict c, integer c_row, integer c_column)
{
    if (b_column == 1 && c_column == 1) {
        for (integer i = 0; i < m; i++)
            for (integer p = 0; p < k; p++) {
                const real x = a[i * a_row + p * a_column];
                const real *restrict from = b + p * b_row;
                real *restrict to = c + i * c_row;
                for (integer j = 0; j < n; j++)
                    to[j] += x * from[j];
            }
        return;
    }
    for (integer i = 0; i < m; i++)
        for (integer j = 0; j < n; j++) {
            real total = 0;
            for (integer p = 0; p < k; p++)
                total += a[i * a_row + p * a_column] * b[p * b_row + j * b_column];
            c[i * c_row + j * c_column] += total;
        }
}

/* == pivoted == */
/* The row at or below p with the largest entry in column p goes up to p; whether it moved. */
static inline int pivoted(integer n, integer p, real *a, real *b)
{
    integer best = p;
    for (integer i = p + 1; i < n; i++)
        if (fabs((double)a[i * n + p]) > fabs((double)a[best * n + p]))
            best = i;
    for (integer j = 0; best != p && j < n; j++) {
        const real x = a[p * n + j], y = b[p * n + j];
        a[p * n + j] = a[best * n + j];
        a[best * n + j] = x;
        if (b != a) {
            b[p * n + j] = b[best * n + j];
            b[best * n + j] = y;
        }
    }
    return best != p;
}

/* == inverse == */
/* b = the inverse of a, n x n, by Gauss and Jordan; a is lost. A singular a gives no numbers. */
static void inverse(integer n, real *a, real *b)
{
    for (integer i = 0; i < n; i++)
        for (integer j = 0; j < n; j++)
            b[i * n + j] = i == j ? 1 : 0;
    for (integer p = 0; p < n; p++) {
        pivoted(n, p, a, b);
        const real x = 1 / a[p * n + p];
        for (integer j = 0; j < n; j++) {
            a[p * n + j] *= x;
            b[p * n + j] *= x;
        }
        for (integer i = 0; i < n; i++) {
            const real y = a[i * n + p];
            for (integer j = 0; i != p && j < n; j++) {
                a[i * n + j] -= y * a[p * n + j];
                b[i * n + j] -= y * b[p * n + j];
            }
        }
    }
}

/* == upper == */
/* a, n x n, becomes upper triangular; the sign that exchanging rows gave its determinant. */
static int upper(integer n, real *a)
{
    int result = 1;
    for (integer p = 0; p < n; p++) {
        if (pivoted(n, p, a, a))
            result = -result;
        for (integer i = p + 1; i < n; i++) {
            const real x = a[i * n + p] == 0 ? 0 : a[i * n + p] / a[p * n + p];
            for (integer j = p; j < n; j++)
                a[i * n + j] -= x * a[p * n + j];
        }
    }
    return result;
}

/* == determinant == */
/* The determinant of a, n x n; a is lost. */
static real determinant(integer n, real *a)
{
    real result = (real)upper(n, a);
    for (integer i = 0; i < n; i++)
        result *= a[i * n + i];
    return result;
}

/* == logdet == */
/* The logarithm of the absolute value of the determinant of a, n x n; a is lost. */
static real logdet(integer n, real *a)
{
    double result = 0;
    upper(n, a);
    for (integer i = 0; i < n; i++)
        result += log(fabs((double)a[i * n + i]));
    return (real)result;
}
