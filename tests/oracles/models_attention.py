"""Attention: masks, heads, position by letters, a whole transformer block, Hopfield's energy."""

import autograd.numpy as np

from tests.oracles.model import OracleModel
from tests.oracles.reference import causal, half_squares, logsumexp, relu, softmax

LOSS = "E = mean(n, sum(t,i, (y[n,t,i] - r[n,t,i])**2))/2\n"
SEQUENCE = {"output": "y", "batch": ("n",), "runtime": {"n": 3, "T": 7}}
PROJECTIONS = dict.fromkeys(("Q", "K", "V"), (5, 3))


def attend(q, k, v, mask=None, bias=0.0):
    """Softmax over the last axis of scaled products; rows are queries."""
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1]) + bias
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    return softmax(scores) @ v


def _single(x, r, Q, K, V):
    y = attend(x @ Q.T, x @ K.T, x @ V.T)
    return half_squares(y, r), y


SINGLE = OracleModel(
    name="attention",
    source="Vaswani et al. 2017, equation 1",
    equations="""
q[n,t,d] = sum(j, Q[d,j]*x[n,t,j])
k[n,t,d] = sum(j, K[d,j]*x[n,t,j])
v[n,t,i] = sum(j, V[i,j]*x[n,t,j])
s[n,t,u] = sum(d, q[n,t,d]*k[n,u,d])/sqrt(size(d))
a[n,t,u] = exp(s[n,t,u])/sum(u, exp(s[n,t,u]))
y[n,t,i] = sum(u, a[n,t,u]*v[n,u,i])
"""
    + LOSS,
    parameters=PROJECTIONS,
    inputs={"x": ("n", "T", 3)},
    targets={"r": ("n", "T", 5)},
    sizes={"j": 3, "Q.0": 5, "K.0": 5, "V.0": 5},
    **SEQUENCE,
    reference=_single,
)


def _causal_single(x, r, Q, K, V):
    y = attend(x @ Q.T, x @ K.T, x @ V.T, causal(x.shape[1]))
    return half_squares(y, r), y


CAUSAL = OracleModel(
    name="causal_attention",
    source="Vaswani et al. 2017, section 3.2.3: illegal connections are minus infinity",
    equations="""
q[n,t,d] = sum(j, Q[d,j]*x[n,t,j])
k[n,t,d] = sum(j, K[d,j]*x[n,t,j])
v[n,t,i] = sum(j, V[i,j]*x[n,t,j])
s[n,t,u] = where(u <= t, sum(d, q[n,t,d]*k[n,u,d])/sqrt(size(d)), -inf)
a[n,t,u] = exp(s[n,t,u] - logsumexp(u, s[n,t,u]))
y[n,t,i] = sum(u, a[n,t,u]*v[n,u,i])
"""
    + LOSS,
    parameters=PROJECTIONS,
    inputs={"x": ("n", "T", 3)},
    targets={"r": ("n", "T", 5)},
    sizes={"j": 3, "Q.0": 5, "K.0": 5, "V.0": 5},
    **SEQUENCE,
    reference=_causal_single,
)

HEADS = dict.fromkeys(("Q", "K", "V"), (2, 5, 3))


def by_head(x, W):
    """A projection for each head: (batch, head, time, feature)."""
    return np.einsum("hdj,ntj->nhtd", W, x)


def _multi_head(x, r, Q, K, V, M):
    heads = attend(by_head(x, Q), by_head(x, K), by_head(x, V), causal(x.shape[1]))
    y = np.einsum("hid,nhtd->nti", M, heads)
    return half_squares(y, r), y


MULTI_HEAD = OracleModel(
    name="causal_multi_head_attention",
    source="Vaswani et al. 2017, section 3.2.2; the maximum is held, value-neutral",
    equations="""
q[n,h,t,d] = sum(j, Q[h,d,j]*x[n,t,j])
k[n,h,t,d] = sum(j, K[h,d,j]*x[n,t,j])
v[n,h,t,d] = sum(j, V[h,d,j]*x[n,t,j])
s[n,h,t,u] = where(u <= t, sum(d, q[n,h,t,d]*k[n,h,u,d])/sqrt(size(d)), -inf)
m[n,h,t] = hold(max(u, s[n,h,t,u]))
a[n,h,t,u] = exp(s[n,h,t,u] - m[n,h,t])/sum(w, exp(s[n,h,t,w] - m[n,h,t]))
y[n,t,i] = sum(h,d, M[h,i,d]*sum(u, a[n,h,t,u]*v[n,h,u,d]))
"""
    + LOSS,
    parameters={**HEADS, "M": (2, 3, 5)},
    inputs={"x": ("n", "T", 3)},
    targets={"r": ("n", "T", 3)},
    sizes={"h": 2, "d": 5, "j": 3, "M.1": 3},
    **SEQUENCE,
    reference=_multi_head,
)


def _linear_bias(x, r, m, Q, K, V):
    steps = x.shape[1]
    distance = np.arange(steps)[:, None] - np.arange(steps)[None]
    heads = attend(
        by_head(x, Q), by_head(x, K), by_head(x, V), distance >= 0, -m[:, None, None] * distance
    )
    y = np.sum(heads, axis=1)
    return half_squares(y, r), y


LINEAR_BIAS = OracleModel(
    name="attention_with_linear_biases",
    source="Press et al. 2022, ALiBi, section 3; letters as values",
    equations="""
s[n,h,t,u] = where(u <= t,
    sum(d, sum(j, Q[h,d,j]*x[n,t,j])*sum(j, K[h,d,j]*x[n,u,j]))/sqrt(size(d)) - (t - u)*m[h],
    -inf)
y[n,t,i] = sum(h,u, exp(s[n,h,t,u] - logsumexp(w, s[n,h,t,w]))*sum(j, V[h,i,j]*x[n,u,j]))
"""
    + LOSS,
    parameters={**HEADS, "m": (2,)},
    inputs={"x": ("n", "T", 3)},
    targets={"r": ("n", "T", 5)},
    sizes={"h": 2, "d": 5, "j": 3, "V.1": 5},
    **SEQUENCE,
    reference=_linear_bias,
)


def _relative(x, r, p, Q, K, V):
    steps = x.shape[1]
    q, k = x @ Q.T, x @ K.T
    place = np.arange(steps)[:, None] - np.arange(steps)[None] + steps - 1
    bias = np.einsum("ntd,tud->ntu", q, p[place]) / np.sqrt(5)
    y = attend(q, k, x @ V.T, bias=bias)
    return half_squares(y, r), y


RELATIVE = OracleModel(
    name="relative_positions",
    source="Shaw et al. 2018, equation 4: a table read at t - u + size(t) - 1",
    equations="""
q[n,t,d] = sum(j, Q[d,j]*x[n,t,j])
k[n,t,d] = sum(j, K[d,j]*x[n,t,j])
s[n,t,u] = sum(d, q[n,t,d]*(k[n,u,d] + p[t-u+size(t)-1,d]))/sqrt(size(d))
y[n,t,i] = sum(u, exp(s[n,t,u])/sum(u, exp(s[n,t,u]))*sum(j, V[i,j]*x[n,u,j]))
"""
    + LOSS,
    parameters={"p": (13, 5), **PROJECTIONS},
    inputs={"x": ("n", 7, 3)},
    targets={"r": ("n", 7, 5)},
    sizes={"j": 3, "d": 5, "V.0": 5, "p.0": 13, "x.1": 7},
    output="y",
    batch=("n",),
    runtime={"n": 3},
    reference=_relative,
)


def _cross(x, m, valid, r, Q, K, V):
    alive = np.arange(m.shape[1]) < valid[:, None, None]
    y = attend(x @ Q.T, m @ K.T, m @ V.T, alive)
    return half_squares(y, r), y


CROSS = OracleModel(
    name="cross_attention_with_lengths",
    source="Vaswani et al. 2017; keys beyond a sample's own length are masked",
    equations="""
s[n,t,u] = where(u < valid[n],
    sum(d, sum(j, Q[d,j]*x[n,t,j])*sum(j, K[d,j]*m[n,u,j]))/sqrt(size(d)), -inf)
y[n,t,i] = sum(u, exp(s[n,t,u])*sum(j, V[i,j]*m[n,u,j]))/sum(u, exp(s[n,t,u]))
"""
    + LOSS,
    parameters={"Q": (2, 3), "K": (2, 5), "V": (5, 5)},
    inputs={"x": ("n", "T", 3), "m": ("n", "S", 5), "valid": ("n",)},
    targets={"r": ("n", "T", 5)},
    integers={"valid": 12},
    draws={"valid": lambda rng, shape: rng.integers(1, 12, shape)},
    sizes={"d": 2, "x.2": 3, "m.2": 5, "V.0": 5},
    output="y",
    batch=("n",),
    runtime={"n": 3, "T": 7, "S": 11},
    reference=_cross,
)


def rms(x):
    """Root mean square over the features."""
    return np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + 1e-3)


def _block(x, g, r, Q, K, V, A, B, P):
    x = x + P[: x.shape[1]]
    z = g * x / rms(x)
    x = x + attend(z @ Q.T, z @ K.T, z @ V.T, causal(x.shape[1]))
    y = x + relu((x / rms(x)) @ A.T) @ B.T
    return half_squares(y, r), y


BLOCK = OracleModel(
    name="transformer_block",
    source="Vaswani et al. 2017, normalised first (Xiong et al. 2020), with RMS norm",
    equations="""
e[n,t,i] = x[n,t,i] + P[t,i]
z[n,t,i] = g[i]*e[n,t,i]/sqrt(mean(i, e[n,t,i]**2) + 0.001)
q[n,t,d] = sum(i, Q[d,i]*z[n,t,i])
k[n,t,d] = sum(i, K[d,i]*z[n,t,i])
s[n,t,u] = where(u <= t, sum(d, q[n,t,d]*k[n,u,d])/sqrt(size(d)), -inf)
a[n,t,u] = exp(s[n,t,u])/sum(u, exp(s[n,t,u]))
o[n,t,i] = e[n,t,i] + sum(u, a[n,t,u]*sum(j, V[i,j]*z[n,u,j]))
f[n,t,h] = relu(sum(i, A[h,i]*o[n,t,i])/sqrt(mean(i, o[n,t,i]**2) + 0.001))
y[n,t,i] = o[n,t,i] + sum(h, B[i,h]*f[n,t,h])
"""
    + LOSS,
    parameters={"Q": (2, 3), "K": (2, 3), "V": (3, 3), "A": (5, 3), "B": (3, 5), "P": (7, 3)},
    inputs={"x": ("n", 7, 3), "g": (3,)},
    targets={"r": ("n", 7, 3)},
    sizes={"i": 3, "j": 3, "d": 2, "h": 5, "x.1": 7},
    output="y",
    batch=("n",),
    runtime={"n": 3},
    reference=_block,
)


def _hopfield(x, M, beta):
    energy = -logsumexp(beta * x @ M.T, 1) / beta + np.sum(x**2, axis=1) / 2
    return np.sum(energy)


HOPFIELD = OracleModel(
    name="hopfield_energy",
    source="Ramsauer et al. 2021, equation 2: its gradient is x minus attention to the memories",
    equations="""
E = sum(n, sum(i, x[n,i]**2)/2 - logsumexp(m, beta*sum(i, M[m,i]*x[n,i]))/beta)
""",
    parameters={"M": (5, 3)},
    inputs={"x": ("n", 3)},
    sizes={"m": 5, "i": 3},
    constants={"beta": 1.5},
    batch=("n",),
    runtime={"n": 7},
    reference=_hopfield,
)


def _slots(x, m, W):
    scores = np.einsum("nki,nti->nkt", m, x @ W.T)
    a = softmax(scores, axis=1)
    a = a / np.sum(a, axis=2, keepdims=True)
    y = a @ x
    return half_squares(y, m), y


SLOTS = OracleModel(
    name="slot_attention",
    source="Locatello et al. 2020, equations 1 and 2: softmax over slots, mean over places",
    equations="""
s[n,k,t] = sum(i, m[n,k,i]*sum(j, W[i,j]*x[n,t,j]))
a[n,k,t] = exp(s[n,k,t])/sum(k, exp(s[n,k,t]))
y[n,k,i] = sum(t, a[n,k,t]*x[n,t,i])/sum(t, a[n,k,t])
E = mean(n, sum(k,i, (y[n,k,i] - m[n,k,i])**2))/2
""",
    parameters={"W": (3, 3)},
    inputs={"x": ("n", "T", 3), "m": ("n", 2, 3)},
    sizes={"x.2": 3, "m.1": 2, "m.2": 3},
    **SEQUENCE,
    reference=_slots,
)

MODELS = (
    SINGLE,
    CAUSAL,
    MULTI_HEAD,
    LINEAR_BIAS,
    RELATIVE,
    CROSS,
    BLOCK,
    HOPFIELD,
    SLOTS,
)
