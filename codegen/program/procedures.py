"""A module before it is text: procedures, what they take, do and give back, as frozen data.

::

    Module      = name, objective, sources, Tensor*, hyper-parameters, Beginning*, Procedure*
    Procedure   = name, Argument*, Text, Instruction*, Tensor*, places
    Instruction = Statement | Compute | Unpack | Check | Measure | SetExtent | Convert | AtMost
                | NotNegative | NotEmpty | Counter | Before | FreshGenerator | Sample | Call | Let
                | Put | IfGiven | Overall | EachParameter | Update | Return

`Compute` holds equations; lowering puts statements in its place. A target prints the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codegen.program.nodes import Statement
from codegen.program.operands import Call, Entry, Literal, Operand, Own, Variable
from derive.ir.notation import Affine, Axis, Equation, Tensor, affine
from derive.ir.system import Draw, Initializer


class _Every(Axis):
    """An axis that is equal to no letter of a model, whatever that is called."""

    __slots__ = ()


EVERY = _Every("i", affine(2))  # stands for all axes of a parameter, in an optimiser's rules

# ---- instructions --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compute:
    """Equations that are worked out here; `fixed` letters are numbers that stand before.

    Arrays `apart` share no memory with others. `adds`: the only equation is added to what its
    tensor holds. `note` stands above it, where it is not the equation itself. `tensors` are those
    of a generic equation, which stand for many.
    """

    equations: tuple[Equation, ...]
    apart: frozenset[str] = frozenset()
    fixed: tuple[Axis, ...] = ()
    adds: bool = False
    note: str = ""
    tensors: tuple[Tensor, ...] = ()


@dataclass(frozen=True)
class Unpack:
    """Entries of a dictionary as variables: (tensor, key)."""

    of: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Places:
    """Whole numbers that are places of an axis of this extent, or among `besides`."""

    tensor: str
    extent: Affine
    besides: tuple[int, ...]


@dataclass(frozen=True)
class Check:
    """An argument as an array of the right kind and shape; `label` is its name in a complaint.

    Extents `known` before are compared, the others are read off. `places` limits whole numbers.
    """

    tensor: str
    label: str
    source: Operand
    shape: tuple[Affine, ...]
    known: frozenset[str]
    integer: bool = False
    places: tuple[Places, ...] = ()


@dataclass(frozen=True)
class Measure:
    """A run-time extent, read off an axis of an array."""

    dim: str
    tensor: str
    position: int


@dataclass(frozen=True)
class SetExtent:
    """A run-time extent is what the argument of this name says."""

    dim: str
    argument: str


@dataclass(frozen=True)
class Convert:
    """An argument whose shape is right as an array of the module's kind."""

    tensor: str
    integer: bool


@dataclass(frozen=True)
class AtMost:
    """A sequence that is longer is refused."""

    extent: Affine
    most: int


@dataclass(frozen=True)
class NotNegative:
    """A tensor with an entry below 0, or one that is no number, is refused."""

    tensor: str


@dataclass(frozen=True)
class NotEmpty:
    """A batch of no rows is refused; `dim` is how many it has."""

    dim: str


@dataclass(frozen=True)
class Counter:
    """The number of the place, from the state."""

    axis: Axis
    source: Entry


@dataclass(frozen=True)
class Before:
    """A place that is none of so many is refused."""

    axis: Axis
    length: int


@dataclass(frozen=True)
class FreshGenerator:
    """A generator of random numbers where none is given."""


@dataclass(frozen=True)
class Sample:
    """A random tensor: drawn in training, its mean otherwise."""

    tensor: str
    shape: tuple[Affine, ...]
    draw: Draw


@dataclass(frozen=True)
class Let:
    """A name for a value."""

    name: str
    value: Operand


@dataclass(frozen=True)
class Put:
    """An entry of a dictionary is set."""

    of: str
    key: str
    value: Operand


@dataclass(frozen=True)
class IfGiven:
    """Instructions for the case that a flag is set."""

    flag: str
    body: tuple[Instruction, ...]


@dataclass(frozen=True)
class Overall:
    """An optimiser's value that there is once for all parameters.

    `over_parameters`: it is summed over their gradients. `remembered`: it goes into the state.
    """

    body: tuple[Compute | Statement, ...]
    name: str
    over_parameters: bool
    remembered: bool


@dataclass(frozen=True)
class Group:
    """What an optimiser does to one parameter with `rank` axes; to any other where it is None.

    `loaded` are names of what is remembered of it, and of the parameter where `whole`, that are
    read first; `stored` those that are written back. `sizes` names its extents where asked for.
    """

    rank: int | None
    loaded: tuple[str, ...]
    stored: tuple[str, ...]
    sizes: tuple[str, ...]
    whole: bool
    body: tuple[Compute | Statement, ...]


@dataclass(frozen=True)
class EachParameter:
    """The same for each parameter that has a gradient, by its number of axes."""

    parameter: str
    gradient: str
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Update:
    """A dictionary takes the entries of another one."""

    of: str
    entries: str


@dataclass(frozen=True)
class Return:
    """What a procedure gives back: one value, or several."""

    values: tuple[Operand, ...]


Instruction = (
    Statement
    | Compute
    | Unpack
    | Check
    | Measure
    | SetExtent
    | Convert
    | AtMost
    | NotNegative
    | NotEmpty
    | Counter
    | Before
    | FreshGenerator
    | Sample
    | Call
    | Let
    | Put
    | IfGiven
    | Overall
    | EachParameter
    | Update
    | Return
)

# ---- procedures ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shape:
    """A piece of a text: the shape of a tensor."""

    extents: tuple[Affine, ...]


Text = tuple[str | Variable | Shape, ...]


@dataclass(frozen=True)
class Extent:
    """A run-time extent, as an argument under this name."""

    dim: str
    name: str = ""


@dataclass(frozen=True)
class Argument:
    """What a procedure takes: a tensor, a run-time extent, or what goes by a name of its own.

    One with a default may be left out.
    """

    what: Variable | Own | Extent
    default: Literal | None = None


@dataclass(frozen=True)
class Procedure:
    """A function of a module.

    `tensors` are of another shape here than in the module; `places` tells of which dictionaries
    some are entries. `masked`: it works out values that may be undefined where nothing reads them.
    """

    name: str
    arguments: tuple[Argument, ...]
    purpose: Text
    body: tuple[Instruction, ...]
    tensors: tuple[Tensor, ...] = ()
    places: tuple[tuple[str, Entry], ...] = ()
    masked: bool = False


@dataclass(frozen=True)
class Beginning:
    """What a parameter or a buffer is at first: by an initialiser, or as numbers."""

    tensor: Tensor
    initializer: Initializer | None
    numbers: Any = None


@dataclass(frozen=True)
class Module:
    """All that a target prints."""

    name: str
    objective: str
    sources: tuple[str, ...]
    tensors: tuple[Tensor, ...]
    dims: tuple[str, ...]
    hyperparameters: tuple[tuple[str, float], ...]
    beginnings: tuple[Beginning, ...]
    procedures: tuple[Procedure, ...]
