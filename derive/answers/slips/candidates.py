"""The expressions that are edited: what was written, and the right formula in some forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from derive.answers.slips.equivalent_forms import FAR, right_forms
from derive.answers.slips.evaluator import Bench
from derive.answers.slips.nested import (
    MOST_NODES,
    Nested,
    multiplied_out,
    named_extents,
    nested,
    written_in,
)
from derive.answers.slips.samples import Target
from derive.answers.slips.slip import Point
from derive.ir.derivation import Derivation
from derive.ir.notation import Equation
from derive.ir.tree import reads

_OWN = 12  # how far from the formula it is with the writer's own equations written in


@dataclass
class Form:
    """One expression that is edited; `twins` are what it is at each point."""

    whole: Nested
    right: bool
    far: int
    twins: tuple[Nested, ...] = ()
    benches: dict[int, Bench] = field(default_factory=dict)

    def bench(self, targets: Sequence[Target], which: int, first: bool = False) -> Bench:
        """Where it is worked out at a point; `first`: at few places of the first one."""
        key = -1 if first else which
        if key not in self.benches:
            goal = targets[which].first if first else targets[which]
            bench = Bench(goal.values, self.whole.axes, goal.places)
            twin = self.twins[which]
            for one, other in zip(self.whole.axes, twin.axes, strict=True):
                bench.learn(one, other)
            bench.keep(self.whole.expr, twin.expr)
            self.benches[key] = bench
        return self.benches[key]


def sides(tensor: str, derivation: Derivation, targets: Sequence[Target]) -> Iterator[Form]:
    """What was written, as it was and with the writer's own names written in; what is right."""
    points = [t.point for t in targets]
    raw = [as_read(p) for p in points]
    full = [as_written(p) for p in points]
    named = all(r is not None for r in raw) and any(p.own for p in points)
    if named:
        yield _written_form([r for r in raw if r is not None], 0)
    mentioned: set[str] = set()
    whole = [w for w in full if w is not None]
    if len(whole) == len(points):
        mentioned = {r.tensor for r in reads(whole[0].expr)}
        same = named and raw[0] == full[0]
        if not same:
            yield _written_form(whole, _OWN if named else 0)
    for form, far in right_forms(tensor, derivation, mentioned).items():
        yield Form(form, True, far, tuple(form for _ in targets))
    if len(whole) == len(points):
        outs = [o for w in whole if (o := multiplied_out(w)) is not None]
        if len(outs) == len(points):
            yield _written_form(outs, FAR)


def _written_form(twins: Sequence[Nested], far: int) -> Form:
    return Form(named_extents(twins[0]), False, far, tuple(twins))


def as_read(point: Point) -> Nested | None:
    """The formula as it was written: with names where the writer has given names."""
    if point.equation is None:
        return None
    return _filled(nested(point.equation), [e for e in point.own if not e.source])


def as_written(point: Point) -> Nested | None:
    """The formula with all of the writer's own equations written in; None where that is long."""
    if point.equation is None:
        return None
    return _filled(nested(point.equation), point.own)


def _filled(whole: Nested, own: Sequence[Equation]) -> Nested | None:
    given = {e.tensor: nested(e) for e in own}
    for _ in range(len(own) + 1):
        wanted = {r.tensor: given[r.tensor] for r in reads(whole.expr) if r.tensor in given}
        if not wanted:
            return whole
        whole = written_in(whole, wanted)
        if whole.size > MOST_NODES:
            return None
    return None
