"""A few equations as a graph of their tensors."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.documents.drawings.extents import extents
from codegen.documents.drawings.layered_layout import Graph
from codegen.documents.drawings.nodes import Net, Node, Words
from codegen.latex.symbols import Names
from derive.ir.system import System
from derive.ir.tree import equation_reads
from derive.systems.schedule import members, schedule

_MOST_NODES = 12
_MOST_PARAMETERS = 3
_ENDS = ("input", "target")


def tensor_graph(system: System, names: Names) -> Graph | None:
    """The graph of the tensors; parameters stand in the boxes where else there would be too many.

    None where there would be too many even so, or where there is only one.
    """
    for apart in (True, False):
        roles = (*_ENDS, "parameter") if apart else _ENDS
        count = len(system.equations) + len(system.having(*roles))
        if 1 < count <= _MOST_NODES:
            return _Tensors(system, names, apart).graph()
    return None


class _Tensors:
    def __init__(self, system: System, names: Names, apart: bool) -> None:
        self.system = system
        self.names = names
        self.drawn = (*_ENDS, "parameter") if apart else _ENDS
        self.order = {e.tensor: k for k, e in enumerate(members(schedule(system.equations)))}

    def graph(self) -> Graph:
        readers = self._readers()
        nodes = [
            Node(t.name, tuple(self._lines(t.name)), t.role)
            for t in self.system.having(*self.drawn)
            if readers.get(t.name)
        ]
        for name in sorted(self.order, key=lambda k: self.order[k]):
            kind = "objective" if name == self.system.objective else "tensor"
            nodes.append(Node(name, tuple(self._lines(name)), kind, self._loops(name)))
        target = {t.name for t in self.system.having("target")}
        nets = [
            Net(name, name, tuple(sinks), dashed=name in target)
            for name, sinks in readers.items()
            if sinks
        ]
        return Graph(tuple(nodes), tuple(nets))

    def _readers(self) -> dict[str, list[str]]:
        """By tensor, the later tensors that read it."""
        result: dict[str, list[str]] = {}
        for equation in self.system.equations:
            for read in equation_reads(equation):
                name = read.tensor
                known = name in self.order or self.system.table[name].role in self.drawn
                behind = self.order.get(name, -1) < self.order[equation.tensor]
                if known and behind and equation.tensor not in result.setdefault(name, []):
                    result[name].append(equation.tensor)
        return result

    def _loops(self, name: str) -> bool:
        """Whether the tensor is read at an earlier place of its own computation."""
        return any(
            read.tensor == name and self.order[e.tensor] <= self.order[name]
            for e in self.system.equations
            for read in equation_reads(e)
        )

    def _lines(self, name: str) -> Iterator[Words]:
        yield Words(str(self.names[name]), math=True)
        shape = extents(self.system, self.names, name)
        if shape:
            yield Words(shape, math=True, small=True)
        if name not in self.order or "parameter" in self.drawn:
            return
        read = {r.tensor for r in equation_reads(self.system.defined[name])}
        own = [str(self.names[t.name]) for t in self.system.having("parameter") if t.name in read]
        if len(own) > _MOST_PARAMETERS:
            own = [*own[: _MOST_PARAMETERS - 1], r"\dots", own[-1]]
        if own:
            yield Words(", ".join(own), math=True, small=True)
