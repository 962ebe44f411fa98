Matrices.

/* == tile == */
/* A vector of as many numbers as the processor adds at once, and tiles of 6 rows and 2 vectors.
 * Other compilers than GCC and Clang, and those told NET_PLAIN, take plain loops.
 */
#if defined(__GNUC__) && !defined(NET_PLAIN)
#define NET_TILES
#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
typedef real vector __attribute__((vector_size(VECTOR_BYTES)));
enum {
    TILE_LANES = VECTOR_BYTES / (int)sizeof(real),
    TILE_ROWS = 6,
    TILE_COLUMNS = 2 * TILE_LANES,
    TILE_DEPTH = 256, /* so much of the sum at a time: a panel stays in the first cache */
    TILE_BLOCK = 192, /* and so many rows: they stay in the second */
};

/* A loaded vector stays in its register: GCC would load it again for each product. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#define KEEP(v) __asm__("" : "+x"(v))
#else
#define KEEP(v) (void)(v)
#endif

/* sum = a b for 6 rows of a, of which the last ones may be the same, and a panel of 2 vectors. */
static void tile(integer rows, integer k, const real *a, integer a_row, integer a_column,
    const vector *b, vector *sum)
{
    const integer last = rows - 1;
    const integer r1 = a_row * (last < 1 ? last : 1), r2 = a_row * (last < 2 ? last : 2);
    const integer r3 = a_row * (last < 3 ? last : 3), r4 = a_row * (last < 4 ? last : 4);
    const integer r5 = a_row * (last < 5 ? last : 5);
    vector x0 = { 0 }, x1 = x0, x2 = x0, x3 = x0, x4 = x0, x5 = x0;
    vector y0 = x0, y1 = x0, y2 = x0, y3 = x0, y4 = x0, y5 = x0;
    for (integer p = 0; p < k; p++) {
        vector x = b[2 * p], y = b[2 * p + 1];
        real s;
        KEEP(x);
        KEEP(y);
        s = a[0], x0 += s * x, y0 += s * y;
        s = a[r1], x1 += s * x, y1 += s * y;
        s = a[r2], x2 += s * x, y2 += s * y;
        s = a[r3], x3 += s * x, y3 += s * y;
        s = a[r4], x4 += s * x, y4 += s * y;
        s = a[r5], x5 += s * x, y5 += s * y;
        a += a_column;
    }
    sum[0] = x0, sum[1] = y0;
    sum[2] = x1, sum[3] = y1;
    sum[4] = x2, sum[5] = y2;
    sum[6] = x3, sum[7] = y3;
    sum[8] = x4, sum[9] = y4;
    sum[10] = x5, sum[11] = y5;
}
#endif

/* == packed == */
#ifdef NET_TILES
/* A panel of b, k x n, of which each row is 2 vectors; what is missing of them is 0. */
static void packed(integer k, integer n, const real *b, integer b_row, integer b_column, real *to)
{
    for (integer p = 0; p < k; p++, to += TILE_COLUMNS) {
        const real *from = b + p * b_row;
        if (n == TILE_COLUMNS && b_column == 1) {
            for (integer j = 0; j < TILE_COLUMNS; j++)
                to[j] = from[j];
        } else {
            for (integer j = 0; j < TILE_COLUMNS; j++)
                to[j] = j < n ? from[j * b_column] : 0;
        }
    }
}
#endif

/* == added == */
#ifdef NET_TILES
/* c += a tile's sum. */
static void added(integer m, integer n, const real *sum, real *c, integer c_row, integer c_column)
{
    for (integer i = 0; i < m; i++, sum += TILE_COLUMNS, c += c_row) {
        if (n == TILE_COLUMNS && c_column == 1) {
            for (integer j = 0; j < TILE_COLUMNS; j++)
                c[j] += sum[j];
        } else {
            for (integer j = 0; j < n; j++)
                c[j * c_column] += sum[j];
        }
    }
}
#endif

/* == small_product == */
/* c += a b, entry by entry. */
static void small_product(integer m, integer n, integer k,
    const real *restrict a, integer a_row, integer a_column,
    const real *restrict b, integer b_row, integer b_column,
    real *restrict c, integer c_row, integer c_column)
{
    for (integer i = 0; i < m; i++)
        for (integer j = 0; j < n; j++) {
            real total = 0;
            for (integer p = 0; p < k; p++)
                total += a[i * a_row + p * a_column] * b[p * b_row + j * b_column];
            c[i * c_row + j * c_column] += total;
        }
}

/* == by_blas == */
#ifdef NET_CBLAS
#include <cblas.h>

/* c += a b by the BLAS that is linked, if rows or columns lie as it wants them; whether they do. */
static int by_blas(integer m, integer n, integer k,
    const real *a, integer a_row, integer a_column,
    const real *b, integer b_row, integer b_column, real *c, integer c_row, integer c_column)
{
    const int a_turned = a_column != 1, b_turned = b_column != 1;
    const integer lda = a_turned ? a_column : a_row, ldb = b_turned ? b_column : b_row;
    if ((a_turned && a_row != 1) || (b_turned && b_row != 1) || c_column != 1)
        return 0;
    if (lda < (a_turned ? m : k) || ldb < (b_turned ? k : n) || c_row < n)
        return 0;
    GEMM(CblasRowMajor, a_turned ? CblasTrans : CblasNoTrans,
        b_turned ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k,
        1, a, (int)lda, b, (int)ldb, 1, c, (int)c_row);
    return 1;
}
#endif

/* == product == */
/* Large products are divided among threads, told -fopenmp -DNET_THREADS=4: each entry is worked out
 * by one of them, in the same order however many there are.
 */
#if defined(_OPENMP) && defined(NET_THREADS)
#define DIVIDED(large) PRAGMA(omp parallel for collapse(2) num_threads(NET_THREADS) if (large))
#else
#define DIVIDED(large)
#endif

/* c += a b for m x k and k x n; each matrix has the distance of its rows and of its columns.
 * Panels of b are packed; tiles of c are summed up in registers.
 */
static void product(integer m, integer n, integer k,
    const real *restrict a, integer a_row, integer a_column,
    const real *restrict b, integer b_row, integer b_column,
    real *restrict c, integer c_row, integer c_column)
{
    const double work = (double)m * (double)n * (double)k;
    (void)work;
#ifdef NET_CBLAS
    if (work >= 2048
        && by_blas(m, n, k, a, a_row, a_column, b, b_row, b_column, c, c_row, c_column))
        return;
#endif
#ifdef NET_TILES
    if (work < 2048 || (m < TILE_LANES && n < TILE_LANES)) {
        small_product(m, n, k, a, a_row, a_column, b, b_row, b_column, c, c_row, c_column);
        return;
    }
    if (n < TILE_LANES) { /* few columns: the transposed matrices have few rows */
        product(n, m, k, b, b_column, b_row, a, a_column, a_row, c, c_column, c_row);
        return;
    }
    for (integer p = 0; p < k; p += TILE_DEPTH) {
        const integer depth = k - p < TILE_DEPTH ? k - p : TILE_DEPTH;
        DIVIDED(work > 1e6)
        for (integer block = 0; block < m; block += TILE_BLOCK) {
            for (integer j = 0; j < n; j += TILE_COLUMNS) {
                union { vector v[2 * TILE_DEPTH]; real x[TILE_COLUMNS * TILE_DEPTH]; } panel;
                union { vector v[2 * TILE_ROWS]; real x[TILE_COLUMNS * TILE_ROWS]; } sum;
                const integer end = m - block < TILE_BLOCK ? m : block + TILE_BLOCK;
                const integer width = n - j < TILE_COLUMNS ? n - j : TILE_COLUMNS;
                packed(depth, width, b + p * b_row + j * b_column, b_row, b_column, panel.x);
                for (integer i = block; i < end; i += TILE_ROWS) {
                    const integer rows = end - i < TILE_ROWS ? end - i : TILE_ROWS;
                    const real *from = a + i * a_row + p * a_column;
                    tile(rows, depth, from, a_row, a_column, panel.v, sum.v);
                    real *to = c + i * c_row + j * c_column;
                    added(rows, width, sum.x, to, c_row, c_column);
                }
            }
        }
    }
#else
    small_product(m, n, k, a, a_row, a_column, b, b_row, b_column, c, c_row, c_column);
#endif
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
