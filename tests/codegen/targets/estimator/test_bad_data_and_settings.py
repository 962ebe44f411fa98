"""Settings, and what `fit` refuses: bad data, bad settings, a loss that diverges."""

import re
from typing import Any

import numpy as np
import pytest

from tests.codegen.targets.estimator import stubs
from tests.codegen.targets.estimator.training_data import DATA, PRICE, RATINGS, SEX, WORD, X

pytestmark = pytest.mark.sampled


# ---- every model ---------------------------------------------------------------------------------


def test_parameters_of_the_constructor() -> None:
    model = stubs.module("sigmoid").Model(epochs=5)
    expected = {
        "epochs": 5,
        "batch_size": 32,
        "learning_rate": 0.5,
        "momentum": 0.5,
        "validation": 0.0,
        "patience": None,
        "standardize": True,
        "seed": 0,
        "verbose": False,
    }
    assert model.get_params() == expected
    assert model.set_params(seed=4) is model
    assert repr(model).startswith("Model(epochs=5, batch_size=32, ")
    with pytest.raises(ValueError, match="no setting 'rate'"):
        model.set_params(rate=1)
    with pytest.raises(ValueError, match="isn't fitted"):
        model.predict(X)
    assert "batch_size" not in stubs.module("factors").Model().get_params()
    assert "validation" not in stubs.module("parabola").Model().get_params()


# ---- what can't be -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "t", "message"),
    [
        (X[:, :1], SEX, r"x has shape \(60, 1\), not \(samples, 2\)"),
        (X[0], SEX, r"x has shape \(2,\)|x has 1 samples"),
        (X, SEX[:5], "x has 60 samples, t has 5"),
        (X[:0], SEX[:0], "x is empty"),
        (np.where(X > 2, np.nan, X), SEX, r"x holds NaN or infinity, first at \("),
        (np.where(X > 2, np.inf, X), SEX, "x holds NaN or infinity"),
        ([*X.astype(str).tolist()[:2], ["a", "b"]], SEX, "x must hold numbers"),
        ([[1, 2], [3]], SEX[:2], "x must hold numbers: its rows have from 1 to 2 entries"),
        ([[1, 2], 3], SEX[:2], "x must hold numbers: its rows have from 0 to 2 entries"),
        (X, None, "t: a label is missing"),
        (X, [None, *SEX[1:]], "t: a label is missing"),
        (X, [np.nan] * 60, "t: a label is missing"),
        (X, np.array(["F", np.nan] * 30, dtype=object), "t: a label is missing"),
        (X, np.arange(60) % 3, "2 classes apart, t has 3 labels"),
        (X, ["F"] * 60, "2 classes apart, t has 1 label$"),
        (X, np.ones((60, 2)), r"t has shape \(60, 2\)"),
        (3.0, SEX, r"x has shape \(\)"),
    ],
)
def test_bad_data_of_a_classifier(x: Any, t: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        stubs.module("sigmoid").Model(epochs=1).fit(x, t)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("x", "t", "message"),
    [
        ((WORD + 0.5, X), PRICE, "word must hold whole numbers"),
        ((WORD, X[:7]), PRICE, "word has 60 samples, x has 7"),
        ((WORD, X, X), PRICE, "3 arrays for word, x"),
        (X, PRICE, r"a table of 3 columns, got shape \(60, 2\)"),
        ((WORD, X), PRICE[:4], "x has 60 samples, t has 4"),
        ((WORD, X), PRICE * np.nan, "t holds NaN"),
        ((WORD, X), SEX, "t must hold numbers"),
    ],
)
def test_bad_data_of_two_inputs(x: Any, t: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        stubs.module("two").Model(epochs=1).fit(x, t)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"batch_size": 0}, "batch_size=0 is not a whole number from 1 up"),
        ({"batch_size": 2.5}, "batch_size=2.5 is not a whole number from 1 up"),
        ({"batch_size": True}, "batch_size=True is not a whole number from 1 up"),
        ({"epochs": -1}, "epochs=-1 is not a whole number from 0 up"),
        ({"epochs": 1.5}, "epochs=1.5 is not a whole number from 0 up"),
        ({"epochs": "3"}, "epochs='3' is not a whole number from 0 up"),
        ({"epochs": None}, "epochs=None is not a whole number from 0 up"),
        ({"learning_rate": -1}, "learning_rate=-1 is not a finite number from 0 up"),
        ({"learning_rate": np.nan}, "learning_rate=nan is not a finite number from 0 up"),
        ({"learning_rate": np.inf}, "learning_rate=inf is not a finite number from 0 up"),
        ({"learning_rate": "1"}, "learning_rate='1' is not a finite number from 0 up"),
        ({"momentum": -0.5}, "momentum=-0.5 is not a finite number from 0 up"),
        ({"validation": 1.0}, "validation=1.0 is not a finite number from 0 to less than 1"),
        ({"validation": -0.1}, "validation=-0.1 is not a finite number from 0 to less than 1"),
        ({"patience": 0}, "patience=0 is not a whole number from 1 up"),
        ({"patience": 1.5}, "patience=1.5 is not a whole number from 1 up"),
        ({"seed": -1}, "seed=-1 is not a whole number from 0 up"),
        ({"seed": None}, "seed=None is not a whole number from 0 up"),
    ],
)
def test_bad_settings_are_refused_by_fit_only(wrong: dict[str, Any], message: str) -> None:
    model = stubs.module("sigmoid").Model(**wrong)
    for train in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            train(X, SEX)
    assert not hasattr(model, "params_")


def test_settings_may_be_numpy_scalars_and_epochs_zero() -> None:
    model = stubs.module("sigmoid").Model(
        epochs=np.int64(2),
        batch_size=np.int32(7),
        learning_rate=np.float32(0.5),
        validation=np.float64(0.2),
        patience=np.int8(3),
        seed=np.uint8(4),
    )
    assert len(model.fit(X, SEX).history_["loss"]) == 2
    assert model.set_params(epochs=0, learning_rate=0).fit(X, SEX).history_ == {"loss": []}


def test_shape_of_a_model_without_batch() -> None:
    with pytest.raises(ValueError, match=r"mask has shape \(3, 4\), not \(4, 3\)"):
        stubs.module("factors").Model().fit(np.ones((3, 4)), RATINGS)


@pytest.mark.parametrize("name", ["regression", "parabola", "factors"])
def test_divergence_names_the_learning_rate(name: str) -> None:
    model = stubs.module(name).Model(epochs=3000, learning_rate=1e6)
    message = r"the loss became (inf|nan) in epoch \d+: try a smaller learning_rate than 1000000.0"
    with pytest.raises(FloatingPointError, match=message):  # and no warning, an error in tests
        model.fit(*DATA[name])
