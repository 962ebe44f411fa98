"""What the functions of an emitted module take: shapes and whole numbers are checked."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import codegen
from codegen.demo.showcase import specs
from derive import differentiate, load, parse
from derive.ir.derivation import Derivation

RNG = np.random.default_rng(3)
LONGEST_LINE = 88
LONG = "a_name_that_its_author_never_had_to_type_twice"


def net(loss: str = "mse", units: int = 1, **more: Any) -> Derivation:
    return differentiate(
        load(
            {
                "name": "net",
                "inputs": {"x": [2]},
                "layers": [{"type": "dense", "units": units, **more}],
                "loss": {"type": loss},
            }
        )
    )


def classes() -> Derivation:
    spec = {
        "name": "digits",
        "inputs": {"x": [2]},
        "layers": [{"type": "dense", "units": 3}],
        "loss": {"type": "softmax_cross_entropy", "targets": "classes"},
    }
    return differentiate(load(spec))


def sequences() -> Derivation:
    """Run-time extents of two axes, and one that only the targets have."""
    text = """
    y[n,t] = sum(j, x[n,t,j]*w[j])
    E = mean(n, sum(t, (y[n,t] - g[n,t])**2)) + mean(q, s[q]**2)*mean(n, mean(t, y[n,t]))
    """
    roles = {"parameters": ["w"], "inputs": ["x"], "targets": ["g", "s"]}
    return differentiate(parse(text, **roles, objective="E", output="y", batch="n", sizes={"j": 2}))


def graph() -> Derivation:
    """One run-time extent twice in one argument, and an integer input."""
    text = """
    y[a] = sum(b, A[a,b]*v[k[b]])
    E = sum(a, (y[a] - r[a])**2)
    """
    roles: dict[str, Any] = {"parameters": ["v"], "inputs": ["A", "k"], "targets": ["r"]}
    sizes = {"v.0": 5}
    made = parse(text, **roles, integers=["k"], objective="E", batch=["a", "b"], sizes=sizes)
    return differentiate(made)


def module_of(derivation: Derivation, dtype: str = "float64") -> ModuleType:
    return codegen.load_module(codegen.emit(derivation, dtype=dtype))


def calls(module: ModuleType) -> dict[str, Any]:
    """The functions that take inputs and targets."""

    def step(params: Any, *data: Any) -> float:
        return float(module.train_step(params, module.init_state(params), *data))

    return {"loss": module.loss, "gradients": module.gradients, "train_step": step}


X, T = RNG.standard_normal((20, 2)), RNG.standard_normal((20, 1))
WRONG: dict[str, tuple[Derivation, tuple[Any, ...], str]] = {
    "a target without its axis": (net(), (X, T[:, 0]), "t has shape (20,), not (20, 1)"),
    "a target of one sample": (net(), (X, T[:1]), "t has shape (1, 1), not (20, 1)"),
    "targets of another batch": (net(), (X, T[:5]), "t has shape (5, 1), not (20, 1)"),
    "a number as the target": (net(), (X, 1.0), "t has shape (), not (20, 1)"),
    "too many outputs": (net(), (X, X), "t has shape (20, 2), not (20, 1)"),
    "a feature too many": (net(), (np.ones((4, 3)), T), "x has shape (4, 3), not (N, 2)"),
    "one sample without batch": (net(), (X[0], T), "x has shape (2,), not (N, 2)"),
    "a list": (net(), (X.tolist(), T[:, 0].tolist()), "t has shape (20,), not (20, 1)"),
    "classes as a column": (classes(), (X, [[1]] * 20), "t has shape (20, 1), not (20,)"),
    "classes one-hot": (classes(), (X, np.eye(3)[[0] * 20]), "t has shape (20, 3), not (20,)"),
    "a part of a class": (classes(), (X[:2], [1.7, 1]), "t must hold whole numbers"),
    "no class": (classes(), (X[:2], [np.nan, 1]), "t must hold whole numbers"),
    "an endless class": (classes(), (X[:2], [np.inf, 1]), "t must hold whole numbers"),
    "classes in words": (classes(), (X[:2], ["1", "2"]), "t must hold whole numbers"),
    "another length": (
        sequences(),
        (X.reshape(4, 5, 2), np.ones((4, 6)), np.ones(3)),
        "g has shape (4, 6), not (4, 5)",
    ),
    "an extent that targets bring": (
        sequences(),
        (X.reshape(4, 5, 2), np.ones((4, 5)), np.ones((3, 1))),
        "s has shape (3, 1), not (Q,)",
    ),
    "no square": (
        graph(),
        (np.ones((3, 4)), [0, 1, 2], np.ones(3)),
        "A has shape (3, 4), not (a_size, a_size)",
    ),
    "a subscript too few": (
        graph(),
        (np.ones((3, 3)), [0, 1], np.ones(3)),
        "k has shape (2,), not (3,)",
    ),
    "a broken subscript": (
        graph(),
        (np.ones((3, 3)), [0, 1, 2.5], np.ones(3)),
        "k must hold whole numbers",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_argument_is_named(case: str) -> None:
    derivation, data, message = WRONG[case]
    module = module_of(derivation)
    params = module.init_params()
    before = {name: array.copy() for name, array in params.items()}
    for function in calls(module).values():
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            function(params, *data)
    assert all(np.array_equal(params[name], before[name]) for name in before)


def test_forward_checks_its_inputs() -> None:
    for derivation in (net(), classes()):
        module = module_of(derivation)
        for given in (X[0], X[:, :1], 1.0, X[None]):
            with pytest.raises(ValueError, match=r"x has shape \(.*\), not \(N, 2\)"):
                module.forward(module.init_params(), given)
    with pytest.raises(ValueError, match=r"x has shape \(2,\), not \(N, 2\)"):
        module.probabilities(module.init_params(), X[0])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_what_fits_passes_as_lists_and_as_whole_floats(dtype: str) -> None:
    module = module_of(classes(), dtype)
    params = module.init_params()
    t = np.arange(20) % 3
    wanted, gradient = module.gradients(params, X, t)
    for x, labels in (
        (X.tolist(), t.tolist()),
        (X, t.astype(float)),
        (X, t.astype(np.uint8)),
        (X, t.astype(object)),
        (X, t.astype(np.int16)),
    ):
        found, slopes = module.gradients(params, x, labels, inputs=True)
        assert found == wanted == module.loss(params, x, labels)
        assert all(np.array_equal(slopes[name], gradient[name]) for name in gradient)
        assert slopes["x"].dtype == np.dtype(dtype)
    assert module.loss(params, X, t > 0) == module.loss(params, X, (t > 0).astype(int))


def test_run_time_extents_are_read_once_and_agree() -> None:
    module = module_of(sequences())
    params = module.init_params()
    for n, length, q in ((4, 5, 3), (1, 1, 1), (2, 7, 5)):
        x, g, s = np.ones((n, length, 2)), np.zeros((n, length)), np.ones(q)
        assert np.isfinite(module.gradients(params, x, g, s)[0])
    module = module_of(graph())
    assert module.forward(module.init_params(), np.eye(3), [4, 0, 0], np.ones(3)) > 0


# ---- the width of the text -----------------------------------------------------------------------


def long_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if len(line) > LONGEST_LINE]


@pytest.mark.parametrize("spec", specs(), ids=lambda p: p.stem)
def test_no_line_of_the_showcase_is_long(spec: Path) -> None:
    assert long_lines(spec.with_suffix(".py").read_text(encoding="utf-8")) == []


WIDE: dict[str, dict[str, Any]] = {
    "inputs": {
        "inputs": {f"{LONG}_{k}": [k + 2] for k in range(3)},
        "layers": [
            {"type": "concat", "inputs": [f"{LONG}_{k}" for k in range(3)]},
            {"type": "dense", "units": 1024, "name": "hidden"},
            {"type": "dropout", "p": 0.25},
            {"type": "dense", "units": 1},
        ],
        "loss": {"type": "mse"},
        "optimizer": {"type": "sgd", "learning_rate": 0.0123, "weight_decay": 1e-05},
    },
    "bias": {
        "inputs": {"x": [1000]},
        "layers": [{"type": "dense", "units": 1000, "merge_bias": True}] * 2,
        "loss": {"type": "softmax_cross_entropy", "targets": "classes"},
    },
    "example": {
        "inputs": {"x": [12]},
        "layers": [{"type": "dense", "units": 9}],
        "loss": {"type": "mse"},
        "example": {"W1": RNG.standard_normal((9, 12)).tolist(), "b1": [0.125] * 9},
    },
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", WIDE)
def test_no_line_is_long_whatever_the_names_and_sizes(case: str, dtype: str) -> None:
    source = codegen.emit(differentiate(load({"name": "wide", **WIDE[case]})), dtype=dtype)
    assert long_lines(source) == []
    module = codegen.load_module(source)
    assert {n: a.shape for n, a in module.init_params().items()} == module.PARAMETERS
