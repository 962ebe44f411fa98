"""What all formats have in common: pieces of text, numbers of formulas, lines.

A `Format` holds how pieces are written, a `Writer` puts a document's blocks into
strings that a template lays out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from codegen.documents.blocks import (
    Block,
    Box,
    Bullets,
    Code,
    Display,
    Document,
    Fold,
    Math,
    Paragraph,
    Picture,
    Ref,
    Row,
    Section,
    Table,
    Text,
)
from codegen.documents.drawings.marks import Drawing
from codegen.latex.box import flat
from codegen.latex.formula import Formula
from codegen.latex.line_breaking import split, width

# in em
_INDENT = 1.2
_WIDEST_LEFT = 14.0
_MATRIX = r"\begin{pmatrix}"


Kind = Literal[
    "paragraph",
    "display",
    "table",
    "box",
    "group",
    "box end",
    "list",
    "picture",
    "fold",
    "fold end",
]


@dataclass(frozen=True)
class RenderedFormula:
    """The lines of one formula, and its number."""

    lines: tuple[str, ...]
    number: int
    label: str = ""


@dataclass(frozen=True)
class RenderedBlock:
    """A block with its strings ready for a template, which lays out each kind in its way."""

    kind: Kind
    text: str = ""
    title: str = ""
    formulas: tuple[RenderedFormula, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class RenderedSection:
    """A section with its strings ready for a template."""

    title: str
    is_part: bool
    blocks: tuple[RenderedBlock, ...] = ()


@dataclass(frozen=True)
class DisplayStyle:
    """How formulas are written that stand by themselves.

    `room` is the width of a line in em; `together` says whether formulas that follow each other are
    one display, aligned at their signs, or a display each; `label` marks a formula that others
    refer to; `number` is what a formula's number takes of a line that holds matrices, which can
    hardly be broken.
    """

    formula: Callable[[str], str]
    room: float
    together: bool
    label: Callable[[int], str] = lambda number: ""
    number: float = 0.0


@dataclass(frozen=True)
class Format:
    """A format: how the pieces of a document are written.

    `more` is what the template asks for beside title and sections.
    """

    template: str
    escape: Callable[[str], str]
    math: Callable[[str], str]
    code: Callable[[str], str]
    ref: Callable[[int], str]
    picture: Callable[[Drawing], str]
    display: DisplayStyle
    more: Mapping[str, object] = field(default_factory=dict)


class Writer:
    """Puts one document into the strings of one form."""

    def __init__(self, form: Format, document: Document) -> None:
        self.form = form
        self.document = document
        self.numbers = numbers(document)
        self.referred = frozenset(_referred(document))
        self.count = 0

    def title(self) -> str:
        """The document's title."""
        return self.text(self.document.title)

    def sections(self) -> tuple[RenderedSection, ...]:
        """Every section in its order."""
        return tuple(self.section(s) for s in self.document.sections)

    def text(self, text: Text) -> str:
        """A text, every piece escaped."""
        result = ""
        for piece in text:
            match piece:
                case Math(latex):
                    result += self.form.math(latex)
                case Code(name):
                    result += self.form.code(name)
                case Ref(label):
                    result += self.form.ref(self.numbers[label])
                case str():
                    result += self.form.escape(piece)
        return result

    def section(self, section: Section) -> RenderedSection:
        """A section."""
        blocks = tuple(s for b in section.blocks for s in self.blocks(b))
        return RenderedSection(self.text(section.title), section.level == 1, blocks)

    def blocks(self, block: Block) -> Iterator[RenderedBlock]:
        """A block; what can be folded away has a mark before it and one behind it."""
        match block:
            case Paragraph(text, title):
                yield RenderedBlock("paragraph", text=self.text(text), title=self.text(title))
            case Display():
                yield RenderedBlock("display", formulas=tuple(self.formulas(block)))
            case Table(header, rows):
                yield RenderedBlock(
                    "table",
                    header=tuple(map(self.text, header)),
                    rows=tuple(tuple(map(self.text, row)) for row in rows),
                )
            case Box(groups):
                yield RenderedBlock("box")
                for group in groups:
                    results = tuple(map(self.row, group.rows))
                    yield RenderedBlock("group", title=self.text(group.title), rows=results)
                yield RenderedBlock("box end")
            case Bullets(items):
                yield RenderedBlock("list", items=tuple(map(self.text, items)))
            case Picture(drawing, caption):
                drawn = self.form.picture(drawing)
                yield RenderedBlock("picture", text=drawn, title=self.text(caption))
            case Fold(title, inner):
                yield RenderedBlock("fold", title=self.text(title))
                for one in inner:
                    yield from self.blocks(one)
                yield RenderedBlock("fold end")

    def row(self, row: Row) -> tuple[str, ...]:
        """A result in a box, its formula as a line of text has it."""
        return tuple(map(self.text, ((Math(row.formula.latex()),), row.shape, (row.proof,))))

    def formulas(self, display: Display) -> Iterator[RenderedFormula]:
        """The formulas of a display, aligned with each other where they stand together."""
        style = self.form.display
        left = max(width(f.left) for f in display.formulas) if style.together else 0.0
        for formula in display.formulas:
            room = style.room
            if any(_MATRIX in right for right in formula.right):
                room -= style.number
            lines = formula_lines(formula, room, min(left, _WIDEST_LEFT))
            self.count += 1
            written = tuple(style.formula(x) for x in lines)
            label = style.label(self.count) if self.count in self.referred else ""
            yield RenderedFormula(written, self.count, label)


def numbers(document: Document) -> Mapping[str, int]:
    """The number of each formula that has a label, counted through the whole document."""
    result: dict[str, int] = {}
    count = 0
    for display in displays(b for s in document.sections for b in s.blocks):
        for k in range(len(display.formulas)):
            count += 1
            if k < len(display.labels) and display.labels[k]:
                result.setdefault(display.labels[k], count)
    return result


def displays(blocks: Iterable[Block]) -> Iterator[Display]:
    """Every display of formulas, in order."""
    for block in blocks:
        if isinstance(block, Display):
            yield block
        elif isinstance(block, Fold):
            yield from displays(block.blocks)


def _referred(document: Document) -> Iterator[int]:
    number = numbers(document)
    for section in document.sections:
        for text in _texts(section.blocks):
            yield from (number[piece.label] for piece in text if isinstance(piece, Ref))


def _texts(blocks: Iterable[Block]) -> Iterator[Text]:
    for block in blocks:
        match block:
            case Paragraph(text, title):
                yield from (text, title)
            case Bullets(items):
                yield from items
            case Table(header, rows):
                yield from (*header, *(cell for row in rows for cell in row))
            case Box(groups):
                for group in groups:
                    yield group.title
                    yield from (t for r in group.rows for t in (r.shape, (r.proof,)))
            case Picture(_, caption):
                yield caption
            case Fold(title, inner):
                yield title
                yield from _texts(inner)


def formula_lines(formula: Formula, room: float, left: float = 0.0) -> list[str]:
    """The lines of a formula, its sides aligned at `&`; `left` is the room to the sign."""
    space = room - max(left, width(formula.left)) - width(formula.relation)
    first, *rest = _sides(formula, space)
    return [f"{formula.left} {first}", *rest]


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
