"""ArrayProgram: a handful of whole-array expressions and statements, with named axes.

::

    Statement = Assign | AddAt | Zeros | For | When
    Array     = Value | Count | Length | Load | Window | Fold | Reshape | Take
              | Map | Choose | Reduce | Matrix | Dot | Chain | Spread | Join

Every expression knows the letters of its axes, in memory order; what those letters run over is
said by the axes themselves. A printer for a target aligns them. What a `Window`, `Take` or
`Reshape` is made of may have axes beside these, which no letter walks as they are; positions count
them all.
"""

from __future__ import annotations

from dataclasses import dataclass

from derive.ir.notation import Affine, Axis, Constant, Expr, Number


@dataclass(frozen=True)
class Whole:
    """The whole of an axis."""


@dataclass(frozen=True)
class Span:
    """A slice of an axis: from `start` up to `stop` (None: to the end), reversed if asked.

    A `step` of more than 1 leaves places out.
    """

    start: Affine
    stop: Affine | None
    reverse: bool = False
    step: int = 1


@dataclass(frozen=True)
class At:
    """One place of an axis: the axis is gone from the result."""

    place: Affine


Pick = Whole | Span | At


@dataclass(frozen=True)
class Value:
    """A number."""

    number: Number | Constant
    axes: tuple[Axis, ...] = ()


@dataclass(frozen=True)
class Count:
    """An integer of the index calculus: an extent, a loop's letter, or an array of places.

    `spans` holds the letters that run over a part of their extent only: (letter, start, stop).
    """

    value: Affine
    axes: tuple[Axis, ...] = ()
    as_float: bool = True
    spans: tuple[tuple[Axis, int, Affine], ...] = ()


@dataclass(frozen=True)
class Length:
    """How many places a range has: its value, or 0 where that is negative."""

    value: Affine
    axes: tuple[Axis, ...] = ()


@dataclass(frozen=True)
class Load:
    """A tensor, sliced."""

    tensor: str
    picks: tuple[Pick, ...]
    axes: tuple[Axis, ...]
    integer: bool = False
    constant: bool = False


@dataclass(frozen=True)
class Window:
    """Axis `position` of an array becomes one axis per run: entry `start + step*letter + ...`.

    A run is (step, letter, count). What lies outside is `fill`.
    """

    of: Array
    position: int
    start: Affine
    runs: tuple[tuple[int, Axis, Affine], ...]
    axes: tuple[Axis, ...]
    fill: Array | None = None


@dataclass(frozen=True)
class Reshape:
    """The entries in the order in which they lie, under other axes of this shape."""

    of: Array
    axes: tuple[Axis, ...]
    shape: tuple[Affine, ...]


@dataclass(frozen=True)
class Fold:
    """The dual of `Window`: the axes of the runs, beginning at `position`, are added up into one.

    What lies outside 0 .. size-1 is dropped.
    """

    of: Array
    position: int
    size: Affine
    start: Affine
    runs: tuple[tuple[int, Axis, Affine], ...]
    axes: tuple[Axis, ...]


@dataclass(frozen=True)
class Take:
    """An array at integer places along some of its axes, which go first; 0 outside if checked."""

    of: Array
    positions: tuple[int, ...]
    indices: tuple[Array, ...]
    axes: tuple[Axis, ...]
    checked: bool


@dataclass(frozen=True)
class Map:
    """An element-wise function or operator of arrays that broadcast against each other."""

    function: str
    args: tuple[Array, ...]
    axes: tuple[Axis, ...]


@dataclass(frozen=True)
class Choose:
    """A choice that is known before the array is touched: Python's `a if condition else b`."""

    condition: Expr
    yes: Array
    no: Array | None
    axes: tuple[Axis, ...]


@dataclass(frozen=True)
class Reduce:
    """A reduction over letters."""

    op: str
    of: Array
    letters: tuple[Axis, ...]
    axes: tuple[Axis, ...]


@dataclass(frozen=True)
class Matrix:
    """The inverse or a determinant of the matrices that two letters walk, rows first.

    `op` is one of `MATRIX`; the last two axes of an inverse are its own rows and columns.
    """

    op: str
    of: Array
    letters: tuple[Axis, ...]
    axes: tuple[Axis, ...]


@dataclass(frozen=True)
class Dot:
    """A contraction of two arrays: summed over the letters that aren't among `axes`."""

    left: Array
    right: Array
    axes: tuple[Axis, ...]


@dataclass(frozen=True)
class Chain:
    """A product of three matrices or more, of extents that only the run time tells.

    Which two are multiplied first is therefore best chosen there.
    """

    parts: tuple[Array, ...]
    axes: tuple[Axis, ...]


@dataclass(frozen=True)
class Spread:
    """An array made as large as its shape says, which is the letters' ranges' lengths."""

    of: Array
    axes: tuple[Axis, ...]
    shape: tuple[Affine, ...]


@dataclass(frozen=True)
class Join:
    """Arrays one behind the other along one of their axes."""

    parts: tuple[Array, ...]
    along: Axis
    axes: tuple[Axis, ...]


Array = (
    Value
    | Count
    | Length
    | Load
    | Window
    | Fold
    | Reshape
    | Take
    | Map
    | Choose
    | Reduce
    | Matrix
    | Dot
    | Chain
    | Spread
    | Join
)


@dataclass(frozen=True)
class Assign:
    """`tensor[picks] op value`, with op `=` or `+=`; picks are None for the whole tensor."""

    tensor: str
    picks: tuple[Pick, ...] | None
    op: str
    value: Array
    axes: tuple[Axis, ...]
    note: str = ""
    own: bool = False


@dataclass(frozen=True)
class AddAt:
    """Add the value at integer places along some axes of a tensor.

    What lies outside is dropped; nothing does where it isn't `checked`. The value has the letters
    of the places first, then the tensor's other axes.
    """

    tensor: str
    picks: tuple[Pick, ...]
    positions: tuple[int, ...]
    indices: tuple[Array, ...]
    index_axes: tuple[Axis, ...]
    value: Array
    axes: tuple[Axis, ...]
    checked: bool = True


@dataclass(frozen=True)
class Zeros:
    """A tensor of zeros."""

    tensor: str
    shape: tuple[Affine, ...]
    note: str = ""


@dataclass(frozen=True)
class For:
    """A recurrence's loop."""

    letter: Axis
    direction: int
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class When:
    """Statements under a condition on loop letters and extents."""

    condition: Expr
    body: tuple[Statement, ...]


Statement = Assign | AddAt | Zeros | For | When
