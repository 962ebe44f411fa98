"""Pieces of emitted functions: parameters unpacked, arguments checked, equations as statements."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from codegen.lowering.recurrences import lower_blocks
from codegen.module.input_limits import Bounds
from codegen.program.nodes import Assign
from codegen.targets.numpy.line_breaking import LINE, wrap
from codegen.targets.numpy.names import Names
from codegen.targets.numpy.printer import Printer
from derive.algebra.hazards import Hazards
from derive.ir.notation import (
    Axis,
    Call,
    Dim,
    Equation,
    Tensor,
    affine,
)
from derive.ir.runtime_extents import dims_of, dims_of_extent
from derive.ir.tree import equation_reads, walk
from derive.systems.schedule import schedule


@dataclass(frozen=True)
class Use:
    """Who reads what: all equations of a module, and the tensors that are asked for."""

    equations: tuple[Equation, ...]
    asked: frozenset[str]

    def after(self, own: Iterable[Equation]) -> set[str]:
        """The tensors that are asked for, or read by other equations than these."""
        mine = {e.tensor for e in own}
        others = (e for e in self.equations if e.tensor not in mine)
        return {*self.asked, *(r.tensor for e in others for r in equation_reads(e))}


_NO_BOUNDS = Bounds()


class Writer:
    """Writes lines in one module's names; remembers what helpers they call.

    `stored` are the tensors that lie in `params`, `dims` the run-time extents; arrays `apart` share
    no memory with others; `bounds` are what arguments keep to beside their shapes.
    """

    def __init__(
        self,
        names: Names,
        table: Mapping[str, Tensor],
        dims: Sequence[str],
        stored: Sequence[Tensor],
        use: Use,
        printer: Printer | None = None,
        apart: Collection[str] = (),
        bounds: Bounds = _NO_BOUNDS,
    ) -> None:
        self.names = names
        self.table = table
        self.dims = dims
        self.stored = stored
        self.use = use
        self.apart = apart
        self.bounds = bounds
        self.printer = printer or Printer(names)
        self.quiet = False

    @cached_property
    def masked(self) -> frozenset[str]:
        """Tensors that may be undefined, where some equation chooses what it reads."""
        forward = [e for e in self.use.equations if self.table[e.tensor].role != "adjoint"]
        nodes = (node for e in forward for t in e.terms for node in walk(t.body))
        if not any(isinstance(node, Call) and node.function == "where" for node in nodes):
            return frozenset()
        return Hazards(self.use.equations, self.table).unsound_tensors

    def unpack(self, equations: Iterable[Equation], given: Sequence[str] = ()) -> list[str]:
        """Parameters that the equations read, as local names."""
        reads = {r.tensor for e in equations for r in equation_reads(e)}
        wanted = [t.name for t in self.stored if t.name in reads and t.name not in given]
        lines: list[str] = []
        row: list[str] = []
        for name in wanted:
            if row and len(self._unpack([*row, name])) > LINE:
                lines.append(self._unpack(row))
                row = []
            row.append(name)
        return [*lines, self._unpack(row)] if row else lines

    def _unpack(self, names: Sequence[str]) -> str:
        left = ", ".join(self.names.tensor(n) for n in names)
        return f"    {left} = " + ", ".join(f'params["{n}"]' for n in names)

    def sizes(
        self,
        lines: Iterable[str],
        tensors: Sequence[Tensor],
        dims: Collection[str] | None = None,
    ) -> list[str]:
        """Run-time extents, or some of them, that the lines speak of, read off the arrays."""
        text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
        found = []
        for dim in self.dims if dims is None else sorted(dims):
            name = self.names.dim(dim)
            if not re.search(rf"(?<!\.)\b{name}\b", text):
                continue
            for tensor in tensors:
                places = [k for k, e in enumerate(tensor.shape) if e == affine(Dim(dim))]
                if places:
                    array = self.names.tensor(tensor.name)
                    source = f"len({array})" if places[0] == 0 else f"{array}.shape[{places[0]}]"
                    found.append(f"    {name} = {source}")
                    break
        return found

    def measured(self, tensor: Tensor, sizes: Sequence[str]) -> bool:
        """Whether a run-time extent is read off this tensor's `shape`, which only arrays have."""
        name = self.names.tensor(tensor.name)
        return any(f" {name}.shape" in line for line in sizes)

    def checked(
        self,
        tensors: Sequence[Tensor],
        lines: Iterable[str],
        known: Sequence[Tensor] = (),
        told: Mapping[str, tuple[str, str]] | None = None,
    ) -> list[str]:
        """Arguments as arrays whose shapes are right, and the run-time extents that they bring.

        The lines and later arguments speak of extents; the shapes of `known` ones are told. `told`
        has where a tensor comes from and what it is called, for one that is no argument.
        """
        bound = dims_of(known)
        rows: list[tuple[Tensor, str, set[str], list[str]]] = []
        for tensor in tensors:
            new = dims_of([tensor]) - bound
            refused = self._refused(tensor, bound, new)
            rows.append((tensor, self._wanted_shape(tensor, bound), new, refused))
            bound |= new
        text = [*lines, *(re.sub(r'"[^"]*"', "", shape) for _, shape, _, _ in rows)]
        text += [line for *_, refused in rows for line in refused]
        text += [more for tensor, *_ in rows for more in self._places(tensor)]
        found = []
        for tensor, shape, new, refused in rows:
            name = self.names.tensor(tensor.name)
            helper = "_integers" if tensor.integer else "_array"
            source, label = (told or {}).get(tensor.name, (name, tensor.name))
            asked = f'"{label}", {shape}'
            for more in self._places(tensor) or [""]:
                helper = "_places" if more else helper
                found += wrap(f"    {name} = ", f"{helper}({source}, {asked}{more})", "    ")
                source = name
            self.printer.helpers.update(("_array", helper))
            found += self.sizes(text, [tensor], new)
            found += refused
        return found

    def _places(self, tensor: Tensor) -> list[str]:
        """Of a tensor of places: how many there are, and what else it may hold."""
        found = []
        for row in self.bounds.places:
            if row.tensor == tensor.name:
                besides = Printer.entries([str(b) for b in row.besides]) if row.besides else ""
                found.append(f", {self.printer.index(row.extent)}{', ' * bool(besides)}{besides}")
        return found

    def _refused(self, tensor: Tensor, known: Collection[str], new: Collection[str]) -> list[str]:
        """Lines that refuse an argument that is too long, or weights below 0."""
        name = self.names.tensor(tensor.name)
        found = []
        for extent, most in self.bounds.longest:
            dims = dims_of_extent(extent)
            if dims <= {*known, *new} and not dims <= set(known):
                code = self.printer.index(extent)
                said = f'f"a sequence has {{{code}}} places, and there is room for {most}"'
                found += [f"    if {code} > {most}:", f"        raise ValueError({said})"]
        if tensor.name == self.bounds.weight:
            said = f'"{tensor.name} holds NaN or a number below 0"'
            found += [f"    if not np.all({name} >= 0):", f"        raise ValueError({said})"]
        return found

    def _wanted_shape(self, tensor: Tensor, bound: set[str]) -> str:
        """The extents of an argument; those that it brings itself are letters."""
        extents = []
        for extent in tensor.shape:
            code = self.printer.index(extent)
            extents.append(code if dims_of_extent(extent) <= bound else f'"{code}"')
        return Printer.entries(extents) if extents else "()"

    def arrays(self, tensors: Sequence[Tensor]) -> list[str]:
        """Arguments, whose shapes are right, as arrays of the module's kind."""
        lines = []
        for tensor in tensors:
            name = self.names.tensor(tensor.name)
            kind = "np.intp" if tensor.integer else "DTYPE"
            lines.append(f"    {name} = np.asarray({name}, dtype={kind})")
        return lines

    def body(
        self,
        equations: Sequence[Equation],
        own: Collection[str] = (),
        indent: str = "    ",
        fixed: Collection[Axis] = (),
    ) -> list[str]:
        """The statements of equations; arrays in `own` share no memory with others.

        `fixed` letters are numbers that stand before the statements.
        """
        self.printer.both_arms = False
        apart = {*own, *self.apart}
        kept = self.use.after(equations)
        blocks = schedule(tuple(equations))
        statements = [
            replace(s, own=True) if isinstance(s, Assign) and s.tensor in apart else s
            for s in lower_blocks(blocks, self.table, kept, frozenset(fixed))
        ]
        lines = self.printer.lines(statements, indent)
        masked = any(e.tensor in self.masked for e in equations)
        self.quiet = self.quiet or self.printer.both_arms or masked
        return lines

    def was_quiet(self) -> bool:
        """Whether the lines made since the last call hold a `where` with an undefined arm."""
        found, self.quiet = self.quiet, False
        return found

    def returned(self, names: Sequence[str]) -> list[str]:
        """The variables that hold tensors."""
        return [self.names.tensor(n) for n in names]

    def words(self, names: Sequence[str]) -> str:
        """The variables, for a docstring."""
        return ", ".join(self.names.tensor(n) for n in names)

    def shape_words(self, name: str) -> str:
        """What a docstring says of a tensor's shape."""
        shape = self.table[name].shape
        if not shape:
            return ""
        return f", shape {Printer.entries([self.printer.index(e) for e in shape])}"
