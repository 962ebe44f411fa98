"""What several equations compute is computed once, under a name of its own.

Three things are worth a name: a function that takes its time, such as `tanh(c[n,t,k])`; the windows
of a tensor that several equations walk; and a sum that another equation holds already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from codegen.lowering.common_uses import Functions, Use, Windows, canonical, key_of
from codegen.lowering.constant_values import with_constants_written_in
from derive.ir.derivation import Derivation
from derive.ir.fresh_names import fresh_name
from derive.ir.notation import Axis, Call, Equation, Expr, Number, Pow, Read, Tensor, Term, affine
from derive.ir.tree import equation_reads, letters, power, reads, replace_reads, transform, walk
from derive.systems.schedule import Loop, members, schedule

_Find = Callable[[Equation], Iterator[Use]]


@dataclass(frozen=True)
class Shared:
    """A derivation in which these things have names; `windows` tells which hold windows."""

    derivation: Derivation
    windows: frozenset[str]


def shared(derivation: Derivation) -> Shared:
    """Name what is computed more than once."""
    tensors = {t.name: t for t in derivation.tensors}
    backward = with_constants_written_in(_without_repeats(derivation), tensors, _asked(derivation))
    equations = [*derivation.forward, *backward]
    looped = frozenset(
        e.tensor
        for part in (derivation.forward, tuple(backward))
        for block in schedule(part)
        if isinstance(block, Loop)
        for e in members(block.body)
    )
    own = {t.name for t in derivation.tensors}
    functions = Functions(tensors)
    _name_all(equations, tensors, functions.uses)
    before = set(tensors)
    _name_all(equations, tensors, Windows(tensors, looped).uses)
    made = tuple(t for n, t in tensors.items() if n not in own)
    gone = {e.tensor for e in derivation.backward} - {e.tensor for e in backward}
    last = max(k for k, e in enumerate(equations) if e.tensor in derivation.system.defined)
    system = replace(
        derivation.system,
        tensors=(*derivation.system.tensors, *made),
        equations=tuple(equations[: last + 1]),
    )
    return Shared(
        replace(
            derivation,
            system=system,
            tensors=(*(t for t in derivation.tensors if t.name not in gone), *made),
            backward=tuple(equations[last + 1 :]),
        ),
        frozenset(set(tensors) - before),
    )


def _asked(derivation: Derivation) -> set[str]:
    """The derivatives that others than the backward equations ask for."""
    table = derivation.table
    others = (*derivation.curvature, *derivation.system.updates)
    read = {r.tensor for e in others for r in equation_reads(e)}
    given = ("parameter", "input")
    return read | {d for n, d in derivation.adjoint.items() if table[n].role in given}


def _name_all(equations: list[Equation], tensors: dict[str, Tensor], find: _Find) -> None:
    """Name the largest expressions that stand in several places, until there are none."""
    while True:
        result: dict[Expr, list[tuple[int, Use]]] = {}
        for k, equation in enumerate(equations):
            for use in find(equation):
                result.setdefault(use.key, []).append((k, use))
        worth = {
            key: sum(1 for _ in walk(key))
            for key, uses in result.items()
            if len(uses) > 1 and any(u.order is not None for _, u in uses)
        }
        if not worth:
            return
        # those of one size don't stand in each other
        largest = max(worth.values())
        chosen = {key: result[key] for key, size in worth.items() if size == largest}
        equations[:] = _named(equations, tensors, chosen)


def _named(
    equations: Sequence[Equation],
    tensors: dict[str, Tensor],
    chosen: Mapping[Expr, Sequence[tuple[int, Use]]],
) -> Iterator[Equation]:
    """The equations, with each expression under a name: that of what holds it, else a new one."""
    held: dict[Expr, _Held] = {}
    made: dict[int, list[Equation]] = {}
    reading: dict[int, set[Expr]] = {}
    for key, uses in chosen.items():
        first = uses[0][0]
        holder = next((k for k, _ in uses if _is(equations[k], key)), None)
        if holder is not None and holder <= first:
            held[key] = _Held(equations[holder].tensor, _places(equations[holder], key))
        else:
            holder = None
            held[key], equation = _made(key, [u for _, u in uses], tensors)
            made.setdefault(first, []).append(equation)
        for k in {k for k, _ in uses} - {holder}:
            reading.setdefault(k, set()).add(key)
    for k, equation in enumerate(equations):
        yield from made.get(k, ())
        own = {key: held[key] for key in reading.get(k, ())}
        yield _reading(equation, own) if own else equation


@dataclass(frozen=True)
class _Held:
    """The tensor that holds an expression, and which letter of the expression each axis is."""

    tensor: str
    places: tuple[int, ...]

    def read(self, own: tuple[Axis, ...]) -> Read:
        return Read(self.tensor, tuple(affine(own[p]) for p in self.places))


def _made(key: Expr, uses: Sequence[Use], tensors: dict[str, Tensor]) -> tuple[_Held, Equation]:
    """A new tensor that holds an expression, with its equation."""
    chosen = next(u for u in uses if u.order is not None)
    assert chosen.order is not None
    name = fresh_name(tensors, _called(key))
    target = tuple(affine(a) for a in chosen.order)
    term = Term(target, chosen.order, "sum", chosen.of)
    tensors[name] = Tensor(name, tuple(a.extent for a in chosen.order), "intermediate")
    held = _Held(name, tuple(chosen.letters.index(a) for a in chosen.order))
    return held, Equation(name, chosen.order, (term,))


def _reading(equation: Equation, held: Mapping[Expr, _Held]) -> Equation:
    """The equation with expressions read from the tensors that hold them."""

    def change(node: Expr) -> Expr | None:
        match node:
            case Pow(base, Number(value)) if value.denominator == 2:
                key, own = key_of(Call("sqrt", (base,)))
                return power(held[key].read(own), Number(value * 2)) if key in held else None
            case Call() | Pow() | Read():
                key, own = key_of(node)
                return held[key].read(own) if key in held else None
            case _:
                return None

    terms = tuple(replace(t, body=transform(t.body, change)) for t in equation.terms)
    return replace(equation, terms=terms)


def _is(equation: Equation, key: Expr) -> bool:
    """Whether an equation's right side is the expression and nothing else."""
    (term, *others) = equation.terms
    return (
        not others
        and type(term.body) is type(key)
        and term.plain
        and not term.reduced
        and set(letters(term.body)) == set(term.domain)
        and key_of(term.body)[0] == key
    )


def _places(equation: Equation, key: Expr) -> tuple[int, ...]:
    own = key_of(equation.terms[0].body)[1]
    return tuple(own.index(s.axis) for s in equation.terms[0].target if s.axis is not None)


def _called(key: Expr) -> str:
    """`tanh_c` for `tanh(c[n,t,k])`, `x_windows` for windows of x."""
    tensor = next(reads(key)).tensor
    match key:
        case Call("where", _) | Read():
            return f"{tensor}_windows"
        case Call(function, _):
            return f"{function}_{tensor}"
        case _:
            return f"power_{tensor}"


def _without_repeats(derivation: Derivation) -> list[Equation]:
    """The backward equations, each sum formed once; a gradient is read off another one's."""
    table = derivation.table
    asked = {d for n, d in derivation.adjoint.items() if table[n].role in ("parameter", "input")}
    result: dict[object, str] = {}
    kept: list[Equation] = []
    same: dict[str, str] = {}
    for equation in derivation.backward:
        form = _form(equation)
        first = result.setdefault(form, equation.tensor) if form is not None else equation.tensor
        if first == equation.tensor:
            kept.append(equation)
        elif equation.tensor not in asked:
            same[equation.tensor] = first
        else:
            body = Read(first, tuple(affine(a) for a in equation.axes))
            target = tuple(affine(a) for a in equation.axes)
            term = Term(target, equation.axes, "sum", body)
            kept.append(replace(equation, terms=(term,)))
    return [_renamed(e, same) for e in kept] if same else kept


def _form(equation: Equation) -> object | None:
    """What an equation with one reduction says, whatever its letters are called."""
    (term, *others) = equation.terms
    if others or not term.plain or not term.reduced:
        return None
    body, own = canonical(term.body)
    if set(own) != set(term.domain):
        return None
    return term.reduce, tuple(own.index(s.axis) for s in term.target if s.axis is not None), body


def _renamed(equation: Equation, same: Mapping[str, str]) -> Equation:
    def change(read: Read) -> Expr | None:
        return Read(same[read.tensor], read.subscripts) if read.tensor in same else None

    return replace(
        equation,
        terms=tuple(replace(t, body=replace_reads(t.body, change)) for t in equation.terms),
    )
