"""The mathematics of small models, written by hand as an emitted module has it."""

HEAD = """
NAME = "{name}"
DTYPE = np.{dtype}
HYPERPARAMETERS = {{"learning_rate": 0.5, "momentum": 0.5}}
"""

# Momentum, a counter and draws, so that a resumed training has something to forget.
TAIL = """

def init_state(params):
    trained = {k: np.zeros_like(v) for k, v in params.items() if k in PARAMETERS}
    return {**HYPERPARAMETERS, "steps": 0, "velocity": trained}


def train_step(params, state, *data, rng=None):
    value, slopes = gradients(params, *data)
    state["steps"] += 1
    for name, slope in slopes.items():
        draw = 0.0 if rng is None else rng.standard_normal(slope.shape)
        noise = np.asarray(NOISE * draw, DTYPE)
        state["velocity"][name] *= state["momentum"]
        state["velocity"][name] -= state["learning_rate"] * (slope + noise)
        params[name] += state["velocity"][name]
    return value
"""

SIGMOID = """
PARAMETERS = {"W1": (3, 2), "b1": (3,), "W2": (1, 3), "b2": (1,)}
BUFFERS = {}
NOISE = 1e-3


def init_params(seed=0):
    rng = np.random.default_rng(seed)
    return {k: rng.standard_normal(v).astype(DTYPE) for k, v in PARAMETERS.items()}


def forward(params, x, training=False, rng=None):
    y1 = 1 / (1 + np.exp(-(x @ params["W1"].T + params["b1"])))
    return 1 / (1 + np.exp(-(y1 @ params["W2"].T + params["b2"])))


def loss(params, x, t, training=False, rng=None):
    return float(0.5 * ((forward(params, x) - t) ** 2).sum() / len(x))


def gradients(params, x, t, inputs=False, training=False, rng=None):
    y1 = 1 / (1 + np.exp(-(x @ params["W1"].T + params["b1"])))
    y2 = 1 / (1 + np.exp(-(y1 @ params["W2"].T + params["b2"])))
    d2 = (y2 - t) * y2 * (1 - y2) / len(x)
    d1 = d2 @ params["W2"] * y1 * (1 - y1)
    slopes = {"W1": d1.T @ x, "b1": d1.sum(0), "W2": d2.T @ y1, "b2": d2.sum(0)}
    return float(0.5 * ((y2 - t) ** 2).sum() / len(x)), slopes
"""

SOFTMAX = """
PARAMETERS = {"W": (3, 2), "b": (3,)}
BUFFERS = {}
NOISE = 1e-3


def init_params(seed=0):
    rng = np.random.default_rng(seed)
    return {k: rng.standard_normal(v).astype(DTYPE) for k, v in PARAMETERS.items()}


def forward(params, x, training=False, rng=None):
    return x @ params["W"].T + params["b"]


def probabilities(params, x):
    z = forward(params, x)
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _rows(t):
    return np.eye(3, dtype=DTYPE)[t] if t.dtype.kind == "i" else t


def loss(params, x, t, training=False, rng=None):
    return float(-(_rows(t) * np.log(probabilities(params, x))).sum() / len(x))


def gradients(params, x, t, inputs=False, training=False, rng=None):
    d = (probabilities(params, x) - _rows(t)) / len(x)
    axes = tuple(range(d.ndim - 1))
    return loss(params, x, t), {"W": np.tensordot(d, x, (axes, axes)), "b": d.sum(axes)}
"""

LINEAR = """
PARAMETERS = {"W": (OUT, 2), "b": (OUT,)}
BUFFERS = {}
NOISE = 0.0


def init_params(seed=0):
    return {"W": np.zeros((OUT, 2), DTYPE), "b": np.zeros(OUT, DTYPE)}


def forward(params, x, training=False, rng=None):
    return x @ params["W"].T + params["b"]


def loss(params, x, t, training=False, rng=None):
    return float(0.5 * ((forward(params, x) - t) ** 2).sum() / len(x))


def gradients(params, x, t, inputs=False, training=False, rng=None):
    d = (forward(params, x) - t) / len(x)
    return loss(params, x, t), {"W": d.T @ x, "b": d.sum(0)}
"""

CENTRE = """
PARAMETERS = {"m": (2,)}
BUFFERS = {"seen": ()}
NOISE = 0.0


def init_params(seed=0):
    return {"m": np.zeros(2, DTYPE), "seen": np.zeros((), DTYPE)}


def forward(params, x, training=False, rng=None):
    return x - params["m"]


def loss(params, x, training=False, rng=None):
    return float(0.5 * (forward(params, x) ** 2).sum() / len(x))


def gradients(params, x, inputs=False, training=False, rng=None):
    params["seen"] += len(x)
    return loss(params, x), {"m": -forward(params, x).mean(0)}
"""

PARABOLA = """
PARAMETERS = {"x": ()}
BUFFERS = {}
NOISE = 0.0


def init_params(seed=0):
    return {"x": np.array(0.0, DTYPE)}


def forward(params, training=False, rng=None):
    return np.square(params["x"] - DTYPE(3))


def loss(params, training=False, rng=None):
    return float(forward(params))


def gradients(params, inputs=False, training=False, rng=None):
    return loss(params), {"x": 2 * (params["x"] - 3)}
"""

FACTORS = """
PARAMETERS = {"U": (4, 2), "V": (3, 2)}
BUFFERS = {}
NOISE = 0.0


def init_params(seed=0):
    rng = np.random.default_rng(seed)
    return {k: rng.standard_normal(v).astype(DTYPE) for k, v in PARAMETERS.items()}


def forward(params, mask, training=False, rng=None):
    return params["U"] @ params["V"].T


def loss(params, mask, r, training=False, rng=None):
    return float((mask * (forward(params, mask) - r) ** 2).sum())


def gradients(params, mask, r, inputs=False, training=False, rng=None):
    d = 2 * mask * (forward(params, mask) - r)
    return loss(params, mask, r), {"U": d @ params["V"], "V": d.T @ params["U"]}
"""

TWO_INPUTS = """
PARAMETERS = {"A": (4, 1), "w": (1, 2)}
BUFFERS = {}
NOISE = 0.0


def init_params(seed=0):
    return {k: np.zeros(v, DTYPE) for k, v in PARAMETERS.items()}


def forward(params, word, x, training=False, rng=None):
    return params["A"][word] + x @ params["w"].T


def loss(params, word, x, t, training=False, rng=None):
    return float(0.5 * ((forward(params, word, x) - t) ** 2).sum() / len(x))


def gradients(params, word, x, t, inputs=False, training=False, rng=None):
    d = (forward(params, word, x) - t) / len(x)
    dA = np.zeros_like(params["A"])
    np.add.at(dA, word, d)
    return loss(params, word, x, t), {"A": dA, "w": d.T @ x}
"""

LOGISTIC = """
PARAMETERS = {"W": (2, 2), "b": (2,)}
BUFFERS = {}
NOISE = 0.0


def init_params(seed=0):
    rng = np.random.default_rng(seed)
    return {k: rng.standard_normal(v).astype(DTYPE) for k, v in PARAMETERS.items()}


def forward(params, x, training=False, rng=None):
    return x @ params["W"].T + params["b"]


def probabilities(params, x):
    return 1 / (1 + np.exp(-forward(params, x)))


def loss(params, x, t, training=False, rng=None):
    z = forward(params, x)
    return float((np.logaddexp(0, z) - t * z).sum() / len(x))


def gradients(params, x, t, inputs=False, training=False, rng=None):
    d = (probabilities(params, x) - t) / len(x)
    return loss(params, x, t), {"W": d.T @ x, "b": d.sum(0)}
"""

PAIR = """
PARAMETERS = {"w": (2,), "v": (2, 2)}
BUFFERS = {}
NOISE = 0.0


def init_params(seed=0):
    return {k: np.zeros(v, DTYPE) for k, v in PARAMETERS.items()}


def forward(params, x, training=False, rng=None):
    return x @ params["w"]


def loss(params, x, s, t, training=False, rng=None):
    first, second = forward(params, x) - s, x @ params["v"].T - t
    return float(0.5 * ((first**2).sum() + (second**2).sum()) / len(x))


def gradients(params, x, s, t, inputs=False, training=False, rng=None):
    first, second = forward(params, x) - s, x @ params["v"].T - t
    slopes = {"w": first @ x / len(x), "v": second.T @ x / len(x)}
    return loss(params, x, s, t), slopes
"""

MEAN = """
PARAMETERS = {"m": (2,)}
BUFFERS = {}
NOISE = 0.0


def init_params(seed=0):
    return {"m": np.zeros(2, DTYPE)}


def forward(params, training=False, rng=None):
    return params["m"]


def loss(params, t, training=False, rng=None):
    return float(0.5 * ((params["m"] - t) ** 2).sum() / len(t))


def gradients(params, t, inputs=False, training=False, rng=None):
    return loss(params, t), {"m": params["m"] - t.mean(0)}
"""
