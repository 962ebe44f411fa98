"""All formulas of a document, read back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from codegen.documents.blocks import Box
from codegen.documents.builder import DocumentBuilder
from codegen.documents.context import DocumentContext
from codegen.documents.formats.form import displays
from codegen.latex.formula import Formula
from derive.ir.derivation import Derivation
from tests.read_back.facts import Facts
from tests.read_back.formula_check import FormulaCheck

# ---- all formulas of a document ------------------------------------------------------------------


class Read:
    """A story's formulas, each read once however often its like was read before."""

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed
        self.facts: dict[bool, Facts] = {}
        self.done: set[tuple[object, ...]] = set()

    def facts_of(self, derivation: Derivation) -> Facts:
        """Numbers for a derivation: of one sample, or of a batch."""
        key = derivation.system.batch is None
        if key not in self.facts:
            self.facts[key] = Facts(derivation, self.seed)
        return self.facts[key]

    def check(self, story: DocumentBuilder) -> Counter[str]:
        """Reads every formula; how many there are of each kind. Raises where one isn't true."""
        told: dict[tuple[bool, bool], FormulaCheck] = {}
        count: Counter[str] = Counter()
        for context, label, formula in formulas_of(story):
            is_worked = has_numbers(formula)
            key = (context is story.whole, is_worked)
            if key not in told:
                told[key] = FormulaCheck(
                    context, example(context) if is_worked else self.of(context)
                )
            like = (key, formula, label[:7], *self.lies(context, formula))
            if like in self.done:
                count["known"] += 1
                continue
            self.done.add(like)
            if is_worked and count["update"] and formula.left == str(context.names.objective):
                count["after"] += told[key].objective_after(formula)
                continue
            count["update"] += formula.relation == r"\leftarrow"
            count[told[key].check(formula, label)] += 1
        return count

    def of(self, context: DocumentContext) -> Facts:
        """The numbers that a context's symbols stand for."""
        return self.facts_of(context.derivation)

    def lies(self, context: DocumentContext, formula: Formula) -> tuple[str, ...]:
        """What the meaning of a formula depends on besides its text."""
        return (context.options.samples, context.options.layout, context.options.errors)


_COMMAND = re.compile(r"\\[A-Za-z]+|pmatrix|sigmoid|relu|mathbf")


def has_numbers(formula: Formula) -> bool:
    """Whether the example's numbers are put in."""
    right = " ".join(formula.right)
    bare = _COMMAND.sub("", right)
    return "." in bare and not re.search("[A-Za-z]", bare)


def example(context: DocumentContext) -> Facts:
    """The numbers of the spec's example."""
    worked = context.example
    assert worked is not None
    return Facts(context.derivation, given=worked.leaves, extents=worked.run.extents)


def formulas_of(story: DocumentBuilder) -> Iterator[tuple[DocumentContext, str, Formula]]:
    """Who tells it, its label, and the formula; the general ones of the first part are left out."""
    first = story.context.say("first")
    batch = story.whole.say("batch title") if story.whole is not None else None
    for section in story.document().sections:
        if section.title == first:
            continue
        context = story.whole if section.title == batch else story.context
        for box in (b for b in section.blocks if isinstance(b, Box)):
            yield from ((context, "", row.formula) for g in box.groups for row in g.rows)
        for display in displays(section.blocks):
            labels = (*display.labels, *[""] * len(display.formulas))
            for formula, label in zip(display.formulas, labels, strict=False):
                if label == "inference":
                    continue  # true of another system than the one that is told
                yield context, label, formula
