"""The optimiser of a spec, with its hyper-parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from derive import catalogue
from derive.catalogue.rows import Use
from derive.ir.system import Optimizer
from derive.language.occurrences import bare_names
from derive.language.parser import read_equations
from derive.specs.attributes import read_attributes, unknown_type

DEFAULT = "sgd"


def read_optimizer(name: str, given: Mapping[str, Any], problems: list[str]) -> Optimizer:
    """An optimiser of the catalogue, its attributes as hyper-parameters."""
    row = catalogue.OPTIMIZER.get(name)
    if row is None:
        problems.append(unknown_type(name, catalogue.OPTIMIZER, "optimizer", "optimiser"))
        return Optimizer()
    values = read_attributes(given, row.attributes, "optimizer", problems, ("type",))
    text = row.equations(Use(values, ()))
    named = bare_names(read_equations(text, "optimizer", []))
    return Optimizer(
        type=row.name,
        hyperparameters=tuple((k, v) for k, v in values.items() if k in named and v is not None),
        update_text=tuple(text.splitlines()),
        curvature=row.curvature,
    )
