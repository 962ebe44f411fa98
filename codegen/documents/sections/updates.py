"""The updates: the optimiser's equations, a rule of several told for one parameter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from codegen.documents.blocks import (
    Block,
    Display,
    Math,
    Paragraph,
    Section,
)
from codegen.documents.context import Teller
from codegen.latex.symbols import updated
from derive.ir.notation import Equation
from derive.ir.tree import equation_reads
from derive.language.printer import equation_text

_SUBSCRIPTS = re.compile(r"\[[^\]]*\]")


def updates(teller: Teller) -> Iterator[Section]:
    """The optimiser's equations, and the system's own."""
    every = teller.derivation.updates
    of_layers = [e for e in every if not _of_another(teller, e)]
    told, others = _by_parameter(teller, of_layers)
    # an inverse is written as one where it is used
    told = [e for e in told if e.tensor not in teller.names.nodes]
    equations = (*teller.system.updates, *told)
    if not equations:
        return
    say = teller.say
    remembers = any(t.role == "state" for t in teller.derivation.tensors)
    blocks: list[Block] = [*_curvature(teller)]
    blocks.extend([Paragraph(say("order"))] if remembers else [])
    if remembers and teller.worked is not None and teller.worked.updates:
        blocks.append(Paragraph(say("memory begins")))
    blocks.extend((*teller.each_once(equations, "update"), *after_the_update(teller)))
    if others:
        blocks.append(Paragraph(say("parameters likewise", names=teller.symbols(others))))
    if len(of_layers) < len(every):
        blocks.append(Paragraph(say("others likewise")))
    yield Section(say("updates"), tuple(blocks))


def _curvature(teller: Teller) -> Iterator[Block]:
    """The matrix of second derivatives that the updates read, and what it is made of."""
    derivation = teller.derivation
    if not derivation.curvature:
        return
    matrix = teller.symbol(derivation.curvature[-1].tensor)
    together = Math(str(teller.names.together))
    if teller.system.training.curvature == "hessian":
        yield Paragraph(teller.say("curvature hessian", matrix=matrix, all=together))
    else:
        yield Paragraph(teller.say("curvature gauss_newton", matrix=matrix, all=together))
    formulas = tuple(teller.index.formula(e) for e in derivation.curvature)
    yield Display(formulas, tuple(f"curvature:{e.tensor}" for e in derivation.curvature))
    yield Paragraph(teller.say("curvature update"))


def _of_another(teller: Teller, update: Equation) -> bool:
    """Whether an update is of a layer that is told by another one."""
    layers = {teller.layer_of.get(r.tensor) for r in equation_reads(update)}
    return any(layer is not None and layer.name in teller.same_forward for layer in layers)


def _by_parameter(
    teller: Teller, equations: Sequence[Equation]
) -> tuple[list[Equation], list[str]]:
    """The equations that are told, and the parameters whose rule is that of the first.

    A rule of one equation is told for every parameter: it is what the reader came for.
    """
    table = teller.derivation.table
    told: list[Equation] = []
    others: list[str] = []
    known: list[str] = []
    group: list[Equation] = []
    for equation in equations:
        group.append(equation)
        name = updated(equation.tensor)
        if table[name].role != "parameter":
            continue
        own = [e for e in group if name in _SUBSCRIPTS.sub("", equation_text(e))]
        rule = [_SUBSCRIPTS.sub("", equation_text(e)).replace(name, "w") for e in own]
        if rule == known and len(own) > 1:
            others.append(name)
        else:
            known = known or rule
            told.extend(group)
        group = []
    return [*told, *group], others


def after_the_update(teller: Teller) -> Iterator[Block]:
    """What the objective has become by the update, in numbers."""
    if teller.worked is not None and teller.worked.updates:
        yield Paragraph(teller.say("after the update"))
        yield Display((teller.worked.objective_after(),))
