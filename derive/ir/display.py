"""How objects show themselves, and how a derivation is written: in terminals, notebooks and files.

Formulas, documents and modules are written above this room. Who writes them says so by entry points
in the package's metadata: one of the group `derive.display` gives, by MIME type, what a notebook
shows of an object; those of the group `derive.writers` are functions by name. They are looked for
when they are first needed; without a printer there is plain text.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import Any

GROUP, WRITERS = "derive.display", "derive.writers"


class Displayed:
    """An object that shows itself: in a notebook as LaTeX or HTML, in a terminal as text."""

    __slots__ = ()

    def __str__(self) -> str:
        """In the language in which equations are written."""
        write = writer("text")
        return repr(self) if write is None else str(write(self))

    @property
    def latex(self) -> str | None:
        """Its formulas in LaTeX, without dollar signs; None for what has none."""
        write = writer("latex")
        return None if write is None else write(self)

    def _repr_latex_(self) -> str | None:
        """LaTeX with its dollar signs; None where a table says it better."""
        return self._repr_mimebundle_().get("text/latex")

    def _repr_html_(self) -> str | None:
        """HTML, in which a notebook typesets what stands between dollar signs."""
        return self._repr_mimebundle_().get("text/html")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Every form by its MIME type."""
        result = {"text/plain": str(self)}
        for show in _printers():
            result.update(show(self))
        kept = set(include or result) - set(exclude or ())
        return {k: v for k, v in result.items() if k in kept}


@cache
def _printers() -> tuple[Any, ...]:
    return tuple(e.load() for e in sorted(entry_points(group=GROUP), key=lambda e: e.name))


@cache
def writer(name: str) -> Any:
    """The function that writes something, by its name; None where it isn't installed."""
    found = entry_points(group=WRITERS, name=name)
    return next(iter(found)).load() if found else None


def some(names: Any, most: int = 8) -> str:
    """Names in a row, the first few of many."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
