"""A network as a graph of its layers: what each reads, what it gives, with what parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codegen.documents.drawings.extents import extents
from codegen.documents.drawings.layered_layout import Graph
from codegen.documents.drawings.nodes import Net, Node, Words
from codegen.latex.symbols import Names
from derive.ir.notation import Equation
from derive.ir.system import Layer, System
from derive.ir.tree import equation_reads

_LEAST_RUN = 4
_MOST_PARAMETERS = 3
_ENDS = ("input", "target")


def layer_graph(system: System, names: Names) -> Graph:
    """The graph of a system that has layers."""
    return _Layers(system, names).graph()


class _Layers:
    def __init__(self, system: System, names: Names) -> None:
        self.system = system
        self.names = names
        self.owner = {t: layer.name for layer in system.origin.layers for t in layer.tensors}
        self.losses = self._losses()
        self.read_by = self._readers()

    def graph(self) -> Graph:
        runs = [tuple(run) for run in self._runs()]
        first = {layer.name: run[0].name for run in runs for layer in run}
        nodes: dict[str, Node] = {}
        for end in self.system.having(*_ENDS):
            if self.read_by.get(end.name):
                nodes[end.name] = Node(end.name, (self._symbol(end.name),), end.role)
        for run in runs:
            key = _key(run[0].name)
            nodes[key] = Node(key, tuple(self._lines(run)), "layer", self._loops(run))
        for loss in self.losses:
            nodes[loss] = Node(loss, tuple(self._objective(loss)), "objective")
        nets: list[Net] = []
        for tensor, readers in self.read_by.items():
            source = _key(first[self.owner[tensor]]) if tensor in self.owner else tensor
            sinks = [_key(first[r]) if r in first else r for r in readers]
            sinks = [s for s in dict.fromkeys(sinks) if s != source and s in nodes]
            if sinks and source in nodes:
                label = self._label(tensor, source in self.losses)
                dashed = self.system.table[tensor].role == "target"
                nets.append(Net(tensor, source, tuple(sinks), label, dashed))
        return Graph(tuple(_ordered(nodes, nets)), tuple(nets))

    # ---- what reads what -------------------------------------------------------------------------

    def _losses(self) -> list[str]:
        """The objective, and before it its parts: numbers that it alone reads, of a target each."""
        objective = self.system.objective
        if objective is None:
            return []
        parts = [e.tensor for e in self.system.equations if self._is_part(e.tensor, objective)]
        return [*(parts if len(parts) > 1 else []), objective]

    def _is_part(self, tensor: str, objective: str) -> bool:
        table, defined = self.system.table, self.system.defined
        if tensor in self.owner or table[tensor].shape:
            return False
        users = {e.tensor for e in defined.values() if tensor in _read(e)}
        return users == {objective} and any(
            table[r].role == "target" for r in _read(defined[tensor])
        )

    def _readers(self) -> dict[str, tuple[str, ...]]:
        """By tensor, the layers and losses that read it, by themselves or through helpers."""
        result: dict[str, dict[str, None]] = {}
        helpers: dict[str, tuple[str, ...]] = {}
        for equation in self.system.equations:
            reader = self.owner.get(equation.tensor, equation.tensor)
            reads: dict[str, None] = {}
            for read in equation_reads(equation):
                name = self.system.unaliased(read.tensor)
                reads.update(dict.fromkeys(helpers.get(name, (name,))))
            if equation.tensor not in self.owner and equation.tensor not in self.losses:
                helpers[equation.tensor] = tuple(reads)
                continue
            for name in reads:
                if self.owner.get(name) != reader or name not in self.owner:
                    result.setdefault(name, {})[reader] = None
        tables = self.system.table
        return {
            name: tuple(readers)
            for name, readers in result.items()
            if tables[name].role in (*_ENDS, "intermediate")
        }

    def _loops(self, run: Sequence[Layer]) -> bool:
        """Whether a layer reads what it gave before."""
        group = {t for layer in run for t in layer.tensors}
        order = {e.tensor: k for k, e in enumerate(self.system.equations)}
        return any(
            r.tensor in order and order[r.tensor] >= order[t]
            for t in group
            if t in order
            for r in equation_reads(self.system.defined[t])
        )

    # ---- layers that are alike -------------------------------------------------------------------

    def _runs(self) -> Iterator[list[Layer]]:
        """The layers, those that follow each other and are all alike together."""
        run: list[Layer] = []
        for layer in self.system.origin.layers:
            if run and not (self._alike(run[-1], layer) and self._follows(run[-1], layer)):
                yield from self._long(run)
                run = []
            run.append(layer)
        yield from self._long(run)

    def _long(self, run: list[Layer]) -> list[list[Layer]]:
        return [run] if len(run) >= _LEAST_RUN else [[layer] for layer in run]

    def _alike(self, one: Layer, other: Layer) -> bool:
        table = self.system.table
        return (
            (one.type, one.activation) == (other.type, other.activation)
            and [(table[t].role, table[t].shape) for t in one.tensors]
            == [(table[t].role, table[t].shape) for t in other.tensors]
            and table[one.output].shape == table[other.output].shape
        )

    def _follows(self, one: Layer, other: Layer) -> bool:
        """Whether the second reads the first alone, and nothing else does."""
        given = [t for t in one.tensors if t in self.read_by]
        taken = [t for t, readers in self.read_by.items() if other.name in readers]
        return given == taken and all(self.read_by[t] == (other.name,) for t in given)

    # ---- lines -----------------------------------------------------------------------------------

    def _symbol(self, tensor: str) -> Words:
        return Words(str(self.names[tensor]), math=True)

    def _lines(self, run: Sequence[Layer]) -> Iterator[Words]:
        layer = run[0]
        plain = layer.activation in ("", "identity")
        yield Words(layer.type if plain else f"{layer.type}, {layer.activation}")
        if len(run) > 1:
            yield Words(rf"\times {len(run)}", math=True)
        symbols = self._parameters(layer)
        if symbols and len(run) > 1:
            last = self._parameters(run[-1])
            symbols = [rf"{symbols[0]}, \dots, {last[0]}"]
        if len(symbols) > _MOST_PARAMETERS:
            symbols = [*symbols[: _MOST_PARAMETERS - 1], r"\dots", symbols[-1]]
        if symbols:
            yield Words(", ".join(symbols), math=True, small=True)

    def _parameters(self, layer: Layer) -> list[str]:
        reads = [
            r.tensor
            for t in layer.tensors
            if t in self.system.defined
            for r in equation_reads(self.system.defined[t])
        ]
        parameters = [t.name for t in self.system.having("parameter") if t.name in reads]
        return [str(self.names[name]) for name in parameters]

    def _objective(self, loss: str) -> Iterator[Words]:
        yield self._symbol(loss)
        if self.system.origin.loss_type and len(self.losses) == 1:
            yield Words(self.system.origin.loss_type, small=True)

    def _label(self, tensor: str, is_loss: bool) -> tuple[str, ...]:
        """The symbol above the wire, extents below; a node's own symbol isn't repeated."""
        symbol = str(self.names[tensor]) if tensor in self.owner else ""
        return () if is_loss else (symbol, extents(self.system, self.names, tensor))


def _read(equation: Equation) -> set[str]:
    return {r.tensor for r in equation_reads(equation)}


def _key(layer: str) -> str:
    """A layer's key, which no tensor has."""
    return f"layer {layer}"


def _ordered(nodes: dict[str, Node], nets: Sequence[Net]) -> Iterator[Node]:
    """The nodes, each behind those that it needs; otherwise in the given order."""
    needs = {key: [n.source for n in nets if key in n.sinks] for key in nodes}
    given: set[str] = set()
    waiting = list(nodes)
    while waiting:
        ready = next((k for k in waiting if given.issuperset(needs[k])), waiting[0])
        waiting.remove(ready)
        given.add(ready)
        yield nodes[ready]
