"""The updates: the optimiser's equations, a rule of several equations shown for one parameter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from codegen.documents.blocks import Block, Display, Math, Paragraph, Section
from codegen.documents.context import DocumentContext
from derive.ir.names import current_of
from derive.ir.notation import Equation
from derive.ir.tree import equation_reads
from derive.language.printer import equation_text

_SUBSCRIPTS = re.compile(r"\[[^\]]*\]")


def updates(context: DocumentContext) -> Iterator[Section]:
    """The optimiser's equations, and the system's own."""
    every = context.derivation.updates
    of_layers = [e for e in every if not _of_another(context, e)]
    kept, others = _by_parameter(context, of_layers)
    # an inverse is written as one where it is used
    kept = [e for e in kept if e.tensor not in context.names.nodes]
    equations = (*context.system.updates, *kept)
    if not equations:
        return
    say = context.say
    remembers = any(t.role == "state" for t in context.derivation.tensors)
    blocks: list[Block] = [*_curvature(context)]
    blocks.extend([Paragraph(say("order"))] if remembers else [])
    if remembers and context.example is not None and context.example.updates:
        blocks.append(Paragraph(say("memory begins")))
    blocks.extend((*context.one_notation(equations, "update"), *after_the_update(context)))
    if others:
        blocks.append(Paragraph(say("parameters likewise", names=context.symbols(others))))
    if len(of_layers) < len(every):
        blocks.append(Paragraph(say("others likewise")))
    yield Section(say("updates"), tuple(blocks))


def _curvature(context: DocumentContext) -> Iterator[Block]:
    """The matrix of second derivatives that the updates read, and what it is made of."""
    derivation = context.derivation
    if not derivation.curvature:
        return
    matrix = context.symbol(derivation.curvature[-1].tensor)
    together = Math(str(context.names.together))
    if context.system.training.optimizer.curvature == "hessian":
        yield Paragraph(context.say("curvature hessian", matrix=matrix, all=together))
    else:
        yield Paragraph(context.say("curvature gauss_newton", matrix=matrix, all=together))
    formulas = tuple(context.index.formula(e) for e in derivation.curvature)
    yield Display(formulas, tuple(f"curvature:{e.tensor}" for e in derivation.curvature))
    yield Paragraph(context.say("curvature update"))


def _of_another(context: DocumentContext, update: Equation) -> bool:
    """Whether an update is of a repeated layer."""
    layers = {context.layer_of.get(r.tensor) for r in equation_reads(update)}
    return any(layer is not None and layer.name in context.same_forward for layer in layers)


def _by_parameter(
    context: DocumentContext, equations: Sequence[Equation]
) -> tuple[list[Equation], list[str]]:
    """The equations that are shown, and the parameters whose rule is that of the first.

    A rule of one equation is shown for every parameter: it is what the reader came for.
    """
    table = context.derivation.table
    kept: list[Equation] = []
    others: list[str] = []
    known: list[str] = []
    group: list[Equation] = []
    for equation in equations:
        group.append(equation)
        name = current_of(equation.tensor)
        if table[name].role != "parameter":
            continue
        own = [e for e in group if name in _SUBSCRIPTS.sub("", equation_text(e))]
        rule = [_SUBSCRIPTS.sub("", equation_text(e)).replace(name, "w") for e in own]
        if rule == known and len(own) > 1:
            others.append(name)
        else:
            known = known or rule
            kept.extend(group)
        group = []
    return [*kept, *group], others


def after_the_update(context: DocumentContext) -> Iterator[Block]:
    """The objective after the update, in numbers."""
    if context.example is not None and context.example.updates:
        yield Paragraph(context.say("after the update"))
        yield Display((context.example.objective_after(),))
