"""A second reading of equations: Python's own parser, plain loops, nothing of the project's.

The text is parsed as Python. A tensor is a function of integers that is worked out when it is asked
for and then remembered, so recurrences need no order. Letters run as far as sizes say, or the axes
that they walk alone.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np

REDUCTIONS = {"sum", "mean", "prod", "max", "min", "logsumexp"}
MATRIX = {"inv", "det", "logdet"}
_BINARY = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARED = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def _quiet(function):
    """Infinite or undefined where Python raises."""

    def run(x):
        try:
            return function(x)
        except OverflowError:
            return math.inf
        except ValueError:
            return -math.inf if function is math.log and x == 0 else math.nan

    return run


def _sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


_FUNCTIONS = {
    "exp": _quiet(math.exp),
    "log": _quiet(math.log),
    "log1p": _quiet(math.log1p),
    "expm1": _quiet(math.expm1),
    "sqrt": _quiet(math.sqrt),
    "abs": abs,
    "sign": lambda x: (x > 0) - (x < 0),
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "tanh": math.tanh,
    "sinh": _quiet(math.sinh),
    "cosh": _quiet(math.cosh),
    "atan": math.atan,
    "erf": math.erf,
    "sigmoid": _sigmoid,
    "softplus": lambda x: max(x, 0) + math.log1p(math.exp(-abs(x))),
    "relu": lambda x: max(x, 0.0),
    "maximum": max,
    "minimum": min,
    "delta": lambda a, b: float(a == b),
    "hold": lambda x: x,
}


class Equation:
    """One line: the tensor, its letters, the right side."""

    def __init__(self, node: ast.Assign, ranks: Mapping[str, int]) -> None:
        (left,) = node.targets
        node = _DotsOut(_width(node, ranks)).visit(node)
        self.tensor = left.id if isinstance(left, ast.Name) else left.value.id
        self.letters = [] if isinstance(left, ast.Name) else [n.id for n in _subscripts(left)]
        self.right = _Apart().visit(node.value)

    def bound(self) -> list[str]:
        """The letters that reductions bind."""
        return [a.id for n in ast.walk(self.right) if _is_reduction(n) for a in n.args[:-1]]


class _DotsOut(ast.NodeTransformer):
    """`...` as so many letters."""

    def __init__(self, width: int) -> None:
        self.names = [f"dots{k}" for k in range(width)]

    def _out(self, items: Sequence[ast.expr]) -> list[ast.expr]:
        found: list[ast.expr] = []
        for item in items:
            dots = isinstance(item, ast.Constant) and item.value is ...
            found.extend([ast.Name(n) for n in self.names] if dots else [item])
        return found

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        self.generic_visit(node)
        return ast.Tuple(self._out(node.elts))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return ast.Call(node.func, self._out(node.args), [])


class _Apart(ast.NodeTransformer):
    """The letters that a reduction binds are its own: `m` of the second one is `m@2`."""

    def __init__(self) -> None:
        self.count = 0
        self.names: dict[str, str] = {}

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if not _is_reduction(node):
            return self.generic_visit(node)
        self.count += 1
        before = self.names
        self.names = before | {b.id: f"{b.id}@{self.count}" for b in node.args[:-1]}
        found = ast.Call(node.func, [self.visit(a) for a in node.args], [])
        self.names = before
        return found

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self.names.get(node.id, node.id))


def _is_dots(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _width(node: ast.Assign, ranks: Mapping[str, int]) -> int:
    for read in ast.walk(node):
        if isinstance(read, ast.Subscript) and isinstance(read.value, ast.Name):
            parts = _subscripts(read)
            if any(map(_is_dots, parts)) and read.value.id in ranks:
                return ranks[read.value.id] - len(parts) + 1
    return 0


def _subscripts(node: ast.Subscript) -> list[ast.expr]:
    return list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]


def _written(letter: str) -> str:
    return letter.split("@", maxsplit=1)[0]


def _is_reduction(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and node.func.id in REDUCTIONS


class Model:
    """Equations with numbers for the leaves; `value(name)` is the whole array of a tensor."""

    def __init__(
        self,
        text: str,
        arrays: Mapping[str, np.ndarray],
        sizes: Mapping[str, int] | None = None,
        batch: Mapping[str, int] | None = None,
        constants: Mapping[str, float] | None = None,
    ) -> None:
        self.arrays = {n: np.asarray(a) for n, a in arrays.items()}
        self.arrays.update((n, np.asarray(v)) for n, v in (constants or {}).items())
        self.sizes = {**(sizes or {}), **(batch or {})}
        ranks = {n: a.ndim for n, a in self.arrays.items()}
        self.equations: dict[str, Equation] = {}
        for node in ast.parse(text).body:
            if isinstance(node, ast.Assign):
                equation = Equation(node, ranks)
                ranks[equation.tensor] = len(equation.letters)
                self.equations[equation.tensor] = equation
        self.shapes: dict[str, tuple[int, ...]] = {n: a.shape for n, a in self.arrays.items()}
        self.extent: dict[tuple[str, str], int] = {}
        self._find_extents()
        self.known: dict[tuple[str, tuple[int, ...]], float] = {}

    # how far letters run

    def _find_extents(self) -> None:
        for _ in range(4 * len(self.equations) + 4):
            for tensor, equation in self.equations.items():
                for place, letter in enumerate(equation.letters):
                    self._put(tensor, letter, self.sizes.get(f"{tensor}.{place}"))
                for letter in (*equation.letters, *equation.bound()):
                    self._put(tensor, letter, self.sizes.get(_written(letter)))
                    self._put(tensor, letter, next(self._walked(equation, letter), None))
            self._shape()
            self._as_read()
        self._find_by_name()
        self._shape()

    def _find_by_name(self) -> None:
        """What walks nothing runs as far as its name does everywhere else."""
        for tensor, equation in self.equations.items():
            for letter in (*equation.letters, *equation.bound()):
                elsewhere = {
                    e for (_, x), e in self.extent.items() if _written(x) == _written(letter)
                }
                if len(elsewhere) == 1:
                    self._put(tensor, letter, elsewhere.pop())

    def _shape(self) -> None:
        for tensor, equation in self.equations.items():
            found = [self.extent.get((tensor, x)) for x in equation.letters]
            if None not in found:
                self.shapes[tensor] = tuple(found)

    def _as_read(self) -> None:
        """An axis of a defined tensor is as long as a letter that walks it elsewhere."""
        for reader, equation in self.equations.items():
            for name, place, letter in _walks(equation.right):
                known = self.extent.get((reader, letter))
                if name in self.equations and known is not None:
                    self._put(name, self.equations[name].letters[place], known)

    def _put(self, tensor: str, letter: str, extent: int | None) -> None:
        if extent is not None:
            self.extent.setdefault((tensor, letter), extent)

    def _walked(self, equation: Equation, letter: str) -> Iterator[int]:
        for name, place, walker in _walks(equation.right):
            if walker == letter and name in self.shapes:
                yield self.shapes[name][place]

    # values

    def value(self, tensor: str) -> np.ndarray:
        """The whole array of a tensor."""
        shape = self.shapes[tensor]
        found = np.empty(shape)
        for place in product(*map(range, shape)):
            found[place] = self.at(tensor, place)
        return found

    def at(self, tensor: str, place: tuple[int, ...]) -> float:
        """The entry of a tensor; 0 outside of it."""
        shape = self.shapes[tensor]
        if not all(0 <= p < e for p, e in zip(place, shape, strict=True)):
            return 0
        if tensor in self.arrays:
            return self.arrays[tensor][place].item()
        if (tensor, place) not in self.known:
            equation = self.equations[tensor]
            letters = dict(zip(equation.letters, place, strict=True))
            self.known[tensor, place] = float(self._of(equation.right, letters, tensor))
        return self.known[tensor, place]

    def _of(self, node: ast.expr, letters: Mapping[str, int], here: str):
        def of(inner: ast.expr):
            return self._of(inner, letters, here)

        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                if name in letters:
                    return letters[name]
                if name in ("pi", "inf") and name not in self.shapes:
                    return math.pi if name == "pi" else math.inf
                return self.at(name, ())
            case ast.Subscript(value=ast.Call(func=ast.Name(id=op), args=[ast.Name(id=of_)])):
                return self._matrix(op, of_, tuple(of(s) for s in _subscripts(node)))
            case ast.Subscript(value=ast.Name(id=name)):
                return self.at(name, tuple(int(of(s)) for s in _subscripts(node)))
            case ast.BinOp(left=left, op=op, right=right):
                return _BINARY[type(op)](of(left), of(right))
            case ast.UnaryOp(op=ast.USub(), operand=one):
                return -of(one)
            case ast.UnaryOp(op=ast.Not(), operand=one):
                return not of(one)
            case ast.Compare(left=left, ops=ops, comparators=others):
                values = [of(left), *map(of, others)]
                pairs = zip(ops, values, values[1:], strict=False)
                return all(_COMPARED[type(op)](a, b) for op, a, b in pairs)
            case ast.BoolOp(op=op, values=values):
                return (all if isinstance(op, ast.And) else any)(map(of, values))
            case ast.Call(func=ast.Name(id=name), args=args):
                return self._call(name, args, letters, here)
        raise NotImplementedError(ast.dump(node))

    def _call(self, name: str, args: list[ast.expr], letters: Mapping[str, int], here: str):
        if name in REDUCTIONS:
            *bound, body = args
            names = [b.id for b in bound]
            runs = product(*(range(self.extent[here, n]) for n in names))
            values = [
                float(self._of(body, {**letters, **dict(zip(names, run, strict=True))}, here))
                for run in runs
            ]
            return _reduced(name, values)
        if name == "where":
            condition, yes, no = args
            return self._of(yes if self._of(condition, letters, here) else no, letters, here)
        if name == "size":
            return self._size(args, here)
        if name in MATRIX:
            return self._matrix(name, args[0].id, ())
        return _FUNCTIONS[name](*(self._of(a, letters, here) for a in args))

    def _size(self, args: list[ast.expr], here: str) -> int:
        name = args[0].id
        if len(args) == 2:
            return self.shapes[name][args[1].value]
        if (here, name) in self.extent:
            return self.extent[here, name]
        (found,) = {e for (_, x), e in self.extent.items() if _written(x) == name}
        return found

    def _matrix(self, op: str, tensor: str, place: tuple[int, ...]) -> float:
        value = self.value(tensor)
        if not all(0 <= p < e for p, e in zip(place, value.shape, strict=False)):
            return 0.0
        if op == "inv":
            *first, row, column = place
            return float(np.linalg.inv(value[tuple(first)])[row, column])
        matrix = value[place]
        return float(np.linalg.det(matrix) if op == "det" else np.linalg.slogdet(matrix)[1])


def _walks(node: ast.expr) -> Iterator[tuple[str, int, str]]:
    """Every place where a name alone is a subscript: tensor, axis, name."""
    for read in ast.walk(node):
        if isinstance(read, ast.Subscript):
            of = read.value.args[0] if isinstance(read.value, ast.Call) else read.value
            for place, part in enumerate(_subscripts(read)):
                if isinstance(part, ast.Name):
                    yield of.id, place, part.id


def _reduced(name: str, values: list[float]) -> float:
    match name:
        case "sum":
            return math.fsum(values) if all(map(math.isfinite, values)) else sum(values)
        case "mean":
            return math.fsum(values) / len(values)
        case "prod":
            return math.prod(values)
        case "logsumexp":
            most = max(values)
            if not math.isfinite(most):
                return most
            return most + math.log(math.fsum(math.exp(v - most) for v in values))
        case _:
            return max(values) if name == "max" else min(values)
