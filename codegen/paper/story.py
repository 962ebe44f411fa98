"""The parts of a document, from a derivation: what is said, in what order, with which formulas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from codegen.latex.matrix import MatrixPrinter
from codegen.latex.names import Names
from codegen.latex.steps import StepPrinter
from codegen.latex.subscripts import Formula, IndexPrinter
from codegen.paper.model import (
    Block,
    Bullets,
    Display,
    Document,
    Math,
    Paragraph,
    Section,
    Text,
)
from codegen.paper.notation import conventions, inline, tensor_table
from codegen.paper.words import WORDS, listed, say
from derive.notation import Call, Compare, Derivation, Equation, Expr, Read, Step
from derive.tree import ONE, equation_reads, walk


class Story:
    """Everything that a document of one derivation says."""

    def __init__(self, derivation: Derivation, notation: str, detail: str) -> None:
        self.derivation = derivation
        self.system = derivation.system
        self.notation = notation
        self.detail = detail
        self.names = Names(derivation)
        self.index = IndexPrinter(self.names, derivation.table, WORDS["otherwise"])
        batch = frozenset([self.system.batch] if self.system.batch else ())
        self.matrix = MatrixPrinter(self.index, batch)
        self.steps = StepPrinter(derivation, self.index)
        self.layer_of = {t: layer for layer in self.system.layers for t in layer.tensors}
        self.of = {a: t for t, a in derivation.adjoints}
        self.inlined = {e.tensor: e for e in derivation.inlined}
        self.told: set[str] = set()

    def document(self) -> Document:
        """The whole document."""
        body = [*self.forward(), *self.backward(), *self.updates()]
        remarks = self.remarks()
        formulas = [f for s in body for b in s.blocks if isinstance(b, Display) for f in b.formulas]
        blocks: list[Block] = [tensor_table(self.derivation, self.names, self.index)]
        items = conventions(self.derivation, self.index, formulas)
        blocks.extend([Bullets(items)] if items else [])
        notation = Section(say("notation"), tuple(blocks))
        return Document(say("title", name=self.system.name), (notation, *body, *remarks))

    # ---- sections --------------------------------------------------------------------------------

    def forward(self) -> Iterator[Section]:
        """The equations layer by layer, then those of the objective."""
        ahead = [e for e in self.derivation.forward if not self.is_objective(e)]
        last = [e for e in self.derivation.forward if self.is_objective(e)]
        runs = groupby(ahead, key=lambda e: self.layer_title(e.tensor))
        parts = [(title, self.plainly(run)) for title, run in runs]
        if parts:
            yield from _by_layer("forward", parts)
        blocks = self.plainly(last)
        blocks.extend(
            Paragraph(say("assumption", formula=Math(self.assumption(k))))
            for k in range(len(self.system.assumptions))
        )
        if blocks:
            yield Section(say("objective"), tuple(blocks))

    def is_objective(self, equation: Equation) -> bool:
        """Whether an equation belongs to the objective rather than to the forward pass."""
        if self.system.layers:
            return equation.tensor not in self.layer_of
        return equation.tensor == self.derivation.objective

    def backward(self) -> Iterator[Section]:
        """Each derivative in the engine's order, with what was written into it before it."""
        parts: list[tuple[Text, list[Block]]] = []
        title: Text = ()
        for equation in self.derivation.backward:
            of = self.of.get(equation.tensor)
            blocks: list[Block] = []
            if self.detail == "result":
                blocks.extend(self.result(equation))
            else:
                for before in self.written_into(equation):
                    blocks.extend(self.derived(before))
                blocks.extend(self.derived(equation))
            # a helper belongs to what it helps
            title = self.layer_title(of) if of is not None else title
            parts.append((title, blocks))
        if not parts:
            yield Section(say("backward"), (Paragraph(say("nothing_backward")),))
        else:
            yield from _by_layer("backward", parts)

    def updates(self) -> Iterator[Section]:
        """The optimiser's equations, and the system's own."""
        equations = (*self.system.updates, *self.derivation.updates)
        if equations:
            remembers = any(t.role == "state" for t in self.derivation.tensors)
            order = (Paragraph(say("order")),) if remembers else ()
            yield Section(say("updates"), (*order, *self.plainly(equations)))

    def remarks(self) -> list[Section]:
        """Warnings and sources."""
        blocks: list[Block] = [
            Paragraph(say("warning", warning=w)) for w in self.derivation.warnings
        ]
        if self.system.sources:
            blocks.append(Paragraph(say("sources", sources="; ".join(self.system.sources))))
        return [Section(say("remarks"), tuple(blocks))] if blocks else []

    def layer_title(self, tensor: str) -> Text:
        """The layer that a tensor belongs to, or what it belongs to where that is none."""
        if not self.system.layers:
            return ()
        layer = self.layer_of.get(tensor)
        if layer is None:
            role = self.derivation.table[tensor].role
            return say("inputs" if role == "input" else "objective")
        if layer.activation in ("", "identity"):
            return say("layer", name=layer.name, type=layer.type)
        return say("layer_with", name=layer.name, type=layer.type, activation=layer.activation)

    def assumption(self, k: int) -> str:
        """What is assumed, as a formula."""
        assumption = self.system.assumptions[k]
        left = self.index.right(assumption.left.terms).text
        return Formula(left, (self.index.box(assumption.right).text,)).latex()

    # ---- formulas --------------------------------------------------------------------------------

    def plainly(self, equations: Iterable[Equation]) -> list[Block]:
        """Equations in the notation that was asked for."""
        equations = list(equations)
        formulas = self.both(
            [self.index.formula(e) for e in equations], [self.matrix.formula(e) for e in equations]
        )
        return [Display(formulas)] if formulas else []

    def both(
        self, plain: Sequence[Formula], matrices: Sequence[Formula | None]
    ) -> tuple[Formula, ...]:
        """Formulas with subscripts, in matrices, or the one after the other."""
        if self.notation == "index":
            return tuple(plain)
        if self.notation == "matrix":
            return tuple(m or p for m, p in zip(matrices, plain, strict=True))
        return (*plain, *(m for m in matrices if m))

    def result(self, equation: Equation) -> list[Block]:
        """A derivative alone, an error term with the activation's derivative as such first."""
        generic = self.steps.textbook(equation)
        shown = self.index.formula(equation)
        if generic:
            shown = _chained(self.index.formula(generic), shown)
        found = self.both([shown], [self.in_matrices(equation)])
        return [*self.slope(equation), Display(found)]

    def in_matrices(self, equation: Equation) -> Formula | None:
        """A derivative in matrices, an error term with the activation's derivative first."""
        shown = self.matrix.formula(equation)
        generic = self.steps.textbook(equation)
        first = self.matrix.formula(generic) if generic else None
        return _chained(first, shown) if first and shown else shown

    def slope(self, equation: Equation) -> list[Block]:
        """What f is, where the activation has no name of its own."""
        generic = self.steps.textbook(equation)
        if generic is None:
            return []
        slope = next(
            (
                c
                for t in generic.terms
                for c in _calls(t.body)
                if c.function.endswith("'") and len(c.function) == 2
            ),
            None,
        )
        if slope is None:
            return []
        step = next(s for s in self.derivation.steps if s.subject == equation.tensor)
        forward = self.index.left(step.before)
        inner = self.index.box(slope.args[0]).text
        name = slope.function
        return [
            Paragraph(
                say(
                    "slope_is",
                    slope=Math(name),
                    function=Math(name[:-1]),
                    forward=Math(f"{forward} = {name[:-1]}({inner})"),
                )
            )
        ]

    # ---- derivations -----------------------------------------------------------------------------

    def written_into(self, equation: Equation) -> Iterator[Equation]:
        """The derivatives that were written into this one, each before it is needed, told once."""
        for step in self.derivation.steps:
            if step.subject != equation.tensor or step.rule not in (
                "write in",
                "put in",
                "same value",
            ):
                continue
            before = {r.tensor for r in equation_reads(step.before)}
            after = {r.tensor for r in equation_reads(step.after)}
            for name in sorted(before - after):
                inner = self.inlined.get(name)
                if inner is not None and name not in self.told:
                    self.told.add(name)
                    yield from self.written_into(inner)
                    yield inner

    def derived(self, equation: Equation) -> list[Block]:
        """A derivative with the steps that led to it."""
        self.told.add(equation.tensor)
        steps = [s for s in self.derivation.steps if s.subject == equation.tensor]
        final = self.index.formula(equation)
        title = self.title(equation)
        blocks: list[Block] = []
        shown: str | None = None
        if not steps:
            blocks = [Paragraph(self.helper(equation), title), Display((final,))]
            shown = final.right[-1]
        for step in steps:
            formula = self.steps.formula(step)
            if step.kind == "equality" and formula.right[-1] == shown:
                continue
            if step.kind == "equality" and self.detail == "full":
                before = self.index.formula(step.before).right
                formula = Formula(formula.left, (*before, *formula.right), formula.relation)
            blocks.append(Paragraph(self.sentence(step), title if step is steps[0] else ()))
            blocks.append(Display((formula,)))
            shown = formula.right[-1] if formula.relation == "=" else None
        if shown != final.right[-1]:
            same = bool(steps) and self.index.formula(steps[-1].after).right[-1] == final.right[-1]
            said = say("arranged" if same else "together")
            blocks.extend((Paragraph(said), Display((final,))))
        matrix = self.in_matrices(equation) if self.notation != "index" else None
        if matrix and equation.tensor not in self.inlined:
            blocks.extend((*self.slope(equation), Display((matrix,))))
        return blocks

    def symbol(self, name: str) -> Math:
        """A tensor within a line of text."""
        return Math(inline(str(self.names[name])))

    def title(self, equation: Equation) -> Text:
        """What an equation of the backward pass gives."""
        name = equation.tensor
        if name not in self.of:
            return ()
        of = self.symbol(self.of[name])
        if name in self.names.errors:
            return say("error_of", of=of)
        role = self.derivation.table[self.of[name]].role
        return say("gradient_by" if role == "parameter" else "derivative_by", of=of)

    def helper(self, equation: Equation) -> Text:
        """What a helper of the backward pass is for."""
        term = equation.terms[0]
        match term.body:
            case Call("where", (Compare("==", _, Read(tensor, _)), yes, _)) if yes == ONE:
                return say("attaining", of=self.symbol(tensor))
            case _ if term.reduce == "prod":
                return say("others", of=self.symbol(equation.tensor.split("_", 1)[1]))
            case _ if equation.tensor in self.of:
                return ()
            case _:
                return say("sum_used")

    def sentence(self, step: Step) -> Text:
        """A step's rule and reason in words."""
        before = [r.tensor for r in equation_reads(step.before)]
        after = [r.tensor for r in equation_reads(step.after)]
        new = [self.symbol(n) for n in dict.fromkeys(after) if n not in before]
        gone = [self.symbol(n) for n in dict.fromkeys(before) if n not in after]
        match step.rule:
            case "total differential":
                wrt, output = (self.symbol(n) for n in (step.wrt, step.before.tensor))
                objective = Math(str(self.names.objective))
                if step.before.tensor == self.derivation.objective:
                    return say("directly", wrt=wrt, objective=output)
                if step.before.tensor == step.wrt:
                    return say("through itself", wrt=wrt, objective=objective)
                return say(step.rule, wrt=wrt, output=output, objective=objective)
            case "re-express" | "simplify" if new:
                key = "simplify through" if step.rule == "simplify" else step.rule
                return say(key, through=listed(new))
            case "re-express":
                return say("re-arrange")
            case "same value" if gone:
                read = next(r for r in after if r not in before) if new else after[0]
                return say("same value", name=listed(gone), original=self.symbol(read))
            case "write in" | "put in" if gone:
                return say(step.rule, name=listed(gone))
            case "pull out":
                return say("pull out", sum=listed(new)) if new else say("pull out assumed")
            case "rename":
                return say("rename", of=self.symbol(self.of[step.subject]))
            case "solve subscript" | "collect" | "simplify":
                return say(step.rule)
            case _:
                return (f"{step.reason[:1].upper()}{step.reason[1:]}.",)


def _by_layer(title: str, parts: Sequence[tuple[Text, Sequence[Block]]]) -> Iterator[Section]:
    """A section, and one below it for each run of blocks that belong to one layer."""
    groups = [
        (name, _together(b for _, blocks in run for b in blocks))
        for name, run in groupby(parts, key=lambda part: part[0])
    ]
    first = groups.pop(0)[1] if not groups[0][0] else ()
    yield Section(say(title), first)
    for name, blocks in groups:
        yield Section(name, blocks, level=2)


def _together(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Displays that follow each other as one."""
    found: list[Block] = []
    for block in blocks:
        if isinstance(block, Display) and found and isinstance(found[-1], Display):
            found[-1] = Display((*found[-1].formulas, *block.formulas))
        else:
            found.append(block)
    return tuple(found)


def _chained(first: Formula, then: Formula) -> Formula:
    if first.right == then.right:
        return then
    return Formula(then.left, (*first.right, *then.right), then.relation)


def _calls(body: Expr) -> Iterator[Call]:
    yield from (n for n in walk(body) if isinstance(n, Call))
