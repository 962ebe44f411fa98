"""What stands at a name beside its subscripts: layers, samples, labels, doubtful numbers."""

from __future__ import annotations

import re
from dataclasses import replace

from derive.readers.latex.context import Formula, Scope, letter_of
from derive.readers.latex.symbol_parts import SymbolParts
from derive.readers.latex.syntax.nodes import Node, Number, Product, Scripted, Symbol, bare
from derive.readers.name_rules import forms, letter_name

_LAYER = re.compile(r"([lL])([+-]\d+)?")


def settled(
    formula: Formula, written: SymbolParts, scope: Scope, on_left: bool = False
) -> SymbolParts:
    """The name with its layer as a number, and a letter of a sample among its subscripts."""
    sample = written.sample
    if sample is not None:
        letter = letter_of(sample)
        marks_layer = formula.names.find(written.base, sample.name) is not None
        if letter in scope or (on_left and not marks_layer):
            written = replace(written, below=(sample, *written.below), sample=None)
        else:
            layer = f"{written.layer},{sample.name}" if written.layer else sample.name
            written = replace(written, layer=layer, sample=None)
    written = _index_above(formula, written, scope, on_left)
    marks = [_numbered(formula, written, m) for m in written.layer.split(",")]
    written = replace(written, layer=",".join(marks))
    if written.doubtful is not None and not (on_left or written.layer):
        labelled = _labelled(formula, written, scope)
        if labelled.layer:  # w_1^2
            return replace(labelled, power=written.doubtful, doubtful=None)
    if written.doubtful is not None:
        if on_left or _is_layer(formula, written):
            written = replace(written, layer=written.doubtful.text, doubtful=None)
        else:
            written = replace(written, power=written.doubtful, doubtful=None)
    return _labelled(formula, written, scope)


def _index_above(
    formula: Formula, written: SymbolParts, scope: Scope, on_left: bool
) -> SymbolParts:
    """An index above, `p_i^j`, put among those below where the tensor has so many axes.

    It comes last; first where the first axis is the batch's.
    """
    names, power = formula.names, written.power
    letter = letter_of(power) if power is not None else None
    if power is None or not written.below or not (letter in scope or (on_left and letter)):
        return written
    rank = len(pieces(written, split=True)) + 1
    name = names.find(written.base, written.layer, rank)
    if names.vocabulary is None or name is None or names.rank(name) != rank:
        return written
    is_first = names.shapes[name][0] == names.vocabulary.batch
    below = (power, *written.below) if is_first else (*written.below, power)
    return replace(written, below=below, power=None)


def extent_letter(formula: Formula, written: SymbolParts) -> str | None:
    """The letter whose axis `d_k` or `n_k` is the length of, where no tensor is called so."""
    only = letter_of(written.below[0]) if len(written.below) == 1 else None
    if only is None or written.layer or written.base not in ("d", "D", "n", "N"):
        return None
    name = formula.names.find(written.base, "", 1)
    return only if name is None or formula.names.rank(name) != 1 else None


def _numbered(formula: Formula, written: SymbolParts, mark: str) -> str:
    match = _LAYER.fullmatch(mark)
    if match is None:
        return mark
    if match.group(1) == "L":
        number: int | None = formula.names.layers or None
    else:
        number = formula.layer
    if number is None:
        raise formula.refuse(
            written,
            f"the layer '{mark}' of '{written.shown}' is no number; "
            "write the formula for each layer",
        )
    return str(number + int(match.group(2) or 0))


def _is_layer(formula: Formula, written: SymbolParts) -> bool:
    """Whether a bare number above is a layer: where the name means nothing without it."""
    assert written.doubtful is not None
    names = formula.names
    number = written.doubtful.text
    if names.vocabulary is None:
        plain = letter_name(written.base)
        if plain in names.known or (written.base, "") in formula.facts.defined:
            return False
        return f"{plain}{number}" in names.known or (written.base, number) in formula.facts.defined
    rank = len(pieces(written, split=True))
    whole = names.find(written.base, number, rank)
    alone = names.find(written.base, "", rank)
    if whole is None:
        return False
    if alone == whole and whole in forms(letter_name(written.base), number):
        return True  # \sigma^2 where the model has a sigma2 and no sigma
    return alone is None or (names.rank(alone) != rank and names.rank(whole) == rank)


def _labelled(formula: Formula, written: SymbolParts, scope: Scope) -> SymbolParts:
    r"""A layer that stands below, `W_{2}`, `W_{\text{out},ij}`, put where it belongs."""
    names = formula.names
    labels = [b for b in map(bare, written.below) if isinstance(b, Symbol) and b.kind == "word"]
    if labels:
        marks = [written.layer, *(b.name for b in labels)]
        below = tuple(b for b in written.below if bare(b) not in labels)
        marked = replace(written, layer=",".join(m for m in marks if m), below=below)
        return (
            replace(marked, layer=written.layer) if _is_idle(formula, written, marked) else marked
        )
    if _is_set(written, scope) and _is_idle(formula, written, replace(written, below=())):
        return replace(written, below=())
    if not written.below or written.layer or names.vocabulary is None:
        return written
    first = bare(written.below[0])
    if isinstance(first, Number) or (
        isinstance(first, Product) and isinstance(first.items[0], Number)
    ):
        parts = pieces(written, split=True)
        current = names.find(written.base, "", len(parts))
        if current is not None and names.rank(current) == len(parts):
            return written
        number = parts[0]
        assert isinstance(number, Number)
        below = tuple(parts[1:])
        other = names.find(written.base, number.text, len(below))
        if other is not None and (not below or names.rank(other) == len(below)):
            return replace(written, layer=number.text, below=below)
    text = "".join(i.name for i in pieces_of(first, True) if isinstance(i, Symbol))
    if len(text) == 1 and text not in scope and len(written.below) == 1:
        named = names.find(written.base, text, 0)
        if named in (f"{written.base}{text}", f"{written.base}_{text}") and names.rank(named) == 0:
            return replace(written, layer=text, below=())  # d_k is one number's name
    if len(text) > 1 and names.find(written.base) is None and names.find(written.base, text):
        return replace(written, layer=text, below=written.below[1:])
    return written


def _is_set(written: SymbolParts, scope: Scope) -> bool:
    r"""Whether the only subscript is a capital letter that runs nowhere: a batch's name."""
    only = bare(written.below[0]) if len(written.below) == 1 else None
    return isinstance(only, Symbol) and only.name.isupper() and only.name not in scope


def _is_idle(formula: Formula, written: SymbolParts, marked: SymbolParts) -> bool:
    r"""Whether a label says nothing: `\mu_{\mathcal{B}}` where the model has one mu.

    The model knows the name without it, with as many axes, and not with it; and the text has no
    other label for that name.
    """
    names = formula.names
    if names.vocabulary is None or len(written.below) != 1 + len(marked.below):
        return False
    alone = names.find(written.base, written.layer, len(marked.below))
    others = {x for base, x in formula.facts.used if base == written.base and x.isalpha()}
    if alone is None or names.rank(alone) != len(marked.below) or len(others) > 1:
        return False
    return marked.layer == written.layer or names.find(written.base, marked.layer) is None


def pieces(written: SymbolParts, split: bool) -> list[Node]:
    """The subscripts, those that stand side by side as one or each by itself."""
    return [p for b in written.below for p in pieces_of(b, split)]


def pieces_of(node: Node, split: bool) -> list[Node]:
    """One subscript between commas, split into letters where it can be."""
    node = bare(node)
    if split and isinstance(node, Product):
        parts = [bare(i) for i in node.items]
        if all(isinstance(i, Symbol | Scripted | Number) for i in parts):
            return parts
    return [node]
