"""Which two arrays of a product to multiply first: opt_einsum's answer, on guessed sizes."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.program.nodes import Array
from derive.ir.notation import Axis

_RUN_TIME = 64
_MOST = 7  # arrays


def contract_order(arrays: Sequence[Array], run: Sequence[Axis]) -> tuple[int, int]:
    """The positions of the pair to contract first; of two arrays, these two."""
    if len(arrays) == 2:
        return 0, 1
    # imported here: most modules never need an order
    from opt_einsum import contract_path  # noqa: PLC0415

    letters = list(dict.fromkeys(a for array in arrays for a in array.axes))
    symbol = {a: chr(ord("a") + k) for k, a in enumerate(letters)}
    inputs = ",".join("".join(symbol[a] for a in array.axes) for array in arrays)
    output = "".join(symbol[a] for a in letters if a not in run)
    shapes = [tuple(_guess(a) for a in array.axes) for array in arrays]
    how = "optimal" if len(arrays) <= _MOST else "dp"  # the first takes the factorial of so many
    path, _ = contract_path(f"{inputs}->{output}", *shapes, shapes=True, optimize=how)
    pair = sorted(path[0])
    return (pair[0], pair[1]) if len(pair) > 1 else (0, 1)


def _guess(axis: Axis) -> int:
    number = axis.extent.number
    return _RUN_TIME if number is None else number
