"""Activations beside PyTorch's: random numbers at several ranks, and the kinks themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.figures.case import Case, layer

Function = Callable[..., Any]
FLAT, PLAIN, DEEP = (), (5,), (2, 4)


def _draw(kinks: tuple[float, ...]) -> Callable[..., np.ndarray]:
    """Numbers on both sides of 0, or each kink with what lies beside it."""
    beside = [k + d for k in kinks for d in (-0.25, 0.0, 0.25)]

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return np.resize(beside, shape) if kinks else rng.normal(scale=3.0, size=shape)

    return draw


def use(
    name: str,
    function: Function,
    shape: tuple[int, ...] = PLAIN,
    kinks: tuple[float, ...] = (),
    **attributes: Any,
) -> Case:
    """One use of the activation that the case's name begins with."""
    kind = name.split(maxsplit=1)[0]

    def reference(torch: Any, x: Any, t: Any, **parameters: Any) -> Any:
        return (t * function(torch.nn.functional, x, *parameters.values())).sum()

    return Case(name, (kind,), layer(kind, shape, **attributes), reference, {"x": _draw(kinks)})


def shapes(kind: str, function: Function, *of: tuple[int, ...], **attributes: Any) -> list[Case]:
    """The same at several ranks, the batch counted."""
    said = "".join(f", {k} {v}" for k, v in attributes.items())
    of = of or (FLAT, PLAIN, DEEP)
    return [use(f"{kind} of rank {len(s) + 1}{said}", function, s, **attributes) for s in of]


def _gate(f: Any, x: Any, function: Callable[[Any], Any]) -> Any:
    first, second = x.chunk(2, dim=-1)
    return first * function(second)


def _rrelu(f: Any, x: Any) -> Any:
    return f.rrelu(x, training=False)


def _hard_sigmoid(f: Any, x: Any) -> Any:
    return f.relu6(x + 3) / 6  # the derivative of f.hardsigmoid has its 1/6 in single precision


SMOOTH = (
    *shapes("sigmoid", lambda f, x: x.sigmoid()),
    *shapes("log_sigmoid", lambda f, x: f.logsigmoid(x)),
    *shapes("tanh", lambda f, x: x.tanh()),
    *shapes("tanhshrink", lambda f, x: f.tanhshrink(x)),
    *shapes("softsign", lambda f, x: f.softsign(x)),
    *shapes("softplus", lambda f, x: f.softplus(x, threshold=1e9)),
    *shapes("gelu", lambda f, x: f.gelu(x)),
    *shapes("gelu", lambda f, x: f.gelu(x, approximate="tanh"), DEEP, approximate="tanh"),
    *shapes("silu", lambda f, x: f.silu(x)),
    *shapes("mish", lambda f, x: f.mish(x)),
    *shapes("sine", lambda f, x: x.sin()),
    *shapes("sine", lambda f, x: (30 * x).sin(), PLAIN, omega=30),
    *shapes("gaussian", lambda f, x: (-(x**2)).exp()),
)
PIECES = (
    *shapes("relu", lambda f, x: f.relu(x)),
    *shapes("relu6", lambda f, x: f.relu6(x)),
    *shapes("leaky_relu", lambda f, x: f.leaky_relu(x)),
    *shapes("leaky_relu", lambda f, x: f.leaky_relu(x, 0.3), PLAIN, negative_slope=0.3),
    *shapes("prelu", lambda f, x, a: f.prelu(x, a)),
    *shapes("prelu", lambda f, x, a: f.prelu(x, a), (3,), (3, 2, 2), num_parameters=3),
    *shapes("rrelu", _rrelu),
    *shapes("rrelu", lambda f, x: f.rrelu(x, 0.2, 0.7), PLAIN, lower=0.2, upper=0.7),
    *shapes("elu", lambda f, x: f.elu(x)),
    *shapes("elu", lambda f, x: f.elu(x, 0.4), PLAIN, alpha=0.4),
    *shapes("selu", lambda f, x: f.selu(x)),
    *shapes("celu", lambda f, x: f.celu(x)),
    *shapes("celu", lambda f, x: f.celu(x, 2.5), PLAIN, alpha=2.5),
    *shapes("hard_sigmoid", _hard_sigmoid),
    *shapes("hard_tanh", lambda f, x: f.hardtanh(x)),
    *shapes("hard_tanh", lambda f, x: f.hardtanh(x, -0.5, 2.0), DEEP, min_val=-0.5, max_val=2),
    *shapes("hard_swish", lambda f, x: f.hardswish(x)),
    *shapes("softshrink", lambda f, x: f.softshrink(x)),
    *shapes("softshrink", lambda f, x: f.softshrink(x, 1.25), PLAIN, lambd=1.25),
    *shapes("hardshrink", lambda f, x: f.hardshrink(x)),
    *shapes("hardshrink", lambda f, x: f.hardshrink(x, 1.25), PLAIN, lambd=1.25),
    *shapes("threshold", lambda f, x: f.threshold(x, 1.0, -2.0), threshold=1, value=-2),
)
KINKS = (
    use("relu at 0", lambda f, x: f.relu(x), kinks=(0,)),
    use("relu6 at its kinks", lambda f, x: f.relu6(x), kinks=(0, 6)),
    use("leaky_relu at 0", lambda f, x: f.leaky_relu(x), kinks=(0,)),
    use("prelu at 0", lambda f, x, a: f.prelu(x, a), kinks=(0,)),
    use("rrelu at 0", _rrelu, kinks=(0,)),
    use("elu at 0", lambda f, x: f.elu(x, 0.4), kinks=(0,), alpha=0.4),
    use("selu at 0", lambda f, x: f.selu(x), kinks=(0,)),
    use("celu at 0", lambda f, x: f.celu(x, 0.5), kinks=(0,), alpha=0.5),
    use("softsign at 0", lambda f, x: f.softsign(x), kinks=(0,)),
    use("hard_sigmoid at its kinks", _hard_sigmoid, kinks=(-3, 3)),
    use("hard_tanh at its kinks", lambda f, x: f.hardtanh(x), kinks=(-1, 1)),
    use("hard_swish at its kinks", lambda f, x: f.hardswish(x), kinks=(-3, 3)),
    use("softshrink at its kinks", lambda f, x: f.softshrink(x), kinks=(-0.5, 0.5)),
    use("hardshrink at its kinks", lambda f, x: f.hardshrink(x), kinks=(-0.5, 0.5)),
    use(
        "threshold at its kink",
        lambda f, x: f.threshold(x, 1.0, -2.0),
        kinks=(1,),
        threshold=1,
        value=-2,
    ),
)
EVEN = ((4,), (2, 6), (3, 2, 2))
AXIS = (
    *shapes("softmax", lambda f, x: f.softmax(x, dim=-1), PLAIN, DEEP),
    *shapes("log_softmax", lambda f, x: f.log_softmax(x, dim=-1), PLAIN, DEEP),
    *shapes("softmin", lambda f, x: f.softmin(x, dim=-1), PLAIN, DEEP),
    *shapes("glu", lambda f, x: f.glu(x, dim=-1), *EVEN),
    *shapes("swiglu", lambda f, x: _gate(f, x, f.silu), *EVEN),
    *shapes("geglu", lambda f, x: _gate(f, x, f.gelu), *EVEN),
    *shapes(
        "geglu",
        lambda f, x: _gate(f, x, lambda s: f.gelu(s, approximate="tanh")),
        (4,),
        approximate="tanh",
    ),
)

CASES = (*SMOOTH, *PIECES, *KINKS, *AXIS)
