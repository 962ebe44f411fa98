"""The lines of `train_step` that move parameters: values there are once, then a loop over all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from codegen.program.nodes import Assign, Statement
from codegen.program.procedures import Compute, EachParameter, Group, Overall
from codegen.python_module.line_breaking import LINE, comment, wrap
from codegen.targets.numpy.names import LocalNames
from codegen.targets.numpy.printer import Printer
from derive.ir.names import current_of


def unpacked(rows: Sequence[tuple[str, str]], indent: str) -> list[str]:
    """Variables and where they come from, as many on a line as it takes."""
    lines: list[str] = []
    row: list[tuple[str, str]] = []
    for pair in rows:
        if row and len(_assigned([*row, pair], indent)) > LINE:
            lines.append(_assigned(row, indent))
            row = []
        row.append(pair)
    return [*lines, _assigned(row, indent)]


def _assigned(rows: Sequence[tuple[str, str]], indent: str) -> str:
    return f"{indent}{', '.join(n for n, _ in rows)} = {', '.join(v for _, v in rows)}"


def overall_lines(one: Overall, indent: str) -> list[str]:
    """What there is once for all parameters."""
    lines: list[str] = []
    printer = Printer(LocalNames())
    for s in _assigns(one.body):
        lines += comment(s.note, indent)
        value, _ = printer.right_side(s.value, s.axes, s.op)
        name = printer.names.tensor(one.name)
        if one.over_parameters:
            value = f"sum({value} for g in gradient.values())"
        left = f'{name} = state["{name}"] = ' if one.remembered else f"{name} = "
        lines += wrap(f"{indent}{left}", value, indent)
    return lines


def each_parameter_lines(one: EachParameter, indent: str) -> list[str]:
    """The loop over the parameters."""
    head = f"{indent}for name, {one.gradient} in gradient.items():"
    inner = indent + "    "
    if len(one.groups) == 1:
        return [head + _remark(one, one.groups[0]), *_group_lines(one, one.groups[0], inner)]
    lines = [head]
    for k, group in enumerate(one.groups):
        which = f"if {one.gradient}.ndim == {group.rank}" if group.rank is not None else "else"
        lines.append(
            f"{inner}{'el' if k and group.rank is not None else ''}{which}:{_remark(one, group)}"
        )
        lines += _group_lines(one, group, inner + "    ")
    return lines


def _remark(one: EachParameter, group: Group) -> str:
    return "" if group.whole else f"  # {one.parameter} is params[name]"


def _group_lines(one: EachParameter, group: Group, indent: str) -> list[str]:
    """What is done to one parameter."""
    places = {one.parameter: "params[name]"}
    printer = Printer(LocalNames(places={} if group.whole else places))
    kept = {s: f'state["{s}"][name]' for s in group.stored if s != one.parameter}
    places = {**places, **kept}
    lines = _moved([(n, places[n]) for n in group.loaded], indent)
    if group.sizes:
        lines.append(f"{indent}{', '.join(group.sizes)} = {one.gradient}.shape")
    for s in _assigns(group.body):
        lines += comment(s.note, indent)
        value, op = printer.right_side(s.value, s.axes, s.op)
        name = printer.names.tensor(current_of(s.tensor))
        lines += wrap(f"{indent}{name} {op} ", value, indent)
    return lines + _moved([(places[n], n) for n in group.stored], indent)


def _moved(rows: Sequence[tuple[str, str]], indent: str) -> list[str]:
    """Assignments on one line where they fit, else each on its own."""
    if not rows:
        return []
    line = _assigned(rows, indent)
    return [line] if len(line) <= LINE else [_assigned([row], indent) for row in rows]


def _assigns(body: Iterable[Compute | Statement]) -> list[Assign]:
    result = [s for s in body if isinstance(s, Assign)]
    assert len(result) == len(tuple(body)), "an optimiser's rule is one assignment"
    return result
