"""Equations by what they define, with who reads them: what a pass over a derivation changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from derive.algebra.reads_of_one import uses
from derive.ir.notation import Equation, affine
from derive.ir.tree import reads, substitute


class EquationTable:
    """Equations in order; `removed` are those that were taken out."""

    def __init__(self, equations: Iterable[Equation]) -> None:
        self.removed: list[Equation] = []
        self._equations: dict[str, Equation] = {}
        self._users: dict[str, dict[str, None]] = {}
        for equation in equations:
            self.put(equation)

    def __contains__(self, name: str) -> bool:
        return name in self._equations

    def __getitem__(self, name: str) -> Equation:
        return self._equations[name]

    def __iter__(self) -> Iterator[Equation]:
        return iter(tuple(self._equations.values()))

    @property
    def names(self) -> tuple[str, ...]:
        """The tensors that they define."""
        return tuple(self._equations)

    def put(self, equation: Equation) -> None:
        """An equation, new or in the place of the one of the same tensor."""
        self._equations[equation.tensor] = equation
        # names that it used before stay, and are asked again
        for term in equation.terms:
            for read in reads(term.body):
                self._users.setdefault(read.tensor, {})[equation.tensor] = None

    def take_out(self, name: str) -> Equation:
        """Remove an equation."""
        result = self._equations.pop(name)
        self.removed.append(result)
        return result

    def same_sum(self, bare: Equation) -> str | None:
        """The tensor that is the same sum as the one term of an equation, letters aside."""
        wanted = bare.terms[0]
        first = next(reads(wanted.body), None)
        for equation in self.users(first.tensor) if first else ():
            term, *others = equation.terms
            mine, theirs = (*equation.axes, *term.reduced), (*bare.axes, *wanted.reduced)
            if (
                not others
                and (term.reduce, term.plain) == ("sum", True)
                and [a.extent for a in mine] == [a.extent for a in theirs]
                and len(equation.axes) == len(bare.axes)
                and term.target == tuple(map(affine, equation.axes))
                and substitute(term.body, dict(zip(mine, map(affine, theirs), strict=True)))
                == wanted.body
            ):
                return equation.tensor
        return None

    def users(self, name: str) -> list[Equation]:
        """The equations that read a tensor now, in order."""
        result = (self._equations.get(u) for u in self._users.get(name, ()))
        return [e for e in result if e is not None and uses(e, name)]
