"""Documents as Markdown, with formulas as GitHub and Jupyter take them."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import quote

from codegen.documents.drawings.marks import Drawing
from codegen.documents.drawings.svg import data_uri, svg_file
from codegen.documents.formats.form import DisplayStyle, Format
from codegen.latex.box import flat

_SPACE = re.compile(r"\s+")
_MARKDOWN = frozenset(r"\`*_{}[]<>#|$~&")


def markdown_text(text: str) -> str:
    """Anybody's text for Markdown."""
    escaped = "".join(c if c.isprintable() else "?" for c in _SPACE.sub(" ", text))
    return "".join(f"\\{c}" if c in _MARKDOWN else c for c in escaped)


def markdown_math(latex: str) -> str:
    r"""LaTeX as GitHub takes it: a backslash before a sign of punctuation would be lost."""
    escaped = flat(latex)
    for old, new in (
        (r"\\", r"\cr "),
        (r"\,", r"\thinspace "),
        (r"\operatorname", r"\mathrm"),
        ("<", r"\lt "),
        (">", r"\gt "),
    ):
        escaped = escaped.replace(old, new)
    return " ".join(escaped.split())


def _embedded(drawing: Drawing) -> str:
    return _image(drawing, data_uri(drawing))


def _image(drawing: Drawing, address: str) -> str:
    return f"![{markdown_text(drawing.alternative)}]({address})"


MARKDOWN = Format(
    template="derivation.md.j2",
    escape=markdown_text,
    math=lambda latex: f"${markdown_math(latex)}$",
    code=lambda name: f"`{name}`",
    ref=lambda number: f"({number})",
    picture=_embedded,
    display=DisplayStyle(formula=markdown_math, room=44.0, together=False),
)


def beside(stem: str) -> tuple[Format, dict[str, str]]:
    """Markdown whose pictures are files of their own, and these by name, as they are drawn.

    GitHub shows no picture that stands in the text itself. `stem` begins the files' names.
    """
    files: dict[str, str] = {}

    def picture(drawing: Drawing) -> str:
        name = f"{stem}-{drawing.name}.svg"
        count = 1
        while files.get(name, svg_file(drawing)) != svg_file(drawing):
            count += 1
            name = f"{stem}-{drawing.name}{count}.svg"
        files[name] = svg_file(drawing)
        return _image(drawing, quote(name, errors="surrogateescape"))

    return replace(MARKDOWN, picture=picture), files
