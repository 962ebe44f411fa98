"""Scalar bodies -> arrays with named axes: functions entry by entry, sums of products as dots."""

from __future__ import annotations

from dataclasses import replace

from codegen.lowering.context import TermContext, mapped
from codegen.lowering.contraction_order import contract_order
from codegen.lowering.reads import lower_index, lower_read, outside_of
from codegen.program.nodes import (
    Array,
    Chain,
    Choose,
    Dot,
    Length,
    Load,
    Reduce,
    Reshape,
    Value,
    Window,
)
from derive.algebra.conditions import conjuncts, decide, implied, not_negative
from derive.ir.notation import (
    Add,
    Axis,
    Call,
    Compare,
    Constant,
    Dim,
    Expr,
    Index,
    Logic,
    Mul,
    Number,
    Pow,
    Read,
    affine,
)
from derive.ir.numerals import as_decimal, is_long
from derive.ir.tree import factors, index_reads, letters, mul, number, power, reads, walk


def lower(expr: Expr, context: TermContext) -> Array:
    """A body without reductions, as an array."""
    match expr:
        case Number() | Constant():
            return Value(expr)
        case Index(value):
            if not all(isinstance(a, Axis | Dim) for a, _ in value.terms):
                return mapped("float", [lower_index(value, context)], context)
            return context.count(value)
        case Read():
            return context.lowered.get(expr) or lower_read(expr, context)
        case Add(args):
            return mapped("add", [lower(a, context) for a in args], context)
        case Mul(args):
            return _quotient(args, context)
        case Pow(base, Number(value)) if value < 0:
            below = lower(power(base, number(-value)), context)
            return mapped("div", [Value(number(1)), below], context)
        case Pow(base, exponent):
            return mapped("pow", [lower(base, context), lower(exponent, context)], context)
        case Call("hold", (inside,)):
            return lower(inside, context)
        case Call("where", (condition, yes, no)):
            if not context.free(letters(condition)) and _is_known(condition, context):
                true = replace(context, known=context.known | implied(condition))
                one, other = lower(yes, true), lower(no, context)
                axes = context.union([one, other])
                return Choose(
                    condition, context.spread(one, axes), context.spread(other, axes), axes
                )
            padded = _padded(condition, yes, no, context)
            if padded is not None:
                return padded
            parts = [_condition(condition, context), lower(yes, context), lower(no, context)]
            return mapped("where", parts, context)
        case Call("delta", (left, right)):
            return mapped("delta", [_integer(left, context), _integer(right, context)], context)
        case Call(function, args):
            return mapped(function, [lower(a, context) for a in args], context)
        case Compare() | Logic():
            return _condition(expr, context)
        case _:
            raise AssertionError(f"{type(expr).__name__} can't be lowered")


def _padded(condition: Expr, yes: Expr, no: Expr, context: TermContext) -> Array | None:
    """A read with another number than 0 outside, where the condition says no more than inside."""
    if not isinstance(yes, Read) or yes in context.lowered or letters(no) or list(reads(no)):
        return None
    shape = context.table[yes.tensor].shape
    ends = {
        difference
        for subscript, extent in zip(yes.subscripts, shape, strict=True)
        for end in outside_of(subscript, extent)
        if (difference := not_negative(end)) is not None
    }
    required = {not_negative(p) for p in conjuncts(condition) if decide(p) is not True}
    return _filled(lower_read(yes, context), lower(no, context)) if required == ends else None


def _filled(array: Array, fill: Array) -> Array | None:
    match array:
        case Window(of=of):
            inner = _filled(of, fill)
            return None if inner is None else replace(array, of=inner, fill=fill)
        case Load() | Reshape():
            return array
        case _:
            return None


def _is_known(condition: Expr, context: TermContext) -> bool:
    """Whether a condition reads no array and holds no function: Python decides it."""
    if any(isinstance(node, Call | Pow | Constant) for node in walk(condition)):
        return False
    result = (*reads(condition), *index_reads(condition))
    return all(context.table[r.tensor].role in ("mode", "constant") for r in result)


def _condition(expr: Expr, context: TermContext) -> Array:
    match expr:
        case Compare(op, left, right):
            return mapped(op, [_integer(left, context), _integer(right, context)], context)
        case Logic(op, args):
            return mapped(op, [_condition(a, context) for a in args], context)
        case _:
            return lower(expr, context)


def _integer(expr: Expr, context: TermContext) -> Array:
    """Letters stay integers where they are compared."""
    if isinstance(expr, Index):
        return lower_index(expr.value, context)
    if isinstance(expr, Read) and context.table[expr.tensor].integer:
        return lower_read(expr, context, as_integer=True)
    return lower(expr, context)


def _quotient(args: tuple[Expr, ...], context: TermContext) -> Array:
    """A product as numerator and denominator, the sign and whole numbers in front."""
    over: list[Expr] = []
    under: list[Expr] = []
    sign = False
    for arg in args:
        match arg:
            case Pow(base, Number(value)) if value < 0:
                under.append(power(base, number(-value)))
            case Number(value):
                sign = value < 0
                top, bottom = abs(value.numerator), value.denominator
                if as_decimal(value) or is_long(value):
                    over.append(number(abs(value)))
                    continue
                if top != 1:
                    over.append(number(top))
                if bottom != 1:
                    under.append(number(bottom))
            case _:
                over.append(arg)
    parts = [lower(a, context) for a in over]
    result = parts[0] if len(parts) == 1 else mapped("mul", parts, context) if parts else None
    if under:
        below = [lower(a, context) for a in under]
        divisor = below[0] if len(below) == 1 else mapped("mul", below, context)
        result = mapped("div", [result or Value(number(1)), divisor], context)
    result = result or Value(number(1))
    return mapped("neg", [result], context) if sign else result


def lower_sum(core: Expr, run: tuple[Axis, ...], context: TermContext) -> Array:
    """The sum of a body over letters: a contraction where it is a product of several arrays."""
    absent = [a for a in run if a not in letters(core)]
    run = tuple(a for a in run if a not in absent)
    value = _contracted(core, run, context) if run else lower(core, context)
    for axis in absent:
        if context.length(axis) != affine(1):
            value = mapped("mul", [Length(context.length(axis)), value], context)
    return value


def _contracted(core: Expr, run: tuple[Axis, ...], context: TermContext) -> Array:
    groups = _groups(core, set(run), context)
    arrays = [lower(g, _natural(g, context)) for g in groups]
    if len(arrays) == 1:
        return _reduced(arrays[0], run, context)
    chain = _chain(arrays, run, context)
    if chain is not None:
        return chain
    while len(arrays) > 1:
        first, second = contract_order(arrays, run)
        left, right = arrays[first], arrays[second]
        others = [a for k, a in enumerate(arrays) if k not in (first, second)]
        needed = {a for other in others for a in other.axes}
        summed = tuple(a for a in run if a not in needed)
        arrays = [*others, _pair(left, right, summed, context)]
    left_over = tuple(a for a in run if a in arrays[0].axes)
    return _reduced(arrays[0], left_over, context)


def _chain(arrays: list[Array], run: tuple[Axis, ...], context: TermContext) -> Chain | None:
    """Three matrices or more, each beside the next, of which no extent is known before run time."""
    matrices = all(len(a.axes) == 2 for a in arrays)
    walked = dict.fromkeys(a for array in arrays for a in array.axes)
    ends = [a for a in context.order if a in walked and a not in run]
    if len(arrays) < 3 or not matrices or len(ends) != 2:
        return None
    if any(a.extent.number is not None for a in walked):
        return None
    place, left, result = ends[0], list(arrays), []
    while left:
        beside = [a for a in left if place in a.axes]
        if len(beside) != 1:
            return None
        result.append(beside[0])
        left.remove(beside[0])
        place = beside[0].axes[1 - beside[0].axes.index(place)]
    return Chain(tuple(result), tuple(ends)) if place == ends[1] else None


def _natural(group: Expr, context: TermContext) -> TermContext:
    """The order of axes that an array in the group has in memory, else one that none is against."""
    wanted = set(context.free(letters(group)))
    for read in reads(group):
        axes = tuple(a for s in read.subscripts if (a := s.axis) is not None and a in wanted)
        if len(axes) == len(read.subscripts) and set(axes) == wanted and len(axes) == len(wanted):
            return replace(context, order=axes)
    return replace(context, order=_agreed(group, context) or context.order)


def _agreed(group: Expr, context: TermContext) -> tuple[Axis, ...] | None:
    """The letters in an order that keeps that of each read; None where two are against each other.

    Then arrays broadcast to each other as they lie.
    """
    orders = [tuple(a for s in r.subscripts if (a := s.axis) is not None) for r in reads(group)]
    left = list(context.order)
    result: list[Axis] = []
    while left:
        ready = [
            a
            for a in left
            if not any(
                b in left and a in order and b in order[: order.index(a)]
                for order in orders
                for b in order
            )
        ]
        if not ready:
            return None
        result.append(ready[0])
        left.remove(ready[0])
    return tuple(result)


def _reduced(array: Array, run: tuple[Axis, ...], context: TermContext) -> Array:
    if not run:
        return array
    return Reduce("sum", array, run, tuple(a for a in array.axes if a not in run))


def _pair(left: Array, right: Array, run: tuple[Axis, ...], context: TermContext) -> Array:
    """Two arrays multiplied and summed over `run`; letters of one alone are summed first."""
    left = _reduced(left, tuple(a for a in run if a in left.axes and a not in right.axes), context)
    right = _reduced(
        right, tuple(a for a in run if a in right.axes and a not in left.axes), context
    )
    shared = [a for a in run if a in left.axes and a in right.axes]
    if not shared:
        return mapped("mul", [left, right], context)
    both = [a for a in left.axes if a in right.axes and a not in shared]
    mine = [a for a in left.axes if a not in right.axes]
    theirs = [a for a in right.axes if a not in left.axes]
    place = {a: k for k, a in enumerate(context.order)}
    if mine and theirs and min(place[a] for a in theirs) < min(place[a] for a in mine):
        left, right, mine, theirs = right, left, theirs, mine
    return Dot(left, right, (*both, *mine, *theirs))


def _groups(core: Expr, run: set[Axis], context: TermContext) -> list[Expr]:
    """The factors of a product, those with the same letters together."""
    result: list[tuple[frozenset[Axis], list[Expr]]] = []
    for factor in factors(core):
        mine = frozenset(context.free(letters(factor)))
        for axes, parts in result:
            if axes == mine:
                parts.append(factor)
                break
        else:
            result.append((mine, [factor]))
    # a factor that adds no letter to another is multiplied in, unless it makes a product of two
    changed = True
    while changed and len(result) > 1:
        changed = False
        for k, (axes, parts) in enumerate(result):
            hosts = [h for h, (other, _) in enumerate(result) if h != k and axes < other]
            if hosts and (len(result) > 2 or not axes & run):
                host = min(hosts, key=lambda h: len(result[h][0]))
                merged = {id(p) for p in (*parts, *result[host][1])}
                together = [f for f in factors(core) if id(f) in merged]
                result[host] = (result[host][0], together)
                del result[k]
                changed = True
                break
    return [mul(*parts) for _, parts in result]
