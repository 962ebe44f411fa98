"""`chainrule demo`: the main job on real data, from a spec to a trained and tested model.

Everything goes into one folder; what is said fits a terminal of 80 columns.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from itertools import chain, repeat
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from codegen.demo.experiment import COLUMN, EPOCHS, Outcome, report, run_experiment
from codegen.demo.page import PAGE, demo_page
from codegen.demo.people import read_people
from codegen.documents.write import document
from codegen.files import write_whole
from codegen.pipeline import emit
from codegen.report_text import WIDTH, as_text
from codegen.targets.numpy.load_module import load_module
from codegen.terminal import say
from codegen.verify import verify_module
from derive.calculus.differentiate import differentiate
from derive.checking import check
from derive.checks.report import Report
from derive.errors import ChainruleError
from derive.ir.derivation import Derivation
from derive.specs.load import load_text

SPEC = "gender.toml"
_CHECKS = {
    "exact": "as SymPy differentiates all written out",
    "steps": "both sides of each step, in 50 digits",
    "numeric": "as central differences, in 50 digits",
    "module": "as the emitted code computes, in float64",
}


def run_demo(folder: str) -> int:
    """Write everything into the folder and say what came out; 1 where a check fails."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)

    written: list[str] = []

    def write(name: str, content: str | bytes) -> str:
        write_whole(place / name, content)
        written.append(name)
        return name

    text = (files("codegen") / "data" / SPEC).read_text(encoding="utf-8")
    derivation = differentiate(load_text(text, SPEC))
    people = read_people()
    _line("spec", f"{write(SPEC, text)}: weight and height in, the sex out, 2-3-1 sigmoid units")
    _line("derivation", _write_documents(derivation, write))
    source = emit(derivation)
    _line("module", f"{write('gender.py', source)}, {len(source.splitlines())} lines, NumPy alone")
    result = all_checks(derivation)
    write("checks.txt", as_text(result))
    _say_checks(result)
    write("people.csv", people.csv())
    with _progress() as advance:
        outcome = run_experiment(load_module(source), people, advance)
    summary = report(outcome)
    write("report.txt", summary)
    say(summary)
    outcome.model.save(place / "gender.npz")
    _line("model", "gender.npz, with the means and spreads that it standardises by")
    _line("pictures", _write_pictures(outcome, write))
    _line("page", f"open {place / write(PAGE, demo_page(summary, written))}")
    _line("", "and go on there with")
    _line("", "python gender.py predict people.csv --model gender.npz")
    return 0 if result.ok else 1


def all_checks(derivation: Derivation) -> Report:
    """The three checks: exactly, by differences with every step, and of the emitted module."""
    result = check(derivation)
    return replace(result, rows=(*result.rows, *verify_module(derivation)))


def _line(name: str, text: str) -> None:
    """Text in its column, however long it is."""
    lines = textwrap.wrap(text, WIDTH - COLUMN, break_on_hyphens=False)
    titles = chain([name], repeat(""))
    say("".join(f"{title:<{COLUMN}}{line}\n" for title, line in zip(titles, lines, strict=False)))


def _write_documents(derivation: Derivation, write: Callable[[str, str | bytes], str]) -> str:
    page = write("gender.html", document(derivation, format="html"))
    written = f"{page}, {write('gender.tex', document(derivation, format='tex'))}"
    try:
        return f"{written}, {write('gender.pdf', document(derivation, format='pdf'))}"
    except ChainruleError as error:
        return f"{written}; no PDF: {error}"


def _write_pictures(outcome: Outcome, write: Callable[[str, str | bytes], str]) -> str:
    if find_spec("matplotlib") is None:
        return "none, for matplotlib isn't here: pip install 'chainrule[pictures]'"
    pictures = import_module("codegen.demo.pictures")
    loss = write("loss.png", pictures.loss_picture(outcome))
    return f"{loss}, {write('boundary.png', pictures.boundary_picture(outcome))}"


def _say_checks(checks: Report) -> None:
    title = "checks"
    for kind, meaning in _CHECKS.items():
        names = [row.name for row in checks.rows if row.check == kind]
        _line(title, f"{kind:<8}{' '.join(names)}: {meaning}")
        title = ""
    wrong = [f"{row.check} {row.name}" for row in checks.rows if not row.ok]
    summary = f"WRONG: {', '.join(wrong)}" if wrong else f"all {len(checks.rows)} pass"
    _line("", f"{summary}; the table is in checks.txt")


@contextmanager
def _progress() -> Iterator[Callable[[], None]]:
    """A bar for the epochs on a terminal; it goes when it is done."""
    columns = (TextColumn("training"), BarColumn(40), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=EPOCHS)
        yield lambda: bar.advance(task)
