"""`chainrule check`."""

from __future__ import annotations

import json
from dataclasses import replace

from codegen.commands.reading import STANDARD_INPUT, read_derivation, read_text
from codegen.terminal import say
from codegen.verify import verify_module
from derive.checking import check
from derive.errors import ChainruleError
from derive.notation import Derivation
from derive.report import Row
from derive.second import hessian_vector


def run(spec: str, against: str | None, as_json: bool, order: int = 1) -> int:
    """Print the report; 1 where something is wrong. `order` 2 checks second derivatives as well.

    Raises `ChainruleError` where nothing could be told.
    """
    if order not in (1, 2):
        raise ChainruleError(f"--order: {order} isn't offered; write 1 or 2")
    if spec == against == STANDARD_INPUT:
        raise ChainruleError("SPEC and --against can't both be standard input; give a file for one")
    formulas = None if against is None else read_text(against)
    derivation = read_derivation(spec)
    report = check(derivation, formulas)
    ours = tuple(row for row in report.rows if row.check != "formula")
    theirs = tuple(row for row in report.rows if row.check == "formula")
    rows = (*ours, *verify_module(derivation), *(_second(derivation) if order == 2 else ()))
    report = replace(report, rows=(*rows, *theirs))
    say(f"{json.dumps(report.to_json(), indent=2)}\n" if as_json else str(report))
    if not report.told:
        raise ChainruleError(f"{spec}: nothing could be checked; each line above says why")
    return 0 if report.ok else 1


def _second(derivation: Derivation) -> tuple[Row, ...]:
    """The rows of the Hessian times a direction, each under the product's name."""
    second = hessian_vector(derivation.system)
    rows = (*check(second).rows, *verify_module(second))
    return tuple(replace(r, name=second.adjoint.get(r.name, r.name)) for r in rows)
