"""`chainrule check`."""

from __future__ import annotations

import json
from dataclasses import replace

from codegen.commands.reading import STANDARD_INPUT, read_derivation, read_text
from codegen.terminal import say
from codegen.verify import verify_module
from derive.checking import check
from derive.errors import ChainruleError


def run(spec: str, against: str | None, as_json: bool) -> int:
    """Print the report; 1 where something is wrong.

    Raises `ChainruleError` where nothing could be told.
    """
    if spec == against == STANDARD_INPUT:
        raise ChainruleError("SPEC and --against can't both be standard input; give a file for one")
    formulas = None if against is None else read_text(against)
    derivation = read_derivation(spec)
    report = check(derivation, formulas)
    ours = tuple(row for row in report.rows if row.check != "formula")
    theirs = tuple(row for row in report.rows if row.check == "formula")
    report = replace(report, rows=(*ours, *verify_module(derivation), *theirs))
    say(f"{json.dumps(report.to_json(), indent=2)}\n" if as_json else str(report))
    if not report.told:
        raise ChainruleError(f"{spec}: nothing could be checked; each line above says why")
    return 0 if report.ok else 1
