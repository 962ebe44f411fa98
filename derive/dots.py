"""`...` written out, once the ranks are known: so that one axis has one letter in all equations.

An axis that is known at run time only goes by its own name, such as `t`, where that is free; other
axes by the next free letter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from derive.extents import Slot
from derive.inference import Shape
from derive.instance import letters_of, tensors_of
from derive.notation import Dim
from derive.scope import dots_width, has_dots, refs, spare_letters
from derive.syntax import Dots, Fn, Name, Op, Red, Ref, Syntax, Written

_IN_TEXT = re.compile(r"\.\.\.\s*,\s*|,\s*\.\.\.|\.\.\.")


def without_dots(equations: Sequence[Written], shapes: Mapping[str, Shape]) -> list[Written]:
    """The equations with letters for `...`; `shapes` has every tensor that they name."""
    return [_written_out(e, shapes) if has_dots(e) else e for e in equations]


def _written_out(equation: Written, shapes: Mapping[str, Shape]) -> Written:
    tensors = tensors_of([equation])
    width = dots_width(equation, {n: len(shapes[n]) for n in tensors}) or 0
    taken = {*letters_of([equation]), *tensors}
    spare = spare_letters(taken)
    letters = []
    for slot in _slots(equation, width):
        letter = _own_name(slot, shapes)
        letters.append(letter if letter and letter not in taken else next(spare))
        taken.add(letters[-1])
    return replace(
        equation,
        letters=_listed(equation.letters, letters),
        right=_value(equation.right, letters),
        text=_IN_TEXT.sub(lambda m: _in_text(m.group(), letters), equation.text),
    )


def _slots(equation: Written, width: int) -> list[Slot]:
    """The axes of one tensor that the dots stand for."""
    uses: list[tuple[str, Sequence[Syntax]]] = [(equation.tensor, equation.letters)]
    uses.extend((r.name, r.subscripts) for r in refs(equation.right))
    for name, parts in uses:
        for position, part in enumerate(parts):
            if isinstance(part, Dots):
                return [(name, position + k) for k in range(width)]
    return []


def _own_name(slot: Slot, shapes: Mapping[str, Shape]) -> str | None:
    extent = shapes[slot[0]][slot[1]]
    dims = [a for a, factor in extent.terms if isinstance(a, Dim) and factor == 1]
    return dims[0].name if len(dims) == 1 and not extent.constant else None


def _in_text(found: str, letters: Sequence[str]) -> str:
    if not letters:
        return ""
    return found.replace("...", ",".join(letters))


def _listed(items: tuple[Name | Dots, ...], letters: Sequence[str]) -> tuple[Name | Dots, ...]:
    found: list[Name | Dots] = []
    for item in items:
        names = letters if isinstance(item, Dots) else [item.name]
        found.extend(Name(item.place, name) for name in names)
    return tuple(found)


def _value(node: Syntax, letters: Sequence[str]) -> Syntax:
    match node:
        case Ref(subscripts=parts):
            found: list[Syntax] = []
            for part in parts:
                if isinstance(part, Dots):
                    found.extend(Name(part.place, letter) for letter in letters)
                else:
                    found.append(_value(part, letters))
            return replace(node, subscripts=tuple(found))
        case Red(letters=bound, body=body):
            return replace(node, letters=_listed(bound, letters), body=_value(body, letters))
        case Op(args=args) | Fn(args=args):
            return replace(node, args=tuple(_value(a, letters) for a in args))
        case _:
            return node
