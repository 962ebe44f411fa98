"""A document put together: its sections in their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from codegen.documents.blocks import Block, Bullets, Document, Paragraph, Picture, Section
from codegen.documents.context import DocumentContext
from codegen.documents.drawings import diagrams
from codegen.documents.formats.form import displays
from codegen.documents.messages import Words
from codegen.documents.options import DocumentOptions
from codegen.documents.sections.backward import Backward
from codegen.documents.sections.entrywise import weight_by_weight
from codegen.documents.sections.forward import forward
from codegen.documents.sections.introduction import introduction
from codegen.documents.sections.notation import conventions, tensor_table
from codegen.documents.sections.overview import overview
from codegen.documents.sections.second_order import Second
from codegen.documents.sections.summary import in_training, over_a_batch
from codegen.documents.sections.updates import updates
from codegen.latex.formula import Formula
from codegen.latex.with_numbers import WorkedExample, example_of, first_sample, samples_in
from derive.calculus.differentiate import differentiate
from derive.ir.derivation import Derivation
from derive.ir.system import System
from derive.systems.one_sample import one_sample
from derive.systems.train_or_infer import in_mode, without_copies


class DocumentBuilder:
    """Builds the document of one derivation.

    `context` holds the derivation that is shown step by step: that of one sample, where samples
    don't mix and columns were asked for. `whole` then holds that over the batch.
    """

    def __init__(self, derivation: Derivation, options: DocumentOptions) -> None:
        self.options = options
        self.words = Words(options.lang)
        trained = training_derivation(derivation)
        self.inference = in_inference(derivation.system)
        single = of_one_sample(trained) if options.samples == "column" else None
        self.context = DocumentContext(single or trained, options, self.words)
        self.whole = DocumentContext(trained, _in_rows(options), self.words) if single else None
        self.put_numbers_in(trained)

    def document(self) -> Document:
        """The whole document."""
        context = self.context
        body = [*forward(context), *Backward(context).sections(), *updates(context)]
        if self.options.scalars:
            body.append(weight_by_weight(context))
        if self.whole is not None:
            body.extend(over_a_batch(self.whole))
        body.extend(in_training(context, self.inference))
        if self.options.order > 1:
            body.extend(self.second.sections())
        first = introduction(context) if self.options.level == "intro" else ()
        title = context.say("title", name=context.system.name)
        notation = Section(context.say("notation"), tuple(self.notation(body)))
        sections = (*overview(context), *first, *self.network(), notation, *body, *self.remarks())
        return Document(title, sections)

    @cached_property
    def second(self) -> Second:
        """The second derivatives of the derivation that is shown."""
        return Second(self.context, self.options.wrt)

    def network(self) -> Iterator[Section]:
        """The network as a picture, and its recurrence unfolded."""
        context = self.context
        pictures: list[Block] = []
        whole = diagrams.network(context.derivation, context.names)
        if whole is not None:
            pictures.append(Picture(whole, context.say("the network")))
        unfolded = diagrams.unfolded(context.derivation, context.names)
        if unfolded is not None:
            pictures.append(Picture(unfolded, context.say("the unfolded")))
        if pictures:
            yield Section(context.say("network title"), tuple(pictures))

    def put_numbers_in(self, trained: Derivation) -> None:
        """The example's numbers: those of one sample, and of the batch where it has more."""
        leaves = example_of(trained)
        if leaves is None:
            return
        if self.whole is None:
            self.context.example = WorkedExample(trained, leaves, self.context.matrix)
            return
        several = samples_in(trained, leaves) > 1
        single = self.context.derivation
        first = first_sample(single, leaves)
        self.context.example = WorkedExample(
            single, first, self.context.matrix, updates=not several, first_of_several=several
        )
        if several:
            self.whole.example = WorkedExample(trained, leaves, self.whole.matrix)

    def notation(self, body: list[Section]) -> Iterator[Block]:
        """The table of symbols, and the conventions that the formulas rely on."""
        context = self.context
        blocks = (b for s in body for b in s.blocks)
        formulas: list[Formula] = [f for d in displays(blocks) for f in d.formulas]
        yield tensor_table(context)
        items = conventions(context, formulas, self.whole)
        if items:
            yield Bullets(items)

    def remarks(self) -> list[Section]:
        """Warnings and sources."""
        say, derivation = self.context.say, self.context.derivation
        blocks: list[Block] = [Paragraph(say("warning", warning=w)) for w in derivation.warnings]
        origin = derivation.system.origin
        blocks.extend(Paragraph((note,)) for note in origin.notes)
        if origin.sources:
            blocks.append(Paragraph(say("sources", sources="; ".join(origin.sources))))
        return [Section(say("remarks"), tuple(blocks))] if blocks else []


def training_derivation(derivation: Derivation) -> Derivation:
    """The derivation that a document shows: in training, where that makes a difference.

    Both modes at once would bury what a lecturer derives in cases.
    """
    if not derivation.system.having("mode"):
        return derivation
    trained = without_copies(in_mode(derivation.system, training=True))
    return differentiate(trained, derivation.objective, derivation.wrt)


def in_inference(system: System) -> System | None:
    """The system in inference, of one sample if possible; None where inference is no different."""
    if not system.having("mode"):
        return None
    inference = without_copies(in_mode(system, training=False))
    return one_sample(inference) or inference


def of_one_sample(derivation: Derivation) -> Derivation | None:
    """The derivation of one sample, where there is one and it is the objective's."""
    if derivation.objective != derivation.system.objective:
        return None
    system = one_sample(derivation.system)
    return None if system is None else differentiate(system, derivation.objective, derivation.wrt)


def _in_rows(options: DocumentOptions) -> DocumentOptions:
    return replace(options, samples="rows")
