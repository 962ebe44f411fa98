"""Occurrences in an equation as written: tensors that are read, letters that are bound, names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from derive.language.syntax import (
    CONSTANTS,
    SYNTAX,
    Bound,
    Dots,
    Fn,
    LetterVar,
    Name,
    Red,
    Ref,
    Syntax,
    Written,
)


def refs(node: Syntax) -> Iterator[Ref]:
    """Every tensor with subscripts, those inside subscripts included."""
    return (n for n in SYNTAX.walk(node) if isinstance(n, Ref))


def names_of(letters: Iterable[Name | Dots]) -> tuple[str, ...]:
    """The letters of a left side or a reduction by name, without `...`."""
    return tuple(x.name for x in letters if isinstance(x, Name))


def bound_names(node: Syntax) -> Iterator[str]:
    """The letters that the reductions inside bind, in reading order."""
    return (x for n in SYNTAX.walk(node) if isinstance(n, Red) for x in names_of(n.letters))


def bound_letters(node: Syntax) -> Iterator[LetterVar]:
    """The resolved letters that the reductions inside bind, in reading order."""
    return (var for n in SYNTAX.walk(node) if isinstance(n, Bound) for var in n.vars)


def mentions(node: Syntax, name: str) -> bool:
    """Whether a name stands anywhere inside, bare or as a subscript."""
    return any(isinstance(n, Name) and n.name == name for n in SYNTAX.walk(node))


def free_names(node: Syntax, bound: frozenset[str] = frozenset()) -> Iterator[str]:
    """Bare names that no reduction binds, constants and those whose size is asked left out."""
    match node:
        case Name(name=name) if name not in bound and name not in CONSTANTS:
            yield name
        case Fn(name="size"):
            pass
        case Red(letters=letters, body=body):
            yield from free_names(body, bound.union(names_of(letters)))
        case _:
            for part in SYNTAX.children(node):
                yield from free_names(part, bound)


def sized_names(node: Syntax) -> Iterator[str]:
    """The names whose size is asked for."""
    for inner in SYNTAX.walk(node):
        match inner:
            case Fn(name="size", args=(Name(name=name), *_)):
                yield name
            case _:
                pass


def letters_of(equations: Sequence[Written]) -> list[str]:
    """Every letter that the equations bind, in reading order."""
    result: dict[str, None] = {}
    for equation in equations:
        result.update(dict.fromkeys(names_of(equation.letters)))
        result.update(dict.fromkeys(bound_names(equation.right)))
    return list(result)


def tensors_of(equations: Sequence[Written]) -> list[str]:
    """Every tensor that is read or defined, in reading order; scalars only where defined."""
    result: dict[str, None] = {}
    for equation in equations:
        result[equation.tensor] = None
        result.update((r.of, None) for r in refs(equation.right))
    return list(result)


def bare_names(equations: Sequence[Written]) -> set[str]:
    """Every name without subscripts that is no letter."""
    return {x for e in equations for x in free_names(e.right, frozenset(names_of(e.letters)))}


def names_read(written: Written) -> set[str]:
    """Every name that an equation's right side reads, tensors whose size is asked included."""
    tensors = {r.of for r in refs(written.right)}
    return tensors | bare_names([written]) | set(sized_names(written.right))
