"""Inverses and determinants, matrix by matrix."""

from __future__ import annotations

from codegen.program.nodes import Load, Matrix
from codegen.targets.c.integers import Int
from codegen.targets.c.loops import Line, Node
from codegen.targets.c.shapes import View, shape_of, view_of
from codegen.targets.c.walks import Places, Walks


def matrix_nodes(walks: Walks, one: Matrix, view: View) -> list[Node]:
    """What fills `view` with inverses or determinants; the matrices are lost on the way."""
    assert isinstance(one.of, Load)
    others = [a for a in one.of.axes if a not in one.letters]
    source = view_of(walks.scope.home(one.of.tensor), one.of.picks, walks.scope)
    extents = dict(zip(one.of.axes, shape_of(one.of, walks.scope), strict=True))
    size = extents[one.letters[0]]
    walks.scope.used.functions.add({"inv": "inverse", "det": "determinant"}.get(one.op, one.op))
    name = {"inv": "inverse", "det": "determinant"}.get(one.op, one.op)

    def call(places: Places) -> list[Node]:
        at = dict(zip(others, places, strict=True))
        start = _start(source, [at.get(a, Int()) for a in one.of.axes])
        if one.op == "inv":
            to = _start(view, [*(at[a] for a in one.axes[:-2]), Int(), Int()])
            return [Line(f"inverse({size}, {start}, {to});")]
        to = f"{view.home.name}[{view.index([at[a] for a in one.axes])}]"
        return [Line(f"{to} = {name}({size}, {start});")]

    return walks.loops(walks.letters(others), [extents[a] for a in others], call)


def _start(view: View, places: Places) -> str:
    index = view.index(places)
    return view.home.name if index.number == 0 else f"{view.home.name} + {index}"
