"""Tensors with subscripts: `W^{(2)}_{ij}`, `x_{n,i+u-1}`, `h_{t-1}`."""

from __future__ import annotations

from fractions import Fraction

from derive.language.syntax import Fn, Name, Num, Op, Ref, Syntax
from derive.readers.latex.context import Formula, NotByIndex, Scope, letter_of
from derive.readers.latex.integers import fold, shifted
from derive.readers.latex.labels import pieces, settled
from derive.readers.latex.symbol_parts import SymbolParts, parts_of
from derive.readers.latex.syntax.nodes import (
    Group,
    Node,
    Number,
    Operator,
    Product,
    Sum,
    Symbol,
    bare,
)


def subscripts_of(formula: Formula, written: SymbolParts, name: str) -> list[Node]:
    """The subscripts of a tensor, as many as it has axes where that can be."""
    rank = formula.names.rank(name)
    if rank is None:
        rank = formula.facts.ranks.get((written.base, written.layer))
    split, kept = pieces(written, split=True), pieces(written, split=False)
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


def reference(formula: Formula, written: SymbolParts, scope: Scope) -> Syntax:
    """The value of a tensor's entry, without its power."""
    place = formula.place(written)
    wanted = pieces(written, split=True)
    name = formula.names.take(written.base, written.layer, len(wanted))
    if name is None:
        raise formula.unknown(written)
    rank = formula.names.rank(name)
    if not written.below:
        if rank:
            raise NotByIndex.bare(written.at, name)
        return Name(place, name)
    parts = subscripts_of(formula, written, name)
    axes = walked_axes(formula, written, name, len(parts))
    at: dict[int, Syntax] = {
        axis: position(formula, p, scope, name, axis) for axis, p in zip(axes, parts, strict=True)
    }
    rank = formula.names.rank(name) or len(parts)
    first = Num(place, Fraction(0))
    return Ref(place, name, tuple(at.get(k, first) for k in range(rank)))


def walked_axes(formula: Formula, written: SymbolParts, name: str, count: int) -> list[int]:
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
    known = (
        f"'{name}'" if name == written.plain else f"'{written.shown}' is taken for '{name}', which"
    )
    axes = "no axes" if not rank else "1 axis" if rank == 1 else f"{rank} axes"
    raise formula.refuse(
        written,
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
    result = parts_of(node)
    if result is not None:
        if letter is not None and result.primes:
            return Name(place, letter)  # bound nowhere: told where letters are resolved
        result = settled(formula, result, scope)
        if result.power is None and not result.primes:
            if not result.below and letter is not None:
                known = formula.names.find(result.base, result.layer, 0)
                in_model = known is not None and formula.names.rank(known) == 0
                return Name(place, known if in_model and known else letter)
            return reference(formula, result, scope)
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
