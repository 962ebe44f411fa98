"""Hessians and Jacobians in full: the letters of both tensors stand on the left.

A derivative along a direction is linear in it. So the direction is put in that is 1 at one place
`k,l` and 0 elsewhere, `v_W[i,j] = delta(i, k)*delta(j, l)`: all that changes gets the letters
`k,l` too, and what was a change is a derivative by `W[k,l]`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from derive.algebra.index_rules import elementwise
from derive.calculus.reverse_sweep import derivatives
from derive.calculus.second.directional import directional
from derive.calculus.second.products import first_derivatives, pruned, vector_jacobian
from derive.calculus.tidy import Tidier
from derive.ir.derivation import Derivation
from derive.ir.fresh_names import UsedNames, fresh_name
from derive.ir.notation import Axis, Call, Equation, Expr, Index, Read, Tensor, Term, affine
from derive.ir.system import Block, Earlier, Results, System
from derive.ir.tree import (
    ONE,
    computed_from,
    factors,
    fresh_letter,
    mul,
    needed_by,
    replace_reads,
    substitute,
    substitute_affine,
)
from derive.systems.schedule import members, schedule

T = TypeVar("T")

_OTHERS = ("q", "r", "u", "a", "f", "g", "h")  # what values on the way are called


def hessian(system: System | Derivation, wrt: Iterable[str] | None = None) -> System:
    """All second derivatives of the objective by the tensors of `wrt`, as equations.

    `H_W_U[k,l,i,j]` is the derivative by `W[k,l]` and `U[i,j]`, for every pair whose first stands
    before the second or is it; the other half is the same numbers. `wrt` is every trainable
    parameter by default. On the way stand `J_z_W[n,i,k,l]`, the derivative of `z[n,i]` by
    `W[k,l]`.

    Raises `ChainruleError` for an unknown tensor, and where the objective depends on none.
    """
    first = first_derivatives(system, wrt)
    names = first.wrt
    result = FullDerivatives()
    base = first.system
    for k, name in enumerate(names):
        second = derivatives(pruned(directional(first, [name])), wrt=names[k:], apart=True)
        base = joined(base, second.system) if k else second.system
        result = _block(second, name, names[k:], result)
    return _with(base, result, {block_name(a, b) for k, a in enumerate(names) for b in names[k:]})


def jacobian(system: System | Derivation, of: str, wrt: Iterable[str] | None = None) -> System:
    """All derivatives of a tensor by the tensors of `wrt`, as equations.

    `J_y_W[n,i,k,l]` is the derivative of `y[n,i]` by `W[k,l]`. `wrt` is every trainable parameter
    by default.

    Raises `ChainruleError` for an unknown tensor.
    """
    transposed = vector_jacobian(system, of, wrt)
    of = transposed.objective
    seeds = [t for t in transposed.tensors if t.name not in transposed.system.table]
    seed = next((t.name for t in seeds if t.role == "input"), "")
    axes = transposed.system.defined[of].axes if of in transposed.system.defined else ()
    unit = _Unit(seed, _letters(transposed, axes))

    def called(by: str) -> Block | None:
        return Block(jacobian_name(of, by), of, by, twice=False)

    result = _derivatives(transposed, unit, of, called, transposed.wrt, FullDerivatives())
    return _with(transposed.system, result, {jacobian_name(of, n) for n in transposed.wrt})


def block_name(one: str, other: str) -> str:
    """The name of the second derivative by two tensors."""
    return f"H_{one}_{other}"


def jacobian_name(of: str, by: str) -> str:
    """The name of the derivatives of one tensor by another."""
    return f"J_{of}_{by}"


def joined(base: System, other: System) -> System:
    """A system with what another one of the same model has more."""
    tensors = (*base.tensors, *(t for t in other.tensors if t.name not in base.table))
    equations = (*base.equations, *(e for e in other.equations if e.tensor not in base.defined))
    return replace(base, tensors=tensors, equations=equations)


@dataclass(frozen=True)
class FullDerivatives:
    """Equations of derivatives in full, and which of their tensors are such derivatives."""

    equations: tuple[Equation, ...] = ()
    blocks: tuple[Block, ...] = ()

    @property
    def defined(self) -> Mapping[str, Equation]:
        """The equation that defines a tensor, by the tensor's name."""
        return {e.tensor: e for e in self.equations}


def _with(base: System, derivatives: FullDerivatives, wanted: Collection[str]) -> System:
    """A system of the blocks that are wanted and all that they are computed from."""
    equations = (*base.equations, *derivatives.equations)
    if base.earlier is not None:
        wanted = {*wanted, base.earlier.objective}
    needed = needed_by(wanted, equations)
    new = tuple(
        Tensor(e.tensor, tuple(a.extent for a in e.axes), "intermediate")
        for e in derivatives.equations
        if e.tensor in needed
    )
    directions = {v for _, v in base.earlier.directions} if base.earlier else set()
    kept = tuple(
        t
        for t in base.tensors
        if t.name in needed
        or (t.role in ("parameter", "input", "target", "buffer") and t.name not in directions)
    )
    objective = base.earlier.objective if base.earlier else base.objective
    blocks = tuple(b for b in derivatives.blocks if b.tensor in needed)
    return replace(
        base,
        tensors=(*kept, *new),
        equations=tuple(e for e in equations if e.tensor in needed),
        results=Results(),
        updates=(),
        earlier=Earlier(
            objective or "", base.earlier.adjoints if base.earlier else (), blocks=blocks
        ),
    )


@dataclass(frozen=True)
class _Unit:
    """A direction that is 1 at one place: its tensor, and the letters that name the place.

    Of a derivative by a scalar's change there is none, and no letter.
    """

    direction: str
    axes: tuple[Axis, ...]


def _block(
    second: Derivation, name: str, wanted: Collection[str], before: FullDerivatives
) -> FullDerivatives:
    """The derivatives along `name` with the letters of a place in it, after those `before`."""
    earlier = second.system.earlier
    assert earlier is not None
    changes = {a: of for of, a in earlier.adjoints}
    known = {of for of, _ in earlier.adjoints}

    def called(by: str) -> Block | None:
        if by in changes:
            return Block(jacobian_name(changes[by], name), changes[by], name, twice=False)
        if by in known:
            return Block(block_name(name, by), name, by, twice=True)
        return None

    axes = second.system.defined[dict(earlier.adjoints)[name]].axes
    unit = _Unit(dict(earlier.directions)[name], _letters(second, axes))
    return _derivatives(second, unit, name, called, wanted, before)


def _derivatives(
    derivation: Derivation,
    unit: _Unit,
    own: str,
    called: Callable[[str], Block | None],
    wanted: Collection[str],
    before: FullDerivatives,
) -> FullDerivatives:
    """The equations of a derivation with the letters of a place in `own` in all that moves.

    `called` says what the derivative by a tensor is; they come after those `before`.
    """
    taken = before.defined
    equations = (*derivation.backward, *derivation.inlined)
    moving = computed_from({unit.direction}, equations)
    if not unit.direction:
        moving |= {adjoint for _, adjoint in derivation.adjoints}
    names = _names(derivation, moving, called, own, taken)
    helpers = {n.tensor for n in names.values() if n.block is None}
    asked = {names[a].tensor for n, a in derivation.adjoints if n in wanted and a in names}
    lifted = [_lifted(e, unit, names) for e in equations]
    still = [e for e, old in zip(lifted, equations, strict=True) if old.tensor not in moving]
    lifted = [e for e, old in zip(lifted, equations, strict=True) if old.tensor in moving]
    lifted = _put_in(lifted, asked, helpers)
    system = derivation.system
    table = [
        Tensor(e.tensor, tuple(a.extent for a in e.axes), "intermediate")
        for e in (*still, *lifted)
        if e.tensor not in system.table
    ]
    used = UsedNames((*system.table, *taken, *(t.name for t in table)))
    whole = replace(system, tensors=(*system.tensors, *table))
    kept, _ = Tidier(whole, lifted, frozenset(asked), used.fresh, []).run()
    new = (*(e for e in still if e.tensor not in taken), *kept)
    blocks = (n.block for n in names.values() if n.block is not None)
    return FullDerivatives((*before.equations, *new), (*before.blocks, *blocks))


def _letters(derivation: Derivation, axes: Iterable[Axis]) -> tuple[Axis, ...]:
    """Letters for a place in a tensor with these axes that stand in no equation yet."""
    every = (*derivation.forward, *derivation.backward, *derivation.inlined)
    taken = {a.letter for e in every for t in e.terms for a in (*e.axes, *t.domain)}
    result = []
    for axis in axes:
        letter = fresh_letter(taken, "k")
        taken.add(letter)
        result.append(Axis(letter, axis.extent))
    return tuple(result)


@dataclass(frozen=True)
class _Name:
    """What a change is called as a derivative, and where the place's letters stand.

    `own` is the tensor in which the place is. A change of no tensor and of no derivative, but of a
    value on the way, is no `block`; `still`: it doesn't change.
    """

    tensor: str
    own: str
    block: Block | None = None
    still: bool = False

    def joined(self, own: tuple[T, ...], more: tuple[T, ...]) -> tuple[T, ...]:
        """What belongs to the letters of a tensor, and to those of the place."""
        if self.still:
            return own
        first = self.block is not None and self.block.first == self.own
        return (*more, *own) if first else (*own, *more)


def _names(
    derivation: Derivation,
    moving: Collection[str],
    called: Callable[[str], Block | None],
    own: str,
    taken: Mapping[str, Equation],
) -> Mapping[str, _Name]:
    of = {a: n for n, a in derivation.adjoints}
    used = {*derivation.table, *taken}
    result: dict[str, _Name] = {}
    for equation in (*derivation.backward, *derivation.inlined):
        tensor = equation.tensor
        still = tensor not in moving
        if still and taken.get(tensor, equation) == equation:
            continue
        block = called(of[tensor]) if tensor in of and not still else None
        name = fresh_name(used, *([block.tensor] if block else _OTHERS))
        used.add(name)
        result[tensor] = _Name(name, own, replace(block, tensor=name) if block else None, still)
    return result


def _lifted(equation: Equation, unit: _Unit, names: Mapping[str, _Name]) -> Equation:
    """An equation with the letters of the place, and the direction that is 1 there."""
    more = tuple(affine(a) for a in unit.axes)
    name = names.get(equation.tensor, _Name(equation.tensor, "", still=True))

    def change(read: Read) -> Expr | None:
        if read.tensor == unit.direction:
            pairs = zip(read.subscripts, more, strict=True)
            return mul(*(Call("delta", (Index(a), Index(b))) for a, b in pairs))
        if read.tensor in names:
            other = names[read.tensor]
            return Read(other.tensor, other.joined(read.subscripts, more))
        return None

    terms = tuple(
        Term(
            name.joined(t.target, more),
            name.joined(t.domain, unit.axes),
            t.reduce,
            replace_reads(t.body, change),
        )
        for t in equation.terms
    )
    return Equation(name.tensor, name.joined(equation.axes, unit.axes), terms)


def _put_in(
    equations: Iterable[Equation], asked: Collection[str], helpers: Collection[str]
) -> list[Equation]:
    """The equations with those that hold a delta written into the others.

    A sum over a letter that a delta ties is then its term at this letter; one of the `helpers`
    that was such a sum is written into what uses it, too.
    """
    written: dict[str, Equation] = {}
    kept: list[Equation] = []
    for equation in members(schedule(tuple(equations))):
        terms = tuple(_tied(_written_in(t, written)) for t in equation.terms)
        result = replace(equation, terms=terms)
        summed = result.tensor in helpers and not elementwise(equation)
        if result.tensor not in asked and _may_go(result, summed):
            written[result.tensor] = result
        else:
            kept.append(result)
    return kept


def _may_go(equation: Equation, summed: bool) -> bool:
    """Whether an equation is one term without a sum that holds a delta, or was `summed`."""
    if len(equation.terms) > 1 or not elementwise(equation):
        return False
    body = equation.terms[0].body
    return summed or any(_ties(f) is not None for f in factors(body))


def _written_in(term: Term, written: Mapping[str, Equation]) -> Term:
    def change(read: Read) -> Expr | None:
        if read.tensor not in written:
            return None
        equation = written[read.tensor]
        places = dict(zip(equation.axes, read.subscripts, strict=True))
        return substitute(equation.terms[0].body, places)

    return replace(term, body=replace_reads(term.body, change))


def _tied(term: Term) -> Term:
    """A sum without the letters that a delta ties to another one."""
    if term.reduce != "sum":
        return term
    parts = factors(term.body)
    for factor in parts:
        pair = _ties(factor)
        if pair is None:
            continue
        for one, other in (pair, pair[::-1]):
            if one in term.reduced:
                rest = [f for f in parts if f is not factor]
                tie = {one: affine(other)}
                domain = tuple(a for a in term.domain if a != one)
                body = substitute(mul(*rest) if rest else ONE, tie)
                target = tuple(substitute_affine(s, tie) for s in term.target)
                return _tied(replace(term, target=target, domain=domain, body=body))
    return term


def _ties(factor: Expr) -> tuple[Axis, Axis] | None:
    match factor:
        case Call("delta", (Index(a), Index(b))) if a.axis is not None and b.axis is not None:
            same = a.axis != b.axis and a.axis.extent == b.axis.extent
            return (a.axis, b.axis) if same else None
        case _:
            return None
