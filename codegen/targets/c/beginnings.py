"""`net_init`: the parameters to begin with, drawn by a counter from their initialisers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from codegen.program.procedures import Beginning
from codegen.python_module.beginnings import Style, fans, source
from codegen.python_module.tables import ATOM, UNARY
from codegen.targets.c.integers import Int, variable, whole
from codegen.targets.c.loops import Block, Line, Loop, Node, Note, lines_of
from codegen.targets.c.program import Program
from codegen.targets.c.text import literal
from derive.catalogue import INITIALIZER
from derive.catalogue.rows import BIAS_COLUMN, Initial
from derive.language.parser import read_value

HEAD = "void net_init(struct net_params *params, uint64_t seed)"
_PURPOSE = "/* Parameters to begin with; the same seed gives the same ones. */"


def beginning_text(program: Program) -> str:
    """The function."""
    first = len(program.scope.used.streams)
    nodes = [
        node
        for k, one in enumerate(program.module.beginnings)
        for node in _Begun(program, one, first + k).nodes()
    ]
    lines = list(lines_of(nodes))
    unused = [w for w in ("params", "seed") if not any(w in line for line in lines)]
    lines += [f"    (void){w};" for w in unused]
    return "\n".join([_PURPOSE, HEAD, "{", *lines, "}"])


@dataclass
class _Begun:
    """How one parameter begins; what is drawn for it comes from a stream of its own."""

    program: Program
    beginning: Beginning
    stream: int

    def nodes(self) -> list[Node]:
        """The loops that fill it."""
        name = self.program.scope.homes[self.beginning.tensor.name].name
        to, chosen = f"params->{name}", self.beginning.initializer
        if chosen is None:
            return [Note(f"{name} as given"), self._given(self.beginning.numbers, to)]
        entry = INITIALIZER[chosen.type]
        attributes: dict[str, Any] = {a.name: a.default for a in entry.attributes}
        attributes |= dict(chosen.attributes)
        note = Note(f"{name}: {entry.name}{f' ({entry.source})' * bool(entry.source)}")
        if entry.distribution == "values":
            return [note, self._given(attributes["values"], to)]
        column = bool(attributes.pop(BIAS_COLUMN, False))
        if entry.distribution == "constant" and not column:
            ((_, text),) = entry.formulas
            value = source(read_value(text, "initializer"), attributes, _C)
            self.program.scope.used.functions.add("fill")
            cast = "(real)" * (self.program.single and value != "0.0")
            return [note, Line(f"fill({self._count}, {cast}{value}, {to});")]
        return [note, Block(tuple(self._drawn(entry, attributes, column, to)))]

    @property
    def _count(self) -> int:
        return prod(e.number or 1 for e in self.beginning.tensor.shape)

    def _given(self, numbers: Any, to: str) -> Node:
        """Numbers of the spec."""
        flat = np.ravel(np.asarray(numbers, dtype=object))
        shown = ", ".join(literal(float(v), self.program.single)[0] for v in flat)
        self.program.scope.used.functions.add("copy")
        return Block(
            (
                Line(f"const real given[] = {{ {shown} }};"),
                Line(f"copy({len(flat)}, given, {to});"),
            )
        )

    def _drawn(
        self, entry: Initial, attributes: dict[str, Any], column: bool, to: str
    ) -> list[Node]:
        """What fills it from a distribution, all but the last `column` of biases if it has one."""
        functions = self.program.scope.used.functions
        sizes = [e.number or 1 for e in self.beginning.tensor.shape]
        inner = [*sizes[:-1], sizes[-1] - 1] if column else sizes
        given = {**fans(inner), **attributes}
        limits = [
            f"{key} = {source(read_value(text, 'initializer'), given, _C)}"
            for key, text in entry.formulas
        ]
        rows, columns = (inner[0], prod(inner[1:])) if inner else (1, 1)
        apart = sizes[-1] if column else columns
        result: list[Node] = [Line(f"const double {', '.join(limits)};")]
        if column:  # what stands beside the weights is 0
            functions.add("fill")
            result.append(Line(f"fill({prod(sizes)}, 0, {to});"))
        if column or entry.distribution == "eye":
            row, place = variable("i") * apart + variable("j"), variable("i") * columns
            text = self._entry(entry.distribution, str(place + variable("j")))
            line = Line(f"{to}[{row}] = {text};")
            result.append(_loop("i", rows, _loop("j", columns, line)))
        else:
            text = self._entry(entry.distribution, "i")
            result.append(_loop("i", rows * columns, Line(f"{to}[i] = {text};")))
        if entry.distribution == "orthogonal":
            functions.add("orthogonal")
            result.append(Line(f"orthogonal({rows}, {columns}, {apart}, gain, {to});"))
        return result

    def _entry(self, distribution: str, place: str) -> str:
        """One entry, by its place among those that are drawn."""
        drawn = f"(seed, {self.stream}, {place}"
        functions = self.program.scope.used.functions
        match distribution:
            case "uniform":
                functions.add("uniform")
                return f"(real)(low + (high - low) * uniform{drawn}))"
            case "normal":
                functions.add("normal")
                return f"(real)(mean + std * normal{drawn}))"
            case "truncated_normal":
                functions.add("truncated_normal")
                limits = "(low - mean) / std, (high - mean) / std"
                return f"(real)(mean + std * truncated_normal{drawn}, {limits}))"
            case "orthogonal":
                functions.add("normal")
                return f"(real)normal{drawn})"
            case "eye":
                return "(real)(i == j ? gain : 0)"
            case _:
                return "(real)value"


def _loop(letter: str, count: int, inner: Node) -> Node:
    extent: Int = whole(count)
    return Loop(letter, extent, (inner,))


def _number(value: Fraction) -> tuple[str, int]:
    return literal(float(value), False)[0], ATOM if value >= 0 else UNARY


_C = Style(_number, lambda value: literal(float(value), False)[0], "")
