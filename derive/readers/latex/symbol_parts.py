"""The parts of a symbol with scripts: name, layer, subscripts, power."""

from __future__ import annotations

from dataclasses import dataclass, replace

from derive.errors import shorten
from derive.readers.latex.syntax.command_tables import GREEK
from derive.readers.latex.syntax.nodes import (
    Accent,
    Group,
    Node,
    Number,
    Product,
    Scripted,
    Sum,
    Symbol,
    bare,
    items_of,
)
from derive.readers.name_rules import join

LAYERS = ("l", "ell", "L")  # letters that stand for the number of a layer
_NEW = ("new", "neu", "next", "updated")


@dataclass(frozen=True)
class SymbolParts:
    """The parts of a symbol with scripts.

    `layer` is what marks the layer, in plain letters (`2`, `out`, `q,a`, `l+1`). `below` holds the
    subscripts between commas, `sample` a superscript that may be a letter in scope. `power` is what
    it is raised to; `doubtful` is a bare number above, a layer or a power. `primes` are counted,
    `marks` are "transposed", for a `T` above, and "next", for the word `new`.
    """

    at: int
    base: str
    layer: str = ""
    below: tuple[Node, ...] = ()
    sample: Symbol | None = None
    power: Node | None = None
    doubtful: Number | None = None
    primes: int = 0
    marks: frozenset[str] = frozenset()
    is_word: bool = False

    @property
    def is_transposed(self) -> bool:
        """Whether its transpose is meant."""
        return "transposed" in self.marks

    @property
    def is_next(self) -> bool:
        """Whether its next value is meant."""
        return "next" in self.marks

    @property
    def plain(self) -> str:
        """The name in letters, digits and `_`."""
        return join(self.base, self.layer)

    @property
    def shown(self) -> str:
        """The name as LaTeX, without subscripts."""
        return shown(self.base, self.layer)


def shown(base: str, layer: str) -> str:
    """A name and its layer as LaTeX."""
    name, _, accent = base.partition("_")
    if accent not in ("hat", "tilde", "bar", "dot", "check"):
        name, accent = base, ""
    if name in GREEK:
        name = f"\\{name}"
    elif len(name) > 1:
        name = rf"\mathrm{{{name}}}"
    if accent:
        name = rf"\{accent}{{{name}}}"
    return f"{name}^{{({layer})}}" if layer else name


def parts_of(node: Node) -> SymbolParts | None:
    """The parts of the symbol that a node is; None where it is none."""
    node = bare(node)
    if isinstance(node, Symbol):
        named = node.kind != "command" or node.name in GREEK
        is_word = node.kind == "word"
        return SymbolParts(node.at, node.name, is_word=is_word) if named else None
    if isinstance(node, Accent):
        inner = parts_of(node.over)
        return inner and replace(inner, at=node.at, base=f"{inner.base}_{node.name}")
    if not isinstance(node, Scripted):
        return None
    result = parts_of(node.base)
    if result is None:
        return None
    below = (*result.below, *(part for b in node.below for part in subscripts(b)))
    result = replace(result, at=node.at, below=below, primes=result.primes + node.primes)
    for above in node.above:
        marked = _above(result, above)
        if marked is None:
            return None
        result = marked
    return result


def subscripts(node: Node) -> tuple[Node, ...]:
    """What stands between the commas below a symbol."""
    node = bare(node)
    return node.items if isinstance(node, Group) and node.kind == "{" else (node,)


def _above(written: SymbolParts, above: Node) -> SymbolParts | None:
    inner = bare(above)
    marks = items_of(inner)
    if all(_is_mark(m) for m in marks):
        for mark in marks:
            if isinstance(mark, Group):
                written = _bracketed(written, mark)
            else:
                marked = "transposed" if _turns(mark) else "next"
                written = replace(written, marks=written.marks | {marked})
        return written
    match inner:
        case Symbol(name=name, kind="word"):
            return replace(written, layer=_more(written.layer, name))
        case Symbol(name="star", kind="command"):
            return replace(written, base=f"{written.base}_star")
        case Number(text=text) if "." not in text and not written.layer and written.power is None:
            return replace(written, doubtful=inner)
        case _ if (text := layer_text(inner)) and text[0] in "lL":
            return replace(written, layer=_more(written.layer, text))
        case _ if written.power is None:
            return replace(written, power=above)
    return None


def _is_mark(node: Node) -> bool:
    """`(2)`, `[l]`, a transpose, or the word new."""
    if isinstance(node, Symbol):
        return _turns(node) or (node.kind == "word" and node.name.lower() in _NEW)
    return isinstance(node, Group) and node.kind in ("(", "[", "set")


def _turns(node: Node) -> bool:
    """Whether a superscript says transposed."""
    match node:
        case Symbol(name="top" | "intercal", kind="command") | Symbol(name="T", kind="letter"):
            return True
        case Symbol(name="T" | "t", kind="word"):
            return True
        case _:
            return False


def _bracketed(written: SymbolParts, mark: Group) -> SymbolParts:
    """`(2)`, `[l]`, `(r)`, `(q,a)` above a symbol."""
    texts = [layer_text(i) for i in mark.items]
    only = bare(mark.items[0])
    if len(texts) == 1 and isinstance(only, Symbol) and only.kind == "letter":
        if only.name in LAYERS:
            return replace(written, layer=_more(written.layer, only.name))
        return replace(written, sample=only)
    if all(texts):
        return replace(written, layer=_more(written.layer, ",".join(texts)))
    return replace(written, layer=_more(written.layer, shorten("?")))


def _more(layer: str, mark: str) -> str:
    return f"{layer},{mark}" if layer else mark


def layer_text(node: Node) -> str:
    """The mark of a layer in plain letters: `2`, `out`, `l+1`; nothing where it is none."""
    node = bare(node)
    match node:
        case Number(text=text):
            return text if text.isdigit() else ""
        case Symbol(name=name, kind="letter" | "word"):
            return "l" if name == "ell" else name
        case Sum(terms=((_, Symbol() as letter), (sign, Number(text=text)))) if (
            letter.name in LAYERS and text.isdigit()
        ):
            return f"{'l' if letter.name == 'ell' else letter.name}{sign}{text}"
        case Product(items=(Symbol(), *_) as items) if all(
            isinstance(i, Symbol | Number) for i in items
        ):
            return "".join(layer_text(i) for i in items)
        case Group(kind="(", items=(one,)):
            return layer_text(one)
    return ""
