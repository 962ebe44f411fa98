"""Bodies of terms: what they cost, and their shapes without their leaves."""

from __future__ import annotations

from derive.ir.functions import FUNCTIONS
from derive.ir.notation import Add, Axis, Call, Expr, Index, Mul, Number, Pow, Read, affine
from derive.ir.tree import MINUS_ONE, children, transform


def cost(expr: Expr) -> float:
    """The cost of a body, to compute and to read: the cheapest of equal forms wins."""
    match expr:
        case Add(args):
            return len(args) - 1 + sum(cost(a) for a in args)
        case Mul(args):
            signs = sum(0.75 for a in args if a == MINUS_ONE)
            return len(args) - 1 - signs + sum(cost(a) for a in args)
        case Pow(base, Number(value)):
            whole = value.denominator == 1
            # a square costs a little more than a product, so that y*(1 - y) wins over y - y**2
            return cost(base) + ((1.1 if abs(value) <= 2 else 2.0) if whole else 8.0)
        case Pow(base, exponent):
            return 12 + cost(base) + cost(exponent)
        case Call(function, args):
            return FUNCTIONS[function].cost + sum(cost(a) for a in args)
        case _:
            return sum((cost(p) for p in children(expr)), 0.0)


def abstract(*exprs: Expr) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """The shapes of expressions and their leaves: equal shapes share work done once."""
    places: dict[Expr, Expr] = {}

    def change(node: Expr) -> Expr | None:
        match node:
            case Index():
                return places.setdefault(node, Index(affine(Axis(f"@{len(places)}", affine(1)))))
            case Read() | Call("hold" | "delta", _):
                return places.setdefault(node, Read(f"@{len(places)}"))
            case _:
                return None

    shapes = tuple(transform(e, change) for e in exprs)
    return shapes, tuple(places)


def concrete(shape: Expr, leaves: tuple[Expr, ...]) -> Expr:
    """A shape with its leaves put back."""

    def change(node: Expr) -> Expr | None:
        match node:
            case Read(name, ()) if name.startswith("@"):
                return leaves[int(name[1:])]
            case Index(value) if (axis := value.axis) and axis.letter.startswith("@"):
                return leaves[int(axis.letter[1:])]
            case _:
                return None

    return transform(shape, change)


def is_monomial(expr: Expr) -> bool:
    """A product of leaves and numbers: there is nothing to simplify."""
    match expr:
        case Mul(args):
            return all(isinstance(a, Number | Read | Index) or _is_size(a) for a in args)
        case _:
            return isinstance(expr, Number | Read | Index)


def _is_size(expr: Expr) -> bool:
    return isinstance(expr, Pow) and isinstance(expr.base, Index)
