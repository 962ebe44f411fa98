"""Modules of small models: mathematics that was written by hand, and the estimator below it."""

from pathlib import Path
from types import ModuleType

from codegen.module.model_facts import Argument, Estimator, Labels
from codegen.python_module.emitted_source import helper_text
from codegen.python_module.estimator import facts_of, imports, render_estimator, whole_source
from tests.codegen.targets.estimator.stub_mathematics import (
    CENTRE,
    FACTORS,
    HEAD,
    LINEAR,
    LOGISTIC,
    MEAN,
    PAIR,
    PARABOLA,
    SIGMOID,
    SOFTMAX,
    TAIL,
    TWO_INPUTS,
)

RATES = (("learning_rate", 0.5), ("momentum", 0.5))
X, T = (Argument("x", (2,)),), Argument("t", (1,))


def _estimator(name: str, **facts: object) -> Estimator:
    return Estimator(name, hyperparameters=RATES, **facts)  # type: ignore[arg-type]


MODELS: dict[str, tuple[str, Estimator]] = {
    "sigmoid": (
        SIGMOID,
        _estimator(
            "sigmoid",
            inputs=X,
            targets=(T,),
            labels=Labels("binary", probabilities="forward"),
            output_shape=(1,),
        ),
    ),
    "softmax": (
        SOFTMAX,
        _estimator(
            "softmax",
            inputs=X,
            targets=(Argument("t", (3,)),),
            labels=Labels("one_hot", classes=3, probabilities="probabilities"),
            output_shape=(3,),
        ),
    ),
    "classes": (
        SOFTMAX,
        _estimator(
            "classes",
            inputs=X,
            targets=(Argument("t", (), integer=True),),
            labels=Labels("classes", classes=3, probabilities="probabilities"),
            output_shape=(3,),
        ),
    ),
    "tagger": (
        SOFTMAX,
        _estimator(
            "tagger",
            inputs=(Argument("x", ("T", 2)),),
            targets=(Argument("t", ("T",), integer=True),),
            labels=Labels("classes", classes=3, probabilities="probabilities"),
            output_shape=("T", 3),
        ),
    ),
    "regression": (
        LINEAR.replace("OUT", "1"),
        _estimator("regression", inputs=X, targets=(T,), output_shape=(1,)),
    ),
    "plane": (
        LINEAR.replace("OUT", "2"),
        _estimator("plane", inputs=X, targets=(Argument("t", (2,)),), output_shape=(2,)),
    ),
    "centre": (CENTRE, _estimator("centre", inputs=X, output_shape=(2,))),
    "parabola": (PARABOLA, _estimator("parabola", has_batch=False)),
    "factors": (
        FACTORS,
        _estimator(
            "factors",
            inputs=(Argument("mask", (4, 3)),),
            targets=(Argument("r", (4, 3)),),
            has_batch=False,
        ),
    ),
    "two": (
        TWO_INPUTS,
        _estimator(
            "two",
            inputs=(Argument("word", (), integer=True), Argument("x", (2,))),
            targets=(T,),
            output_shape=(1,),
        ),
    ),
    "labels": (
        LOGISTIC,
        _estimator(
            "labels",
            inputs=X,
            targets=(Argument("t", (2,)),),
            labels=Labels("binary", probabilities="probabilities"),
            output_shape=(2,),
        ),
    ),
    "pair": (
        PAIR,
        _estimator(
            "pair",
            inputs=X,
            targets=(Argument("s", ()), Argument("t", (2,))),
            output_shape=(),
        ),
    ),
    "mean": (MEAN, _estimator("mean", targets=(Argument("t", (2,)),))),
}


def above(name: str, dtype: str = "float64") -> str:
    """Imports and mathematics."""
    maths, estimator = MODELS[name]
    lines = "".join(f"import {module}\n" for module in imports())
    head = HEAD.format(name=name, dtype=dtype)
    kinds = {"_integers" if a.integer else "_array" for a in estimator.data}
    helpers = "\n\n\n".join(helper_text({*kinds, "_array"} if kinds else ()))
    return f"{lines}\nimport numpy as np\n{head}\n\n{helpers}\n{maths}{TAIL}\n\n"


def source(name: str, dtype: str = "float64") -> str:
    """The whole module: imports, mathematics, estimator."""
    return above(name, dtype) + render_estimator(MODELS[name][1])


def module(name: str, dtype: str = "float64") -> ModuleType:
    """The module, loaded."""
    return loaded(name, source(name, dtype))


def whole_module(name: str) -> ModuleType:
    """The same with the estimator's source as it stands, every branch in it."""
    facts = facts_of(MODELS[name][1])
    lines = [f"{fact} = {value!r}" for fact, value in facts.items() if fact != "_SCORES"]
    lines.append(f"_SCORES = {facts['_SCORES']}")
    text = "from __future__ import annotations\n" + above(name) + "\n".join(lines)
    return loaded(name, f"{text}\n\n\n{whole_source()}")


def loaded(name: str, text: str) -> ModuleType:
    loaded = ModuleType(name)
    exec(compile(text, f"{name}.py", "exec"), vars(loaded))
    return loaded


def write(name: str, folder: Path) -> Path:
    """The module as a file that can be run."""
    path = folder / f"{name}.py"
    path.write_text(source(name))
    return path
