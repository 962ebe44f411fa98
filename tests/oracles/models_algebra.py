"""Plain objectives: scalars, matrices, penalties, energies; no network anywhere."""

import autograd.numpy as np

from tests.oracles.model import BATCH, OracleModel, positive
from tests.oracles.reference import softmax


def _scalars(x, y):
    return (x - 3) ** 2 + 2 * (y + 1) ** 2 + x * y


SCALARS = OracleModel(
    name="two_scalars",
    source="a quadratic in two scalars, without any index",
    equations="E = (x - 3)**2 + 2*(y + 1)**2 + x*y",
    parameters={"x": (), "y": ()},
    reference=_scalars,
)


def _scalar_chain(x, a):
    return np.exp(-x / 2) * np.sin(a * x) + x / (1 + x**2)


SCALAR_CHAIN = OracleModel(
    name="scalar_chain",
    source="equations between scalars, one intermediate read twice",
    equations="""
u = -x/2
v = exp(u)*sin(-2*a*u)
E = v + x/(1 + 4*u**2)
""",
    parameters={"x": ()},
    inputs={"a": ()},
    reference=_scalar_chain,
)


def _quadratic(x, A, b):
    return x @ A @ x / 2 - b @ x


QUADRATIC = OracleModel(
    name="quadratic_form",
    source="Petersen & Pedersen 2012, equation 97: the gradient is (A + A^T) x/2 - b",
    equations="E = sum(i,j, x[i]*A[i,j]*x[j])/2 - sum(i, b[i]*x[i])",
    parameters={"x": (5,)},
    inputs={"A": (5, 5), "b": (5,)},
    sizes={"x.0": 5},
    reference=_quadratic,
)


def _rayleigh(x, A):
    return (x @ A @ x) / (x @ x)


RAYLEIGH = OracleModel(
    name="rayleigh_quotient",
    source="Golub & Van Loan 2013, section 8.2.3",
    equations="E = sum(i,j, x[i]*A[i,j]*x[j])/sum(i, x[i]**2)",
    parameters={"x": (5,)},
    inputs={"A": (5, 5)},
    sizes={"i": 5},
    reference=_rayleigh,
)


def _orthogonality(W):
    return np.sum((W @ W.T - np.eye(3)) ** 2)


ORTHOGONALITY = OracleModel(
    name="orthogonality_penalty",
    source="Brock et al. 2017, equation 4 squared: |W W^T - I|^2 by delta",
    equations="E = sum(i,j, (sum(k, W[i,k]*W[j,k]) - delta(i, j))**2)",
    parameters={"W": (3, 5)},
    sizes={"W.0": 3, "k": 5},
    reference=_orthogonality,
)


def _power_iteration(W, u):
    for _ in range(2):
        v = W.T @ u / np.sqrt(np.sum((W.T @ u) ** 2))
        u = W @ v / np.sqrt(np.sum((W @ v) ** 2))
    return u @ W @ v


POWER_ITERATION = OracleModel(
    name="spectral_norm_by_power_iteration",
    source="Miyato et al. 2018, equations 18 and 19, two rounds, nothing held",
    equations="""
p[j] = sum(i, W[i,j]*u[i])
v[j] = p[j]/sqrt(sum(j, p[j]**2))
q[i] = sum(j, W[i,j]*v[j])
r[i] = q[i]/sqrt(sum(i, q[i]**2))
p2[j] = sum(i, W[i,j]*r[i])
v2[j] = p2[j]/sqrt(sum(j, p2[j]**2))
q2[i] = sum(j, W[i,j]*v2[j])
E = sum(i, q2[i]/sqrt(sum(i, q2[i]**2))*q2[i])
""",
    parameters={"W": (3, 5)},
    inputs={"u": (3,)},
    sizes={"i": 3, "j": 5},
    reference=_power_iteration,
)


def _cosine(x, y, W):
    p = x @ W.T
    lengths = np.sqrt(np.sum(p**2, axis=1) * np.sum(y**2, axis=1))
    return np.mean(1 - np.sum(p * y, axis=1) / lengths)


COSINE = OracleModel(
    name="cosine_similarity",
    source="Salton & McGill 1983",
    equations="""
p[n,i] = sum(j, W[i,j]*x[n,j])
E = mean(n, 1 - sum(i, p[n,i]*y[n,i])/sqrt(sum(i, p[n,i]**2)*sum(i, y[n,i]**2)))
""",
    parameters={"W": (3, 5)},
    inputs={"x": ("n", 5)},
    targets={"y": ("n", 3)},
    sizes={"i": 3, "j": 5},
    **BATCH,
    reference=_cosine,
)


def _total_variation(x, y, lam):
    rows = np.sum(np.abs(x[1:] - x[:-1]))
    columns = np.sum(np.abs(x[:, 1:] - x[:, :-1]))
    return np.sum((x - y) ** 2) / 2 + lam * (rows + columns)


TOTAL_VARIATION = OracleModel(
    name="total_variation",
    source="Rudin et al. 1992, anisotropic: differences inside the image only",
    equations="""
E = (sum(i,j, (x[i,j] - y[i,j])**2)/2
     + lam*sum(i,j, where(i > 0, abs(x[i,j] - x[i-1,j]), 0)
         + where(j > 0, abs(x[i,j] - x[i,j-1]), 0)))
""",
    parameters={"x": (5, 7)},
    targets={"y": (5, 7)},
    sizes={"i": 5, "j": 7},
    constants={"lam": 0.3},
    reference=_total_variation,
)


def _rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


ROSENBROCK = OracleModel(
    name="rosenbrock",
    source="Rosenbrock 1960, in many variables",
    equations="E = sum(i, where(i < size(i) - 1, 100*(x[i+1] - x[i]**2)**2 + (1 - x[i])**2, 0))",
    parameters={"x": (5,)},
    sizes={"i": 5},
    reference=_rosenbrock,
)


def _lennard_jones(x):
    energy = 0.0
    for a in range(len(x)):
        for b in range(a):
            square = np.sum((x[a] - x[b]) ** 2) + 0.5
            energy = energy + 4 * (square**-6 - square**-3)
    return energy


LENNARD_JONES = OracleModel(
    name="lennard_jones",
    source="Lennard-Jones 1931, softened at 0; 1/r of a particle with itself never counts",
    equations="""
s[a,b] = sum(d, (x[a,d] - x[b,d])**2) + 0.5*where(a == b, 0, 1)
E = sum(a,b, where(a == b, 0, 2*(s[a,b]**-6 - s[a,b]**-3)))
""",
    parameters={"x": (5, 3)},
    sizes={"x.0": 5, "x.1": 3},
    reference=_lennard_jones,
)


def _tucker(X, G, A, B, C):
    return np.sum((X - np.einsum("pqr,ip,jq,kr->ijk", G, A, B, C)) ** 2)


TUCKER = OracleModel(
    name="tucker_decomposition",
    source="Kolda & Bader 2009, equation 4.1: five factors in one product",
    equations="E = sum(i,j,k, (X[i,j,k] - sum(p,q,r, G[p,q,r]*A[i,p]*B[j,q]*C[k,r]))**2)",
    parameters={"G": (2, 3, 2), "A": (5, 2), "B": (7, 3), "C": (3, 2)},
    inputs={"X": (5, 7, 3)},
    sizes={"i": 5, "j": 7, "k": 3, "p": 2, "q": 3, "r": 2},
    reference=_tucker,
)


def _divergence(X, W, H):
    Y = np.exp(W) @ np.exp(H)
    return np.sum(X * np.log(X / Y) - X + Y)


DIVERGENCE = OracleModel(
    name="nonnegative_factorisation",
    source="Lee & Seung 2001, equation 3, positive by exp",
    equations="""
y[i,j] = sum(k, exp(W[i,k])*exp(H[k,j]))
E = sum(i,j, X[i,j]*log(X[i,j]/y[i,j]) - X[i,j] + y[i,j])
""",
    parameters={"W": (5, 2), "H": (2, 7)},
    inputs={"X": (5, 7)},
    draws={"X": positive},
    sizes={"i": 5, "j": 7, "k": 2},
    reference=_divergence,
)


def _entropy(p0):
    p = softmax(p0)
    return np.sum(p * np.log(p)) + np.max(p) + 1 / np.sum(p**2)


ENTROPY = OracleModel(
    name="entropy_and_participation",
    source="Shannon 1948: a softmax under three reductions",
    equations="""
p[i] = exp(p0[i])/sum(j, exp(p0[j]))
E = sum(i, p[i]*log(p[i])) + max(i, p[i]) + 1/sum(i, p[i]**2)
""",
    parameters={"p0": (7,)},
    sizes={"p0.0": 7},
    reference=_entropy,
)

MODELS = (
    SCALARS,
    SCALAR_CHAIN,
    QUADRATIC,
    RAYLEIGH,
    ORTHOGONALITY,
    POWER_ITERATION,
    COSINE,
    TOTAL_VARIATION,
    ROSENBROCK,
    LENNARD_JONES,
    TUCKER,
    DIVERGENCE,
    ENTROPY,
)
