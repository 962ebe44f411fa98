"""Parts of an expression that stand in it more than once, as variables of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Protocol

from derive.arrays.entries import Entries
from derive.arrays.nodes import (
    ARRAYS,
    Array,
    Entrywise,
    Inverse,
    Norm,
    Product,
    Reduce,
    Trace,
    Whole,
)
from derive.arrays.printer import text
from derive.arrays.walk import arrays
from derive.ir.comparisons import COMPARISONS
from derive.ir.fresh_names import fresh_name

_LEAST = 8  # characters: what is shorter is written again
_NAMES = ("z", "s", "r", "u", "v", "h", "q")
_MATRICES = ("M",)
_TRUTHS = (*COMPARISONS, "and", "or", "not")


class Shapes(Protocol):
    """Who knows what nodes are."""

    def entries(self, node: Whole) -> Entries:
        """What a node is."""

    def put(self, name: str, node: Whole) -> None:
        """A name that stands for a node from here on."""


def shared(
    value: Whole, taken: Collection[str], shapes: Shapes
) -> tuple[list[tuple[str, Whole]], Whole]:
    """Variables, those that others read first, and the value that reads them."""
    used = set(taken)
    result: list[tuple[str, Whole]] = []
    while True:
        counts = Counter(p for w in (value, *(n for _, n in result)) for p in _worth(w))
        again = [p for p, count in counts.items() if count > 1 and shapes.entries(p).lies != "row"]
        if not again:
            return result, value
        part = max(again, key=lambda p: len(text(p)))
        first = _MATRICES if shapes.entries(part).rank == 2 else _NAMES
        name = fresh_name(used, *first, first[0])
        used.add(name)
        shapes.put(name, part)
        value = _with(value, part, name)
        result = [(name, part), *((n, _with(w, part, name)) for n, w in result)]


def _worth(node: Whole) -> Iterator[Whole]:
    """What takes work, in order."""
    match node:
        case Inverse(of=Array()):
            return  # is named after its matrix
        case Product() | Inverse() | Norm() | Reduce() | Trace() | Entrywise():
            truth = isinstance(node, Entrywise) and node.op in _TRUTHS
            if not truth and len(text(node)) >= _LEAST and arrays(node):
                yield node
        case _:
            pass
    for part in ARRAYS.children(node):
        yield from _worth(part)


def _with(node: Whole, part: Whole, name: str) -> Whole:
    """The node with a name in the place of a part."""
    return ARRAYS.transform(node, lambda n: Array(name) if n == part else None)
