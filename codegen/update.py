"""The optimiser's equations as the lines of `train_step` and of `init_state`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codegen.emit_numpy import Printer
from codegen.layout import LINE, comment, wrap
from codegen.lower import lower_equation
from codegen.names import Names
from codegen.program import Assign
from derive.notation import (
    Add,
    Axis,
    Derivation,
    Equation,
    Expr,
    Read,
    Tensor,
    Term,
    affine,
)
from derive.syntax import Fn, Name, Op, Ref, Syntax
from derive.tree import add, equation_reads
from derive.updates import FACTOR, GRADIENT, PARAMETER, Rule, rules_of, update_body

_MOVED = f"next({PARAMETER})"
_AXIS = Axis("i", affine(2))  # stands for all axes of a parameter


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


def update_lines(derivation: Derivation, moved: Sequence[str]) -> Update:
    """What one step of the optimiser does to `params[name]`, from its equations."""
    training = derivation.system.training
    rules = rules_of(training.update_text) if moved else ()
    hyper = [n for n, _ in training.hyperparameters]
    kept = [r.remembers for r in rules if r.remembers]
    alone = [r.remembers for r in rules if r.remembers and not r.each]
    state = ["**HYPERPARAMETERS"] if hyper else []
    state += [
        f'"{s}": {int(s.startswith(FACTOR))}'
        if s in alone
        else f'"{s}": {{name: np.zeros_like(params[name]) for name in PARAMETERS}}'
        for s in kept
    ]
    lines: list[str] = []
    if rules:
        used = {n for r in rules for n in _read(r.right)}
        lines += _unpacked([*(n for n in hyper if n in used), *alone])
        lines += _for_all([r for r in rules if not r.each])
        lines += _for_each([r for r in rules if r.each])
    return Update(tuple(lines), tuple(state), bool(kept))


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
        case _:
            return set()


def _for_all(rules: Sequence[Rule]) -> list[str]:
    """What there is once for all parameters."""
    lines: list[str] = []
    printer = Printer(_Locals({}))
    for rule in rules:
        lines += comment(rule.text, "    ")
        value, _ = _value(rule, printer)
        name = printer.names.tensor(rule.tensor)
        if rule.sums == "parameters":
            value = f"sum({value} for {GRADIENT} in gradient.values())"
        left = f'{name} = state["{name}"] = ' if rule.remembers else f"{name} = "
        lines += wrap(f"    {left}", value, "    ")
    return lines


def _for_each(rules: Sequence[Rule]) -> list[str]:
    """The loop over the parameters."""
    if not rules:
        return []
    read = set().union(*(_read(r.right) for r in rules))
    kept = [r.remembers for r in rules if r.remembers]
    # a parameter that is only moved by something needs no name of its own
    others = {n for r in rules for n in _read(r.right) if r.tensor != _MOVED or not _adds(r)}
    short = PARAMETER not in others
    told = f"  # {PARAMETER} is params[name]" if short else ""
    lines = [f"    for name, {GRADIENT} in gradient.items():{told}"]
    names = [] if short else [PARAMETER]
    names += [s for s in kept if s in read]
    places = {s: f'state["{s}"][name]' for s in kept} | {PARAMETER: "params[name]"}
    if names:
        values = [places[n] for n in names]
        line = f"        {', '.join(names)} = {', '.join(values)}"
        fits = len(line) <= LINE
        lines += [line] if fits else [f"        {n} = {places[n]}" for n in names]
    printer = Printer(_Locals({PARAMETER: places[PARAMETER]} if short else {}))
    for rule in rules:
        lines += comment(rule.text, "        ")
        value, op = _value(rule, printer)
        name = printer.names.tensor(_local(rule.tensor))
        lines += wrap(f"        {name} {op} ", value, "        ")
    stored = ([] if short else [PARAMETER]) + kept
    if stored:
        left = ", ".join(places[n] for n in stored)
        line = f"        {left} = {', '.join(stored)}"
        lines += [line] if len(line) <= LINE else [f"        {places[n]} = {n}" for n in stored]
    return lines


def _local(tensor: str) -> str:
    return tensor.removeprefix("next(").removesuffix(")")


def _adds(rule: Rule) -> bool:
    """Whether a rule adds something to the parameter, and reads it nowhere else."""
    body = update_body(rule.right, {}, (_AXIS,))
    own = Read(PARAMETER, (affine(_AXIS),))
    return (
        isinstance(body, Add)
        and body.args[0] == own
        and all(own not in _leaves(a) for a in body.args[1:])
    )


def _leaves(expr: Expr) -> set[Read]:
    one = Equation("", (), (Term((), (), "sum", expr),))
    return set(equation_reads(one))


def _value(rule: Rule, printer: Printer) -> tuple[str, str]:
    """The right side's source, and the operator before it."""
    axes = (_AXIS,) if rule.entrywise or rule.sums else ()
    body = update_body(rule.right, {}, axes)
    op = "="
    if rule.tensor == _MOVED and _adds(rule):
        assert isinstance(body, Add)
        body, op = add(*body.args[1:]), "+="
    left = (_AXIS,) if rule.entrywise else ()
    target = tuple(affine(a) for a in left)
    made = Equation("next", left, (Term(target, axes, "sum", body),))
    (statement,) = lower_equation(made, _table(made))
    assert isinstance(statement, Assign)
    return printer.right_side(statement.value, statement.axes, op)


def _table(equation: Equation) -> dict[str, Tensor]:
    """The tensors of one equation; numbers are constants, so that they have no dtype."""
    found = {"next": Tensor("next", tuple(a.extent for a in equation.axes), "parameter")}
    for read in equation_reads(equation):
        whole = bool(read.subscripts)
        shape = (_AXIS.extent,) if whole else ()
        found[read.tensor] = Tensor(read.tensor, shape, "parameter" if whole else "constant")
    return found
