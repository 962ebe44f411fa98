"""`hold(...)` as tensors of their own, so that derivatives keep it constant.

In a difference quotient, as in a derivative by SymPy, a held value must not move. So each
`hold(value)` becomes a read of a new tensor, whose values are computed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from derive.ir.fresh_names import fresh_name
from derive.ir.notation import Call, Equation, Expr, Read, Tensor, Term, affine
from derive.ir.tree import letters, transform


@dataclass(frozen=True)
class Frozen:
    """Equations whose held values are given: by `held`, evaluated beside the unfrozen ones."""

    equations: tuple[Equation, ...]
    held: tuple[Equation, ...]
    table: Mapping[str, Tensor]


def freeze(equations: Iterable[Equation], table: Mapping[str, Tensor]) -> Frozen:
    """The same equations without `hold`; the table holds the new tensors, too."""
    table = dict(table)
    held: list[Equation] = []

    def give(value: Expr) -> Read:
        name = fresh_name(table, f"held{len(held)}")
        axes = tuple(letters(value))
        target = tuple(affine(a) for a in axes)
        table[name] = Tensor(name, tuple(a.extent for a in axes), "intermediate")
        held.append(Equation(name, axes, (Term(target, axes, "sum", value),)))
        return Read(name, target)

    def change(expr: Expr) -> Expr | None:
        match expr:
            case Call("hold", (value,)):
                return give(value)
            case _:
                return None

    new = []
    for equation in equations:
        terms = tuple(replace(t, body=transform(t.body, change)) for t in equation.terms)
        new.append(replace(equation, terms=terms))
    return Frozen(tuple(new), tuple(held), table)
