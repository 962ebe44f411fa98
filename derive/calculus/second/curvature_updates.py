"""Updates of all parameters together: the matrix of second derivatives, and what is made of it.

All parameters stand one after the other in one vector. The product of the matrix with a direction
is formed for every unit direction at once: each change gets one more letter, which says whose
change it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from derive.calculus.optimizer_updates import update_body
from derive.calculus.reverse_sweep import derivatives
from derive.calculus.second.directional import directional
from derive.calculus.second.products import gauss_newton_along, pruned
from derive.errors import ChainruleError
from derive.ir.derivation import Derivation
from derive.ir.fresh_names import UsedNames
from derive.ir.names import next_of
from derive.ir.notation import Affine, Axis, Call, Equation, Expr, Index, Read, Tensor, Term, affine
from derive.ir.system import Block, System
from derive.ir.tree import (
    add,
    computed_from,
    floordiv,
    fresh_letter,
    modulo,
    needed_by,
    replace_reads,
    transform,
)
from derive.language.normal_form import Normalizer
from derive.language.parser import read_equations
from derive.language.syntax import Syntax

MOST = 2000  # parameters whose matrix is formed and inverted
_PARAMETER, _GRADIENT = "w", "g"
_MATRIX = {"hessian": "H", "gauss_newton": "G"}


@dataclass(frozen=True)
class _Part:
    """One parameter in the vector of all: its gradient, its letters, where it begins."""

    name: str
    gradient: str
    axes: tuple[Axis, ...]
    start: int

    @property
    def size(self) -> int:
        """How many entries it has."""
        return prod(_number(a.extent) for a in self.axes)

    @property
    def place(self) -> Affine:
        """The place of an entry in the vector, rows one after the other."""
        result, step = affine(self.start), 1
        for axis in reversed(self.axes):
            result += affine(axis) * step
            step *= _number(axis.extent)
        return result

    def entry(self, place: Affine) -> tuple[Affine, ...]:
        """The subscripts of the entry at a place of its own, counted from 0."""
        result: list[Affine] = []
        step = self.size
        for k, axis in enumerate(self.axes):
            step //= _number(axis.extent)
            upper = floordiv(place, step) if step > 1 else place
            result.append(upper if k == 0 else modulo(upper, _number(axis.extent)))
        return tuple(result)


def _number(extent: Affine) -> int:
    assert extent.number is not None
    return extent.number


def moved_together(derivation: Derivation, moved: Sequence[str]) -> Derivation:
    """The derivation with the second derivatives that its optimiser reads, and its updates.

    `moved` are the parameters that move. Raises `ChainruleError` where they are too many, where
    their number isn't known, and where the model draws at random or moves buffers.
    """
    system = derivation.system
    parts = _parts(derivation, moved)
    size = sum(p.size for p in parts)
    _refuse(derivation, size)
    maker = _Maker(derivation, parts, size)
    return maker.updated(*maker.curvature(system.training.optimizer.curvature))


def _parts(derivation: Derivation, moved: Sequence[str]) -> tuple[_Part, ...]:
    result: list[_Part] = []
    start = 0
    for name in moved:
        tensor = derivation.system.table[name]
        if any(e.number is None for e in tensor.shape):
            raise ChainruleError(
                f"{derivation.system.name}: optimizer "
                f"{derivation.system.training.optimizer.type} needs to know how many entries "
                f"'{name}' has; give its axes a size, or choose another optimizer"
            )
        gradient = derivation.gradient(name)
        result.append(_Part(name, gradient.tensor, gradient.axes, start))
        start += result[-1].size
    return tuple(result)


def _refuse(derivation: Derivation, size: int) -> None:
    system = derivation.system
    place = f"{system.name}: optimizer {system.training.optimizer.type}"
    if size > MOST:
        raise ChainruleError(
            f"{place} inverts a matrix of all {size} parameters, and {MOST} are the most; "
            'make the model smaller or choose another, such as type = "adam"'
        )
    if system.updates or system.having("random", "mode"):
        raise ChainruleError(
            f"{place} is for models without random draws and running statistics; "
            'choose another, such as type = "adam"'
        )


class _Maker:
    """Makes the equations of one derivation's optimiser; every name that it gives is free."""

    def __init__(self, derivation: Derivation, parts: tuple[_Part, ...], size: int) -> None:
        self.derivation = derivation
        self.parts = parts
        self.used = UsedNames(t.name for t in derivation.tensors)
        taken = _letters(derivation)
        self.row = Axis(fresh_letter(taken, "a"), affine(size))
        self.column = Axis(fresh_letter({*taken, self.row.letter}, "b"), affine(size))

    # ---- second derivatives ----------------------------------------------------------------------

    def curvature(self, kind: str) -> tuple[list[Equation], list[Block]]:
        """The equations of the matrix, in the order of computation, and what is a derivative."""
        derivation, row, column = self.derivation, self.row, self.column
        names = [p.name for p in self.parts]
        letter = _MATRIX[kind]
        if kind == "hessian":
            along = pruned(directional(derivation, names))
        else:
            along = gauss_newton_along(derivation, derivation.system.output, names)
        second = derivatives(along, wrt=names, apart=True)
        self.used.names.update(second.table)
        assert along.earlier is not None
        directions = dict(along.earlier.directions)
        unit = self.used.fresh("unit")
        same = Call("delta", (Index(affine(row)), Index(affine(column))))
        result = [_plain(unit, (row, column), same)]
        for part in self.parts:
            body = Read(unit, (affine(row), part.place))
            result.append(_plain(directions[part.name], (row, *part.axes), body))
        own = {*derivation.system.defined, *(e.tensor for e in derivation.backward)}
        every = (*along.equations, *second.backward, *second.inlined)
        result += self.for_each_row([e for e in every if e.tensor not in own], directions.values())
        products = {p: second.adjoint[p] for p in second.wrt}
        rows = []
        for part in self.parts:
            if part.name in products:
                laid = self.laid_out(part, products[part.name], (row,), f"{letter}_{part.name}")
                result += laid[0]
                rows.append((part, laid[1]))
        matrix = self.used.fresh(letter)
        terms = [Read(name, (affine(row), affine(column) - part.start)) for part, name in rows]
        result.append(_one_after_the_other(matrix, (row, column), terms))
        needed = needed_by({matrix}, result)
        sources = [Block(name, "", of, twice=False) for of, name in self.moves(along, second)]
        if kind == "hessian":
            own = set(dict(along.earlier.adjoints))
            sources += [Block(v, "", n, twice=True) for n, v in second.adjoints if n in own]
        blocks_ = [b for b in sources if b.tensor in needed]
        return [e for e in result if e.tensor in needed], blocks_

    @staticmethod
    def moves(along: System, second: Derivation) -> list[tuple[str, str]]:
        """What each tensor moves by: the directions, and what follows from them."""
        assert along.earlier is not None
        of = {a: n for n, a in along.earlier.adjoints}
        return [*along.earlier.directions, *((of[n], v) for n, v in second.adjoints if n in of)]

    def for_each_row(
        self, equations: Sequence[Equation], directions: Iterable[str]
    ) -> list[Equation]:
        """The equations with the row's letter in all that is computed from the directions."""
        moving = computed_from(directions, equations)
        place = affine(self.row)

        def change(read: Read) -> Read | None:
            return Read(read.tensor, (place, *read.subscripts)) if read.tensor in moving else None

        return [
            Equation(
                e.tensor,
                (self.row, *e.axes),
                tuple(
                    Term(
                        (place, *t.target),
                        (self.row, *t.domain),
                        t.reduce,
                        transform(replace_reads(t.body, change), _held),
                    )
                    for t in e.terms
                ),
            )
            if e.tensor in moving
            else e
            for e in equations
        ]

    def laid_out(
        self, part: _Part, tensor: str, first: tuple[Axis, ...], wish: str
    ) -> tuple[list[Equation], str]:
        """What is shaped as a parameter as a row of numbers, behind the axes `first`."""
        if len(part.axes) == 1:
            return [], tensor
        taken = {a.letter for a in (*first, self.column)}
        place = Axis(fresh_letter(taken, "p"), affine(part.size))
        lead = tuple(affine(a) for a in first)
        name = self.used.fresh(wish)
        body = Read(tensor, (*lead, *part.entry(affine(place))))
        return [_plain(name, (*first, place), body)], name

    # ---- updates ---------------------------------------------------------------------------------

    def updated(self, curvature: list[Equation], blocks: list[Block]) -> Derivation:
        """The derivation with the matrix and the optimiser's equations."""
        derivation, matrix = self.derivation, curvature[-1].tensor
        training = derivation.system.training
        result: list[Equation] = []
        rows = []
        for part in self.parts:
            laid = self.laid_out(part, part.gradient, (), f"g_{part.name}")
            result += laid[0]
            rows.append(Read(laid[1], (affine(self.row) - part.start,)))
        whole = self.used.fresh(_GRADIENT)
        result.append(_one_after_the_other(whole, (self.row,), rows))
        hyper = {n: self.used.fresh(n) for n, _ in training.optimizer.hyperparameters}
        names = {**hyper, _GRADIENT: whole, _MATRIX[training.optimizer.curvature]: matrix}
        square = (self.row.extent, self.row.extent)
        maker = Normalizer(self.used.fresh, lambda _: True, lambda _: square)
        within = {"a": self.row, "b": self.column}
        for line in training.optimizer.update_text:
            written = read_equations(line, "optimizer", [])[0]
            if written.is_next:
                maker.equations += [
                    self.moved(part, written.right, names, line) for part in self.parts
                ]
                continue
            axes = tuple(within[x] for x, _ in zip("ab", written.letters, strict=False))
            names[written.tensor] = self.used.fresh(written.tensor)
            names[f"inv({written.tensor})"] = f"inv({names[written.tensor]})"
            body = update_body(written.right, names, (), within)
            maker.equation(names[written.tensor], axes, body, line)
        result += maker.equations
        tensors = [
            Tensor(hyper[n], (), "hyperparameter", value=v)
            for n, v in training.optimizer.hyperparameters
        ]
        tensors += [
            Tensor(e.tensor, tuple(a.extent for a in e.axes), "next") for e in (*curvature, *result)
        ]
        return replace(
            derivation,
            tensors=(*derivation.tensors, *tensors),
            curvature=tuple(curvature),
            blocks=tuple(blocks),
            updates=tuple(result),
        )

    def moved(self, part: _Part, right: Syntax, names: Mapping[str, str], text: str) -> Equation:
        """What a parameter will be: the rule at its places in the vector."""
        body = update_body(right, {**names, _PARAMETER: part.name}, (), {"a": self.row})

        def change(read: Read) -> Read | None:
            if read.tensor == part.name:
                return Read(part.name, tuple(affine(a) for a in part.axes))
            if read.subscripts == (affine(self.row),):
                return Read(read.tensor, (part.place,))
            return None

        return _plain(next_of(part.name), part.axes, replace_reads(body, change), text)


def _held(node: Expr) -> Expr | None:
    """What is held is its value: nothing is differentiated by it any more."""
    return node.args[0] if isinstance(node, Call) and node.function == "hold" else None


def _letters(derivation: Derivation) -> set[str]:
    every = (*derivation.forward, *derivation.backward, *derivation.inlined)
    return {a.letter for e in every for t in e.terms for a in (*e.axes, *t.domain)}


def _plain(tensor: str, axes: tuple[Axis, ...], body: Expr, source: str = "") -> Equation:
    target = tuple(affine(a) for a in axes)
    return Equation(tensor, axes, (Term(target, axes, "sum", body),), source)


def _one_after_the_other(tensor: str, axes: tuple[Axis, ...], rows: Sequence[Read]) -> Equation:
    """Rows joined: each read is 0 outside of its own tensor."""
    return _plain(tensor, axes, add(*rows))
