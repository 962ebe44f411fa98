"""What stands at a name beside its subscripts: layers, samples, labels, doubtful numbers."""

from __future__ import annotations

import re
from dataclasses import replace

from derive.readers.latex.context import Formula, Scope, letter_of
from derive.readers.latex.symbol_parts import Spelled
from derive.readers.latex.syntax.nodes import Node, Number, Product, Scripted, Symbol, bare
from derive.readers.name_rules import forms, letter_name

_LAYER = re.compile(r"([lL])([+-]\d+)?")


def settled(formula: Formula, found: Spelled, scope: Scope, on_left: bool = False) -> Spelled:
    """The name with its layer as a number, and a letter of a sample among its subscripts."""
    sample = found.sample
    if sample is not None:
        letter = letter_of(sample)
        marks_layer = formula.names.find(found.base, sample.name) is not None
        if letter in scope or (on_left and not marks_layer):
            found = replace(found, below=(sample, *found.below), sample=None)
        else:
            layer = f"{found.layer},{sample.name}" if found.layer else sample.name
            found = replace(found, layer=layer, sample=None)
    found = _index_above(formula, found, scope, on_left)
    marks = [_numbered(formula, found, m) for m in found.layer.split(",")]
    found = replace(found, layer=",".join(marks))
    if found.doubtful is not None and not (on_left or found.layer):
        labelled = _labelled(formula, found, scope)
        if labelled.layer:  # w_1^2
            return replace(labelled, power=found.doubtful, doubtful=None)
    if found.doubtful is not None:
        if on_left or _is_layer(formula, found):
            found = replace(found, layer=found.doubtful.text, doubtful=None)
        else:
            found = replace(found, power=found.doubtful, doubtful=None)
    return _labelled(formula, found, scope)


def _index_above(formula: Formula, found: Spelled, scope: Scope, on_left: bool) -> Spelled:
    """An index above, `p_i^j`, put among those below where the tensor has so many axes.

    It comes last; first where the first axis is the batch's.
    """
    names, power = formula.names, found.power
    letter = letter_of(power) if power is not None else None
    if power is None or not found.below or not (letter in scope or (on_left and letter)):
        return found
    rank = len(pieces(found, split=True)) + 1
    name = names.find(found.base, found.layer, rank)
    if names.vocabulary is None or name is None or names.rank(name) != rank:
        return found
    is_first = names.shapes[name][0] == names.vocabulary.batch
    below = (power, *found.below) if is_first else (*found.below, power)
    return replace(found, below=below, power=None)


def extent_letter(formula: Formula, found: Spelled) -> str | None:
    """The letter whose axis `d_k` or `n_k` is the length of, where no tensor is called so."""
    only = letter_of(found.below[0]) if len(found.below) == 1 else None
    if only is None or found.layer or found.base not in ("d", "D", "n", "N"):
        return None
    name = formula.names.find(found.base, "", 1)
    return only if name is None or formula.names.rank(name) != 1 else None


def _numbered(formula: Formula, found: Spelled, mark: str) -> str:
    match = _LAYER.fullmatch(mark)
    if match is None:
        return mark
    if match.group(1) == "L":
        number: int | None = formula.names.layers or None
    else:
        number = formula.layer
    if number is None:
        raise formula.refuse(
            found,
            f"the layer '{mark}' of '{found.shown}' is no number; write the formula for each layer",
        )
    return str(number + int(match.group(2) or 0))


def _is_layer(formula: Formula, found: Spelled) -> bool:
    """Whether a bare number above is a layer: where the name means nothing without it."""
    assert found.doubtful is not None
    names = formula.names
    number = found.doubtful.text
    if names.vocabulary is None:
        plain = letter_name(found.base)
        if plain in names.known or (found.base, "") in formula.facts.defined:
            return False
        return f"{plain}{number}" in names.known or (found.base, number) in formula.facts.defined
    rank = len(pieces(found, split=True))
    whole = names.find(found.base, number, rank)
    alone = names.find(found.base, "", rank)
    if whole is None:
        return False
    if alone == whole and whole in forms(letter_name(found.base), number):
        return True  # \sigma^2 where the model has a sigma2 and no sigma
    return alone is None or (names.rank(alone) != rank and names.rank(whole) == rank)


def _labelled(formula: Formula, found: Spelled, scope: Scope) -> Spelled:
    r"""A layer that stands below, `W_{2}`, `W_{\text{out},ij}`, put where it belongs."""
    names = formula.names
    labels = [b for b in map(bare, found.below) if isinstance(b, Symbol) and b.kind == "word"]
    if labels:
        marks = [found.layer, *(b.name for b in labels)]
        below = tuple(b for b in found.below if bare(b) not in labels)
        marked = replace(found, layer=",".join(m for m in marks if m), below=below)
        return replace(marked, layer=found.layer) if _is_idle(formula, found, marked) else marked
    if _is_set(found, scope) and _is_idle(formula, found, replace(found, below=())):
        return replace(found, below=())
    if not found.below or found.layer or names.vocabulary is None:
        return found
    first = bare(found.below[0])
    if isinstance(first, Number) or (
        isinstance(first, Product) and isinstance(first.items[0], Number)
    ):
        parts = pieces(found, split=True)
        current = names.find(found.base, "", len(parts))
        if current is not None and names.rank(current) == len(parts):
            return found
        number = parts[0]
        assert isinstance(number, Number)
        below = tuple(parts[1:])
        other = names.find(found.base, number.text, len(below))
        if other is not None and (not below or names.rank(other) == len(below)):
            return replace(found, layer=number.text, below=below)
    text = "".join(i.name for i in pieces_of(first, True) if isinstance(i, Symbol))
    if len(text) == 1 and text not in scope and len(found.below) == 1:
        named = names.find(found.base, text, 0)
        if named in (f"{found.base}{text}", f"{found.base}_{text}") and names.rank(named) == 0:
            return replace(found, layer=text, below=())  # d_k is one number's name
    if len(text) > 1 and names.find(found.base) is None and names.find(found.base, text):
        return replace(found, layer=text, below=found.below[1:])
    return found


def _is_set(found: Spelled, scope: Scope) -> bool:
    r"""Whether the only subscript is a capital letter that runs nowhere: a batch's name."""
    only = bare(found.below[0]) if len(found.below) == 1 else None
    return isinstance(only, Symbol) and only.name.isupper() and only.name not in scope


def _is_idle(formula: Formula, found: Spelled, marked: Spelled) -> bool:
    r"""Whether a label says nothing: `\mu_{\mathcal{B}}` where the model has one mu.

    The model knows the name without it, with as many axes, and not with it; and the text has no
    other label for that name.
    """
    names = formula.names
    if names.vocabulary is None or len(found.below) != 1 + len(marked.below):
        return False
    alone = names.find(found.base, found.layer, len(marked.below))
    others = {x for base, x in formula.facts.used if base == found.base and x.isalpha()}
    if alone is None or names.rank(alone) != len(marked.below) or len(others) > 1:
        return False
    return marked.layer == found.layer or names.find(found.base, marked.layer) is None


def pieces(found: Spelled, split: bool) -> list[Node]:
    """The subscripts, those that stand side by side as one or each by itself."""
    return [p for b in found.below for p in pieces_of(b, split)]


def pieces_of(node: Node, split: bool) -> list[Node]:
    """One subscript between commas, split into letters where it can be."""
    node = bare(node)
    if split and isinstance(node, Product):
        parts = [bare(i) for i in node.items]
        if all(isinstance(i, Symbol | Scripted | Number) for i in parts):
            return parts
    return [node]
