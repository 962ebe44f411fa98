"""The values of a text as formulas in the equation language; where there is none, their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from derive.arrays.entries import Entries, shape_text
from derive.arrays.nodes import Array
from derive.arrays.shape_mismatch import Apart, OtherShape
from derive.arrays.to_equations import Elaborator
from derive.arrays.walk import arrays
from derive.errors import ChainruleError
from derive.ir.names import adjoint_of, is_next, next_of
from derive.language.syntax import Num, Place, Refused, Written
from derive.readers.numpy_source.model import Model
from derive.readers.numpy_source.records import Record, Records, as_model
from derive.readers.numpy_source.rounded_constants import unexplained
from derive.readers.numpy_source.unmatched_names import is_like_derivative, unknown
from derive.readers.numpy_source.way import Way
from derive.readers.vocabulary import ONE_HOT, Judged, NoFit, Shape, Translation, Unread


@dataclass
class Formulas:
    """Turns records into equations, one after another."""

    records: Records

    def __post_init__(self) -> None:
        vocabulary = self.model.vocabulary
        self.shapes = {n: s for n, s in vocabulary.shapes.items() if not is_next(n)}
        taken = [adjoint_of(n) for n in self.shapes]
        self.elaborator = Elaborator(self.shapes, batch=vocabulary.batch, taken=taken)
        self.written: dict[str, Written] = {}
        self.misfits: list[NoFit] = []
        self.alone: list[Record] = []  # told by their numbers
        self.broken: dict[str, Refused] = {}
        self.refused_apart: list[Apart] = []
        self.by_own = {r.own: r for r in self.records.values if r.own}

    @property
    def model(self) -> Model:
        """The model as the text sees it."""
        return self.records.model

    def chosen(self) -> list[Record]:
        """One record for each tensor: the one that is wrong, else the last with a formula."""
        result: dict[str, Record] = {}
        for record in self.records.values:
            if record.tensor is None or self.says_nothing(record):
                continue
            if not record.source.last and record.tensor != record.guess:
                continue  # on the way to another
            old = result.get(record.tensor)
            better = old is None or not old.wrong
            if old is not None and not record.wrong and record.value.node is None:
                better = better and old.value.node is None
            if better or record.wrong:
                result[record.tensor] = record
        return sorted(result.values(), key=lambda r: r.index)

    def says_nothing(self, record: Record) -> bool:
        """Whether a tensor is given as itself, as in `A1 = cache["A1"]`."""
        assert record.tensor is not None
        return record.value.node == self.model.layout.view(Array(record.tensor))

    def add(self, record: Record) -> None:
        """The formula of one tensor, and of what it reads of the writer's own."""
        node, before = as_model(record, self.model), dict(self.written)
        if node is None or record.tensor is None:
            self.alone.append(record)
            return
        try:
            for name in self.needed(record):
                self.own(name)
            self.elaborator.entries(node)
            shape = self.shapes.get(record.tensor)
            equation = self.elaborator.equation(
                record.tensor, node, record.source.place, record.source.text, shape
            )
        except Refused as refused:
            self.elaborator.before.clear()
            self.written = before
            self.without(record, record.tensor, refused)
            return
        self.before()
        self.written[record.tensor] = equation

    def without(self, record: Record, tensor: str, refused: Refused) -> None:
        """What is told of a tensor that has no formula."""
        if not record.wrong:
            self.alone.append(record)
        elif isinstance(refused, OtherShape):
            spread = refused.broadcast
            if spread is None:
                self.misfits.append(_misfit(refused))
                return
            for name in self.needed(record):
                self.own(name)
            self.written[tensor] = self.elaborator.equation_of(
                tensor, spread, record.source.place, record.source.text
            )
        elif isinstance(refused, Apart) and not any(refused is t for t in self.refused_apart):
            self.refused_apart.append(refused)
            self.misfits.append(_apart(tensor, refused, self.shapes[tensor]))
        elif record.value.array is not None and not isinstance(refused, Apart):
            self.alone.append(record)
        else:
            self.records.unread.append(Unread(tensor, record.source.place.line, str(refused)))

    def before(self) -> None:
        """Keeps the equations that another one needs first."""
        for before in self.elaborator.before:
            self.written[before.tensor] = before
        self.elaborator.before.clear()

    def needed(self, record: Record) -> list[str]:
        """The writer's own names behind a value, in the order of the text."""
        assert record.value.node is not None
        names: set[str] = set()
        work = [record.value.node]
        while work:
            for name in arrays(work.pop()):
                own = self.by_own.get(name)
                if own is not None and name not in names and own.value.node is not None:
                    names.add(name)
                    work.append(own.value.node)
        return sorted(names, key=lambda n: self.by_own[n].index)

    def own(self, name: str) -> None:
        """The equation of one of the writer's own values. Raises `Refused`."""
        if name in self.broken:
            raise self.broken[name]
        if name in self.written or name in self.elaborator.known:
            return
        record = self.by_own[name]
        node = record.value.node
        assert node is not None
        try:
            entries = self.elaborator.entries(node)
            equation = self.elaborator.equation(name, node, record.source.place, record.source.text)
        except Refused as refused:
            self.broken[name] = refused
            raise
        if not self.elaborator.walked(equation):
            self.elaborator.known[name] = entries
            return
        self.elaborator.shapes[name] = entries.shape
        self.before()
        self.written[name] = equation


def translated(records: Records, way: Way) -> Translation:
    """What a text says. Raises `ChainruleError` where it says nothing."""
    formulas = Formulas(records)
    chosen = formulas.chosen()
    turned = list(_turned(records))
    for record in chosen:
        if not any(u.name == record.tensor for u in turned):
            formulas.add(record)
    again = replace(way, fewer=True, usual=False).walked(symbolic=False)
    usual = replace(way, fewer=True).walked(symbolic=False)
    off = unexplained(records, way)
    judged = [*_judged(formulas.alone, records, again, usual, off), *_steps(records)]
    given = {r.tensor for r in chosen if r.value.array is not None}
    unread = [*turned, *(u for u in dict.fromkeys(records.unread) if u.name not in given)]
    unread += dict.fromkeys((*records.asked, *_other_steps(records)))
    unread += [u for n, u in records.empty.items() if n not in given]
    unread += _leftovers(records, {u.name for u in unread})
    if not chosen and not formulas.misfits and not judged and unread:
        raise ChainruleError(unread[0].reason)
    if not chosen and not formulas.misfits and not judged:
        where = Place("formulas", 1, 1)
        raise ChainruleError(
            f"{where}: nothing here gives a tensor of the model or a derivative, such as "
            'dW1 = ...; say which names do, such as names "my_gradient=dW1"'
        )
    sure = [r for r in chosen if r.index not in off]
    return Translation(
        tuple(formulas.written.values()),
        _names(records, chosen),
        tuple(formulas.misfits),
        tuple(unread),
        tuple(judged),
        _near(sure, again),
        _near(sure, usual),
    )


def _near(chosen: list[Record], again: Records) -> frozenset[str]:
    """The tensors whose numbers are right at another point, too."""
    sure = (r for r in chosen if r.match is not None and r.match.scale == 1)
    return frozenset(r.tensor for r in sure if r.tensor and _holds(r, again))


def _names(records: Records, chosen: list[Record]) -> dict[str, str]:
    """Which tensors names were taken for, and which numbers."""
    layout = records.model.layout
    given = ((r.source.name, r.tensor) for r in chosen if r.tensor and not is_next(r.tensor))
    pairs = [*given, *records.reads.items()]
    return {n: s for n, t in pairs if n != (s := layout.shown(t))} | records.assumed


def _turned(records: Records) -> Iterator[Unread]:
    """Derivatives with their sign turned, in a text that adds them to the weights."""
    climbs = [s for s in records.steps if (s.rate or 0) > 0]
    behind = frozenset[int]().union(*(s.behind for s in climbs))
    for record in records.values:
        turned = record.match is not None and record.match.scale < 0 and record.index in behind
        if turned and record.meant and record.source.last and record.tensor is None:
            line = next(s.place.line for s in climbs if record.index in s.behind)
            reason = (
                f"line {line} adds it to the weights, and it begins with the target less the "
                "output: this is the derivative with its sign turned; turn it to have it checked"
            )
            yield Unread(record.meant, record.source.place.line, reason)


def _steps(records: Records) -> Iterator[Judged]:
    """Parameters that go up the gradient, or down by another rate than the model's others."""
    rate = records.model.numbers.get("learning_rate")
    usual = any(map(records.is_full, records.steps))
    for step in records.steps:
        name = next_of(step.tensor)
        if step.rate is not None and step.rate < 0:
            detail = (
                f"{step.name} goes up the gradient of {records.model.vocabulary.system.objective}"
            )
            data = {"slips": ["sign"], "explained": ["the step is added, not subtracted"]}
            yield Judged(name, step.place.line, detail, data)
        elif usual and rate is not None and step.rate and not records.is_full(step):
            times = f"{step.rate / float(rate):.6g} times the learning rate"
            detail = f"{step.name} goes down its gradient by {times}"
            data = {"slips": ["factor"], "explained": [f"its rate is {times} of the others"]}
            yield Judged(name, step.place.line, detail, data)


def _other_steps(records: Records) -> Iterator[Unread]:
    """Parameters that go another way than down their gradient, beside others that go down it."""
    if any(map(records.is_full, records.steps)):
        down = {s.tensor for s in records.steps if s.rate is not None}
        for step in records.steps:
            if step.tensor not in down:
                reason = f"{step.name} goes another way than down its gradient, which others do"
                yield Unread(next_of(step.tensor), step.place.line, reason)
        return
    rates = [s for s in records.steps if (s.rate or 0) > 0]
    for step in rates[1:]:
        if not np.isclose(step.rate or 0, rates[0].rate or 0):
            reason = f"{step.name} goes down its gradient by another rate than {rates[0].name}"
            yield Unread(next_of(step.tensor), step.place.line, reason)


def _judged(
    alone: list[Record],
    records: Records,
    again: Records,
    usual: Records,
    off: frozenset[int],
) -> Iterator[Judged]:
    """Values that are told by their numbers: once more with other numbers of samples.

    Those that are `off` are right to some digits only, and no constant explains it.
    """
    for record in alone:
        assert record.tensor is not None
        line = record.source.place.line
        if record.wrong or record.index in off or not _divided(record, records):
            yield _different(record, records.model)
            continue
        held = _holds(record, again)
        if held is None or held:
            yield Judged(record.tensor, line)
        elif _holds(record, usual):
            yield Judged(record.tensor, line, data={"assumption": ONE_HOT, "given": True})
        else:
            size = "it is right for some numbers of samples only"
            yield Judged(record.tensor, line, size, {"slips": []})


def _divided(record: Record, records: Records) -> bool:
    """Whether an error term of each sample's own loss is divided by what reads it."""
    if record.match is None or record.match.scale == 1:
        return True
    readers = (r for r in records.right if record.index in r.value.behind)
    return any(r.match is not None and r.match.scale == 1 for r in readers)


def _holds(record: Record, again: Records) -> bool | None:
    """Whether a value is the same tensor in another walk; None where it isn't there."""
    result = [r for r in again.values if r.spot == record.spot and r.source.last]
    if not result:
        return None
    scale = record.match.scale if record.match is not None else 1
    return any(
        r.tensor == record.tensor and r.match is not None and (r.match.scale == 1) == (scale == 1)
        for r in result
    )


def _different(record: Record, model: Model) -> Judged:
    """A value beside the right one."""
    assert record.tensor is not None
    right, written = model.view(record.tensor), record.value.array
    line = record.source.place.line
    if right is None or written is None:
        return Judged(record.tensor, line, "it can't be worked out")
    if written.size != right.size:
        detail = f"{record.tensor} has shape {right.shape}, and the source gives {written.shape}"
        shapes = {"derived": str(right.shape), "written": str(written.shape), "reason": detail}
        return Judged(record.tensor, line, detail, {"counterexample": {"shapes": shapes}})
    theirs = written.reshape(right.shape)
    wrong = ~np.isclose(theirs, right, 1e-6, 1e-9)
    if not wrong.any():
        wrong = np.abs(theirs - right) == np.abs(theirs - right).max()
    place = tuple(int(k) for k in np.argwhere(wrong)[0])
    mine, other = float(right[place]), float(theirs[place])
    name = f"{record.tensor}{list(place)}" if place else record.tensor
    values = {n: model.numbers[n].tolist() for n in model.leaves if n in model.numbers}
    example = {"at": list(place), "written": other, "derived": mine, "values": values}
    digits = 6 if f"{mine:.6g}" != f"{other:.6g}" else 12
    detail = f"{name} is {mine:.{digits}g}; the source gives {other:.{digits}g}"
    return Judged(record.tensor, line, detail, {"counterexample": example})


def _leftovers(records: Records, judged: set[str]) -> list[Unread]:
    """What looks like a derivative, is no tensor of the model's, and is read by nothing right."""
    read = frozenset[int]().union(*(r.value.behind for r in records.values))
    words = records.model.words
    rows: dict[str, Unread] = {}
    known = {r.source.name for r in records.values if r.tensor is not None or r.meant is not None}
    for record in records.values:
        name = record.source.name
        if record.tensor or record.meant or record.index in read or not record.source.last:
            continue
        if name in known or name in judged or not is_like_derivative(name, words):
            continue
        rows[name] = unknown(name, record.source.place.line, records.fitting(record))
    for one in records.lost:
        if is_like_derivative(one.name, words) and one.name not in {*known, *judged}:
            rows[one.name] = one
    return list(rows.values())


def _misfit(refused: OtherShape) -> NoFit:
    wanted, given = refused.wanted.shape, refused.given.shape
    return NoFit(
        refused.tensor,
        shape_text(refused.wanted),
        shape_text(refused.given),
        str(refused).partition(": ")[2],
        transposed=len(given) > 1 and given == wanted[::-1],
    )


def _apart(tensor: str, refused: Apart, shape: Shape) -> NoFit:
    derived = shape_text(Entries(shape, lambda *_: Num(refused.place, Fraction(0))))
    return NoFit(tensor, derived, refused.shapes, refused.problem)
