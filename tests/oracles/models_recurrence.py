"""Recurrences that are more than a layer: grids, decoders, memories written and read."""

import autograd.numpy as np

from tests.oracles.model import OracleModel
from tests.oracles.models_recurrent import gru_step, weights
from tests.oracles.reference import half_squares, logsumexp, sigmoid, softmax, softplus

LOSS = "E = mean(n, sum(t,k, (h[n,t,k] - r[n,t,k])**2))/2\n"
SEQUENCE = {"batch": ("n",), "runtime": {"n": 5, "T": 7}}


def _attention_inside(x, m, r, W, U, V):
    h, states = np.zeros((len(x), 3)), []
    for t in range(x.shape[1]):
        focus = softmax(np.einsum("nk,nuk->nu", h, m))
        context = np.einsum("nu,nuk->nk", focus, m)
        h = np.tanh(x[:, t] @ W.T + h @ U.T + context @ V.T)
        states.append(h)
    h = np.stack(states, axis=1)
    return half_squares(h, r), h


ATTENTION_INSIDE = OracleModel(
    name="attention_inside_a_recurrence",
    source="Bahdanau et al. 2015, section 3.1, with dot-product scores; both lengths at run time",
    equations="""
s[n,t,u] = sum(k, h[n,t-1,k]*m[n,u,k])
c[n,t,k] = sum(u, exp(s[n,t,u])/sum(u, exp(s[n,t,u]))*m[n,u,k])
h[n,t,k] = tanh(sum(j, W[k,j]*x[n,t,j]) + sum(i, U[k,i]*h[n,t-1,i]) + sum(i, V[k,i]*c[n,t,i]))
"""
    + LOSS,
    parameters={"W": (3, 2), "U": (3, 3), "V": (3, 3)},
    inputs={"x": ("n", "T", 2), "m": ("n", "S", 3)},
    targets={"r": ("n", "T", 3)},
    sizes={"j": 2, "h.2": 3, "c.2": 3, "m.2": 3},
    output="h",
    batch=("n",),
    runtime={"n": 2, "T": 5, "S": 7},
    reference=_attention_inside,
)


def _convolutional(x, r, W, U, b):
    def spread(kernel, z):  # kernel 3, padding 1, along the last axis
        wide = np.pad(z, [(0, 0), (0, 0), (1, 1)], mode="constant")
        size = z.shape[2]
        return sum(
            np.einsum("oc,nci->noi", kernel[:, :, u], wide[:, :, u : u + size]) for u in range(3)
        )

    h, states = np.zeros((len(x), 2, x.shape[3])), []
    for t in range(x.shape[1]):
        h = np.tanh(spread(W, x[:, t]) + spread(U, h) + b[:, None])
        states.append(h)
    h = np.stack(states, axis=1)
    return half_squares(h, r), h


CONVOLUTIONAL = OracleModel(
    name="convolutional_recurrence",
    source="Shi et al. 2015, ConvLSTM, without its gates, in one dimension",
    equations="""
h[n,t,o,i] = tanh(sum(c,u, W[o,c,u]*x[n,t,c,i+u-1] + U[o,c,u]*h[n,t-1,c,i+u-1]) + b[o])
E = mean(n, sum(t,o,i, (h[n,t,o,i] - r[n,t,o,i])**2))/2
""",
    parameters={"W": (2, 2, 3), "U": (2, 2, 3), "b": (2,)},
    inputs={"x": ("n", "T", 2, 5)},
    targets={"r": ("n", "T", 2, 5)},
    sizes={"o": 2, "c": 2, "u": 3, "h.3": 5},
    output="h",
    **SEQUENCE,
    reference=_convolutional,
)


def _grid(x, r, W, U, V):
    rows, columns = x.shape[1:3]
    none = np.zeros((len(x), 3))
    h = {}
    for i in range(rows):
        for j in range(columns):
            above, left = h.get((i - 1, j), none), h.get((i, j - 1), none)
            h[i, j] = np.tanh(x[:, i, j] @ W.T + above @ U.T + left @ V.T)
    y = np.stack([np.stack([h[i, j] for j in range(columns)], 1) for i in range(rows)], 1)
    return half_squares(y, r), y


GRID = OracleModel(
    name="grid_recurrence",
    source="Graves et al. 2007, multi-dimensional RNN, section 2",
    equations="""
h[n,i,j,k] = tanh(sum(m, W[k,m]*x[n,i,j,m]) + sum(m, U[k,m]*h[n,i-1,j,m] + V[k,m]*h[n,i,j-1,m]))
E = mean(n, sum(i,j,k, (h[n,i,j,k] - r[n,i,j,k])**2))/2
""",
    parameters={"W": (3, 2), "U": (3, 3), "V": (3, 3)},
    inputs={"x": ("n", 5, 4, 2)},
    targets={"r": ("n", 5, 4, 3)},
    sizes={"W.1": 2, "h.1": 5, "h.2": 4, "h.3": 3},
    output="h",
    batch=("n",),
    runtime={"n": 2},
    reference=_grid,
)


def _soft_dtw(x, y):
    cost = (x[:, None] - y[None]) ** 2
    r = {}
    for i in range(len(x)):
        for j in range(len(y)):
            before = [r[p] for p in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if p in r]
            r[i, j] = cost[i, j] - (logsumexp(-np.array(before)) if before else 0.0)
    return r[len(x) - 1, len(y) - 1]


SOFT_DTW = OracleModel(
    name="soft_dynamic_time_warping",
    source="Cuturi & Blondel 2017, algorithm 1 (gamma = 1): three lags on a grid",
    equations="""
c[i,j] = (x[i] - y[j])**2
r[i,j] = c[i,j] - where(i == 0 and j == 0, 0, log(
    where(i > 0, exp(-r[i-1,j]), 0) + where(j > 0, exp(-r[i,j-1]), 0)
    + where(i > 0 and j > 0, exp(-r[i-1,j-1]), 0)))
E = r[size(x, 0)-1,size(y, 0)-1]
""",
    parameters={"x": (5,)},
    inputs={"y": (7,)},
    sizes={"i": 5, "j": 7},
    reference=_soft_dtw,
)


def _decoder(h0, r, s, V, **cell):
    h, x, outputs = h0, np.ones((len(h0), 1)) * s, []
    for _ in range(r.shape[1]):
        h = gru_step(h, x, **cell)
        x = h @ V.T
        outputs.append(x)
    y = np.stack(outputs, axis=1)
    return half_squares(y, r), y


DECODER = OracleModel(
    name="gru_decoder",
    source="Sutskever et al. 2014: what was said last is read next, at first a start symbol",
    equations="""
x[n,t,j] = where(t > 0, y[n,t-1,j], s[j])
p[n,t,k] = where(t > 0, h[n,t-1,k], h0[n,k])
q[n,t,k] = sigmoid(sum(j, Wr[k,j]*x[n,t,j]) + sum(i, Ur[k,i]*p[n,t,i]) + br[k])
z[n,t,k] = sigmoid(sum(j, Wz[k,j]*x[n,t,j]) + sum(i, Uz[k,i]*p[n,t,i]) + bz[k])
c[n,t,k] = tanh(sum(j, Wc[k,j]*x[n,t,j]) + bc[k] + q[n,t,k]*(sum(i, Uc[k,i]*p[n,t,i]) + bu[k]))
h[n,t,k] = (1 - z[n,t,k])*c[n,t,k] + z[n,t,k]*p[n,t,k]
y[n,t,j] = sum(k, V[j,k]*h[n,t,k])
E = mean(n, sum(t,j, (y[n,t,j] - r[n,t,j])**2))/2
""",
    parameters={
        **weights("Wr", "Ur", "br", "Wz", "Uz", "bz", "Wc", "Uc", "bc", "bu"),
        "s": (2,),
        "V": (2, 3),
    },
    inputs={"h0": ("n", 3)},
    targets={"r": ("n", 5, 2)},
    sizes={"j": 2, "k": 3, "t": 5},
    output="y",
    batch=("n",),
    runtime={"n": 7},
    reference=_decoder,
)


def _linear_attention(q, k, v, r):
    memory, outputs = 0.0, []
    for t in range(q.shape[1]):
        memory = memory + np.einsum("ni,nj->nij", k[:, t], v[:, t])
        outputs.append(np.einsum("ni,nij->nj", q[:, t], memory))
    y = np.stack(outputs, axis=1)
    return half_squares(y, r), y


LINEAR_ATTENTION = OracleModel(
    name="linear_attention",
    source="Katharopoulos et al. 2020, equations 16 to 20, without the normaliser",
    equations="""
m[n,t,i,j] = m[n,t-1,i,j] + k[n,t,i]*v[n,t,j]
y[n,t,j] = sum(i, q[n,t,i]*m[n,t,i,j])
E = mean(n, sum(t,j, (y[n,t,j] - r[n,t,j])**2))/2
""",
    inputs={"q": ("n", "T", 2), "k": ("n", "T", 2), "v": ("n", "T", 3)},
    targets={"r": ("n", "T", 3)},
    sizes={"i": 2, "j": 3},
    output="y",
    **SEQUENCE,
    reference=_linear_attention,
)


def _delta_rule(k, v, b, r):
    memory, outputs = np.zeros((len(k), 3, 2)), []
    for t in range(k.shape[1]):
        error = v[:, t] - np.einsum("nji,ni->nj", memory, k[:, t])
        memory = memory + np.einsum("n,nj,ni->nji", sigmoid(b[:, t]), error, k[:, t])
        outputs.append(np.einsum("nji,ni->nj", memory, k[:, t]))
    y = np.stack(outputs, axis=1)
    return half_squares(y, r), y


DELTA_RULE = OracleModel(
    name="fast_weights_by_the_delta_rule",
    source="Schlag et al. 2021, equations 21 to 24",
    equations="""
e[n,t,j] = v[n,t,j] - sum(i, m[n,t-1,j,i]*k[n,t,i])
m[n,t,j,i] = m[n,t-1,j,i] + sigmoid(b[n,t])*e[n,t,j]*k[n,t,i]
y[n,t,j] = sum(i, m[n,t,j,i]*k[n,t,i])
E = mean(n, sum(t,j, (y[n,t,j] - r[n,t,j])**2))/2
""",
    inputs={"k": ("n", "T", 2), "v": ("n", "T", 3), "b": ("n", "T")},
    targets={"r": ("n", "T", 3)},
    sizes={"i": 2, "j": 3},
    output="y",
    **SEQUENCE,
    reference=_delta_rule,
)


def _selective(x, r, a, W, V, B, C):
    state, outputs = np.zeros((len(x), 2, 3)), []
    for t in range(x.shape[1]):
        step = softplus(x[:, t] @ W.T)
        keep = np.exp(-np.exp(a) * step[:, :, None])
        drive = np.einsum("ni,nk->nik", step * x[:, t], x[:, t] @ B.T)
        state = keep * state + drive
        outputs.append(np.einsum("nik,nk->ni", state, x[:, t] @ C.T) + V * x[:, t])
    y = np.stack(outputs, axis=1)
    return half_squares(y, r), y


SELECTIVE = OracleModel(
    name="selective_state_space",
    source="Gu & Dao 2023, Mamba, algorithm 2, Euler steps for the drive",
    equations="""
p[n,t,i] = softplus(sum(j, W[i,j]*x[n,t,j]))
s[n,t,i,k] = (exp(-exp(a[i,k])*p[n,t,i])*s[n,t-1,i,k]
              + p[n,t,i]*x[n,t,i]*sum(j, B[k,j]*x[n,t,j]))
y[n,t,i] = sum(k, s[n,t,i,k]*sum(j, C[k,j]*x[n,t,j])) + V[i]*x[n,t,i]
E = mean(n, sum(t,i, (y[n,t,i] - r[n,t,i])**2))/2
""",
    parameters={"a": (2, 3), "W": (2, 2), "V": (2,), "B": (3, 2), "C": (3, 2)},
    inputs={"x": ("n", "T", 2)},
    targets={"r": ("n", "T", 2)},
    sizes={"i": 2, "j": 2, "k": 3},
    output="y",
    **SEQUENCE,
    reference=_selective,
)

MODELS = (
    ATTENTION_INSIDE,
    CONVOLUTIONAL,
    GRID,
    SOFT_DTW,
    DECODER,
    LINEAR_ATTENTION,
    DELTA_RULE,
    SELECTIVE,
)
