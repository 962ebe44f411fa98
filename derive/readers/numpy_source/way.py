"""One way to read a text: how its arrays lie, and which values are taken for wrong."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from derive.readers.numpy_source.descent import Again
from derive.readers.numpy_source.expressions import Steps
from derive.readers.numpy_source.meanings import Meanings
from derive.readers.numpy_source.model import Model
from derive.readers.numpy_source.program import Program
from derive.readers.numpy_source.records import Key, Records, Spot
from derive.readers.reading import Layout, Reading
from derive.readers.vocabulary import Vocabulary

PLACE = "formulas"
SAMPLES = (3, 5, 7, 6, 4), (2, 4, 6, 8, 9)  # of which one is the extent of no other axis


@dataclass(frozen=True)
class Way:
    """One way to read a text."""

    tree: ast.Module
    vocabulary: Vocabulary
    reading: Reading
    layout: Layout
    steps: Steps
    wrong: frozenset[Spot] = frozenset()
    fewer: bool = False
    usual: bool = True

    @property
    def samples(self) -> int:
        """A number of samples that is the extent of no other axis."""
        extents = {e.number for s in self.vocabulary.shapes.values() for e in s}
        return next(
            n for n in SAMPLES[self.fewer] if n not in extents or n == SAMPLES[self.fewer][-1]
        )

    @property
    def is_doubtful(self) -> bool:
        """Whether a single formula may be right in this way by a slip, and two have to say it.

        Which axis a sum runs over tells of samples in columns, and is as often a slip.
        """
        orientation = self.reading.orientation
        columns = orientation.columns and self.vocabulary.batch is not None
        return not self.reading.names and (columns or orientation.is_doubtful(self.vocabulary))

    def of_losses(self, own: bool = True) -> Way:
        """The same with error terms that are derivatives of each sample's own loss, or aren't."""
        return replace(self, reading=replace(self.reading, own_loss=own))

    def model(self) -> Model:
        """The model as this way sees it."""
        numbers = self.vocabulary.at(self.samples, self.usual) if self.vocabulary.at else {}
        return Model(self.vocabulary, self.reading.names, self.layout, numbers, words(self.tree))

    def walked(self, symbolic: bool) -> Records:
        """What comes of it."""
        model = self.model()
        totals: Mapping[Key, int] | None = None
        for again in range(2):
            # the first time only to see how often each name gets a value
            own_loss = self.reading.own_loss
            meanings = Meanings(
                Records(model), symbolic and bool(again), totals, self.wrong, own_loss
            )
            program = Program(self.tree, PLACE, meanings, self.steps)
            with np.errstate(all="ignore"), suppress(Again):
                program.walk()
            totals = meanings.records.counts
        return meanings.records


def words(tree: ast.Module) -> frozenset[str]:
    """Every name of a text."""
    result = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    result |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    result |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    return frozenset(result | {str(n.value) for n in ast.walk(tree) if isinstance(n, ast.Constant)})
