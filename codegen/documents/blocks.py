"""Documents as data: sections of paragraphs, tables, lists and formulas."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.documents.drawings.marks import Drawing
from codegen.latex.formula import Formula


@dataclass(frozen=True)
class Math:
    """A formula within a text, as LaTeX."""

    latex: str


@dataclass(frozen=True)
class Code:
    """A name as it stands in code."""

    name: str


@dataclass(frozen=True)
class Ref:
    """The number of the formula that has this label."""

    label: str


Text = tuple[str | Math | Code | Ref, ...]


@dataclass(frozen=True)
class Paragraph:
    """Text, perhaps with a title before it."""

    text: Text
    title: Text = ()


@dataclass(frozen=True)
class Display:
    """Formulas under each other, each with a number; a label is what a `Ref` finds it by."""

    formulas: tuple[Formula, ...]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """Rows of cells."""

    header: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]


@dataclass(frozen=True)
class Row:
    """A result: its formula, the shape of what it gives, and where it is derived."""

    formula: Formula
    shape: Text
    proof: Ref


@dataclass(frozen=True)
class Group:
    """Results under a title."""

    title: Text
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Box:
    """Groups of results in a frame."""

    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Bullets:
    """A list."""

    items: tuple[Text, ...]


@dataclass(frozen=True)
class Picture:
    """A drawing with a line of text below it."""

    drawing: Drawing
    caption: Text


@dataclass(frozen=True)
class Fold:
    """Steps under a title, which a page may fold away."""

    title: Text
    blocks: tuple[Block, ...]


Block = Paragraph | Display | Table | Box | Bullets | Picture | Fold


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
