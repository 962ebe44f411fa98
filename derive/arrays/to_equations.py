"""Expressions over whole arrays -> index equations, given the shapes of the named arrays.

Letters are fresh and short; a product of a product is one sum over two letters, and a diagonal
matrix scales rows or columns without a sum. What `inv` and `det` take is named first where it has
no name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from derive.arrays.broadcast import entrywise, same
from derive.arrays.entries import (
    ANY,
    ONE,
    Entries,
    Lengths,
    Scope,
    Shape,
    Subscripts,
    named,
    number,
    scalar,
    shape_text,
)
from derive.arrays.matrix_entries import special, squared
from derive.arrays.nodes import (
    Array,
    Count,
    Dot,
    Einsum,
    Entrywise,
    Every,
    Extent,
    Indexed,
    Known,
    Literal,
    Norm,
    Outer,
    Pick,
    Product,
    Reduce,
    Reshape,
    Transpose,
    Whole,
)
from derive.arrays.printer import in_message, text
from derive.arrays.products import matmul, multiplied, oriented, outer
from derive.arrays.shape_mismatch import OtherShape
from derive.arrays.shaping import picked, reshaped, transposed
from derive.arrays.sums import along_axes, by_letters
from derive.errors import meant, shorten
from derive.ir.comparisons import COMPARISONS
from derive.ir.fresh_names import UsedNames
from derive.ir.notation import Affine, Dim
from derive.language.occurrences import names_of, refs
from derive.language.syntax import (
    CONSTANTS,
    RESERVED,
    Fn,
    Name,
    Op,
    Place,
    Refused,
    Syntax,
    Written,
)

_LOGIC = ("and", "or", "not")
_OPERATORS = ("+", "-", "*", "/", "**", "neg")
_ALONG = {0: "row", 1: "column"}


class Elaborator:
    """Turns expressions into equations; gathers in `before` those that they need first.

    `shapes` has all named arrays; `column` reads vectors as columns, as matrix notation does.
    `hinges` reads `maximum(x, 0)` as `relu(x)`, whose derivative at 0 is 0.
    `batch` is the extent whose letter is `n`. `taken` are names that no new tensor may have.
    Everything raises `Refused` where shapes don't fit.
    """

    def __init__(
        self,
        shapes: Mapping[str, Shape],
        *,
        column: bool = False,
        batch: Affine | None = None,
        taken: Collection[str] = (),
        hinges: bool = False,
    ) -> None:
        self.shapes: dict[str, Shape] = dict(shapes)
        self.column = column
        self.before: list[Written] = []
        self.known: dict[str, Entries] = {}
        self.taken = UsedNames((*shapes, *taken))
        self.length = Lengths(self.shapes)
        self.batch = batch
        self.hinges = hinges
        self._named: dict[Whole, str] = {}
        self._memo: dict[Whole, Entries] = {}

    # ---- equations -------------------------------------------------------------------------------

    def scope(self) -> Scope:
        """No letter in use, and none that a number or an extent has as its name."""
        extents = [e for s in self.shapes.values() for e in s]
        dims = {a.name for e in extents for a, _ in e.terms if isinstance(a, Dim)}
        words = {n for n, s in self.shapes.items() if not s}
        return Scope(frozenset({*dims, *words, *RESERVED, *CONSTANTS}) - {"n"}, self.batch).having(
            () if self.batch is not None else "n"
        )

    def equation(
        self, tensor: str, node: Whole, place: Place, source: str, shape: Shape | None = None
    ) -> Written:
        """`tensor = node` by indices.

        Where a shape is wanted, the value's has to be that one, axes of extent 1 apart.
        """
        entries = self.entries(node)
        if shape is not None:
            entries = self.fitted(tensor, entries, shape, place)
        if ANY in entries.shape:
            raise Refused(place, f"nothing says how long the ones in {text(node)} are")
        return self.equation_of(tensor, entries, place, source)

    def equation_of(self, tensor: str, entries: Entries, place: Place, source: str) -> Written:
        """`tensor = entries` by indices."""
        letters, scope = self.letters(entries.shape)
        value = entries.value(tuple(Name(place, x) for x in letters), scope)
        return Written(place, tensor, tuple(Name(place, x) for x in letters), value, source)

    def walked(self, written: Written) -> bool:
        """Whether each letter on the left walks an axis on the right, so that it has an extent."""
        named = names_of(written.letters)
        walked = {s.name for r in refs(written.right) for s in r.subscripts if isinstance(s, Name)}
        return walked.issuperset(named)

    def letters(self, shape: Shape) -> tuple[list[str], Scope]:
        """A letter for each axis of a left side."""
        scope = self.scope()
        result = []
        for extent in shape:
            letter, scope = scope.fresh(extent)
            result.append(letter)
        return result, scope

    def fitted(self, tensor: str, entries: Entries, shape: Shape, place: Place) -> Entries:
        """A value in the shape that a tensor has. Raises `Refused` where it hasn't."""
        if entries.shape == shape:
            return entries
        if entries.rank == len(shape) and all(map(same, entries.shape, shape)):
            return replace(entries, shape=shape)
        full = [e for e in entries.shape if e != ONE]
        turned = entries.rank > 1 and entries.shape == shape[::-1]
        if not turned and full == [e for e in shape if e != ONE] and entries.rank:
            return reshaped(place, entries, shape, tensor)
        raise OtherShape(tensor, Entries(shape, entries.at), entries, place)

    def name(self, node: Whole) -> str:
        """The name of an array; what has none is named by an equation of its own."""
        entries = self.entries(node)
        if entries.name is not None:
            return entries.name
        known = self._named.get(node)
        if known is not None:
            return known
        name = self.taken.fresh("M")
        self.before.append(self.equation(name, node, node.place, f"{name} = {text(node)}"))
        self.shapes[name] = entries.shape
        self._named[node] = name
        return name

    # ---- values ----------------------------------------------------------------------------------

    def entries(self, node: Whole) -> Entries:
        """The entries of an expression."""
        result = self._memo.get(node)
        if result is None:
            result = self._entries(node)
            if not isinstance(node, Array):
                self._memo[node] = result
        return result

    def _entries(self, node: Whole) -> Entries:
        place = node.place
        match node:
            case Array(name=name):
                return self.array(place, name)
            case Literal(value=value):
                return scalar(lambda _: number(place, value))
            case Known(name=name):
                return scalar(lambda _: Name(place, name))
            case Count(extent=extent):
                return scalar(lambda _: self.length(place, extent))
            case Extent():
                extent = self.extent(node)
                return scalar(lambda _: self.length(place, extent))
            case Entrywise(op=op, args=args):
                return self.entrywise(place, op, args)
            case Product(left=left, right=right):
                make = oriented if self.column else matmul
                shown = (in_message(left), in_message(right))
                return make(place, self.entries(left), self.entries(right), shown, self.length)
            case Dot(left=left, right=right):
                return self.dot(place, left, right)
            case Transpose(of=of, axes=axes):
                return transposed(place, self.entries(of), axes, text(of))
            case Reduce(op=op, of=of, axes=axes, keepdims=keepdims):
                return self.reduce(place, op, of, axes, keepdims)
            case Outer(left=left, right=right):
                return outer(self.flat(left), self.flat(right))
            case Einsum(letters=letters, kept=kept, args=args):
                return self.einsum(place, letters, kept, args)
            case Reshape(of=of, shape=shape, like=like):
                wanted = [None if e is None else self.extent(e) for e in shape]
                if like is not None:
                    wanted = list(self.entries(like).shape)
                return reshaped(place, self.entries(of), wanted, text(of))
            case Indexed(of=of, picks=picks):
                arrays = [p for p in picks if isinstance(p, Array)]
                integers = {p.name: self.array(p.place, p.name) for p in arrays}
                chosen = self.of_rows(place, of, picks, integers)
                if chosen is not None:
                    return chosen
                return picked(place, self.entries(of), picks, integers, text(of), self.length)
            case _:
                return special(self, node)

    def of_rows(
        self, place: Place, of: Whole, picks: tuple[Pick, ...], integers: Mapping[str, Entries]
    ) -> Entries | None:
        """`p[np.arange(n), y]` where the model has a row of chances for each class: their sum."""
        match picks:
            case (Every(), Array(name=name) as rows):
                shape = self.entries(of).shape
                if len(shape) == 2 and integers[name].shape == shape:
                    both = Entrywise("*", (rows, of), place=place)
                    return self.entries(Reduce("sum", both, (1,), place=place))
        return None

    def array(self, place: Place, name: str) -> Entries:
        """A named array."""
        if name in self.known:
            return self.known[name]
        shape = self.shapes.get(name)
        if shape is None:
            raise Refused(
                place,
                f"'{shorten(name)}' has no shape{meant(name, self.shapes) or '; declare it'}",
            )
        return named(place, name, shape, "column" if self.column else "")

    def extent(self, extent: Affine | Extent) -> Affine:
        """An extent as a number or a name."""
        if isinstance(extent, Affine):
            return extent
        of = self.entries(extent.of)
        if not -of.rank <= extent.axis < of.rank:
            raise Refused(
                extent.place,
                f"{text(extent.of)} is {shape_text(of)} and has no axis {extent.axis}",
            )
        return of.shape[extent.axis]

    def flat(self, node: Whole) -> Entries:
        """An array as a vector."""
        result = self.entries(node)
        if result.rank == 1:
            return result
        shown = text(node)
        return reshaped(node.place, result, [None] if result.rank else [ONE], shown)

    # ---- entry by entry --------------------------------------------------------------------------

    def entrywise(self, place: Place, op: str, args: tuple[Whole, ...]) -> Entries:
        """An operator or a function of each entry."""
        match op, args:
            case "**", (Norm(of=of, order=2, of_vector=False), Literal(value=value)) if value == 2:
                return self.entries(squared(of, place))
            case "maximum", (Literal(value=value), of) | (of, Literal(value=value)) if (
                self.hinges and value == 0
            ):
                op, args = "relu", (of,)
            case "log", (Indexed(of=of, picks=(Every(), Array(name=name) as rows)),) if (
                self.array(place, name).shape == self.entries(of).shape
            ):
                # of the chance of the class that a row of targets names
                each = Entrywise("*", (rows, Entrywise("log", (of,), place=place)), place=place)
                return self.entries(Reduce("sum", each, (1,), place=place))
            case _:
                pass
        parts = [self.entries(a) for a in args]
        truth = [op in _LOGIC or (op == "where" and k == 0) for k in range(len(args))]
        parts = [
            _condition(place, p) if t else replace(p, at=p.value, condition=False)
            for p, t in zip(parts, truth, strict=True)
        ]

        def make(entries: list[Callable[[], Syntax]]) -> Syntax:
            values = tuple(e() for e in entries)
            if op in _OPERATORS or op in COMPARISONS or op in _LOGIC:
                return Op(place, op, values)
            return Fn(place, op, values)

        inside = lambda k: in_message(args[k])  # noqa: E731
        try:
            result = entrywise(place, parts, inside, make, self.column)
        except Refused:
            if op == "*" and self.column:
                shown = (in_message(args[0]), in_message(args[1]))
                multiplied(place, parts[0], parts[1], shown, self.length)
            raise
        return replace(result, condition=op in (*_LOGIC, *COMPARISONS))

    # ---- products --------------------------------------------------------------------------------

    def dot(self, place: Place, left: Whole, right: Whole) -> Entries:
        """`np.dot`."""
        one, other = self.entries(left), self.entries(right)
        if not one.rank or not other.rank:
            return self.entrywise(place, "*", (left, right))
        if other.rank <= 2:
            return self.entries(Product(left, right, place=place))
        pairs = "abcdefghklmpqrst"
        rows, rest = pairs[: one.rank - 1], pairs[one.rank - 1 : one.rank + other.rank - 2]
        theirs = f"{rest[:-1]}z{rest[-1]}"
        return self.einsum(place, (f"{rows}z", theirs), rows + rest, (left, right))

    def einsum(
        self, place: Place, letters: tuple[str, ...], kept: str, args: tuple[Whole, ...]
    ) -> Entries:
        """A sum of products by letters."""
        parts = [self.entries(a) for a in args]
        return by_letters(place, letters, kept, parts, [in_message(a) for a in args], self.length)

    # ---- reductions ------------------------------------------------------------------------------

    def reduce(
        self, place: Place, op: str, of: Whole, axes: tuple[int, ...] | None, keepdims: bool
    ) -> Entries:
        """A reduction over some axes."""
        inner = self.entries(of)
        along = self.axes(place, of, inner, axes)
        if self.column and inner.rank == 1:
            keepdims = False  # a number, which goes with every shape
        result = along_axes(place, op, inner, along, keepdims, self.length)
        kept = inner.rank - len(along)
        lies = _ALONG.get(along[0], "") if self.column and inner.rank == 2 and kept == 1 else ""
        return result if keepdims else replace(result, lies=lies)

    @staticmethod
    def axes(place: Place, of: Whole, inner: Entries, axes: Iterable[int] | None) -> list[int]:
        """Axes counted from 0. Raises `Refused` where there is no such axis."""
        if axes is None:
            return list(range(inner.rank))
        result = []
        for axis in axes:
            if not -inner.rank <= axis < inner.rank:
                raise Refused(
                    place, f"{in_message(of)} is {shape_text(inner)} and has no axis {axis}"
                )
            result.append(axis % inner.rank)
        return result


def _condition(place: Place, entries: Entries) -> Entries:
    """A value as a truth value."""
    if entries.condition:
        return entries

    def at(subscripts: Subscripts, scope: Scope) -> Syntax:
        return Op(place, "!=", (entries.at(subscripts, scope), number(place, 0)))

    return replace(entries, at=at, condition=True)
