"""Subscripts: diagonals, flips, shifts, strides, `//` and `%`, tensors that end early."""

import autograd.numpy as np

from tests.oracles.model import OracleModel


def weighted(name, source, text, function, leaves, shape, **settings):
    """`y = function(leaves)` with E = sum(w*y**2): a different upstream gradient at each place."""
    letters = ",".join("abcde"[: len(shape)])

    def reference(w, **tensors):
        y = function(**tensors)
        return np.sum(w * y**2), y

    return OracleModel(
        name=name,
        source=source,
        equations=f"{text}\nE = sum({letters}, w[{letters}]*y[{letters}]**2)",
        parameters=leaves,
        inputs={"w": shape},
        output="y",
        reference=reference,
        **settings,
    )


def _toeplitz(x, k):
    rows = [[k[i - j + 4] for j in range(5)] for i in range(3)]
    return np.array(rows) @ x


def _rope(x):
    angle = np.arange(5)[:, None] * 10.0 ** (-np.arange(3) / 3)
    even, odd = x[:, 0::2], x[:, 1::2]
    turned = (
        even * np.cos(angle) - odd * np.sin(angle),
        even * np.sin(angle) + odd * np.cos(angle),
    )
    return np.stack(turned, axis=2).reshape(5, 6)


def _two_shifts(x, a):
    left = np.concatenate([np.zeros(1), x[:-1]])
    right = np.concatenate([x[2:], np.zeros(2)])
    return a[0] * left + a[1] * x + a[2] * right + left * right


def _short(x, s):
    return x * np.concatenate([1 + s, np.ones(2)])


def _rolled(x):
    return np.concatenate([x[-2:], x[:-2]])


def _stencil(x):
    padded = np.pad(x, 1, mode="constant")
    around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    return around - 4 * x


def _pixel_shuffle(x):
    return np.reshape(np.transpose(x, (0, 1, 3, 2, 4)), (2, 6, 10))


def _strided_pairs(x):
    return x[0:10:2] * x[1:11:2]


def _one_sided(x):
    return np.concatenate([x[1:] - x[:-1], np.zeros(1)])


SUBSCRIPTS = (
    weighted(
        "transpose",
        "y = A^T B",
        "y[i,j] = sum(k, A[k,i]*B[k,j])",
        lambda A, B: A.T @ B,
        {"A": (5, 2), "B": (5, 3)},
        (2, 3),
        sizes={"A.0": 5, "A.1": 2, "B.1": 3},
    ),
    weighted(
        "symmetric_part",
        "(A + A^T)/2",
        "y[i,j] = (A[i,j] + A[j,i])/2",
        lambda A: (A + A.T) / 2,
        {"A": (5, 5)},
        (5, 5),
        sizes={"A.0": 5},
    ),
    weighted(
        "diagonal_and_trace",
        "diagonal, trace, outer product with itself",
        "y[i] = A[i,i]*sum(j, A[j,j]) + A[i,0]*A[0,i]",
        lambda A: np.diag(A) * np.trace(A) + A[:, 0] * A[0, :],
        {"A": (5, 5)},
        (5,),
        sizes={"i": 5},
    ),
    weighted(
        "diagonal_embedding",
        "diag(x) + x x^T by delta",
        "y[i,j] = delta(i, j)*x[i]**3 + x[i]*x[j]",
        lambda x: np.diag(x**3) + np.outer(x, x),
        {"x": (5,)},
        (5, 5),
        sizes={"x.0": 5},
    ),
    weighted(
        "time_flip",
        "x[size(t)-1-t]",
        "y[t,j] = x[size(t)-1-t,j]*x[t,j]",
        lambda x: x[::-1] * x,
        {"x": (5, 2)},
        (5, 2),
        sizes={"t": 5, "j": 2},
    ),
    weighted(
        "flatten",
        "reshape (2, 3, 5) to 30, last axis fastest",
        "y[k] = x[k//15,k//5%3,k%5]",
        lambda x: x.reshape(30),
        {"x": (2, 3, 5)},
        (30,),
        sizes={"k": 30, "x.0": 2, "x.1": 3, "x.2": 5},
    ),
    weighted(
        "unflatten",
        "reshape 30 to (2, 3, 5)",
        "y[c,i,j] = x[15*c+5*i+j]",
        lambda x: x.reshape(2, 3, 5),
        {"x": (30,)},
        (2, 3, 5),
        sizes={"y.0": 2, "y.1": 3, "y.2": 5, "x.0": 30},
    ),
    weighted(
        "concat",
        "concatenation along the last axis",
        "y[i,j] = where(j < size(u, 1), u[i,j], v[i,j-size(u, 1)])",
        lambda u, v: np.concatenate([u, v], axis=1),
        {"u": (2, 3), "v": (2, 5)},
        (2, 8),
        sizes={"y.0": 2, "y.1": 8, "u.1": 3, "v.1": 5},
    ),
    weighted(
        "concat_by_zero_reads",
        "what lies outside is 0, so a sum concatenates",
        "y[j] = u[j] + v[j-3]",
        lambda u, v: np.concatenate([u, v]),
        {"u": (3,), "v": (5,)},
        (8,),
        sizes={"y.0": 8, "u.0": 3, "v.0": 5},
    ),
    weighted(
        "upsample_nearest",
        "nearest neighbour, factor 2",
        "y[c,i,j] = x[c,i//2,j//2]",
        lambda x: np.repeat(np.repeat(x, 2, axis=1), 2, axis=2),
        {"x": (2, 3, 5)},
        (2, 6, 10),
        sizes={"x.0": 2, "x.1": 3, "x.2": 5, "y.1": 6, "y.2": 10},
    ),
    weighted(
        "pixel_shuffle",
        "Shi et al. 2016, equation 4, the channels split beforehand",
        "y[c,i,j] = x[c,i//2,j//2,i%2,j%2]",
        _pixel_shuffle,
        {"x": (2, 3, 5, 2, 2)},
        (2, 6, 10),
        sizes={"x.0": 2, "x.1": 3, "x.2": 5, "x.3": 2, "x.4": 2, "y.1": 6, "y.2": 10},
    ),
    weighted(
        "kronecker",
        "Kronecker product",
        "y[i,j] = A[i//3,j//2]*B[i%3,j%2]",
        lambda **factors: np.kron(factors["A"], factors["B"]),
        {"A": (2, 5), "B": (3, 2)},
        (6, 10),
        sizes={"y.0": 6, "y.1": 10, "A.0": 2, "A.1": 5, "B.0": 3, "B.1": 2},
    ),
    weighted(
        "toeplitz",
        "a kernel read at differences of letters",
        "y[i] = sum(j, k[i-j+4]*x[j])",
        _toeplitz,
        {"x": (5,), "k": (7,)},
        (3,),
        sizes={"y.0": 3, "x.0": 5, "k.0": 7},
    ),
    weighted(
        "two_shifts",
        "one letter walked at -1, 0 and +2",
        "y[i] = a[0]*x[i-1] + a[1]*x[i] + a[2]*x[i+2] + x[i-1]*x[i+2]",
        _two_shifts,
        {"x": (7,), "a": (3,)},
        (7,),
        sizes={"x.0": 7, "a.0": 3},
    ),
    weighted(
        "shorter_tensor",
        "a declared shorter tensor reads 0 beyond its end",
        "y[i] = x[i]*(1 + s[i])",
        _short,
        {"x": (7,), "s": (5,)},
        (7,),
        sizes={"y.0": 7, "x.0": 7, "s.0": 5},
    ),
    weighted(
        "roll",
        "a circular shift by %",
        "y[i] = x[(i+5)%7]",
        _rolled,
        {"x": (7,)},
        (7,),
        sizes={"y.0": 7, "x.0": 7},
    ),
    weighted(
        "stride_and_offset",
        "even times odd places",
        "y[i] = x[2*i]*x[2*i+1]",
        _strided_pairs,
        {"x": (11,)},
        (5,),
        sizes={"y.0": 5, "x.0": 11},
    ),
    weighted(
        "laplacian",
        "the five-point stencil, 0 outside",
        "y[i,j] = x[i-1,j] + x[i+1,j] + x[i,j-1] + x[i,j+1] - 4*x[i,j]",
        _stencil,
        {"x": (3, 5)},
        (3, 5),
        sizes={"i": 3, "j": 5},
    ),
    weighted(
        "forward_difference",
        "a condition on letters alone",
        "y[i] = where(i + 1 < size(i), x[i+1] - x[i], 0)",
        _one_sided,
        {"x": (7,)},
        (7,),
        sizes={"i": 7},
    ),
    weighted(
        "many_occurrences",
        "one tensor five times, under several subscripts",
        "y[i] = A[i,i]*A[0,i] + sum(j, A[i,j]*A[j,i])*A[2,1] - A[i,size(i)-1]",
        lambda A: np.diag(A) * A[0] + np.sum(A * A.T, axis=1) * A[2, 1] - A[:, -1],
        {"A": (5, 5)},
        (5,),
        sizes={"i": 5},
    ),
    weighted(
        "rotary_embedding",
        "Su et al. 2021, equation 15; pairs of neighbours, letters as values",
        "g[t,i] = t*10**(-(i//2)/3)\n"
        "y[t,i] = x[t,i]*cos(g[t,i]) + where(i % 2 == 0, -x[t,i+1], x[t,i-1])*sin(g[t,i])",
        _rope,
        {"x": (5, 6)},
        (5, 6),
        sizes={"t": 5, "i": 6},
    ),
)


MODELS = SUBSCRIPTS
