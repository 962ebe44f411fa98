"""What a person's formulas may name, and what a reader of them gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from derive.ir.notation import Affine
from derive.ir.system import Block, System
from derive.language.syntax import Written

Shape = tuple[Affine, ...]
ONE_HOT = "rows of targets have a single 1"


@dataclass(frozen=True)
class Vocabulary:
    """The tensors of a model as formulas name them.

    `shapes` has every tensor, every alias of one (`y1`), and `d` + either for each derivative that
    was formed. `system` has the forward equations, for a reader that must know which function an
    activation is, or what plays which role. `batch` is the batch's extent, None where there is no
    batch (the formulas are then of one sample, or the model has none).
    `at` gives the numbers of all tensors at a random point, with so many samples; if `usual`, rows
    of targets that sum to 1 have a single 1.
    """

    system: System
    shapes: Mapping[str, Shape]
    batch: Affine | None = None
    at: Callable[[int, bool], Mapping[str, np.ndarray]] | None = field(default=None, compare=False)


class NotFormed(Exception):
    """A formula gives a derivative in full that the vocabulary lacks: it can be formed."""

    def __init__(self, block: Block) -> None:
        super().__init__(block.tensor)
        self.block = block


@dataclass(frozen=True)
class NoFit:
    """A value of another shape than the tensor's: both shapes in words, and what is wrong."""

    tensor: str
    derived: str
    written: str
    reason: str
    transposed: bool = False


@dataclass(frozen=True)
class Unread:
    """A formula that can't be judged: the name that it gives, and why."""

    name: str
    line: int
    reason: str


@dataclass(frozen=True)
class Judged:
    """A value that no formula over whole arrays gives, judged by its numbers at random points.

    `detail` says where it differs, "" where it is right; `data` has the example.
    """

    tensor: str
    line: int
    detail: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Translation:
    """Formulas in the equation language, whatever they were written in.

    `names` says which tensor each written name was taken for, where the two differ, or which
    number, as "0" for a penalty's factor; a name that means neither is an intermediate of the
    writer's own, and isn't there. `misfits` are values that can't be the tensor that they were
    given to, `judged` those that are told by their numbers alone, `unread` formulas of which
    nothing can be told; the others are judged without them. `near` are tensors whose formulas give
    the right numbers, rounded constants and guards apart; `near_if_one_hot` those that do where
    rows of targets are ones and zeros.
    """

    equations: tuple[Written, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    misfits: tuple[NoFit, ...] = ()
    unread: tuple[Unread, ...] = ()
    judged: tuple[Judged, ...] = ()
    near: frozenset[str] = frozenset()
    near_if_one_hot: frozenset[str] = frozenset()
