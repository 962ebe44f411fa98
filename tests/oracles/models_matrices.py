"""Inverses and determinants of matrices: likelihoods, quadratic forms, recursions."""

import autograd.numpy as np

from tests.oracles.model import BATCH, OracleModel, positive


def _near_identity(rng, shape):
    """Matrices that are far from singular."""
    return np.eye(shape[-1]) + 0.3 * rng.standard_normal(shape)


def _mirrored(rng, shape):
    """Matrices of an odd extent with a negative determinant."""
    return -_near_identity(rng, shape)


def _covariance(rng, shape):
    a = rng.standard_normal(shape)
    return a @ np.swapaxes(a, -1, -2) / shape[-1] + np.eye(shape[-1])


def _logdet(X):
    return np.linalg.slogdet(X)[1]


def _det(X):
    return np.linalg.det(X)


def _trace(x):
    return np.trace(x)


LOGDET = OracleModel(
    name="logdet",
    source="Petersen & Pedersen 2012, equation 57; of a negative determinant",
    equations="E = logdet(X)",
    parameters={"X": (3, 3)},
    sizes={"X.0": 3},
    draws={"X": _mirrored},
    reference=_logdet,
)

DETERMINANT = OracleModel(
    name="determinant",
    source="Petersen & Pedersen 2012, equation 49",
    equations="E = det(X)",
    parameters={"X": (4, 4)},
    sizes={"X.0": 4},
    draws={"X": _near_identity},
    reference=_det,
)

TRACE = OracleModel(
    name="trace_of_inverse",
    source="Petersen & Pedersen 2012, equation 64 without A: A-optimal design",
    equations="E = sum(i, inv(X)[i,i])",
    parameters={"X": (3, 3)},
    sizes={"X.0": 3},
    draws={"X": _near_identity},
    reference=lambda X: _trace(np.linalg.inv(X)),
)

QUADRATIC = OracleModel(
    name="quadratic_form_of_inverse",
    source="both reads of one inverse, and the logarithm of a determinant",
    equations="E = sum(i,j, x[i]*inv(X)[i,j]*x[j]) + log(det(X))",
    parameters={"X": (3, 3)},
    inputs={"x": (3,)},
    sizes={"i": 3},
    draws={"X": _near_identity},
    reference=lambda X, x: x @ np.linalg.inv(X) @ x + np.log(np.linalg.det(X)),
)


def _gaussian(x, m, S):
    d = x - m
    return np.mean(np.sum(d @ np.linalg.inv(S) * d, 1)) / 2 + _logdet(S) / 2


GAUSSIAN = OracleModel(
    name="gaussian_with_covariance",
    source="Bishop 2006, equation 2.118, without its constant",
    equations="""
q[n] = sum(i,j, (x[n,i] - m[i])*inv(S)[i,j]*(x[n,j] - m[j]))
E = mean(n, q[n])/2 + logdet(S)/2
""",
    parameters={"S": (3, 3), "m": (3,)},
    inputs={"x": ("n", 3)},
    sizes={"i": 3},
    draws={"S": _covariance},
    reference=_gaussian,
    **BATCH,
)


def _process(x, y, s, r, e):
    square = np.sum((x[:, None] - x[None]) ** 2, 2)
    kernel = s * np.exp(-square / (2 * r**2)) + e * np.eye(len(x))
    return y @ np.linalg.inv(kernel) @ y / 2 + _logdet(kernel) / 2


PROCESS = OracleModel(
    name="gaussian_process",
    source="Rasmussen & Williams 2006, equation 5.8, without its constant",
    equations="""
K[i,j] = s*exp(-sum(k, (x[i,k] - x[j,k])**2)/(2*r**2)) + e*delta(i, j)
E = sum(i,j, y[i]*inv(K)[i,j]*y[j])/2 + logdet(K)/2
""",
    parameters={"s": (), "r": (), "e": ()},
    inputs={"x": (5, 2)},
    targets={"y": (5,)},
    sizes={"i": 5, "k": 2},
    draws={"s": positive, "r": positive, "e": positive},
    reference=_process,
)


def _mahalanobis(x, S):
    inverse = np.linalg.inv(S)
    return np.mean(np.sqrt(np.sum(x[:, :, None] * inverse * x[:, None, :], (1, 2))))


MAHALANOBIS = OracleModel(
    name="batched_mahalanobis",
    source="a covariance for each sample",
    equations="""
q[n] = sum(i,j, x[n,i]*inv(S)[n,i,j]*x[n,j])
E = mean(n, sqrt(q[n]))
""",
    inputs={"x": ("n", 3), "S": ("n", 3, 3)},
    sizes={"i": 3},
    draws={"S": _covariance},
    reference=_mahalanobis,
    **BATCH,
)


def _of_product(y, w):
    return np.sum(y * y.T * w[:, None]) + y[0, 1]


PRODUCT = OracleModel(
    name="inverse_of_product",
    source="the inverse of an intermediate, read as a whole and by its transpose",
    equations="""
P[i,j] = sum(k, A[i,k]*B[k,j])
Y[i,j] = inv(P)[i,j]
E = sum(i,j, Y[i,j]*Y[j,i]*w[i]) + Y[0,1]
""",
    parameters={"A": (3, 3), "B": (3, 3), "w": (3,)},
    sizes={"i": 3, "k": 3},
    draws={"A": _near_identity, "B": _near_identity},
    reference=lambda A, B, w: _of_product(np.linalg.inv(A @ B), w),
)


def _low_rank(c, x):
    return _logdet(c) / 2 + np.mean(np.sum(x @ np.linalg.inv(c) * x, 1)) / 2


LOW_RANK = OracleModel(
    name="low_rank_covariance",
    source="factor analysis: Bishop 2006, equation 12.65",
    equations="""
C[i,j] = sum(k, A[i,k]*A[j,k]) + delta(i, j)*exp(p[i])
Q[i,j] = inv(C)[i,j]
E = logdet(C)/2 + mean(n, sum(i,j, x[n,i]*Q[i,j]*x[n,j]))/2
""",
    parameters={"A": (4, 2), "p": (4,)},
    inputs={"x": ("n", 4)},
    sizes={"i": 4, "k": 2},
    reference=lambda A, p, x: _low_rank(A @ A.T + np.diag(np.exp(p)), x),
    **BATCH,
)


def _flow(W, x):
    z = x @ W[0].T
    y = np.tanh(z) @ W[1].T
    inner = np.sum(y**2 - np.log(1 - np.tanh(z) ** 2), 1)
    return np.mean(inner) - np.sum(_logdet(W))


FLOW = OracleModel(
    name="linear_flow",
    source="change of variables: a logdet for each of several layers",
    equations="""
z[n,i] = sum(j, W[0,i,j]*x[n,j])
y[n,i] = sum(j, W[1,i,j]*tanh(z[n,j]))
E = mean(n, sum(i, y[n,i]**2 - log(1 - tanh(z[n,i])**2))) - sum(k, logdet(W)[k])
""",
    parameters={"W": (2, 3, 3)},
    inputs={"x": ("n", 3)},
    sizes={"W.0": 2, "W.1": 3},
    draws={"W": _near_identity},
    reference=_flow,
    **BATCH,
)


def _ridge(p, x, v, y, t):
    w = np.linalg.inv(x.T @ x + np.exp(p) * np.eye(x.shape[1])) @ x.T @ y
    return np.mean((v @ w - t) ** 2)


RIDGE = OracleModel(
    name="ridge_by_normal_equations",
    source="Hastie et al. 2009, equation 3.44: the error of the solution, by the penalty",
    equations="""
G[i,j] = sum(n, x[n,i]*x[n,j]) + exp(p)*delta(i, j)
w[i] = sum(j, inv(G)[i,j]*sum(n, x[n,j]*y[n]))
E = mean(n, (sum(i, v[n,i]*w[i]) - t[n])**2)
""",
    parameters={"p": ()},
    inputs={"x": ("n", 3), "v": ("n", 3), "y": ("n",)},
    targets={"t": ("n",)},
    sizes={"i": 3},
    reference=_ridge,
    **BATCH,
)


def _filter(P, Q, R, y):
    state, spread, total = np.zeros(2), P, 0.0
    for t in range(len(y)):
        wide = spread + Q
        whole = wide + R
        gain = wide @ np.linalg.inv(whole)
        error = y[t] - state
        total = total + error @ np.linalg.inv(whole) @ error + _logdet(whole)
        state = state + gain @ error
        spread = wide - gain @ wide
    return total / 2


KALMAN = OracleModel(
    name="kalman_filter",
    source="Kalman 1960, of a random walk: inverses within a recurrence",
    equations="""
H[t,i,j] = where(t > 0, S[t-1,i,j], P[i,j]) + Q[i,j]
V[t,i,j] = H[t,i,j] + R[i,j]
G[t,i,j] = sum(k, H[t,i,k]*inv(V)[t,k,j])
S[t,i,j] = H[t,i,j] - sum(k, G[t,i,k]*H[t,k,j])
r[t,i] = y[t,i] - m[t-1,i]
m[t,i] = m[t-1,i] + sum(j, G[t,i,j]*r[t,j])
E = sum(t,i,j, r[t,i]*inv(V)[t,i,j]*r[t,j])/2 + sum(t, logdet(V)[t])/2
""",
    parameters={"P": (2, 2), "Q": (2, 2), "R": (2, 2)},
    inputs={"y": ("t", 2)},
    sizes={"i": 2, "j": 2},
    runtime={"t": 4},
    draws={"P": _covariance, "Q": _covariance, "R": _covariance},
    reference=_filter,
)

MATRICES: tuple[OracleModel, ...] = (
    LOGDET,
    DETERMINANT,
    TRACE,
    QUADRATIC,
    GAUSSIAN,
    PROCESS,
    MAHALANOBIS,
    PRODUCT,
    LOW_RANK,
    FLOW,
    RIDGE,
    KALMAN,
)
