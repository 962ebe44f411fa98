"""Display in notebooks, which ask an object by methods of its own.

Formulas are drawn above this room. Who draws them says so by an entry point of the group
`derive.display` in the package's metadata: a function that gives, by MIME type, what is shown of an
object. It is looked for when something is shown first; without one there is plain text.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import Any

GROUP = "derive.display"


class Displayed:
    """An object that a notebook can show: as LaTeX, as HTML, and as a bundle with plain text."""

    __slots__ = ()

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
