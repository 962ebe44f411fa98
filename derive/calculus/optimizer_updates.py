"""The optimiser's equations, written out for each parameter.

An optimiser is equations over `w` (a parameter), `g` (its gradient) and hyper-parameters, such as
`next(w)[...] = w[...] - learning_rate*g[...]`. What it remembers of each parameter is `m[...]`
beside `next(m)[...]`, what it remembers as a whole `k` beside `next(k)`; both may be read on the
right, as they were and as they will be. All that is remembered begins at 0, a `factor` at 1.
Other names are values on the way. A sum of `...` stands alone on its right side:
`sum(..., w[...]**2)` over a parameter's entries, `sum(w, ..., g[...]**2)` over those of all
parameters.

Letters in place of the dots say that a rule is of parameters with so many axes:
`next(m)[i,j] = ...` holds for matrices, the rule `next(m)[...] = ...` then for all others. What
such a rule reads may be summed as in any equation, `R[i,k] = sum(j, g[i,j]*g[k,j])`; a letter's
extent is that of the axes that it walks. A parameter gets those rules alone that its next value
needs, and memory for them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from derive.ir.comparisons import COMPARISONS
from derive.ir.names import current_of, is_next, next_of
from derive.ir.notation import (
    Affine,
    Axis,
    Call,
    Compare,
    Constant,
    Equation,
    Expr,
    Logic,
    Number,
    Read,
    Reduction,
    Tensor,
    Term,
    affine,
)
from derive.ir.system import System
from derive.ir.tree import ONE, add, divide, index, mul, negative, number, power
from derive.language.normal_form import Normalizer
from derive.language.occurrences import names_of, refs
from derive.language.parser import read_equations
from derive.language.syntax import (
    CONSTANTS,
    SYNTAX,
    Dots,
    Fn,
    Name,
    Num,
    Op,
    Red,
    Ref,
    Syntax,
    Written,
)

PARAMETER, GRADIENT = "w", "g"
_MOVED = next_of(PARAMETER)
FACTOR = "factor"  # what is remembered under a name that begins so begins at 1, all else at 0


@dataclass(frozen=True)
class Rule:
    """One equation of an optimiser.

    `tensor` is what it gives, `next(m)` for what `m` will be. `each`: there is one for every
    parameter, else one for all. `entrywise`: it has axes, named by `letters` or, where these are
    empty, all those of the parameter. `sums` is "" or what a sum of `...` runs over: "entries" or
    "parameters". `rank` is the number of axes of the parameters that it is for, None for any.
    """

    tensor: str
    right: Syntax
    text: str
    each: bool
    entrywise: bool
    sums: str
    letters: tuple[str, ...] = ()
    rank: int | None = None

    @property
    def remembers(self) -> str:
        """The state whose next value this is, or nothing."""
        moved = is_next(self.tensor) and self.tensor != _MOVED
        return current_of(self.tensor) if moved else ""


def rules_of(lines: Sequence[str]) -> tuple[Rule, ...]:
    """The equations of an optimiser, in the order in which they are worked out."""
    problems: list[str] = []
    written = [read_equations(line, "optimizer", problems)[0] for line in lines]
    assert not problems, problems
    own = {PARAMETER, GRADIENT, _MOVED}
    own |= {_name(e) for e in written if e.letters}
    own |= {e.tensor for e in written if e.letters}
    result: list[Rule] = []
    ranks: dict[tuple[str, int], int] = {}
    for equation in written:
        right, sums = equation.right, ""
        if isinstance(right, Red) and any(isinstance(x, Dots) for x in right.letters):
            over_all = any(isinstance(x, Name) for x in right.letters)
            right, sums = right.body, "parameters" if over_all else "entries"
        each = sums != "parameters" and bool(set(rule_names(right)) & own)
        if each:
            own.add(_name(equation))
        letters = names_of(equation.letters)
        rank = _rank(equation, letters, ranks)
        entrywise = bool(equation.letters)
        name = _name(equation)
        result.append(Rule(name, right, equation.text, each, entrywise, sums, letters, rank))
    return tuple(result)


def _rank(
    equation: Written, letters: Sequence[str], ranks: dict[tuple[str, int], int]
) -> int | None:
    """How many axes the parameters of a rule have: as many as what is walked by its letters.

    `ranks` tells it of a value by its name and the number of its own axes.
    """
    walks: list[tuple[str, Sequence[Syntax]]] = [
        (r.name, r.subscripts) for r in refs(equation.right)
    ]
    if equation.is_next:
        walks.append((_name(equation), equation.letters))
    result = {ranks.get((n, len(s)), len(s)) for n, s in walks if s and not isinstance(s[0], Dots)}
    assert len(result) <= 1, f"{equation.text}: parameters of {sorted(result)} axes"
    rank = next(iter(result), None)
    if rank is not None:
        ranks[_name(equation), len(letters)] = rank
    return rank


def rules_for(rules: Sequence[Rule], rank: int) -> tuple[Rule, ...]:
    """The rules of a parameter with so many axes: those that its next value needs."""
    special = {r.tensor for r in rules if r.rank == rank}
    fit = {
        r.tensor: r for r in rules if r.rank == rank or (r.rank is None and r.tensor not in special)
    }
    needed: set[str] = set()
    work = [_MOVED]
    while work:
        name = work.pop()
        if name in fit and name not in needed:
            needed.add(name)
            work.extend(rule_names(fit[name].right))
        # what is remembered goes on being so
        if next_of(name) in fit and name != PARAMETER:
            work.append(next_of(name))
    return tuple(r for r in fit.values() if r.tensor in needed)


def letters_of(rules: Sequence[Rule], shape: Sequence[Affine]) -> tuple[dict[str, Axis], ...]:
    """For each rule its letters with their extents, for a parameter of this shape."""
    whole = tuple(shape)
    shapes: dict[str, tuple[Affine, ...]] = {}
    result = []
    for rule in rules:
        axes: dict[str, Axis] = {}
        if is_next(rule.tensor):
            axes = {x: Axis(x, e) for x, e in zip(rule.letters, whole, strict=False)}
        for ref in refs(rule.right):
            for subscript, extent in zip(ref.subscripts, shapes.get(ref.name, whole), strict=False):
                if isinstance(subscript, Name):
                    axis = axes.setdefault(subscript.name, Axis(subscript.name, extent))
                    assert axis.extent == extent, f"{rule.text}: two extents of {axis.letter}"
        if rule.letters:
            shapes[rule.tensor] = tuple(axes[x].extent for x in rule.letters)
        result.append(axes)
    return tuple(result)


def _name(equation: Written) -> str:
    return next_of(equation.tensor) if equation.is_next else equation.tensor


def rule_names(node: Syntax) -> Iterator[str]:
    """The tensors and numbers that a rule reads; letters of subscripts are none of them."""
    if isinstance(node, Name | Ref):
        yield node.name
    else:
        for part in SYNTAX.children(node):
            yield from rule_names(part)


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
    table = system.table
    rules = rules_of(system.training.optimizer.update_text) if gradients else ()
    own_rules = {p: rules_for(rules, len(table[p].shape)) for p in gradients}
    used = {r for chosen in own_rules.values() for r in chosen}
    shared = [r for r in rules if not r.each and r in used]
    read = {n for r in used for n in rule_names(r.right)}
    hyper = {n: v for n, v in system.training.optimizer.hyperparameters if n in read}
    alone = _names_alone([*hyper, *(_bare(r) for r in shared)], taken)
    names = {p: {**alone, **_own_names(p, g, own_rules[p], taken)} for p, g in gradients.items()}
    tensors = [Tensor(alone[n], (), "hyperparameter", value=v) for n, v in hyper.items()]
    result: list[Equation] = []
    for rule in shared:
        result.append(_for_all(rule, alone, names, letters))
        tensors.append(Tensor(result[-1].tensor, (), "next"))
        if rule.remembers:
            tensors.append(Tensor(alone[rule.remembers], (), "state"))
    for parameter, own in names.items():
        each = [r for r in own_rules[parameter] if r.each]
        walked = letters_of(each, table[parameter].shape)
        for rule, within in zip(each, walked, strict=True):
            result.append(equation_of(rule, own, letters[parameter], within))
            left = tuple(a.extent for a in result[-1].axes)
            tensors.append(Tensor(result[-1].tensor, left, "next"))
            if rule.remembers:
                tensors.append(Tensor(own[rule.remembers], left, "state"))
    return tuple(tensors), tuple(result)


def _bare(rule: Rule) -> str:
    return rule.remembers or rule.tensor


def _names_alone(names: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """What the numbers are called that all parameters share."""
    result = {name: _free(name, taken) for name in names}
    return result | {next_of(name): next_of(own) for name, own in result.items()}


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _own_names(
    parameter: str, gradient: str, rules: Sequence[Rule], taken: Collection[str]
) -> dict[str, str]:
    """What each of an optimiser's names is for one parameter."""
    names = {PARAMETER: parameter, GRADIENT: gradient, _MOVED: next_of(parameter)}
    for rule in rules:
        if rule.each and rule.tensor not in names:
            own = _free(f"{_bare(rule)}_{parameter}", taken)
            names |= {_bare(rule): own, next_of(_bare(rule)): next_of(own)}
    return names


def equation_of(
    rule: Rule, names: Mapping[str, str], axes: tuple[Axis, ...], within: Mapping[str, Axis]
) -> Equation:
    """A rule as an equation of one parameter with these axes; `within` are the rule's letters."""
    body = update_body(rule.right, names, axes, within)
    if rule.rank is not None:
        left = tuple(within[x] for x in rule.letters) if rule.letters else ()
        maker = Normalizer(_unnamed, lambda _: True)
        maker.equation(names[rule.tensor], left, body, rule.text)
        return maker.equations[0]
    left = axes if rule.entrywise else ()
    term = Term(tuple(affine(a) for a in left), axes if rule.sums else left, "sum", body)
    return Equation(names[rule.tensor], left, (term,), rule.text)


def _unnamed(*wanted: str) -> str:
    raise AssertionError("a sum inside something needs a name of its own, by a rule of its own")


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


def update_body(
    node: Syntax,
    names: Mapping[str, str],
    axes: tuple[Axis, ...],
    within: Mapping[str, Axis] | None = None,
) -> Expr:
    """The right side of an optimiser's equation, names replaced.

    Dots are all `axes`, letters those `within` the rule.
    """
    letters = within or {}

    def inside(part: Syntax) -> Expr:
        return update_body(part, names, axes, letters)

    match node:
        case Num(value=value):
            return number(value)
        case Name(name=name) if name in CONSTANTS:
            return Constant(name)
        case Name(name=name) if name in letters:
            return index(affine(letters[name]))
        case Name(name=name) | Ref(name=name, subscripts=()):
            return Read(names.get(name, name))
        case Ref(name=name, subscripts=places) if not any(isinstance(p, Dots) for p in places):
            walked = [letters[p.name] for p in places if isinstance(p, Name)]
            return Read(names.get(name, name), tuple(affine(a) for a in walked))
        case Ref(name=name):
            return Read(names.get(name, name), tuple(affine(a) for a in axes))
        case Red(op=op, letters=bound, body=body):
            run = tuple(letters[x.name] for x in bound if isinstance(x, Name))
            return Reduction(op, run, inside(body))
        case Fn(name="size", args=(Name(name=name),)):
            return index(letters[name].extent)
        case Fn(name=name, args=args):
            return _call(name, *map(inside, args))
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
                case _ if op in COMPARISONS:
                    return Compare(op, *parts)
    raise AssertionError("an optimiser's equation holds something that has no update")


def _call(function: str, *args: Expr) -> Expr:
    """A function; of extents, which are plain numbers, the larger one is told at once."""
    match function, args:
        case "maximum", (Number(one), Number(other)):
            return number(max(one, other))
        case "sqrt", (Number(value),) if value == 1:
            return ONE
    return Call(function, args)
