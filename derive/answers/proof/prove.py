"""Is a formula what was derived, whatever the numbers are?

Each entry of what is read is a symbol; the formula and the derived equation are written out in one
normal form and compared. Where they differ, a tensor in the difference may be something that others
say, as `y1` is `sigmoid(z1)`: the last one in the order of computation is written out by its own
equation, and so on down to the leaves.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from derive.answers.batch_or_sample import Instance
from derive.answers.formula import FormulaInstance
from derive.answers.proof.normal_form import MOST_PRODUCTS, Form, Forms, Undecided, shortest
from derive.answers.proof.number_system import number_system
from derive.checks.exact import spread
from derive.checks.points import work
from derive.ir.notation import Equation, Tensor, Term
from derive.ir.system import Assumption
from derive.ir.tree import equation_reads
from derive.semantics.interpreter import Interpreter

MOST_WRITTEN = 3000  # bodies that are written out
MOST_SYMBOLS = 3000  # entries of all that is read
MOST_UNFOLDED = 24  # tensors that are written out by their own equations
_AGAIN = "as derived"


@dataclass(frozen=True)
class Proof:
    """The normal form of one entry, where it is short enough to be read."""

    normal_form: str


def prove(real: str, written: FormulaInstance, at: Instance) -> Proof | None:
    """None where there is no proof, or where the numbers at hand chose a branch."""
    derived = at.derived.get(real)
    if derived is None:
        return None
    places = spread(at.shape(real))
    unfolded: list[str] = []
    left = MOST_PRODUCTS
    for _ in range(MOST_UNFOLDED):
        try:
            comparison = _Comparison(derived, written, at, unfolded, left)
            result = comparison.differs(places)
        except (Undecided, ArithmeticError, RecursionError):
            return None
        left -= comparison.forms.products
        if isinstance(result, Proof):
            return result
        if result is None:
            return None
        unfolded.append(result)
    return None


class _Comparison:
    """Both sides in normal form, some tensors written out by their own equations."""

    def __init__(
        self,
        derived: Equation,
        written: FormulaInstance,
        at: Instance,
        unfolded: Sequence[str],
        most: int,
    ) -> None:
        self.at = at
        self.written = written
        self.order = {name: k for k, name in enumerate(at.derived)}
        self.forms = Forms(most=most)
        again = replace(derived, tensor=_AGAIN)
        table = at.numbers.table
        self.equations = (again, *written.equations, *(at.derived[n] for n in unfolded))
        own = {e.tensor for e in self.equations}
        read = {r.tensor for e in self.equations for r in equation_reads(e)} - own
        read = {n for n in read if at.right.table[n].value is None}
        self.symbols: dict[int, str] = {}
        real = [n for n in sorted(read) if not at.right.table[n].integer]
        if sum(math.prod(at.shape(n)) for n in real) > MOST_SYMBOLS:
            raise Undecided("too many entries")
        self.arrays = {n: at.array(n) for n in read if at.right.table[n].integer}
        self.arrays |= {n: self._symbols(n, at.array(n)) for n in real}
        for assumption in at.derivation.system.assumptions:
            self._assume(assumption)
        ours = replace(at.right.table[derived.tensor], name=_AGAIN)
        self.table = {**at.right.table, **table, **{t.name: t for t in (ours, *written.tensors)}}
        self.run = Interpreter(
            self.equations, self.table, self.arrays, number_system(self.forms), at.extents
        )

    def differs(self, places: Sequence[tuple[int, ...]]) -> Proof | str | None:
        """A proof; or the next tensor to write out; None where none is left."""
        whole = max(math.prod(self.run.shape(_AGAIN)), 1)
        if work(self.equations, self.at.extents) * len(places) // whole > MOST_WRITTEN:
            raise Undecided("too many bodies")
        first = ""
        for place in places:
            ours = self.run.value(_AGAIN, place)
            theirs = self.run.value(self.written.tensor, place)
            difference = ours + -theirs
            if difference.over:
                return self._latest(difference)
            first = first or self.forms.text(ours)
        return None if self.forms.chosen else Proof(shortest(first))

    def _latest(self, difference: Form) -> str | None:
        """Of what stands in the difference, the tensor that was computed last."""
        result = {self.symbols[g] for g in self.forms.symbols_in(difference) if g in self.symbols}
        inner = [n for n in result if n in self.order]
        return max(inner, key=lambda n: self.order[n], default=None)

    def _symbols(self, name: str, array: np.ndarray) -> np.ndarray:
        result = np.empty(array.shape, dtype=object)
        for place in np.ndindex(*array.shape):
            shown = f"{name}[{','.join(map(str, place))}]" if place else name
            entry = result[place] = self.forms.symbol(shown, array[place])
            ((which, _),) = next(iter(entry.over))
            self.symbols[which] = name
        return result

    def _assume(self, assumption: Assumption) -> None:
        """Use stated sums of entries: the last entry is the rest."""
        axes = assumption.axes
        left = replace(assumption.left, tensor="left")
        right = Equation(
            "right", axes, (Term(left.terms[0].target, axes, "sum", assumption.right),)
        )
        reads = {r.tensor for e in (left, right) for r in equation_reads(e)}
        if not reads <= self.arrays.keys():
            return
        shape = tuple(a.extent for a in axes)
        tensors = {n: Tensor(n, shape, "intermediate") for n in ("left", "right")}
        table = {**self.at.right.table, **tensors}
        run = Interpreter(
            (left, right), table, self.arrays, number_system(self.forms), self.at.extents
        )
        for place in np.ndindex(*run.shape("left")):
            rest = run.value("left", place) + -run.value("right", place)
            self._solve(rest, reads)

    def _solve(self, rest: Form, names: Iterable[str]) -> None:
        """Put the last entry that stands in `rest == 0` by itself in terms of the others."""
        for name in sorted(names):
            array = self.arrays[name]
            for place in reversed(list(np.ndindex(*array.shape))):
                entry = array[place]
                if not isinstance(entry, Form) or len(entry.over) != 1 or entry.under:
                    continue
                (monomial,) = entry.over
                coefficient = rest.over.get(monomial)
                if coefficient is not None and len(monomial) == 1 and not rest.under:
                    array[place] = entry + -(rest * self.forms.number(1 / coefficient))
                    return
