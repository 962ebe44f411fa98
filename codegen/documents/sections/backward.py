"""The backward pass: from the objective back, each derivative with the steps that led to it.

Told by total differentials: what an equation's tensor changes by, put into the objective's change
and sorted by what changes; the coefficient of each is the derivative by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from codegen.documents.blocks import (
    Block,
    Display,
    Fold,
    Math,
    Paragraph,
    Section,
    Text,
)
from codegen.documents.context import Teller, by_layer, chained
from codegen.documents.sections.as_before import Part, gathered
from codegen.documents.sections.inverses import reason
from codegen.documents.sections.kronecker import Kronecker
from codegen.latex.index_printer import Formula
from codegen.latex.step_printer import ADDS
from derive.algebra.index_rules import turned_round
from derive.algebra.readable import readable, solve_for_reading
from derive.calculus.total_differential import (
    Passage,
    arriving,
    collected,
    differential_of,
    passages,
    total_differential,
)
from derive.ir.derivation import Step
from derive.ir.notation import (
    Call,
    Compare,
    Equation,
    Read,
    affine,
)
from derive.ir.system import Earlier
from derive.ir.tree import ONE, affine_axes, equation_reads

_WRITTEN_IN = ("write in", "put in", "same value")
_OF_A_PASSAGE = ("re-express", "rename", "solve subscript")


class Backward:
    """Tells every derivative of one derivation."""

    def __init__(self, teller: Teller, only: frozenset[str] | None = None) -> None:
        """`only` these derivatives are told, or all."""
        self.teller = teller
        self.only = only
        self.derivation = teller.derivation
        self.say = teller.say
        self.same = teller.same_backward if only is None else {}
        self.told: set[str] = set()
        self.through: dict[str, list[Passage]] = {}
        self.into: dict[str, list[Passage]] = {}
        for passage in passages(self.derivation):
            self.through.setdefault(passage.output, []).append(passage)
            self.into.setdefault(passage.chain.subject, []).append(passage)
        self.alike = Counter((p.output, p.wrt) for ps in self.through.values() for p in ps)

    def sections(self) -> Iterator[Section]:
        """Each derivative in the engine's order, with what was written into it before it."""
        parts: list[Part] = []
        place: str | None = None
        for equation in self.derivation.backward:
            if self.only is not None and equation.tensor not in self.only:
                continue
            # a helper belongs to what it helps
            place = self.teller.of.get(equation.tensor, place)
            if self.is_told_by_another(place):
                parts.append(self.part(place, []))
                continue
            for where, blocks in self.with_what_it_needs(equation):
                parts.append(self.part(where or place, blocks))
        if not parts:
            yield Section(self.say("backward"), (Paragraph(self.say("nothing_backward")),))
        else:
            found = list(gathered(self.teller, parts, self.same, "backward"))
            yield from by_layer(self.say("backward"), found)

    def part(self, place: str | None, blocks: list[Block]) -> Part:
        """Blocks under the heading of the layer that a tensor belongs to."""
        title = self.teller.layer_title(place) if place is not None else ()
        return self.teller.layer_of.get(place or ""), title, blocks

    def is_told_by_another(self, place: str | None) -> bool:
        """Whether a tensor's layer refers to one that is told."""
        layer = self.teller.layer_of.get(place or "")
        return layer is not None and layer.name in self.same

    def with_what_it_needs(self, equation: Equation) -> Iterator[tuple[str | None, list[Block]]]:
        """A derivative, and before it what was written into it; each with what it belongs to."""
        if self.teller.manner.detail == "result":
            yield self.teller.of.get(equation.tensor), self.result(equation)
            return
        for before in self.written_into(equation):
            yield from self.derived(before)
        yield from self.derived(equation)

    def result(self, equation: Equation) -> list[Block]:
        """A derivative alone, an error term with the activation's derivative as such first."""
        generic = self.teller.steps.textbook(equation)
        shown = self.teller.index.formula(equation)
        if generic:
            shown = chained(self.teller.index.formula(generic), shown)
        found = self.teller.shown(
            f"backward:{equation.tensor}", shown, self.teller.in_matrices(equation)
        )
        return [*self.teller.slope(equation), found, *self.teller.with_numbers([equation])]

    def written_into(self, equation: Equation) -> Iterator[Equation]:
        """The derivatives that were written into this one, each before it is needed, told once."""
        for step in self.derivation.steps_of.get(equation.tensor, ()):
            if step.rule not in _WRITTEN_IN:
                continue
            before = {r.tensor for r in equation_reads(step.before)}
            after = {r.tensor for r in equation_reads(step.after)}
            for name in sorted(before - after):
                inner = self.teller.inlined.get(name)
                if inner is not None and name not in self.told:
                    self.told.add(name)
                    yield from self.written_into(inner)
                    yield inner

    # ---- the total differential ------------------------------------------------------------------

    def changes(self, output: str) -> list[Block]:
        """What a change of all that an equation reads brings; told once."""
        name = differential_of(output)
        if name in self.told:
            return []
        self.told.add(name)
        teller, through = self.teller, self.through[output]
        equation = through[0].chain.before
        raw = teller.index.formula(total_differential(self.derivation, through, raw=True))
        told = teller.index.formula(total_differential(self.derivation, through))
        symbol = teller.symbol(output)
        reads = teller.symbols(dict.fromkeys(p.wrt for p in through))
        forward = teller.refers(f"forward:{output}")
        said = self.say("changes", wrt=reads, output=symbol)
        if forward:
            said = self.say("changes by", formula=forward, wrt=reads, output=symbol)
        why = reason(teller, equation)
        if why:
            said = self.say("two sentences", first=said, then=why)
        if raw.right != told.right:
            then = self.say("re-express", through=symbol)
            said = self.say("two sentences", first=said, then=then)
        blocks: list[Block] = [Paragraph(said)]
        blocks.append(teller.shown(f"change:{output}", chained(raw, told)))
        arrives = arriving(self.derivation, equation)
        if arrives is not None:
            brought = teller.index.formula(collected(self.derivation, through))
            shown = Formula(brought.left, (*teller.index.formula(arrives).right, *brought.right))
            key = "put into" if len(through) > 1 else "put into one"
            blocks.append(Paragraph(self.say(key, output=symbol)))
            blocks.append(teller.shown(f"sorted:{output}", shown))
        return [Fold(self.say("differential of", of=symbol), tuple(blocks))]

    def coefficient(self, passage: Passage) -> Text:
        """Where a derivative is read off."""
        labels = (f"sorted:{passage.output}", f"change:{passage.output}")
        label = next((x for x in labels if x in self.teller.labels), None)
        raw = label == labels[1]
        own = tuple(affine(a) for a in passage.chain.after.axes)
        places = passage.raw.target if raw else own
        change = Math(self.teller.index.integers.entry(differential_of(passage.wrt), places))
        if label is None:
            return self.say("coefficient before", change=change)
        alone = self.alike[passage.output, passage.wrt] == 1
        key = "coefficient" if alone else "coefficient of one"
        said = self.say(key, change=change, formula=self.teller.refers(label))
        if raw and places != own:
            then = self.say("rename", of=self.teller.symbol(passage.wrt))
            return self.say("two sentences", first=said, then=then)
        return said

    # ---- derivations -----------------------------------------------------------------------------

    def derived(self, equation: Equation) -> Iterator[tuple[str | None, list[Block]]]:
        """A derivative with the steps that led to it, and before it the changes that it reads."""
        self.told.add(equation.tensor)
        into = self.into.get(equation.tensor, [])
        if self.teller.manner.calculus == "differential":
            for output in dict.fromkeys(p.output for p in into):
                if not self.is_told_by_another(output):
                    yield output, self.changes(output)
        inner = self.steps_of(equation, into)
        title = self.title(equation)
        blocks: list[Block] = [Fold(title, tuple(inner))] if title else inner
        yield self.teller.of.get(equation.tensor), blocks

    def steps_of(self, equation: Equation, into: list[Passage]) -> list[Block]:
        """The steps of one derivative, the last of them giving it as it is used."""
        teller = self.teller
        full = teller.manner.detail == "full"
        final = teller.index.formula(equation)
        blocks: list[Block] = []
        shown: str | None = None
        if not into:
            said = self.helper(equation)
            blocks.extend([Paragraph(said)] if said else [])
        for passage in into:
            more, shown = self.passed(passage, into)
            blocks.extend(more)
        for step in self.derivation.steps_of.get(equation.tensor, ()):
            if step.kind == "chain":
                continue
            if step.rule in _OF_A_PASSAGE and any(_belongs(step, p) for p in into):
                continue
            formula = teller.steps.formula(step)
            if formula.right[-1] == shown:
                continue
            if full:
                before = teller.index.formula(step.before).right
                if before[-1] != formula.right[-1]:
                    formula = Formula(formula.left, (*before, *formula.right), formula.relation)
            blocks.append(Paragraph(self.sentence(step)))
            blocks.append(Display((formula,)))
            shown = formula.right[-1] if formula.relation == "=" else None
        if shown != final.right[-1]:
            if into:
                blocks.append(Paragraph(self.say("together")))
            blocks.append(Display((final,)))
        matrix = None if equation.tensor in teller.inlined else teller.in_matrices(equation)
        return self.labelled(blocks, equation, matrix)

    def labelled(
        self, blocks: list[Block], equation: Equation, matrix: Formula | None
    ) -> list[Block]:
        """The last formula gets the derivative's label, and the matrix form behind it."""
        label = f"backward:{equation.tensor}"
        self.teller.labels[label] = None
        last = max(k for k, b in enumerate(blocks) if isinstance(b, Display))
        display = blocks[last]
        assert isinstance(display, Display)
        blocks[last] = Display(display.formulas, ("",) * (len(display.formulas) - 1) + (label,))
        blocks.extend(self.turned_round(equation))
        if matrix is not None:
            blocks.extend(self.teller.slope(equation))
            blocks.extend((Paragraph(self.say("matrix form")), Display((matrix,))))
        return [*blocks, *self.teller.with_numbers([equation])]

    def turned_round(self, equation: Equation) -> Iterator[Block]:
        """A convolution as a correlation with the kernel turned round."""
        told = readable(equation, self.derivation.table)
        kernels = [t.name for t in self.derivation.system.having("parameter")]
        terms = [turned_round(t, kernels) for t in told.terms]
        if None in terms:
            return
        turned = replace(told, terms=tuple(t for t in terms if t is not None))
        yield Paragraph(self.say("turned round"))
        yield Display((self.teller.index.formula(turned),))

    def passed(self, passage: Passage, into: list[Passage]) -> tuple[list[Block], str | None]:
        """What arrives through one equation: read off, and told for one entry.

        `into` are all passages that lead to the same derivative.
        """
        teller, several = self.teller, len(into) > 1
        axes = passage.chain.after.axes
        solved = solve_for_reading(passage.solved, axes, self.derivation.table)
        final = teller.index.formula(Equation(passage.chain.subject, axes, (solved,)))
        blocks: list[Block] = []
        if teller.manner.calculus == "kronecker":
            blocks.extend(Kronecker(teller).told(passage, into))
        else:
            blocks.append(Paragraph(self.coefficient(passage)))
        if teller.manner.detail == "full":
            blocks.extend(self.index_calculus(passage, final))
        place = self.place(passage)
        if place:
            blocks.append(Paragraph(place))
        rule = ""
        if teller.manner.detail != "full" and passage.raw.target == solved.target:
            rule = teller.steps.rule(passage.chain, passage.raw)
        right = (rule, *final.right) if rule else final.right
        blocks.append(Display((Formula(final.left, right, ADDS if several else "="),)))
        return blocks, None if several else final.right[-1]

    def index_calculus(self, passage: Passage, final: Formula) -> Iterator[Block]:
        """The chain rule as the engine applied it, where that is not yet what is told."""
        teller = self.teller
        chain = teller.steps.chain(passage.chain)
        if chain.right[-1] == final.right[-1]:
            return
        yield Display((chain,))
        if passage.raw != passage.told:
            yield Paragraph(self.say("re-express", through=teller.symbol(passage.output)))
            told = teller.index.scattered(passage.chain.subject, passage.told)
            if told.right[-1] != final.right[-1]:
                yield Display((replace(told, relation=chain.relation),))
        if passage.solved.target != passage.told.target and not self.place(passage):
            yield Paragraph(self.say("rename", of=teller.symbol(passage.wrt)))

    def place(self, passage: Passage) -> Text:
        """Which subscript was solved, where more than a letter names the place that is read."""
        axes = passage.chain.after.axes
        names, integers = self.teller.names, self.teller.index.integers
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
        listed = self.teller.words.listed
        if len(solved) < len(places):
            return self.say("place", entry=entry, places=listed(places))
        return self.say("solve place", entry=entry, places=listed(places), solved=listed(solved))

    # ---- sentences -------------------------------------------------------------------------------

    def title(self, equation: Equation) -> Text:
        """What an equation of the backward pass gives."""
        name = equation.tensor
        teller = self.teller
        if name not in teller.of:
            return ()
        of = teller.symbol(teller.of[name])
        earlier = teller.system.earlier
        if earlier is not None and name in dict(earlier.names).values():
            return self.title_along(teller.of[name], earlier)
        if name in teller.names.errors:
            return self.say("error_of", of=of)
        role = self.derivation.table[teller.of[name]].role
        return self.say("gradient_by" if role == "parameter" else "derivative_by", of=of)

    def title_along(self, of: str, earlier: Earlier) -> Text:
        """What a derivative by `of` of a derivative along a direction is."""
        first = {a: n for n, a in earlier.adjoints}
        if of in first:
            return self.say("change_of", of=self.teller.symbol(first[of]))
        if of in dict(earlier.directions):
            return self.say("product_by", of=self.teller.symbol(of))
        adjoint = dict(earlier.adjoints)[of]
        if adjoint in self.teller.names.terms:
            return self.say("change_of", of=self.teller.symbol(adjoint))
        return self.say("derivative_by", of=self.teller.symbol(of))

    def helper(self, equation: Equation) -> Text:
        """What a helper of the backward pass is for."""
        term = equation.terms[0]
        match term.body:
            case Call("where", (Compare("==", _, Read(tensor, _)), yes, _)) if yes == ONE:
                return self.say("attaining", of=self.teller.symbol(tensor))
            case _ if term.reduce == "inv":
                return self.say("inverse_used")
            case _ if term.reduce == "prod":
                of = equation.tensor.split("_", 1)[1]
                return self.say("others", of=self.teller.symbol(of))
            case _ if equation.tensor in self.teller.of:
                return ()
            case _:
                return self.say("sum_used")

    def sentence(self, step: Step) -> Text:
        """A step's rule and reason in words."""
        teller = self.teller
        before = [r.tensor for r in equation_reads(step.before)]
        after = [r.tensor for r in equation_reads(step.after)]
        new = [n for n in dict.fromkeys(after) if n not in before]
        gone = [n for n in dict.fromkeys(before) if n not in after]
        match step.rule:
            case "re-express" | "simplify" if new:
                key = "simplify through" if step.rule == "simplify" else step.rule
                return self.say(key, through=teller.symbols(new))
            case "re-express":
                return self.say("re-arrange")
            case "same value" if gone:
                read = next(r for r in after if r not in before) if new else after[0]
                return self.say(
                    "same value", name=teller.symbols(gone), original=teller.symbol(read)
                )
            case "write in" | "put in" if gone:
                name = teller.symbols(gone)
                labels = [f"backward:{n}" for n in gone if f"backward:{n}" in teller.labels]
                if not labels:
                    return self.say(step.rule, name=name)
                return self.say(f"{step.rule} by", name=name, formula=teller.refers(*labels))
            case "pull out":
                if new:
                    return self.say("pull out", sum=teller.symbols(new))
                return self.say("pull out assumed")
            case "rename":
                return self.say("rename", of=teller.symbol(teller.of[step.subject]))
            case _:
                return self.say(step.rule)


def _belongs(step: Step, passage: Passage) -> bool:
    return step.after.terms in ((passage.told,), (passage.solved,))
