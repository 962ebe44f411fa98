"""Names that nothing has yet."""

from __future__ import annotations

from collections.abc import Container, Iterable
from itertools import chain, count

from derive.ir.names import adjoint_of, primal_of


def fresh_name(taken: Container[str], *wanted: str) -> str:
    """A name that isn't taken: the first free one, else the last one numbered."""
    numbered = (f"{wanted[-1]}{k}" for k in count(2))
    return next(name for name in chain(wanted, numbered) if name not in taken)


class UsedNames(Container[str]):
    """Names in use: those that it has, their derivatives' and those whose derivatives it has."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = set(names)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        return not self.names.isdisjoint((name, adjoint_of(name), primal_of(name)))

    def fresh(self, *wanted: str) -> str:
        """A name that nothing has, which is in use from now on."""
        result = fresh_name(self, *wanted)
        self.names.add(result)
        return result
