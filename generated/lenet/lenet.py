"""lenet: forward pass, gradients and training, in NumPy alone.

The objective is E = sum(n, log(s[n]) - (z4[n,t[n]] - m[n]))/size(n).
Derived and written by chainrule; each line stands under its formula.

Sources:
* conv2d: Goodfellow, Bengio & Courville 2016, eq. 9.7; stride, padding and dilation:
  Dumoulin & Visin 2016, relationship 15; groups: Krizhevsky et al. 2012, section 3.2
* tanh: Bishop 2006, eq. 5.59
* avg_pool2d: LeCun et al. 1998, section II.B, without its weights; Goodfellow, Bengio &
  Courville 2016, section 9.3
* flatten: row-major order: Knuth 1997, The Art of Computer Programming 1, section 2.2.6
* dense: Rumelhart, Hinton & Williams 1986, eq. 1
* softmax_cross_entropy: Bishop 2006, eq. 5.24
"""

import argparse
import csv
import io
import json
import os
import sys

import numpy as np

NAME = "lenet"
DTYPE = np.float64
PARAMETERS = {
    "W1": (6, 1, 3, 3),
    "b1": (6,),
    "W2": (16, 6, 3, 3),
    "b2": (16,),
    "W3": (60, 64),
    "b3": (60,),
    "W4": (10, 60),
    "b4": (10,),
}
BUFFERS = {}
HYPERPARAMETERS = {"learning_rate": 0.003, "beta1": 0.9, "beta2": 0.999, "eps": 1e-08}


def _array(given, name, shape, dtype=DTYPE):
    """An argument as an array of the wanted shape; a letter stands for any extent."""
    if isinstance(given, np.ma.MaskedArray) or np.iscomplexobj(given):
        raise ValueError(f"{name} must hold real numbers, none of them masked")
    array = np.asarray(given, dtype=dtype)
    extents = {e: n for e, n in zip(shape, array.shape) if isinstance(e, str)}
    if array.shape != tuple(extents.get(e, e) for e in shape):
        wanted = str(shape).replace("'", "")
        raise ValueError(f"{name} has shape {array.shape}, not {wanted}")
    return array


def _integers(given, name, shape):
    """An argument as an array of whole numbers of the wanted shape."""
    array = _array(given, name, shape, dtype=None)
    if array.dtype.kind in "iu":
        return array.astype(np.intp, copy=False)
    with np.errstate(invalid="ignore"):
        whole = array.astype(np.intp)
    if not np.array_equal(whole, array):
        raise ValueError(f"{name} must hold whole numbers")
    return whole


def _places(given, name, shape, count, besides=()):
    """An argument as whole numbers from 0 to count - 1, or among `besides`."""
    array = _integers(given, name, shape)
    inside = (array >= 0) & (array < count)
    for other in besides:
        inside = inside | (array == other)
    if not np.all(inside):
        wrong = array[~inside].flat[0]
        raise ValueError(f"{name} holds {wrong}, which is none of 0 to {count - 1}")
    return array


def _window(a, walks, fill=0):
    """A view of `a` in which some axes become an axis for each run (step, count).

    `walks` is {axis: (start, run, ...)}. The entry at i, j, ... is that at start
    + step_i*i + step_j*j + ... along the axis, and `fill` where that is outside.
    """
    pad, begin = [(0, 0)] * a.ndim, [slice(None)] * a.ndim
    for axis, (start, *runs) in walks.items():
        reach = [step * (count - 1) for step, count in runs]
        low = start + sum(min(r, 0) for r in reach)
        high = start + sum(max(r, 0) for r in reach)
        pad[axis] = max(-low, 0), max(high + 1 - a.shape[axis], 0)
        begin[axis] = slice(start + pad[axis][0], None)
    if any(before or after for before, after in pad):
        a = np.pad(a, pad, constant_values=fill)
    a = a[tuple(begin)]
    shape, strides = [], []
    for axis, (extent, stride) in enumerate(zip(a.shape, a.strides)):
        _, *runs = walks.get(axis, (0, (1, extent)))
        shape += [count for _, count in runs]
        strides += [stride * step for step, _ in runs]
    return np.lib.stride_tricks.as_strided(a, shape, strides, writeable=False)


def _over(op, a, axes):
    """`op.reduce` over a few short axes: place by place, each a whole array."""
    a = np.moveaxis(a, axes, range(len(axes)))
    first, *others = np.ndindex(a.shape[: len(axes)])
    out = a[first].copy()
    for place in others:
        op(out, a[place], out=out)
    return out


def _fold(a, walks):
    """The dual of `_window`: the axes of a walk's runs are added up into one axis.

    `walks` is {axis of the result: (size, start, run, ...)}. The entry at i, j, ...
    goes to start + step_i*i + step_j*j + ..., and is dropped where that is outside.
    """
    shape, inside, begin, short = [], [], [], []
    steps, at = [], 0
    for axis in range(a.ndim - sum(len(walk) - 3 for walk in walks.values())):
        size, start, *runs = walks.get(axis, (a.shape[at], 0, (1, a.shape[at])))
        reach = [step * (count - 1) for step, count in runs]
        low = min(start + sum(min(r, 0) for r in reach), 0)
        high = max(start + sum(max(r, 0) for r in reach), size - 1)
        shape.append(high + 1 - low)
        inside.append(slice(-low, size - low))
        begin.append(slice(start - low, None))
        # the longest run is a slice, the others are a loop
        longest = max(range(len(runs)), key=lambda r: runs[r][1])
        short += [at + r for r in range(len(runs)) if r != longest]
        steps += [(axis, step) for step, _ in runs]
        at += len(runs)
    out = np.zeros(shape, dtype=a.dtype)
    strides = [out.strides[axis] * step for axis, step in steps]
    into = np.lib.stride_tricks.as_strided(out[tuple(begin)], a.shape, strides)
    a, into = (np.moveaxis(x, short, range(len(short))) for x in (a, into))
    for place in np.ndindex(a.shape[: len(short)]):
        into[place] += a[place]
    return out[tuple(inside)]


def init_params(seed=0):
    """Parameters to begin with: {name: array}."""
    rng = np.random.default_rng(seed)
    return {
        "W1": rng.uniform(
            -np.sqrt(6 / (9 + 54)), np.sqrt(6 / (9 + 54)), (6, 1, 3, 3)
        ).astype(DTYPE),
        "b1": np.zeros((6,), dtype=DTYPE),
        "W2": rng.uniform(
            -np.sqrt(6 / (54 + 144)), np.sqrt(6 / (54 + 144)), (16, 6, 3, 3)
        ).astype(DTYPE),
        "b2": np.zeros((16,), dtype=DTYPE),
        "W3": rng.uniform(
            -np.sqrt(6 / (64 + 60)), np.sqrt(6 / (64 + 60)), (60, 64)
        ).astype(DTYPE),
        "b3": np.zeros((60,), dtype=DTYPE),
        "W4": rng.uniform(
            -np.sqrt(6 / (60 + 10)), np.sqrt(6 / (60 + 10)), (10, 60)
        ).astype(DTYPE),
        "b4": np.zeros((10,), dtype=DTYPE),
    }


def _propagate(params, x):
    """Forward propagation; returns x_windows, y1, avg_pool2d1_windows, y2, flatten1,
    y3, z4, m, s, p."""
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    W3, b3, W4, b4 = params["W3"], params["b3"], params["W4"], params["b4"]
    x = _array(x, "x", ("N", 1, 8, 8))
    N = len(x)
    # x_windows[n,i,j,c,u,v] = x[n,c,i+u-1,j+v-1]
    x_windows = _window(
        x, {2: (-1, (1, 8), (1, 3)), 3: (-1, (1, 8), (1, 3))}
    ).transpose(0, 2, 4, 1, 3, 5).copy()
    # z1[n,o,i,j] = sum(c,u,v, W1[o,c,u,v]*x_windows[n,i,j,c,u,v]) + b1[o]
    z1 = (
        np.tensordot(x_windows, W1, axes=([3, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2)
        + b1[:, None, None]
    )
    # y1[n,i,j,k] = tanh(z1[n,i,j,k])
    y1 = np.tanh(z1)
    # avg_pool2d1[n,c,i,j] = sum(u,v, y1[n,c,2*i+u,2*j+v])/4
    avg_pool2d1 = _over(np.add, y1.reshape(N, 6, 4, 2, 4, 2), (3, 5)) / 4
    # avg_pool2d1_windows[n,i,j,c,u,v] = avg_pool2d1[n,c,i+u,j+v]
    avg_pool2d1_windows = _window(
        avg_pool2d1, {2: (0, (1, 2), (1, 3)), 3: (0, (1, 2), (1, 3))}
    ).transpose(0, 2, 4, 1, 3, 5).copy()
    # z2[n,o,i,j] = sum(c,u,v, W2[o,c,u,v]*avg_pool2d1_windows[n,i,j,c,u,v]) + b2[o]
    z2 = (
        np.tensordot(
            avg_pool2d1_windows, W2, axes=([3, 4, 5], [1, 2, 3])
        ).transpose(0, 3, 1, 2)
        + b2[:, None, None]
    )
    # y2[n,i,j,k] = tanh(z2[n,i,j,k])
    y2 = np.tanh(z2)
    # flatten1[n,u] = y2[n,u//4,(u//2)%2,u%2]
    flatten1 = y2.reshape(N, 64)
    # z3[n,i] = sum(j, W3[i,j]*flatten1[n,j]) + b3[i]
    z3 = flatten1 @ W3.T + b3
    # y3[n,i] = tanh(z3[n,i])
    y3 = np.tanh(z3)
    # z4[n,i] = sum(j, W4[i,j]*y3[n,j]) + b4[i]
    z4 = y3 @ W4.T + b4
    # m[n] = max(i, hold(z4[n,i]))
    m = z4.max(axis=1)
    # exp_z4[n,i] = exp(z4[n,i] - m[n])
    exp_z4 = np.exp(z4 - m[:, None])
    # s[n] = sum(i, exp_z4[n,i])
    s = exp_z4.sum(axis=1)
    # p[n,i] = exp_z4[n,i]/s[n]
    p = exp_z4 / s[:, None]
    return x_windows, y1, avg_pool2d1_windows, y2, flatten1, y3, z4, m, s, p


def _evaluate(params, x, t):
    """The objective and what its gradient needs: E, x_windows, y1,
    avg_pool2d1_windows, y2, flatten1, y3, p."""
    (
        x_windows, y1, avg_pool2d1_windows, y2, flatten1, y3, z4, m, s, p,
    ) = _propagate(params, x)
    N = len(x)
    t = _places(t, "t", (N,), 10)
    if N == 0:
        raise ValueError("the batch has 0 rows, and there is nothing to compute")
    # E = sum(n, log(s[n]) - (z4[n,t[n]] - m[n]))/size(n)
    E = np.sum(np.log(s) - (z4[np.arange(N), t] - m)) / N
    return E, x_windows, y1, avg_pool2d1_windows, y2, flatten1, y3, p


def forward(params, x, training=False, rng=None):
    """The output z4, shape (N, 10)."""
    return _propagate(params, x)[6]


def probabilities(params, x):
    """The probabilities that the output stands for, shape (N, 10)."""
    return _propagate(params, x)[9]


def loss(params, x, t, training=False, rng=None):
    """The objective E = sum(n, log(s[n]) - (z4[n,t[n]] - m[n]))/size(n)."""
    return float(_evaluate(params, x, t)[0])


def gradients(params, x, t, inputs=False, training=False, rng=None):
    """The objective and its derivative by each parameter: (E, {name: array}). With
    inputs=True also by each input."""
    W1, W2, W3, W4 = params["W1"], params["W2"], params["W3"], params["W4"]
    E, x_windows, y1, avg_pool2d1_windows, y2, flatten1, y3, p = _evaluate(params, x, t)
    t = np.asarray(t, dtype=np.intp)
    N = len(x)
    # dz4[n,i] = p[n,i]/size(n)
    # dz4[n,t[n]] += -1/size(n)
    dz4 = p / N
    dz4[np.arange(N), t] -= 1 / N
    # dW4[i,j] = sum(n, dz4[n,i]*y3[n,j])
    dW4 = dz4.T @ y3
    # db4[i] = sum(n, dz4[n,i])
    db4 = dz4.sum(axis=0)
    # dz3[n,i] = sum(j, dz4[n,j]*W4[j,i])*(1 - y3[n,i]**2)
    dz3 = (dz4 @ W4) * (1 - y3**2)
    # dW3[i,j] = sum(n, dz3[n,i]*flatten1[n,j])
    dW3 = dz3.T @ flatten1
    # db3[i] = sum(n, dz3[n,i])
    db3 = dz3.sum(axis=0)
    # dflatten1[n,u] = sum(i, dz3[n,i]*W3[i,u])
    dflatten1 = dz3 @ W3
    # dy2[n,u//4,(u//2)%2,u%2] += dflatten1[n,u]
    dy2 = dflatten1.reshape(N, 16, 2, 2)
    # dz2[n,o,i,j] = dy2[n,o,i,j]*(1 - y2[n,o,i,j]**2)
    dz2 = dy2 * (1 - y2**2)
    # dW2[o,c,u,v] = sum(n,i,j, dz2[n,o,i,j]*avg_pool2d1_windows[n,i,j,c,u,v])
    dW2 = np.tensordot(dz2, avg_pool2d1_windows, axes=([0, 2, 3], [0, 1, 2]))
    # db2[o] = sum(n,i,j, dz2[n,o,i,j])
    db2 = dz2.sum(axis=(0, 2, 3))
    # davg_pool2d1[n,c,k+u,l+v] += sum(o, dz2[n,o,k,l]*W2[o,c,u,v])
    davg_pool2d1 = _fold(
        np.tensordot(dz2, W2, axes=([1], [0])).transpose(0, 3, 1, 4, 2, 5),
        {2: (4, 0, (1, 2), (1, 3)), 3: (4, 0, (1, 2), (1, 3))},
    )
    # dy1[n,i,2*l+u,2*m+v] += davg_pool2d1[n,i,l,m]/4
    dy1 = np.broadcast_to(
        (davg_pool2d1 / 4)[:, :, :, None, :, None], (N, 6, 4, 2, 4, 2)
    ).reshape(N, 6, 8, 8)
    # dz1[n,o,i,j] = dy1[n,o,i,j]*(1 - y1[n,o,i,j]**2)
    dz1 = dy1 * (1 - y1**2)
    # dW1[o,c,u,v] = sum(n,i,j, dz1[n,o,i,j]*x_windows[n,i,j,c,u,v])
    dW1 = np.tensordot(dz1, x_windows, axes=([0, 2, 3], [0, 1, 2]))
    # db1[o] = sum(n,i,j, dz1[n,o,i,j])
    db1 = dz1.sum(axis=(0, 2, 3))
    gradient = {
        "W1": dW1,
        "b1": db1,
        "W2": dW2,
        "b2": db2,
        "W3": dW3,
        "b3": db3,
        "W4": dW4,
        "b4": db4,
    }
    if inputs:
        # dx[n,c,i+u-1,j+v-1] += sum(o, dz1[n,o,i,j]*W1[o,c,u,v])
        dx = _fold(
            np.tensordot(W1, dz1, axes=([0], [1])).transpose(3, 0, 1, 4, 2, 5),
            {2: (8, -1, (1, 3), (1, 8)), 3: (8, -1, (1, 3), (1, 8))},
        )
        gradient["x"] = dx
    return float(E), gradient


def init_state(params):
    """The optimiser's state: hyper-parameters, and its memory of each parameter."""
    return {
        **HYPERPARAMETERS,
        "step": 0,
        "m": {name: np.zeros_like(params[name]) for name in PARAMETERS},
        "v": {name: np.zeros_like(params[name]) for name in PARAMETERS},
    }


def train_step(params, state, x, t, rng=None):
    """One update of the parameters, in place; returns the loss before it."""
    value, gradient = gradients(params, x, t)
    learning_rate, beta1, beta2 = state["learning_rate"], state["beta1"], state["beta2"]
    eps, step = state["eps"], state["step"]
    # next(step) = step + 1
    step = state["step"] = step + 1
    # c1 = 1 - beta1**next(step)
    c1 = 1 - beta1 ** step
    # c2 = 1 - beta2**next(step)
    c2 = 1 - beta2 ** step
    for name, g in gradient.items():  # w is params[name]
        m, v = state["m"][name], state["v"][name]
        # next(m)[...] = beta1*m[...] + (1 - beta1)*g[...]
        m = beta1 * m + (1 - beta1) * g
        # next(v)[...] = beta2*v[...] + (1 - beta2)*g[...]**2
        v = beta2 * v + (1 - beta2) * g**2
        # next(w)[...] = w[...] - learning_rate*next(m)[...]/c1/(sqrt(next(v)[...]/c2) +
        #     eps)
        params[name] -= learning_rate * m / (c1 * (np.sqrt(v / c2) + eps))
        state["m"][name], state["v"][name] = m, v
    return value


# ----------------------------------------------------------------------------
# The estimator and the command line. There is no mathematics below this line.
# ----------------------------------------------------------------------------

_INPUTS = {"x": (1, 8, 8)}
_TARGETS = {"t": ()}
_WHOLE = ["t"]  # those that are whole numbers
_FEATURE_COLUMNS = 64  # so many columns of a table are inputs
_TARGET_COLUMNS = 1  # and so many are targets
_CLASSES = 10
_LABEL_SHAPE = ()  # the shape of one sample's labels
_SCORES = probabilities  # what predictions are made of
_CHUNK = 1024  # so many samples at once go through the model in `predict`
_SETTINGS = {  # what `Model` can be told, and what each means
    "epochs": "passes over the data",
    "batch_size": "samples per update",
    "learning_rate": "the optimiser's learning rate",
    "beta1": "the optimiser's beta1",
    "beta2": "the optimiser's beta2",
    "eps": "the optimiser's eps",
    "validation": "the share of the samples that is held out",
    "patience": "stop after so many epochs without a lower loss and keep the best",
    "standardize": "bring each feature to mean 0 and spread 1 first",
    "seed": "decides parameters, order and draws",
    "verbose": "show progress on standard error",
}


class Model:
    """The model lenet, to be trained on samples and kept in a file.

    It keeps scikit-learn's conventions without importing it.
    `x` is an array of numbers of shape (samples, 1, 8, 8). `t` holds a label of any
    kind for each sample. A first `partial_fit` may name all of them in `classes`.

    What is learned ends in an underscore: `params_`, `state_` (the optimiser's),
    `history_` (the losses by epoch), `classes_` (the labels in order), `mean_` and
    `scale_` (of the features), `rng_`.
    """

    _estimator_type = "classifier"  # for scikit-learn before 1.6

    def __init__(
        self,
        *,
        epochs=100,
        batch_size=32,
        learning_rate=0.003,
        beta1=0.9,
        beta2=0.999,
        eps=1e-08,
        validation=0.0,
        patience=None,
        standardize=True,
        seed=0,
        verbose=False,
    ):
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.validation = validation
        self.patience = patience
        self.standardize = standardize
        self.seed = seed
        self.verbose = verbose

    def __repr__(self):
        settings = ", ".join(f"{k}={v!r}" for k, v in self.get_params().items())
        return f"Model({settings})"

    def get_params(self, deep=True):
        """The settings by name."""
        return {name: getattr(self, name) for name in _SETTINGS}

    def set_params(self, **settings):
        """Change some settings; what was learned stays."""
        for name, value in settings.items():
            if name not in _SETTINGS:
                known = ", ".join(_SETTINGS)
                wrong = _brief(repr(name))
                raise ValueError(f"there is no setting {wrong}, only {known}")
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self):
        """What scikit-learn asks each estimator; nothing else calls this."""
        return _sklearn_tags(self._estimator_type)

    def fit(self, x, t, *, after_epoch=None):
        """Train anew for `epochs` epochs; `after_epoch(self)` is called after each."""
        if hasattr(x, "columns"):
            self.feature_names_in_ = [*map(str, x.columns)]
        inputs, targets = self._checked(x, t)
        self._begin(inputs, targets)
        return self._train(self._prepared(inputs, targets), after_epoch)

    def resume(self, x, t, *, after_epoch=None):
        """Go on with a `fit` that was interrupted, up to `epochs` epochs in all."""
        self._check_fitted()
        arrays = self._prepared(*self._checked(x, t))
        return self._train(arrays, after_epoch)

    def partial_fit(self, x, t, classes=None):
        """Train for one epoch more, without forgetting."""
        inputs, targets = self._checked(x, t)
        if not hasattr(self, "params_"):
            self._begin(inputs, targets, classes)
        loss_before = self._epoch(self._prepared(inputs, targets))
        self.history_["loss"].append(loss_before)
        return self

    def _begin(self, inputs, targets, classes=None):
        """Set all that is learned to what it is before the first epoch."""
        labels = targets[0] if classes is None else list(classes)
        self.classes_ = _classes_of(labels)
        self.n_features_in_ = _FEATURE_COLUMNS
        train, _ = _split(inputs, self.validation, self.seed)
        self.mean_, self.scale_ = _measured(train if self.standardize else [])
        self.params_ = init_params(self.seed)
        self.state_ = init_state(self.params_)
        for name in HYPERPARAMETERS:
            self.state_[name] = float(getattr(self, name))
        self.rng_ = np.random.default_rng(self.seed)
        self.history_ = {"loss": []}
        self.best_params_ = {}

    def _prepared(self, inputs, targets):
        """The arrays as `train_step` takes them."""
        inputs = _scaled(inputs, self.mean_, self.scale_)
        targets = [_encoded(_codes(targets[0], self.classes_)), *targets[1:]]
        return inputs + targets

    def _train(self, arrays, after_epoch):
        """Epoch after epoch, until all are done or patience has run out."""
        arrays, held_out = _split(arrays, self.validation, self.seed)
        losses = self.history_["loss"]

        def shown():
            part = held_out or [a[:_CHUNK] for a in arrays]
            scores = self._scores(part[: len(_INPUTS)])
            return _measures(scores, part[len(_INPUTS)])

        try:
            while self._has_patience() and len(losses) < self.epochs:
                loss_before = self._epoch(arrays)
                if held_out:
                    checks = self.history_.setdefault("validation_loss", [])
                    checks.append(self._finite(self._mean_loss(held_out)))
                losses.append(loss_before)
                if self.verbose:
                    _show_progress(self.epochs, self.history_, shown)
                if after_epoch is not None:
                    after_epoch(self)
        finally:
            if self.verbose and _on_terminal():
                _tell("")
        if self.best_params_:
            self.params_ = {k: v.copy() for k, v in self.best_params_.items()}
        return self

    @np.errstate(all="ignore")  # `_finite` tells what went wrong
    def _epoch(self, arrays):
        """One pass over the data, samples in a new order; the mean loss met."""
        count = len(arrays[0])
        order = self.rng_.permutation(count)
        total = 0.0
        for start in range(0, count, self.batch_size):
            rows = order[start : start + self.batch_size]
            batch = [array[rows] for array in arrays]
            value = train_step(self.params_, self.state_, *batch, rng=self.rng_)
            total += _amount(batch) * value
        return self._finite(total / _amount(arrays))

    def _finite(self, value):
        """The loss as a float, or the end of a training that has diverged."""
        if not np.isfinite(value):
            epoch = len(self.history_["loss"]) + 1
            message = f"the loss became {value} in epoch {epoch}"
            message += f": try a smaller learning_rate than {self.learning_rate}"
            raise FloatingPointError(message)
        return float(value)

    def _has_patience(self):
        """Whether to go on; on the way, the parameters of the best epoch are kept."""
        losses = self.history_.get("validation_loss", self.history_["loss"])
        if self.patience is None or not losses:
            return True
        since_best = len(losses) - 1 - losses.index(min(losses))
        if since_best == 0:
            self.best_params_ = {k: v.copy() for k, v in self.params_.items()}
        return since_best < self.patience

    def predict(self, x):
        """The most probable label of each sample."""
        output = self._output(x)  # refuses a model that isn't fitted
        return self.classes_[_picked(output)]

    def predict_proba(self, x):
        """The probabilities of the labels, in the order of `classes_`."""
        scores = self._output(x)
        return scores

    def _output(self, x):
        """What the model makes of the inputs."""
        self._check_fitted()
        inputs = self._inputs(x)
        inputs = _scaled(inputs, self.mean_, self.scale_)
        return self._scores(inputs)

    def _scores(self, inputs):
        """The same of inputs that are scaled already."""
        parts = []
        for start in range(0, len(inputs[0]), _CHUNK):
            chunk = [array[start : start + _CHUNK] for array in inputs]
            parts.append(_SCORES(self.params_, *chunk))
        return np.concatenate(parts)

    def score(self, x, t):
        """The accuracy: the share of labels that `predict` gets right."""
        predicted = self.predict(x)
        _, targets = self._checked(x, t)
        codes = _codes(targets[0], self.classes_)  # refuses a label never met
        weights = np.ones(len(codes))
        return _accuracy(codes, predicted == targets[0], weights)

    def mean_loss(self, x, t):
        """The loss on these data, in mini-batches as in training."""
        self._check_fitted()
        return self._mean_loss(self._prepared(*self._checked(x, t)))

    @np.errstate(all="ignore")
    def _mean_loss(self, arrays):
        """The mean over mini-batches, each by what its samples count."""
        total = 0.0
        for start in range(0, len(arrays[0]), self.batch_size):
            batch = [array[start : start + self.batch_size] for array in arrays]
            total += _amount(batch) * loss(self.params_, *batch)
        return float(total / _amount(arrays))

    def save(self, path):
        """Write the settings and all that was learned to one .npz file."""
        self._check_fitted()
        learned = {k: v for k, v in vars(self).items() if k.endswith("_")}
        learned["rng_"] = self.rng_.bit_generator.state
        _save(path, self.get_params(), learned)

    @classmethod
    def load(cls, path):
        """The model that `save` wrote to `path`, once the whole file is in order."""
        model = cls()
        settings, learned = _read_saved(path, model.get_params())
        vars(model).update(settings, **learned)
        return model

    def _check_fitted(self):
        """Refuse what needs parameters before there are any."""
        if not hasattr(self, "params_"):
            raise ValueError("this Model isn't fitted yet: call fit or load first")

    def _inputs(self, x):
        """The inputs as arrays, the columns of a table in the order of training."""
        if hasattr(self, "feature_names_in_"):
            x = _in_order(x, self.feature_names_in_)
        return _arrays(x, _INPUTS)

    def _checked(self, x, t):
        """The inputs, and the targets with their weights, once all is in order."""
        _check_settings(self.get_params())
        inputs = self._inputs(x)
        targets = [_labels(t)]
        if len(inputs[0]) != len(targets[0]):
            raise ValueError(f"x has {len(inputs[0])} samples, t has {len(targets[0])}")
        return inputs, targets


def _check_settings(settings):
    """Refuse settings that make no sense."""
    least = {"epochs": 0, "batch_size": 1, "patience": 1, "seed": 0}  # whole numbers
    for name, value in settings.items():
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        number = whole or isinstance(value, (float, np.floating))
        if name in ("standardize", "verbose"):
            fits = isinstance(value, (bool, np.bool_))
            wrong = "neither True nor False"
        elif name in least:
            fits = whole and value >= least[name]
            wrong = f"not a whole number from {least[name]} up"
        elif name == "validation":
            fits = number and 0 <= value < 1
            wrong = "not a finite number from 0 to less than 1"
        else:
            fits = number and 0 <= value < np.inf
            wrong = "not a finite number from 0 up"
        if not fits and not (name == "patience" and value is None):
            raise ValueError(f"{name}={_brief(repr(value))} is {wrong}")


def _sklearn_tags(role):
    """What an estimator of this role tells scikit-learn."""
    utils = sys.modules["sklearn.utils"]
    tags = utils.Tags(
        estimator_type=role,
        target_tags=utils.TargetTags(required=bool(_TARGETS)),
    )
    tags.classifier_tags = utils.ClassifierTags(multi_class=_CLASSES > 2)
    return tags


def _arrays(given, shapes):
    """One checked array for each name; for several, from a tuple or from a table."""
    return [_checked_array(name, shape, given) for name, shape in shapes.items()]


def _in_order(table, names):
    """A table with its columns in this order; what has no names stays as it is."""
    if not hasattr(table, "columns"):
        return table
    given = [*map(str, table.columns)]
    if sorted(given) != sorted(names):
        found = f"x has the columns {_listed(given)}"
        raise ValueError(f"{found}; the model was fitted on {_listed(names)}")
    return table.iloc[:, [given.index(name) for name in names]]


def _checked_array(name, shape, given):
    """One array of numbers, none missing, of the shape that the model takes."""
    try:
        if isinstance(given, np.ma.MaskedArray) or np.iscomplexobj(given):
            raise TypeError("none of them may be complex or masked")
        array = np.asarray(given, np.float64 if name in _WHOLE else DTYPE)
    except (TypeError, ValueError) as error:
        reason = _uneven(given) or _brief(error, 200)
        raise ValueError(f"{name} must hold numbers: {reason}") from None
    flat = array.ndim in (1, 2) and not any(isinstance(e, str) for e in shape)
    if flat and array.size == len(array) * int(np.prod(shape)):  # rows of a table
        array = array.reshape(len(array), *shape)
    shape = ("samples", *shape)
    array = _array(array, name, shape, dtype=None)
    if array.size == 0:
        raise ValueError(f"{name} is empty")
    if not np.isfinite(array).all():
        place = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
        raise ValueError(f"{name} holds NaN or infinity, first at {place}")
    if name in _WHOLE:
        return _integers(array, name, shape)
    return array


def _uneven(given):
    """How far the lengths of rows differ, in words; nothing where they don't."""
    if not isinstance(given, (list, tuple)):
        return ""
    rows = (list, tuple, np.ndarray)
    sizes = {len(row) if isinstance(row, rows) else 0 for row in given}
    if len(sizes) > 1:
        return f"its rows have from {min(sizes)} to {max(sizes)} entries"
    return next(filter(None, map(_uneven, given)), "")


def _amount(arrays):
    """What some samples count together."""
    return len(arrays[0])


def _split(arrays, validation, seed):
    """The samples to train on and those held out, the same for the same seed."""
    if not validation:
        return arrays, []
    count = len(arrays[0])
    held = max(1, round(validation * count))
    if held >= count:
        raise ValueError(
            f"validation={validation} of {count} leaves nothing to train on"
        )
    order = np.random.default_rng([seed, 1]).permutation(count)
    return [a[order[held:]] for a in arrays], [a[order[:held]] for a in arrays]


def _measured(inputs):
    """The mean and the spread of each feature, by the names of inputs."""
    mean, scale = {}, {}
    for (name, shape), array in zip(_INPUTS.items(), inputs):
        if name in _WHOLE:
            continue
        # an axis of any extent has no features of its own
        free = [k for k, extent in enumerate(shape, 1) if isinstance(extent, str)]
        axes = (0, *free)
        # in powers of two of about the largest, so that no sum overflows
        power = np.frexp(np.abs(array).max(axis=axes, keepdims=True))[1]
        parts = np.ldexp(array.astype(np.float64), -power)
        middle = parts.mean(axis=axes, keepdims=True)
        spread = parts.std(axis=axes, keepdims=True)
        varies = spread > 1e-9 * np.abs(middle)  # by more than rounding
        mean[name] = np.ldexp(middle, power)[0].astype(DTYPE)
        spread = np.ldexp(spread, power)[0].astype(DTYPE)
        scale[name] = np.where(varies[0] & (spread > 0), spread, DTYPE(1))
    return mean, scale


def _scaled(inputs, mean, scale):
    """The inputs with mean 0 and spread 1, as far as these have been measured."""
    scaled = []
    for name, array in zip(_INPUTS, inputs):
        if name not in mean:
            scaled.append(array)
            continue
        with np.errstate(over="ignore"):
            # halves, so that no difference overflows
            parts = (array / 2 - mean[name] / 2) / scale[name] * 2
        if not np.isfinite(parts).all():
            raise ValueError(f"{name} is too far from what the model was trained on")
        scaled.append(parts)
    return scaled


def _labels(given):
    """The labels as an array of text, whole numbers or truth values, none missing."""
    if isinstance(given, np.ma.MaskedArray) or np.iscomplexobj(given):
        raise ValueError("t must hold labels, none of them complex or masked")
    labels = np.asarray(given)
    if any(label is None or label != label for label in labels.ravel().tolist()):
        raise ValueError("t: a label is missing")
    if labels.dtype.kind not in "biufUS":
        labels = np.array(labels.tolist())  # objects: text or numbers after all
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.size == 0:
        raise ValueError("t is empty")
    return _array(labels, "t", ("samples", *_LABEL_SHAPE), dtype=None)


def _classes_of(labels):
    """The labels in order; small whole numbers may leave some of the classes out."""
    classes = np.unique(labels)
    if classes.dtype.kind in "iu" and classes[0] >= 0 and classes[-1] < _CLASSES:
        return np.arange(_CLASSES)
    if len(classes) != _CLASSES:
        raise ValueError(
            f"the model tells {_CLASSES} classes apart, "
            f"t has {len(classes)} label{'s' * (len(classes) != 1)}"
        )
    return classes


def _codes(labels, classes):
    """The place of each label among the classes."""
    places = {label: place for place, label in enumerate(classes.tolist())}
    unknown = set(labels.ravel().tolist()) - places.keys()
    if unknown:
        first = _brief(repr(min(unknown, key=str)))
        raise ValueError(f"t holds an unknown label: {first}")
    codes = [places[label] for label in labels.ravel().tolist()]
    return np.array(codes).reshape(labels.shape)


def _encoded(codes):
    """The numbers of labels as the loss takes them."""
    return codes


def _picked(scores):
    """The number of the label that each score speaks for."""
    codes = scores.argmax(axis=-1)
    return codes.reshape(-1)


def _confusion(codes, picked):
    """How often the label in a row was taken for that in a column."""
    table = np.zeros((_CLASSES, _CLASSES), dtype=int)
    codes, picked = codes.ravel(), picked.ravel()
    np.add.at(table, (codes, picked), 1)
    return table


def _rates(table):
    """Precision, recall and F1 of each label; 0 where there is nothing to divide by."""
    right = np.diag(table)
    told, there = np.maximum(table.sum(axis=0), 1), np.maximum(table.sum(axis=1), 1)
    both = np.maximum(table.sum(axis=0) + table.sum(axis=1), 1)
    return right / told, right / there, 2 * right / both


def _macro_f1(table):
    """The mean of F1 over the labels that occur."""
    occurs = table.sum(axis=1) > 0
    return float(_rates(table)[2][occurs].mean()) if occurs.any() else 0.0


def _accuracy(codes, right, weights):
    """The share of labels that are right, each by what its sample counts."""
    counts = (np.ones(codes.shape).T * weights).T
    return float(np.average(right, weights=counts))


def _measures(scores, target):
    """How good scores are by a target as `train_step` takes it."""
    picked = _picked(scores)
    codes = target
    table = _confusion(codes, picked)
    right = np.trace(table) / max(table.sum(), 1)
    return {"accuracy": float(right), "f1": _macro_f1(table)}


def _class_lines(labels, table):
    """A line for each label, and where they fit what it was taken for."""
    names = [_brief(label, 20) for label in labels]
    first = max(map(len, [*names, "label"]))
    most = max((79 - first - 36) // len(names) - 2, 0)  # so wide can a column be
    least = len(str(table.max()))
    wide = [max(min(len(name), most), least) for name in names]
    shows = most >= max(least, 3)
    head = f"{'label':<{first}}  precision  recall     f1  count"
    if shows:
        head += " |" + "".join(f"  {name[:w]:>{w}}" for name, w in zip(names, wide))
    lines = [head]
    for k, (name, *rates) in enumerate(zip(names, *_rates(table))):
        precision, recall, f1 = rates
        line = f"{name:<{first}}  {precision:9.3f}  {recall:6.3f}  {f1:5.3f}"
        line += f"  {table[k].sum():5}"
        if shows:
            line += " |" + "".join(f"  {n:>{w}}" for n, w in zip(table[k], wide))
        lines.append(line)
    return lines


# what the command line keeps of the table that it has read
_OF_TABLES = ("feature_names_in_", "target_names_", "columns_", "fills_")


def _save(path, settings, learned):
    """Write a model: its arrays by path, and all else as text."""
    arrays = {}
    packed = _pack(learned, arrays)
    about = {"name": NAME, "settings": settings, "learned": packed}
    text = json.dumps(about, default=lambda scalar: scalar.item())
    _replace_file(path, lambda file: np.savez(file, about=text, **arrays))


def _read_saved(path, settings):
    """The settings in a file, in place of these, and what was learned."""
    if not os.path.exists(path):
        message = f"there is no file {_brief(path)}; save a model first"
        raise FileNotFoundError(message)
    arrays = _load_arrays(path)
    try:
        about = _read_about(arrays)
        for name in about["settings"]:
            if name not in settings:
                raise ValueError(f"there is no setting {_brief(repr(name))}")
        settings = {**settings, **about["settings"]}
        _check_settings(settings)
        learned = _unpack(about["learned"], arrays)
        _check_learned(learned)
    except ValueError as error:
        message = f"{_brief(path)} holds no model of {NAME}: {error}"
        raise ValueError(message) from None
    return settings, learned


def _read_about(arrays):
    """The text beside the arrays, as nested dictionaries."""
    if "about" not in arrays:
        raise ValueError("there is no 'about'")
    try:
        about = json.loads(str(arrays.pop("about")))
    except (RecursionError, ValueError):
        raise ValueError("its text 'about' is not JSON") from None
    for name, kind in (("name", str), ("settings", dict), ("learned", dict)):
        if not isinstance(about, dict) or not isinstance(about.get(name), kind):
            raise ValueError(f"there is no '{name}'")
    if about["name"] != NAME:
        raise ValueError(f"it holds the model {_brief(about['name'])}")
    return dict(about)


def _pack(tree, arrays, prefix=""):
    """Nested dictionaries without their arrays, which move into `arrays` by path."""
    packed = {}
    for name, value in tree.items():
        packed[name] = value
        if isinstance(value, dict):
            packed[name] = _pack(value, arrays, f"{prefix}{name}/")
        elif isinstance(value, (np.ndarray, np.generic)):
            arrays[prefix + name] = value
            packed[name] = None  # keeps the place of `name` among the others
    return packed


def _unpack(packed, arrays):
    """What `_pack` took apart, put together again."""
    for path, array in arrays.items():
        *parents, name = path.split("/")
        tree = packed
        for parent in parents:
            tree = tree.get(parent) if isinstance(tree, dict) else None
        if not isinstance(tree, dict) or tree.get(name, "") is not None:
            raise ValueError(f"there is no place for the array {_brief(repr(path))}")
        tree[name] = array
    return packed


def _check_learned(learned):
    """Refuse what `fit` can't have set, by what it sets in the beginning."""
    params = init_params()
    names = ["params_", "state_", "rng_", "history_", "best_params_"]
    names.append("classes_")
    names.append("n_features_in_")
    names += ["mean_", "scale_"]
    for name in names:
        if name not in learned:
            raise ValueError(f"there is no {name}")
    for name in learned:
        if name not in (*names, *_OF_TABLES):
            raise ValueError(f"it holds {_brief(repr(name))}, which no model does")
    _check_like("params_", learned["params_"], params)
    _check_like("state_", learned["state_"], init_state(params))
    _check_like("best_params_", learned["best_params_"], params, may_be_empty=True)
    _check_history(learned["history_"])
    learned["rng_"] = _generator(learned["rng_"])
    _check_classes(learned["classes_"])
    _check_scales(learned["mean_"], learned["scale_"])
    columns = {
        "feature_names_in_": _FEATURE_COLUMNS,
        "target_names_": _TARGET_COLUMNS,
    }
    for name, count in columns.items():
        found = learned.get(name, [""] * count)
        if not isinstance(found, list) or [*map(type, found)] != [str] * count:
            raise ValueError(f"{name} are not the names of {count} columns")
    _check_columns(learned)
    features = learned["n_features_in_"]
    if type(features) is not int or features != _FEATURE_COLUMNS:
        raise ValueError(f"n_features_in_ is not {_FEATURE_COLUMNS}")


def _check_columns(learned):
    """Refuse columns of a table that don't give the model's features."""
    columns = learned.get("columns_", {})
    if not isinstance(columns, dict):
        raise ValueError("columns_ are not columns with their texts")
    for texts in columns.values():
        if not isinstance(texts, list) or {*map(type, texts)} - {str}:
            raise ValueError("columns_ are not columns with their texts")
    if columns and _widened(columns) != learned.get("feature_names_in_"):
        raise ValueError("columns_ don't give the feature_names_in_")
    fills = learned.get("fills_", {})
    if not isinstance(fills, dict) or (fills and fills.keys() != columns.keys()):
        raise ValueError("fills_ are not those of the columns")
    for name, fill in fills.items():
        texts = columns[name]
        if not (fill in texts if texts else _is_number(fill)):
            raise ValueError(f"fills_ has no entry of {_brief(name)}")


def _check_like(path, found, wanted, may_be_empty=False):
    """Refuse what isn't of the same make: names, shapes and kinds of numbers."""
    if isinstance(wanted, dict):
        if may_be_empty and isinstance(found, dict) and not found:
            return
        if not isinstance(found, dict) or found.keys() != wanted.keys():
            raise ValueError(f"{path} has not the entries {_listed([*wanted])}")
        for name, value in wanted.items():
            _check_like(f"{path}/{name}", found[name], value)
    elif isinstance(wanted, np.ndarray):
        if not isinstance(found, np.ndarray):
            raise ValueError(f"{path} is no array of shape {wanted.shape}")
        if (found.shape, found.dtype) != (wanted.shape, wanted.dtype):
            given, right = (f"{a.dtype}{a.shape}" for a in (found, wanted))
            raise ValueError(f"{path} is {_brief(given)}, not {right}")
        if not np.isfinite(found).all():
            raise ValueError(f"{path} holds NaN or infinity")
    elif not _is_number(found):
        raise ValueError(f"{path} is no number")


def _is_number(value):
    """Whether it is one finite number, by itself or as an array."""
    if isinstance(value, np.ndarray):
        if value.shape != () or value.dtype.kind not in "iuf":
            return False
        value = value.item()
    return type(value) in (int, float) and abs(value) <= np.finfo(np.float64).max


def _check_history(history):
    """Refuse what isn't a list of losses, or two of them."""
    names = history.keys() if isinstance(history, dict) else set()
    if not {"loss"} <= names <= {"loss", "validation_loss"}:
        raise ValueError("history_ is not that of a loss")
    for name, losses in history.items():
        if not isinstance(losses, list) or not all(map(_is_number, losses)):
            raise ValueError(f"history_/{name} is no list of numbers")


def _generator(state):
    """The generator of random numbers that was in this state."""
    rng = np.random.default_rng()
    try:
        rng.bit_generator.state = state
    except Exception:  # whatever NumPy makes of it
        raise ValueError("rng_ is not the state of a generator") from None
    return rng


def _check_classes(classes):
    """Refuse what isn't as many labels as there are classes, in order."""
    if not isinstance(classes, np.ndarray) or classes.dtype.kind not in "biufUS":
        raise ValueError("classes_ is no array of labels")
    if classes.shape != (_CLASSES,):
        raise ValueError(f"classes_ has shape {_brief(classes.shape)}")
    if not np.array_equal(np.unique(classes), classes):
        raise ValueError("classes_ are not different labels in order")


def _check_scales(mean, scale):
    """Refuse means and spreads that aren't those of the inputs."""
    wanted = {}
    for name, shape in _INPUTS.items():
        if name in _WHOLE:
            continue
        sizes = [1 if isinstance(extent, str) else extent for extent in shape]
        wanted[name] = np.ones(sizes, DTYPE)
    _check_like("mean_", mean, wanted, may_be_empty=True)
    _check_like("scale_", scale, mean)
    if not all((spread > 0).all() for spread in scale.values()):
        raise ValueError("scale_ holds a number that is not above 0")


def _load_arrays(path):
    """The arrays of an .npz file by name; nothing in it is ever run."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except Exception as error:  # whatever NumPy and zipfile make of other bytes
        if isinstance(error, OSError) and error.filename:
            raise
        raise ValueError(f"{_brief(path)} is not an .npz file of arrays") from None


def _replace_file(path, write):
    """Write a file all or nothing: beside it, down to the disk, then in its place."""
    _check_place(path)
    beside = os.path.join(os.path.dirname(path), f".{os.urandom(8).hex()}.part")
    try:
        with open(beside, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path):
            os.chmod(beside, os.stat(path).st_mode & 0o7777)
        os.replace(beside, path)
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(f"{_brief(path)} can't be written: {reason}") from None
    finally:
        if os.path.exists(beside):
            os.remove(beside)


def _check_place(path):
    """Refuse to write where no file can be, and through a link or a pipe."""
    folder, is_there = os.path.dirname(path) or ".", os.path.lexists(path)
    reasons = {
        f"there is no folder {_brief(folder)}": not os.path.isdir(folder),
        "it is a folder": os.path.isdir(path),
        "it is a link": os.path.islink(path),
        "it is no file": is_there and not os.path.isfile(path),
        "it is read-only": is_there and not os.access(path, os.W_OK),
        "its folder is read-only": not os.access(folder, os.W_OK),
    }
    for reason, holds in reasons.items():
        if holds:
            raise ValueError(f"{_brief(path)} can't be written: {reason}")


def _brief(value, room=120):
    """A value in words, without its middle where that is long."""
    text = str(value)
    half = (room - 5) // 2
    return text if len(text) <= room else f"{text[:half]} ... {text[-half:]}"


def _listed(names):
    """Names in a row, the first few of many."""
    shown = [_brief(name, 24) for name in names[:6]]
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(shown) + more


def _show_progress(epochs, history, measures):
    """A line that changes in place on a terminal, about ten lines elsewhere."""
    epoch = len(history["loss"])
    told = epoch in (1, epochs) or epoch % max(1, epochs // 10) == 0
    if not (told or _on_terminal()):
        return
    line = f"epoch {epoch}/{epochs}"
    for name, values in history.items():
        line += f"  {name.replace('_', ' ')} {values[-1]:.6g}"
    for name, value in measures().items():
        line += f"  {name} {value:.3f}"
    if _on_terminal():
        _tell("\r" + line.ljust(78), end="")
    else:
        _tell(line)


def _on_terminal():
    """Whether standard error is a terminal; it may be closed."""
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False


def _tell(line, end="\n"):
    """Print on standard error; that nobody reads it any more stops nothing."""
    if sys.stderr is None:
        return
    # no terminal is to take it for a command
    shown = "".join(c if c.isprintable() or c == "\r" else "?" for c in line)
    try:
        print(shown, end=end, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        sys.stderr = io.StringIO()


_MOST_TEXTS = 20  # so many different ones in a column are told apart
_DATES = ("0000-00-00", "0000/00/00", "00.00.0000", "00/00/0000")
_COUNTS = ("", "id", "index", "row", "rownames", "unnamed: 0")  # names of no feature


def _table(path):
    """The lines of a CSV file, each as its number and cells: the header, then rows.

    What separates cells is what the header has most of. Where that is no comma, a
    comma in a number is its point.
    """
    count, shown = 0, _brief(path)
    with open(path, newline="", encoding="utf-8-sig") as file:
        try:
            separator = max(",;\t|", key=file.readline().count)
            file.seek(0)
            lines = csv.reader(file, delimiter=separator)
            for row in filter(None, lines):
                count += 1
                cells = [cell.strip() for cell in row]
                if separator != "," and count > 1:
                    cells = [*map(_with_point, cells)]
                yield lines.line_num, cells
        except UnicodeError:
            raise ValueError(f"{shown} is not a CSV file: not text in UTF-8") from None
        except csv.Error as error:
            raise ValueError(f"{shown} is not a CSV file: {error}") from None
    if count == 0:
        raise ValueError(f"{shown} is empty; its first line should name the columns")
    if count == 1:
        raise ValueError(f"{shown} has no rows below its header")


def _with_point(text):
    """A number with a decimal comma as one with a point."""
    pointed = text.replace(",", ".")
    try:
        float(pointed)
    except ValueError:
        return text
    return pointed


def _header(path):
    """The column names in the first line of a CSV file."""
    _, header = next(_table(path))
    shown = _brief(path)
    if any("\0" in name for name in header):
        raise ValueError(f"{shown} is not a CSV file: its first line is no text")
    if len({*header}) < len(header):
        twice = _brief(repr(max(header, key=header.count)), 40)
        raise ValueError(f"{shown} has two columns named {twice}")
    return header


def _records(path):
    """The rows of a CSV file, each as its place in words and its cells by column."""
    table, shown = _table(path), _brief(path)
    _, header = next(table)
    for line, cells in table:
        if len(cells) != len(header):
            what = f"{len(cells)} entries under {len(header)} column names"
            raise ValueError(f"{shown}, row {line}: {what}")
        yield f"{shown}, row {line}", dict(zip(header, cells))


def _is_missing(text):
    """Whether a cell says that there is no entry."""
    return text.lower() in ("", "na", "n/a", "nan", "null", "?")


def _number(text):
    """A finite number."""
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise ValueError(f"{_brief(repr(text))} is not a number")
    return number


def _survey(path):
    """Of each column: its first texts, and whether it holds numbers alone, or dates."""
    found = {}
    for name in _header(path):
        found[name] = {"texts": set(), "entries": 0, "missing": 0}
        found[name].update(numbers=True, dates=True, many=False)
    for _, cells in _records(path):
        for name, text in cells.items():
            column = found[name]
            if _is_missing(text):
                column["missing"] += 1
                continue
            column["entries"] += 1
            if not column["many"]:
                column["texts"].add(text)
                column["many"] = len(column["texts"]) > _MOST_TEXTS
            if column["numbers"]:
                try:
                    _number(text)
                except ValueError:
                    column["numbers"] = False
            if column["dates"]:
                form = "".join("0" if c.isdigit() else c for c in text[:10])
                column["dates"] = form in _DATES
    return found


def _unfit(name, column):
    """Why nothing is to be learned from a column; nothing where something is."""
    different = len(column["texts"])
    if different == 0:
        return "no entries"
    if different == 1:
        return "the same everywhere"
    if column["dates"]:
        return "dates"
    if column["numbers"]:
        low = name.lower()
        counts = low in _COUNTS or low.endswith(("_id", " id")) or name.endswith("Id")
        return "it counts the rows" if counts else ""
    if column["many"]:
        return f"more than {_MOST_TEXTS} different texts"
    if different == column["entries"] > 2:
        return "every row has a text of its own"
    return ""


def _suited(path, besides):
    """The columns to learn from, with the texts of those that hold texts.

    Beside them stands why the others are left out.
    """
    fit, unfit = {}, {}
    for name, column in _survey(path).items():
        reason = _unfit(name, column)
        if name in besides:
            continue
        if reason:
            unfit[name] = reason
        else:
            fit[name] = _texts(column)
    return fit, unfit


def _texts(column):
    """The texts of a column in order; none where it holds numbers."""
    return [] if column["numbers"] else sorted(column["texts"])


def _widened(columns):
    """The features that columns give: one of each number, one for each text."""
    names = []
    for name, texts in columns.items():
        names += [f"{name}={text}" for text in texts] or [name]
    return names


def _read_data(model, options, with_targets=True):
    """What `fit` or, without targets, `predict` takes, from arrays or from a table."""
    path = options.data
    data = {}
    if path.endswith(".npz"):
        arrays = _load_arrays(path)
        data["x"] = _named_arrays(path, arrays, _INPUTS)
        if with_targets:
            data["t"] = _named_arrays(path, arrays, _TARGETS)
        return data
    _choose_columns(model, options, with_targets)
    return _read_table(model, options, with_targets)


def _named_arrays(path, arrays, names):
    """The arrays of these names: one, or a tuple of them."""
    for name in names:
        if name not in arrays:
            raise ValueError(f"{_brief(path)} holds no array {name!r}")
    chosen = tuple(arrays[name] for name in names)
    return chosen if len(chosen) > 1 else chosen[0]


def _choose_columns(model, options, with_targets):
    """Set the columns to predict from and to predict: as asked, else as before."""
    path = options.data
    header = _header(path)
    known = getattr(model, "feature_names_in_", [])
    columns = getattr(model, "columns_", {name: [] for name in known})
    asked = options.features or []
    _check_names(path, header, asked or [*columns], "separate names by spaces")
    taken = []
    targets = options.target or getattr(model, "target_names_", [])
    if with_targets:
        _check_names(path, header, targets, "separate names by spaces")
        if len(targets) != _TARGET_COLUMNS:
            plural = "s" * (_TARGET_COLUMNS != 1)
            raise ValueError(f"--target must name {_TARGET_COLUMNS} column{plural}")
        for name in asked or columns:
            if name in targets:
                shown = _brief(repr(name))
                raise ValueError(f"column {shown} is both a feature and a target")
    model.target_names_ = targets
    taken += targets
    if asked and asked != [*columns]:
        columns = _asked_columns(path, asked)
    elif not columns:
        columns = _found_columns(path, taken, getattr(options, "quiet", True))
    features = _widened(columns)
    if len(features) != _FEATURE_COLUMNS:
        found = _listed(features) or f"no numbers under {_listed(header)}"
        plural = "s" * (_FEATURE_COLUMNS != 1)
        raise ValueError(
            f"the model takes {_FEATURE_COLUMNS} feature{plural}, "
            f"not {len(features)} ({found}): choose with --features"
        )
    model.columns_ = columns
    model.feature_names_in_ = features


def _asked_columns(path, names):
    """The columns that are asked for, with the texts of those that hold texts."""
    found = _survey(path)
    columns = {}
    for name in names:
        columns[name] = _texts(found[name])
        if columns[name] and _unfit(name, found[name]).startswith("more"):
            reason = _unfit(name, found[name])
            raise ValueError(f"column {_brief(repr(name))} can't be read: {reason}")
    return columns


def _found_columns(path, besides, quiet):
    """The columns that suit the model: numbers and texts, else numbers alone."""
    fit, unfit = _suited(path, besides)
    numbers = {name: texts for name, texts in fit.items() if not texts}
    every = {}
    for name, column in _survey(path).items():
        if column["numbers"] and name not in besides:
            every[name] = []
    for columns in (fit, numbers, every):
        if len(_widened(columns)) == _FEATURE_COLUMNS:
            break
    else:
        return fit if any(fit.values()) else every
    if not quiet:
        for name in fit.keys() - columns.keys():
            unfit[name] = "texts, for which the model has no inputs"
        for name, reason in unfit.items():
            if name not in columns:
                _tell(f"left out: {_brief(name, 40)} ({reason})")
    return columns


def _check_names(path, header, names, advice):
    """Refuse names of columns that the file hasn't, and one that is told twice."""
    for name in names:
        shown = _brief(repr(name), 40)
        if name not in header:
            message = f"{_brief(path)} has no column {shown}; it has {_listed(header)}"
            if "," in name:
                message += f"; {advice}"
            elif len(header) == 1:
                message += "; columns are separated by commas, semicolons or tabs"
            raise ValueError(message)
        if names.count(name) > 1:
            raise ValueError(f"column {shown} is named twice")


def _read_table(model, options, with_targets):
    """The columns that were chosen, as arrays without a missing entry."""
    path, missing = options.data, getattr(options, "missing", None)
    fills = getattr(model, "fills_", {})
    readers = {}
    for name, texts in model.columns_.items():
        readers[name] = _one_of(texts) if texts else _number
    needed = []
    if with_targets:
        needed += model.target_names_
        reader = _label_reader(model)
        readers.update(dict.fromkeys(needed, reader))
    if not missing:
        advice = "; see --missing" if hasattr(options, "missing") else ""
        rows = _read_columns(path, readers, needed if fills else [*readers], advice)
    else:
        rows = _read_columns(path, readers)
        rows = _without_missing(
            rows, readers, needed if missing == "mean" or fills else readers
        )
        if missing == "mean" and not fills:
            fills = model.fills_ = _means(model, rows)
    _fill(rows, fills, getattr(options, "quiet", True))
    columns = dict(zip(readers, zip(*rows)))
    data = {"x": _features(model.columns_, columns)}
    if with_targets:
        data["t"] = [*zip(*(columns[name] for name in model.target_names_))]
        data["t"] = _as_labels(model, data["t"])
    return data


def _read_columns(path, readers, needed=None, advice=""):
    """The columns of a CSV file, each entry by its reader, as rows.

    A missing entry is None; in a column that is needed it is an error.
    """
    read = []
    for where, cells in _records(path):
        row = []
        for name, reader in readers.items():
            text = cells[name]
            try:
                if not _is_missing(text):
                    row.append(reader(text))
                elif needed is None or name not in needed:
                    row.append(None)
                else:
                    raise ValueError(f"no entry{advice}")
            except ValueError as error:
                column = _brief(name, 40)
                raise ValueError(f"{where}, column {column}: {error}") from None
        read.append(row)
    return read


def _one_of(texts):
    """A reader of texts that the model was trained with."""

    def read(text):
        if text not in texts:
            message = f"the text {_brief(repr(text))} is none of {_listed(texts)}"
            raise ValueError(message)
        return text

    return read


def _label_reader(model):
    """A reader of labels: those that the model knows, else any text."""
    classes = model.classes_.tolist() if hasattr(model, "classes_") else []
    known = {str(label): label for label in classes}

    def read(text):
        if known and text not in known:
            raise ValueError(f"the label {_brief(repr(text))} is unknown")
        return known.get(text, text)

    return read


def _as_labels(model, entries):
    """Labels as the model knows them, else whole numbers or text."""
    labels = np.array(entries)
    if hasattr(model, "classes_"):
        return labels
    try:
        numbers = labels.astype(np.int64)
    except (OverflowError, ValueError):
        return labels
    # "01" is no number but a text, and then so are all
    return labels if (numbers.astype(str) != labels).any() else numbers


def _without_missing(rows, readers, needed):
    """The rows that have an entry in every column that is needed."""
    places = [place for place, name in enumerate(readers) if name in needed]
    kept = [row for row in rows if all(row[place] is not None for place in places)]
    if not kept:
        raise ValueError("every row misses an entry")
    if len(kept) < len(rows):
        count = f"{len(rows) - len(kept)} of {len(rows)} rows"
        _tell(f"left out: {count}, in which an entry is missing")
    return kept


def _means(model, rows):
    """What stands for a missing entry: the mean, or the commonest text, in training."""
    train, _ = _split([np.arange(len(rows))], model.validation, model.seed)
    fills = {}
    for place, (name, texts) in enumerate(model.columns_.items()):
        entries = [rows[k][place] for k in train[0] if rows[k][place] is not None]
        if not entries:
            raise ValueError(f"column {_brief(name, 40)} has no entry to train with")
        mean = max(texts, key=entries.count) if texts else float(np.mean(entries))
        fills[name] = mean
    return fills


def _fill(rows, fills, quiet):
    """Put what stands for missing entries in their places."""
    for place, (name, fill) in enumerate(fills.items()):
        lacking = [row for row in rows if row[place] is None]
        for row in lacking:
            row[place] = fill
        if lacking and not quiet:
            shown = fill if isinstance(fill, str) else f"{fill:.6g}"
            column = _brief(name, 40)
            count = f"{len(lacking)} of {len(rows)} rows"
            _tell(f"filled in: {column} is {shown} in {count}, where it is missing")


def _features(texts_of, columns):
    """The features of rows: a number as it is, a text as 1 in a column of its own."""
    parts = []
    for name, texts in texts_of.items():
        column = np.array(columns[name])[:, np.newaxis]
        parts.append((column == np.array(texts) if texts else column).astype(float))
    return np.hstack(parts)


def _train_command(options):
    """Fit a model and save it."""
    _check_place(options.output)
    _check_overwrites(options)
    if not (options.resume or options.force) and os.path.exists(options.output):
        shown = _brief(options.output)
        advice = "--resume goes on with it, --force trains anew"
        raise ValueError(f"{shown} is there: {advice}, -o names another")
    given = {k: v for k, v in vars(options).items() if v is not None}
    settings = {name: given[name] for name in _SETTINGS if name in given}
    resumes = options.resume and os.path.exists(options.output)
    if resumes:
        model = Model.load(options.output)
        _refuse_changes(model, options, settings)
        if "learning_rate" in settings:
            model.state_["learning_rate"] = settings["learning_rate"]
    else:
        model = Model()
    model.set_params(**settings)
    model.verbose = not options.quiet
    if options.resume and model.verbose:
        _tell(_where_it_begins(model, options.output))
    data = _read_data(model, options)

    def checkpoint(model):
        every = options.checkpoint_every
        if every and len(model.history_["loss"]) % every == 0:
            model.save(options.output)

    train = model.resume if resumes else model.fit
    train(**data, after_epoch=checkpoint)
    model.save(options.output)
    if model.verbose:
        _tell(f"saved {options.output}")


def _where_it_begins(model, path):
    """Where a training that is to be resumed begins, in words."""
    done = len(model.history_["loss"]) if hasattr(model, "history_") else 0
    if not done:
        return f"there is no {_brief(path)} yet: training begins"
    if done >= model.epochs:
        return f"all {done} epochs are done: nothing to do; --epochs asks for more"
    return f"{done} of {model.epochs} epochs are done: training goes on"


def _check_overwrites(options):
    """Refuse to write over what is read."""
    for path in (getattr(options, "data", None), getattr(options, "model", None)):
        if path and options.output and os.path.exists(options.output):
            if os.path.exists(path) and os.path.samefile(path, options.output):
                raise ValueError(f"{_brief(path)} is read: name another file with -o")


def _refuse_changes(model, options, settings):
    """A training that is resumed keeps all but the learning rate and the epochs."""
    asked = {**settings, "epochs": None, "learning_rate": None}
    asked["columns_"] = options.features
    asked["target_names_"] = options.target
    for name, value in asked.items():
        kept = getattr(model, name, value)
        if isinstance(kept, dict):
            kept = [*kept]
        if value is not None and value != kept:
            plain = name.strip("_")
            message = f"--resume keeps {plain}={_brief(kept)}"
            raise ValueError(f"{message}; it can't be {_brief(value)}")


def _predict_command(options):
    """Write what the model predicts, as CSV or, to an .npz file, as arrays."""
    _check_overwrites(options)
    model = Model.load(options.model)
    data = _read_data(model, options, with_targets=False)
    results = {"prediction": model.predict(**data)}
    results["probability"] = model.predict_proba(**data)
    if options.output and options.output.endswith(".npz"):
        _replace_file(options.output, lambda file: np.savez(file, **results))
        return
    header, columns = [], []
    for name, result in results.items():
        rows = np.atleast_1d(result)
        rows = rows.reshape(len(rows), -1)  # one for each sample
        columns.append(rows.tolist())
        header += _column_names(model, name, rows.shape[1])
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(header)
    for parts in zip(*columns):
        table.writerow([entry for part in parts for entry in part])
    if options.output:
        content = text.getvalue().encode()
        _replace_file(options.output, lambda file: file.write(content))
    else:
        sys.stdout.write(text.getvalue())


def _column_names(model, name, count):
    """Names for the columns of a result: its targets, its labels or numbers."""
    names = getattr(model, "target_names_", [])
    if name == "probability":
        parts = model.classes_.tolist()
        names = [f"{name}_{part}" for part in parts]
    if len(names) == count:
        return names
    return [name] if count == 1 else [f"{name}_{k}" for k in range(count)]


def _score_command(options):
    """Print how well a model does on the data in a file."""
    model = Model.load(options.model)
    data = _read_data(model, options)
    print(f"loss {model.mean_loss(**data):.6g}")
    print(f"accuracy {model.score(**data):.6g}")
    codes = _codes(_labels(data["t"]), model.classes_)
    picked = _codes(model.predict(data["x"]), model.classes_)
    table = _confusion(codes, picked)
    print(f"f1 {_macro_f1(table):.6g}\n")
    print(*_class_lines(model.classes_.tolist(), table), sep="\n")


def _summary_command(options):
    """Print the arrays of the model, and how much there is to learn and to keep."""
    params = init_params()
    state = init_state(params)
    rows = [("array", "shape", "numbers", "what it is")]
    for what, shapes in (("input", _INPUTS), ("target", _TARGETS)):
        for name, extents in shapes.items():
            shown = ", ".join(map(str, ["samples", *extents]))
            rows.append((name, f"({shown})", "", what))
    for name, array in params.items():
        kind = "parameter" if name in PARAMETERS else "buffer"
        rows.append((name, str(np.shape(array)), str(np.size(array)), kind))
    wide = [max(len(row[k]) for row in rows) for k in range(3)]
    for name, shape, count, kind in rows:
        print(f"{name:<{wide[0]}}  {shape:<{wide[1]}}  {count:>{wide[2]}}  {kind}")
    learned = sum(np.size(params[name]) for name in PARAMETERS)
    kept = [*params.values()]
    kept += [
        a for part in state.values() if isinstance(part, dict) for a in part.values()
    ]
    size = sum(np.asarray(array).nbytes for array in kept)
    print(f"\n{learned} parameters; with the optimiser's state {size} bytes")


class _Parser(argparse.ArgumentParser):
    """A parser whose errors take one line."""

    def error(self, message):
        _tell(_brief(f"{self.prog}: {message}", 400))
        self.exit(2)


def _parser():
    """All that the command line understands."""
    parser = _Parser(description=f"Train and use the model {NAME}.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="fit the model and save it")
    train.set_defaults(command=_train_command)
    for name, default in Model().get_params().items():
        kind = int if default is None else type(default)
        if kind is not bool:
            text = f"{_SETTINGS[name]} ({default})"
            train.add_argument("--" + name.replace("_", "-"), type=kind, help=text)
    train.add_argument(
        "--no-standardize",
        dest="standardize",
        action="store_false",
        default=None,
        help="leave the features as they are",
    )
    train.add_argument("-o", "--output", default="model.npz", help="what to save")
    train.add_argument("--checkpoint-every", type=int, help="save every so many epochs")
    train.add_argument("--resume", action="store_true", help="go on with the output")
    train.add_argument("--force", action="store_true", help="replace the output")
    train.add_argument("--quiet", action="store_true", help="show no progress")

    summary = commands.add_parser("summary", help="print shapes and sizes")
    summary.set_defaults(command=_summary_command)

    predict = commands.add_parser("predict", help="write predictions as CSV or .npz")
    predict.set_defaults(command=_predict_command)
    predict.add_argument("--model", default="model.npz", help="what train has saved")
    predict.add_argument("-o", "--output", help="a file instead of standard output")

    score = commands.add_parser("score", help="print how good the predictions are")
    score.set_defaults(command=_score_command)
    score.add_argument("--model", default="model.npz", help="what train has saved")

    for command in [train, predict, score]:
        text = "a CSV or .npz file"
        command.add_argument("data", help=text)
        text = "columns to predict"
        command.add_argument("--target", nargs="+", action="extend", help=text)
        text = "columns to predict from"
        command.add_argument("--features", nargs="+", help=text)
    text = "leave rows with a missing entry out, or fill in the mean"
    train.add_argument("--missing", choices=["drop", "mean"], help=text)
    text = "leave rows with a missing entry out"
    score.add_argument("--missing", choices=["drop"], help=text)
    return parser


def main(arguments=None):
    """Run the command line: 0 when done, 2 when it can't be done, with one line why."""
    if sys.stdout is None:  # closed, which is as good as not read
        sys.stdout = io.StringIO()
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of the output has seen enough
        _abandon_output()
    except KeyboardInterrupt:
        _tell("interrupted")
        return 130
    except (ArithmeticError, MemoryError, OSError, ValueError) as error:
        _tell(_brief(f"{sys.argv[0]}: {_reason(error)}", 400))
        if isinstance(error, OSError) and error.errno and not error.filename:
            _abandon_output()
        return 2
    return 0


def _abandon_output():
    """Let what can't be written any more go nowhere, instead of failing at the end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = io.StringIO()


def _reason(error):
    """What went wrong, in one line."""
    text = str(error) or type(error).__name__
    if isinstance(error, FileNotFoundError) and error.filename:
        text = f"there is no file {_brief(error.filename)}"
    elif isinstance(error, OSError) and error.filename:
        text = f"{_brief(error.filename)} can't be read: {error.strerror}"
    return " ".join(text.split())


if __name__ == "__main__":
    sys.exit(main())
