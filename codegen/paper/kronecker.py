"""The chain rule with Kronecker deltas, for readers who learnt it so."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.latex.box import fraction
from codegen.latex.subscripts import Formula
from codegen.paper.model import Block, Display, Paragraph
from codegen.paper.teller import Teller
from derive.differentials import Passage
from derive.kronecker import with_deltas
from derive.notation import affine


class Kronecker:
    """Tells chain steps with deltas."""

    def __init__(self, teller: Teller) -> None:
        self.teller = teller

    def told(self, passage: Passage) -> Iterator[Block]:
        """The local derivative by any entry, then the sum over all that it changes."""
        teller, say = self.teller, self.teller.say
        found = with_deltas(teller.derivation, passage)
        equation = passage.chain.before
        integers = teller.index.integers
        places = tuple(affine(a) for a in found.at)
        over = integers.entry(passage.output, tuple(affine(a) for a in equation.axes))
        under = integers.entry(passage.wrt, places)
        local = fraction(rf"\partial {over}", rf"\partial {under}").text
        values = tuple(teller.index.box(e).text for e in found.local)
        wrt, output = teller.symbol(passage.wrt), teller.symbol(passage.output)
        forward = teller.refers(f"forward:{passage.output}")
        yield Paragraph(say("locally", wrt=wrt, output=output, formula=forward))
        yield Display((Formula(local, values),))
        if equation.axes:
            left = integers.entry(passage.chain.subject, places)
            summed = teller.index.box(found.summed).text
            yield Paragraph(say("over all", output=output))
            yield Display((Formula(left, (summed,)),))
            yield Paragraph(say("deltas vanish", of=wrt))
        else:
            yield Paragraph(say("rename", of=wrt))
