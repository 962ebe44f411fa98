"""The graph of layers: what each reads, by name, and an order of computation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from derive.errors import meant, shorten

Source = int | str


@dataclass(frozen=True)
class Node:
    """A layer of a graph: how errors call it, the names it goes by, what it says that it reads.

    `wants` is the number of inputs that it takes, 0 for two or more; `locals` are what they are
    called inside, and `others` further lists of them, of other lengths; `switches` are lists that
    it would take if a flag were set.
    """

    place: str
    names: tuple[str, ...]
    reads: Sequence[str] | None
    wants: int
    locals: tuple[str, ...]
    others: tuple[tuple[str, ...], ...] = ()
    switches: tuple[tuple[str, tuple[str, ...]], ...] = ()


def wire(
    nodes: Sequence[Node | None], inputs: Sequence[str], problems: list[str]
) -> list[tuple[Source, ...]]:
    """The inputs of each node: nodes by position, inputs by name; without a word, the one before.

    A node that is None is one with problems of its own; who reads it reads nothing.
    """
    by_name = {name: k for k, node in enumerate(nodes) if node for name in node.names}
    result: list[tuple[Source, ...]] = []
    for k, node in enumerate(nodes):
        if node is None:
            result.append(())
        elif node.reads is None:
            before = (k - 1,) if k else tuple(inputs)
            result.append(before if _fits(node, before, problems) else ())
        else:
            reads = tuple(_named(node, r, by_name, inputs, nodes, problems) for r in node.reads)
            known = tuple(r for r in reads if r is not None)
            whole = len(known) == len(reads)
            result.append(known if whole and _fits(node, known, problems) else ())
    return result


def _named(
    node: Node,
    name: str,
    by_name: Mapping[str, int],
    inputs: Sequence[str],
    nodes: Sequence[Node | None],
    problems: list[str],
) -> Source | None:
    if name in inputs:
        return name
    if name not in by_name:
        known = [*inputs, *by_name]
        if None not in nodes:  # else it may be the name of one that couldn't be read
            problems.append(
                f"{node.place}.inputs: unknown layer '{shorten(name)}'"
                f"{meant(name, known) or '; known: ' + ', '.join(known)}"
            )
        return None
    return by_name[name]


def _fits(node: Node, reads: Sequence[Source], problems: list[str]) -> bool:
    count = len(reads)
    if (count >= 2) if not node.wants else count in (node.wants, *map(len, node.others)):
        return True
    if not count:
        problems.append(f"{node.place}.inputs: the list is empty; name what the layer reads")
    elif not node.wants:
        problems.append(
            f'{node.place}: it joins two inputs or more; name them, such as inputs = ["a", "b"]'
        )
    elif node.others:
        lists = (node.locals, *node.others)
        listed = " or ".join(f"{len(names)} ({', '.join(names)})" for names in lists)
        problems.append(
            f"{node.place}: it takes inputs {listed} and would get {count}; name them"
            f"{_switch(node, count)}"
        )
    elif node.wants == 1:
        problems.append(
            f"{node.place}: it takes one input and would get {count}; name one, such as "
            f'inputs = ["{_called(reads[0])}"], or join them with a layer of type "concat"'
            f"{_switch(node, count)}"
        )
    else:
        listed = ", ".join(f'"{name}"' for name in node.locals)
        problems.append(
            f"{node.place}: it takes {node.wants} inputs ({', '.join(node.locals)}) and would get "
            f"{count}; name them, such as inputs = [{listed}]{_switch(node, count)}"
        )
    return False


def _switch(node: Node, count: int) -> str:
    """The attributes that would make it take so many inputs."""
    for flag, names in node.switches:
        if len(names) == count:
            return f"; with {flag} = true it takes {count} ({', '.join(names)})"
    return ""


def _called(source: Source) -> str:
    return source if isinstance(source, str) else "x"


def order(
    nodes: Sequence[Node | None], sources: Sequence[tuple[Source, ...]], problems: list[str]
) -> list[int]:
    """Positions, each after all that it reads, else as they stand. A cycle is a problem."""
    done: dict[int, None] = {}
    for start in range(len(nodes)):
        path: list[int] = []
        waiting = [start]
        while waiting:
            here = waiting[-1]
            if here in done:
                waiting.pop()
                continue
            if here not in path:
                path.append(here)
            open_ = [s for s in sources[here] if isinstance(s, int) and s not in done]
            back = next((s for s in open_ if s in path), None)
            if back is not None:
                _tell_cycle([*path[path.index(back) :], back], nodes, problems)
                return []
            if open_:
                waiting.append(open_[0])
            else:
                done[here] = None
                path.remove(here)
                waiting.pop()
    return list(done)


def _tell_cycle(cycle: Sequence[int], nodes: Sequence[Node | None], problems: list[str]) -> None:
    first = nodes[cycle[0]]
    if first is None:
        return
    names = [node.names[-1] for k in cycle if (node := nodes[k])]
    problems.append(
        f"{first.place}: the layers wait for each other in a circle: "
        f"{' reads '.join(names)}; take one of these inputs out"
    )


def unread(
    nodes: Sequence[Node | None], sources: Sequence[tuple[Source, ...]], output: int
) -> list[int]:
    """The nodes that nothing reads and that aren't the output."""
    read = {s for reads in sources for s in reads}
    return [k for k in range(len(nodes)) if k not in read and k != output]
