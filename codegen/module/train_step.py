"""The procedures that train: `init_state` and `train_step`, from the optimiser's equations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from codegen.module.context import PARAMS, RNG, STATE, TRAINING, Context, arguments, variables
from codegen.module.curvature import curvature_update
from codegen.module.partition import moved
from codegen.program.operands import Call, Hyperparameters, Literal, Memory, Operand, Own, Table
from codegen.program.procedures import (
    EVERY,
    Argument,
    Compute,
    EachParameter,
    Group,
    Instruction,
    Overall,
    Procedure,
    Return,
    Unpack,
    Update,
)
from derive.calculus.optimizer_updates import (
    FACTOR,
    GRADIENT,
    PARAMETER,
    Rule,
    equation_of,
    letters_of,
    rule_names,
    rules_for,
    rules_of,
)
from derive.ir.names import current_of, next_of
from derive.ir.notation import Add, Dim, Equation, Expr, Index, Read, Tensor, affine
from derive.ir.tree import add, equation_reads, walk

_MOVED = next_of(PARAMETER)


@dataclass(frozen=True)
class _Rules:
    """The rules of the parameters that are moved alike: those with `rank` axes, None for others."""

    rank: int | None
    rules: tuple[Rule, ...]

    @property
    def kept(self) -> tuple[str, ...]:
        """What is remembered of each of these parameters."""
        return tuple(r.remembers for r in self.rules if r.remembers and r.each)


def training_procedures(context: Context) -> list[Procedure]:
    """`init_state` and `train_step`."""
    derivation = context.derivation
    hyper = derivation.system.training.optimizer.hyperparameters
    if derivation.curvature:
        body, places = curvature_update(context)
        state: list[tuple[str, Operand]] = []
    else:
        body, state = _updated(context)
        places = {}
    what = "hyper-parameters, and its memory of each parameter"
    what = what if state else "nothing but its hyper-parameters"
    table = Table(tuple(state), (Hyperparameters(),) if hyper else ())
    moves = [Update("params", "buffers")] if derivation.system.updates else []
    return [
        Procedure(
            "init_state",
            arguments([PARAMS]),
            (f"The optimiser's state: {what}.",),
            (Return((table,)),),
        ),
        Procedure(
            "train_step",
            (
                *arguments([PARAMS, STATE], variables(context.data)),
                Argument(RNG, Literal(None)),
            ),
            ("One update of the parameters, in place; returns the loss before it.",),
            (_differentiation(context), *body, *moves, Return((Own("value"),))),
            places=tuple(places.items()),
        ),
    ]


def _differentiation(context: Context) -> Call:
    """The first instruction of `train_step`: all that one step needs."""
    given: tuple[Operand, ...] = (PARAMS, *variables(context.data))
    results = (Own("value"), Own("gradient"))
    if context.plan.moves:
        inner = tuple(Literal(True) if f == TRAINING else f for f in context.flags)
        asked = (*given, Literal(False), *inner)
        return Call("_differentiate", asked, (*results, Own("buffers")))
    named = tuple((f.name, Literal(True) if f == TRAINING else f) for f in context.flags)
    return Call("gradients", given, results, named)


def _updated(context: Context) -> tuple[list[Instruction], list[tuple[str, Operand]]]:
    """What is done to each parameter, and what the state holds at first beside numbers."""
    training, table = context.system.training, context.system.table
    names = moved(context.derivation)
    rules = rules_of(training.optimizer.update_text) if names else ()
    groups = _groups(rules, [len(table[name].shape) for name in names])
    rules = tuple(r for r in rules if any(r in group.rules for group in groups))
    kept = list(dict.fromkeys(r.remembers for r in rules if r.remembers))
    alone = [r.remembers for r in rules if r.remembers and not r.each]
    state: list[tuple[str, Operand]] = [
        (s, Literal(int(s.startswith(FACTOR))) if s in alone else _memory(s, groups)) for s in kept
    ]
    if not rules:
        return [], state
    used = {n for r in rules for n in rule_names(r.right)}
    rows = [*(n for n, _ in training.optimizer.hyperparameters if n in used), *alone]
    body: list[Instruction] = [Unpack("state", tuple((n, n) for n in rows))] if rows else []
    body += [_overall(r) for r in rules if not r.each]
    body.append(EachParameter(PARAMETER, GRADIENT, tuple(_group(g) for g in groups)))
    return body, state


def _groups(rules: Sequence[Rule], ranks: Sequence[int]) -> list[_Rules]:
    """Parameters with so many axes: those that have rules of their own, and the others."""
    special = sorted({r.rank for r in rules if r.rank is not None} & set(ranks))
    groups = [_Rules(k, rules_for(rules, k)) for k in special]
    others = [k for k in ranks if k not in special]
    return [*groups, _Rules(None, rules_for(rules, others[0]))] if others else groups


def _memory(name: str, groups: Sequence[_Rules]) -> Memory:
    """Zeros for each parameter of which something is kept."""
    ranks = [g.rank for g in groups if name in g.kept]
    without = tuple(g.rank for g in groups if name not in g.kept and g.rank is not None)
    if None in ranks:
        return Memory(other_than=without)
    every = len(ranks) == len(groups)
    return Memory() if every else Memory(ranks=tuple(k for k in ranks if k is not None))


def _overall(rule: Rule) -> Overall:
    """What there is once for all parameters."""
    equation = equation_of(rule, {rule.tensor: rule.tensor}, (EVERY,), {})
    return Overall(
        (_computed(equation, rule.text),),
        rule.tensor,
        rule.sums == "parameters",
        bool(rule.remembers),
    )


def _group(group: _Rules) -> Group:
    """What is done to one parameter."""
    rules = [r for r in group.rules if r.each]
    sizes = _sizes(group)
    shape = tuple(affine(Dim(n)) for n in sizes)
    equations = [
        equation_of(r, {r.tensor: r.tensor}, (EVERY,), within)
        for r, within in zip(rules, letters_of(rules, shape), strict=True)
    ]
    read = {n for r in rules for n in rule_names(r.right)}
    # a parameter that is only moved by something needs no name of its own
    whole = any(
        PARAMETER in rule_names(r.right)
        for r, e in zip(rules, equations, strict=True)
        if r.tensor != _MOVED or not _adds(e)
    )
    own = (PARAMETER,) if whole else ()
    counted = any(isinstance(n, Index) for e in equations for t in e.terms for n in walk(t.body))
    return Group(
        group.rank,
        (*own, *(s for s in group.kept if s in read)),
        (*own, *group.kept),
        sizes if counted else (),
        whole,
        tuple(_computed(e, r.text) for e, r in zip(equations, rules, strict=True)),
    )


def _sizes(group: _Rules) -> tuple[str, ...]:
    """The names of a parameter's extents, where its rules have letters."""
    names = (
        ("rows", "columns")
        if group.rank == 2
        else tuple(f"size{k}" for k in range(group.rank or 0))
    )
    taken = {n for r in group.rules for n in (_local(r.tensor), *rule_names(r.right))}
    return tuple(f"{n}_" if n in taken else n for n in names)


def _local(tensor: str) -> str:
    return current_of(tensor)


def _adds(equation: Equation) -> bool:
    """Whether a rule adds something to the parameter, and reads it nowhere else."""
    (term, *others) = equation.terms
    own = Read(PARAMETER, tuple(affine(a) for a in equation.axes))
    return (
        equation.tensor == _MOVED
        and not others
        and isinstance(term.body, Add)
        and term.body.args[0] == own
        and all(own not in _leaves(a) for a in term.body.args[1:])
    )


def _leaves(expr: Expr) -> set[Read]:
    return {n for n in walk(expr) if isinstance(n, Read)}


def _computed(equation: Equation, text: str) -> Compute:
    """A rule for one parameter; where it adds to it, what it adds."""
    adds = _adds(equation)
    if adds:
        (term,) = equation.terms
        assert isinstance(term.body, Add)
        equation = replace(equation, terms=(replace(term, body=add(*term.body.args[1:])),))
    return Compute((equation,), adds=adds, note=text, tensors=_tensors(equation))


def _tensors(equation: Equation) -> tuple[Tensor, ...]:
    """The tensors of one equation; numbers are constants, so that they have no dtype."""
    shape = tuple(a.extent for a in equation.axes)
    result = {equation.tensor: Tensor(equation.tensor, shape, "parameter")}
    for read in equation_reads(equation):
        shape = tuple(s.axis.extent for s in read.subscripts if s.axis is not None)
        result[read.tensor] = Tensor(read.tensor, shape, "parameter" if shape else "constant")
    return tuple(result.values())
