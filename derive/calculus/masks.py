"""Under which condition a value is read: elsewhere its derivative is 0, whatever its own slope.

`r = sqrt(q)`, read as `where(i != j, r, 0)` only, has no slope where q is 0, and needs none. So the
condition goes with the derivative: a masked one selects, it never multiplies. Where it depends on
letters that are summed, how many of the reads take place is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from derive.algebra.conditions import conjuncts, decide, integer, settled
from derive.algebra.hazards import Hazards
from derive.algebra.index_rules import guarded, solve_target
from derive.algebra.readable_conditions import of_letters
from derive.algebra.sympy_bridge import Leaves, to_sympy
from derive.calculus.rule import Contribution
from derive.ir.notation import (
    Affine,
    Axis,
    Call,
    Compare,
    Equation,
    Expr,
    Logic,
    Mul,
    Read,
    Term,
    affine,
)
from derive.ir.system import System
from derive.ir.tree import (
    ONE,
    ZERO,
    affine_axes,
    factors,
    letters,
    needed_by,
    reads,
    substitute,
    walk,
)

When = Callable[[Term, Expr], Expr | None]
_MOST_CONDITIONS = 2  # conditions joined by `or`; more are counted


@dataclass(frozen=True)
class Mask:
    """When a derivative isn't 0, as its author says and by the kinks of functions (None: always).

    A kink's condition (`x > 0` of a relu) is kept where it is free: it needs no count.
    """

    author: Expr | None = None
    kink: Expr | None = None

    @property
    def condition(self) -> Expr | None:
        """Both together."""
        return _both(self.author, self.kink)

    def at(self, axes: tuple[Axis, ...], target: tuple[Affine, ...]) -> Mask:
        """The mask at the place that the target names."""
        places = dict(zip(axes, target, strict=True))
        author, kink = (c and substitute(c, places) for c in (self.author, self.kink))
        return Mask(author, kink)


@dataclass(frozen=True)
class _Reading:
    """A contribution to a derivative, as the rule gives it, and the derivative that it reads."""

    term: Term
    own: Mask
    source: Equation | None
    at: tuple[Affine, ...]


class Masks:
    """The masks of a sweep's derivatives; `name` gives a free name, for a count."""

    def __init__(self, system: System, name: Callable[[str], str]) -> None:
        self._name = name
        self._hazards = Hazards(system.equations, system.table)
        self._looped = _read_before(system.equations)
        self._readings: dict[str, list[_Reading]] = {}
        self._known: dict[str, Mask] = {}
        self._counts: dict[str, Equation] = {}
        self.warnings: dict[str, str] = {}

    def around(self, equation: Equation) -> When:
        """Tells when the slope of an equation's term, which may be undefined, is asked for.

        A kink's condition is taken along to a pole right behind it only.
        """

        def mask(term: Term, local: Expr) -> Expr | None:
            singular = self._hazards.singular(local)
            if equation.tensor in self._looped:
                if singular and not _chosen(local):
                    self._warn(equation.tensor)
                return None
            if not (singular or self._hazards.unsound(local)):
                return None
            result = self.of(equation).at(equation.axes, term.target)
            return result.condition if singular else result.author

        return mask

    def _warn(self, tensor: str) -> None:
        """A loop carries a derivative on from places where others don't read the value."""
        if any(r.own.author for r in self._readings.get(tensor, ())):
            self.warnings[tensor] = (
                f"{tensor}: its slope may be undefined where it isn't read, and the loop carries "
                f"that on; put the condition around its own value, too: {tensor}[...] = "
                "where(condition, ..., 0)"
            )

    def note(self, contribution: Contribution, equation: Equation | None) -> None:
        """A contribution of an equation, whose own contributions are there (None: it is `of`)."""
        of = equation if equation and equation.tensor not in self._looped else None
        wrt, term, source = contribution.wrt, contribution.term, contribution.source
        wheres = [e for e in walk(source.body) if isinstance(e, Call) and e.function == "where"]
        written = {c for e in wheres for c in (*conjuncts(e.args[0]), *_failing(e.args[0]))}
        deltas = (e for e in walk(source.body) if isinstance(e, Call) and e.function == "delta")
        written.update(c for e in deltas for c in _live(e))
        leaves = Leaves()  # differentiation may have put the terms of a sum in another order
        known = {to_sympy(c, leaves) for c in written}
        inside = _live(term.body)
        own = _both(*(c for c in inside if to_sympy(c, leaves) in known))
        kink = _both(*(c for c in inside if to_sympy(c, leaves) not in known))
        reading = _Reading(term, Mask(own, kink), of, source.target)
        self._readings.setdefault(wrt, []).append(reading)

    def of(self, equation: Equation) -> Mask:
        """The mask of an equation's derivative, all contributions to it being noted."""
        work = [equation]
        while work:
            tensor = work[-1].tensor
            readings = self._readings.get(tensor, [])
            ahead = [r.source for r in readings if r.source is not None]
            always = any(r.source is None and r.own.author is None for r in readings)
            open_ = [e for e in ahead if e.tensor not in self._known]
            if tensor in self._known:
                work.pop()
            elif open_ and not (always and len(readings) > 1):
                work.extend(open_)
            else:
                self._known[tensor] = self._gathered(work.pop(), readings)
        return self._known[equation.tensor]

    def counts_read(self, terms: Iterable[Term]) -> list[Equation]:
        """The counts that terms read, and those that these read."""
        read = {r.tensor for t in terms for r in reads(t.body)}
        needed = needed_by(read, self._counts.values())
        return [c for n, c in self._counts.items() if n in needed]

    def _whole(self, reading: _Reading) -> Mask:
        if reading.source is None:
            return reading.own
        before = self._known.get(reading.source.tensor, Mask())
        before = before.at(reading.source.axes, reading.at)
        own = reading.own
        return Mask(_both(before.author, own.author), _both(before.kink, own.kink))

    def _gathered(self, equation: Equation, readings: Sequence[_Reading]) -> Mask:
        axes = equation.axes
        masks = [self._whole(r) for r in readings]
        if not masks or any(m.condition is None for m in masks):
            return Mask()
        if len(masks) == 1:
            author, kink = (
                _condition_over(_solved(readings[0].term, c, axes), axes)
                for c in (masks[0].author, masks[0].kink)
            )
            if author != ZERO:
                return Mask(author, None if kink == ZERO else kink)
        terms = [_solved(r.term, m.author, axes) for r, m in zip(readings, masks, strict=True)]
        if any(t.body == ONE for t in terms):
            return Mask()
        conditions = list(dict.fromkeys(_condition_over(t, axes) for t in terms))
        if ZERO not in conditions and len(conditions) <= _MOST_CONDITIONS:
            either = tuple(c for c in conditions if c is not None)
            return Mask(either[0] if len(either) == 1 else Logic("or", either))
        return Mask(self._counted(equation, terms))

    def _counted(self, equation: Equation, terms: Sequence[Term]) -> Expr | None:
        """The condition that some read takes place, told by the axes that conditions speak of."""
        free = [set(letters(_without_runs(t))) for t in terms]
        kept = [
            k
            for k in range(len(equation.axes))
            if any(f & set(affine_axes(t.target[k])) for t, f in zip(terms, free, strict=True))
        ]
        counted = []
        for term in terms:
            body = _without_runs(term)
            if body == ONE:
                return None
            target = tuple(term.target[k] for k in kept)
            walked = {*letters(body), *(a for s in target for a in affine_axes(s))}
            domain = tuple(a for a in term.domain if a in walked)
            counted.append(Term(target, domain, "sum", body))
        axes = tuple(equation.axes[k] for k in kept)
        name = self._name(equation.tensor)
        self._counts[name] = Equation(name, axes, tuple(dict.fromkeys(counted)))
        return Compare(">", Read(name, tuple(affine(a) for a in axes)), ZERO)


def _chosen(local: Expr) -> bool:
    """Whether a slope stands in a branch of its own."""
    return any(isinstance(f, Call) and f.function == "where" for f in factors(local))


def _read_before(equations: Sequence[Equation]) -> frozenset[str]:
    """The tensors that an equation before their own, or their own, reads: they are in a loop."""
    seen: set[str] = set()
    result: set[str] = set()
    for equation in equations:
        seen.update(r.tensor for t in equation.terms for r in reads(t.body))
        if equation.tensor in seen:
            result.add(equation.tensor)
    return frozenset(result)


def _solved(term: Term, condition: Expr | None, axes: tuple[Axis, ...]) -> Term:
    """What counts the reads of a contribution: 1 for each place where the condition holds."""
    body = _counting(condition)
    result = solve_target(Term(term.target, term.domain, "sum", body), axes)
    return _untied(replace(result, body=settled(result.body)))


def _untied(term: Term) -> Term:
    """A count without the summed letters that an equality ties: each is at one place."""
    kept = {a for s in term.target for a in affine_axes(s)}
    inside = _live(term.body)
    for condition in inside:
        for letter, place in _ties(condition):
            if letter not in term.domain or letter in kept:
                continue
            others = (substitute(c, {letter: place}) for c in inside if c != condition)
            body = guarded(_counting(_both(*others)), place, letter.extent)
            domain = tuple(a for a in term.domain if a != letter)
            return _untied(Term(term.target, domain, "sum", settled(body)))
    return term


def _ties(condition: Expr) -> Iterator[tuple[Axis, Affine]]:
    """The letters that an equality ties, each with its place."""
    match condition:
        case Compare("==", left, right):
            sides = integer(left), integer(right)
            if sides[0] is None or sides[1] is None:
                return
            difference = sides[0] - sides[1]
            for atom, factor in difference.terms:
                if isinstance(atom, Axis) and abs(factor) == 1:
                    place = affine(atom) - difference * factor
                    if atom not in affine_axes(place):
                        yield atom, place


def _counting(condition: Expr | None) -> Expr:
    return ONE if condition is None else Call("where", (condition, ONE, ZERO))


def _condition_over(term: Term, axes: tuple[Axis, ...]) -> Expr | None:
    """The condition by which a count is above 0; ZERO where only counting tells."""
    if term.body == ONE:
        return None
    inside = _live(term.body)
    free = {a for c in inside for a in letters(c)}
    plain = term.target == tuple(affine(a) for a in axes) and free <= set(axes)
    return _both(*inside) if plain else ZERO


def _without_runs(term: Term) -> Expr:
    """What is counted, without conditions on summed letters alone that some letter fulfils."""
    axes = {a for s in term.target for a in affine_axes(s)}
    inside = _live(term.body)
    runs = [c for c in inside if of_letters(c) and not set(letters(c)) <= axes]
    others = [c for c in inside if c not in runs]
    apart = {a for c in runs for a in letters(c)}.isdisjoint(
        a for c in others for a in letters(c) if a not in axes
    )
    return _counting(_both(*(others if apart and _fulfilled(runs, axes) else inside)))


def _fulfilled(conditions: Sequence[Expr], axes: set[Axis]) -> bool:
    """Whether some place of the summed letters, tried at ends and at `axes`, fulfils them all."""
    free = [a for a in dict.fromkeys(a for c in conditions for a in letters(c)) if a not in axes]
    if all(axes.isdisjoint(letters(c)) for c in conditions):
        return True  # `t > 0`, whatever is read: all but the shortest runs have one
    if len(free) > _MOST_CONDITIONS:
        return False
    tried = [
        (affine(0), a.extent - 1, *(affine(b) for b in axes if b.extent == a.extent)) for a in free
    ]
    return any(
        all(decide(substitute(c, dict(zip(free, places, strict=True)))) for c in conditions)
        for places in product(*tried)
    )


def _live(body: Expr) -> tuple[Expr, ...]:
    """Conditions without which a contribution is 0."""
    match body:
        case Call("where", (condition, yes, no)) if no == ZERO:
            return (*conjuncts(condition), *_live(yes))
        case Call("where", (condition, yes, no)) if yes == ZERO:
            return (*_failing(condition), *_live(no))
        case Mul(args):
            return tuple(c for a in args for c in _live(a))
        case Call("delta", (one, other)):
            return (Compare("==", one, other),)
        case _:
            return ()


def _failing(condition: Expr) -> tuple[Expr, ...]:
    """What holds where a condition fails."""
    if isinstance(condition, Logic) and condition.op == "or":
        return tuple(c for a in condition.args for c in _failing(a))
    if isinstance(condition, Logic) and condition.op == "not":
        return conjuncts(condition.args[0])
    return (Logic("not", (condition,)),)


def _both(*conditions: Expr | None) -> Expr | None:
    parts = dict.fromkeys(p for c in conditions if c is not None for p in conjuncts(c))
    if not parts:
        return None
    return next(iter(parts)) if len(parts) == 1 else Logic("and", tuple(parts))
