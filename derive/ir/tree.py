"""Building expressions and walking over them. Nothing here knows any calculus."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from fractions import Fraction

from derive.ir.notation import (
    Add,
    Affine,
    Atom,
    Axis,
    Equation,
    Expr,
    FloorDiv,
    Index,
    Mod,
    Mul,
    Number,
    Pow,
    Read,
    Reduction,
    Term,
    affine,
)
from derive.ir.walk import Tree

ZERO = Number(Fraction(0))
ONE = Number(Fraction(1))
MINUS_ONE = Number(Fraction(-1))


def number(value: int | Fraction) -> Number:
    """A rational number as an expression."""
    return Number(Fraction(value))


def index(value: Affine) -> Expr:
    """A subscript used as a value: a plain number where it is one."""
    return Index(value) if value.terms else number(value.constant)


def add(*args: Expr) -> Expr:
    """A sum: nested sums are one sum, zeros go, plain numbers meet in the first one's place."""
    flat: list[Expr] = []
    for arg in args:
        flat.extend(arg.args if isinstance(arg, Add) else (arg,))
    total = sum((a.value for a in flat if isinstance(a, Number)), Fraction(0))
    kept: list[Expr] = []
    placed = not total
    for arg in flat:
        if not isinstance(arg, Number):
            kept.append(arg)
        elif not placed:
            kept.append(Number(total))
            placed = True
    if not kept:
        return ZERO
    return kept[0] if len(kept) == 1 else Add(tuple(kept))


def mul(*args: Expr) -> Expr:
    """A product: nested products are one product, plain numbers meet in front."""
    flat: list[Expr] = []
    for arg in args:
        flat.extend(arg.args if isinstance(arg, Mul) else (arg,))
    scale = Fraction(1)
    kept: list[Expr] = []
    for arg in flat:
        if isinstance(arg, Number):
            scale *= arg.value
        else:
            kept.append(arg)
    if not scale:
        return ZERO
    if scale != 1 or not kept:
        kept.insert(0, Number(scale))
    return kept[0] if len(kept) == 1 else Mul(tuple(kept))


def negative(arg: Expr) -> Expr:
    """The negative of an expression."""
    return mul(MINUS_ONE, arg)


def power(base: Expr, exponent: Expr) -> Expr:
    """A power; of small numbers the number itself."""
    if exponent == ONE:
        return base
    if (
        isinstance(base, Number)
        and isinstance(exponent, Number)
        and exponent.value.denominator == 1
        and abs(exponent.value) <= 64
        and (base.value or exponent.value > 0)
    ):
        return Number(base.value ** int(exponent.value))
    return Pow(base, exponent)


def divide(over: Expr, under: Expr) -> Expr:
    """A quotient."""
    return mul(over, power(under, MINUS_ONE))


EXPRESSIONS: Tree[Expr] = Tree(
    Expr,
    make={
        Add: lambda _, parts: add(*parts),
        Mul: lambda _, parts: mul(*parts),
        Pow: lambda _, parts: power(*parts),
    },
)
children = EXPRESSIONS.children  # subscripts are not entered
rebuild = EXPRESSIONS.rebuild
transform = EXPRESSIONS.transform
over = EXPRESSIONS.over
walk = EXPRESSIONS.walk


def combine(subscript: Affine, places: Iterable[Affine | Atom]) -> Affine:
    """The subscript with others in the place of its atoms, in order."""
    total = affine(subscript.constant)
    for (_, coefficient), place in zip(subscript.terms, places, strict=True):
        total += affine(place) * coefficient
    return total


def floordiv(of: Affine, by: int) -> Affine:
    """`of // by`, worked out where it is a number."""
    return affine(of.constant // by) if not of.terms else affine(FloorDiv(of, by))


def modulo(of: Affine, by: int) -> Affine:
    """`of % by`, worked out where it is a number."""
    return affine(of.constant % by) if not of.terms else affine(Mod(of, by))


SUBSCRIPTS: Tree[Affine | Atom] = Tree(
    Affine | Atom,
    apart=("extent",),
    make={
        Affine: combine,
        FloorDiv: lambda old, parts: floordiv(parts[0], old.by),
        Mod: lambda old, parts: modulo(parts[0], old.by),
    },
)


def _affine_reads(subscript: Affine) -> Iterator[Read]:
    if subscript.axis is not None:  # as most are
        return iter(())
    return (node for node in SUBSCRIPTS.walk(subscript) if isinstance(node, Read))


def reads(expr: Expr) -> Iterator[Read]:
    """Every read in value position, in reading order, repeats included."""
    for node in walk(expr):
        if isinstance(node, Read):
            yield node


def index_reads(expr: Expr) -> Iterator[Read]:
    """Every read of an integer tensor that stands inside a subscript."""
    for node in walk(expr):
        match node:
            case Read(_, subscripts):
                for subscript in subscripts:
                    yield from _affine_reads(subscript)
            case Index(value):
                yield from _affine_reads(value)
            case _:
                pass


def affine_axes(subscript: Affine) -> Iterator[Axis]:
    """The letters of a subscript, in order."""
    letter = subscript.axis
    if letter is not None:  # as most are
        return iter((letter,))
    return (node for node in SUBSCRIPTS.walk(subscript) if isinstance(node, Axis))


def letters(expr: Expr) -> dict[Axis, None]:
    """The free letters of an expression, in reading order."""
    result: dict[Axis, None] = {}
    match expr:
        case Read(_, subscripts):
            for subscript in subscripts:
                result.update(dict.fromkeys(affine_axes(subscript)))
        case Index(value):
            result.update(dict.fromkeys(affine_axes(value)))
        case Reduction(_, axes, body):
            result.update((a, None) for a in letters(body) if a not in axes)
        case _:
            for part in children(expr):
                result.update(letters(part))
    return result


def map_atoms(subscript: Affine, change: Callable[[Affine | Atom], Affine | Atom | None]) -> Affine:
    """A subscript with other atoms or subscripts for those that `change` has another for."""
    return affine(SUBSCRIPTS.transform(subscript, change))


def substitute_affine(subscript: Affine, places: Mapping[Axis, Affine]) -> Affine:
    """A subscript with letters replaced by subscripts."""
    letter = subscript.axis
    if letter is not None:  # as most are, and looked up at once
        return places.get(letter, subscript)
    return map_atoms(subscript, lambda n: places.get(n) if isinstance(n, Axis) else None)


def substitute(expr: Expr, places: Mapping[Axis, Affine]) -> Expr:
    """An expression with free letters replaced by subscripts."""
    if not places:
        return expr

    def change(node: Expr) -> Expr | None:
        match node:
            case Read(tensor, subscripts):
                return Read(tensor, tuple(substitute_affine(s, places) for s in subscripts))
            case Index(value):
                return index(substitute_affine(value, places))
            case Reduction(op, axes, body):
                inner = {a: s for a, s in places.items() if a not in axes}
                return Reduction(op, axes, substitute(body, inner))
            case _:
                return None

    return transform(expr, change)


def substitute_term(term: Term, places: Mapping[Axis, Affine]) -> Term:
    """A term with letters renamed; a letter that becomes another letter runs as that one."""
    domain: dict[Axis, None] = {}
    for axis in term.domain:
        place = places.get(axis)
        if place is None:
            domain[axis] = None
        else:
            domain.update(dict.fromkeys(affine_axes(place)))
    return Term(
        tuple(substitute_affine(s, places) for s in term.target),
        tuple(domain),
        term.reduce,
        substitute(term.body, places),
    )


def replace_reads(expr: Expr, change: Callable[[Read], Expr | None]) -> Expr:
    """An expression with reads in value position replaced."""
    return transform(expr, lambda e: change(e) if isinstance(e, Read) else None)


def contains(expr: Expr, wanted: Callable[[Expr], bool]) -> bool:
    """Whether any node satisfies the predicate."""
    return any(wanted(node) for node in walk(expr))


def factors(expr: Expr) -> tuple[Expr, ...]:
    """The factors of a product, or the expression alone."""
    return expr.args if isinstance(expr, Mul) else (expr,)


def addends(expr: Expr) -> tuple[Expr, ...]:
    """The terms of a sum, or the expression alone."""
    return expr.args if isinstance(expr, Add) else (expr,)


def equation_reads(equation: Equation) -> Iterator[Read]:
    """Every read of an equation: values, subscripts inside them, and subscripts on the left."""
    for term in equation.terms:
        yield from reads(term.body)
        yield from index_reads(term.body)
        for subscript in term.target:
            yield from _affine_reads(subscript)


def needed_by(wanted: Iterable[str], equations: Iterable[Equation]) -> set[str]:
    """The tensors that the wanted ones are computed from, these included."""
    defined = {e.tensor: e for e in equations}

    def read_by(name: str) -> Iterable[str]:
        return (r.tensor for r in equation_reads(defined[name])) if name in defined else ()

    return reached(wanted, read_by)


def computed_from(given: Iterable[str], equations: Iterable[Equation]) -> set[str]:
    """The tensors that the given ones have a part in, these included."""
    users = users_of({e.tensor: [r.tensor for r in equation_reads(e)] for e in equations})
    return reached(given, lambda name: users.get(name, ()))


def users_of(reads_of: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The tensors that read each tensor, by those that each of them reads."""
    result: dict[str, list[str]] = {}
    for name, read in reads_of.items():
        for other in read:
            result.setdefault(other, []).append(name)
    return result


def reached(start: Iterable[str], steps: Callable[[str], Iterable[str]]) -> set[str]:
    """The names to which steps lead from some, these included."""
    result = set(start)
    work = list(result)
    while work:
        new = set(steps(work.pop())) - result
        result |= new
        work += new
    return result


def fresh_letter(taken: set[str], wanted: str) -> str:
    """A letter that isn't taken: the wanted one, else another of the alphabet, else numbered."""
    if wanted not in taken:
        return wanted
    for candidate in "ijklmnopqrstuvwabcdefgh":
        if candidate not in taken:
            return candidate
    count = 1
    while f"{wanted}{count}" in taken:
        count += 1
    return f"{wanted}{count}"


def free_axes(
    axes: Iterable[Axis], taken: Collection[str], avoided: Iterable[str] = ()
) -> dict[Axis, Axis]:
    """Axes with other letters for those whose letters are taken; of the others nothing is said.

    No new letter is called like one that is taken or avoided, or like another one of the axes.
    """
    axes = tuple(axes)
    used = {*taken, *avoided, *(a.letter for a in axes)}
    result: dict[Axis, Axis] = {}
    for axis in axes:
        if axis.letter in taken:
            result[axis] = Axis(fresh_letter(used, axis.letter), axis.extent)
            used.add(result[axis].letter)
    return result


def run_apart(run: Reduction, taken: Collection[str]) -> Reduction:
    """The reduction with other letters where its own are taken; they catch none of the body's."""
    inside = (a for n in walk(run.body) if isinstance(n, Reduction) for a in n.axes)
    new = free_axes(run.axes, taken, (a.letter for a in (*letters(run.body), *inside)))
    if not new:
        return run
    body = substitute(run.body, {a: affine(b) for a, b in new.items()})
    return Reduction(run.op, tuple(new.get(a, a) for a in run.axes), body)
