"""What values of a text mean: each is compared with the model's tensors, then its name is asked.

A value is what it equals. Its name says which derivative was meant where it equals none, and shapes
rule out what can't be meant. What then is wrong is taken for the right value by what reads it, so
that one mistake is told once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from derive.arrays.nodes import Array, Extent, Like, Literal, Transpose, Whole
from derive.errors import shorten
from derive.ir.names import adjoint_of, is_adjoint, is_next
from derive.language.name_check import check_name
from derive.language.syntax import Place
from derive.readers.numpy_source.model import Match, Model
from derive.readers.numpy_source.unmatched_names import is_like_derivative
from derive.readers.numpy_source.values import Broken, Number, Unknown, Value
from derive.readers.vocabulary import Unread

LEAF = object()  # a name goes on meaning the model's tensor
NO_VALUE = "this is no value yet"
_OPTIMISERS = re.compile(r"^[mvs]$|mom|veloc|cache|^adam|^rms|sq")
_PARAMETERS = re.compile(r"par|weight|theta|model|^p$|^self$", re.IGNORECASE)

_GRADIENTS = ("grads", "grad", "gradients", "gradient", "dparams", "derivatives")

Key = tuple[int, str]
Spot = tuple[int, str]  # line and name


class Again(Exception):
    """A parameter is moved a second time: from here the text isn't at its start any more."""

    def __init__(self, tensor: str) -> None:
        super().__init__(tensor)
        self.tensor = tensor


@dataclass(frozen=True)
class Record:
    """A value that a name got.

    `guess` is what its name says, `tensor` what it is, or what it was meant for and isn't: then it
    is `wrong`. `meant` is what is asked of it where it equals nothing. `own` is its name as the
    writer's own.
    """

    index: int
    name: str
    place: Place
    text: str
    value: Value
    key: Key
    last: bool
    guess: str | None = None
    tensor: str | None = None
    match: Match | None = None
    meant: str | None = None
    wrong: bool = False
    own: str = ""

    @property
    def spot(self) -> Spot:
        """Where it stands."""
        return self.place.line, self.name


@dataclass(frozen=True)
class Step:
    """A change of a parameter; `rate` is that of plain descent, None where it is none."""

    tensor: str
    name: str
    place: Place
    rate: float | None
    behind: frozenset[int]


@dataclass
class Records:
    """All values of one walk. `totals` says how often names get values, `wrong` which are wrong."""

    model: Model
    symbolic: bool = False
    totals: Mapping[Key, int] | None = None
    wrong: Collection[Spot] = ()
    own_loss: bool = False
    values: list[Record] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    moved: list[tuple[dict[Any, Any], Any, str]] = field(default_factory=list)
    moved_now: str = ""
    repeats: bool = False
    counts: dict[Key, int] = field(default_factory=dict)
    reads: dict[str, str] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    lost: list[Unread] = field(default_factory=list)
    asked: list[Unread] = field(default_factory=list)
    empty: dict[str, Unread] = field(default_factory=dict)
    of_derivatives: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    is_change: bool = False

    def read(self, name: str, tensor: str) -> None:
        """A name is read that means a tensor."""
        self.reads[name] = tensor

    @contextmanager
    def changing(self) -> Iterator[None]:
        """What is assigned now is made of what was there."""
        self.is_change = True
        try:
            yield
        finally:
            self.is_change = False

    @contextmanager
    def kept(self) -> Iterator[Callable[[], None]]:
        """Gives a function that forgets all that was recorded since."""
        values, steps = len(self.values), len(self.steps)
        unread, lost = len(self.unread), len(self.lost)
        counts = dict(self.counts)

        def undo() -> None:
            del self.values[values:], self.steps[steps:], self.unread[unread:], self.lost[lost:]
            self.counts.clear()
            self.counts.update(counts)

        yield undo

    # ---- a name gets a value -----------------------------------------------------------------

    def meant(
        self,
        name: str,
        value: Any,
        place: Place,
        text: Callable[[], str],
        serial: int,
        part: bool = False,
        change: bool = False,
    ) -> Any:
        """What a name holds from here on; `LEAF` where it goes on meaning a given tensor."""
        change = change or self.is_change
        tensor = self.model.tensor(name)
        if tensor is not None and tensor in self.model.leaves:
            number = isinstance(value, Number) and bool(self.model.vocabulary.shapes.get(tensor))
            if isinstance(value, Broken) or (_is_data(value) and not change and not number):
                return LEAF
            if tensor in self.model.parameters and isinstance(value, Value) and not part:
                self._step(name, tensor, value, place)
        if isinstance(value, Broken) or (isinstance(value, Value) and not value.data):
            self.counts[serial, name] = self.counts.get((serial, name), 0) + 1
        if isinstance(value, Broken):
            return self._broken(name, tensor, value, place)
        if value is None and tensor is not None and is_adjoint(tensor):
            self.empty[tensor] = Unread(tensor, place.line, NO_VALUE)
        if not isinstance(value, Value) or value.data:
            return value
        return self._value(name, tensor, value, place, text, (serial, name), part)

    def _broken(self, name: str, tensor: str | None, value: Broken, place: Place) -> Any:
        """What can't be read ends here; what reads a derivative takes the right one."""
        if tensor is not None and is_adjoint(tensor):
            self.unread.append(Unread(tensor, place.line, str(value.why)))
            return self.model.value(tensor, place)
        self.lost.append(Unread(name, place.line, str(value.why)))
        return value

    def _value(
        self,
        name: str,
        tensor: str | None,
        value: Value,
        place: Place,
        text: Callable[[], str],
        key: Key,
        part: bool,
    ) -> Value:
        last = self.totals is not None and self.totals.get(key) == self.counts[key]
        shown = text() if self.symbolic and (last or not part) else ""
        record = Record(len(self.values), name, place, shown, value, key, last, tensor)
        if part and not last:
            self.values.append(record)
            return replace(value, behind=value.behind | {record.index})
        matches: list[Match] = []
        if value.array is not None and self.totals is not None:
            matches = self.model.matches(value.array, frozenset(self.reads.values()))
        chosen = self._chosen(name, tensor, matches)
        if chosen is not None and chosen.scale > 0:
            record = replace(record, tensor=chosen.tensor, match=chosen)
        elif chosen is not None:
            record = replace(record, meant=chosen.tensor, match=chosen)
        elif tensor is not None and self._may_mean(name, tensor, value):
            if self.model.mark(tensor) in value.behind:
                reason = f"'{shorten(name)}' is made of itself here; write where it comes from, too"
                self.unread.append(Unread(tensor, place.line, reason))
            else:
                record = replace(record, meant=tensor)
        if last and record.spot in self.wrong:
            asked = record.meant or tensor or record.tensor
            record = replace(record, tensor=asked, match=None, wrong=True)
        new, record = self._held(record)
        self.values.append(record)
        return new

    def _chosen(self, name: str, tensor: str | None, matches: list[Match]) -> Match | None:
        """Of the tensors that a value equals, the one that its name can mean."""
        for match in sorted(matches, key=lambda m: m.scale < 0):
            if match.tensor == tensor:
                return match
        slopes = [m for m in matches if is_adjoint(m.tensor) and m.tensor not in self.model.roles]
        if tensor is None and not is_like_derivative(name, self.model.words):
            return None
        is_slope = tensor is None or is_adjoint(tensor)
        pool = slopes if is_slope else [m for m in matches if m not in slopes]
        pool = [m for m in pool if m.tensor not in self.model.leaves]
        right = [m for m in pool if m.scale > 0]
        return next(iter(right or ([] if tensor is None else pool)), None)

    def _may_mean(self, name: str, tensor: str, value: Value) -> bool:
        """Whether a value that equals nothing may have been meant for a tensor."""
        model = self.model
        if tensor in model.leaves or is_next(tensor):
            return False
        exact = name == tensor or name in model.given
        if value.array is None:
            return exact or is_adjoint(tensor)
        if model.fits(value, tensor):
            return True
        if is_adjoint(tensor) and tensor[1:] in model.parameters:
            return exact or model.spreads(value, tensor)
        return exact and is_adjoint(tensor)

    def _held(self, record: Record) -> tuple[Value, Record]:
        """What a name holds, as numbers and as an expression."""
        value, model = record.value, self.model
        behind = value.behind | {record.index}
        if record.tensor is not None:
            view = model.view(record.tensor)
            node = model.layout.view(Array(record.tensor, place=record.place))
            if record.wrong and view is not None:
                times = model.samples if self.own_loss and model.of_samples(record.tensor) else 1
                array = view * times
                if value.array is not None and value.array.size == array.size:
                    array = array.reshape(value.array.shape)
                return Value(array, node), record
            if record.last and (value.array is None or view is None or view.shape == value.shape):
                return Value(value.array, node, behind), record
        node_ = value.node
        if node_ is not None and not isinstance(node_, Literal | Extent | Array | Like):
            record = replace(record, own=self._own(record.name))
            node_ = Array(record.own, place=record.place)
        return Value(value.array, node_, behind, chain=value.chain + 1), record

    def _own(self, name: str) -> str:
        """A new name for one of the writer's values."""
        stem = name if check_name(name) is None else f"my_{re.sub(r'[^A-Za-z0-9_]', '', name)}"
        if is_adjoint(stem) or self.model.tensor(stem) is not None or check_name(stem):
            stem = f"my_{stem}"[:50]
        found, count = stem, 2
        while found in self.taken or self.model.tensor(found) is not None:
            found, count = f"{stem}_{count}", count + 1
        self.taken.add(found)
        return found

    # ---- parameters that are moved -----------------------------------------------------------

    def _step(self, name: str, tensor: str, value: Value, place: Place) -> None:
        """A parameter gets a new value."""
        start = self.model.view(tensor)
        if value.array is None or start is None or value.array.shape != start.shape:
            return
        if any(s.tensor == tensor and s.place.line == place.line for s in self.steps):
            self.repeats = True
            raise Again(tensor)
        if np.allclose(value.array, start):
            return
        self.steps.append(Step(tensor, name, place, self.rate(tensor, value), value.behind))
        self.moved_now = tensor

    def rate(self, tensor: str, value: Value) -> float | None:
        """How far down the gradient a parameter goes; None where it goes another way."""
        start, slope = self.model.view(tensor), self.model.view(adjoint_of(tensor))
        if slope is None or start is None or value.array is None or not slope.any():
            return None
        if value.array.shape != start.shape:
            return None
        way = value.array - start
        rate = -float((way * slope).sum() / (slope * slope).sum())
        close = np.allclose(way, -rate * slope, 1e-5, 1e-7 * float(np.abs(way).max()))
        return rate if close and rate else None

    # ---- entries of containers ---------------------------------------------------------------

    def entry_name(self, of: str, key: str, value: Any) -> str:
        """The name of an entry: under a parameter's name that, or its derivative."""
        tensor = self.model.tensor(key)
        if tensor not in self.model.leaves or not isinstance(value, Value):
            return key
        if is_of_gradients(of) or of in self.of_derivatives:
            return adjoint_of(key)
        if value.array is not None and not value.data:
            reads = frozenset(self.reads.values())
            if any(
                m.tensor == adjoint_of(tensor) and m.scale > 0
                for m in self.model.matches(value.array, reads)
            ):
                self.of_derivatives.add(of)
                return adjoint_of(key)
        if value.data or _PARAMETERS.search(of) or self.rate(tensor or "", value) is not None:
            return key
        name = f"{of}['{key}']"
        said = f"{shorten(of)}['{shorten(key)}'] may be the derivative or a new value"
        reason = f"{said}; if it is the derivative, call the dictionary grads"
        if not _OPTIMISERS.search(of.lower()):
            self.asked.append(Unread(name, 0, reason))
        return name

    def entry_of_list(
        self, of: str, held: list[Any], value: Any, place: Place, text: Callable[[], str]
    ) -> None:
        """`nabla_w[-1] = ...`: the entry of a list with one for each layer."""
        for k, entry in enumerate(held):
            if entry is value and isinstance(value, Value | Broken):
                name = f"{of}{k + 1}"
                if is_adjoint(self.model.tensor(name) or ""):
                    held[k] = self.meant(name, value, place, text, -1)

    def nameless(self, text: str, value: Any, place: Place, alone: bool) -> None:
        """A value that is returned without a name: it may equal a derivative.

        One that is returned `alone` may be anything.
        """
        if not isinstance(value, Value) or value.data or value.array is None:
            return
        matches = self.model.matches(value.array, frozenset(self.reads.values()))
        slopes = [
            m for m in matches if is_adjoint(m.tensor) and m.tensor[1:] in self.model.parameters
        ]
        if slopes and slopes[0].scale == 1:
            self.meant(slopes[0].tensor, value, place, lambda: text, -1)
        elif not alone:
            reason = "this value has no name; give it one, such as dW1, before it is returned"
            self.unread.append(Unread(text, place.line, reason))

    def fitting(self, record: Record) -> list[str]:
        """The derivatives whose shape a value has, as the writer has them."""
        model, array = self.model, record.value.array
        if array is None:
            return []
        given = {r.tensor for r in self.values}
        found = []
        for name in model.vocabulary.shapes:
            view = model.view(name)
            if view is None or not is_adjoint(name) or name in model.roles or name in given:
                continue
            if view.shape == array.shape:
                found.append(model.layout.shown(name))
            elif view.shape == array.shape[::-1]:
                found.append(f"{name}.T")
        return found

    # ---- what came of it ---------------------------------------------------------------------

    @property
    def right(self) -> list[Record]:
        """Values that equal what they can mean."""
        return [r for r in self.values if r.tensor is not None and not r.wrong]

    @property
    def unfit(self) -> int:
        """How many values have no meaning because arrays don't go together."""
        named = [r for r in self.values if r.meant or r.tensor]
        return len(self.unread) + sum(r.value.array is None for r in named) + (not named)

    def tells(self, doubted: Collection[str]) -> bool:
        """Whether two formulas, or one for weights themselves, speak for how weights lie."""
        right = self.right
        return len({r.tensor for r in right}) > 1 or any(r.tensor in doubted for r in right)

    def mismatched(self) -> list[Record]:
        """Values that equal nothing though their names mean something, and nothing right reads."""
        read = frozenset[int]().union(*(r.value.behind for r in self.right))
        read |= frozenset[int]().union(*(s.behind for s in self.steps if self._is_full(s)))
        down = frozenset[int]().union(*(s.behind for s in self.steps if (s.rate or 0) > 0))
        turned = (r for r in self.values if r.match is not None and r.match.scale < 0)
        read |= down & {r.index for r in turned}
        matched = {(r.key, r.tensor) for r in self.right}
        found = []
        for record in self.values:
            if not record.last or record.index in read:
                continue
            if self._is_another(record) and (record.key, record.guess) not in matched:
                found.append(record)
            if record.meant is None or record.tensor is not None:
                continue
            forward = not is_adjoint(record.meant) or record.meant in self.model.roles
            if not (forward and (record.key, record.meant) in matched):
                found.append(record)
        return found

    def _is_full(self, step: Step) -> bool:
        """Whether a parameter goes down by the model's own rate."""
        rate = self.model.numbers.get("learning_rate")
        return rate is not None and step.rate is not None and bool(np.isclose(step.rate, rate))

    def _is_another(self, record: Record) -> bool:
        """Whether a value has the model's own name for a derivative and equals another one."""
        asked = record.tensor is not None and not record.wrong and record.name == record.guess
        other = asked and record.tensor != record.guess and record.guess not in self.model.leaves
        return other and self.model.fits(record.value, record.name)

    def otherwise(self, record: Record) -> Record | None:
        """Behind a wrong value the first that is another tensor than its name says.

        `dz2 = y2 - t` is the derivative by `y2`, and what reads it wants the one by `z2`.
        """
        read = frozenset[int]().union(*(r.value.behind for r in self.right))
        for one in self.values:
            asked = one.last and one.tensor is not None and not one.wrong and one.guess is not None
            asked = asked and one.guess != one.tensor and one.index not in read
            behind = one.index in record.value.behind
            if asked and behind and self.model.fits(one.value, one.guess or ""):
                return one
        return None


def _is_data(value: Any) -> bool:
    return isinstance(value, Unknown | Number | None) or (isinstance(value, Value) and value.data)


def is_of_gradients(name: str) -> bool:
    """Whether a dictionary is one of gradients, by its name."""
    return name.lower().strip("_") in _GRADIENTS


def as_model(record: Record, model: Model) -> Whole | None:
    """The expression of a value that lies as the model's tensor does; None where there is none."""
    node, tensor = record.value.node, record.tensor
    if node is None or tensor is None:
        return None
    view, array = model.view(tensor), record.value.array
    if view is not None and array is not None and array.ndim == 2 and not record.wrong:
        turned = array.shape != view.shape and array.shape == view.T.shape
        node = Transpose(node, place=node.place) if turned else node
    return model.layout.back(tensor, node)
