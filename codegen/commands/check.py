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
from codegen.report_text import as_markdown, as_text
from codegen.verify import verify_module
from derive.answers.languages import ENDINGS, NUMPY, Answer, form_of, read_names
from derive.calculus.second import hessian_vector
from derive.checking import check, check_answer, until_wrong
from derive.checks.report import Report, Row
from derive.errors import ChainruleError, shorten
from derive.ir.derivation import Derivation

TEXT, JSON, MARKDOWN = "text", "json", "md"
ENDINGS_WRITTEN = {".txt": TEXT, ".json": JSON, ".md": MARKDOWN, ".log": TEXT, "": TEXT}


@dataclass(frozen=True)
class CheckOptions:
    """The options of `check`."""

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
    def folder(self) -> bool:
        """Whether the answers are a folder of files."""
        return self.against is not None and Path(self.against).is_dir()

    @property
    def ending(self) -> str:
        """That of the file that is written."""
        return Path(self.output or "").suffix.lower()

    @property
    def format(self) -> str:
        """The report's format: as was asked, else as the file's ending says."""
        if self.as_json or (self.ending == ".json" and not self.as_markdown):
            return JSON
        return MARKDOWN if self.as_markdown or self.ending == ".md" else TEXT


def run(spec: str, given: Mapping[str, Any]) -> int:
    """Print the report; 1 where something is wrong.

    Raises `ChainruleError` where nothing could be checked.
    """
    options = CheckOptions(**given)
    for refused, problem in _refusals(spec, options):
        if refused:
            raise ChainruleError(problem)
    if options.folder:
        against = str(options.against)
        return check_folder(spec, against, options.output, options.names, options.as_json)
    check_output(spec, options.output)
    answer = None if options.against is None else _answer(options.against, options)
    derivation = read_derivation(spec)
    report = _report(derivation, answer, options)
    deliver(_written(report, options.format), options.output)
    if not report.checked:
        raise ChainruleError(f"{spec}: nothing could be checked; each line above says why")
    return 0 if report.ok else 1


def _refusals(spec: str, options: CheckOptions) -> Iterator[tuple[bool, str]]:
    """The combinations of options that have no meaning, the first that holds counts."""
    yield options.order not in (1, 2), f"--order: {options.order} isn't offered; write 1 or 2"
    yield (
        spec == options.against == STANDARD_INPUT,
        "SPEC and --against can't both be standard input; give a file for one",
    )
    yield (
        options.as_json and options.as_markdown,
        "--json and --markdown can't both be had; leave one out",
    )
    for asked, option in ((options.fail_fast, "--fail-fast"), (options.as_markdown, "--markdown")):
        yield asked and options.folder, f"{option} isn't for a folder of answers; leave it out"
    yield (
        options.run and options.against is None,
        "--run needs a source: add --against FILE.py",
    )
    yield (
        not options.folder and options.ending not in ENDINGS_WRITTEN,
        f"{options.output}: '{shorten(options.ending)}' can't be written; a report is text, JSON "
        "or markdown: .txt, .json, .md",
    )


def _answer(path: str, options: CheckOptions) -> Answer:
    form = options.form or ENDINGS.get(Path(path).suffix.lower(), "")
    return Answer(read_text(path), form, read_names(options.names) if options.names else {})


def _report(derivation: Derivation, answer: Answer | None, options: CheckOptions) -> Report:
    """The derivation's checks, the module's, then the formulas, which are read first."""
    formulas = None if answer is None else _formulas(derivation, answer, options.run)
    report = check(derivation, fail_fast=options.fail_fast)

    def rows() -> Iterator[Row]:
        yield from report.rows
        yield from verify_module(derivation)
        yield from _second(derivation) if options.order == 2 else ()
        yield from formulas.rows if formulas else ()

    kept = until_wrong(rows()) if options.fail_fast else rows()
    return Report(report.title, tuple(kept), formulas.names if formulas else ())


def _formulas(derivation: Derivation, answer: Answer, run_it: bool) -> Report:
    """A report on the formulas as they are read, or, run, on what they compute."""
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
            return as_markdown(report)
        case _:
            return as_text(report)


def _second(derivation: Derivation) -> tuple[Row, ...]:
    """The rows of the Hessian times a direction, each under the product's name."""
    second = hessian_vector(derivation.system)
    rows = (*check(second).rows, *verify_module(second))
    return tuple(replace(r, name=second.adjoint.get(r.name, r.name)) for r in rows)
