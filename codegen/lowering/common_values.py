"""What several equations compute is computed once, under a name of its own.

Three things are worth a name: a function that takes its time, such as `tanh(c[n,t,k])`; the windows
of a tensor that several equations walk; and a sum that another equation holds already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from codegen.lowering.context import Scene
from codegen.lowering.reads import runs_of, tiles
from codegen.program.facts import FEW
from derive.algebra.index_rules import within
from derive.ir.derivation import Derivation
from derive.ir.functions import ENTRYWISE
from derive.ir.notation import (
    Affine,
    Axis,
    Call,
    Dim,
    Equation,
    Expr,
    Index,
    Number,
    Pow,
    Read,
    Tensor,
    Term,
    affine,
)
from derive.ir.tree import (
    affine_axes,
    children,
    factors,
    fresh_name,
    letters,
    power,
    reads,
    replace_reads,
    substitute,
    transform,
    walk,
)
from derive.systems.schedule import Loop, members, schedule

_COSTLY = tuple(name for name, row in ENTRYWISE.items() if row.is_costly)


@dataclass(frozen=True)
class _Use:
    """An expression where it stands: under fixed letters, its own in the order of those.

    `order` is how the axes of an array of its values should lie, where this use may ask for one.
    """

    key: Expr
    letters: tuple[Axis, ...]
    order: tuple[Axis, ...] | None


_Find = Callable[[Equation], Iterator[_Use]]


@dataclass(frozen=True)
class Shared:
    """A derivation in which these things have names; `windows` tells which hold windows."""

    derivation: Derivation
    windows: frozenset[str]


def shared(derivation: Derivation) -> Shared:
    """Name what is computed more than once."""
    backward = _without_repeats(derivation)
    equations = [*derivation.forward, *backward]
    tensors = {t.name: t for t in derivation.tensors}
    looped = frozenset(
        e.tensor
        for part in (derivation.forward, tuple(backward))
        for block in schedule(part)
        if isinstance(block, Loop)
        for e in members(block.body)
    )
    own = {t.name for t in derivation.tensors}
    functions = _Functions(tensors)
    _name_all(equations, tensors, functions.uses)
    before = set(tensors)
    _name_all(equations, tensors, _Windows(tensors, looped).uses)
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


def _name_all(equations: list[Equation], tensors: dict[str, Tensor], find: _Find) -> None:
    """Name the largest expressions that stand in several places, until there are none."""
    while True:
        found: dict[Expr, list[tuple[int, _Use]]] = {}
        for k, equation in enumerate(equations):
            for use in find(equation):
                found.setdefault(use.key, []).append((k, use))
        worth = {
            key: sum(1 for _ in walk(key))
            for key, uses in found.items()
            if len(uses) > 1 and any(u.order is not None for _, u in uses)
        }
        if not worth:
            return
        # those of one size don't stand in each other
        largest = max(worth.values())
        chosen = {key: found[key] for key, size in worth.items() if size == largest}
        equations[:] = _named(equations, tensors, chosen)


def _named(
    equations: Sequence[Equation],
    tensors: dict[str, Tensor],
    chosen: Mapping[Expr, Sequence[tuple[int, _Use]]],
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


def _made(key: Expr, uses: Sequence[_Use], tensors: dict[str, Tensor]) -> tuple[_Held, Equation]:
    """A new tensor that holds an expression, with its equation."""
    chosen = next(u for u in uses if u.order is not None)
    assert chosen.order is not None
    name = fresh_name(tensors, _called(key))
    places = {a: affine(b) for a, b in zip(_fixed(chosen.letters), chosen.letters, strict=True)}
    target = tuple(affine(a) for a in chosen.order)
    term = Term(target, chosen.order, "sum", substitute(key, places))
    tensors[name] = Tensor(name, tuple(a.extent for a in chosen.order), "intermediate")
    held = _Held(name, tuple(chosen.letters.index(a) for a in chosen.order))
    return held, Equation(name, chosen.order, (term,))


def _reading(equation: Equation, held: Mapping[Expr, _Held]) -> Equation:
    """The equation with expressions read from the tensors that hold them."""

    def change(node: Expr) -> Expr | None:
        match node:
            case Pow(base, Number(value)) if value.denominator == 2:
                key, own = _under_fixed(Call("sqrt", (base,)))
                return power(held[key].read(own), Number(value * 2)) if key in held else None
            case Call() | Pow() | Read():
                key, own = _under_fixed(node)
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
        and _under_fixed(term.body)[0] == key
    )


def _places(equation: Equation, key: Expr) -> tuple[int, ...]:
    own = _under_fixed(equation.terms[0].body)[1]
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


# ---- one form for what differs in its letters only -----------------------------------------------


def _fixed(own: Iterable[Axis]) -> tuple[Axis, ...]:
    return tuple(Axis(f"{k}'", a.extent) for k, a in enumerate(own))


def _under_fixed(expr: Expr) -> tuple[Expr, tuple[Axis, ...]]:
    """An expression under fixed letters, and its own in the order of those."""
    own: dict[Axis, None] = {}
    for node in walk(expr):
        match node:
            case Read(_, subscripts):
                values = subscripts
            case Index(value):
                values = (value,)
            case _:
                continue
        for value in values:
            # the longest first, whatever the letters are called
            own.update(dict.fromkeys(sorted(affine_axes(value), key=_by_length)))
    found = tuple(own)
    places = {a: affine(b) for a, b in zip(found, _fixed(found), strict=True)}
    return substitute(expr, places), found


def _by_length(axis: Axis) -> tuple[float, str]:
    number = axis.extent.number
    return (float("-inf") if number is None else -number), axis.letter


# ---- functions -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Functions:
    """Finds functions of arrays that take their time."""

    tensors: Mapping[str, Tensor]

    def uses(self, equation: Equation) -> Iterator[_Use]:
        for term in equation.terms:
            for node, taken in _costly(term.body, taken=True):
                if not letters(node) or not any(True for _ in reads(node)):
                    continue
                key, own = _under_fixed(node)
                order = tuple(a for a in term.domain if a in own)
                safe = taken and set(order) == set(own) and self._inside(node)
                yield _Use(key, own, order if safe else None)

    def _inside(self, node: Expr) -> bool:
        return all(
            within(s, extent)
            for read in reads(node)
            for s, extent in zip(read.subscripts, self.tensors[read.tensor].shape, strict=True)
        )


def _costly(expr: Expr, *, taken: bool) -> Iterator[tuple[Expr, bool]]:
    """The costly parts of a body, and whether they are surely computed: arms of `where` aren't."""
    match expr:
        case Call("where", (condition, *arms)):
            yield from _costly(condition, taken=taken)
            for arm in arms:
                yield from _costly(arm, taken=False)
            return
        case Call(function, _) if function in _COSTLY:
            yield expr, taken
        case Pow(base, Number(value)) if value.denominator == 2:
            yield Call("sqrt", (base,)), taken
        case Pow(base, exponent) if not (
            isinstance(exponent, Number) and exponent.value.denominator == 1
        ):
            yield expr, taken
        case _:
            pass
    for part in children(expr):
        yield from _costly(part, taken=taken)


# ---- windows -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Windows:
    """Finds windows: reads in which one subscript walks with several letters.

    Two uses ask for an array of them: a maximum over few places, which go first then, so that
    each place is a whole array; and a product with another tensor, as rows of a matrix.
    """

    tensors: Mapping[str, Tensor]
    looped: frozenset[str]

    def uses(self, equation: Equation) -> Iterator[_Use]:
        if equation.tensor in self.looped:
            return
        for term in equation.terms:
            for node in _outermost(term.body, self._windowed):
                key, own = _under_fixed(node)
                yield _Use(key, own, self._order(term, node, own))

    def _windowed(self, node: Expr) -> bool:
        match node:
            case Call("where", (_, Read() as read, other)):
                return self._windowed(read) and not letters(other) and not list(reads(other))
            case Read(tensor, subscripts):
                plain = all(isinstance(a, Axis | Dim) for s in subscripts for a, _ in s.terms)
                several = any(
                    sum(a.extent.number != 1 for a in affine_axes(s)) > 1 for s in subscripts
                )
                return plain and several and tensor not in self.looped
            case _:
                return False

    def _order(self, term: Term, node: Expr, own: tuple[Axis, ...]) -> tuple[Axis, ...] | None:
        if not term.plain or set(own) - set(term.domain):
            return None
        kept = tuple(a for a in term.domain if a in own and a not in term.reduced)
        run = tuple(a for a in own if a in term.reduced)
        if term.reduce in ("max", "min"):
            places = prod(a.extent.number or FEW + 1 for a in term.reduced)
            few = term.body == node and set(run) == set(term.reduced) and places <= FEW
            return (*run, *kept) if few else None
        if term.reduce == "sum" and isinstance(node, Read) and not self._tiled(node):
            others = [f for f in factors(term.body) if isinstance(f, Read) and f != node]
            if len(others) == 1 and len(factors(term.body)) == 2 and run and kept:
                theirs = set(letters(others[0]))
                product = not theirs & set(kept) and set(run) <= theirs and theirs - set(run)
                return (*kept, *run) if product else None
        return None

    def _tiled(self, read: Read) -> bool:
        """Whether the windows lie side by side, so that they are a matter of shape."""
        scene = Scene(self.tensors, ())
        shape = self.tensors[read.tensor].shape

        def digits(subscript: Affine, extent: Affine) -> bool:
            own = tuple(affine_axes(subscript))
            return len(own) < 2 or tiles(*runs_of(subscript, own, scene), extent) is not None

        return all(digits(s, e) for s, e in zip(read.subscripts, shape, strict=True))


def _outermost(expr: Expr, wanted: Callable[[Expr], bool]) -> Iterator[Expr]:
    if wanted(expr):
        yield expr
        return
    for part in children(expr):
        yield from _outermost(part, wanted)


# ---- sums that are there already -----------------------------------------------------------------


def _without_repeats(derivation: Derivation) -> list[Equation]:
    """The backward equations, each sum formed once; a gradient is read off another one's."""
    table = derivation.table
    asked = {d for n, d in derivation.adjoint.items() if table[n].role in ("parameter", "input")}
    found: dict[object, str] = {}
    kept: list[Equation] = []
    same: dict[str, str] = {}
    for equation in derivation.backward:
        form = _form(equation)
        first = found.setdefault(form, equation.tensor) if form is not None else equation.tensor
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
    body, own = _under_fixed(term.body)
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
