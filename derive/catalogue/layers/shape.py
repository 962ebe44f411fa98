"""Layers that bring tensors together or lay them out anew."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from derive.catalogue.rows import Attribute, Entry, Example, Extents, Unfit, Use
from derive.ir.notation import Affine, affine

_LETTERS = "abcdefghijkl"  # as many axes as anybody has


def _add(use: Use) -> str:
    return "y[n,...] = " + " + ".join(f"x{k}[n,...]" for k, _ in enumerate(use.shapes, 1))


def _multiply(use: Use) -> str:
    return "y[n,...] = " + "*".join(f"x{k}[n,...]" for k, _ in enumerate(use.shapes, 1))


def _axis(use: Use, key: str) -> int:
    position = int(use.attributes[key])
    result = position + use.rank if position < 0 else position
    if not 1 <= result < use.rank:
        raise Unfit(
            f"{key} = {position}: the input has {use.rank} axes, the batch's is 0; give "
            + (" or ".join(map(str, range(1, use.rank))) or "it another axis")
            + ", or -1 for the last"
        )
    return result


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
    result = {}
    total = affine(0)
    for k, shape in enumerate(use.shapes, 1):
        if len(shape) != use.rank:
            raise Unfit(
                f"the inputs have {use.rank} and {len(shape)} axes; flatten one of them first"
            )
        result[(f"x{k}", axis)] = shape[axis]
        total += shape[axis]
    result[("y", axis)] = total
    return result


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


def _total(use: Use) -> Affine:
    """The number of entries of a sample; only its first axis may be known at run time only."""
    total = use.shapes[0][1] if use.rank > 1 else affine(1)
    for axis, extent in enumerate(use.shapes[0][2:], 2):
        if extent.number is None:
            raise Unfit(
                f"axis {axis} is known at run time only, and only the first one behind the batch's "
                "may be; permute them first"
            )
        total *= extent.number
    return total


def _new_shape(use: Use) -> tuple[Affine, ...]:
    given = use.attributes["shape"]
    wanted = given if isinstance(given, tuple) else (given,)
    if len(wanted) > len(_LETTERS):
        raise Unfit(f"shape has more than {len(_LETTERS)} axes; take fewer")
    if wanted.count(-1) > 1 or any(k < 1 and k != -1 for k in wanted):
        raise Unfit(f"shape = {list(wanted)}: give extents above 0, and -1 once at most")
    total = _total(use)
    known = prod(k for k in wanted if k > 0)
    parts = (total.constant, *(c for _, c in total.terms))
    if -1 in wanted and not any(p % known for p in parts):
        rest = Affine(tuple((a, c // known) for a, c in total.terms), total.constant // known)
        if wanted[0] == -1 or rest.number is not None:
            return tuple(rest if k == -1 else affine(k) for k in wanted)
    elif -1 not in wanted and total == affine(known):
        return tuple(map(affine, wanted))
    entries = "so many" if total.number is None else f"{total.number}"
    raise Unfit(
        f"shape = {list(wanted)} doesn't fit the {entries} entries of a sample; give extents whose "
        "product is that, the batch's not counted, or -1 for one of them (the first, where the "
        "input's length is known at run time only)"
    )


def _reshape(use: Use) -> str:
    """All axes as one, the last running fastest, and that one as several."""
    shape = _new_shape(use)
    letters = _LETTERS[: len(shape)]
    places = []
    for k, letter in enumerate(letters):
        step = prod(e.constant for e in shape[k + 1 :])
        places.append(letter if step == 1 else f"{step}*{letter}")
    flat = "x" if use.rank == 2 else "r"
    text = f"y[n{''.join(f',{c}' for c in letters)}] = {flat}[n,{'+'.join(places)}]"
    return text if flat == "x" else f"r[{_flatten(_whole(use)).removeprefix('y[')}\n{text}"


def _whole(use: Use) -> Use:
    return Use({"start_dim": 1, "end_dim": -1}, use.shapes)


def _reshape_extents(use: Use) -> Mapping[tuple[str, int], Affine]:
    flat = ("x" if use.rank == 2 else "r", 1)
    return {flat: _total(use), **{("y", k): e for k, e in enumerate(_new_shape(use), 1)}}


def _permute(use: Use) -> str:
    given = use.attributes["dims"]
    dims = [d + use.rank if d < 0 else d for d in (given if isinstance(given, tuple) else (given,))]
    if sorted(dims) != list(range(use.rank)) or dims[0] != 0:
        raise Unfit(
            f"dims = {list(dims)}: give every axis of the input once, such as "
            f"{[0, *range(use.rank - 1, 0, -1)]}; the batch's, 0, stays the first"
        )
    letters = ["n", *_LETTERS[: use.rank - 1]]
    return f"y[{','.join(letters[d] for d in dims)}] = x[{','.join(letters)}]"


def _cut(use: Use) -> tuple[int, int, Affine]:
    """A slice's beginning, step and length."""
    axis, step = _axis(use, "dim"), use.attributes["step"]
    extent = use.shapes[0][axis]
    start, stop = use.attributes["start"], use.attributes["stop"]
    if extent.number is not None:
        first, last, _ = slice(start, stop, step).indices(extent.number)
        length = affine(max(0, -((first - last) // step)))
    else:
        if start < 0 or step != 1 or (stop is not None and stop >= 0):
            raise Unfit(
                f"axis {axis} is known at run time only: start from the front, end from the back "
                "(stop = -1, or none), with step = 1"
            )
        first, length = start, extent + ((stop or 0) - start)
    if length.number == 0:
        raise Unfit(f"nothing is left of axis {axis}, which has {extent.number}; take more of it")
    return first, step, length


def _slice(use: Use) -> str:
    axis = _axis(use, "dim")
    first, step, _ = _cut(use)
    before, after = _around(use, axis, axis)
    place = f"{'u' if step == 1 else f'{step}*u'}{f'+{first}' if first else ''}"
    return f"y[n{before},u{after}] = x[n{before},{place}{after}]"


def _slice_extents(use: Use) -> Mapping[tuple[str, int], Affine]:
    axis = _axis(use, "dim")
    return {("x", axis): use.shapes[0][axis], ("y", axis): _cut(use)[2]}


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
    extents=Extents(_concat_extents),
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
    extents=Extents(_flatten_extents),
    source="row-major order: Knuth 1997, The Art of Computer Programming 1, section 2.2.6",
    example=Example((2, 3, 4)),
)

RESHAPE = Entry(
    name="reshape",
    about="the entries of a sample in another shape, in the order in which they lie in memory",
    equations=_reshape,
    attributes=(
        Attribute(
            "shape",
            "integers",
            "the new extents, the batch's not counted; -1 for what is left",
            sample=(4, -1),
        ),
    ),
    extents=Extents(_reshape_extents),
    source="row-major order: Knuth 1997, The Art of Computer Programming 1, section 2.2.6",
    example=Example((2, 6)),
)
PERMUTE = Entry(
    name="permute",
    about="the axes in another order",
    equations=_permute,
    attributes=(
        Attribute(
            "dims",
            "integers",
            "the input's axes in the new order, the batch's, 0, first",
            sample=(0, 2, 1),
        ),
    ),
    source="a transpose, of any number of axes: Goodfellow, Bengio & Courville 2016, eq. 2.3",
    example=Example((2, 3)),
)
SLICE = Entry(
    name="slice",
    about="a part of an axis, as Python's slices have it",
    equations=_slice,
    attributes=(
        Attribute("dim", "integer", "the axis, the batch's being 0; -1 is the last", default=-1),
        Attribute("start", "integer", "the first place; below 0 from the end", default=0, sample=1),
        Attribute("stop", "integer", "the place that it ends before; none is the end", None),
        Attribute("step", "extent", "every how many places", default=1, sample=2),
    ),
    extents=Extents(_slice_extents),
    source="Goodfellow, Bengio & Courville 2016, section 2.1, on parts of a matrix",
    example=Example((2, 5)),
)

LAYERS = (ADD, MULTIPLY, CONCAT, FLATTEN, RESHAPE, PERMUTE, SLICE)
