"""Trees of the equation language that write themselves as text and evaluate themselves.

The text has no more parentheses than Python needs; the value is taken with autograd's NumPy over
the grid of all letters in scope. The text is never read here, so a wrong precedence, scope or
extent in whatever reads it shows.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields

import autograd.numpy as np
import numpy
from autograd.scipy.special import erf
from autograd.tracer import getval

from tests.oracles.reference import hold, logsumexp, product, relu, sigmoid, softplus, tanh


def _where(condition, one, other):
    """autograd's own doesn't sum over what it broadcasts."""
    shape = numpy.broadcast_shapes(*(np.shape(a) for a in (condition, one, other)))
    return np.where(condition, one * numpy.ones(shape), other * numpy.ones(shape))


FUNCTIONS: dict[str, Callable] = {
    "tanh": tanh,
    "sin": np.sin,
    "sigmoid": sigmoid,
    "relu": relu,
    "abs": np.abs,
    "cos": np.cos,
    "atan": np.arctan,
    "softplus": softplus,
    "erf": lambda x: erf(1.0 * x),
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "log1p": np.log1p,
    "expm1": np.expm1,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tan": np.tan,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "delta": lambda a, b: 1.0 * (a == b),
    "where": _where,
    "hold": hold,
    "sign": np.sign,
}
MATRICES: dict[str, Callable] = {  # of the last two axes
    "inv": np.linalg.inv,
    "det": np.linalg.det,
    "logdet": lambda x: np.linalg.slogdet(x)[1],
}
REDUCTIONS: dict[str, Callable] = {
    "sum": lambda x: np.sum(x, axis=0),
    "mean": lambda x: np.mean(x, axis=0),
    "max": lambda x: np.max(x, axis=0),
    "min": lambda x: np.min(x, axis=0),
    "prod": lambda x: product(x, axis=0),
    "logsumexp": lambda x: logsumexp(x, axis=0),
}
OPERATORS: dict[str, tuple[int, Callable]] = {  # precedence, meaning
    "or": (1, numpy.logical_or),
    "and": (2, numpy.logical_and),
    "<": (4, lambda a, b: a < b),
    "<=": (4, lambda a, b: a <= b),
    ">": (4, lambda a, b: a > b),
    ">=": (4, lambda a, b: a >= b),
    "==": (4, lambda a, b: a == b),
    "!=": (4, lambda a, b: a != b),
    "+": (5, lambda a, b: a + b),
    "-": (5, lambda a, b: a - b),
    "*": (6, lambda a, b: a * b),
    "/": (6, lambda a, b: a / b),
    "//": (6, lambda a, b: a // b),
    "%": (6, lambda a, b: a % b),
    "**": (8, lambda a, b: a**b),
}
NOT, NEGATIVE, ATOM = 3, 7, 9


@dataclass(frozen=True)
class Frame:
    """What the names mean at one place: tensors as arrays, letters as arrays of places."""

    tensors: Mapping[str, object]
    extents: Mapping[str, int]
    letters: Mapping[str, numpy.ndarray]
    depth: int  # how many axes the grid has

    def bind(self, letters: tuple[str, ...]) -> Frame:
        """New letters become leading axes, so that all that is there broadcasts against them."""
        places = dict(self.letters)
        depth = self.depth + len(letters)
        for position, letter in enumerate(letters):
            shape = [1] * depth
            shape[position] = self.extents[letter]
            places[letter] = numpy.arange(self.extents[letter]).reshape(shape)
        return Frame(self.tensors, self.extents, places, depth)


@dataclass(frozen=True)
class Node:
    """A piece of an expression."""

    precedence = ATOM

    def text(self) -> str:
        raise NotImplementedError(type(self).__name__)

    def value(self, frame: Frame):
        raise NotImplementedError(type(self).__name__)

    def walk(self, bound: frozenset[str] = frozenset()) -> Iterator[tuple[Node, frozenset[str]]]:
        """This node and all below, each with the letters bound on the way."""
        yield self, bound
        for part in fields(self):
            inside = getattr(self, part.name)
            for node in inside if isinstance(inside, tuple) else (inside,):
                if isinstance(node, Node):
                    yield from node.walk(bound)

    def within(self, least: int) -> str:
        """The text, in parentheses where a bare one would be read otherwise."""
        return self.text() if self.precedence >= least else f"({self.text()})"


@dataclass(frozen=True)
class Number(Node):
    written: str

    def text(self) -> str:
        return self.written

    def value(self, frame: Frame):
        if self.written in ("inf", "pi"):
            return getattr(numpy, self.written)
        return int(self.written) if self.written.isdigit() else float(self.written)


@dataclass(frozen=True)
class Letter(Node):
    letter: str

    def text(self) -> str:
        return self.letter

    def value(self, frame: Frame):
        return frame.letters[self.letter]


@dataclass(frozen=True)
class Size(Node):
    letter: str

    def text(self) -> str:
        return f"size({self.letter})"

    def value(self, frame: Frame):
        return frame.extents[self.letter]


@dataclass(frozen=True)
class SizeOf(Node):
    """The extent of a tensor's axis."""

    tensor: str
    axis: int

    def text(self) -> str:
        return f"size({self.tensor}, {self.axis})"

    def value(self, frame: Frame):
        return numpy.shape(getval(frame.tensors[self.tensor]))[self.axis]


@dataclass(frozen=True)
class Read(Node):
    tensor: str
    subscripts: tuple[Node, ...] = ()

    def text(self) -> str:
        inside = ",".join(s.text() for s in self.subscripts)
        return f"{self.tensor}[{inside}]" if inside else self.tensor

    def value(self, frame: Frame):
        tensor = frame.tensors[self.tensor]
        if not self.subscripts:
            return tensor
        places = numpy.broadcast_arrays(*(s.value(frame) for s in self.subscripts))
        pairs = list(zip(places, numpy.shape(tensor), strict=True))
        inside = numpy.all([(p >= 0) & (p < e) for p, e in pairs], axis=0)
        nearest = tuple(numpy.clip(p, 0, e - 1) for p, e in pairs)
        return np.where(inside, tensor[nearest], 0)


@dataclass(frozen=True)
class Binary(Node):
    sign: str
    left: Node
    right: Node

    @property
    def precedence(self) -> int:
        return OPERATORS[self.sign][0]

    def text(self) -> str:
        level = self.precedence
        if self.sign == "**":  # binds to the right; to its left only an atom stands bare
            return f"{self.left.within(ATOM)}**{self.right.within(NEGATIVE)}"
        tight = "" if level == OPERATORS["*"][0] else " "
        alone = level == OPERATORS["<"][0]  # comparisons don't chain
        left, right = self.left.within(level + alone), self.right.within(level + 1)
        return f"{left}{tight}{self.sign}{tight}{right}"

    def value(self, frame: Frame):
        return OPERATORS[self.sign][1](self.left.value(frame), self.right.value(frame))


@dataclass(frozen=True)
class Negative(Node):
    of: Node
    precedence = NEGATIVE

    def text(self) -> str:
        return f"-{self.of.within(NEGATIVE)}"

    def value(self, frame: Frame):
        return -self.of.value(frame)


@dataclass(frozen=True)
class Not(Node):
    of: Node
    precedence = NOT

    def text(self) -> str:
        return f"not {self.of.within(NOT)}"

    def value(self, frame: Frame):
        return numpy.logical_not(self.of.value(frame))


@dataclass(frozen=True)
class Call(Node):
    function: str
    arguments: tuple[Node, ...]

    def text(self) -> str:
        return f"{self.function}({', '.join(a.text() for a in self.arguments)})"

    def value(self, frame: Frame):
        return FUNCTIONS[self.function](*(a.value(frame) for a in self.arguments))


@dataclass(frozen=True)
class Between(Node):
    """Two comparisons in a row."""

    low: Node
    of: Node
    high: Node
    precedence = OPERATORS["<"][0]

    def text(self) -> str:
        low, of, high = (x.within(self.precedence + 1) for x in (self.low, self.of, self.high))
        return f"{low} <= {of} < {high}"

    def value(self, frame: Frame):
        of = self.of.value(frame)
        return numpy.logical_and(self.low.value(frame) <= of, of < self.high.value(frame))


@dataclass(frozen=True)
class Guarded(Node):
    """A function where its argument is over a bound, else another value.

    autograd would multiply the pole of the branch that isn't taken by 0: the argument is 1 there.
    """

    function: str
    argument: Node
    bound: Node
    other: Node

    def text(self) -> str:
        argument = self.argument.text()
        taken = Binary(">", self.argument, self.bound).text()
        return f"where({taken}, {self.function}({argument}), {self.other.text()})"

    def value(self, frame: Frame):
        argument = self.argument.value(frame)
        taken = argument > self.bound.value(frame)
        safe = _where(taken, argument, 1.0)
        return _where(taken, FUNCTIONS[self.function](safe), self.other.value(frame))


@dataclass(frozen=True)
class Reduce(Node):
    kind: str
    letters: tuple[str, ...]
    body: Node

    def text(self) -> str:
        return f"{self.kind}({','.join(self.letters)}, {self.body.text()})"

    def value(self, frame: Frame):
        inner = frame.bind(self.letters)
        extents = tuple(frame.extents[letter] for letter in self.letters)
        full = self.body.value(inner) * np.ones(extents + (1,) * frame.depth)
        rows = int(numpy.prod(extents))
        return REDUCTIONS[self.kind](np.reshape(full, (rows, *np.shape(full)[len(extents) :])))

    def walk(self, bound: frozenset[str] = frozenset()) -> Iterator[tuple[Node, frozenset[str]]]:
        yield self, bound
        yield from self.body.walk(bound | set(self.letters))


@dataclass(frozen=True)
class Equation:
    tensor: str
    letters: tuple[str, ...]
    body: Node

    def text(self) -> str:
        left = f"{self.tensor}[{','.join(self.letters)}]" if self.letters else self.tensor
        return f"{left} = {self.body.text()}"


@dataclass(frozen=True)
class Group:
    """Equations that are evaluated together, cell by cell along `loops` where they need each other.

    A loop is a letter and whether it runs backward, outer ones first. With `matrix` what the one
    equation defines is a matrix, whose inverse and determinants can be read.
    """

    equations: tuple[Equation, ...]
    loops: tuple[tuple[str, bool], ...] = ()
    matrix: bool = False

    def evaluate(self, tensors: dict[str, object], extents: Mapping[str, int]) -> None:
        """Add the values of the tensors that stand on the left."""
        if not self.loops:
            for equation in self.equations:
                tensors[equation.tensor] = _over_letters(equation, tensors, extents, {})
                if self.matrix:
                    for name, meaning in MATRICES.items():
                        told = f"{name}({equation.tensor})"
                        tensors[told] = meaning(tensors[equation.tensor])
            return
        for equation in self.equations:
            tensors[equation.tensor] = np.zeros(_shape(equation, extents, {}))
        letters = tuple(letter for letter, _ in self.loops)
        ranges = [range(extents[letter])[:: -1 if back else 1] for letter, back in self.loops]
        for places in itertools.product(*ranges):
            fixed = dict(zip(letters, places, strict=True))
            for equation in self.equations:
                cell = _over_letters(equation, tensors, extents, fixed)
                here = _indicator(equation, extents, fixed)
                tensors[equation.tensor] = tensors[equation.tensor] + here * cell


def _shape(equation: Equation, extents: Mapping[str, int], fixed) -> tuple[int, ...]:
    return tuple(1 if letter in fixed else extents[letter] for letter in equation.letters)


def _indicator(equation: Equation, extents: Mapping[str, int], fixed: Mapping[str, int]):
    """1 where the letters that are fixed have their places, else 0."""
    found = numpy.zeros(_shape(equation, extents, {}))
    found[tuple(fixed.get(letter, slice(None)) for letter in equation.letters)] = 1
    return found


def _over_letters(equation, tensors, extents, fixed: Mapping[str, int]):
    frame = Frame(tensors, extents, {}, 0).bind(equation.letters)
    for letter, place in fixed.items():
        at = numpy.full([1] * frame.depth, place)
        frame = Frame(tensors, extents, {**frame.letters, letter: at}, frame.depth)
    return equation.body.value(frame) * np.ones(_shape(equation, extents, fixed))
