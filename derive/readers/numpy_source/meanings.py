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

from derive.arrays.nodes import Array, Extent, Like, Literal
from derive.errors import shorten
from derive.ir.names import adjoint_of, is_adjoint, is_next
from derive.language.name_check import check_name
from derive.language.syntax import Place
from derive.readers.numpy_source.descent import Descent
from derive.readers.numpy_source.model import Match
from derive.readers.numpy_source.records import (
    Assigned,
    Key,
    Record,
    Records,
    Spot,
    is_of_gradients,
)
from derive.readers.numpy_source.unmatched_names import is_like_derivative
from derive.readers.numpy_source.values import Broken, Number, Unknown, Value
from derive.readers.vocabulary import Unread

LEAF = object()  # a name goes on meaning the model's tensor
NO_VALUE = "this is no value yet"
NO_ARRAY = "this holds several values; make one array of them, such as np.array(...)"
NO_MODEL = "nothing of the model is in this value"
_OPTIMISERS = re.compile(r"^[mvs]$|mom|veloc|cache|^adam|^rms|sq")
_PARAMETERS = re.compile(r"par|weight|theta|model|^p$|^self$", re.IGNORECASE)


@dataclass
class Meanings:
    """Decides what each value means. `totals` says how often names get values.

    `wrong` says which values are wrong; `taken` are names that were made for the writer's values,
    `of_derivatives` dictionaries whose entries are derivatives.
    """

    records: Records
    symbolic: bool = False
    totals: Mapping[Key, int] | None = None
    wrong: Collection[Spot] = ()
    own_loss: bool = False
    of_derivatives: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    is_change: bool = False

    def __post_init__(self) -> None:
        self.descent = Descent(self.records)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """What is assigned now is made of what was there."""
        self.is_change = True
        try:
            yield
        finally:
            self.is_change = False

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
        tensor = self.records.model.tensor(name)
        if tensor is not None and tensor in self.records.model.leaves:
            number = isinstance(value, Number) and bool(
                self.records.model.vocabulary.shapes.get(tensor)
            )
            if isinstance(value, Broken) or (_is_data(value) and not change and not number):
                return LEAF
            if tensor in self.records.model.parameters and isinstance(value, Value) and not part:
                self.descent.step(name, tensor, value, place)
        if isinstance(value, Broken) or (isinstance(value, Value) and not value.data):
            self.records.counts[serial, name] = self.records.counts.get((serial, name), 0) + 1
        if isinstance(value, Broken):
            return self._broken(name, tensor, value, place)
        if not isinstance(value, Value) or value.data:
            reason = self._no_value(name, value)
            if reason and tensor is not None and is_adjoint(tensor):
                self.records.empty[tensor] = Unread(tensor, place.line, reason)
            return value
        return self._value(name, tensor, value, place, text, (serial, name), part)

    def _no_value(self, name: str, value: Any) -> str:
        """Why what a derivative's name holds can't be judged, if nothing else is given to it."""
        if value is None:
            return NO_VALUE
        if isinstance(value, Unknown) or not self.records.model.is_own_name(name):
            return ""
        return NO_ARRAY if isinstance(value, list | tuple | dict) else NO_MODEL

    def _broken(self, name: str, tensor: str | None, value: Broken, place: Place) -> Any:
        """What can't be read ends here; what reads a derivative takes the right one."""
        if tensor is not None and is_adjoint(tensor):
            self.records.unread.append(Unread(tensor, place.line, str(value.why)))
            return self.records.model.value(tensor, place)
        self.records.lost.append(Unread(name, place.line, str(value.why)))
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
        last = self.totals is not None and self.totals.get(key) == self.records.counts[key]
        shown = text() if self.symbolic and (last or not part) else ""
        record = Record(
            len(self.records.values), Assigned(name, place, shown, key, last), value, tensor
        )
        if part and not last:
            self.records.values.append(record)
            return replace(value, behind=value.behind | {record.index})
        matches: list[Match] = []
        if value.array is not None and self.totals is not None:
            matches = self.records.model.matches(
                value.array, frozenset(self.records.reads.values())
            )
        chosen = self._chosen(name, tensor, matches)
        if chosen is not None and chosen.scale > 0:
            record = replace(record, tensor=chosen.tensor, match=chosen)
        elif chosen is not None:
            record = replace(record, meant=chosen.tensor, match=chosen)
        elif tensor is not None and self._may_mean(name, tensor, value):
            if self.records.model.mark(tensor) in value.behind:
                reason = f"'{shorten(name)}' is made of itself here; write where it comes from, too"
                self.records.unread.append(Unread(tensor, place.line, reason))
            else:
                record = replace(record, meant=tensor)
        if last and record.spot in self.wrong:
            asked = record.meant or tensor or record.tensor
            record = replace(record, tensor=asked, match=None, wrong=True)
        new, record = self._held(record)
        self.records.values.append(record)
        return new

    def _chosen(self, name: str, tensor: str | None, matches: list[Match]) -> Match | None:
        """Of the tensors that a value equals, the one that its name can mean."""
        for match in sorted(matches, key=lambda m: m.scale < 0):
            if match.tensor == tensor:
                return match
        slopes = [
            m for m in matches if is_adjoint(m.tensor) and m.tensor not in self.records.model.roles
        ]
        if tensor is None and not is_like_derivative(name, self.records.model.words):
            return None
        is_slope = tensor is None or is_adjoint(tensor)
        pool = slopes if is_slope else [m for m in matches if m not in slopes]
        pool = [m for m in pool if m.tensor not in self.records.model.leaves]
        right = [m for m in pool if m.scale > 0]
        return next(iter(right or ([] if tensor is None else pool)), None)

    def _may_mean(self, name: str, tensor: str, value: Value) -> bool:
        """Whether a value that equals nothing may have been meant for a tensor."""
        model = self.records.model
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
        value, model = record.value, self.records.model
        behind = value.behind | {record.index}
        if record.tensor is not None:
            view = model.view(record.tensor)
            node = model.layout.view(Array(record.tensor, place=record.source.place))
            if record.wrong and view is not None:
                times = model.samples if self.own_loss and model.of_samples(record.tensor) else 1
                array = view * times
                if value.array is not None and value.array.size == array.size:
                    array = array.reshape(value.array.shape)
                return Value(array, node), record
            if record.source.last and (
                value.array is None or view is None or view.shape == value.shape
            ):
                return Value(value.array, node, behind), record
        node_ = value.node
        if node_ is not None and not isinstance(node_, Literal | Extent | Array | Like):
            record = replace(record, own=self._own(record.source.name))
            node_ = Array(record.own, place=record.source.place)
        return Value(value.array, node_, behind, chain=value.chain + 1), record

    def _own(self, name: str) -> str:
        """A new name for one of the writer's values."""
        stem = name if check_name(name) is None else f"my_{re.sub(r'[^A-Za-z0-9_]', '', name)}"
        if is_adjoint(stem) or self.records.model.tensor(stem) is not None or check_name(stem):
            stem = f"my_{stem}"[:50]
        result, count = stem, 2
        while result in self.taken or self.records.model.tensor(result) is not None:
            result, count = f"{stem}_{count}", count + 1
        self.taken.add(result)
        return result

    def entry_name(self, of: str, key: str, value: Any) -> str:
        """The name of an entry: under a parameter's name that, or its derivative."""
        tensor = self.records.model.tensor(key)
        if tensor not in self.records.model.leaves or not isinstance(value, Value):
            return key
        if is_of_gradients(of) or of in self.of_derivatives:
            return adjoint_of(key)
        if value.array is not None and not value.data:
            reads = frozenset(self.records.reads.values())
            if any(
                m.tensor == adjoint_of(tensor) and m.scale > 0
                for m in self.records.model.matches(value.array, reads)
            ):
                self.of_derivatives.add(of)
                return adjoint_of(key)
        if (
            value.data
            or _PARAMETERS.search(of)
            or self.descent.rate(tensor or "", value) is not None
        ):
            return key
        name = f"{of}['{key}']"
        reason = (
            f"{shorten(of)}['{shorten(key)}'] may be the derivative or a new value; if it is the "
            "derivative, call the dictionary grads"
        )
        if not _OPTIMISERS.search(of.lower()):
            self.records.asked.append(Unread(name, 0, reason))
        return name

    def entry_of_list(
        self, of: str, held: list[Any], value: Any, place: Place, text: Callable[[], str]
    ) -> None:
        """`nabla_w[-1] = ...`: the entry of a list with one for each layer."""
        for k, entry in enumerate(held):
            if entry is value and isinstance(value, Value | Broken):
                name = f"{of}{k + 1}"
                if is_adjoint(self.records.model.tensor(name) or ""):
                    held[k] = self.meant(name, value, place, text, -1)

    def nameless(self, text: str, value: Any, place: Place, alone: bool) -> None:
        """A value that is returned without a name: it may equal a derivative.

        One that is returned `alone` may be anything.
        """
        if not isinstance(value, Value) or value.data or value.array is None:
            return
        matches = self.records.model.matches(value.array, frozenset(self.records.reads.values()))
        slopes = [
            m
            for m in matches
            if is_adjoint(m.tensor) and m.tensor[1:] in self.records.model.parameters
        ]
        if slopes and slopes[0].scale == 1:
            self.meant(slopes[0].tensor, value, place, lambda: text, -1)
        elif not alone:
            reason = "this value has no name; give it one, such as dW1, before it is returned"
            self.records.unread.append(Unread(text, place.line, reason))


def _is_data(value: Any) -> bool:
    return isinstance(value, Unknown | Number | None) or (isinstance(value, Value) and value.data)
