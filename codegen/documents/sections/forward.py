"""The forward pass and the objective."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby

from codegen.documents.blocks import Math, Paragraph, Section
from codegen.documents.context import Teller, by_layer
from codegen.documents.sections.as_before import Part, gathered
from codegen.latex.index_printer import Formula


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


def _assumption(teller: Teller, k: int) -> str:
    assumption = teller.system.assumptions[k]
    left = teller.index.right(assumption.left.terms).text
    return Formula(left, (teller.index.box(assumption.right).text,)).latex()
