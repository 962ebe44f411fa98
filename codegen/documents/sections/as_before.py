"""Layers of one form: a paragraph that refers to the one shown in full."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from codegen.documents.blocks import Block, Math, Paragraph, Text
from codegen.documents.context import DocumentContext
from codegen.documents.repeated_layers import Same
from derive.ir.system import Layer

_MOST_NAMES = 8
_NUMBER = re.compile(r"\d+")

Part = tuple[Layer | None, Text, list[Block]]


def gathered(
    context: DocumentContext, parts: Sequence[Part], same: Mapping[str, Same], kind: str
) -> Iterator[tuple[Text, list[Block]]]:
    """The parts, each run of repeated layers replaced by a paragraph that refers to the first."""

    def rep(part: Part) -> str:
        layer = part[0]
        return same[layer.name].like.name if layer and layer.name in same else ""

    for like, run in groupby(parts, key=rep):
        result = list(run)
        layers = list(dict.fromkeys(layer for layer, _, _ in result if layer is not None))
        if not like:
            yield from ((title, blocks) for _, title, blocks in result)
        else:
            yield _title(context, layers), [_as_before(context, layers, same, kind)]


def _title(context: DocumentContext, layers: Sequence[Layer]) -> Text:
    first, last = layers[0], layers[-1]
    if len(layers) == 1:
        return context.titled(first)
    say, type_ = context.say, context.words.own(first.type, "type")
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
    context: DocumentContext, layers: Sequence[Layer], same: Mapping[str, Same], kind: str
) -> Paragraph:
    """The paragraph that stands for repeated layers."""
    like = same[layers[0].name].like
    parts = context.forward_of() if kind == "forward" else context.backward_of()
    own = {f"{kind}:{e.tensor}" for e in parts[like.name]}
    labels = [x for x in context.labels if x in own]
    formulas = _range(context, labels)
    shifts = [_shift(context, same[layer.name].names) for layer in layers]
    numbers = _numbers(context, same[layers[0].name].names)
    if None not in shifts and all(s is not None for s in shifts) and like.name.isdigit():
        at = int(like.name)
        old = context.words.listed(Math(f"({n})") for n in numbers)
        new = context.words.listed(Math(f"({_from(int(n) - at)})") for n in numbers)
        ends = (layers[0].name, layers[-1].name)
        many = Math(rf"\ell = {', '.join(dict.fromkeys(ends))}")
        if len(layers) > 2:
            many = Math(rf"\ell = {ends[0]}, \ldots, {ends[1]}")
        return Paragraph(
            context.say(
                "as layer numbers", name=like.name, formulas=formulas, old=old, new=new, many=many
            )
        )
    sentence: Text = ()
    for layer in layers:
        one = _by_names(context, same[layer.name], formulas)
        sentence = context.say("two sentences", first=sentence, then=one) if sentence else one
    return Paragraph(sentence)


def _by_names(context: DocumentContext, same: Same, formulas: Text) -> Text:
    pairs = [
        (a, b) for a, b in same.names.items() if str(context.names[a]) != str(context.names[b])
    ]
    listed = pairs[:_MOST_NAMES]
    return context.say(
        "as layer" if len(listed) == len(pairs) else "as layer and so on",
        name=same.like.name,
        formulas=formulas,
        old=context.symbols(a for a, _ in listed),
        new=context.symbols(b for _, b in listed),
    )


def _numbers(context: DocumentContext, names: Mapping[str, str]) -> list[str]:
    result = {n for name in names for n in _NUMBER.findall(str(context.names[name]))}
    return sorted(result, key=int)


def _shift(context: DocumentContext, names: Mapping[str, str]) -> int | None:
    """The difference of all numbers in the names, if they differ in nothing else."""
    shifts: set[int] = set()
    for one, other in names.items():
        old, new = str(context.names[one]), str(context.names[other])
        if _NUMBER.sub("#", old) != _NUMBER.sub("#", new):
            return None
        pairs = zip(_NUMBER.findall(old), _NUMBER.findall(new), strict=True)
        shifts.update(int(b) - int(a) for a, b in pairs)
    return shifts.pop() if len(shifts) == 1 else None


def _from(offset: int) -> str:
    return r"\ell" + (f"{offset:+d}" if offset else "")


def _range(context: DocumentContext, labels: Sequence[str]) -> Text:
    if len(labels) < 3:
        return context.references(*labels)
    return context.say(
        "from to", first=context.references(labels[0]), last=context.references(labels[-1])
    )
