r"""`\frac{\partial E}{\partial W_{ij}}`, `\partial E/\partial W_{ij}`, `\nabla_W E`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from derive.ir.names import adjoint_of
from derive.ir.system import Block
from derive.language.syntax import Name, Ref, Syntax
from derive.readers.latex import functions
from derive.readers.latex.context import Formula, NotByIndex, Scope
from derive.readers.latex.labels import settled
from derive.readers.latex.references import reference
from derive.readers.latex.symbol_parts import SymbolParts, parts_of
from derive.readers.latex.syntax.nodes import (
    Group,
    Node,
    Operator,
    Over,
    Product,
    Scripted,
    Symbol,
    bare,
    items_of,
)
from derive.readers.latex.to_text import value_text
from derive.readers.vocabulary import NotFormed


@dataclass(frozen=True)
class Slope:
    r"""The derivative of `of` by `by`, as it is written; `of` is None for a bare `\nabla`.

    `again` is what it is differentiated by once more.
    """

    at: int
    of: SymbolParts | None
    by: SymbolParts
    again: SymbolParts | None = None


def derivative_of(
    formula: Formula, items: Sequence[Node], alone: bool = False
) -> tuple[Slope, int] | None:
    r"""The derivative that begins the items, and how many it takes; None where none begins.

    `alone`: the items are a whole left side, where `\nabla_W` needs no `E`.
    """
    first = bare(items[0])
    if isinstance(first, Over):
        return _fraction(formula, first, items)
    if _is_mark(first) and len(items) > 3:
        return _inline(formula, items)
    if isinstance(first, Scripted) and _is_nabla(first.base) and len(first.below) == 1:
        by = parts_of(first.below[0])
        if by is None:
            raise formula.refuse(first, "write the tensor below \\nabla, as in \\nabla_{W} E")
        of = parts_of(items[1]) if len(items) > 1 else None
        if of is None and not alone:
            raise formula.refuse(first, "\\nabla of what? write \\nabla_{W} E")
        taken = 1 if of is None else 2
        return Slope(first.at, of, by), taken + _arguments(items[taken:])
    return None


def _is_nabla(node: Node) -> bool:
    return isinstance(node, Symbol) and node.name == "nabla"


def _is_mark(node: Node) -> bool:
    return isinstance(node, Symbol) and node.name == "partial" and node.kind == "command"


def _marks(node: Node) -> bool:
    r"""A `\partial`, or a `d` where it stands before a name."""
    return _is_mark(node) or (isinstance(node, Symbol) and node.name == "d")


def _fraction(formula: Formula, over: Over, items: Sequence[Node]) -> tuple[Slope, int] | None:
    top, bottom = items_of(over.top), items_of(over.bottom)
    if not (_marks(bare(top[0])) and _marks(bare(bottom[0])) and len(bottom) > 1):
        return _second(formula, over, top, bottom)
    by = parts_of(bottom[1])
    if by is None or len(bottom) > 2:
        raise formula.refuse(
            over, "one tensor stands below, as in \\frac{\\partial E}{\\partial W}"
        )
    taken = 1
    if len(top) == 1:  # \frac{\partial}{\partial W} E
        of = parts_of(items[1]) if len(items) > 1 else None
        taken = 2
    else:
        of = parts_of(top[1])
        if len(top) > 2 and not (len(top) == 3 and _arguments(top[2:])):
            of = None
    if of is None:
        raise formula.refuse(over, "write what is differentiated by its name, such as E")
    return Slope(over.at, of, by), taken + (_arguments(items[2:]) if taken == 2 else 0)


def _second(
    formula: Formula, over: Over, top: Sequence[Node], bottom: Sequence[Node]
) -> tuple[Slope, int] | None:
    r"""`\frac{\partial^2 E}{\partial w_i \partial w_j}`."""
    first = bare(top[0])
    if not (isinstance(first, Scripted) and _is_mark(first.base)):
        return None
    if (
        len(top) == 2
        and len(bottom) == 4
        and _is_mark(bare(bottom[0]))
        and _is_mark(bare(bottom[2]))
    ):
        of, by, again = parts_of(top[1]), parts_of(bottom[1]), parts_of(bottom[3])
        if of is not None and by is not None and again is not None:
            return Slope(over.at, of, by, again), 1
    raise formula.refuse(
        over,
        "a second derivative is \\frac{\\partial^2 E}{\\partial w_i \\partial w_j}, left of '='",
    )


def _inline(formula: Formula, items: Sequence[Node]) -> tuple[Slope, int] | None:
    r"""`\partial E/\partial W_{ij}`."""
    of, slash = parts_of(items[1]), items[2]
    if of is None or not (isinstance(slash, Operator) and slash.name == "/"):
        raise formula.refuse(
            items[0], "a differential isn't read; write \\frac{\\partial E}{\\partial W_{ij}}"
        )
    rest = list(items[3:])
    if len(rest) == 1 and isinstance(rest[0], Group):
        rest = list(items_of(rest[0]))
    if not _is_mark(bare(rest[0])) or len(rest) < 2 or (by := parts_of(rest[1])) is None:
        raise formula.refuse(items[0], "write \\frac{\\partial E}{\\partial W_{ij}}")
    return Slope(items[0].at, of, by), 5 if len(items) > 4 else 4


def _arguments(items: Sequence[Node]) -> int:
    """1 where brackets with names follow, `E(W, b)`, which say nothing new."""
    if items and isinstance(items[0], Group) and items[0].kind == "(":
        inner = [parts_of(i) for i in items[0].items]
        if inner and all(s is not None and not s.below for s in inner):
            return 1
    return 0


def adjoint(
    formula: Formula, slope: Slope, scope: Scope, on_left: bool = False
) -> SymbolParts | None:
    """What the objective is differentiated by, its name being that of the derivative's tensor.

    None where it isn't the objective that is differentiated.
    """
    vocabulary = formula.names.vocabulary
    if vocabulary is None:
        raise formula.refuse(
            slope.by,
            "a derivative is no equation of a model; the engine derives it from the others",
        )
    if slope.of is not None:
        of = settled(formula, slope.of, scope, on_left)
        name = formula.names.take(of.base, of.layer, len(of.below))
        if name is None:
            raise formula.unknown(of)
        if name != vocabulary.system.objective or of.below:
            return None
    return settled(formula, slope.by, scope, on_left)


def adjoint_name(formula: Formula, by: SymbolParts, rank: int | None) -> str:
    """The tensor that holds the derivative by a tensor."""
    names = formula.names
    wanted = names.derived(by.base, by.layer, rank)
    number = re.search(r"\d+$", formula.left)
    if wanted is None and number and not by.layer:
        # \nabla_a C in a formula of one layer is by that layer's a
        wanted = names.derived(by.base, number[0], rank)
    if wanted is None:
        known = formula.names.find(by.base, by.layer, rank)
        if known is None:
            raise formula.unknown(by)
        raise formula.refuse(
            by,
            f"there is no derivative by '{by.shown}', taken for '{known}': nothing depends on it",
        )
    return adjoint_of(wanted)


def in_full(formula: Formula, slope: Slope) -> tuple[str, SymbolParts, SymbolParts]:
    """The tensor that holds a Jacobian, or a second derivative, and the two whose letters it has.

    Raises `NotFormed` where the vocabulary lacks it.
    """
    if formula.names.vocabulary is None:
        raise formula.refuse(
            slope.by,
            "a derivative is no equation of a model; the engine derives it from the others",
        )
    assert slope.of is not None
    pair = (slope.of, slope.by) if slope.again is None else (slope.by, slope.again)
    one, other = (settled(formula, p, frozenset(), on_left=True) for p in pair)
    names = []
    for part in (one, other):
        name = formula.names.take(part.base, part.layer, len(part.below))
        if name is None:
            raise formula.unknown(part)
        names.append(name)
    kind = "J" if slope.again is None else "H"
    tensor = "_".join((kind, *names))
    if tensor not in formula.names.shapes:
        raise NotFormed(Block(tensor, names[0], names[1], twice=slope.again is not None))
    return tensor, one, other


def slope_value(formula: Formula, slope: Slope, scope: Scope) -> Syntax:
    """A derivative as a value: of the objective, or of one tensor by what it is a function of."""
    if slope.again is not None:
        raise formula.refuse(slope.by, "a second derivative stands left of '=' only")
    by = adjoint(formula, slope, scope)
    if by is None:
        return _local(formula, slope, scope)
    rank = None
    if by.below:
        entry = reference(formula, by, scope)
        assert isinstance(entry, Ref)
        name = adjoint_name(formula, by, len(entry.subscripts))
        return Ref(entry.place, name, entry.subscripts)
    name = adjoint_name(formula, by, rank)
    if formula.names.rank(name):
        raise NotByIndex.bare(by.at, name)
    return Name(formula.place(by), name)


def _local(formula: Formula, slope: Slope, scope: Scope) -> Syntax:
    r"""`\frac{\partial y_i}{\partial z_i}` where y is a function of z, entry by entry."""
    assert slope.of is not None
    assert formula.names.vocabulary is not None
    of, by = (settled(formula, s, scope) for s in (slope.of, slope.by))
    top = reference(formula, replace(of, power=None), scope)
    bottom = reference(formula, by, scope)
    system = formula.names.vocabulary.system
    if isinstance(top, Ref) and isinstance(bottom, Ref):
        names = [system.unaliased(r.name) for r in (top, bottom)]
        result = functions.own(system, names[0])
        pairs = zip(top.subscripts, bottom.subscripts, strict=False)
        same = [value_text(a) == value_text(b) for a, b in pairs]
        if result is not None and result[0] == names[1] and all(same):
            place = formula.text.place(slope.at)
            return functions.at(functions.slope(result[1], 1), bottom, place)
    raise formula.refuse(
        slope.by,
        f"the derivative of '{of.shown}' by '{by.shown}' can't be read here; write its value",
    )


def as_product(items: Sequence[Node]) -> Node:
    """Items side by side as one node."""
    return items[0] if len(items) == 1 else Product(items[0].at, tuple(items))
