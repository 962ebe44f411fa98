"""What the estimator of every model does: it learns, repeats itself, is saved, is resumed."""

import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from codegen.python_module.estimator import imports, render_estimator
from tests.codegen.targets.estimator import stubs
from tests.codegen.targets.estimator.training_data import DATA, GOOD, fitted, same, settings

pytestmark = pytest.mark.sampled


@pytest.fixture(params=sorted(stubs.MODELS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


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


def test_resumed_training_ends_as_if_never_interrupted(name: str, tmp_path: Any) -> None:
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
