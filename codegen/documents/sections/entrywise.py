"""Each weight's derivative written out, entry by entry: the products along every way to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from codegen.documents.blocks import Block, Display, Paragraph, Section
from codegen.documents.context import DocumentContext
from codegen.latex.box import PRODUCT, Box, beside, fraction, joined
from codegen.latex.formula import Formula
from codegen.latex.index_printer import IndexPrinter
from codegen.latex.subscripts import Integers
from derive.calculus.total_differential import Passage, passages, slope, upstream_of
from derive.ir.notation import Affine, Axis, Expr, affine
from derive.ir.tree import add, mul, substitute

_MOST_WEIGHTS = 32
_MOST_WAYS = 16

Place = tuple[int, ...]
Link = tuple[str, Place, str, Place, Expr]  # d output[at] / d read[place], and its value


class Scalars:
    """Writes the gradients of a small net out in scalars."""

    def __init__(self, context: DocumentContext) -> None:
        self.context = context
        self.derivation = context.derivation
        self.index = IndexPrinter(context.names, context.index.table, context.index.otherwise)
        self.index.integers = _FromOne(context.names)
        self.into: dict[str, list[Passage]] = {}
        for passage in passages(self.derivation):
            self.into.setdefault(passage.wrt, []).append(passage)

    def displays(self) -> list[Block]:
        """A formula for each weight; none for a net that is too large."""
        weights = [n for n in self.derivation.wrt if n in self.derivation.system.trainable]
        shapes = {n: self.shape(n) for n in weights}
        known = [s for s in shapes.values() if s is not None]
        if len(known) < len(weights) or sum(len(list(_places(s))) for s in known) > _MOST_WEIGHTS:
            return []
        blocks: list[Block] = []
        for name in weights:
            formulas = [self.formula(name, p) for p in _places(shapes[name] or ())]
            if None in formulas:
                return []
            blocks.append(Display(tuple(f for f in formulas if f is not None)))
        return blocks

    def formula(self, name: str, place: Place) -> Formula | None:
        """One weight's derivative: as a product of partial derivatives, and with their values."""
        ways = list(self.ways(name, place))
        if not ways or len(ways) > _MOST_WAYS:
            return None
        names = [beside([self.partial(k) for k in way]) for way in ways]
        values = [self.index.signed(mul(*(k[4] for k in way))) for way in ways]
        left = fraction(
            rf"\partial {self.context.names.objective}",
            rf"\partial {self.index.integers.entry(name, _affine(place))}",
        )
        return Formula(
            left.text,
            (
                joined([(1, b) for b in names]).text,
                joined([(s, b.at_least(PRODUCT)) for s, b in values]).text,
            ),
        )

    def ways(self, name: str, place: Place) -> Iterator[tuple[Link, ...]]:
        """Every way from the objective to an entry, as the links of a chain."""
        for (output, at), values in self.readers(name, place).items():
            link = (output, at, name, place, add(*values))
            if upstream_of(self.derivation, output) is None:
                yield (link,)
            else:
                for way in self.ways(output, at):
                    yield (*way, link)

    def readers(self, name: str, place: Place) -> dict[tuple[str, Place], list[Expr]]:
        """The entries whose equations read an entry, with the local derivative of each read."""
        result: dict[tuple[str, Place], list[Expr]] = {}
        for passage in self.into.get(name, ()):
            local = slope(self.derivation, passage)
            for at in _assignments(passage.raw.domain):
                if _at(passage.raw.target, at) == place:
                    value = substitute(local, {a: affine(v) for a, v in at.items()})
                    reader = (passage.output, _at(passage.source.target, at))
                    result.setdefault(reader, []).append(value)
        return result

    def partial(self, link: Link) -> Box:
        """One link as a partial derivative."""
        output, at, name, place, _ = link
        over = self.index.integers.entry(output, _affine(at))
        under = self.index.integers.entry(name, _affine(place))
        return fraction(rf"\partial {over}", rf"\partial {under}")

    def shape(self, name: str) -> Place | None:
        """A weight's extents in numbers."""
        result = [e.number for e in self.derivation.table[name].shape]
        return None if None in result else tuple(n for n in result if n is not None)


def weight_by_weight(context: DocumentContext) -> Section:
    """The section that writes every gradient out, or says why it doesn't."""
    say = context.say
    result = Scalars(context).displays() if can_be_written_out(context) else []
    sentence = say("scalars") if result else say("scalars too many", most=str(_MOST_WEIGHTS))
    return Section(say("scalars title"), (Paragraph(sentence), *result))


def can_be_written_out(context: DocumentContext) -> bool:
    """Whether every subscript is a letter and every extent a number."""
    for step in context.derivation.steps:
        if step.kind != "chain":
            continue
        term = step.after.terms[0]
        if not all(s.axis for s in term.target) or not all(a.extent.number for a in term.domain):
            return False
    return True


class _FromOne(Integers):
    """Entries counted from 1, as in a textbook; digits side by side."""

    def subscripts(self, subscripts: Sequence[Affine]) -> str:
        counted = [s + 1 if s.number is not None else s for s in subscripts]
        places = [self.integer(s, tight=True).text for s in counted]
        return ("" if all(len(t) == 1 for t in places) else ",").join(places)


def _places(shape: Place) -> Iterator[Place]:
    yield from product(*(range(n) for n in shape))


def _assignments(domain: Sequence[Axis]) -> Iterator[Mapping[Axis, int]]:
    for values in product(*(range(a.extent.number or 0) for a in domain)):
        yield dict(zip(domain, values, strict=True))


def _at(subscripts: Sequence[Affine], at: Mapping[Axis, int]) -> Place:
    return tuple(at[s.axis] if s.axis else s.constant for s in subscripts)


def _affine(place: Place) -> tuple[Affine, ...]:
    return tuple(affine(p) for p in place)
