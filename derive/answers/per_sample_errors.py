"""Error terms of each sample, as many courses write them: `dz = p - t`, then `dW = dz.T @ y / N`.

Where the objective is a mean, the derivative by what belongs to one sample has a `1/N`. Courses
leave it out there and divide where samples are summed. Each such formula alone is wrong by `N`, and
the text is right: in it every error term means `N` times the derivative.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from derive.answers.batch_or_sample import World
from derive.answers.known_names import names_in
from derive.checks.report import Row
from derive.ir.notation import Dim, affine
from derive.language.syntax import (
    Fn,
    Name,
    Num,
    Op,
    Place,
    Red,
    Ref,
    Syntax,
    Written,
)

DETAIL = "as the error term of each sample: what reads it divides by their number"
_TIMES = re.compile(r"(?<!/)\b(size\(\w+\)) is too much")


def error_terms(written: Sequence[Written], world: World) -> dict[str, int]:
    """The error terms that a text gives or reads, and which of their axes is the batch."""
    batch = world.derivation.system.batch
    if batch is None:
        return {}
    extent, table = affine(Dim(batch)), world.derivation.table
    found = {}
    for name in names_in(written):
        tensor = table.get(world.known.get(name, ""))
        if tensor is not None and tensor.role == "adjoint" and tensor.shape.count(extent) == 1:
            found[name] = tensor.shape.index(extent)
    plain = {
        w.tensor: len(w.letters) if all(isinstance(i, Name) for i in w.letters) else 0
        for w in written
    }
    rank = {name: len(table[world.known[name]].shape) for name in found}
    return found if all(plain.get(n, rank[n]) == rank[n] for n in found) else {}


def of_the_batch(written: Sequence[Written], terms: Mapping[str, int]) -> tuple[Written, ...]:
    """The text in terms of the derivatives: a term is divided by `N`, and read `N` times."""
    return tuple(_scaled(w, terms) for w in written)


def told(row: Row, terms: Collection[str]) -> Row:
    """A row about the text in terms of the derivatives, told of what was written."""
    if row.ok and row.name in terms:
        return replace(row, detail="; ".join(filter(None, (DETAIL, row.detail))))
    if row.ok or not row.data.get("explained"):
        return row
    explained = [_TIMES.sub(r"1/\1 is left out", e) for e in row.data["explained"]]
    notes = tuple(_TIMES.sub(r"1/\1 is left out", n) for n in row.notes)
    return replace(row, notes=notes, data={**row.data, "explained": explained})


def _scaled(written: Written, terms: Mapping[str, int]) -> Written:
    right = _read_scaled(written.right, terms)
    if written.tensor in terms:
        letter = written.letters[terms[written.tensor]]
        right = Op(written.place, "/", (right, Fn(written.place, "size", (letter,))))
    return replace(written, right=right)


def _read_scaled(node: Syntax, terms: Mapping[str, int]) -> Syntax:
    def inside(parts: tuple[Syntax, ...]) -> tuple[Syntax, ...]:
        return tuple(_read_scaled(p, terms) for p in parts)

    match node:
        case Ref(place=place, name=name) if name in terms:
            return Op(place, "*", (_size(place, name, terms[name]), node))
        case Op(args=args) | Fn(args=args):
            return replace(node, args=inside(args))
        case Red(body=body):
            return replace(node, body=_read_scaled(body, terms))
        case _:
            return node


def _size(place: Place, tensor: str, axis: int) -> Syntax:
    return Fn(place, "size", (Name(place, tensor), Num(place, Fraction(axis))))
