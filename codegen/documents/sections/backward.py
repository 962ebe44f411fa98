"""The backward pass: from the objective back, each derivative with the steps that led to it.

By total differentials: the change of an equation's tensor is put into the objective's change and
sorted by what changes; the coefficient of each change is the derivative.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from codegen.documents.blocks import Block, Display, Fold, Math, Paragraph, Section, Text
from codegen.documents.context import DocumentContext, by_layer, chained
from codegen.documents.sections.as_before import Part, gathered
from codegen.documents.sections.inverses import reason
from codegen.documents.sections.kronecker import Kronecker
from codegen.documents.sections.step_sentences import helper, reason_of, title
from codegen.latex.formula import Formula
from codegen.latex.step_printer import ADDS
from derive.algebra.index_rules import turned_round
from derive.algebra.readable import readable, solve_for_reading
from derive.calculus.total_differential import (
    Passage,
    arriving,
    collected,
    differential_of,
    passages,
    slope,
    total_differential,
)
from derive.ir.derivation import Step
from derive.ir.notation import Equation, Term, affine
from derive.ir.tree import affine_axes, equation_reads, reads

_WRITTEN_IN = ("write in", "put in", "same value")
_OF_A_PASSAGE = ("re-express", "rename", "solve subscript")


class Backward:
    """The sections that derive every derivative, from the objective back."""

    def __init__(
        self, context: DocumentContext, only: frozenset[str] | None = None, last: str = ""
    ) -> None:
        """`only` these derivatives, or all; the `last` also where it was written into others."""
        self.context = context
        self.only = only
        self.last = last
        self.derivation = context.derivation
        self.say = context.say
        self.same = context.same_backward if only is None else {}
        self.done: set[str] = set()
        self.through: dict[str, list[Passage]] = {}
        self.into: dict[str, list[Passage]] = {}
        for passage in passages(self.derivation):
            self.through.setdefault(passage.output, []).append(passage)
            self.into.setdefault(passage.chain.subject, []).append(passage)
        self.alike = Counter((p.output, p.wrt) for ps in self.through.values() for p in ps)

    def sections(self) -> Iterator[Section]:
        """Each derivative in the engine's order, preceded by those that were written into it."""
        parts: list[Part] = []
        place: str | None = None
        last = (e for e in self.derivation.inlined if e.tensor == self.last)
        for equation in (*self.derivation.backward, *last):
            if self.only is not None and equation.tensor not in self.only:
                continue
            # a helper belongs to what it helps
            place = self.context.of.get(equation.tensor, place)
            if self.is_of_repeated(place):
                parts.append(self.part(place, []))
                continue
            for where, blocks in self.with_what_it_needs(equation):
                parts.append(self.part(where or place, blocks))
        if not parts:
            yield Section(self.say("backward"), (Paragraph(self.say("nothing_backward")),))
        else:
            result = list(gathered(self.context, parts, self.same, "backward"))
            yield from by_layer(self.say("backward"), result)

    def part(self, place: str | None, blocks: list[Block]) -> Part:
        """Blocks under the heading of the layer that a tensor belongs to."""
        title = self.context.layer_title(place) if place is not None else ()
        return self.context.layer_of.get(place or ""), title, blocks

    def is_of_repeated(self, place: str | None) -> bool:
        """Whether a tensor belongs to a repeated layer."""
        layer = self.context.layer_of.get(place or "")
        return layer is not None and layer.name in self.same

    def with_what_it_needs(self, equation: Equation) -> Iterator[tuple[str | None, list[Block]]]:
        """A derivative, preceded by those written into it; each with the tensor that it is by."""
        if self.context.options.detail == "result":
            yield self.context.of.get(equation.tensor), self.result(equation)
            return
        for before in self.written_into(equation):
            yield from self.derived(before)
        yield from self.derived(equation)

    def result(self, equation: Equation) -> list[Block]:
        """A derivative without steps; an error term also with the activation's slope as f'."""
        generic = self.context.steps.textbook(equation)
        shown = self.context.index.formula(equation)
        if generic:
            shown = chained(self.context.index.formula(generic), shown)
        found = self.context.labelled(
            f"backward:{equation.tensor}", shown, self.context.matrix_form(equation)
        )
        return [*self.context.slope(equation), found, *self.context.with_numbers([equation])]

    def written_into(self, equation: Equation) -> Iterator[Equation]:
        """The derivatives written into this one that aren't shown yet, in order of need."""
        for step in self.derivation.steps_of.get(equation.tensor, ()):
            if step.rule not in _WRITTEN_IN:
                continue
            before = {r.tensor for r in equation_reads(step.before)}
            after = {r.tensor for r in equation_reads(step.after)}
            for name in sorted(before - after):
                inner = self.context.inlined.get(name)
                if inner is not None and name not in self.done:
                    self.done.add(name)
                    yield from self.written_into(inner)
                    yield inner

    # ---- the total differential ------------------------------------------------------------------

    def changes(self, output: str) -> list[Block]:
        """The differential of an equation's tensor, shown once."""
        name = differential_of(output)
        if name in self.done:
            return []
        self.done.add(name)
        context, through = self.context, self.through[output]
        equation = through[0].chain.before
        raw = context.index.formula(total_differential(self.derivation, through, raw=True))
        final = context.index.formula(total_differential(self.derivation, through))
        symbol = context.symbol(output)
        reads = context.symbols(dict.fromkeys(p.wrt for p in through))
        forward = context.references(f"forward:{output}")
        sentence = self.say("changes", wrt=reads, output=symbol)
        if forward:
            sentence = self.say("changes by", formula=forward, wrt=reads, output=symbol)
        why = reason(context, equation)
        if why:
            sentence = self.say("two sentences", first=sentence, then=why)
        then = self.restated(through)
        if raw.right != final.right and then:
            sentence = self.say("two sentences", first=sentence, then=then)
        blocks: list[Block] = [Paragraph(sentence)]
        blocks.append(context.labelled(f"change:{output}", chained(raw, final)))
        arrives = arriving(self.derivation, equation)
        if arrives is not None:
            brought = context.index.formula(collected(self.derivation, through))
            shown = Formula(brought.left, (*context.index.formula(arrives).right, *brought.right))
            key = "put into" if len(through) > 1 else "put into one"
            blocks.append(Paragraph(self.say(key, output=symbol)))
            blocks.append(context.labelled(f"sorted:{output}", shown))
        return [Fold(self.say("differential of", of=symbol), tuple(blocks))]

    def restated(self, through: Sequence[Passage]) -> Text:
        """The sentence on derivatives that are written by their equation's own value, if any is."""
        output = through[0].output
        if any(r.tensor == output for p in through for r in reads(slope(self.derivation, p))):
            return self.say("re-express", through=self.context.symbol(output))
        return ()

    def coefficient(self, group: list[Passage]) -> Text:
        """The sentence that says where a derivative is read off."""
        passage = group[0]
        labels = (f"sorted:{passage.output}", f"change:{passage.output}")
        label = next((x for x in labels if x in self.context.labels), None)
        raw = label == labels[1]
        own = tuple(affine(a) for a in passage.chain.after.axes)
        places = passage.raw.target if raw else own
        change = Math(self.context.index.integers.entry(differential_of(passage.wrt), places))
        if label is None:
            return self.say("coefficient before", change=change)
        alone = self.alike[passage.output, passage.wrt] == len(group)
        key = "coefficient" if alone else "coefficient of one"
        sentence = self.say(key, change=change, formula=self.context.references(label))
        if raw and places != own:
            then = self.say("rename", of=self.context.symbol(passage.wrt))
            return self.say("two sentences", first=sentence, then=then)
        return sentence

    # ---- derivations -----------------------------------------------------------------------------

    def derived(self, equation: Equation) -> Iterator[tuple[str | None, list[Block]]]:
        """A derivative with its steps, preceded by the differentials that they read."""
        self.done.add(equation.tensor)
        into = self.into.get(equation.tensor, [])
        if self.context.options.calculus == "differential":
            for output in dict.fromkeys(p.output for p in into):
                if not self.is_of_repeated(output):
                    yield output, self.changes(output)
        inner = self.steps_of(equation, into)
        heading = title(self.context, equation)
        blocks: list[Block] = [Fold(heading, tuple(inner))] if heading else inner
        yield self.context.of.get(equation.tensor), blocks

    def steps_of(self, equation: Equation, into: list[Passage]) -> list[Block]:
        """The steps of one derivative, the last of them giving it as it is used."""
        context = self.context
        full = context.options.detail == "full"
        final = context.index.formula(equation)
        blocks: list[Block] = []
        shown: str | None = None
        if not into:
            sentence = helper(self.context, equation)
            blocks.extend([Paragraph(sentence)] if sentence else [])
        for group in self.grouped(into):
            more, shown = self.passed(group, into)
            blocks.extend(more)
        for step in self.derivation.steps_of.get(equation.tensor, ()):
            if step.kind == "chain":
                continue
            if step.rule in _OF_A_PASSAGE and any(_belongs(step, p) for p in into):
                continue
            formula = context.steps.formula(step)
            if formula.right[-1] == shown:
                continue
            if full:
                before = context.index.formula(step.before).right
                if before[-1] != formula.right[-1]:
                    formula = Formula(formula.left, (*before, *formula.right), formula.relation)
            blocks.append(Paragraph(reason_of(self.context, step)))
            blocks.append(Display((formula,)))
            shown = formula.right[-1] if formula.relation == "=" else None
        if shown != final.right[-1]:
            if into:
                blocks.append(Paragraph(self.say("together")))
            blocks.append(Display((final,)))
        matrix = None if equation.tensor in context.inlined else context.matrix_form(equation)
        return self.labelled(blocks, equation, matrix)

    def labelled(
        self, blocks: list[Block], equation: Equation, matrix: Formula | None
    ) -> list[Block]:
        """The blocks with the last formula labelled, and its matrix form below it."""
        label = f"backward:{equation.tensor}"
        self.context.labels[label] = None
        last = max(k for k, b in enumerate(blocks) if isinstance(b, Display))
        display = blocks[last]
        assert isinstance(display, Display)
        labels = ("",) * (len(display.formulas) - 1) + (label,)
        blocks[last] = Display((*display.formulas, *([matrix] if matrix else [])), labels)
        if matrix is not None:
            blocks.extend(self.context.slope(equation))
        blocks.extend(self.turned_round(equation))
        return [*blocks, *self.context.with_numbers([equation])]

    def turned_round(self, equation: Equation) -> Iterator[Block]:
        """A convolution as a correlation with the kernel turned round."""
        solved = readable(equation, self.derivation.table)
        kernels = [t.name for t in self.derivation.system.having("parameter")]
        terms = [turned_round(t, kernels) for t in solved.terms]
        if None in terms:
            return
        turned = replace(solved, terms=tuple(t for t in terms if t is not None))
        yield Paragraph(self.say("turned round"))
        yield Display((self.context.index.formula(turned),))

    def grouped(self, into: list[Passage]) -> list[list[Passage]]:
        """The passages that lead to a derivative, those that are read off as one together."""
        groups: dict[str | int, list[Passage]] = {}
        for k, passage in enumerate(into):
            together = passage.output if self.is_collected(passage) else k
            groups.setdefault(together, []).append(passage)
        return list(groups.values())

    def is_collected(self, passage: Passage) -> bool:
        """Whether its term was collected with others that have the same differential."""
        options = self.context.options
        if options.calculus != "differential" or options.detail == "full":
            return False
        axes = passage.chain.after.axes
        solved = solve_for_reading(passage.solved, axes, self.derivation.table)
        sorted_ = f"sorted:{passage.output}" in self.context.labels
        return sorted_ and solved.target == tuple(map(affine, axes))

    def passed(self, group: list[Passage], into: list[Passage]) -> tuple[list[Block], str | None]:
        """The contribution through one equation: read off, and solved for one entry.

        `group` is one passage or several that were collected, `into` are all that lead to the same
        derivative.
        """
        context, passage, several = self.context, group[0], len(into) > len(group)
        axes = passage.chain.after.axes
        table = self.derivation.table
        solved = tuple(solve_for_reading(p.solved, axes, table) for p in group)
        final = context.index.formula(Equation(passage.chain.subject, axes, solved))
        blocks: list[Block] = []
        if context.options.calculus == "kronecker":
            blocks.extend(Kronecker(context).blocks(passage, into))
        else:
            blocks.append(Paragraph(self.coefficient(group)))
        if context.options.detail == "full":
            blocks.extend(self.index_calculus(passage, final))
        place = self.place(passage)
        if place:
            blocks.append(Paragraph(place))
        rule = self.middle(group, solved[0])
        right = (rule, *final.right) if rule else final.right
        blocks.append(Display((Formula(final.left, right, ADDS if several else "="),)))
        return blocks, None if several else final.right[-1]

    def middle(self, group: list[Passage], solved: Term) -> str:
        """The chain rule for what is read off, where it is equal to that."""
        if self.context.options.detail == "full":
            return ""
        whole = len(group) == self.alike[group[0].output, group[0].wrt]
        here = [p for p in group if p.raw.target == solved.target]
        if len(here) < len(group) and group[0].chain.before.axes:
            return ""  # reads at other places contribute by other entries of the output
        rules = {self.context.steps.rule(p.chain, p.raw, whole) for p in here}
        return rules.pop() if len(rules) == 1 else ""

    def index_calculus(self, passage: Passage, final: Formula) -> Iterator[Block]:
        """The chain rule as the engine applied it, where that is not yet the final form."""
        context = self.context
        chain = context.steps.chain(passage.chain)
        if chain.right[-1] == final.right[-1]:
            return
        yield Display((chain,))
        if passage.raw != passage.restated:
            yield Paragraph(self.restated([passage]) or self.say("re-arrange"))
            through = context.index.scattered(passage.chain.subject, passage.restated)
            if through.right[-1] != final.right[-1]:
                yield Display((replace(through, relation=chain.relation),))
        if passage.solved.target != passage.restated.target and not self.place(passage):
            yield Paragraph(self.say("rename", of=context.symbol(passage.wrt)))

    def place(self, passage: Passage) -> Text:
        """A sentence on the subscript that was solved, where the read isn't at plain letters."""
        axes = passage.chain.after.axes
        names, integers = self.context.names, self.context.index.integers
        final = solve_for_reading(passage.solved, axes, self.derivation.table)
        kept = {a.letter for a in final.domain}
        places: list[Math] = []
        solved: list[Math] = []
        for subscript, axis in zip(passage.solved.target, axes, strict=True):
            letters = list(affine_axes(subscript))
            if subscript.axis is not None or not letters:
                continue
            places.append(Math(f"{names.letter(axis)} = {integers.integer(subscript).text}"))
            for letter in letters:
                sign = subscript.coefficient(letter)
                if abs(sign) == 1 and letter.letter not in kept:
                    other = (affine(axis) - (subscript - affine(letter) * sign)) * sign
                    solved.append(Math(f"{names.letter(letter)} = {integers.integer(other).text}"))
                    break
        if not places:
            return ()
        entry = Math(integers.entry(passage.wrt, tuple(affine(a) for a in axes)))
        listed = self.context.words.listed
        if len(solved) < len(places):
            return self.say("place", entry=entry, places=listed(places))
        return self.say("solve place", entry=entry, places=listed(places), solved=listed(solved))


def _belongs(step: Step, passage: Passage) -> bool:
    return step.after.terms in ((passage.restated,), (passage.solved,))
