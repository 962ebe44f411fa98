"""The letters that a derivative is written with: those of what it is taken by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from derive.ir.notation import Axis, Read
from derive.ir.system import System
from derive.ir.tree import fresh_letter


def letters_of(system: System, name: str, occurrences: Sequence[Read]) -> tuple[Axis, ...]:
    """The letters of the tensor's equation, or of the first of its reads that is plain."""
    defined = system.defined.get(name)
    if defined is not None:
        return defined.axes
    shape = system.table[name].shape
    for read in occurrences:
        axes = [a for s in read.subscripts if (a := s.axis) is not None]
        if len(set(axes)) == len(shape) and all(
            a.extent == e for a, e in zip(axes, shape, strict=True)
        ):
            return tuple(axes)
    axes = []
    taken: set[str] = set()
    letters = _letters_of(occurrences, len(shape))
    for k, extent in enumerate(shape):
        letter = fresh_letter(taken, letters[k] or "ijklmnop"[k % 8])
        taken.add(letter)
        axes.append(Axis(letter, extent))
    return tuple(axes)


def _letters_of(occurrences: Iterable[Read], rank: int) -> list[str | None]:
    """A letter for each axis of a tensor: one that walks it by itself anywhere."""
    letters: list[str | None] = [None] * rank
    for read in occurrences:
        for k, subscript in enumerate(read.subscripts):
            axis = subscript.axis
            if axis is not None and letters[k] is None and axis.letter not in letters:
                letters[k] = axis.letter
    return letters
