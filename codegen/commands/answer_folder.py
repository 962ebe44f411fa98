"""A folder of answers against one spec: a line each, and a file of comments for each."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegen.commands.files_in_out import read_derivation, read_text
from codegen.files import write_whole
from codegen.report_text import WIDTH, as_markdown
from codegen.terminal import say
from derive.answers.languages import ENDINGS, Answer, read_names
from derive.checking import check_answer
from derive.checks.report import OPEN, Report
from derive.errors import ChainruleError, shorten
from derive.ir.derivation import Derivation

COMMENTS = "comments"
MOST_ANSWERS = 1000
UNREAD = "can't be read"
_NO_TEXT = {".ipynb": ".py", ".pdf": ".tex", ".docx": ".tex", ".odt": ".tex"}


@dataclass(frozen=True)
class Marked:
    """One answer with its report, or with why there is none."""

    name: str
    report: Report | None
    problems: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """In a word."""
        if self.report is None:
            return UNREAD
        wrong = [row for row in self.report.rows if not row.ok and row.verdict != OPEN]
        return "right" if self.ok else "wrong" if wrong else OPEN

    @property
    def ok(self) -> bool:
        """Whether all formulas are right, and each could be decided."""
        report = self.report
        return report is not None and report.ok and report.checked

    @property
    def detail(self) -> str:
        """The number of right formulas, and the first that isn't."""
        if self.report is None:
            return self.problems[0]
        rows = self.report.rows
        wrong = [row for row in rows if not row.ok or row.verdict == OPEN]
        counted = f"{len(rows) - len(wrong)} of {len(rows)} right"
        if not wrong:
            return counted
        slips = wrong[0].data.get("slips") or []
        return f"{counted}; {wrong[0].name}: {slips[0] if slips else wrong[0].verdict}"

    @property
    def comments(self) -> str:
        """For the one who wrote it."""
        if self.report is not None:
            return as_markdown(self.report)
        lines = "\n".join(f"* {problem}" for problem in self.problems)
        return f"# {self.name}\n\nThis can't be read:\n\n{lines}\n"

    @property
    def data(self) -> dict[str, Any]:
        """For machines."""
        formulas = self.report.to_json()["formulas"] if self.report else []
        problems = {"problems": list(self.problems)} if self.problems else {}
        return {"file": self.name, "verdict": self.verdict, "formulas": formulas, **problems}


def check_folder(spec: str, folder: str, output: str | None, names: str, as_json: bool) -> int:
    """Print the table and write the comments; 1 where an answer isn't right.

    Answers may lie in folders of their own. The comments on `anna.txt` are `anna.txt.md` in the
    output's folder, by default `comments` beside the answers. Raises `ChainruleError` where there
    are no answers.
    """
    where = Path(output) if output is not None else Path(folder) / COMMENTS
    answers = _files(Path(folder), where)
    derivation = read_derivation(spec)
    given = read_names(names) if names else {}
    marked = [_marked(path, Path(folder), derivation, given) for path in answers]
    for one in marked:
        page = where / f"{one.name}.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        write_whole(str(page), one.comments)
    if as_json:
        say(f"{json.dumps({'answers': [m.data for m in marked]}, indent=2)}\n")
    else:
        say(_table(derivation, marked, where))
    return 0 if all(m.ok for m in marked) else 1


def _files(folder: Path, where: Path) -> list[Path]:
    """All files below a folder but hidden ones, links, and the comments."""
    result = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and not any(path.is_relative_to(c) for c in (where, folder / COMMENTS))
    )
    if not result:
        raise ChainruleError(f"{folder}: no answers are in this folder; put a file each there")
    if len(result) > MOST_ANSWERS:
        raise ChainruleError(f"{folder}: {len(result)} files; at most {MOST_ANSWERS} can be marked")
    return result


def _marked(path: Path, folder: Path, derivation: Derivation, names: dict[str, str]) -> Marked:
    name, ending = path.relative_to(folder).as_posix(), path.suffix.lower()
    if ending in _NO_TEXT:
        problem = f"{shorten(ending)} files aren't read; save it as {_NO_TEXT[ending]}"
        return Marked(name, None, (problem,))
    try:
        answer = Answer(read_text(str(path)), ENDINGS.get(ending, ""), names)
        report = check_answer(derivation, answer)
    except ChainruleError as refused:
        return Marked(name, None, refused.problems)
    except OSError as error:
        return Marked(name, None, (str(error.strerror or error),))
    return Marked(name, Report(f"{name}: {report.title}", report.rows, report.names))


def _table(derivation: Derivation, marked: list[Marked], where: Path) -> str:
    width = max(len(shorten(m.name, 30)) for m in marked)
    verdicts = max(len(m.verdict) for m in marked)
    lines = [f"answers to {derivation.system.name}", ""]
    for one in marked:
        start = f"{shorten(one.name, 30).ljust(width)}  {one.verdict.ljust(verdicts)}  "
        inside = " " * 4
        lines += textwrap.wrap(start + one.detail, WIDTH, subsequent_indent=inside)
    right = sum(m.ok for m in marked)
    lines += ["", f"{right} of {len(marked)} answers right; comments in {where}"]
    return "\n".join(lines) + "\n"
