"""Entries of the catalogue: forward equations as text, and facts about them.

An entry speaks of its own names: a layer reads `x` and gives `y` (a dense layer its pre-activation
`z`), a loss reads `y` and `t` and gives `E`, an optimiser moves `w` by `g`. `network.py` gives them
the names of the whole system. `n` is the batch, the first axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derive.ir.input_limits import Limit
from derive.ir.notation import Affine
from derive.ir.system import Draw, Initializer


class _Required:
    def __repr__(self) -> str:
        return "required"


REQUIRED = _Required()

# An initialiser's attribute: the last column is a bias, which counts in no fan and begins at 0.
BIAS_COLUMN = "bias_column"
KINDS = {
    "extent": "an integer from 1 to 2147483647",
    "integer": "an integer",
    "number": "a finite number",
    "positive": "a finite number above 0",
    "non-negative": "a finite number of at least 0",
    "probability": "a number from 0 to 1",
    "flag": "true or false",
    "extents": "an integer above 0, or a list of them",
    "numbers": "a list of finite numbers",
    "counts": "an integer of at least 0, or a list of them",
    "integers": "an integer, or a list of them",
    "choice": "one of the words listed",
    "text": "text",
    "names": "a list of names",
    "activation": "the name of an activation, or a table with its type and attributes",
}

Shape = tuple[Affine, ...]

# Before the name of a run-time extent that an entry brings, whatever letters others have.
OWN_EXTENT = "?"


@dataclass(frozen=True)
class Attribute:
    """A key that a spec may give beside the type: its kind (of `KINDS`), default and meaning.

    `letter` is the letter of the equations whose extent the attribute gives; `below` names the
    attribute that must be larger. A number may stand in the equations by its name. `sample` is what
    the entry's page shows: of what is required, or beside the default. What is `common` to a family
    is told with its first entry alone.
    """

    name: str
    kind: str
    meaning: str
    default: Any = REQUIRED
    choices: tuple[str, ...] = ()
    letter: str = ""
    below: str = ""
    sample: Any = None
    common: bool = False

    @property
    def usual(self) -> Any:
        """The default, a sample where there is none."""
        if self.default is not REQUIRED:
            return self.default
        return 3 if self.sample is None else self.sample


def defaults(attributes: tuple[Attribute, ...]) -> dict[str, Any]:
    """The attributes' defaults, a sample for those that have none."""
    return {a.name: a.usual for a in attributes}


@dataclass(frozen=True)
class Use:
    """One use of an entry: its attributes, and its inputs' shapes, the batch counted, and names."""

    attributes: Mapping[str, Any]
    shapes: tuple[Shape, ...]
    inputs: tuple[str, ...] = ()

    @property
    def rank(self) -> int:
        """The number of axes of the first input."""
        return len(self.shapes[0])

    def shape(self, name: str) -> Shape | None:
        """The shape of an input by its name; None where this use doesn't have it."""
        return dict(zip(self.inputs, self.shapes, strict=True)).get(name)


class Unfit(Exception):
    """An input that the entry can't take; says why and what to do."""


Equations = str | Callable[[Use], str]
AxisExtents = Callable[[Use], Mapping[tuple[str, int], Affine]]
LetterExtents = Callable[[Use], Mapping[str, int]]
InputLists = Callable[[Mapping[str, Any]], tuple[tuple[str, ...], ...]]


@dataclass(frozen=True)
class Parameter:
    """A tensor that is learned, with the initialiser that it has unless the spec says other.

    `pytorch` is what PyTorch begins it with, where that doesn't follow from its layer's fan.
    """

    name: str
    init: Initializer
    trainable: bool = True
    pytorch: Initializer | None = None


def limited(over: int, under: int) -> Initializer:
    """Any number whose square is at most over/under."""
    limit = Fraction(repr((over / under) ** 0.5))
    return Initializer("uniform", (("high", limit), ("low", -limit)))


def within(fan: int) -> Initializer:
    """Any number within 1/sqrt(fan)."""
    return limited(1, fan)


def _none(_: Use) -> Mapping[Any, Any]:
    return {}


@dataclass(frozen=True)
class Extents:
    """Extents that plain walking can't tell, and what must hold of what is given.

    `axes` has them by tensor and position, `letters` those of letters that walk no axis.
    """

    axes: AxisExtents = _none
    letters: LetterExtents = _none
    limits: Callable[[Use], tuple[Limit, ...]] = lambda _: ()


@dataclass(frozen=True)
class Example:
    """The shapes of inputs on an entry's page, the batch not counted; `others` by their names."""

    shape: tuple[int, ...]
    others: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def of(self, name: str) -> tuple[int, ...]:
        """That of an input."""
        return dict(self.others).get(name, self.shape)


@dataclass(frozen=True)
class Equated:
    """What layers, activations and losses have in common.

    `equations` are text, or made from the use where the rank or the number of inputs matters, and
    so are `parameters`. `inputs` are names, or lists of several lengths, by the attributes, the
    usual one first.
    """

    name: str
    about: str
    equations: Equations
    inputs: tuple[str, ...] | InputLists = ("x",)
    parameters: tuple[Parameter, ...] | Callable[[Use], tuple[Parameter, ...]] = ()
    attributes: tuple[Attribute, ...] = ()
    extents: Extents = Extents()
    source: str = ""
    kink: str = ""
    example: Example = Example((4,))

    def inputs_of(self, attributes: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
        """The lists of inputs that it may have with these attributes, the usual one first."""
        return self.inputs(attributes) if callable(self.inputs) else (self.inputs,)

    @property
    def usual_inputs(self) -> tuple[str, ...]:
        """The inputs that it has where nothing else is said."""
        return self.inputs_of(defaults(self.attributes))[0]

    def equations_of(self, use: Use) -> str:
        """The equations that this use has."""
        return self.equations(use) if callable(self.equations) else self.equations

    def buffers_of(self, use: Use) -> tuple[Parameter, ...]:
        """The tensors that are kept and that no gradient moves."""
        return ()

    def draws_of(self, use: Use) -> tuple[tuple[str, Draw], ...]:
        """The random tensors that this use has, and its modes."""
        return ()

    def parameters_of(self, use: Use) -> tuple[Parameter, ...]:
        """The parameters that this use has."""
        return self.parameters(use) if callable(self.parameters) else self.parameters


@dataclass(frozen=True)
class Entry(Equated):
    """A layer or an activation.

    `integers` names the inputs that hold integers. `many` takes two inputs or more, called `x1`,
    `x2`, ...; of several lists of inputs the number given chooses; `activates` has an activation
    after its output; the output of an `is_alias` is another name for its input.
    """

    output: str = "y"
    buffers: tuple[Parameter, ...] = ()
    draws: tuple[tuple[str, Draw], ...] | Callable[[Use], tuple[tuple[str, Draw], ...]] = ()
    integers: tuple[str, ...] = ()
    many: bool = False
    activates: bool = False
    is_alias: bool = False

    def buffers_of(self, use: Use) -> tuple[Parameter, ...]:
        """The tensors that are kept and that no gradient moves."""
        return self.buffers

    def draws_of(self, use: Use) -> tuple[tuple[str, Draw], ...]:
        """The random tensors that this use has, and its modes."""
        return self.draws(use) if callable(self.draws) else self.draws


@dataclass(frozen=True)
class Loss(Equated):
    """A loss: equations over the output `y` and the target `t` with objective `E`.

    `inputs` are other tensors than the output, which a spec then names. `parameters` are learned
    with the network's, `buffers` given once, such as class weights. `probabilities` names the
    tensor that holds them (`y` where the output itself does); `target` says what a target is:
    "real", "binary" (0 or 1), "signs" (-1 or 1), "one_hot", "classes", "labels" (integers that
    aren't the output's classes one by one), or "" where there is none; `assume` is what a target of
    that kind means, an equation that simplification may use, or "".
    """

    inputs: tuple[str, ...] | InputLists = ("y",)
    example: Example = Example((3,))
    buffers: Callable[[Use], tuple[Parameter, ...]] | None = None
    target: str | Callable[[Use], str] = "real"
    probabilities: str = ""
    assume: Callable[[Use], str] | None = None

    def buffers_of(self, use: Use) -> tuple[Parameter, ...]:
        """The tensors that are given once and that no gradient moves."""
        return self.buffers(use) if self.buffers else ()

    def target_of(self, use: Use) -> str:
        """The kind of the target for this use."""
        return self.target(use) if callable(self.target) else self.target

    def assumed_of(self, use: Use) -> str:
        """The equation that holds for the targets of this use, or ""."""
        return self.assume(use) if self.assume else ""


@dataclass(frozen=True)
class Optimizer:
    """A rule for one parameter `w` with gradient `g`; hyper-parameters are bare scalars.

    What it remembers begins at 0, a `factor` at 1. One with a `curvature`, "hessian" or
    "gauss_newton", is a rule for the vector of all parameters, by a matrix of second derivatives.
    """

    name: str
    about: str
    equations: Callable[[Use], str]
    attributes: tuple[Attribute, ...] = ()
    source: str = ""
    curvature: str = ""


@dataclass(frozen=True)
class Initial:
    """An initialiser: a distribution whose numbers are values of the equation language.

    `fan_in` and `fan_out` are the inputs and outputs of one unit: of a parameter with axes
    (out, in, ...) the extent of the second and of the first axis, each times all further extents.
    """

    name: str
    about: str
    distribution: str
    formulas: tuple[tuple[str, str], ...]
    attributes: tuple[Attribute, ...] = ()
    aliases: tuple[str, ...] = ()
    source: str = ""

    @property
    def least_axes(self) -> int:
        """The number of axes a parameter needs: two where it has a fan, or rows and columns."""
        fans = any("fan_" in text for _, text in self.formulas)
        return 2 if fans or self.distribution in ("orthogonal", "eye") else 0


@dataclass(frozen=True)
class Distribution:
    """A distribution, from which a random tensor can be drawn."""

    name: str
    about: str
    attributes: tuple[Attribute, ...] = ()


Row = Entry | Loss | Optimizer | Initial


@dataclass(frozen=True)
class EntryInfo:
    """An entry with all that its page tells.

    `equations` has one text for each form, with the condition under which it holds (or "");
    `assumed` is what a loss takes its targets to be.
    """

    row: Row
    kind: str
    about: str
    equations: tuple[tuple[str, str], ...]
    attributes: tuple[Attribute, ...] = ()
    inputs: tuple[str, ...] = ()
    output: str = ""
    parameters: tuple[Parameter, ...] = ()
    assumed: str = ""

    @property
    def name(self) -> str:
        """The entry's name."""
        return self.row.name

    @property
    def kink(self) -> str:
        """The convention where there is no derivative; "" where there is one everywhere."""
        return self.row.kink if isinstance(self.row, Equated) else ""
