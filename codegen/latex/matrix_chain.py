"""Sums of products as chains of matrix products: from the row's letter to the column's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from codegen.latex.box import ATOM, NESTED, PRODUCT, Box, beside, called, joined
from codegen.latex.orientation import ONES, TRANSPOSED, divides, fewest_transposes, transposed
from codegen.latex.products import coefficient, product
from derive.arrays.frame import Frame, NoMatrix, free
from derive.ir.notation import Axis, Expr, Number, Pow
from derive.ir.tree import factors, mul


class Entries(Protocol):
    """Who prints a value that has exactly the letters of a frame."""

    def signed(self, expr: Expr, frame: Frame) -> tuple[int, Box]:
        """The sign of a value, and the rest."""

    def box(self, expr: Expr, frame: Frame) -> Box:
        """The value."""


class Contraction:
    """A sum of products as a chain of matrix products."""

    def __init__(self, printer: Entries, axes: Sequence[Axis], frame: Frame) -> None:
        self.printer = printer
        self.run = frozenset(axes)
        self.frame = frame

    def signed(self, body: Expr) -> tuple[int, Box]:
        """The sum with its sign."""
        sign, value, rest = coefficient(factors(body))
        scalars = [a for a in rest if not free(a)]
        groups: dict[frozenset[Axis], list[Expr]] = {}
        for arg in rest:
            if free(arg):
                groups.setdefault(free(arg), []).append(arg)
        matrices = self.chain({k: mul(*v) for k, v in groups.items()})
        if value == 1 and not scalars:
            return sign, matrices
        front = product(value, scalars, lambda e: self.printer.box(e, Frame()))
        return sign, beside([front, matrices])

    def chain(self, groups: dict[frozenset[Axis], Expr]) -> Box:
        """From the row's letter to the column's, each summed letter on the way."""
        if any(len(k) > 2 for k in groups):
            raise NoMatrix
        edges = {k: v for k, v in groups.items() if len(k) == 2}
        ends = {next(iter(k)): v for k, v in groups.items() if len(k) == 1}
        path = self.path(edges, ends)
        if self.run - set(path) or not set(ends) <= self.run:
            raise NoMatrix
        if len(path) == 1:
            return self.inner(path[0], ends[path[0]])
        if len(path) == 2 and not ends and set(path) <= self.run:
            square = _squared(edges[frozenset(path)])
            if square is not None:
                frame = Frame(path[0], path[1])
                sides = [joined([self.printer.signed(square, f)]) for f in (frame, frame.turned)]
                return _norm(fewest_transposes(*sides))
        boxes: list[Box] = []
        for k, letter in enumerate(path):
            first, last = k == 0, k + 1 == len(path)
            if letter in self.run:
                end = ends.get(letter)
                if first:
                    boxes.append(self.vector(end, Frame(None, letter), ONES + TRANSPOSED))
                elif last:
                    boxes.append(self.vector(end, Frame(letter, None), ONES))
                elif end is not None:
                    inner = self.printer.box(end, Frame(letter, None))
                    boxes.append(called(r"\operatorname{diag}", inner))
            if not last:
                edge = edges[frozenset((letter, path[k + 1]))]
                boxes.append(self.matrix(edge, Frame(letter, path[k + 1])))
        return beside(boxes)

    def path(self, edges: dict[frozenset[Axis], Expr], ends: dict[Axis, Expr]) -> list[Axis]:
        """The letters in the order in which the matrices follow each other."""
        beside_: dict[Axis, list[Axis]] = {a: [] for a in ends}
        for edge in edges:
            a, b = sorted(edge, key=lambda x: x.letter)
            beside_.setdefault(a, []).append(b)
            beside_.setdefault(b, []).append(a)
        tips = [a for a, near in beside_.items() if len(near) <= 1]
        if not tips or any(len(near) > 2 for near in beside_.values()):
            raise NoMatrix
        row, column = self.frame.row, self.frame.column
        if row is not None:
            start = row
        elif column is not None:
            start = next((a for a in tips if a != column), column)
        else:
            start = tips[0]
        if start not in tips:
            raise NoMatrix
        path = [start]
        while True:
            onward = [a for a in beside_[path[-1]] if a not in path]
            if not onward:
                break
            path.append(onward[0])
        free_letters = self.frame.letters
        if len(path) != len(beside_) or any(a in free_letters for a in path[1:-1]):
            raise NoMatrix
        if free_letters - set(path) or (column is not None and path[-1] != column):
            raise NoMatrix
        return path

    def matrix(self, expr: Expr, frame: Frame, turn: bool = True) -> Box:
        """A factor of the chain."""
        box = self.either(expr, frame) if turn else joined([self.printer.signed(expr, frame)])
        return box.at_least(ATOM if box.entrywise else PRODUCT)

    def either(self, expr: Expr, frame: Frame) -> Box:
        """A matrix, or the transpose of its transpose, whichever is simpler."""
        straight = joined([self.printer.signed(expr, frame)])
        turned = transposed(joined([self.printer.signed(expr, frame.turned)]))
        return fewest_transposes(straight, turned)

    def vector(self, expr: Expr | None, frame: Frame, ones: str) -> Box:
        """The factor at an end of the chain."""
        if expr is None:
            return Box(ones)
        return self.matrix(expr, frame)

    def inner(self, letter: Axis, expr: Expr) -> Box:
        """A sum over one letter alone: a scalar product, a squared length, a plain sum."""
        square = _squared(expr)
        if square is not None:
            sides = [
                joined([self.printer.signed(square, frame)])
                for frame in (Frame(letter, None), Frame(None, letter))
            ]
            return _norm(fewest_transposes(*sides))
        first, *rest = factors(expr)
        if rest and not divides(first) and not divides(rest[0]):
            left = self.either(first, Frame(None, letter)).at_least(ATOM)
            right = self.matrix(mul(*rest), Frame(letter, None))
            return beside([left, right])
        column = self.matrix(expr, Frame(letter, None), turn=False)
        row = self.matrix(expr, Frame(None, letter), turn=False)
        if fewest_transposes(column, row) is row:
            return beside([row, Box(ONES)])
        return beside([Box(ONES + TRANSPOSED), column])


def _norm(box: Box) -> Box:
    left, right = (r"\bigl", r"\bigr") if box.height else ("", "")
    if box.rigid:
        left, right = r"\left", r"\right"
    text = rf"{left}\lVert {box.text}{right}\rVert^{{2}}"
    return Box(text, ATOM, max(box.height, NESTED))


def _squared(expr: Expr) -> Expr | None:
    match expr:
        case Pow(base, Number(value)) if value == 2:
            return base
        case _:
            return None
