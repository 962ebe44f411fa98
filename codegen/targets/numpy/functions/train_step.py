"""The optimiser's equations as the lines of `train_step` and of `init_state`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from codegen.lowering.equation import lower_equation
from codegen.program.nodes import Assign
from codegen.targets.numpy.line_breaking import LINE, comment, wrap
from codegen.targets.numpy.names import Names
from codegen.targets.numpy.printer import Printer
from derive.calculus.optimizer_updates import (
    FACTOR,
    GRADIENT,
    PARAMETER,
    Rule,
    equation_of,
    letters_of,
    rules_for,
    rules_of,
)
from derive.ir.derivation import Derivation
from derive.ir.notation import (
    Add,
    Axis,
    Dim,
    Equation,
    Expr,
    Index,
    Read,
    Tensor,
    affine,
)
from derive.ir.tree import add, equation_reads, walk
from derive.language.syntax import (
    Fn,
    Name,
    Op,
    Red,
    Ref,
    Syntax,
)

_MOVED = f"next({PARAMETER})"
_AXIS = Axis("i", affine(2))  # stands for all axes of a parameter


@dataclass(frozen=True)
class _Group:
    """The rules of the parameters that are moved alike: those with `rank` axes, None for others."""

    rank: int | None
    rules: tuple[Rule, ...]

    @property
    def kept(self) -> list[str]:
        """What is remembered of each of these parameters."""
        return [r.remembers for r in self.rules if r.remembers and r.each]


@dataclass(frozen=True)
class Update:
    """Lines of `train_step` after the gradients, and the entries of `init_state`."""

    lines: tuple[str, ...]
    state: tuple[str, ...]
    remembers: bool


class _Locals(Names):
    """What the optimiser's names are in `train_step`."""

    def __init__(self, places: Mapping[str, str]) -> None:
        super().__init__((), ())
        self._places = dict(places)

    def tensor(self, name: str) -> str:
        """The variable, or the entry of a dict."""
        return self._places.get(name, name.removeprefix("next(").removesuffix(")"))

    def dim(self, name: str) -> str:
        """The variable that holds an extent of the parameter."""
        return name


def update_lines(derivation: Derivation, moved: Sequence[str]) -> Update:
    """What one step of the optimiser does to `params[name]`, from its equations."""
    training = derivation.system.training
    table = derivation.system.table
    rules = rules_of(training.update_text) if moved else ()
    groups = _groups(rules, [len(table[name].shape) for name in moved])
    rules = tuple(r for r in rules if any(r in group.rules for group in groups))
    hyper = [n for n, _ in training.hyperparameters]
    kept = list(dict.fromkeys(r.remembers for r in rules if r.remembers))
    alone = [r.remembers for r in rules if r.remembers and not r.each]
    state = ["**HYPERPARAMETERS"] if hyper else []
    state += [
        f'"{s}": {int(s.startswith(FACTOR))}' if s in alone else _memory(s, groups) for s in kept
    ]
    lines: list[str] = []
    if rules:
        used = {n for r in rules for n in _read(r.right)}
        lines += _unpacked([*(n for n in hyper if n in used), *alone])
        lines += _for_all([r for r in rules if not r.each])
        lines += _for_each(groups)
    return Update(tuple(lines), tuple(state), bool(kept))


def _groups(rules: Sequence[Rule], ranks: Sequence[int]) -> list[_Group]:
    """Parameters with so many axes: those that have rules of their own, and the others."""
    special = sorted({r.rank for r in rules if r.rank is not None} & set(ranks))
    groups = [_Group(k, rules_for(rules, k)) for k in special]
    others = [k for k in ranks if k not in special]
    return [*groups, _Group(None, rules_for(rules, others[0]))] if others else groups


def _memory(name: str, groups: Sequence[_Group]) -> str:
    """The entry of the state that holds zeros for each parameter of which something is kept."""
    ranks = [g.rank for g in groups if name in g.kept]
    without = [g.rank for g in groups if name not in g.kept]
    told = ""
    if without and None in ranks:
        told = " and ".join(f"params[name].ndim != {k}" for k in without)
    elif without:
        told = " or ".join(f"params[name].ndim == {k}" for k in ranks)
    which = f"name in PARAMETERS if {told}" if told else "name in PARAMETERS"
    return f'"{name}": {{name: np.zeros_like(params[name]) for {which}}}'


def _unpacked(names: Sequence[str]) -> list[str]:
    """Entries of the state as variables, as many on a line as it takes."""
    lines: list[str] = []
    while names:
        count = len(names)
        while count > 1 and len(_assigned(names[:count])) > LINE:
            count -= 1
        lines.append(_assigned(names[:count]))
        names = names[count:]
    return lines


def _assigned(names: Sequence[str]) -> str:
    return f"    {', '.join(names)} = " + ", ".join(f'state["{n}"]' for n in names)


def _read(node: Syntax) -> set[str]:
    match node:
        case Name(name=name):
            return {name}
        case Ref(name=name):
            return {name}
        case Op(args=args) | Fn(args=args):
            return set().union(*map(_read, args))
        case Red(body=body):
            return _read(body)
        case _:
            return set()


def _for_all(rules: Sequence[Rule]) -> list[str]:
    """What there is once for all parameters."""
    lines: list[str] = []
    printer = Printer(_Locals({}))
    for rule in rules:
        lines += comment(rule.text, "    ")
        equation = equation_of(rule, {rule.tensor: rule.tensor}, (_AXIS,), {})
        value, _ = _value(equation, printer)
        name = printer.names.tensor(rule.tensor)
        if rule.sums == "parameters":
            value = f"sum({value} for {GRADIENT} in gradient.values())"
        left = f'{name} = state["{name}"] = ' if rule.remembers else f"{name} = "
        lines += wrap(f"    {left}", value, "    ")
    return lines


def _for_each(groups: Sequence[_Group]) -> list[str]:
    """The loop over the parameters."""
    head = f"    for name, {GRADIENT} in gradient.items():"
    if len(groups) == 1:
        told, lines = _of_group(groups[0], "        ")
        return [head + told, *lines]
    found = [head]
    for k, group in enumerate(groups):
        which = f"if {GRADIENT}.ndim == {group.rank}" if group.rank is not None else "else"
        told, lines = _of_group(group, "            ")
        found += [f"        {'el' if k and group.rank is not None else ''}{which}:{told}", *lines]
    return found


def _of_group(group: _Group, indent: str) -> tuple[str, list[str]]:
    """What is done to one parameter, and what the line before has to say."""
    rules = [r for r in group.rules if r.each]
    shape = tuple(affine(Dim(n)) for n in _sizes(group))
    made = [
        equation_of(r, {r.tensor: r.tensor}, (_AXIS,), within)
        for r, within in zip(rules, letters_of(rules, shape), strict=True)
    ]
    read = set().union(*(_read(r.right) for r in rules))
    # a parameter that is only moved by something needs no name of its own
    others = {
        n
        for r, e in zip(rules, made, strict=True)
        for n in _read(r.right)
        if r.tensor != _MOVED or not _adds(e)
    }
    short = PARAMETER not in others
    told = f"  # {PARAMETER} is params[name]" if short else ""
    names = [] if short else [PARAMETER]
    names += [s for s in group.kept if s in read]
    places = {s: f'state["{s}"][name]' for s in group.kept} | {PARAMETER: "params[name]"}
    lines: list[str] = []
    if names:
        values = [places[n] for n in names]
        line = f"{indent}{', '.join(names)} = {', '.join(values)}"
        fits = len(line) <= LINE
        lines += [line] if fits else [f"{indent}{n} = {places[n]}" for n in names]
    if any(isinstance(n, Index) for e in made for t in e.terms for n in walk(t.body)):
        lines.append(f"{indent}{', '.join(_sizes(group))} = {GRADIENT}.shape")
    printer = Printer(_Locals({PARAMETER: places[PARAMETER]} if short else {}))
    for rule, equation in zip(rules, made, strict=True):
        lines += comment(rule.text, indent)
        value, op = _value(equation, printer)
        name = printer.names.tensor(_local(rule.tensor))
        lines += wrap(f"{indent}{name} {op} ", value, indent)
    stored = ([] if short else [PARAMETER]) + group.kept
    if stored:
        left = ", ".join(places[n] for n in stored)
        line = f"{indent}{left} = {', '.join(stored)}"
        lines += [line] if len(line) <= LINE else [f"{indent}{places[n]} = {n}" for n in stored]
    return told, lines


def _sizes(group: _Group) -> tuple[str, ...]:
    """The names of a parameter's extents, where its rules have letters."""
    names = (
        ("rows", "columns")
        if group.rank == 2
        else tuple(f"size{k}" for k in range(group.rank or 0))
    )
    taken = {n for r in group.rules for n in (_local(r.tensor), *_read(r.right))}
    return tuple(f"{n}_" if n in taken else n for n in names)


def _local(tensor: str) -> str:
    return tensor.removeprefix("next(").removesuffix(")")


def _adds(equation: Equation) -> bool:
    """Whether a rule adds something to the parameter, and reads it nowhere else."""
    (term, *others) = equation.terms
    own = Read(PARAMETER, tuple(affine(a) for a in equation.axes))
    return (
        not others
        and isinstance(term.body, Add)
        and term.body.args[0] == own
        and all(own not in _leaves(a) for a in term.body.args[1:])
    )


def _leaves(expr: Expr) -> set[Read]:
    return {n for n in walk(expr) if isinstance(n, Read)}


def _value(equation: Equation, printer: Printer) -> tuple[str, str]:
    """The right side's source, and the operator before it."""
    op = "="
    if equation.tensor == _MOVED and _adds(equation):
        (term,) = equation.terms
        assert isinstance(term.body, Add)
        equation = replace(equation, terms=(replace(term, body=add(*term.body.args[1:])),))
        op = "+="
    (statement,) = lower_equation(equation, _table(equation))
    assert isinstance(statement, Assign)
    return printer.right_side(statement.value, statement.axes, op)


def _table(equation: Equation) -> dict[str, Tensor]:
    """The tensors of one equation; numbers are constants, so that they have no dtype."""
    shape = tuple(a.extent for a in equation.axes)
    found = {equation.tensor: Tensor(equation.tensor, shape, "parameter")}
    for read in equation_reads(equation):
        shape = tuple(s.axis.extent for s in read.subscripts if s.axis is not None)
        found[read.tensor] = Tensor(read.tensor, shape, "parameter" if shape else "constant")
    return found
