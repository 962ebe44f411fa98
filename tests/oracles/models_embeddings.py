"""Tables read by integers, contrastive objectives, distances between points, graphs."""

import autograd.numpy as np

from tests.oracles.model import BATCH, OracleModel, binary, positive
from tests.oracles.reference import half_squares, log_softmax, relu, sigmoid, softplus

PAIRED = {"batch": ("a", "b"), "runtime": {"a": 5, "b": 5}}


def _skip_gram(c, o, s, U, V):
    seen = np.sum(U[c] * V[o], axis=1)
    noise = np.einsum("nd,nkd->nk", U[c], V[s])
    return -np.mean(np.log(sigmoid(seen)) + np.sum(np.log(sigmoid(-noise)), axis=1))


SKIP_GRAM = OracleModel(
    name="word2vec_negative_sampling",
    source="Mikolov et al. 2013, equation 4",
    equations="""
E = mean(n, softplus(-sum(d, U[c[n],d]*V[o[n],d]))
            + sum(k, softplus(sum(d, U[c[n],d]*V[s[n,k],d]))))
""",
    parameters={"U": (11, 3), "V": (11, 3)},
    inputs={"c": ("n",), "o": ("n",), "s": ("n", 2)},
    integers={"c": 11, "o": 11, "s": 11},
    sizes={"U.0": 11, "V.0": 11, "d": 3},
    **BATCH,
    reference=_skip_gram,
)


def _bag(x, r, M, W):
    y = np.mean(M[x], axis=1) @ W.T
    return half_squares(y, r), y


BAG = OracleModel(
    name="embedding_bag",
    source="Joulin et al. 2017, fastText, section 2; the length is known at run time",
    equations="""
e[n,t,d] = M[x[n,t],d]
y[n,i] = sum(d, W[i,d]*mean(t, e[n,t,d]))
E = mean(n, sum(i, (y[n,i] - r[n,i])**2))/2
""",
    parameters={"M": (11, 3), "W": (2, 3)},
    inputs={"x": ("n", "T")},
    targets={"r": ("n", 2)},
    integers={"x": 11},
    sizes={"M.0": 11, "d": 3, "i": 2},
    output="y",
    batch=("n",),
    runtime={"n": 7, "T": 5},
    reference=_bag,
)


def _outside(x, M):
    padded = np.concatenate([M, np.zeros((1, 2))])
    y = padded[np.where((x >= 0) & (x < 5), x, 5)]
    return np.sum((y - 1) ** 2), y


OUTSIDE = OracleModel(
    name="integer_subscript_outside",
    source="contract: a negative or too large integer subscript reads 0, nothing wraps around",
    equations="""
y[n,d] = M[x[n],d]
E = sum(n,d, (y[n,d] - 1)**2)
""",
    parameters={"M": (5, 2)},
    inputs={"x": (7,)},
    integers={"x": 5},
    draws={"x": lambda rng, shape: rng.permutation(np.array([-3, -1, 0, 2, 4, 5, 9]))},
    sizes={"M.0": 5, "d": 2, "n": 7},
    output="y",
    reference=_outside,
)


def _glove(X, u, v, a, b):
    weight = np.minimum(1.0, (X / 1.5) ** 0.75)
    return np.sum(weight * (u @ v.T + a[:, None] + b - np.log(X)) ** 2)


GLOVE = OracleModel(
    name="glove",
    source="Pennington et al. 2014, equations 8 and 9",
    equations="""
f[i,j] = minimum(1, (X[i,j]/1.5)**0.75)
E = sum(i,j, f[i,j]*(sum(k, u[i,k]*v[j,k]) + a[i] + b[j] - log(X[i,j]))**2)
""",
    parameters={"u": (7, 3), "v": (5, 3), "a": (7,), "b": (5,)},
    inputs={"X": (7, 5)},
    draws={"X": positive},
    sizes={"i": 7, "j": 5, "k": 3},
    reference=_glove,
)


def _factorise(U, V, mask, r, lam):
    p = U @ V.T
    return np.sum(mask * (p - r) ** 2) + lam * (np.sum(U**2) + np.sum(V**2)), p


FACTORISE = OracleModel(
    name="matrix_factorisation",
    source="Koren et al. 2009, equation 2",
    equations="""
p[a,b] = sum(k, U[a,k]*V[b,k])
E = sum(a,b, mask[a,b]*(p[a,b] - r[a,b])**2) + lam*(sum(a,k, U[a,k]**2) + sum(b,k, V[b,k]**2))
""",
    parameters={"U": (7, 3), "V": (5, 3)},
    inputs={"mask": (7, 5)},
    targets={"r": (7, 5)},
    draws={"mask": binary},
    sizes={"a": 7, "b": 5, "k": 3},
    constants={"lam": 0.1},
    output="p",
    reference=_factorise,
)


def unit(x):
    """Rows of length 1."""
    return x / np.sqrt(np.sum(x**2, axis=1, keepdims=True))


def _clip(x, y, W, V, tau):
    scores = unit(x @ W.T) @ unit(y @ V.T).T * np.exp(tau)
    rows = np.diag(log_softmax(scores, 1))
    columns = np.diag(log_softmax(scores, 0))
    return -(np.mean(rows) + np.mean(columns)) / 2


CLIP = OracleModel(
    name="clip",
    source="Radford et al. 2021, figure 3",
    equations="""
p[a,d] = sum(j, W[d,j]*x[a,j])
q[b,d] = sum(j, V[d,j]*y[b,j])
u[a,d] = p[a,d]/sqrt(sum(d, p[a,d]**2))
v[b,d] = q[b,d]/sqrt(sum(d, q[b,d]**2))
l[a,b] = exp(tau)*sum(d, u[a,d]*v[b,d])
E = (mean(a, logsumexp(b, l[a,b]) - l[a,a]) + mean(a, logsumexp(b, l[b,a]) - l[a,a]))/2
""",
    parameters={"W": (3, 7), "V": (3, 2), "tau": ()},
    inputs={"x": ("a", 7), "y": ("b", 2)},
    sizes={"d": 3, "x.1": 7, "y.1": 2},
    **PAIRED,
    reference=_clip,
)


def _info_nce(q, p, m, tau):
    own = np.sum(q * p, axis=1, keepdims=True)
    return -np.mean(log_softmax(np.concatenate([own, q @ m.T], axis=1) / tau)[:, 0])


INFO_NCE = OracleModel(
    name="info_nce",
    source="van den Oord et al. 2018, equation 4; He et al. 2020, equation 1 (a queue m)",
    equations="""
s[n] = sum(d, q[n,d]*p[n,d])/tau
E = mean(n, log(exp(s[n]) + sum(k, exp(sum(d, q[n,d]*m[k,d])/tau))) - s[n])
""",
    inputs={"q": ("n", 3), "p": ("n", 3), "m": ("K", 3)},
    sizes={"d": 3},
    constants={"tau": 0.7},
    batch=("n",),
    runtime={"n": 7, "K": 11},
    reference=_info_nce,
)


def _barlow(u, v, lam):
    def standard(z):
        return (z - np.mean(z, axis=0)) / np.sqrt(np.var(z, axis=0) + 1e-2)

    c = standard(u).T @ standard(v) / len(u)
    on = np.sum((1 - np.diag(c)) ** 2)
    return on + lam * (np.sum(c**2) - np.sum(np.diag(c) ** 2))


BARLOW = OracleModel(
    name="barlow_twins",
    source="Zbontar et al. 2021, equations 1 and 2",
    equations="""
p[n,i] = (u[n,i] - mean(n, u[n,i]))/sqrt(mean(n, (u[n,i] - mean(n, u[n,i]))**2) + 0.01)
q[n,i] = (v[n,i] - mean(n, v[n,i]))/sqrt(mean(n, (v[n,i] - mean(n, v[n,i]))**2) + 0.01)
c[i,j] = mean(n, p[n,i]*q[n,j])
E = sum(i, (1 - c[i,i])**2) + lam*sum(i,j, where(i != j, c[i,j]**2, 0))
""",
    inputs={"u": ("n", 3), "v": ("n", 3)},
    sizes={"u.1": 3, "v.1": 3},
    constants={"lam": 0.2},
    **BATCH,
    reference=_barlow,
)


def _triplet(x, p, m, W, margin):
    near = np.sum(((x - p) @ W.T) ** 2, axis=1)
    far = np.sum(((x - m) @ W.T) ** 2, axis=1)
    return np.mean(relu(near - far + margin))


TRIPLET = OracleModel(
    name="triplet_margin",
    source="Schroff et al. 2015, equation 2",
    equations="""
u[n,i] = sum(j, W[i,j]*x[n,j])
v[n,i] = sum(j, W[i,j]*p[n,j])
w[n,i] = sum(j, W[i,j]*m[n,j])
E = mean(n, relu(sum(i, (u[n,i] - v[n,i])**2) - sum(i, (u[n,i] - w[n,i])**2) + margin))
""",
    parameters={"W": (3, 5)},
    inputs=dict.fromkeys(("x", "p", "m"), ("n", 5)),
    sizes={"i": 3, "j": 5},
    constants={"margin": 0.5},
    **BATCH,
    reference=_triplet,
)


def _trans_e(h, q, k, M, R):
    right = np.sum((M[h] + R[q] - M[k]) ** 2, axis=1)
    return np.mean(softplus(right - 2)), right


TRANS_E = OracleModel(
    name="trans_e",
    source="Bordes et al. 2013, equation 1, logistic: one table read by two integers",
    equations="""
s[n] = sum(d, (M[h[n],d] + R[q[n],d] - M[k[n],d])**2)
E = mean(n, softplus(s[n] - 2))
""",
    parameters={"M": (5, 3), "R": (2, 3)},
    inputs={"h": ("n",), "q": ("n",), "k": ("n",)},
    integers={"h": 5, "q": 2, "k": 5},
    sizes={"M.0": 5, "R.0": 2, "d": 3},
    output="s",
    **BATCH,
    reference=_trans_e,
)


def _graph(x, source, target, r, W, S):
    arrives = target[:, None] == np.arange(len(x))
    y = np.tanh(x @ S.T + arrives.T @ (x[source] @ W.T))
    return np.sum((y - r) ** 2) / 2, y


GRAPH = OracleModel(
    name="graph_convolution",
    source="Gilmer et al. 2017, equation 1: messages along a list of edges, summed where they end",
    equations="""
m[e,i] = sum(j, W[i,j]*x[source[e],j])
y[v,i] = tanh(sum(j, S[i,j]*x[v,j]) + sum(e, where(target[e] == v, m[e,i], 0)))
E = sum(v,i, (y[v,i] - r[v,i])**2)/2
""",
    parameters={"W": (3, 2), "S": (3, 2)},
    inputs={"x": (5, 2), "source": ("edges",), "target": ("edges",)},
    targets={"r": (5, 3)},
    integers={"source": 5, "target": 5},
    sizes={"i": 3, "j": 2, "x.0": 5},
    output="y",
    runtime={"edges": 11},
    reference=_graph,
)

MODELS = (
    SKIP_GRAM,
    BAG,
    OUTSIDE,
    GLOVE,
    FACTORISE,
    CLIP,
    INFO_NCE,
    BARLOW,
    TRIPLET,
    TRANS_E,
    GRAPH,
)
