"""The places of an expression at which one thing can be changed, and the changes' form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from derive.answers.slips.nested import Nested
from derive.ir.notation import (
    Add,
    Axis,
    Call,
    Compare,
    Expr,
    Logic,
    Mul,
    Pow,
    Reduction,
)
from derive.ir.tree import children

Path = tuple[int, ...]


@dataclass(frozen=True)
class Spot:
    """A node, the letters that have a meaning there, and what stands above it."""

    node: Expr
    path: Path
    scope: tuple[Axis, ...]
    above: Expr | None

    @property
    def heads(self) -> bool:
        """Whether a whole product stands here, not a factor of one."""
        return not isinstance(self.above, Mul)


def spots(whole: Nested) -> Iterator[Spot]:
    """Every node, from the top, in reading order."""
    yield from _below(whole.expr, (), whole.axes, None)


def _below(node: Expr, path: Path, scope: tuple[Axis, ...], above: Expr | None) -> Iterator[Spot]:
    yield Spot(node, path, scope, above)
    inner = (*scope, *node.axes) if isinstance(node, Reduction) else scope
    for k, part in enumerate(children(node)):
        yield from _below(part, (*path, k), inner, node)


def at(root: Expr, path: Path) -> Expr | None:
    """The node at a place; None where there is none."""
    for k in path:
        parts = children(root)
        if k >= len(parts):
            return None
        root = parts[k]
    return root


def put(root: Expr, path: Path, new: Expr) -> Expr:
    """The expression with another node at a place; all other nodes stay the same objects."""
    if not path:
        return new
    first, rest = path[0], path[1:]
    parts = list(children(root))
    parts[first] = put(parts[first], rest, new)
    return with_parts(root, tuple(parts))


def with_parts(node: Expr, parts: tuple[Expr, ...]) -> Expr:
    """The same node over other parts, and nothing gathered."""
    match node:
        case Add():
            return Add(parts)
        case Mul():
            return Mul(parts)
        case Pow():
            return Pow(*parts)
        case Call(function, _):
            return Call(function, parts)
        case Compare(op, _, _):
            return Compare(op, *parts)
        case Logic(op, _):
            return Logic(op, parts)
        case Reduction(op, axes, _):
            return Reduction(op, axes, parts[0])
        case _:
            return node


def everywhere(node: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """Every node that `change` has another for, replaced; unchanged parts stay the same objects."""
    changed = change(node)
    if changed is not None:
        return changed
    parts = children(node)
    if not parts:
        return node
    new = tuple(everywhere(p, change) for p in parts)
    same = all(a is b for a, b in zip(new, parts, strict=True))
    return node if same else with_parts(node, new)


@dataclass(frozen=True)
class Edit:
    """An expression with one thing changed.

    `forth` is the slip where the right expression was changed into what was written, `back` where
    the written one was changed into what is right. `what` is `drop`, `insert`, `replace`, `sum`,
    `no sum` or `sign`; `before` and `after` are what stood there and what stands there now.
    `rank` is smaller where the edit tells more.
    """

    expr: Expr
    forth: str
    back: str
    what: str
    before: Expr | str | None
    after: Expr | str | None
    rank: int
    paths: tuple[Path, ...] = ()
