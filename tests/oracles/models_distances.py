"""Distances between every two points: embeddings of them, transport, discrepancies of samples."""

import autograd.numpy as np

from tests.oracles.model import OracleModel, distribution, positive
from tests.oracles.reference import logsumexp


def squared_distances(x, y):
    """Between every row of one and every row of the other."""
    return np.sum((x[:, None] - y[None]) ** 2, axis=2)


def _sne(y, p):
    near = 1 / (1 + squared_distances(y, y)) * (1 - np.eye(len(y)))
    q = near / np.sum(near) + np.eye(len(y))
    p = p * (1 - np.eye(len(y))) + np.eye(len(y))
    return np.sum(p * (np.log(p) - np.log(q)))


SNE = OracleModel(
    name="t_sne",
    source="van der Maaten & Hinton 2008, equations 2 and 4",
    equations="""
w[a,b] = where(a == b, 0, 1/(1 + sum(d, (y[a,d] - y[b,d])**2)))
E = sum(a,b, where(a == b, 0, p[a,b]*log(p[a,b]*sum(c,e, w[c,e])/w[a,b])))
""",
    parameters={"y": (7, 2)},
    targets={"p": (7, 7)},
    draws={"p": distribution},
    sizes={"y.0": 7, "y.1": 2},
    reference=_sne,
)


def _stress(x, r):
    apart = np.sqrt(squared_distances(x, x) + 1e-2)
    return np.sum(np.triu((apart - r) ** 2, 1))


STRESS = OracleModel(
    name="stress_of_distances",
    source="Kruskal 1964, raw stress: each pair once, distances smoothed at 0",
    equations="""
s[a,b] = sum(k, (x[a,k] - x[b,k])**2)
E = sum(a,b, where(a < b, (sqrt(s[a,b] + 0.01) - r[a,b])**2, 0))
""",
    parameters={"x": (7, 2)},
    targets={"r": (7, 7)},
    draws={"r": positive},
    sizes={"x.0": 7, "x.1": 2},
    reference=_stress,
)


def _sinkhorn(x, y, a, b, eps):
    cost = squared_distances(x, y)
    kernel = np.exp(-cost / eps)
    v = np.ones(len(b))
    for _ in range(3):
        u = a / (kernel @ v)
        v = b / (kernel.T @ u)
    return np.sum(u[:, None] * kernel * v * cost)


SINKHORN = OracleModel(
    name="sinkhorn_three_rounds",
    source="Cuturi 2013, algorithm 1, written out; all of it differentiated",
    equations="""
c[i,j] = sum(d, (x[i,d] - y[j,d])**2)
k[i,j] = exp(-c[i,j]/eps)
u1[i] = a[i]/sum(j, k[i,j])
v1[j] = b[j]/sum(i, k[i,j]*u1[i])
u2[i] = a[i]/sum(j, k[i,j]*v1[j])
v2[j] = b[j]/sum(i, k[i,j]*u2[i])
u3[i] = a[i]/sum(j, k[i,j]*v2[j])
v3[j] = b[j]/sum(i, k[i,j]*u3[i])
E = sum(i,j, u3[i]*k[i,j]*v3[j]*c[i,j])
""",
    parameters={"x": (5, 2)},
    inputs={"y": (7, 2), "a": (5,), "b": (7,)},
    draws={"a": distribution, "b": distribution},
    sizes={"i": 5, "j": 7, "d": 2},
    constants={"eps": 0.8},
    reference=_sinkhorn,
)


def _sinkhorn_log(x, y, eps):
    cost = squared_distances(x, y)
    f, g = np.zeros(len(x)), np.zeros(len(y))
    for _ in range(3):
        f = -eps * (logsumexp((g - cost) / eps, 1) - np.log(len(y)))
        g = -eps * (logsumexp((f[:, None] - cost) / eps, 0) - np.log(len(x)))
    return np.mean(f) + np.mean(g)


SINKHORN_LOG = OracleModel(
    name="sinkhorn_in_logarithms",
    source="Peyré & Cuturi 2019, equations 4.43 and 4.44: the rounds are a recurrence",
    equations="""
c[i,j] = sum(d, (x[i,d] - y[j,d])**2)
f[s,i] = -eps*(logsumexp(j, (g[s-1,j] - c[i,j])/eps) - log(size(j)))
g[s,j] = -eps*(logsumexp(i, (f[s,i] - c[i,j])/eps) - log(size(i)))
E = mean(i, f[2,i]) + mean(j, g[2,j])
""",
    parameters={"x": (5, 2)},
    inputs={"y": (7, 2)},
    sizes={"s": 3, "i": 5, "j": 7, "d": 2},
    constants={"eps": 0.5},
    reference=_sinkhorn_log,
)


def _discrepancy(x, y):
    def kernel(p, q):
        return np.mean(np.exp(-squared_distances(p, q)))

    return kernel(x, x) + kernel(y, y) - 2 * kernel(x, y)


DISCREPANCY = OracleModel(
    name="maximum_mean_discrepancy",
    source="Gretton et al. 2012, equation 5, Gaussian kernel; both sizes at run time",
    equations="""
E = (mean(a,b, exp(-sum(d, (x[a,d] - x[b,d])**2)))
     + mean(a,b, exp(-sum(d, (y[a,d] - y[b,d])**2)))
     - 2*mean(a,b, exp(-sum(d, (x[a,d] - y[b,d])**2))))
""",
    inputs={"x": ("A", 2), "y": ("B", 2)},
    sizes={"d": 2},
    runtime={"A": 5, "B": 7},
    reference=_discrepancy,
)


def _chamfer(x, y):
    apart = squared_distances(x, y)
    return np.mean(np.min(apart, axis=1)) + np.mean(np.min(apart, axis=0))


CHAMFER = OracleModel(
    name="chamfer_distance",
    source="Fan et al. 2017, equation 1, as means",
    equations="""
s[a,b] = sum(d, (x[a,d] - y[b,d])**2)
E = mean(a, min(b, s[a,b])) + mean(b, min(a, s[a,b]))
""",
    parameters={"x": (5, 3)},
    inputs={"y": (7, 3)},
    sizes={"a": 5, "b": 7, "d": 3},
    reference=_chamfer,
)


MODELS = (SNE, STRESS, SINKHORN, SINKHORN_LOG, DISCREPANCY, CHAMFER)
