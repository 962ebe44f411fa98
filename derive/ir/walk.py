"""Walking over trees of frozen dataclasses: what stands inside a node, and the node over others.

A tree is named by the union of its nodes' classes. Which fields hold nodes is told by their types
and worked out once::

    SYNTAX: Tree[Syntax] = Tree(Syntax)
    names = [n.name for n in SYNTAX.walk(value) if isinstance(n, Name)]
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import fields, replace
from operator import attrgetter, is_
from typing import Any, Generic, TypeVar, cast, get_args, get_origin, get_type_hints

Node = TypeVar("Node")
Parts = tuple[Any, ...]
Classes = tuple[type, ...]


class Tree(Generic[Node]):
    """The trees whose nodes are of the classes of `union`.

    Fields named in `apart` are not entered, such as the letters that a sum binds. `make` builds a
    node of a class over other parts where the class itself isn't to be called, such as a sum that
    gathers its numbers.
    """

    def __init__(
        self,
        union: object,
        apart: Collection[str] = (),
        make: Mapping[type, Callable[[Any, Parts], Any]] | None = None,
    ) -> None:
        self._make = make or {}
        self._classes: Classes = get_args(union)
        hints = {c: self._hints(c, apart) for c in self._classes}
        self._fields = {c: tuple(h) for c, h in hints.items()}
        self._inside = {c: self._getter(h) for c, h in hints.items()}

    def children(self, node: Node) -> tuple[Node, ...]:
        """The nodes directly inside, in the order of the fields."""
        return self._inside[type(node)](node)

    def rebuild(self, node: Node, parts: tuple[Node, ...]) -> Node:
        """The same node over other parts, which stand in the order of `children`."""
        make = self._make.get(type(node))
        if make is not None:
            return cast("Node", make(node, parts))
        rest = iter(parts)
        new = {n: self._put(getattr(node, n), rest) for n in self._fields[type(node)]}
        return cast("Node", replace(cast("Any", node), **new)) if new else node

    def walk(self, node: Node) -> Iterator[Node]:
        """Every node, parents first, in reading order, repeats included."""
        inside = self._inside
        waiting = [node]
        while waiting:
            node = waiting.pop()
            yield node
            parts = inside[type(node)](node)
            if parts:
                waiting += parts[::-1]

    def transform(self, node: Node, change: Callable[[Node], Node | None]) -> Node:
        """Every node replaced by what `change` makes of it (None: look inside), from the top down.

        What stays the same stays the same object.
        """
        changed = change(node)
        if changed is not None:
            return changed
        parts = self.children(node)
        return self._over(node, parts, tuple([self.transform(p, change) for p in parts]))

    def over(self, node: Node, change: Callable[[Node], Node]) -> Node:
        """The node over what `change` makes of each of its children."""
        parts = self.children(node)
        return self._over(node, parts, tuple([change(p) for p in parts]))

    def _over(self, node: Node, old: tuple[Node, ...], new: tuple[Node, ...]) -> Node:
        return node if all(map(is_, new, old)) else self.rebuild(node, new)

    def _hints(self, kind: type, apart: Collection[str]) -> dict[str, Any]:
        """The types of the fields that hold nodes."""
        hints = get_type_hints(kind)
        own = (f.name for f in fields(kind) if f.name not in apart)
        return {n: hints[n] for n in own if _holds(hints[n], self._classes)}

    def _getter(self, hints: Mapping[str, Any]) -> Callable[[Any], Parts]:
        """A function that takes the nodes inside out; in the common cases without a search."""
        if not hints:
            return lambda _: ()
        value = attrgetter(*hints)
        if all(_is_node(h, self._classes) for h in hints.values()):
            return value if len(hints) > 1 else lambda node: (value(node),)
        hint, *others = hints.values()
        if not others and _is_row(hint, self._classes):
            return value
        if not others and _is_row_of_pairs(hint, self._classes):
            return lambda node: tuple([pair[0] for pair in value(node)])
        return lambda node: tuple(p for n in hints for p in self._parts(getattr(node, n)))

    def _parts(self, value: Any) -> Iterator[Any]:
        if isinstance(value, self._classes):
            yield value
        elif isinstance(value, tuple):
            for part in value:
                yield from self._parts(part)

    def _put(self, value: Any, rest: Iterator[Any]) -> Any:
        if isinstance(value, self._classes):
            return next(rest)
        return tuple(self._put(v, rest) for v in value) if isinstance(value, tuple) else value


def _holds(hint: Any, classes: Classes) -> bool:
    return hint in classes or any(_holds(h, classes) for h in get_args(hint))


def _is_node(hint: Any, classes: Classes) -> bool:
    return all(h in classes for h in get_args(hint) or (hint,))


def _is_row(hint: Any, classes: Classes) -> bool:
    """A tuple of nodes, however many."""
    arguments = get_args(hint)
    return arguments[1:] == (...,) and _is_node(arguments[0], classes)


def _is_row_of_pairs(hint: Any, classes: Classes) -> bool:
    """A tuple of pairs that begin with a node."""
    arguments = get_args(hint)
    if arguments[1:] != (...,) or get_origin(arguments[0]) is not tuple:
        return False
    pair = get_args(arguments[0])
    return len(pair) == 2 and _is_node(pair[0], classes) and not _holds(pair[1], classes)
