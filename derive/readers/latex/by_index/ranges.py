"""What stands below and above a sum: the letters that run, how far, and under which conditions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from derive.language.occurrences import refs
from derive.language.syntax import Fn, Name, Num, Op, Place, Red, Syntax
from derive.readers.latex.context import Formula, Scope, letter_of
from derive.readers.latex.integers import fold, joined, shifted
from derive.readers.latex.labels import extent_letter, pieces_of
from derive.readers.latex.symbol_parts import parts_of, subscripts
from derive.readers.latex.syntax.nodes import (
    Group,
    Node,
    Number,
    Relation,
    Scripted,
    Sum,
    Symbol,
    bare,
)

_ORDER = ("<", "<=", ">", ">=", "!=", "=")


@dataclass(frozen=True)
class Range:
    """The letters that a sum binds, and what must hold for a term to count.

    `ends` holds the last number of a letter where it is given as a number, for who knows extents.
    """

    letters: tuple[Name, ...]
    conditions: tuple[Node, ...] = ()
    starts: tuple[tuple[str, Node], ...] = ()
    ends: tuple[tuple[str, Node, bool], ...] = ()


def reduction(formula: Formula, big: Scripted, op: str, scope: Scope, product: Node) -> Syntax:
    """A sum, product or extremum of all that follows it."""
    place = formula.place(big)
    result = _range(formula, big, scope)
    inner = scope | {x.name for x in result.letters}
    value = formula.value(product, inner)
    tests = [_condition(formula, c, inner) for c in result.conditions]
    tests += [t for s in result.starts if (t := _start(formula, s, inner, place)) is not None]
    tests += [
        t for e in result.ends if (t := _end(formula, e, inner, place, value, op)) is not None
    ]
    if tests:
        infinity = Name(place, "inf")
        rest: dict[str, Syntax] = {
            "sum": Num(place, Fraction(0)),
            "prod": Num(place, Fraction(1)),
            "max": Op(place, "neg", (infinity,)),
            "min": infinity,
        }
        value = Fn(place, "where", (joined("and", tests, place), value, rest[op]))
    return Red(place, op, result.letters, value)


def _range(formula: Formula, big: Scripted, scope: Scope) -> Range:
    if len(big.below) != 1:
        raise formula.refuse(big, "a letter is missing below it; write \\sum_{j}")
    result = Range(())
    for item in _items(big.below[0]):
        node = bare(item)
        if isinstance(node, Relation):
            result = _related(formula, result, node, scope)
            continue
        for part in pieces_of(node, True):
            letter = letter_of(part)
            if letter is None:
                raise formula.refuse(
                    part, "below a sum stand letters, such as \\sum_{i,j} or \\sum_{j=1}^{J}"
                )
            result = _with(formula, result, part, letter)
    if big.above:
        if len(result.letters) != 1:
            raise formula.refuse(big, "an end needs one letter below; write \\sum_{j=1}^{J}")
        ends = (*result.ends, (result.letters[0].name, big.above[0], True))
        result = replace(result, ends=ends)
    if not result.letters:
        raise formula.refuse(big, "no letter runs here; write the letter below, as in \\sum_{j}")
    return result


def _items(below: Node) -> list[Node]:
    r"""What stands below, between commas; `0 \le u,v < 3` is a range for each letter."""
    items = [bare(i) for i in subscripts(below)]
    result: list[Node] = []
    while items:
        first = items.pop(0)
        end = next((k for k, x in enumerate(items) if isinstance(x, Relation)), None)
        last = items[end] if end is not None else None
        if _opens(first) and isinstance(first, Relation) and isinstance(last, Relation):
            letters = [first.sides[1], *items[:end], last.sides[0]]
            if len(last.sides) == 2 and all(letter_of(x) is not None for x in letters):
                signs = (first.signs[0], last.signs[0])
                sides = [(first.sides[0], x, last.sides[1]) for x in letters]
                result.extend(Relation(x.at, (a, x, b), signs) for a, x, b in sides)
                items = items[len(letters) - 1 :]
                continue
        result.append(first)
    return result


def _opens(node: Node) -> bool:
    r"""Whether a relation begins a range: `0 \le u` of `0 \le u,v < 3`."""
    return isinstance(node, Relation) and len(node.sides) == 2 and node.signs[0] in ("<", "<=")


def _with(formula: Formula, range_: Range, node: Node, letter: str) -> Range:
    if any(x.name == letter for x in range_.letters):
        return range_
    return replace(range_, letters=(*range_.letters, Name(formula.place(node), letter)))


def _related(formula: Formula, range_: Range, node: Relation, scope: Scope) -> Range:
    r"""`j = 1`, `j \ne i`, `0 \le u < 3`, `n \in B`."""
    sides, signs = node.sides, node.signs
    letter = letter_of(sides[0])
    if signs == ("in",) and letter is not None:
        return _with(formula, range_, sides[0], letter)
    if signs == ("=",) and letter is not None and letter not in scope:
        if any(x.name == letter for x in range_.letters):
            return replace(range_, conditions=(*range_.conditions, node))
        range_ = _with(formula, range_, sides[0], letter)
        return replace(range_, starts=(*range_.starts, (letter, sides[1])))
    if any(s not in _ORDER for s in signs):
        raise formula.refuse(node, "this relation can't stand below a sum")
    before = {x.name for x in range_.letters}
    inner = len(sides) == 3 and all(s in ("<", "<=") for s in signs)
    for side in sides:
        name = letter_of(side)
        if name is None or name in scope or name in before or name.isupper():
            continue
        range_ = _with(formula, range_, side, name)
        if inner and side is sides[1]:
            start = sides[0] if signs[0] == "<=" else None
            if isinstance(start, Number) and start.text == "0" and signs[1] == "<":
                return replace(range_, ends=(*range_.ends, (name, sides[2], False)))
    return replace(range_, conditions=(*range_.conditions, node))


def _condition(formula: Formula, node: Node, scope: Scope) -> Syntax:
    return formula.value(node, scope)


def _start(formula: Formula, start: tuple[str, Node], scope: Scope, place: Place) -> Syntax | None:
    letter, node = start
    value = fold(shifted(formula.value(node, scope), -formula.offset(letter)))
    if isinstance(value, Num):
        if value.value.denominator != 1:
            raise formula.refuse(node, "a sum begins at an integer")
        if value.value <= 0:
            return None
    return Op(place, ">=", (Name(place, letter), value))


def _end(
    formula: Formula,
    end: tuple[str, Node, bool],
    scope: Scope,
    place: Place,
    body: Syntax,
    op: str,
) -> Syntax | None:
    """The condition that a letter is not beyond its end; None where the end is the axis's."""
    letter, node, included = end
    node = bare(node)
    name = Name(place, letter)
    base, more = _end_of(formula, node, scope)
    if base is not None:
        # the axis's own length, or some less
        last = more - formula.offset(letter) + (1 if included else 0)
        if last == 0:
            return None
        if last > 0:
            raise formula.refuse(
                node,
                f"'{letter}' would run beyond the end of its axis; it counts from "
                f"{formula.count(letter)}",
            )
        length = shifted(Fn(place, "size", (name,)), last)
        return Op(place, "<", (name, length))
    value = fold(shifted(formula.value(node, scope), -formula.offset(letter)))
    if isinstance(value, Num):
        count = value.value + (1 if included else 0)
        extent = _extent(formula, letter, body)
        if extent == count:
            return None
        if extent is None and formula.names.vocabulary is None:
            raise formula.refuse(
                node,
                f"how far '{letter}' runs is said by sizes; write \\{op}_{{{letter}}} and "
                f"sizes = {{ {letter} = {count} }}",
            )
        if extent is not None and count > extent:
            raise formula.refuse(
                node,
                f"'{letter}' runs over {count} places and its axis has {extent}; make them agree",
            )
        return Op(place, "<", (name, Num(place, count)))
    return Op(place, "<=" if included else "<", (name, value))


def _end_of(formula: Formula, node: Node, scope: Scope) -> tuple[Symbol | None, int]:
    """`N`, `T-1`: a name that is an axis's length, and what is added."""
    more = 0
    if isinstance(node, Sum) and len(node.terms) == 2:
        (_, first), (sign, second) = node.terms
        if isinstance(second, Number) and second.text.isdigit() and len(second.text) < 10:
            more = int(second.text) * (1 if sign == "+" else -1)
            node = bare(first)
    if isinstance(node, Group) and node.kind == "|":
        return Symbol(node.at, "size", "word"), more
    if isinstance(node, Scripted) and isinstance(node.base, Symbol):
        # N_1, n_h: a length with a label, where it is no tensor
        name = node.base.name
        spelled = parts_of(node)
        length = spelled is not None and extent_letter(formula, spelled) is not None
        if (formula.names.find(name) is None and not node.above) or length:
            return node.base, more
        return None, 0
    if isinstance(node, Symbol):
        letter = letter_of(node)
        if letter in scope or _is_integer(formula, node):
            return None, 0
        return node, more
    return None, 0


def _is_integer(formula: Formula, node: Symbol) -> bool:
    """Whether a name is a number that is given, not an axis's length."""
    if (node.name, "") in formula.facts.defined:
        return True
    vocabulary = formula.names.vocabulary
    if vocabulary is None:
        return formula.names.is_declared(node.name)
    row = vocabulary.system.table.get(formula.names.find(node.name) or "")
    return row is not None and row.rank == 0 and (row.integer or row.value is not None)


def _extent(formula: Formula, letter: str, body: Syntax) -> int | None:
    """The extent of the axis that a letter walks plainly in a value."""
    for ref in refs(body):
        shape = formula.names.shapes.get(ref.name)
        for k, part in enumerate(ref.subscripts):
            if isinstance(part, Name) and part.name == letter and shape and k < len(shape):
                return shape[k].number
    return None
