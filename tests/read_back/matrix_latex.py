"""Formulas in matrices read back from LaTeX and worked out with numbers.

A column of ones is what stretches a vector or sums a matrix; functions act entry by entry; a
matrix product binds more tightly than the entry-wise signs. Shared with the printer: nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import erf

from tests.read_back.assignment import Assignment, Sight
from tests.read_back.functions import slope
from tests.read_back.tokens import joined, lex

_FUNCTIONS = {
    r"\log": np.log,
    r"\exp": np.exp,
    r"\sin": np.sin,
    r"\cos": np.cos,
    r"\tan": np.tan,
    r"\tanh": np.tanh,
    r"\sinh": np.sinh,
    r"\cosh": np.cosh,
    r"\arctan": np.arctan,
    r"\sigma": lambda x: 1 / (1 + np.exp(-x)),
    "erf": erf,
    "sgn": np.sign,
    "softplus": lambda x: np.log1p(np.exp(x)),
    "relu": lambda x: np.maximum(x, 0),
    "hold": lambda x: x,
}
_PAIRS = {r"\max": np.maximum, r"\min": np.minimum}
_RELATIONS = {
    "=": lambda a, b: np.abs(a - b) < 1e-12,
    r"\ne": lambda a, b: np.abs(a - b) >= 1e-12,
    "<": np.less,
    ">": np.greater,
    r"\le": np.less_equal,
    r"\ge": np.greater_equal,
}
_CLOSING = {")", "]", "}", r"\rvert", r"\rVert", r"\end", ",", "&", r"\\", ""}


@dataclass(frozen=True)
class Ones:
    """A column of ones, or a row of them, times a number."""

    is_row: bool = False
    times: float = 1.0


@dataclass(frozen=True)
class Eye:
    """The unit matrix, times a number."""

    times: float = 1.0


def arranged(array: np.ndarray, is_batch: list[bool]) -> Any:
    """A tensor as a matrix: samples in columns, other vectors as columns."""
    array = np.asarray(array, dtype=float)
    if array.ndim == 0:
        return array.item()
    if array.ndim == 1:
        return array[None, :] if is_batch[0] else array[:, None]
    return array.T if is_batch == [True, False] else array


def whole(value: Any, shape: tuple[int, ...]) -> Any:
    """What a formula gives: ones by themselves are as many as the left side has."""
    if isinstance(value, Ones):
        assert shape[0 if value.is_row else 1] == 1, "ones that lie the other way"
        return np.full(shape, value.times)
    return value


@dataclass
class MatrixReader(Sight):
    """Reads one formula."""

    def inner(self, tokens: list[str]) -> Any:
        reader = MatrixReader(tokens, self.assignment)
        value = reader.sum()
        assert not reader.peek(), f"{reader.tokens[reader.place :]} is left"
        return value

    # ---- order of operations ---------------------------------------------------------------------

    def sum(self) -> Any:
        sign = -1 if self.peek() == "-" else 1
        if sign < 0:
            self.take()
        total = _scaled(sign, self.entrywise())
        while self.peek() in ("+", "-"):
            sign = 1 if self.take() == "+" else -1
            total = _added(total, _scaled(sign, self.entrywise()))
        return total

    def entrywise(self) -> Any:
        value = self.chain()
        while self.peek() in (r"\odot", r"\oslash"):
            sign = self.take()
            other = self.chain()
            value = _times(value, other) if sign == r"\odot" else _over(value, other)
        return value

    def chain(self) -> Any:
        value = self.power()
        while self.peek() not in _CLOSING and self.peek() not in (
            "+", "-", r"\odot", r"\oslash", *_RELATIONS,
        ):  # fmt: skip
            if self.peek() in (r"\cdot", r"\times"):
                self.take()
                continue
            value = _product(value, self.power())
        return value

    def power(self) -> Any:
        value = self.base()
        while self.peek() == "^":
            self.take()
            exponent = self.group()
            if exponent == [r"\top"]:
                value = _turned(value)
            elif exponent[0] == r"\odot":
                value = np.power(value, _number(exponent[1:], self))
            else:
                assert isinstance(value, float | int), "a power of a matrix"
                value = value ** _number(exponent, self)
        return value

    # ---- what can stand alone --------------------------------------------------------------------

    def base(self) -> Any:
        token = self.peek()
        if token[0].isdigit():
            self.take()
            return float(token)
        match token:
            case "(":
                return self.enclosed("(", ")")
            case "[":
                return self.bracket()
            case r"\frac":
                return self.fraction()
            case r"\sqrt":
                self.take()
                return np.sqrt(self.inner(self.group()))
            case r"\lvert":
                begin = self.place
                while self.peek() != r"\rvert":
                    self.take()
                name = joined(self.tokens[begin + 1 : self.place])
                self.take()
                shown = rf"\lvert {name}\rvert"
                if shown in self.assignment.extents:
                    return self.assignment.extents[shown]
                self.place = begin
                return np.abs(self.enclosed(r"\lvert", r"\rvert"))
            case r"\lVert":
                value = self.enclosed(r"\lVert", r"\rVert")
                self.take("^")
                assert self.group() == ["2"]
                return float(np.sum(np.square(value)))
            case r"\mathbf":
                self.take()
                assert self.group() == ["1"]
                return Ones()
            case r"\begin":
                return self.rows()
            case r"\pi":
                self.take()
                return math.pi
        return self.named()

    def enclosed(self, opening: str, closing: str) -> Any:
        self.take(opening)
        value = self.sum()
        self.take(closing)
        return value

    def bracket(self) -> Any:
        self.take("[")
        left = self.sum()
        sign = self.take()
        right = self.sum()
        self.take("]")
        return _RELATIONS[sign](left, right)

    def rows(self) -> Any:
        """Numbers in rows and columns; or a matrix with ones below it or beside it."""
        self.take()
        assert joined(self.group()) == "pmatrix"
        found: list[list[Any]] = [[self.sum()]]
        while self.peek() in ("&", r"\\"):
            if self.take() == r"\\":
                found.append([])
            found[-1].append(self.sum())
        self.take(r"\end")
        self.group()
        first = found[0][0]
        if len(found) == 2 and np.ndim(first) and found[1] in ([Ones(is_row=True)], [1.0]):
            return np.vstack([first, np.ones((1, first.shape[1]))])
        if len(found) == 1 and found[0][1:] == [Ones()]:
            return np.hstack([first, np.ones((first.shape[0], 1))])
        return np.array(found, dtype=float)

    def named(self) -> Any:
        symbol = self.longest_symbol()
        if symbol:
            return self.assignment.tensors[symbol]
        token = self.take()
        name = joined(self.group()) if token == r"\operatorname" else token
        if name == "diag":
            return np.diagflat(self.enclosed("(", ")"))
        if name in _FUNCTIONS:
            exponent = 1
            if self.peek() == "'":
                self.take()
                return slope(_FUNCTIONS[name], self.enclosed("(", ")"))
            if self.peek() == "^":
                self.take()
                exponent = _number(self.group(), self)
            return _FUNCTIONS[name](self.enclosed("(", ")")) ** exponent
        if name in _PAIRS:
            self.take("(")
            one = self.sum()
            self.take(",")
            other = self.sum()
            self.take(")")
            return _PAIRS[name](one, other)
        if name in self.assignment.extents:
            return self.assignment.extents[name]
        assert name == "I", f"{name} means nothing in {' '.join(self.tokens)}"
        return Eye()

    def fraction(self) -> Any:
        symbol = self.longest_symbol()
        if symbol:
            return self.assignment.tensors[symbol]
        self.take()
        over, under = self.inner(self.group()), self.inner(self.group())
        assert isinstance(under, float | int), "a matrix below the bar"
        return over / under


def _number(tokens: list[str], reader: MatrixReader) -> float:
    text = joined(tokens)
    if "/" in text:
        over, under = text.split("/")
        return float(over) / float(under)
    return float(reader.inner(tokens))


def _scaled(sign: float, value: Any) -> Any:
    if isinstance(value, Ones | Eye):
        return replace(value, times=value.times * sign)
    return value if sign == 1 else sign * _float(value)


def _filled(value: Any, like: Any) -> Any:
    return value.times * np.eye(len(like)) if isinstance(value, Eye) else value


def _added(a: Any, b: Any) -> Any:
    return _float(_filled(a, b)) + _float(_filled(b, a))


def _float(value: Any) -> Any:
    is_bool = isinstance(value, np.ndarray) and value.dtype == bool
    return value.astype(float) if is_bool else value


def _times(a: Any, b: Any) -> Any:
    a, b = _filled(a, b), _filled(b, a)
    for mask, value in ((a, b), (b, a)):
        if isinstance(mask, np.ndarray | np.bool_) and np.asarray(mask).dtype == bool:
            return np.where(mask, value, 0.0)
    return a * b


def _over(a: Any, b: Any) -> Any:
    with np.errstate(all="ignore"):
        return _float(a) / b


def _turned(value: Any) -> Any:
    if isinstance(value, Ones):
        return replace(value, is_row=not value.is_row)
    return value.T if isinstance(value, np.ndarray) else value


def _product(a: Any, b: Any) -> Any:
    a, b = _float(a), _float(b)
    if isinstance(a, float | int):
        return _scaled(a, b)
    if isinstance(b, float | int):
        return _scaled(b, a)
    if isinstance(a, Ones) and isinstance(b, Ones):
        assert not a.is_row, "how many ones there are isn't said"
        return a.times * b.times
    if isinstance(a, Ones):
        return _scaled(a.times, _scalar(b.sum(axis=0, keepdims=True)) if a.is_row else b)
    if isinstance(b, Ones):
        return _scaled(b.times, a if b.is_row else _scalar(a.sum(axis=1, keepdims=True)))
    return _scalar(a @ b)


def _scalar(value: np.ndarray) -> Any:
    return value.item() if value.shape == (1, 1) else value


def read(text: str, assignment: Assignment) -> Any:
    """The value of a formula's right side."""
    reader = MatrixReader(lex(text), assignment)
    value = reader.sum()
    assert not reader.peek(), f"{reader.tokens[reader.place :]} is left"
    return value
