"""The search: the right formula changed into the written one, or the written one into the right."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from derive.answers.slips.activation_slopes import slopes, steps
from derive.answers.slips.candidates import Form, sides
from derive.answers.slips.edits.indices import letter_edits
from derive.answers.slips.edits.numbers import numeric_edits
from derive.answers.slips.edits.own_equations import own_edits
from derive.answers.slips.edits.scales import alike, scales_of
from derive.answers.slips.edits.tensors import (
    branch_edits,
    fitted,
    groups,
    inserted,
    slope_edits,
    tensor_edits,
    values_for,
)
from derive.answers.slips.equivalent_forms import FAR
from derive.answers.slips.evaluator import Array, Bench, TooMany
from derive.answers.slips.missing_layer import passes
from derive.answers.slips.missing_slope import slope_and_number
from derive.answers.slips.positions import Edit, spots
from derive.answers.slips.ranking import Found, Judge
from derive.answers.slips.samples import differs, same, target
from derive.answers.slips.slip import (
    VAGUE,
    Point,
    Slip,
    apart,
)
from derive.answers.slips.wording import told
from derive.ir.derivation import Derivation
from derive.ir.notation import Expr

MOST_WORK = 60_000.0  # calls of NumPy, some microseconds each
SECONDS = 20.0  # the last resort, where a machine is very slow
_SURE = 12  # no later form explains a formula better than this
_GOOD = 40  # good enough not to ask forms that are further from what was written
_GUESSED = 3
_WITHIN = 25  # of the best one's rank: what is told beside it
_MOST_TOLD = 3
_MOST_OF_TWO = 75


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
        self.most_work = most_work
        self.tried = 0
        self.work = 0.0
        self._end = time.monotonic() + seconds
        found = [target(tensor, apart(p)) for p in points]
        self.targets = [t for t in found if t is not None]
        self.usable = len(found) == len(self.targets) and differs(self.targets)
        if not self.usable:
            return
        self.targets.sort(key=lambda t: same(t.right, t.written))
        system = derivation.system
        fixed = {t.name for t in derivation.tensors if t.value is not None}
        # a number that the model fixes is met by chance only, but in an update
        self.like = alike(self.targets[0], () if tensor.startswith("next(") else fixed)
        self.forward = tuple(
            t.name for t in system.tensors if t.role in ("input", "intermediate", "target")
        )
        self.shapes = {
            t.name: t.shape for t in derivation.tensors if t.value is None and not t.integer
        }
        self.slopes = slopes(derivation.forward)
        self.steps = steps(system)
        self.forms = tuple(sides(tensor, derivation, self.targets))
        self.judge = Judge(tensor, derivation, self.targets, self.forms, self.slopes, self.steps)
        self._seen: list[tuple[Form, Edit, int, np.ndarray]] = []

    def slips(self) -> tuple[Slip, ...]:
        """What explains the formula, likeliest first, each kind once; else two mistakes that do."""
        if not self.usable:
            return ()
        every = self.singles()
        if not every:
            both = slope_and_number(self.tensor, self.derivation, self.slopes, self.targets)
            return both or self.pair()
        kinds: dict[str, Slip] = {}
        for found in every:
            if found.rank[0] <= every[0].rank[0] + _WITHIN:
                kinds.setdefault(found.slip.kind, found.slip)
        return tuple(kinds.values())[:_MOST_TOLD]

    # ---- one edit ----------------------------------------------------------------------------

    def singles(self) -> list[Found]:
        """What single edits explain, best first."""
        found = [*self._without_a_step()]
        for form in self.forms:
            best = min((f.rank[0] for f in found), default=2 * FAR)
            if best <= form.far + _SURE or (best <= _GOOD and form.far >= _GUESSED):
                continue
            try:
                found.extend(self._of_form(form))
            except (TooMany, ValueError, KeyError):
                continue
        if not found and not self._spent():
            found.extend(self._of_own())
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
        bench = form.bench(self.targets, 0, first=True)
        goal = self.targets[0].first
        wanted = goal.written if form.right else goal.right
        for count, edit in enumerate(self._edits(form, bench)):
            value = self._value(bench, edit.expr)
            if value is None:
                continue
            if same(value, wanted):
                if self._holds(form, edit):
                    found = self.judge.found(form, edit, count)
                    if found is not None:
                        yield found
            elif form.far < FAR:
                self._seen.append((form, edit, count, value))
            if self._spent():
                return

    def _edits(self, form: Form, bench: Bench) -> Iterator[Edit]:
        whole = form.whole
        root = whole.expr
        there = groups(whole, self.slopes, bench)
        yield from slope_edits(whole, there, self.like, form.right)
        scales = list(scales_of(bench, whole))
        for spot in list(spots(whole)):
            yield from tensor_edits(root, spot, self.like, self.tensor)
            yield from numeric_edits(root, spot, scales)
            yield from branch_edits(root, spot)
            if form.right:
                yield from fitted(root, spot, self.shapes, self.tensor)
                yield from values_for(root, spot, self.shapes, self.forward)
            yield from letter_edits(root, spot, bench.extent)
        yield from inserted(whole, self.slopes, self.like)

    def _of_own(self) -> Iterator[Found]:
        """One thing changed in an equation of the writer's own, wherever that is read."""
        for which, edit, whole in own_edits(self.targets, self._edits_of_own):
            for k, goal in enumerate(self.targets):
                bench = Bench(goal.values, whole[k].axes, goal.places)
                value = self._value(bench, whole[k].expr)
                if value is None or not same(value, goal.right):
                    break
            else:
                yield Found((edit.rank, 2, which), Slip(edit.back, told(edit, False)))
            if self._spent():
                return

    def _edits_of_own(self, form: Form, bench: Bench) -> Iterator[Edit]:
        root = form.whole.expr
        scales = list(scales_of(bench, form.whole))
        for spot in list(spots(form.whole)):
            yield from tensor_edits(root, spot, self.like, self.tensor)
            yield from numeric_edits(root, spot, scales)
            yield from letter_edits(root, spot, bench.extent)
        yield from inserted(form.whole, self.slopes, self.like)

    # ---- two edits ---------------------------------------------------------------------------

    def pair(self) -> tuple[Slip, ...]:
        """One edit of the right formula and one of the written that meet in the same values."""
        goal = self.targets[0].first
        size = float(np.abs(goal.right).max() + np.abs(goal.written).max())
        met: dict[tuple[float, ...], list[tuple[Form, Edit, int]]] = {}
        right = [s for s in self._seen if s[0].right]
        for form, edit, count, value in right:
            if _tells(value, size):
                met.setdefault(_key(value, size), []).append((form, edit, count))
        best: tuple[int, int, int, Slip, Slip] | None = None
        for form, edit, count, value in (s for s in self._seen if not s[0].right):
            if not _tells(value, size):
                continue
            for other, forth, place in met.get(_key(value, size), ()):
                rank = edit.rank + form.far + forth.rank + other.far
                if rank > _MOST_OF_TWO or (best is not None and rank >= best[0]):
                    continue
                if edit.back in VAGUE and forth.forth in VAGUE:
                    continue
                if not self._meet(form, edit, other, forth):
                    continue
                one = self.judge.found(form, edit, count)
                two = self.judge.found(other, forth, place)
                if one is not None and two is not None and one.slip.kind != two.slip.kind:
                    first, second = sorted((one, two), key=lambda f: f.rank)
                    best = (rank, count, place, first.slip, second.slip)
        if best is None:
            return ()
        return tuple(replace(slip, together=True) for slip in best[3:])

    def _meet(self, one: Form, edit: Edit, other: Form, forth: Edit) -> bool:
        for which in range(len(self.targets)):
            try:
                ours = self._value(one.bench(self.targets, which), edit.expr)
                theirs = self._value(other.bench(self.targets, which), forth.expr)
            except (TooMany, ValueError, KeyError):
                return False
            if ours is None or theirs is None or not same(ours, theirs):
                return False
        return True

    # ---- values ------------------------------------------------------------------------------

    def _value(self, bench: Bench, expr: Expr) -> Array | None:
        self.tried += 1
        before = bench.work
        try:
            return bench.at_places(expr)
        except (TooMany, ValueError, IndexError, KeyError):
            return None
        finally:
            self.work += bench.work - before

    def _holds(self, form: Form, edit: Edit) -> bool:
        """Whether an edit gives what it should at every place of every point."""
        for which, goal in enumerate(self.targets):
            try:
                bench = form.bench(self.targets, which)
            except (TooMany, ValueError, KeyError):
                return False
            value = self._value(bench, edit.expr)
            wanted = goal.written if form.right else goal.right
            if value is None or not same(value, wanted):
                return False
        return True

    def _spent(self) -> bool:
        return self.work > self.most_work or (
            self.tried % 256 == 0 and time.monotonic() > self._end
        )


def _tells(value: np.ndarray, size: float) -> bool:
    return bool(np.isfinite(value).all() and np.abs(value).max() > 1e-9 * size)


def _key(value: np.ndarray, size: float) -> tuple[float, ...]:
    return tuple(float(f"{v / size:.8f}") + 0.0 for v in value)
