"""Where equal expressions stand: costly functions of arrays, and windows of a tensor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod

from codegen.lowering.context import TermContext
from codegen.lowering.reads import runs_of, tiles
from codegen.program.facts import FEW
from derive.algebra.index_rules import within
from derive.algebra.spelling import one_spelling
from derive.ir.functions import ENTRYWISE
from derive.ir.notation import (
    Affine,
    Axis,
    Call,
    Dim,
    Equation,
    Expr,
    Index,
    Number,
    Pow,
    Read,
    Tensor,
    Term,
    affine,
)
from derive.ir.tree import affine_axes, children, factors, letters, reads, substitute, walk

_COSTLY = tuple(name for name, row in ENTRYWISE.items() if row.is_costly)


@dataclass(frozen=True)
class Use:
    """An expression where it stands: under fixed letters, its own in the order of those.

    `key` is the same however it is written. `order` is how the axes of an array of its values
    should lie, where this use may ask for one.
    """

    of: Expr
    key: Expr
    letters: tuple[Axis, ...]
    order: tuple[Axis, ...] | None


def canonical_letters(own: Iterable[Axis]) -> tuple[Axis, ...]:
    """Letters that stand for others, by their order."""
    return tuple(Axis(f"{k}'", a.extent) for k, a in enumerate(own))


def canonical(expr: Expr) -> tuple[Expr, tuple[Axis, ...]]:
    """An expression under fixed letters, and its own in the order of those."""
    own: dict[Axis, None] = {}
    for node in walk(expr):
        match node:
            case Read(_, subscripts):
                values = subscripts
            case Index(value):
                values = (value,)
            case _:
                continue
        for value in values:
            # the longest first, whatever the letters are called
            own.update(dict.fromkeys(sorted(affine_axes(value), key=_by_length)))
    result = tuple(own)
    places = {a: affine(b) for a, b in zip(result, canonical_letters(result), strict=True)}
    return substitute(expr, places), result


def key_of(expr: Expr) -> tuple[Expr, tuple[Axis, ...]]:
    """What tells a value that may get a name from others, and its letters.

    The argument of a costly function is taken in one spelling: differentiation multiplies out.
    """
    match expr:
        case Call(function, args) if function in _COSTLY:
            return canonical(Call(function, tuple(map(one_spelling, args))))
        case _:
            return canonical(expr)


def _by_length(axis: Axis) -> tuple[float, str]:
    number = axis.extent.number
    return (float("-inf") if number is None else -number), axis.letter


@dataclass(frozen=True)
class Functions:
    """Finds functions of arrays that take their time."""

    tensors: Mapping[str, Tensor]

    def uses(self, equation: Equation) -> Iterator[Use]:
        """Those of an equation."""
        for term in equation.terms:
            for node, taken in _costly(term.body, taken=True):
                if not letters(node) or not any(True for _ in reads(node)):
                    continue
                key, own = key_of(node)
                order = tuple(a for a in term.domain if a in own)
                safe = taken and set(order) == set(own) and self._inside(node)
                yield Use(node, key, own, order if safe else None)

    def _inside(self, node: Expr) -> bool:
        return all(
            within(s, extent)
            for read in reads(node)
            for s, extent in zip(read.subscripts, self.tensors[read.tensor].shape, strict=True)
        )


def _costly(expr: Expr, *, taken: bool) -> Iterator[tuple[Expr, bool]]:
    """The costly parts of a body, and whether they are surely computed: arms of `where` aren't."""
    match expr:
        case Call("where", (condition, *arms)):
            yield from _costly(condition, taken=taken)
            for arm in arms:
                yield from _costly(arm, taken=False)
            return
        case Call(function, _) if function in _COSTLY:
            yield expr, taken
        case Pow(base, Number(value)) if value.denominator == 2:
            yield Call("sqrt", (base,)), taken
        case Pow(base, exponent) if not (
            isinstance(exponent, Number) and exponent.value.denominator == 1
        ):
            yield expr, taken
        case _:
            pass
    for part in children(expr):
        yield from _costly(part, taken=taken)


# ---- windows -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Windows:
    """Finds windows: reads in which one subscript walks with several letters.

    Two uses ask for an array of them: a maximum over few places, which go first then, so that
    each place is a whole array; and a product with another tensor, as rows of a matrix.
    """

    tensors: Mapping[str, Tensor]
    looped: frozenset[str]

    def uses(self, equation: Equation) -> Iterator[Use]:
        """Those of an equation."""
        if equation.tensor in self.looped:
            return
        for term in equation.terms:
            for node in _outermost(term.body, self._windowed):
                key, own = canonical(node)
                yield Use(node, key, own, self._order(term, node, own))

    def _windowed(self, node: Expr) -> bool:
        match node:
            case Call("where", (_, Read() as read, other)):
                return self._windowed(read) and not letters(other) and not list(reads(other))
            case Read(tensor, subscripts):
                plain = all(isinstance(a, Axis | Dim) for s in subscripts for a, _ in s.terms)
                several = any(
                    sum(a.extent.number != 1 for a in affine_axes(s)) > 1 for s in subscripts
                )
                return plain and several and tensor not in self.looped
            case _:
                return False

    def _order(self, term: Term, node: Expr, own: tuple[Axis, ...]) -> tuple[Axis, ...] | None:
        if not term.plain or set(own) - set(term.domain):
            return None
        kept = tuple(a for a in term.domain if a in own and a not in term.reduced)
        run = tuple(a for a in own if a in term.reduced)
        if term.reduce in ("max", "min"):
            places = prod(a.extent.number or FEW + 1 for a in term.reduced)
            few = term.body == node and set(run) == set(term.reduced) and places <= FEW
            return (*run, *kept) if few else None
        if term.reduce == "sum" and isinstance(node, Read) and not self._tiled(node):
            others = [f for f in factors(term.body) if isinstance(f, Read) and f != node]
            if len(others) == 1 and len(factors(term.body)) == 2 and run and kept:
                theirs = set(letters(others[0]))
                product = not theirs & set(kept) and set(run) <= theirs and theirs - set(run)
                return (*kept, *run) if product else None
        return None

    def _tiled(self, read: Read) -> bool:
        """Whether the windows lie side by side, so that they are a matter of shape."""
        context = TermContext(self.tensors, ())
        shape = self.tensors[read.tensor].shape

        def digits(subscript: Affine, extent: Affine) -> bool:
            own = tuple(affine_axes(subscript))
            return len(own) < 2 or tiles(*runs_of(subscript, own, context), extent) is not None

        return all(digits(s, e) for s, e in zip(read.subscripts, shape, strict=True))


def _outermost(expr: Expr, wanted: Callable[[Expr], bool]) -> Iterator[Expr]:
    if wanted(expr):
        yield expr
        return
    for part in children(expr):
        yield from _outermost(part, wanted)
