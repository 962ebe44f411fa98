"""Plain gradient descent on a bare objective, and what the page about it says."""

import re
from pathlib import Path

import numpy as np
import pytest

import codegen
from derive.calculus.differentiate import differentiate
from derive.language.printer import equation_text
from derive.specs.load import load, load_text

ROOT = Path(__file__).parents[3]
SPEC = ROOT / "generated" / "descent" / "descent.toml"
PAGE = ROOT / "docs" / "gradient-descent.md"


@pytest.fixture(scope="module")
def derivation():
    return differentiate(load(SPEC))


@pytest.fixture(scope="module")
def module(derivation):
    return codegen.load_module(codegen.emit(derivation))


def walk(module, learning_rate, steps):
    params = module.init_params()
    state = module.init_state(params)
    state["learning_rate"] = learning_rate
    losses = [module.train_step(params, state) for _ in range(steps)]
    return params, [*losses, module.loss(params)]


def test_the_update_is_derived(derivation):
    assert equation_text(derivation.gradient("x")) == "dx = 2*(x - 3)"
    assert equation_text(derivation.gradient("y")) == "dy = 4*(y + 1)"
    updates = [equation_text(e) for e in derivation.updates]
    assert updates[0].startswith("next(x) = x - learning_rate*")


@pytest.mark.parametrize("rate", [0.01, 0.3, 0.52])
def test_the_module_walks_as_the_formula_says(module, rate):
    params, losses = walk(module, rate, 20)
    np.testing.assert_allclose(params["x"] - 3, -5 * (1 - 2 * rate) ** 20, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(params["y"] + 1, 3 * (1 - 4 * rate) ** 20, rtol=1e-12, atol=1e-15)
    assert (np.diff(losses[1:]) < 0).all() == (rate < 0.5)


def test_the_estimator_needs_no_data(module):
    model = module.Model(epochs=50, learning_rate=0.3).fit()
    np.testing.assert_allclose([model.params_["x"], model.params_["y"]], [3, -1], atol=1e-12)


def test_what_the_page_says(module, derivation):
    page = PAGE.read_text(encoding="utf-8")
    (spec,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert load_text(spec).equations == load(SPEC).equations
    for equation in derivation.backward:
        assert f"\n{equation_text(equation)}\n" in page
    params, small = walk(module, 0.01, 20)
    assert 0.30 < (float(params["x"]) + 2) / 5 < 0.36  # a third of its way
    assert (round(small[0]), round(small[-1])) == (43, 15)
    assert walk(module, 0.3, 20)[1][-1] < 1e-14
    assert walk(module, 0.52, 20)[1][-1] > 300
    for figure in re.findall(r"\]\((figures/.*?)\)", page):
        assert (PAGE.parent / figure).is_file()


def test_the_pictures_show_what_the_module_walked(module):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib (the extra 'pictures')")
    from codegen.demo.pictures import DESCENTS, descent_path, descent_picture

    assert [rate for _, _, rate, _ in DESCENTS] == [0.01, 0.3, 0.52]
    path = descent_path(module, 0.3, 4)
    np.testing.assert_allclose(path[:, 0], 3 - 5 * 0.4 ** np.arange(5))
    np.testing.assert_allclose(path[:, 2], walk(module, 0.3, 4)[1])
    picture = descent_picture(module, "right", 0.3, 4)
    assert picture.startswith(b"\x89PNG")
    assert picture == descent_picture(module, "right", 0.3, 4)
