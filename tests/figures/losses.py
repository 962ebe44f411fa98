"""Losses beside PyTorch's, with `reduction = "mean"` but where a loss says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tests.figures.case import RUNTIME, Case, Draw, loss

Reference = Callable[..., Any]
FLAT, PLAIN, DEEP = (), (4,), (2, 3)
N = RUNTIME["n"]


def _use(
    name: str,
    reference: Reference,
    shape: tuple[int, ...] = PLAIN,
    draws: Mapping[str, Draw] | None = None,
    **attributes: Any,
) -> Case:
    """One use of the loss that the case's name begins with: y, t and class weights by PyTorch."""
    kind = name.split(maxsplit=1)[0]

    def objective(torch: Any, x: Any, t: Any, **more: Any) -> Any:
        return reference(torch.nn.functional, x, t, **more)

    return Case(name, (kind,), loss(kind, shape, **attributes), objective, draws or {})


def _between(name: str, reference: Reference, *inputs: str, **attributes: Any) -> Case:
    """One use of a loss that reads several tensors of one shape."""
    kind = name.split(maxsplit=1)[0]
    spec = {
        "inputs": {x: [4] for x in inputs},
        "layers": [{"type": "identity", "inputs": [inputs[0]]}],
        "loss": {"type": kind, "inputs": list(inputs), **attributes},
    }
    return Case(name, (kind,), spec, lambda torch, **of: reference(torch.nn.functional, **of))


def _chances(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.05, 0.95, shape)


def _distribution(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.dirichlet(np.ones(shape[-1]), shape[:-1])


def _sure(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]


def _logarithms(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.log(_distribution(rng, shape))


def _zero_one(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(0, 2, shape).astype(float)


def _signs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return 2 * _zero_one(rng, shape) - 1


def _counts(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.poisson(3.0, shape).astype(float)


def _classes(below: int) -> Draw:
    return lambda rng, shape: rng.integers(0, below, shape)


def _some_left_out(below: int, left_out: int) -> Draw:
    """Classes, every second target one that doesn't count."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        found = rng.integers(0, below, shape)
        found.flat[::2] = left_out
        return found

    return draw


def _all(left_out: int) -> Draw:
    return lambda rng, shape: np.full(shape, left_out)


# ---- numbers -------------------------------------------------------------------------------------


def _gaussian(name: str, variance: Draw, **attributes: Any) -> Case:
    spec = {
        "inputs": {"y": [4], "variance": [4]},
        "layers": [{"type": "identity", "inputs": ["y"]}],
        "loss": {"type": "gaussian_nll", "inputs": ["y", "variance"], **attributes},
    }

    def reference(torch: Any, y: Any, variance: Any, t: Any) -> Any:
        return torch.nn.functional.gaussian_nll_loss(y, t, variance, **attributes)

    return Case(name, ("gaussian_nll",), spec, reference, {"variance": variance})


REGRESSION = (
    *(
        _use(f"squared_error {s}", lambda f, y, t: ((y - t) ** 2).sum() / 2 / N, s)
        for s in (FLAT, PLAIN, DEEP)
    ),
    *(_use(f"mse {s}", lambda f, y, t: f.mse_loss(y, t), s) for s in (FLAT, PLAIN, DEEP)),
    *(_use(f"mae {s}", lambda f, y, t: f.l1_loss(y, t), s) for s in (FLAT, PLAIN, DEEP)),
    _use("mae at 0", lambda f, y, t: f.l1_loss(y, t), draws={"x": _signs, "t": _signs}),
    *(_use(f"huber {s}", lambda f, y, t: f.huber_loss(y, t), s) for s in (FLAT, PLAIN, DEEP)),
    _use("huber delta 0.3", lambda f, y, t: f.huber_loss(y, t, delta=0.3), delta=0.3),
    _use(
        "huber at delta",
        lambda f, y, t: f.huber_loss(y, t, delta=2.0),
        draws={"x": _signs, "t": _signs},
        delta=2,
    ),
    *(_use(f"smooth_l1 {s}", lambda f, y, t: f.smooth_l1_loss(y, t), s) for s in (FLAT, DEEP)),
    _use("smooth_l1 beta 0.3", lambda f, y, t: f.smooth_l1_loss(y, t, beta=0.3), beta=0.3),
    _use("smooth_l1 beta 0", lambda f, y, t: f.smooth_l1_loss(y, t, beta=0.0), beta=0),
    *(
        _use(f"poisson_nll {s}", lambda f, y, t: f.poisson_nll_loss(y, t), s, {"t": _counts})
        for s in (FLAT, PLAIN, DEEP)
    ),
    _use(
        "poisson_nll of rates",
        lambda f, y, t: f.poisson_nll_loss(y, t, log_input=False, eps=1e-3),
        draws={"x": _chances, "t": _counts},
        log_input=False,
        eps=1e-3,
    ),
    _use(
        "poisson_nll full",
        lambda f, y, t: f.poisson_nll_loss(y, t, full=True),
        draws={"t": _counts},
        full=True,
    ),
    _gaussian("gaussian_nll", _chances),
    _gaussian("gaussian_nll full", _chances, full=True),
    _gaussian("gaussian_nll of no variance", lambda rng, s: np.zeros(s), eps=0.01),
)


# ---- classes -------------------------------------------------------------------------------------


def _last(y: Any) -> Any:
    """The classes on axis 1, where PyTorch has them."""
    return y.movedim(-1, 1)


def _focal(f: Any, y: Any, t: Any, alpha: float = 0.25, gamma: float = 2.0) -> Any:
    p = y.sigmoid()
    cost = f.binary_cross_entropy_with_logits(y, t, reduction="none")
    right = p * t + (1 - p) * (1 - t)
    return ((alpha * t + (1 - alpha) * (1 - t)) * cost * (1 - right) ** gamma).mean()


def _dice(f: Any, y: Any, t: Any, smooth: float = 1.0, power: int = 1) -> Any:
    y, t = y.reshape(N, -1), t.reshape(N, -1)
    whole = (y**power).sum(1) + (t**power).sum(1)
    return (1 - (2 * (y * t).sum(1) + smooth) / (whole + smooth)).mean()


def _entropy(
    name: str,
    draw: Draw,
    targets: str,
    shape: tuple[int, ...] = PLAIN,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    **attributes: Any,
) -> Case:
    """The mean over batch and places, or by what the targets weigh."""
    if ignore_index != -100:
        attributes["ignore_index"] = ignore_index
    if label_smoothing:
        attributes["label_smoothing"] = label_smoothing

    def reference(f: Any, y: Any, t: Any, weight: Any = None) -> Any:
        t = t if targets == "classes" else _last(t)
        options = {"ignore_index": ignore_index, "label_smoothing": label_smoothing}
        return f.cross_entropy(_last(y), t, weight, **options)

    name = f"softmax_cross_entropy {name}"
    return _use(
        name, reference, shape, {"t": draw, "weight": _chances}, targets=targets, **attributes
    )


WEIGHT = [0.5, 1, 2]
ENTROPIES = (
    _entropy("one_hot", _sure, "one_hot"),
    _entropy("of distributions, deep", _distribution, "one_hot", DEEP),
    _entropy("weight", _distribution, "one_hot", DEEP, weight=WEIGHT),
    _entropy("smoothed", _sure, "one_hot", DEEP, label_smoothing=0.1),
    _entropy("smoothed, weight", _sure, "one_hot", (3,), weight=WEIGHT, label_smoothing=0.3),
    _entropy("classes", _classes(4), "classes"),
    _entropy("classes, deep", _classes(3), "classes", DEEP),
    _entropy("classes, weight", _classes(3), "classes", (3,), weight=WEIGHT),
    _entropy("classes, weight, deep", _classes(3), "classes", DEEP, weight=WEIGHT),
    _entropy("classes, two never met", _classes(1), "classes", (3,), weight=WEIGHT),
    _entropy("classes, ignored", _some_left_out(3, 1), "classes", DEEP, ignore_index=1),
    _entropy("classes, ignored -1", _some_left_out(3, -1), "classes", DEEP, ignore_index=-1),
    _entropy(
        "classes, ignored, weight",
        _some_left_out(3, -1),
        "classes",
        DEEP,
        ignore_index=-1,
        weight=WEIGHT,
    ),
    _entropy("classes, smoothed", _classes(3), "classes", DEEP, label_smoothing=0.1),
    _entropy(
        "classes, smoothed, weight",
        _classes(3),
        "classes",
        DEEP,
        label_smoothing=0.1,
        weight=WEIGHT,
    ),
    _entropy(
        "classes, smoothed, ignored, weight",
        _some_left_out(3, 2),
        "classes",
        DEEP,
        ignore_index=2,
        label_smoothing=0.1,
        weight=WEIGHT,
    ),
    _use(
        "softmax_cross_entropy all ignored",
        lambda f, y, t: 0 * y.sum(),  # PyTorch's is 0/0
        draws={"t": _all(1)},
        targets="classes",
        ignore_index=1,
    ),
)
CLASSIFICATION = (
    *(
        _use(
            f"binary_cross_entropy {s}",
            lambda f, y, t: f.binary_cross_entropy(y, t),
            s,
            {"x": _chances, "t": _zero_one},
        )
        for s in (FLAT, PLAIN, DEEP)
    ),
    *(
        _use(
            f"binary_cross_entropy_with_logits {s}",
            lambda f, y, t: f.binary_cross_entropy_with_logits(y, t),
            s,
            {"t": _zero_one},
        )
        for s in (FLAT, PLAIN, DEEP)
    ),
    *(_use(f"focal {s}", _focal, s, {"t": _zero_one}) for s in (FLAT, PLAIN, DEEP)),
    _use(
        "focal alpha 0.7, gamma 0.5",
        lambda f, y, t: _focal(f, y, t, 0.7, 0.5),
        draws={"t": _zero_one},
        alpha=0.7,
        gamma=0.5,
    ),
    *ENTROPIES,
    *(
        _use(
            f"nll {s}",
            lambda f, y, t: f.nll_loss(_last(y), t),
            s,
            {"x": _logarithms, "t": _classes(3)},
        )
        for s in ((3,), DEEP)
    ),
    *(
        _use(
            f"nll weight {s}",
            lambda f, y, t, weight: f.nll_loss(_last(y), t, weight),
            s,
            {"x": _logarithms, "t": _classes(3), "weight": _chances},
            weight=WEIGHT,
        )
        for s in ((3,), DEEP)
    ),
    _use(
        "nll ignored",
        lambda f, y, t: f.nll_loss(_last(y), t, ignore_index=-100),
        DEEP,
        {"x": _logarithms, "t": _some_left_out(3, -100)},
        ignore_index=-100,
    ),
    *(
        _use(
            f"kl_divergence {s}",
            lambda f, y, t: f.kl_div(y, t, reduction="batchmean"),
            s,
            {"x": _logarithms, "t": _distribution},
        )
        for s in (PLAIN, DEEP)
    ),
    _use(
        "kl_divergence from what is sure",
        lambda f, y, t: f.kl_div(y, t, reduction="batchmean"),
        draws={"x": _logarithms, "t": _sure},
    ),
    _use(
        "kl_divergence log_target",
        lambda f, y, t: f.kl_div(y, t, reduction="batchmean", log_target=True),
        draws={"x": _logarithms, "t": _logarithms},
        log_target=True,
    ),
    *(
        _use(f"hinge {s}", lambda f, y, t: (1 - t * y).clamp(min=0).mean(), s, {"t": _signs})
        for s in (FLAT, PLAIN, DEEP)
    ),
    *(
        _use(
            f"squared_hinge {s}",
            lambda f, y, t: ((1 - t * y).clamp(min=0) ** 2).mean(),
            s,
            {"t": _signs},
        )
        for s in (FLAT, PLAIN, DEEP)
    ),
    _use(
        "multi_margin",
        lambda f, y, t: f.multi_margin_loss(y, t),
        draws={"t": _classes(4)},
    ),
    _use(
        "multi_margin deep",
        lambda f, y, t: f.multi_margin_loss(y.reshape(-1, 3), t.reshape(-1)),
        DEEP,
        {"t": _classes(3)},
    ),
    _use(
        "multi_margin p 2, margin 0.5",
        lambda f, y, t: f.multi_margin_loss(y, t, p=2, margin=0.5),
        draws={"t": _classes(4)},
        p=2,
        margin=0.5,
    ),
    _use(
        "multi_margin weight",
        lambda f, y, t, weight: f.multi_margin_loss(y, t, weight=weight),
        (3,),
        {"t": _classes(3), "weight": _chances},
        weight=WEIGHT,
    ),
    *(_use(f"dice {s}", _dice, s, {"x": _chances, "t": _zero_one}) for s in (FLAT, PLAIN, DEEP)),
    _use(
        "dice squared, smooth 0.1",
        lambda f, y, t: _dice(f, y, t, 0.1, 2),
        DEEP,
        {"x": _chances, "t": _zero_one},
        squared=True,
        smooth=0.1,
    ),
)


# ---- places in a space ---------------------------------------------------------------------------


def _cosine(name: str, shape: tuple[int, ...] = PLAIN, margin: float = 0.0) -> Case:
    spec = {
        "inputs": {"a": list(shape), "b": list(shape)},
        "layers": [{"type": "identity", "inputs": ["a"]}],
        "loss": {"type": "cosine_embedding", "inputs": ["a", "b"], "margin": margin},
    }

    def reference(torch: Any, a: Any, b: Any, t: Any) -> Any:
        a, b = a.reshape(-1, shape[-1]), b.reshape(-1, shape[-1])
        return torch.nn.functional.cosine_embedding_loss(a, b, t.reshape(-1), margin)

    return Case(name, ("cosine_embedding",), spec, reference, {"t": _signs})


def _info_nce(
    f: Any, query: Any, key: Any, temperature: float = 0.1, normalize: bool = True
) -> Any:
    if normalize:
        query, key = f.normalize(query, dim=-1), f.normalize(key, dim=-1)
    scores = query @ key.T / temperature
    return (scores.logsumexp(dim=1) - scores.diagonal()).mean()


EMBEDDING = (
    _cosine("cosine_embedding"),
    _cosine("cosine_embedding deep", DEEP),
    _cosine("cosine_embedding margin 0.2", margin=0.2),
    *(
        _between(
            f"triplet_margin {said}",
            lambda f, a, p, q, said=said, of=of: f.triplet_margin_loss(a, p, q, **of),
            "a",
            "p",
            "q",
            **of,
        )
        for said, of in (
            ("plain", {}),
            ("margin 0.2, swap", {"margin": 0.2, "swap": True}),
            ("p 1", {"p": 1}),
            ("p 3", {"p": 3, "eps": 1e-3}),
        )
    ),
    _between("info_nce", _info_nce, "query", "key"),
    _between(
        "info_nce as they are",
        lambda f, query, key: _info_nce(f, query, key, 0.7, False),
        "query",
        "key",
        temperature=0.7,
        normalize=False,
    ),
)

CASES = (*REGRESSION, *CLASSIFICATION, *EMBEDDING)
