"""The total differential, read from the engine's own trace: `dz = sum_j dW x + W dx + db`.

Nothing is differentiated here. The chain steps of a derivation hold what each read of an equation
passes on; with the change of what is read in the place of the derivative that comes in, the same
terms are the equation's differential: `sum dY * (change of Y) = sum (coefficient of dX) * dX`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from derive.algebra.readable import solve_for_reading
from derive.ir.derivation import Derivation, Step
from derive.ir.names import adjoint_of
from derive.ir.notation import (
    Axis,
    Call,
    Equation,
    Expr,
    Mul,
    Read,
    Reduction,
    Tensor,
    Term,
    affine,
    domain_of,
)
from derive.ir.tree import ONE, add, factors, mul, reads, transform


@dataclass(frozen=True)
class Passage:
    """How a change of one read passes through one equation: the steps, from first to last form.

    `source` is the equation's term that does the reading, `raw` what the rule gave, `restated` the
    same through the equation's own output, `solved` with one entry on the left where there is such
    a form.
    """

    chain: Step
    source: Term
    raw: Term
    restated: Term
    solved: Term

    @property
    def output(self) -> str:
        """The tensor of the equation."""
        return self.chain.before.tensor

    @property
    def wrt(self) -> str:
        """The tensor that is read."""
        return self.chain.wrt


def differential_of(name: str) -> str:
    """The name of the differential of a tensor, by which printers know it."""
    return f"d({name})"


def passages(derivation: Derivation) -> tuple[Passage, ...]:
    """Every passage of a derivation, in the order in which the engine went."""
    return tuple(_passages(derivation.steps))


def _passages(steps: Iterable[Step]) -> Iterator[Passage]:
    result: Passage | None = None
    equation: Equation | None = None
    for step in steps:
        if step.kind == "chain":
            if result is not None:
                yield result
            if step.before is not equation:
                equation, readers = step.before, _readers(step.before)
            term = step.after.terms[0]
            source = readers[term.domain, Read(step.wrt, term.target)]
            result = Passage(step, source, term, term, term)
        elif result is not None and step.subject == result.chain.subject:
            after = step.after.terms[0]
            if step.rule == "re-express" and result.restated == result.raw == result.solved:
                result = replace(result, restated=after, solved=after)
            elif step.rule in ("rename", "solve subscript"):
                result = replace(result, solved=after)
                yield result
                result = None
            else:
                yield result
                result = None
        elif result is not None:
            yield result
            result = None
    if result is not None:
        yield result


def _readers(equation: Equation) -> Mapping[tuple[tuple[Axis, ...], Read], Term]:
    """The first term over a domain that does a read."""
    result: dict[tuple[tuple[Axis, ...], Read], Term] = {}
    for term in equation.terms:
        for read in reads(term.body):
            result.setdefault((term.domain, read), term)
    return result


def upstream_of(derivation: Derivation, output: str) -> str | None:
    """The name of the derivative by an equation's tensor; None where that is the number 1."""
    if output == derivation.objective and not derivation.table[output].shape:
        return None
    return derivation.adjoint.get(output, adjoint_of(output))


def total_differential(
    derivation: Derivation, through: Iterable[Passage], raw: bool = False
) -> Equation:
    """The differential of an equation's tensor by all that changes: one equation's passages.

    `raw` is as the rule gave it, before any derivative was written by the output.
    """
    through = tuple(through)
    equation = through[0].chain.before
    incoming = upstream_of(derivation, equation.tensor)
    bodies: dict[tuple[object, ...], list[Expr]] = {}
    sources: dict[tuple[object, ...], Term] = {}
    for passage in through:
        source = passage.source
        body = _changed(replace(passage, restated=passage.raw) if raw else passage, incoming)
        key = (source.target, source.domain)
        bodies.setdefault(key, []).append(body)
        sources.setdefault(key, source)
    terms = tuple(
        Term(source.target, source.domain, "sum", add(*bodies[key]))
        for key, source in sources.items()
    )
    return Equation(differential_of(equation.tensor), equation.axes, terms)


def collected(derivation: Derivation, through: Iterable[Passage]) -> Equation:
    """What an equation's change brings to the objective, sorted by what changes."""
    coefficients: dict[tuple[Read, tuple[Axis, ...]], list[Expr]] = {}
    for passage in through:
        term = solve_for_reading(passage.solved, passage.chain.after.axes, derivation.table)
        change = Read(differential_of(passage.wrt), term.target)
        outer, body = term.domain, term.body
        if term.plain:
            outer = tuple(a for s in term.target if (a := s.axis) is not None)
            body = Reduction("sum", term.reduced, body) if term.reduced else body
        coefficients.setdefault((change, outer), []).append(body)
    terms = tuple(
        Term((), outer, "sum", mul(add(*bodies), change))
        for (change, outer), bodies in coefficients.items()
    )
    return Equation(differential_of(derivation.objective), (), terms)


def arriving(derivation: Derivation, equation: Equation) -> Equation | None:
    """`dE = sum dY * (change of Y)`; None where Y is the objective itself."""
    incoming = upstream_of(derivation, equation.tensor)
    if incoming is None:
        return None
    places = tuple(affine(a) for a in equation.axes)
    body = mul(Read(incoming, places), Read(differential_of(equation.tensor), places))
    term = Term((), domain_of(equation.axes), "sum", body)
    return Equation(differential_of(derivation.objective), (), (term,))


def with_differentials(derivation: Derivation) -> Mapping[str, Tensor]:
    """The derivation's tensors and their differentials, by name."""
    changes = {
        differential_of(t.name): replace(t, name=differential_of(t.name), role="differential")
        for t in derivation.tensors
    }
    return {**derivation.table, **changes}


def _changed(passage: Passage, incoming: str | None) -> Expr:
    """What a change of one read changes: the change stands where the author wrote the read."""
    read = Read(passage.wrt, passage.raw.target)
    change = Read(differential_of(passage.wrt), passage.raw.target)
    source, body = passage.source, passage.source.body
    if passage.restated == passage.raw and source.reduce == "sum":
        if body == read:
            return change
        if isinstance(body, Mul) and [set(reads(a)) for a in body.args].count({read}) == 1:
            others = [a for a in body.args if a != read]
            if len(others) + 1 == len(body.args) and not any(read in set(reads(a)) for a in others):
                return Mul(tuple(change if a == read else a for a in body.args))
    local = _without(incoming, passage.restated.body)
    if source.reduce == "inv":
        # between the two inverses
        *before, last = factors(local)
        return mul(*before, change, last)
    return _times(local, change)


def slope(derivation: Derivation, passage: Passage) -> Expr:
    """The local derivative alone, without what comes in from the equation's own tensor."""
    return _without(upstream_of(derivation, passage.output), passage.restated.body)


def _without(incoming: str | None, body: Expr) -> Expr:
    def change(node: Expr) -> Expr | None:
        return ONE if isinstance(node, Read) and node.tensor == incoming else None

    return body if incoming is None else transform(body, change)


def _times(local: Expr, change: Read) -> Expr:
    """A local derivative times a change, pushed into branches."""
    match local:
        case Call("where", (condition, yes, no)):
            return Call("where", (condition, _times(yes, change), _times(no, change)))
        case _:
            return mul(local, change)
