"""The formulas that are edited: what was written, and the right formula in some forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from derive.answers.slips.equivalent_forms import FAR, right_forms
from derive.answers.slips.evaluator import Evaluator
from derive.answers.slips.nested import Nested, multiplied_out, named_extents, nested, written_in
from derive.answers.slips.samples import Samples
from derive.answers.slips.slip import Point
from derive.ir.derivation import Derivation
from derive.ir.notation import Equation
from derive.ir.tree import reads
from derive.semantics.interpreter import Place

_OWN = 12  # how far from the formula it is with the writer's own equations written in


@dataclass(frozen=True)
class Candidate:
    """A formula that is edited. `right`: it is the right one, in one of its forms.

    `far` is added to the ranks of its edits, for being unlike what was written; `twins` are what
    the formula is at each point.
    """

    whole: Nested
    right: bool
    far: int
    twins: tuple[Nested, ...]
    _evaluators: dict[tuple[int, tuple[Place, ...]], Evaluator] = field(
        default_factory=dict, compare=False
    )

    def evaluator(self, which: int, samples: Samples) -> Evaluator:
        """Its values at some entries at one of the points; made once."""
        key = (which, samples.places)
        if key not in self._evaluators:
            evaluator = Evaluator(samples.values, self.whole.axes, samples.places)
            twin = self.twins[which]
            for one, other in zip(self.whole.axes, twin.axes, strict=True):
                evaluator.learn(one, other)
            evaluator.keep(self.whole.expr, twin.expr)
            self._evaluators[key] = evaluator
        return self._evaluators[key]


def written(twins: Sequence[Nested], far: int = 0) -> Candidate:
    """A written formula, which may differ from point to point in its extents."""
    return Candidate(named_extents(twins[0]), False, far, tuple(twins))


def candidates(tensor: str, derivation: Derivation, points: Sequence[Point]) -> Iterator[Candidate]:
    """The written formula, with the writer's own names and without; then the right one."""
    raw = [r for p in points if (r := as_read(p)) is not None]
    full = [w for p in points if (w := as_written(p)) is not None]
    named = len(raw) == len(points) and any(p.own for p in points)
    whole = len(full) == len(points)
    if named:
        yield written(raw)
    if whole and not (named and raw[0] == full[0]):
        yield written(full, _OWN if named else 0)
    mentioned = {r.tensor for r in reads(full[0].expr)} if whole else set[str]()
    for form, far in right_forms(tensor, derivation, mentioned).items():
        yield Candidate(form, True, far, (form,) * len(points))
    if whole:
        outs = [out for w in full if (out := multiplied_out(w)) is not None]
        if len(outs) == len(points):
            yield written(outs, FAR)


def as_read(point: Point) -> Nested | None:
    """The formula as it was written: with names where the writer has given names."""
    return _filled(point, [e for e in point.own if not e.source])


def as_written(point: Point) -> Nested | None:
    """The formula with all of the writer's own equations written in; None where that is long."""
    return _filled(point, point.own)


def _filled(point: Point, own: Sequence[Equation]) -> Nested | None:
    if point.equation is None:
        return None
    given = {e.tensor: e for e in own}
    whole = written_in(nested(point.equation), given, len(own) + 1)
    return None if any(r.tensor in given for r in reads(whole.expr)) else whole
