"""The factors that people leave out or put in: 2, numbers, extents, what corrects a variance."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, permutations

from derive.answers.slips.evaluator import Evaluator
from derive.answers.slips.nested import Nested
from derive.ir.notation import Call, Dim, Expr, Index, Mul, Number, Pow, Reduction, affine
from derive.ir.tree import MINUS_ONE, index, walk

_TWO = Number(Fraction(2))


def scales_of(evaluator: Evaluator, whole: Nested) -> Iterator[Expr]:
    """The scales that a formula's numbers and letters and the model's extents give.

    Numbers come before extents: an axis may happen to be as long as a number that was forgotten.
    """
    yield _TWO
    yield _inverse(_TWO)
    axes = list(whole.axes)
    numbers: list[Expr] = []
    for node in walk(whole.expr):
        if isinstance(node, Reduction):
            axes.extend(node.axes)
        elif isinstance(node, Number) and node.value.denominator == 1 and node.value > 2:
            numbers.append(node)
    for number in dict.fromkeys(numbers):
        yield number
        yield _inverse(number)
    extents = [affine(Dim(name)) for name in evaluator.values.right.extents]
    extents.extend(a.extent for a in axes)
    sizes = [index(e) for e in dict.fromkeys(extents) if e.number is None or e.number > 2]
    for size in sizes:
        root = Call("sqrt", (size,))
        yield size
        yield _inverse(size)
        yield Mul((_TWO, _inverse(size)))
        yield Mul((_inverse(_TWO), size))
        yield root
        yield _inverse(root)
    for size in sizes:
        if isinstance(size, Index):
            less = Index(size.value + -1)
            yield Mul((size, _inverse(less)))
            yield Mul((less, _inverse(size)))
    for one, other in permutations(sizes, 2):
        yield Mul((one, _inverse(other)))
    for one, other in combinations(sizes, 2):
        yield Mul((_inverse(one), _inverse(other)))  # a mean over two axes
        yield Mul((_TWO, _inverse(one), _inverse(other)))


def _inverse(expr: Expr) -> Expr:
    return Pow(expr, MINUS_ONE)
