"""Labels of any kind, one-hot rows, several targets, classes that are named ahead."""

from typing import Any

import numpy as np
import pytest

from tests.codegen.targets.estimator import stubs
from tests.codegen.targets.estimator.training_data import (
    KIND,
    PLANE,
    PRICE,
    SEX,
    X,
    fitted,
    fitted_on,
    same,
    settings,
)

pytestmark = pytest.mark.sampled


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (SEX, ["F", "M"]),
        (SEX.astype(object), ["F", "M"]),
        (SEX == "M", [False, True]),
        ((SEX == "M").astype(int), [0, 1]),
        ((SEX == "M")[:, None] + 5, [5, 6]),
        (np.where(SEX == "M", 2.5, -1), [-1, 2.5]),
        ((SEX == "M").astype(float).tolist(), [0, 1]),
    ],
)
def test_labels_of_any_kind(labels: Any, classes: list[object], tmp_path: Any) -> None:
    model = fitted_on(stubs.module("sigmoid"), X, labels)
    assert model.classes_.tolist() == classes
    assert model.score(X, labels) > 0.9
    assert model.predict(X).shape == (60,)
    assert set(model.predict(X).tolist()) == set(classes)
    both = model.predict_proba(X)
    assert both.shape == (60, 2)
    assert np.allclose(both.sum(axis=1), 1)
    assert np.array_equal(model.predict(X), model.classes_[both.argmax(axis=1)])
    model.save(tmp_path / "m.npz")
    again = type(model).load(tmp_path / "m.npz")
    assert again.predict(X).dtype == model.predict(X).dtype


def test_one_hot_rows_as_labels_and_classes_that_never_occur() -> None:
    module = stubs.module("softmax")
    places = np.digitize(X[:, 0], [-0.5, 0.5])
    labels, rows = fitted_on(module, X, places), fitted_on(module, X, np.eye(3)[places])
    assert same(labels.params_, rows.params_)
    assert fitted_on(module, X, np.minimum(places, 1)).classes_.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="3 classes apart, t has 2 labels"):
        fitted_on(module, X, SEX)
    with pytest.raises(ValueError, match=r"t has shape \(60, 3\), not \(samples,\)"):
        fitted_on(module, X, X[:, :1] + [1, 2, 3])


def test_one_hot_and_class_targets_train_alike() -> None:
    a, b = fitted("softmax"), fitted("classes")
    assert same(a.params_, b.params_)
    assert a.classes_.tolist() == ["a", "b", "c"]


def test_labels_for_each_step_of_a_sequence() -> None:
    model = fitted("tagger", standardize=True)
    assert model.mean_["x"].shape == (1, 2)
    assert model.predict(X.reshape(12, 5, 2)).shape == (12, 5)
    assert model.predict_proba(X.reshape(6, 10, 2)).shape == (6, 10, 3)


def test_several_labels_for_each_sample() -> None:
    model = fitted("labels")
    assert model.predict_proba(X).shape == (60, 2)
    assert np.array_equal(model.predict(X) == "yes", model.predict_proba(X) >= 0.5)


def test_several_targets() -> None:
    pair, table = fitted("pair"), np.column_stack([PRICE, PLANE])
    assert same(pair.params_, stubs.module("pair").Model(**settings("pair")).fit(X, table).params_)
    with pytest.raises(ValueError, match="s has 60 samples, t has 3"):
        pair.fit(X, (PRICE, PLANE[:3]))
    assert np.allclose(fitted("mean", batch_size=60).predict(), X.mean(axis=0) + 3)


def test_partial_fit_learns_classes_ahead() -> None:
    model = stubs.module("classes").Model(learning_rate=0.2)
    for start in range(0, 60, 5):
        rows = slice(start, start + 5)
        model.partial_fit(X[rows], KIND[rows], classes=np.array(["b", "a", "c"], dtype=object))
    assert model.classes_.tolist() == ["a", "b", "c"]
    assert model.classes_.dtype.kind == "U"
    assert len(model.history_["loss"]) == 12
    with pytest.raises(ValueError, match="unknown label: 'd'"):
        model.partial_fit(X[:1], ["d"])
