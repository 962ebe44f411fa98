"""The context of an edit: the formula, its values, and the model's tensors."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from derive.answers.slips.activation_slopes import Slope, slopes
from derive.answers.slips.evaluator import Evaluator
from derive.answers.slips.nested import Nested
from derive.answers.slips.positions import Position, positions
from derive.answers.slips.samples import Samples
from derive.ir.derivation import Derivation
from derive.ir.names import is_next
from derive.ir.notation import Affine, Axis, Expr


@dataclass(frozen=True)
class Tensors:
    """The tensors of a model that may stand for one another in a formula for `asked`."""

    asked: str
    same_shape: Mapping[str, tuple[str, ...]]  # for each tensor the others of its shape
    shapes: Mapping[str, tuple[Affine, ...]]  # of those that have no fixed value
    forward: tuple[str, ...]
    slopes: tuple[Slope, ...]


def tensors_of(asked: str, derivation: Derivation, samples: Samples) -> Tensors:
    """The tensors of a derivation, by their shapes at one point."""
    fixed = {t.name for t in derivation.tensors if t.value is not None}
    # a number that the model fixes is met by chance only, but in an update
    without = () if is_next(asked) else fixed
    return Tensors(
        asked,
        _same_shape(samples, without),
        {t.name: t.shape for t in derivation.tensors if t.value is None and not t.integer},
        tuple(
            t.name
            for t in derivation.system.tensors
            if t.role in ("input", "intermediate", "target")
        ),
        slopes(derivation.forward),
    )


def _same_shape(samples: Samples, without: Collection[str]) -> dict[str, tuple[str, ...]]:
    right = samples.point.right
    shapes: dict[tuple[int, ...], list[str]] = {}
    for name, tensor in right.table.items():
        if tensor.integer or name in without:
            continue
        try:
            shapes.setdefault(right.shape(name), []).append(name)
        except (KeyError, ValueError):
            continue
    return {n: tuple(m for m in names if m != n) for names in shapes.values() for n in names}


@dataclass(frozen=True)
class Context:
    """A formula that is edited. `right`: it is the right one, not what was written."""

    whole: Nested
    right: bool
    evaluator: Evaluator
    tensors: Tensors
    scales: tuple[Expr, ...]

    @cached_property
    def positions(self) -> tuple[Position, ...]:
        """Every node of the formula."""
        return tuple(positions(self.whole))

    def extent(self, axis: Axis) -> int:
        """The extent of a letter."""
        return self.evaluator.extent(axis)
