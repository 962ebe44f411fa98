"""Index notation as frozen data, of which all mathematics here is made.

The grammar, from the whole to the leaf::

    System    = name, Tensor*, Equation*, objective, output, assumptions, training
    Tensor    = name, shape (an extent per axis), role, integer?, value?
    Equation  = tensor [axes] = Term + Term + ...
    Term      = target subscripts, domain (letters that run), reduction, body
    Reduction = sum | prod | max | min | logsumexp | inv | det | logdet
    Expr      = Number | Constant | Index | Read | Add | Mul | Pow | Call | Compare | Logic
    Read      = tensor [subscript, ...]
    Subscript = Affine = integer + integer * Atom + ...
    Atom      = Axis | Dim | Read (of an integer tensor) | FloorDiv | Mod

An equation means: start from nothing, let the letters of each term's domain run over their
extents, and combine the value of the body into the place that the target subscripts name. A read
outside a tensor gives 0; a write outside a tensor is dropped. An `Axis` is a letter of one
equation and owns its extent: a number, or an expression in `Dim`s, which are known at run time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from derive.ir.display import Displayed

REDUCTIONS = ("sum", "prod", "max", "min", "logsumexp")

# of the matrix that a body makes up with its two reduced letters, rows first
MATRIX = ("inv", "det", "logdet")


@dataclass(frozen=True, slots=True)
class Dim:
    """An extent that is known only at run time, such as the batch's."""

    name: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A letter of one equation, with the extent over which it runs: 0 <= letter < extent."""

    letter: str
    extent: Affine

    def __hash__(self) -> int:
        return hash(self.letter)  # hashed more often than all else; few letters have two extents


@dataclass(frozen=True, slots=True)
class FloorDiv:
    """`of // by`, in a subscript."""

    of: Affine
    by: int


@dataclass(frozen=True, slots=True)
class Mod:
    """`of % by`, in a subscript; never negative, as in Python."""

    of: Affine
    by: int


@dataclass(frozen=True, slots=True)
class Affine:
    """An integer: `constant + sum of coefficient * atom`, atoms in a fixed order."""

    terms: tuple[tuple[Atom, int], ...] = ()
    constant: int = 0

    def __add__(self, other: Affine | int) -> Affine:
        other = affine(other)
        if not other.terms or not self.terms:
            return Affine(self.terms or other.terms, self.constant + other.constant)
        counts: dict[Atom, int] = dict(self.terms)
        for atom, coefficient in other.terms:
            counts[atom] = counts.get(atom, 0) + coefficient
        kept = tuple((a, c) for a, c in counts.items() if c)
        return Affine(
            tuple(sorted(kept, key=lambda pair: atom_key(pair[0]))), self.constant + other.constant
        )

    def __mul__(self, factor: int) -> Affine:
        if factor == 1:
            return self
        if not factor:
            return Affine()
        return Affine(tuple((a, c * factor) for a, c in self.terms), self.constant * factor)

    def __neg__(self) -> Affine:
        return self * -1

    def __sub__(self, other: Affine | int) -> Affine:
        return self + -affine(other)

    @property
    def axis(self) -> Axis | None:
        """The letter, where the subscript is that letter alone."""
        if self.constant == 0 and len(self.terms) == 1:
            atom, coefficient = self.terms[0]
            if coefficient == 1 and isinstance(atom, Axis):
                return atom
        return None

    @property
    def number(self) -> int | None:
        """The value, where it is a plain number."""
        return None if self.terms else self.constant

    def coefficient(self, atom: Atom) -> int:
        """The factor of an atom (0 where it doesn't stand here)."""
        return next((c for a, c in self.terms if a == atom), 0)


@dataclass(frozen=True, slots=True)
class Number:
    """An exact rational number."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Constant:
    """`pi` or `inf`."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """An integer of the index calculus used as a value: a letter, an extent, `i // 2`."""

    value: Affine


@dataclass(frozen=True, slots=True)
class Read:
    """The entry of a tensor that the subscripts name; 0 where they point outside it."""

    tensor: str
    subscripts: tuple[Affine, ...] = ()


@dataclass(frozen=True, slots=True)
class Add:
    """A sum, its terms in the author's order."""

    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Mul:
    """A product, its factors in the author's order."""

    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Pow:
    """`base ** exponent`; a division is a power of -1."""

    base: Expr
    exponent: Expr


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the language, such as `exp`, `where`, `delta`, `hold`."""

    function: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """A condition: `left op right` with op out of `== != < <= > >=`."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Logic:
    """`and`, `or`, `not` over conditions."""

    op: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Reduction:
    """A reduction inside an expression: only as text is read; the normal form has none."""

    op: str
    axes: tuple[Axis, ...]
    body: Expr


Atom = Axis | Dim | Read | FloorDiv | Mod
Expr = Number | Constant | Index | Read | Add | Mul | Pow | Call | Compare | Logic | Reduction

_ATOM_ORDER = {Axis: 1, Read: 2, FloorDiv: 3, Mod: 4, Dim: 0}


def atom_key(atom: Atom) -> tuple[int, str]:
    """A fixed order of atoms, so that equal subscripts are equal data."""
    match atom:
        case Axis():
            return _ATOM_ORDER[Axis], f"{atom.letter} {atom.extent!r}"
        case Dim():
            return _ATOM_ORDER[Dim], atom.name
        case _:
            return _ATOM_ORDER[type(atom)], repr(atom)


def affine(value: Affine | Atom | int) -> Affine:
    """An integer, an atom or a subscript, as a subscript."""
    if isinstance(value, Affine):
        return value
    if isinstance(value, int):
        return Affine((), value)
    return Affine(((value, 1),))


@dataclass(frozen=True, slots=True)
class Term:
    """`[target] reduce= over domain of body`.

    The domain holds every letter that runs: those of the target first, then the reduced ones.
    Where `reduce` is one of `MATRIX` the body reads one tensor, all its axes in order, and the
    reduced letters walk the last two; of an `inv` the last two of the target name the entry.
    """

    target: tuple[Affine, ...]
    domain: tuple[Axis, ...]
    reduce: str
    body: Expr

    @property
    def plain(self) -> bool:
        """Whether the target subscripts are distinct letters: then the term can be read off."""
        axes = [s.axis for s in self.target]
        return None not in axes and len(set(axes)) == len(axes)

    @property
    def reduced(self) -> tuple[Axis, ...]:
        """The letters that run but stand in no target subscript by themselves."""
        kept = {s.axis for s in self.target}
        return tuple(a for a in self.domain if a not in kept)

    @property
    def matrix(self) -> str | None:
        """The tensor whose matrices are inverted or have their determinant taken, if it is so."""
        return self.body.tensor if self.reduce in MATRIX and isinstance(self.body, Read) else None


@dataclass(frozen=True, slots=True)
class Equation(Displayed):
    """`tensor[axes] = term + term + ...`; the axes give the left side its letters."""

    tensor: str
    axes: tuple[Axis, ...]
    terms: tuple[Term, ...]
    source: str = ""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named array: an extent per axis, what part it plays, and its value if it is a constant."""

    name: str
    shape: tuple[Affine, ...]
    role: str
    integer: bool = False
    value: Fraction | None = None

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)


def domain_of(letters: Iterable[Axis], *more: Iterable[Axis]) -> tuple[Axis, ...]:
    """Letters in order, each once."""
    seen: dict[Axis, None] = dict.fromkeys(letters)
    for group in more:
        seen.update(dict.fromkeys(group))
    return tuple(seen)
