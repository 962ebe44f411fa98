"""Convolutions: stride, padding, dilation, groups, transposition; what is built of them."""

import autograd.numpy as np

from tests.oracles.model import BATCH, OracleModel
from tests.oracles.reference import half_squares, relu, sigmoid

LOSS_1D = "E = mean(n, sum(o,i, (y[n,o,i] - t[n,o,i])**2))/2\n"
LOSS_2D = "E = mean(n, sum(o,i,j, (y[n,o,i,j] - t[n,o,i,j])**2))/2\n"


def padded(x, before, after, value=0.0):
    """The last two axes with more room on both sides."""
    room = [(0, 0)] * (x.ndim - 2) + [(before, after)] * 2
    return np.pad(x, room, mode="constant", constant_values=value)


def convolve(x, W, stride=1, padding=0, dilation=1):
    """PyTorch's conv2d: one shifted product for each place of the kernel."""
    x = padded(x, padding, padding)
    kernel = W.shape[2:]
    out = [(x.shape[2 + a] - dilation * (kernel[a] - 1) - 1) // stride + 1 for a in (0, 1)]
    total = 0.0
    for u in range(kernel[0]):
        for v in range(kernel[1]):
            rows = slice(dilation * u, dilation * u + stride * (out[0] - 1) + 1, stride)
            columns = slice(dilation * v, dilation * v + stride * (out[1] - 1) + 1, stride)
            total = total + np.einsum("ncij,oc->noij", x[:, :, rows, columns], W[:, :, u, v])
    return total


def _causal(x, r, W, b):
    steps = x.shape[1]
    late = np.concatenate([np.zeros((len(x), 4, x.shape[2])), x], axis=1)
    total = sum(late[:, 4 - 2 * u : 4 - 2 * u + steps] @ W[:, :, u].T for u in range(3))
    y = np.tanh(total + b)
    return half_squares(y, r), y


CAUSAL = OracleModel(
    name="dilated_causal_convolution",
    source="van den Oord et al. 2016, WaveNet, section 2.1; the length is known at run time",
    equations="""
y[n,t,o] = tanh(sum(c,u, W[o,c,u]*x[n,t-2*u,c]) + b[o])
E = mean(n, sum(t,o, (y[n,t,o] - r[n,t,o])**2))/2
""",
    parameters={"W": (3, 2, 3), "b": (3,)},
    inputs={"x": ("n", "T", 2)},
    targets={"r": ("n", "T", 3)},
    sizes={"o": 3, "c": 2, "u": 3},
    output="y",
    batch=("n",),
    runtime={"n": 7, "T": 11},
    reference=_causal,
)


def _conv2d(x, t, W, b):
    y = convolve(x, W, stride=2, padding=1) + b[:, None, None]
    return half_squares(y, t), y


CONV2D = OracleModel(
    name="conv2d_stride_padding",
    source="Dumoulin & Visin 2016, relationship 6 (stride 2, padding 1, kernel 3)",
    equations="""
y[n,o,i,j] = sum(c,u,v, W[o,c,u,v]*x[n,c,2*i+u-1,2*j+v-1]) + b[o]
"""
    + LOSS_2D,
    parameters={"W": (3, 2, 3, 3), "b": (3,)},
    inputs={"x": ("n", 2, 11, 7)},
    targets={"t": ("n", 3, 6, 4)},
    sizes={"o": 3, "c": 2, "u": 3, "v": 3, "y.2": 6, "y.3": 4, "x.2": 11, "x.3": 7},
    output="y",
    batch=("n",),
    runtime={"n": 5},
    reference=_conv2d,
)


def _conv2d_dilated(x, t, W):
    y = convolve(x, W, padding=2, dilation=2)
    return half_squares(y, t), y


CONV2D_DILATED = OracleModel(
    name="conv2d_dilated",
    source="Yu & Koltun 2016",
    equations="""
y[n,o,i,j] = sum(c,u,v, W[o,c,u,v]*x[n,c,i+2*u-2,j+2*v-2])
"""
    + LOSS_2D,
    parameters={"W": (2, 3, 3, 3)},
    inputs={"x": ("n", 3, 5, 7)},
    targets={"t": ("n", 2, 5, 7)},
    sizes={"o": 2, "c": 3, "u": 3, "v": 3, "y.2": 5, "y.3": 7},
    output="y",
    batch=("n",),
    runtime={"n": 2},
    reference=_conv2d_dilated,
)


def _conv2d_all(x, t, W):
    y = convolve(x, W, stride=2, padding=1, dilation=2)
    return half_squares(y, t), y


CONV2D_ALL = OracleModel(
    name="conv2d_stride_padding_dilation",
    source="Dumoulin & Visin 2016, relationship 15",
    equations="""
y[n,o,i,j] = sum(c,u,v, W[o,c,u,v]*x[n,c,2*i+2*u-1,2*j+2*v-1])
"""
    + LOSS_2D,
    parameters={"W": (2, 3, 3, 2)},
    inputs={"x": ("n", 3, 11, 7)},
    targets={"t": ("n", 2, 5, 4)},
    sizes={"o": 2, "c": 3, "u": 3, "v": 2, "y.2": 5, "y.3": 4, "x.2": 11, "x.3": 7},
    output="y",
    batch=("n",),
    runtime={"n": 2},
    reference=_conv2d_all,
)


def _depthwise(x, t, W, P):
    deep = np.stack(
        [convolve(x[:, c : c + 1], W[None, c : c + 1], padding=1)[:, 0] for c in (0, 1)]
    )
    y = np.einsum("oc,cnij->noij", P, deep)
    return half_squares(y, t), y


DEPTHWISE = OracleModel(
    name="depthwise_separable_convolution",
    source="Howard et al. 2017, MobileNets, equation 3",
    equations="""
g[n,c,i,j] = sum(u,v, W[c,u,v]*x[n,c,i+u-1,j+v-1])
y[n,o,i,j] = sum(c, P[o,c]*g[n,c,i,j])
"""
    + LOSS_2D,
    parameters={"W": (2, 3, 3), "P": (3, 2)},
    inputs={"x": ("n", 2, 5, 7)},
    targets={"t": ("n", 3, 5, 7)},
    sizes={"c": 2, "u": 3, "v": 3, "o": 3, "i": 5, "j": 7},
    output="y",
    batch=("n",),
    runtime={"n": 2},
    reference=_depthwise,
)


def _grouped(x, t, W):
    halves = [convolve(x[:, 2 * g : 2 * g + 2], W[3 * g : 3 * g + 3]) for g in (0, 1)]
    y = np.concatenate(halves, axis=1)
    return half_squares(y, t), y


GROUPED = OracleModel(
    name="grouped_convolution",
    source="Krizhevsky et al. 2012, section 3.2; PyTorch's groups = 2",
    equations="""
y[n,o,i,j] = sum(c,u,v, W[o,c,u,v]*x[n,2*(o//3)+c,i+u,j+v])
"""
    + LOSS_2D,
    parameters={"W": (6, 2, 3, 2)},
    inputs={"x": ("n", 4, 5, 7)},
    targets={"t": ("n", 6, 3, 6)},
    sizes={"o": 6, "c": 2, "u": 3, "v": 2, "y.2": 3, "y.3": 6, "x.1": 4, "x.2": 5, "x.3": 7},
    output="y",
    batch=("n",),
    runtime={"n": 2},
    reference=_grouped,
)


def _transposed(x, t, W, b):
    steps = x.shape[2]
    wide = 0.0
    for k in range(3):
        part = np.einsum("nci,co->noi", x, W[:, :, k])
        spread = np.stack([part, np.zeros_like(part)], axis=3).reshape(len(x), W.shape[1], -1)
        wide = wide + np.pad(spread[:, :, :-1], [(0, 0), (0, 0), (k, 2 - k)], mode="constant")
    y = wide[:, :, 1:-1] + b[:, None]
    assert y.shape[2] == 2 * steps - 1
    return half_squares(y, t), y


TRANSPOSED = OracleModel(
    name="transposed_convolution",
    source="Dumoulin & Visin 2016, relationship 13 (stride 2, padding 1, kernel 3), by delta",
    equations="""
y[n,o,a] = sum(c,i,k, delta(a, 2*i+k-1)*x[n,c,i]*W[c,o,k]) + b[o]
E = mean(n, sum(o,a, (y[n,o,a] - t[n,o,a])**2))/2
""",
    parameters={"W": (2, 3, 3), "b": (3,)},
    inputs={"x": ("n", 2, 5)},
    targets={"t": ("n", 3, 9)},
    sizes={"c": 2, "o": 3, "k": 3, "x.2": 5, "y.2": 9},
    output="y",
    **BATCH,
    reference=_transposed,
)


def _residual(x, t, U, V, a, b, g, h):
    def normed(z, gain, shift):
        centred = z - np.mean(z, axis=(0, 2, 3), keepdims=True)
        scale = np.sqrt(np.mean(centred**2, axis=(0, 2, 3), keepdims=True) + 1e-2)
        return gain[:, None, None] * centred / scale + shift[:, None, None]

    inner = relu(normed(convolve(x, U, padding=1), g, a))
    y = relu(normed(convolve(inner, V, padding=1), h, b) + x)
    return half_squares(y, t), y


RESIDUAL = OracleModel(
    name="residual_block",
    source="He et al. 2016, figure 2 and equation 1; Ioffe & Szegedy 2015",
    equations="""
p[n,o,i,j] = sum(c,u,v, U[o,c,u,v]*x[n,c,i+u-1,j+v-1])
m[o] = mean(n,i,j, p[n,o,i,j])
s[o] = sqrt(mean(n,i,j, (p[n,o,i,j] - m[o])**2) + 0.01)
q[n,o,i,j] = relu(g[o]*(p[n,o,i,j] - m[o])/s[o] + a[o])
r[n,o,i,j] = sum(c,u,v, V[o,c,u,v]*q[n,c,i+u-1,j+v-1])
m2[o] = mean(n,i,j, r[n,o,i,j])
s2[o] = sqrt(mean(n,i,j, (r[n,o,i,j] - m2[o])**2) + 0.01)
y[n,o,i,j] = relu(h[o]*(r[n,o,i,j] - m2[o])/s2[o] + b[o] + x[n,o,i,j])
"""
    + LOSS_2D,
    parameters={
        "U": (2, 2, 3, 3),
        "V": (2, 2, 3, 3),
        "a": (2,),
        "b": (2,),
        "g": (2,),
        "h": (2,),
    },
    inputs={"x": ("n", 2, 3, 5)},
    targets={"t": ("n", 2, 3, 5)},
    sizes={"o": 2, "c": 2, "u": 3, "v": 3, "i": 3, "j": 5},
    output="y",
    batch=("n",),
    runtime={"n": 3},
    reference=_residual,
)


def _squeeze_excite(x, t, W, V):
    squeezed = np.mean(x, axis=(2, 3))
    gate = sigmoid(relu(squeezed @ W.T) @ V.T)
    y = x * gate[:, :, None, None]
    return half_squares(y, t), y


SQUEEZE_EXCITE = OracleModel(
    name="squeeze_and_excitation",
    source="Hu et al. 2018, equations 2 to 4; height and width are known at run time",
    equations="""
q[n,c] = mean(i,j, x[n,c,i,j])
g[n,o] = sigmoid(sum(k, V[o,k]*relu(sum(c, W[k,c]*q[n,c]))))
y[n,o,i,j] = g[n,o]*x[n,o,i,j]
"""
    + LOSS_2D,
    parameters={"W": (2, 5), "V": (5, 2)},
    inputs={"x": ("n", 5, "H", "K")},
    targets={"t": ("n", 5, "H", "K")},
    sizes={"x.1": 5, "k": 2},
    output="y",
    batch=("n",),
    runtime={"n": 7, "H": 2, "K": 3},
    reference=_squeeze_excite,
)


def _patches(x, t, W, P):
    split = np.reshape(x, (len(x), 3, 2, 2, 5, 2))
    y = np.einsum("nciujv,dcuv->nijd", split, W) + P
    return half_squares(y, t), y


PATCHES = OracleModel(
    name="patch_embedding",
    source="Dosovitskiy et al. 2021, ViT, equation 1: stride as large as the kernel",
    equations="""
y[n,i,j,d] = sum(c,u,v, W[d,c,u,v]*x[n,c,2*i+u,2*j+v]) + P[i,j,d]
E = mean(n, sum(i,j,d, (y[n,i,j,d] - t[n,i,j,d])**2))/2
""",
    parameters={"W": (7, 3, 2, 2), "P": (2, 5, 7)},
    inputs={"x": ("n", 3, 4, 10)},
    targets={"t": ("n", 2, 5, 7)},
    sizes={"d": 7, "c": 3, "u": 2, "v": 2, "i": 2, "j": 5},
    output="y",
    batch=("n",),
    runtime={"n": 3},
    reference=_patches,
)

MODELS = (
    CAUSAL,
    CONV2D,
    CONV2D_DILATED,
    CONV2D_ALL,
    DEPTHWISE,
    GROUPED,
    TRANSPOSED,
    RESIDUAL,
    SQUEEZE_EXCITE,
    PATCHES,
)
