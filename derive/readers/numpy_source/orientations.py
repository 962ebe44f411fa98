"""How a writer's arrays lie, compared with the model's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from derive.readers.reading import ORIENTATIONS, Layout, matrices_of_weights
from derive.readers.vocabulary import Vocabulary


@dataclass(frozen=True)
class Convention(Layout):
    """A layout; `doubted` are tensors of which one formula alone doesn't tell how they lie."""

    doubted: frozenset[str] = frozenset()


def conventions(
    vocabulary: Vocabulary, given: Mapping[str, bool], counts_samples: bool
) -> Iterator[Convention]:
    """Ways in which arrays may lie, the model's own first.

    Where a text neither sums nor asks for a size, what has one column is one sample and no batch.
    """
    doubted = frozenset[str]() if given else matrices_of_weights(vocabulary)
    for way in ORIENTATIONS:
        if way.columns and vocabulary.batch is not None and not counts_samples:
            continue
        layout = way.layout(vocabulary, given)
        weights = doubted if way.is_doubtful(vocabulary) else frozenset[str]()
        yield Convention(layout.transposed, layout.columns, weights)
