"""The sections after the derivation: the same over a batch as code computes it, and the loop."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.documents.blocks import Block, Bullets, Display, Math, Paragraph, Section, Text
from codegen.documents.context import DocumentContext, together
from codegen.documents.sections.updates import after_the_update
from codegen.latex.formula import Formula
from codegen.latex.index_printer import IndexPrinter
from codegen.latex.symbols import Names
from derive.ir.notation import Dim
from derive.ir.system import System
from derive.ir.tree import needed_by


def over_a_batch(context: DocumentContext) -> Iterator[Section]:
    """Forward pass, gradients and updates for all samples of a batch at once, in rows."""
    derivation = context.derivation
    letter = context.system.batch or ""
    blocks: list[Block] = []
    for every in (derivation.forward, derivation.backward):
        equations = [e for e in every if not context.is_repeated(e)]
        formulas = [context.matrix.formula(e) or context.index.formula(e) for e in equations]
        blocks.append(Display(tuple(formulas)))
        blocks.extend(context.with_numbers(equations))
    sentence = context.say(
        "over a batch",
        extent=Math(context.names.dim(Dim(letter))),
        objective=context.symbol(derivation.objective),
    )
    if context.example is not None:
        blocks.extend(context.with_numbers(derivation.updates))
        blocks.extend(after_the_update(context))
    if context.same_forward or context.same_backward:
        blocks.append(Paragraph(context.say("others likewise")))
    yield Section(context.say("batch title"), (Paragraph(sentence), *together(blocks)))


def in_training(context: DocumentContext, inference: System | None) -> Iterator[Section]:
    """The loop in words: forward, backward, update; and how the trained net answers.

    `inference` is the system in inference, where that is another.
    """
    derivation, say = context.derivation, context.say
    forward = [f"forward:{e.tensor}" for e in derivation.forward]
    backward = [f"backward:{e.tensor}" for e in derivation.backward]
    if not derivation.updates:
        return
    update = [f"update:{e.tensor}" for e in (*derivation.system.updates, *derivation.updates)]
    items: list[Text] = [
        say("train forward", formulas=_range(context, forward)),
        say("train backward", formulas=_range(context, backward)),
        say("train update", formulas=_range(context, update)),
    ]
    blocks: list[Block] = [Paragraph(say("training")), Bullets(tuple(items))]
    output = context.system.output
    if output is not None and derivation.system.having("input"):
        other = _otherwise(context, inference) if inference is not None else ()
        key = "inference otherwise" if other else "inference"
        blocks.append(Paragraph(say(key, output=context.symbol(output))))
        blocks.extend([Display(other, ("inference",) * len(other))] if other else [])
    yield Section(say("summary"), tuple(blocks))


def _otherwise(context: DocumentContext, inference: System) -> tuple[Formula, ...]:
    """The formulas of inference that aren't those of training."""
    printer = IndexPrinter(Names(inference), inference.table, context.index.otherwise)
    trained = set(context.derivation.forward)
    asked = needed_by({inference.output or ""}, inference.equations)
    equations = (e for e in inference.equations if e not in trained and e.tensor in asked)
    return tuple(printer.formula(e) for e in equations)


def _range(context: DocumentContext, labels: list[str]) -> Text:
    """The first and the last of some formulas."""
    known = [x for x in labels if x in context.labels]
    if len(known) < 3:
        return context.references(*known)
    return context.say(
        "from to", first=context.references(known[0]), last=context.references(known[-1])
    )
