"""The equations of a model as text: in the equation language, or in LaTeX."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from derive.language.parser import read_equations
from derive.language.syntax import Written

_COMMAND = re.compile(r"\\[A-Za-z]{2,}|\\\\|\\\[|\$|[A-Za-z0-9)}]\s*[_^]\s*\{")
_LANGUAGE = re.compile(r"\w\s*\[|\*\*|\b(?:sum|prod|mean|where)\s*\(")


def looks_like_latex(text: str) -> bool:
    """Whether a text is LaTeX, not the equation language: it has commands or braced scripts.

    `y_i = x_i^2` is LaTeX, too; `y_i = 2*x_i` names three scalars of the equation language.
    """
    plain = "\n".join(line.split("#", 1)[0] for line in text.splitlines())
    if "\\" not in plain.replace("\\\n", "\n") and _LANGUAGE.search(plain):
        return False
    scripts = "^" in plain and re.search(r"[A-Za-z]_\w", plain)
    return bool(_COMMAND.search(plain) or scripts)


def read_model(
    text: str,
    place: str,
    problems: list[str],
    functions: Mapping[str, str] | None = None,
    known: Collection[str] = (),
) -> list[Written]:
    """A model's equations, in the equation language or in LaTeX."""
    if looks_like_latex(text) or (functions and not _LANGUAGE.search(text)):
        # plain text needs no reader of LaTeX, whose import takes a while
        from derive.readers.latex import latex_equations  # noqa: PLC0415

        return latex_equations(text, place, problems, functions, known)
    if functions:
        problems.append(
            f"{place}: functions tell what the letters of LaTeX are, and this is none; write the "
            "function's name into the equations"
        )
    return read_equations(text, place, problems)
