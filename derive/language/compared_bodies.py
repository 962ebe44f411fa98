"""Values that are compared with what was made of them, found in the text of a whole system.

In `m[n] = max(i, exp(x[n,i])**3)` and `where(exp(x[n,j])**3 == m[n], ...)` the power stands twice.
Worked out twice it may differ in its last bit, and then nothing is equal to the maximum: both
places have to read one value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from derive.ir.names import is_next
from derive.ir.notation import (
    Axis,
    Call,
    Compare,
    Constant,
    Expr,
    Index,
    Logic,
    Mul,
    Number,
    Read,
    Reduction,
    affine,
)
from derive.ir.tree import children, contains, letters, substitute, walk

SELECTIONS = ("abs", "relu", "maximum", "minimum")


def is_selection(expr: Expr) -> bool:
    """Whether a value is one of those read, up to its sign: then no rounding makes it another.

    What is worked out anew may differ in its last bit and be equal to nothing.
    """
    match expr:
        case Read() | Index() | Number() | Constant():
            return True
        case Mul((Number(value), inner)):
            return abs(value) == 1 and is_selection(inner)
        case Call("where", (condition, yes, no)):
            decided = not any(isinstance(e, Read) for e in walk(condition))
            return decided and is_selection(yes) and is_selection(no)
        case Call(function, args) if function in (*SELECTIONS, "hold"):
            return all(is_selection(a) for a in args)
        case _:
            return False


def nameless(expr: Expr) -> tuple[Expr, tuple[Axis, ...]]:
    """The expression with its free letters numbered in reading order, and those letters.

    Two expressions say the same of other letters where the first parts are equal.
    """
    free = tuple(letters(expr))
    numbered = {a: affine(Axis(f"@{k}", a.extent)) for k, a in enumerate(free)}
    return substitute(expr, numbered), free


@dataclass(frozen=True)
class Holder:
    """The tensor that holds a value, and at which of the value's letters each axis is read."""

    tensor: str
    order: tuple[int, ...]

    def at(self, free: Sequence[Axis]) -> Read:
        """The value with these letters for its numbered ones."""
        return Read(self.tensor, tuple(affine(free[k]) for k in self.order))


Defined = tuple[str, tuple[Axis, ...], Expr]  # tensor, letters on the left, right side


def compared_bodies(equations: Sequence[Defined]) -> dict[Expr, Holder | None]:
    """What is compared in one place and selected from in another, its letters numbered.

    A tensor that is defined as just that is its holder; where there is none the value still needs
    a name.
    """
    nodes = [node for _, _, expr in equations for node in walk(expr)]
    sides = [s for node in nodes if isinstance(node, Compare) for s in children(node)]
    if not sides:
        return {}
    parts = [part for side in sides for part in walk(side)]
    options = [option for node in nodes for option in selected_from(node)]
    defined = {tensor: expr for tensor, _, expr in equations}
    shared = _bodies(parts, defined) & _bodies(options, defined)
    holders: dict[Expr, Holder] = {}
    for tensor, axes, expr in equations:
        body, free = nameless(expr)
        if body in shared and set(axes) == set(free) and not is_next(tensor):
            holders.setdefault(body, Holder(tensor, tuple(free.index(a) for a in axes)))
    return {body: holders.get(body) for body in shared}


def selected_from(node: Expr) -> tuple[Expr, ...]:
    """The values out of which a maximum, a minimum, `relu` or `abs` takes one."""
    match node:
        case Reduction("max" | "min", _, body):
            return (body,)
        case Call(function, args) if function in SELECTIONS:
            return args
        case _:
            return ()


def _bodies(exprs: Iterable[Expr], defined: Mapping[str, Expr]) -> set[Expr]:
    """Those that are worked out, or what the tensors that they read are defined as."""
    meant = (defined.get(e.tensor, e) if isinstance(e, Read) else e for e in exprs)
    return {nameless(e)[0] for e in meant if _is_worked_out(e)}


def _is_worked_out(expr: Expr) -> bool:
    """Whether it is a number that rounding touches."""
    number = not isinstance(expr, Compare | Logic)
    return number and contains(expr, lambda e: isinstance(e, Read)) and not is_selection(expr)
