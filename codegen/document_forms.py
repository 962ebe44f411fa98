"""Documents as LaTeX and as Markdown: escaping, lines of formulas, cells; layout is templates."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from codegen.document_model import (
    Block,
    Bullets,
    Code,
    Display,
    Math,
    Paragraph,
    Section,
    Table,
    Text,
)
from codegen.emit_latex import Formula
from codegen.latex_box import flat
from codegen.latex_lines import split, width

_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
}
_SPACE = re.compile(r"\s+")
_MARKDOWN = frozenset(r"\`*_{}[]<>#|$~&")
# room for formulas, in em
_PAGE = 38.5
_SCREEN = 44.0
_INDENT = 1.2
_WIDEST_LEFT = 14.0


@dataclass(frozen=True)
class Shown:
    """A block with its strings ready for a template."""

    text: str = ""
    title: str = ""
    lines: tuple[str, ...] = ()
    aligned: bool = False
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    items: tuple[str, ...] = ()
    is_paragraph: bool = False
    is_display: bool = False
    is_table: bool = False
    is_list: bool = False


@dataclass(frozen=True)
class ShownSection:
    """A section with its strings ready for a template."""

    title: str
    is_part: bool
    blocks: tuple[Shown, ...] = field(default=())


@dataclass(frozen=True)
class Form:
    """How the pieces of a text are written in one format."""

    escape: Callable[[str], str]
    math: Callable[[str], str]
    code: Callable[[str], str]
    formula: Callable[[str], str]
    room: float
    tags: bool

    def text(self, text: Text) -> str:
        """A text, every piece escaped."""
        found = ""
        for piece in text:
            match piece:
                case Math(latex):
                    found += self.math(latex)
                case Code(name):
                    found += self.code(name)
                case _:
                    found += self.escape(piece)
        return found

    def section(self, section: Section) -> ShownSection:
        """A section."""
        blocks = tuple(self.block(b) for b in section.blocks)
        return ShownSection(self.text(section.title), section.level == 1, blocks)

    def block(self, block: Block) -> Shown:
        """A block."""
        match block:
            case Paragraph(text, title):
                return Shown(is_paragraph=True, text=self.text(text), title=self.text(title))
            case Display(formulas):
                lines = display_lines(formulas, self.room, self.tags)
                lines = [self.formula(x) for x in lines]
                aligned = len(lines) > 1
                if not aligned and not self.tags:
                    lines = [lines[0].replace("&", "", 1)]
                return Shown(is_display=True, lines=tuple(lines), aligned=aligned)
            case Table(header, rows):
                return Shown(
                    is_table=True,
                    header=tuple(map(self.text, header)),
                    rows=tuple(tuple(map(self.text, row)) for row in rows),
                )
            case Bullets(items):
                return Shown(is_list=True, items=tuple(map(self.text, items)))


def display_lines(formulas: Sequence[Formula], room: float, tags: bool) -> list[str]:
    """The lines of aligned formulas; the first line of each takes the number where there are."""
    left = min(max(width(f.left) for f in formulas), _WIDEST_LEFT)
    found: list[str] = []
    for formula in formulas:
        space = room - max(left, width(formula.left)) - width(formula.relation)
        lines = list(_sides(formula, space))
        lines[0] = f"{formula.left} {lines[0]}"
        found.append(lines[0])
        found.extend(rf"{x} \notag" if tags else x for x in lines[1:])
    return found


def _sides(formula: Formula, room: float) -> Iterator[str]:
    """The right sides, as many on a line as it takes."""
    line, relation = "", formula.relation
    for right in formula.right:
        more = f"{line} {relation} {flat(right)}"
        if line and width(more) <= room:
            line = more
        else:
            if line:
                yield line
            *lines, last = split(right, room, room - _INDENT)
            for k, piece in enumerate((*lines, last)):
                line = rf"&\quad {piece}" if k else f"&{relation} {piece}"
                if k < len(lines):
                    yield line
        relation = "="
    yield line


def tex_text(text: str) -> str:
    """Anybody's text for LaTeX: no character of it is a command."""
    escaped = "".join(map(_tex_character, _SPACE.sub(" ", text)))
    return escaped.replace("--", "-{}-").replace("--", "-{}-")  # no dashes by ligature


def _tex_character(c: str) -> str:
    if c in _TEX:
        return _TEX[c]
    if c.isascii():
        return c if c.isprintable() else "?"
    if c.isprintable() and ord(c) < 0x180:  # Latin letters with accents, that T1 has
        return c if c.isalpha() else _plain(c)
    return _plain(c)


def _plain(c: str) -> str:
    """What is left of a character in ASCII, else its number."""
    bare = unicodedata.normalize("NFKD", c).encode("ascii", "ignore").decode()
    if not bare or not bare.isprintable():
        return f"U+{ord(c):04X}"
    return "".join(_TEX.get(x, x) for x in bare)


def _tex_code(name: str) -> str:
    text = tex_text(name).replace(r"\_", r"\_\allowbreak ")
    return rf"\texttt{{{text}}}"


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


TEX = Form(
    escape=tex_text,
    math=lambda latex: f"${flat(latex)}$",
    code=_tex_code,
    formula=flat,
    room=_PAGE,
    tags=True,
)
MARKDOWN = Form(
    escape=markdown_text,
    math=lambda latex: f"${markdown_math(latex)}$",
    code=lambda name: f"`{name}`",
    formula=markdown_math,
    room=_SCREEN,
    tags=False,
)
