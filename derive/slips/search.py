"""The search: the right formula changed into the written one, or the written one into the right."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from derive.notation import (
    Add,
    Call,
    Compare,
    Derivation,
    Dim,
    Expr,
    Index,
    Logic,
    Mul,
    Number,
    Pow,
    Read,
    Reduction,
    affine,
)
from derive.slips.bench import Array, Bench, TooMany
from derive.slips.forms import FAR, right_forms
from derive.slips.letters import letter_edits
from derive.slips.nested import (
    MOST_NODES,
    Nested,
    multiplied_out,
    named_extents,
    nested,
    written_in,
)
from derive.slips.numbers import numeric_edits
from derive.slips.slip import Point, Slip, apart
from derive.slips.slopes import slopes, steps
from derive.slips.spots import Edit, at, spots
from derive.slips.targets import Target, differs, same, target
from derive.slips.telling import told
from derive.slips.through import passes
from derive.slips.tensors import (
    branch_edits,
    fitted,
    groups,
    inserted,
    slope_edits,
    tensor_edits,
    values_for,
)
from derive.tree import MINUS_ONE, addends, index, reads, walk

MOST_WORK = 150_000.0  # calls of NumPy, about 2 microseconds each
SECONDS = 3.0  # the last resort, where a machine is slow


@dataclass
class Form:
    """One expression that is edited; `twins` are what it is at each point."""

    whole: Nested
    right: bool
    far: int
    twins: tuple[Nested, ...] = ()
    benches: dict[int, Bench] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """An edit that gives what it should, at every place that was looked at."""

    rank: tuple[int, int, int]
    slip: Slip


class Search:
    """One formula's search. `work` and `tried` say what it has cost so far."""

    def __init__(
        self,
        tensor: str,
        derivation: Derivation,
        points: Sequence[Point],
        most_work: float = MOST_WORK,
        seconds: float = SECONDS,
    ) -> None:
        self.tensor = tensor
        self.derivation = derivation
        self.points = points
        self.most_work = most_work
        self.tried = 0
        self._done = 0.0
        self._end = time.monotonic() + seconds
        found = [target(tensor, apart(p)) for p in points]
        self.targets = [t for t in found if t is not None]
        self.usable = len(found) == len(self.targets) and differs(self.targets)
        if not self.usable:
            return
        self.targets.sort(key=_nothing_seen)
        self.slopes = slopes(derivation.forward)
        self.steps = steps(derivation.system)
        adjoint = self.derivation.adjoint
        self._pairs = {
            (adjoint[s.value.tensor], adjoint[s.of.tensor])
            for s in self.slopes
            if s.value is not None and {s.value.tensor, s.of.tensor} <= set(adjoint)
        }
        self.like = _like(self.targets[0], self._fixed())
        system = self.derivation.system
        self.forward = tuple(
            t.name for t in system.tensors if t.role in ("input", "intermediate", "target")
        )
        self.shapes = {
            t.name: t.shape for t in self.derivation.tensors if t.value is None and not t.integer
        }
        self.forms = tuple(self._forms())

    def _fixed(self) -> set[str]:
        """Numbers that the model fixes and the tensor doesn't depend on: none is meant by chance."""
        fixed = {t.name for t in self.derivation.tensors if t.value is not None}
        return set() if self.tensor.startswith("next(") else fixed

    # ---- what is edited ----------------------------------------------------------------------

    def _forms(self) -> Iterator[Form]:
        written = [self._written(t.point) for t in self.targets]
        raw = [self._read(t.point) for t in self.targets if t.point.equation is not None]
        first = written[0]
        mentioned: set[str] = set()
        if len(raw) == len(written) and self.targets[0].point.own:
            yield Form(named_extents(raw[0]), False, 0, tuple(raw))
        if first is not None and all(w is not None for w in written):
            mentioned = {r.tensor for r in reads(first.expr)}
            twins = tuple(w for w in written if w is not None)
            yield Form(named_extents(first), False, 12 if self.targets[0].point.own else 0, twins)
        for whole, far in right_forms(self.tensor, self.derivation, mentioned).items():
            yield Form(whole, True, far, tuple(whole for _ in self.targets))
        if first is not None and all(w is not None for w in written):
            outs = [multiplied_out(w) for w in written if w is not None]
            if all(o is not None for o in outs):
                twins = tuple(o for o in outs if o is not None)
                yield Form(named_extents(twins[0]), False, FAR, twins)

    def _read(self, point: Point) -> Nested:
        """The formula as it was written: with names where the writer has given names."""
        assert point.equation is not None
        whole = nested(point.equation)
        for _ in range(len(point.own)):
            unnamed = {e.tensor: nested(e) for e in point.own if not e.source}
            wanted = {r.tensor: unnamed[r.tensor] for r in reads(whole.expr) if r.tensor in unnamed}
            if not wanted:
                break
            whole = written_in(whole, wanted)
        return whole

    def _written(self, point: Point) -> Nested | None:
        if point.equation is None:
            return None
        whole = nested(point.equation)
        own = {e.tensor: nested(e) for e in point.own}
        for _ in range(len(own) + 1):
            wanted = {r.tensor: own[r.tensor] for r in reads(whole.expr) if r.tensor in own}
            if not wanted:
                return whole
            whole = written_in(whole, wanted)
            if whole.size > MOST_NODES:
                return None
        return None

    def _bench(self, form: Form, which: int, first: bool = False) -> Bench:
        """Where a form is worked out at a point; `first`: at few places of the first one."""
        key = -1 if first else which
        if key not in form.benches:
            goal = self.targets[which].first if first else self.targets[which]
            bench = Bench(goal.values, form.whole.axes, goal.places)
            twin = form.twins[which]
            for one, other in zip(form.whole.axes, twin.axes, strict=True):
                bench.learn(one, other)
            bench.keep(form.whole.expr, twin.expr)
            form.benches[key] = bench
        return form.benches[key]

    def slips(self) -> tuple[Slip, ...]:
        """What explains the formula, likeliest first, each kind once."""
        if not self.usable:
            return ()
        kinds: dict[str, Slip] = {}
        for found in self.singles():
            kinds.setdefault(found.slip.kind, found.slip)
        return tuple(kinds.values())

    # ---- single edits ------------------------------------------------------------------------

    def singles(self) -> list[Found]:
        """What single edits explain, best first."""
        found = []
        found.extend(self._without_a_step())
        for form in self.forms:
            if found and form.far >= FAR:
                break
            try:
                found.extend(self._of_form(form))
            except (TooMany, ValueError, KeyError):
                continue
        return sorted(found, key=lambda f: f.rank)

    def _without_a_step(self) -> Iterator[Found]:
        """What was written, taken for the derivative by an activation's value, gives the right."""
        elementwise = {s.value.tensor for s in self.slopes if s.value is not None}
        for source, value in self.steps:
            if self.derivation.adjoint.get(source) != self.tensor or value in elementwise:
                continue
            if all(passes(self.derivation, source, value, goal) for goal in self.targets):
                detail = f"the derivative of {value} by {source} is left out"
                yield Found((15, 0, 0), Slip("missing derivative", detail))

    def _of_form(self, form: Form) -> Iterator[Found]:
        bench = self._bench(form, 0, first=True)
        goal = self.targets[0].first
        wanted = goal.written if form.right else goal.right
        for count, edit in enumerate(self._edits(form, bench)):
            before = bench.work
            value = self._value(bench, edit.expr)
            self._spend(bench.work - before)
            if value is not None and same(value, wanted) and self._holds(form, edit):
                found = self._found(form, edit, count)
                if found is not None:
                    yield found
            if self._spent():
                return

    def _edits(self, form: Form, bench: Bench) -> Iterator[Edit]:
        whole = form.whole
        root = whole.expr
        there = groups(whole, self.slopes, bench)
        yield from slope_edits(whole, there, self.like, form.right)
        every = list(spots(whole))
        scales = list(_scales(bench, whole))
        for spot in every:
            yield from tensor_edits(root, spot, self.like, self.tensor)
            yield from numeric_edits(root, spot, scales)
            yield from branch_edits(root, spot)
            if form.right:
                yield from fitted(root, spot, self.shapes, self.tensor)
                yield from values_for(root, spot, self.shapes, self.forward)
            yield from letter_edits(root, spot, bench.extent)
        yield from inserted(whole, self.slopes, self.like)

    def _value(self, bench: Bench, expr: Expr) -> np.ndarray | None:
        self.tried += 1
        try:
            return bench.at_places(expr)
        except (TooMany, ValueError, IndexError, KeyError):
            return None

    def _holds(self, form: Form, edit: Edit) -> bool:
        """Whether an edit gives what it should at every place of every point."""
        for which, goal in enumerate(self.targets):
            try:
                bench = self._bench(form, which)
            except (TooMany, ValueError, KeyError):
                return False
            before = bench.work
            value = self._value(bench, edit.expr)
            self._spend(bench.work - before)
            wanted = goal.written if form.right else goal.right
            if value is None or not same(value, wanted):
                return False
        return True

    def _found(self, form: Form, edit: Edit, count: int) -> Found | None:
        kind = edit.forth if form.right else edit.back
        rank = edit.rank
        if edit.forth != "missing term" and self._vanishes(form, edit):
            return None
        if kind == "wrong value":
            if self._in_slope(form, edit) or self._of_the_step(edit):
                kind, rank = "wrong argument", 16
            elif not form.right and self._later(edit):
                rank = 13 if self._of_leaf() and not self._sloped(form) else 19
            else:
                wanted, there = (
                    (edit.before, edit.after) if form.right else (edit.after, edit.before)
                )
                if self._unnamed(wanted) or self._part_of(there, wanted):
                    rank += 12
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
        return bool(groups(form.whole, self.slopes, self._bench(form, 0)))

    def _part_of(self, part: Expr | str | None, whole: Expr | str | None) -> bool:
        """Whether one tensor is a term of another one's equation: what is lost is the rest."""
        if not (isinstance(part, Read) and isinstance(whole, Read)):
            return False
        equation = self.derivation.system.defined.get(whole.tensor)
        if equation is None:
            return False
        terms = [a for t in equation.terms for a in addends(t.body)]
        return len(terms) > 1 and any(
            isinstance(a, Read) and a.tensor == part.tensor for a in terms
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
        bench = self._bench(form, 0)
        for path in edit.paths:
            for length in range(0 if form.right else 1, len(path) + 1):
                old = at(form.whole.expr, path[:length])
                new = at(edit.expr, path[:length])
                if new is None or old is None or isinstance(old, Compare | Logic):
                    break
                if length and not isinstance(at(form.whole.expr, path[: length - 1]), Add):
                    continue
                if _zero(bench.value(old)) or _zero(bench.value(new)):
                    return True
        return False

    def _in_slope(self, form: Form, edit: Edit, whole: bool = False) -> bool:
        """Whether what was changed stands in the derivative of an activation, or is all of it."""
        right = form.whole if form.right else Nested(form.whole.axes, edit.expr)
        bench = self._bench(form, 0)
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

    def _spend(self, work: float) -> None:
        self._done += work

    def _spent(self) -> bool:
        return self._done > self.most_work or (
            self.tried % 256 == 0 and time.monotonic() > self._end
        )

    @property
    def work(self) -> float:
        """What was done so far, in calls of NumPy."""
        return self._done


def _some(expr: Expr | None) -> Expr:
    assert expr is not None
    return expr


def _zero(value: Array) -> bool:
    return bool(np.all(np.abs(value) < 1e-13))


def _nothing_seen(goal: Target) -> bool:
    return same(goal.right, goal.written)


def _like(goal: Target, without: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """For each tensor the others of its shape at this point."""
    right = goal.point.right
    shapes: dict[tuple[int, ...], list[str]] = {}
    for name, tensor in right.table.items():
        if tensor.integer or name in without:
            continue
        try:
            shapes.setdefault(right.shape(name), []).append(name)
        except (KeyError, ValueError):
            continue
    return {n: tuple(m for m in names if m != n) for names in shapes.values() for n in names}


def _scales(bench: Bench, whole: Nested) -> Iterator[Expr]:
    """Factors that are left out or put in: 2, extents, and what corrects a variance."""
    two = Number(Fraction(2))
    yield two
    yield _inverse(two)
    axes = list(whole.axes)
    for spot in spots(whole):
        if isinstance(spot.node, Reduction):
            axes.extend(spot.node.axes)
    extents = [affine(Dim(name)) for name in bench.values.right.extents]
    extents.extend(a.extent for a in axes)
    sizes: list[Expr] = []
    for extent in dict.fromkeys(extents):
        number = extent.number
        if number is None or number > 2:
            sizes.append(index(extent))
    for size in sizes:
        yield size
        yield _inverse(size)
        root = Call("sqrt", (size,))
        yield root
        yield _inverse(root)
    for size in sizes:
        if isinstance(size, Index):
            less = Index(size.value + -1)
            yield Mul((size, _inverse(less)))
            yield Mul((less, _inverse(size)))
    for one in sizes:
        for other in sizes:
            if one != other:
                yield Mul((one, _inverse(other)))


def _inverse(expr: Expr) -> Expr:
    return Pow(expr, MINUS_ONE)
