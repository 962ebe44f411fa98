"""The forward pass, the objective and the updates."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from codegen.latex.subscripts import Formula
from codegen.paper.model import Block, Math, Paragraph, Section
from codegen.paper.teller import Teller, by_layer


def forward(teller: Teller) -> Iterator[Section]:
    """The equations layer by layer, then those of the objective."""
    equations = teller.derivation.forward
    ahead = [e for e in equations if not teller.is_objective(e)]
    last = [e for e in equations if teller.is_objective(e)]
    runs = groupby(ahead, key=lambda e: teller.layer_title(e.tensor))
    parts = [(title, teller.plainly(run, "forward")) for title, run in runs]
    if parts:
        yield from by_layer(teller.say("forward"), parts)
    blocks = teller.plainly(last, "forward")
    blocks.extend(
        Paragraph(teller.say("assumption", formula=Math(_assumption(teller, k))))
        for k in range(len(teller.system.assumptions))
    )
    if blocks:
        yield Section(teller.say("objective"), tuple(blocks))


def updates(teller: Teller) -> Iterator[Section]:
    """The optimiser's equations, and the system's own."""
    equations = (*teller.system.updates, *teller.derivation.updates)
    if equations:
        remembers = any(t.role == "state" for t in teller.derivation.tensors)
        order: list[Block] = [Paragraph(teller.say("order"))] if remembers else []
        blocks = (*order, *teller.plainly(equations, "update"))
        yield Section(teller.say("updates"), blocks)


def _assumption(teller: Teller, k: int) -> str:
    assumption = teller.system.assumptions[k]
    left = teller.index.right(assumption.left.terms).text
    return Formula(left, (teller.index.box(assumption.right).text,)).latex()
