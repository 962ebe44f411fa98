"""Expressions over whole arrays as a function of NumPy: vectors are arrays of one axis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from codegen.python_module.line_breaking import comment, defined, wrap
from codegen.python_module.tables import (
    ATOM,
    COMPARE,
    NAMES,
    POWER,
    PRODUCT,
    SPECIAL,
    SUM,
    UNARY,
    Code,
)
from codegen.targets.numpy.shared_parts import shared
from derive.arrays.entries import ANY, Entries, Shape, extent_text
from derive.arrays.nodes import (
    ARRAYS,
    Array,
    Count,
    Determinant,
    Diagonal,
    Entrywise,
    Fill,
    Identity,
    Inverse,
    Known,
    Literal,
    Norm,
    Outer,
    Product,
    Reduce,
    Trace,
    Transpose,
    Whole,
)
from derive.arrays.printer import chain, text
from derive.arrays.to_equations import Elaborator
from derive.ir.comparisons import COMPARISONS
from derive.ir.notation import Affine, affine

_OPERATORS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT}
_LOGIC = {"and": "np.logical_and", "or": "np.logical_or", "not": "np.logical_not"}
_ONE, _ZERO = Literal(Fraction(1)), Literal(Fraction(0))
_TAKEN = frozenset(("np", "gradient", "jacobian", *SPECIAL.values(), "sigmoid", "float", "len"))


@dataclass(frozen=True)
class ArrayFunction:
    """The lines of a function, what it takes from `scipy.special`, and the functions it calls."""

    lines: tuple[str, ...]
    special: frozenset[str] = frozenset()
    helpers: tuple[str, ...] = ()


def array_function(
    name: str,
    doc: str,
    value: Whole,
    where: Iterable[tuple[str, Whole]],
    shapes: Mapping[str, Shape],
    shape: Shape,
) -> ArrayFunction:
    """A function of arrays of these shapes, whose value has the wanted shape."""
    printer = NumpyPrinter(shapes)
    lines: list[str] = []
    named = list(where)
    if not named:
        taken = {*shapes, *_TAKEN, *(f"{n}_inv" for n in shapes)}
        named, value = shared(value, taken, printer)
    inverses = _twice([*(node for _, node in named), value])

    def invert(names: Iterable[str]) -> None:
        for inverse in inverses:
            if isinstance(inverse.of, Array) and inverse.of.name in names:
                code, _ = printer.show(inverse, printer.entries(inverse).shape)
                lines.extend(wrap(f"    {printer.inverse(inverse)} = ", code, "    "))

    head = defined(name, ", ".join(map(printer.name, shapes)))
    invert(shapes)
    for part, node in named:
        code, _ = printer.show(node, printer.entries(node).shape)
        lines += wrap(f"    {printer.name(part)} = ", code, "    ")
        printer.put(part, node)
        invert([part])
    code, _ = printer.show(value, shape)
    lines += wrap("    return ", code, "    ")
    quoted = f'    """{doc}"""'
    notes = []
    if len(doc) >= 80:
        notes = comment(doc, "    ")
        quoted = f'    """The derivative, of the shape ({", ".join(map(extent_text, shape))})."""'
    return ArrayFunction((*head, quoted, *notes, *lines), frozenset(printer.special))


def _twice(nodes: Iterable[Whole]) -> list[Inverse]:
    """The inverses that stand in some nodes more than once."""
    result = Counter(n for node in nodes for n in ARRAYS.walk(node) if isinstance(n, Inverse))
    return [i for i, count in result.items() if count > 1]


class NumpyPrinter:
    """Prints nodes as NumPy."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self.elaborator = Elaborator(shapes, column=True)
        self.special: set[str] = set()  # functions of SciPy
        self.inverses: dict[Inverse, str] = {}

    def put(self, name: str, node: Whole) -> None:
        """A name that stands for a node from here on."""
        self.elaborator.shapes[name] = self.entries(node).shape

    def inverse(self, node: Inverse) -> str:
        """A variable for an inverse that is used more than once."""
        assert isinstance(node.of, Array)
        name = f"{node.of.name}_inv"
        while name in self.elaborator.shapes or name in self.inverses.values():
            name += "_"
        self.inverses[node] = name
        return name

    def entries(self, node: Whole) -> Entries:
        """What a node is."""
        return self.elaborator.entries(node)

    @staticmethod
    def name(name: str) -> str:
        """The variable that holds an array."""
        return f"{name}_" if name in _TAKEN else name

    def length(self, extent: Affine) -> str:
        """An extent in Python."""
        if extent.number is not None:
            return str(extent.number)
        pieces = []
        for atom, coefficient in extent.terms:
            name, axis = self._axis(affine(atom))
            own = f"len({name})" if axis == 0 else f"{name}.shape[{axis}]"
            pieces.append(own if coefficient == 1 else f"{coefficient} * {own}")
        return " + ".join([*pieces, *([str(extent.constant)] if extent.constant else [])])

    def _axis(self, extent: Affine) -> tuple[str, int]:
        for name, shape in self.elaborator.shapes.items():
            for axis, known in enumerate(shape):
                if known == extent:
                    return self.name(name), axis
        raise AssertionError(extent_text(extent))

    # ---- nodes -----------------------------------------------------------------------------------

    def _in(self, node: Whole, shape: Shape, least: int) -> str:
        code, level = self.show(node, shape)
        return code if level >= least else f"({code})"

    def own(self, node: Whole, least: int = 0) -> str:
        """A node in the shape that it has by itself."""
        return self._in(node, self.entries(node).shape, least)

    def show(self, node: Whole, shape: Shape) -> Code:
        """A node where that shape is wanted, and how tightly it binds."""
        match node:
            case Array(name=name):
                return self.name(name), ATOM
            case Literal(value=value):
                return self.number(value)
            case Known(name=name):
                return f"np.{name}", ATOM
            case Count(extent=extent):
                return self.length(extent), _level(extent)
            case Fill(value=value):
                size = self.length(shape[0]) if len(shape) == 1 else self._sizes(shape)
                if value in (0, 1):
                    return f"np.{'ones' if value else 'zeros'}({size})", ATOM
                return f"np.full({size}, {self.number(value)[0]})", ATOM
            case Identity():
                return f"np.eye({self.length(shape[0])})", ATOM
            case Transpose(of=of):
                turned = tuple(reversed(shape))
                if self.entries(of).rank == 1:
                    return self.show(of, turned)
                return f"{self._in(of, turned, ATOM)}.T", ATOM
            case Inverse(of=of):
                if node in self.inverses:
                    return self.inverses[node], ATOM
                return f"np.linalg.inv({self.own(of)})", ATOM
            case Product():
                return self.product(node, shape)
            case Outer(left=left, right=right):
                return f"np.outer({self.own(left)}, {self.own(right)})", ATOM
            case Diagonal(of=of):
                return f"np.diag({self._in(of, shape[:1] * self.entries(of).rank, 0)})", ATOM
            case Trace(of=of):
                return f"np.trace({self.own(of)})", ATOM
            case Determinant(of=of, log=log):
                if log:
                    return f"np.linalg.slogdet({self.own(of)})[1]", ATOM
                return f"np.linalg.det({self.own(of)})", ATOM
            case Norm(of=of, order=1):
                return f"np.sum(np.abs({self.own(of)}))", ATOM
            case Norm(of=of):
                return f"np.linalg.norm({self.own(of)})", ATOM
            case Reduce():
                return self.reduce(node)
            case Entrywise(op=op, args=args):
                return self.entrywise(op, args, shape)
            case _:
                raise AssertionError(f"no NumPy for {text(node)}")

    def _sizes(self, shape: Shape) -> str:
        for name, known in self.elaborator.shapes.items():
            if known == shape:
                return f"{self.name(name)}.shape"
        return f"({', '.join(map(self.length, shape))})"

    @staticmethod
    def number(value: Fraction) -> Code:
        """A number: a decimal where it is one, else a quotient."""
        if value.denominator == 1:
            return str(value.numerator), UNARY if value < 0 else ATOM
        if Fraction(repr(float(value))) == value:
            return repr(float(value)), UNARY if value < 0 else ATOM
        return f"{value.numerator} / {value.denominator}", PRODUCT

    def reduce(self, node: Reduce) -> Code:
        """A sum, a product, a maximum, a minimum."""
        axis = "" if node.axes is None else f", axis={node.axes[0]}"
        of = self.own(node.of)
        if node.op == "logsumexp":
            along = axis or ", axis=None"
            return f"np.logaddexp.reduce({of}{along})", ATOM
        return f"np.{node.op}({of}{axis})", ATOM

    def entrywise(self, op: str, args: tuple[Whole, ...], shape: Shape) -> Code:
        """An operator or a function of each entry."""
        shapes = [shape if self.entries(a).rank else () for a in args]

        def at(k: int, least: int) -> str:
            return self._in(args[k], shapes[k], least)

        match op:
            case "neg":
                return f"-{at(0, PRODUCT)}", UNARY if self.show(args[0], shape)[1] > PRODUCT else (
                    PRODUCT
                )
            case "**":
                if isinstance(args[0], Norm) and args[1] == Literal(Fraction(2)):
                    of = self.own(args[0].of, ATOM)
                    whole = f"{of}**2" if args[0].order == 2 else f"{at(0, ATOM)}**2"
                    return (f"np.sum({whole})", ATOM) if args[0].order == 2 else (whole, POWER)
                return f"{at(0, ATOM)}**{at(1, UNARY)}", POWER
            case "*" if isinstance(args[0], Literal):
                return f"{at(0, PRODUCT)} * {at(1, PRODUCT)}", PRODUCT
            case "*" if isinstance(args[0], Product):
                return f"{at(0, PRODUCT + 1)} * {at(1, PRODUCT + 1)}", PRODUCT
            case _ if op in _OPERATORS:
                level = _OPERATORS[op]
                return f"{at(0, level)} {op} {at(1, level + 1)}", level
            case _ if op in COMPARISONS:
                return f"{at(0, SUM)} {op} {at(1, SUM)}", COMPARE
            case _ if op in _LOGIC:
                return f"{_LOGIC[op]}({', '.join(at(k, 0) for k in range(len(args)))})", ATOM
            case "where":
                yes, no = args[1], args[2]
                if yes == _ONE and no == _ZERO and self.entries(args[0]).rank:
                    return f"({at(0, 0)}).astype(float)", ATOM
                return f"np.where({at(0, 0)}, {at(1, 0)}, {at(2, 0)})", ATOM
            case "relu":
                return f"np.maximum({at(0, 0)}, 0)", ATOM
            case "sigmoid":
                return f"1 / (1 + np.exp(-{at(0, UNARY)}))", PRODUCT
            case "softplus":
                return f"np.logaddexp(0, {at(0, 0)})", ATOM
            case _ if op in SPECIAL:
                self.special.add(SPECIAL[op])
                return f"{SPECIAL[op]}({at(0, 0)})", ATOM
            case _:
                return f"{NAMES[op]}({', '.join(at(k, 0) for k in range(len(args)))})", ATOM

    # ---- products --------------------------------------------------------------------------------

    def product(self, node: Product, shape: Shape) -> Code:
        """A chain of matrices, from the end that has a vector."""
        factors = chain(node)
        if self.entries(factors[-1]).rank == 1 and self.entries(factors[-1]).lies != "row":
            right = factors[-1]
            code: Code | None = None
            for left in reversed(factors[:-1]):
                code = self.pair(left, right, shape, None, code)
                right = Product(left, right)
            assert code is not None
            return code
        left = factors[0]
        code = None
        for right in factors[1:]:
            code = self.pair(left, right, shape, code, None)
            left = Product(left, right)
        assert code is not None
        return code

    def pair(
        self, left: Whole, right: Whole, shape: Shape, one: Code | None, other: Code | None
    ) -> Code:
        """A product of two, of which one may be printed already."""
        a, b = self.entries(left), self.entries(right)
        inner = self._inner(a, b)
        rows = shape[:1] if a.shape[:1] == (ANY,) else a.shape[:1]

        def first(least: int) -> str:
            code, level = one or self.show(left, _filled_shape(a, inner, rows))
            return code if level >= least else f"({code})"

        def second(least: int) -> str:
            wanted = (*((inner,) if b.rank == 2 or b.lies != "row" else ()), *b.shape[1:])
            if b.lies == "row":
                wanted = shape[-1:] if b.shape[0] == ANY else b.shape
            code, level = other or self.show(right, wanted)
            return code if level >= least else f"({code})"

        vectors = (a.rank, b.rank)
        if vectors == (1, 1) and a.lies == "column" and b.lies == "row":
            return f"np.outer({first(0)}, {second(0)})", ATOM
        if isinstance(left, Diagonal) and self.entries(left.of).rank == 1 and one is None:
            scale = self.own(left.of, ATOM)
            if b.rank == 1:
                return f"{self.own(left.of, PRODUCT)} * {second(PRODUCT + 1)}", PRODUCT
            return f"{scale}[:, None] * {second(PRODUCT + 1)}", PRODUCT
        if isinstance(right, Diagonal) and self.entries(right.of).rank == 1 and other is None:
            return f"{first(PRODUCT)} * {self.own(right.of, PRODUCT + 1)}", PRODUCT
        if a.ones and a.lies != "column" and b.rank:
            axis = ", axis=0" if b.rank == 2 else ""
            return f"np.sum({second(0)}{axis})", ATOM
        if b.ones and b.lies != "row":
            axis = ", axis=1" if a.rank == 2 else ""
            return f"np.sum({first(0)}{axis})", ATOM
        solved = self._solved(left) if one is None else None
        if solved is not None:
            return f"np.linalg.solve({solved}, {second(0)})", ATOM
        least = PRODUCT if isinstance(left, Product) else PRODUCT + 1
        return f"{first(least)} @ {second(PRODUCT + 1)}", PRODUCT

    def _solved(self, left: Whole) -> str | None:
        """The matrix of a system of equations, where the left factor is its inverse."""
        match left:
            case Inverse(of=of) if left not in self.inverses:
                return self.own(of)
            case Transpose(of=Inverse(of=of) as inverse) if inverse not in self.inverses:
                return f"{self.own(of, ATOM)}.T"
            case _:
                return None

    @staticmethod
    def _inner(a: Entries, b: Entries) -> Affine:
        known = a.shape[-1]
        return b.shape[0] if known == ANY else known


def _level(extent: Affine) -> int:
    """How tightly the source of an extent binds."""
    if len(extent.terms) + bool(extent.constant) > 1:
        return SUM
    return ATOM if not extent.terms or extent.terms[0][1] == 1 else PRODUCT


def _filled_shape(a: Entries, inner: Affine, rows: Shape) -> Shape:
    if a.rank == 1:
        return (inner,) if a.lies != "column" or a.shape[0] != ANY else rows
    return (*rows, inner)
