"""The optimiser's equations, written out for each parameter.

An optimiser is equations over `w` (a parameter), `g` (its gradient) and hyper-parameters, such as
`next(w)[...] = w[...] - learning_rate*g[...]`. What it remembers of each parameter is `m[...]`
beside `next(m)[...]`, what it remembers as a whole `k` beside `next(k)`; both may be read on the
right, as they were and as they will be. All that is remembered begins at 0, a `factor` at 1.
Other names are values on the way. A sum stands alone on its right side: `sum(..., w[...]**2)` over
a parameter's entries, `sum(w, ..., g[...]**2)` over those of all parameters.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from derive.grammar import read_equations
from derive.notation import (
    Axis,
    Call,
    Compare,
    Constant,
    Equation,
    Expr,
    Logic,
    Read,
    System,
    Tensor,
    Term,
    affine,
)
from derive.syntax import CONSTANTS, Fn, Name, Num, Op, Red, Ref, Syntax, Written
from derive.tree import add, divide, mul, negative, number, power

PARAMETER, GRADIENT = "w", "g"
FACTOR = "factor"  # what is remembered under a name that begins so begins at 1, all else at 0
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


@dataclass(frozen=True)
class Rule:
    """One equation of an optimiser.

    `tensor` is what it gives, `next(m)` for what `m` will be. `each`: there is one for every
    parameter, else one for all. `entrywise`: it has an entry for each entry of the parameter.
    `sums` is "" or what a sum runs over: "entries" or "parameters".
    """

    tensor: str
    right: Syntax
    text: str
    each: bool
    entrywise: bool
    sums: str

    @property
    def remembers(self) -> str:
        """The state whose next value this is, or nothing."""
        moved = self.tensor.startswith("next(") and self.tensor != f"next({PARAMETER})"
        return self.tensor[5:-1] if moved else ""


def rules_of(lines: Sequence[str]) -> tuple[Rule, ...]:
    """The equations of an optimiser, in the order in which they are worked out."""
    problems: list[str] = []
    written = [read_equations(line, "optimizer", problems)[0] for line in lines]
    assert not problems, problems
    own = {PARAMETER, GRADIENT, f"next({PARAMETER})"}
    own |= {_name(e) for e in written if e.letters}
    own |= {e.tensor for e in written if e.letters}
    found: list[Rule] = []
    for equation in written:
        right, sums = equation.right, ""
        if isinstance(right, Red):
            over_all = any(isinstance(x, Name) for x in right.letters)
            right, sums = right.body, "parameters" if over_all else "entries"
        each = sums != "parameters" and bool(set(_names(right)) & own)
        if each:
            own.add(_name(equation))
        found.append(
            Rule(_name(equation), right, equation.text, each, bool(equation.letters), sums)
        )
    return tuple(found)


def _name(equation: Written) -> str:
    return f"next({equation.tensor})" if equation.is_next else equation.tensor


def _names(node: Syntax) -> Iterator[str]:
    match node:
        case Name(name=name):
            yield name
        case Ref(name=name):
            yield name
        case Op(args=args) | Fn(args=args):
            for part in args:
                yield from _names(part)
        case _:
            pass


def updates_of(
    system: System,
    gradients: Mapping[str, str],
    letters: Mapping[str, tuple[Axis, ...]],
    taken: Collection[str],
) -> tuple[tuple[Tensor, ...], tuple[Equation, ...]]:
    """`next(W) = ...` for each parameter that moves, and the tensors that this brings.

    `gradients` names the parameters' gradients, `letters` the letters of their axes; what is new
    gets no name that is `taken`.
    """
    rules = rules_of(system.training.update_text) if gradients else ()
    hyper = dict(system.training.hyperparameters)
    alone = _names_alone([*hyper, *(_bare(r) for r in rules if not r.each)], taken)
    names = {p: {**alone, **_own_names(p, g, rules, taken)} for p, g in gradients.items()}
    tensors = [Tensor(alone[n], (), "hyperparameter", value=v) for n, v in hyper.items()]
    found: list[Equation] = []
    for rule in rules:
        if not rule.each:
            found.append(_for_all(rule, alone, names, letters))
            tensors.append(Tensor(found[-1].tensor, (), "next"))
            if rule.remembers:
                tensors.append(Tensor(alone[rule.remembers], (), "state"))
    for parameter, own in names.items():
        shape = system.table[parameter].shape
        for rule in rules:
            if rule.each:
                found.append(_for_one(rule, own, letters[parameter]))
                left = shape if rule.entrywise else ()
                tensors.append(Tensor(found[-1].tensor, left, "next"))
                if rule.remembers:
                    tensors.append(Tensor(own[rule.remembers], left, "state"))
    return tuple(tensors), tuple(found)


def _bare(rule: Rule) -> str:
    return rule.remembers or rule.tensor


def _names_alone(names: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """What the numbers are called that all parameters share."""
    found = {name: _free(name, taken) for name in names}
    return found | {f"next({name})": f"next({own})" for name, own in found.items()}


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _own_names(
    parameter: str, gradient: str, rules: Sequence[Rule], taken: Collection[str]
) -> dict[str, str]:
    """What each of an optimiser's names is for one parameter."""
    names = {PARAMETER: parameter, GRADIENT: gradient, f"next({PARAMETER})": f"next({parameter})"}
    for rule in rules:
        if rule.each and rule.tensor not in names:
            own = _free(f"{_bare(rule)}_{parameter}", taken)
            names |= {_bare(rule): own, f"next({_bare(rule)})": f"next({own})"}
    return names


def _for_one(rule: Rule, names: Mapping[str, str], axes: tuple[Axis, ...]) -> Equation:
    body = update_body(rule.right, names, axes)
    left = axes if rule.entrywise else ()
    term = Term(tuple(affine(a) for a in left), axes if rule.sums else left, "sum", body)
    return Equation(names[rule.tensor], left, (term,), rule.text)


def _for_all(
    rule: Rule,
    alone: Mapping[str, str],
    names: Mapping[str, Mapping[str, str]],
    letters: Mapping[str, tuple[Axis, ...]],
) -> Equation:
    if rule.sums:
        terms = tuple(
            Term((), letters[p], "sum", update_body(rule.right, own, letters[p]))
            for p, own in names.items()
        )
    else:
        terms = (Term((), (), "sum", update_body(rule.right, alone, ())),)
    return Equation(alone[rule.tensor], (), terms, rule.text)


def update_body(node: Syntax, names: Mapping[str, str], axes: tuple[Axis, ...]) -> Expr:
    """The right side of an optimiser's equation, names replaced, every tensor over `axes`."""

    def inside(part: Syntax) -> Expr:
        return update_body(part, names, axes)

    match node:
        case Num(value=value):
            return number(value)
        case Name(name=name) if name in CONSTANTS:
            return Constant(name)
        case Name(name=name):
            return Read(names.get(name, name))
        case Ref(name=name, subscripts=()):
            return Read(names.get(name, name))
        case Ref(name=name):
            return Read(names.get(name, name), tuple(affine(a) for a in axes))
        case Fn(name=name, args=args):
            return Call(name, tuple(map(inside, args)))
        case Op(op=op, args=args):
            parts = [inside(a) for a in args]
            match op:
                case "neg":
                    return negative(parts[0])
                case "+":
                    return add(*parts)
                case "-":
                    return add(parts[0], negative(parts[1]))
                case "*":
                    return mul(*parts)
                case "/":
                    return divide(*parts)
                case "**":
                    return power(*parts)
                case "and" | "or" | "not":
                    return Logic(op, tuple(parts))
                case _ if op in _COMPARISONS:
                    return Compare(op, *parts)
    raise AssertionError("an optimiser's equation holds something that has no update")
