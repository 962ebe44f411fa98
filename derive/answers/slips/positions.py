"""The positions in a formula at which one thing can be changed, and the changes made there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from derive.answers.slips.mistakes import Mistake
from derive.answers.slips.nested import Nested
from derive.ir.notation import Axis, Expr, Mul, Reduction
from derive.ir.tree import ONE, children
from derive.ir.walk import Tree

Path = tuple[int, ...]


@dataclass(frozen=True)
class Edit:
    """A formula with one mistake put in or taken out.

    `before` and `after` are what stood at `paths` and what stands there now.
    """

    mistake: Mistake
    expr: Expr
    before: Expr | str | None
    after: Expr | str | None
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class Position:
    """A node of a formula, the letters that have a meaning there, and the node above it."""

    root: Expr
    node: Expr
    path: Path
    scope: tuple[Axis, ...]
    above: Expr | None

    @property
    def whole_product(self) -> bool:
        """Whether a whole product stands here, not a factor of one."""
        return not isinstance(self.above, Mul)

    def replaced(self, mistake: Mistake, new: Expr) -> Edit:
        """The formula with another node here."""
        return self.edit(mistake, new, self.node, new)

    def edit(
        self,
        mistake: Mistake,
        new: Expr,
        before: Expr | str | None = None,
        after: Expr | str | None = None,
        args: Sequence[int] = (),
    ) -> Edit:
        """The formula with another node here; `args`: only these of the node's own changed."""
        paths = tuple((*self.path, k) for k in args) or (self.path,)
        return Edit(mistake, put(self.root, self.path, new), before, after, paths)


def positions(whole: Nested) -> Iterator[Position]:
    """Every node, from the top, in reading order."""
    yield from _below(whole.expr, whole.expr, (), whole.axes, None)


def _below(
    root: Expr, node: Expr, path: Path, scope: tuple[Axis, ...], above: Expr | None
) -> Iterator[Position]:
    yield Position(root, node, path, scope, above)
    inner = (*scope, *node.axes) if isinstance(node, Reduction) else scope
    for k, part in enumerate(children(node)):
        yield from _below(root, part, (*path, k), inner, node)


def at(root: Expr, path: Path) -> Expr | None:
    """The node at a path; None where there is none."""
    for k in path:
        parts = children(root)
        if k >= len(parts):
            return None
        root = parts[k]
    return root


# like terms and factors aren't collected
AS_WRITTEN: Tree[Expr] = Tree(Expr)
everywhere = AS_WRITTEN.transform


def put(root: Expr, path: Path, new: Expr) -> Expr:
    """The formula with another node at a path; all other nodes stay the same objects."""
    if not path:
        return new
    first, rest = path[0], path[1:]
    parts = list(children(root))
    parts[first] = put(parts[first], rest, new)
    return AS_WRITTEN.rebuild(root, tuple(parts))


def product(args: Sequence[Expr]) -> Expr:
    """Factors side by side, as they are."""
    return ONE if not args else args[0] if len(args) == 1 else Mul(tuple(args))


def chosen(args: Sequence[Expr], which: Sequence[int]) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """Some arguments of a node, and the others."""
    return (
        tuple(args[k] for k in which),
        tuple(a for k, a in enumerate(args) if k not in which),
    )
