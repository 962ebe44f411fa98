"""Documents as Markdown, with formulas as GitHub and Jupyter take them."""

from __future__ import annotations

import re

from codegen.latex.box import flat
from codegen.paper.drawing import Drawing
from codegen.paper.forms import Form

_SPACE = re.compile(r"\s+")
_MARKDOWN = frozenset(r"\`*_{}[]<>#|$~&")


def markdown_text(text: str) -> str:
    """Anybody's text for Markdown."""
    shown = "".join(c if c.isprintable() else "?" for c in _SPACE.sub(" ", text))
    return "".join(f"\\{c}" if c in _MARKDOWN else c for c in shown)


def markdown_math(latex: str) -> str:
    r"""LaTeX as GitHub takes it: a backslash before a sign of punctuation would be lost."""
    shown = flat(latex)
    for old, new in (
        (r"\\", r"\cr "),
        (r"\,", r"\thinspace "),
        (r"\operatorname", r"\mathrm"),
        ("<", r"\lt "),
        (">", r"\gt "),
    ):
        shown = shown.replace(old, new)
    return " ".join(shown.split())


def _drawn(drawing: Drawing) -> str:
    return markdown_text(drawing.alternative)


MARKDOWN = Form(
    template="derivation.md.j2",
    escape=markdown_text,
    math=lambda latex: f"${markdown_math(latex)}$",
    code=lambda name: f"`{name}`",
    ref=lambda number: f"({number})",
    formula=markdown_math,
    picture=_drawn,
    room=44.0,
    together=False,
)
