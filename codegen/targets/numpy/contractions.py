"""Contractions -> NumPy: `@` where it is a matrix product, else `tensordot` or `einsum`."""

from __future__ import annotations

from codegen.program.nodes import Array, Chain, Dot
from codegen.python_module.tables import ATOM, CHOICE, PRODUCT, SUM, Code
from codegen.targets.numpy.code import ArrayCode
from derive.ir.notation import Axis


def dot_code(array: Dot, printer: ArrayCode) -> Code:
    """A contraction of two arrays."""
    left, right = array.left, array.right
    run = [a for a in left.axes if a in right.axes and a not in array.axes]
    both = [a for a in array.axes if a in left.axes and a in right.axes]
    mine = [a for a in array.axes if a not in right.axes]
    theirs = [a for a in array.axes if a not in left.axes]
    if both:
        return _batched(array, printer, run, both, mine, theirs)
    if len(left.axes) == len(run) == 1 and theirs and right.axes[-1] == run[0]:
        # a matrix and a vector, without a transpose
        one = printer.within(right, (*theirs, run[0]), PRODUCT)
        return f"{one} @ {printer.within(left, (run[0],), PRODUCT + 1)}", PRODUCT
    if len(run) == 1 and len(right.axes) <= 2 and _last(left, run[0]):
        one = printer.within(left, (*mine, run[0]), PRODUCT + 1)
        other = printer.within(right, (run[0], *theirs), PRODUCT + 1)
        return f"{one} @ {other}", PRODUCT
    sides = ((left, _in_order(left, mine)), (right, _in_order(right, theirs)))
    one, other = (printer.within(side, axes, CHOICE) for side, axes in sides)
    over = ", ".join(f"[{', '.join(str(axes.index(a)) for a in run)}]" for _, axes in sides)
    return f"np.tensordot({one}, {other}, axes=({over}))", ATOM


def _in_order(side: Array, kept: list[Axis]) -> tuple[Axis, ...]:
    """A factor's axes where those that stay are wanted in this order."""
    rest = iter(kept)
    return tuple(next(rest) if a in kept else a for a in side.axes)


def chain_code(array: Chain, printer: ArrayCode) -> Code:
    """A product of matrices, in the order that NumPy finds best."""
    place, shown = array.axes[0], []
    for part in array.parts:
        after = part.axes[1 - part.axes.index(place)]
        shown.append(printer.within(part, (place, after), SUM))
        place = after
    return f"np.linalg.multi_dot([{', '.join(shown)}])", ATOM


def _last(array: Array, letter: Axis) -> bool:
    return len(array.axes) <= 2 or array.axes[-1] == letter


def _batched(
    array: Dot,
    printer: ArrayCode,
    run: list[Axis],
    both: list[Axis],
    mine: list[Axis],
    theirs: list[Axis],
) -> Code:
    left, right = array.left, array.right
    if len(run) == len(mine) == len(theirs) == 1:
        one = printer.within(left, (*both, *mine, *run), PRODUCT + 1)
        other = printer.within(right, (*both, *run, *theirs), PRODUCT + 1)
        return f"{one} @ {other}", PRODUCT
    letters = dict.fromkeys((*left.axes, *right.axes))
    symbol = {a: chr(ord("a") + k) for k, a in enumerate(letters)}
    spec = ",".join("".join(symbol[a] for a in side.axes) for side in (left, right))
    spec += "->" + "".join(symbol[a] for a in array.axes)
    one, other = printer.show(left)[0], printer.show(right)[0]
    optimize = ", optimize=True" if len(mine) > 1 or len(theirs) > 1 else ""
    return f'np.einsum("{spec}", {one}, {other}{optimize})', ATOM
