"""Tensors with subscripts: `W^{(2)}_{ij}`, `x_{n,i+u-1}`, `h_{t-1}`."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from derive.language.syntax import (
    Fn,
    Name,
    Num,
    Op,
    Ref,
    Syntax,
)
from derive.readers.latex.context import (
    Formula,
    NotByIndex,
    Scope,
    letter_of,
)
from derive.readers.latex.integers import fold, shifted
from derive.readers.latex.symbol_parts import Spelled, spell
from derive.readers.latex.syntax.nodes import (
    Group,
    Node,
    Number,
    Operator,
    Product,
    Scripted,
    Sum,
    Symbol,
    bare,
)
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


def subscripts_of(formula: Formula, found: Spelled, name: str) -> list[Node]:
    """The subscripts of a tensor, as many as it has axes where that can be."""
    rank = formula.names.rank(name)
    if rank is None:
        rank = formula.facts.ranks.get((found.base, found.layer))
    split, kept = pieces(found, split=True), pieces(found, split=False)
    if rank is None or len(split) == rank:
        return split
    if len(kept) == rank and not any(_side_by_side(k) for k in kept):
        return kept
    only = kept[0] if len(kept) == 1 else None
    if isinstance(only, Number) and len(only.text) == rank:
        return [Number(only.at + k, digit) for k, digit in enumerate(only.text)]
    return split


def _side_by_side(node: Node) -> bool:
    """Whether letters stand side by side, which are subscripts each: `ni`, not `2i`."""
    return isinstance(node, Product) and not any(
        isinstance(i, Number | Operator) for i in node.items
    )


def reference(formula: Formula, found: Spelled, scope: Scope) -> Syntax:
    """The value of a tensor's entry, without its power."""
    place = formula.place(found)
    wanted = pieces(found, split=True)
    name = formula.names.take(found.base, found.layer, len(wanted))
    if name is None:
        raise formula.unknown(found)
    rank = formula.names.rank(name)
    if not found.below:
        if rank:
            raise NotByIndex.bare(found.at, name)
        return Name(place, name)
    parts = subscripts_of(formula, found, name)
    axes = walked_axes(formula, found, name, len(parts))
    at: dict[int, Syntax] = {
        axis: position(formula, p, scope, name, axis) for axis, p in zip(axes, parts, strict=True)
    }
    rank = formula.names.rank(name) or len(parts)
    first = Num(place, Fraction(0))
    return Ref(place, name, tuple(at.get(k, first) for k in range(rank)))


def walked_axes(formula: Formula, found: Spelled, name: str, count: int) -> list[int]:
    """The axes that the subscripts of a tensor walk.

    Axes of extent 1 may lack theirs, as the single neuron of a layer does in `w_j`. Raises
    `Refused` where a tensor of the model stands with too many subscripts or too few.
    """
    shape = formula.names.shapes.get(name)
    if shape is None or len(shape) == count:
        return list(range(count))
    longer = [k for k, extent in enumerate(shape) if extent.number != 1]
    if len(longer) == count:
        return longer
    rank = len(shape)
    known = f"'{name}'" if name == found.plain else f"'{found.shown}' is taken for '{name}', which"
    axes = "no axes" if not rank else "1 axis" if rank == 1 else f"{rank} axes"
    raise formula.refuse(
        found,
        f"{known} has {axes} and stands with {count} subscript{'s' if count != 1 else ''} here; "
        "write one for each, the batch's letter first where there is one",
    )


def position(formula: Formula, node: Node, scope: Scope, tensor: str, axis: int) -> Syntax:
    """A subscript, counted from 0."""
    value = fold(_integer(formula, node, scope, tensor, axis))
    letters = sorted(_letters(node) & scope)
    counts = {formula.count(x) for x in letters} or {formula.facts.first}
    if len(counts) > 1:
        raise formula.refuse(
            node,
            f"the letters {' and '.join(letters)} count from different numbers here; "
            "count from one of them",
        )
    if isinstance(value, Ref) or (isinstance(value, Name) and value.name not in scope):
        return value  # an integer tensor counts as its values do
    return _inside(formula, node, shifted(value, -counts.pop()), tensor, axis)


def _inside(formula: Formula, node: Node, value: Syntax, tensor: str, axis: int) -> Syntax:
    """A place, where it is a number; refused beyond the axis, where nothing but 0 is read.

    The only place of an axis of extent 1 is its first, whether one counts from 0 or from 1.
    """
    shape = formula.names.shapes.get(tensor, ())
    extent = shape[axis].number if axis < len(shape) else None
    if isinstance(value, Num) and value.value < 0:
        raise formula.refuse(
            node,
            f"this is before the first place of '{tensor}', where nothing but 0 is read; numbers "
            f"count from {formula.facts.first} here; what stands there needs a name of its own, "
            "such as b",
        )
    if not isinstance(value, Num) or extent is None or value.value < extent:
        return value
    if extent == 1 and value.value == 1:
        return Num(value.place, Fraction(0))
    raise formula.refuse(
        node,
        f"this is beyond the axis {axis} of '{tensor}', which has {extent} places; numbers count "
        f"from {formula.facts.first} here, and from 1 where a sum does, as in \\sum_{{j=1}}^{{J}}",
    )


def _letters(node: Node) -> set[str]:
    letter = letter_of(node)
    if letter is not None:
        return {letter}
    match bare(node):
        case Product(items=items) | Group(items=items):
            return {x for i in items for x in _letters(i)}
        case Sum(terms=terms):
            return {x for _, t in terms for x in _letters(t)}
        case _:
            return set()


def _integer(formula: Formula, node: Node, scope: Scope, tensor: str, axis: int) -> Syntax:
    node = bare(node)
    place = formula.place(node)

    def inside(part: Node) -> Syntax:
        return _integer(formula, part, scope, tensor, axis)

    letter = letter_of(node)
    if letter is not None and letter in scope:
        return shifted(Name(place, letter), formula.offset(letter))
    match node:
        case Number():
            return formula.number(node)
        case Symbol(name=name, kind="letter") if (
            tensor
            and not formula.names.is_spelled(name)
            and (name.isupper() or letter in formula.facts.ends)
        ):
            return Fn(place, "size", (Name(place, tensor), Num(place, Fraction(axis))))
        case Sum(terms=terms):
            whole: Syntax = Num(place, Fraction(0))
            for sign, term in terms:
                whole = Op(place, sign, (whole, inside(term)))
            return fold(whole)
        case Group(kind="(", items=(one,)):
            return inside(one)
        case Group(kind="floor", items=(one,)):
            return _floor(formula, node, inside(one))
        case Product(items=items):
            return _product(formula, node, items, inside)
    found = spell(node)
    if found is not None:
        if letter is not None and found.primes:
            return Name(place, letter)  # bound nowhere: told where letters are resolved
        found = settled(formula, found, scope)
        if found.power is None and not found.primes:
            if not found.below and letter is not None:
                known = formula.names.find(found.base, found.layer, 0)
                in_model = known is not None and formula.names.rank(known) == 0
                return Name(place, known if in_model and known else letter)
            return reference(formula, found, scope)
    raise formula.refuse(
        node, "a subscript is made of letters, integers and integer tensors; such as i+u-1"
    )


def _floor(formula: Formula, node: Node, value: Syntax) -> Syntax:
    match value:
        case Op(op="/", args=args):
            return Op(value.place, "//", args)
        case _:
            raise formula.refuse(node, "between floor brackets a quotient stands, such as i/2")


def _product(formula: Formula, node: Node, items: tuple[Node, ...], inside: object) -> Syntax:
    assert callable(inside)
    value: Syntax | None = None
    sign = "*"
    for item in items:
        if isinstance(item, Operator):
            if item.name not in ("*", "/", "%"):
                raise formula.refuse(item, "this sign can't stand in a subscript")
            sign = item.name
            continue
        part = inside(item)
        value = part if value is None else Op(value.place, sign, (value, part))
        sign = "*"
    if value is None:
        raise formula.refuse(node, "a subscript is missing here")
    return value
