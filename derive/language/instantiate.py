"""An entry's equations, put into a system: its own names become the system's, numbers stand in.

Letters stay what they are: a letter is local to its equation, and `scope` keeps the extents that
attributes give to letters within the layer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from derive.errors import meant, shorten
from derive.language.scope import refs
from derive.language.syntax import (
    CONSTANTS,
    Fn,
    Name,
    Num,
    Op,
    Place,
    Red,
    Ref,
    Syntax,
    Written,
    renamed,
)

_WORD = re.compile(r"(?<![\w.])[^\W\d]\w*")


@dataclass(frozen=True)
class Names:
    """What an entry's names become: tensors by their new names, bare names by numbers."""

    tensors: Mapping[str, str]
    numbers: Mapping[str, Fraction]


def instantiate(
    equations: Sequence[Written], names: Names, scope: str, place: str
) -> list[Written]:
    """The equations under new names, in the scope of one layer; `place` is what errors call it."""
    return [_equation(e, names, scope, place) for e in equations]


def letters_of(equations: Sequence[Written]) -> list[str]:
    """Every letter that the equations bind, in reading order."""
    found: dict[str, None] = {}
    for equation in equations:
        found.update((x.name, None) for x in equation.letters if isinstance(x, Name))
        found.update(dict.fromkeys(_bound(equation.right)))
    return list(found)


def tensors_of(equations: Sequence[Written]) -> list[str]:
    """Every tensor that is read or defined, in reading order; scalars only where defined."""
    found: dict[str, None] = {}
    for equation in equations:
        found[equation.tensor] = None
        found.update((r.of, None) for r in refs(equation.right))
    return list(found)


def bare_names(equations: Sequence[Written]) -> set[str]:
    """Every name without subscripts that is no letter."""
    found: set[str] = set()
    for equation in equations:
        left = {x.name for x in equation.letters if isinstance(x, Name)}
        found.update(_bare(equation.right, frozenset(left)))
    return found


def unknown_names(equations: Sequence[Written], known: Collection[str]) -> Iterator[str]:
    """One line for each read of a tensor that the entry doesn't have."""
    for equation in equations:
        for ref in refs(equation.right):
            if ref.of not in known:
                cure = meant(ref.of, known) or "; name it in parameters or inputs, or define it"
                yield f"{ref.place}: unknown tensor '{shorten(ref.of)}'{cure}"


def _equation(equation: Written, names: Names, scope: str, place: str) -> Written:
    bound = frozenset(x.name for x in equation.letters if isinstance(x, Name))

    def at(old: Place) -> Place:
        return Place(place, old.line, old.column)

    return replace(
        equation,
        place=at(equation.place),
        tensor=names.tensors.get(equation.tensor, equation.tensor),
        letters=tuple(replace(x, place=at(x.place)) for x in equation.letters),
        right=_value(equation.right, names, bound, at),
        text=_text(equation, names),
        scope=scope,
    )


def _value(
    node: Syntax, names: Names, bound: frozenset[str], at: Callable[[Place], Place]
) -> Syntax:
    place = at(node.place)

    def inside(parts: tuple[Syntax, ...]) -> tuple[Syntax, ...]:
        return tuple(_value(p, names, bound, at) for p in parts)

    match node:
        case Name(name=name) if name not in bound:
            if name in names.numbers:
                return Num(place, names.numbers[name])
            return Name(place, names.tensors.get(name, name))
        case Ref(name=name, subscripts=parts):
            return Ref(place, renamed(name, names.tensors), inside(parts))
        case Fn(name="size", args=(Name(place=first, name=tensor), *more)):
            new = names.tensors.get(tensor, tensor) if more else tensor
            return Fn(place, "size", (Name(at(first), new), *inside(tuple(more))))
        case Op(args=args) | Fn(args=args):
            return replace(node, place=place, args=inside(args))
        case Red(letters=letters, body=body):
            bound |= {x.name for x in letters if isinstance(x, Name)}
            return replace(
                node,
                place=place,
                letters=tuple(replace(x, place=at(x.place)) for x in letters),
                body=_value(body, names, bound, at),
            )
        case _:
            return replace(node, place=place)


def _bound(node: Syntax) -> Iterator[str]:
    match node:
        case Red(letters=letters, body=body):
            yield from (x.name for x in letters if isinstance(x, Name))
            yield from _bound(body)
        case Ref(subscripts=parts) | Op(args=parts) | Fn(args=parts):
            for part in parts:
                yield from _bound(part)
        case _:
            pass


def _bare(node: Syntax, bound: frozenset[str]) -> Iterator[str]:
    match node:
        case Name(name=name) if name not in bound and name not in CONSTANTS:
            yield name
        case Fn(name="size"):
            pass
        case Red(letters=letters, body=body):
            yield from _bare(body, bound | {x.name for x in letters if isinstance(x, Name)})
        case Ref(subscripts=parts) | Op(args=parts) | Fn(args=parts):
            for part in parts:
                yield from _bare(part, bound)
        case _:
            pass


def _text(equation: Written, names: Names) -> str:
    """The equation as its author would have written it with the new names."""
    letters = set(letters_of([equation]))

    def word(match: re.Match[str]) -> str:
        name = match.group()
        rest = equation.text[match.end() :].lstrip()
        if rest.startswith("[") or name not in letters:
            if name in names.numbers and not rest.startswith("["):
                return f"{float(names.numbers[name]):g}"
            return names.tensors.get(name, name)
        return name

    return _WORD.sub(word, equation.text)
