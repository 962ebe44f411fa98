"""What procedures hand on: variables, numbers, entries of dictionaries, results of calls.

::

    Operand = Variable | Own | Literal | Entry | Place | AsNumber | ZerosLike | NoState
            | Call | Result | Table | Memory

A tensor's variable holds its array. What every module has by one name (`params`, `state`, `rng`,
`training`, `gradient`, ...) is an `Own`.
"""

from __future__ import annotations

from dataclasses import dataclass

from derive.ir.notation import Affine, Axis


@dataclass(frozen=True)
class Variable:
    """A tensor's array."""

    tensor: str


@dataclass(frozen=True)
class Own:
    """What every module has by this name."""

    name: str


@dataclass(frozen=True)
class Literal:
    """A number, a truth value or nothing."""

    value: int | bool | None


@dataclass(frozen=True)
class Entry:
    """An entry of a dictionary, such as `params`."""

    of: str
    key: str


@dataclass(frozen=True)
class Place:
    """The number of a place along a walked axis, or of one behind it."""

    axis: Axis
    plus: int = 0


@dataclass(frozen=True)
class AsNumber:
    """A scalar as a plain number."""

    of: Operand


@dataclass(frozen=True)
class ZerosLike:
    """Zeros, real, of the shape of an array: the derivative by what nothing depends on."""

    like: Variable | Entry


@dataclass(frozen=True)
class NoState:
    """Zeros of this shape: a state before anything happened."""

    shape: tuple[Affine, ...]
    integer: bool


@dataclass(frozen=True)
class Call:
    """A procedure is called; as an instruction its values go by the names in `results`.

    Arguments behind the positional ones go by name.
    """

    procedure: str
    arguments: tuple[Operand, ...]
    results: tuple[Variable | Own, ...] = ()
    named: tuple[tuple[str, Operand], ...] = ()


@dataclass(frozen=True)
class Result:
    """One of several values that a call returns, or the first ones."""

    call: Call
    position: int | None
    first: int = 0


@dataclass(frozen=True)
class Table:
    """A dictionary."""

    rows: tuple[tuple[str, Operand], ...]
    before: tuple[Hyperparameters, ...] = ()


@dataclass(frozen=True)
class Hyperparameters:
    """The first rows of a table: the optimiser's hyper-parameters as they are by default."""


@dataclass(frozen=True)
class Memory:
    """Zeros for each parameter: those with so many axes, or those with other numbers of axes."""

    ranks: tuple[int, ...] = ()
    other_than: tuple[int, ...] = ()


Operand = (
    Variable
    | Own
    | Literal
    | Entry
    | Place
    | AsNumber
    | ZerosLike
    | NoState
    | Call
    | Result
    | Table
    | Memory
)
