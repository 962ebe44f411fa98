"""The rule, the only source of derivatives: the read and the write change places.

A term `Y[e] += over domain of body` whose body reads `X[f]` contributes::

    dX[f] += over the same domain: dY[e] * (d body / d X[f])

It is the total differential `dE = sum dY[e] * (d body / d X[f]) * dX[f]` with the coefficient of
`dX` read off. A read outside a tensor gives 0; so a write outside is dropped, and no guard is
needed. The partial derivative is one of scalars, and SymPy's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from sympy import Pow as Power
from sympy import factor_terms, powsimp

from derive.algebra.bodies import abstract, concrete, cost, is_monomial
from derive.algebra.sympy_bridge import Leaves, from_sympy, slope_of, to_sympy
from derive.ir.matrix_terms import matrix_equation
from derive.ir.notation import (
    Add,
    Axis,
    Call,
    Compare,
    Equation,
    Expr,
    Index,
    Logic,
    Mul,
    Number,
    Read,
    Term,
    affine,
)
from derive.ir.tree import (
    ONE,
    ZERO,
    add,
    affine_axes,
    children,
    divide,
    factors,
    mul,
    negative,
    reads,
    substitute,
)


@dataclass(frozen=True)
class Contribution:
    """What one read contributes to the derivative by its tensor, and any helper it needs."""

    wrt: str
    source: Term
    term: Term
    local: Expr
    helpers: tuple[Equation, ...] = ()


def differentiable_reads(body: Expr) -> tuple[Read, ...]:
    """The reads that a change of value flows through: none held, none inside a condition."""
    result: dict[Read, None] = {}

    def gather(expr: Expr) -> None:
        match expr:
            case Call("hold" | "delta", _) | Compare():
                return
            case Call("where", (_, yes, no)):
                gather(yes)
                gather(no)
            case Read():
                result.setdefault(expr)
            case _:
                for part in children(expr):
                    gather(part)

    gather(body)
    return tuple(result)


def partial(body: Expr, read: Read) -> Expr:
    """d body / d read, for scalars."""
    if is_monomial(body):
        parts = list(factors(body))
        if parts.count(read) == 1:
            parts.remove(read)
            return mul(*parts) if parts else ONE
    if isinstance(body, Add):
        # term by term, so that the author's grouping survives: SymPy would multiply 2*(x - 3) out
        return add(*(partial(a, read) for a in body.args if read in reads(a)))
    (shape, leaf), leaves = abstract(body, read)
    return concrete(_partial(shape, leaf), leaves)


@lru_cache(maxsize=4096)
def _partial(shape: Expr, leaf: Expr) -> Expr:
    leaves = Leaves()
    value = to_sympy(shape, leaves)
    symbol = leaves.symbol(leaf)
    result = slope_of(value, symbol)
    if any(not p.exp.is_number for p in value.atoms(Power)):
        result = powsimp(result, combine="exp")
    # SymPy multiplies 2*(x - 3) out as it differentiates; gathered again unless that costs more
    return min((from_sympy(f, leaves) for f in (factor_terms(result), result)), key=cost)


def weigh(incoming: Expr, local: Expr) -> Expr:
    """The incoming derivative times a local one, pushed into branches: no 0 * (1/0)."""
    if ZERO in (local, incoming):
        return ZERO
    match local:
        case Call("where", (condition, yes, no)):
            return Call("where", (condition, weigh(incoming, yes), weigh(incoming, no)))
        case Mul(args):
            for k, part in enumerate(args):
                if isinstance(part, Call) and part.function == "where":
                    rest = mul(*args[:k], *args[k + 1 :])
                    return weigh(mul(incoming, rest), part)
    parts = factors(local)
    if isinstance(parts[0], Number):
        return mul(parts[0], incoming, *parts[1:])
    return mul(incoming, local)


def selected(term: Term, condition: Expr | None, upstream: Expr, local: Expr) -> Term:
    """A contribution under a condition that tells where the incoming derivative isn't 0.

    Where that is summed, it keeps out of the condition, so that the product may be a matrix's.
    """
    if condition is None:
        return term
    kept = {a for s in term.target for a in affine_axes(s)}
    if set(term.domain) <= kept or term.body != weigh(upstream, local) or not is_monomial(local):
        return replace(term, body=Call("where", (condition, term.body, ZERO)))
    return replace(term, body=mul(upstream, Call("where", (condition, local, ZERO))))


def contributions(
    equation: Equation,
    incoming: str | None,
    helper: str,
    wanted: frozenset[str],
    mask: Callable[[Term, Expr], Expr | None],
) -> Iterator[Contribution]:
    """What an equation contributes to the derivatives by the tensors it reads.

    `incoming` names the derivative by the equation's own tensor (None: it is the objective
    itself, and the derivative 1); `helper` is a free name for a value that a reduction needs.
    `mask` gives the condition under which a term's local derivative, which may be undefined, is
    asked for.
    """
    for term in equation.terms:
        upstream: Expr = ONE if incoming is None else Read(incoming, term.target)
        value = Read(equation.tensor, term.target)
        for read in differentiable_reads(term.body):
            if read.tensor not in wanted:
                continue
            local = partial(term.body, read)
            if local == ZERO:
                continue
            body, helpers = _through(term, value, upstream, local, helper)
            turned = Term(read.subscripts, term.domain, "sum", body)
            turned = selected(turned, mask(term, local), upstream, local)
            yield Contribution(read.tensor, term, turned, local, helpers)


def _through(
    term: Term, value: Read, upstream: Expr, local: Expr, helper: str
) -> tuple[Expr, tuple[Equation, ...]]:
    """The incoming derivative through a term's reduction, times the body's own derivative."""
    match term.reduce:
        case "sum":
            return weigh(upstream, local), ()
        case "logsumexp":
            share = Call("exp", (add(term.body, negative(value)),))
            return weigh(mul(upstream, share), local), ()
        case "max" | "min":
            return _among_equals(term, value, upstream, local, helper)
        case "inv":
            return _through_inverse(term, value, upstream, local), ()
        case "det" | "logdet":
            return _through_determinant(term, value, upstream, local, helper)
        case _:
            return _product_of_others(term, upstream, local, helper)


def _target_axes(term: Term) -> tuple[Axis, ...]:
    axes = [s.axis for s in term.target]
    assert all(axes), "a reduction other than a sum stands on plain letters"
    return tuple(a for a in axes if a is not None)


def _among_equals(
    term: Term, value: Read, upstream: Expr, local: Expr, helper: str
) -> tuple[Expr, tuple[Equation, ...]]:
    """A maximum shares the derivative equally among the places that attain it."""
    attains = Compare("==", term.body, value)
    axes = _target_axes(term)
    count = Term(term.target, term.domain, "sum", Call("where", (attains, ONE, ZERO)))
    counting = Equation(helper, axes, (count,))
    share = divide(upstream, Read(helper, term.target))
    return Call("where", (attains, weigh(share, local), ZERO)), (counting,)


def _through_inverse(term: Term, value: Read, upstream: Expr, local: Expr) -> Expr:
    """`d inv(X) = -inv(X) dX inv(X)`: the value itself stands left and right of the change."""
    *first, row, column = value.subscripts
    above, below = (affine(a) for a in term.reduced)
    left = Read(value.tensor, (*first, row, above))
    right = Read(value.tensor, (*first, below, column))
    return weigh(mul(upstream, negative(left), right), local)


def _through_determinant(
    term: Term, value: Read, upstream: Expr, local: Expr, helper: str
) -> tuple[Expr, tuple[Equation, ...]]:
    """`d logdet(X) = tr(inv(X) dX)`, and `d det(X)` is that times the determinant."""
    axes = _target_axes(term)
    rows, columns = term.reduced
    assert isinstance(term.body, Read)
    extents = tuple(a.extent for a in (*axes, rows, columns))
    helping = matrix_equation("inv", helper, (*axes, rows, columns), term.body.tensor, extents)
    inverse = Read(helper, (*term.target, affine(columns), affine(rows)))
    if term.reduce == "det":
        upstream = mul(upstream, value)
    return weigh(mul(upstream, inverse), local), (helping,)


def _product_of_others(
    term: Term, upstream: Expr, local: Expr, helper: str
) -> tuple[Expr, tuple[Equation, ...]]:
    """The derivative of a product by one factor is the product of the others, never P/x."""
    axes = _target_axes(term)
    run = term.reduced
    taken = {a.letter for a in term.domain}
    others: dict[Axis, Axis] = {}
    for axis in run:
        name = f"{axis.letter}_"
        while name in taken:
            name += "_"
        taken.add(name)
        others[axis] = Axis(name, axis.extent)
    same: list[Expr] = [
        Compare("==", Index(affine(b)), Index(affine(a))) for a, b in others.items()
    ]
    here = same[0] if len(same) == 1 else Logic("and", tuple(same))
    body = substitute(term.body, {a: affine(b) for a, b in others.items()})
    target = (*term.target, *(affine(a) for a in run))
    rest = Term(target, (*axes, *run, *others.values()), "prod", Call("where", (here, ONE, body)))
    helping = Equation(helper, (*axes, *run), (rest,))
    return weigh(mul(upstream, Read(helper, target)), local), (helping,)
