"""Layers that let features act on features: crosses, gates, mixtures, ties."""

import autograd.numpy as np

from tests.oracles.model import BATCH, OracleModel
from tests.oracles.reference import half_squares, sigmoid, softmax

HALF_SQUARES = "E = mean(n, sum(i, (y[n,i] - t[n,i])**2))/2\n"


def _cross(x, t, w, b):
    y = x
    for layer in range(len(w)):
        y = x * (y @ w[layer])[:, None] + b[layer] + y
    return half_squares(y, t), y


CROSS = {
    "source": "Wang et al. 2017, Deep & Cross Network, equation 3",
    "parameters": {"w": (2, 5), "b": (2, 5)},
    "inputs": {"x": ("n", 5)},
    "targets": {"t": ("n", 5)},
    "output": "y",
    **BATCH,
    "reference": _cross,
}
CROSS_NETWORK = OracleModel(
    name="cross_network",
    equations="""
c[n,i] = x[n,i]*sum(j, w[0,j]*x[n,j]) + b[0,i] + x[n,i]
y[n,i] = x[n,i]*sum(j, w[1,j]*c[n,j]) + b[1,i] + c[n,i]
"""
    + HALF_SQUARES,
    sizes={"w.0": 2, "w.1": 5, "b.0": 2, "x.1": 5},
    **CROSS,
)
CROSS_RECURRENCE = OracleModel(
    name="cross_network_recurrence",  # depth is the recurrence's axis, the batch stands second
    equations="""
c[k,n,i] = (x[n,i]*sum(j, w[k,j]*where(k > 0, c[k-1,n,j], x[n,j])) + b[k,i]
            + where(k > 0, c[k-1,n,i], x[n,i]))
y[n,i] = c[1,n,i]
"""
    + HALF_SQUARES,
    sizes={"k": 2, "x.1": 5},
    **CROSS,
)


def _film(x, u, t, W, V, a, b):
    gain = u @ V.T + a
    y = gain[:, None, :] * (x @ W.T) + (u @ b.T)[:, None, :]
    return half_squares(y, t), y


FILM = OracleModel(
    name="film",
    source="Perez et al. 2018, FiLM, equations 1 and 2",
    equations="""
g[n,i] = sum(k, V[i,k]*u[n,k]) + a[i]
s[n,i] = sum(k, b[i,k]*u[n,k])
y[n,p,i] = g[n,i]*sum(j, W[i,j]*x[n,p,j]) + s[n,i]
E = mean(n, sum(p,i, (y[n,p,i] - t[n,p,i])**2))/2
""",
    parameters={"W": (3, 5), "V": (3, 2), "a": (3,), "b": (3, 2)},
    inputs={"x": ("n", 11, 5), "u": ("n", 2)},
    targets={"t": ("n", 11, 3)},
    sizes={"i": 3, "j": 5, "k": 2, "x.1": 11},
    output="y",
    **BATCH,
    reference=_film,
)


def _mixture_of_experts(x, t, W, b, G):
    gates = softmax(x @ G.T)
    experts = np.tanh(np.einsum("kij,nj->nki", W, x) + b)
    y = np.einsum("nk,nki->ni", gates, experts)
    return half_squares(y, t), y


MIXTURE_OF_EXPERTS = OracleModel(
    name="mixture_of_experts",
    source="Jacobs et al. 1991; Shazeer et al. 2017, equations 1 and 2",
    equations="""
s[n,k] = sum(j, G[k,j]*x[n,j])
g[n,k] = exp(s[n,k])/sum(k, exp(s[n,k]))
f[n,k,i] = tanh(sum(j, W[k,i,j]*x[n,j]) + b[k,i])
y[n,i] = sum(k, g[n,k]*f[n,k,i])
"""
    + HALF_SQUARES,
    parameters={"W": (2, 3, 5), "b": (2, 3), "G": (2, 5)},
    inputs={"x": ("n", 5)},
    targets={"t": ("n", 3)},
    sizes={"k": 2, "i": 3, "j": 5},
    output="y",
    **BATCH,
    reference=_mixture_of_experts,
)


def _bilinear_pooling(a, b, t):
    pooled = np.einsum("npi,npj->nij", a, b)
    rooted = np.sign(pooled) * np.sqrt(np.abs(pooled))
    y = rooted / np.sqrt(np.sum(rooted**2, axis=(1, 2), keepdims=True))
    return half_squares(y, t), y


BILINEAR_POOLING = OracleModel(
    name="bilinear_pooling",
    source="Lin et al. 2015, Bilinear CNN, section 3",
    equations="""
b2[n,i,j] = sum(p, a[n,p,i]*b[n,p,j])
r[n,i,j] = sign(b2[n,i,j])*sqrt(abs(b2[n,i,j]))
y[n,i,j] = r[n,i,j]/sqrt(sum(i,j, r[n,i,j]**2))
E = mean(n, sum(i,j, (y[n,i,j] - t[n,i,j])**2))/2
""",
    inputs={"a": ("n", 5, 2), "b": ("n", 5, 3)},
    targets={"t": ("n", 2, 3)},
    sizes={"p": 5, "i": 2, "j": 3},
    output="y",
    **BATCH,
    reference=_bilinear_pooling,
)


def _low_rank(x, t, W, A, B, scale):
    y = x @ (W + scale * B @ A).T
    return half_squares(y, t), y


LOW_RANK = OracleModel(
    name="low_rank_adaptation",
    source="Hu et al. 2021, LoRA, equation 3",
    equations="""
y[n,i] = sum(j, W[i,j]*x[n,j]) + scale*sum(r, B[i,r]*sum(j, A[r,j]*x[n,j]))
"""
    + HALF_SQUARES,
    parameters={"A": (2, 5), "B": (3, 2)},
    inputs={"x": ("n", 5), "W": (3, 5)},
    targets={"t": ("n", 3)},
    sizes={"i": 3, "j": 5, "r": 2},
    constants={"scale": 0.25},
    output="y",
    **BATCH,
    reference=_low_rank,
)


def _weight_norm(x, t, v, g, b):
    length = np.sqrt(np.sum(v**2, axis=1))
    y = x @ ((g / length)[:, None] * v).T + b
    return half_squares(y, t), y


WEIGHT_NORM = OracleModel(
    name="weight_normalisation",
    source="Salimans & Kingma 2016, equation 2",
    equations="""
W[i,j] = g[i]*v[i,j]/sqrt(sum(j, v[i,j]**2))
y[n,i] = sum(j, W[i,j]*x[n,j]) + b[i]
"""
    + HALF_SQUARES,
    parameters={"v": (3, 5), "g": (3,), "b": (3,)},
    inputs={"x": ("n", 5)},
    targets={"t": ("n", 3)},
    sizes={"i": 3, "j": 5},
    output="y",
    **BATCH,
    reference=_weight_norm,
)


def _tied_autoencoder(x, W, b, c):
    y = sigmoid(sigmoid(x @ W.T + b) @ W + c)
    return half_squares(y, x), y


TIED_AUTOENCODER = OracleModel(
    name="tied_autoencoder",
    source="Vincent et al. 2010, section 2.2",
    equations="""
h[n,i] = sigmoid(sum(j, W[i,j]*x[n,j]) + b[i])
y[n,j] = sigmoid(sum(i, W[i,j]*h[n,i]) + c[j])
E = mean(n, sum(j, (y[n,j] - x[n,j])**2))/2
""",
    parameters={"W": (3, 5), "b": (3,), "c": (5,)},
    inputs={"x": ("n", 5)},
    sizes={"i": 3, "j": 5},
    output="y",
    **BATCH,
    reference=_tied_autoencoder,
)


def _deep_sets(x, t, W, U, V):
    pooled = np.sum(np.tanh(x @ W.T), axis=1)
    y = np.tanh(pooled @ U.T) @ V.T
    return half_squares(y, t), y


DEEP_SETS = OracleModel(
    name="deep_sets",
    source="Zaheer et al. 2017, theorem 2; the number of elements is known at run time",
    equations="""
p[n,h] = sum(s, tanh(sum(j, W[h,j]*x[n,s,j])))
y[n,i] = sum(k, V[i,k]*tanh(sum(h, U[k,h]*p[n,h])))
"""
    + HALF_SQUARES,
    parameters={"W": (5, 3), "U": (3, 5), "V": (2, 3)},
    inputs={"x": ("n", "S", 3)},
    targets={"t": ("n", 2)},
    sizes={"h": 5, "W.1": 3, "U.0": 3, "V.0": 2},
    output="y",
    batch=("n",),
    runtime={"n": 7, "S": 11},
    reference=_deep_sets,
)


def _sum_product(x, w, W, U):
    leaves = np.exp(-((x[:, None, :] - W) ** 2))
    parts = np.prod(np.sum(U * leaves, axis=1), axis=1)
    return -np.mean(np.log(w * parts + 1.0)), parts


SUM_PRODUCT = OracleModel(
    name="sum_product_network",
    source="Poon & Domingos 2011, section 3",
    equations="""
y[n] = prod(i, sum(k, U[k,i]*exp(-(x[n,i] - W[k,i])**2)))
E = -mean(n, log(w*y[n] + 1))
""",
    parameters={"w": (), "W": (2, 5), "U": (2, 5)},
    inputs={"x": ("n", 5)},
    draws={name: lambda rng, shape: rng.uniform(0.5, 1.5, shape) for name in ("w", "U")},
    sizes={"k": 2, "i": 5},
    output="y",
    **BATCH,
    reference=_sum_product,
)

MODELS = (
    CROSS_NETWORK,
    CROSS_RECURRENCE,
    FILM,
    MIXTURE_OF_EXPERTS,
    BILINEAR_POOLING,
    LOW_RANK,
    WEIGHT_NORM,
    TIED_AUTOENCODER,
    DEEP_SETS,
    SUM_PRODUCT,
)
