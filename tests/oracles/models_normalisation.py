"""Pooling, normalisation, capsules: reductions over places and over the batch."""

import autograd.numpy as np

from tests.oracles.model import BATCH, OracleModel
from tests.oracles.reference import half_squares, relu, softmax

LOSS_2D = "E = mean(n, sum(c,i,j, (y[n,c,i,j] - t[n,c,i,j])**2))/2\n"
LOSS_1D = "E = mean(n, sum(i, (y[n,i] - t[n,i])**2))/2\n"


def windows(x, kernel, stride, padding=0, value=0.0):
    """The places of each window along a new first axis; the last two axes are the image."""
    room = [(0, 0)] * (x.ndim - 2) + [(padding, padding)] * 2
    x = np.pad(x, room, mode="constant", constant_values=value)
    out = [(x.shape[a] - kernel) // stride + 1 for a in (-2, -1)]
    return np.stack(
        [
            x[
                ...,
                u : u + stride * (out[0] - 1) + 1 : stride,
                v : v + stride * (out[1] - 1) + 1 : stride,
            ]
            for u in range(kernel)
            for v in range(kernel)
        ]
    )


def pooling(name, source, text, function, out, **sizes):
    """A pooling `y` of images `x` with 2 channels of 7 by 11."""

    def reference(x, t):
        y = function(x)
        return half_squares(y, t), y

    return OracleModel(
        name=name,
        source=source,
        equations=text + "\n" + LOSS_2D,
        inputs={"x": ("n", 2, 7, 11)},
        targets={"t": ("n", 2, *out)},
        sizes={"x.1": 2, "x.2": 7, "x.3": 11, "y.2": out[0], "y.3": out[1], **sizes},
        output="y",
        batch=("n",),
        runtime={"n": 3},
        reference=reference,
    )


INSIDE = (
    "(2*i + u - 1 >= 0 and 2*i + u - 1 < size(x, 2)\n"
    "    and 2*j + v - 1 >= 0 and 2*j + v - 1 < size(x, 3))"
)
POOLING = (
    pooling(
        "max_pooling",
        "kernel 2, stride 2, the rest is left over",
        "y[n,c,i,j] = max(u,v, x[n,c,2*i+u,2*j+v])",
        lambda x: np.max(np.reshape(x[:, :, :6, :10], (len(x), 2, 3, 2, 5, 2)), axis=(3, 5)),
        (3, 5),
        u=2,
        v=2,
    ),
    pooling(
        "max_pooling_overlapping_padded",
        "Krizhevsky et al. 2012, section 3.4; padding counts as minus infinity",
        f"y[n,c,i,j] = max(u,v, where({INSIDE}, x[n,c,2*i+u-1,2*j+v-1], -inf))",
        lambda x: np.max(windows(x, 3, 2, 1, -np.inf), axis=0),
        (4, 6),
        u=3,
        v=3,
    ),
    pooling(
        "average_pooling",
        "LeCun et al. 1998, layer S2",
        "y[n,c,i,j] = mean(u,v, x[n,c,2*i+u,2*j+v])",
        lambda x: np.mean(windows(x, 3, 2), axis=0),
        (3, 5),
        u=3,
        v=3,
    ),
    pooling(
        "average_pooling_without_padding_counted",
        "PyTorch's count_include_pad=False",
        f"y[n,c,i,j] = (sum(u,v, x[n,c,2*i+u-1,2*j+v-1])\n    /sum(u,v, where({INSIDE}, 1, 0)))",
        lambda x: (
            np.sum(windows(x, 3, 2, 1), axis=0) / np.sum(windows(np.ones((7, 11)), 3, 2, 1), axis=0)
        ),
        (4, 6),
        u=3,
        v=3,
    ),
    pooling(
        "log_sum_exp_pooling",
        "Pinheiro & Collobert 2015, equation 5",
        "y[n,c,i,j] = (logsumexp(u,v, 3*x[n,c,2*i+u,2*j+v]) - log(6))/3",
        lambda x: np.log(np.mean(np.exp(3 * windows(x, 3, 2)[[0, 1, 3, 4, 6, 7]]), axis=0)) / 3,
        (3, 5),
        u=3,
        v=2,
    ),
    pooling(
        "local_response_normalisation",
        "Krizhevsky et al. 2012, section 3.3, over 3 channels (0 outside)",
        "y[n,c,i,j] = x[n,c,i,j]/(2 + 0.1*sum(u, x[n,c+u-1,i,j]**2))**0.75",
        lambda x: x / (2 + 0.1 * np.sum(x**2, axis=1, keepdims=True)) ** 0.75,
        (7, 11),
        u=3,
    ),
)


def _layer_norm(x, t, g, b, eps):
    y = g * (x - np.mean(x, axis=1, keepdims=True))
    y = y / np.sqrt(np.var(x, axis=1, keepdims=True) + eps) + b
    return half_squares(y, t), y


LAYER_NORM = OracleModel(
    name="layer_norm",
    source="Ba et al. 2016, equation 4",
    equations="""
m[n] = mean(i, x[n,i])
v[n] = mean(i, (x[n,i] - m[n])**2)
y[n,i] = g[i]*(x[n,i] - m[n])/sqrt(v[n] + eps) + b[i]
"""
    + LOSS_1D,
    parameters={"g": (5,), "b": (5,)},
    inputs={"x": ("n", 5)},
    targets={"t": ("n", 5)},
    sizes={"i": 5},
    constants={"eps": 1e-5},
    output="y",
    **BATCH,
    reference=_layer_norm,
)


def _rms_norm(x, t, g):
    y = g * x / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 1e-6)
    return half_squares(y, t), y


RMS_NORM = OracleModel(
    name="rms_norm",
    source="Zhang & Sennrich 2019, equation 4",
    equations="y[n,i] = g[i]*x[n,i]/sqrt(mean(i, x[n,i]**2) + 0.000001)\n" + LOSS_1D,
    parameters={"g": (5,)},
    inputs={"x": ("n", 5)},
    targets={"t": ("n", 5)},
    sizes={"i": 5},
    output="y",
    **BATCH,
    reference=_rms_norm,
)


def _batch_norm(x, t, g, b):
    y = g * (x - np.mean(x, axis=0)) / np.sqrt(np.var(x, axis=0) + 1e-3) + b
    return half_squares(y, t), y


BATCH_NORM = OracleModel(
    name="batch_norm",
    source="Ioffe & Szegedy 2015, algorithm 1",
    equations="""
m[i] = mean(n, x[n,i])
v[i] = mean(n, (x[n,i] - m[i])**2)
y[n,i] = g[i]*(x[n,i] - m[i])/sqrt(v[i] + 0.001) + b[i]
"""
    + LOSS_1D,
    parameters={"g": (3,), "b": (3,)},
    inputs={"x": ("n", 3)},
    targets={"t": ("n", 3)},
    sizes={"i": 3},
    output="y",
    **BATCH,
    reference=_batch_norm,
)


def _group_norm(x, t, w, b):
    grouped = np.reshape(x, (len(x), 2, -1))
    centred = grouped - np.mean(grouped, axis=2, keepdims=True)
    normed = centred / np.sqrt(np.mean(centred**2, axis=2, keepdims=True) + 1e-3)
    y = np.reshape(normed, x.shape) * w[:, None, None] + b[:, None, None]
    return half_squares(y, t), y


GROUP_NORM = OracleModel(
    name="group_norm",
    source="Wu & He 2018, equation 7: 6 channels in 2 groups, by // on letters",
    equations="""
m[n,g] = mean(q,i,j, x[n,3*g+q,i,j])
v[n,g] = mean(q,i,j, (x[n,3*g+q,i,j] - m[n,g])**2)
y[n,c,i,j] = w[c]*(x[n,c,i,j] - m[n,c//3])/sqrt(v[n,c//3] + 0.001) + b[c]
"""
    + LOSS_2D,
    parameters={"w": (6,), "b": (6,)},
    inputs={"x": ("n", 6, 3, 5)},
    targets={"t": ("n", 6, 3, 5)},
    sizes={"x.1": 6, "m.1": 2, "v.1": 2, "q": 3},
    output="y",
    batch=("n",),
    runtime={"n": 3},
    reference=_group_norm,
)


def _instance_norm(x, t):
    centred = x - np.mean(x, axis=(2, 3), keepdims=True)
    y = centred / np.sqrt(np.mean(centred**2, axis=(2, 3), keepdims=True) + 1e-3)
    return half_squares(y, t), y


INSTANCE_NORM = OracleModel(
    name="instance_norm",
    source="Ulyanov et al. 2016, equation 1; height and width are known at run time",
    equations="""
y[n,c,i,j] = ((x[n,c,i,j] - mean(i,j, x[n,c,i,j]))
              /sqrt(mean(i,j, (x[n,c,i,j] - mean(i,j, x[n,c,i,j]))**2) + 1/1000))
"""
    + LOSS_2D,
    inputs={"x": ("n", "C", "H", "K")},
    targets={"t": ("n", "C", "H", "K")},
    output="y",
    batch=("n",),
    runtime={"n": 3, "C": 2, "H": 5, "K": 7},
    reference=_instance_norm,
)


def _global_pooling(x, t, W):
    y = relu(np.mean(x, axis=(1, 2)) @ W.T) + np.max(x, axis=(1, 2)) @ W.T
    return half_squares(y, t), y


GLOBAL_POOLING = OracleModel(
    name="global_pooling",
    source="Lin et al. 2014, section 3.2: the mean beside the maximum",
    equations="""
y[n,k] = relu(sum(c, W[k,c]*mean(i,j, x[n,i,j,c]))) + sum(c, W[k,c]*max(i,j, x[n,i,j,c]))
E = mean(n, sum(k, (y[n,k] - t[n,k])**2))/2
""",
    parameters={"W": (2, 3)},
    inputs={"x": ("n", "H", "K", 3)},
    targets={"t": ("n", 2)},
    sizes={"k": 2, "c": 3},
    output="y",
    batch=("n",),
    runtime={"n": 7, "H": 3, "K": 5},
    reference=_global_pooling,
)


def squash(s):
    """Keeps the direction, brings the length below 1."""
    square = np.sum(s**2, axis=-1, keepdims=True)
    return square / (1 + square) * s / np.sqrt(square)


def _capsules(x, t, W):
    votes = np.einsum("kjdp,njp->nkjd", W, x)
    logits = np.zeros(votes.shape[:3])
    for step in range(2):
        y = squash(np.einsum("nkj,nkjd->nkd", softmax(logits, 1), votes))
        logits = logits + np.einsum("nkjd,nkd->nkj", votes, y) if step == 0 else logits
    return half_squares(y, t), y


CAPSULES = OracleModel(
    name="capsules_with_routing",
    source="Sabour et al. 2017, equations 1 to 3, two rounds of routing",
    equations="""
u[n,k,j,d] = sum(p, W[k,j,d,p]*x[n,j,p])
s[n,k,d] = sum(j, u[n,k,j,d])/size(k)
v[n,k,d] = s[n,k,d]*sqrt(sum(d, s[n,k,d]**2))/(1 + sum(d, s[n,k,d]**2))
b[n,k,j] = sum(d, u[n,k,j,d]*v[n,k,d])
r[n,k,d] = sum(j, u[n,k,j,d]*exp(b[n,k,j])/sum(k, exp(b[n,k,j])))
y[n,k,d] = r[n,k,d]*sqrt(sum(d, r[n,k,d]**2))/(1 + sum(d, r[n,k,d]**2))
E = mean(n, sum(k,d, (y[n,k,d] - t[n,k,d])**2))/2
""",
    parameters={"W": (2, 5, 3, 7)},
    inputs={"x": ("n", 5, 7)},
    targets={"t": ("n", 2, 3)},
    sizes={"k": 2, "j": 5, "d": 3, "p": 7},
    output="y",
    batch=("n",),
    runtime={"n": 3},
    reference=_capsules,
)

MODELS = (
    *POOLING,
    LAYER_NORM,
    RMS_NORM,
    BATCH_NORM,
    GROUP_NORM,
    INSTANCE_NORM,
    GLOBAL_POOLING,
    CAPSULES,
)
