"""Lengths of axes that a formula names from outside of the sums that walk them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from derive.language.occurrences import names_of, refs
from derive.language.syntax import SYNTAX, Fn, Name, Red, Refused, Syntax, Written, size_of_axis
from derive.readers.latex.context import BATCH_SIZE
from derive.readers.latex.name_resolution import Names


def settled_sizes(equations: Sequence[Written], names: Names) -> list[Written]:
    """The equations with each `size(...)` saying what it shall. Raises `Refused`."""
    walks = [list(_walks(e)) for e in equations]
    return [
        replace(e, right=_settle(e.right, _Sizes(names, own, walks)))
        for e, own in zip(equations, walks, strict=True)
    ]


def _walks(equation: Written) -> Iterator[tuple[str, str, int]]:
    """Each letter with a tensor's axis that it walks plainly."""
    if not equation.is_next or equation.letters:
        for k, x in enumerate(equation.letters):
            if isinstance(x, Name):
                yield x.name, equation.tensor, k
    for ref in refs(equation.right):
        for k, part in enumerate(ref.subscripts):
            if isinstance(part, Name):
                yield part.name, ref.name, k


class _Sizes:
    """What `size` may say in one equation; `all` holds the walks of every equation."""

    def __init__(
        self,
        names: Names,
        own: list[tuple[str, str, int]],
        everywhere: list[list[tuple[str, str, int]]],
    ) -> None:
        self.names = names
        self.own = own
        self.all = [w for walks in everywhere for w in walks]

    def extent(self, tensor: str, axis: int) -> object:
        shape = self.names.shapes.get(tensor)
        return shape[axis] if shape is not None and axis < len(shape) else None

    def size(self, node: Fn, letter: str) -> Syntax:
        place = node.place
        vocabulary = self.names.vocabulary
        if letter == BATCH_SIZE:
            assert vocabulary is not None
            walked = [w for w in (*self.own, *self.all) if self.extent(*w[1:]) == vocabulary.batch]
            if not walked:
                result = next(
                    (
                        (name, k)
                        for name, shape in self.names.shapes.items()
                        for k, extent in enumerate(shape)
                        if extent == vocabulary.batch
                    ),
                    None,
                )
                if result is None:
                    raise Refused(place, "the batch's size is asked for, and there is no batch")
                return size_of_axis(place, *result)
            letter = walked[0][0]
        mine = [w for w in self.own if w[0] == letter] or [w for w in self.all if w[0] == letter]
        if vocabulary is None:
            return replace(node, args=(Name(place, letter),))
        known = [e for w in self.all if w[0] == letter and (e := self.extent(*w[1:])) is not None]
        if not mine or not known:
            raise Refused(
                place,
                f"how long is '{letter}'? it walks no axis of the model; write the sum whose "
                "length it is",
            )
        if all(e == known[0] for e in known):
            return replace(node, args=(Name(place, letter),))
        sized = next((w for w in mine if self.extent(*w[1:]) is not None), mine[0])
        return size_of_axis(place, *sized[1:])


def _settle(node: Syntax, sizes: _Sizes, scope: frozenset[str] = frozenset()) -> Syntax:
    match node:
        case Fn(name="size", args=(Name(name=letter),)) if letter not in scope:
            return sizes.size(node, letter)
        case Red(letters=letters):
            scope = scope.union(names_of(letters))
        case _:
            pass
    return SYNTAX.over(node, lambda p: _settle(p, sizes, scope))
