"""The whole on a page: what the document arrives at, before the way there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from codegen.documents.blocks import Box, Group, Math, Paragraph, Ref, Row, Section, Text
from codegen.documents.context import DocumentContext
from codegen.latex.box import flat
from codegen.latex.formula import Formula
from derive.ir.notation import Equation


def overview(context: DocumentContext, only: Collection[str] | None = None) -> Iterator[Section]:
    """Forward pass, error terms and gradients in one box, each with its shape and its proof.

    To be asked when the document's formulas have their labels; `only` some tensors' or all.
    """
    derivation = context.derivation
    every = (
        ("forward", "forward", derivation.forward),
        ("error terms", "backward", _errors(context)),
        ("gradients", "backward", _gradients(context)),
    )
    groups = []
    for key, kind, equations in every:
        asked = (e for e in equations if only is None or e.tensor in only)
        group = _group(context, key, kind, asked)
        groups.extend([group] if group.rows else [])
    if groups:
        sentence = Paragraph(context.say("overview"))
        yield Section(context.say("overview title"), (sentence, Box(tuple(groups))))


def _errors(context: DocumentContext) -> Iterator[Equation]:
    """The derivatives by what is computed, and what helps them."""
    table, of = context.derivation.table, context.of
    for equation in context.derivation.backward:
        by = of.get(equation.tensor)
        if by is None or table[by].role not in ("parameter", "input"):
            yield equation


def _gradients(context: DocumentContext) -> Iterator[Equation]:
    """The derivatives by what is learned; by inputs, where nothing is."""
    derivation, of = context.derivation, context.of
    by = {
        e.tensor: derivation.table[of[e.tensor]].role for e in derivation.backward if e.tensor in of
    }
    wanted = "parameter" if "parameter" in by.values() else "input"
    return (e for e in derivation.backward if by.get(e.tensor) == wanted)


def _group(context: DocumentContext, key: str, kind: str, equations: Iterable[Equation]) -> Group:
    rows = []
    for equation in equations:
        label = f"{kind}:{equation.tensor}"
        if label in context.labels and not context.is_repeated(equation):
            rows.append(Row(_shown(context, equation), _shape(context, equation), Ref(label)))
    return Group(context.say(key), tuple(rows))


def _shown(context: DocumentContext, equation: Equation) -> Formula:
    """A result in matrices where it has such a form and these were asked for."""
    matrix = context.matrix.formula(equation)
    formula = context.both(context.index.formula(equation), matrix)[-1]
    return Formula(formula.left, formula.right[-1:], formula.relation)


def _shape(context: DocumentContext, equation: Equation) -> Text:
    shape = context.derivation.table[equation.tensor].shape
    integers = context.index.integers
    extents = (flat(integers.integer(e).at_least(2).text) for e in shape)
    return (Math(r" \times ".join(extents)),) if shape else context.say("scalar")
