"""The objective of several parts: losses, and what sizes cost: `l1`, `l2` of `[parameters.W1]`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from derive.errors import shorten
from derive.language.parser import read_equations
from derive.language.user_numbers import exact
from derive.specs.builder import Building
from derive.specs.losses import OBJECTIVE
from derive.specs.schema import ParameterSpec

_LETTERS = "ijklmnopqrst"
_POWERS = {"l1": "abs({})", "l2": "{}**2"}

Costs = tuple[tuple[str, str, Fraction], ...]


def costs_of(parameters: Mapping[str, ParameterSpec], problems: list[str]) -> Costs:
    """(parameter, l1 or l2, weight) for each weight above 0."""
    result = []
    for name, row in parameters.items():
        for kind, given in (("l1", row.l1), ("l2", row.l2)):
            if given is None:
                continue
            place = f"parameters.{shorten(name)}.{kind}"
            weight = exact(given, place, problems)
            if weight < 0:
                problems.append(f"{place}: {given} is below 0; write 0 or a number above it")
            elif weight:
                result.append((name, kind, weight))
    return tuple(result)


def put_objective(losses: Sequence[tuple[Fraction, str]], costs: Costs, built: Building) -> None:
    """`E = E0 + 0.01*sum(i,j, W1[i,j]**2)`: the losses, each by its factor, and what sizes cost."""
    if any(name not in built.shapes for _, name in losses) or not losses:
        return  # there is nothing to add up, or a loss doesn't work: told already
    terms = [_times(factor, name) for factor, name in losses]
    for name, kind, weight in costs:
        shape = built.shapes.get(name)
        if built.roles.get(name) != "parameter" or shape is None:
            continue  # told where it is initialised
        letters = ",".join(_LETTERS[: len(shape)])
        entry = _POWERS[kind].format(f"{name}[{letters}]" if shape else name)
        terms.append(_times(weight, f"sum({letters}, {entry})" if shape else entry))
    if built.claim(OBJECTIVE, "the objective"):
        text = f"{OBJECTIVE} = {' + '.join(terms)}"
        built.written.extend(read_equations(text, "objective", built.problems))
        built.shapes[OBJECTIVE] = ()


def _times(factor: Fraction, value: str) -> str:
    return value if factor == 1 else f"({factor.numerator}/{factor.denominator})*{value}"
