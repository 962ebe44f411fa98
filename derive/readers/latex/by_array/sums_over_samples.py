r"""Sums over samples whose arrays have no other subscripts: `\sum_n \delta_n (y_n)^\top`."""

from __future__ import annotations

from dataclasses import dataclass

from derive.arrays import nodes as whole
from derive.arrays.entries import Entries, Scope, Subscripts, reduced
from derive.arrays.to_equations import Elaborator
from derive.language.syntax import Name, Ref, Syntax
from derive.readers.latex.context import Formula, letter_of
from derive.readers.latex.symbol_parts import SymbolParts
from derive.readers.latex.syntax.nodes import Node, Relation, Scripted, Symbol, bare
from derive.readers.vocabulary import Vocabulary


def sum_letter(node: Node) -> str | None:
    """The letter of a sum over a single one; None where a node is no such sum."""
    if not (isinstance(node, Scripted) and len(node.below) == 1):
        return None
    base = bare(node.base)
    if not (isinstance(base, Symbol) and base.name == "sum"):
        return None
    below = bare(node.below[0])
    return letter_of(below.sides[0] if isinstance(below, Relation) else below)


@dataclass
class _Sum:
    """A sum that is being read: its letter on paper, and in the equation once that is known."""

    paper: str
    letter: str = ""
    is_used: bool = False


class Samples:
    """The arrays of one sample, inside sums over them."""

    def __init__(self, formula: Formula, elaborator: Elaborator, vocabulary: Vocabulary) -> None:
        self.formula = formula
        self.elaborator = elaborator
        self.vocabulary = vocabulary
        self.open: list[_Sum] = []
        self.count = 0
        self.parts: dict[str, str] = {}

    @property
    def scope(self) -> frozenset[str]:
        """The letters of sums over samples."""
        return frozenset(s.paper for s in self.open)

    def tensor_of(self, value: whole.Whole) -> str:
        """The tensor that a value is, however it lies, or a sample's part of; else nothing."""
        if isinstance(value, whole.Transpose):
            return self.tensor_of(value.of)
        if not isinstance(value, whole.Array):
            return ""
        return self.parts.get(value.name, value.name)

    def begin(self, letter: str) -> None:
        """A sum begins."""
        self.open.append(_Sum(letter))

    def end(self, node: Node, inner: whole.Whole) -> whole.Whole:
        """The sum of a value. Raises `Refused` where nothing in it is of one sample."""
        one = self.open.pop()
        batch = self.vocabulary.batch
        if not one.is_used or batch is None:
            raise self.formula.refuse(
                node, "a sum over letters needs subscripts; write them, or a product of arrays"
            )
        place = self.formula.place(node)
        entries = self.elaborator.entries(inner)

        def at(subscripts: Subscripts, scope: Scope) -> Syntax:
            one.letter, inside = scope.fresh(batch)
            body = entries.value(subscripts, inside)
            return reduced(place, "sum", ((one.letter, batch),), body, self.elaborator.length)

        return self._known(Entries(entries.shape, at, entries.lies), f"the sum over {one.paper}")

    def value(self, written: SymbolParts) -> whole.Whole | None:
        """A sample's part of a tensor; None where the subscript is no letter of a sum."""
        if not self.open:
            return None
        name = self.formula.names.take(written.base, written.layer, 2)
        if name is None:
            raise self.formula.unknown(written)
        return self.of(written, name)

    def of(self, written: SymbolParts, name: str) -> whole.Whole | None:
        """A sample's part of a tensor; None where the subscript is no letter of a sum."""
        letter = letter_of(written.below[0]) if len(written.below) == 1 else None
        one = next((s for s in reversed(self.open) if s.paper == letter), None)
        batch = self.vocabulary.batch
        if one is None or batch is None:
            return None
        names = self.formula.names
        shape = names.shapes.get(name, ())
        if batch not in shape:
            raise self.formula.refuse(
                written, f"'{written.shown}' is '{name}', which has no samples"
            )
        place = self.formula.place(written)
        axis = shape.index(batch)
        rest = (*shape[:axis], *shape[axis + 1 :])
        one.is_used = True

        def at(subscripts: Subscripts, _: Scope) -> Syntax:
            letters = (*subscripts[:axis], Name(place, one.letter), *subscripts[axis:])
            return Ref(place, name, letters)

        lies = "column" if self.elaborator.column and len(rest) == 1 else ""
        part = self._known(Entries(rest, at, lies), f"{name} of {one.paper}")
        self.parts[part.name] = name
        return part

    def _known(self, entries: Entries, shown: str) -> whole.Array:
        self.count += 1
        name = f"{shown}{' ' * self.count}"  # names differ, messages don't
        self.elaborator.known[name] = entries
        return whole.Array(name)
