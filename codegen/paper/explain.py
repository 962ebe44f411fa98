"""One gradient's derivation for a terminal: its steps alone, in lines of 80 columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from codegen.paper.backward import Backward
from codegen.paper.forms import Form, Shown, Writer
from codegen.paper.forward import forward
from codegen.paper.manner import Manner
from codegen.paper.model import Document
from codegen.paper.plain import plain
from codegen.paper.story import Story
from derive.errors import ChainruleError, meant, shorten
from derive.notation import Derivation
from derive.tree import equation_reads, needed_by

COLUMNS = 80
_INDENT, _HANGING = "    ", "        "


def explain(derivation: Derivation, name: str, lang: str = "en", detail: str = "steps") -> str:
    """The derivation of the objective's derivative by one tensor, as plain text.

    `name` is a tensor or its derivative (`W1` or `dW1`). Raises `ChainruleError` for a tensor that
    is unknown, or by which there is no derivative.
    """
    story = Story(derivation, Manner(notation="index", detail=detail, lang=lang))
    teller = story.teller
    wanted = _derivative_of(teller.derivation, name)
    backward = (*teller.derivation.inlined, *teller.derivation.backward)
    needed = needed_by({wanted}, backward)
    needed |= _written_in(teller.derivation, needed)
    defined = {e.tensor: e for e in teller.derivation.forward}
    read = {r.tensor for e in backward if e.tensor in needed for r in equation_reads(e)}
    read |= {s.before.tensor for s in teller.derivation.steps if s.subject in needed}
    ahead = needed_by(read, defined.values())
    sections = (*forward(teller, ahead), *Backward(teller, frozenset(needed)).sections())
    title = teller.say("explained", of=teller.symbol(wanted))
    return "\n".join(_lines(Writer(TERMINAL, Document(title, sections)))) + "\n"


def _derivative_of(derivation: Derivation, name: str) -> str:
    real = dict(derivation.system.aliases).get(name, name)
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
    """What was written into the derivatives on the way, and so no longer stands in them."""
    found: set[str] = set()
    work = list(needed)
    names = {a for _, a in derivation.adjoints}
    while work:
        subject = work.pop()
        for step in derivation.steps:
            if step.subject == subject:
                for read in equation_reads(step.before):
                    if read.tensor in names and read.tensor not in found | needed:
                        found.add(read.tensor)
                        work.append(read.tensor)
    return found


TERMINAL = Form(
    template="",
    escape=lambda text: "".join(c if c.isprintable() else "?" for c in text),
    math=plain,
    code=str,
    ref=lambda number: f"({number})",
    formula=str,
    picture=lambda drawing: drawing.alternative,
    room=34.0,
    together=False,
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


def _block(block: Shown) -> Iterator[str]:
    if block.is_fold:
        yield ""
        yield f"▸ {block.title}"
    elif block.is_paragraph:
        yield from _wrapped(f"{block.title} {block.text}".strip(), "  ")
    for formula in block.formulas:
        number = f"({formula.number})"
        first, *rest = (plain(line) for line in formula.lines)
        lines = [*_wrapped(first, _INDENT, _HANGING)]
        for line in rest:
            lines.extend(_wrapped(line, _HANGING, _HANGING))
        if _width(lines[-1]) + len(number) + 2 > COLUMNS:
            lines.append("")
        yield from lines[:-1]
        yield lines[-1] + " " * (COLUMNS - _width(lines[-1]) - len(number)) + number


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
    """What may stand on a line of its own: a word with the space after it, a Chinese character."""
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
