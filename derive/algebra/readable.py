"""Equations as a reader wants them: left sides of plain letters, conditions as short as can be.

A term that writes to `dx[n,c,2*i+u-1]` is written as what arrives at `dx[n,c,k]`. Both are the same
sum; the engine keeps the first, whose gather or scatter is a choice of whoever computes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from derive.algebra.index_rules import harmless, surely_not_negative, tidy_letters, within
from derive.algebra.readable_conditions import shortened
from derive.ir.notation import (
    Add,
    Affine,
    Axis,
    Call,
    Compare,
    Equation,
    Expr,
    FloorDiv,
    Index,
    Logic,
    Mod,
    Mul,
    Number,
    Read,
    Tensor,
    Term,
    affine,
    domain_of,
)
from derive.ir.tree import (
    ZERO,
    affine_axes,
    floordiv,
    index,
    modulo,
    mul,
    number,
    reads,
    substitute,
    substitute_affine,
    substitute_term,
    transform,
)


def readable(equation: Equation, table: Mapping[str, Tensor]) -> Equation:
    """The same equation with every term solved for its own letters, and conditions settled."""
    terms = []
    for term in equation.terms:
        solved = solve_for_reading(term, equation.axes, table)
        terms.append(_pinned(replace(solved, body=shortened(solved.body))))
    kept = tuple(t for t in terms if t.body != ZERO or t.reduce != "sum")
    return replace(equation, terms=kept or tuple(terms[:1]))


def solve_for_reading(term: Term, axes: tuple[Axis, ...], table: Mapping[str, Tensor]) -> Term:
    """The term as a sum for the place `axes` of the left side; its value is the same.

    A left subscript is solved for a letter of coefficient 1 or -1, the longest one, so that the
    short ones stay under the sum; several that make up one place together (`15*a + 5*b + c`, or
    `k//5` beside `k%5`) are solved at once. What can't be solved becomes a condition.
    """
    if term.target == tuple(affine(a) for a in axes):
        return term
    apart = {a: affine(Axis(f"{a.letter}'", a.extent)) for a in term.domain}
    solver = _Solver(substitute_term(term, apart), axes, table)
    return tidy_letters(solver.solved(), axes)


def _pinned(term: Term) -> Term:
    """`sum(s, where(s == 0, x[s], 0))` is `x[0]`."""
    match term.body:
        case Call("where", (condition, yes, no)) if no == ZERO and term.reduce == "sum":
            parts = condition.args if isinstance(condition, Logic) else (condition,)
            if isinstance(condition, Logic) and condition.op != "and":
                return term
        case _:
            return term
    for part in parts:
        match part:
            case Compare("==", Index(value), Number(place)) if (
                value.axis in term.reduced and place.denominator == 1
            ):
                letter = value.axis
                assert letter is not None
                at = affine(int(place))
                if not within(at, letter.extent):
                    continue
                rest = _where([p for p in parts if p != part], yes)
                domain = tuple(a for a in term.domain if a != letter)
                body = shortened(substitute(rest, {letter: at}))
                return _pinned(replace(term, domain=domain, body=body))
    return term


@dataclass
class _Solver:
    term: Term
    axes: tuple[Axis, ...]
    table: Mapping[str, Tensor]

    def solved(self) -> Term:
        self.open: dict[Axis, Affine] = dict(zip(self.axes, self.term.target, strict=True))
        self.ranges: list[tuple[Affine, Affine]] = []
        self.body = self.term.body
        self.left = list(self.term.domain)
        while self._plain() or self._digits() or self._places() or self._single():
            pass
        conditions: list[Expr] = []
        for axis, subscript in self.open.items():
            if subscript != affine(axis):
                sides = index(subscript), index(affine(axis))
                # a fixed place is written as `t = T-1`, a place that is looked up as `x[n] = i`
                fixed = not list(affine_axes(subscript))
                conditions.append(Compare("==", *(reversed(sides) if fixed else sides)))
        for value, extent in self.ranges:
            if not (within(value, extent) or _vanishes(self.body, value, extent, self.table)):
                conditions.extend(_inside(value, extent))
        body = _where(conditions, self.body)
        target = tuple(affine(a) for a in self.axes)
        return Term(target, domain_of(self.axes, self.left), self.term.reduce, body)

    def _put(self, places: Mapping[Axis, Affine], done: Sequence[Axis]) -> bool:
        """Letters are known now: they run no more, and what lies beyond their range is dropped."""
        for axis in done:
            del self.open[axis]
        self.left = [a for a in self.left if a not in places]
        self.open = {a: _folded(substitute_affine(s, places)) for a, s in self.open.items()}
        self.body = _fold(substitute(self.body, places))
        self.ranges = [(substitute_affine(v, places), e) for v, e in self.ranges]
        self.ranges.extend((value, letter.extent) for letter, value in places.items())
        return True

    def _uses(self, letter: Axis) -> int:
        return sum(letter in set(affine_axes(s)) for s in self.open.values())

    def _plain(self) -> bool:
        """A letter by itself."""
        for axis, subscript in self.open.items():
            letter = subscript.axis
            if letter is not None and letter in self.left:
                return self._put({letter: affine(axis)}, [axis])
        return False

    def _single(self) -> bool:
        """A letter with coefficient 1 or -1; the longest, the first of equal ones."""
        best: tuple[tuple[int, int, int], Axis, Axis] | None = None
        for axis, subscript in self.open.items():
            direct = [a for a, _ in subscript.terms if isinstance(a, Axis) and a in self.left]
            for letter in direct:
                nested = list(affine_axes(subscript)).count(letter) > 1
                if abs(subscript.coefficient(letter)) != 1 or nested:
                    continue
                length = letter.extent.number
                key = (len(direct) == 1, length is None, length or 0)
                if best is None or key > best[0]:
                    best = key, axis, letter
        if best is None:
            return False
        _, axis, letter = best
        subscript = self.open[axis]
        sign = subscript.coefficient(letter)
        rest = subscript - affine(letter) * sign
        return self._put({letter: (affine(axis) - rest) * sign}, [axis])

    def _digits(self) -> bool:
        """`15*a + 5*b + c` with b under 3 and c under 5: the digits of a number."""
        for axis, subscript in self.open.items():
            if subscript.constant or len(subscript.terms) < 2:
                continue
            result = sorted(subscript.terms, key=lambda pair: pair[1])
            places: dict[Axis, Affine] = {}
            expected = 1
            for k, (letter, coefficient) in enumerate(result):
                if (
                    not isinstance(letter, Axis)
                    or letter not in self.left
                    or self._uses(letter) > 1
                    or coefficient != expected
                    or (letter.extent.number is None and k + 1 < len(result))
                ):
                    break
                rest = floordiv(affine(axis), coefficient) if coefficient > 1 else affine(axis)
                size = letter.extent.number or 0
                places[letter] = rest if k + 1 == len(result) else modulo(rest, size)
                expected *= size
            else:
                return self._put(places, [axis])
        return False

    def _places(self) -> bool:
        """`k//15`, `(k//5)%3`, `k%5` together: k is 15*a + 5*b + c."""
        groups: dict[Axis, list[tuple[int, int, Axis]]] = {}
        for axis, subscript in self.open.items():
            digit = _digit(subscript)
            if digit is not None and digit[0] in self.left:
                groups.setdefault(digit[0], []).append((*digit[1:], axis))
        for letter, digits in groups.items():
            if self._uses(letter) != len(digits):
                continue
            total = affine(0)
            expected = 1
            ordered = sorted(digits, key=lambda d: d[0])
            for k, (step, size, axis) in enumerate(ordered):
                last = k + 1 == len(ordered)
                if step != expected or (size == 0) != last:
                    break
                if size and axis.extent.number != size:
                    break
                total += affine(axis) * step
                expected = step * size
            else:
                if len(ordered) > 1:
                    return self._put({letter: total}, [axis for _, _, axis in ordered])
        return False


def _digit(subscript: Affine) -> tuple[Axis, int, int] | None:
    """The letter, step and size of `letter // step % size`; size 0 where there is no end."""
    size = 0
    if len(subscript.terms) != 1 or subscript.constant:
        return None
    atom, coefficient = subscript.terms[0]
    if coefficient != 1:
        return None
    if isinstance(atom, Mod):
        size = atom.by
        inner = atom.of
        if inner.axis is not None:
            return inner.axis, 1, size
        if len(inner.terms) != 1 or inner.constant or inner.terms[0][1] != 1:
            return None
        atom = inner.terms[0][0]
    if isinstance(atom, FloorDiv) and atom.of.axis is not None:
        return atom.of.axis, atom.by, size
    return None


def _fold(body: Expr) -> Expr:
    def change(node: Expr) -> Expr | None:
        match node:
            case Read(tensor, subscripts):
                return Read(tensor, tuple(_folded(s) for s in subscripts))
            case Index(value):
                return index(_folded(value))
            case _:
                return None

    return transform(body, change)


def _folded(value: Affine) -> Affine:
    """`2*(k//2) + k%2` is k."""
    for atom, coefficient in value.terms:
        if not isinstance(atom, Mod):
            continue
        of, step = atom.of, atom.by
        inner = of.terms[0][0] if len(of.terms) == 1 and not of.constant else None
        over: Affine = floordiv(of, step)
        if isinstance(inner, FloorDiv) and of.coefficient(inner) == 1:
            over = floordiv(inner.of, inner.by * step)
        if over.terms and value.coefficient(over.terms[0][0]) == coefficient * step:
            rest = value - affine(atom) * coefficient - over * (coefficient * step)
            return _folded(rest + of * coefficient)
    return value


def _vanishes(body: Expr, value: Affine, extent: Affine, table: Mapping[str, Tensor]) -> bool:
    """Whether the body is 0 by itself where `value` lies outside `0 .. extent-1`."""
    match body:
        case Number():
            return body == ZERO
        case Read(tensor, subscripts):
            return any(
                s == value and surely_not_negative(extent - e)
                for s, e in zip(subscripts, table[tensor].shape, strict=True)
            )
        case Mul(args):
            return any(
                _vanishes(a, value, extent, table)
                and harmless(mul(*args[:k], *args[k + 1 :]), value)
                for k, a in enumerate(args)
            )
        case Add(args):
            return all(_vanishes(a, value, extent, table) for a in args)
        case Call("where", (_, yes, no)):
            return _vanishes(yes, value, extent, table) and _vanishes(no, value, extent, table)
        case _:
            return False


def _inside(value: Affine, extent: Affine) -> list[Expr]:
    return [
        Compare(">=", Index(value), number(0)),
        Compare("<", Index(value), index(extent)),
    ]


def _where(conditions: Sequence[Expr], body: Expr) -> Expr:
    if not conditions:
        return body
    both = conditions[0] if len(conditions) == 1 else Logic("and", tuple(conditions))
    return Call("where", (both, body, ZERO))


def walked(term: Term, letter: Axis) -> bool:
    """Whether the letter stands alone as a subscript somewhere, so that its range is plain."""
    alone = affine(letter)
    return alone in term.target or any(alone in read.subscripts for read in reads(term.body))
