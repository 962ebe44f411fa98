"""`...` written out, once the ranks are known: so that one axis has one letter in all equations.

An axis that is known at run time only goes by its own name, such as `t`, where that is free; other
axes by the next free letter. No letter that a layer uses anywhere is taken: it may have an extent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from derive.ir.notation import Affine, Dim
from derive.language.extent_inference import Slot
from derive.language.occurrences import letters_of, refs, tensors_of
from derive.language.scope import dots_width, has_dots, ranks, spare_letters
from derive.language.shape_inference import Shape
from derive.language.syntax import SYNTAX, Dots, Name, Red, Ref, Syntax, Written

_IN_TEXT = re.compile(r"\.\.\.\s*,\s*|,\s*\.\.\.|\.\.\.")


def without_dots(equations: Sequence[Written], known: Mapping[str, Shape]) -> list[Written]:
    """The equations of a layer with letters for `...`; `known` has the shapes of its inputs.

    Raises `Refused` where it can't be told how many axes they are.
    """
    if not any(has_dots(e) for e in equations):
        return list(equations)
    rank = ranks(equations, {n: len(s) for n, s in known.items()})
    names = {
        (tensor, k): name
        for tensor, shape in known.items()
        for k, extent in enumerate(shape)
        if (name := _own_name(extent))
    }
    taken = set(letters_of(equations))
    return [_written_out(e, rank, names, taken) if has_dots(e) else e for e in equations]


def _written_out(
    equation: Written, rank: Mapping[str, int], names: dict[Slot, str], taken: set[str]
) -> Written:
    taken = taken | set(tensors_of([equation]))
    spare = spare_letters(taken)
    letters: list[str] = []
    uses = _uses(equation)
    for k in range(dots_width(equation, rank) or 0):
        own = next((names[(t, p + k)] for t, p in uses if (t, p + k) in names), None)
        letters.append(own if own and own not in {*taken, *letters} else next(spare))
        if own:
            names.update({(t, p + k): own for t, p in uses})
    return replace(
        equation,
        letters=_listed(equation.letters, letters),
        right=_value(equation.right, letters),
        text=_IN_TEXT.sub(lambda m: _in_text(m.group(), letters), equation.text),
    )


def _uses(equation: Written) -> list[Slot]:
    """The places of the dots: each tensor with the first of the axes that they are."""
    uses: list[tuple[str, Sequence[Syntax]]] = [(equation.tensor, equation.letters)]
    uses.extend((r.of, r.subscripts) for r in refs(equation.right))
    return [
        (name, position)
        for name, parts in uses
        for position, part in enumerate(parts)
        if isinstance(part, Dots)
    ]


def _own_name(extent: Affine) -> str | None:
    dims = [a.name for a, factor in extent.terms if isinstance(a, Dim) and factor == 1]
    return dims[0] if len(dims) == 1 and not extent.constant else None


def _in_text(text: str, letters: Sequence[str]) -> str:
    if not letters:
        return ""
    return text.replace("...", ",".join(letters))


def _listed(items: tuple[Name | Dots, ...], letters: Sequence[str]) -> tuple[Name | Dots, ...]:
    result: list[Name | Dots] = []
    for item in items:
        names = letters if isinstance(item, Dots) else [item.name]
        result.extend(Name(item.place, name) for name in names)
    return tuple(result)


def _value(node: Syntax, letters: Sequence[str]) -> Syntax:
    match node:
        case Ref(subscripts=parts):
            result: list[Syntax] = []
            for part in parts:
                if isinstance(part, Dots):
                    result.extend(Name(part.place, letter) for letter in letters)
                else:
                    result.append(_value(part, letters))
            return replace(node, subscripts=tuple(result))
        case Red(letters=bound, body=body):
            return replace(node, letters=_listed(bound, letters), body=_value(body, letters))
        case _:
            return SYNTAX.over(node, lambda p: _value(p, letters))
