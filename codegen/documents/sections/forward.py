"""The forward pass and the objective."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby

from codegen.documents.blocks import Math, Paragraph, Section
from codegen.documents.context import DocumentContext, by_layer
from codegen.documents.sections.as_before import Part, gathered
from derive.ir.system import Assumption
from derive.ir.tree import ONE, equation_reads


def forward(context: DocumentContext, only: Collection[str] | None = None) -> Iterator[Section]:
    """The equations layer by layer, then those of the objective; `only` some tensors' or all."""
    equations = [e for e in context.derivation.forward if only is None or e.tensor in only]
    ahead = [e for e in equations if not context.is_objective(e)]
    last = [e for e in equations if context.is_objective(e)]
    same = context.same_forward if only is None else {}
    parts: list[Part] = []
    for layer, run in groupby(ahead, key=lambda e: context.layer_of.get(e.tensor)):
        equations = list(run)
        in_full = layer is None or layer.name not in same
        title = context.layer_title(equations[0].tensor)
        parts.append(
            (layer, title, context.equation_blocks(equations, "forward") if in_full else [])
        )
    if parts:
        yield from by_layer(context.say("forward"), list(gathered(context, parts, same, "forward")))
    blocks = context.equation_blocks(last, "forward")
    blocks.extend(_assumption(context, a) for a in context.system.assumptions)
    if blocks:
        yield Section(context.say("objective"), tuple(blocks))


def _assumption(context: DocumentContext, assumption: Assumption) -> Paragraph:
    targets = {t.name for t in context.system.having("target")}
    of_targets = {r.tensor for r in equation_reads(assumption.left)} <= targets
    key = "assumption of targets" if of_targets and assumption.right == ONE else "assumption"
    return Paragraph(context.say(key, formula=Math(context.assumed(assumption))))
