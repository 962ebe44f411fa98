"""The chain rule with Kronecker deltas, for readers who learnt it so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codegen.documents.blocks import Block, Display, Paragraph
from codegen.documents.context import DocumentContext
from codegen.latex.box import fraction
from codegen.latex.formula import Formula
from codegen.latex.step_printer import ADDS
from derive.calculus.kronecker import with_deltas
from derive.calculus.total_differential import Passage
from derive.ir.notation import affine


class Kronecker:
    """Writes chain steps with deltas."""

    def __init__(self, context: DocumentContext) -> None:
        self.context = context

    def blocks(self, passage: Passage, into: Sequence[Passage]) -> Iterator[Block]:
        """The local derivative by any entry, then the sum over all that it changes.

        `into` are all passages that lead to the same derivative, of which this one gives a part.
        """
        context, say = self.context, self.context.say
        adds = ADDS if len(into) > 1 else "="
        result = with_deltas(context.derivation, passage)
        equation = passage.chain.before
        integers = context.index.integers
        places = tuple(affine(a) for a in result.at)
        over = integers.entry(passage.output, tuple(affine(a) for a in equation.axes))
        under = integers.entry(passage.wrt, places)
        local = fraction(rf"\partial {over}", rf"\partial {under}").text
        values = tuple(context.index.box(e).text for e in result.local)
        wrt, output = context.symbol(passage.wrt), context.symbol(passage.output)
        forward = context.references(f"forward:{passage.output}")
        yield Paragraph(say("locally", wrt=wrt, output=output, formula=forward))
        # read at several places, or by the objective itself among others: a part of the derivative
        reads = [p for p in into if p.output == passage.output]
        is_part = len(reads) > 1 or not equation.axes
        yield Display((Formula(local, values, adds if is_part else "="),))
        if equation.axes:
            left = integers.entry(passage.chain.subject, places)
            summed = context.index.box(result.summed).text
            yield Paragraph(say("over all", output=output))
            yield Display((Formula(left, (summed,), adds),))
            yield Paragraph(say("deltas vanish", of=wrt))
        else:
            yield Paragraph(say("rename", of=wrt))
