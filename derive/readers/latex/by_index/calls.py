r"""Functions of values: `f(z)`, `\sigma'(z)`, `\tanh z`, `\max(0, z)`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from derive.errors import ChainruleError
from derive.ir.notation import Expr
from derive.language.printer import expr_text
from derive.language.syntax import (
    Fn,
    Name,
    Op,
    Ref,
    Syntax,
)
from derive.readers.latex import functions
from derive.readers.latex.context import Formula, Scope, Whole
from derive.readers.latex.symbol_parts import Spelled, spell
from derive.readers.latex.syntax.nodes import (
    Group,
    Node,
    Number,
    Operator,
    Over,
    Product,
    Scripted,
    Symbol,
    bare,
)
from derive.readers.latex.text_facts import FUNCTION_LETTERS

_EXTREMA = {"max": "maximum", "min": "minimum"}
_UNREAD = frozenset(
    ("lim", "det", "arg", "argmax", "argmin", "inf", "sup", "Re", "sec", "csc", "cot", "coth")
) | frozenset(("arcsin", "arccos", "softmax", "diag", "tr", "vec", "rank", "Var", "Cov"))

_CURES = {
    "softmax": "write it out, such as \\frac{e^{z_i}}{\\sum_k e^{z_k}}",
    "det": "write the equations without LaTeX, with det(X) or logdet(X)",
}


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


def named_call(formula: Formula, items: Sequence[Node], scope: Scope) -> tuple[Syntax, int] | None:
    """The value of a function that is named by a word, and how many items it takes."""
    found = head(items[0])
    if found is None:
        return None
    name, above, below, primes = found
    if name in _UNREAD and not formula.names.is_declared(name):
        cure = _CURES.get(
            name, "write what it says with sums and the functions of the equation language"
        )
        raise Whole(items[0].at, f"'{name}' can't be read in index form; {cure}")
    if name in _EXTREMA and below is None:
        return _extremum(formula, items, _EXTREMA[name], scope)
    word = functions.known(name)
    if not word or (formula.names.is_declared(name) and not _follows(items)):
        return None
    if len(items) == 1:
        raise formula.refuse(items[0], f"the argument of {name} is missing; write it in brackets")
    items, raised = _lowered(items)
    argument, taken = _argument(formula, items, scope)
    found_value = _applied(formula, items[0], word, argument, above, below, primes)
    return _raised(formula, found_value, raised, scope), taken


def _applied(
    formula: Formula,
    node: Node,
    word: str,
    argument: Syntax,
    above: Node | None,
    below: Node | None,
    primes: int,
) -> Syntax:
    place = formula.place(node)
    if primes:
        value = functions.at(functions.slope(body(formula, node, word), primes), argument, place)
    elif word in functions.PLAIN:
        value = Fn(place, word, (argument,))
    else:
        value = functions.at(body(formula, node, word), argument, place)
    if below is not None:
        base = bare(below)
        if word != "log" or not isinstance(base, Number):
            raise formula.refuse(node, "a subscript of a function can't be read; take it out")
        value = Op(place, "/", (value, Fn(place, "log", (formula.number(base),))))
    return value if above is None else powered(formula, node, value, above)


def body(formula: Formula, node: Node | Spelled, word: str) -> Expr:
    """A function's value at `x`."""
    try:
        return functions.body_of(word)
    except ChainruleError as error:
        raise formula.refuse(node, str(error)) from None


def powered(formula: Formula, node: Node, value: Syntax, above: Node) -> Syntax:
    """A function's value to a power that stands at its name."""
    exponent = bare(above)
    if not isinstance(exponent, Number):
        raise formula.refuse(
            node,
            "a superscript of a function that is no number can't be read; write \\arctan for an "
            "inverse, or the power behind the brackets",
        )
    return Op(value.place, "**", (value, formula.number(exponent)))


def _lowered(items: Sequence[Node]) -> tuple[Sequence[Node], Node | None]:
    """`f(z)^2` is the square of f's value: the items without the power, and the power."""
    match items[1] if len(items) > 1 else None:
        case Scripted(base=Group(kind="(" | "[") as group, below=(), above=(above,), primes=0):
            return (items[0], group, *items[2:]), above
        case _:
            return items, None


def _raised(formula: Formula, value: Syntax, power: Node | None, scope: Scope) -> Syntax:
    if power is None:
        return value
    return Op(value.place, "**", (value, formula.value(power, scope)))


def _follows(items: Sequence[Node]) -> bool:
    return len(items) > 1 and isinstance(items[1], Group) and items[1].kind == "("


def _argument(formula: Formula, items: Sequence[Node], scope: Scope) -> tuple[Syntax, int]:
    """What a function is given: what stands in brackets, else what is beside it."""
    first = items[1]
    if isinstance(first, Group) and first.kind in ("(", "[", "{") and len(first.items) == 1:
        return formula.value(first.items[0], scope), 2
    if _is_big(first) or head(first) is not None:
        rest = tuple(items[1:])
        return formula.value(_product(rest), scope), len(items)
    taken = 2
    while taken < len(items) and isinstance(items[taken - 1], Number):
        taken += 1
    after = items[taken] if taken < len(items) else None
    doubt = after is not None and not isinstance(after, Group) and not _is_big(after)
    doubt = doubt and head(after) is None if after is not None else False
    if isinstance(after, Operator):
        doubt = after.name == "/"
    if doubt and not isinstance(after, Over) and after is not None:
        raise formula.refuse(after, "where does the function's argument end? put it in brackets")
    if isinstance(first, Operator):
        raise formula.refuse(first, "the function's argument is missing; write it in brackets")
    return formula.value(_product(tuple(items[1:taken])), scope), taken


def _product(items: tuple[Node, ...]) -> Node:
    return items[0] if len(items) == 1 else Product(items[0].at, items)


def _is_big(node: Node) -> bool:
    found = head(node)
    return found is not None and found[0] in ("sum", "prod")


def _extremum(
    formula: Formula, items: Sequence[Node], word: str, scope: Scope
) -> tuple[Syntax, int]:
    r"""`\max(0, z)`: the larger of two values or more."""
    group = items[1] if len(items) > 1 else None
    inner = bare(group) if group is not None else None
    if isinstance(inner, Group) and inner.kind == "{" and len(inner.items) > 1:
        inner = Group(inner.at, "(", inner.items)
    if not isinstance(inner, Group) or len(inner.items) < 2:
        short = word[:3]
        raise formula.refuse(
            items[0],
            f"write \\{short}(0, z) for the {'larger' if short == 'max' else 'smaller'} of two "
            f"values, \\{short}_{{j}} z_j for that of many",
        )
    place = formula.place(items[0])
    value = formula.value(inner.items[0], scope)
    for item in inner.items[1:]:
        value = Fn(place, word, (value, formula.value(item, scope)))
    return value, 2


def letter_call(formula: Formula, items: Sequence[Node], scope: Scope) -> tuple[Syntax, int] | None:
    """The value of a function that is named by a letter, `f(z)`, and how many items it takes."""
    items, raised = _lowered(items)
    if len(items) < 2 or not isinstance(items[1], Group) or len(items[1].items) != 1:
        return None
    if items[1].kind not in ("(", "["):
        return None
    found = spell(items[0])
    if found is None or found.below or not is_function(formula, found):
        return None
    argument = formula.value(items[1].items[0], scope)
    place = formula.place(items[0])
    value = functions.at(
        functions.slope(meaning(formula, found, argument), found.primes), argument, place
    )
    above = found.power or found.doubtful
    value = value if above is None else powered(formula, items[0], value, above)
    return _raised(formula, value, raised, scope), 2


def is_function(formula: Formula, found: Spelled) -> bool:
    """Whether a letter before brackets is a function, not a factor."""
    if found.base in formula.functions or found.primes:
        return True
    if found.base not in FUNCTION_LETTERS:
        return False
    if (found.base, found.layer) in formula.facts.defined:
        return False
    name = formula.names.find(found.base, found.layer, 0)
    if formula.names.vocabulary is None:
        return name not in formula.names.known or found.base == "f"
    return name is None or formula.names.rank(name) != 0


def meaning(formula: Formula, found: Spelled, argument: Syntax) -> Expr:
    """The function that a letter is: as given, or as the model has it at this place."""
    base = found.base
    given = formula.functions.get(base)
    if given is not None:
        return body(formula, found, functions.known(given))
    vocabulary = formula.names.vocabulary
    if vocabulary is None:
        if base == "sigma":
            return functions.body_of("sigmoid")
        raise formula.refuse(
            found,
            f"which function is '{found.shown}'? say so beside the equations, such as "
            f'functions = {{ {base} = "sigmoid" }}',
        )
    system = vocabulary.system
    applied = functions.activations(system)
    if base == "sigma" and ("sigmoid(x)" in applied or not applied):
        return functions.body_of("sigmoid")
    aliases = dict(system.aliases)
    here = None
    if isinstance(argument, Ref | Name):
        here = functions.entrywise(system, aliases.get(argument.name, argument.name))
    if here is None:
        mine = functions.own(system, aliases.get(formula.left, formula.left))
        here = mine[1] if mine is not None and not isinstance(argument, Ref) else None
    if here is None and len(applied) == 1:
        here = next(iter(applied.values()))
    if here is None:
        raise formula.refuse(
            found,
            f"which function is '{found.shown}' here? write it by its name, such as \\tanh",
        )
    text = expr_text(here)
    match = re.fullmatch(r"(\w+)\(x\)", text)
    formula.names.taken[found.shown] = match.group(1) if match else text
    return here
