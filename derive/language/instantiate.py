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
from derive.language.occurrences import letters_of, names_of, refs
from derive.language.syntax import SYNTAX, Fn, Name, Num, Place, Red, Ref, Syntax, Written, renamed

_WORD = re.compile(r"(?<![\w.])[^\W\d]\w*")


@dataclass(frozen=True)
class Names:
    """A renaming of an entry: tensors by their new names, bare names by numbers."""

    tensors: Mapping[str, str]
    numbers: Mapping[str, Fraction]


def instantiate(
    equations: Sequence[Written], names: Names, scope: str, place: str
) -> list[Written]:
    """The equations under new names, in the scope of one layer; `place` is what errors call it."""
    return [_equation(e, names, scope, place) for e in equations]


def unknown_names(equations: Sequence[Written], known: Collection[str]) -> Iterator[str]:
    """One line for each read of a tensor that the entry doesn't have."""
    for equation in equations:
        for ref in refs(equation.right):
            if ref.of not in known:
                cure = meant(ref.of, known) or "; name it in parameters or inputs, or define it"
                yield f"{ref.place}: unknown tensor '{shorten(ref.of)}'{cure}"


def _equation(equation: Written, names: Names, scope: str, place: str) -> Written:
    bound = frozenset(names_of(equation.letters))

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

    match node:
        case Name(name=name) if name not in bound:
            if name in names.numbers:
                return Num(place, names.numbers[name])
            return Name(place, names.tensors.get(name, name))
        case Ref(name=name, subscripts=parts):
            inside = tuple(_value(p, names, bound, at) for p in parts)
            return Ref(place, renamed(name, names.tensors), inside)
        case Fn(name="size", args=(Name(place=first, name=tensor), *more)):
            new = names.tensors.get(tensor, tensor) if more else tensor
            return Fn(place, "size", (Name(at(first), new), *more))
        case Red(letters=letters, body=body):
            bound = bound.union(names_of(letters))
            return replace(
                node,
                place=place,
                letters=tuple(replace(x, place=at(x.place)) for x in letters),
                body=_value(body, names, bound, at),
            )
        case _:
            return replace(SYNTAX.over(node, lambda p: _value(p, names, bound, at)), place=place)


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
