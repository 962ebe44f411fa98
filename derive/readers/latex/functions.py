"""Functions of one value that formulas name, and their derivatives.

A derivative is the engine's: what is differentiated is the function's own equation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from derive.calculus.rule import partial
from derive.catalogue.activations import ACTIVATIONS
from derive.catalogue.rows import Unfit, Use, defaults
from derive.errors import ChainruleError, meant, shorten
from derive.ir.functions import ENTRYWISE, FUNCTIONS
from derive.ir.notation import Affine, Equation, Expr, Read, affine
from derive.ir.system import System
from derive.ir.tree import ZERO, add, reads, transform
from derive.language.elaborate import Meaning, as_value
from derive.language.extent_inference import Extents
from derive.language.occurrences import refs
from derive.language.parser import read_equations, read_value
from derive.language.printer import expr_text
from derive.language.scope import resolve
from derive.language.syntax import SYNTAX, Name, Num, Place, Red, Ref, Syntax

ARGUMENT = "x"
PLAIN = (*ENTRYWISE, "hold")  # those of the equation language
_WORDS = {word: n for n in PLAIN for word in (n, *FUNCTIONS[n].names.words)}
_NO_ENTRYWISE = (
    "{} isn't entry-wise; write it out, such as \\frac{{e^{{z_i}}}}{{\\sum_k e^{{z_k}}}}"
)


def known(name: str) -> str:
    """The function that a word names, in the language's or the catalogue's words; else nothing."""
    if name in _WORDS:
        return _WORDS[name]
    wanted = name.lower().replace("_", "")
    if wanted in _WORDS:
        return _WORDS[wanted]
    if wanted == "swish":
        return "silu"
    return next((a.name for a in ACTIVATIONS if a.name.replace("_", "") == wanted), "")


def check_functions(functions: Mapping[str, Any], problems: list[str], place: str) -> None:
    """Add a problem for each function that isn't known, or isn't one of a single value."""
    for letter, name in functions.items():
        if not isinstance(name, str) or not known(name):
            words = [*PLAIN, *(a.name for a in ACTIVATIONS)]
            shown = shorten(str(name))
            cure = meant(shown, words) or '; write one of the catalogue, such as "sigmoid"'
            problems.append(f"{place}.{shorten(letter)}: unknown function '{shown}'{cure}")
            continue
        try:
            body_of(known(name))
        except ChainruleError as error:
            problems.extend(f"{place}.{shorten(letter)}: {p}" for p in error.problems)


@lru_cache(maxsize=256)
def body_of(name: str) -> Expr:
    """A function's value at `x`. Raises `ChainruleError` where it is none of one value."""
    if name in PLAIN:
        return expression(f"{name}({ARGUMENT})")
    entry = next(a for a in ACTIVATIONS if a.name == name)
    refusal = ChainruleError(_NO_ENTRYWISE.format(name))
    attributes = defaults(entry.attributes)
    shape: tuple[Affine, ...] = (affine(5), affine(3))
    if entry.parameters or entry.usual_inputs != ("x",):
        raise refusal
    try:
        use = Use(attributes, (shape,), entry.usual_inputs)
        written = read_equations(entry.equations_of(use), name, [])
        draws = entry.draws_of(use)
    except Unfit:
        raise refusal from None
    if draws or len(written) != 1 or any(r.name != "x" for r in refs(written[0].right)):
        raise refusal
    numbers = {k: v for k, v in attributes.items() if not isinstance(v, str)}
    if any(isinstance(n, Red) for n in SYNTAX.walk(written[0].right)):
        raise refusal
    return _meaning(_plain(written[0].right, numbers))


def _plain(node: Syntax, numbers: Mapping[str, Any]) -> Syntax:
    """The value without subscripts, with the attributes' numbers in it."""
    match node:
        case Ref(place=place, name=name):
            return Name(place, name)
        case Name(place=place, name=name) if name in numbers:
            return Num(place, numbers[name])
        case _:
            return SYNTAX.over(node, lambda p: _plain(p, numbers))


def expression(text: str) -> Expr:
    """A value of `x` alone, as an expression."""
    return _meaning(read_value(text, "function"))


def _meaning(value: Syntax) -> Expr:
    place = Place("function", 1, 1)
    one = read_equations("y = 0", "function", [])[0]
    names = frozenset((ARGUMENT,))
    scoped = resolve(replace(one, place=place, right=value), {ARGUMENT: 0}, names, names)
    return as_value(Meaning([scoped], Extents(), {ARGUMENT: 0}, {}, ()).value(scoped.right))


def slope(body: Expr, times: int) -> Expr:
    """The derivative of a value of `x`, taken so many times."""
    for _ in range(times):
        body = partial(body, Read(ARGUMENT)) if list(reads(body)) else ZERO
    return body


def read(text: str) -> Syntax:
    """A value of `x` as syntax."""
    return read_value(text, "function")


def at(body: Expr, argument: Syntax, place: Place) -> Syntax:
    """A value of `x`, at another argument, as it stands at a place."""
    return _put(read(expr_text(body)), argument, place)


def _put(node: Syntax, argument: Syntax, place: Place) -> Syntax:
    match node:
        case Name(name=name) if name == ARGUMENT:
            return argument
        case _:
            return replace(SYNTAX.over(node, lambda p: _put(p, argument, place)), place=place)


def entrywise(system: System, tensor: str) -> Expr | None:
    """How each entry of the tensor's successor follows from it: `sigmoid(x)` for z1 -> y1.

    None where no equation reads the tensor alone, entry by entry, or where several do.
    """
    result = [body for e in system.equations if (body := _entry(e, tensor)) is not None]
    return result[0] if len(result) == 1 else None


def own(system: System, tensor: str) -> tuple[str, Expr] | None:
    """What a tensor is entry by entry a function of, and which one."""
    equation = system.defined.get(tensor)
    if equation is None:
        return None
    names = {r.tensor for t in equation.terms for r in reads(t.body)}
    for name in sorted(names):
        body = _entry(equation, name)
        if body is not None:
            return name, body
    return None


def _entry(equation: Equation, tensor: str) -> Expr | None:
    targets = tuple(affine(a) for a in equation.axes)
    read = Read(tensor, targets)
    bodies = []
    for term in equation.terms:
        if term.reduce != "sum" or term.reduced or term.target != targets:
            return None
        if any(r != read for r in reads(term.body)):
            return None
        bodies.append(term.body)
    body = transform(add(*bodies), lambda e: Read(ARGUMENT) if e == read else None)
    return body if list(reads(body)) and body != Read(ARGUMENT) else None


def activations(system: System) -> dict[str, Expr]:
    """Every function that the model applies entry by entry, by its text."""
    result = {}
    for equation in system.equations:
        one = own(system, equation.tensor)
        if one is not None:
            result[expr_text(one[1])] = one[1]
    return result
