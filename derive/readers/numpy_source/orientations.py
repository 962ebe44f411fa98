"""How a writer's arrays lie, compared with the model's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from derive.arrays.nodes import (
    All,
    Array,
    Indexed,
    New,
    Transpose,
    Whole,
)
from derive.readers.vocabulary import Vocabulary


@dataclass(frozen=True)
class Convention:
    """Which tensors are transposed, and which vectors have an axis of extent 1 behind them.

    `doubted` are tensors of which one formula alone doesn't tell how they lie.
    """

    turned: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()
    given: Mapping[str, bool] = field(default_factory=dict)
    doubted: frozenset[str] = frozenset()

    def view(self, array: Array) -> Whole:
        """A tensor as the writer has it."""
        place = array.place
        if self.is_turned(array.name):
            return Transpose(array, place=place)
        if array.name in self.columns:
            return Indexed(array, (All(place=place), New(place=place)), place=place)
        return array

    def back(self, tensor: str, value: Whole) -> Whole:
        """A writer's value as the model has it."""
        return Transpose(value, place=value.place) if self.is_turned(tensor) else value

    def shown(self, tensor: str) -> str:
        """A tensor as the writer has it, in words."""
        return f"{tensor}.T" if self.is_turned(tensor) else tensor

    def is_turned(self, tensor: str) -> bool:
        """Whether the writer has the transpose."""
        return self.given.get(tensor, tensor in self.turned)


def conventions(
    vocabulary: Vocabulary, given: Mapping[str, bool], counts_samples: bool
) -> Iterator[Convention]:
    """Ways in which arrays may lie, the model's own first.

    Weights `[in, out]`; samples in columns, with biases as columns; single samples as columns; and
    of these those with weights `[in, out]`. Where a text neither sums nor asks for a size, what has
    one column is one sample and no batch.
    """
    shapes, batch = vocabulary.shapes, vocabulary.batch
    parameters = {t.name for t in vocabulary.system.having("parameter")}
    parameters |= {f"d{n}" for n in parameters}
    weights = frozenset(n for n in parameters if len(shapes.get(n, ())) == 2)
    samples = frozenset(
        n for n, s in shapes.items() if len(s) == 2 and batch is not None and s[0] == batch
    )
    vectors = frozenset(
        n for n, s in shapes.items() if len(s) == 1 and (batch is None or s[0] != batch)
    )
    # `W @ delta` is the commonest slip of all: it takes a second formula to say that W lies so
    doubted = frozenset[str]() if given else weights
    yield Convention(frozenset(), frozenset(), given)
    yield Convention(weights, frozenset(), given, doubted if batch is None else frozenset())
    if vocabulary.batch is not None and not counts_samples:
        return
    yield Convention(samples, vectors, given)
    yield Convention(samples | weights, vectors, given, doubted)
