"""Into the normal form: each equation a sum of terms, nothing nested.

A reduction inside an expression becomes a named intermediate; the argument of a non-linear
function that holds one is named whole, so that `sigmoid(sum(j, W[i,j]*x[n,j]) + b[i])` has its `z`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from derive.ir.matrix_terms import axes_for, matrix_equation
from derive.ir.notation import (
    Add,
    Affine,
    Axis,
    Call,
    Compare,
    Equation,
    Expr,
    Index,
    Logic,
    Mul,
    Number,
    Pow,
    Read,
    Reduction,
    Term,
    affine,
    domain_of,
)
from derive.ir.tree import (
    add,
    addends,
    contains,
    factors,
    letters,
    mul,
    over,
    replace_reads,
    run_apart,
    transform,
)
from derive.language.compared_bodies import Holder, is_selection, nameless, selected_from
from derive.language.long_bodies import with_names
from derive.language.syntax import parted

_NAMES = {"sum": "s", "prod": "p", "max": "m", "min": "m", "logsumexp": "l"}
_ARGUMENT = "z"
_PART = "u"


def holds_reduction(expr: Expr) -> bool:
    """Whether a reduction stands anywhere inside."""
    return contains(expr, lambda e: isinstance(e, Reduction))


class Normalizer:
    """Makes equations of expressions; gathers the intermediates that it named.

    `name` gives a free tensor name from wished ones; `is_constant` tells scalar constants; `shape`
    the extents of the tensors whose inverse or determinant is read, and `held` names the tensors
    that an equation defines as such: `{"inv(X)": "Y"}` of `Y[i,j] = inv(X)[i,j]`. `shared` are the
    values that have to be one wherever they are compared or selected from.
    """

    def __init__(
        self,
        name: Callable[..., str],
        is_constant: Callable[[str], bool],
        shape: Callable[[str], Sequence[Affine]] | None = None,
        held: Mapping[str, str] | None = None,
        shared: Mapping[Expr, Holder | None] | None = None,
    ) -> None:
        self._name = name
        self._is_constant = is_constant
        self._shape = shape
        self._matrices = dict(held or {})
        self._shared = dict(shared or {})
        self._named: dict[tuple[Expr, tuple[Axis, ...]], str] = {}
        self.equations: list[Equation] = []

    def equation(self, tensor: str, axes: tuple[Axis, ...], expr: Expr, source: str = "") -> None:
        """Add `tensor[axes] = expr`, its intermediates before it."""
        expr = transform(expr, _hold_inside)
        expr = self._with_shared(expr, tensor, axes) if self._shared else expr
        if isinstance(expr, Read) and self._matrices.get(expr.tensor) == tensor:
            node, of = parted(expr.tensor)
            self.equations.append(matrix_equation(node, tensor, axes, of, self._of(of), source))
            return
        expr = replace_reads(expr, self._matrix)
        terms = self._terms(tensor, axes, expr)
        self.equations.append(Equation(tensor, axes, terms, source))

    def _with_shared(self, expr: Expr, tensor: str, axes: tuple[Axis, ...]) -> Expr:
        """The expression with every shared value that it compares or selects from read by name."""

        def value(node: Expr) -> Read | None:
            body, free = nameless(node)
            if body not in self._shared:
                return None
            holder = self._shared[body]
            if holder is None:
                own = replace_reads(node, self._matrix)
                read = self._intermediate(own, _ARGUMENT, tensor, domain_of(axes, free))
                order = tuple(free.index(a) for a in letters(read))
                holder = self._shared[body] = Holder(read.tensor, order)
            return holder.at(free) if holder.tensor != tensor else None

        def change(node: Expr) -> Expr | None:
            if isinstance(node, Compare):
                return over(node, lambda side: transform(side, value))
            if selected_from(node):
                return over(node, lambda part: value(part) or transform(part, change))
            return None

        return value(expr) or transform(expr, change)

    def _of(self, tensor: str) -> Sequence[Affine]:
        assert self._shape is not None, "inverses and determinants stand in equations only"
        return self._shape(tensor)

    def _matrix(self, read: Read) -> Read | None:
        """An inverse or a determinant, read from a tensor of its own."""
        node, of = parted(read.tensor)
        if not node:
            return None
        known = self._matrices.get(read.tensor)
        if known is None:
            known = self._matrices[read.tensor] = self._name(f"{of}_{node}")
            shape = self._of(of)
            axes = axes_for(node, shape, [s.axis for s in read.subscripts])
            self.equations.append(matrix_equation(node, known, axes, of, shape))
        return Read(known, read.subscripts)

    def _terms(self, tensor: str, axes: tuple[Axis, ...], expr: Expr) -> tuple[Term, ...]:
        target = tuple(affine(a) for a in axes)
        if isinstance(expr, Reduction) and expr.op != "sum":
            run = run_apart(expr, {a.letter for a in axes})
            scope = domain_of(axes, run.axes)
            if expr.op in ("max", "min") and not is_selection(self._flat(run.body, tensor, scope)):
                # the derivative asks which entries equal the maximum: worked out twice, none may
                named = self._intermediate(run.body, _ARGUMENT, tensor, scope)
                return (Term(target, scope, expr.op, named),)
            return (Term(target, scope, expr.op, self._body(run.body, tensor, scope)),)
        terms: list[Term] = []
        plain: list[Expr] = []
        where_plain = 0
        for addend in addends(expr):
            sums = self._sums(addend, axes)
            if sums is None:
                if not plain:
                    where_plain = len(terms)
                plain.append(self._body(addend, tensor, axes))
                continue
            for reduced, body in sums:
                domain = domain_of(axes, reduced)
                terms.append(Term(target, domain, "sum", self._body(body, tensor, domain)))
        if plain or not terms:
            terms.insert(where_plain, Term(target, axes, "sum", add(*plain)))
        return tuple(terms)

    def _sums(
        self, expr: Expr, scope: tuple[Axis, ...]
    ) -> list[tuple[tuple[Axis, ...], Expr]] | None:
        """`constant * sum(...)`, and sums of such, as (letters, body); None where it isn't one."""
        parts = factors(expr)
        inner = [p for p in parts if holds_reduction(p)]
        if len(inner) != 1 or not all(self._constant(p) for p in parts if p is not inner[0]):
            return None
        core = inner[0]
        before = parts[: parts.index(core)]
        after = parts[parts.index(core) + 1 :]
        if isinstance(core, Reduction) and core.op == "sum":
            run = run_apart(core, {a.letter for a in scope})
            nested = self._sums(run.body, domain_of(scope, run.axes))
            if nested is None:
                return [(run.axes, mul(*before, run.body, *after))]
            return [((*run.axes, *more), mul(*before, body, *after)) for more, body in nested]
        if isinstance(core, Add):
            result = []
            for addend in core.args:
                sums = self._sums(addend, scope)
                if sums is None:
                    return None
                result.extend(sums)
            return [(run, mul(*before, body, *after)) for run, body in result]
        return None

    def _constant(self, expr: Expr) -> bool:
        match expr:
            case Number():
                return True
            case Index():
                return not letters(expr)
            case Read(tensor, ()):
                return self._is_constant(tensor)
            case Mul(args):
                return all(self._constant(a) for a in args)
            case Pow(base, exponent):
                return self._constant(base) and self._constant(exponent)
            case _:
                return False

    def _body(self, expr: Expr, tensor: str, scope: tuple[Axis, ...]) -> Expr:
        """A body without reductions; what is long has its nested and repeated parts named."""
        body = self._flat(expr, tensor, scope)
        return with_names(body, lambda part: self._intermediate(part, _PART, tensor, scope))

    def _flat(self, expr: Expr, tensor: str, scope: tuple[Axis, ...]) -> Expr:
        """The expression with every reduction inside it named."""
        if not holds_reduction(expr):
            return expr
        match expr:
            case Reduction(op, _, _):
                return self._intermediate(expr, _NAMES[op], tensor, scope)
            case Add(args):
                return add(*(self._flat(a, tensor, scope) for a in args))
            case Mul(args):
                return mul(*(self._whole(a, tensor, scope, in_product=True) for a in args))
            case Pow(base, exponent):
                return Pow(self._whole(base, tensor, scope), self._whole(exponent, tensor, scope))
            case Call("where", (condition, yes, no)):
                return Call(
                    "where",
                    (
                        self._flat(condition, tensor, scope),
                        self._bare(yes, tensor, scope),
                        self._bare(no, tensor, scope),
                    ),
                )
            case Call(function, args):
                return Call(function, tuple(self._whole(a, tensor, scope) for a in args))
            case Compare(op, left, right):
                return Compare(
                    op, self._flat(left, tensor, scope), self._flat(right, tensor, scope)
                )
            case Logic(op, args):
                return Logic(op, tuple(self._flat(a, tensor, scope) for a in args))
            case _:
                return expr

    def _whole(
        self, expr: Expr, tensor: str, scope: tuple[Axis, ...], in_product: bool = False
    ) -> Expr:
        if not holds_reduction(expr):
            return expr
        if isinstance(expr, Reduction) or (in_product and not isinstance(expr, Add)):
            return self._flat(expr, tensor, scope)
        return self._intermediate(expr, _ARGUMENT, tensor, scope)

    def _bare(self, expr: Expr, tensor: str, scope: tuple[Axis, ...]) -> Expr:
        """A branch of a `where`: only reductions are named, so that the condition guards the rest.

        In `where(a == b, 0, 1/s[a,b])` a name for the quotient would be computed everywhere.
        """

        def change(node: Expr) -> Expr | None:
            return self._flat(node, tensor, scope) if isinstance(node, Reduction) else None

        return transform(expr, change)

    def _intermediate(self, expr: Expr, wish: str, tensor: str, scope: tuple[Axis, ...]) -> Read:
        free = letters(expr)
        axes = tuple(a for a in scope if a in free)
        known = self._named.get((expr, axes))
        if known is None:
            known = self._name(wish, f"{wish}_{tensor}")
            self._named[(expr, axes)] = known
            terms = self._terms(known, axes, expr)
            self.equations.append(Equation(known, axes, terms))
        return Read(known, tuple(affine(a) for a in axes))


def _hold_inside(expr: Expr) -> Expr | None:
    """`hold(max(i, z))` is `max(i, hold(z))`: the value is the same, and so is the derivative 0."""
    if isinstance(expr, Call) and expr.function == "hold" and isinstance(expr.args[0], Reduction):
        run = expr.args[0]
        return Reduction(run.op, run.axes, transform(Call("hold", (run.body,)), _hold_inside))
    return None
