"""Layers that bring tensors together or lay them out anew."""

from __future__ import annotations

from collections.abc import Mapping

from derive.catalogue.entry import Attribute, Entry, Unfit, Use
from derive.notation import Affine, affine

_LETTERS = "abcdefghijkl"  # as many axes as anybody has


def _add(use: Use) -> str:
    return "y[n,...] = " + " + ".join(f"x{k}[n,...]" for k, _ in enumerate(use.shapes, 1))


def _multiply(use: Use) -> str:
    return "y[n,...] = " + "*".join(f"x{k}[n,...]" for k, _ in enumerate(use.shapes, 1))


def _axis(use: Use, key: str) -> int:
    position = int(use.attributes[key])
    found = position + use.rank if position < 0 else position
    if not 1 <= found < use.rank:
        raise Unfit(
            f"{key} = {position}: the input has {use.rank} axes, the batch's is 0; give "
            + (" or ".join(map(str, range(1, use.rank))) or "it another axis")
            + ", or -1 for the last"
        )
    return found


def _around(use: Use, start: int, end: int) -> tuple[str, str]:
    """The letters before and after some axes: `...` on one side, as many letters on the other."""
    if end == use.rank - 1:
        return ",..." if start > 1 else "", ""
    return "".join(f",{c}" for c in _LETTERS[: start - 1]), ",..."


def _concat(use: Use) -> str:
    """Each input is read where it stands in the output; elsewhere it reads 0."""
    axis = _axis(use, "dim")
    before, after = _around(use, axis, axis)
    reads, offset = [], ""
    for k, _ in enumerate(use.shapes, 1):
        reads.append(f"x{k}[n{before},u{offset}{after}]")
        offset += f" - size(x{k}, {axis})"
    return f"y[n{before},u{after}] = " + " + ".join(reads)


def _concat_extents(use: Use) -> Mapping[tuple[str, int], Affine]:
    axis = _axis(use, "dim")
    found = {}
    total = affine(0)
    for k, shape in enumerate(use.shapes, 1):
        if len(shape) != use.rank:
            raise Unfit(
                f"the inputs have {use.rank} and {len(shape)} axes; flatten one of them first"
            )
        found[(f"x{k}", axis)] = shape[axis]
        total += shape[axis]
    found[("y", axis)] = total
    return found


def _flattened(use: Use) -> tuple[int, int]:
    if use.rank == 1:
        return 1, 0
    start, end = _axis(use, "start_dim"), _axis(use, "end_dim")
    if start > end:
        raise Unfit(f"start_dim = {start} comes after end_dim = {end}; exchange them")
    return start, end


def _flatten(use: Use) -> str:
    """The last axis runs fastest, as the numbers lie in memory."""
    start, end = _flattened(use)
    before, after = _around(use, start, end)
    places = []
    for axis in range(start, end + 1):
        inner = "*".join(f"size(x, {k})" for k in range(axis + 1, end + 1))
        place = f"u // ({inner})" if "*" in inner else f"u // {inner}" if inner else "u"
        if axis > start:
            place = f"({place}) % size(x, {axis})" if inner else f"u % size(x, {axis})"
        places.append(f",{place}")
    return f"y[n{before},u{after}] = x[n{before}{''.join(places)}{after}]"


def _flatten_extents(use: Use) -> Mapping[tuple[str, int], Affine]:
    start, end = _flattened(use)
    total = use.shapes[0][start] if end else affine(1)
    for axis in range(start + 1, end + 1):
        extent = use.shapes[0][axis].number
        if extent is None:
            raise Unfit(
                f"axis {axis} is known at run time only, and only the first axis that is merged "
                f"may be; start at it with start_dim = {axis}"
            )
        total *= extent
    return {("y", start): total}


ADD = Entry(
    name="add",
    about="the sum of tensors of one shape, as in a residual connection",
    equations=_add,
    many=True,
    source="He et al. 2016, Deep residual learning, eq. 1",
)
MULTIPLY = Entry(
    name="multiply",
    about="the product of tensors of one shape, entry by entry, as in a gate",
    equations=_multiply,
    many=True,
    source="Goodfellow, Bengio & Courville 2016, section 2.2",
)
CONCAT = Entry(
    name="concat",
    about="tensors one after the other along an axis",
    equations=_concat,
    many=True,
    attributes=(
        Attribute(
            "dim",
            "integer",
            "the axis, the batch's being 0; -1 is the last",
            default=-1,
        ),
    ),
    extents=_concat_extents,
    source="Huang et al. 2017, Densely connected convolutional networks, eq. 2",
)
FLATTEN = Entry(
    name="flatten",
    about="several axes as one, the last running fastest",
    equations=_flatten,
    attributes=(
        Attribute("start_dim", "integer", "the first axis that is merged", default=1),
        Attribute("end_dim", "integer", "the last axis that is merged", default=-1),
    ),
    extents=_flatten_extents,
    source="row-major order: Knuth 1997, The Art of Computer Programming 1, section 2.2.6",
    example=(2, 3, 4),
)

LAYERS = (ADD, MULTIPLY, CONCAT, FLATTEN)
