"""What the size of single parameters costs: `l1` and `l2` of a spec's `[parameters.W1]`."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from derive.building import Building
from derive.errors import shorten
from derive.grammar import read_equations
from derive.loss import OBJECTIVE
from derive.spec import ParameterSpec
from derive.values import exact

UNREGULARIZED = "E0"  # what the loss alone gives where sizes cost something
_LETTERS = "ijklmnopqrst"
_POWERS = {"l1": "abs({})", "l2": "{}**2"}

Costs = tuple[tuple[str, str, Fraction], ...]


def costs_of(parameters: Mapping[str, ParameterSpec], problems: list[str]) -> Costs:
    """(parameter, l1 or l2, weight) for each weight above 0."""
    found = []
    for name, row in parameters.items():
        for kind, given in (("l1", row.l1), ("l2", row.l2)):
            if given is None:
                continue
            place = f"parameters.{shorten(name)}.{kind}"
            weight = exact(given, place, problems)
            if weight < 0:
                problems.append(f"{place}: {given} is below 0; write 0 or a number above it")
            elif weight:
                found.append((name, kind, weight))
    return tuple(found)


def put_costs(costs: Costs, built: Building) -> None:
    """`E = E0 + 0.01*sum(i,j, W1[i,j]**2)`, for the parameters that there are."""
    terms = []
    for name, kind, weight in costs:
        shape = built.shapes.get(name)
        if built.roles.get(name) != "parameter" or shape is None:
            continue  # told where it is initialised
        letters = ",".join(_LETTERS[: len(shape)])
        entry = _POWERS[kind].format(f"{name}[{letters}]" if shape else name)
        number = f"{weight.numerator}/{weight.denominator}"
        terms.append(f"{number}*sum({letters}, {entry})" if shape else f"{number}*{entry}")
    if not terms or UNREGULARIZED not in built.shapes:
        return
    if built.claim(OBJECTIVE, "the objective"):
        text = f"{OBJECTIVE} = {UNREGULARIZED} + {' + '.join(terms)}"
        built.written.extend(read_equations(text, "parameters", built.problems))
        built.shapes[OBJECTIVE] = ()
