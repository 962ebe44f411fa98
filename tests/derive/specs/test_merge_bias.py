"""`y = f(w x + b)` and `y = f(w~ x~)` with `w~ = [w, w_b]`, `x~ = [x, 1]`: one net in two forms."""

from pathlib import Path

import numpy as np
import pytest

import codegen
from derive.calculus.differentiate import differentiate
from derive.language.printer import equation_text
from derive.specs.load import load

GENERATED = Path(__file__).parents[3] / "generated"
STEPS = 200
SAME = {"rtol": 1e-12, "atol": 1e-12}


def module_of(name, **overrides):
    spec = load(GENERATED / name / f"{name}.toml", **overrides)
    return codegen.load_module(codegen.emit(differentiate(spec)))


def merged(params):
    """The weights with each bias as a last column."""
    return {
        f"W{k}": np.concatenate([params[f"W{k}"], params[f"b{k}"][:, None]], axis=1) for k in (1, 2)
    }


def data(batch):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(batch, 2))
    return x, (x.sum(axis=1, keepdims=True) > 0).astype(float)


def test_the_two_specs_differ_in_the_bias_alone():
    apart, within = (load(GENERATED / n / f"{n}.toml") for n in ("gender", "gender_merged"))
    assert [t.name for t in apart.having("parameter")] == ["W1", "b1", "W2", "b2"]
    assert [t.name for t in within.having("parameter")] == ["W1", "W2"]
    assert load(GENERATED / "gender" / "gender.toml", merge_bias=True).equations == within.equations


def test_the_derivation_has_the_augmented_form():
    derivation = differentiate(load(GENERATED / "gender_merged" / "gender_merged.toml"))
    forward = [equation_text(e) for e in derivation.forward]
    assert forward[0] == "xa1[n,j] = where(j < 2, x[n,j], 1)"
    assert forward[1] == "z1[n,i] = sum(j, W1[i,j]*xa1[n,j])"
    assert equation_text(derivation.gradient("W1")) == "dW1[i,j] = sum(n, dz1[n,i]*xa1[n,j])"


@pytest.mark.parametrize("batch", [1, 7, 32])
def test_they_train_identically(batch):
    apart, within = module_of("gender"), module_of("gender_merged")
    params = apart.init_params(seed=5)
    rng = np.random.default_rng(11)
    for k in (1, 2):
        params[f"b{k}"] = rng.normal(size=params[f"b{k}"].shape)
    joint = merged(params)
    states = apart.init_state(params), within.init_state(joint)
    x, t = data(batch)
    for _ in range(STEPS):
        before = apart.train_step(params, states[0], x, t)
        np.testing.assert_allclose(within.train_step(joint, states[1], x, t), before, **SAME)
    for name, wanted in merged(params).items():
        np.testing.assert_allclose(joint[name], wanted, **SAME)
    np.testing.assert_allclose(within.forward(joint, x), apart.forward(params, x), **SAME)


def test_they_begin_alike():
    """The bias counts in no fan, and begins at 0 in both forms."""
    apart, within = module_of("gender").init_params(2), module_of("gender_merged").init_params(2)
    for name, wanted in merged(apart).items():
        np.testing.assert_array_equal(within[name], wanted)


def test_the_estimators_train_identically():
    apart, within = module_of("gender"), module_of("gender_merged")
    x, t = data(60)
    models = [m.Model(epochs=20, seed=4).fit(x, t[:, 0].astype(int)) for m in (apart, within)]
    np.testing.assert_allclose(models[0].history_["loss"], models[1].history_["loss"], **SAME)
    np.testing.assert_allclose(models[0].predict_proba(x), models[1].predict_proba(x), **SAME)
