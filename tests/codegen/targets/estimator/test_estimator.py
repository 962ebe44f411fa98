"""The estimator of an emitted module, over mathematics that was written by hand."""

import errno
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from codegen.module.model_facts import Argument, Estimator
from codegen.targets.numpy.estimator import imports, render_estimator, source
from codegen.templating import environment, render
from tests.codegen.targets.estimator import stubs

pytestmark = pytest.mark.sampled

RNG = np.random.default_rng(7)
X = RNG.standard_normal((60, 2))
SEX = np.where(X[:, 0] + X[:, 1] > 0, "M", "F")
KIND = np.array(["c", "a", "b"])[np.digitize(X[:, 0], [-0.5, 0.5])]
WORD = RNG.integers(0, 4, 60)
PRICE = X @ [2.0, -3.0] + 1
PLANE = np.stack([PRICE, 5 - PRICE], axis=1)
TAGS = np.array(["low", "mid", "top"])[np.digitize(X.reshape(12, 5, 2)[..., 0], [-0.5, 0.5])]
RATINGS = np.outer([1.0, 2, 3, 4], [1.0, 0.5, 2])

DATA: dict[str, tuple[Any, ...]] = {
    "sigmoid": (X, SEX),
    "softmax": (X, KIND),
    "classes": (X, KIND),
    "tagger": (X.reshape(12, 5, 2), TAGS),
    "regression": (X, PRICE),
    "plane": (X, PLANE),
    "centre": (X + 3,),
    "parabola": (),
    "factors": (np.ones((4, 3)), RATINGS),
    "two": ((WORD, X), WORD + PRICE),
    "labels": (X, np.where(X > 0.3, "yes", "no")),
    "pair": (X, (PRICE, PLANE)),
    "mean": (X + 3,),
}
GOOD = {"sigmoid": 0.9, "softmax": 0.85, "classes": 0.85, "tagger": 0.85, "labels": 0.9}
RATE = {"factors": 0.01, "sigmoid": 3.0}


@pytest.fixture(params=sorted(stubs.MODELS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def settings(name: str) -> dict[str, Any]:
    return {"epochs": 60, "learning_rate": RATE.get(name, 0.2)}


def fitted(name: str, **more: Any) -> Any:
    return stubs.module(name).Model(**{**settings(name), **more}).fit(*DATA[name])


def same(a: Any, b: Any) -> bool:
    assert a.keys() == b.keys()
    return all(np.array_equal(a[k], b[k]) and a[k].dtype == b[k].dtype for k in a)


# ---- every model ---------------------------------------------------------------------------------


def test_training_helps(name: str) -> None:
    model = fitted(name)
    losses = model.history_["loss"]
    assert len(losses) == 60
    assert losses[-1] < 0.8 * losses[0]
    assert model.score(*DATA[name]) >= GOOD.get(
        name, 0.99 if name in ("regression", "two") else -60
    )


def test_same_seed_same_bytes(name: str, tmp_path: Any) -> None:
    for file, seed in (("a", 3), ("b", 3), ("c", 4)):
        fitted(name, seed=seed, epochs=3).save(tmp_path / file)
    a, b, c = ((tmp_path / file).read_bytes() for file in "abc")
    assert a == b
    assert a != c


def test_save_and_load(name: str, tmp_path: Any) -> None:
    model = fitted(name, patience=50)
    model.save(tmp_path / "model.npz")
    twin = type(model).load(tmp_path / "model.npz")
    assert twin.get_params() == model.get_params()
    assert same(twin.params_, model.params_)
    assert twin.history_ == model.history_
    assert list(vars(twin)) == list(vars(model))
    x = DATA[name][:1] if stubs.MODELS[name][1].inputs else ()
    assert np.array_equal(twin.predict(*x), model.predict(*x))
    twin.partial_fit(*DATA[name])
    model.partial_fit(*DATA[name])
    assert same(twin.params_, model.params_)
    assert list(tmp_path.iterdir()) == [tmp_path / "model.npz"]


def test_interrupted_training_goes_on_as_if_nothing_had_been(name: str, tmp_path: Any) -> None:
    path = tmp_path / "model.npz"

    def stop(model: Any) -> None:
        if len(model.history_["loss"]) == 7:
            model.save(path)
            raise KeyboardInterrupt

    more = {"epochs": 20, "patience": 15}
    if stubs.MODELS[name][1].has_batch:
        more["validation"] = 0.25  # type: ignore[assignment]
    whole = fitted(name, **more)
    model = stubs.module(name).Model(**{**settings(name), **more})
    with pytest.raises(KeyboardInterrupt):
        model.fit(*DATA[name], after_epoch=stop)
    resumed = type(model).load(path).resume(*DATA[name])
    resumed.save(path)
    whole.save(tmp_path / "whole.npz")
    assert path.read_bytes() == (tmp_path / "whole.npz").read_bytes()


def test_text_is_laid_out_and_sound(name: str, tmp_path: Any) -> None:
    estimator = stubs.MODELS[name][1]
    text = render_estimator(estimator)
    assert max(map(len, text.splitlines())) <= 88
    path = tmp_path / "lower.py"
    path.write_text(text)
    tool = [sys.executable, "-m", "ruff"]
    width = ["--isolated", "--line-length=88"]
    subprocess.run([*tool, "format", "--check", *width, path], check=True)
    path.write_text(stubs.source(name))
    subprocess.run([*tool, "check", "--select=E,F,W", *width, path], check=True)
    for module in imports():
        assert re.search(rf"\b{module}\.", text)


def test_float32_stays_float32(name: str) -> None:
    model = stubs.module(name, "float32").Model(epochs=2, learning_rate=np.float64(0.01))
    model.fit(*DATA[name])
    assert {array.dtype for array in model.params_.values()} == {np.dtype(np.float32)}
    x = DATA[name][:1] if stubs.MODELS[name][1].inputs else ()
    output = model.predict_proba(*x) if hasattr(model, "predict_proba") else model.predict(*x)
    assert output.dtype == np.float32
    assert model.score(*DATA[name]) <= 1


def test_standardized_float32(tmp_path: Any) -> None:
    model = stubs.module("two", "float32").Model(epochs=2, standardize=True).fit(*DATA["two"])
    assert model.mean_.keys() == {"x"}
    assert model.mean_["x"].dtype == model.params_["w"].dtype == np.float32
    model.save(tmp_path / "m")
    with pytest.raises(ValueError, match=r"float32\(4, 1\)"):
        stubs.module("two").Model.load(tmp_path / "m")


def test_parameters_of_the_constructor() -> None:
    model = stubs.module("sigmoid").Model(epochs=5)
    expected = {
        "epochs": 5,
        "batch_size": 32,
        "learning_rate": 0.5,
        "momentum": 0.5,
        "validation": 0.0,
        "patience": None,
        "standardize": False,
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


# ---- labels --------------------------------------------------------------------------------------


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


def fitted_on(module: ModuleType, x: Any, t: Any, **more: Any) -> Any:
    return module.Model(
        **{"epochs": 60, "learning_rate": 3.0 if module.NAME == "sigmoid" else 0.3, **more}
    ).fit(x, t)


def test_rows_that_are_one_hot_and_classes_left_out() -> None:
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
        ([[1, 2], [3]], SEX[:2], "x must hold numbers"),
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


def test_settings_may_be_numbers_of_numpy_and_nothing_at_all() -> None:
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


# ---- mini-batches, validation, patience ----------------------------------------------------------


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


# ---- files ---------------------------------------------------------------------------------------


def test_files_that_hold_no_such_model(tmp_path: Any) -> None:
    Model = stubs.module("sigmoid").Model
    path = tmp_path / "m.npz"
    fitted("softmax").save(path)
    with pytest.raises(ValueError, match="no model of sigmoid: it holds the model softmax"):
        Model.load(path)
    whole = path.read_bytes()
    np.save(tmp_path / "one.npy", X)
    array = (tmp_path / "one.npy").read_bytes()
    for content in (b"", b"junk", whole[: len(whole) // 2], pickle.dumps([1]), array):
        path.write_bytes(content)
        refused(Model, path, "is not an .npz file of arrays")
    np.savez(path, about=np.array({"name": "sigmoid"}, dtype=object))
    refused(Model, path, "is not an .npz file of arrays")
    np.savez(path, x=X)
    refused(Model, path, "holds no model of sigmoid: there is no 'about'")
    np.savez(path, about="{}")
    refused(Model, path, "holds no model of sigmoid: there is no 'name'")
    np.savez(path, about="sigmoid")
    refused(Model, path, "holds no model of sigmoid: its text 'about' is not JSON")
    with pytest.raises(FileNotFoundError):
        Model.load(tmp_path / "none.npz")


def refused(Model: Any, path: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path} {message}')}$"):
        Model.load(path)


def test_what_cant_be_written_leaves_nothing_behind(tmp_path: Any) -> None:
    model = fitted("sigmoid", epochs=1)
    folder = tmp_path / "folder"
    folder.mkdir()
    for path, reason in (
        (folder, "it is a folder"),
        (f"{folder}/", "it is a folder"),
        (tmp_path / "none" / "m.npz", f"there is no folder {tmp_path / 'none'}"),
    ):
        message = re.escape(f"{path} can't be written: {reason}")
        with pytest.raises(ValueError, match=f"^{message}$"):
            model.save(path)
    with pytest.raises(ValueError, match=r" \.\.\. .*can't be written: File name too long$"):
        model.save(tmp_path / ("long" * 100))
    assert list(tmp_path.rglob("*")) == [folder]


def test_a_disk_that_is_full_keeps_the_file_before(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.npz"
    model = fitted("sigmoid", epochs=1)
    model.save(path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ValueError, match=r"m\.npz can't be written: No space left on device"):
        model.set_params(epochs=2).save(path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_no_pickle_inside(tmp_path: Any) -> None:
    path = tmp_path / "m.npz"
    fitted("softmax", epochs=np.int64(2)).save(path)
    with np.load(path, allow_pickle=False) as file:
        kinds = {name: file[name].dtype.kind for name in file.files}
    assert kinds["about"] == kinds["classes_"] == "U"
    assert kinds["params_/W"] == kinds["state_/velocity/W"] == "f"


# ---- scikit-learn --------------------------------------------------------------------------------


@pytest.mark.filterwarnings("default")
def test_scikit_learn_takes_it_for_its_own(tmp_path: Any) -> None:
    from sklearn.base import clone, is_classifier, is_regressor
    from sklearn.metrics import r2_score
    from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = stubs.module("sigmoid").Model(epochs=30, learning_rate=3.0)
    twin = clone(model)
    assert twin is not model
    assert twin.get_params() == model.get_params()
    assert is_classifier(model)
    for measure in ("accuracy", "roc_auc", "neg_log_loss", None):
        assert np.isfinite(cross_val_score(model, X, SEX, scoring=measure, cv=3)).all()
    assert cross_val_predict(model, X, SEX, method="predict_proba").shape == (60, 2)
    pipeline = make_pipeline(StandardScaler(), model).fit(X, SEX)
    assert pipeline.score(X, SEX) > 0.8
    grid = {"model__learning_rate": np.logspace(-4, 0, 3), "model__epochs": np.array([5, 30])}
    pipeline.steps[-1] = ("model", model)
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, SEX)
    assert search.best_params_["model__learning_rate"] > 1e-4
    assert search.predict(X).shape == (60,)
    search.best_estimator_[-1].save(tmp_path / "best.npz")
    assert type(model).load(tmp_path / "best.npz").epochs == search.best_params_["model__epochs"]
    three = stubs.module("softmax").Model(epochs=30)
    assert cross_val_score(three, X, KIND, scoring="roc_auc_ovr").mean() > 0.8

    for name in ("regression", "plane"):
        line = stubs.module(name).Model(epochs=30, learning_rate=0.1)
        assert is_regressor(line)
        assert cross_val_score(line, X, DATA[name][1]).mean() > 0.9
        line.fit(*DATA[name])
        assert line.score(*DATA[name]) == pytest.approx(r2_score(DATA[name][1], line.predict(X)))
    centre = stubs.module("centre").Model(epochs=5)
    assert not is_classifier(centre)
    assert np.isfinite(cross_val_score(centre, X)).all()
    assert pickle.loads(pickle.dumps(clone(centre).get_params())) == centre.get_params()


def test_scikit_learn_is_not_imported() -> None:
    code = f"{stubs.source('sigmoid').split('if __name__')[0]}\nprint(sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "sklearn" not in loaded.stdout
    assert "pickle" not in stubs.source("sigmoid").replace("allow_pickle=False", "")


# ---- the Python side -----------------------------------------------------------------------------


def test_what_no_module_could_be() -> None:
    with pytest.raises(ValueError, match="a batch of what"):
        Estimator("empty")
    with pytest.raises(ValueError, match="a classifier has a batch, inputs and one target"):
        Estimator("odd", inputs=(Argument("x", (2,)),), kind="classes")
    for name in ("epochs", "lambda", "two words"):
        with pytest.raises(ValueError, match="no hyper-parameter can be called"):
            Estimator("odd", has_batch=False, hyperparameters=((name, 0.1),))


def test_no_hyperparameters_and_other_names() -> None:
    for rates in ((), (("rate", 0.1), ("beta", 0.9))):
        text = render_estimator(Estimator("plain", has_batch=False, hyperparameters=rates))
        compile(text, "plain.py", "exec")
        assert "try a smaller" not in text


TENSORS = [
    (),
    (Argument("a", (2,)),),
    (Argument("a", ("T", 3), integer=True),),
    (Argument("a", ()), Argument("b", (1, 4, 4)), Argument("c", (7,), integer=True)),
    tuple(Argument(f"a_rather_long_name_for_tensor_{k}", (k,)) for k in range(1, 5)),
]


@pytest.mark.parametrize("inputs", TENSORS)
@pytest.mark.parametrize("targets", TENSORS)
def test_every_kind_of_model_is_laid_out(
    inputs: tuple[Argument, ...], targets: tuple[Argument, ...], tmp_path: Any
) -> None:
    cases = [Estimator("plain", inputs, targets, has_batch=False)]
    if inputs or targets:
        cases += [
            Estimator("batched", inputs, targets, output_shape=shape) for shape in (None, (), (2,))
        ]
    if inputs:
        cases.append(Estimator("weighted", inputs, targets, output_shape=(2,), weighted=True))
    if inputs and len(targets) == 1:
        cases += [
            Estimator(
                "labels",
                inputs,
                targets,
                kind=kind,
                probabilities=function,
                classes=3,
                weighted=function is None,
            )
            for kind in ("binary", "signs", "one_hot", "classes")
            for function in (None, "forward", "probabilities")
        ]
    above = ("init_params", "init_state", "forward", "loss", "train_step", "probabilities")
    above = (*above, "_array", "_integers", "HYPERPARAMETERS")
    for k, case in enumerate(cases):
        lines = [f"import {module}" for module in imports()]
        lines += ["import numpy as np", "", "NAME = DTYPE = None"]
        lines += [f"{name} = None" for name in above]
        text = "\n".join(lines) + "\n\n\n" + render_estimator(case)
        (tmp_path / f"model{k}.py").write_text(text)
    tool = [sys.executable, "-m", "ruff"]
    width = ["--isolated", "--line-length=88"]
    subprocess.run([*tool, "check", "--select=E,F,W", *width, tmp_path], check=True)
    subprocess.run([*tool, "format", "--diff", *width, tmp_path], check=True)


def test_rendering_is_strict() -> None:
    from jinja2 import UndefinedError

    assert environment() is environment()
    with pytest.raises(ValueError, match=r"fragment.tex.j2 has no use for colour, size"):
        render("fragment.tex.j2", size=1, colour=2)
    with pytest.raises(UndefinedError):
        render("fragment.tex.j2")


# ---- the source as a whole -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sigmoid", "softmax", "tagger", "two", "pair", "factors"])
def test_the_source_does_the_same_before_branches_are_taken_out(name: str, tmp_path: Any) -> None:
    """The facts decide when the module is written, or when it runs: it makes no difference."""
    more = {**settings(name), "epochs": 5, "patience": 4}
    if stubs.MODELS[name][1].has_batch:
        more |= {"standardize": True, "validation": 0.2}
    for k, module in enumerate((stubs.module(name), stubs.whole_module(name))):
        model = module.Model(**more).fit(*DATA[name])
        model.partial_fit(*DATA[name])
        model.save(tmp_path / f"{k}.npz")
        np.save(
            tmp_path / f"{k}.npy", module.Model.load(tmp_path / f"{k}.npz").predict(DATA[name][0])
        )
        np.save(tmp_path / f"{k}-score.npy", model.score(*DATA[name]))
    for ending in (".npz", ".npy", "-score.npy"):
        assert (tmp_path / f"0{ending}").read_bytes() == (tmp_path / f"1{ending}").read_bytes()


def test_parts_are_short() -> None:
    folder = Path(source.__file__).parent
    sizes = {path.name: len(path.read_text().splitlines()) for path in folder.glob("*.py")}
    assert len(sizes) == 9
    assert max(sizes.values()) <= 400, sizes
