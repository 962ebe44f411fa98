"""The declarations of an expression's arrays: `A: n n symmetric, x: n, c`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from derive.errors import ChainruleError, meant, shorten
from derive.ir.notation import Affine, Dim, affine
from derive.language.name_check import check_name
from derive.language.user_numbers import extent

_WORDS = ("symmetric",)
_MOST = 100


@dataclass(frozen=True)
class Declared:
    """Shapes by name, in order, and which matrices are symmetric."""

    shapes: Mapping[str, tuple[Affine, ...]]
    symmetric: frozenset[str] = frozenset()

    @property
    def dims(self) -> tuple[str, ...]:
        """The extents that are known at run time only, by name, in order."""
        extents = [e for s in self.shapes.values() for e in s]
        return tuple(
            dict.fromkeys(a.name for e in extents for a, _ in e.terms if isinstance(a, Dim))
        )


def read_shapes(given: str | Mapping[str, object]) -> Declared:
    """`"A: m n, S: n n symmetric, x: n, c"`, or `{"A": ("m", "n"), "x": "n", "c": ()}`.

    An extent is a number or a name, which is then known at run time only. What has no extent is a
    number. Raises `ChainruleError` with all problems, one line each.
    """
    problems: list[str] = []
    shapes: dict[str, tuple[Affine, ...]] = {}
    symmetric: set[str] = set()
    for name, words in _rows(given, problems):
        wrong = check_name(name)
        if wrong:
            problems.append(f"shapes: {wrong}")
            continue
        if name in shapes:
            problems.append(f"shapes: '{name}' is declared twice; take one out")
            continue
        marks = [w for w in words if not w.isdecimal() and w in _WORDS]
        lengths = [w for w in words if w not in marks]
        shapes[name] = tuple(_extent(name, w, problems) for w in lengths)
        if marks:
            symmetric.add(name)
            if len(lengths) != 2 or lengths[0] != lengths[1]:
                shape = " ".join(lengths) or "a number"
                problems.append(
                    f"shapes: '{name}' is symmetric, so it is a square matrix; this is {shape}"
                )
    if not shapes and not problems:
        problems.append("shapes: nothing is declared; write shapes such as 'A: n n, x: n'")
    declared = Declared(shapes, frozenset(symmetric))
    problems.extend(
        f"shapes: '{dim}' is an extent and an array; rename one of them"
        for dim in declared.dims
        if dim in shapes
    )
    if problems:
        raise ChainruleError(*problems)
    return declared


def _rows(given: str | Mapping[str, object], problems: list[str]) -> list[tuple[str, list[str]]]:
    result: list[tuple[str, list[str]]] = []
    if isinstance(given, str):
        pieces = [p for p in re.split(r"[,;\n]", given) if p.strip()]
        for piece in pieces:
            name, _, rest = piece.partition(":")
            result.append((name.strip(), rest.split()))
    else:
        for name, value in given.items():
            if isinstance(value, str):
                words = value.split()
            elif isinstance(value, Sequence):
                words = [str(v) for v in value]
            else:
                words = [str(value)]
            result.append((str(name), words))
    if len(result) > _MOST:
        problems.append(f"shapes: more than {_MOST} arrays; declare those that are read")
        return []
    return result


def _extent(name: str, word: str, problems: list[str]) -> Affine:
    if re.fullmatch(r"\d{1,12}", word, re.ASCII):
        return affine(extent(int(word), f"shapes: {name}", problems))
    wrong = check_name(word, "length")
    near = meant(word, _WORDS)
    if wrong or near or not re.match(r"[A-Za-z]", word):
        problems.append(
            f"shapes: {name}: '{shorten(word)}' is no extent{near or '; write a number or a name'}"
        )
        return affine(1)
    return affine(Dim(word))
