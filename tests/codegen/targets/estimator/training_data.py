"""Data for each of the stubs, and models that were trained on them."""

from types import ModuleType
from typing import Any

import numpy as np

from tests.codegen.targets.estimator import stubs

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


def settings(name: str) -> dict[str, Any]:
    result = {"epochs": 60, "learning_rate": RATE.get(name, 0.2)}
    if name == "centre":
        result["standardize"] = (
            False  # of standardised features the centre is 0, as at the beginning
        )
    return result


def fitted(name: str, **more: Any) -> Any:
    return stubs.module(name).Model(**{**settings(name), **more}).fit(*DATA[name])


def same(a: Any, b: Any) -> bool:
    assert a.keys() == b.keys()
    return all(np.array_equal(a[k], b[k]) and a[k].dtype == b[k].dtype for k in a)


def fitted_on(module: ModuleType, x: Any, t: Any, **more: Any) -> Any:
    return module.Model(
        **{"epochs": 60, "learning_rate": 3.0 if module.NAME == "sigmoid" else 0.3, **more}
    ).fit(x, t)
