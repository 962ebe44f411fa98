"""The input of a search for a slip, and its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from derive.ir.notation import Equation, Expr, Read
from derive.ir.tree import replace_reads
from derive.semantics.interpreter import Interpreter, Place

KINDS = (
    "sign",
    "factor",
    "power",
    "transpose",
    "index",
    "missing sum",
    "extra sum",
    "missing derivative",
    "wrong argument",
    "wrong value",
    "missing term",
    "extra term",
)
VAGUE = ("wrong value", "index", "missing term", "extra term", "power")  # a chance may look so


@dataclass(frozen=True)
class Slip:
    """A mistake by its name, one of `KINDS`, and what it is here, in a clause.

    `together` says that it explains the formula only together with the others.
    """

    kind: str
    detail: str
    together: bool = False


@dataclass(frozen=True)
class Point:
    """Numbers at which a formula and the derivation differ.

    `right` has the right value of every known tensor; `written` gives what the formula says for a
    place of the tensor. `equation` is the formula over this point's extents; it reads known
    tensors by the derivation's names, and the writer's own by those of `own`.
    """

    right: Interpreter
    written: Callable[[Place], Any]
    equation: Equation | None = None
    own: tuple[Equation, ...] = ()


OWN = "own "  # before the writer's own names here, which the engine may have given, too


def apart(point: Point) -> Point:
    """The same point with names of the writer's own that no tensor of the model has."""
    names = {e.tensor: f"{OWN}{e.tensor}" for e in point.own}
    if point.equation is None or not names:
        return point
    own = tuple(replace(_called(e, names), tensor=names[e.tensor]) for e in point.own)
    return replace(point, equation=_called(point.equation, names), own=own)


def _called(equation: Equation, names: Mapping[str, str]) -> Equation:
    def new(read: Read) -> Expr:
        return Read(names.get(read.tensor, read.tensor), read.subscripts)

    terms = tuple(replace(t, body=replace_reads(t.body, new)) for t in equation.terms)
    return replace(equation, terms=terms)
