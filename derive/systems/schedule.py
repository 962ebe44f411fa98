"""The order of computation: which equations wait for which, and the groups that need a loop.

Tensors that depend on each other form a group. A group is a recurrence where one axis of each
member can be found along which every read of a member stands at a constant lag, all lags of one
sign: the sign is the direction of the loop. What depends on each other at lag 0 inside the loop is
ordered by the same question again; so a grid that needs a second loop gets one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from derive.ir.notation import Affine, Equation, Read, Term
from derive.ir.tree import index_reads, reads


@dataclass(frozen=True)
class Loop:
    """A recurrence: `axes` gives, for each member, the position of the axis that is walked."""

    axes: tuple[tuple[str, int], ...]
    direction: int
    body: tuple[Block, ...]

    @property
    def extent(self) -> Affine:
        """The extent of the walked axis."""
        name, position = self.axes[0]
        equation = next(e for e in members(self.body) if e.tensor == name)
        return equation.axes[position].extent


Block = Equation | Loop


class NoOrder(Exception):
    """A group of tensors that depend on each other in no order; `group` names them."""

    def __init__(self, group: tuple[str, ...], reason: str) -> None:
        self.group = group
        self.reason = reason
        super().__init__(f"{', '.join(group)}: {reason}")


def members(blocks: Iterable[Block]) -> Iterator[Equation]:
    """Every equation of a schedule, in order."""
    for block in blocks:
        if isinstance(block, Loop):
            yield from members(block.body)
        else:
            yield block


def schedule(equations: Sequence[Equation]) -> tuple[Block, ...]:
    """The equations in an order in which each can be computed, recurrences as loops.

    The given order is kept where it serves. Raises `NoOrder` for a group that has none.
    """
    return _schedule(tuple(equations), {})


def _schedule(
    equations: tuple[Equation, ...], walked: Mapping[str, tuple[int, ...]]
) -> tuple[Block, ...]:
    defined = {e.tensor: e for e in equations}
    edges = {e.tensor: tuple(_edges(e, defined, walked)) for e in equations}
    blocks: list[Block] = []
    for group in _components(tuple(defined), {y: [r.tensor for _, r in edges[y]] for y in edges}):
        if len(group) == 1 and not any(r.tensor == group[0] for _, r in edges[group[0]]):
            blocks.append(defined[group[0]])
            continue
        axes, direction = _walk(group, defined, edges, walked)
        inner = {y: (*walked.get(y, ()), axes[y]) for y in group}
        body = _schedule(tuple(defined[y] for y in group), inner)
        blocks.append(Loop(tuple(sorted(axes.items())), direction, body))
    return tuple(blocks)


def _edges(
    equation: Equation, defined: Mapping[str, Equation], walked: Mapping[str, tuple[int, ...]]
) -> Iterator[tuple[Term, Read]]:
    """Reads of the members that aren't already settled by an outer loop's lag."""
    for term in equation.terms:
        for read in (*reads(term.body), *index_reads(term.body), *_target_reads(term)):
            if read.tensor not in defined:
                continue
            settled = any(
                _lag(term.target[here], read.subscripts[there])
                for here, there in zip(
                    walked.get(equation.tensor, ()), walked.get(read.tensor, ()), strict=False
                )
            )
            if not settled:
                yield term, read


def _target_reads(term: Term) -> Iterator[Read]:
    for subscript in term.target:
        for atom, _ in subscript.terms:
            if isinstance(atom, Read):
                yield atom


def _lag(target: Affine, subscript: Affine) -> int | None:
    """`c` where the target's letter is `t` and the subscript `t + c`."""
    if target.axis is None:
        return None
    return (subscript - target).number


def _walk(
    group: tuple[str, ...],
    defined: Mapping[str, Equation],
    edges: Mapping[str, tuple[tuple[Term, Read], ...]],
    walked: Mapping[str, tuple[int, ...]],
) -> tuple[dict[str, int], int]:
    """An axis for each member and the direction of the loop."""
    members_ = set(group)
    links = [(y, term, read) for y in group for term, read in edges[y] if read.tensor in members_]
    mixed = zero = False
    for start in range(len(defined[group[0]].axes)):
        if start in walked.get(group[0], ()):
            continue
        axes = _spread(group[0], start, links)
        if axes is None or len(axes) < len(group):
            continue
        lags = {_lag(t.target[axes[y]], r.subscripts[axes[r.tensor]]) for y, t, r in links}
        signs = {(lag > 0) - (lag < 0) for lag in lags if lag}
        if len(signs) == 1:
            return axes, -signs.pop()
        mixed, zero = mixed or bool(signs), zero or not signs
    if mixed:
        reason = (
            "these are read both earlier and later along one axis; a recurrence has one direction"
        )
    elif zero or not any(defined[y].axes for y in group):
        reason = "these depend on each other at the same place (lag 0); break the cycle with a lag"
    else:
        reason = (
            "these depend on each other, but not at a constant lag along one axis; "
            "write a lag such as h[n,t-1,k]"
        )
    raise NoOrder(group, reason)


def _spread(
    first: str, start: int, links: Sequence[tuple[str, Term, Read]]
) -> dict[str, int] | None:
    """The walked axis of every member, from one member's, over the reads between them."""
    axes = {first: start}
    changed = True
    while changed:
        changed = False
        for y, term, read in links:
            x = read.tensor
            if y in axes:
                target = term.target[axes[y]]
                if x in axes:
                    if _lag(target, read.subscripts[axes[x]]) is None:
                        return None
                    continue
                places = [k for k, s in enumerate(read.subscripts) if _lag(target, s) is not None]
                if not places:
                    return None
                axes[x] = min(places, key=lambda k: (k != axes[y], k))
                changed = True
            elif x in axes:
                places = [
                    k
                    for k, s in enumerate(term.target)
                    if _lag(s, read.subscripts[axes[x]]) is not None
                ]
                if not places:
                    return None
                axes[y] = min(places, key=lambda k: (k != axes[x], k))
                changed = True
    return axes


def _components(
    names: tuple[str, ...], needs: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, ...]]:
    """Strongly connected components, what is needed first; members in the given order."""
    order = {name: k for k, name in enumerate(names)}
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    waiting: set[str] = set()
    for root in names:
        if root in number:
            continue
        work = [(root, iter(sorted(set(needs[root]), key=order.__getitem__)))]
        number[root] = low[root] = len(number)
        stack.append(root)
        waiting.add(root)
        while work:
            name, following = work[-1]
            step = next(following, None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == number[name]:
                    group = []
                    while True:
                        member = stack.pop()
                        waiting.discard(member)
                        group.append(member)
                        if member == name:
                            break
                    yield tuple(sorted(group, key=order.__getitem__))
            elif step not in number:
                number[step] = low[step] = len(number)
                stack.append(step)
                waiting.add(step)
                work.append((step, iter(sorted(set(needs[step]), key=order.__getitem__))))
            elif step in waiting:
                low[name] = min(low[name], number[step])
