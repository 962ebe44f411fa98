"""How much an edit tells: of several that explain a formula, which mistake is the likeliest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from derive.answers.slips.activation_slopes import Slope
from derive.answers.slips.candidates import Form
from derive.answers.slips.edits.tensors import groups
from derive.answers.slips.evaluator import Array
from derive.answers.slips.nested import Nested
from derive.answers.slips.positions import Edit, at
from derive.answers.slips.samples import Target
from derive.answers.slips.slip import Slip
from derive.answers.slips.wording import told
from derive.ir.derivation import Derivation
from derive.ir.notation import (
    Add,
    Call,
    Compare,
    Expr,
    Logic,
    Read,
)
from derive.ir.tree import (
    addends,
    factors,
    reads,
    walk,
)


@dataclass(frozen=True)
class Found:
    """An edit that gives what it should, at every place that was looked at."""

    rank: tuple[int, int, int]
    slip: Slip


class Judge:
    """What an edit that explains a formula is called, and how likely it is."""

    def __init__(
        self,
        tensor: str,
        derivation: Derivation,
        targets: Sequence[Target],
        forms: Sequence[Form],
        slopes: Sequence[Slope],
        steps: Sequence[tuple[str, str]],
    ) -> None:
        self.tensor = tensor
        self.derivation = derivation
        self.targets = targets
        self.forms = forms
        self.slopes = slopes
        self.steps = steps
        adjoint = derivation.adjoint
        self._pairs = {
            (adjoint[s.value.tensor], adjoint[s.of.tensor])
            for s in slopes
            if s.value is not None and {s.value.tensor, s.of.tensor} <= set(adjoint)
        }

    def found(self, form: Form, edit: Edit, count: int) -> Found | None:
        """The slip that an edit is; None where it explains only by reaching 0."""
        kind = edit.forth if form.right else edit.back
        rank = edit.rank
        if edit.forth != "missing term" and self._vanishes(form, edit):
            return None
        if kind == "wrong value":
            if _of_one_value(edit) and (self._in_slope(form, edit) or self._of_the_step(edit)):
                kind, rank = "wrong argument", 16
            elif not form.right and self._later(edit):
                rank = 13 if self._of_leaf() and not self._sloped(form) else 19
            else:
                wanted, there = (
                    (edit.before, edit.after) if form.right else (edit.after, edit.before)
                )
                if self._unnamed(wanted) or self._part_of(there, wanted):
                    rank += 20
        elif kind == "index" and self._in_slope(form, edit, whole=True):
            kind, rank = "wrong argument", rank - 1
        return Found((rank + form.far, int(form.right), count), Slip(kind, told(edit, form.right)))

    def _of_the_step(self, edit: Edit) -> bool:
        """Whether an activation's value and argument are mixed up where it is differentiated.

        Such as in softmax's, which is no factor: `p*(dp - sum(dp*p))`.
        """
        match edit.before, edit.after:
            case Read(one), Read(other):
                step = {one, other}
            case _:
                return False
        adjoint = self.derivation.adjoint
        for source, value in self.steps:
            if step == {source, value} and adjoint.get(source) == self.tensor:
                upstream = adjoint.get(value)
                said = [f for f in self.forms if not f.right] or self.forms
                return any(r.tensor == upstream for r in reads(said[0].whole.expr))
        return False

    def _of_leaf(self) -> bool:
        """Whether the tensor is the derivative by something that no equation gives."""
        defined = self.derivation.system.defined
        return any(a == self.tensor and n not in defined for n, a in self.derivation.adjoints)

    def _sloped(self, form: Form) -> bool:
        """Whether the writer has written a derivative of an activation out."""
        return bool(groups(form.whole, self.slopes, form.bench(self.targets, 0)))

    def _part_of(self, part: Expr | str | None, whole: Expr | str | None) -> bool:
        """Whether one tensor is a term or a factor of another one: what is lost is the rest."""
        if not (isinstance(part, Read) and isinstance(whole, Read)):
            return False
        derivation = self.derivation
        every = (*derivation.forward, *derivation.backward, *derivation.inlined)
        equation = next((e for e in every if e.tensor == whole.tensor), None)
        if equation is None:
            return False
        parts = [a for t in equation.terms for a in addends(t.body)]
        if len(parts) == 1 and not equation.terms[0].reduced:
            parts = list(factors(parts[0]))
        return len(parts) > 1 and any(
            isinstance(a, Read) and a.tensor == part.tensor for a in parts
        )

    def _unnamed(self, part: Expr | str | None) -> bool:
        """Whether a tensor is one that the engine has named, or the derivative by such a one."""
        if not isinstance(part, Read):
            return False
        derivation = self.derivation
        of = {a: n for n, a in derivation.adjoints}
        made = {e.tensor for e in derivation.forward if not e.source}
        mine = {e.tensor for e in (*derivation.backward, *derivation.inlined)} - set(of)
        return part.tensor in mine or of.get(part.tensor, part.tensor) in made

    def _vanishes(self, form: Form, edit: Edit) -> bool:
        """Whether what was edited is 0 before or after: any edit that reaches 0 is as good."""
        bench = form.bench(self.targets, 0)
        for path in edit.paths:
            for length in range(0 if form.right else 1, len(path) + 1):
                old = at(form.whole.expr, path[:length])
                new = at(edit.expr, path[:length])
                if new is None or old is None or isinstance(old, Compare | Logic):
                    break
                if length and not isinstance(at(form.whole.expr, path[: length - 1]), Add):
                    continue
                if _zero(bench.value(old)) != _zero(bench.value(new)):
                    return True
        return False

    def _in_slope(self, form: Form, edit: Edit, whole: bool = False) -> bool:
        """Whether what was changed stands in the derivative of an activation, or is all of it."""
        right = form.whole if form.right else Nested(form.whole.axes, edit.expr)
        bench = form.bench(self.targets, 0)
        found = groups(right, self.slopes, bench)
        there = [p for g in found for p in g.paths]
        inside = bool(edit.paths) and all(
            any(path[: len(p)] == p for p in there) for path in edit.paths
        )
        if not (inside and whole):
            return inside
        return all(
            sum(isinstance(n, Read) for p in g.paths for n in walk(_some(at(right.expr, p))))
            == len(edit.paths)
            for g in found
            if any(path[: len(p)] == p for p in g.paths for path in edit.paths)
        )

    def _later(self, edit: Edit) -> bool:
        """Whether the derivative by an activation's value stands for that by its argument."""
        match edit.before, edit.after:
            case Read(one), Read(other):
                return (one, other) in self._pairs
            case _:
                return False


def _of_one_value(edit: Edit) -> bool:
    """Whether one value stands for another, or for a function of itself."""
    match edit.before, edit.after:
        case Read(), Read():
            return True
        case (Call(_, (inside,)), Read() as plain) | (Read() as plain, Call(_, (inside,))):
            return inside == plain
        case _:
            return False


def _some(expr: Expr | None) -> Expr:
    assert expr is not None
    return expr


def _zero(value: Array) -> bool:
    return bool(np.all(np.abs(value) < 1e-13))
