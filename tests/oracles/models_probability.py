"""Likelihoods and variational objectives; two-index gathers; objectives with values held."""

import autograd.numpy as np

from tests.oracles.model import BATCH, OracleModel, binary, counts, plus_or_minus
from tests.oracles.reference import log_softmax, logsumexp, sigmoid, softmax


def _crf(x, y, W, A, s):
    total = 0.0
    steps = x.shape[1]
    for n in range(len(x)):
        e = x[n] @ W.T
        score = s[y[n, 0]] + sum(e[t, y[n, t]] for t in range(steps))
        score = score + sum(A[y[n, t - 1], y[n, t]] for t in range(1, steps))
        forward = s + e[0]
        for t in range(1, steps):
            forward = logsumexp(forward[:, None] + A, 0) + e[t]
        total = total + logsumexp(forward, 0) - score
    return total / len(x)


CRF = OracleModel(
    name="linear_chain_crf",
    source="Lafferty et al. 2001; Sutton & McCallum 2012, equations 4.4 and 4.5",
    equations="""
e[n,t,k] = sum(j, W[k,j]*x[n,t,j])
f[n,t,k] = e[n,t,k] + where(t > 0, logsumexp(j, f[n,t-1,j] + A[j,k]), s[k])
g[n] = sum(t, e[n,t,y[n,t]] + where(t > 0, A[y[n,t-1],y[n,t]], s[y[n,t]]))
E = mean(n, logsumexp(k, f[n,size(f, 1)-1,k]) - g[n])
""",
    parameters={"W": (3, 2), "A": (3, 3), "s": (3,)},
    inputs={"x": ("n", "T", 2)},
    targets={"y": ("n", "T")},
    integers={"y": 3},
    sizes={"W.0": 3, "W.1": 2, "A.0": 3},
    batch=("n",),
    runtime={"n": 2, "T": 5},
    reference=_crf,
)


def _markov(y, A):
    return -np.sum(log_softmax(A, 1)[y[:, :-1], y[:, 1:]])


MARKOV = OracleModel(
    name="markov_chain",
    source="a gather by two integer subscripts, one of them lagged",
    equations="""
p[i,j] = A[i,j] - logsumexp(j, A[i,j])
E = -sum(n,t, where(t > 0, p[y[n,t-1],y[n,t]], 0))
""",
    parameters={"A": (5, 5)},
    inputs={"y": ("n", "T")},
    integers={"y": 5},
    sizes={"i": 5, "j": 5},
    batch=("n",),
    runtime={"n": 3, "T": 7},
    reference=_markov,
)


def _gaussian(x, t, w, v):
    mean, spread = x @ w, np.exp(x @ v)
    density = np.exp(-((t - mean) ** 2) / (2 * spread)) / np.sqrt(2 * np.pi * spread)
    return -np.mean(np.log(density))


GAUSSIAN = OracleModel(
    name="gaussian_likelihood",
    source="Nix & Weigend 1994: mean and log variance are both predicted",
    equations="""
m[n] = sum(j, w[j]*x[n,j])
s[n] = sum(j, v[j]*x[n,j])
E = mean(n, (log(2*pi) + s[n] + (t[n] - m[n])**2*exp(-s[n]))/2)
""",
    parameters={"w": (5,), "v": (5,)},
    inputs={"x": ("n", 5)},
    targets={"t": ("n",)},
    sizes={"j": 5},
    **BATCH,
    reference=_gaussian,
)


def _mixture(x, a, m, s):
    apart = np.sum((x[:, None] - m) ** 2, axis=2) / np.exp(2 * s)
    terms = np.log(softmax(a)) - apart / 2 - 2 * s - np.log(2 * np.pi)
    return -np.mean(logsumexp(terms, 1))


MIXTURE = OracleModel(
    name="gaussian_mixture",
    source="Bishop 2006, equation 9.14, isotropic in two dimensions",
    equations="""
q[n,k] = -sum(d, (x[n,d] - m[k,d])**2)*exp(-2*s[k])/2 - size(d)*s[k] - size(d)/2*log(2*pi)
E = -mean(n, logsumexp(k, a[k] + q[n,k])) + logsumexp(k, a[k])
""",
    parameters={"a": (3,), "m": (3, 2), "s": (3,)},
    inputs={"x": ("n", 2)},
    sizes={"k": 3, "d": 2},
    **BATCH,
    reference=_mixture,
)


def _vae(x, eps, M, S, D):
    mean, log_variance = x @ M.T, x @ S.T
    code = mean + np.exp(log_variance / 2) * eps
    logits = code @ D.T
    said = np.sum(x * np.log(sigmoid(logits)) + (1 - x) * np.log(1 - sigmoid(logits)), axis=1)
    divergence = 0.5 * np.sum(np.exp(log_variance) + mean**2 - 1 - log_variance, axis=1)
    return np.mean(divergence - said)


VAE = OracleModel(
    name="variational_autoencoder",
    source="Kingma & Welling 2014, equation 10, with given noise",
    equations="""
m[n,i] = sum(j, M[i,j]*x[n,j])
s[n,i] = sum(j, S[i,j]*x[n,j])
z[n,i] = m[n,i] + exp(s[n,i]/2)*eps[n,i]
l[n,j] = sum(i, D[j,i]*z[n,i])
E = mean(n, sum(j, softplus(l[n,j]) - x[n,j]*l[n,j])
            - 1/2*sum(i, 1 + s[n,i] - m[n,i]**2 - exp(s[n,i])))
""",
    parameters={"M": (2, 5), "S": (2, 5), "D": (5, 2)},
    inputs={"x": ("n", 5), "eps": ("n", 2)},
    draws={"x": binary},
    sizes={"i": 2, "j": 5},
    **BATCH,
    reference=_vae,
)


def _boltzmann(x, W, b, c):
    hidden = np.sum(np.log(1 + np.exp(x @ W.T + c)), axis=1)
    return np.mean(-x @ b - hidden)


BOLTZMANN = OracleModel(
    name="restricted_boltzmann_free_energy",
    source="Hinton 2012, equation 25",
    equations="E = mean(n, -sum(j, b[j]*x[n,j]) - sum(i, softplus(c[i] + sum(j, W[i,j]*x[n,j]))))",
    parameters={"W": (3, 5), "b": (5,), "c": (3,)},
    inputs={"x": ("n", 5)},
    draws={"x": binary},
    sizes={"i": 3, "j": 5},
    **BATCH,
    reference=_boltzmann,
)


def _planar(x, u, w, b):
    inner = x @ w + b
    z = x + u * np.tanh(inner)[:, None]
    stretch = np.abs(1 + (1 - np.tanh(inner) ** 2) * np.dot(u, w))
    return np.mean(0.5 * np.sum(z**2, axis=1) - np.log(stretch)), z


PLANAR = OracleModel(
    name="planar_flow",
    source="Rezende & Mohamed 2015, equations 10 to 12",
    equations="""
a[n] = sum(j, w[j]*x[n,j]) + b
z[n,i] = x[n,i] + u[i]*tanh(a[n])
E = mean(n, sum(i, z[n,i]**2)/2 - log(abs(1 + (1 - tanh(a[n])**2)*sum(i, u[i]*w[i]))))
""",
    parameters={"u": (3,), "w": (3,), "b": ()},
    inputs={"x": ("n", 3)},
    sizes={"i": 3},
    output="z",
    **BATCH,
    reference=_planar,
)


def _coupling(x, S, T):
    kept, moved = x[:, 0::2], x[:, 1::2]
    scale = np.tanh(kept @ S.T)
    changed = moved * np.exp(scale) + kept @ T.T
    z = np.stack([kept[:, 0], changed[:, 0], kept[:, 1], changed[:, 1], kept[:, 2]], axis=1)
    return np.mean(0.5 * np.sum(z**2, axis=1) - np.sum(scale, axis=1)), z


COUPLING = OracleModel(
    name="affine_coupling",
    source="Dinh et al. 2017, equation 9, with a checkerboard mask: split and woven by letters",
    equations="""
s[n,i] = tanh(sum(j, S[i,j]*x[n,2*j]))
z[n,k] = where(k % 2 == 0, x[n,k], x[n,k]*exp(s[n,k//2]) + sum(j, T[k//2,j]*x[n,2*j]))
E = mean(n, sum(k, z[n,k]**2)/2 - sum(i, s[n,i]))
""",
    parameters={"S": (2, 3), "T": (2, 3)},
    inputs={"x": ("n", 5)},
    sizes={"j": 3, "s.1": 2, "T.0": 2, "x.1": 5},
    output="z",
    **BATCH,
    reference=_coupling,
)


def _item_response(a, b, c, x):
    chance = sigmoid(np.exp(a) * (c[:, None] - b))
    return -np.sum(x * np.log(chance) + (1 - x) * np.log(1 - chance)) + np.sum(c**2) / 2


ITEM_RESPONSE = OracleModel(
    name="item_response",
    source="Birnbaum 1968, two parameters an item",
    equations="""
z[p,q] = exp(a[q])*(c[p] - b[q])
E = sum(p,q, softplus(z[p,q]) - x[p,q]*z[p,q]) + sum(p, c[p]**2)/2
""",
    parameters={"a": (5,), "b": (5,), "c": (7,)},
    inputs={"x": (7, 5)},
    draws={"x": binary},
    sizes={"p": 7, "q": 5},
    reference=_item_response,
)


def _bradley_terry(s, w):
    wins = 0.0
    for i in range(len(s)):
        for j in range(len(s)):
            if i != j:
                wins = wins + w[i, j] * np.log(np.exp(s[i]) / (np.exp(s[i]) + np.exp(s[j])))
    return -wins


BRADLEY_TERRY = OracleModel(
    name="bradley_terry",
    source="Bradley & Terry 1952",
    equations="E = -sum(i,j, where(i != j, w[i,j]*log(sigmoid(s[i] - s[j])), 0))",
    parameters={"s": (5,)},
    inputs={"w": (5, 5)},
    draws={"w": counts},
    sizes={"s.0": 5},
    reference=_bradley_terry,
)


def _ising(x, J, h):
    coupling = (J + J.T) / 2 * (1 - np.eye(5))
    return np.mean(np.sum(np.log(1 + np.exp(-2 * x * (h + x @ coupling))), axis=1))


ISING = OracleModel(
    name="ising_pseudo_likelihood",
    source="Besag 1975: the couplings' symmetric part without its diagonal",
    equations="""
c[i,j] = where(i != j, (J[i,j] + J[j,i])/2, 0)
E = mean(n, sum(i, softplus(-2*x[n,i]*(h[i] + sum(j, c[i,j]*x[n,j])))))
""",
    parameters={"J": (5, 5), "h": (5,)},
    inputs={"x": ("n", 5)},
    draws={"x": plus_or_minus},
    sizes={"i": 5},
    **BATCH,
    reference=_ising,
)


MODELS = (
    CRF,
    MARKOV,
    GAUSSIAN,
    MIXTURE,
    VAE,
    BOLTZMANN,
    PLANAR,
    COUPLING,
    ITEM_RESPONSE,
    BRADLEY_TERRY,
    ISING,
)
