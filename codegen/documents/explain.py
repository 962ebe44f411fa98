"""One gradient's derivation for a terminal: its steps alone, in lines of 80 columns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from math import inf

from codegen.documents.blocks import Document
from codegen.documents.builder import DocumentBuilder
from codegen.documents.formats.form import DisplayStyle, Format, RenderedBlock, Writer
from codegen.documents.options import DocumentOptions
from codegen.documents.sections.backward import Backward
from codegen.documents.sections.forward import forward
from codegen.documents.sections.overview import overview
from codegen.latex.unicode_text import plain
from derive.errors import ChainruleError, meant, shorten
from derive.ir.derivation import Derivation
from derive.ir.tree import equation_reads, needed_by

COLUMNS = 80
_INDENT, _HANGING = "    ", "        "
_LEAST = 24  # columns of a line before it is broken
_BREAKS = re.compile(r"[(\[{⌊)\]}⌋ ]")
_RELATION = re.compile(r"(\+?=|←) ")
_SUM = re.compile(r"[+−] ")
_UNFINISHED = re.compile(r"([ΣΠ]\S*|[=←+−·⊙⊘×]|\+=)$")


def explain(derivation: Derivation, name: str, lang: str = "en", detail: str = "steps") -> str:
    """The derivation of the objective's derivative by one tensor, as plain text.

    `name` is a tensor or its derivative (`W1` or `dW1`). Raises `ChainruleError` for a tensor that
    is unknown, or by which there is no derivative.
    """
    story = DocumentBuilder(derivation, DocumentOptions(notation="index", detail=detail, lang=lang))
    context = story.context
    wanted = _derivative_of(context.derivation, name)
    backward = (*context.derivation.inlined, *context.derivation.backward)
    needed = needed_by({wanted}, backward)
    needed |= _written_in(context.derivation, needed)
    defined = {e.tensor: e for e in context.derivation.forward}
    read = {r.tensor for e in backward if e.tensor in needed for r in equation_reads(e)}
    read |= {s.before.tensor for s in context.derivation.steps if s.subject in needed}
    ahead = needed_by(read, defined.values())
    body = (*forward(context, ahead), *Backward(context, frozenset(needed), wanted).sections())
    sections = (*overview(context, ahead | needed), *body)
    title = context.say("explained", of=context.symbol(wanted))
    return "\n".join(_lines(Writer(TERMINAL, Document(title, sections)))) + "\n"


def _derivative_of(derivation: Derivation, name: str) -> str:
    real = derivation.system.unaliased(name)
    if real in derivation.adjoint:
        return derivation.adjoint[real]
    known = {a: t for t, a in derivation.adjoints}
    if name in known:
        return name
    names = [t for t, _ in derivation.adjoints]
    if real == derivation.objective:
        raise ChainruleError(f"'{name}' is the objective itself; known: {', '.join(names)}")
    why = (
        "the objective does not depend on it"
        if real in derivation.table
        else "there is no such tensor"
    )
    raise ChainruleError(
        f"'{shorten(name)}': {why}{meant(name, [*names, *known])}; known: {', '.join(names)}"
    )


def _written_in(derivation: Derivation, needed: set[str]) -> set[str]:
    """The derivatives that were written into others on the way, and no longer stand in them."""
    result: set[str] = set()
    work = list(needed)
    names = {a for _, a in derivation.adjoints}
    while work:
        subject = work.pop()
        for step in derivation.steps_of.get(subject, ()):
            for read in equation_reads(step.before):
                if read.tensor in names and read.tensor not in result | needed:
                    result.add(read.tensor)
                    work.append(read.tensor)
    return result


TERMINAL = Format(
    template="",
    escape=lambda text: "".join(c if c.isprintable() else "?" for c in text),
    math=plain,
    code=str,
    ref=lambda number: f"({number})",
    picture=lambda drawing: drawing.alternative,
    display=DisplayStyle(formula=str, room=inf, together=False),
)


def _lines(writer: Writer) -> Iterator[str]:
    yield from _wrapped(writer.title())
    for section in writer.sections():
        yield ""
        yield section.title
        if section.is_part:
            yield "─" * _width(section.title)
        for block in section.blocks:
            yield from _block(block)


def _block(block: RenderedBlock) -> Iterator[str]:
    if block.kind == "fold":
        yield ""
        yield f"▸ {block.title}"
    elif block.kind == "group":
        yield ""
        yield f"  {block.title}"
        for result, shape, number in block.rows:
            yield from _numbered(result, f"{shape}  {number:>5}")
    elif block.kind == "paragraph":
        yield from _wrapped(f"{block.title} {block.text}".strip(), "  ")
    for formula in block.formulas:
        yield from _numbered(" ".join(map(plain, formula.lines)), f"({formula.number})")


def _numbered(formula: str, number: str) -> Iterator[str]:
    """A formula in lines, with what stands at the right end of the last one."""
    lines = [*_broken(formula)]
    if _width(lines[-1]) + _width(number) + 2 > COLUMNS:
        lines.append("")
    yield from lines[:-1]
    yield lines[-1] + " " * (COLUMNS - _width(lines[-1]) - _width(number)) + number


def _broken(formula: str) -> Iterator[str]:
    """A formula in lines that end where it is least deep: before `=`, before `+`, then factors."""
    indent = _INDENT
    while _width(indent + formula) > COLUMNS:
        fits = [
            (rank, -at)
            for rank, at in _gaps(formula)
            if _LEAST <= _width(indent + formula[:at]) <= COLUMNS
        ]
        if not fits:
            yield from _wrapped(formula, indent, _HANGING)
            return
        at = -min(fits)[1]
        yield indent + formula[:at].rstrip()
        formula, indent = formula[at:].lstrip(), _HANGING
    yield indent + formula


def _gaps(formula: str) -> Iterator[tuple[tuple[int, int], int]]:
    """The spaces of a formula: how deep each stands and how much belongs together around it."""
    depth, seen = 0, _RELATION.match(formula) is not None
    for result in _BREAKS.finditer(formula):
        sign = result.group()
        if sign in "([{⌊":
            depth += 1
        elif sign in ")]}⌋":
            depth -= 1
        elif sign == " ":
            at = result.start()
            before, after = formula[:at].rpartition(" ")[2], formula[at + 1 :]
            if _RELATION.match(after):
                # what is defined stays with its first sign, and a condition is one piece
                yield (depth, 4 if depth or not seen else 0), at
                seen = seen or not depth
            elif _SUM.match(after):
                yield (depth, 1), at
            elif before.endswith((",", ";")):
                yield (depth, 0 if before.endswith(";") else 2), at
            else:
                yield (depth, 3 if _UNFINISHED.match(before) else 2), at


def _wrapped(text: str, indent: str = "", hanging: str | None = None) -> Iterator[str]:
    """Lines of at most 80 columns, a Chinese character taking two of them."""
    hanging = indent if hanging is None else hanging
    line, start = indent, indent
    for piece in _pieces(text):
        if _width(line + piece.rstrip()) > COLUMNS and line.strip():
            yield line.rstrip()
            line = start = hanging
        line += piece.lstrip() if line == start else piece
    yield line.rstrip()


def _pieces(text: str) -> Iterator[str]:
    """The pieces between which a line may break: words with their spaces, Chinese characters."""
    word = ""
    for c in text:
        word += c
        if c == " " or _width(c) == 2:
            yield word
            word = ""
    yield word


def _width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)
