"""What a name of a text that is read may hold: numbers, arrays, functions, objects, unknown things.

An array is known twice: as numbers at one point, and as an expression over the model's tensors.
Either may be missing: a loop over single entries has no expression, two arrays that don't go
together have no numbers.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from derive.arrays.nodes import Literal, Whole
from derive.language.syntax import Place, Refused

MOST_INSIDE = 20_000  # entries of lists within lists


@dataclass(frozen=True, eq=False)
class Value:
    """An array: its numbers, its expression, and which values of the text it is made of.

    `data` says that nothing of the model is in it. `counts` marks `np.arange(n)`, `classes` rows of
    targets with a single 1, which texts take for the numbers of classes.
    """

    array: np.ndarray | None
    node: Whole | None = None
    behind: frozenset[int] = frozenset()
    data: bool = False
    counts: bool = False
    classes: bool = False
    size: int = 1  # of the expression
    chain: int = 0  # how many own names stand one behind the other in it

    @property
    def shape(self) -> tuple[int, ...]:
        """How long its axes are."""
        return () if self.array is None else self.array.shape


@dataclass(frozen=True, eq=False)
class Number:
    """A number that no array decides; without a node it belongs to these sizes alone."""

    value: int | float
    node: Whole | None = None


@dataclass(frozen=True, eq=False)
class Broken:
    """A value that can't be read, and why."""

    why: Refused


@dataclass(frozen=True, eq=False)
class Unknown:
    """What a text is given and never makes, such as `cache`; its parts are known by their names."""

    name: str
    why: str = ""  # what is told where its value is needed
    parts: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Module:
    """`np`, `np.linalg`, or one of their functions."""

    path: str


@dataclass(frozen=True, eq=False)
class Function:
    """A function of the text's own, with the frames that it sees."""

    node: ast.FunctionDef | ast.Lambda
    seen: tuple[dict[str, Any], ...] = ()
    bound: object = None  # self

    @property
    def name(self) -> str:
        """Its name; of a lambda the word."""
        return self.node.name if isinstance(self.node, ast.FunctionDef) else "lambda"


@dataclass(frozen=True, eq=False)
class Method:
    """A method of an array or of a container: `x.sum`, `grads.get`."""

    of: Any
    name: str


@dataclass(frozen=True, eq=False)
class Class:
    """A class of the text's own."""

    node: ast.ClassDef
    bases: tuple[Class, ...]
    members: dict[str, Any]

    def member(self, name: str) -> Any:
        """What the class or one of its bases says of a name; None where none does."""
        if name in self.members:
            return self.members[name]
        result = (b.member(name) for b in self.bases)
        return next((f for f in result if f is not None), None)


@dataclass(frozen=True, eq=False)
class Instance:
    """An object of a class of the text's own."""

    of: Class
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Parent:
    """`super()`."""

    of: Instance


def literal(value: bool | float, place: Place) -> Number:
    """A number as it is written."""
    if isinstance(value, int) and value.bit_length() > 1000:
        raise Refused(place, "this number is too large")
    finite = math.isfinite(value)
    return Number(value, Literal(Fraction(str(value)), place=place) if finite else None)


def is_small(value: Any) -> bool:
    """Whether a container, with all that is inside, has no more entries than are worked out."""
    work, left = [value], MOST_INSIDE
    while work and left > 0:
        one = work.pop()
        inside = list(one.values()) if isinstance(one, dict) else one
        if isinstance(inside, list | tuple):
            left -= 1 + len(inside)
            work += inside
    return left > 0


def numbers(value: Any) -> np.ndarray:
    """The numbers of something. Raises `TypeError` for what has none."""
    match value:
        case Value(array=array) if array is not None:
            return array
        case Number(value=number):
            return np.asarray(number)
        case bool():
            return np.asarray(value)
        case list() | tuple() if is_small(value):
            return np.array([numbers(v) for v in value])
        case range():
            return np.array(value, dtype=int)
        case _:
            raise TypeError("this has no numbers")


def behind(values: Iterable[Any]) -> frozenset[int]:
    """The values of the text that some are made of."""
    result: frozenset[int] = frozenset()
    for value in values:
        match value:
            case Value(behind=more) if more:
                result |= more
            case list() | tuple() if is_small(value):
                result |= behind(value)
            case slice():
                result |= behind((value.start, value.stop, value.step))
            case _:
                pass
    return result


def is_data(value: Any) -> bool:
    """Whether nothing of the model is in a value."""
    match value:
        case Value(data=data):
            return data
        case list() | tuple():
            return is_small(value) and all(map(is_data, value))
        case Mapping():
            return is_small(value) and all(map(is_data, value.values()))
        case Broken() | Unknown() | Instance():
            return False
        case _:
            return True


def plain(value: Any) -> Any:
    """A value as a key of a dictionary, or a part of a text."""
    match value:
        case Number(value=number):
            return number
        case tuple() if is_small(value):
            return tuple(map(plain, value))
        case str() | int() | None:
            return value
        case _:
            return repr(type(value))
