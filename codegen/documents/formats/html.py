"""Documents as one page of HTML: no script, no network, formulas already set.

Everything that the page shows lies in the one file: style, fonts, drawings. It is read on a wide
screen and on a phone, in light and dark, on paper and by a screen reader.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from html import escape
from importlib.resources import files
from unicodedata import category

from codegen.documents.blocks import Code, Document, Math, Text
from codegen.documents.drawings.svg import inline_svg
from codegen.documents.formats.form import (
    DisplayStyle,
    Format,
    RenderedBlock,
    RenderedFormula,
    RenderedSection,
    Writer,
)
from codegen.documents.formats.katex import Katex
from codegen.documents.messages import Words
from codegen.latex.box import flat
from codegen.templating import render

_TEMPLATES = files("codegen") / "templates" / "derivation"
_STYLES = ("page.css", "blocks.css", "drawing.css", "print.css")
_ROOM = 38.0  # em

# no script, nothing from anywhere; KaTeX places the pieces of a formula by style attributes
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; style-src-elem 'sha256-{hash}'; "
    "style-src-attr 'unsafe-inline'; font-src data:; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)


@dataclass(frozen=True)
class Part:
    """A section with the place that a link finds it by, and the sections below it."""

    anchor: str
    title: str
    blocks: tuple[RenderedBlock, ...]
    inner: tuple[Part, ...] = ()


def html_text(text: str) -> str:
    """Anybody's text for HTML, in an attribute or out of one."""
    return escape("".join(_character(c) for c in text))


def page(document: Document, lang: str = "en") -> str:
    """The whole page. Raises `ChainruleError` where the engine that sets formulas is missing."""
    katex = Katex()
    form = Format(
        template="derivation.html.j2",
        escape=html_text,
        math=lambda latex: katex.inline(flat(latex)),
        code=lambda name: f"<code>{html_text(name)}</code>",
        ref=lambda number: f'<a href="#eq-{number}">({number})</a>',
        picture=inline_svg,
        display=DisplayStyle(formula=flat, room=_ROOM, together=False),
    )
    writer = Writer(form, document)
    title = writer.title()
    parts = tuple(_parts([_set(s, katex) for s in writer.sections()]))
    style = "\n".join((katex.css(), *map(_style, _STYLES))) + "\n"
    return render(
        form.template,
        lang=html_text(lang),
        policy=_POLICY.format(hash=b64encode(sha256(style.encode()).digest()).decode()),
        plain_title=html_text(_plain(document.title)),
        title=title,
        style=style,
        contents=Words(lang).plain("contents"),
        parts=parts,
    )


def _character(c: str) -> str:
    if c.isspace():
        return " "
    # what can't be seen may turn the direction of what stands after it
    return "?" if category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") else c


def _plain(text: Text) -> str:
    """A text without marks, for the name of the window."""
    return "".join(_spoken(piece) for piece in text)


def _spoken(piece: object) -> str:
    match piece:
        case str():
            return piece
        case Math(latex):
            return flat(latex)
        case Code(name):
            return name
        case _:
            return ""


def _style(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8").strip()


def _set(section: RenderedSection, katex: Katex) -> RenderedSection:
    """The section with its formulas set, each formula one piece."""
    blocks = tuple(
        replace(b, formulas=tuple(_set_formula(f, katex) for f in b.formulas))
        for b in section.blocks
    )
    return replace(section, blocks=blocks)


def _set_formula(formula: RenderedFormula, katex: Katex) -> RenderedFormula:
    lines = formula.lines
    if len(lines) == 1:
        latex = lines[0].replace("&", "", 1)
    else:
        latex = " ".join((r"\begin{aligned}", r" \\ ".join(lines), r"\end{aligned}"))
    return replace(formula, lines=(katex.display(latex),))


def _parts(sections: Sequence[RenderedSection]) -> Iterator[Part]:
    """Sections with those of the second level in them."""
    starts = [k for k, s in enumerate(sections) if s.is_part or k == 0]
    for number, (start, end) in enumerate(
        zip(starts, (*starts[1:], len(sections)), strict=True), 1
    ):
        first, *others = sections[start:end]
        inner = tuple(
            Part(f"s-{number}-{k}", other.title, other.blocks) for k, other in enumerate(others, 1)
        )
        yield Part(f"s-{number}", first.title, first.blocks, inner)
