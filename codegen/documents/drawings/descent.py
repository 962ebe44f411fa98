r"""Gradient descent on a parabola: $E = (w-1)^2/2$, its tangents, and the steps along $w$.

The derivative is the engine's, and so are the places: each step is $w \leftarrow w - \eta\,dE/dw$.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from codegen.documents.drawings.marks import Dot, Drawing, Label, Line, Mark, framed
from derive.calculus.differentiate import differentiate
from derive.semantics.interpreter import evaluate
from derive.specs.parse import parse

_OBJECTIVE = "E = (w - 1)**2/2"
_START, _RATE, _STEPS = -1.6, 0.45, 3
_FROM, _TO, _POINTS = -1.95, 3.95, 48

# em by w and by E, and how far below the axis the steps are
_ACROSS, _UP = 5.0, 3.6
_TANGENT, _BELOW, _APART = 0.75, 1.1, 1.0


def descent() -> Drawing:
    """The drawing."""
    derivation = differentiate(parse(_OBJECTIVE, parameters=["w"], objective="E"))
    equations = (*derivation.forward, *derivation.backward)

    def at(w: float) -> tuple[float, float]:
        """E and its derivative."""
        result = evaluate(equations, derivation.table, {"w": w})
        return float(result["E"]), float(result[derivation.adjoint["w"]])

    places = [_START]
    for _ in range(_STEPS):
        places.append(places[-1] - _RATE * at(places[-1])[1])
    grid = [_FROM + k * (_TO - _FROM) / _POINTS for k in range(_POINTS + 1)]
    marks = [
        *_axes(at(_FROM)[0]),
        Line(tuple(_place(w, at(w)[0]) for w in grid), arrow=False, kind="curve"),
        *(mark for w in places[:-1] for mark in _tangent(w, *at(w))),
        *_points([(w, at(w)[0]) for w in places]),
        *_steps(places),
    ]
    steps = ", ".join(f"w_{k} = {w:.3g}" for k, w in enumerate(places))
    return framed(marks, f"E = (w − 1)²/2, w ← w − η·dE/dw: {steps}, …", "descent")


def _place(w: float, height: float) -> tuple[float, float]:
    return w * _ACROSS, -height * _UP


def _axes(height: float) -> Iterator[Mark]:
    left, right = _FROM * _ACROSS, _TO * _ACROSS
    yield Line(((left, 0.0), (right, 0.0)))
    yield Label(right + 0.7, 0.0, "w")
    yield Line(((left, 0.0), (left, -height * _UP)))
    yield Label(left, -height * _UP - 0.8, "E")


def _tangent(w: float, height: float, slope: float) -> Iterator[Mark]:
    """A piece of the tangent, as long for every slope."""
    half = _TANGENT / (1.0 + slope * slope * (_UP / _ACROSS) ** 2) ** 0.5
    ends = (w - half, height - half * slope), (w + half, height + half * slope)
    yield Line(tuple(_place(*end) for end in ends), arrow=False, kind="objective")


def _points(points: list[tuple[float, float]]) -> Iterator[Mark]:
    for k, (w, height) in enumerate(points):
        x, y = _place(w, height)
        yield Line(
            ((x, y), (x, _BELOW + _APART * min(k, len(points) - 2))),
            arrow=False,
            dashed=True,
            kind="weight",
        )
        yield Dot(x, y, "objective")
        yield Label(x + 0.5, y - 0.75, f"w_{{{k}}}", anchor="start", small=True)


def _steps(places: list[float]) -> Iterator[Mark]:
    """Each step below the axis, with what it is."""
    for k, (w, after) in enumerate(pairwise(places)):
        y = _BELOW + _APART * k
        yield Line(((w * _ACROSS, y), (after * _ACROSS, y)), kind="objective")
        if k == 0:
            x = (w + after) / 2 * _ACROSS
            yield Label(x, y + 0.75, r"-\eta\,\frac{dE}{dw}", small=True)
