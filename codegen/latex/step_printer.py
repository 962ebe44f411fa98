r"""The engine's steps as formulas: the chain rule written out, and both sides of an equality."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from codegen.latex.box import beside, fraction
from codegen.latex.formula import Formula
from codegen.latex.index_printer import IndexPrinter
from derive.algebra.index_rules import elementwise
from derive.ir.derivation import Derivation, Step
from derive.ir.names import adjoint_of
from derive.ir.notation import Affine, Call, Equation, Expr, Read, Reduction, Term, affine
from derive.ir.tree import ONE, add, affine_axes, mul, reads

ADDS = r"\mathrel{+}="
_FUNCTION_NAMES = "fgh"
_OF_ONE_CONTRIBUTION = ("re-express", "rename", "solve subscript")


class StepPrinter:
    """Prints the steps of one derivation, in index notation."""

    def __init__(self, derivation: Derivation, index: IndexPrinter) -> None:
        self.derivation = derivation
        self.index = index
        self.names = index.names
        chains = [s for s in derivation.steps if s.kind == "chain"]
        self.several = {s for s, n in Counter(s.subject for s in chains).items() if n > 1}
        self.reads = Counter((s.subject, s.before.tensor) for s in chains)
        self.equations = {e.tensor: e for e in (*derivation.backward, *derivation.inlined)}

    def formula(self, step: Step) -> Formula:
        """The formula of a step; the chain rule's has the rule written out in the middle."""
        if step.kind == "chain":
            return self.chain(step)
        formula = self.index.formula(step.after)
        alone = step.subject not in self.several or step.rule not in _OF_ONE_CONTRIBUTION
        return formula if alone else replace(formula, relation=ADDS)

    def chain(self, step: Step) -> Formula:
        """The derivative by what an equation reads, through the equation's own."""
        term = step.after.terms[0]
        formula = self.index.scattered(step.subject, term)
        if term.plain and step.subject not in self.several:
            formula = replace(formula, relation="=")
        rule = self.rule(step, term)
        return replace(formula, right=(rule, *formula.right)) if rule else formula

    def rule(self, step: Step, term: Term, whole: bool = False) -> str:
        r"""$\sum_{n} \delta_{ni}\, \partial z_{ni}/\partial W_{ij}$; nothing for the objective.

        Nothing either where the equation reads the tensor twice, each step being but a part, unless
        what stands beside it is the `whole` of them.
        """
        output = step.before.tensor
        if output == self.derivation.objective and not step.before.axes:
            return ""
        if self.reads[step.subject, output] > 1 and not whole:
            return ""
        place = self.read_at(step, term)
        if place is None:
            return ""
        kept = {a for s in term.target for a in affine_axes(s)}
        outer = {a for s in place for a in affine_axes(s)}
        run = tuple(a for a in term.domain if a in outer and a not in kept)
        upstream = self.index.integers.read(self.upstream(output), place)
        over = self.index.integers.entry(output, place)
        under = self.index.integers.entry(step.wrt, term.target)
        local = fraction(rf"\partial {over}", rf"\partial {under}")
        text = beside([upstream, local]).text
        if not run:
            return text
        letters = ",".join(self.names.letter(a) for a in run)
        return rf"\sum_{{{letters}}} {text}"

    def upstream(self, output: str) -> str:
        """The name of the derivative by an equation's own tensor."""
        result = self.derivation.adjoint.get(output)
        return result if result is not None else adjoint_of(output)

    def read_at(self, step: Step, term: Term) -> tuple[Affine, ...] | None:
        """The place of the equation's tensor where it reads what the derivative is by."""
        wanted = Read(step.wrt, term.target)
        for candidate in step.before.terms:
            if wanted in reads(candidate.body):
                return candidate.target
        return None

    # ---- the textbook's form -----------------------------------------------------------------

    def textbook(self, equation: Equation) -> Equation | None:
        """An error term with the activation's derivative as $f'(z)$, not worked out."""
        steps = self.derivation.steps_of.get(equation.tensor, ())
        chains = [s for s in steps if s.kind == "chain"]
        if len(chains) != 1:
            return None
        before, after = chains[0].before, chains[0].after.terms[0]
        if len(before.terms) > 1 or not elementwise(before):
            return None
        body = before.terms[0].body
        place = tuple(affine(a) for a in equation.axes)
        read = Read(chains[0].wrt, after.target)
        if isinstance(body, Read) or after.target != place or before.axes != equation.axes:
            return None
        if any(r != read for r in reads(body)):
            return None
        slope = Call(f"{self.function(body, read)}'", (read,))
        value = self.value(before)
        if value is None:
            return None
        target = tuple(affine(a) for a in equation.axes)
        if isinstance(value, Term):
            term = replace(value, body=mul(value.body, slope))
        else:
            term = Term(target, equation.axes, "sum", mul(value, slope))
        return replace(equation, terms=(term,))

    def value(self, output: Equation) -> Term | Expr | None:
        """The derivative by a tensor: written out where it was written into its only use."""
        name = self.derivation.adjoint.get(output.tensor)
        if name is None:
            return ONE if output.tensor == self.derivation.objective else None
        place = tuple(affine(a) for a in output.axes)
        inlined = next((e for e in self.derivation.inlined if e.tensor == name), None)
        if inlined is None or inlined.axes != output.axes:
            return Read(name, place)
        if not all(t.plain and t.target == place and t.reduce == "sum" for t in inlined.terms):
            return Read(name, place)
        if len(inlined.terms) == 1:
            return inlined.terms[0]
        return add(
            *(Reduction("sum", t.reduced, t.body) if t.reduced else t.body for t in inlined.terms)
        )

    def function(self, body: Expr, read: Read) -> str:
        """The activation's name; f where it has none."""
        match body:
            case Call(function, (one,)) if one == read and function in self.index.functions:
                return function
            case _:
                occupied = self.names.occupied
                return next((f for f in _FUNCTION_NAMES if f not in occupied), "f")
