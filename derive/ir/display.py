"""How the mathematics shows itself in a notebook, which asks an object by methods of its own.

The pictures of formulas are made above this room, in `codegen.notebook`; it is asked by name, at
the moment of showing, so that nothing here depends on it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PRINTER = "codegen.notebook"


class Displayed:
    """What a notebook can show: as LaTeX, as HTML, and as a bundle of both with plain text."""

    __slots__ = ()

    def _repr_latex_(self) -> str | None:
        """LaTeX with its dollar signs; None where a table says it better."""
        found: str | None = import_module(_PRINTER).latex(self)
        return found

    def _repr_html_(self) -> str:
        """HTML, in which a notebook typesets what stands between dollar signs."""
        return str(import_module(_PRINTER).html(self))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Every form by its MIME type."""
        found = {
            "text/plain": str(import_module(_PRINTER).text(self)),
            "text/html": self._repr_html_(),
        }
        latex = self._repr_latex_()
        if latex is not None:
            found["text/latex"] = latex
        kept = set(include or found) - set(exclude or ())
        return {k: v for k, v in found.items() if k in kept}
