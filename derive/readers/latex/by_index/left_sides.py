"""The left side of a formula: which tensor it gives, and with which letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derive.errors import shorten
from derive.language.name_check import check_name
from derive.language.scope import spare_letters
from derive.language.syntax import Name, Refused
from derive.readers.latex.context import Formula, NotByIndex, letter_of
from derive.readers.latex.derivatives import Slope, adjoint, adjoint_name, derivative_of, in_full
from derive.readers.latex.labels import settled
from derive.readers.latex.references import subscripts_of, walked_axes
from derive.readers.latex.symbol_parts import SymbolParts, parts_of
from derive.readers.latex.syntax.nodes import Group, Node, Number, Sum, Symbol, bare, items_of
from derive.readers.latex.text_facts import FUNCTION_LETTERS, bound_letters

_EXPECTED = "the left side is no tensor with letters, such as y_{ni}"


@dataclass(frozen=True)
class Left:
    r"""A left side: a tensor and its letters.

    `is_next`: what the tensor will be. `is_change`: by how much it will be more (`\Delta W`).
    """

    tensor: str
    letters: tuple[Name, ...]
    is_next: bool = False
    is_change: bool = False


def left_of(formula: Formula, node: Node, sign: str, whole: bool = False) -> Left:
    """What stands left of the first relation. Raises `Refused`, `NotByIndex`.

    `whole`: the formula is one of whole arrays, whose tensors lack their letters.
    """
    items = items_of(node)
    slope = derivative_of(formula, items, alone=True)
    if slope is not None:
        return _derivative(formula, node, items, slope, whole)
    is_change = len(items) == 2 and isinstance(items[0], Symbol) and items[0].name == "Delta"
    if is_change:
        items = items[1:]
    first = bare(items[0])
    if len(items) == 2 and isinstance(first, Symbol) and first.name in ("d", "partial"):
        raise formula.refuse(node, "a differential isn't read; give the derivative")
    result = parts_of(items[0])
    if result is None or len(items) > 2 or (len(items) == 2 and not _called(items[1])):
        raise formula.refuse(node, _EXPECTED)
    if result.primes or (len(items) == 2 and result.base in FUNCTION_LETTERS and not result.below):
        raise formula.refuse(
            node, "a function isn't defined here; write the formula of the tensor that it gives"
        )
    result = settled(formula, result, frozenset(), on_left=True)
    if result.is_transposed or result.power is not None:
        raise formula.refuse(node, _EXPECTED)
    tensor = formula.names.define(result, len(_pieces(result)))
    is_next = result.is_next or is_change or _moves(formula, tensor, sign)
    if is_change and formula.names.vocabulary is None:
        raise formula.refuse(node, "a change isn't read; write W_{ij} \\leftarrow W_{ij} + ...")
    letters = () if whole and not result.below else _letters(formula, result, tensor)
    return Left(tensor, letters, is_next, is_change)


def _called(node: Node) -> bool:
    return isinstance(node, Group) and node.kind == "("


def _pieces(written: SymbolParts) -> list[Node]:
    return [i for b in written.below for i in items_of(b)]


def _moves(formula: Formula, tensor: str, sign: str) -> bool:
    """Whether a relation says what a tensor will be: an arrow, or `:=` where it has a value."""
    if sign == "<-":
        return True
    vocabulary = formula.names.vocabulary
    if sign != ":=" or vocabulary is None:
        return False
    row = vocabulary.system.table.get(tensor)
    return row is not None and row.role in ("parameter", "buffer")


def _derivative(
    formula: Formula, node: Node, items: Sequence[Node], slope: tuple[Slope, int], whole: bool
) -> Left:
    result, taken = slope
    if taken != len(items):
        raise formula.refuse(node, _EXPECTED)
    by = None if result.again else adjoint(formula, result, frozenset(), on_left=True)
    if by is None:
        return _in_full(formula, result, whole)
    rank = len(_pieces(by))
    name = adjoint_name(formula, by, rank or None)
    if not by.below:
        if formula.names.rank(name) and not whole:
            raise NotByIndex.bare(by.at, name)
        return Left(name, ())
    return Left(name, _letters(formula, by, name))


def _in_full(formula: Formula, slope: Slope, whole: bool) -> Left:
    """A Jacobian or a second derivative, with the letters of both tensors."""
    tensor, *pair = in_full(formula, slope)
    names = [formula.names.take(p.base, p.layer, len(p.below)) or "" for p in pair]
    if not any(p.below for p in pair):
        if formula.names.rank(tensor) and not whole:
            raise NotByIndex.bare(slope.at, tensor)
        return Left(tensor, ())
    letters = [x for p, name in zip(pair, names, strict=True) for x in _letters(formula, p, name)]
    twice = next((x for x in letters if [y.name for y in letters].count(x.name) > 1), None)
    if twice is not None:
        raise formula.refuse(pair[1], f"letter '{shorten(twice.name)}' stands twice on the left")
    return Left(tensor, tuple(letters))


def _letters(formula: Formula, written: SymbolParts, tensor: str) -> tuple[Name, ...]:
    """The letters of a left side; `h_{t+1}` moves the letter t by one."""
    if not written.below:
        if formula.names.rank(tensor):
            raise NotByIndex.bare(written.at, tensor)
        return ()
    letters = []
    parts = subscripts_of(formula, written, tensor)
    axes = walked_axes(formula, written, tensor, len(parts))
    shape = formula.names.shapes.get(tensor, ())
    spare = spare_letters(
        {x for p in parts if (x := letter_of(p))} | bound_letters(formula.tree) | {"n", "t"}
    )
    for axis, part in zip(axes, parts, strict=True):
        node = bare(part)
        letter = letter_of(node)
        if letter is None and isinstance(node, Sum) and len(node.terms) == 2:
            (plus, first), (sign, second) = node.terms
            letter = letter_of(first)
            if plus == "+" and letter and isinstance(second, Number) and len(second.text) < 9:
                step = int(second.text) if second.text.isdigit() else 0
                formula.moved[letter] = step if sign == "+" else -step
        if isinstance(node, Number) and axis < len(shape) and shape[axis].number == 1:
            letter = next(spare)  # the only place of an axis of extent 1
        if letter is None:
            raise formula.refuse(
                node, "left of '=' stand letters only; write the formula for all entries"
            )
        problem = check_name(letter, "letter")
        if problem:
            raise formula.refuse(node, problem)
        letters.append(Name(formula.place(node), letter))
    names = [x.name for x in letters]
    rank = formula.names.rank(tensor) or len(letters)
    at = dict(zip(axes, letters, strict=True))
    place = formula.place(written)
    whole = [at[k] if k in at else Name(place, next(spare)) for k in range(rank)]
    for name in names:
        if names.count(name) > 1:
            raise Refused(
                formula.place(written),
                f"letter '{shorten(name)}' stands twice on the left; write the diagonal with "
                "[i = j] on the right",
            )
    return tuple(whole)
