"""What comes after the derivation: the same over a batch as code computes it, and the loop."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.documents.blocks import (
    Block,
    Bullets,
    Display,
    Math,
    Paragraph,
    Section,
    Text,
)
from codegen.documents.context import Teller, together
from codegen.documents.sections.updates import after_the_update
from codegen.latex.index_printer import Formula, IndexPrinter
from codegen.latex.symbols import Names
from derive.ir.notation import Dim
from derive.ir.system import System
from derive.ir.tree import needed_by


def over_a_batch(teller: Teller) -> Iterator[Section]:
    """Forward pass, gradients and updates for all samples of a batch at once, in rows."""
    derivation = teller.derivation
    letter = teller.system.batch or ""
    blocks: list[Block] = []
    for every in (derivation.forward, derivation.backward):
        equations = [e for e in every if not teller.is_repeated(e)]
        formulas = [teller.matrix.formula(e) or teller.index.formula(e) for e in equations]
        blocks.append(Display(tuple(formulas)))
        blocks.extend(teller.with_numbers(equations))
    said = teller.say(
        "over a batch",
        extent=Math(teller.names.dim(Dim(letter))),
        objective=teller.symbol(derivation.objective),
    )
    if teller.worked is not None:
        blocks.extend(teller.with_numbers(derivation.updates))
        blocks.extend(after_the_update(teller))
    if teller.same_forward or teller.same_backward:
        blocks.append(Paragraph(teller.say("others likewise")))
    yield Section(teller.say("batch title"), (Paragraph(said), *together(blocks)))


def in_training(teller: Teller, inference: System | None) -> Iterator[Section]:
    """The loop in words: forward, backward, update; and how the trained net answers.

    `inference` is the system in inference, where that is another.
    """
    derivation, say = teller.derivation, teller.say
    forward = [f"forward:{e.tensor}" for e in derivation.forward]
    backward = [f"backward:{e.tensor}" for e in derivation.backward]
    if not derivation.updates:
        return
    update = [f"update:{e.tensor}" for e in (*derivation.system.updates, *derivation.updates)]
    items: list[Text] = [
        say("train forward", formulas=_range(teller, forward)),
        say("train backward", formulas=_range(teller, backward)),
        say("train update", formulas=_range(teller, update)),
    ]
    blocks: list[Block] = [Paragraph(say("training")), Bullets(tuple(items))]
    output = teller.system.output
    if output is not None and derivation.system.having("input"):
        other = _otherwise(teller, inference) if inference is not None else ()
        key = "inference otherwise" if other else "inference"
        blocks.append(Paragraph(say(key, output=teller.symbol(output))))
        blocks.extend([Display(other, ("inference",) * len(other))] if other else [])
    yield Section(say("summary"), tuple(blocks))


def _otherwise(teller: Teller, inference: System) -> tuple[Formula, ...]:
    """The formulas of inference that aren't those of training."""
    printer = IndexPrinter(Names(inference), inference.table, teller.index.otherwise)
    told = set(teller.derivation.forward)
    asked = needed_by({inference.output or ""}, inference.equations)
    equations = (e for e in inference.equations if e not in told and e.tensor in asked)
    return tuple(printer.formula(e) for e in equations)


def _range(teller: Teller, labels: list[str]) -> Text:
    """The first and the last of some formulas."""
    known = [x for x in labels if x in teller.labels]
    if len(known) < 3:
        return teller.refers(*known)
    return teller.say("from to", first=teller.refers(known[0]), last=teller.refers(known[-1]))
