"""The Python that formulas are written in: which operators, which modules, and what is refused."""

from __future__ import annotations

import ast
import math
from fractions import Fraction
from typing import Any

from derive.errors import shorten
from derive.language import python_operators
from derive.language.python_tree import nests_beyond, python_s_message, python_tree
from derive.language.syntax import Place, Refused

DEEPEST = 80
LONGEST = 100_000

BINARY: dict[type[ast.operator], str] = {
    **{op: sign for op, sign in python_operators.BINARY.items() if sign not in ("//", "%")},
    ast.BitAnd: "and",
    ast.BitOr: "or",
}
_REFUSED: dict[type[ast.AST], str] = {
    ast.BitXor: "'^' is no power; write '**'",
    ast.FloorDiv: "'//' isn't known between arrays",
    ast.Mod: "'%' isn't known between arrays",
    ast.Lambda: "a lambda isn't known; write a function of its own, or the value",
    ast.IfExp: "'if' isn't known; write where(condition, value, other)",
    ast.ListComp: "a comprehension isn't known; write it with whole arrays",
    ast.GeneratorExp: "a comprehension isn't known; write it with whole arrays",
    ast.DictComp: "a comprehension isn't known; write it with whole arrays",
    ast.List: "a list isn't known; give the array a name",
    ast.Dict: "a dictionary isn't a value here",
    ast.Tuple: "several values at once aren't known here; write one",
    ast.Starred: "'*' before a value isn't known",
    ast.NamedExpr: "':=' isn't known; write an assignment of its own",
    ast.Await: "'await' isn't known",
    ast.JoinedStr: "text isn't known here",
}
HOMES = (
    "np",
    "numpy",
    "np.linalg",
    "numpy.linalg",
    "linalg",
    "special",
    "scipy.special",
    "math",
    "la",
)


def parsed(text: str, name: str) -> ast.Module:
    """The syntax tree of a text. Raises `Refused`, with a cure where one is near."""
    if len(text) > LONGEST:
        raise Refused(Place(name, 1, 1), f"the text has more than {LONGEST} characters; shorten it")
    if nests_beyond(text, DEEPEST):
        raise Refused(Place(name, 1, 1), "this is nested too deeply; split it with names")
    try:
        return python_tree(text)
    except SyntaxError as error:
        line, column = error.lineno or 1, error.offset or 1
        shown = (text.splitlines() or [""])[min(line, len(text.splitlines()) or 1) - 1]
        cure = "; a transpose is '.T'" if "'" in shown else ""
        message = python_s_message(error)
        raise Refused(Place(name, line, max(column, 1)), f"{shorten(message)}{cure}") from None
    except (ValueError, MemoryError, RecursionError):
        raise Refused(
            Place(name, 1, 1), "this is too long or nested too deeply; split it with names"
        ) from None


def unknown(node: ast.AST, place: Place) -> Refused:
    """The error for a piece of Python that isn't known here, with the cure."""
    kind: Any = type(getattr(node, "op", node))
    message = _REFUSED.get(kind) or _REFUSED.get(type(node))
    return Refused(place, message or "this piece of Python isn't known; write it with whole arrays")


def decimal(value: float, place: Place) -> Fraction:
    """A finite number, decimals taken at their word."""
    if isinstance(value, int) and value.bit_length() > 1000:
        raise Refused(place, "this number is too large")
    if not math.isfinite(value):
        raise Refused(place, "this is no finite number")
    return Fraction(str(value))


def dotted(node: ast.expr) -> str:
    """`np.linalg` as text; of anything else nothing."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=of, attr=name):
            return f"{dotted(of)}.{name}"
        case _:
            return ""
