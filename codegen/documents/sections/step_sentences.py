"""The words of the backward pass: titles of derivatives, the reason of each step."""

from __future__ import annotations

from dataclasses import replace

from codegen.documents.blocks import Math, Text
from codegen.documents.context import DocumentContext
from derive.ir.derivation import Step
from derive.ir.notation import Call, Compare, Equation, Read
from derive.ir.system import Earlier
from derive.ir.tree import ONE, equation_reads


def title(context: DocumentContext, equation: Equation) -> Text:
    """The title of a derivative; none where it only helps another."""
    name = equation.tensor
    if name not in context.of:
        return ()
    of = context.symbol(context.of[name])
    earlier = context.system.earlier
    if earlier is not None and name in dict(earlier.names).values():
        return _title_along(context, context.of[name], earlier)
    if name in context.names.errors:
        return context.say("error_of", of=of)
    role = context.derivation.table[context.of[name]].role
    return context.say("gradient_by" if role == "parameter" else "derivative_by", of=of)


def _title_along(context: DocumentContext, of: str, earlier: Earlier) -> Text:
    """The title of the derivative by `of` of a derivative along a direction."""
    first = {a: n for n, a in earlier.adjoints}
    if of in first:
        return context.say("change_of", of=context.symbol(first[of]))
    if of in dict(earlier.directions):
        return context.say("product_by", of=context.symbol(of))
    adjoint = dict(earlier.adjoints)[of]
    if adjoint in context.names.terms:
        return context.say("change_of", of=context.symbol(adjoint))
    return context.say("derivative_by", of=context.symbol(of))


def helper(context: DocumentContext, equation: Equation) -> Text:
    """The purpose of an equation of the backward pass that is no derivative."""
    term = equation.terms[0]
    match term.body:
        case Call("where", (Compare("==", _, Read(tensor, _)), yes, _)) if yes == ONE:
            return context.say("attaining", of=context.symbol(tensor))
        case _ if term.reduce == "inv":
            return context.say("inverse_used")
        case _ if term.reduce == "prod":
            of = equation.tensor.split("_", 1)[1]
            return context.say("others", of=context.symbol(of))
        case _ if equation.tensor in context.of:
            return ()
        case _:
            return context.say("sum_used")


def reason_of(context: DocumentContext, step: Step) -> Text:
    """A step's rule and reason in words."""
    before = [r.tensor for r in equation_reads(step.before)]
    after = [r.tensor for r in equation_reads(step.after)]
    new = [n for n in dict.fromkeys(after) if n not in before]
    gone = [n for n in dict.fromkeys(before) if n not in after]
    match step.rule:
        case "re-express" | "simplify" if new:
            key = "simplify through" if step.rule == "simplify" else step.rule
            return context.say(key, through=context.symbols(new))
        case "re-express":
            return context.say("re-arrange")
        case "same value" if gone:
            read = next(r for r in after if r not in before) if new else after[0]
            return context.say(
                "same value", name=context.symbols(gone), original=context.symbol(read)
            )
        case "write in" | "put in" if gone:
            name = context.symbols(gone)
            labels = [f"backward:{n}" for n in gone if f"backward:{n}" in context.labels]
            if not labels:
                return context.say(step.rule, name=name)
            return context.say(f"{step.rule} by", name=name, formula=context.references(*labels))
        case "pull out":
            rule = "pull out" if new else "simplify"
            return context.say(rule, sum=context.symbols(new))
        case "known sum" | "sum of 0":
            return _known_sum(context, step)
        case "rename":
            return context.say("rename", of=context.symbol(context.of[step.subject]))
        case _:
            return context.say(step.rule)


def _known_sum(context: DocumentContext, step: Step) -> Text:
    """What gives the value of a sum: assumptions, or the equations of other sums over the same."""
    assumed = [a for a in context.system.assumptions if a.text in step.under]
    if assumed:
        formulas = [Math(context.assumed(a)) for a in assumed]
        return context.say("known sum assumed", formula=context.words.listed(formulas))
    gone = tuple(t for t in step.before.terms if t not in step.after.terms)
    read = {r.tensor for r in equation_reads(replace(step.before, terms=gone))}
    sums = [e for e in context.derivation.forward if e.tensor in read and e.terms[0].reduced]
    labels = [f"forward:{e.tensor}" for e in sums if {r.tensor for r in equation_reads(e)} <= read]
    references = context.references(*labels)
    # formulas of repeated layers are told once, so none of these may stand in the document
    if not references:
        return context.say(step.rule)
    return context.say(f"{step.rule} by", formula=references)
