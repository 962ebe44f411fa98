"""A document's parts in their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from codegen.documents.blocks import (
    Block,
    Bullets,
    Document,
    Paragraph,
    Picture,
    Section,
)
from codegen.documents.context import Teller
from codegen.documents.drawings import diagrams
from codegen.documents.formats.form import displays
from codegen.documents.messages import Words
from codegen.documents.options import Manner
from codegen.documents.sections.backward import Backward
from codegen.documents.sections.entrywise import weight_by_weight
from codegen.documents.sections.forward import forward
from codegen.documents.sections.introduction import beginning
from codegen.documents.sections.notation import conventions, tensor_table
from codegen.documents.sections.second_order import Second
from codegen.documents.sections.summary import in_training, over_a_batch
from codegen.documents.sections.updates import updates
from codegen.latex.index_printer import Formula
from codegen.latex.with_numbers import (
    Worked,
    example_of,
    first_sample,
    samples_in,
)
from derive.calculus.differentiate import differentiate
from derive.ir.derivation import Derivation
from derive.ir.system import System
from derive.systems.one_sample import one_sample
from derive.systems.train_or_infer import in_mode


class Story:
    """Everything that a document of one derivation says.

    `told` is the derivation that is told step by step: of one sample, where samples have no part in
    each other and columns were asked for. `whole` is that over the batch, where it is another.
    """

    def __init__(self, derivation: Derivation, manner: Manner) -> None:
        self.manner = manner
        self.words = Words(manner.lang)
        trained = as_told(derivation)
        self.inference = in_inference(derivation.system)
        single = of_one_sample(trained) if manner.samples == "column" else None
        self.teller = Teller(single or trained, manner, self.words)
        self.whole = Teller(trained, _in_rows(manner), self.words) if single else None
        self.put_numbers_in(trained)

    def document(self) -> Document:
        """The whole document."""
        teller = self.teller
        body = [*forward(teller), *Backward(teller).sections(), *updates(teller)]
        if self.manner.scalars:
            body.append(weight_by_weight(teller))
        if self.whole is not None:
            body.extend(over_a_batch(self.whole))
        body.extend(in_training(teller, self.inference))
        if self.manner.order > 1:
            body.extend(self.second.sections())
        first = beginning(teller) if self.manner.level == "intro" else ()
        title = teller.say("title", name=teller.system.name)
        notation = Section(teller.say("notation"), tuple(self.notation(body)))
        return Document(title, (*first, *self.network(), notation, *body, *self.remarks()))

    @cached_property
    def second(self) -> Second:
        """The second derivatives of what is told."""
        return Second(self.teller, self.manner.wrt)

    def network(self) -> Iterator[Section]:
        """The network as a picture, and its recurrence unfolded."""
        teller = self.teller
        pictures: list[Block] = []
        whole = diagrams.network(teller.derivation, teller.names)
        if whole is not None:
            pictures.append(Picture(whole, teller.say("the network")))
        unfolded = diagrams.unfolded(teller.derivation, teller.names)
        if unfolded is not None:
            pictures.append(Picture(unfolded, teller.say("the unfolded")))
        if pictures:
            yield Section(teller.say("network title"), tuple(pictures))

    def put_numbers_in(self, trained: Derivation) -> None:
        """The example's numbers: those of one sample, and of the batch where it has more."""
        leaves = example_of(trained)
        if leaves is None:
            return
        if self.whole is None:
            self.teller.worked = Worked(trained, leaves, self.teller.matrix)
            return
        several = samples_in(trained, leaves) > 1
        self.teller.first_of_several = several
        told = self.teller.derivation
        first = first_sample(told, leaves)
        self.teller.worked = Worked(told, first, self.teller.matrix, updates=not several)
        if several:
            self.whole.worked = Worked(trained, leaves, self.whole.matrix)

    def notation(self, body: list[Section]) -> Iterator[Block]:
        """The table of symbols, and the conventions that the formulas make use of."""
        teller = self.teller
        blocks = (b for s in body for b in s.blocks)
        formulas: list[Formula] = [f for d in displays(blocks) for f in d.formulas]
        yield tensor_table(teller)
        items = conventions(teller, formulas, self.whole)
        if items:
            yield Bullets(items)

    def remarks(self) -> list[Section]:
        """Warnings and sources."""
        say, derivation = self.teller.say, self.teller.derivation
        blocks: list[Block] = [Paragraph(say("warning", warning=w)) for w in derivation.warnings]
        blocks.extend(Paragraph((note,)) for note in derivation.system.notes)
        if derivation.system.sources:
            blocks.append(Paragraph(say("sources", sources="; ".join(derivation.system.sources))))
        return [Section(say("remarks"), tuple(blocks))] if blocks else []


def as_told(derivation: Derivation) -> Derivation:
    """The derivation that a document tells: in training, where that makes a difference.

    Both modes at once would bury what a lecturer derives in cases.
    """
    if not derivation.system.having("mode"):
        return derivation
    told = in_mode(derivation.system, training=True)
    return differentiate(told, derivation.objective, derivation.wrt)


def in_inference(system: System) -> System | None:
    """The system in inference, where that is another: of one sample, where there is such."""
    if not system.having("mode"):
        return None
    told = in_mode(system, training=False)
    return one_sample(told) or told


def of_one_sample(derivation: Derivation) -> Derivation | None:
    """The derivation of one sample, where there is one and it is the objective's."""
    if derivation.objective != derivation.system.objective:
        return None
    system = one_sample(derivation.system)
    return None if system is None else differentiate(system, derivation.objective, derivation.wrt)


def _in_rows(manner: Manner) -> Manner:
    return replace(manner, samples="rows")
