"""The ranking of edits that explain a formula: how likely each is, and its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from derive.answers.slips import mistakes as m
from derive.answers.slips.activation_slopes import steps
from derive.answers.slips.candidates import Candidate
from derive.answers.slips.edits.context import Tensors
from derive.answers.slips.edits.slopes import groups
from derive.answers.slips.evaluator import Array
from derive.answers.slips.nested import Nested
from derive.answers.slips.positions import Edit, at
from derive.answers.slips.samples import Samples
from derive.answers.slips.slip import Slip
from derive.answers.slips.wording import clause
from derive.ir.derivation import Derivation
from derive.ir.notation import Add, Call, Compare, Expr, Logic, Read
from derive.ir.tree import addends, factors, reads, walk

_ERROR_PASSED_ON = 13  # dE/dy where dE/dz belongs, in the derivative by a leaf
_ERROR_BEFORE_SLOPE = 19
_UNLIKELY = 20  # added where the engine's own names, or a term of a sum, stand for each other


@dataclass(frozen=True)
class Explanation:
    """An edit that gives what it should at every entry that was looked at."""

    rank: tuple[int, int, int]
    slip: Slip


@dataclass(frozen=True)
class Ranking:
    """Judges the edits that explain one formula."""

    derivation: Derivation
    samples: Samples
    candidates: Sequence[Candidate]
    tensors: Tensors

    @cached_property
    def steps(self) -> tuple[tuple[str, str], ...]:
        """Argument and value of each activation."""
        return steps(self.derivation.system)

    def explanation(self, candidate: Candidate, edit: Edit, count: int) -> Explanation | None:
        """The slip that an edit is; None where it explains only by reaching 0.

        `count` decides between edits of one rank: the earlier is taken.
        """
        mistake = edit.mistake
        if mistake.forth != "missing term" and self._vanishes(candidate, edit):
            return None
        kind = mistake.forth if candidate.right else mistake.back
        kind, rank = self._refined(candidate, edit, kind, mistake.rank)
        slip = Slip(kind, clause(edit, candidate.right))
        return Explanation((rank + candidate.far, int(candidate.right), count), slip)

    def _refined(self, candidate: Candidate, edit: Edit, kind: str, rank: int) -> tuple[str, int]:
        """Kind and rank of an edit by what it stands in."""
        if kind == "index" and self._in_slope(candidate, edit, whole=True):
            return "wrong argument", rank - 1
        if kind != "wrong value":
            return kind, rank
        if _of_one_value(edit) and (self._in_slope(candidate, edit) or self._of_the_step(edit)):
            return m.SLOPE_OF_ANOTHER.forth, m.SLOPE_OF_ANOTHER.rank
        if not candidate.right and self._by_value(edit):
            evaluator = candidate.evaluator(0, self.samples)
            sloped = groups(candidate.whole, self.tensors.slopes, evaluator)
            passed_on = self._of_leaf() and not sloped
            return kind, _ERROR_PASSED_ON if passed_on else _ERROR_BEFORE_SLOPE
        wanted, there = edit.before, edit.after
        if not candidate.right:
            wanted, there = there, wanted
        unlikely = self._unnamed(wanted) or self._part_of(there, wanted)
        return kind, rank + _UNLIKELY if unlikely else rank

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
            if step == {source, value} and adjoint.get(source) == self.tensors.asked:
                as_written = next((c for c in self.candidates if not c.right), self.candidates[0])
                return any(r.tensor == adjoint.get(value) for r in reads(as_written.whole.expr))
        return False

    def _of_leaf(self) -> bool:
        """Whether the tensor is the derivative by something that no equation gives."""
        derivation, asked = self.derivation, self.tensors.asked
        defined = derivation.system.defined
        return any(a == asked and n not in defined for n, a in derivation.adjoints)

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

    def _vanishes(self, candidate: Candidate, edit: Edit) -> bool:
        """Whether what was edited is 0 before or after: any edit that reaches 0 is as good."""
        evaluator, root = candidate.evaluator(0, self.samples), candidate.whole.expr
        for path in edit.paths:
            for length in range(0 if candidate.right else 1, len(path) + 1):
                old, new = at(root, path[:length]), at(edit.expr, path[:length])
                if new is None or old is None or isinstance(old, Compare | Logic):
                    break
                if length and not isinstance(at(root, path[: length - 1]), Add):
                    continue
                if _zero(evaluator.value(old)) != _zero(evaluator.value(new)):
                    return True
        return False

    def _in_slope(self, candidate: Candidate, edit: Edit, whole: bool = False) -> bool:
        """Whether what was changed stands in the derivative of an activation, or is all of it."""
        root = candidate.whole.expr if candidate.right else edit.expr
        right = Nested(candidate.whole.axes, root)
        evaluator = candidate.evaluator(0, self.samples)
        slopes = [g.paths for g in groups(right, self.tensors.slopes, evaluator)]
        inside = bool(edit.paths) and all(
            any(_below(path, paths) for paths in slopes) for path in edit.paths
        )
        if not (inside and whole):
            return inside
        changed = [paths for paths in slopes if any(_below(path, paths) for path in edit.paths)]
        return all(
            sum(isinstance(n, Read) for p in paths if (part := at(root, p)) for n in walk(part))
            == len(edit.paths)
            for paths in changed
        )

    def _by_value(self, edit: Edit) -> bool:
        """Whether the derivative by an activation's value stands for that by its argument."""
        adjoint = self.derivation.adjoint
        match edit.before, edit.after:
            case Read(one), Read(other):
                return any(
                    s.value is not None
                    and (adjoint.get(s.value.tensor), adjoint.get(s.of.tensor)) == (one, other)
                    for s in self.tensors.slopes
                )
            case _:
                return False


def _below(path: tuple[int, ...], paths: Sequence[tuple[int, ...]]) -> bool:
    return any(path[: len(p)] == p for p in paths)


def _of_one_value(edit: Edit) -> bool:
    """Whether one value stands for another, or for a function of itself."""
    match edit.before, edit.after:
        case Read(), Read():
            return True
        case (Call(_, (inside,)), Read() as plain) | (Read() as plain, Call(_, (inside,))):
            return inside == plain
        case _:
            return False


def _zero(value: Array) -> bool:
    return bool(np.all(np.abs(value) < 1e-13))
