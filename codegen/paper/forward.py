"""The forward pass, the objective and the updates."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import groupby

from codegen.latex.subscripts import Formula
from codegen.paper.alike import Part, gathered
from codegen.paper.model import Block, Display, Math, Paragraph, Section
from codegen.paper.sameness import Same
from codegen.paper.teller import Teller, by_layer
from derive.notation import Equation
from derive.tree import equation_reads


def forward(teller: Teller, only: Collection[str] | None = None) -> Iterator[Section]:
    """The equations layer by layer, then those of the objective; `only` some tensors' or all."""
    equations = [e for e in teller.derivation.forward if only is None or e.tensor in only]
    ahead = [e for e in equations if not teller.is_objective(e)]
    last = [e for e in equations if teller.is_objective(e)]
    same = teller.same_forward if only is None else {}
    parts: list[Part] = []
    for layer, run in groupby(ahead, key=lambda e: teller.layer_of.get(e.tensor)):
        equations = list(run)
        told = layer is None or layer.name not in same
        title = teller.layer_title(equations[0].tensor)
        parts.append((layer, title, teller.plainly(equations, "forward") if told else []))
    if parts:
        yield from by_layer(teller.say("forward"), list(gathered(teller, parts, same, "forward")))
    blocks = teller.plainly(last, "forward")
    blocks.extend(
        Paragraph(teller.say("assumption", formula=Math(_assumption(teller, k))))
        for k in range(len(teller.system.assumptions))
    )
    if blocks:
        yield Section(teller.say("objective"), tuple(blocks))


def updates(teller: Teller) -> Iterator[Section]:
    """The optimiser's equations, and the system's own."""
    same = teller.same_forward
    told = [e for e in teller.derivation.updates if not _of_another(teller, e, same)]
    equations = (*teller.system.updates, *told)
    if equations:
        remembers = any(t.role == "state" for t in teller.derivation.tensors)
        order: list[Block] = [Paragraph(teller.say("order"))] if remembers else []
        blocks = (*order, *teller.plainly(equations, "update"), *_after(teller))
        if len(told) < len(teller.derivation.updates):
            blocks = (*blocks, Paragraph(teller.say("others likewise")))
        yield Section(teller.say("updates"), blocks)


def _of_another(teller: Teller, update: Equation, same: Mapping[str, Same]) -> bool:
    """Whether an update is of a layer that is told by another one."""
    layers = {teller.layer_of.get(r.tensor) for r in equation_reads(update)}
    return any(layer is not None and layer.name in same for layer in layers)


def _after(teller: Teller) -> Iterator[Block]:
    """What the objective has become by the update, in numbers."""
    if teller.worked is not None and teller.worked.updates:
        yield Paragraph(teller.say("after the update"))
        yield Display((teller.worked.objective_after(),))


def _assumption(teller: Teller, k: int) -> str:
    assumption = teller.system.assumptions[k]
    left = teller.index.right(assumption.left.terms).text
    return Formula(left, (teller.index.box(assumption.right).text,)).latex()
