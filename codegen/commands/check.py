"""`chainrule check`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from codegen.commands.answer_folder import check_folder
from codegen.commands.files_in_out import (
    STANDARD_INPUT,
    check_output,
    deliver,
    read_derivation,
    read_text,
)
from codegen.commands.run_answer import check_run
from codegen.verify import verify_module
from derive.answers.languages import (
    ENDINGS,
    NUMPY,
    Answer,
    form_of,
    read_names,
)
from derive.calculus.second import hessian_vector
from derive.checking import check, check_answer, until_wrong
from derive.checks.report import Report, Row
from derive.errors import ChainruleError, shorten
from derive.ir.derivation import Derivation

TEXT, JSON, MARKDOWN = "text", "json", "md"
ENDINGS_WRITTEN = {".txt": TEXT, ".json": JSON, ".md": MARKDOWN, ".log": TEXT, "": TEXT}


@dataclass(frozen=True)
class Wish:
    """What of `check` was asked for."""

    against: str | None = None
    form: str = ""
    names: str = ""
    output: str | None = None
    as_json: bool = False
    as_markdown: bool = False
    fail_fast: bool = False
    order: int = 1
    run: bool = False

    @property
    def format(self) -> str:
        """How the report is written: as was asked, else as the file's ending says."""
        ending = Path(self.output or "").suffix.lower()
        if self.as_json or (ending == ".json" and not self.as_markdown):
            return JSON
        return MARKDOWN if self.as_markdown or ending == ".md" else TEXT


def run(spec: str, wished: Mapping[str, Any]) -> int:
    """Print the report; 1 where something is wrong.

    Raises `ChainruleError` where nothing could be told.
    """
    wish = Wish(**wished)
    if wish.order not in (1, 2):
        raise ChainruleError(f"--order: {wish.order} isn't offered; write 1 or 2")
    if spec == wish.against == STANDARD_INPUT:
        raise ChainruleError("SPEC and --against can't both be standard input; give a file for one")
    if wish.as_json and wish.as_markdown:
        raise ChainruleError("--json and --markdown can't both be had; leave one out")
    if wish.against is not None and Path(wish.against).is_dir():
        for given, option in ((wish.fail_fast, "--fail-fast"), (wish.as_markdown, "--markdown")):
            if given:
                raise ChainruleError(f"{option} isn't for a folder of answers; leave it out")
        return check_folder(spec, wish.against, wish.output, wish.names, wish.as_json)
    if wish.run and wish.against is None:
        raise ChainruleError("--run needs a source: add --against FILE.py")
    check_output(spec, wish.output)
    ending = Path(wish.output or "").suffix.lower()
    if ending not in ENDINGS_WRITTEN:
        raise ChainruleError(
            f"{wish.output}: '{shorten(ending)}' can't be written; a report is text, JSON or "
            "markdown: .txt, .json, .md"
        )
    answer = None if wish.against is None else _answer(wish.against, wish)
    derivation = read_derivation(spec)
    report = _report(derivation, answer, wish)
    deliver(_written(report, wish.format), wish.output)
    if not report.told:
        raise ChainruleError(f"{spec}: nothing could be checked; each line above says why")
    return 0 if report.ok else 1


def _answer(path: str, wish: Wish) -> Answer:
    form = wish.form or ENDINGS.get(Path(path).suffix.lower(), "")
    return Answer(read_text(path), form, read_names(wish.names) if wish.names else {})


def _report(derivation: Derivation, answer: Answer | None, wish: Wish) -> Report:
    """The derivation's checks, the module's, then the formulas, which are read first."""
    formulas = None if answer is None else _formulas(derivation, answer, wish.run)
    report = check(derivation, fail_fast=wish.fail_fast)

    def rows() -> Iterator[Row]:
        yield from report.rows
        yield from verify_module(derivation)
        yield from _second(derivation) if wish.order == 2 else ()
        yield from formulas.rows if formulas else ()

    kept = until_wrong(rows()) if wish.fail_fast else rows()
    return Report(report.title, tuple(kept), formulas.names if formulas else ())


def _formulas(derivation: Derivation, answer: Answer, run_it: bool) -> Report:
    """What the formulas say, or, run, what they compute."""
    if not run_it:
        return check_answer(derivation, answer)
    if (answer.form or form_of(answer.text)) != NUMPY:
        raise ChainruleError("--run is for NumPy source; leave it out, or add --form numpy")
    return check_run(derivation, answer.text, answer.names or {})


def _written(report: Report, format_: str) -> str:
    match format_:
        case "json":
            return f"{json.dumps(report.to_json(), indent=2)}\n"
        case "md":
            return report.to_markdown()
        case _:
            return str(report)


def _second(derivation: Derivation) -> tuple[Row, ...]:
    """The rows of the Hessian times a direction, each under the product's name."""
    second = hessian_vector(derivation.system)
    rows = (*check(second).rows, *verify_module(second))
    return tuple(replace(r, name=second.adjoint.get(r.name, r.name)) for r in rows)
