"""Expressions over whole arrays, as frozen data: what NumPy and matrix notation have in common.

A node says what is computed, not over which shapes: those follow from the named arrays when the
node is elaborated (`elaborate.py`). Nodes that differ in their places alone are equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from derive.ir.notation import Affine
from derive.ir.walk import Tree
from derive.language.syntax import Place

NOWHERE = Place("expression", 1, 1)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Its place in the text."""

    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Array(Placed):
    """A named array, or a named number."""

    name: str


@dataclass(frozen=True)
class Literal(Placed):
    """An exact number."""

    value: Fraction


@dataclass(frozen=True)
class Known(Placed):
    """`pi` or `inf`."""

    name: str


@dataclass(frozen=True)
class Extent(Placed):
    """The length of an array's axis, as a number; axes count from 0 or from the end."""

    of: Whole
    axis: int


@dataclass(frozen=True)
class Count(Placed):
    """An extent that is known, as a number."""

    extent: Affine


@dataclass(frozen=True)
class Entrywise(Placed):
    """An operator or a function of each entry, after broadcasting.

    `op` is one of `+ - * / ** neg`, a comparison, `and or not`, or a function of the language,
    `where` included.
    """

    op: str
    args: tuple[Whole, ...]


@dataclass(frozen=True)
class Product(Placed):
    """A matrix product: `left @ right`."""

    left: Whole
    right: Whole


@dataclass(frozen=True)
class Dot(Placed):
    """`np.dot`: as `@`, but numbers multiply, and leading axes of both are kept apart."""

    left: Whole
    right: Whole


@dataclass(frozen=True)
class Transpose(Placed):
    """The axes in another order: reversed where `axes` is None."""

    of: Whole
    axes: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Reduce(Placed):
    """`sum mean max min prod logsumexp` over some axes: over all where `axes` is None."""

    op: str
    of: Whole
    axes: tuple[int, ...] | None = None
    keepdims: bool = False


@dataclass(frozen=True)
class Outer(Placed):
    """The products of each entry of one vector with each of another."""

    left: Whole
    right: Whole


@dataclass(frozen=True)
class Einsum(Placed):
    """A sum of products by letters: a string of letters per array, and those that are kept."""

    letters: tuple[str, ...]
    kept: str
    args: tuple[Whole, ...]


@dataclass(frozen=True)
class Reshape(Placed):
    """The entries in their order under another shape; None stands for the one that is open.

    With `like` the shape is that of another array.
    """

    of: Whole
    shape: tuple[Affine | Extent | None, ...]
    like: Whole | None = None


@dataclass(frozen=True)
class All(Placed):
    """`:`, a whole axis."""


@dataclass(frozen=True)
class New(Placed):
    """`None`, a new axis of extent 1."""


@dataclass(frozen=True)
class At(Placed):
    """One place of an axis, from the end where it is negative."""

    at: int


@dataclass(frozen=True)
class Every(Placed):
    """`np.arange(n)` beside integer arrays: each place of an axis in step with them."""


Pick = All | New | At | Every | Array


@dataclass(frozen=True)
class Indexed(Placed):
    """Basic indexing, and integer arrays of one axis each (`p[np.arange(n), y]`)."""

    of: Whole
    picks: tuple[Pick, ...]


@dataclass(frozen=True)
class Diagonal(Placed):
    """`diag`: of a vector the matrix, of a matrix the vector."""

    of: Whole


@dataclass(frozen=True)
class Trace(Placed):
    """The sum of a matrix's diagonal."""

    of: Whole


@dataclass(frozen=True)
class Norm(Placed):
    """The square root of the sum of squares (order 2), or the sum of absolute values (order 1).

    One that is `of_vector` isn't defined so for matrices.
    """

    of: Whole
    order: int = 2
    of_vector: bool = False


@dataclass(frozen=True)
class Inverse(Placed):
    """The inverse of a matrix."""

    of: Whole


@dataclass(frozen=True)
class Determinant(Placed):
    """`det`, or the logarithm of its absolute value."""

    of: Whole
    log: bool = False


@dataclass(frozen=True)
class Fill(Placed):
    """One number everywhere; without a shape a vector as long as its place demands."""

    value: Fraction
    shape: tuple[Affine | Extent, ...] | None = None


@dataclass(frozen=True)
class Like(Placed):
    """One number everywhere, in the shape of another array."""

    value: Fraction
    of: Whole


@dataclass(frozen=True)
class Identity(Placed):
    """The identity; without a size as large as its place demands."""

    size: Affine | Extent | None = None


@dataclass(frozen=True)
class Hot(Placed):
    """One-hot rows: `np.eye(k)[y]` for an integer array `y`.

    `one_for_each`: the text can mean a vector only, as in `p[np.arange(n), y]`.
    """

    of: Whole
    classes: Affine | Extent
    one_for_each: bool = False


Whole = (
    Array
    | Literal
    | Known
    | Extent
    | Count
    | Entrywise
    | Product
    | Dot
    | Transpose
    | Reduce
    | Outer
    | Einsum
    | Reshape
    | Indexed
    | Diagonal
    | Trace
    | Norm
    | Inverse
    | Determinant
    | Fill
    | Like
    | Identity
    | Hot
)
ARRAYS: Tree[Whole] = Tree(Whole)
