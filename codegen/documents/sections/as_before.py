"""Layers of one form: the paragraph that refers to the one that is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from codegen.documents.blocks import (
    Block,
    Math,
    Paragraph,
    Text,
)
from codegen.documents.context import Teller
from codegen.documents.repeated_layers import Same
from derive.ir.system import Layer

_MOST_NAMES = 8
_NUMBER = re.compile(r"\d+")

Part = tuple[Layer | None, Text, list[Block]]


def gathered(
    teller: Teller, parts: Sequence[Part], same: Mapping[str, Same], kind: str
) -> Iterator[tuple[Text, list[Block]]]:
    """The parts with those that are told by another in a paragraph for each run of them."""

    def rep(part: Part) -> str:
        layer = part[0]
        return same[layer.name].like.name if layer and layer.name in same else ""

    for like, run in groupby(parts, key=rep):
        found = list(run)
        layers = list(dict.fromkeys(layer for layer, _, _ in found if layer is not None))
        if not like:
            yield from ((title, blocks) for _, title, blocks in found)
        else:
            yield _title(teller, layers), [_as_before(teller, layers, same, kind)]


def _title(teller: Teller, layers: Sequence[Layer]) -> Text:
    first, last = layers[0], layers[-1]
    if len(layers) == 1:
        return teller.titled(first)
    say, type_ = teller.say, teller.words.own(first.type, "type")
    if first.activation in ("", "identity"):
        return say("layers", first=first.name, last=last.name, type=type_)
    return say(
        "layers_with",
        first=first.name,
        last=last.name,
        type=type_,
        activation=first.activation,
    )


def _as_before(
    teller: Teller, layers: Sequence[Layer], same: Mapping[str, Same], kind: str
) -> Paragraph:
    """The paragraph in the place of what is told already."""
    like = same[layers[0].name].like
    parts = teller.forward_of() if kind == "forward" else teller.backward_of()
    own = {f"{kind}:{e.tensor}" for e in parts[like.name]}
    labels = [x for x in teller.labels if x in own]
    formulas = _range(teller, labels)
    shifts = [_shift(teller, same[layer.name].names) for layer in layers]
    numbers = _numbers(teller, same[layers[0].name].names)
    if None not in shifts and all(s is not None for s in shifts) and like.name.isdigit():
        at = int(like.name)
        old = teller.words.listed(Math(f"({n})") for n in numbers)
        new = teller.words.listed(Math(f"({_from(int(n) - at)})") for n in numbers)
        ends = (layers[0].name, layers[-1].name)
        many = Math(rf"\ell = {', '.join(dict.fromkeys(ends))}")
        if len(layers) > 2:
            many = Math(rf"\ell = {ends[0]}, \ldots, {ends[1]}")
        return Paragraph(
            teller.say(
                "as layer numbers", name=like.name, formulas=formulas, old=old, new=new, many=many
            )
        )
    said: Text = ()
    for layer in layers:
        one = _by_names(teller, same[layer.name], formulas)
        said = teller.say("two sentences", first=said, then=one) if said else one
    return Paragraph(said)


def _by_names(teller: Teller, same: Same, formulas: Text) -> Text:
    pairs = [(a, b) for a, b in same.names.items() if str(teller.names[a]) != str(teller.names[b])]
    shown = pairs[:_MOST_NAMES]
    return teller.say(
        "as layer" if len(shown) == len(pairs) else "as layer and so on",
        name=same.like.name,
        formulas=formulas,
        old=teller.symbols(a for a, _ in shown),
        new=teller.symbols(b for _, b in shown),
    )


def _numbers(teller: Teller, names: Mapping[str, str]) -> list[str]:
    found = {n for name in names for n in _NUMBER.findall(str(teller.names[name]))}
    return sorted(found, key=int)


def _shift(teller: Teller, names: Mapping[str, str]) -> int | None:
    """By how much every number in the names differs, if that is all that does."""
    shifts: set[int] = set()
    for one, other in names.items():
        old, new = str(teller.names[one]), str(teller.names[other])
        if _NUMBER.sub("#", old) != _NUMBER.sub("#", new):
            return None
        pairs = zip(_NUMBER.findall(old), _NUMBER.findall(new), strict=True)
        shifts.update(int(b) - int(a) for a, b in pairs)
    return shifts.pop() if len(shifts) == 1 else None


def _from(offset: int) -> str:
    return r"\ell" + (f"{offset:+d}" if offset else "")


def _range(teller: Teller, labels: Sequence[str]) -> Text:
    if len(labels) < 3:
        return teller.refers(*labels)
    return teller.say("from to", first=teller.refers(labels[0]), last=teller.refers(labels[-1]))
