"""What the mathematics is made of: index notation as frozen data.

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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from derive.display import Displayed
from derive.limits import Limit

REDUCTIONS = ("sum", "prod", "max", "min", "logsumexp")

# of the matrix that a body makes up with its two reduced letters, rows first
MATRIX = ("inv", "det", "logdet")

MODE = "training"  # the distribution of what is 1 in training and 0 in inference

ROLES = (
    "input",
    "target",
    "parameter",
    "buffer",
    "constant",
    "hyperparameter",
    "random",
    "mode",
    "state",
    "intermediate",
    "adjoint",
    "next",
)


@dataclass(frozen=True, slots=True)
class Dim:
    """An extent that is known only at run time, such as the batch's."""

    name: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A letter of one equation, with the extent over which it runs: 0 <= letter < extent."""

    letter: str
    extent: Affine


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
        counts: dict[Atom, int] = dict(self.terms)
        for atom, coefficient in other.terms:
            counts[atom] = counts.get(atom, 0) + coefficient
        kept = tuple((a, c) for a, c in counts.items() if c)
        return Affine(
            tuple(sorted(kept, key=lambda pair: atom_key(pair[0]))), self.constant + other.constant
        )

    def __mul__(self, factor: int) -> Affine:
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
        """How often the atom stands here (0 where it doesn't)."""
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


@dataclass(frozen=True, slots=True)
class Initializer:
    """How a parameter starts: the catalogue's name and its attributes, sorted by name."""

    type: str
    attributes: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Draw:
    """A random tensor: its distribution and attributes, drawn anew at every call in training.

    One of the distribution "training" isn't drawn: it is 1 in training and 0 in inference, and its
    role is "mode".
    """

    distribution: str
    attributes: tuple[tuple[str, float], ...] = ()

    @property
    def role(self) -> str:
        """The role of a tensor that is drawn so."""
        return "mode" if self.distribution == MODE else "random"

    @property
    def mean(self) -> float:
        """Its mean, which it is outside of training; of a mode 0."""
        attributes = dict(self.attributes)
        match self.distribution:
            case "bernoulli":
                return attributes.get("p", 0.5)
            case "uniform":
                return (attributes.get("low", 0.0) + attributes.get("high", 1.0)) / 2
            case "normal":
                return attributes.get("mean", 0.0)
            case _:
                return 0.0


@dataclass(frozen=True, slots=True)
class Assumption:
    """`left == right`, which simplification may use; the letters of `axes` are free in it."""

    axes: tuple[Axis, ...]
    left: Equation
    right: Expr
    text: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a network, for documents: which tensors and equations it brought."""

    name: str
    type: str
    inputs: tuple[str, ...]
    output: str
    tensors: tuple[str, ...]
    activation: str = "identity"
    source: str = ""


@dataclass(frozen=True)
class Training:
    """What a module needs beside the mathematics.

    `sample_weight` is the tensor that weighs the samples, "" where there is none; `limits` is what
    the arrays that a module is given must keep to; `curvature` is the matrix of second derivatives
    that the optimiser reads, "hessian", "gauss_newton" or none.
    """

    optimizer: str = "sgd"
    hyperparameters: tuple[tuple[str, Fraction], ...] = ()
    update_text: tuple[str, ...] = ()
    curvature: str = ""
    initializers: tuple[tuple[str, Initializer], ...] = ()
    frozen: tuple[str, ...] = ()
    example: tuple[tuple[str, Any], ...] = ()
    task: str = ""
    target_kind: str = "real"
    draws: tuple[tuple[str, Draw], ...] = ()
    sample_weight: str = ""
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A tensor that holds a derivative by entries of one tensor of another, or by both, `twice`.

    The letters of `first` stand before those of `second`.
    """

    tensor: str
    first: str
    second: str
    twice: bool


@dataclass(frozen=True)
class Earlier:
    """The derivatives that stand among a system's equations, for a derivative of these.

    `adjoints` names the derivative of `objective` by a tensor, by the tensor's name; `directions`
    what a tensor moves by; `names` what a derivative by a tensor of the system is to be called;
    `blocks` are derivatives in full.
    """

    objective: str
    adjoints: tuple[tuple[str, str], ...]
    directions: tuple[tuple[str, str], ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class System(Displayed):
    """Equations in the order of computation, and the part that each tensor plays."""

    name: str
    tensors: tuple[Tensor, ...]
    equations: tuple[Equation, ...]
    objective: str | None = None
    output: str | None = None
    probabilities: str | None = None
    updates: tuple[Equation, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    layers: tuple[Layer, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    training: Training = field(default_factory=Training)
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    batch: str | None = None
    loss_type: str = ""
    earlier: Earlier | None = None

    @cached_property
    def table(self) -> Mapping[str, Tensor]:
        """Tensor by name."""
        return {t.name: t for t in self.tensors}

    @cached_property
    def defined(self) -> Mapping[str, Equation]:
        """The equation that defines a tensor, by the tensor's name."""
        return {e.tensor: e for e in self.equations}

    def having(self, *roles: str) -> tuple[Tensor, ...]:
        """The tensors that play one of the roles, in declared order."""
        return tuple(t for t in self.tensors if t.role in roles)

    @property
    def trainable(self) -> tuple[str, ...]:
        """The parameters that the optimiser moves."""
        frozen = self.training.frozen
        return tuple(t.name for t in self.having("parameter") if t.name not in frozen)


@dataclass(frozen=True, slots=True)
class Step(Displayed):
    """One step of a derivation, made by the engine as it went.

    `before` and `after` give the same tensor where `kind` is "equality". Where it is "chain",
    `before` is a forward equation `Y = ...` and `after` what it contributes to the derivative by
    `wrt`: for every change of `wrt`, `sum after * change` is `sum dY * (change of Y)`.
    """

    kind: str
    rule: str
    subject: str
    before: Equation
    after: Equation
    reason: str
    wrt: str = ""
    under: tuple[str, ...] = ()


@dataclass(frozen=True)
class Derivation(Displayed):
    """A system with its derivatives: everything that is printed or run comes from here.

    `backward` holds the error terms and gradients in the order of computation; `inlined` the
    adjoints that were written into the only place that used them, so that every derivative that
    was formed can be asked for; `updates` one equation a parameter, `next(W) = ...`, and those
    that come before; `curvature` the second derivatives that these read, in the order of
    computation, and `blocks` which of their tensors are derivatives by the vector of all
    parameters, whose name is "".
    """

    system: System
    tensors: tuple[Tensor, ...]
    backward: tuple[Equation, ...]
    inlined: tuple[Equation, ...]
    updates: tuple[Equation, ...]
    steps: tuple[Step, ...]
    adjoints: tuple[tuple[str, str], ...]
    wrt: tuple[str, ...]
    objective: str
    warnings: tuple[str, ...] = ()
    curvature: tuple[Equation, ...] = ()
    blocks: tuple[Block, ...] = ()

    @property
    def forward(self) -> tuple[Equation, ...]:
        """The system's own equations."""
        return self.system.equations

    @cached_property
    def table(self) -> Mapping[str, Tensor]:
        """Tensor by name, the derivatives included."""
        return {t.name: t for t in self.tensors}

    @cached_property
    def adjoint(self) -> Mapping[str, str]:
        """The name of the derivative of the objective by a tensor, by the tensor's name."""
        return dict(self.adjoints)

    def gradient(self, name: str) -> Equation:
        """The equation of the objective's derivative by a tensor.

        Raises `KeyError` where the objective does not depend on the tensor.
        """
        name = dict(self.system.aliases).get(name, name)
        wanted = self.adjoint[name]
        for equation in (*self.backward, *self.inlined):
            if equation.tensor == wanted:
                return equation
        raise KeyError(name)


def domain_of(letters: Iterable[Axis], *more: Iterable[Axis]) -> tuple[Axis, ...]:
    """Letters in order, each once."""
    seen: dict[Axis, None] = dict.fromkeys(letters)
    for group in more:
        seen.update(dict.fromkeys(group))
    return tuple(seen)
