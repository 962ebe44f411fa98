"""factorise: forward pass, gradients and training, in NumPy alone.

The objective is E = sum(a,b, mask[a,b]*(p[a,b] - r[a,b])**2) + lam*sum(a,k,
U[a,k]**2) + lam*sum(b,k, V[b,k]**2).
Derived and written by chainrule; each line stands under its formula.
"""

import argparse
import csv
import io
import json
import os
import sys

import numpy as np

NAME = "factorise"
DTYPE = np.float64
PARAMETERS = {"U": (50, 5), "V": (40, 5)}
BUFFERS = {}
HYPERPARAMETERS = {"learning_rate": 0.01}
lam = 0.1


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


def init_params(seed=0):
    """Parameters to begin with: {name: array}."""
    rng = np.random.default_rng(seed)
    return {
        "U": rng.normal(0.0, 0.1, (50, 5)).astype(DTYPE),
        "V": rng.normal(0.0, 0.1, (40, 5)).astype(DTYPE),
    }


def _propagate(params, mask):
    """Forward propagation; returns p."""
    U, V = params["U"], params["V"]
    mask = _array(mask, "mask", (50, 40))
    # p[a,b] = sum(k, U[a,k]*V[b,k])
    p = U @ V.T
    return p


def _evaluate(params, mask, r):
    """The objective and what its gradient needs: E, p."""
    U, V = params["U"], params["V"]
    p = _propagate(params, mask)
    mask = np.asarray(mask, dtype=DTYPE)
    r = _array(r, "r", (50, 40))
    # E = sum(a,b, mask[a,b]*(p[a,b] - r[a,b])**2) + lam*sum(a,k, U[a,k]**2) +
    #     lam*sum(b,k, V[b,k]**2)
    E = np.sum(mask * (p - r)**2) + lam * np.sum(U**2) + lam * np.sum(V**2)
    return E, p


def forward(params, mask, training=False, rng=None):
    """The output p, shape (50, 40)."""
    return _propagate(params, mask)


def loss(params, mask, r, training=False, rng=None):
    """The objective E = sum(a,b, mask[a,b]*(p[a,b] - r[a,b])**2) + lam*sum(a,k,
    U[a,k]**2) + lam*sum(b,k, V[b,k]**2)."""
    return float(_evaluate(params, mask, r)[0])


def gradients(params, mask, r, inputs=False, training=False, rng=None):
    """The objective and its derivative by each parameter: (E, {name: array}). With
    inputs=True also by each input."""
    U, V = params["U"], params["V"]
    E, p = _evaluate(params, mask, r)
    mask = np.asarray(mask, dtype=DTYPE)
    r = np.asarray(r, dtype=DTYPE)
    # dp[a,b] = 2*mask[a,b]*(p[a,b] - r[a,b])
    dp = 2 * mask * (p - r)
    # dU[a,k] = 2*lam*U[a,k] + sum(b, dp[a,b]*V[b,k])
    dU = 2 * lam * U + dp @ V
    # dV[b,k] = 2*lam*V[b,k] + sum(a, dp[a,b]*U[a,k])
    dV = 2 * lam * V + dp.T @ U
    gradient = {"U": dU, "V": dV}
    if inputs:
        # dmask[a,b] = (p[a,b] - r[a,b])**2
        dmask = (p - r)**2
        gradient["mask"] = dmask
    return float(E), gradient


def init_state(params):
    """The optimiser's state: nothing but its hyper-parameters."""
    return {**HYPERPARAMETERS}


def train_step(params, state, mask, r, rng=None):
    """One update of the parameters, in place; returns the loss before it."""
    value, gradient = gradients(params, mask, r)
    learning_rate = state["learning_rate"]
    for name, g in gradient.items():  # w is params[name]
        # next(w)[...] = w[...] - learning_rate*g[...]
        params[name] -= learning_rate * g
    return value


# ----------------------------------------------------------------------------
# The estimator and the command line. There is no mathematics below this line.
# ----------------------------------------------------------------------------

_INPUTS = {"mask": (50, 40)}
_TARGETS = {"r": (50, 40)}
_SCORES = forward  # what predictions are made of
_SETTINGS = {  # what `Model` can be told, and what each means
    "epochs": "passes over the data",
    "learning_rate": "the optimiser's learning rate",
    "patience": "stop after so many epochs without a lower loss and keep the best",
    "seed": "decides parameters, order and draws",
    "verbose": "show progress on standard error",
}


class Model:
    """The model factorise, to be trained on data and kept in a file.

    It keeps scikit-learn's conventions without importing it.
    `x` is an array of numbers of shape (50, 40). `t` is an array of numbers of
    shape (50, 40).

    What is learned ends in an underscore: `params_`, `state_` (the optimiser's),
    `history_` (the losses by epoch), `rng_`.
    """

    _estimator_type = None  # for scikit-learn before 1.6

    def __init__(
        self,
        *,
        epochs=100,
        learning_rate=0.01,
        patience=None,
        seed=0,
        verbose=False,
    ):
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.patience = patience
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
        inputs, targets = self._checked(x, t)
        self._begin(inputs, targets)
        return self._train(self._prepared(inputs, targets), after_epoch)

    def resume(self, x, t, *, after_epoch=None):
        """Go on with a `fit` that was interrupted, up to `epochs` epochs in all."""
        self._check_fitted()
        arrays = self._prepared(*self._checked(x, t))
        return self._train(arrays, after_epoch)

    def partial_fit(self, x, t):
        """Train for one epoch more, without forgetting."""
        inputs, targets = self._checked(x, t)
        if not hasattr(self, "params_"):
            self._begin(inputs, targets)
        loss_before = self._epoch(self._prepared(inputs, targets))
        self.history_["loss"].append(loss_before)
        return self

    def _begin(self, inputs, targets):
        """Set all that is learned to what it is before the first epoch."""
        self.params_ = init_params(self.seed)
        self.state_ = init_state(self.params_)
        for name in HYPERPARAMETERS:
            self.state_[name] = float(getattr(self, name))
        self.rng_ = np.random.default_rng(self.seed)
        self.history_ = {"loss": []}
        self.best_params_ = {}

    def _prepared(self, inputs, targets):
        """The arrays as `train_step` takes them."""
        return inputs + targets

    def _train(self, arrays, after_epoch):
        """Epoch after epoch, until all are done or patience has run out."""
        losses = self.history_["loss"]

        def shown():
            return {}

        try:
            while self._has_patience() and len(losses) < self.epochs:
                loss_before = self._epoch(arrays)
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
        value = train_step(self.params_, self.state_, *arrays, rng=self.rng_)
        return self._finite(value)

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
        """What the model makes of each sample, or of its parameters alone."""
        return self._output(x)

    def _output(self, x):
        """What the model makes of the inputs."""
        self._check_fitted()
        inputs = self._inputs(x)
        return self._scores(inputs)

    def _scores(self, inputs):
        """The same of inputs that are scaled already."""
        return _SCORES(self.params_, *inputs)

    def score(self, x, t):
        """Minus the loss, so that more is better."""
        return -self.mean_loss(x, t)

    def mean_loss(self, x, t):
        """The loss on these data, in mini-batches as in training."""
        self._check_fitted()
        return self._mean_loss(self._prepared(*self._checked(x, t)))

    @np.errstate(all="ignore")
    def _mean_loss(self, arrays):
        """The mean over mini-batches, each by what its samples count."""
        return float(loss(self.params_, *arrays))

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
        return _arrays(x, _INPUTS)

    def _checked(self, x, t):
        """The inputs, and the targets with their weights, once all is in order."""
        _check_settings(self.get_params())
        inputs = self._inputs(x)
        targets = _arrays(t, _TARGETS)
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
    return tags


def _arrays(given, shapes):
    """One checked array for each name; for several, from a tuple or from a table."""
    return [_checked_array(name, shape, given) for name, shape in shapes.items()]


def _checked_array(name, shape, given):
    """One array of numbers, none missing, of the shape that the model takes."""
    try:
        if isinstance(given, np.ma.MaskedArray) or np.iscomplexobj(given):
            raise TypeError("none of them may be complex or masked")
        array = np.asarray(given, DTYPE)
    except (TypeError, ValueError) as error:
        reason = _uneven(given) or _brief(error, 200)
        raise ValueError(f"{name} must hold numbers: {reason}") from None
    array = _array(array, name, shape, dtype=None)
    if array.size == 0:
        raise ValueError(f"{name} is empty")
    if not np.isfinite(array).all():
        place = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
        raise ValueError(f"{name} holds NaN or infinity, first at {place}")
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
    raise ValueError(f"{_brief(path)} is not an .npz file")


def _named_arrays(path, arrays, names):
    """The arrays of these names: one, or a tuple of them."""
    for name in names:
        if name not in arrays:
            raise ValueError(f"{_brief(path)} holds no array {name!r}")
    chosen = tuple(arrays[name] for name in names)
    return chosen if len(chosen) > 1 else chosen[0]


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
    if len(names) == count:
        return names
    return [name] if count == 1 else [f"{name}_{k}" for k in range(count)]


def _score_command(options):
    """Print how well a model does on the data in a file."""
    model = Model.load(options.model)
    data = _read_data(model, options)
    print(f"loss {model.mean_loss(**data):.6g}")


def _summary_command(options):
    """Print the arrays of the model, and how much there is to learn and to keep."""
    params = init_params()
    state = init_state(params)
    rows = [("array", "shape", "numbers", "what it is")]
    for what, shapes in (("input", _INPUTS), ("target", _TARGETS)):
        for name, extents in shapes.items():
            shown = ", ".join(map(str, extents))
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
        text = "an .npz file of arrays"
        command.add_argument("data", help=text)
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
