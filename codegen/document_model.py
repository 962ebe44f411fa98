"""What a document is made of: sections of paragraphs, tables, lists and formulas, as data."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.emit_latex import Formula


@dataclass(frozen=True)
class Math:
    """A formula within a text, as LaTeX."""

    latex: str


@dataclass(frozen=True)
class Code:
    """A name as it stands in code."""

    name: str


Text = tuple[str | Math | Code, ...]


@dataclass(frozen=True)
class Paragraph:
    """Text, perhaps with a title before it."""

    text: Text
    title: Text = ()


@dataclass(frozen=True)
class Display:
    """Formulas under each other."""

    formulas: tuple[Formula, ...]


@dataclass(frozen=True)
class Table:
    """Rows of cells."""

    header: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]


@dataclass(frozen=True)
class Bullets:
    """A list."""

    items: tuple[Text, ...]


Block = Paragraph | Display | Table | Bullets


@dataclass(frozen=True)
class Section:
    """A heading of level 1 or 2 and what stands below it."""

    title: Text
    blocks: tuple[Block, ...]
    level: int = 1


@dataclass(frozen=True)
class Document:
    """A title and sections."""

    title: Text
    sections: tuple[Section, ...]
