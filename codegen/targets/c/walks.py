"""Loops over places, and values that get a place in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field

from codegen.program.nodes import Array, Load
from codegen.targets.c.entries import Entries
from codegen.targets.c.integers import Int, product
from codegen.targets.c.loops import Line, Loop, Node
from codegen.targets.c.scope import Scope
from codegen.targets.c.shapes import View, shape_of, view_of, whole_load
from derive.ir.notation import Axis

Places = Sequence[Int]


@dataclass
class Walks:
    """Nodes as they come; `stem` is the name of what they work out."""

    scope: Scope
    stem: str = "value"
    nodes: list[Node] = field(default_factory=list)

    @property
    def entries(self) -> Entries:
        """The printer of entries."""
        return Entries(self.scope)

    def loops(
        self, letters: Sequence[str], shape: Sequence[Int], inner: Callable[[Places], list[Node]]
    ) -> list[Node]:
        """Loops one in the other, around what `inner` makes of the places.

        Where there is one place only, there is no loop.
        """
        pairs = list(zip(letters, shape, strict=True))
        with ExitStack() as stack:
            places = [
                Int() if extent.number == 1 else stack.enter_context(self._run(letter, extent))
                for letter, extent in pairs
            ]
            body = inner(places)
        for letter, extent in reversed(pairs):
            if extent.number != 1:
                body = [Loop(letter, extent, tuple(body))]
        return body

    def _run(self, letter: str, extent: Int) -> AbstractContextManager[Int]:
        return self.scope.running(letter, extent)

    def letters(self, axes: Sequence[Axis]) -> list[str]:
        """The variables of axes; of two axes with one letter the second gets another."""
        result: list[str] = []
        for axis in axes:
            name = self.scope.names.letter(axis)
            while name in result or name in self.scope.reach:
                name += name[0]
            result.append(name)
        return result

    def places_of(self, array: Array) -> list[str]:
        """Loop variables for the positions of an array."""
        shape = shape_of(array, self.scope)
        if len(shape) == len(array.axes):
            return self.letters(array.axes)
        return [f"p{k}" for k in range(len(shape))]

    def stored(self, array: Array, stem: str = "") -> Load:
        """The array in memory, as a load of all of it."""
        shape = shape_of(array, self.scope)
        tensor = self.scope.buffer(stem or f"{self.stem}_part", shape)
        view = view_of(self.scope.home(tensor), None, self.scope)
        self.scope.used.changed.add(view.home.name)
        entries = self.entries

        def assign(places: Places) -> list[Node]:
            text, _ = entries.number(array, places)
            return [Line(f"{view.home.name}[{view.index(places)}] = {text};")]

        self.nodes += self.loops(self.places_of(array), shape, assign)
        return whole_load(tensor, array.axes, len(shape))


def cleared(walks: Walks, view: View, value: str = "0") -> list[Node]:
    """Zeros, or another number, all over a part of an array."""
    if view.is_dense:
        walks.scope.used.functions.add("fill")
        return [Line(f"fill({product(view.shape)}, {value}, {view.address});")]
    letters = [f"p{k}" for k in range(len(view.shape))]

    def assign(places: Places) -> list[Node]:
        return [Line(f"{view.home.name}[{view.index(places)}] = {value};")]

    return walks.loops(letters, view.shape, assign)
