"""What comes after the derivation: the same over a batch as code computes it, and the loop."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.paper.model import Block, Bullets, Display, Math, Paragraph, Section, Text
from codegen.paper.teller import Teller, together
from derive.notation import Dim


def over_a_batch(teller: Teller) -> Iterator[Section]:
    """Forward pass, gradients and updates for all samples of a batch at once, in rows."""
    derivation = teller.derivation
    letter = teller.system.batch or ""
    blocks: list[Block] = []
    for equations in (derivation.forward, derivation.backward):
        formulas = [teller.matrix.formula(e) or teller.index.formula(e) for e in equations]
        blocks.append(Display(tuple(formulas)))
    said = teller.say(
        "over a batch",
        extent=Math(teller.names.dim(Dim(letter))),
        objective=teller.symbol(derivation.objective),
    )
    yield Section(teller.say("batch title"), (Paragraph(said), *together(blocks)))


def in_training(teller: Teller) -> Iterator[Section]:
    """The loop in words: forward, backward, update; and how the trained net answers."""
    derivation, say = teller.derivation, teller.say
    forward = [f"forward:{e.tensor}" for e in derivation.forward]
    backward = [f"backward:{e.tensor}" for e in derivation.backward]
    update = [f"update:{e.tensor}" for e in derivation.updates]
    if not update:
        return
    items: list[Text] = [
        say("train forward", formulas=_range(teller, forward)),
        say("train backward", formulas=_range(teller, backward)),
        say("train update", formulas=_range(teller, update)),
    ]
    blocks: list[Block] = [Paragraph(say("training")), Bullets(tuple(items))]
    output = teller.system.output
    if output is not None and derivation.system.having("input"):
        blocks.append(Paragraph(say("inference", output=teller.symbol(output))))
    yield Section(say("summary"), tuple(blocks))


def _range(teller: Teller, labels: list[str]) -> Text:
    """The first and the last of some formulas."""
    known = [x for x in labels if x in teller.labels]
    if len(known) < 3:
        return teller.refers(*known)
    return teller.say("from to", first=teller.refers(known[0]), last=teller.refers(known[-1]))
