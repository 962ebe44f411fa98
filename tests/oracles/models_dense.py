"""Feed-forward layers: dense networks and what multiplies features."""

import autograd.numpy as np

from tests.oracles.model import BATCH, OracleModel, one_hot, unit_interval
from tests.oracles.reference import half_squares, log_softmax, relu, sigmoid, softmax


def _dense(x, t, W, b):
    y = x @ W.T + b
    return half_squares(y, t), y


DENSE = OracleModel(
    name="dense_squared_error",
    source="Goodfellow et al. 2016, Deep Learning, section 5.1.4",
    equations="""
y[n,i] = sum(j, W[i,j]*x[n,j]) + b[i]
E = mean(n, sum(i, (y[n,i] - t[n,i])**2))/2
""",
    parameters={"W": (3, 5), "b": (3,)},
    inputs={"x": ("n", 5)},
    targets={"t": ("n", 3)},
    sizes={"i": 3, "j": 5},
    output="y",
    **BATCH,
    reference=_dense,
)


def _mlp(x, t, W1, b1, W2, b2):
    y = sigmoid(sigmoid(x @ W1.T + b1) @ W2.T + b2)
    return half_squares(y, t), y


MLP = OracleModel(
    name="mlp_sigmoid",
    source="Rumelhart, Hinton & Williams 1986, equations 1 to 3",
    equations="""
z1[n,i] = sum(j, W1[i,j]*x[n,j]) + b1[i]
y1[n,i] = 1/(1 + exp(-z1[n,i]))
z2[n,k] = sum(i, W2[k,i]*y1[n,i]) + b2[k]
y2[n,k] = sigmoid(z2[n,k])
E = 1/2*mean(n, sum(k, (y2[n,k] - t[n,k])**2))
""",
    parameters={"W1": (5, 3), "b1": (5,), "W2": (2, 5), "b2": (2,)},
    inputs={"x": ("n", 3)},
    targets={"t": ("n", 2)},
    draws={"t": unit_interval},
    sizes={"i": 5, "x.1": 3, "z2.1": 2},
    output="y2",
    **BATCH,
    reference=_mlp,
)


def _softmax_one_hot(x, t, W, b):
    z = x @ W.T + b
    return -np.mean(np.sum(t * log_softmax(z), axis=1)), softmax(z)


SOFTMAX_TEXT = """
z[n,i] = sum(j, W[i,j]*x[n,j]) + b[i]
y[n,i] = exp(z[n,i]) / sum(k, exp(z[n,k]))
E = -mean(n, sum(i, t[n,i]*log(y[n,i])))
"""
SOFTMAX = {
    "source": "Bishop 2006, Pattern Recognition and Machine Learning, equation 4.108",
    "equations": SOFTMAX_TEXT,
    "parameters": {"W": (3, 5), "b": (3,)},
    "inputs": {"x": ("n", 5)},
    "targets": {"t": ("n", 3)},
    "sizes": {"i": 3, "j": 5},
    "output": "y",
    **BATCH,
    "reference": _softmax_one_hot,
}
SOFTMAX_ONE_HOT = OracleModel(
    name="softmax_cross_entropy_one_hot",
    assume=("sum(i, t[n,i]) == 1",),
    draws={"t": one_hot},
    **SOFTMAX,
)
SOFTMAX_ANY_TARGETS = OracleModel(
    name="softmax_cross_entropy_any_targets",  # their sum isn't 1, so y - t would be wrong
    draws={"t": unit_interval},
    **SOFTMAX,
)


def _softmax_classes(x, t, W, b):
    scores = log_softmax(x @ W.T + b)
    return -np.mean(scores[np.arange(len(t)), t])


SOFTMAX_CLASSES = OracleModel(
    name="softmax_cross_entropy_classes",
    source="Bishop 2006, equation 4.108, with class numbers",
    equations="""
z[n,i] = sum(j, W[i,j]*x[n,j]) + b[i]
E = mean(n, logsumexp(i, z[n,i]) - z[n,t[n]])
""",
    parameters={"W": (3, 5), "b": (3,)},
    inputs={"x": ("n", 5)},
    targets={"t": ("n",)},
    integers={"t": 3},
    sizes={"i": 3, "j": 5},
    **BATCH,
    reference=_softmax_classes,
)


def _rbf(x, t, c, g):
    distance = np.sum((x[:, None, :] - c[None]) ** 2, axis=2)
    y = np.exp(-g * distance)
    return half_squares(y, t), y


RBF = OracleModel(
    name="rbf_layer",
    source="Broomhead & Lowe 1988",
    equations="""
y[n,i] = exp(-g[i] * sum(j, (x[n,j] - c[i,j])**2))
E = mean(n, sum(i, (y[n,i] - t[n,i])**2))/2
""",
    parameters={"c": (5, 3), "g": (5,)},
    inputs={"x": ("n", 3)},
    targets={"t": ("n", 5)},
    draws={"g": unit_interval},
    sizes={"i": 5, "j": 3},
    output="y",
    **BATCH,
    reference=_rbf,
)


def _tensor_layer(x, u, t, W, V, b):
    y = np.tanh(np.einsum("ni,kij,nj->nk", x, W, u) + x @ V.T + b)
    return half_squares(y, t), y


TENSOR_LAYER = OracleModel(
    name="bilinear_tensor_layer",
    source="Socher et al. 2013, Neural Tensor Network, equation 1",
    equations="""
y[n,k] = tanh(sum(i,j, x[n,i]*W[k,i,j]*u[n,j]) + sum(i, V[k,i]*x[n,i]) + b[k])
E = mean(n, sum(k, (y[n,k] - t[n,k])**2))/2
""",
    parameters={"W": (2, 3, 5), "V": (2, 3), "b": (2,)},
    inputs={"x": ("n", 3), "u": ("n", 5)},
    targets={"t": ("n", 2)},
    sizes={"i": 3, "j": 5, "k": 2},
    output="y",
    **BATCH,
    reference=_tensor_layer,
)


def _factorisation_machine(x, t, w0, w, V):
    features = x.shape[1]
    y = w0 + x @ w
    for i in range(features):
        for j in range(i + 1, features):
            y = y + np.dot(V[i], V[j]) * x[:, i] * x[:, j]
    return np.mean((y - t) ** 2), y


FACTORISATION = {
    "source": "Rendle 2010, equation 1 (the text's first form: lemma 3.1)",
    "parameters": {"w0": (), "w": (5,), "V": (5, 3)},
    "inputs": {"x": ("n", 5)},
    "targets": {"t": ("n",)},
    "sizes": {"x.1": 5, "k": 3},
    "output": "y",
    **BATCH,
    "reference": _factorisation_machine,
}
FACTORISATION_MACHINE = OracleModel(
    name="factorisation_machine",
    equations="""
y[n] = (w0 + sum(i, w[i]*x[n,i])
        + sum(k, sum(i, V[i,k]*x[n,i])**2 - sum(i, V[i,k]**2*x[n,i]**2))/2)
E = mean(n, (y[n] - t[n])**2)
""",
    **FACTORISATION,
)
FACTORISATION_PAIRS = OracleModel(
    name="factorisation_machine_pairs",
    equations="""
y[n] = w0 + sum(i, w[i]*x[n,i]) + sum(i,j, where(i < j, sum(k, V[i,k]*V[j,k])*x[n,i]*x[n,j], 0))
E = mean(n, (y[n] - t[n])**2)
""",
    **FACTORISATION,
)


def _gated_linear_unit(x, t, W, b, V, c):
    y = (x @ W.T + b) * sigmoid(x @ V.T + c)
    return half_squares(y, t), y


GATED_LINEAR_UNIT = OracleModel(
    name="gated_linear_unit",
    source="Dauphin et al. 2017, equation 1",
    equations="""
y[n,i] = (sum(j, W[i,j]*x[n,j]) + b[i])*sigmoid(sum(j, V[i,j]*x[n,j]) + c[i])
E = mean(n, sum(i, (y[n,i] - t[n,i])**2))/2
""",
    parameters={"W": (3, 5), "b": (3,), "V": (3, 5), "c": (3,)},
    inputs={"x": ("n", 5)},
    targets={"t": ("n", 3)},
    sizes={"i": 3, "j": 5},
    output="y",
    **BATCH,
    reference=_gated_linear_unit,
)


def _swiglu(x, t, W, V, U):
    gate = x @ W.T
    y = (gate * sigmoid(gate) * (x @ V.T)) @ U.T
    return half_squares(y, t), y


SWIGLU = OracleModel(
    name="swiglu",
    source="Shazeer 2020, GLU variants, equation 6",
    equations="""
g[n,h] = sum(j, W[h,j]*x[n,j])
y[n,j] = sum(h, U[j,h]*g[n,h]*sigmoid(g[n,h])*sum(i, V[h,i]*x[n,i]))
E = mean(n, sum(j, (y[n,j] - t[n,j])**2))/2
""",
    parameters={"W": (5, 3), "V": (5, 3), "U": (3, 5)},
    inputs={"x": ("n", 3)},
    targets={"t": ("n", 3)},
    sizes={"j": 3, "h": 5},
    output="y",
    **BATCH,
    reference=_swiglu,
)


def _maxout(x, t, W, b):
    y = np.max(np.einsum("ikj,nj->nik", W, x) + b, axis=2)
    return half_squares(y, t), y


MAXOUT = OracleModel(
    name="maxout",
    source="Goodfellow et al. 2013, equation 1",
    equations="""
y[n,i] = max(k, sum(j, W[i,k,j]*x[n,j]) + b[i,k])
E = mean(n, sum(i, (y[n,i] - t[n,i])**2))/2
""",
    parameters={"W": (3, 2, 5), "b": (3, 2)},
    inputs={"x": ("n", 5)},
    targets={"t": ("n", 3)},
    sizes={"i": 3, "k": 2, "j": 5},
    output="y",
    **BATCH,
    reference=_maxout,
)


def _highway(x, t, W, b, U, c):
    gate = sigmoid(x @ U.T + c)
    y = relu(x @ W.T + b) * gate + x * (1 - gate)
    return half_squares(y, t), y


HIGHWAY = OracleModel(
    name="highway",
    source="Srivastava et al. 2015, equation 3",
    equations="""
g[n,i] = sigmoid(sum(j, U[i,j]*x[n,j]) + c[i])
y[n,i] = relu(sum(j, W[i,j]*x[n,j]) + b[i])*g[n,i] + x[n,i]*(1 - g[n,i])
E = mean(n, sum(i, (y[n,i] - t[n,i])**2))/2
""",
    parameters={"W": (5, 5), "b": (5,), "U": (5, 5), "c": (5,)},
    inputs={"x": ("n", 5)},
    targets={"t": ("n", 5)},
    sizes={"x.1": 5},
    output="y",
    **BATCH,
    reference=_highway,
)

MODELS = (
    DENSE,
    MLP,
    SOFTMAX_ONE_HOT,
    SOFTMAX_ANY_TARGETS,
    SOFTMAX_CLASSES,
    RBF,
    TENSOR_LAYER,
    FACTORISATION_MACHINE,
    FACTORISATION_PAIRS,
    GATED_LINEAR_UNIT,
    SWIGLU,
    MAXOUT,
    HIGHWAY,
)
