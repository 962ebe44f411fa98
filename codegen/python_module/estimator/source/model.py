"""The class `Model`: scikit-learn's conventions, over the mathematics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from codegen.python_module.estimator.source.arrays import (
    _amount,
    _arrays,
    _in_order,
    _measured,
    _scaled,
    _split,
    _weights,
)
from codegen.python_module.estimator.source.files import (
    _brief,
    _on_terminal,
    _show_progress,
    _tell,
)
from codegen.python_module.estimator.source.labels import (
    _classes_of,
    _codes,
    _encoded,
    _labels,
    _picked,
)
from codegen.python_module.estimator.source.measures import (
    _accuracy,
    _measures,
    _r_squared,
)
from codegen.python_module.estimator.source.saved import _read_saved, _save
from codegen.python_module.estimator.source.settings import (
    _check_settings,
    _sklearn_tags,
)
from codegen.python_module.stand_in import (
    _BATCHED,
    _CHUNK,
    _FEATURE_COLUMNS,
    _FROM_TABLE,
    _IN_CHUNKS,
    _INPUTS,
    _KIND,
    _LABEL_SHAPE,
    _ONE_OUTPUT,
    _PROBABILITIES,
    _READS_TARGET,
    _ROLE,
    _SCORES,
    _SETTINGS,
    _STANDARDIZES,
    _TARGETS,
    _WEIGHTED,
    HYPERPARAMETERS,
    Array,
    Arrays,
    init_params,
    init_state,
    loss,
    train_step,
)


class Model:
    """The model, to be trained and kept in a file; modules say more here."""

    learning_rate: float
    classes_: Array
    params_: Arrays
    best_params_: Arrays
    mean_: Arrays
    scale_: Arrays
    state_: dict[str, Any]
    history_: dict[str, list[float]]
    rng_: np.random.Generator
    feature_names_in_: list[str]
    target_names_: list[str]
    columns_: dict[str, list[str]]
    fills_: dict[str, Any]

    _estimator_type = _ROLE  # for scikit-learn before 1.6

    def __init__(
        self,
        *,
        epochs: int = 100,
        batch_size: int = 32,
        validation: float = 0.0,
        patience: int | None = None,
        standardize: bool = True,
        seed: int = 0,
        verbose: bool = False,
        **hyperparameters: float,
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation = validation
        self.patience = patience
        self.standardize = standardize
        self.seed = seed
        self.verbose = verbose
        vars(self).update({**HYPERPARAMETERS, **hyperparameters})

    def __repr__(self) -> str:
        settings = ", ".join(f"{k}={v!r}" for k, v in self.get_params().items())
        return f"Model({settings})"

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The settings by name."""
        return {name: getattr(self, name) for name in _SETTINGS}

    def set_params(self, **settings: Any) -> Self:
        """Change some settings; what was learned stays."""
        for name, value in settings.items():
            if name not in _SETTINGS:
                known = ", ".join(_SETTINGS)
                wrong = _brief(repr(name))
                raise ValueError(f"there is no setting {wrong}, only {known}")
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn asks each estimator; nothing else calls this."""
        return _sklearn_tags(self._estimator_type)

    def fit(
        self,
        x: Any,
        t: Any,
        sample_weight: Any = None,
        *,
        after_epoch: Callable[[Self], object] | None = None,
    ) -> Self:
        """Train anew for `epochs` epochs; `after_epoch(self)` is called after each."""
        if _FROM_TABLE and hasattr(x, "columns"):
            self.feature_names_in_ = [*map(str, x.columns)]
        inputs, targets = self._checked(x, t, sample_weight)
        self._begin(inputs, targets)
        return self._train(self._prepared(inputs, targets), after_epoch)

    def resume(
        self,
        x: Any,
        t: Any,
        sample_weight: Any = None,
        *,
        after_epoch: Callable[[Self], object] | None = None,
    ) -> Self:
        """Go on with a `fit` that was interrupted, up to `epochs` epochs in all."""
        self._check_fitted()
        arrays = self._prepared(*self._checked(x, t, sample_weight))
        return self._train(arrays, after_epoch)

    def partial_fit(
        self, x: Any, t: Any, classes: Any = None, sample_weight: Any = None
    ) -> Self:
        """Train for one epoch more, without forgetting."""
        inputs, targets = self._checked(x, t, sample_weight)
        if not hasattr(self, "params_"):
            self._begin(inputs, targets, classes)
        loss_before = self._epoch(self._prepared(inputs, targets))
        self.history_["loss"].append(loss_before)
        return self

    def _begin(
        self, inputs: list[Array], targets: list[Array], classes: Any = None
    ) -> None:
        """Set all that is learned to what it is before the first epoch."""
        if _ROLE == "classifier":
            labels = targets[0] if classes is None else list(classes)
            self.classes_ = _classes_of(labels)
        if _FROM_TABLE:
            self.n_features_in_ = _FEATURE_COLUMNS
        if _STANDARDIZES:
            train, _ = _split(inputs, self.validation, self.seed)
            self.mean_, self.scale_ = _measured(train if self.standardize else [])
        self.params_ = init_params(self.seed)
        self.state_ = init_state(self.params_)
        for name in HYPERPARAMETERS:
            self.state_[name] = float(getattr(self, name))
        self.rng_ = np.random.default_rng(self.seed)
        self.history_ = {"loss": []}
        self.best_params_ = {}

    def _prepared(self, inputs: list[Array], targets: list[Array]) -> list[Array]:
        """The arrays as `train_step` takes them."""
        if _STANDARDIZES:
            inputs = _scaled(inputs, self.mean_, self.scale_)
        if _ROLE == "classifier":
            targets = [_encoded(_codes(targets[0], self.classes_)), *targets[1:]]
        return inputs + targets

    def _train(
        self, arrays: list[Array], after_epoch: Callable[[Self], object] | None
    ) -> Self:
        """Epoch after epoch, until all are done or patience has run out."""
        if _BATCHED:
            arrays, held_out = _split(arrays, self.validation, self.seed)
        losses = self.history_["loss"]

        def shown() -> dict[str, float]:
            if _ROLE is None:
                return {}
            else:
                part = held_out or [a[:_CHUNK] for a in arrays]
                scores = self._scores(part[: len(_INPUTS)])
                return _measures(scores, part[len(_INPUTS)])

        try:
            while self._has_patience() and len(losses) < self.epochs:
                loss_before = self._epoch(arrays)
                if _BATCHED and held_out:
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
    def _epoch(self, arrays: list[Array]) -> float:
        """One pass over the data, samples in a new order; the mean loss met."""
        if _BATCHED:
            count = len(arrays[0])
            order = self.rng_.permutation(count)
            total = 0.0
            for start in range(0, count, self.batch_size):
                rows = order[start : start + self.batch_size]
                batch = [array[rows] for array in arrays]
                value = train_step(self.params_, self.state_, *batch, rng=self.rng_)
                total += _amount(batch) * value
            return self._finite(total / _amount(arrays))
        else:
            value = train_step(self.params_, self.state_, *arrays, rng=self.rng_)
            return self._finite(value)

    def _finite(self, value: float) -> float:
        """The loss as a float, or the end of a training that has diverged."""
        if not np.isfinite(value):
            epoch = len(self.history_["loss"]) + 1
            message = f"the loss became {value} in epoch {epoch}"
            if "learning_rate" in HYPERPARAMETERS:
                message += f": try a smaller learning_rate than {self.learning_rate}"
            raise FloatingPointError(message)
        return float(value)

    def _has_patience(self) -> bool:
        """Whether to go on; on the way, the parameters of the best epoch are kept."""
        losses = self.history_.get("validation_loss", self.history_["loss"])
        if self.patience is None or not losses:
            return True
        since_best = len(losses) - 1 - losses.index(min(losses))
        if since_best == 0:
            self.best_params_ = {k: v.copy() for k, v in self.params_.items()}
        return since_best < self.patience

    if _ROLE == "classifier":

        def predict(self, x: Any) -> Any:
            """The most probable label of each sample."""
            output = self._output(x)  # refuses a model that isn't fitted
            return self.classes_[_picked(output)]
    else:

        def predict(self, x: Any) -> Any:
            """What the model makes of each sample, or of its parameters alone."""
            if _READS_TARGET:
                raise ValueError(
                    "the output reads the target, so there is nothing to predict it "
                    "from: call forward(model.params_, ...) with the target"
                )
            return self._output(x).reshape(-1) if _ONE_OUTPUT else self._output(x)

    if _PROBABILITIES:

        def predict_proba(self, x: Any) -> Any:
            """The probabilities of the labels, in the order of `classes_`."""
            scores = self._output(x)
            if _KIND == "binary" and _LABEL_SHAPE == ():
                second = scores.reshape(-1)
                return np.stack([1 - second, second], axis=1)
            else:
                return scores

    def _output(self, x: Any) -> Any:
        """What the model makes of the inputs."""
        self._check_fitted()
        inputs = self._inputs(x)
        if _STANDARDIZES:
            inputs = _scaled(inputs, self.mean_, self.scale_)
        return self._scores(inputs)

    def _scores(self, inputs: list[Array]) -> Any:
        """The same of inputs that are scaled already."""
        if _IN_CHUNKS:
            parts = []
            for start in range(0, len(inputs[0]), _CHUNK):
                chunk = [array[start : start + _CHUNK] for array in inputs]
                parts.append(_SCORES(self.params_, *chunk))
            return np.concatenate(parts)
        else:
            return _SCORES(self.params_, *inputs)

    if _ROLE == "classifier":

        def score(self, x: Any, t: Any, sample_weight: Any = None) -> float:
            """The accuracy: the share of labels that `predict` gets right."""
            predicted = self.predict(x)
            _, targets = self._checked(x, t, sample_weight)
            codes = _codes(targets[0], self.classes_)  # refuses a label never met
            weights = targets[1] if _WEIGHTED else np.ones(len(codes))
            return _accuracy(codes, predicted == targets[0], weights)
    elif _ROLE == "regressor":

        def score(self, x: Any, t: Any, sample_weight: Any = None) -> float:
            """R squared: 1 is perfect, 0 as good as the mean; outputs count alike."""
            predicted = self.predict(x)
            _, targets = self._checked(x, t, sample_weight)
            target = targets[0].reshape(len(predicted), -1)
            weights = targets[1] if _WEIGHTED else np.ones(len(target))
            return _r_squared(target, predicted.reshape(target.shape), weights)
    else:

        def score(self, x: Any, t: Any, sample_weight: Any = None) -> float:
            """Minus the loss, so that more is better."""
            return -self.mean_loss(x, t, sample_weight)

    def mean_loss(self, x: Any, t: Any, sample_weight: Any = None) -> float:
        """The loss on these data, in mini-batches as in training."""
        self._check_fitted()
        return self._mean_loss(self._prepared(*self._checked(x, t, sample_weight)))

    @np.errstate(all="ignore")
    def _mean_loss(self, arrays: list[Array]) -> float:
        """The mean over mini-batches, each by what its samples count."""
        if _BATCHED:
            total = 0.0
            for start in range(0, len(arrays[0]), self.batch_size):
                batch = [array[start : start + self.batch_size] for array in arrays]
                total += _amount(batch) * loss(self.params_, *batch)
            return float(total / _amount(arrays))
        else:
            return float(loss(self.params_, *arrays))

    def save(self, path: str) -> None:
        """Write the settings and all that was learned to one .npz file."""
        self._check_fitted()
        learned = {k: v for k, v in vars(self).items() if k.endswith("_")}
        learned["rng_"] = self.rng_.bit_generator.state
        _save(path, self.get_params(), learned)

    @classmethod
    def load(cls, path: str) -> Self:
        """The model that `save` wrote to `path`, once the whole file is in order."""
        model = cls()
        settings, learned = _read_saved(path, model.get_params())
        vars(model).update(settings, **learned)
        return model

    def _check_fitted(self) -> None:
        """Refuse what needs parameters before there are any."""
        if not hasattr(self, "params_"):
            raise ValueError("this Model isn't fitted yet: call fit or load first")

    def _inputs(self, x: Any) -> list[Array]:
        """The inputs as arrays, the columns of a table in the order of training."""
        if _FROM_TABLE and hasattr(self, "feature_names_in_"):
            x = _in_order(x, self.feature_names_in_)
        return _arrays(x, _INPUTS) if _INPUTS else []

    def _checked(
        self, x: Any, t: Any, sample_weight: Any = None
    ) -> tuple[list[Array], list[Array]]:
        """The inputs, and the targets with their weights, once all is in order."""
        _check_settings(self.get_params())
        inputs = self._inputs(x)
        if _ROLE == "classifier":
            targets = [_labels(t)]
        elif _TARGETS:
            targets = _arrays(t, _TARGETS)
        else:
            targets = []
        if _BATCHED and _INPUTS and _TARGETS and len(inputs[0]) != len(targets[0]):
            raise ValueError(f"x has {len(inputs[0])} samples, t has {len(targets[0])}")
        if _WEIGHTED:
            targets.append(_weights(sample_weight, len(inputs[0])))
        return inputs, targets
