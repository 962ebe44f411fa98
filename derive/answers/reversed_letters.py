"""Letters that run backwards only, as over a rotated kernel: `dz[n,o,i+u-1]*W[o,c,2-u]`.

Such a letter walks no axis plainly, so the language asks for its extent in `sizes`. A formula by
hand has none: there it runs as far as it reads something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from derive.language.occurrences import refs
from derive.language.syntax import Fn, Name, Num, Op, Syntax, Written
from derive.readers.vocabulary import Shape


def reversed_letters(
    written: Sequence[Written], shapes: Mapping[str, Shape]
) -> dict[tuple[str, str], int]:
    """The extent of each letter that stands as `2 - u` or `size(k) - 1 - u` only."""
    result: dict[tuple[str, str], int] = {}
    for equation in written:
        plain = {letter.name for letter in equation.letters if isinstance(letter, Name)}
        turned: dict[str, int] = {}
        for ref in refs(equation.right):
            shape = shapes.get(ref.of, ())
            plain |= {s.name for s in ref.subscripts if isinstance(s, Name)}
            for subscript, extent in zip(ref.subscripts, shape, strict=False):
                turned.update(_turned(subscript, extent.number))
        result.update({(equation.scope, n): e for n, e in turned.items() if n not in plain})
    return result


def _turned(subscript: Syntax, extent: int | None) -> Iterator[tuple[str, int]]:
    match subscript:
        case Op(op="-", args=(Num(value=last), Name(name=letter))):
            if last >= 0 and last.denominator == 1:
                yield letter, int(last) + 1
        case Op(op="-", args=(Op(op="-", args=(Fn(name="size"), Num(value=1))), Name(name=letter))):
            if extent is not None:
                yield letter, extent
