"""Training: mini-batches, validation, patience, standardized features, progress."""

import numpy as np
import pytest

from tests.codegen.targets.estimator import stubs
from tests.codegen.targets.estimator.training_data import (
    PRICE,
    SEX,
    WORD,
    X,
    fitted,
    fitted_on,
    settings,
)

pytestmark = pytest.mark.sampled


def test_last_batch_is_smaller_and_all_samples_count_alike() -> None:
    module = stubs.module("regression")
    sizes: list[int] = []
    step = module.train_step
    vars(module)["train_step"] = lambda p, s, x, t, rng=None: (
        sizes.append(len(x)),
        step(p, s, x, t, rng=rng),
    )[1]
    module.Model(epochs=2, batch_size=25, learning_rate=0.0).fit(X, PRICE)
    assert sizes == [25, 25, 10] * 2
    model = module.Model(epochs=1, batch_size=25, learning_rate=0.0).fit(X, PRICE)
    assert model.history_["loss"][0] == pytest.approx(0.5 * (PRICE**2).mean())
    assert model.mean_loss(X, PRICE) == pytest.approx(0.5 * (PRICE**2).mean())


@pytest.mark.parametrize(("count", "batch_size"), [(1, 32), (1, 1), (5, 100), (60, 1)])
def test_any_number_of_samples(count: int, batch_size: int) -> None:
    model = stubs.module("regression").Model(epochs=3, batch_size=batch_size, learning_rate=0.01)
    model.fit(X[:count], PRICE[:count])
    assert model.predict(X).shape == (60,)


def test_validation_holds_samples_out() -> None:
    model = fitted("regression", validation=0.3, standardize=True, epochs=5)
    assert len(model.history_["validation_loss"]) == 5
    order = np.random.default_rng([0, 1]).permutation(60)
    assert np.allclose(model.mean_["x"], X[order[18:]].mean(axis=0))
    with pytest.raises(ValueError, match="leaves nothing to train on"):
        stubs.module("regression").Model(validation=0.3).fit(X[:1], PRICE[:1])


def test_patience_keeps_the_best_parameters() -> None:
    model = fitted("sigmoid", validation=0.3, patience=2, learning_rate=20.0, epochs=500)
    checks = model.history_["validation_loss"]
    best = checks.index(min(checks))
    assert len(checks) == best + 3 < 500
    order = np.random.default_rng([0, 1]).permutation(60)
    assert model.mean_loss(X[order[:18]], SEX[order[:18]]) == checks[best]


def test_standardizing() -> None:
    x = np.column_stack([1e6 + 1e3 * X[:, 0], np.full(60, 0.1)])
    model = fitted_on(stubs.module("regression"), x, PRICE, standardize=True)
    scaled = (x - model.mean_["x"]) / model.scale_["x"]
    assert np.allclose(scaled.mean(axis=0), 0, atol=1e-9)
    assert scaled[:, 0].std() == pytest.approx(1)
    assert np.allclose(scaled[:, 1], 0)


def test_predictions_in_chunks_equal_predictions_at_once() -> None:
    model = fitted("plane")
    many = np.tile(X, (50, 1))
    assert np.allclose(model.predict(many), np.tile(model.predict(X), (50, 1)))


def test_a_table_is_shared_out_among_inputs() -> None:
    table = np.column_stack([WORD, X])
    model = stubs.module("two").Model(**settings("two")).fit(table, PRICE)
    assert np.array_equal(model.predict(table), model.predict((WORD, X)))
    assert model.n_features_in_ == 3


def test_the_parabola_has_no_data() -> None:
    model = fitted("parabola")
    assert model.params_["x"] == pytest.approx(3)
    assert model.predict() == pytest.approx(0)
    assert model.score() == -model.mean_loss()


def test_progress(capsys: pytest.CaptureFixture[str]) -> None:
    fitted("regression", verbose=True, validation=0.2)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("epoch 1/60  loss ")
    assert "  validation loss " in lines[-1]
    assert 8 <= len(lines) <= 12
