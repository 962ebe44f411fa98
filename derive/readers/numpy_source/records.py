"""Records of the values that names of a text got, and what they say together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from derive.arrays.nodes import Transpose, Whole
from derive.ir.names import is_adjoint
from derive.language.syntax import Place
from derive.readers.numpy_source.model import Match, Model
from derive.readers.numpy_source.values import Value
from derive.readers.vocabulary import Unread

_GRADIENTS = ("grads", "grad", "gradients", "gradient", "dparams", "derivatives")

Key = tuple[int, str]  # the number of a function's call, and a name
Spot = tuple[int, str]  # line and name


@dataclass(frozen=True, slots=True)
class Assigned:
    """The assignment of a value to a name; `last`: the name gets no other one under this key."""

    name: str
    place: Place
    text: str
    key: Key
    last: bool


@dataclass(frozen=True)
class Record:
    """A value that a name got.

    `guess` is what its name says, `tensor` what it is, or what it was meant for and isn't: then it
    is `wrong`. `meant` is what is asked of it where it equals nothing. `own` is its name as the
    writer's own.
    """

    index: int
    source: Assigned
    value: Value
    guess: str | None = None
    tensor: str | None = None
    match: Match | None = None
    meant: str | None = None
    wrong: bool = False
    own: str = ""

    @property
    def spot(self) -> Spot:
        """Where it stands."""
        return self.source.place.line, self.source.name


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
    """What one walk recorded.

    `counts` says how often names got values, `reads` which tensors names were read as, `assumed`
    what was taken for the value of others, `unread` and `lost` which values have no formula,
    `asked` which need a clearer name, `empty` which hold nothing of the model.
    """

    model: Model
    values: list[Record] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    counts: dict[Key, int] = field(default_factory=dict)
    reads: dict[str, str] = field(default_factory=dict)
    assumed: dict[str, str] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    lost: list[Unread] = field(default_factory=list)
    asked: list[Unread] = field(default_factory=list)
    empty: dict[str, Unread] = field(default_factory=dict)

    def read(self, name: str, tensor: str) -> None:
        """A name is read that means a tensor."""
        self.reads[name] = tensor

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

    def fitting(self, record: Record) -> list[str]:
        """The derivatives whose shape a value has, as the writer has them."""
        model, array = self.model, record.value.array
        if array is None:
            return []
        given = {r.tensor for r in self.values}
        result = []
        for name in model.vocabulary.shapes:
            view = model.view(name)
            if view is None or not is_adjoint(name) or name in model.roles or name in given:
                continue
            if view.shape == array.shape:
                result.append(model.layout.shown(name))
            elif view.shape == array.shape[::-1]:
                result.append(f"{name}.T")
        return result

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
        read |= frozenset[int]().union(*(s.behind for s in self.steps if self.is_full(s)))
        down = frozenset[int]().union(*(s.behind for s in self.steps if (s.rate or 0) > 0))
        turned = (r for r in self.values if r.match is not None and r.match.scale < 0)
        read |= down & {r.index for r in turned}
        matched = {(r.source.key, r.tensor) for r in self.right}
        result = []
        for record in self.values:
            if not record.source.last or record.index in read:
                continue
            if self._is_another(record) and (record.source.key, record.guess) not in matched:
                result.append(record)
            if record.meant is None or record.tensor is not None:
                continue
            forward = not is_adjoint(record.meant) or record.meant in self.model.roles
            if not (forward and (record.source.key, record.meant) in matched):
                result.append(record)
        return result

    def is_full(self, step: Step) -> bool:
        """Whether a parameter goes down by the model's own rate."""
        rate = self.model.numbers.get("learning_rate")
        return rate is not None and step.rate is not None and bool(np.isclose(step.rate, rate))

    def _is_another(self, record: Record) -> bool:
        """Whether a value has the model's own name for a derivative and equals another one."""
        asked = record.tensor is not None and not record.wrong and record.guess is not None
        other = asked and record.tensor != record.guess and record.guess not in self.model.leaves
        return (
            other and self.model.is_own_name(record.source.name) and not self._is_renumbered(record)
        )

    def _is_renumbered(self, record: Record) -> bool:
        """Whether the tensor of this name has a number that the model hasn't: `dW3` is `dW2`."""
        stem = record.source.name.rstrip("0123456789")
        others = (r for r in self.right if r.guess is None and r.tensor == record.guess)
        return any(r.source.name.rstrip("0123456789") == stem for r in others)

    def otherwise(self, record: Record) -> Record | None:
        """Behind a wrong value the first that is another tensor than its name says.

        `dz2 = y2 - t` is the derivative by `y2`, and what reads it wants the one by `z2`.
        """
        read = frozenset[int]().union(*(r.value.behind for r in self.right))
        for one in self.values:
            asked = (
                one.source.last
                and one.tensor is not None
                and not one.wrong
                and one.guess is not None
            )
            asked = asked and one.guess != one.tensor and one.index not in read
            behind = one.index in record.value.behind
            if asked and behind and self.model.fits(one.value, one.guess or ""):
                return one
        return None


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
