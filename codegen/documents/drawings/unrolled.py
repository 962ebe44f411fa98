r"""A recurrence along its axis: $h_{t-1} \to h_t \to h_{t+1}$, inputs below, outputs above."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codegen.documents.drawings.marks import Box, Drawing, Label, Line, Mark, framed
from codegen.documents.drawings.nodes import Node, Words
from codegen.latex.spelling import letter
from codegen.latex.symbols import Names
from codegen.latex.unicode_text import plain
from derive.ir.notation import Axis, Equation, affine
from derive.ir.system import System
from derive.ir.tree import equation_reads
from derive.systems.schedule import Loop, NoOrder, members, schedule

# in em
_STEP, _UP = 4.2, 4.0
_END = 3.2
_ARC = 0.55
_MOST = 4


@dataclass(frozen=True)
class _Recurrence:
    """The letter that is walked; what is carried over and how far, what comes in, what goes out."""

    letter: str
    direction: int
    carried: tuple[tuple[str, tuple[int, ...]], ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def unfolded(system: System, names: Names) -> Drawing | None:
    """The first recurrence of a system; None where it has none."""
    result = _recurrence(system)
    return _drawn(result, names) if result else None


def _recurrence(system: System) -> _Recurrence | None:
    try:
        blocks = schedule(system.equations)
    except NoOrder:
        return None
    loop = next((b for b in blocks if isinstance(b, Loop)), None)
    if loop is None:
        return None
    axes = dict(loop.axes)
    inside = {e.tensor: e for e in members(loop.body)}
    lags: dict[str, set[int]] = {}
    inputs: dict[str, None] = {}
    for equation in inside.values():
        walked = equation.axes[axes[equation.tensor]]
        for read in equation_reads(equation):
            if read.tensor in inside:
                lag = (read.subscripts[axes[read.tensor]] - affine(walked)).number
                if lag:
                    lags.setdefault(read.tensor, set()).add(abs(lag))
            elif affine(walked) in read.subscripts:
                inputs[read.tensor] = None
    first = inside[loop.axes[0][0]]
    extent = loop.extent
    outputs = [
        e.tensor
        for e in system.equations
        if e.tensor not in inside
        and any(_is_along(e, axes, a) for a in e.axes if a.extent == extent)
    ]
    return _Recurrence(
        letter=letter(first.axes[axes[first.tensor]].letter),
        direction=loop.direction,
        carried=tuple((n, tuple(sorted(lags[n]))) for n in inside if n in lags),
        inputs=tuple(n for n in inputs if system.table[n].role != "parameter"),
        outputs=tuple(outputs),
    )


def _is_along(equation: Equation, axes: dict[str, int], axis: Axis) -> bool:
    """Whether an equation reads a member of the recurrence at each place of one of its axes."""
    return any(
        r.tensor in axes and r.subscripts[axes[r.tensor]] == affine(axis)
        for r in equation_reads(equation)
    )


# ---- marks ---------------------------------------------------------------------------------------


def _drawn(recurrence: _Recurrence, names: Names) -> Drawing:
    marks = list(_marks(recurrence, names))
    state = ", ".join(plain(str(names[n])) for n, _ in recurrence.carried)
    lag = f"{recurrence.letter}{'-' if recurrence.direction > 0 else '+'}1"
    alternative = [f"{state}[{lag}] → {state}[{recurrence.letter}]"]
    alternative += [
        f"{plain(str(names[n]))}[{recurrence.letter}] → {state}[{recurrence.letter}]"
        for n in recurrence.inputs
    ]
    alternative += [
        f"{state}[{recurrence.letter}] → {plain(str(names[n]))}[{recurrence.letter}]"
        for n in recurrence.outputs
    ]
    return framed(marks, "; ".join(alternative), "recurrence")


def _marks(recurrence: _Recurrence, names: Names) -> Iterator[Mark]:
    nodes = [_step(recurrence, names, k) for k in (-1, 0, 1)]
    wide = max(n.width for row in nodes for n in row if n is not None)
    across = wide + _STEP
    for k, (output, state, inner) in enumerate(nodes):
        x = k * across
        assert state is not None
        half = state.height / 2
        if inner:
            yield Line(((x, _UP - inner.height / 2), (x, half)))
        if output:
            yield Line(((x, -half), (x, -_UP + output.height / 2)))
    yield from _carried(recurrence, across, [row[1].width / 2 for row in nodes if row[1]])
    for k, row in enumerate(nodes):
        for node, y in zip(row, (-_UP, 0.0, _UP), strict=True):
            if node:
                yield Box(k * across, y, node.width, node.height, node.kind)
                top = y - (len(node.lines) - 1) / 2 * 1.25
                for j, line in enumerate(node.lines):
                    yield Label(k * across, top + 1.25 * j, line.text, line.math)


def _step(
    recurrence: _Recurrence, names: Names, step: int
) -> tuple[Node | None, Node | None, Node | None]:
    """The column at one place of the axis: outputs, the state, inputs."""
    carried = [n for n, _ in recurrence.carried]
    return (
        _node(recurrence.outputs, "tensor", recurrence.letter, step, names),
        _node(carried, "layer", recurrence.letter, step, names),
        _node(recurrence.inputs, "input", recurrence.letter, step, names),
    )


def _node(tensors: Sequence[str], kind: str, letter: str, step: int, names: Names) -> Node | None:
    if not tensors:
        return None
    at = f"{letter}{step:+d}" if step else letter
    symbols = [names[n].at(at) for n in tensors[:_MOST]]
    more = [r"\dots"] if len(tensors) > _MOST else []
    return Node(kind, (Words(", ".join([*symbols, *more]), math=True),), kind)


def _carried(recurrence: _Recurrence, across: float, half: Sequence[float]) -> Iterator[Mark]:
    """Arrows from step to step, from what came before and to what follows; long lags as arcs."""
    forward = recurrence.direction > 0
    ends = [(-_END - half[0], -half[0])]
    ends += [(k * across + half[k], (k + 1) * across - half[k + 1]) for k in (0, 1)]
    ends += [(2 * across + half[2], 2 * across + half[2] + _END)]
    for left, right in ends:
        points = ((left, 0.0), (right, 0.0))
        yield Line(points if forward else points[::-1])
    dots = ends[0][0] - 0.8, ends[-1][1] + 0.8
    for x in dots:
        yield Label(x, 0.0, r"\dots")
    for lag in sorted({lag for _, lags in recurrence.carried for lag in lags if lag == 2}):
        arc = ((_ARC, 1.0), (_ARC, 1.9), (lag * across - _ARC, 1.9), (lag * across - _ARC, 1.0))
        yield Line(arc if forward else arc[::-1], dashed=True)
