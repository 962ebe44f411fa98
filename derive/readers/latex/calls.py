r"""Functions of values: `f(z)`, `\sigma'(z)`, `\tanh z`, `\max(0, z)`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from derive.errors import ChainruleError
from derive.ir.notation import Expr
from derive.language.printer import expr_text
from derive.language.syntax import Name, Ref, Syntax
from derive.readers.latex import functions
from derive.readers.latex.context import Formula
from derive.readers.latex.derivatives import as_product
from derive.readers.latex.symbol_parts import SymbolParts, parts_of
from derive.readers.latex.syntax.nodes import (
    Group,
    Node,
    Number,
    Operator,
    Over,
    Scripted,
    Symbol,
    bare,
)
from derive.readers.latex.text_facts import FUNCTION_LETTERS
from derive.readers.latex.values import Value, ValueReader

_EXTREMA = {"max": "maximum", "min": "minimum"}


def head(node: Node) -> tuple[str, Node | None, Node | None, int] | None:
    """A function's name, what stands above and below it, and its primes."""
    node = bare(node)
    match node:
        case Symbol(name=name, kind=kind):
            return (name, None, None, 0) if kind != "letter" else None
        case Scripted(base=Symbol(name=name, kind=kind), below=below, above=above, primes=primes):
            if kind == "letter" or len(below) > 1 or len(above) > 1:
                return None
            return name, above[0] if above else None, below[0] if below else None, primes
        case _:
            return None


def call(reader: ValueReader[Value], items: Sequence[Node]) -> tuple[Value, int] | None:
    """A function's value that begins the items, and how many it takes; None where none does."""
    return _of_word(reader, items) or _of_letter(reader, items)


def _of_word(reader: ValueReader[Value], items: Sequence[Node]) -> tuple[Value, int] | None:
    """The value of a function that is named by a word."""
    formula, node, result = reader.formula, items[0], head(items[0])
    if result is None:
        return None
    name, above, below, primes = result
    of_arrays = reader.of_arrays(name, node)
    values = _bracketed(items)
    if name in _EXTREMA and below is None and (len(values) > 1 or not of_arrays):
        return _extremum(reader, node, name, values), 2
    word = functions.known(name)
    if not (word or of_arrays) or (formula.names.is_declared(name) and not _follows(items)):
        return None
    if len(items) == 1:
        raise formula.refuse(node, f"the argument of {name} is missing; write it in brackets")
    items, power = _lowered(items)
    argument, taken = _argument(reader, items)
    place = formula.place(node)
    if of_arrays:
        value = of_arrays(argument)
    elif word in functions.PLAIN and not primes:
        value = reader.apply(word, (argument,), place)
    else:
        value = reader.mapped(functions.slope(_body(formula, node, word), primes), argument, place)
    if below is not None:
        base = bare(below)
        if word != "log" or not isinstance(base, Number):
            raise formula.refuse(node, "a subscript of a function can't be read; take it out")
        log = reader.apply("log", (reader.value(base),), place)
        value = reader.apply("/", (value, log), place)
    value = _to_its_power(reader, node, value, above)
    return (value if power is None else reader.raised(items[1], value, power)), taken


def _of_letter(reader: ValueReader[Value], items: Sequence[Node]) -> tuple[Value, int] | None:
    """The value of a function that is named by a letter, `f(z)`."""
    items, power = _lowered(items)
    if len(items) < 2 or not isinstance(items[1], Group) or len(items[1].items) != 1:
        return None
    result = parts_of(items[0])
    if result is None or not is_function(reader.formula, result):
        return None
    names = reader.formula.names
    if result.below and names.find(result.base, result.layer, len(result.below)) is not None:
        return None
    if items[1].kind not in ("(", "["):
        return None
    argument, place = reader.value(items[1].items[0]), reader.formula.place(items[0])
    function = _meaning(reader.formula, result, reader.argument(argument, place))
    value = reader.mapped(functions.slope(function, result.primes), argument, place)
    value = _to_its_power(reader, items[0], value, result.power or result.doubtful)
    return (value if power is None else reader.raised(items[1], value, power)), 2


def _body(formula: Formula, node: Node | SymbolParts, word: str) -> Expr:
    """A function's value at `x`."""
    try:
        return functions.body_of(word)
    except ChainruleError as error:
        raise formula.refuse(node, str(error)) from None


def _to_its_power(
    reader: ValueReader[Value], node: Node, value: Value, above: Node | None
) -> Value:
    """A function's value to a power that stands at its name."""
    if above is None:
        return value
    exponent = bare(above)
    if not isinstance(exponent, Number):
        raise reader.formula.refuse(
            node,
            "a superscript of a function that is no number can't be read; write \\arctan for an "
            "inverse, or the power behind the brackets",
        )
    place = reader.formula.place(node)
    return reader.apply("**", (value, reader.value(exponent)), place)


def _lowered(items: Sequence[Node]) -> tuple[Sequence[Node], Node | None]:
    """`f(z)^2` is the square of f's value: the items without the power, and the power."""
    match items[1] if len(items) > 1 else None:
        case Scripted(base=Group(kind="(" | "[") as group, below=(), above=(above,), primes=0):
            return (items[0], group, *items[2:]), above
        case _:
            return items, None


def _follows(items: Sequence[Node]) -> bool:
    return len(items) > 1 and isinstance(items[1], Group) and items[1].kind == "("


def _bracketed(items: Sequence[Node]) -> tuple[Node, ...]:
    """What stands between commas in the brackets behind a name."""
    group = bare(items[1]) if len(items) > 1 else None
    return group.items if isinstance(group, Group) else ()


def _argument(reader: ValueReader[Value], items: Sequence[Node]) -> tuple[Value, int]:
    """What a function is given: what stands in brackets, else what is beside it."""
    formula, first = reader.formula, items[1]
    if isinstance(first, Group) and first.kind in ("(", "[", "{") and len(first.items) == 1:
        return reader.value(first.items[0]), 2
    if head(first) is not None:
        return reader.value(as_product(items[1:])), len(items)
    taken = 2
    while taken < len(items) and isinstance(items[taken - 1], Number):
        taken += 1
    after = items[taken] if taken < len(items) else None
    if isinstance(after, Operator):
        in_doubt = after.name == "/"
    else:
        in_doubt = after is not None and not isinstance(after, Group | Over) and head(after) is None
    if in_doubt and after is not None:
        raise formula.refuse(after, "where does the function's argument end? put it in brackets")
    if isinstance(first, Operator):
        raise formula.refuse(first, "the function's argument is missing; write it in brackets")
    return reader.value(as_product(items[1:taken])), taken


def _extremum(reader: ValueReader[Value], node: Node, name: str, values: Sequence[Node]) -> Value:
    r"""`\max(0, z)`: the larger of two values or more."""
    if len(values) < 2:
        which = "larger" if name == "max" else "smaller"
        raise reader.formula.refuse(
            node,
            f"write \\{name}(0, z) for the {which} of two values, \\{name}_{{j}} z_j for that of "
            "many",
        )
    value = reader.value(values[0])
    for other in values[1:]:
        both = (value, reader.value(other))
        value = reader.apply(_EXTREMA[name], both, reader.formula.place(node))
    return value


def is_function(formula: Formula, written: SymbolParts) -> bool:
    """Whether a letter before brackets is a function, not a factor."""
    if written.base in formula.functions or written.primes:
        return True
    if written.base not in FUNCTION_LETTERS:
        return False
    if (written.base, written.layer) in formula.facts.defined:
        return False
    name = formula.names.find(written.base, written.layer, 0)
    if formula.names.vocabulary is None:
        return name not in formula.names.known or written.base == "f"
    return name is None or formula.names.rank(name) != 0


def _meaning(formula: Formula, written: SymbolParts, argument: Syntax) -> Expr:
    """The function that a letter is: as given, or as the model has it at this place."""
    base = written.base
    given = formula.functions.get(base)
    if given is not None:
        return _body(formula, written, functions.known(given))
    vocabulary = formula.names.vocabulary
    if vocabulary is None:
        if base == "sigma":
            return functions.body_of("sigmoid")
        raise formula.refuse(
            written,
            f"which function is '{written.shown}'? say so beside the equations, such as "
            f'functions = {{ {base} = "sigmoid" }}',
        )
    system = vocabulary.system
    applied = functions.activations(system)
    if base == "sigma" and ("sigmoid(x)" in applied or not applied):
        return functions.body_of("sigmoid")
    here = None
    if isinstance(argument, Ref | Name):
        here = functions.entrywise(system, system.unaliased(argument.name))
    if here is None:
        mine = functions.own(system, system.unaliased(formula.left))
        here = mine[1] if mine is not None and not isinstance(argument, Ref) else None
    if here is None and len(applied) == 1:
        here = next(iter(applied.values()))
    if here is None:
        raise formula.refuse(
            written,
            f"which function is '{written.shown}' here? write it by its name, such as \\tanh",
        )
    text = expr_text(here)
    match = re.fullmatch(r"(\w+)\(x\)", text)
    formula.names.taken[written.shown] = match.group(1) if match else text
    return here
